"""GitHub's REST API as far as the program uses it."""
