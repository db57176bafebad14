"""DAGs that are parsed without an error, and that Airflow's scheduler cannot store all the same."""

from collections.abc import Iterator

import pytest

from mwaa_deploy.checks.dag_integrity import DagJudgement
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.ports import Runner
from tests.integration.checks.conftest import open_venv
from tests.integration.checks.dag_checks import judge_dags_of, of, place, write

pytestmark = pytest.mark.airflow

HEAD = """from datetime import datetime, timedelta
from airflow import DAG
from airflow.timetables.base import DataInterval, Timetable
try:
    from airflow.providers.standard.operators.python import PythonOperator
except ImportError:
    from airflow.operators.python import PythonOperator

"""
AT = HEAD.count("\n")
TIMETABLE = """class Never(Timetable):
    def infer_manual_data_interval(self, run_after):
        return DataInterval.exact(run_after)

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        return None

"""
PLUGIN = (
    HEAD
    + TIMETABLE
    + """
from airflow.plugins_manager import AirflowPlugin

class Numbered(Never):
    def __init__(self, number):
        self.number = number

class Own(AirflowPlugin):
    name = "own"
    timetables = [Never, Numbered]
"""
)
GOOD = "dag = DAG('{}', schedule=None, start_date=datetime(2024, 1, 1))\n"

# By file: what it holds after HEAD, the line after HEAD that is blamed, and what is said.
UNSTORABLE = {
    "unregistered": (
        TIMETABLE + "dag = DAG('unregistered', schedule=Never(), start_date=datetime(2024, 1, 1))\n",
        8,
        "Timetable class",
    ),
    "serialize_raises": (
        TIMETABLE
        + "class Raises(Never):\n    def serialize(self):\n        raise ValueError('not me')\n\n"
        + "import registered_timetable\n"
        + "registered_timetable.Never.serialize = Raises.serialize\n"
        + "dag = DAG('raises', schedule=registered_timetable.Never(), start_date=datetime(2024, 1, 1))\n",
        10,
        "not me",
    ),
    "infinite": (
        (
            "with DAG('infinite', schedule=None, start_date=datetime(2024, 1, 1)):\n"
            "    PythonOperator(task_id='a', python_callable=print)\n"
            "    PythonOperator(task_id='b', python_callable=print, op_kwargs={'most': float('inf')})\n"
        ),
        3,
        "Out of range float values are not JSON compliant",
    ),
    "negative": (
        "dag = DAG('negative', schedule=None, start_date=datetime(2024, 1, 1), dagrun_timeout=timedelta(minutes=-5))\n",
        1,
        "-300.0 is less than the minimum of 0",
    ),
    "unlabelled": (
        (
            "dag = DAG('unlabelled', schedule=None, start_date=datetime(2024, 1, 1))\n"
            "dag.edge_info = {'a': {'b': {'other': 'c'}}}\n"
        ),
        1,
        "'label' is a required property",
    ),
}
UNSTORABLE |= {
    "owned_by_two": (
        (
            "with DAG('owned_by_two', schedule=None, start_date=datetime(2024, 1, 1)):\n"
            "    PythonOperator(task_id='a', python_callable=print)\n"
            "    PythonOperator(task_id='b', python_callable=print, owner=['c', 'd'])\n"
        ),
        3,
        "unhashable type: 'list'",
    ),
    "of_text": (
        (
            "told = {'on_failure_callback': eval('lambda context: None')}\n"
            "dag = DAG('of_text', schedule=None, start_date=datetime(2024, 1, 1), default_args=told)\n"
        ),
        2,
        "source",
    ),
    "template": (
        (
            "with DAG('template', schedule=None, start_date=datetime(2024, 1, 1)):\n"
            "    task = PythonOperator(task_id='a', python_callable=print)\n"
            "task.template_fields = ('op_args', 'retries')\n"
        ),
        2,
        "Cannot template BaseOperator field",
    ),
    "template_of_all": (
        (
            "PythonOperator.template_fields = ('op_args', 'retries')\n"
            "with DAG('template_of_all', schedule=None, start_date=datetime(2024, 1, 1)):\n"
            "    PythonOperator(task_id='a', python_callable=print)\n"
        ),
        3,
        "Cannot template BaseOperator field",
    ),
    "too_early": (
        (
            "dag = DAG('too_early', schedule=None, start_date=datetime(2024, 1, 1), "
            "default_args={'since': datetime.min})\n"
        ),
        1,
        "year 0 is out of range",
    ),
    "unreadable": (
        (
            "from registered_timetable import Numbered\n"
            "dag = DAG('unreadable', schedule=Numbered(1), start_date=datetime(2024, 1, 1))\n"
        ),
        2,
        "missing 1 required positional argument",
    ),
}
# By file: what is like one of those but for what is wrong with it. It comes before that in the order of the names.
STORABLE = {
    "inf": UNSTORABLE["infinite"][0].replace("float('inf')", "1.5").replace("'infinite'", "'inf'"),
    "neg": UNSTORABLE["negative"][0].replace("-5", "5").replace("'negative'", "'neg'"),
    "of_": "def print_all(context):\n    print(context)\n\n"
    + UNSTORABLE["of_text"][0]
    .replace("eval('lambda context: None')", "lambda context: None")
    .replace("of_text", "of_"),
    "tem": UNSTORABLE["template"][0].replace("'retries'", "'op_kwargs'").replace("'template'", "'tem'"),
    "temp": "with DAG('temp', schedule=None, start_date=datetime(2024, 1, 1)):\n"
    "    PythonOperator(task_id='a', python_callable=print)\n",
    "too": UNSTORABLE["too_early"][0].replace("datetime.min", "datetime(2024, 1, 1)").replace("'too_early'", "'too'"),
    "unl": UNSTORABLE["unlabelled"][0].replace("other", "label").replace("'unlabelled'", "'unl'"),
}


