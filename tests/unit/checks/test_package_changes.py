"""Which packages of an environment differ, from what the image ships and from what the base asked for."""

from packaging.utils import canonicalize_name

from mwaa_deploy.checks.installed import Installed, Package
from mwaa_deploy.checks.package_changes import PackageChange, compare_packages


def installed(**versions):
    packages = {canonicalize_name(name): Package(name=name, version=version) for name, version in versions.items()}
    return Installed(python="3.11.9", environment={}, packages=packages)


IMAGE = installed(pandas="2.1.4", boto3="1.34", six="1.16")


def test_what_the_image_has_otherwise_is_told():
    after = installed(pandas="2.2.0", boto3="1.34", lxml="5.0")
    found = compare_packages(IMAGE, after, asked="pandas==2.2.0\nlxml\n", asked_before=None, base="b" * 40)

    assert found.base == ""
    assert found.packages == (
        PackageChange(name="lxml", shipped="", installed="5.0", asked_before="any version", asked_now="any version"),
        PackageChange(name="pandas", shipped="2.1.4", installed="2.2.0", asked_before="==2.2.0", asked_now="==2.2.0"),
        PackageChange(name="six", shipped="1.16", installed=""),
    )
    assert not any(package.asked_otherwise for package in found.packages)


def test_what_is_asked_for_otherwise_than_at_the_base_is_told():
    found = compare_packages(
        IMAGE, IMAGE, asked="Pandas>=2\nsix\n", asked_before=b"pandas==2.1.4\nboto3\nsix\n", base="b" * 40
    )

    assert found.base == "b" * 40
    assert [(p.name, p.asked_before, p.asked_now) for p in found.packages] == [
        ("boto3", "any version", ""),
        ("pandas", "==2.1.4", ">=2"),
    ]
    assert all(package.asked_otherwise and not package.differs_from_image for package in found.packages)


def test_a_base_in_another_encoding_and_with_lines_that_pip_refuses_is_read():
    text = "pandas==1\n???\n-r other.txt\n".encode("utf-16")
    found = compare_packages(IMAGE, IMAGE, asked="", asked_before=text, base="b" * 40)

    assert [(p.name, p.asked_before) for p in found.packages] == [("pandas", "==1")]
