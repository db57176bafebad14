"""Our image at a registry with a password: built, pushed, found again, and pulled by somebody else."""

import uuid

import pytest

from mwaa_deploy.clock import SystemClock
from mwaa_deploy.errors import ImageNotPushed, InputsInvalid
from mwaa_deploy.runner.engine import connect
from mwaa_deploy.runner.host_logins import HostLogins
from mwaa_deploy.runner.image_publishing import publish_image
from mwaa_deploy.runner.image_reference import parse_reference
from mwaa_deploy.runner.images import CONTEXT_LABEL, RunnerImages
from mwaa_deploy.runner.packages import LockedPackages
from mwaa_deploy.runner.registry_access import RegistryAccess, access_without_aws, aws_surroundings
from mwaa_deploy.runner.remote_image import RemoteImages
from mwaa_deploy.target.ecr import connect_ecr
from mwaa_deploy.target.sign_in import SignIn
from tests.fakes.log import FakeLog
from tests.fixtures.registry import VERSION, make_small_image

pytestmark = [pytest.mark.engine, pytest.mark.lab]

DOCKERFILE = f"""\
ARG BASE_IMAGE
FROM ${{BASE_IMAGE}}
ARG AIRFLOW_VERSION CONTEXT_DIGEST=none
LABEL mwaa-deploy.airflow-version=${{AIRFLOW_VERSION}} {CONTEXT_LABEL}=${{CONTEXT_DIGEST}}
"""


@pytest.fixture(scope="module")
def engine():
    with connect({}, "test-publishing") as engine:
        yield engine


@pytest.fixture
def packages(tmp_path):
    """An image that is built in a moment, of a version that does not exist."""
    packages = LockedPackages(airflow_version=VERSION, python="3.11.9", folder=tmp_path)
    packages.lock.parent.mkdir()
    for path in (packages.lock, packages.build_lock, packages.uv_lock, packages.essential):
        path.write_text("")
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    return packages


@pytest.fixture
def publisher(engine, packages, aws_of_registry, registry_host):
    base = f"mwaa-deploy/tests-base:{uuid.uuid4().hex}"
    make_small_image(engine, base)
    publisher = Publisher(engine, packages, aws_of_registry, base, f"{registry_host}/team/runner-{uuid.uuid4().hex}:1")
    yield publisher
    for name in (publisher.reference, f"mwaa-deploy/runner:{VERSION}", base, publisher.base):
        # What was replaced under a name is still there by its digest.
        for image in engine.client.images.list(name.rpartition(":")[0] if registry_host in name else name):
            engine.client.images.remove(image.id, force=True)


class Publisher:
    """What `mwaa-deploy image push` does, over and over."""

    def __init__(self, engine, packages, env, base, reference):
        self.engine = engine
        self.packages = packages
        self.env = env
        self.base = base
        self.reference = reference
        self.log = FakeLog()

    @property
    def access(self):
        def connect_to(registry):
            return connect_ecr(registry, SignIn(session_name="test"), env=self.env, clock=SystemClock(), log=self.log)

        aws = aws_surroundings(self.env, region="eu-west-1", from_fork=False)
        return RegistryAccess(HostLogins(self.env, self.log), connect_to, aws, self.log)

    def publish(self, *, access=None, create_repository=False):
        self.log = FakeLog()
        access = access or self.access
        return publish_image(
            self.reference,
            self.packages,
            base=self.base,
            images=RunnerImages(self.engine, access, self.log),
            access=access,
            remote=RemoteImages(access),
            create_repository=create_repository,
            log=self.log,
        )

    def forget(self):
        """As on a machine that never saw the image."""
        for name in (self.reference, f"mwaa-deploy/runner:{VERSION}"):
            self.engine.client.images.remove(name, force=True)


def test_the_image_is_pushed_once_and_can_be_pulled_elsewhere(publisher, registry_world):
    first = publisher.publish()
    assert (first.reference, first.pushed) == (publisher.reference, True)
    assert publisher.log.lines[-1].startswith("Pushed 1 layer, ")
    assert registry_world.registry_password not in publisher.log.text

    publisher.forget()
    second = publisher.publish()
    assert (second.digest, second.pushed) == (first.digest, False)
    assert publisher.log.lines == [f"{publisher.reference} is up to date at its registry, so it is not pushed."]
    assert not publisher.engine.client.images.list(publisher.reference), "nothing was pulled or built to find that out"

    images = RunnerImages(publisher.engine, publisher.access, publisher.log)
    assert images.named(publisher.reference, VERSION) == publisher.reference


def test_other_packages_are_pushed_again(publisher):
    first = publisher.publish()
    publisher.packages.lock.write_text("a==1\n")
    second = publisher.publish()
    assert second.pushed
    assert second.digest != first.digest


def test_a_base_that_is_newer_at_its_registry_is_pushed_again(publisher, registry_host):
    """What a run on a schedule is for."""
    publisher.base = f"{registry_host}/team/base-{uuid.uuid4().hex}:1"
    images = RunnerImages(publisher.engine, publisher.access, publisher.log)
    digests = []
    for _ in range(2):
        make_small_image(publisher.engine, publisher.base)
        digests.append(images.transfer.push(parse_reference(publisher.base)))
        assert publisher.publish().pushed
        assert images.newest(publisher.base) == f"{publisher.base}@{digests[-1]}"
    assert len(set(digests)) == 2


def test_the_repository_is_created_when_asked(publisher, registry_world):
    ecr = registry_world.aws_client("ecr")
    publisher.publish(create_repository=True)
    name = publisher.reference.partition("/")[2].rpartition(":")[0]
    (made,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    assert made["imageScanningConfiguration"]["scanOnPush"]
    assert made["imageTagMutability"] == "MUTABLE"
    publisher.publish(create_repository=True)


def test_a_registry_that_takes_no_push_is_one_clear_error(publisher):
    with pytest.raises(ImageNotPushed, match="cannot be pushed") as raised:
        publisher.publish(access=access_without_aws({}, publisher.log))
    assert "- with no login: no basic auth credentials" in raised.value.meaning
    assert "docker login" in raised.value.mend


@pytest.mark.parametrize("text", ["", "Team/Runner", "a/b@sha256:" + "a" * 64])
def test_a_name_that_nothing_can_be_pushed_to_is_an_input_at_fault(publisher, text):
    publisher.reference = text
    with pytest.raises(InputsInvalid, match="runner-image: "):
        publisher.publish()
    publisher.reference = "none"
