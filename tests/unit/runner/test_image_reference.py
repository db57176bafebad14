"""Names of images, and what the host in them says."""

import pytest

from mwaa_deploy.runner.image_reference import ecr_registry, login_key, names_registry, parse_reference

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "registry", "repository", "version"),
    [
        ("python", "docker.io", "library/python", "latest"),
        ("python:3.11-slim", "docker.io", "library/python", "3.11-slim"),
        ("team/image", "docker.io", "team/image", "latest"),
        ("docker.io/team/image:1", "docker.io", "team/image", "1"),
        ("index.docker.io/python", "docker.io", "library/python", "latest"),
        ("localhost/image", "localhost", "image", "latest"),
        ("localhost:5000/a/b/c:x", "localhost:5000", "a/b/c", "x"),
        ("172.17.0.1:5000/runner:2.10.3", "172.17.0.1:5000", "runner", "2.10.3"),
        ("[::1]:5000/runner", "[::1]:5000", "runner", "latest"),
        (f"ghcr.io/owner/runner@{DIGEST}", "ghcr.io", "owner/runner", DIGEST),
        (f"ghcr.io/owner/runner:1@{DIGEST}", "ghcr.io", "owner/runner", DIGEST),
        ("my_team/run--ner__x", "docker.io", "my_team/run--ner__x", "latest"),
    ],
)
def test_a_name_is_taken_apart_as_docker_does(text, registry, repository, version):
    reference = parse_reference(text)
    assert (reference.registry, reference.repository, reference.version) == (registry, repository, version)
    assert reference.text == text


@pytest.mark.parametrize(
    "text",
    ["", " ", "Team/Image", "a//b", "/a", "a/", "a:", "a b", "a\n", "https://host/a", "a@sha256:12", "-a/b", "a:b:c"],
)
def test_what_is_no_name_is_refused(text):
    with pytest.raises(ValueError, match="is not the name of an image"):
        parse_reference(text)


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1"),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("123456789012.dkr-ecr.ap-southeast-2.on.aws", "ap-southeast-2"),
    ],
)
def test_private_registries_of_ecr_are_known_by_their_host(host, region):
    registry = ecr_registry(host)
    assert registry is not None
    assert (registry.region, registry.account, registry.public) == (region, "123456789012", False)


def test_the_public_registry_has_its_api_in_us_east_1():
    registry = ecr_registry("public.ecr.aws")
    assert registry is not None
    assert (registry.region, registry.public) == ("us-east-1", True)


@pytest.mark.parametrize(
    "host",
    [
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example",
        "evil.example",
        "1234.dkr.ecr.eu-west-1.amazonaws.com",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com:443",
        "x123456789012.dkr.ecr.eu-west-1.amazonaws.com",
        "public.ecr.aws.example",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.org",
    ],
)
def test_a_host_that_only_looks_like_ecr_is_not_taken_for_it(host):
    assert ecr_registry(host) is None


def test_docker_hub_has_a_key_of_its_own():
    assert login_key("docker.io") == "https://index.docker.io/v1/"
    assert login_key("ghcr.io") == "ghcr.io"


@pytest.mark.parametrize(
    ("key", "registry", "same"),
    [
        ("https://index.docker.io/v1/", "docker.io", True),
        ("https://ghcr.io", "ghcr.io", True),
        ("http://registry.example:5000/v2/", "registry.example:5000", True),
        ("registry.example", "registry.example:5000", False),
        ("registry.example:5000", "registry.example", False),
        ("ghcr.io.example", "ghcr.io", False),
    ],
)
def test_a_key_stands_for_exactly_one_registry(key, registry, same):
    assert names_registry(key, registry) is same
