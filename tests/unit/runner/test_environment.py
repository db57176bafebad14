"""The environments of user code are made from nothing."""

from pathlib import Path, PurePosixPath

from mwaa_deploy.runner.environment import (
    airflow_environment,
    cache_folder,
    installer_environment,
    network_environment,
    venv_environment,
)

OURS = {
    "AWS_SECRET_ACCESS_KEY": "secret",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "token",
    "INPUT_GITHUB_TOKEN": "token",
    "DOCKER_HOST": "unix:///var/run/docker.sock",
    "PYTHONPATH": "/src",
    "PATH": "/opt/bin:/bin",
    "HOME": "/root",
    "https_proxy": "http://proxy:3128",
    "NO_PROXY": "localhost",
    "PIP_INDEX_URL": "https://index.example/simple",
    "PIP_CERT": "/etc/ca.pem",
    "PIP_USER": "1",
    "UV_CACHE_DIR": "/cache/uv",
}

HOME = PurePosixPath("/tmp/airflow")


def test_a_container_gets_the_index_and_the_proxy_alone():
    assert network_environment(OURS) == {
        "https_proxy": "http://proxy:3128",
        "NO_PROXY": "localhost",
        "PIP_INDEX_URL": "https://index.example/simple",
    }


def test_a_virtual_environment_gets_no_more_than_that_and_what_mwaa_sets():
    made = venv_environment(OURS, HOME, "2.10.3")
    assert made["PIP_CERT"] == "/etc/ca.pem"
    of_mwaa = airflow_environment(HOME, "2.10.3")
    assert set(made) - set(of_mwaa) == {"AWS_EC2_METADATA_DISABLED", "PIP_CERT", *network_environment(OURS)}
    assert made["HOME"] == made["AIRFLOW_HOME"] == "/tmp/airflow"
    assert made["PATH"].startswith("/tmp/airflow/.local/bin:/usr/local/sbin:")
    assert "/opt/bin" not in made["PATH"]


def test_the_installer_learns_of_pips_index_and_of_no_secret():
    made = installer_environment(OURS)
    assert made["UV_DEFAULT_INDEX"] == "https://index.example/simple"
    assert (made["UV_CACHE_DIR"], made["PATH"]) == ("/cache/uv", "/opt/bin:/bin")
    assert not {"secret", "token"} & set(made.values())
    assert "PYTHONPATH" not in made


def test_an_index_of_the_installers_own_stays():
    made = installer_environment({**OURS, "UV_DEFAULT_INDEX": "https://other.example/simple"})
    assert made["UV_DEFAULT_INDEX"] == "https://other.example/simple"


def test_the_cache_lies_where_caches_lie():
    assert cache_folder({"XDG_CACHE_HOME": "/x", "HOME": "/h"}) == Path("/x/mwaa-deploy")
    assert cache_folder({"HOME": "/h"}) == Path("/h/.cache/mwaa-deploy")
