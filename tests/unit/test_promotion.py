"""Promotion: what is live and verified in staging goes to production byte for byte, or nothing does."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mwaa_deploy.errors import AwsAccessDenied, DagsBrokenLive, InstallationFailedLive, PromotionRefused
from mwaa_deploy.inputs import Mode, VerifyKind
from mwaa_deploy.journal import Journal
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import OperationKind, Plan
from mwaa_deploy.promotion import Source, require_promotable
from mwaa_deploy.report.as_json import report_document
from mwaa_deploy.report.plan_text import plan_lines
from mwaa_deploy.report.summary import render_summary
from mwaa_deploy.target.live_check import LiveCheck
from mwaa_deploy.target.record import PromotedFrom, Record, read_record, write_record
from tests.fakes.bucket import FakeBucket
from tests.fakes.deployments import Deployments
from tests.fakes.live_airflow import FakeLiveAirflow
from tests.fakes.world import World
from tests.unit.test_pipeline import HEAD, INPUTS, FakeEdges, edges, go

__all__ = ["edges"]

STAGING = "hello-mwaa-staging"
PRODUCTION = replace(INPUTS, environment="production", promote_from="staging", bucket="production-bucket")


class Production(FakeEdges):
    """Another target of the same project; the artefacts lie in staging's bucket."""

    def __init__(self, staging):
        super().__init__(staging.workspace)
        self.bucket = FakeBucket("production-bucket")
        self.staging = staging
        self.unreadable = None

    def promotion_source(self):
        self.opened.append("credentials of staging")
        if self.unreadable:
            raise self.unreadable
        return Source(section="staging", target=STAGING, bucket=self.staging.bucket)


def record_of(bucket) -> Record:
    found = read_record(bucket, STAGING)
    assert found is not None
    return found


def change_record(bucket, **changes):
    """Let staging's record say something else."""
    found = bucket.fetch(f"mwaa-deploy/{STAGING}/record.json")
    write_record(bucket, replace(record_of(bucket), **changes), etag=found.etag)


def let_versions_be_empty(edges):
    """Let the template do without plugins and startup script."""
    template = edges.workspace / "infra/template.yaml"
    text = template.read_text(encoding="utf-8")
    template.write_text(text.replace("Version: {Type: String}", "Version: {Type: String, Default: ''}"), "utf-8")


def plan_of(journal: Journal) -> Plan:
    assert journal.plan is not None
    return journal.plan


def artefacts(bucket):
    return {key: body for key, body in bucket.contents.items() if not key.startswith("mwaa-deploy/")}


@pytest.fixture
def production(edges):
    """Staging has the commit, verified; since then the checkout has other bytes, as one of a build step would."""
    go(edges)
    change_record(edges.bucket, verified=True, run_url="https://github.test/acme/dags/actions/runs/6")
    (edges.workspace / "dags/hello_mwaa.py").write_text("other = 1\n", encoding="utf-8")
    (edges.workspace / "plugins/greetings/operators.py").write_text("other = 1\n", encoding="utf-8")
    return Production(edges)


def test_production_gets_the_very_bytes_of_staging_without_checks(production):
    journal = go(production, inputs=PRODUCTION)

    assert journal.result == "deployed"
    assert production.opened == ["repository", "credentials of staging", "credentials"]
    assert artefacts(production.bucket) == artefacts(production.staging.bucket)
    versions = next(iter(production.environments.states.values())).versions
    assert versions.keys() == {Part.PLUGINS, Part.REQUIREMENTS, Part.STARTUP_SCRIPT}
    for part, version in versions.items():
        recorded = record_of(production.staging.bucket).parts[part]
        body = production.staging.bucket.read(recorded.key, recorded.version)
        assert production.bucket.read(record_of(production.bucket).parts[part].key, version) == body
    assert go(production, "workflow_dispatch", inputs=PRODUCTION).result == "unchanged"


def test_plan_summary_report_and_record_tell_where_the_artefacts_come_from(production):
    journal = go(production, inputs=PRODUCTION)

    told = (
        f"Artefacts of commit {HEAD[:12]} are promoted from staging, hello-mwaa-staging in bucket my-mwaa-bucket, "
        f"where they were verified live after their deployment of "
    )
    run = "https://github.test/acme/dags/actions/runs/6"
    assert any(line.startswith(told) and line.endswith(f"by {run}.") for line in plan_lines(journal.plan))
    summary = render_summary(journal)
    assert "promoted from staging" in summary
    assert "The checks were not run again." in summary
    assert "1 DAG file(s) differ from the checkout: hello&#95;mwaa.py" in summary
    assert "plugins of staging has other bytes than the checkout would give" in summary
    origin = PromotedFrom(target=STAGING, bucket="my-mwaa-bucket", run_url=run)
    assert record_of(production.bucket).promoted_from == origin
    document = report_document(journal)
    assert document["plan"]["promoted_from"].startswith(told)
    assert (document["promotion"]["from"], document["promotion"]["commit"]) == ("staging", HEAD)


