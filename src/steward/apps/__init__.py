"""What calls us: the command line and the HTTP service. Each stands alone and only translates."""
