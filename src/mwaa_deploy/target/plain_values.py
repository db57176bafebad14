"""Values out of JSON that lies in the bucket: each of the kind it has to be, or an error that says which is not."""

from datetime import datetime


def number(value: object) -> int:
    """A whole number.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is not a number")
    return value


def text(value: object) -> str:
    """A text.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def text_or_none(value: object) -> str | None:
    """A text, or nothing.

    Raises:
        TypeError: it is neither.
    """
    return None if value is None else text(value)


def moment(value: object) -> datetime:
    """A moment with its time zone, so that it can be compared with others.

    Raises:
        TypeError: it is no text.
        ValueError: it is no moment, or names no time zone.
    """
    found = datetime.fromisoformat(text(value))
    if found.tzinfo is None:
        raise ValueError(f"{value!r} names no time zone")
    return found


def moment_or_none(value: object) -> datetime | None:
    """A moment with its time zone, or nothing.

    Raises:
        TypeError, ValueError: it is neither.
    """
    return None if value is None else moment(value)
