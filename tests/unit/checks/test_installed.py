"""What is installed at one moment."""

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mwaa_deploy.checks.installed import satisfies
from mwaa_deploy.checks.result_files import ForeignResult
from tests.unit.checks.trees import installed


def test_names_are_normalised():
    assert set(installed({"Foo_Bar": "1"}).packages) == {"foo-bar"}


@pytest.mark.parametrize("field", [{"texts": {"a": 1}}, {"there": [1]}, {"pip": [None]}])
def test_what_our_script_would_not_write_is_refused(field):
    with pytest.raises(ForeignResult):
        installed({}, **field)


def test_what_is_not_met_is_broken():
    found = installed({"a": "1", "b": "1"}, {"a": ["b>=2", "c", "d; extra == 'x'", "e; sys_platform == 'win32'", "!"]})

    assert sorted(map(str, found.broken)) == [
        "a 1 requires b>=2, but b 1 is installed",
        "a 1 requires c, but c is not installed",
    ]


def test_needs_follow_extras_and_markers():
    found = installed({"a": "1"}, {"a": ["b", "c; extra == 'x'", "d; extra == 'y'", "e; python_version < '3'"]})

    needs = found.needs_of(found.packages[canonicalize_name("a")], ["x"])

    assert [need.name for need in needs] == ["b", "c"]


@pytest.mark.parametrize(
    ("version", "text", "expected"),
    [("2.0b1", "x>=2.0a1", True), ("2.0b1", "x>=1", True), ("1", "x>1", False), ("no version", "x", False)],
)
def test_a_version_that_is_installed_counts_even_as_a_pre_release(version, text, expected):
    assert satisfies(version, Requirement(text)) is expected
