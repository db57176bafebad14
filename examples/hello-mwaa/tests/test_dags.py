"""The DAGs in dags/, tested in pytest's style."""

import pytest
from airflow.models import DagBag


@pytest.fixture(scope="module")
def bag() -> DagBag:
    """All DAGs of the project, parsed from Airflow's DAG folder."""
    return DagBag()


def test_every_file_is_imported(bag):
    assert bag.import_errors == {}
    assert {"hello_mwaa", "price_report"} <= set(bag.dag_ids)


@pytest.mark.parametrize(
    ("dag_id", "edges"),
    [
        ("hello_mwaa", {"hello": {"again"}, "again": set()}),
        ("price_report", {"read": {"dearest", "report"}, "dearest": {"report"}, "report": set()}),
    ],
)
def test_the_tasks_follow_each_other(bag, dag_id, edges):
    dag = bag.dags[dag_id]

    assert {task.task_id: task.downstream_task_ids for task in dag.tasks} == edges


def test_a_missed_day_is_not_made_up_for(bag):
    assert [dag.dag_id for dag in bag.dags.values() if dag.catchup] == []


def test_the_greeting_is_for_whoever_the_run_is_triggered_for(bag):
    assert bag.dags["hello_mwaa"].get_task("hello").whom == "{{ params.whom }}"


def test_the_price_list_is_read(bag):
    read = bag.dags["price_report"].get_task("read").python_callable

    assert read() == {"espresso": 2.4, "flat white": 3.8, "filter coffee": 2.1}


def test_the_dearest_item_is_found(bag):
    dearest = bag.dags["price_report"].get_task("dearest").python_callable

    assert dearest({"tea": 3.0, "cake": 4.5, "milk": 1.0}) == "cake"


def test_the_report_names_the_dearest_item_and_its_price(bag):
    report = bag.dags["price_report"].get_task("report").python_callable

    assert report({"tea": 3.0, "cake": 4.5}, "cake") == "2 items; the dearest is cake at 4.50"
