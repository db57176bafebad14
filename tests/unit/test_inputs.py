import pytest

from mwaa_deploy.errors import InputsInvalid
from mwaa_deploy.inputs import (
    EngineKind,
    Mode,
    RunnerKind,
    VerifyKind,
    WorkerReplacement,
    effective_mode,
    parse_inputs,
)

COMPLETE = {
    "INPUT_AIRFLOW_VERSION": "2.10.3",
    "INPUT_STACK_NAME": "mwaa-staging",
    "INPUT_TEMPLATE": "infra/template.yaml",
    "INPUT_BUCKET": "my-bucket",
    "INPUT_AWS_REGION": "eu-west-1",
}


def problems_of(env, event="push"):
    with pytest.raises(InputsInvalid) as caught:
        parse_inputs(env, event=event)
    return caught.value.problems


def test_complete_inputs_are_parsed_with_defaults():
    inputs = parse_inputs(COMPLETE, event="push")
    assert (inputs.stack_name, inputs.mode, inputs.runner) == ("mwaa-staging", Mode.AUTO, RunnerKind.AUTO)
    assert inputs.docker_engine is EngineKind.HOST
    assert inputs.stack_timeout_minutes == 180
    assert inputs.names_target


WITHOUT_STACK = {
    "INPUT_AIRFLOW_VERSION": "2.10.3",
    "INPUT_DEPLOY_WITH": "environment-api",
    "INPUT_ENVIRONMENT_NAME": "orders",
    "INPUT_BUCKET": "orders-mwaa",
    "INPUT_AWS_REGION": "eu-west-1",
}


def test_an_environment_without_a_stack_needs_neither_stack_nor_template():
    inputs = parse_inputs(WITHOUT_STACK, event="push")
    assert inputs.without_stack
    assert inputs.names_target
    assert inputs.target_name == "orders"
    assert parse_inputs(COMPLETE, event="push").target_name == "mwaa-staging"


@pytest.mark.parametrize("name", ["ENVIRONMENT_NAME", "BUCKET", "AWS_REGION"])
def test_without_a_stack_environment_bucket_and_region_are_needed(name):
    given = {key: value for key, value in WITHOUT_STACK.items() if key != f"INPUT_{name}"}
    assert problems_of(given) == (f"{name.lower().replace('_', '-')}: needed to deploy, but not given",)
    assert not parse_inputs(given, event="pull_request").names_target


def test_without_a_stack_neither_stack_nor_template_may_be_named():
    found = problems_of({**WITHOUT_STACK, "INPUT_STACK_NAME": "s", "INPUT_TEMPLATE": "t.yaml"}, event="pull_request")
    assert [problem.partition(":")[0] for problem in found] == ["stack-name", "template"]


def test_what_happens_to_running_tasks_is_read():
    given = {
        "INPUT_WORKER_REPLACEMENT": "FORCED",
        "INPUT_ALLOW_RUNNING_TASKS": "true",
        "INPUT_PLAN_FILE": "p/plan.json",
    }
    inputs = parse_inputs({**COMPLETE, **given}, event="push")
    assert (inputs.worker_replacement, inputs.allow_running_tasks) == (WorkerReplacement.FORCED, True)
    assert inputs.plan_file == "p/plan.json"
    assert parse_inputs(COMPLETE, event="push").worker_replacement is WorkerReplacement.UNSAID
    assert list(problems_of({**COMPLETE, "INPUT_WORKER_REPLACEMENT": "forced"})) == [
        "worker-replacement: 'forced' is not one of GRACEFUL, FORCED"
    ]


@pytest.mark.parametrize("mode", ["check", "image"])
def test_a_plan_file_needs_a_plan(mode):
    given = {"INPUT_PLAN_FILE": "p.json", "INPUT_MODE": mode, "INPUT_RUNNER_IMAGE": "r"}
    assert [p.partition(":")[0] for p in problems_of({**COMPLETE, **given})] == ["plan-file"]
    assert parse_inputs({**COMPLETE, "INPUT_PLAN_FILE": "p.json"}, event="pull_request").plan_file == "p.json"


