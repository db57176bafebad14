"""Rules about DAGs: the facts they ask for come from a real Airflow, and the user's own run in it."""

import pytest

from mwaa_deploy.checks.dag_facts import Schedule, ScheduleKind
from mwaa_deploy.checks.dag_integrity import DagJudgement
from mwaa_deploy.checks.dag_rules import RULES
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.settings import CheckSettings, RuleSetting
from mwaa_deploy.checks.verdicts import Severity
from tests.integration.checks.dag_checks import judge_dags_of, place, write

pytestmark = pytest.mark.airflow

CARELESS = """from datetime import datetime, timedelta
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator

with DAG("careless_id", schedule=timedelta(minutes=5), start_date=datetime(2024, 1, 1), catchup=True):
    EmptyOperator(task_id="a") >> BashOperator(
        task_id="b", bash_command="true", owner="nobody", email_on_failure=False
    )
with DAG("careless_empty", schedule="*/10 * * * *", start_date=datetime(2024, 1, 1), catchup=False):
    pass
"""
CAREFUL = """from datetime import datetime
from airflow import DAG
from airflow.decorators import task

with DAG(
    "careful",
    schedule="@daily",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    tags=["data"],
    description="Does nothing, with care",
    default_args={"owner": "team", "retries": 2, "email": "team@example.com; on-call@example.com,"},
):

    @task
    def numbers():
        return [1, 2]

    @task
    def double(number):
        return 2 * number

    double.expand(number=numbers())
"""
OWN_RULES = {
    "no_careless.py": (
        "from _words import bad\n\n"
        "def check(dag):\n    if bad in dag.dag_id:\n        yield f'the id holds {bad!r}'\n\n"
        "def rule_few_tasks(dag):\n    return [('warn', 'more than one task')] if len(dag.tasks) > 1 else None\n"
    ),
    "decorated.py": (
        "from _deco import told\n\n@told\ndef rule_decorated(dag):\n    yield 'is judged by a decorated rule'\n\n"
        "from _deco import rule_brought\nfrom decorated_too import rule_twice\n"
    ),
    "decorated_too.py": (
        "from _deco import told, rule_brought\n\n@told\ndef rule_twice(dag):\n    yield 'is judged by rule_twice'\n"
    ),
    "_deco.py": (
        "def told(rule):\n    def ask(dag):\n        return rule(dag)\n    return ask\n\n"
        "def rule_brought(dag):\n    yield 'is judged by a rule from elsewhere'\n"
    ),
    "lost.py": (
        "def lose(rule):\n    pass\n\n@lose\ndef rule_lost(dag):\n    yield 'is lost'\n\ndef check(dag):\n    pass\n"
    ),
    "_words.py": "bad = 'careless_id'\n",
    "raises.py": "def check(dag):\n    return 1 / 0\n",
    "says_nonsense.py": "def check(dag):\n    return [5]\n",
    "never_ends.py": "def check(dag):\n    while True: pass\n",
    "exits.py": "import sys\n\n\ndef check(dag):\n    sys.exit(0)\n",
    "is_broken.py": "import no_such_module\n",
    "holds_none.py": "def helper():\n    pass\n",
}
PARAMETERS: dict[str, dict[str, object]] = {
    "owner": {"allowed": ("team*",)},
    "schedule": {"allowed": ("@daily", "?/10 ? * * *"), "minimum-minutes": 15},
    "task-count": {"maximum": 1},
}


@pytest.fixture(scope="module")
def judged(runner, tmp_path_factory) -> DagJudgement:
    files = {"dags/careless.py": CARELESS, "dags/careful.py": CAREFUL}
    root = write(tmp_path_factory.mktemp("rules"), files | {f"rules/{n}": text for n, text in OWN_RULES.items()})
    rules = [RuleSetting(name=name, severity=Severity.WARN, parameters=PARAMETERS.get(name, {})) for name in RULES]
    settings = CheckSettings(rules=tuple(rules), rules_folder=root / "rules")
    return judge_dags_of(root, runner, settings=settings, limits=CheckLimits(dag_file=4))


