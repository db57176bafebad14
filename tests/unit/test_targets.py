"""Sections of mwaa-deploy.yml: what they say counts as if the inputs had said it, and an input that is given wins."""

import dataclasses
import re
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mwaa_deploy.bundle.document import load_document
from mwaa_deploy.config import Config, parse_config, read_config
from mwaa_deploy.config_targets import NOT_OF_A_TARGET, target_keys
from mwaa_deploy.errors import ConfigInvalid, InputsInvalid
from mwaa_deploy.inputs import ConfigLocation, DeployWith, Inputs, Mode, VerifyKind, parse_inputs
from mwaa_deploy.inputs_reader import variable
from mwaa_deploy.targets import source_of, with_section

ROOT = Path(__file__).parents[2]
TARGETS = """\
airflow-version: 2.10.3
targets:
  staging:
    stack-name: mwaa-staging
    template: infra/template.yaml
    parameters: infra/parameters/staging.json
    bucket: my-mwaa-staging
    aws-region: eu-west-1
    role-to-assume: arn:aws:iam::123456789012:role/staging
    verify: live
    max-deletions: 7
    rollback-on-failure: true
    nested-stacks: 'true'
    smoke-dags: [one, two]
    protected-prefixes: theirs
    stack-tags: {team: data, cost centre: 7}
    parameter-values: {MaxWorkers: 5, Paused: true}
  production:
    airflow-version: 2.9.2
    stack-name: mwaa-production
    template: infra/template.yaml
    bucket: my-mwaa-production
    promote-from: staging
    stack-tags: [team=data]
  terraform:
    deploy-with: environment-api
    environment-name: orders
    bucket: orders-mwaa
    bucket-owner: 012345678901
    aws-region: eu-central-1
"""


def config_of(text: str) -> Config:
    parsed = parse_config(load_document(text), root=ROOT, workspace=ROOT)
    return dataclasses.replace(parsed, file=ROOT / "mwaa-deploy.yml")


def read(text: str = TARGETS, event: str = "push", **given_inputs: str) -> Inputs:
    config = config_of(text)
    env = {variable(name): value for name, value in given_inputs.items()}
    return parse_inputs(with_section(env, config), event=event, airflow_version=config.airflow_version)


def refused(text: str = TARGETS, **given_inputs: str) -> tuple[str, ...]:
    with pytest.raises(InputsInvalid) as caught:
        read(text, **given_inputs)
    return caught.value.problems


def problems(section: str) -> list[tuple[int, str]]:
    with pytest.raises(ConfigInvalid) as caught:
        config_of(f"targets:\n  staging:\n{section}")
    return list(caught.value.problems)


def test_a_section_says_what_inputs_would_say():
    found = read(environment="staging")
    assert found == Inputs(
        environment="staging",
        airflow_version="2.10.3",
        stack_name="mwaa-staging",
        template="infra/template.yaml",
        parameters="infra/parameters/staging.json",
        bucket="my-mwaa-staging",
        aws_region="eu-west-1",
        role_to_assume="arn:aws:iam::123456789012:role/staging",
        verify=VerifyKind.LIVE,
        max_deletions=7,
        rollback_on_failure=True,
        nested_stacks=True,
        smoke_dags=("one", "two"),
        protected_prefixes=("theirs",),
        stack_tags=(("team", "data"), ("cost centre", "7")),
        parameter_values=(("MaxWorkers", "5"), ("Paused", "true")),
    )
    assert read(environment="terraform").deploy_with is DeployWith.ENVIRONMENT_API
    assert read(environment="terraform").bucket_owner == "012345678901"
    assert read(environment="production", aws_region="eu-west-1").stack_tags == (("team", "data"),)


def test_an_input_that_is_given_wins_also_with_its_default():
    given_inputs = {"max_deletions": "9", "verify": "auto", "rollback_on_failure": "false", "bucket": " "}
    found = read(environment="staging", **given_inputs)
    assert (found.max_deletions, found.verify, found.rollback_on_failure) == (9, VerifyKind.AUTO, False)
    assert found.bucket == "my-mwaa-staging"


def test_the_airflow_version_of_a_section_comes_before_that_of_the_file():
    assert read(environment="production", aws_region="eu-west-1").airflow_version == "2.9.2"


def test_no_section_counts_unless_it_is_named():
    assert read(event="pull_request") == Inputs(airflow_version="2.10.3")


def test_a_name_that_is_not_there_is_refused_with_those_that_are():
    (problem,) = refused(environment="stagign")
    assert problem == (
        "environment: there is no section 'stagign': "
        "under targets of mwaa-deploy.yml there are production, staging, terraform"
    )
    assert "mwaa-deploy.yml has no targets" in refused("airflow-version: 2.10.3\n", environment="staging")[0]
    (promoted,) = refused(environment="terraform", promote_from="stagign")
    assert promoted.startswith("promote-from: there is no section 'stagign'")
    with pytest.raises(InputsInvalid, match="a checkout step must come before"):
        with_section({"INPUT_ENVIRONMENT": "staging"}, Config())


