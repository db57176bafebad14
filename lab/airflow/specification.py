"""What is asked for: an environment's Airflow, as the manager's clients state it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NAME = re.compile(r"[a-zA-Z][0-9a-zA-Z\-_]{0,79}")
"""Names MWAA takes (AWS::MWAA::Environment, property Name)."""


class SpecificationInvalidError(Exception):
    """What was asked for cannot be meant."""


@dataclass(frozen=True, kw_only=True)
class S3Object:
    """One version of an object in the environment's bucket; None is the latest."""

    key: str
    version: str | None


@dataclass(frozen=True, kw_only=True)
class Specification:
    """An environment's Airflow.

    Attributes:
        dags_prefix: key prefix of the DAGs, ending in a slash.
        configuration: Airflow's options as section.key, as in AirflowConfigurationOptions.
        aws_endpoint: where AWS is, for the manager and for the user's code.
    """

    airflow_version: str
    bucket: str
    dags_prefix: str
    plugins: S3Object | None
    requirements: S3Object | None
    startup_script: S3Object | None
    configuration: Mapping[str, str]
    aws_endpoint: str

    @property
    def major(self) -> int:
        """Airflow's major version."""
        return int(self.airflow_version.split(".", 1)[0])

    @property
    def is_exact(self) -> bool:
        """Whether it means the same objects whenever it is read."""
        return all(part is None or part.version for part in (self.plugins, self.requirements, self.startup_script))


def parse(document: Mapping[str, Any]) -> Specification:
    """Read a request.

    Raises:
        SpecificationInvalidError: a field is missing, or no option can have such a name.
    """
    try:
        version, bucket = str(document["airflow_version"]), str(document["bucket"])
        prefix, endpoint = str(document["dags_prefix"]), str(document["aws_endpoint"])
    except KeyError as error:
        msg = f"The request lacks {error}"
        raise SpecificationInvalidError(msg) from error
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        msg = f"{version!r} is no Airflow version"
        raise SpecificationInvalidError(msg)
    configuration = {str(key): str(value) for key, value in (document.get("configuration") or {}).items()}
    odd = [key for key in configuration if not re.fullmatch(r"[a-z0-9_]+\.[a-z0-9_.]+", key)]
    if odd:
        msg = f"Not section.key: {', '.join(odd)}"
        raise SpecificationInvalidError(msg)
    return Specification(
        airflow_version=version,
        bucket=bucket,
        dags_prefix=prefix.strip("/") + "/",
        plugins=_object(document.get("plugins")),
        requirements=_object(document.get("requirements")),
        startup_script=_object(document.get("startup_script")),
        configuration=configuration,
        aws_endpoint=endpoint,
    )


def _object(stated: Mapping[str, Any] | None) -> S3Object | None:
    if not stated:
        return None
    try:
        return S3Object(key=str(stated["key"]), version=stated.get("version") or None)
    except KeyError as error:
        msg = f"An S3 object needs a {error}"
        raise SpecificationInvalidError(msg) from error
