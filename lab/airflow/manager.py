"""The manager's HTTP interface: one live Airflow for each environment name."""

import threading
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path

from lab.airflow.environment import LiveEnvironment
from lab.airflow.specification import NAME, SpecificationInvalidError, parse
from lab.web import RefusedError, Request, Response, Route, dispatch

_PATTERN = "/environments/{name}"


class Manager:
    """Keeps the environments. Call it with a request.

    Args:
        folder: for the environments.
        cache: for installations of Airflow, shared with other managers.
    """

    def __init__(self, folder: Path, cache: Path) -> None:
        self._folder = folder
        self._cache = cache
        self._lock = threading.Lock()
        self._environments: dict[str, LiveEnvironment] = {}
        self._routes = (
            Route(method="GET", pattern="/environments", answer=self._list),
            Route(method="GET", pattern=f"{_PATTERN}/installation", answer=self._installation),
            Route(method="POST", pattern=_PATTERN, answer=self._deploy),
            Route(method="GET", pattern=_PATTERN, answer=self._describe),
            Route(method="DELETE", pattern=_PATTERN, answer=self._delete),
        )

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        return dispatch(self._routes, request)

    def stop(self) -> None:
        """End all environments."""
        with self._lock:
            environments, self._environments = self._environments, {}
        with ThreadPoolExecutor() as pool:
            for done in [pool.submit(environment.delete) for environment in environments.values()]:
                done.result()

    def _list(self, request: Request) -> Response:
        del request
        with self._lock:
            return Response(body={"environments": sorted(self._environments)})

    def _deploy(self, request: Request) -> Response:
        name = request.named["name"]
        if not NAME.fullmatch(name):
            raise RefusedError(HTTPStatus.BAD_REQUEST, {"message": f"{name!r} is no name of an environment"})
        try:
            specification = parse(request.json())
        except SpecificationInvalidError as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, {"message": str(error)}) from error
        with self._lock:
            environment = self._environments.get(name)
            if environment is None:
                environment = LiveEnvironment(name, self._folder / name, self._cache)
                self._environments[name] = environment
            generation = environment.deploy(specification)
        return Response(status=HTTPStatus.ACCEPTED, body={"generation": generation})

    def _describe(self, request: Request) -> Response:
        return Response(body=self._find(request).describe())

    def _installation(self, request: Request) -> Response:
        return Response(body={"logs": self._find(request).installation()})

    def _find(self, request: Request) -> LiveEnvironment:
        with self._lock:
            environment = self._environments.get(request.named["name"])
        if environment is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, {"message": "There is no such environment"})
        return environment

    def _delete(self, request: Request) -> Response:
        with self._lock:
            environment = self._environments.pop(request.named["name"], None)
        if environment is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, {"message": "There is no such environment"})
        environment.delete()
        return Response(status=HTTPStatus.NO_CONTENT)