def test_limits_of_deletion_are_read():
    inputs = parse_inputs(COMPLETE, event="push")
    assert (inputs.max_deletions, inputs.max_deletion_share, inputs.protected_prefixes) == (None, 50, ())

    given = {"MAX_DELETIONS": "0", "MAX_DELETION_SHARE": "0", "PROTECTED_PREFIXES": " shared/ \n\nteam b/x.py"}
    inputs = parse_inputs({**COMPLETE, **{f"INPUT_{name}": value for name, value in given.items()}}, event="push")
    assert (inputs.max_deletions, inputs.max_deletion_share) == (0, 0)
    assert inputs.protected_prefixes == ("shared", "team b/x.py")


def test_how_a_deployment_is_verified_is_read():
    inputs = parse_inputs(COMPLETE, event="push")
    assert (inputs.verify, inputs.smoke_dags, inputs.verify_timeout_minutes) == (VerifyKind.AUTO, (), 10)

    given = {"INPUT_VERIFY": "live", "INPUT_SMOKE_DAGS": " a \n\nb", "INPUT_VERIFY_TIMEOUT_MINUTES": "30"}
    inputs = parse_inputs({**COMPLETE, **given}, event="push")
    assert (inputs.verify, inputs.smoke_dags, inputs.verify_timeout_minutes) == (VerifyKind.LIVE, ("a", "b"), 30)


def test_smoke_runs_need_the_live_airflow():
    env = {**COMPLETE, "INPUT_VERIFY": "versions", "INPUT_SMOKE_DAGS": "a"}
    assert problems_of(env) == ("smoke-dags: contradicts 'verify: versions', which leaves the live Airflow alone",)


@pytest.mark.parametrize("mode", [Mode.ROLLBACK, Mode.DRIFT])
def test_modes_that_look_at_the_records_need_the_target_and_no_more(mode):
    env = {name: value for name, value in COMPLETE.items() if name not in {"INPUT_AIRFLOW_VERSION", "INPUT_TEMPLATE"}}
    assert parse_inputs({**env, "INPUT_MODE": mode}, event="schedule").mode is mode
    assert problems_of({"INPUT_MODE": mode}) == tuple(
        f"{name}: needed with 'mode: {mode}', but not given" for name in ("stack-name", "bucket", "aws-region")
    )


@pytest.mark.parametrize(
    "wanted", ["1a2b3c4", "17", "https://github.com/acme/dags/actions/runs/17/attempts/2", "3/L4kqtJ.vers_ion-"]
)
def test_what_is_rolled_back_to_is_read(wanted):
    inputs = parse_inputs({**COMPLETE, "INPUT_MODE": "rollback", "INPUT_ROLLBACK_TO": wanted}, event="push")
    assert inputs.rollback_to == wanted


def test_what_is_rolled_back_to_is_one_word_and_asks_for_the_mode():
    env = {**COMPLETE, "INPUT_ROLLBACK_TO": "1a2b3c4"}
    assert problems_of(env) == ("rollback-to: given without 'mode: rollback'",)
    env |= {"INPUT_MODE": "rollback", "INPUT_ROLLBACK_TO": "two words"}
    assert problems_of(env) == (
        "rollback-to: 'two words' is not a commit, a workflow run or a record's object version",
    )


def test_patterns_stand_one_on_a_line():
    inputs = parse_inputs({**COMPLETE, "INPUT_EXCLUDE": "tests/\n\n  *.md \n!team b/README.md\n"}, event="push")
    assert inputs.exclude == ("tests/", "*.md", "!team b/README.md")


@pytest.mark.parametrize(
    "key",
    [
        "alias/mwaa",
        "1234abcd-12ab-34cd-56ef-1234567890ab",
        "mrk-1234abcd12ab34cd56ef1234567890ab",
        "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws-cn:kms:cn-north-1:123456789012:alias/mwaa",
    ],
)
def test_every_name_of_a_key_is_taken(key):
    assert parse_inputs({**COMPLETE, "INPUT_KMS_KEY": key}, event="push").kms_key == key


def test_every_missing_input_is_reported_together_by_name():
    problems = problems_of({})
    assert [p.partition(":")[0] for p in problems] == [
        "airflow-version",
        "stack-name",
        "template",
        "bucket",
        "aws-region",
    ]


