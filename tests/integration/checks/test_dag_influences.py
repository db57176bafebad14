"""Many DAG files in few processes: none finds what another has left behind."""

import pytest

from mwaa_deploy.checks.dag_integrity import DagJudgement
from mwaa_deploy.checks.verdicts import Severity
from tests.integration.checks.conftest import places
from tests.integration.checks.dag_checks import judge_dags_of, of, write

pytestmark = pytest.mark.airflow

HEAD = "from datetime import datetime\nfrom airflow import DAG\n"
GOOD = "dag = DAG('{}', schedule=None, start_date=datetime(2024, 1, 1))\n"

# What one file does, and what in the files after it shows that they find it. First, what is put back each time,
# or ends the process.
UNDONE = {
    "environment": ("import os\nos.environ['LEFT'] = '1'\n", "import os\nos.environ['LEFT']\n"),
    "search_path": (
        "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), 'inner'))\n",
        "import importlib\nimportlib.import_module('hidden_in_inner')\n",
    ),
    "folder": ("import os\nos.chdir(os.path.dirname(__file__))\n", "open('environment_0.py')\n"),
    "own_module": ("import shared\nshared.left = 1\n", "import shared\nassert shared.left\n"),
    "module": (
        "import sys, types\nsys.modules['made_up'] = types.ModuleType('made_up')\n",
        "import importlib\nimportlib.import_module('made_up')\n",
    ),
}
# Then, what is noticed once it is too late: the files are parsed again, each in a process of its own.
NOTICED = {
    "attribute": (
        "import json\njson.dumps = lambda *_: 'patched'\n",
        "import json\nassert json.dumps(1) == 'patched'\n",
    ),
    "setting": (
        "from airflow.configuration import conf\nconf.add_section('left')\nconf.set('left', 'a', '1')\n",
        "from airflow.configuration import conf\nassert conf.get('left', 'a')\n",
    ),
    "default_setting": (
        "from airflow.configuration import conf\nconf.add_section('core')\nconf.set('core', 'parallelism', '77')\n",
        "from airflow.configuration import conf\nassert conf.getint('core', 'parallelism') == 77\n",
    ),
    "dictionary": (
        "import http.client\nhttp.client.responses[999] = 'Left'\n",
        "import http.client\nassert http.client.responses[999]\n",
    ),
    "part_of_a_package": (
        "import wsgiref.simple_server\n",
        "import wsgiref\nassert wsgiref.simple_server\n",
    ),
    "method": (
        "from airflow.models.baseoperator import BaseOperator\nBaseOperator.dry_run = None\n",
        "from airflow.models.baseoperator import BaseOperator\nassert BaseOperator.dry_run is None\n",
    ),
    "added_method": (
        "from airflow.models.baseoperator import BaseOperator\nBaseOperator.left = 1\n",
        "from airflow.models.baseoperator import BaseOperator\nassert BaseOperator.left\n",
    ),
    "builtin": ("import builtins\nbuiltins.left = 1\n", "assert left\n"),
    "open_dag": (
        "DAG('open_dag', schedule=None, start_date=datetime(2024, 1, 1)).__enter__()\n",
        "from airflow.operators.empty import EmptyOperator\nassert EmptyOperator(task_id='a').has_dag()\n",
    ),
}
# The same, and nothing else is noticed about it.
DEEP = {
    "settings": (
        "from airflow.configuration import conf\nconf.read_dict({'core': {'left': '1'}})\n",
        "from airflow.configuration import conf\nassert conf.get('core', 'left') == '1'\n",
    ),
    "changed_setting": (
        "from airflow.configuration import conf\nconf.read_dict({'core': {'parallelism': '7'}})\n",
        "from airflow.configuration import conf\nassert conf.getint('core', 'parallelism') == 7\n",
    ),
    "dictionary": (
        "import mimetypes\nmimetypes.types_map['.left'] = 'left/over'\n",
        "import mimetypes\nassert mimetypes.types_map['.left']\n",
    ),
    "dictionary_of_class": (
        "import http.server\nhttp.server.SimpleHTTPRequestHandler.extensions_map['.left'] = 'left/over'\n",
        "import http.server\nassert http.server.SimpleHTTPRequestHandler.extensions_map['.left']\n",
    ),
}
# Last, what one file imports, and another uses without having imported it.
HELPED = {
    "package": ("import wsgiref.validate\n", "import wsgiref\nwsgiref.validate\n"),
    "of_airflow": (
        "import airflow.operators.latest_only\n",
        "import airflow.operators\nairflow.operators.latest_only.LatestOnlyOperator\n",
    ),
    "imported_late": (
        "def late():\n    import airflow.sensors.date_time\nlate()\n",
        "import airflow.sensors\nairflow.sensors.date_time.DateTimeSensor\n",
    ),
    "within": ("import xmlrpc.server\n", "def use():\n    return xmlrpc.server\nimport xmlrpc\nuse()\n"),
}
# Files that come by a module in another way than by importing it at their top.
BY_THEMSELVES = {
    "dags/by_other_module.py": "import xmlrpc.server\nimport xmlrpc\nxmlrpc.client\n",
    "dags/by_from.py": "from wsgiref import validate\nfrom airflow.operators import latest_only\n",
    "dags/by_function.py": "def late():\n    import wsgiref.validate\n    return wsgiref.validate\nlate()\n",
    "dags/by_helper.py": "import wsgiref\nimport imports_validate\nwsgiref.validate\n",
}
COPIES = 4
EXPECTED = [[Severity.PASS], [Severity.FAIL]] * COPIES


