"""Lets Airflow parse every DAG file, with its own DagBag, and writes what came of it as JSON.

    python dag_probe.py --dags DIR --plugins DIR --output FILE [--rules DIR] [--timeout SECONDS] [--jobs N]
                        [--wait-for FILE] [--abort FILE] [--late] [--limit SECONDS] [--only FILE]

Runs inside the runner: standard library and Airflow only, Python 3.7 and later. Airflow is imported once, and so is
what the files import of Airflow and the standard library; processes forked from there load the files, several one after
the other in each, and find out whether one had an influence on another; then each gets a process of its own. A file
that was helped by what others import is parsed again by another run of this script (--only), which imports nothing
beforehand. Each file has a time limit, so that whatever one of them does (sys.exit, os._exit, an endless loop, a crash
of the interpreter) is a finding about that file and the others are judged all the same.

With --wait-for, Airflow is imported at once, and nothing of the user's is touched before that file is there; --late
imports Airflow itself only then. With --abort, everything ends with status 4 when that file appears. After --limit
seconds, counted from when the wait is over, everything ends with status 5.

The form of the result:
{"airflow": version, "python": version, "rules": LOAD or null, "plugins": LOAD, "files": [LOAD, ...]}
LOAD = {"file": path or null, "seconds": float, "dags": [see describe() in mwaa_deploy_descriptions.py],
        "warnings": [{"type", "message", "file", "line"}], "errors": [ERROR],
        "breaches": [{"rule", "severity", "message", "dag"}], "rule_errors": [ERROR]}
ERROR = {"type", "message", "file", "line", "traceback"}
`file` and `line` of an error are those of the deepest frame in the user's code.
"""

import argparse
import gc
import json
import os
import shutil
import signal
import sys
import tempfile
import warnings
from importlib.machinery import SourceFileLoader
from importlib.util import cache_from_source

import mwaa_deploy_airflow as adapter
from mwaa_deploy_cron import remember_cron
from mwaa_deploy_descendants import adopt, die_with_parent, exit_code, kill_descendants
from mwaa_deploy_hidden import Hidden
from mwaa_deploy_imports import Imports, follow_path_files, import_beforehand, is_costly, path_files
from mwaa_deploy_judge import TRIAL
from mwaa_deploy_metadata import answer_requests
from mwaa_deploy_pool import MOST_ALONE, Pool, batches
from mwaa_deploy_results import nothing
from mwaa_deploy_rulings import Rules
from mwaa_deploy_supervision import supervise, wait, waits
from mwaa_deploy_tracebacks import error
from mwaa_deploy_worker import PLUGINS, Worker

CANNOT_IMPORT = 6


def probe(options, begin):
    """Everything but the supervision, in a process of its own; calls begin() before it touches what is the user's."""
    os.setpgid(0, 0)
    die_with_parent()
    adopt()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    os.environ.update(adapter.settings(options.dags, options.plugins, options.timeout))
    sys.path.pop(0)  # this script's folder, which is nothing to the user's code
    packages = path_files()
    if options.late:
        wait(options)
    gc.disable()
    meanwhile = None if waits(options) else Meanwhile(options.dags, options.plugins)
    try:
        version = adapter.import_airflow()
    except BaseException:
        if options.wait_for and not options.late:
            os._exit(CANNOT_IMPORT)  # pip may be at work: it is tried again, and says why if that fails too
        raise
    names = meanwhile.end() if meanwhile else {}
    if not options.late:
        wait(options)
    begin()
    follow_path_files(packages)
    adapter.forget_installed()
    answer_requests(version)
    scratch = tempfile.mkdtemp(prefix="dag-probe-")
    try:
        results = load_all(options, scratch, names)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if not kill_descendants():
        sys.exit("Processes that the DAG files or plugins started could not be ended.")
    write(options.output, version, *results)


