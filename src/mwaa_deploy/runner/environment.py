"""The environments of processes that the user's code runs in: made from nothing, never copied from our own."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
_INDEX = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES")
_HOST_FILES = ("PIP_CERT", "PIP_FIND_LINKS", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_UV = (
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_CACHE_DIR", "UV_PYTHON_INSTALL_DIR"),
    *("UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "UV_HTTP_TIMEOUT", "UV_OFFLINE"),
)
_FOLDERS = ("HOME", "PATH", "XDG_CACHE_HOME", "XDG_DATA_HOME", "TMPDIR")

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def _chosen(env: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: env[name] for name in names if env.get(name)}


def network_environment(env: Mapping[str, str]) -> dict[str, str]:
    """How to reach the package index: proxies and pip's index settings, nothing that names a file."""
    return _chosen(env, *_PROXIES, *(name.upper() for name in _PROXIES), *_INDEX)


def installer_environment(env: Mapping[str, str]) -> dict[str, str]:
    """For uv, which runs no code of the user's: how to reach the index, and its own folders."""
    chosen = {**_chosen(env, *_FOLDERS, *_HOST_FILES, *_UV), **network_environment(env)}
    if "PIP_INDEX_URL" in chosen and not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & set(chosen):
        chosen["UV_DEFAULT_INDEX"] = chosen["PIP_INDEX_URL"]
    return chosen


def airflow_environment(home: PurePosixPath, airflow_version: str) -> dict[str, str]:
    """What MWAA's containers set, for a home elsewhere than in MWAA (images: amazon-mwaa-docker-images, Dockerfile)."""
    local = home / ".local"
    return {
        "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
        "AIRFLOW_CONSTRAINTS_FILE": str(local / "etc" / "airflow_constraints.txt"),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_USER_HOME": str(home),
        "AIRFLOW_VERSION": airflow_version,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "LOGNAME": "airflow",
        "MWAA_ESSENTIAL_CONSTRAINTS_FILE": str(local / "etc" / "mwaa_essential_constraints.txt"),
        "PATH": f"{local / 'bin'}:{SYSTEM_PATH}",
        "PYTHONUNBUFFERED": "1",
        "USER": "airflow",
    }


def guards() -> dict[str, str]:
    """Settings that keep AWS's clients from finding the credentials of the machine they run on."""
    return {"AWS_EC2_METADATA_DISABLED": "true"}


def venv_environment(env: Mapping[str, str], home: PurePosixPath, airflow_version: str) -> dict[str, str]:
    """The whole environment of user code in a virtual environment on this host."""
    return {
        **_chosen(env, *_HOST_FILES),
        **network_environment(env),
        **airflow_environment(home, airflow_version),
        **guards(),
    }


def cache_folder(env: Mapping[str, str]) -> Path:
    """Where things that are expensive to make are kept between runs."""
    base = env.get("XDG_CACHE_HOME") or Path(env.get("HOME") or "/tmp") / ".cache"  # noqa: S108 -- last resort
    return Path(base) / "mwaa-deploy"
