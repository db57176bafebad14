"""What somebody else has changed is told for what it is, and what a deployment left half-done is not."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mwaa_deploy.drift import Drift, DriftKind, find_drift
from mwaa_deploy.errors import DriftFound, EnvironmentMissing, StackUpdateFailed
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import EnvironmentState
from mwaa_deploy.report.as_json import report_document
from mwaa_deploy.report.plan_markdown import plan_section
from mwaa_deploy.report.plan_text import plan_lines
from mwaa_deploy.report.publish import decisions
from mwaa_deploy.report.summary import render_summary
from mwaa_deploy.target.record import record_key
from mwaa_deploy.target.stack_moves import StackMove
from mwaa_deploy.target.unfinished import Unfinished
from tests.fakes.deployments import Deployments
from tests.fakes.planning import bundle, deployed, fresh, plan
from tests.fakes.world import World

SHIPPED = bundle()
assert SHIPPED.template is not None
SHA256 = SHIPPED.template.sha256


def environment():
    found = deployed(SHIPPED).environment
    assert found is not None
    return found


def live(**changes):
    return replace(deployed(SHIPPED), environment=replace(environment(), **changes))


def stack_names(version):
    state = deployed(SHIPPED)
    assert state.stack is not None
    parameters = {**state.stack.parameters, "PluginsVersion": version}
    return replace(state, stack=replace(state.stack, parameters=parameters))


def moved(template):
    return replace(deployed(SHIPPED), stack_move=StackMove(template_sha256=template))


def dags(**changes):
    state = deployed(SHIPPED)
    there = {**state.dags, **{f"{name}.py": found for name, found in changes.items()}}
    return replace(state, dags={name: found for name, found in there.items() if found is not None})


A = deployed(SHIPPED).dags["a.py"]
AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
VERSIONS = dict(environment().versions)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (deployed(SHIPPED), []),
        (fresh(), []),
        (live(versions={**VERSIONS, Part.PLUGINS: "v2"}), [("plugins", "VERSION", "v-plugins", "v2")]),
        (live(versions={Part.PLUGINS: "v-plugins"}), [("requirements", "VERSION", "v-requirements", None)]),
        (live(versions={**VERSIONS, Part.STARTUP_SCRIPT: "v"}), [("startup-script", "VERSION", None, "v")]),
        (live(paths={Part.PLUGINS: "p.zip"}), [("plugins", "PATH", "plugins.zip", "p.zip")]),
        (live(paths={Part.DAGS: "other/"}), [("dags", "PATH", "dags", "other/")]),
        (live(paths={Part.DAGS: "/dags/"}), []),
        (stack_names("v2"), [("plugins", "STACK", "v-plugins", "v2")]),
        (stack_names(""), [("plugins", "STACK", "v-plugins", "")]),
        (moved("theirs"), [("Stack s", "TEMPLATE", SHA256, "theirs")]),
        (moved(SHA256), []),
        (moved(None), []),
        (live(status="UPDATE_FAILED"), [("Environment n", "STATUS", "AVAILABLE", "UPDATE_FAILED")]),
        (live(status="UNAVAILABLE"), [("Environment n", "STATUS", "AVAILABLE", "UNAVAILABLE")]),
        (live(status="MAINTENANCE"), []),
        (live(name="other"), [("Environment n", "MISSING", "n", None)]),
        (replace(deployed(SHIPPED), environment=None), [("Environment n", "MISSING", "n", None)]),
        (replace(deployed(SHIPPED), stack=None), [("Stack s", "MISSING", None, None)]),
        (dags(a=None), [("dags/a.py", "MISSING", "a.py1", None)]),
        (dags(c=A), [("dags/c.py", "FOREIGN", None, None)]),
        (dags(c=replace(A, target="s")), [("dags/c.py", "FOREIGN", None, None)]),
        (dags(c=replace(A, target="other")), [("dags/c.py", "FOREIGN", None, "other")]),
        (dags(a=replace(A, sha256=None, etag="e")), [("dags/a.py", "OVERWRITTEN", "a.py1", None)]),
        (dags(a=replace(A, sha256="theirs")), [("dags/a.py", "OVERWRITTEN", "a.py1", "theirs")]),
        (dags(a=replace(A, etag="e", version="w")), []),
        (replace(dags(c=A), protected=("c.py",)), []),
        (
            replace(dags(a=replace(A, sha256=None)), unfinished=Unfinished(dags=frozenset({"a.py"}))),
            [("A deployment after the recorded one", "UNFINISHED", None, None)],
        ),
        (
            replace(live(status="UPDATE_FAILED"), unfinished=Unfinished(stack=True)),
            [("A deployment after the recorded one", "UNFINISHED", None, None)],
        ),
        (
            replace(stack_names("v2"), unfinished=Unfinished(stack=True)),
            [("A deployment after the recorded one", "UNFINISHED", None, None)],
        ),
    ],
)
def test_each_kind(state, expected):
    found = find_drift(state, SHIPPED.template)
    assert [(str(d.subject), d.kind.name, d.recorded, d.found) for d in found] == expected


def test_a_version_set_by_hand_is_told_once_though_the_stack_names_another():
    state = live(versions={**VERSIONS, Part.PLUGINS: "v2"})
    assert [d.kind for d in find_drift(state, SHIPPED.template)] == [DriftKind.VERSION]


def test_a_record_without_tokens_goes_by_size():
    state = dags(a=replace(A, sha256=None))
    state = replace(state, record=replace(state.record, objects={}))
    assert find_drift(state, None) == ()
    state = replace(state, dags={**state.dags, "a.py": replace(A, sha256=None, size=2)})
    assert [d.kind for d in find_drift(state, None)] == [DriftKind.OVERWRITTEN]


def test_another_dag_prefix_says_nothing_about_files():
    state = dags(c=A)
    assert find_drift(replace(state, record=replace(state.record, dag_prefix="old")), None) == ()


@pytest.mark.parametrize("kind", DriftKind)
def test_every_kind_has_a_sentence(kind):
    assert Drift(subject="dags/a.py", kind=kind, recorded="r", found="f").text.endswith(".")


# -- in the plan ----------------------------------------------------------------------------------------------------


def test_a_plan_tells_it_as_such_and_says_that_it_is_mended():
    state = dags(a=replace(A, sha256=None, etag="e"))
    state = replace(state, record=replace(state.record, commit="c0ffee1" + "0" * 33, at=AT))

    found = plan(SHIPPED, state)

    assert found.dags.changed == ("a.py",)
    title = (
        "1 thing(s) changed by somebody else since c0ffee1 was deployed (2026-01-05 12:00 UTC); a deployment mends it"
    )
    text = list(plan_lines(found))
    assert text[text.index(f"{title}:") + 1] == "    ! dags/a.py has been overwritten with other content."
    markdown = plan_section(found)
    assert f"**{title}**" in markdown
    assert "dags/a.py has been overwritten" in markdown
    assert '"kind": "overwritten"' in found.to_json()


def test_an_earlier_deployment_is_not_somebody_else():
    state = replace(dags(a=replace(A, sha256=None)), unfinished=Unfinished(dags=frozenset({"a.py"})))
    found = plan(SHIPPED, state)
    assert found.drift == ()
    assert "An earlier deployment did not come to its end" in found.notes[-1]


def test_a_plan_without_drift_says_nothing_of_it():
    found = plan(SHIPPED, deployed(SHIPPED))
    assert "somebody else" not in "\n".join(plan_lines(found)) + plan_section(found)
    assert (found.drift, found.drift_since) == ((), "")


def test_what_no_deployment_mends_is_not_said_to_be_mended():
    found = plan(SHIPPED, live(status="UPDATE_FAILED"))
    assert found.empty
    assert "mends" not in "\n".join(plan_lines(found))


# -- looking for it -------------------------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def runs(world):
    return Deployments(world)


def test_what_others_did_is_found_and_the_next_deployment_mends_it(world, runs):
    runs.push("aaaa")
    assert runs.drift() == []
    assert decisions(runs.journal)["drift"] == "0"
    assert "## ✅ No drift" in render_summary(runs.journal)
    world.bucket.put_foreign("dags/a.py", b"a = 7\n")  # as long as it was
    world.bucket.put_foreign("dags/theirs.py", b"t")
    world.bucket.delete(["dags/team b/ü.py"])
    by_hand = world.bucket.put_foreign("plugins.zip", b"theirs").version
    world.environment.update("staging", versions={Part.PLUGINS: by_hand}, paths={})
    before = dict(world.bucket.versions)

    found = runs.drift()

    assert found == [
        f"plugins: the environment runs version {by_hand}, not {runs.record.parts[Part.PLUGINS].version}.",
        "dags/a.py has been overwritten with other content.",
        "dags/team b/ü.py is gone.",
        "dags/theirs.py is not from a deployment.",
    ]
    assert world.bucket.versions == before
    outputs = decisions(runs.journal)
    assert (outputs["drift"], outputs["result"], outputs["mode"]) == ("4", "failed", "drift")
    assert render_summary(runs.journal).count("dags/theirs.py is not from a deployment.") == 1
    assert [d["kind"] for d in report_document(runs.journal)["drift"]] == [
        "other version",
        "overwritten",
        "missing",
        "foreign",
    ]
    journal = runs.push("aaaa")
    assert len(journal.plan.drift) == 4
    assert decisions(journal)["drift"] == "4"
    world.assert_deployed()
    assert runs.drift() == []


def test_a_deployment_that_failed_is_no_drift_of_others_and_red_all_the_same(world, runs):
    runs.push("aaaa")
    world.files["plugins/operators.py"] = "p = 2\n"
    world.files["dags/a.py"] = "a = 2\n"
    world.stack.break_with("Mwaa", "no")
    with pytest.raises(StackUpdateFailed):
        runs.push("bbbb")
    assert runs.drift() == [
        "A deployment after the recorded one has not come to its end, and may have changed part of the target."
    ]


def test_without_a_record_nobody_can_tell_and_it_is_red(world, runs):
    runs.push("aaaa")
    world.bucket.delete([record_key(world.stack.name)])
    with pytest.raises(DriftFound, match="There is no record"):
        runs.drift()
    assert runs.journal.drift is None


def test_an_environment_state_has_no_paths_where_they_are_unknown():
    state = replace(deployed(SHIPPED), environment=EnvironmentState(name="n", status="AVAILABLE", versions=VERSIONS))
    assert find_drift(state, SHIPPED.template) == ()


def test_what_the_user_protects_is_no_drift(world, runs):
    runs.push("aaaa")
    world.bucket.put_foreign("dags/shared/theirs.py", b"t")
    assert runs.drift() == ["dags/shared/theirs.py is not from a deployment."]
    runs.inputs = replace(runs.inputs, protected_prefixes=("shared",))
    assert runs.drift() == []


def test_the_environment_is_the_one_that_the_user_names(world, runs):
    runs.push("aaaa")
    runs.inputs = replace(runs.inputs, environment_name="another")
    with pytest.raises(EnvironmentMissing, match="not another"):
        runs.drift()
