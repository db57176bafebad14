"""Requests are given the name the SDK has for what they ask."""

import pytest

from lab.aws.operations import Request, operation, signing_name


def request(method: str, path: str, *query: str, **headers: str) -> Request:
    pairs = dict(entry.partition("=")[::2] for entry in query)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method=method, path=path, query={name: [value] for name, value in pairs.items()}, headers=named)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (request("PUT", "/b/dags/a.py"), "PutObject"),
        (request("HEAD", "/b/dags/a.py", "versionId=1"), "HeadObject"),
        (request("PUT", "/b/k", x_amz_copy_source="b/other"), "CopyObject"),
        (request("PUT", "/b/k", "partNumber=1", "uploadId=u"), "UploadPart"),
        (request("GET", "/b", "list-type=2", "prefix=dags/"), "ListObjectsV2"),
        (request("GET", "/b", "prefix=dags/"), "ListObjects"),
        (request("GET", "/b/", "versions"), "ListObjectVersions"),
        (request("POST", "/b", "delete"), "DeleteObjects"),
        (request("GET", "/"), "ListBuckets"),
        (request("TRACE", "/b"), ""),
    ],
)
def test_s3_requests_are_told_apart(asked: Request, expected: str) -> None:
    assert operation(asked, "s3") == expected


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("PATCH", "/environments/staging", "UpdateEnvironment"),
        ("POST", "/restapi/staging", "InvokeRestApi"),
        ("GET", "/tags/arn%3Aaws%3Aairflow%3Aeu-west-1%3A1%3Aenvironment%2Fstaging", "ListTagsForResource"),
        ("GET", "/environments", "ListEnvironments"),
    ],
)
def test_airflow_requests_are_told_apart(method: str, path: str, expected: str) -> None:
    assert operation(request(method, path), "airflow") == expected


def test_the_service_is_the_one_the_request_was_signed_for() -> None:
    signature = "AWS4-HMAC-SHA256 Credential=AKIA/20261101/eu-west-1/ssm/aws4_request, SignedHeaders=host"

    assert signing_name(request("POST", "/", authorization=signature)) == "ssm"
    assert signing_name(request("GET", "/b/k", "X-Amz-Credential=AKIA/20261101/eu-west-1/s3/aws4_request")) == "s3"
    assert signing_name(request("POST", "/")) == ""
