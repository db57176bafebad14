"""The plan as JSON, and the plan without a target."""

import json
from dataclasses import replace

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.offline_plan import make_offline_plan
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import DagSync, OperationKind, Plan
from mwaa_deploy.ports import ChangedFile
from tests.fakes.planning import BASE, bundle, deployed, fresh, kinds, only, plan


def test_json_is_stable_and_whole():
    found = plan(bundle(plugins=b"p2"), deployed(bundle()), plugins=("plugins/a.py",))

    text = found.to_json()

    assert text == plan(bundle(plugins=b"p2"), deployed(bundle()), plugins=("plugins/a.py",)).to_json()
    plain = json.loads(text)
    assert plain["schema"] == 4
    assert (plain["empty"], plain["offline"], plain["base"]) == (False, False, BASE)
    assert plain["versions"] == {"plugins": None, "requirements": "v-requirements"}
    assert plain["expected_minutes"] == [16, 37]
    assert plain["operations"][0] == {
        "kind": "upload",
        "part": "plugins",
        "reason": found.operations[0].reason,
        "expected_minutes": [0, 1],
        "disruption": "none",
    }


def test_json_counts_and_names_the_dags():
    operations = json.loads(plan(bundle(), fresh()).to_json())["operations"]

    assert [operation["dags"] for operation in operations if operation["kind"] == "sync-dags"] == [
        {
            "added": {"count": 2, "files": ["a.py", "b.py"]},
            "changed": {"count": 0, "files": []},
            "deleted": {"count": 0, "files": []},
        }
    ]


def offline(shipped: Bundle, base: str | None, files: dict[Part, tuple[ChangedFile, ...]]) -> Plan:
    return make_offline_plan(shipped, base=base, base_reason="the base is unknown", files=files)


def test_offline_plan_tells_what_git_shows():
    files = {
        Part.PLUGINS: (ChangedFile(path="plugins/a.py", status="M"),),
        Part.DAGS: tuple(ChangedFile(path=f"dags/{s}.py", status=s) for s in "AMD"),
    }

    found = offline(bundle(), BASE, files)

    assert kinds(found) == [
        ("upload", "plugins"),
        ("keep", "requirements"),
        ("change-set", "template"),
        ("sync-dags", "dags"),
    ]
    assert found.dags == DagSync(added=("dags/A.py",), changed=("dags/M.py",), deleted=("dags/D.py",))
    assert found.offline
    assert "not looked at" in found.notes[-1]


def test_offline_plan_without_a_base_is_everything():
    found = offline(bundle(), None, {})

    assert kinds(found) == [
        ("upload", "plugins"),
        ("upload", "requirements"),
        ("change-set", "template"),
        ("sync-dags", "dags"),
    ]
    assert found.operations[0].reason == "The base is unknown."
    assert found.dags.added == ("a.py", "b.py")


def test_offline_plan_of_no_change_is_empty():
    assert offline(bundle(), BASE, {}).empty
    assert not offline(bundle(), BASE, {Part.TEMPLATE: (ChangedFile(path="t.yaml", status="M"),)}).empty


def test_an_offline_plan_without_a_stack_ends_with_the_update_of_the_environment():
    shipped = replace(bundle(), template=None)
    files = {Part.PLUGINS: (ChangedFile(path="plugins/a.py", status="M"),)}
    made = [
        make_offline_plan(shipped, base=BASE, base_reason="r", files=given, without_stack=True) for given in (files, {})
    ]
    assert [("environment-update", None) in kinds(found) for found in made] == [True, False]
    assert "plugins" in only(made[0], OperationKind.ENVIRONMENT_UPDATE).reason
