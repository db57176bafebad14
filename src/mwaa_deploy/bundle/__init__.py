"""The bytes that are shipped, made the same way every time."""
