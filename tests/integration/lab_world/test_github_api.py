"""GitHub's API: the shapes its own description gives, and its behaviour as PyGithub and a plain client see it."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from github import Auth, Github, GithubException, UnknownObjectException

REPOSITORY = "/repos/{owner}/{repo}"
WORKFLOW = REPOSITORY + "/actions/workflows/{workflow_id}"
RUNS = WORKFLOW + "/runs"
RUN = REPOSITORY + "/actions/runs/{run_id}"
JOBS = RUN + "/jobs"
COMPARE = REPOSITORY + "/compare/{basehead}"
COMMIT = REPOSITORY + "/commits/{ref}"

SHA = "a" * 40
TOKEN = "ghs_good"


def send(url, method, path, body):
    answer = requests.request(method, f"{url}/_lab{path}", json=body, timeout=10)
    answer.raise_for_status()


def record(url, number, **more):
    run = {"id": number, "workflow": "deploy.yml", "head_sha": SHA, "head_branch": "main", "event": "push"}
    send(url, "POST", "/repos/acme/hello/runs", {**run, "conclusion": "success", **more})


@pytest.fixture
def api(github_url):
    """The API with one run and a token that may read everything the program reads."""
    permissions = {"actions": "read", "contents": "read"}
    send(github_url, "PUT", "/tokens", {"token": TOKEN, "permissions": permissions})
    record(github_url, 1)
    return github_url


def get(url, path, token=TOKEN, **query):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(url + path, params=query, headers=headers, timeout=10)


@pytest.mark.parametrize(
    ("described", "path"),
    [
        (REPOSITORY, "/repos/acme/hello"),
        (WORKFLOW, "/repos/acme/hello/actions/workflows/deploy.yml"),
        (RUNS, "/repos/acme/hello/actions/workflows/deploy.yml/runs"),
        (RUN, "/repos/acme/hello/actions/runs/1"),
        (COMMIT, f"/repos/acme/hello/commits/{SHA}"),
        (JOBS, "/repos/acme/hello/actions/runs/1/jobs"),
        (COMPARE, f"/repos/acme/hello/compare/{SHA}...{SHA}"),
    ],
)
def test_documents_have_the_shape_github_describes(api, description, described, path):
    answer = get(api, path)

    assert answer.status_code == 200
    assert description.faults(described, 200, answer.json()) == []


def test_a_run_that_goes_on_has_the_shape_github_describes(api, description):
    record(api, 2, conclusion=None)

    document = get(api, "/repos/acme/hello/actions/runs/2").json()

    assert document["conclusion"] is None
    assert description.faults(RUN, 200, document) == []


def test_documents_have_no_field_that_github_does_not_describe(api, description):
    run = get(api, "/repos/acme/hello/actions/runs/1").json()

    assert set(run) <= description.properties("workflow-run")
    assert set(run["repository"]) <= description.properties("full-repository")
    assert set(run["actor"]) <= description.properties("simple-user")


def test_a_document_that_lacks_a_field_or_has_a_wrong_one_is_found_out(api, description):
    document = get(api, "/repos/acme/hello/actions/runs/1").json()
    del document["head_sha"]
    document["created_at"] = "yesterday"
    document["id"] = None

    faults = description.faults(RUN, 200, document)

    assert {fault.split(":")[0] for fault in faults} == {"$", "$.created_at", "$.id"}


def test_jobs_of_every_kind_have_the_shape_github_describes(api, description):
    ended = {"name": "deploy (staging)", "conclusion": "success", "runner_name": "GitHub Actions 7"}
    record(api, 2, conclusion=None, jobs=[ended, {"name": "late", "conclusion": "skipped"}, {"name": "running"}])

    document = get(api, "/repos/acme/hello/actions/runs/2/jobs").json()

    assert description.faults(JOBS, 200, document) == []
    assert all(set(job) <= description.properties("job") for job in document["jobs"])
    assert [(job["name"], job["status"], job["conclusion"], job["runner_name"]) for job in document["jobs"]] == [
        ("deploy (staging)", "completed", "success", "GitHub Actions 7"),
        ("late", "completed", "skipped", None),
        ("running", "in_progress", None, None),
    ]


def test_jobs_of_earlier_attempts_are_listed_only_when_asked_for(api):
    record(api, 2, conclusion="failure", jobs=[{"name": "deploy", "conclusion": "failure"}])
    record(api, 2, attempt=2, jobs=[{"name": "deploy", "conclusion": "success"}], created_at="2031-01-01T00:00:00Z")
    path = "/repos/acme/hello/actions/runs/2"

    run, latest = get(api, path).json(), get(api, f"{path}/jobs").json()
    every = get(api, f"{path}/jobs", filter="all").json()

    assert (run["run_attempt"], run["conclusion"], run["run_started_at"]) == (2, "success", "2031-01-01T00:00:00Z")
    assert run["created_at"] < run["run_started_at"]
    assert [(job["run_attempt"], job["conclusion"]) for job in latest["jobs"]] == [(2, "success")]
    assert [(job["run_attempt"], job["conclusion"]) for job in every["jobs"]] == [(1, "failure"), (2, "success")]


def test_jobs_come_in_pages(api):
    record(api, 2, jobs=[{"name": f"job {number}", "conclusion": "success"} for number in range(45)])

    answer = get(api, "/repos/acme/hello/actions/runs/2/jobs", page=2)

    assert (answer.json()["total_count"], len(answer.json()["jobs"])) == (45, 15)
    assert set(answer.links) == {"prev", "first"}


def test_a_comparison_has_the_shape_github_describes(api, description):
    b, c, d = ("b" * 40, "c" * 40, "d" * 40)
    for sha, parents in {b: [SHA], c: [SHA], d: [c, b]}.items():
        send(api, "PUT", f"/repos/acme/hello/commits/{sha}", {"parents": parents})

    def compared(base, head, **query):
        document = get(api, f"/repos/acme/hello/compare/{base}...{head}", **query).json()
        assert description.faults(COMPARE, 200, document) == []
        assert set(document) <= description.properties("commit-comparison")
        found = (document["status"], document["merge_base_commit"]["sha"], document["ahead_by"], document["behind_by"])
        return (*found, len(document["commits"]))

    assert compared(SHA, SHA) == ("identical", SHA, 0, 0, 0)
    assert compared(SHA, d) == ("ahead", SHA, 3, 0, 3)
    assert compared(d, SHA) == ("behind", SHA, 0, 3, 0)
    assert compared(b, c) == ("diverged", SHA, 1, 1, 1)
    assert compared(b, d) == ("ahead", b, 2, 0, 2)
    assert compared(SHA, d, per_page=1, page=2) == ("ahead", SHA, 3, 0, 1)


def test_commits_without_a_common_ancestor_are_not_compared(api, description):
    send(api, "PUT", f"/repos/acme/hello/commits/{'b' * 40}", {})

    answer = get(api, f"/repos/acme/hello/compare/{SHA}...{'b' * 40}")

    assert (answer.status_code, answer.json()["message"]) == (
        404,
        f"No common ancestor between {SHA} and {'b' * 40}.",
    )
    assert description.faults(COMPARE, 404, answer.json()) == []


def test_every_filter_is_a_parameter_that_github_describes(description):
    assert {"filter", "per_page", "page"} <= description.parameters(JOBS)
    assert {"per_page", "page"} <= description.parameters(COMPARE)
    ours = {"branch", "event", "head_sha", "actor", "status", "created", "per_page", "page", "exclude_pull_requests"}

    assert ours <= description.parameters(RUNS)


@pytest.mark.parametrize(
    ("path", "token", "expected"),
    [
        ("/repos/acme/hello", "", (401, "Requires authentication")),
        ("/repos/acme/hello", "ghs_unknown", (401, "Bad credentials")),
        ("/repos/acme/none", TOKEN, (404, "Not Found")),
        ("/repos/acme/hello/actions/workflows/none.yml", TOKEN, (404, "Not Found")),
        ("/repos/acme/hello/actions/workflows/none.yml/runs", TOKEN, (404, "Not Found")),
        ("/repos/acme/hello/actions/runs/99", TOKEN, (404, "Not Found")),
        ("/nothing/of/the/kind", TOKEN, (404, "Not Found")),
        ("/repos/acme/hello/actions/runs/99/jobs", TOKEN, (404, "Not Found")),
        (f"/repos/acme/hello/compare/{SHA}...{'b' * 40}", TOKEN, (404, "Not Found")),
        (f"/repos/acme/hello/compare/{SHA}", TOKEN, (404, "Not Found")),
        (f"/repos/acme/hello/commits/{'b' * 40}", TOKEN, (422, f"No commit found for SHA: {'b' * 40}")),
    ],
)
def test_refusals_are_worded_as_githubs(api, description, path, token, expected):
    answer = get(api, path, token=token)

    assert (answer.status_code, answer.json()["message"]) == expected
    assert description.faults_against("/components/schemas/basic-error", answer.json()) == []


def test_a_token_without_the_permission_is_told_so(api):
    send(api, "PUT", "/tokens", {"token": "ghs_weak", "permissions": {"contents": "read"}})

    refused = get(api, "/repos/acme/hello/actions/workflows/deploy.yml/runs", token="ghs_weak")
    allowed = get(api, "/repos/acme/hello", token="ghs_weak")

    assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")
    assert refused.json()["documentation_url"].startswith("https://docs.github.com/rest/actions/workflow-runs#list")
    assert allowed.status_code == 200


def test_rate_limit_headers_count_down(api):
    first, second = get(api, "/repos/acme/hello"), get(api, "/repos/acme/hello")

    assert int(first.headers["X-RateLimit-Remaining"]) - int(second.headers["X-RateLimit-Remaining"]) == 1
    assert {"X-RateLimit-Limit", "X-RateLimit-Reset", "X-RateLimit-Used"} <= set(second.headers)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"status": "success"}, [4, 2, 1]),
        ({"status": "completed"}, [4, 3, 2, 1]),
        ({"status": "in_progress"}, [5]),
        ({"branch": "main", "status": "success"}, [4, 1]),
        ({"event": "workflow_dispatch"}, [4]),
        ({"head_sha": "c" * 40}, [3]),
        ({"created": ">=2024-01-03"}, [5, 4, 3]),
        ({"created": "2024-01-02..2024-01-03"}, [3, 2]),
        ({"created": "<2024-01-02"}, [1]),
        ({"created": "2024-01-02"}, [2]),
    ],
)
def test_runs_are_filtered_and_newest_first(github_url, query, expected):
    send(github_url, "PUT", "/tokens", {"token": TOKEN, "permissions": {"actions": "read"}})
    record(github_url, 3, created_at="2024-01-03T12:00:00Z", conclusion="failure", head_sha="c" * 40)
    record(github_url, 1, created_at="2024-01-01T12:00:00Z")
    record(github_url, 2, created_at="2024-01-02T12:00:00Z", head_branch="other")
    record(github_url, 4, created_at="2024-01-04T12:00:00Z", event="workflow_dispatch")
    record(github_url, 5, created_at="2024-01-05T12:00:00Z", conclusion=None)
    record(github_url, 6, workflow="another.yml")

    document = get(github_url, "/repos/acme/hello/actions/workflows/deploy.yml/runs", **query).json()

    assert [run["id"] for run in document["workflow_runs"]] == expected
    assert document["total_count"] == len(expected)


def test_a_date_that_is_none_is_refused(api):
    answer = get(api, "/repos/acme/hello/actions/workflows/deploy.yml/runs", created=">=sometime")

    assert answer.status_code == 422


def test_pages_are_linked(api):
    for number in range(2, 8):
        record(api, number)

    answer = get(api, "/repos/acme/hello/actions/workflows/deploy.yml/runs", per_page=3, page=2, status="success")

    assert len(answer.json()["workflow_runs"]) == 3
    assert answer.json()["total_count"] == 7
    pages = {name: parse_qs(urlsplit(link["url"]).query) for name, link in answer.links.items()}
    assert {name: query["page"] for name, query in pages.items()} == {
        "prev": ["1"],
        "next": ["3"],
        "last": ["3"],
        "first": ["1"],
    }
    assert all((query["status"], query["per_page"]) == (["success"], ["3"]) for query in pages.values())


def test_a_page_has_30_runs_and_never_more_than_100(api):
    for number in range(2, 111):
        record(api, number)
    path = "/repos/acme/hello/actions/workflows/deploy.yml/runs"

    assert len(get(api, path).json()["workflow_runs"]) == 30
    assert len(get(api, path, per_page=500).json()["workflow_runs"]) == 100


def test_a_run_that_ended_keeps_its_number_and_its_beginning(api):
    record(api, 2, conclusion=None, created_at="2024-01-01T12:00:00Z")
    before = get(api, "/repos/acme/hello/actions/runs/2").json()
    send(api, "PATCH", "/repos/acme/hello/runs/2", {"status": "completed", "conclusion": "failure"})
    patched = get(api, "/repos/acme/hello/actions/runs/2").json()
    record(api, 2, conclusion="success")
    repeated = get(api, "/repos/acme/hello/actions/runs/2").json()

    assert (before["status"], before["conclusion"]) == ("in_progress", None)
    assert (patched["status"], patched["conclusion"]) == ("completed", "failure")
    assert (repeated["status"], repeated["conclusion"]) == ("completed", "success")
    for run in (before, patched, repeated):
        assert (run["run_number"], run["created_at"]) == (2, before["created_at"])


def test_pygithub_finds_the_last_successful_run(api):
    for number in range(2, 40):
        record(api, number, conclusion="failure")
    with Github(base_url=api, auth=Auth.Token(TOKEN), retry=None, per_page=10) as client:
        repository = client.get_repo("acme/hello")
        workflow = repository.get_workflow("deploy.yml")
        good = list(workflow.get_runs(branch="main", status="success", exclude_pull_requests=True))
        every = [run.id for run in workflow.get_runs()]
        commit = repository.get_commit(good[0].head_sha)

    assert [(run.id, run.head_sha, run.conclusion) for run in good] == [(1, SHA, "success")]
    assert every == list(range(39, 0, -1))
    assert workflow.path == ".github/workflows/deploy.yml"
    assert commit.sha == SHA


def test_pygithub_finds_a_workflow_by_id_and_a_run_by_id(api):
    with Github(base_url=api, auth=Auth.Token(TOKEN), retry=None) as client:
        repository = client.get_repo("acme/hello")
        run = repository.get_workflow_run(1)

        assert repository.get_workflow(run.workflow_id).path == run.path
        assert run.raw_data["head_branch"] == "main"


def test_pygithub_raises_its_own_errors(api):
    send(api, "PUT", "/tokens", {"token": "ghs_weak", "permissions": {}})
    with (
        Github(base_url=api, auth=Auth.Token("ghs_weak"), retry=None) as weak,
        pytest.raises(GithubException) as refusal,
    ):
        weak.get_repo("acme/hello").get_workflow("deploy.yml")
    with Github(base_url=api, auth=Auth.Token(TOKEN), retry=None) as client, pytest.raises(UnknownObjectException):
        client.get_repo("acme/hello").get_workflow("none.yml")

    assert refusal.value.status == 403


@pytest.mark.parametrize("body", [b"[]", b"{", b"{}"])
def test_a_run_that_cannot_be_meant_is_refused(api, body):
    answer = requests.post(f"{api}/_lab/repos/acme/hello/runs", data=body, timeout=10)

    assert answer.status_code == 400
