"""The JSON document of a comparison of two commits."""

from collections.abc import Mapping, Sequence

from lab.github.comparison import Compared
from lab.github.documents import HTML, Document, commit_document
from lab.github.records import Commit, Repository


def comparison_document(  # noqa: PLR0917 -- in the order of the sentence
    base: str,
    head: str,
    compared: Compared,
    shown: Sequence[str],
    commits: Mapping[str, Commit],
    repository: Repository,
    api: str,
) -> Document:
    """How a head stands to a base (commit-comparison).

    Args:
        shown: the commits of the page.
        commits: all that are known.
    """
    html = f"{HTML}/{repository.full_name}/compare/{base}...{head}"

    def document(sha: str) -> Document:
        return commit_document(sha, commits[sha], repository, api)

    return {
        "url": f"{api}/repos/{repository.full_name}/compare/{base}...{head}",
        "html_url": html,
        "permalink_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "base_commit": document(base),
        "merge_base_commit": document(compared.merge_base),
        "status": compared.status,
        "ahead_by": len(compared.ahead),
        "behind_by": compared.behind,
        "total_commits": len(compared.ahead),
        "commits": [document(sha) for sha in shown],
        "files": [],
    }
