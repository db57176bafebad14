"""Where the checks run: a container of an MWAA image, or a virtual environment."""
