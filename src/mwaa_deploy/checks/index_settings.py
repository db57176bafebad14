"""How pip is set up in our own environment: which index it asks, and how it is reached."""

import configparser
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

_DEFAULT = "https://pypi.org/simple"
_SECTIONS = ("global", "install")


@dataclass(frozen=True, kw_only=True)
class IndexSettings:
    """What decides which packages pip finds.

    Attributes:
        urls: of every index, PEP 503's base addresses; they may hold passwords.
        folders: where find-links points to.
        certificates: a file of certificates to trust; None for the usual ones.
        client_certificate: a file with our own.
        proxy: the proxy that pip is told of; None for the environment's.
        can_tell: whether a name that none of them knows is known nowhere.
    """

    urls: tuple[str, ...] = (_DEFAULT,)
    folders: tuple[Path, ...] = ()
    certificates: str | None = None
    client_certificate: str | None = None
    proxy: str | None = None
    can_tell: bool = True


def read_index_settings(env: Mapping[str, str]) -> IndexSettings:
    """Read pip's settings as pip does: files from the least to the most special, then the environment.

    Args:
        env: our own environment.
    """
    found: dict[str, str] = {}
    if env.get("PIP_ISOLATED", "") in ("", "0"):
        for path in _files(env):
            found |= _read(path)
    found |= {
        name.removeprefix("PIP_").lower().replace("_", "-"): value
        for name, value in env.items()
        if name.startswith("PIP_") and value
    }
    return settle(found)


def settle(found: Mapping[str, str]) -> IndexSettings:
    """What the settings come to.

    Args:
        found: pip's settings by their long names without dashes.
    """
    links = found.get("find-links", "").split()
    folders = [folder for link in links if (folder := _folder(link))]
    urls = (*found.get("index-url", _DEFAULT).split(), *found.get("extra-index-url", "").split())
    readable = all(url.startswith(("http://", "https://", "file:///")) for url in urls)
    no_index = found.get("no-index", "").lower() in {"1", "true", "yes", "on", "y", "t"}
    return IndexSettings(
        urls=urls,
        folders=tuple(folders),
        certificates=found.get("cert"),
        client_certificate=found.get("client-cert"),
        proxy=found.get("proxy"),
        can_tell=readable and bool(urls) and len(folders) == len(links) and not no_index,
    )


def _files(env: Mapping[str, str]) -> Sequence[Path]:
    named = env.get("PIP_CONFIG_FILE")
    if named == "/dev/null":
        return ()
    home = Path(env.get("HOME") or "/nonexistent")
    config = Path(env.get("XDG_CONFIG_HOME") or home / ".config")
    system = [Path(folder) / "pip" / "pip.conf" for folder in (env.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")]
    usual = [*system, Path("/etc/pip.conf"), home / ".pip" / "pip.conf", config / "pip" / "pip.conf"]
    return [*usual, Path(sys.prefix) / "pip.conf", *([Path(named)] if named else [])]


def _read(path: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, configparser.Error):
        return {}
    found: dict[str, str] = {}
    for section in _SECTIONS:
        if parser.has_section(section):
            found |= {name.replace("_", "-"): value for name, value in parser.items(section) if value}
    return found


def _folder(link: str) -> Path | None:
    """The folder that a link of find-links is; None if it is none, so that only pip can look there."""
    parts = urlsplit(link)
    path = Path(unquote(parts.path)) if parts.scheme == "file" else Path(link)
    return path if parts.scheme in {"", "file"} and (path.is_dir() or not path.exists()) else None
