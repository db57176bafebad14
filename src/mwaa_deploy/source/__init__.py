"""What git and GitHub know: the project, the base and the changes."""
