"""Each rule about DAGs, and how often cron expressions come round."""

from dataclasses import replace
from typing import Any

import pytest

from mwaa_deploy.checks.cron import shortest_gap
from mwaa_deploy.checks.dag_facts import DagFile, FoundDag, Schedule, ScheduleKind, TaskKind
from mwaa_deploy.checks.dag_rules import RULES, ParameterKind
from mwaa_deploy.checks.verdicts import Location

HERE = Location(file="dags/good.py", line=3)
KIND = TaskKind(
    operator="BashOperator",
    owner="team",
    retries=1,
    email=("team@example.com",),
    email_on_failure=True,
    tasks=1,
    first="a",
    line=5,
)
GOOD = FoundDag(
    id="good",
    tasks=1,
    edges=0,
    location=HERE,
    schedule=Schedule(kind=ScheduleKind.CRON, text="@daily"),
    tags=("data",),
    catchup=False,
    description="Does good",
    documented=False,
    max_active_runs=16,
    kinds=(KIND,),
    graph=(),
)


def kind(**changes: Any) -> FoundDag:
    return replace(GOOD, kinds=(replace(KIND, **changes),))


def cron(text: str) -> FoundDag:
    return replace(GOOD, schedule=Schedule(kind=ScheduleKind.CRON, text=text))


def interval(seconds: float) -> FoundDag:
    return replace(GOOD, schedule=Schedule(kind=ScheduleKind.INTERVAL, text="x", seconds=seconds))


def scheduled(kind: ScheduleKind, text: str) -> FoundDag:
    return replace(GOOD, schedule=Schedule(kind=kind, text=text))


UNSCHEDULED = Schedule(kind=ScheduleKind.NONE, text="None")

# By rule: parameters, DAGs that break it, DAGs that keep it.
CASES: list[tuple[str, dict[str, Any], list[FoundDag], list[FoundDag]]] = [
    ("dag-id-equals-file-name", {}, [replace(GOOD, id="good_2")], [GOOD]),
    ("owner", {}, [kind(owner="airflow"), kind(owner="")], [GOOD]),
    ("owner", {"allowed": ("te*", "x")}, [kind(owner="other")], [GOOD, kind(owner="x")]),
    ("email", {}, [kind(email=())], [GOOD]),
    ("email", {"allowed": ("*@example.com",)}, [kind(email=("a@example.com", "b@example.org"))], [GOOD]),
    ("email-on-failure", {}, [kind(email_on_failure=False)], [GOOD]),
    ("tags", {}, [replace(GOOD, tags=())], [GOOD]),
    ("tags", {"minimum": 2}, [GOOD], [replace(GOOD, tags=("a", "b"))]),
    ("tags", {"allowed": ("data",)}, [replace(GOOD, tags=("data", "other"))], [GOOD]),
    ("retries", {}, [kind(retries=0)], [GOOD, kind(retries=None)]),
    ("retries", {"minimum": 3}, [kind(retries=2)], [kind(retries=3)]),
    ("no-empty-dag", {}, [replace(GOOD, tasks=0)], [GOOD]),
    ("catchup-off", {}, [replace(GOOD, catchup=True)], [GOOD, replace(GOOD, catchup=True, schedule=UNSCHEDULED)]),
    ("schedule", {}, [], [GOOD, cron("* * * * *")]),
    ("schedule", {"allowed": ("0 0 * * *", "None")}, [cron("0 1 * * *")], [GOOD, replace(GOOD, schedule=UNSCHEDULED)]),
    ("schedule", {"allowed": ("? 6 * * *",)}, [GOOD, cron("0 6 * *")], [cron("30 6 * * *")]),
    (
        "schedule",
        {"minimum-minutes": 60},
        [cron("H * * * *"), replace(GOOD, schedule=Schedule(kind=ScheduleKind.OTHER, text="@continuous"))],
        [
            replace(GOOD, schedule=UNSCHEDULED),
            replace(GOOD, schedule=Schedule(kind=ScheduleKind.ASSETS, text="AssetTriggeredTimetable")),
        ],
    ),
    ("schedule", {}, [], [cron("H * * * *")]),
    ("schedule", {"minimum-minutes": 60}, [cron("*/30 * * * *"), interval(1800)], [cron("@hourly"), interval(3600)]),
    (
        "schedule",
        {"minimum-minutes": 60},
        [
            scheduled(ScheduleKind.OTHER, "MyTimetable"),
            scheduled(ScheduleKind.ASSETS, "AssetOrTimeSchedule"),
            cron("0 5 * * *, */5 * * * *"),
            cron("0 5 * * * */10"),
            cron("what ever"),
        ],
        [
            scheduled(ScheduleKind.NONE, "None"),
            scheduled(ScheduleKind.ONCE, "@once"),
            scheduled(ScheduleKind.ASSETS, "DatasetTriggeredTimetable"),
        ],
    ),
    ("schedule", {}, [], [scheduled(ScheduleKind.OTHER, "MyTimetable")]),
    ("task-count", {}, [replace(GOOD, tasks=101)], [replace(GOOD, tasks=100)]),
    ("task-count", {"maximum": 5}, [replace(GOOD, tasks=6)], [replace(GOOD, tasks=5)]),
    ("description", {}, [replace(GOOD, description=None)], [GOOD, replace(GOOD, description=None, documented=True)]),
]


