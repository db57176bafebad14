"""A release's notes are what the changelog says of it."""

from pathlib import Path

import pytest

from release.changelog import UNRELEASED, notes, with_release
from release.errors import NotReleasable

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_our_own_changelog_can_be_released():
    said = notes(TEXT, UNRELEASED)
    released = with_release(TEXT, "9.8.7", "2026-11-26")
    assert notes(released, "9.8.7") == said
    assert released.replace("\n\n## [9.8.7] - 2026-11-26", "") == TEXT
    with pytest.raises(NotReleasable, match="tells nothing of Unreleased"):
        notes(released, UNRELEASED)


def test_the_notes_end_where_the_next_version_begins():
    text = "## [2.0.0] - 2026-01-02\n\n### Added\n\n- New.\n  More.\n\n## [1.0.0] - 2026-01-01\n\n- Old.\n"
    assert notes(text, "2.0.0") == "### Added\n\n- New.\n  More.\n"
    assert notes(text, "1.0.0") == "- Old.\n"


def test_a_version_is_not_taken_for_another_that_begins_so():
    with pytest.raises(NotReleasable, match="has 0 headings"):
        notes("## [1.2.30] - 2026-01-01\n\n- x\n", "1.2.3")
