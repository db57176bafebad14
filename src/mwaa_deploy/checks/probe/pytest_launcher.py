# ruff: noqa: PLC0415, SLF001 -- pytest can only be imported once sys.path is right
"""Runs pytest on the user's tests, in the interpreter that has Airflow.

    python pytest_launcher.py --home DIR --results DIR [--tools DIR] [--coverage]
                              --wait-for FILE --abort FILE --anew FILE --limit SECONDS -- PYTEST-ARGUMENTS

Results are tests.json, coverage.json, and tests.xml, which the arguments have pytest write there. It imports pytest and
packages that Airflow needs, and waits until the first file appears. If the third one is there by then, or if one of the
packages would now be imported from elsewhere, it begins again as a new interpreter. When the second one appears,
everything ends with status 74; SECONDS after the first one, with 75.

Runs inside the runner; standard library and pytest only, Python 3.7 and later. The folder with pytest goes to the very
end of sys.path, so that nothing in it ever hides a package of Airflow's or the user's. tests.json says what was going
on, should the process end without a report; its form is told in mwaa_deploy_progress.py.
"""

import argparse
import importlib
import os
import signal
import sys
import time
from importlib.machinery import ModuleSpec, PathFinder

from mwaa_deploy_coverage import Measurement
from mwaa_deploy_descendants import adopt, exit_code, kill_descendants
from mwaa_deploy_progress import Progress

NO_PYTEST = 70
STILL_RUNNING = 71
ABORTED = 74
TOO_LATE = 75

RESULTS = ("tests.xml", "tests.json", "coverage.json")
_LOOK = 0.005

# Not Airflow, which reads its settings when it is imported, and a conftest.py may change them; nor what announces
# itself to pytest, which wants to rewrite it and warns otherwise: pendulum imports time_machine, so it is not here.
_BEFOREHAND = (
    *("sqlalchemy.orm", "sqlalchemy.ext.declarative", "sqlalchemy.dialects.sqlite", "requests", "rich.console"),
    *("cryptography.fernet", "jinja2.nativetypes", "jinja2.sandbox", "yaml", "attr", "tenacity", "jwt"),
    *("dateutil.relativedelta", "dateutil.rrule", "importlib_metadata", "lazy_object_proxy", "tabulate"),
    *("packaging.version", "typing_extensions", "uuid", "sqlite3", "logging.config", "html", "multiprocessing"),
)
_PYTEST = ("pytest", "_pytest.config", "_pytest.junitxml", "_pytest.assertion.rewrite", "_pytest.terminal")


def import_beforehand(tools):
    """Import what takes long, of the packages that are there; none of the user's own modules is in reach yet."""
    sys.path.pop(0)  # this script's own folder
    known = list(sys.path)
    sys.path.extend([tools] if tools else [])
    for name in (*_PYTEST, *_BEFOREHAND):
        try:
            importlib.import_module(name)
        except Exception:  # noqa: S110 -- whoever needs it will say so
            pass
    sys.path[:] = ["", *known]


def prepare_path(home, tools):
    """What MWAA has on sys.path, and the repository's root as `python -m pytest` would have it."""
    sys.path[0] = home  # in place of this script's own folder
    sys.path.extend(path for path in [*_own_folders(home), *([tools] if tools else [])] if path not in sys.path)


def prepare_environment(home):
    """What the tests start gets the same path, our tools apart."""
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    wanted = [home, *_own_folders(home)]
    paths = [path for path in known if path] + [path for path in wanted if path not in known]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)


def _own_folders(home):
    return [os.path.join(home, name) for name in ("dags", "config", "plugins")]


def moved():
    """Whether a package that is imported already would now come from elsewhere, as one that was installed meanwhile."""
    importlib.invalidate_caches()
    for name in {module.partition(".")[0] for module in (*_PYTEST, *_BEFOREHAND, "pluggy", "iniconfig", "pygments")}:
        module = sys.modules.get(name)
        if module is None:
            continue
        spec = PathFinder.find_spec(name)
        if spec is None or spec.origin != module.__spec__.origin:
            return True
    return False


