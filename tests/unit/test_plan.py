"""What is decided about the versioned parts."""

from mwaa_deploy.bundle.artefacts import Bundle
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import DagSync, Disruption, OperationKind
from mwaa_deploy.planner import make_plan
from mwaa_deploy.ports import StoredObject
from tests.fakes.planning import bundle, deployed, fresh, kinds, only, part_state, plan


def test_first_deployment():
    found = plan(bundle(), fresh())

    assert kinds(found) == [
        ("upload", "plugins"),
        ("upload", "requirements"),
        ("change-set", "template"),
        ("environment-create", None),
        ("sync-dags", "dags"),
        ("record", None),
    ]
    assert found.versions == {Part.PLUGINS: None, Part.REQUIREMENTS: None}
    assert found.disruption is Disruption.ENVIRONMENT_CREATED
    assert found.expected_minutes == (27, 39)
    assert found.dags == DagSync(added=("a.py", "b.py"))
    assert found.operations[0].reason == "The environment does not exist yet."
    assert only(found, OperationKind.CHANGE_SET).reason.startswith("The stack s does not exist yet; the object version")


def test_unchanged_project_is_an_empty_plan():
    found = plan(bundle(), deployed(bundle()))

    assert found.empty
    assert kinds(found) == [("keep", "plugins"), ("keep", "requirements"), ("keep", "dags")]
    assert {op.reason for op in found.operations} == {"Unchanged since 1a2b3c4."}
    assert found.expected_minutes == (0, 0)
    assert found.disruption is Disruption.NONE


def test_changed_plugin_is_one_upload_and_one_update():
    found = plan(bundle(plugins=b"p2"), deployed(bundle()), plugins=("plugins/a.py",))

    assert kinds(found) == [
        ("upload", "plugins"),
        ("keep", "requirements"),
        ("change-set", "template"),
        ("environment-update", None),
        ("keep", "dags"),
        ("record", None),
    ]
    assert found.versions == {Part.PLUGINS: None, Part.REQUIREMENTS: "v-requirements"}
    assert found.operations[0].reason == (
        "plugins/a.py changed since 1a2b3c4; its content differs from the live version v-plugins."
    )
    assert found.expected_minutes == (16, 37)
    assert found.disruption is Disruption.WORKERS_REPLACED


def test_git_says_changed_but_content_is_the_same():
    found = plan(bundle(), deployed(bundle()), plugins=("plugins/a.py", "plugins/b.py", "plugins/c.py", "plugins/d.py"))

    assert found.empty
    assert found.operations[0].reason == (
        "plugins/a.py, plugins/b.py and 2 more changed since 1a2b3c4, "
        "but the target has exactly this content already; the content counts."
    )


def test_git_says_unchanged_but_content_differs():
    found = plan(bundle(plugins=b"p2"), deployed(bundle()))

    assert found.operations[0].kind is OperationKind.UPLOAD
    assert found.operations[0].reason == (
        "Git shows no change since 1a2b3c4, but its content differs from the live version v-plugins. "
        "That is drift, a lost update, a re-run or a roll-back; the content counts."
    )


def test_without_a_base_its_absence_is_the_reason():
    found = make_plan(
        bundle(plugins=b"p2"), deployed(bundle()), base=None, base_reason="there was no successful run yet", files={}
    )

    assert found.operations[0].reason == (
        "Its content differs from the live version v-plugins; there was no successful run yet."
    )
    assert found.operations[1].reason == "The target has exactly this content already."


def test_live_content_nobody_knows_is_replaced():
    state = part_state(deployed(bundle()), Part.PLUGINS, live_sha256=None)

    found = plan(bundle(), state)

    assert found.operations[0].kind is OperationKind.UPLOAD
    assert "is unknown, as others uploaded it" in found.operations[0].reason


def test_part_that_is_new_to_the_environment():
    found = plan(bundle(), deployed(bundle(requirements=None)))

    assert found.operations[1].reason == "The environment has no requirements yet."
    assert found.operations[1].kind is OperationKind.UPLOAD
    assert "object version of requirements changes" in only(found, OperationKind.CHANGE_SET).reason
    assert len(found.of_kind(OperationKind.ENVIRONMENT_UPDATE)) == 1


def test_part_whose_key_moves_is_uploaded_there():
    state = part_state(deployed(bundle()), Part.PLUGINS, live_key="old/plugins.zip")

    found = plan(bundle(), state)

    assert found.operations[0].kind is OperationKind.UPLOAD
    assert found.operations[0].reason == "It moves from old/plugins.zip to plugins.zip."


def latest(shipped: Bundle, version: str) -> StoredObject:
    found = shipped.artefacts[Part.PLUGINS]
    return StoredObject(key=found.key, version=version, sha256=found.sha256, size=found.size)


def test_upload_of_a_run_that_failed_is_reused():
    shipped = bundle(plugins=b"p2")
    state = part_state(deployed(bundle()), Part.PLUGINS, latest=latest(shipped, "v-failed"))

    found = plan(shipped, state, plugins=("plugins/a.py",))

    assert found.operations[0].kind is OperationKind.REUSE
    assert found.versions[Part.PLUGINS] == "v-failed"
    assert "Version v-failed has this content already" in found.operations[0].reason
    assert len(found.of_kind(OperationKind.ENVIRONMENT_UPDATE)) == 1


def test_version_the_stack_names_already_is_not_reused():
    """CloudFormation would see no change, and the environment would stay as it is."""
    shipped = bundle()
    state = part_state(
        deployed(bundle()),
        Part.PLUGINS,
        live_version="v-by-hand",
        live_sha256="other",
        latest=latest(shipped, "v-plugins"),
    )

    found = plan(shipped, state)

    assert found.operations[0].kind is OperationKind.UPLOAD
    assert found.versions[Part.PLUGINS] is None
    assert "The stack already names version v-plugins" in found.operations[0].reason


def test_equal_content_under_another_version_is_handed_to_the_stack():
    state = part_state(deployed(bundle()), Part.PLUGINS, live_version="v-by-hand")

    found = plan(bundle(), state)

    assert found.operations[0].kind is OperationKind.KEEP
    assert found.versions[Part.PLUGINS] == "v-by-hand"
    assert "names another version of plugins than the environment runs" in only(found, OperationKind.CHANGE_SET).reason


def test_part_missing_in_the_project_stays():
    found = plan(bundle(plugins=None), deployed(bundle()))

    assert found.operations[0].kind is OperationKind.KEEP
    assert "MWAA cannot do without it again" in found.operations[0].reason
    assert found.versions[Part.PLUGINS] == "v-plugins"
    assert found.empty


def test_version_in_the_parameters_file_counts_for_a_part_the_project_lacks():
    shipped = bundle(plugins=None, given="{Name: n, PluginsVersion: mine}")

    found = plan(shipped, deployed(bundle()))

    assert found.versions[Part.PLUGINS] == "mine"
    assert "p.yml, line 1 names the version" in found.operations[0].reason
    assert len(found.of_kind(OperationKind.ENVIRONMENT_UPDATE)) == 1


def test_version_in_the_parameters_file_is_overridden_for_a_part_the_project_has():
    found = plan(bundle(given="{Name: n, PluginsVersion: mine}"), deployed(bundle()))

    assert found.versions[Part.PLUGINS] == "v-plugins"
    assert any("PluginsVersion" in note and "overridden" in note for note in found.notes)
    assert found.empty
