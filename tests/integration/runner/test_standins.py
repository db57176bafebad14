"""The stand-ins for the images of MWAA's two projects: that they behave like those, and that a runner of them works."""

import subprocess
import uuid

import pytest

from mwaa_deploy.ports import RunnerFamily
from mwaa_deploy.runner.container import ContainerRunner, ContainerSettings
from mwaa_deploy.runner.engine import connect
from mwaa_deploy.runner.environment import network_environment
from tests.fixtures.runner import AIRFLOW, our_environment
from tests.fixtures.standin_images import standin_image

pytestmark = [pytest.mark.engine, pytest.mark.airflow]

FAMILIES = [RunnerFamily.MWAA_IMAGES, RunnerFamily.LOCAL_RUNNER]
DATABASE = {f"MWAA__DB__POSTGRES_{name}": "x" for name in ("HOST", "PORT", "DB", "SSLMODE", "USER", "PASSWORD")}
REQUIREMENTS = "/usr/local/airflow/requirements/requirements.txt"
UNRESOLVABLE = "apache-airflow==1.10.15\n--no-index\n"


@pytest.fixture(scope="module", params=FAMILIES)
def family(request):
    return request.param


@pytest.fixture(scope="module")
def image(family):
    return standin_image(family, AIRFLOW)


@pytest.fixture(scope="module")
def runner(family, image):
    """Under a name that says nothing, or the opposite."""
    env = our_environment()
    with connect(env, f"test-standins-{uuid.uuid4().hex}") as engine:
        other = next(each for each in FAMILIES if each is not family)
        repository = f"{other.value}/{uuid.uuid4().hex[:8]}"
        engine.client.images.get(image).tag(repository, "2.10.3")
        asked = ContainerSettings(
            image=f"{repository}:2.10.3", airflow_version=AIRFLOW, environment=network_environment(env)
        )
        try:
            with ContainerRunner(engine, asked) as opened:
                yield opened
        finally:
            engine.client.images.remove(asked.image)


def own_command(image, *command, requirements="", **env):
    """What the image's own entrypoint makes of a command: its exit code and all that it prints."""
    script = 'mkdir -p requirements startup; cat > requirements/requirements.txt; exec "$@"'
    entrypoint = ["docker", "inspect", "--format", '{{join .Config.Entrypoint "\\n"}}', image]
    words = subprocess.run(entrypoint, capture_output=True, text=True, check=True).stdout.split()
    variables = [word for name, value in env.items() for word in ("--env", f"{name}={value}")]
    ran = subprocess.run(
        [
            *("docker", "run", "--rm", "--interactive", "--network=none", *variables, "--entrypoint", "/bin/sh"),
            *(image, "-c", script, "sh", *words, *command),
        ],
        input=requirements,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return ran.returncode, ran.stdout + ran.stderr


def test_a_family_is_found_by_looking_and_not_by_its_name(runner, family):
    assert runner.family is family
    assert f"(an image of {family.value}" in runner.description


def test_the_python_that_has_airflow_is_found(runner):
    assert runner.python == "/usr/local/bin/python3"
    printed = runner.run(
        [runner.python, "-c", "import airflow; print(airflow.__version__, airflow.__file__)"], timeout=60
    )
    assert f"{AIRFLOW} /usr/local/airflow/.local/lib/python3.11/site-packages" in printed.output


def test_home_and_constraints_are_found(runner, family):
    assert str(runner.home) == "/usr/local/airflow"
    etc = "/usr/local/airflow/.local/etc"
    found = (runner.facts.constraints, runner.facts.essential_constraints, runner.facts.database)
    assert found == (
        (f"{etc}/airflow_constraints.txt", f"{etc}/mwaa_essential_constraints.txt", False)
        if family is RunnerFamily.MWAA_IMAGES
        else ("/constraints.txt", None, False)
    )
    assert any("database is missing" in sentence for sentence in runner.differences)


def test_a_package_is_installed_where_the_image_has_its_own(runner, tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "small"\nversion = "1.0"\n[tool.setuptools]\npy-modules = ["small"]\n'
    )
    (tmp_path / "small.py").write_text("")
    runner.put(runner.home / "small", tmp_path)
    install = [runner.python, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-index", "./small"]
    installed = runner.run(install, timeout=120)
    assert installed.exit_code == 0, installed.output
    where = runner.run([runner.python, "-c", "import small; print(small.__file__)"], timeout=30).output
    assert where == "/usr/local/airflow/.local/lib/python3.11/site-packages/small.py\n"


def test_an_installation_that_fails_is_seen_where_the_image_s_own_command_may_hide_it(runner, family, image):
    code, printed = own_command(
        image, "test-requirements", requirements=UNRESOLVABLE, MWAA__CORE__REQUIREMENTS_PATH=REQUIREMENTS, **DATABASE
    )
    assert "ERROR: " in printed
    # facts: amazon-mwaa-docker-images' exit code is 0 whatever pip says; aws-mwaa-local-runner's is pip's.
    assert code == (0 if family is RunnerFamily.MWAA_IMAGES else 1)
    assert ("Finished testing requirements" in printed) == (family is RunnerFamily.MWAA_IMAGES)
    runner.put(runner.home / "requirements" / "requirements.txt", UNRESOLVABLE.encode())
    install = [runner.python, "-m", "pip", "install", "-r", REQUIREMENTS]
    assert runner.run(install, timeout=120).exit_code == 1


def test_package_requirements_never_fails(image):
    env = {"MWAA__CORE__REQUIREMENTS_PATH": REQUIREMENTS, **DATABASE}
    assert own_command(image, "package-requirements", requirements=UNRESOLVABLE, **env)[0] == 0


def test_the_images_own_startup_test_says_nothing_of_the_script(family, image):
    code, _ = own_command(image, "test-startup-script", STANDIN_UNHEALTHY_SECONDS="0", **DATABASE)
    assert code == (1 if family is RunnerFamily.MWAA_IMAGES else 0)


def test_other_words_are_refused_or_run(family, image):
    code, printed = own_command(image, "echo", "words")
    assert (code, printed == "words\n") == ((1, False) if family is RunnerFamily.MWAA_IMAGES else (0, True))
