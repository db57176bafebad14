"""The same good project and the same broken ones in every kind of runner and every Airflow that MWAA has had lately.

What is broken stands in the tables of the tests beside this one; here it is only asked whether each kind is red at its
file and line wherever it is checked. In one runner all kinds are judged one after the other, so that a runner is opened
once.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from mwaa_deploy.checks.constraint_source import HttpConstraints
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.pins import parse_pins
from mwaa_deploy.checks.requirements import check_requirements
from mwaa_deploy.checks.startup_script import check_startup_script
from mwaa_deploy.checks.verdicts import CheckReport
from mwaa_deploy.inputs import Inputs, RunnerKind
from mwaa_deploy.ports import Runner, RunnerFamily
from mwaa_deploy.runner.choose import open_runner
from mwaa_deploy.runner.packages import find_packages, images_folder
from mwaa_deploy.source.project import Project
from tests.fakes.log import FakeLog
from tests.fixtures.runner import base_image, our_environment
from tests.fixtures.standin_images import standin_image
from tests.integration.checks import test_broken_dags, test_broken_requirements, test_broken_tests, test_startup_scripts
from tests.integration.checks.conftest import check, laid_out, open_venv, places, run_unit_tests
from tests.integration.checks.dag_checks import judge_dags_of, write
from tests.integration.checks.test_good_project import example
from tests.integration.runner.test_standins import UNRESOLVABLE

VERSIONS = ("2.9.2", "2.10.3", "2.11.2", "3.0.6", "3.3.1")
IN_CONTAINERS = ("2.9.2", "2.10.3")
"""Those whose Python the base image for tests has."""

REQUIREMENTS = (
    "an invalid line",
    "an unknown option",
    "another Airflow",
    "a file that is not there",
    "constraints that are not there",
    "a package that there is not",
    "a version that there is not",
)
TESTS: Mapping[tuple[str, int], str] = {
    ("dags/d.py", 7): "a test that fails in a DAG file",
    ("plugins/ours.py", 2): "a test that fails in a plugin",
    ("tests/test_net.py", 4): "a test that reaches for the network",
    ("tests/test_py.py", 9): "a fixture that fails afterwards",
    ("tests/test_py.py", 17): "an assertion",
    ("tests/test_py.py", 24): "a fixture that there is not",
    ("tests/test_py.py", 29): "a test that exits",
    ("tests/test_unit.py", 11): "an assertion of unittest",
    ("tests/testhalf.py", 4): "a test that unittest alone would find",
}
GREEN_ELSEWHERE = "what an image's own command lets pass"
"""See tests/integration/runner/test_standins.py."""
CRASH = "os._exit in a test"
OF_LATER_PYTHON = "syntax_of_later.py"

Place = tuple[str, int | None]


@dataclass(frozen=True)
class Spot:
    """A kind of runner with one version of Airflow in it; no family is the virtual environment."""

    version: str
    family: RunnerFamily | None = None

    def __str__(self) -> str:
        return f"{self.family or 'venv'}-{self.version}"

    @property
    def minor(self) -> str:
        """Of its Python, as in '3.11'."""
        return find_packages(images_folder({}), self.version).python_minor

    @contextmanager
    def open(self) -> Iterator[Runner]:
        with self._opened() as runner:
            assert runner.family is (self.family or RunnerFamily.OURS)
            yield runner

    def _opened(self) -> AbstractContextManager[Runner]:
        if self.family is None:
            return open_venv(self.version)
        image = "" if self.family is RunnerFamily.OURS else standin_image(self.family, self.version)
        inputs = Inputs(airflow_version=self.version, runner=RunnerKind.CONTAINER, runner_image=image)
        return open_runner(inputs, our_environment(MWAA_DEPLOY_BASE_IMAGE=base_image()), FakeLog())


SPOTS = [
    *(pytest.param(Spot(version), id=str(Spot(version))) for version in VERSIONS),
    *(
        pytest.param(Spot(version, family), id=str(Spot(version, family)), marks=pytest.mark.engine)
        for family in (RunnerFamily.OURS, RunnerFamily.MWAA_IMAGES, RunnerFamily.LOCAL_RUNNER)
        for version in IN_CONTAINERS
    ),
]

pytestmark = pytest.mark.airflow


@dataclass(frozen=True)
class Judged:
    """What came of everything in one runner.

    Attributes:
        good: the report on the good project.
        found: by kind, where failures are.
    """

    spot: Spot
    good: CheckReport
    found: Mapping[str, list[Place]]


@pytest.fixture(scope="module", params=SPOTS)
def judged(
    request: pytest.FixtureRequest, test_tools: Callable[[], Path], tmp_path_factory: pytest.TempPathFactory
) -> Judged:
    spot: Spot = request.param
    root = tmp_path_factory.mktemp("projects")
    with spot.open() as runner:
        found = {
            **_requirements(spot, runner, root / "requirements"),
            **_startup_scripts(runner, root / "startup"),
        }
        _empty(runner)
        # From here on the network is closed.
        good = check(_good(spot, root / "good"), runner, test_tools=test_tools, airflow_version=spot.version)
        found |= _tests(runner, root / "tests", test_tools)
        found |= _dags(runner, root / "dags")
    return Judged(spot, good, found)


def _good(spot: Spot, root: Path) -> Project:
    """The example, for another version of Airflow."""
    there = example()
    shutil.copytree(there.root, root)
    requirements = root / "requirements.txt"
    text, own = requirements.read_text(encoding="utf-8"), f"{spot.version}/constraints-{spot.minor}"
    requirements.write_text(text.replace("2.10.3/constraints-3.11", own), encoding="utf-8")
    parts = ("dags", "plugins", "requirements", "startup_script", "tests")
    moved: Any = {part: root / getattr(there, part).relative_to(there.root) for part in parts}
    return Project(repository=root, root=root, **moved)


def _project(root: Path, files: Mapping[str, str], **parts: str) -> Project:
    write(root, {"dags/d.py": test_broken_tests.DAG, **files})
    there: Any = {part: root / name for part, name in parts.items()}
    return replace(Project(repository=root, root=root, dags=root / "dags"), **there)


def _requirements(spot: Spot, runner: Runner, root: Path) -> dict[str, list[Place]]:
    packages = find_packages(images_folder({}), spot.version)
    pins = parse_pins(packages.constraints(), packages.essential_constraints())
    found = {}
    texts = {name: test_broken_requirements.BROKEN[name][0] for name in REQUIREMENTS} | {GREEN_ELSEWHERE: UNRESOLVABLE}
    for name, text in texts.items():
        layout = laid_out(_project(root, {"requirements.txt": text}, requirements="requirements.txt"), runner)
        outcome = check_requirements(
            layout,
            runner,
            airflow_version=spot.version,
            constraint_source=HttpConstraints(timeout=5),
            limits=CheckLimits(),
            pins=pins,
        )
        found[name] = places(outcome.result)
    return found


def _startup_scripts(runner: Runner, root: Path) -> dict[str, list[Place]]:
    script = test_startup_scripts.SCRIPT
    layout = laid_out(_project(root, {script: ""}, startup_script=script), runner)
    found = {}
    for name, (text, *_) in test_startup_scripts.BROKEN.items():
        (root / script).write_bytes(text.encode())
        runner.put(layout.startup_script, root / script)
        found[name] = places(check_startup_script(layout, runner, limits=CheckLimits()).result)
    return found


def _empty(runner: Runner) -> None:
    """Take away what the project before has left."""
    gone = ["/bin/sh", "-c", 'rm -rf "$1"/.mwaa-deploy/unit-tests "$1"/plugins/* "$1"/dags/*', "sh", str(runner.home)]
    assert runner.run(gone, timeout=60).exit_code == 0


def _tests(runner: Runner, root: Path, test_tools: Callable[[], Path]) -> dict[str, list[Place]]:
    def run(files: Mapping[str, str]) -> list[Place]:
        _empty(runner)
        parts = {folder: folder for folder in ("tests", "plugins") if any(name.startswith(folder) for name in files)}
        layout = laid_out(_project(root / str(len(files)), files, **parts), runner)
        return places(run_unit_tests(layout, runner, test_tools))

    failing = run(test_broken_tests.FAILING)
    unexpected = [place for place in failing if place not in TESTS]
    return {
        **{name: [place] * failing.count(place) for place, name in TESTS.items()},
        "no other test": unexpected,
        CRASH: run(test_broken_tests.BROKEN[CRASH][0]),
    }


def _dags(runner: Runner, root: Path) -> dict[str, list[Place]]:
    bodies = {name: body for name, (body, *_) in test_broken_dags.BROKEN.items()} | test_broken_dags.GOOD_FILES
    # Airflow 3 has no such argument any more.
    bodies.pop("warns.py")
    write(root, {f"dags/{name}": test_broken_dags.HEAD + body for name, body in bodies.items()})
    write(root, test_broken_dags.BESIDE)
    judgement = judge_dags_of(root, runner, limits=CheckLimits(dag_file=4))
    failing = places(judgement.dags)

    expected = {name: place for name, (_, place, *_) in test_broken_dags.BROKEN.items()}
    return {
        **{name: [place] * failing.count(place) for name, place in expected.items()},
        "no other DAG file": [place for place in failing if place not in expected.values()],
        "a plugin": places(judgement.plugins),
    }


EXPECTED: Mapping[str, Place] = {
    **{name: ("requirements.txt", test_broken_requirements.BROKEN[name][1]) for name in REQUIREMENTS},
    **{name: (test_startup_scripts.SCRIPT, line) for name, (_, line, _) in test_startup_scripts.BROKEN.items()},
    **{name: place for name, (_, place, *_) in test_broken_dags.BROKEN.items()},
    **{name: place for place, name in TESTS.items()},
    GREEN_ELSEWHERE: ("requirements.txt", 1),
    CRASH: test_broken_tests.BROKEN[CRASH][1],
    "a plugin": ("plugins/broken_plugin.py", 2),
}


def test_there_are_enough_kinds():
    assert len(EXPECTED) >= 30


def test_a_good_project_is_green(judged):
    assert [failure for result in judged.good.results for failure in result.failures] == []
    assert [result.check for result in judged.good.results if result.skipped] == ["dag-rules"]


@pytest.mark.parametrize("kind", EXPECTED)
def test_a_broken_project_is_red_at_its_line(judged, kind):
    if kind == OF_LATER_PYTHON and judged.spot.minor != "3.11":
        assert judged.found[kind] == []
    else:
        assert judged.found[kind] == [EXPECTED[kind]]


@pytest.mark.parametrize("kind", ["no other test", "no other DAG file"])
def test_nothing_else_is_red(judged, kind):
    assert judged.found[kind] == []