def findings(rule: str, dag: FoundDag, given: dict[str, Any], *more: FoundDag) -> list[tuple[str, Location | None]]:
    file = DagFile(
        location=Location(file="dags/good.py"),
        path="/usr/local/airflow/dags/good.py",
        seconds=0,
        dags=(dag, *more),
        errors=(),
        warnings=(),
    )
    return [(found.message, found.location) for found in RULES[rule].judge(file, dag, RULES[rule].values(given))]


@pytest.mark.parametrize(("rule", "given", "broken", "kept"), CASES, ids=lambda value: str(value)[:40])
def test_a_rule_tells_good_from_bad(rule, given, broken, kept):
    assert [len(findings(rule, dag, given)) for dag in broken] == [1] * len(broken)
    assert [findings(rule, dag, given) for dag in kept] == [[]] * len(kept)


def test_every_rule_is_tried():
    assert {rule for rule, *_ in CASES} == set(RULES)


def test_a_file_of_several_dags_begins_their_ids():
    assert findings("dag-id-equals-file-name", replace(GOOD, id="good_one"), {}, GOOD) == []
    assert len(findings("dag-id-equals-file-name", replace(GOOD, id="one"), {}, GOOD)) == 1


def test_a_rule_about_tasks_points_at_the_first_of_them():
    assert findings("owner", kind(owner="airflow"), {}) == [
        ("its task 'a' (BashOperator) has no owner of its own", Location(file="dags/good.py", line=5))
    ]
    assert findings("owner", kind(owner="airflow", line=None), {})[0][1] == HERE


@pytest.mark.parametrize("rule", RULES)
def test_every_parameter_has_a_default_of_its_kind_and_a_help(rule):
    kinds = {ParameterKind.WHOLE: int, ParameterKind.TEXTS: tuple}

    assert RULES[rule].question.endswith("?")
    for parameter in RULES[rule].parameters.values():
        assert isinstance(parameter.default, kinds[parameter.kind])
        assert parameter.help.endswith(".")


GAPS = {
    "* * * * *": 1,
    "*/15 * * * *": 15,
    "0 * * * *": 60,
    "@hourly": 60,
    "@daily": 1440,
    "0 6,18 * * *": 720,
    "50,10 * * * *": 20,
    "0 8-10 * * 1": 60,
    "5/20 * * * *": 20,
    "*/45 * * * *": 15,
    "0 23,0 * * *": 60,
    "nonsense": None,
    "0 x * * *": None,
}


@pytest.mark.parametrize("expression", GAPS)
def test_the_shortest_gap_of_a_cron_expression(expression):
    assert shortest_gap(expression) == GAPS[expression]