def test_a_pull_request_needs_no_target():
    inputs = parse_inputs({"INPUT_AIRFLOW_VERSION": "2.10.3"}, event="pull_request")
    assert not inputs.names_target


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("AIRFLOW_VERSION", "2.10", "airflow-version"),
        ("MODE", "destroy", "mode"),
        ("RUNNER", "vm", "runner"),
        ("DOCKER_ENGINE", "podman", "docker-engine"),
        ("BUCKET", "s3://my-bucket", "bucket"),
        ("BUCKET_OWNER", "12345678901", "bucket-owner"),
        ("KMS_KEY", "my key", "kms-key"),
        ("KMS_KEY", "arn:aws:s3:::my-bucket", "kms-key"),
        ("MAX_DELETIONS", "-1", "max-deletions"),
        ("MAX_DELETIONS", "many", "max-deletions"),
        ("MAX_DELETION_SHARE", "101", "max-deletion-share"),
        ("MAX_DELETION_SHARE", "50%", "max-deletion-share"),
        ("PROTECTED_PREFIXES", "/shared", "protected-prefixes"),
        ("PROTECTED_PREFIXES", "shared\n../other", "protected-prefixes"),
        ("PROTECTED_PREFIXES", ".", "protected-prefixes"),
        ("STACK_NAME", "9 lives", "stack-name"),
        ("AWS_REGION", "Ireland", "aws-region"),
        ("ROLE_TO_ASSUME", "mwaa-deploy", "role-to-assume"),
        ("STACK_TIMEOUT_MINUTES", "0", "stack-timeout-minutes"),
        ("CHECK_TIMEOUT_MINUTES", "ten", "check-timeout-minutes"),
        ("CAPABILITIES", "CAPABILITY_ALL", "capabilities"),
        ("STACK_TAGS", "team", "stack-tags"),
        ("DAGS_DIR", "../other", "dags-dir"),
        ("TEMPLATE", "/etc/passwd", "template"),
        ("BASE", "--upload-pack=touch /tmp/x", "base"),
        ("BASE", "-n", "base"),
        ("BASE", "+main", "base"),
        ("BASE", "main:refs/heads/other", "base"),
        ("BASE", "HEAD~1", "base"),
        ("BASE", "main^", "base"),
        ("BASE", "main@{yesterday}", "base"),
        ("BASE", "a..b", "base"),
        ("BASE", "two words", "base"),
        ("BASE", "/main", "base"),
        ("BASE", "main/", "base"),
    ],
)
def test_a_malformed_input_is_named(name, value, named):
    (problem,) = problems_of({**COMPLETE, f"INPUT_{name}": value})
    assert problem.startswith(f"{named}: ")


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ({"INPUT_RUNNER": "venv", "INPUT_DOCKER_ENGINE": "dind"}, "docker-engine"),
        ({"INPUT_RUNNER": "venv", "INPUT_RUNNER_IMAGE": "x"}, "runner-image"),
    ],
)
def test_contradictions_are_named(extra, named):
    (problem,) = problems_of({**COMPLETE, **extra})
    assert problem.startswith(f"{named}: ")


@pytest.mark.parametrize("name", ["main", "release/1.x", "v1.2.0", "a" * 40, "größe#1", "user@example", "2024-01"])
def test_a_base_is_whatever_git_takes_as_a_name(name):
    assert parse_inputs({**COMPLETE, "INPUT_BASE": f" {name} "}, event="push").base == name


def test_parameters_without_template_are_a_contradiction():
    env = {"INPUT_AIRFLOW_VERSION": "2.10.3", "INPUT_PARAMETERS": "p.json"}
    (problem,) = problems_of(env, event="pull_request")
    assert problem.startswith("parameters: ")


def test_tags_and_capabilities_are_lists():
    env = {
        **COMPLETE,
        "INPUT_STACK_TAGS": "team=data\nurl=a=b\n\n",
        "INPUT_CAPABILITIES": "CAPABILITY_IAM, CAPABILITY_AUTO_EXPAND",
    }
    inputs = parse_inputs(env, event="push")
    assert inputs.stack_tags == (("team", "data"), ("url", "a=b"))
    assert inputs.capabilities == ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")


