"""Writes DAG folders of any size, for measuring how long they take to be parsed.

python benchmarks/dag_folder.py FOLDER COUNT
"""

import sys
from pathlib import Path

_IN_ONE_FOLDER = 250

_FILE = '''\
"""Nightly load of source {number}."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator


def load(table: str, **context) -> int:
    """Stand in for work."""
    return len(table)


with DAG(
    "load_{number:05d}",
    schedule="0 {hour} * * *",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    tags=["load", "team-{team}"],
    default_args={{"owner": "team-{team}", "retries": 2, "retry_delay": timedelta(minutes=5)}},
) as dag:
    start = EmptyOperator(task_id="start")
    extract = BashOperator(task_id="extract", bash_command="echo {{{{ ds }}}} {number}")
    transform = PythonOperator(task_id="transform", python_callable=load, op_kwargs={{"table": "source_{number}"}})
    publish = BashOperator(task_id="publish", bash_command="echo published")
    end = EmptyOperator(task_id="end")
    start >> extract >> transform >> publish >> end
'''


def write_dags(folder: Path, count: int) -> None:
    """Write DAG files of one DAG with five tasks each, 250 to a folder, for Airflow 2.4 to 2.11 and 3.x.

    Args:
        folder: where; made if it is not there.
        count: how many files.
    """
    for number in range(count):
        path = folder / f"group_{number // _IN_ONE_FOLDER:03d}" / f"load_{number:05d}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_FILE.format(number=number, hour=number % 24, team=number % 7), encoding="utf-8")


if __name__ == "__main__":
    write_dags(Path(sys.argv[1]), int(sys.argv[2]))
