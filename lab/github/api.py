"""GitHub's routes: who may ask, what is found, and the lab's own way to put things in."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlencode

from lab.github import documents
from lab.github.comparison import compare
from lab.github.comparison_document import comparison_document
from lab.github.filters import DateInvalidError, filters, matches
from lab.github.job_document import job_document
from lab.github.new_run import new_run
from lab.github.pulls_api import PullsApi
from lab.github.records import Records, Repository, now
from lab.web import RefusedError, Request, Response, Route, dispatch

_REPOSITORY = "/repos/{owner}/{repo}"
_WORKFLOW = _REPOSITORY + "/actions/workflows/{workflow}"
_JOBS_PAGE = "/actions/workflow-jobs#list-jobs-for-a-workflow-run"
_COMPARE_PAGE = "/commits/commits#compare-two-commits"
_COMMENTS_PAGE = "/issues/comments#"
_MAXIMUM_PER_PAGE = 100
_MAXIMUM_FILTERED = 1000
_LIMIT_PER_HOUR = 1000
"""What a job's token may ask per repository (GitHub's documentation of rate limits)."""

T = TypeVar("T")
Finder = Callable[[Request, Repository], Response | None]


class GitHub:
    """Answers as api.github.com does. Call it with a request."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._asked = 0
        self._window_ends = 0.0
        page = "/actions/workflow-runs#"
        pulls = PullsApi(self._login, _page)
        comments = _REPOSITORY + "/issues/{number}/comments"
        self._routes = (
            self._route(_REPOSITORY, "metadata", "/repos/repos#get-a-repository", self._repository),
            self._route(_WORKFLOW, "actions", "/actions/workflows#get-a-workflow", self._workflow),
            self._route(f"{_WORKFLOW}/runs", "actions", f"{page}list-workflow-runs-for-a-workflow", self._runs),
            self._route(_REPOSITORY + "/actions/runs/{run}", "actions", f"{page}get-a-workflow-run", self._run),
            self._route(_REPOSITORY + "/actions/runs/{run}/jobs", "actions", _JOBS_PAGE, self._jobs),
            self._route(_REPOSITORY + "/compare/{basehead*}", "contents", _COMPARE_PAGE, self._compare),
            self._route(_REPOSITORY + "/commits/{ref}", "contents", "/commits/commits#get-a-commit", self._commit),
            self._route(f"{_REPOSITORY}/pulls", "pull-requests", "/pulls/pulls#list-pull-requests", pulls.list_pulls),
            self._route(comments, "pull-requests", f"{_COMMENTS_PAGE}list-issue-comments", pulls.list_comments),
            self._route(
                comments, "pull-requests", f"{_COMMENTS_PAGE}create-an-issue-comment", pulls.write, method="POST"
            ),
            self._route(
                _REPOSITORY + "/issues/comments/{comment}",
                "pull-requests",
                f"{_COMMENTS_PAGE}update-an-issue-comment",
                pulls.change,
                method="PATCH",
            ),
            Route(method="GET", pattern="/user", answer=pulls.user),
            Route(
                method="PUT",
                pattern=f"/_lab{_REPOSITORY}/pulls/{{number}}",
                answer=lambda request: pulls.put(request, self._added_repository(request)),
            ),
            Route(method="PUT", pattern="/_lab/tokens", answer=self._put_token),
            Route(method="POST", pattern=f"/_lab{_REPOSITORY}/runs", answer=self._post_run),
            Route(method="PATCH", pattern=f"/_lab{_REPOSITORY}/runs/{{run}}", answer=self._patch_run),
            Route(method="PUT", pattern=f"/_lab{_REPOSITORY}/commits/{{ref}}", answer=self._put_commit),
        )

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        try:
            response = dispatch(self._routes, request)
        except RefusedError as refused:
            response = refused.response
        if request.path.startswith("/_lab"):
            return response
        return replace(response, headers={**self._limits(), **response.headers})

    # -- what GitHub answers --------------------------------------------------------------------------------------

    def _route(self, pattern: str, permission: str, page: str, find: Finder, *, method: str = "GET") -> Route:
        enough = {"read", "write"} if method == "GET" else {"write"}

        def answer(request: Request) -> Response:
            self._authorise(request, permission, enough, page)
            repository = self._records.repository(request.named["owner"], request.named["repo"])
            found = repository and find(request, repository)
            if not found:
                raise _refusal(HTTPStatus.NOT_FOUND, "Not Found", page)
            return found

        return Route(method=method, pattern=pattern, answer=answer)

    def _login(self, request: Request) -> str:
        return self._records.login(request.headers.get("authorization", "").rpartition(" ")[2])

    def _authorise(self, request: Request, permission: str, enough: set[str], page: str) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not token or scheme.lower() not in {"bearer", "token"}:
            raise _refusal(HTTPStatus.UNAUTHORIZED, "Requires authentication", page)
        permissions = self._records.permissions(token)
        if permissions is None:
            raise _refusal(HTTPStatus.UNAUTHORIZED, "Bad credentials", "")
        # Every token may read metadata.
        if permission != "metadata" and permissions.get(permission) not in enough:
            raise _refusal(HTTPStatus.FORBIDDEN, "Resource not accessible by integration", page)

    def _repository(self, request: Request, repository: Repository) -> Response:
        return Response(body=documents.repository_document(repository, _api(request)))

    def _workflow(self, request: Request, repository: Repository) -> Response | None:
        found = self._records.workflow(repository, request.named["workflow"])
        return Response(body=documents.workflow_document(found, repository, _api(request))) if found else None

    def _run(self, request: Request, repository: Repository) -> Response | None:
        number = request.named["run"]
        found = self._records.run(repository, int(number)) if number.isdecimal() else None
        return Response(body=documents.run_document(found, repository, _api(request))) if found else None

    def _commit(self, request: Request, repository: Repository) -> Response:
        sha = request.named["ref"]
        made = self._records.commit(repository, sha)
        if made is None:
            message = f"No commit found for SHA: {sha}"
            raise _refusal(HTTPStatus.UNPROCESSABLE_ENTITY, message, "/commits/commits#get-a-commit")
        return Response(body=documents.commit_document(sha, made, repository, _api(request)))

    def _runs(self, request: Request, repository: Repository) -> Response | None:
        workflow = self._records.workflow(repository, request.named["workflow"])
        if workflow is None:
            return None
        query = request.query
        runs = [run for run in self._records.runs(repository) if run.path == workflow.path]
        try:
            wanted = [run for run in runs if matches(run, query)]
        except DateInvalidError as error:
            raise _refusal(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), "") from error
        if filters(query):
            wanted = wanted[:_MAXIMUM_FILTERED]
        api = _api(request)
        shown, links = _page(request, wanted)
        documented = [documents.run_document(run, repository, api) for run in shown]
        return Response(body={"total_count": len(wanted), "workflow_runs": documented}, headers=links)

    def _jobs(self, request: Request, repository: Repository) -> Response | None:
        number = request.named["run"]
        run = self._records.run(repository, int(number)) if number.isdecimal() else None
        if run is None:
            return None
        every = request.query.get("filter", "latest") == "all"
        wanted = [job for job in run.jobs if every or job.attempt == run.attempt]
        shown, links = _page(request, wanted)
        documented = [job_document(job, run, repository, _api(request)) for job in shown]
        return Response(body={"total_count": len(wanted), "jobs": documented}, headers=links)

    def _compare(self, request: Request, repository: Repository) -> Response | None:
        names = request.named["basehead"].partition("...")
        base, head = (self._records.named(repository, name) for name in (names[0], names[2]))
        if base is None or head is None:
            return None
        commits = self._records.commits(repository)
        compared = compare({sha: commit.parents for sha, commit in commits.items()}, base, head)
        if compared is None:
            message = f"No common ancestor between {base} and {head}."
            raise _refusal(HTTPStatus.NOT_FOUND, message, _COMPARE_PAGE)
        shown, links = _page(request, compared.ahead, per_page=250)
        body = comparison_document(base, head, compared, shown, commits, repository, _api(request))
        return Response(body=body, headers=links)

    def _limits(self) -> dict[str, str]:
        if time.time() >= self._window_ends:
            self._asked, self._window_ends = 0, time.time() + 3600
        self._asked = min(self._asked + 1, _LIMIT_PER_HOUR)
        return {
            "X-RateLimit-Limit": str(_LIMIT_PER_HOUR),
            "X-RateLimit-Remaining": str(_LIMIT_PER_HOUR - self._asked),
            "X-RateLimit-Reset": str(int(self._window_ends)),
            "X-RateLimit-Used": str(self._asked),
            "X-RateLimit-Resource": "core",
            "X-GitHub-Media-Type": "github.v3; format=json",
        }

    # -- what the lab puts in -------------------------------------------------------------------------------------

    def _put_token(self, request: Request) -> Response:
        asked = request.json("token")
        login = str(asked.get("login") or "")
        self._records.permit(str(asked["token"]), asked.get("permissions") or {}, login=login)
        return Response(status=HTTPStatus.NO_CONTENT)

    def _put_commit(self, request: Request) -> Response:
        parents = tuple(str(parent) for parent in request.json().get("parents", ()))
        branch = str(request.json().get("branch", ""))
        self._records.add_commit(self._added_repository(request), request.named["ref"], parents, branch=branch)
        return Response(status=HTTPStatus.NO_CONTENT)

    def _post_run(self, request: Request) -> Response:
        repository = self._added_repository(request)
        run = self._records.save(repository, new_run(request.json("id", "workflow", "head_sha")))
        return Response(status=HTTPStatus.CREATED, body=documents.run_document(run, repository, _api(request)))

    def _patch_run(self, request: Request) -> Response:
        repository = self._added_repository(request)
        run = self._records.run(repository, int(request.named["run"]))
        if run is None:
            raise _refusal(HTTPStatus.NOT_FOUND, "Not Found", "")
        fields = ("head_sha", "head_branch", "event", "status", "conclusion")
        changes = {name: value for name, value in request.json().items() if name in fields}
        changed = replace(run, updated_at=now(), **changes)
        if len(run.jobs) == 1:
            job = replace(run.jobs[0], status=changed.status, conclusion=changed.conclusion)
            changed = replace(changed, jobs=(job,))
        run = self._records.save(repository, changed)
        return Response(body=documents.run_document(run, repository, _api(request)))

    def _added_repository(self, request: Request) -> Repository:
        return self._records.add_repository(request.named["owner"], request.named["repo"])


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name, "")
    return int(value) if value.isdecimal() and int(value) else default


def _page(request: Request, wanted: Sequence[T], *, per_page: int = 30) -> tuple[Sequence[T], dict[str, str]]:
    """The page that is asked for, and the header that links its neighbours."""
    size = min(_number(request.query, "per_page", per_page), max(_MAXIMUM_PER_PAGE, per_page))
    page = _number(request.query, "page", 1)
    url = f"{_api(request)}{request.path}"
    return wanted[(page - 1) * size : page * size], _links(url, request.query, page, -(-len(wanted) // size))


def _links(url: str, query: Mapping[str, str], page: int, pages: int) -> dict[str, str]:
    targets = {"prev": page - 1, "next": page + 1, "last": pages, "first": 1}
    if page <= 1:
        del targets["prev"], targets["first"]
    if page >= pages:
        del targets["next"], targets["last"]
    links = [f'<{url}?{urlencode({**query, "page": number})}>; rel="{name}"' for name, number in targets.items()]
    return {"Link": ", ".join(links)} if links else {}


def _refusal(status: HTTPStatus, message: str, page: str) -> RefusedError:
    return RefusedError(status, documents.error_document(message, status, page))


def _api(request: Request) -> str:
    return f"http://{request.headers['host']}"
