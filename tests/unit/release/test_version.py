"""A release begins where version, changelog and tags agree."""

import pytest

from release.errors import NotReleasable
from release.version import VersionedFiles, major_tag, problems, with_version

CHANGELOG = """# Changelog

## [Unreleased]

## [1.2.3] - 2026-11-26

### Added

- Something.

## [1.2.2] - 2026-01-01

- Earlier.
"""


def files(project="1.2.3", package="1.2.3", changelog=CHANGELOG):
    return VersionedFiles(
        project=f'[project]\nname = "x"\nversion = "{project}"\n[tool.x]\nminversion = "8"\n',
        package=f'"""X."""\n\n__version__ = "{package}"\n',
        changelog=changelog,
    )


def test_a_version_that_all_places_agree_on_can_be_released():
    assert problems("1.2.3", files(), ["v1.2.2", "v2.0.0", "v1", "other"]) == []


@pytest.mark.parametrize(
    "version", ["", "v1.2.3", "1.2", "1.2.3-rc.1", "01.2.3", "1.2.3\n", "1.2.3; id", "1\u0663.0.0"]
)
def test_what_is_no_version_is_not_looked_up(version):
    (problem,) = problems(version, files(), [])
    assert "is no version" in problem


def test_every_place_that_disagrees_is_told():
    found = problems("1.2.4", files(package="1.2.4"), ["v1.2.4", "v1.3.0", "v1.10.0", "v0.9.0"])
    assert found == [
        "pyproject.toml says 1.2.3, not 1.2.4",
        "CHANGELOG.md has 0 headings '## [1.2.4] - YYYY-MM-DD', not one",
        "the tag v1.2.4 exists, and a version never moves",
        "v1.10.0 is released already",
        "v1.3.0 is released already",
    ]


@pytest.mark.parametrize(
    ("changelog", "problem"),
    [
        (CHANGELOG.replace(" - 2026-11-26", ""), "CHANGELOG.md tells no day of 1.2.3: '## [1.2.3] - YYYY-MM-DD'"),
        (CHANGELOG.replace("- Something.\n", ""), "CHANGELOG.md tells nothing of 1.2.3"),
        (CHANGELOG.replace("1.2.2", "1.2.3"), "CHANGELOG.md has 2 headings '## [1.2.3] - YYYY-MM-DD', not one"),
    ],
)
def test_a_changelog_that_does_not_tell_of_the_version_keeps_it_back(changelog, problem):
    assert problems("1.2.3", files(changelog=changelog), []) == [problem]


def test_a_file_without_a_version_is_told():
    bare = VersionedFiles(project="", package='__version__ = "1.2.3"\n', changelog=CHANGELOG)
    assert problems("1.2.3", bare, []) == ["pyproject.toml says no version, not 1.2.3"]


def test_what_is_prepared_can_be_released():
    before = files(project="0.1.0", package="0.1.0", changelog="# Changelog\n\n## [Unreleased]\n\n### Added\n\n- It.\n")
    assert problems("0.1.0", before, [])
    prepared = with_version(before, "0.2.0", "2026-11-26")
    assert problems("0.2.0", prepared, ["v0.1.0"]) == []
    assert prepared.project == files(project="0.2.0").project
    assert prepared.changelog == "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-11-26\n\n### Added\n\n- It.\n"


def test_nothing_is_prepared_where_nothing_is_unreleased_or_no_version_is_named():
    with pytest.raises(NotReleasable, match="tells nothing of Unreleased"):
        with_version(files(), "1.2.4", "2026-11-26")
    bare = VersionedFiles(project="", package="", changelog="## [Unreleased]\n\n- It.\n")
    with pytest.raises(NotReleasable, match="name the version once each"):
        with_version(bare, "1.2.4", "2026-11-26")
    with pytest.raises(NotReleasable, match="is no version"):
        with_version(files(), "next", "2026-11-26")


@pytest.mark.parametrize(("version", "tag"), [("1.2.3", "v1"), ("12.0.0", "v12"), ("0.9.1", "")])
def test_a_tag_follows_each_major_version_but_the_zeroth(version, tag):
    assert major_tag(version) == tag
