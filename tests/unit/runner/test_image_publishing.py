"""What is found out before an image is built for nothing."""

from pathlib import Path

import pytest

from mwaa_deploy.errors import AwsAccessDenied, ImageNotPushed, ImageRepositoryMissing
from mwaa_deploy.runner.image_publishing import publish_image
from mwaa_deploy.runner.packages import LockedPackages
from mwaa_deploy.runner.registry_access import AccessRefused, AwsSurroundings, RegistryAccess
from mwaa_deploy.runner.registry_refusal import ECR, HOST, Refused, Tried
from mwaa_deploy.runner.remote_image import RemoteImage
from tests.fakes.ecr import FakeEcr
from tests.fakes.log import FakeLog

PRIVATE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


class NoLogins:
    def find(self, registry):
        return None


class Remote:
    def __init__(self, answer):
        self.answer = answer

    def look(self, reference):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Built(Exception):
    """Thrown by the first step towards a build."""


class Images:
    def newest(self, base):
        raise Built

    def own(self, packages, *, base):
        raise Built

    def push(self, tag, reference):
        raise Built


PACKAGES = LockedPackages(airflow_version="2.10.3", python="3.11.9", folder=Path("none"))


def publish(registry, remote, *, ecr=None, create_repository=False, log=None):
    log = log or FakeLog()
    access = RegistryAccess(NoLogins(), lambda _: ecr or FakeEcr(PRIVATE), AwsSurroundings(), log)
    return publish_image(
        f"{registry}/team/runner:1",
        PACKAGES,
        base="",
        images=Images(),
        access=access,
        remote=Remote(remote),
        create_repository=create_repository,
        log=log,
    )


def test_a_repository_that_ecr_lacks_is_told_before_the_build():
    with pytest.raises(ImageRepositoryMissing, match="There is no repository team/runner at") as raised:
        publish(PRIVATE, RemoteImage(repository_missing=True))
    assert "create-repository: true" in raised.value.mend
    assert (
        "aws ecr create-repository --region eu-west-1 --repository-name team/runner "
        "--image-scanning-configuration scanOnPush=true" in raised.value.mend
    )


def test_a_public_repository_is_named_without_the_alias():
    with pytest.raises(ImageRepositoryMissing) as raised:
        publish("public.ecr.aws", RemoteImage(repository_missing=True))
    assert "aws ecr-public create-repository --region us-east-1 --repository-name runner" in raised.value.mend


def test_other_registries_make_repositories_by_themselves():
    with pytest.raises(Built):
        publish("ghcr.io", RemoteImage(repository_missing=True))


def test_a_repository_is_made_when_asked():
    ecr = FakeEcr(PRIVATE)
    with pytest.raises(Built):
        publish(PRIVATE, RemoteImage(), ecr=ecr, create_repository=True)
    assert ecr.repositories == {"team/runner": {"created-by": "mwaa-deploy"}}


def test_one_that_is_there_is_left_alone():
    ecr = FakeEcr(PRIVATE)
    ecr.repositories["team/runner"] = {"owner": "somebody"}
    with pytest.raises(Built):
        publish(PRIVATE, RemoteImage(), ecr=ecr, create_repository=True)
    assert ecr.count("create_repository") == 0


def test_without_the_wish_no_repository_is_made():
    ecr = FakeEcr(PRIVATE)
    with pytest.raises(Built):
        publish(PRIVATE, RemoteImage(), ecr=ecr)
    assert ecr.repositories == {}


def test_a_denial_to_make_it_is_told_as_it_is():
    ecr = FakeEcr(PRIVATE)
    ecr.fail("create_repository", AwsAccessDenied("AWS denied ecr:CreateRepository"))
    with pytest.raises(AwsAccessDenied):
        publish(PRIVATE, RemoteImage(), ecr=ecr, create_repository=True)


def test_elsewhere_the_wish_is_without_effect_and_says_so():
    log = FakeLog()
    with pytest.raises(Built):
        publish("ghcr.io", RemoteImage(), create_repository=True, log=log)
    assert log.lines == ["ghcr.io is not Amazon ECR's, so there is no repository to create beforehand."]


def test_without_any_login_nothing_is_built():
    tried = (Tried(how=HOST, outcome="there is none"), Tried(how=ECR, outcome="no credentials", problem=True))
    with pytest.raises(ImageNotPushed) as raised:
        publish(PRIVATE, AccessRefused(tried, None))
    assert "ecr:PutImage" in raised.value.mend
    assert "no credentials" in raised.value.meaning


def test_what_may_push_need_not_be_allowed_to_look():
    log = FakeLog()
    with pytest.raises(Built):
        publish(PRIVATE, AccessRefused((), Refused("HTTP 403: DENIED", wants_login=True)), log=log)
    assert "cannot be seen" in log.lines[0]
