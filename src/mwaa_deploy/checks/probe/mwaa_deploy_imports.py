"""What files import, and where Python looks for it. For the other scripts here.

What files import is found by their text: quicker than parsing them, and only a hint.

Runs inside the runner; standard library only, Python 3.7 and later.
"""

import importlib
import os
import re
import site
import sys

_IMPORT = re.compile(
    rb"^(?:from[ \t]+([A-Za-z_][\w.]*)[ \t]+import\b|import[ \t]+([A-Za-z_][\w., \t]*)"
    rb"|[ \t]+(?:from|import)[ \t]+(airflow\.[\w.]+))",
    re.MULTILINE,
)
_MANY = 1000  # modules of the user's that are followed for one file


def imported_names(source):
    """The modules that a file's bytes import at their top level, and Airflow's anywhere, as dotted names."""
    names = set()
    for found in _IMPORT.finditer(source):
        if found.group(1) or found.group(3):
            names.add((found.group(1) or found.group(3)).decode())
        else:
            for part in found.group(2).decode().split(","):
                words = part.split()
                if words:
                    names.add(words[0])
    return names


class Imports:
    """Follows imports through the modules of the user's folders."""

    def __init__(self, folders):
        self._folders = folders
        self._known = {}
        self._homes = {}

    def of(self, path):
        """The modules, not the user's own, that a file imports by itself or through the user's own modules."""
        found, seen, waiting = set(), {path}, [path]
        while waiting and len(seen) < _MANY:
            for name in self._names(waiting.pop()):
                homes = self._places(name)
                if not homes:
                    found.add(name)
                for place in homes:
                    if place not in seen:
                        seen.add(place)
                        waiting.append(place)
        return found

    def _names(self, path):
        if path not in self._known:
            try:
                with open(path, "rb") as file:
                    self._known[path] = imported_names(file.read())
            except OSError:
                self._known[path] = set()
        return self._known[path]

    def _places(self, name):
        """The files that importing one of the user's modules runs; none for a module that is not the user's."""
        if name not in self._homes:
            parts, places = name.split("."), []
            for folder in self._folders:
                if not (os.path.isdir(os.path.join(folder, parts[0])) or _is_file(folder, parts[0] + ".py")):
                    continue
                for length in range(1, len(parts) + 1):
                    inside = os.path.join(folder, *parts[:length])
                    places += [inside + end for end in (".py", os.sep + "__init__.py") if os.path.isfile(inside + end)]
                places = places or [os.path.join(folder, parts[0])]
                break
            self._homes[name] = places
        return self._homes[name]


def _is_file(folder, name):
    return os.path.isfile(os.path.join(folder, name))


def import_beforehand(names, late, missing):
    """Import Airflow's modules once for all files, as Airflow's own DAG processor does, and the standard library's.

    Args:
        names: what the files import.
        late: other modules that Airflow imports itself once some of its own are used.
        missing: is given the names of Airflow's modules that are not there in this version.

    Returns:
        All modules that came with them, but for those that a package imports itself: whoever has it, has these.
    """
    before, own = set(sys.modules), set()
    wanted = set(names) | (late if any(name.startswith("airflow.") for name in names) else set())
    for name in sorted(wanted):
        top = name.partition(".")[0]
        if name not in sys.modules and (name.startswith("airflow.") or top in STANDARD or name in late):
            try:
                for end in [at for at, sign in enumerate(name) if sign == "."] + [len(name)]:
                    if name[:end] not in sys.modules:
                        known = set(sys.modules)
                        importlib.import_module(name[:end])
                        own |= {new for new in set(sys.modules) - known if new.startswith(name[:end] + ".")}
            except ModuleNotFoundError:
                missing.add(name)
            except BaseException:  # noqa: S110 -- the file itself will say so
                pass
    return set(sys.modules) - before - own


def _standard():
    try:
        return set(sys.stdlib_module_names) - {"antigravity", "this", "idlelib", "turtle", "turtledemo", "test"}
    except AttributeError:  # before Python 3.10
        return set(sys.builtin_module_names)


STANDARD = _standard()


def is_costly(names, missing):
    """Whether importing these brings in modules that are not there yet and are not worth importing for all."""
    return any(name not in sys.modules and name not in missing for name in names)


def path_files():
    """The .pth files of all folders with packages: they add folders to Python's search path."""
    folders = [*site.getsitepackages(), site.getusersitepackages()]
    there = [folder for folder in folders if os.path.isdir(folder)]
    return {(folder, name) for folder in there for name in os.listdir(folder) if name.endswith(".pth")}


def follow_path_files(known):
    """Add the folders that .pth files name which came since path_files() gave those known."""
    for folder, name in sorted(path_files() - known):
        site.addpackage(folder, name, set(sys.path))
