"""What docs/on-trust.md takes on trust, and what confirms it: each names the other."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from confirm.catalogue import CONFIRMATIONS
from confirm.finding import Confirmation, DoesNotHold, Finding, Verdict
from confirm.github import subjects
from confirm.report import count, line, markdown
from confirm.run import confirm_all
from mwaa_deploy.bundle.document import load_document
from mwaa_deploy.errors import AwsUnavailable, ChangeSetFailed
from mwaa_deploy.inputs import Mode, parse_inputs
from tests.fakes.clock import FakeClock

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/on-trust.md").read_text(encoding="utf-8")
IDS = {confirmation.id for confirmation in CONFIRMATIONS}
WORKFLOW: Any = yaml.safe_load((ROOT / ".github/workflows/confirm-on-aws.yml").read_text(encoding="utf-8"))
STEPS: list[Any] = WORKFLOW["jobs"]["confirm"]["steps"]
STEP_IDS = {step["id"] for step in STEPS if "id" in step} - {"confirm"}
ACTIONS = [step for step in STEPS if step.get("uses") == "./"]
ROWS = [row.strip("| ").split(" | ") for row in re.findall(r"^\|.*\|$", PAGE, re.MULTILINE)][2:]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:50])
def test_every_row_has_its_source_and_what_confirms_it_or_why_nothing_does(row):
    """A new row names a confirmation or a step of the workflow, or says "no: " and why."""
    assert len(row) == 4
    _, source, _, confirmed = row
    named = re.findall(r"`([^`]+)`", confirmed)
    assert re.search(r"https://|the same page|NTP", source)
    assert set(named) <= IDS | STEP_IDS
    assert named or re.fullmatch(r"no: .{8,}", confirmed)


@pytest.mark.parametrize("confirmation", CONFIRMATIONS, ids=lambda confirmation: confirmation.id)
def test_every_confirmation_is_named_by_its_row(confirmation):
    rows = [row for row in ROWS if row[0].startswith(confirmation.row)]

    assert len(rows) == 1
    assert f"`{confirmation.id}`" in rows[0][3]


def test_every_confirmation_has_an_id_of_its_own_and_every_step_confirms_something():
    assert len(IDS) == len(CONFIRMATIONS)
    assert {name for name in STEP_IDS if f"`{name}`" not in PAGE} == {"drift"}


def test_the_output_that_is_shown_is_of_confirmations_that_there_are():
    shown = re.findall(r"^(?:confirmed|DOES NOT HOLD|not tried) +([\w-]+) ", PAGE, re.MULTILINE)

    assert len(shown) == 3
    assert set(shown) <= IDS


@pytest.mark.parametrize("step", ACTIONS, ids=lambda step: step["id"])
def test_every_step_gives_inputs_that_are_taken(step):
    known = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    samples = {
        "stack-name": "mwaa-confirm",
        "bucket": "my-mwaa-bucket",
        "region": "eu-west-1",
        "role": "arn:aws:iam::123456789012:role/a",
        "stack-role": "arn:aws:iam::123456789012:role/b",
    }
    assert samples.keys() | {"update-by-api"} == WORKFLOW[True]["workflow_dispatch"]["inputs"].keys()  # YAML 1.1's "on"
    given = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: samples[m[1]], v) for name, v in step["with"].items()
    }

    inputs = parse_inputs(
        {f"INPUT_{name.upper().replace('-', '_')}": value for name, value in given.items()}, event="workflow_dispatch"
    )

    assert given.keys() <= known.keys()
    assert inputs.mode in {Mode.DEPLOY, Mode.ROLLBACK, Mode.DRIFT}
    assert inputs.target_name == "mwaa-confirm"  # one lock and one record for all of them


def test_the_policy_names_what_is_made_and_nothing_else():
    document: Any = load_document((ROOT / "infra/confirm.yaml").read_text(encoding="utf-8"))
    (policy,) = document["Resources"].values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]

    assert [action for entry in statements for action in [entry["Action"]] if "*" in str(action)] == []
    resources = {entry["Sid"]: str(entry["Resource"]) for entry in statements}
    assert "environment/${EnvironmentName}" in resources.pop("ConfirmUpdate")
    assert [name for name, resource in resources.items() if "/mwaa-deploy-confirm" not in resource] == []


@pytest.mark.parametrize("path", sorted((ROOT / "confirm").glob("*.py")), ids=lambda path: path.name)
def test_no_file_is_too_long_to_be_read_in_one_go(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 250


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ("", ("repo:octo/flows:ref:refs/heads/main", "repo:octo@12/flows@34:ref:refs/heads/main")),
        ("staging", ("repo:octo/flows:environment:staging", "repo:octo@12/flows@34:environment:staging")),
    ],
)
def test_a_subject_has_the_repository_by_name_or_with_ids(environment, expected):
    env = {
        "GITHUB_REPOSITORY": "octo/flows",
        "GITHUB_REPOSITORY_OWNER_ID": "12",
        "GITHUB_REPOSITORY_ID": "34",
        "GITHUB_REF": "refs/heads/main",
    }

    assert subjects(env, environment=environment) == expected


def _confirmation(error: Exception | None = None) -> Confirmation:
    def look(_: object) -> str:
        if error:
            raise error
        return "seen"

    return Confirmation(id="one", row="a row", look=look)


class _Account:
    clock = FakeClock()


@pytest.mark.parametrize(
    ("error", "verdict", "told"),
    [
        (None, Verdict.CONFIRMED, "seen"),
        (DoesNotHold("something else"), Verdict.FAILED, "something else"),
        (AwsUnavailable("AWS did not answer"), Verdict.NOT_TRIED, "AWS did not answer"),
        (ChangeSetFailed("It could not be made"), Verdict.FAILED, "ChangeSetFailed: It could not be made"),
        (KeyError("Environment"), Verdict.FAILED, "KeyError: 'Environment'"),
    ],
)
def test_one_that_goes_wrong_does_not_keep_the_others_from_being_tried(error, verdict, told):
    heard: list[Finding] = []

    findings = confirm_all([_confirmation(error), _confirmation()], _Account(), heard.append)  # type: ignore[arg-type]

    assert heard == list(findings)
    assert [(finding.verdict, finding.told) for finding in findings] == [(verdict, told), (Verdict.CONFIRMED, "seen")]


def test_what_others_say_is_neither_a_line_nor_markup_of_its_own():
    found = [Finding(confirmation=_confirmation(), verdict=Verdict.FAILED, told="a\n::error::b | <img>")]

    assert line(found[0]) == "DOES NOT HOLD  one (0.0 s): a ::error::b | <img>"
    assert markdown(found, ()).count("\n| ") == 3
    assert "<img>" not in markdown(found, ())
    assert count(found) == "0 confirmed, 1 DOES NOT HOLD, 0 not tried"