@pytest.mark.parametrize(
    ("event", "mode"),
    [
        ("pull_request", Mode.PLAN),
        ("pull_request_target", Mode.PLAN),
        ("merge_group", Mode.PLAN),
        ("push", Mode.DEPLOY),
        ("schedule", Mode.DEPLOY),
        ("workflow_dispatch", Mode.DEPLOY),
    ],
)
def test_auto_plans_proposals_and_deploys_the_rest(event, mode):
    assert effective_mode(Mode.AUTO, event) is mode
    assert effective_mode(Mode.CHECK, event) is Mode.CHECK


def test_values_of_parameters_are_read_and_belong_to_a_template():
    given = {"INPUT_PARAMETER_VALUES": "MaxWorkers=5\n Subnets = a,b "}
    inputs = parse_inputs({**COMPLETE, **given}, event="push")
    assert inputs.parameter_values == (("MaxWorkers", "5"), ("Subnets", "a,b"))
    assert problems_of({**COMPLETE, **given, "INPUT_TEMPLATE": ""}, event="pull_request") == (
        "parameter-values: given without template, which they would belong to",
    )


ROLE = "arn:aws:iam::123456789012:role/mwaa-deploy"


def test_who_the_run_becomes_is_read():
    inputs = parse_inputs(COMPLETE, event="push")
    assert (inputs.role_chain, inputs.allowed_account_ids, inputs.role_session_name) == ((), (), "")
    assert inputs.role_duration_seconds == 3600

    given = {
        "INPUT_ROLE_CHAIN": f" {ROLE} \n\n{ROLE}-2",
        "INPUT_ALLOWED_ACCOUNT_IDS": "012345678901, 123456789012\n210987654321",
        "INPUT_ROLE_SESSION_NAME": "flows@main",
        "INPUT_ROLE_DURATION_SECONDS": "900",
    }
    inputs = parse_inputs({**COMPLETE, **given}, event="push")
    assert inputs.role_chain == (ROLE, f"{ROLE}-2")
    assert inputs.allowed_account_ids == ("012345678901", "123456789012", "210987654321")
    assert (inputs.role_session_name, inputs.role_duration_seconds) == ("flows@main", 900)


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("role-chain", f"{ROLE}\nmwaa-deploy", "'mwaa-deploy'"),
        ("allowed-account-ids", "123456789012 12345678901", "'12345678901'"),
        ("role-session-name", "octo/flows", "2 to 64 letters"),
        ("role-session-name", "é-1", "2 to 64 letters"),
        ("role-session-name", "x", "2 to 64 letters"),
        ("role-session-name", "x" * 65, "2 to 64 letters"),
        ("role-duration-seconds", "899", "from 900 to 43200"),
        ("role-duration-seconds", "43201", "from 900 to 43200"),
        ("role-duration-seconds", "1h", "from 900 to 43200"),
    ],
)
def test_what_sts_would_refuse_is_refused_at_once(name, value, named):
    (problem,) = problems_of({**COMPLETE, f"INPUT_{name.upper().replace('-', '_')}": value})
    assert problem.startswith(f"{name}: ")
    assert named in problem


def test_a_session_of_twelve_hours_is_read_but_not_for_chained_roles():
    long = {**COMPLETE, "INPUT_ROLE_DURATION_SECONDS": "43200"}
    assert parse_inputs(long, event="push").role_duration_seconds == 43_200

    (problem,) = problems_of({**long, "INPUT_ROLE_CHAIN": ROLE})
    assert problem.startswith("role-duration-seconds: 43200 is more than the 3600 that AWS gives chained roles")
    hour = {**COMPLETE, "INPUT_ROLE_DURATION_SECONDS": "3600", "INPUT_ROLE_CHAIN": ROLE}
    assert parse_inputs(hour, event="push").role_chain == (ROLE,)


def test_without_capabilities_the_default_of_the_action_counts():
    given = {**COMPLETE, "INPUT_CAPABILITIES": "CAPABILITY_IAM CAPABILITY_NAMED_IAM"}
    assert parse_inputs(COMPLETE, event="push") == parse_inputs(given, event="push")
