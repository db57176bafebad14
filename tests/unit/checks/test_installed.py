"""Asked for, shipped and installed, compared as sets."""

import json

import pytest

from mwaa_deploy.checks.installed import Installed, judge_installation, parse_installed
from mwaa_deploy.checks.requirement_lines import parse_requirements
from mwaa_deploy.checks.verdicts import Severity, Verdict

ENVIRONMENT = {"python_version": "3.11", "sys_platform": "linux"}
SHIPPED = {"apache-airflow": "2.10.3", "requests": "2.32.3", "urllib3": "2.2.3"}


def installed(packages: dict[str, str], requires: dict[str, list[str]] | None = None) -> Installed:
    listed = [
        {"name": name, "version": version, "requires": (requires or {}).get(name, [])}
        for name, version in packages.items()
    ]
    return parse_installed(json.dumps({"python": "3.11.9", "environment": ENVIRONMENT, "packages": listed}).encode())


def judge(text: str, after: Installed) -> list[Verdict]:
    return list(judge_installation(parse_requirements(text), installed(SHIPPED), after, file="r.txt"))


def outcome(verdicts: list[Verdict]) -> list[tuple[str, Severity, int | None]]:
    return [(v.subject, v.severity, v.location.line if v.location else None) for v in verdicts]


def test_what_was_asked_for_and_is_there_passes():
    assert outcome(judge("six==1.16.0\n", installed({**SHIPPED, "six": "1.16.0"}))) == [
        ("six==1.16.0", Severity.PASS, 1)
    ]


@pytest.mark.parametrize("after", [{}, {"six": "1.15.0"}])
def test_what_is_missing_or_of_another_version_fails_though_pip_ended_well(after):
    assert outcome(judge("\nsix==1.16.0\n", installed({**SHIPPED, **after}))) == [("six==1.16.0", Severity.FAIL, 2)]


def test_a_pre_release_that_was_asked_for_is_the_right_version():
    assert outcome(judge("six>=2.0b1\n", installed({**SHIPPED, "six": "2.0b2"}))) == [("six>=2.0b1", Severity.PASS, 1)]


def test_what_a_marker_rules_out_need_not_be_there():
    (verdict,) = judge("pywin32; sys_platform == 'win32'\n", installed(SHIPPED))

    assert verdict.severity is Severity.PASS
    assert "marker" in verdict.message


def test_a_changed_package_of_the_image_is_a_warning_at_the_line_that_asks_for_it():
    found = outcome(judge("six\nrequests==2.31.0\n", installed({**SHIPPED, "six": "1", "requests": "2.31.0"})))

    assert ("requests", Severity.WARN, 2) in found


def test_a_changed_airflow_fails():
    found = judge("six\n", installed({**SHIPPED, "six": "1", "apache-airflow": "2.9.0"}))

    assert ("apache-airflow", Severity.FAIL, None) in outcome(found)
    assert "from 2.10.3 to 2.9.0" in found[-1].message


def test_a_package_that_breaks_another_fails_at_its_line():
    after = installed({**SHIPPED, "urllib3": "1.26.0"}, {"requests": ["urllib3<3,>=2", "absent; extra == 'x'"]})

    found = judge("urllib3==1.26.0\n", after)

    assert outcome(found)[-1] == ("requests", Severity.FAIL, 1)
    assert found[-1].message == "requests 2.32.3 requires urllib3<3,>=2, but urllib3 1.26.0 is installed."


def test_what_was_broken_before_is_not_held_against_the_user():
    before = installed(SHIPPED, {"requests": ["nowhere"]})
    after = installed({**SHIPPED, "six": "1"}, {"requests": ["nowhere"]})

    found = judge_installation(parse_requirements("six\n"), before, after, file="r.txt")

    assert [verdict.severity for verdict in found] == [Severity.PASS]
    assert after.broken
