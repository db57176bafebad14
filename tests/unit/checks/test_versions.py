"""Whether demands can be met, and whether markers hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from mwaa_deploy.checks.pins import constraint_text, parse_pins
from mwaa_deploy.checks.versions import contradictory, holds


@pytest.mark.parametrize(
    "demands",
    [
        ["==1", "==2"],
        ["==1", ">1"],
        ["==1.0", "!=1"],
        [">2", "<1"],
        [">1", "<=1"],
        [">=2", "==1.*"],
        ["~=1.4", ">=2"],
        ["==1.2.*", ">1.3"],
        ["~=1!2.0", "<1!1"],
        [">1,<1"],
    ],
)
def test_what_no_version_can_meet_is_contradictory(demands):
    assert contradictory(map(SpecifierSet, demands))


@pytest.mark.parametrize(
    "demands",
    [
        ["==1.0", "==1"],
        ["==1.0", "==1.0+cpu"],
        [">=1", "<=1"],
        ["==1.2b1", ">=1.2a1"],
        ["==1.*", "==1.2.*"],
        ["~=1.4", ">=1.9"],
        ["===odd", ">1"],
        [">=1.0.dev0", "<1.0"],
        ["!=1"],
        [""],
    ],
)
def test_what_some_version_might_meet_is_not(demands):
    assert not contradictory(map(SpecifierSet, demands))


VERSIONS = st.sampled_from(["1", "1.0", "1.1", "1.1.1", "2", "2.0b1", "2.0.post1", "3"])
CLAUSES = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["==", "!=", ">", "<", ">=", "<="]), VERSIONS),
    st.builds("=={}.*".format, st.sampled_from(["1", "1.1", "2"])),
    st.builds("~={}".format, st.sampled_from(["1.0", "1.1.1", "2.0"])),
)


@given(st.lists(CLAUSES, max_size=4), VERSIONS)
def test_nothing_that_a_version_meets_is_called_contradictory(clauses, version):
    demand = SpecifierSet(",".join(clauses))

    assert not (demand.contains(version, prereleases=True) and contradictory([demand]))


@pytest.mark.parametrize(
    ("marker", "python", "expected"),
    [
        ("python_version < '3.11'", "3.11", False),
        ("python_version >= '3.8' and sys_platform == 'linux'", "3.11", True),
        ("python_version < '3.11'", "", None),
        ("sys_platform == 'win32'", "", False),
        ("extra == 'x'", "3.11", False),
        ("platform_machine == 'aarch64'", "3.11", None),
        ("(os_name == 'nt' or implementation_name == 'cpython')", "3.11", True),
    ],
)
def test_a_marker_holds_fails_or_cannot_be_told(marker, python, expected):
    assert holds(Marker(marker), python) is expected


def test_no_marker_always_holds():
    assert holds(None, "")


def test_pins_are_the_exact_lines_of_constraint_files():
    found = parse_pins("# words\nFoo_Bar==1.0\nbaz>=2\nqux==1; python_version < '3'\n", "foo-bar==1.0\n")

    assert (found.forced, found.essential) == ({"foo-bar": "1.0"}, {"foo-bar": "1.0"})
    assert parse_pins(constraint_text(found.forced)).forced == found.forced
    assert found
    assert not parse_pins("")
