"""A private registry with a password, by the real action: opened by ECR's token, by docker login, or not at all."""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from lab.world import REGISTRY_USER, World, running_world
from mwaa_deploy.runner.engine import connect
from tests.e2e.conftest import Story, left_over, make_story
from tests.fixtures.registry import make_small_image, password_file

pytestmark = [pytest.mark.e2e, pytest.mark.engine, pytest.mark.lab, pytest.mark.airflow]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A lab with a registry that containers reach."""
    folder = tmp_path_factory.mktemp("lab") / "world"
    with running_world(folder, airflow=False, registry=True, registry_tls=True) as world:
        yield world


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, world: World, base_image: dict[str, str]) -> Story:
    """A project whose runner image is at that registry, pushed there by the action itself."""
    story = make_story(tmp_path_factory.mktemp("registry"), world, base_image)
    story.project.set_input("runner-image", reference(world))
    story.project.set_input("mode", "image")
    story.run("first image", "workflow_dispatch")
    forget(world)
    story.run("second image", "workflow_dispatch")
    story.project.set_input("mode", "check")
    return story


@pytest.fixture(autouse=True)
def _not_here(world: World) -> Iterator[None]:
    """The host's engine has no image of that name, before and afterwards."""
    forget(world)
    yield
    forget(world)


def reference(world: World) -> str:
    return f"{str(world.registry_url).partition('://')[2]}/team/mwaa-runner:2.10.3"


def forget(world: World) -> None:
    subprocess.run(["docker", "image", "rm", reference(world)], capture_output=True, check=False)


def check(story: Story, name: str, engine: str = "host", **env: str):
    story.project.set_input("docker-engine", engine)
    # A run whose commit changes nothing since the last good one has no check to run, and pulls nothing.
    story.project.commit({"dags/changed.py": f"# For {name}.\n"}, name)
    story.project.env = {**story.project.env, "DOCKER_CONFIG": "/nonexistent", **env}
    result = story.run(name, "push")
    assert str(story.world.registry_password) not in result.log
    assert left_over(story.project.run_ids) == {}
    return result


def test_the_image_is_pushed_once_and_not_again(story, world):
    first, second = story.results["first image"], story.results["second image"]
    assert first.succeeded, first.log
    assert second.succeeded, second.log
    assert "Pushed " in first.log
    assert f"{reference(world)} is up to date at its registry" in second.log
    assert world.registry_password not in first.log + second.log


@pytest.mark.parametrize("engine", ["host", "dind"])
def test_ecrs_token_opens_the_registry(story, engine):
    result = check(story, f"check with {engine}", engine)
    assert result.succeeded, result.log
    assert f"container {reference(story.world)}" in result.summary
    assert f"Pull image {reference(story.world)}" in result.log
    assert ("Start a Docker Engine of our own" in result.log) == (engine == "dind")
    if engine == "dind":
        # The inner engine had nothing of it.
        assert "Pulled " in result.log


def test_a_token_that_has_expired_is_one_clear_error(story, world):
    file = password_file(world)
    right = file.read_text(encoding="utf-8")
    file.write_text("an-expired-password", encoding="utf-8")
    try:
        result = check(story, "expired")
    finally:
        file.write_text(right, encoding="utf-8")
    assert not result.succeeded
    (error,) = result.errors
    assert error.properties["title"] == "The runner image is not usable"
    assert "- with a token of Amazon ECR: unauthorized" in error.message
    assert "ecr:GetAuthorizationToken" in error.message
    assert "an-expired-password" not in result.log


def test_docker_login_of_the_host_opens_the_registry_before_ecr_is_asked(story, world, tmp_path):
    """With an image of a few bytes, which is pulled and then found to be none of Airflow."""
    host = reference(world).partition("/")[0]
    small = f"{host}/team/small:1"
    login = base64.b64encode(f"{REGISTRY_USER}:{world.registry_password}".encode()).decode()
    auths = {host: {"auth": login}, "other.example": {"auth": "b3RoZXI6b3RoZXI="}}
    Path(tmp_path, "config.json").write_text(json.dumps({"auths": auths}), encoding="utf-8")
    env = {**os.environ, "DOCKER_CONFIG": str(tmp_path)}
    with connect({}, "test-registry") as engine:
        make_small_image(engine, small, airflow="2.10.3")
        subprocess.run(["docker", "push", "--quiet", small], env=env, check=True, capture_output=True)
        engine.client.images.remove(small)
    before = tokens(world)
    story.project.set_input("runner-image", small)
    result = check(story, "docker login", DOCKER_CONFIG=str(tmp_path))
    story.project.set_input("runner-image", reference(world))
    subprocess.run(["docker", "image", "rm", small], check=True, capture_output=True)
    assert "Pulled 1 layer, " in result.log
    assert "other.example" not in result.log
    assert login not in result.log
    assert tokens(world) == before


def tokens(world: World) -> int:
    """How often ECR was asked for a token."""
    calls = requests.get(f"{world.aws_url}/_lab/calls", timeout=30).json()["operations"]
    return int(calls.get("ecr:GetAuthorizationToken", 0))
