"""Ready-made projects, one folder each; they are read by path, never imported."""
