"""How GitHub's API is asked, and what its refusals mean."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import github
import requests

from mwaa_deploy.errors import GitHubUnavailable, MwaaDeployError


def github_client(api_url: str, token: str) -> github.Github:
    """A client with time-outs and a few retries, for github.com or a GitHub Enterprise Server."""
    auth = github.Auth.Token(token) if token else None
    # Requests are few and serial, so that the pause PyGithub makes between any two would only cost time.
    return github.Github(
        auth=auth,
        base_url=api_url,
        timeout=30,
        retry=github.GithubRetry(total=3),
        per_page=30,
        lazy=True,
        seconds_between_requests=None,
    )


@contextmanager
def translated(refusal: Callable[[int, str], MwaaDeployError]) -> Iterator[None]:
    """Raise errors of ours for what PyGithub raises inside.

    Args:
        refusal: the error for an answer, given its status and a sentence that quotes it.
    """
    try:
        yield
    except github.GithubException as e:
        raise refusal(e.status, f"GitHub's API answered {e.status} {message_of(e)}".strip()) from e
    except requests.RequestException as e:
        what = f"GitHub's API did not answer ({type(e).__name__})"
        raise GitHubUnavailable(what, meaning="The runner cannot reach it, or it is down.") from e


def message_of(error: github.GithubException) -> str:
    """GitHub's own words; '' if there are none."""
    return str(error.data.get("message", "")) if isinstance(error.data, dict) else ""
