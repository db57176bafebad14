"""Greets whoever it is triggered for, through an operator from plugins/."""

from datetime import datetime, timezone

from airflow.models import DAG
from greetings.operators import GreetingOperator

with DAG(
    dag_id="hello_mwaa",
    description="Greets whoever it is triggered for",
    schedule=None,
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    params={"whom": "MWAA"},
    tags=["example"],
):
    hello = GreetingOperator(task_id="hello", whom="{{ params.whom }}")
    again = GreetingOperator(task_id="again", whom="{{ params.whom }}, once more")
    hello >> again
