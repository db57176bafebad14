"""Which bucket a template has its environment read from."""

import pytest

from mwaa_deploy.bundle.source_bucket import Answer, filled_in, names_bucket
from mwaa_deploy.bundle.template import parse_template

TEMPLATE = """\
Parameters:
  Bucket: {{Type: String, Default: mine}}
Resources:
  Named: {{Type: "AWS::S3::Bucket", Properties: {{BucketName: !Sub "${{Bucket}}-dags"}}}}
  Plain: {{Type: "AWS::S3::Bucket", Properties: {{BucketName: mine}}}}
  Unnamed: {{Type: "AWS::S3::Bucket"}}
  Itself: {{Type: "AWS::S3::Bucket", Properties: {{BucketName: !Ref Itself}}}}
  Mwaa:
    Type: AWS::MWAA::Environment
    Properties:
      SourceBucketArn: {written}
"""
VALUES = {"Bucket": "mine", "AWS::AccountId": "123456789012"}


def arn(written: str) -> str:
    found = parse_template(TEMPLATE.format(written=written)).source_bucket_arn
    assert found is not None
    return found


@pytest.mark.parametrize(
    "written",
    [
        "arn:aws:s3:::mine",
        "arn:aws-cn:s3:::mine",
        "!Sub 'arn:aws:s3:::${Bucket}'",
        "!Sub 'arn:${AWS::Partition}:s3:::${Bucket}'",
        "!Sub ['arn:aws:s3:::${Name}', {Name: !Ref Bucket}]",
        "!Join ['', ['arn:aws:s3:::', !Ref Bucket]]",
        "{'Fn::Join': [':', ['arn', !Ref 'AWS::Partition', 's3', '', '', !Ref Bucket]]}",
        "!GetAtt Plain.Arn",
        "{'Fn::GetAtt': [Plain, Arn]}",
        "!Sub '${Plain.Arn}'",
        "!Sub 'arn:aws:s3:::${Plain}'",
        "!Join ['', ['arn:aws:s3:::', !Ref Plain]]",
        "!If [Some, !GetAtt Plain.Arn, !Sub 'arn:${AWS::Partition}:s3:::mine']",
    ],
)
def test_what_the_template_says_is_told(written):
    assert names_bucket(arn(written), "mine", VALUES) is Answer.SAME
    assert names_bucket(arn(written), "other", VALUES) is Answer.OTHER


def test_a_bucket_of_the_template_stands_by_its_name():
    assert names_bucket(arn("!GetAtt Named.Arn"), "mine-dags", VALUES) is Answer.SAME
    assert names_bucket(arn("!GetAtt Named.Arn"), "mine", VALUES) is Answer.OTHER


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("!ImportValue Bucket", "${Fn::ImportValue}"),
        ("!GetAtt Unnamed.Arn", "arn:${AWS::Partition}:s3:::${Unnamed}"),
        ("!GetAtt Itself.Arn", "arn:${AWS::Partition}:s3:::${Itself}"),
        ("!GetAtt Nested.Outputs.Arn", "${Nested.Outputs.Arn}"),
        ("!If [Some, arn:aws:s3:::a, arn:aws:s3:::b]", "${Fn::If}"),
        ("!Sub 'arn:aws:s3:::${Unknown}'", "arn:aws:s3:::${Unknown}"),
        ("[1]", "${?}"),
    ],
)
def test_what_only_cloudformation_knows_is_not_guessed(written, shown):
    assert names_bucket(arn(written), "mine", VALUES) is Answer.UNKNOWN
    assert filled_in(arn(written), VALUES) == shown


@pytest.mark.parametrize(
    ("bucket", "expected"), [("mwaa-123456789012", Answer.UNKNOWN), ("mwaa-x", Answer.OTHER), ("mwaa-12", Answer.OTHER)]
)
def test_an_account_that_is_not_known_is_one_all_the_same(bucket, expected):
    assert names_bucket(arn("!Sub 'arn:aws:s3:::mwaa-${AWS::AccountId}'"), bucket, {}) is expected


def test_an_environment_without_a_bucket_says_nothing():
    body = "Resources: {Mwaa: {Type: 'AWS::MWAA::Environment'}}"
    assert parse_template(body).source_bucket_arn is None
