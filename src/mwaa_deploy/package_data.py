"""Files that the program needs and that are no Python: in the checkout, or in the installed package."""

from pathlib import Path

_PACKAGED = Path(__file__).with_name("_data")
_CHECKOUT = Path(__file__).resolve().parents[2]


def images_data() -> Path:
    """The folder with the Dockerfile of our runner image and the locked packages of every Airflow version."""
    return _find("images", _CHECKOUT / "images")


def lock_of_test_tools() -> Path:
    """The locked packages that the user's unit tests are run with."""
    return _find("test-tools.txt", _CHECKOUT / "requirements" / "test-tools.txt")


def lock_of_postgresql() -> Path:
    """The locked package that holds PostgreSQL's programs."""
    return _find("postgresql.txt", _CHECKOUT / "requirements" / "postgresql.txt")


def _find(name: str, in_checkout: Path) -> Path:
    # pyproject.toml puts them into the wheel under the first of these.
    packaged = _PACKAGED / name
    return packaged if packaged.exists() else in_checkout
