"""image-build: our runner image from nothing, against pip installing the same packages as the AWS image does."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from docker.client import DockerClient

from benchmarks.race import Outcome, Target, race, timed
from benchmarks.setting import Setting

NAMES = ("image-build",)
_TAG = "mwaa-deploy/benchmark-build:latest"
_PIP = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
RUN useradd --uid 1000 --create-home --home-dir /usr/local/airflow airflow
USER 1000
WORKDIR /usr/local/airflow
COPY requirements.txt constraints.txt /tmp/
RUN python3 -m venv .local \\
    && .local/bin/pip install --no-cache-dir --constraint /tmp/constraints.txt --requirement /tmp/requirements.txt \\
    && AIRFLOW_HOME=/usr/local/airflow .local/bin/airflow db migrate
"""
"""The same packages by pip under constraints, then the tables: as an image is made by hand."""


def run(setting: Setting, *, rounds: int, names: Sequence[str] = NAMES) -> list[Outcome]:
    """Race the two builds without any cache; the base image is present."""
    del names
    packages = setting.packages
    arguments = {"AIRFLOW_VERSION": packages.airflow_version, "PYTHON_VERSION": packages.python_minor}
    ours = {name: body.decode() for name, body in packages.files().items()}
    pins = packages.constraints()
    # psycopg2-binary and pip's like have wheels; the few without are built from their archives, as with ours.
    theirs = {"Dockerfile": _PIP, "constraints.txt": pins, "requirements.txt": _asked(pins)}
    seconds = race(
        {
            "ours": lambda: _build(setting.client, ours, {"BASE_IMAGE": setting.base, **arguments}),
            "pip": lambda: _build(setting.client, theirs, {"BASE_IMAGE": setting.base}),
        },
        rounds=rounds,
        told=setting.told,
    )
    target = Target(text="at most 60 s", ours_s=60.0)
    return [
        Outcome(
            name="image-build",
            work=f"build the runner image of Airflow {packages.airflow_version} from nothing, base image present",
            theirs="pip install of the same packages on the same base",
            ours_s=seconds["ours"],
            theirs_s=seconds["pip"],
            target=target,
        )
    ]


def _asked(pins: str) -> str:
    return "".join(f"{name}\n" for name in re.findall(r"^([a-z0-9._-]+)==", pins, re.MULTILINE))


def _build(client: DockerClient, files: Mapping[str, str], arguments: Mapping[str, str]) -> float:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        with timed() as watch:
            client.images.build(
                path=folder, tag=_TAG, buildargs=dict(arguments), nocache=True, rm=True, use_config_proxy=True
            )
        client.images.remove(_TAG, force=True)
    return watch.seconds