def test_nothing_is_promoted_from_a_section_that_does_not_say_where_it_is():
    text = TARGETS.replace("    bucket: my-mwaa-staging\n", "")
    assert refused(text, environment="production", aws_region="eu-west-1") == (
        "promote-from: targets.staging of mwaa-deploy.yml lacks bucket",
    )
    assert refused(environment="staging", promote_from="staging") == ("promote-from: 'staging' is the target itself",)


def test_the_source_has_its_own_role_and_region_else_those_of_the_run():
    config, role = config_of(TARGETS), "arn:aws:iam::123456789012:role/production"
    inputs = read(environment="production", aws_region="eu-west-3", role_to_assume=role)
    source = source_of(inputs, config)
    assert (source.target_name, source.bucket, source.aws_region) == ("mwaa-staging", "my-mwaa-staging", "eu-west-1")
    assert source.role_to_assume == "arn:aws:iam::123456789012:role/staging"

    source = source_of(dataclasses.replace(inputs, promote_from="production"), config)
    assert (source.aws_region, source.role_to_assume) == ("eu-west-3", role)


@pytest.mark.parametrize(
    ("section", "line", "words"),
    [
        ("    stak-name: a\n", 3, "targets.staging.stak-name is not known here; there are airflow-version, "),
        ("    mode: check\n", 3, "targets.staging.mode is not known here"),
        ("    bucket: b\n    stack-name: a b\n", 3, "targets.staging.bucket: 'b' is not a bucket's name"),
        ("    verify: loud\n", 3, "targets.staging.verify: 'loud' is not one of auto, live, versions"),
        ("    max-deletions: many\n", 3, "targets.staging.max-deletions: 'many' is not a whole number"),
        ("    force-me: 1\n", 3, "not known here"),
        ("    nested-stacks: sometimes\n", 3, "targets.staging.nested-stacks: 'sometimes' is neither true nor false"),
        ("    stack-tags: [team]\n", 3, "targets.staging.stack-tags: 'team' is not of the form key=value"),
        ("    stack-tags: {team: [a]}\n", 3, "targets.staging.stack-tags.team takes text"),
        ("    smoke-dags: {a: b}\n", 3, "targets.staging.smoke-dags takes a list of texts"),
        ("    bucket: [a]\n", 3, "targets.staging.bucket takes text"),
        ("    promote-from: staging\n", 3, "takes the name of another section, not 'staging'; there are none"),
        ("  a b: {}\n", 3, "targets: 'a b' is no name"),
        ("    - x\n", 2, "targets.staging takes keys with values, not a list"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_line_whichever_section_is_used(section, line, words):
    found = problems(section)
    assert found[0][0] == line, found
    assert words in found[0][1]


def test_the_keys_of_a_section_are_the_inputs_about_a_target_without_defaults_that_would_come_first():
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    assert target_keys().keys() | NOT_OF_A_TARGET == action.keys()
    assert not target_keys().keys() & NOT_OF_A_TARGET
    # GitHub hands a default over as if it had been given, and what is given wins over the section.
    assert [name for name in target_keys() if "default" in action[name]] == []


def test_what_the_documentation_shows_is_taken():
    text = (ROOT / "docs" / "targets.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (shown,) = [block for block in blocks if "targets:" in block]
    steps = [yaml.safe_load(block)[-1]["with"] for block in blocks if block.startswith("- uses")]
    assert [step["environment"] for step in steps] == ["staging", "production"]
    for step in steps:
        assert read(shown, **{name.replace("-", "_"): value for name, value in step.items()}).names_target


@given(st.dictionaries(st.sampled_from(sorted(target_keys())), st.text(max_size=12)))
def test_whatever_a_section_says_is_read_or_refused(texts):
    with suppress(ConfigInvalid):
        config = config_of(yaml.safe_dump({"targets": {"t": texts}}))
        assert with_section({"INPUT_ENVIRONMENT": "t"}, config).keys() <= {variable(k) for k in (*texts, "environment")}


def test_the_program_takes_the_section_that_is_named(tmp_path):
    (tmp_path / "mwaa-deploy.yml").write_text(TARGETS, encoding="utf-8")
    config = read_config(tmp_path, ConfigLocation())
    env = with_section({"INPUT_ENVIRONMENT": "staging", "INPUT_MODE": "drift"}, config)
    assert parse_inputs(env, event="schedule").mode is Mode.DRIFT
