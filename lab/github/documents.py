"""GitHub's JSON documents, of the shapes its OpenAPI description gives."""

import base64
import hashlib
from datetime import datetime
from typing import Any

from lab.github.records import Commit, Repository, Run, Workflow, number_of

Document = dict[str, Any]

HTML = "https://github.com"

_REPOSITORY_PATHS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
_USER_PATHS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
_NONE_OF = ("forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count")
_NONE_OF_MORE = ("watchers", "watchers_count", "network_count", "subscribers_count")
_FEATURES = ("has_issues", "has_projects", "has_wiki", "has_pages", "has_discussions", "has_downloads")


def repository_document(repository: Repository, api: str) -> Document:
    """A repository in full (full-repository); what GitHub embeds elsewhere is a part of it.

    Args:
        api: base URL of the API.
    """
    url = f"{api}/repos/{repository.full_name}"
    html = f"{HTML}/{repository.full_name}"
    return {
        "id": repository.id,
        "node_id": node_id("Repository", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "private": True,
        "visibility": "private",
        "owner": user_document(repository.owner, api),
        "html_url": html,
        "description": None,
        "fork": False,
        "url": url,
        **{name: url + path for name, path in _REPOSITORY_PATHS.items()},
        "git_url": f"git://github.com/{repository.full_name}.git",
        "ssh_url": f"git@github.com:{repository.full_name}.git",
        "clone_url": f"{html}.git",
        "svn_url": html,
        "default_branch": repository.default_branch,
        **dict.fromkeys(("homepage", "language", "license", "mirror_url")),
        **dict.fromkeys((*_NONE_OF, *_NONE_OF_MORE), 0),
        **dict.fromkeys((*_FEATURES, "archived", "disabled"), False),
        **{name: moment(repository.created_at) for name in ("created_at", "updated_at", "pushed_at")},
    }


def user_document(login: str, api: str) -> Document:
    """A user or organisation (simple-user)."""
    url = f"{api}/users/{login}"
    number = number_of(login)
    return {
        "login": login,
        "id": number,
        "node_id": node_id("User", number),
        "avatar_url": f"https://avatars.githubusercontent.com/u/{number}?v=4",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{HTML}/{login}",
        **{name: url + path for name, path in _USER_PATHS.items()},
        "type": "User",
        "site_admin": False,
    }


def workflow_document(workflow: Workflow, repository: Repository, api: str) -> Document:
    """A workflow file (workflow)."""
    html = f"{HTML}/{repository.full_name}"
    return {
        "id": workflow.id,
        "node_id": node_id("Workflow", workflow.id),
        "name": workflow.name,
        "path": workflow.path,
        "state": "active",
        "created_at": moment(workflow.created_at),
        "updated_at": moment(workflow.created_at),
        "url": f"{api}/repos/{repository.full_name}/actions/workflows/{workflow.id}",
        "html_url": f"{html}/blob/{repository.default_branch}/{workflow.path}",
        "badge_url": f"{html}/workflows/{workflow.name}/badge.svg",
    }


def run_document(run: Run, repository: Repository, api: str) -> Document:
    """A workflow run (workflow-run)."""
    base = f"{api}/repos/{repository.full_name}"
    url = f"{base}/actions/runs/{run.id}"
    suite = number_of(f"suite of {run.id}")
    embedded = repository_document(repository, api)
    return {
        "id": run.id,
        "name": run.name,
        "node_id": node_id("WorkflowRun", run.id),
        "check_suite_id": suite,
        "check_suite_node_id": node_id("CheckSuite", suite),
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "path": run.path,
        "display_title": message_of(run.head_sha),
        "run_number": run.number,
        "run_attempt": run.attempt,
        "event": run.event,
        "status": run.status,
        "conclusion": run.conclusion,
        "workflow_id": run.workflow_id,
        "url": url,
        "html_url": f"{HTML}/{repository.full_name}/actions/runs/{run.id}",
        "pull_requests": [],
        "created_at": moment(run.created_at),
        "updated_at": moment(run.updated_at),
        "run_started_at": moment(run.started_at),
        "actor": user_document(run.actor, api),
        "triggering_actor": user_document(run.actor, api),
        "referenced_workflows": [],
        "jobs_url": f"{url}/jobs",
        "logs_url": f"{url}/logs",
        "check_suite_url": f"{base}/check-suites/{suite}",
        "artifacts_url": f"{url}/artifacts",
        "cancel_url": f"{url}/cancel",
        "rerun_url": f"{url}/rerun",
        "previous_attempt_url": None,
        "workflow_url": f"{base}/actions/workflows/{run.workflow_id}",
        "head_commit": {
            "id": run.head_sha,
            "tree_id": tree_of(run.head_sha),
            "message": message_of(run.head_sha),
            "timestamp": moment(run.created_at),
            "author": _person(run.actor),
            "committer": _person(run.actor),
        },
        "repository": embedded,
        "head_repository": embedded,
        "head_repository_id": repository.id,
    }


def commit_document(sha: str, commit: Commit, repository: Repository, api: str) -> Document:
    """A commit (commit)."""
    base = f"{api}/repos/{repository.full_name}"
    person = {**_person(repository.owner), "date": moment(commit.made)}
    return {
        "url": f"{base}/commits/{sha}",
        "sha": sha,
        "node_id": node_id("Commit", number_of(sha)),
        "html_url": f"{HTML}/{repository.full_name}/commit/{sha}",
        "comments_url": f"{base}/commits/{sha}/comments",
        "commit": {
            "url": f"{base}/git/commits/{sha}",
            "author": person,
            "committer": person,
            "message": message_of(sha),
            "comment_count": 0,
            "tree": {"sha": tree_of(sha), "url": f"{base}/git/trees/{tree_of(sha)}"},
            "verification": {
                "verified": False,
                "reason": "unsigned",
                "signature": None,
                "payload": None,
                "verified_at": None,
            },
        },
        "author": user_document(repository.owner, api),
        "committer": user_document(repository.owner, api),
        "parents": [{"sha": parent, "url": f"{base}/commits/{parent}"} for parent in commit.parents],
        "stats": {"total": 0, "additions": 0, "deletions": 0},
        "files": [],
    }


def error_document(message: str, status: int, page: str) -> Document:
    """An error, with the page of GitHub's documentation it points to."""
    return {"message": message, "documentation_url": f"https://docs.github.com/rest{page}", "status": str(status)}


def node_id(kind: str, number: int) -> str:
    """GraphQL's id."""
    return base64.b64encode(f"{len(kind):03}:{kind}{number}".encode()).decode()


def moment(at: datetime) -> str:
    """A moment as GitHub writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def tree_of(sha: str) -> str:
    """A tree's id that belongs to a commit, since no tree is kept."""
    return hashlib.sha1(sha.encode(), usedforsecurity=False).hexdigest()


def message_of(sha: str) -> str:
    """A commit message, since none is kept."""
    return f"Commit {sha[:7]}"


def _person(login: str) -> Document:
    return {"name": login, "email": f"{login}@users.noreply.github.com"}
