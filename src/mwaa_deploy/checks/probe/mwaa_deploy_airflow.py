# ruff: noqa: PLC0415 -- Airflow can only be imported once its settings are in the environment
"""The one place that knows how Airflow's versions differ, 2.0 to 3.3. For the other scripts in this folder.

Runs inside the runner; Python 3.7 and later.
"""

import copy
import importlib
import logging
import os
import sys

WARM_UP = """import jinja2.ext
from datetime import datetime
from airflow import DAG
try:
    from airflow.sdk import BaseOperator
except ImportError:
    from airflow.models.baseoperator import BaseOperator
made = {"start_date": datetime(2024, 1, 1), "catchup": False, "tags": ["x"], "default_args": {"owner": "x"}}
try:
    dag = DAG("mwaa_deploy_warm_up", schedule="0 1 * * *", **made)
except TypeError:
    dag = DAG("mwaa_deploy_warm_up", schedule_interval="0 1 * * *", **made)
with dag:
    BaseOperator(task_id="a") >> BaseOperator(task_id="b")
"""
"""A DAG of ours: parsing it makes Airflow import what it imports late, so that this counts for nobody's file."""

WARM_UP_MORE = """from datetime import datetime
try:
    from airflow.sdk import Param, dag, setup, task, teardown
except ImportError:
    from airflow.decorators import dag, task
    from airflow.models.param import Param
    try:
        from airflow.decorators import setup, teardown
    except ImportError:
        setup = teardown = None

@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, params={"a": Param(1, type="integer")})
def mwaa_deploy_warm_up_more():
    @task
    def first():
        return [1]

    @task
    def second(x):
        pass

    second.expand(x=first())
    if setup:
        with setup(task(task_id="third")(lambda: 1))() >> teardown(task(task_id="fourth")(lambda: 1))():
            task(task_id="fifth")(lambda: 1)()

mwaa_deploy_warm_up_more()
"""
"""The same, for folders with many files that use what is costly to import."""

IMPORTED_LATE = {"packaging.requirements"}
"""What Airflow 3 imports when a file asks for a class that has moved to a provider."""

_COSTLY = {"airflow.decorators", "airflow.models.param", "airflow.sdk"}


def warm_ups(names, many):
    """DAG files of ours to be parsed before the user's.

    Args:
        names: all modules that the user's files import.
        many: whether there are many files.
    """
    return [WARM_UP, WARM_UP_MORE] if many and _COSTLY & set(names) else [WARM_UP]


def settings(dags, plugins, timeout):
    """Airflow's settings, as environment variables."""
    return {
        "AIRFLOW__CORE__DAGS_FOLDER": dags,
        "AIRFLOW__CORE__PLUGINS_FOLDER": plugins,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": str(timeout),
        "AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACKS": "True",
        "AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH": "1000",
        # Airflow 3 reads variables and connections from the metadata database only where it takes itself for a server;
        # on MWAA the DAG processor asks one.
        "_AIRFLOW_PROCESS_CONTEXT": "server",
    }


def import_airflow(storing=True):
    """Import what every DAG file needs, and, if wanted, what stores DAGs. Returns the version."""
    import airflow

    dag_bag_class()
    dag_class()
    if storing:
        dag_serializer()
    airflow.DAG  # noqa: B018 -- what files import is loaded late, from elsewhere than dag_class() in some versions
    return airflow.__version__


def forget_installed():
    """Look anew for what is installed: packages may have come since Airflow was imported."""
    importlib.invalidate_caches()
    entry_points = vars(sys.modules.get("airflow.utils.entry_points", sys))
    for name in ("_get_grouped_entry_points", "entry_points_with_dist", "metadata_entry_points"):
        forget = getattr(entry_points.get(name), "cache_clear", None)
        if forget:
            forget()


def dag_class():
    """Airflow's DAG, wherever this version has it."""
    try:
        from airflow.sdk import DAG
    except ImportError:
        from airflow.models.dag import DAG
    return DAG


def operator_class():
    """The class below every operator."""
    try:
        from airflow.sdk import BaseOperator
    except ImportError:
        from airflow.models.baseoperator import BaseOperator
    return BaseOperator


def dag_bag_class():
    """Airflow's DagBag, wherever this version has it."""
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:
        from airflow.models.dagbag import DagBag
    return DagBag


def dag_serializer():
    """What makes plain data of a DAG for the scheduler, wherever this version has it: its to_dict() does."""
    from airflow.serialization import serialized_objects

    return getattr(serialized_objects, "DagSerialization", None) or serialized_objects.SerializedDAG  # since 3.2


