"""Our runner image at the user's own registry: built, and pushed unless the very same is there already."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from mwaa_deploy.errors import ImageNotPushed, ImageRepositoryMissing, InputsInvalid
from mwaa_deploy.ports import Log
from mwaa_deploy.runner.image_reference import ImageReference, ecr_registry, parse_reference
from mwaa_deploy.runner.images import CONTEXT_LABEL, default_base
from mwaa_deploy.runner.packages import LockedPackages
from mwaa_deploy.runner.registry_access import AccessRefused, RegistryAccess
from mwaa_deploy.runner.registry_refusal import PUSH_ACTIONS, login_mend, refusal_meaning
from mwaa_deploy.runner.remote_image import RemoteImage

TAGS = {"created-by": "mwaa-deploy"}
"""On every repository that we make."""


class Images(Protocol):
    """The engine's side: RunnerImages."""

    def newest(self, base: str) -> str:
        """The base with the digest that its registry has now."""

    def own(self, packages: LockedPackages, *, base: str) -> str:
        """Our image, built if need be."""

    def push(self, tag: str, reference: ImageReference) -> str:
        """Push it under another name. Raises AccessRefused."""


class Remote(Protocol):
    """The registry's side: RemoteImages."""

    def look(self, reference: ImageReference) -> RemoteImage:
        """What is there now. Raises AccessRefused."""


@dataclass(frozen=True, kw_only=True)
class PublishedImage:
    """The image at the registry.

    Attributes:
        reference: as the user wrote it.
        digest: of its manifest, 'sha256:…'; empty if the registry does not say.
        pushed: whether this run pushed it; the very same was there otherwise.
    """

    reference: str
    digest: str
    pushed: bool


def publish_image(
    text: str,
    packages: LockedPackages,
    *,
    base: str,
    images: Images,
    access: RegistryAccess,
    remote: Remote,
    create_repository: bool,
    log: Log,
    tags: Mapping[str, str] = TAGS,
) -> PublishedImage:
    """Build our image of an Airflow version and push it, each only if need be.

    Args:
        text: where it goes, such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/mwaa-runner:2.10.3.
        packages: what is in it.
        base: what it is built on; the default base if empty. The newest of that name at its registry is taken, so
            that a run on a schedule picks up its security fixes.
        create_repository: whether to make a missing repository in Amazon ECR.
        tags: of a repository that is made.

    Raises:
        InputsInvalid: the name is no image's, or has a digest.
        RunnerImageUnusable: the base cannot be had, or the build failed.
        ImageRepositoryMissing: ECR has no such repository, and was not to make one.
        ImageNotPushed: the registry does not take the image.
        AwsAccessDenied: the repository may not be looked at or made.
    """
    reference = _target(text)
    if create_repository:
        _have_repository(reference, access, tags, log)
    there = _look(reference, access, remote, log)
    if there.repository_missing and ecr_registry(reference.registry):
        raise _repository_missing(reference)
    base = images.newest(base or default_base(packages))
    if there.labels.get(CONTEXT_LABEL) == packages.digest(base):
        log.info(f"{reference.text} is up to date at its registry, so it is not pushed.")
        return PublishedImage(reference=reference.text, digest=there.digest, pushed=False)
    tag = images.own(packages, base=base)
    try:
        digest = images.push(tag, reference)
    except AccessRefused as e:
        if e.last and e.last.missing and ecr_registry(reference.registry):
            raise _repository_missing(reference) from e
        raise _not_pushed(reference, e, access) from e
    return PublishedImage(reference=reference.text, digest=digest, pushed=True)


def _target(text: str) -> ImageReference:
    if not text:
        raise InputsInvalid(["runner-image: needed to push the image, but not given"])
    try:
        reference = parse_reference(text)
    except ValueError as e:
        raise InputsInvalid([f"runner-image: {e}"]) from e
    if reference.digest:
        raise InputsInvalid([f"runner-image: {text!r} has a digest, and an image that is yet to be pushed has none"])
    return reference


def _have_repository(reference: ImageReference, access: RegistryAccess, tags: Mapping[str, str], log: Log) -> None:
    ecr = access.ecr(reference)
    if ecr is None:
        log.info(f"{reference.registry} is not Amazon ECR's, so there is no repository to create beforehand.")
        return
    name = _repository_name(reference)
    if not ecr.has_repository(name):
        ecr.create_repository(name, tags)
        log.info(f"Repository {name} was created in Amazon ECR: scanned on push, with tags that can move.")


def _repository_name(reference: ImageReference) -> str:
    """The repository as ECR's API names it: ECR Public leaves out the registry's alias before it."""
    registry = ecr_registry(reference.registry)
    public = registry is not None and registry.public
    return reference.repository.partition("/")[2] if public else reference.repository


def _look(reference: ImageReference, access: RegistryAccess, remote: Remote, log: Log) -> RemoteImage:
    try:
        return remote.look(reference)
    except AccessRefused as e:
        if e.last is None:
            raise _not_pushed(reference, e, access) from e
        # What may push need not be allowed to look, and only the engine may reach the registry.
        log.info(f"What is at {reference.text} now cannot be seen, so the image is pushed in any case. ({e.last.text})")
        return RemoteImage()


def _not_pushed(reference: ImageReference, error: AccessRefused, access: RegistryAccess) -> ImageNotPushed:
    return ImageNotPushed(
        f"Image {reference.text} cannot be pushed.",
        meaning=refusal_meaning(error.tried, error.last, from_fork=access.aws.from_fork),
        mend=login_mend(reference, actions=PUSH_ACTIONS, endpoint=access.aws.endpoint),
    )


def _repository_missing(reference: ImageReference) -> ImageRepositoryMissing:
    name, registry = _repository_name(reference), ecr_registry(reference.registry)
    command = "ecr-public" if registry and registry.public else "ecr"
    scan = "" if command == "ecr-public" else " --image-scanning-configuration scanOnPush=true"
    region = registry.region if registry else "<region>"
    return ImageRepositoryMissing(
        f"There is no repository {name} at {reference.registry}.",
        meaning="Amazon ECR makes none by itself when an image is pushed.",
        mend=f"with:\n  create-repository: true\n(the role then needs {command}:DescribeRepositories, "
        f"{command}:CreateRepository and {command}:TagResource), or once by hand:\n"
        f"  aws {command} create-repository --region {region} --repository-name {name}{scan}",
    )
