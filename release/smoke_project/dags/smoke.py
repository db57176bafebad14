"""What images.yml has each runner image check: a DAG that every Airflow since 2.4 takes."""

from datetime import datetime

try:
    from airflow.sdk import dag, task
except ImportError:  # before Airflow 3
    from airflow.decorators import dag, task


@dag(schedule=None, start_date=datetime(2024, 1, 1), catchup=False, tags=["smoke"])
def smoke():
    @task
    def say() -> str:
        return "hello"

    say()


smoke()