def owners(dag, tasks=None):
    """The owners of its tasks, as Airflow asks for them when it stores the DAG: one text.

    Args:
        dag: the DAG.
        tasks: of these alone; None for all.

    Raises:
        TypeError: an owner is of a kind that Airflow cannot store; None it takes since 3.0.
    """
    found = {task.owner for task in (dag.tasks if tasks is None else tasks)}
    return ", ".join(found - {None} if type(dag).__module__.startswith("airflow.sdk") else found)


def empty_bag():
    """A DagBag with nothing in it."""
    try:
        bag = dag_bag_class()(dag_folder=os.devnull, collect_dags=False)
    except TypeError:  # before Airflow 2.1
        bag = dag_bag_class()(dag_folder=os.devnull, include_examples=False)
    bag.has_logged = True  # that a file holds no DAG is no news
    return bag


def parse(template, path):
    """Parse one file as DagBag does when it fills itself from a folder.

    Args:
        template: a DagBag with nothing in it; it stays so.
        path: one of those that list_files() gave and may_hold_dags() takes.

    Returns:
        The bag.
    """
    bag = copy.copy(template)
    for name, value in vars(template).items():
        if type(value) in {dict, list, set}:
            setattr(bag, name, type(value)())
    # Whether there are the words in it that safe mode looks for is known; in a zip it is asked of each member.
    bag.process_file(path, only_if_updated=False, safe_mode=path.endswith(".zip"))
    return bag


def list_files(folder):
    """Find the files that Airflow looks into for DAGs: .airflowignore is honoured; may_hold_dags() comes later.

    Returns:
        Their paths, and those of the files that Airflow was not shown: it ends at names that are not UTF-8, which no
        key in S3 can have.
    """
    hidden, walk = [], os.walk

    def walk_named(*args, **kwargs):
        for root, folders, names in walk(*args, **kwargs):
            looked_at = folders + [name for name in names if name.endswith((".py", ".zip"))]
            nameless = [name for name in looked_at if not _is_utf8(name)]
            hidden.extend(os.path.join(root, name) for name in nameless)
            folders[:] = [name for name in folders if _is_utf8(name)]
            yield root, folders, [name for name in names if _is_utf8(name)]

    os.walk = walk_named
    try:
        return sorted(_list_files(folder)), sorted(set(hidden))
    finally:
        os.walk = walk


def _list_files(folder):
    try:
        from airflow.dag_processing.importers import get_importer_registry
    except ImportError:
        from airflow.utils.file import list_py_file_paths

        return list_py_file_paths(folder, safe_mode=False)
    return get_importer_registry().list_dag_files(folder, safe_mode=False)


def _is_utf8(name):
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def safe_mode():
    """Whether Airflow skips files without the words 'dag' and 'airflow'."""
    from airflow.configuration import conf

    return conf.getboolean("core", "dag_discovery_safe_mode", fallback=True)


def may_hold_dags(path, safe):
    """Whether Airflow parses a file.

    Args:
        path: one of those that list_files() gave.
        safe: what safe_mode() says.
    """
    from airflow.utils.file import might_contain_dag

    return might_contain_dag(path, safe)


def plugin_loggers():
    """Names of the loggers that are told why a plugin could not be imported."""
    return ("airflow.plugins_manager", "airflow._shared.plugins_manager.plugins_manager")


def load_plugins():
    """Load the plugins as Airflow does at the start of each of its processes. What failed, by its source."""
    from airflow import plugins_manager

    plugins_manager.ensure_plugins_loaded()
    return getattr(plugins_manager, "get_import_errors", lambda: plugins_manager.import_errors)()  # since Airflow 3.2


def contexts():
    """The stacks of DAGs and task groups that are open in a `with`: each a list or deque."""
    found = []
    for module, name in (
        ("airflow.sdk.definitions._internal.contextmanager", "DagContext"),
        ("airflow.sdk.definitions._internal.contextmanager", "TaskGroupContext"),
        ("airflow.models.dag", "DagContext"),
        ("airflow.utils.task_group", "TaskGroupContext"),
    ):
        holder = getattr(sys.modules.get(module), name, None)
        for attribute in ("_context", "_context_managed_dags", "_context_managed_task_groups"):
            stack = getattr(holder, attribute, None)
            if hasattr(stack, "clear") and hasattr(stack, "__len__"):
                found.append(stack)
    return found


def hush():
    """Let Airflow say nothing about each single file; findings are what the result is for."""
    for name in ("airflow.models.dagbag.DagBag", "airflow.dag_processing.dagbag.DagBag"):
        logging.getLogger(name).setLevel(logging.WARNING)
