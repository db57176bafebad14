"""Requirements in images of MWAA's two projects, installed as each of them does it, and judged where they do not."""

import uuid
import zipfile
from pathlib import Path

import pytest

from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.pins import Pins, parse_pins
from mwaa_deploy.checks.requirements import InstallOutcome, check_requirements
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.ports import RunnerFamily
from mwaa_deploy.runner.container import ContainerRunner, ContainerSettings
from mwaa_deploy.runner.engine import connect
from mwaa_deploy.runner.packages import find_packages, images_folder
from tests.fixtures.runner import our_environment
from tests.fixtures.standin_images import standin_image
from tests.integration.checks.conftest import AIRFLOW, laid_out, places
from tests.integration.checks.test_requirements_offline import NoSource, wheel

pytestmark = [pytest.mark.engine, pytest.mark.airflow]

MWAA, LOCAL = RunnerFamily.MWAA_IMAGES, RunnerFamily.LOCAL_RUNNER
WHEELS = "--find-links /usr/local/airflow/plugins\n--no-index\n"


@pytest.fixture(scope="module", params=[MWAA, LOCAL])
def runner(request):
    image = standin_image(request.param, AIRFLOW)
    settings = ContainerSettings(image=image, airflow_version=AIRFLOW, environment={"PIP_RETRIES": "0"})
    with (
        connect(our_environment(), f"test-requirements-{uuid.uuid4().hex}") as engine,
        ContainerRunner(engine, settings) as opened,
    ):
        opened.close_network()
        yield opened


@pytest.fixture(scope="module")
def pins() -> Pins:
    packages = find_packages(images_folder({}), AIRFLOW)
    return parse_pins(packages.constraints(), packages.essential_constraints())


@pytest.fixture
def install(make_project, tmp_path: Path, runner, pins):
    def run(text: str, *, pins: Pins = pins) -> InstallOutcome:
        project = make_project({"requirements.txt": text, "plugins/here.py": ""})
        for name, body in (
            wheel("outer", "1.0", requires=["requests"]) | wheel("needy", "1.0", requires=["idna<3"])
        ).items():
            with zipfile.ZipFile(tmp_path / "plugins" / name, "w") as archive:
                for path, content in body.items():
                    archive.writestr(path, content)
        return check_requirements(
            laid_out(project, runner),
            runner,
            airflow_version=AIRFLOW,
            constraint_source=NoSource(),
            limits=CheckLimits(),
            pins=pins,
        )

    return run


def test_a_wheel_is_installed_by_the_user_airflow(install, runner):
    outcome = install(f"{WHEELS}outer\nboto3\n")

    assert places(outcome.result) == []
    assert ("requirements.txt", 3) in places(outcome.result, Severity.PASS)
    assert outcome.airflow_untouched
    found = runner.run([runner.python, "-c", "import outer; print(outer.__file__)"], timeout=60)
    assert found.output.startswith("/usr/local/airflow/.local/lib/")


def test_what_the_image_has_needs_no_pip(install):
    outcome = install("boto3\nrequests\n")

    assert "pip need not run" in outcome.result.verdicts[-1].message
    assert outcome.result.log == ""


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (f"{WHEELS}needy\n", 3, "idna"),
        (f"{WHEELS}nowhere==1\n", 3, "nowhere==1"),
        ("apache-airflow==1.10.15\n", 1, "in any case demand apache-airflow==2.10.3"),
    ],
)
def test_what_mwaa_would_refuse_is_red_at_its_line(install, text, line, words):
    outcome = install(text)

    assert places(outcome.result) == [("requirements.txt", line)]
    assert words in outcome.result.failures[0].message


def test_it_is_said_where_constraints_that_the_image_lacks_come_from(install, runner):
    with_pins, without = (
        [(v.severity, "constraint files of MWAA's" in v.message) for v in install("boto3\n", pins=pins).result.verdicts]
        for pins in (parse_pins("boto3==1.35.36\n"), Pins())
    )

    lacks = runner.family is LOCAL
    assert ((Severity.PASS, True) in with_pins, (Severity.WARN, True) in without) == (lacks, lacks)
