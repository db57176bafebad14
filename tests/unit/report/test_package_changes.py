"""The summary's part about the packages of the environment."""

from mwaa_deploy.checks.package_changes import PackageChange, PackageChanges
from mwaa_deploy.report.package_changes import package_changes_section
from tests.unit.report.samples import HOSTILE

PANDAS = PackageChange(name="pandas", shipped="2.1", installed="2.2", asked_before="==2.1", asked_now="==2.2")
LXML = PackageChange(name="lxml", shipped="", installed="5.0", asked_before="", asked_now="any version")
SIX = PackageChange(name="six", shipped="1.16", installed="")
BOTO3 = PackageChange(name="boto3", shipped="1.3", installed="1.3", asked_before="any version")


def test_nothing_is_said_where_no_package_differs():
    assert package_changes_section(None) == ""
    assert package_changes_section(PackageChanges(base="", packages=())) == ""


def test_what_is_asked_for_otherwise_comes_first_and_the_image_is_folded():
    text = package_changes_section(PackageChanges(base="b" * 40, packages=(BOTO3, LXML, PANDAS, SIX)))

    above, _, folded = text.partition("<details>")
    assert "Asked for otherwise than at <code>bbbbbbbbbbbb</code>" in above
    assert "| <code>boto3</code> | <code>any version</code> | — | <code>1.3</code> |" in above
    assert "| <code>pandas</code> | <code>==2.1</code> | <code>==2.2</code> | <code>2.2</code> |" in above
    assert "six" not in above
    assert "3 package(s) that the image has not, or has in another version" in folded
    assert "| <code>lxml</code> | — | <code>5.0</code> | asked for |" in folded
    assert "| <code>pandas</code> | <code>2.1</code> | <code>2.2</code> | changed |" in folded
    assert "| <code>six</code> | <code>1.16</code> | — | removed |" in folded
    assert "boto3" not in folded


def test_without_a_base_only_the_image_is_compared():
    text = package_changes_section(PackageChanges(base="", packages=(SIX,)))

    assert "Asked" not in text
    assert "1 package(s)" in text


def test_hostile_versions_inject_nothing_and_many_packages_stay_short():
    packages = [
        PackageChange(name=text, shipped=text, installed=text + "x", asked_before=text, asked_now=text + "y")
        for text in (*HOSTILE.values(), *(str(n) for n in range(5000)))
    ]
    text = package_changes_section(PackageChanges(base="b" * 40, packages=tuple(packages)))

    assert "<script" not in text
    assert "\x1b" not in text
    assert len(text.encode()) < 150_000
    assert text.count("more are in the report file.") == 2
