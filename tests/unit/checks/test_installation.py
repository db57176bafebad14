"""Asked for, shipped and installed, compared as sets."""

import pytest

from mwaa_deploy.checks.installation import judge_effort, judge_installation
from mwaa_deploy.checks.installed import Installed
from mwaa_deploy.checks.verdicts import Severity, Verdict
from tests.unit.checks.trees import at, installed, tree_of

SHIPPED = {"apache-airflow": "2.10.3", "requests": "2.32.3", "urllib3": "2.2.3"}
PASS, WARN, FAIL = Severity.PASS, Severity.WARN, Severity.FAIL


def judge(text: str, after: Installed, files: dict[str, str | bytes] | None = None) -> list[Verdict]:
    return list(judge_installation(tree_of(text, files), installed(SHIPPED), after))


def outcome(verdicts: list[Verdict]) -> list[tuple[str, Severity, int | None]]:
    return [(v.subject, v.severity, v.location.line if v.location else None) for v in verdicts]


def test_what_was_asked_for_and_is_there_passes():
    assert outcome(judge("six==1.16.0\n", installed({**SHIPPED, "six": "1.16.0"}))) == [("six==1.16.0", PASS, 1)]


@pytest.mark.parametrize("after", [{}, {"six": "1.15.0"}])
def test_what_is_missing_or_of_another_version_fails_though_pip_ended_well(after):
    assert outcome(judge("\nsix==1.16.0\n", installed({**SHIPPED, **after}))) == [("six==1.16.0", FAIL, 2)]


def test_what_a_marker_rules_out_need_not_be_there():
    (verdict,) = judge("pywin32; sys_platform == 'win32'\n", installed(SHIPPED))

    assert verdict.severity is PASS
    assert "marker" in verdict.message


def test_a_line_of_an_included_file_is_judged_where_it_is():
    files: dict[str, str | bytes] = {"dags/more.txt": "\nsix\n"}

    (verdict,) = judge("-r /usr/local/airflow/dags/more.txt\n", installed(SHIPPED), files)

    assert (verdict.severity, at(verdict)) == (FAIL, ("dags/more.txt", 2))


@pytest.mark.parametrize(("version", "word"), [("2.31.0", "downgraded"), ("3.0", "upgraded"), ("1!0", "upgraded")])
def test_a_changed_package_of_the_image_is_a_warning_at_the_line_that_asks_for_it(version, word):
    found = judge(f"six\nrequests=={version}\n", installed({**SHIPPED, "six": "1", "requests": version}))

    (changed,) = [verdict for verdict in found if verdict.severity is WARN]
    assert at(changed) == ("requirements.txt", 2)
    assert f"was {word} from 2.32.3 to {version}" in changed.message


def test_a_changed_package_is_traced_to_the_line_that_brought_the_change_about():
    requires = {
        "pandas-gbq": ["google-cloud-bigquery<4", "requests"],
        "google-cloud-bigquery": ["urllib3<2; python_version >= '3'"],
        "requests": ["urllib3"],
    }
    after = {**SHIPPED, "pandas-gbq": "0.17", "google-cloud-bigquery": "3", "urllib3": "1.26"}

    found = judge("requests\n\npandas-gbq==0.17  # why\n", installed(after, requires))

    (changed,) = [verdict for verdict in found if verdict.severity is WARN]
    assert at(changed) == ("requirements.txt", 3)
    assert changed.message.endswith(
        "was downgraded from 2.2.3 to 1.26 by this installation: line 3 asks for pandas-gbq==0.17, which needs "
        "google-cloud-bigquery<4, which needs urllib3<2; urllib3 was 2.2.3."
    )


def test_a_chain_follows_the_extra_that_was_asked_for():
    requires = {"six": ["other; extra == 'more'"], "other": ["urllib3<2"]}
    after = installed({**SHIPPED, "six": "1", "other": "1", "urllib3": "1.26"}, requires)

    with_extra, without = (
        [at(v) for v in judge(text, after) if v.severity is WARN] for text in ("\nsix[more]\n", "\nsix\n")
    )

    assert with_extra == [("requirements.txt", 2)]
    assert without == [("requirements.txt", None)]


