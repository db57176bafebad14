"""Runner images: built, found again, pulled, refused."""

import uuid

import pytest

from mwaa_deploy.errors import RunnerImageUnusable
from mwaa_deploy.runner.engine import connect
from mwaa_deploy.runner.images import CONTEXT_LABEL, RunnerImages, default_base
from mwaa_deploy.runner.packages import LockedPackages, find_packages, images_folder
from mwaa_deploy.runner.registry_access import access_without_aws
from tests.fakes.log import FakeLog
from tests.fixtures.runner import AIRFLOW, base_image, our_environment

pytestmark = pytest.mark.engine

PACKAGES = find_packages(images_folder({}), AIRFLOW)


def images(engine, log):
    return RunnerImages(engine, access_without_aws({}, log), log)


@pytest.fixture
def engine():
    with connect(our_environment(), "test-images") as engine:
        yield engine


@pytest.fixture
def log():
    return FakeLog()


@pytest.fixture
def small_packages(tmp_path):
    """An image that is built in a second, of a version that does not exist."""
    packages = LockedPackages(airflow_version="0.0.1", python="3.11.9", folder=tmp_path)
    packages.lock.parent.mkdir()
    for path in (packages.lock, packages.build_lock, packages.uv_lock, packages.essential):
        path.write_text("")
    (tmp_path / "Dockerfile").write_text(
        f"ARG BASE_IMAGE\nFROM ${{BASE_IMAGE}}\nRUN echo words of {uuid.uuid4()}\n"
        "ARG AIRFLOW_VERSION CONTEXT_DIGEST=none\n"
        f"LABEL mwaa-deploy.airflow-version=${{AIRFLOW_VERSION}} {CONTEXT_LABEL}=${{CONTEXT_DIGEST}}\n"
    )
    return packages


@pytest.fixture
def small_image(engine, small_packages):
    tag = images(engine, FakeLog()).own(small_packages, base=base_image())
    yield tag
    engine.client.images.remove(tag, force=True)


def test_the_default_base_has_the_very_python_of_mwaa():
    assert default_base(PACKAGES) == "python:3.11.9-slim-bookworm"


def test_what_the_build_says_is_shown_folded(engine, small_packages, log):
    tag = images(engine, log).own(small_packages, base=base_image())
    engine.client.images.remove(tag, force=True)
    assert tag == "mwaa-deploy/runner:0.0.1"
    assert log.lines[0] == f"> Build image {tag} on {base_image()}"
    assert any(line.startswith("> words of ") for line in log.lines)


def test_the_very_same_image_is_not_built_again(engine, small_image, small_packages):
    log = FakeLog()
    images(engine, log).own(small_packages, base=base_image())
    assert log.lines == [f"Image {small_image} is here and up to date."]


def test_an_image_of_other_packages_is_built_again(engine, small_image, small_packages):
    before = engine.client.images.get(small_image).labels[CONTEXT_LABEL]
    small_packages.lock.write_text("a==1\n")
    images(engine, FakeLog()).own(small_packages, base=base_image())
    after = engine.client.images.get(small_image).labels[CONTEXT_LABEL]
    assert (before, after) != (after, before)
    assert after == small_packages.digest(base_image())


def test_a_build_that_fails_shows_its_last_lines(engine, small_packages, log):
    with (small_packages.folder / "Dockerfile").open("a") as file:
        file.write("RUN echo the reason && exit 7\n")
    with pytest.raises(RunnerImageUnusable, match="the reason") as raised:
        images(engine, log).own(small_packages, base=base_image())
    assert "returned a non-zero code: 7" in raised.value.what
    assert "runner: venv" in raised.value.mend


def test_a_base_of_another_python_is_told(engine, log):
    packages = find_packages(images_folder({}), "3.0.6")
    with pytest.raises(RunnerImageUnusable, match=r"BASE_IMAGE has Python 3\.11, not 3\.12"):
        images(engine, log).own(packages, base=base_image())


def test_a_base_out_of_reach_is_told_with_the_variable_to_set(engine, small_packages, log):
    with pytest.raises(RunnerImageUnusable, match=r"127\.0\.0\.1:1/no/such") as raised:
        images(engine, log).own(small_packages, base="127.0.0.1:1/no/such:image")
    assert "MWAA_DEPLOY_BASE_IMAGE" in raised.value.mend


def test_a_named_image_that_is_here_is_taken(engine, small_image, log):
    assert images(engine, log).named(small_image, "0.0.1") == small_image
    assert log.lines == []


def test_a_named_image_whose_label_names_another_airflow_is_refused(engine, small_image, log):
    with pytest.raises(RunnerImageUnusable, match=r"holds Airflow 0\.0\.1, not 2\.10\.3"):
        images(engine, log).named(small_image, AIRFLOW)


def test_a_named_image_out_of_reach_is_told_with_what_was_tried_and_the_login(engine, log):
    reference = "127.0.0.1:1/team/mwaa"
    with pytest.raises(RunnerImageUnusable, match="cannot be pulled") as raised:
        images(engine, log).named(reference, AIRFLOW)
    assert "- with the host's docker login: there is none for this registry" in raised.value.meaning
    assert "- with no login: " in raised.value.meaning
    assert "The engine does not reach the registry." in raised.value.meaning
    assert "docker login --username NAME --password-stdin 127.0.0.1:1" in raised.value.mend
    assert f"> Pull image {reference}" in log.lines


def test_a_name_that_no_registry_takes_is_told_as_that(engine, log):
    with pytest.raises(RunnerImageUnusable, match="is not the name of an image") as raised:
        images(engine, log).named(f"registry.example/team/mwaa@sha512:{'a' * 128}", AIRFLOW)
    assert "runner-image" in raised.value.mend
