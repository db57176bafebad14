"""The lab's own servers, each over real HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.github.api import GitHub
from lab.github.records import Records
from lab.oidc import Issuer
from lab.web import serving
from lab.world import World, running_world
from tests.integration.lab_world.openapi import Description, read_description


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is about the lab."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.lab)


@pytest.fixture
def github_url() -> Iterator[str]:
    with serving(GitHub(Records())) as url:
        yield url


@pytest.fixture
def oidc_url() -> Iterator[str]:
    with serving(Issuer()) as url:
        yield url


@pytest.fixture(scope="session")
def description() -> Description:
    return read_description()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose environments settle by the clock."""
    with running_world(tmp_path_factory.mktemp("lab") / "world", airflow=False, seconds_per_status=0.05) as world:
        yield world