def test_needs_that_go_round_in_a_circle_come_to_an_end():
    after = installed({**SHIPPED, "a": "1", "b": "1", "urllib3": "1"}, {"a": ["b"], "b": ["a", "urllib3<2"]})

    assert [at(v) for v in judge("a\n", after) if v.severity is WARN] == [("requirements.txt", 1)]


def test_a_changed_airflow_fails():
    found = judge("six\n", installed({**SHIPPED, "six": "1", "apache-airflow": "2.9.0"}))

    assert ("apache-airflow", FAIL, None) in outcome(found)
    assert "from 2.10.3 to 2.9.0" in found[-1].message


def test_a_removed_package_is_named():
    found = judge("six\n", installed({"apache-airflow": "2.10.3", "urllib3": "2.2.3", "six": "1"}))

    assert "requests, which the MWAA image brings along, 2.32.3 was removed" in found[-1].message


def test_a_package_that_breaks_another_fails_at_its_line():
    after = installed({**SHIPPED, "urllib3": "1.26.0"}, {"requests": ["urllib3<3,>=2", "absent; extra == 'x'"]})

    found = judge("urllib3==1.26.0\n", after)

    assert outcome(found)[-1] == ("requests", FAIL, 1)
    assert found[-1].message == (
        "requests 2.32.3 requires urllib3<3,>=2, but urllib3 1.26.0 is installed: line 1 asks for urllib3==1.26.0."
    )


def test_the_line_that_changed_something_is_blamed_rather_than_one_that_did_not():
    after = installed({**SHIPPED, "urllib3": "1.26.0"}, {"requests": ["urllib3>=2"]})

    assert outcome(judge("requests\nurllib3==1.26.0\n", after))[-1] == ("requests", FAIL, 2)


def test_a_new_package_that_does_not_fit_is_blamed_rather_than_what_was_there():
    after = installed({**SHIPPED, "new": "1", "middle": "1"}, {"middle": ["new"], "new": ["urllib3<2"]})

    found = judge("urllib3\nmiddle\n", after)

    assert outcome(found)[-1] == ("new", FAIL, 2)
    assert found[-1].message.endswith("line 2 asks for middle, which needs new.")


def test_what_was_broken_before_is_not_held_against_the_user():
    before = installed(SHIPPED, {"requests": ["nowhere"]})
    after = installed({**SHIPPED, "six": "1"}, {"requests": ["nowhere"]})

    found = judge_installation(tree_of("six\n"), before, after)

    assert [verdict.severity for verdict in found] == [PASS]
    assert after.broken


@pytest.mark.parametrize(
    ("seconds", "added", "words"),
    [
        (323, 10**9, []),
        (324, 0, ["5.4 minutes"]),
        (0, 10**9 + 1, ["1.0 GB"]),
        (539, 3 * 10**9, ["9.0 minutes", "3.0 GB"]),
    ],
)
def test_an_installation_that_nears_a_limit_is_warned_about(seconds, added, words):
    found = list(judge_effort(seconds=seconds, limit=540, added=added, file="r.txt"))

    assert [verdict.severity for verdict in found] == [WARN] * len(words)
    assert all(word in verdict.message for word, verdict in zip(words, found, strict=True))


EXTRAS = {
    "six": ["other>=2; extra == 'more'", "urllib3", "deep[inner]; extra == 'all'", "six[more]; extra == 'self'"],
    "deep": ["inside; extra == 'inner'"],
}


@pytest.mark.parametrize(
    ("asked", "there", "words"),
    [
        ("six[more]", {}, "[more] needs other>=2, which is not installed"),
        ("six[more]", {"other": "1"}, "[more] needs other>=2, and 1 is installed"),
        ("six[all]", {"deep": "1"}, "[inner] needs inside, which is not installed"),
        ("six[self]", {}, "[more] needs other>=2, which is not installed"),
    ],
)
def test_what_an_extra_needs_has_to_be_there_too(asked, there, words):
    found = judge(f"{asked}\n", installed({**SHIPPED, "six": "1", **there}, EXTRAS))

    assert [(v.severity, words in v.message) for v in found if v.subject == asked] == [(FAIL, True)]


def test_extras_whose_packages_are_all_there_pass():
    after = installed({**SHIPPED, "six": "1", "other": "2", "deep": "1", "inside": "1"}, EXTRAS)

    assert {v.severity for v in judge("six[more,all,self,unknown]\n", after)} == {PASS}
