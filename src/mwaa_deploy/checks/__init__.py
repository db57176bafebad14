"""The questions asked of a project before AWS is touched."""