class Meanwhile:
    """Reads and compiles the DAG files in another process while Airflow is imported, which only one core can do."""

    def __init__(self, dags, plugins):
        """Begin."""
        self._told = tempfile.TemporaryFile("w+", encoding="ascii")  # closed by end()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                die_with_parent()
                imports, files = Imports([dags, plugins]), list(_python_files(dags))
                json.dump({path: sorted(imports.of(path)) for path in files}, self._told)
                self._told.flush()
                for path in files:
                    _compile(path)
            finally:
                os._exit(0)

    def end(self):
        """End it, unfinished if need be. What each file imports, as far as that is known."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        with self._told as told:
            told.seek(0)
            try:
                return json.load(told)
            except ValueError:  # it had not come so far
                return {}


def _python_files(folder):
    found = (os.path.join(inside, name) for inside, _, names in os.walk(folder) for name in names)
    return (path for path in found if path.endswith(".py"))


def _compile(path):
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            SourceFileLoader("__compiled__", path).get_code("__compiled__")
        if told:  # whoever parses the file is to be told, too
            os.unlink(cache_from_source(path))
    except BaseException:  # noqa: S110 -- whoever parses the file will say so
        pass


def load_all(options, scratch, known):
    """Load the plugins and every DAG file, and ask the user's rules.

    Args:
        options: of this script.
        scratch: a folder.
        known: what files import, by path, as far as that has been found out.

    Returns:
        What came of it, as JSON: one, one, many.
    """
    paths, nameless = adapter.list_files(options.dags)
    folders = [options.dags, options.plugins, *([options.rules] if options.rules else [])]
    imports = Imports([options.dags, options.plugins])
    names = {path: set(known[path] if path in known else imports.of(path)) for path in paths if path.endswith(".py")}
    named = set().union(*names.values())
    names[PLUGINS] = set().union(*(imports.of(path) for path in _python_files(options.plugins)))
    hidden = Hidden(folders)
    missing = set()
    brought = set() if options.only else import_beforehand(named, adapter.IMPORTED_LATE, missing)
    if options.dags not in sys.path:
        sys.path.append(options.dags)  # Airflow 3's DAG processor does so
    adapter.hush()
    bag = adapter.empty_bag()
    texts = adapter.warm_ups(named, not options.only and len(paths) > MOST_ALONE * options.jobs)
    warm_ups = [_warm_up(bag, scratch, number, text) for number, text in enumerate(texts)]
    remember_cron()
    hidden.hide(brought)
    items = [PLUGINS, *paths]
    rules = Rules(options.rules) if options.rules else None
    asked = rules if rules and rules.files else None
    gc.freeze()

    def serve(orders, output):
        own_rules = asked and asked.files
        Worker(items, folders, bag, own_rules, options.timeout, warm_ups, hidden, names, output).serve(orders)

    wanted = _only(options.only, items) if options.only else set(range(len(items)))
    dear = {path for path in items if path == PLUGINS or is_costly(names.get(path, ()), missing)}
    costly = [number for number, path in enumerate(items) if number in wanted and path in dear]
    cheap = sorted(wanted - set(costly))
    pool = Pool(items, folders, options.timeout, options.jobs, scratch, serve, asked)
    if asked:
        pool.run([[TRIAL]])
    results = pool.run(batches(costly, cheap, options.jobs))
    plugins, *found = [results[number] for number in range(len(items))]
    if pool.leaned:
        again, errors = parse_alone(options, scratch, [items[number] for number in sorted(pool.leaned)])
        plugins = again.get(PLUGINS, plugins)
        found = [again.get(items[number], load) for number, load in enumerate(found, 1)]
        if rules:
            rules.errors += [one for one in errors if one not in rules.errors]
    files = [load for load in found if load is not None]
    message = "the name is not UTF-8: no key in S3 can be called so, and Airflow ends at it"
    files += [json.dumps(dict(nothing(path, 0.0), errors=[error("Name", message, path)])) for path in nameless]
    return json.dumps(rules and dict(nothing(None, 0.0), errors=rules.errors)), plugins, files


def _warm_up(bag, scratch, number, text):
    """Parse a DAG file of ours. Where it is."""
    path = os.path.join(scratch, "mwaa_deploy_warm_up_%d.py" % number)
    with open(path, "w") as file:
        file.write(text)
    for dag in adapter.parse(bag, path).dags.values():
        adapter.dag_serializer().to_dict(dag)
    return path


def _only(path, items):
    """The numbers of the items that a file names."""
    with open(path, encoding="ascii") as file:
        names = set(json.load(file))
    return {number for number, item in enumerate(items) if item in names}


def parse_alone(options, scratch, items):
    """Have items loaded by a run of this script that imports nothing beforehand.

    Returns:
        What came of each, as JSON, and the errors of the user's rules.
    """
    order, output = os.path.join(scratch, "only.json"), os.path.join(scratch, "alone.json")
    with open(order, "w", encoding="ascii") as file:
        json.dump(items, file)
    command = [sys.executable, os.path.abspath(__file__), "--dags", options.dags, "--plugins", options.plugins]
    command += ["--output", output, "--timeout", str(options.timeout), "--jobs", str(options.jobs), "--only", order]
    command += ["--rules", options.rules] if options.rules else []
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        die_with_parent()
        os.execv(sys.executable, command)  # noqa: S606 -- no shell
    _, status = os.waitpid(pid, 0)
    if not os.path.exists(output):
        raise SystemExit(exit_code(status))
    with open(output, encoding="ascii") as file:
        report = json.load(file)
    found = {load["file"]: json.dumps(load) for load in report["files"]}
    found.update({PLUGINS: json.dumps(report["plugins"])} if report["plugins"] else {})
    return found, (report["rules"] or {}).get("errors", [])


def write(path, version, rules, plugins, files):
    """Write the result so that a reader never sees half of it."""
    head = '{"airflow": "%s", "python": "%d.%d.%d"' % (version, *sys.version_info[:3])
    with open(path + ".part", "w", encoding="ascii") as file:
        file.write('%s, "rules": %s, "plugins": %s, "files": [' % (head, rules, plugins or "null"))
        for number, load in enumerate(files):
            file.write((", " if number else "") + load)
        file.write("]}")
    os.replace(path + ".part", path)


def cores():
    """The number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def own_timeout(usual):
    """The time limit for a file: Airflow's own setting, where the startup script has made one; 0 is none in Airflow."""
    try:
        found = float(os.environ.get("AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT", ""))
    except ValueError:
        return usual
    return found if found > 0 else usual


def main():
    """Probe every DAG file and the plugins."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dags", required=True)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--rules")
    parser.add_argument("--timeout", type=float, default=30.0)
    parser.add_argument("--jobs", type=int, default=cores())
    parser.add_argument("--wait-for")
    parser.add_argument("--abort")
    parser.add_argument("--late", action="store_true")
    parser.add_argument("--limit", type=float, default=0.0)
    parser.add_argument("--only")
    adopt()
    options = parser.parse_args()
    options.timeout = own_timeout(options.timeout)
    supervise(options, probe)


if __name__ == "__main__":
    main()
