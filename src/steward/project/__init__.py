"""What a project file and a data dictionary may say, and everything that is wrong with them, by line."""