def test_template_and_parameters_come_from_the_checkout(production):
    template = production.workspace / "infra/template.yaml"
    text = template.read_text(encoding="utf-8").replace("PluginsS3Path: plugins.zip", "PluginsS3Path: code/p.zip")
    template.write_text(text, encoding="utf-8")

    go(production, inputs=PRODUCTION)

    bodies = production.bucket.contents
    assert bodies["code/p.zip"] == production.staging.bucket.contents["plugins.zip"]
    assert "plugins.zip" not in bodies


def test_what_staging_cannot_be_rid_of_is_left_out_and_told(production):
    (production.workspace / "startup/startup.sh").unlink()
    let_versions_be_empty(production)

    journal = go(production, inputs=PRODUCTION)

    assert "startup.sh" not in production.bucket.contents
    assert "staging still has startup-script, which the project has no longer; that is not promoted." in journal.notes


def test_what_staging_runs_without_is_not_deployed_and_told(production):
    parts = {part: found for part, found in record_of(production.staging.bucket).parts.items() if part != Part.PLUGINS}
    change_record(production.staging.bucket, parts=parts)
    let_versions_be_empty(production)

    journal = go(production, inputs=PRODUCTION)

    assert "plugins.zip" not in production.bucket.contents
    assert "The project has plugins, but staging runs without; that is not deployed." in journal.notes


def test_a_pull_request_is_checked_and_planned_as_it_is_checked_out(production):
    journal = go(production, "pull_request", inputs=PRODUCTION)

    assert production.opened == ["repository", "checks", "credentials"]
    assert journal.notes[0] == "A deployment takes the artefacts from staging; this plan is made of the checkout."
    assert journal.plan.promoted_from == ""


def test_a_check_promotes_nothing_and_a_plan_by_hand_says_what_it_is(production):
    go(production, inputs=replace(PRODUCTION, mode=Mode.CHECK))
    assert production.opened == ["repository", "checks"]

    journal = go(production, "workflow_dispatch", inputs=replace(PRODUCTION, mode=Mode.PLAN))

    assert production.opened[2:] == ["repository", "credentials of staging", "credentials"]
    assert artefacts(production.bucket) == {}
    assert "This is the plan of the promotion" in render_summary(journal)


@pytest.mark.parametrize("changes", [{"verified": False}, {"commit": "d" * 40}])
def test_anything_but_this_commit_verified_is_refused_before_production_is_asked(production, changes):
    change_record(production.staging.bucket, **changes)

    with pytest.raises(PromotionRefused):
        go(production, inputs=PRODUCTION)

    assert production.opened == ["repository", "credentials of staging"]
    assert production.bucket.contents == {}


def test_bytes_that_are_gone_or_others_are_refused_and_nothing_is_changed(production):
    recorded = record_of(production.staging.bucket)
    dag = recorded.objects["hello_mwaa.py"].version
    production.staging.bucket.expire("dags/hello_mwaa.py", dag)
    with pytest.raises(PromotionRefused, match=r"dags/hello_mwaa\.py, version"):
        go(production, inputs=PRODUCTION)
    assert artefacts(production.bucket) == {}
    assert not production.environments.states

    plugins = recorded.parts[Part.PLUGINS]
    change_record(production.staging.bucket, parts={**recorded.parts, Part.PLUGINS: replace(plugins, sha256="0" * 64)})
    with pytest.raises(PromotionRefused, match=r"plugins\.zip, version") as caught:
        go(production, inputs=PRODUCTION)
    assert "environment: staging" in caught.value.mend


def test_a_promotion_that_fails_half_way_leaves_no_record_and_converges(production):
    production.bucket.knobs.fail("put", AwsAccessDenied("no"), after=1)
    with pytest.raises(AwsAccessDenied):
        go(production, inputs=PRODUCTION)
    assert read_record(production.bucket, STAGING) is None

    go(production, inputs=PRODUCTION)

    assert artefacts(production.bucket) == artefacts(production.staging.bucket)


