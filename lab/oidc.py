"""GitHub's OIDC issuer: `python -m lab.oidc --port 8002`.

Signs what token.actions.githubusercontent.com would sign for a job, and is asked for it as GitHub's runners are. Claims
and forms of the subject: GitHub's documentation, "OpenID Connect reference".
"""

import argparse
import base64
import secrets
import threading
import time
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lab.web import RefusedError, Request, Response, Route, dispatch, serve_until_terminated

_LIFETIME_SECONDS = 300
_SKEW_SECONDS = 600
_TOKEN_PATH = "/_apis/pipelines/{plan}/idtoken"  # noqa: S105 -- a path
_CLAIMS = (
    *("iss", "aud", "sub", "repository", "repository_id", "repository_owner", "repository_owner_id"),
    *("repository_visibility", "ref", "ref_type", "ref_protected", "sha", "workflow", "workflow_ref", "workflow_sha"),
    *("job_workflow_ref", "job_workflow_sha", "run_id", "run_number", "run_attempt", "actor", "actor_id", "event_name"),
    *("base_ref", "head_ref", "runner_environment", "jti", "iat", "nbf", "exp"),
)


_IMMUTABLE = "immutable_subject"
"""What a job is told of with, as "true", to have a subject as in repositories made after 15 July 2026; no claim."""


def subject(job: Mapping[str, str]) -> str:
    """The default `sub`: an environment wins over a pull request, which wins over the ref."""
    repository = f"repo:{job['repository']}"
    if job.get(_IMMUTABLE) == "true":
        owner, _, name = job["repository"].partition("/")
        repository = f"repo:{owner}@{job['repository_owner_id']}/{name}@{job['repository_id']}"
    if job.get("environment"):
        return f"{repository}:environment:{job['environment'].replace(':', '%3A')}"
    if job["event_name"] == "pull_request":
        return f"{repository}:pull_request"
    return f"{repository}:ref:{job['ref']}"


def context(asked: Mapping[str, Any]) -> dict[str, str]:
    """Complete what is told of a job, so that every claim GitHub sends has a value.

    Args:
        asked: claims by name; `repository` is a must.
    """
    told = {name: str(value) for name, value in asked.items()}
    repository = told["repository"]
    owner = repository.partition("/")[0]
    ref = told.get("ref", "refs/heads/main")
    sha = told.get("sha", "0" * 40)
    workflow_ref = f"{repository}/.github/workflows/deploy.yml@{ref}"
    usual = {
        "repository": repository,
        "repository_id": "1296269",
        "repository_owner": owner,
        "repository_owner_id": "583231",
        "repository_visibility": "private",
        "ref": ref,
        "ref_type": "tag" if ref.startswith("refs/tags/") else "branch",
        "ref_protected": "false",
        "sha": sha,
        "workflow": "deploy",
        "workflow_ref": workflow_ref,
        "workflow_sha": sha,
        "job_workflow_ref": told.get("workflow_ref", workflow_ref),
        "job_workflow_sha": sha,
        "run_id": "1",
        "run_number": "1",
        "run_attempt": "1",
        "actor": owner,
        "actor_id": "583231",
        "event_name": "push",
        "base_ref": "",
        "head_ref": "",
        "runner_environment": "github-hosted",
    }
    return {**usual, **told}


class Issuer:
    """Keeps the key and the jobs that may ask. Call it with a request."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        digest = Hash(SHA256())
        digest.update(public)
        self._key_id = base64.urlsafe_b64encode(digest.finalize()).rstrip(b"=").decode()
        self._lock = threading.Lock()
        self._jobs: dict[str, tuple[str, Mapping[str, str]]] = {}
        self._routes = (
            Route(method="GET", pattern="/.well-known/openid-configuration", answer=self._configuration),
            Route(method="GET", pattern="/.well-known/jwks", answer=self._keys),
            Route(method="GET", pattern=_TOKEN_PATH, answer=self._token),
            Route(method="POST", pattern="/_lab/jobs", answer=self._job),
        )

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        return dispatch(self._routes, request)

    def _configuration(self, request: Request) -> Response:
        issuer = _url(request)
        return Response(
            body={
                "issuer": issuer,
                "jwks_uri": f"{issuer}/.well-known/jwks",
                "subject_types_supported": ["public", "pairwise"],
                "response_types_supported": ["id_token"],
                "claims_supported": [*_CLAIMS, "environment"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid"],
            }
        )

    def _keys(self, request: Request) -> Response:
        del request
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        numbers = {name: key[name] for name in ("kty", "n", "e")}
        return Response(body={"keys": [{**numbers, "alg": "RS256", "use": "sig", "kid": self._key_id}]})

    def _job(self, request: Request) -> Response:
        plan, bearer = str(uuid.uuid4()), secrets.token_urlsafe(32)
        job = context(request.json("repository"))
        with self._lock:
            self._jobs[plan] = (bearer, job)
        return Response(
            status=HTTPStatus.CREATED,
            body={
                "ACTIONS_ID_TOKEN_REQUEST_URL": f"{_url(request)}{_TOKEN_PATH.format(plan=plan)}?api-version=2.0",
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": bearer,
            },
        )

    def _token(self, request: Request) -> Response:
        scheme, _, offered = request.headers.get("authorization", "").partition(" ")
        with self._lock:
            bearer, job = self._jobs.get(request.named["plan"], ("", {}))
        if not bearer or scheme.lower() != "bearer" or not secrets.compare_digest(offered.encode(), bearer.encode()):
            raise RefusedError(HTTPStatus.UNAUTHORIZED, {"message": "The job's request token is missing or wrong"})
        now = int(time.time())
        claims = {
            **{name: value for name, value in job.items() if name != _IMMUTABLE},
            "iss": _url(request),
            "aud": request.query.get("audience") or f"https://github.com/{job['repository_owner']}",
            "sub": subject(job),
            "jti": str(uuid.uuid4()),
            "iat": now,
            # Clocks differ; GitHub dates the beginning back.
            "nbf": now - _SKEW_SECONDS,
            "exp": now + _LIFETIME_SECONDS,
        }
        value = jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id, "x5t": self._key_id})
        return Response(body={"count": len(value), "value": value})


def _url(request: Request) -> str:
    return f"http://{request.headers['host']}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.oidc", description="GitHub's OIDC issuer, on loopback.")
    parser.add_argument("--port", type=int, default=0, help="a free one if not given")
    serve_until_terminated(Issuer(), port=parser.parse_args().port, name="The OIDC issuer")


if __name__ == "__main__":
    main()
