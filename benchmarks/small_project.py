"""The small project of the check-small benchmarks: two DAG files, a plugin, requirements and tests, in a repository."""

import subprocess
from pathlib import Path

FILES = {
    "dags/ingest.py": '''\
"""Fetch the day's orders and say how many there are."""

import json
from datetime import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator
from shop.operators import AnnounceOperator


def count(text):
    import jmespath

    return len(jmespath.search("orders", json.loads(text)))


with DAG("ingest", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False, tags=["shop"]) as dag:
    fetch = BashOperator(task_id="fetch", bash_command="echo fetched {{ ds }}")
    counted = PythonOperator(task_id="count", python_callable=count, op_args=['{"orders": [1, 2]}'])
    fetch >> counted >> AnnounceOperator(task_id="announce", what="orders")
''',
    "dags/report.py": '''\
"""Summarise the week, for whoever reads it."""

from datetime import datetime

from airflow.decorators import dag, task


@dag(start_date=datetime(2024, 1, 1), schedule="@weekly", catchup=False, tags=["shop"])
def report():
    @task
    def collect():
        return [3, 1, 2]

    @task
    def total(values):
        return sum(values)

    total(collect())


report()
''',
    "plugins/shop/__init__.py": "",
    "plugins/shop/operators.py": """\
from airflow.models.baseoperator import BaseOperator


class AnnounceOperator(BaseOperator):
    def __init__(self, *, what, **kwargs):
        super().__init__(**kwargs)
        self.what = what

    def execute(self, context):
        return f"{self.what} are there"
""",
    "dags/constraints.txt": "jmespath==0.10.0\nrequests==2.32.3\n",
    "requirements.txt": '--constraint "/usr/local/airflow/dags/constraints.txt"\njmespath==0.10.0\nrequests\n',
    "tests/test_ingest.py": """\
import unittest

from airflow.models import DagBag


class IngestTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dag = DagBag("/usr/local/airflow/dags", include_examples=False).dags["ingest"]

    def test_the_tasks_follow_each_other(self):
        self.assertEqual([task.task_id for task in self.dag.topological_sort()], ["fetch", "count", "announce"])

    def test_orders_are_counted(self):
        count = self.dag.get_task("count").python_callable
        self.assertEqual(count('{"orders": [1, 2]}'), 2)
""",
    "tests/test_operators.py": """\
import unittest

import airflow  # noqa: F401
from shop.operators import AnnounceOperator


class AnnounceTest(unittest.TestCase):
    def test_it_says_what_is_there(self):
        self.assertEqual(AnnounceOperator(task_id="a", what="orders").execute({}), "orders are there")
""",
}
"""By path. What the requirements ask for is in MWAA's image, so that no download decides who is faster."""

DAGS = {"ingest", "report"}

_AS = ("-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.invalid", "-c", "commit.gpgsign=false")


def write_small_project(folder: Path) -> None:
    """Write it into a folder that is made, as a git repository of one commit."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "A small project"]):
        subprocess.run(["git", *_AS, "-C", str(folder), *command], check=True)