def clear(folder):
    """See to it that what is read as a result was written by these tests."""
    for name in RESULTS:
        try:
            os.unlink(os.path.join(folder, name))
        except FileNotFoundError:
            pass


def wait(options):
    """Until the word is given, or everything is to end."""
    while not os.path.exists(options.wait_for):
        if os.path.exists(options.abort):
            os._exit(ABORTED)
        time.sleep(_LOOK)


def watch(pid, options):
    """The status of the process with the tests, which is killed when its time is over."""
    until = time.monotonic() + options.limit
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return exit_code(status)
        late = time.monotonic() > until
        if late or os.path.exists(options.abort):
            os.kill(pid, signal.SIGKILL)
            kill_descendants()
            return TOO_LATE if late else ABORTED
        time.sleep(_LOOK)


def start_coverage(home, folder):
    """Begin to measure, if coverage.py is there."""
    try:
        return Measurement(folder, [os.path.join(home, "dags"), os.path.join(home, "plugins")])
    except ImportError as problem:
        sys.stderr.write("coverage.py cannot be imported: %s\n" % problem)
        return None


def expect_modules(known):
    """Let pytest not warn that it could not rewrite modules that were there before it: Airflow's, not the user's."""
    from _pytest.assertion.rewrite import AssertionRewritingHook

    warn = getattr(AssertionRewritingHook, "_warn_already_imported", None)
    if warn:

        def warn_of_others(self, name):
            if name not in known:
                warn(self, name)

        AssertionRewritingHook._warn_already_imported = warn_of_others


def import_pytest(tools):
    """Import pytest; with our own pluggy where Airflow, as before 2.7, has one that is too old for it."""
    try:
        return importlib.import_module("pytest")
    except ImportError:
        if not tools:
            raise
    for name in list(sys.modules):
        if name.partition(".")[0] in ("pytest", "_pytest", "pluggy"):
            del sys.modules[name]
    sys.path.insert(0, tools)
    try:
        importlib.import_module("pluggy")
        return importlib.import_module("pytest")
    finally:
        sys.path.remove(tools)


def run_tests(options, known=()):
    """Run pytest and give its status."""
    adopt()
    progress = Progress(os.path.join(options.results, "tests.json"), options.home)
    try:
        pytest = import_pytest(options.tools)
    except ImportError as problem:
        sys.stderr.write("pytest cannot be imported: %s\n" % problem)
        return NO_PYTEST
    expect_modules(known)
    # As `python -m pytest` has it: what multiprocessing spawns would else import this script, without its folder.
    sys.modules["__main__"].__spec__ = ModuleSpec("pytest.__main__", None)
    measurement = start_coverage(options.home, options.results) if options.coverage else None
    status = int(pytest.main(options.arguments, plugins=[progress]))
    if measurement:
        measurement.write()
    if not kill_descendants():
        sys.stderr.write("Processes that the tests started could not be ended.\n")
        return STILL_RUNNING
    progress.say()  # in case one of them wrote to the file
    return status


def main(known=None):
    """Wait, run the tests in a process of their own, and end with its status.

    known: names of the modules that are imported already, where this process began as warm_start.py.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", required=True)
    parser.add_argument("--results", required=True)
    parser.add_argument("--tools")
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--wait-for", required=True)
    parser.add_argument("--abort", required=True)
    parser.add_argument("--anew", required=True)
    parser.add_argument("--limit", type=float, required=True)
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()
    adopt()
    clear(options.results)
    if known is None and not os.path.exists(options.wait_for):
        import_beforehand(options.tools)
        wait(options)
        prepare_path(options.home, options.tools)
        clear(options.results)
        if os.path.exists(options.anew) or moved():
            os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606 -- without a shell on purpose
    prepare_path(options.home, options.tools)
    prepare_environment(options.home)
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return watch(pid, options)
    # From here on as if this were the whole program: what the tests leave behind is looked after when it exits.
    return run_tests(options, known or ())


if __name__ == "__main__":
    sys.exit(main())
