"""What is taken on trust of GitHub, asked for the present run."""

from collections.abc import Mapping

import requests

from confirm.account import Account
from confirm.finding import Confirmation, NotTried, require
from mwaa_deploy.context import read_context
from mwaa_deploy.ports import Relation
from mwaa_deploy.source.github_api import github_client
from mwaa_deploy.source.workflow_runs import GitHubWorkflowRuns
from mwaa_deploy.target.oidc import IdTokens, told_claims
from mwaa_deploy.target.trust_advice import AUDIENCE

_NO_COMMIT = "0" * 39 + "1"


def subject(account: Account) -> str:
    """The token's `sub` has one of the forms that a trust policy is written for."""
    if not account.env.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
        raise NotTried("this is no job with the permission id-token: write")
    tokens = IdTokens(requests.Session(), account.env, clock=account.clock, log=account.log)
    claims = told_claims(tokens.fetch())
    expected = subjects(account.env, environment=str(claims.get("environment") or ""))
    require(claims.get("sub") in expected, f"sub is {claims.get('sub')}, neither of {' and '.join(expected)}")
    require(claims.get("aud") == AUDIENCE, f"aud is {claims.get('aud')}")
    return f"sub is {claims['sub']}"


def subjects(env: Mapping[str, str], *, environment: str) -> tuple[str, str]:
    """What `sub` may be: with the repository's name, or also with the ids of owner and repository."""
    repository, ref = env.get("GITHUB_REPOSITORY", ""), env.get("GITHUB_REF", "")
    owner, _, name = repository.partition("/")
    with_ids = f"{owner}@{env.get('GITHUB_REPOSITORY_OWNER_ID')}/{name}@{env.get('GITHUB_REPOSITORY_ID')}"
    context = f"environment:{environment}" if environment else f"ref:{ref}"
    return f"repo:{repository}:{context}", f"repo:{with_ids}:{context}"


def comparison(account: Account) -> str:
    """GitHub compares the present commit with the one before it, both ways, and knows when there is no such commit."""
    context, token = read_context(account.env), account.env.get("GITHUB_TOKEN", "")
    if not (context.repository and context.sha and token):
        raise NotTried("this is no workflow run with a GITHUB_TOKEN")
    client = github_client(context.api_url, token)
    try:
        parents = client.get_repo(context.repository).get_commit(context.sha).parents
        if not parents:
            raise NotTried(f"the commit {context.sha} has no parent")
        before = parents[0].sha
        runs = GitHubWorkflowRuns(client, context.repository, run_id=context.run_id)
        later, earlier = runs.compare(base=before, head=context.sha), runs.compare(base=context.sha, head=before)
        require(later is not None and later.relation is Relation.NEWER, f"to its parent, the commit is {later}")
        require(later is not None and later.merge_base == before, f"the merge base with its parent is {later}")
        require(earlier is not None and earlier.relation is Relation.OLDER, f"to the commit, its parent is {earlier}")
        unknown = runs.compare(base=_NO_COMMIT, head=context.sha)
        require(unknown is None, f"with a commit that does not exist it is {unknown}")
    finally:
        client.close()
    return f"{context.sha[:7]} is newer than its parent {before[:7]}, and not comparable with a commit that is unknown"


GITHUB = (
    Confirmation(id="github-sub", row="the token of a repository created, renamed", look=subject),
    Confirmation(id="github-compare", row="GitHub compares two commits of which", look=comparison),
)
