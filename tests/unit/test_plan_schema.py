"""The published schema of a plan takes every plan there is, and nothing else."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError

from mwaa_deploy.offline_plan import make_offline_plan
from mwaa_deploy.plan_ahead import look_ahead
from tests.fakes.planning import BASE, bundle, deployed, fresh, plan
from tests.fakes.world import World

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schema" / "plan.schema.json").read_text(encoding="utf-8"))


def validate(text):
    Draft202012Validator(SCHEMA).validate(json.loads(text))


def test_the_schema_is_up_to_date_and_a_schema():
    done = subprocess.run([sys.executable, ROOT / "scripts" / "plan_schema.py", "--check"], check=False)
    assert done.returncode == 0, "run: python scripts/plan_schema.py"
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "found",
    [
        plan(bundle(), fresh()),
        plan(bundle(), deployed(bundle())),
        plan(bundle(plugins=b"p2", given="Name: n\nSecret: y"), deployed(bundle()), plugins=("plugins/a.py",)),
        plan(bundle(), replace(deployed(bundle()), dags={})),
        make_offline_plan(bundle(), base=BASE, base_reason="r", files={}),
    ],
)
def test_every_plan_is_taken(found):
    validate(found.to_json())
    validate(replace(found, commit="c" * 40, obstacles=("o",), change_set=()).to_json())


@pytest.mark.parametrize("without_stack", [False, True])
def test_a_plan_that_looked_ahead_is_taken(tmp_path, without_stack):
    world = World(tmp_path)
    world.stack.tells_values = True
    if without_stack:
        world.give_environment()
    for _ in range(2):
        job = world.job()
        state = job.look()
        found = look_ahead(job, state, job.plan(state)).plan
        assert set(found.fingerprint) == {"record", "unfinished", "environment", "stack", "dags"}
        validate(found.to_json())
        world.deploy()
        world.files["plugins/operators.py"] = "p = 2\n"


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 1},
        {"commit": "main"},
        {"more": 1},
        {"disruption": "some"},
        {"fingerprint": {"dags": "x"}},
        {"operations": [{}]},
        {"change_set": [{}]},
    ],
)
def test_anything_else_is_not(change):
    with pytest.raises(ValidationError):
        validate(json.dumps({**json.loads(plan(bundle(), fresh()).to_json()), **change}))


@pytest.mark.parametrize("name", SCHEMA["required"])
def test_nothing_may_be_missing(name):
    document = json.loads(plan(bundle(), fresh()).to_json())
    del document[name]
    with pytest.raises(ValidationError, match=f"'{name}' is a required property"):
        validate(json.dumps(document))