@pytest.fixture(scope="module", params=["2.10.3", "3.3.1"])
def runner(request: pytest.FixtureRequest) -> Iterator[Runner]:
    with open_venv(request.param) as opened:
        yield opened


def project(plain: int) -> dict[str, str]:
    files = {f"dags/{name}.py": HEAD + text for name, (text, _, _) in UNSTORABLE.items()}
    files |= {f"dags/{name}.py": HEAD + text for name, text in STORABLE.items()}
    files |= {f"dags/plain_{n}.py": HEAD + GOOD.format(f"plain_{n}") for n in range(plain)}
    registered = "import registered_timetable\ndag = DAG('{}', schedule=registered_timetable.Never(), {})\n"
    files["dags/registered.py"] = HEAD + registered.format("registered", "start_date=datetime(2024, 1, 1)")
    return {**files, "plugins/registered_timetable.py": PLUGIN}


@pytest.fixture(scope="module", params=[1, 60], ids=["few files", "many files"])
def judged(request, runner, tmp_path_factory) -> DagJudgement:
    return judge_dags_of(write(tmp_path_factory.mktemp("unstorable"), project(request.param)), runner)


@pytest.mark.parametrize("name", UNSTORABLE)
def test_it_fails_at_its_line(judged, name):
    _, line, message = UNSTORABLE[name]

    (verdict,) = of(judged.dags, f"dags/{name}.py")

    assert (verdict.severity, verdict.rule) == (Severity.FAIL, "import-error")
    assert message in verdict.message
    assert place(verdict) == f"dags/{name}.py:{AT + line}"
    assert "its scheduler would show an import error" in verdict.message


def test_a_file_whose_text_airflow_cannot_read_fails_where_it_is_not_utf_8(runner, tmp_path):
    text = HEAD + GOOD.format("latin") + "# é\n"
    files = write(tmp_path, {"dags/latin.py": "", "dags/helper.py": "", "dags/good.py": HEAD + GOOD.format("good")})
    (tmp_path / "dags/latin.py").write_bytes(b"# -*- coding: latin-1 -*-\n" + text.encode("latin-1"))
    (tmp_path / "dags/helper.py").write_bytes(b"# -*- coding: latin-1 -*-\n# \xe9: airflow, but no dag\n")

    judged = judge_dags_of(files, runner)

    failed = {v.subject: v for v in judged.dags.verdicts if v.severity is Severity.FAIL}
    assert list(failed) == ["dags/latin.py"]
    assert "this byte is not: 0xe9" in failed["dags/latin.py"].message
    assert place(failed["dags/latin.py"]) == f"dags/latin.py:{AT + 3}"


def test_all_others_pass(judged):
    failed = {v.subject for v in judged.dags.verdicts if v.severity is Severity.FAIL}

    assert failed == {f"dags/{name}.py" for name in UNSTORABLE}
    assert [v.severity for v in of(judged.dags, "dags/registered.py")] == [Severity.PASS]
