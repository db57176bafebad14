"""How MWAA calls pip."""

from pathlib import PurePosixPath

import pytest

from mwaa_deploy.checks.pins import Pins, parse_pins
from mwaa_deploy.checks.pip_command import find_held, judge_held, pip_command
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.ports import RunnerFamily

ETC, OWN = PurePosixPath("/home/.local/etc"), PurePosixPath("/home/.own")
FILE = PurePosixPath("/home/requirements/requirements.txt")
TEXTS = {
    f"{ETC}/mwaa_essential_constraints.txt": "celery==5\n",
    f"{ETC}/airflow_constraints.txt": "celery==5\nsix==1\n",
}
PINS = parse_pins("celery==6\n", "celery==6\n")
PIP = ("python", "-m", "pip", "install")
OURS, IMAGES, LOCAL, OTHER = (
    RunnerFamily.OURS,
    RunnerFamily.MWAA_IMAGES,
    RunnerFamily.LOCAL_RUNNER,
    RunnerFamily.OTHER,
)


def held(texts: dict[str, str], pins: Pins, version: str = "2.10.3"):
    return find_held(texts, pins, airflow_version=version, etc=ETC, own=OWN)


def command(family: RunnerFamily, texts: dict[str, str], pins: Pins, text: str = "six\n", version: str = "2.10.3"):
    return pip_command(family, held(texts, pins, version), python="python", file=FILE, text=text)


def added(folder: PurePosixPath, *, forced: bool) -> tuple[str, ...]:
    last = ("-c", f"{folder}/airflow_constraints.txt") if forced else ()
    return ("--constraint", f"{folder}/mwaa_essential_constraints.txt", "-r", str(FILE), *last)


@pytest.mark.parametrize("family", [OURS, OTHER])
@pytest.mark.parametrize(("text", "forced"), [("six\n", True), ("-c x\n", False), ("# -c off\n", False)])
def test_both_constraint_files_of_the_runner_are_given_to_pip(family, text, forced):
    found = command(family, TEXTS, PINS, text)

    assert (found.argv, found.instead) == ((*PIP, *added(ETC, forced=forced)), ())


def test_an_image_of_mwaa_has_its_own_command_used():
    found = command(IMAGES, TEXTS, PINS)

    assert found.instead == ("safe-pip-install", "-r", str(FILE), "-c", f"{ETC}/airflow_constraints.txt")
    assert found.argv == (*PIP, *added(ETC, forced=True))


def test_the_local_runner_installs_for_its_user_and_our_pins_tell_what_mwaa_would_do():
    found = command(LOCAL, {}, PINS)

    assert (found.argv, found.instead) == ((*PIP, "--user", *added(OWN, forced=True)), ())
    assert held({}, PINS).made == {
        OWN / "mwaa_essential_constraints.txt": b"celery==6\n",
        OWN / "airflow_constraints.txt": b"celery==6\n",
    }


def test_without_any_constraints_pip_is_left_alone():
    assert command(LOCAL, {}, Pins()).argv == (*PIP, "--user", "-r", str(FILE))


@pytest.mark.parametrize("version", ["2.4.3", "2.6.3", "2.7.1"])
def test_an_old_airflow_gets_no_constraints(version):
    assert command(OURS, TEXTS, PINS, version=version).argv == (*PIP, "-r", str(FILE))


@pytest.mark.parametrize(
    ("texts", "pins", "version", "expected"),
    [
        (TEXTS, Pins(), "2.10.3", []),
        ({}, PINS, "2.10.3", [Severity.PASS]),
        ({}, Pins(), "2.10.3", [Severity.WARN]),
        ({}, Pins(), "2.6.3", []),
    ],
)
def test_it_is_said_where_the_constraints_come_from(texts, pins, version, expected):
    found = judge_held(held(texts, pins, version), text="six\n", file="r.txt")

    assert [verdict.severity for verdict in found] == expected
    assert all("as the file states none" in verdict.message for verdict in found)


def test_the_runners_own_constraints_are_the_pins():
    assert held(TEXTS, PINS).pins.forced == {"celery": "5", "six": "1"}


@pytest.mark.parametrize(
    ("text", "official", "version", "files"),
    [
        ("six\n", False, "2.10.3", 2),
        ("-c x\n", False, "2.10.3", 1),
        ("-c x\n", True, "2.10.3", 2),
        ("six\n", False, "2.6.3", 0),
        ("-c x\n", True, "2.6.3", 1),
    ],
)
def test_the_constraints_that_hold_are_known(text, official, version, files):
    assert len(held(TEXTS, PINS, version).applied(text, official=official)) == files
