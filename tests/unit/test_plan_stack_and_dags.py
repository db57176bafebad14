"""What is decided about the stack, the DAGs and the record."""

from dataclasses import replace

import pytest

from mwaa_deploy.bundle.manifest import FileDigest, Manifest
from mwaa_deploy.bundle.template import parse_template
from mwaa_deploy.errors import ParametersUnknown, TemplateLacksVersions
from mwaa_deploy.plan import DagSync, OperationKind, ParameterPreview, ParameterSource
from mwaa_deploy.target.dag_objects import DagObject
from mwaa_deploy.target.unfinished import Unfinished
from tests.fakes.planning import TEMPLATE, bundle, dag_object, deployed, fresh, kinds, only, plan


def test_changed_template_asks_cloudformation():
    shipped = replace(bundle(), template=parse_template(TEMPLATE + "# more\n"))

    found = plan(shipped, deployed(bundle()), template=("infra/template.yaml",))

    operation = only(found, OperationKind.CHANGE_SET)
    assert operation.reason == (
        "The template differs from the one deployed (infra/template.yaml changed since 1a2b3c4). "
        "CloudFormation tells whether the environment has to be updated."
    )
    assert operation.expected_minutes == (1, 36)
    assert not found.of_kind(OperationKind.ENVIRONMENT_UPDATE)


def test_changed_parameter_asks_cloudformation_and_is_shown():
    found = plan(bundle(given="{Name: n, Class: mw1.large}"), deployed(bundle()))

    assert only(found, OperationKind.CHANGE_SET).reason.startswith("The value of Class changes.")
    assert found.parameters[1] == ParameterPreview(
        key="Class", value="mw1.large", source=ParameterSource.FILE, before="mw1.small", changes=True
    )


def test_parameters_are_shown_with_their_source_and_secrets_hidden():
    shipped = bundle(plugins=b"p2", given="{Name: n, Secret: hunter2}")

    found = plan(shipped, deployed(bundle()))

    assert [(p.key, p.value, p.before, str(p.source), p.changes) for p in found.parameters] == [
        ("Name", "n", "n", "parameters file", False),
        ("Class", "mw1.small", "mw1.small", "stack", False),
        ("Secret", "****", "****", "parameters file", None),
        ("PluginsVersion", None, "v-plugins", "object version", True),
        ("RequirementsVersion", "v-requirements", "v-requirements", "object version", False),
    ]
    assert "hunter2" not in found.to_json()
    assert "Only CloudFormation can compare Secret" in only(found, OperationKind.CHANGE_SET).reason


def test_defaults_of_a_new_stack_are_shown():
    found = plan(bundle(), fresh())

    assert found.parameters[1] == ParameterPreview(
        key="Class", value="mw1.small", source=ParameterSource.DEFAULT, before=None, changes=True
    )


def test_parameters_the_template_lacks_stop_the_plan():
    with pytest.raises(ParametersUnknown, match="Nmae"):
        plan(bundle(given="{Name: n, Nmae: m}"), deployed(bundle()))


def test_versioned_part_without_a_template_stops_the_plan():
    with pytest.raises(TemplateLacksVersions, match="Without a template"):
        plan(replace(bundle(plugins=b"p2"), template=None), deployed(bundle()))


def test_dags_are_compared_with_record_and_listing():
    wanted = {
        name: FileDigest(sha256=f"{name}1", size=1) for name in ("same.py", "noted.py", "changed.py", "unknown.py")
    }
    state = replace(
        deployed(bundle()),
        dags={name: dag_object(file) for name, file in wanted.items()}
        | {
            "changed.py": dag_object(FileDigest(sha256="older", size=1)),
            "unknown.py": DagObject(size=1, etag="theirs"),
            "gone.py": DagObject(size=1, etag="theirs"),
        },
        unfinished=Unfinished(dags=frozenset({"noted.py", "another.py"})),
    )
    wanted |= {"missing.py": FileDigest(sha256="x", size=1), "new.py": FileDigest(sha256="x", size=1)}
    shipped = replace(bundle(), dags=Manifest(wanted))

    found = plan(shipped, state, dags=("dags/new.py",))

    assert found.dags == DagSync(
        added=("missing.py", "new.py"),
        changed=("changed.py", "noted.py", "unknown.py"),
        deleted=("gone.py",),
    )
    assert only(found, OperationKind.SYNC_DAGS).reason == (
        "dags/new.py changed since 1a2b3c4; against the bucket: 2 new, 3 changed or unknown, 1 to delete."
    )
    assert "did not come to its end" in found.notes[0]


def test_protected_files_that_the_project_lacks_stay_and_are_noted():
    strange = dict.fromkeys(("theirs.py", "shared/x.py", "shared", "shared-by-name.py"), DagObject(size=1, etag="t"))
    state = deployed(bundle())
    state = replace(state, dags={**state.dags, **strange}, protected=("shared", "b.py"))

    found = plan(bundle(), state)

    assert found.dags == DagSync(deleted=("shared-by-name.py", "theirs.py"))
    assert "2 file(s) under protected-prefixes are not in the project and stay." in found.notes


def test_object_recognised_by_its_metadata_is_written_into_the_record():
    state = deployed(bundle())
    overwritten = replace(state.dags["a.py"], etag="another", version="v2")

    found = plan(bundle(), replace(state, dags={**state.dags, "a.py": overwritten}))

    assert found.dags.empty
    assert only(found, OperationKind.RECORD).reason.endswith("its record is behind.")


def test_record_of_another_prefix_is_noted():
    state = deployed(bundle())
    assert state.record is not None

    found = plan(bundle(), replace(state, record=replace(state.record, dag_prefix="old")))

    assert any("moves from old to dags; the old files stay" in note for note in found.notes)


def test_record_that_is_behind_is_written_again():
    state = deployed(bundle())
    assert state.record is not None

    found = plan(bundle(), replace(state, record=replace(state.record, parts={})))

    assert kinds(found)[-1] == ("record", None)
    assert only(found, OperationKind.RECORD).reason.endswith("its record is behind.")


@pytest.mark.parametrize(
    ("unfinished", "change_set", "synced"),
    [(Unfinished(stack=True), True, False), (Unfinished(everything=True), True, True)],
)
def test_deployment_that_did_not_end_is_taken_up(unfinished, change_set, synced):
    found = plan(bundle(), replace(deployed(bundle()), unfinished=unfinished))

    assert bool(found.of_kind(OperationKind.CHANGE_SET)) is change_set
    assert bool(found.of_kind(OperationKind.SYNC_DAGS)) is synced
    assert not found.empty


def test_environment_outside_of_the_stack_is_noted():
    found = plan(bundle(), replace(deployed(bundle()), stack=None))

    assert any("cannot create it a second time" in note for note in found.notes)


def test_environment_that_is_updating_is_noted():
    state = deployed(bundle())
    assert state.environment is not None

    found = plan(bundle(), replace(state, environment=replace(state.environment, status="UPDATING")))

    assert "The environment n is UPDATING now." in found.notes