@pytest.fixture(scope="module")
def undone(runner, tmp_path_factory) -> DagJudgement:
    return judge_influences(UNDONE, runner, tmp_path_factory.mktemp("undone"))


@pytest.fixture(scope="module")
def noticed(runner, tmp_path_factory) -> DagJudgement:
    return judge_influences(NOTICED, runner, tmp_path_factory.mktemp("noticed"))


def judge_influences(influences, runner, root) -> DagJudgement:
    files = {"dags/shared.py": "", "dags/inner/hidden_in_inner.py": ""}
    for name, (does, finds) in influences.items():
        for copy in range(COPIES):
            files[f"dags/{name}_{2 * copy}.py"] = HEAD + does + GOOD.format(f"{name}_does_{copy}")
            files[f"dags/{name}_{2 * copy + 1}.py"] = HEAD + finds + GOOD.format(f"{name}_finds_{copy}")
    files |= {f"dags/plain_{n}.py": HEAD + GOOD.format(f"plain_{n}") for n in range(20)}
    return judge_dags_of(write(root, files), runner)


@pytest.fixture(scope="module", params=[1, COPIES], ids=["few", "many"])
def helped(request, runner, tmp_path_factory) -> DagJudgement:
    files = {name: HEAD + text + GOOD.format(name[5:-3]) for name, text in BY_THEMSELVES.items()}
    files["dags/imports_validate.py"] = "import wsgiref.validate\n"
    for name, (does, finds) in HELPED.items():
        for copy in range(request.param):
            files[f"dags/{name}_{2 * copy}.py"] = HEAD + does + GOOD.format(f"{name}_does_{copy}")
            files[f"dags/{name}_{2 * copy + 1}.py"] = HEAD + finds + GOOD.format(f"{name}_finds_{copy}")
    files |= {f"dags/plain_{n}.py": HEAD + GOOD.format(f"plain_{n}") for n in range(20 if request.param > 1 else 0)}
    return judge_dags_of(write(tmp_path_factory.mktemp("helped"), files), runner)


def test_what_only_another_file_imports_is_missing(helped):
    failed = {v.subject: v.message for v in helped.dags.verdicts if v.severity is Severity.FAIL}
    expected = {
        v.subject for v in helped.dags.verdicts if v.subject.rpartition("_")[2] in {"1.py", "3.py", "5.py", "7.py"}
    }

    assert set(failed) == {name for name in expected if "plain" not in name}
    assert all("AttributeError: module" in message for message in failed.values())
    assert len(failed) >= len(HELPED)


@pytest.mark.parametrize("name", UNDONE)
def test_what_a_file_does_is_undone_before_the_next(undone, name):
    assert found(undone, name) == EXPECTED


@pytest.mark.parametrize("name", DEEP)
def test_what_a_file_does_to_a_container_is_noticed(runner, tmp_path, name):
    assert found(judge_influences({name: DEEP[name]}, runner, tmp_path), name) == EXPECTED


@pytest.mark.parametrize("name", NOTICED)
def test_what_a_file_does_is_noticed(noticed, name):
    assert found(noticed, name) == EXPECTED


def found(judged: DagJudgement, name: str) -> list[list[Severity]]:
    return [[v.severity for v in of(judged.dags, f"dags/{name}_{n}.py")] for n in range(2 * COPIES)]


def test_files_beside_them_pass(undone, noticed):
    for judged in (undone, noticed):
        assert not [file for file, _ in places(judged.dags) if "plain" in file]
        assert len([verdict for verdict in judged.dags.verdicts if "plain" in verdict.subject]) == 20
