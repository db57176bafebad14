"""Notices that a file uses a module that it never imported, and that is there all the same. For the other scripts here.

Runs inside the runner; standard library only, Python 3.7 and later.

`import xml` alone makes no `xml.etree`; but if anything else has imported `xml.etree`, it is an attribute of `xml` for
everybody. What is imported for all files at once, or stays from one file to the next, would so hide a fault of another
file, which on MWAA is parsed alone. So these attributes are taken away from their packages, each of which gets a
__getattr__ that still gives them, and notes a user's code that reads one without having imported it. Such a file is
parsed again in an interpreter that has imported nothing for it.
"""

import dis
import sys
import types

from mwaa_deploy_tracebacks import in_folders

_BY_IMPORT = {dis.opmap[name] for name in ("IMPORT_FROM", "IMPORT_STAR") if name in dis.opmap}


class Hidden:
    """Modules that are loaded although not every file imports them.

    Args:
        folders: where the user's code lies.

    Attributes:
        leaned: whether the file that is loaded used one of them without importing it.
    """

    def __init__(self, folders):
        self.leaned = False
        self._folders = folders
        self._packages = {}
        self._imported = frozenset()

    def begin(self, imported):
        """Another file is loaded.

        Args:
            imported: the modules that it imports, by itself or through the user's own modules, as far as is known.
        """
        self.leaned = False
        self._imported = imported

    def hide(self, names):
        """Hide modules. The dictionaries of the packages that now have a __getattr__ of ours."""
        touched = []
        for name in names:
            above, _, last = name.rpartition(".")
            package, module = sys.modules.get(above), sys.modules.get(name)
            if module is None or type(package) is not types.ModuleType or vars(package).get(last) is not module:
                continue
            if above not in self._packages:
                self._packages[above] = {}
                package.__getattr__ = self._giver(above, package)
                touched.append(vars(package))
            self._packages[above][last] = module
            del vars(package)[last]
        return touched

    def _giver(self, above, package):
        modules, own = self._packages[above], vars(package).get("__getattr__")

        def give(name):
            if name in modules:
                if not self.leaned:
                    self.leaned = self._leans(sys._getframe(1), above + "." + name)  # noqa: SLF001 -- the quick way
                return modules[name]
            if own:
                return own(name)
            raise AttributeError("module %r has no attribute %r" % (above, name))

        return give

    def _leans(self, frame, name):
        """Whether code that reads a module as an attribute is a user's, and nothing has imported it there."""
        code = frame.f_code
        if not in_folders(code.co_filename, self._folders) or code.co_code[frame.f_lasti] in _BY_IMPORT:
            return False
        return not any(one == name or one.startswith(name + ".") for one in self._imported)
