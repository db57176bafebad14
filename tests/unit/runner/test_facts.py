"""How a runner differs from MWAA."""

import subprocess
import sys
from dataclasses import replace

import pytest

from mwaa_deploy.ports import RunnerFamily
from mwaa_deploy.runner.facts import PROBE, Facts, describe_container, differences, parse_facts, probe_command
from mwaa_deploy.runner.unit_test_tools import digest_of_lock

AS_MWAA = Facts(
    airflow="2.10.3",
    python="3.11.9",
    executable="/usr/local/bin/python3",
    home="/usr/local/airflow",
    system="Amazon Linux 2023.6",
    psycopg2="2.9.12",
    uid=1000,
    gid=1000,
    database=True,
    family=RunnerFamily.MWAA_IMAGES,
    pip="24.0",
    constraints="/usr/local/airflow/.local/etc/airflow_constraints.txt",
    essential_constraints="/usr/local/airflow/.local/etc/mwaa_essential_constraints.txt",
    supervisor_python="/usr/local/bin/python3.11",
)


def of(facts: Facts) -> str:
    return "\n".join(differences(facts, mwaa_python="3.11.9"))


def test_an_image_of_mwaas_differs_in_its_database_alone():
    assert of(AS_MWAA) == "The metadata database is an empty SQLite file; MWAA's is PostgreSQL."


def test_another_patch_of_python_is_named():
    assert "Python is 3.11.2; MWAA's is 3.11.9." in of(replace(AS_MWAA, python="3.11.2"))


def test_the_python_of_an_unknown_version_is_not_judged():
    found = differences(replace(AS_MWAA, python="3.14.0"), mwaa_python=None)
    assert not any("Python" in sentence for sentence in found)


def test_another_system_is_named():
    assert "System libraries are those of Debian GNU/Linux 12" in of(replace(AS_MWAA, system="Debian GNU/Linux 12"))


@pytest.mark.parametrize(
    ("airflow", "system", "said"),
    [
        ("2.6.3", "Debian GNU/Linux 12", "of Debian GNU/Linux 12; MWAA's containers run Amazon Linux 2."),
        ("2.7.2", "Debian GNU/Linux 12", "of Debian GNU/Linux 12; MWAA's containers run Amazon Linux 2023."),
        ("2.6.3", "Amazon Linux 2023.6", "of Amazon Linux 2023.6; MWAA's containers run Amazon Linux 2."),
        ("2.7.2", "Amazon Linux 2", "of Amazon Linux 2; MWAA's containers run Amazon Linux 2023."),
        ("2.6.3", "Amazon Linux 2", ""),
        ("2.7.2", "Amazon Linux 2023.6", ""),
    ],
)
def test_the_system_is_compared_with_that_of_the_same_airflow_on_mwaa(airflow, system, said):
    found = of(replace(AS_MWAA, airflow=airflow, system=system))

    assert ("System libraries" in found) is bool(said)
    assert said in found


def test_what_our_own_packages_lack_is_named():
    found = of(replace(AS_MWAA, psycopg2=None, family=RunnerFamily.OURS))
    assert "psycopg2-binary" in found
    assert "constraint file" in found


def test_a_missing_database_is_named():
    assert "The metadata database is missing" in of(replace(AS_MWAA, database=False))


def test_a_local_runner_is_named_with_what_it_does_not_enforce():
    facts = replace(AS_MWAA, family=RunnerFamily.LOCAL_RUNNER, essential_constraints=None)
    assert describe_container("my/image:1", facts) == (
        "container my/image:1 (an image of aws-mwaa-local-runner), Airflow 2.10.3, Python 3.11.9"
    )
    assert "only warns where requirements name no constraints" in of(facts)
    assert "lacks the constraints that MWAA applies on top" in of(facts)


def test_an_image_of_nobody_known_is_told_apart():
    facts = replace(AS_MWAA, family=RunnerFamily.OTHER, constraints=None, essential_constraints=None, pip=None)
    assert "neither MWAA's nor ours" in describe_container("x", facts)
    for said in ("neither one of MWAA's nor ours", "brings no constraint file", "has no pip"):
        assert said in of(facts)


def test_our_own_image_needs_no_words_but_its_name():
    facts = replace(AS_MWAA, family=RunnerFamily.OURS)
    assert describe_container("ours:1", facts) == "container ours:1, Airflow 2.10.3, Python 3.11.9"


def test_what_the_kind_of_runner_adds_comes_first():
    found = differences(AS_MWAA, mwaa_python="3.11.9", more=["It stands elsewhere."])
    assert found[0] == "It stands elsewhere."


def test_the_probe_tells_of_the_python_it_runs_in():
    printed = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True).stdout
    facts = parse_facts(f"a banner\n{printed}")
    assert (facts.executable, facts.airflow) == (sys.executable, None)
    assert facts.python == "{}.{}.{}".format(*sys.version_info[:3])


@pytest.mark.parametrize(
    ("marker", "changeable", "counts"),
    [
        ("{digest}  -", False, True),
        ("{digest}", False, True),
        ("{digest}", True, False),
        ("0" * 64, False, False),
        ("", False, False),
        (None, False, False),
    ],
)
def test_tools_count_if_their_lock_is_the_wanted_one_and_nobody_can_change_them(tmp_path, marker, changeable, counts):
    if marker is not None:
        (tmp_path / "lock.sha256").write_text(marker.format(digest=digest_of_lock()) + "\n")
    python, option, code, *arguments = probe_command(sys.executable, str(tmp_path))
    # Root may write anywhere.
    code = f"import os\nos.access = lambda *_: {changeable}\n{code}"
    printed = subprocess.run([python, option, code, *arguments], capture_output=True, text=True, check=True).stdout
    assert parse_facts(printed).test_tools == (str(tmp_path) if counts else None)


@pytest.mark.parametrize(
    ("printed", "said"), [("", "nothing was printed"), ("python3: not found", "not found"), ("{}", "{}"), ("3", "3")]
)
def test_a_probe_that_did_not_run_is_told_from_one_that_did(printed, said):
    with pytest.raises(ValueError, match=said):
        parse_facts(printed)
