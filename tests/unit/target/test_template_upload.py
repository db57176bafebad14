"""Templates that are too large for a request go through the bucket."""

import hashlib
from typing import Any

import pytest

from mwaa_deploy.errors import ChangeSetFailed
from mwaa_deploy.target.template_upload import TemplatePlace, template_url
from tests.fakes.bucket import FakeBucket
from tests.unit.target.stubs import stubbed
from tests.unit.target.test_change_sets import ID, change, change_sets, create, described

LARGE = "ä" + "x" * 51_199


@pytest.mark.parametrize(
    ("bucket", "partition", "expected"),
    [
        ("dags", "aws", "https://dags.s3.eu-west-1.amazonaws.com/a%20b/t.yaml?versionId=v%2F%2B1"),
        ("dags", "aws-cn", "https://dags.s3.eu-west-1.amazonaws.com.cn/a%20b/t.yaml?versionId=v%2F%2B1"),
        ("my.dags", "aws", "https://s3.eu-west-1.amazonaws.com/my.dags/a%20b/t.yaml?versionId=v%2F%2B1"),
    ],
)
def test_the_url_names_the_very_version(bucket, partition, expected):
    assert template_url(bucket, "a b/t.yaml", "v/+1", region="eu-west-1", partition=partition) == expected


def place(bucket: FakeBucket) -> TemplatePlace:
    return TemplatePlace(bucket=bucket, region="eu-west-1", name="mwaa-staging")


def test_the_same_template_is_uploaded_once():
    bucket = FakeBucket()
    first = place(bucket).put(LARGE)
    assert place(bucket).put(LARGE) == first
    (key,) = bucket.contents
    assert key == f"mwaa-deploy/mwaa-staging/template-{hashlib.sha256(LARGE.encode()).hexdigest()}.yaml"
    assert len(bucket.versions[key]) == 1
    assert place(bucket).put(LARGE + "y") != first


def test_what_somebody_else_put_in_its_place_is_not_deployed():
    bucket = FakeBucket()
    first = place(bucket).put(LARGE)
    (key,) = bucket.contents
    bucket.put(key, b"theirs", sha256=hashlib.sha256(b"theirs").hexdigest(), commit="")
    second = place(bucket).put(LARGE)
    assert second != first
    assert bucket.contents[key] == LARGE.encode()


def sent(template: str, **options: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    with stubbed("cloudformation") as (client, stub):
        event = "provide-client-params.cloudformation.CreateChangeSet"
        client.meta.events.register(event, lambda params, **_: asked.update(params))
        stub.add_response("create_change_set", {"Id": ID})
        stub.add_response("describe_change_set", described("CREATE_COMPLETE", Changes=[change("A")]))
        create(change_sets(client, **options), template)
    return asked


def test_a_large_template_is_sent_by_its_url_and_a_small_one_in_the_request():
    bucket = FakeBucket()
    asked = sent(LARGE, template_place=place(bucket))
    assert "TemplateBody" not in asked
    assert asked["TemplateURL"] == place(bucket).put(LARGE)

    small = "x" * 51_200
    assert sent(small, template_place=place(FakeBucket()))["TemplateBody"] == small


def test_a_template_that_s3_does_not_help_either_is_refused_before_it_is_sent():
    bucket = FakeBucket()
    with (
        stubbed("cloudformation") as (client, _),
        pytest.raises(ChangeSetFailed, match=r"1,000,001 bytes; CloudFormation takes at most 1,000,000"),
    ):
        create(change_sets(client, template_place=place(bucket)), "x" * 1_000_001)
    assert bucket.contents == {}
