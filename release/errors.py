"""Why a release cannot go on."""


class NotReleasable(Exception):
    """Something does not fit together; the message has a line for each problem."""