def test_a_source_that_may_not_be_read_ends_the_run(production):
    production.unreadable = AwsAccessDenied("no")
    with pytest.raises(AwsAccessDenied):
        go(production, inputs=PRODUCTION)
    assert "credentials" not in production.opened


# -- what may be promoted ------------------------------------------------------------------------------------------

RECORD = Record(
    commit=HEAD,
    run_url="https://github.test/runs/6",
    at=datetime(2026, 1, 5, 12, tzinfo=UTC),
    stack=STAGING,
    verified=True,
)
SOURCE = Source(section="staging", target=STAGING, bucket=FakeBucket("b"))


def test_the_verified_record_of_this_commit_is_what_is_promoted():
    assert require_promotable(RECORD, SOURCE, HEAD) is RECORD


@pytest.mark.parametrize(
    ("record", "what", "mend"),
    [
        (None, "staging (hello-mwaa-staging in bucket b) has no record", "environment: staging"),
        (
            replace(RECORD, commit="d" * 40),
            f"holds commit {'d' * 40}, deployed 2026-01-05 12:00 UTC by https://github.test/runs/6, but this run is of",
            f"git tag <name> {'d' * 40}",
        ),
        (replace(RECORD, verified=False), "the live Airflow there has not confirmed it", "verify: live"),
    ],
)
def test_a_refusal_says_what_the_source_holds_and_what_to_run(record, what, mend):
    with pytest.raises(PromotionRefused) as caught:
        require_promotable(record, SOURCE, HEAD)
    assert what in caught.value.what
    assert mend in caught.value.mend
    assert "environment: staging" in caught.value.mend
    assert caught.value.exit_code == 82


def test_an_environment_that_does_not_have_it_is_not_confirmed(tmp_path):
    world = World(tmp_path)
    runs = Deployments(world)
    runs.push("aaaa")
    world.live, world.verification = FakeLiveAirflow(world.clock), LiveCheck(kind=VerifyKind.LIVE)
    world.live.break_file("a.py", "No module named 'x'")
    runs.inputs = replace(runs.inputs, verify=VerifyKind.LIVE)

    with pytest.raises(DagsBrokenLive):
        runs.push("aaaa")
    assert not runs.record.verified

    # What it had listed before is no proof: the file has to be read again.
    world.live = FakeLiveAirflow(world.clock, parse_seconds=10**6)
    world.found_dags = {"a.py": ("a",), "team b/ü.py": ()}
    world.live.put("a.py", "a")
    runs.push("aaaa")
    assert not runs.record.verified


def test_an_installation_that_failed_is_found_when_the_environment_is_asked_later(tmp_path):
    world = World(tmp_path)
    runs = Deployments(world)
    runs.push("aaaa")
    world.files["dags/requirements.txt"] = "x==2\n"
    runs.push("bbbb")
    state = world.environment.states["staging"]
    assert state.last_update_at is not None
    world.environment.states["staging"] = replace(state, log_groups={"SchedulerLogs": "arn:scheduler"})
    at = state.last_update_at
    world.logs.say("arn:scheduler", "requirements_install_1", "ERROR: No matching distribution found for x==2", at=at)
    world.live, world.verification = FakeLiveAirflow(world.clock), LiveCheck(kind=VerifyKind.LIVE)
    runs.inputs = replace(runs.inputs, verify=VerifyKind.LIVE)

    with pytest.raises(InstallationFailedLive):
        runs.push("bbbb")
    assert not runs.record.verified


# -- becoming verified ---------------------------------------------------------------------------------------------


def test_verify_live_confirms_what_was_deployed_without_once_and_changes_nothing_else(tmp_path):
    world = World(tmp_path)
    runs = Deployments(world)
    runs.push("aaaa")
    assert not runs.record.verified
    made, updates = world.versions_made, list(world.environment.updates)
    world.live = FakeLiveAirflow(world.clock)
    assert plan_of(runs.push("aaaa")).empty

    world.verification = LiveCheck(kind=VerifyKind.LIVE)
    runs.inputs = replace(runs.inputs, verify=VerifyKind.LIVE)
    journal = runs.push("aaaa")

    assert [operation.kind for operation in plan_of(journal).operations][-1] is OperationKind.RECORD
    assert runs.record.verified
    assert (world.versions_made, world.environment.updates) == (made, updates)
    assert plan_of(runs.push("aaaa")).empty