BREACHES = {
    "dag-id-equals-file-name": [],
    "owner": ["dags/careless.py:7", "dags/careless.py:7"],
    "email": ["dags/careless.py:7", "dags/careless.py:7"],
    "email-on-failure": ["dags/careless.py:7"],
    "tags": ["dags/careless.py:6", "dags/careless.py:10"],
    "retries": ["dags/careless.py:7", "dags/careless.py:7"],
    "no-empty-dag": ["dags/careless.py:10"],
    "catchup-off": ["dags/careless.py:6"],
    "schedule": ["dags/careless.py:6", "dags/careless.py:6", "dags/careless.py:10", "dags/careless.py:10"],
    "task-count": ["dags/careful.py:5", "dags/careless.py:6"],
    "description": ["dags/careless.py:6", "dags/careless.py:10"],
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_finds_the_careless_dag_at_its_line(judged, rule):
    found = [v for v in judged.rules.verdicts if v.rule == rule and v.severity is not Severity.PASS]

    assert sorted((place(verdict) or "" for verdict in found), key=_by_line) == BREACHES[rule]


def _by_line(where: str) -> tuple[str, int]:
    file, _, line = where.rpartition(":")
    return file, int(line)


def test_a_rule_that_no_dag_breaks_passes(judged):
    (verdict,) = [v for v in judged.rules.verdicts if v.rule == "dag-id-equals-file-name"]

    assert (verdict.severity, verdict.message) == (Severity.PASS, "Kept by 3 DAGs.")


def test_the_facts_are_those_of_the_dag(judged):
    dags = {dag.id: dag for file in judged.files for dag in file.dags}
    careful = dags["careful"]

    assert careful.schedule == Schedule(kind=ScheduleKind.CRON, text="@daily")
    assert dags["careless_id"].schedule == Schedule(kind=ScheduleKind.INTERVAL, text="0:05:00", seconds=300)
    assert (careful.tags, careful.owners, careful.catchup, careful.documented) == (("data",), ("team",), False, False)
    assert (careful.tasks, careful.edges) == (2, 1)
    assert [(task.id, task.downstream) for task in careful.graph] == [("double", ()), ("numbers", ("double",))]
    assert {(kind.retries, kind.email) for kind in careful.kinds} == {(2, ("on-call@example.com", "team@example.com"))}


def own(judged, rule):
    return [(v.severity, place(v), v.message) for v in judged.rules.verdicts if v.rule == rule]


def test_a_rule_of_the_users_own_is_asked_about_every_dag(judged):
    expected = (Severity.FAIL, "dags/careless.py:6", "DAG 'careless_id': the id holds 'careless_id'")
    assert own(judged, "no-careless") == [expected]
    assert [(severity, where) for severity, where, _ in own(judged, "few-tasks")] == [
        (Severity.WARN, "dags/careful.py:5"),
        (Severity.WARN, "dags/careless.py:6"),
    ]


@pytest.mark.parametrize("rule", ["decorated", "twice", "brought"])
def test_a_rule_is_asked_once_whoever_made_it(judged, rule):
    assert sorted(where for _, where, _ in own(judged, rule)) == [
        "dags/careful.py:5",
        "dags/careless.py:10",
        "dags/careless.py:6",
    ]


def test_what_a_decorator_lost_is_told(judged):
    (message,) = [message for _, where, message in own(judged, "rule-error") if where == "rules/lost.py:5"]

    assert "'rule_lost' has the name of a rule, and is no function but NoneType" in message


def test_a_rule_that_goes_wrong_is_itself_a_failure_at_its_line(judged):
    found = [(where, message) for severity, where, message in own(judged, "rule-error") if severity is Severity.FAIL]

    assert sorted(where for where, _ in found) == [
        "rules/exits.py:5",
        "rules/holds_none.py:None",
        "rules/is_broken.py:1",
        "rules/lost.py:5",
        "rules/never_ends.py:2",
        "rules/raises.py:2",
        "rules/says_nonsense.py:1",
    ]


HEAD = "from datetime import datetime\nfrom airflow import DAG\n"
PLAIN = HEAD + "dag = DAG('{}', schedule=None, start_date=datetime(2024, 1, 1))\n"
HOSTILE_TO_RULES = {
    "dags/plain.py": "import common\n" + PLAIN.format("plain"),
    "dags/broken.py": HEAD + "import nothing_of_that_name\n",
    "dags/takes_from_rules.py": HEAD + "from _shared import LIMIT\n" + PLAIN.format("takes"),
    "dags/common.py": "",
    "dags/operators.py": "from airflow.operators.bash import BashOperator\n\nclass Ours(BashOperator):\n    pass\n",
    "dags/has_ours.py": (
        "from operators import Ours\n" + PLAIN.format("ours") + "Ours(task_id='a', bash_command='true', dag=dag)\n"
    ),
}
HOSTILE_RULES = {
    "_shared.py": "LIMIT = 3\n",
    "common.py": "from _shared import LIMIT\n",
    "asks_beside_it.py": "from common import LIMIT\n\n\ndef check(dag):\n    import common\n    common.LIMIT\n",
    "asks_for_ours.py": (
        "from operators import Ours\n\n\n"
        "def check(dag):\n    return [f'has {t.task_id}' for t in dag.tasks if isinstance(t, Ours)]\n"
    ),
    "patches.py": (
        "from airflow.models import dagbag\n"
        "dagbag.DagBag._load_modules_from_file = lambda *_, **__: []\n\n\ndef check(dag):\n    pass\n"
    ),
    "loops_at_import.py": "while True: pass\n",
    "leaves_at_import.py": "import os\n\nos._exit(0)\n",
    "leaves.py": "import os\n\n\ndef check(dag):\n    os._exit(0)\n",
    "crashes.py": "import ctypes\n\n\ndef check(dag):\n    ctypes.string_at(0)\n",
    "never_hears.py": (
        "import signal\n\n\ndef check(dag):\n"
        "    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n    while True: pass\n"
    ),
    "zz_last.py": "def check(dag):\n    return 'heard'\n",
}


@pytest.fixture(scope="module")
def beset(runner, tmp_path_factory) -> DagJudgement:
    more = {f"dags/more_{n}.py": PLAIN.format(f"more_{n}") for n in range(40)}  # so many that files share a process
    files = HOSTILE_TO_RULES | more | {f"rules/{name}": text for name, text in HOSTILE_RULES.items()}
    root = write(tmp_path_factory.mktemp("beset"), files)
    settings = CheckSettings(rules_folder=root / "rules")
    return judge_dags_of(root, runner, settings=settings, limits=CheckLimits(dag_file=3))


def test_rules_neither_break_a_file_nor_mend_one(beset):
    assert sorted(place(verdict) or "" for verdict in beset.dags.failures) == [
        "dags/broken.py:3",
        "dags/takes_from_rules.py:3",
    ]


def test_a_rules_file_that_ends_or_never_does_is_told_once_at_its_line(beset):
    assert sorted(where for _, where, _ in own(beset, "rule-error")) == [
        "rules/crashes.py:5",
        "rules/leaves.py:5",
        "rules/leaves_at_import.py:3",
        "rules/loops_at_import.py:1",
        "rules/never_hears.py:6",
    ]


def test_all_other_rules_are_asked_about_every_dag(beset):
    dags = sorted(dag.id for file in beset.files for dag in file.dags)

    assert len(dags) == 42
    assert sorted(message for _, _, message in own(beset, "zz-last")) == [f"DAG '{dag}': heard" for dag in dags]


def test_a_rule_finds_its_helpers_and_the_classes_that_the_dag_is_made_of(beset):
    assert [message for _, _, message in own(beset, "asks-for-ours")] == ["DAG 'ours': has a"]


def test_no_rule_is_asked_for_where_none_is_on(runner, tmp_path):
    judged = judge_dags_of(write(tmp_path, {"dags/careful.py": CAREFUL}), runner)

    assert judged.rules.skipped == "No rule about DAGs is switched on."
    assert judged.rules.verdicts == ()
