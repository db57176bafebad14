"""How pip is set up."""

from pathlib import Path

import pytest

from mwaa_deploy.checks.index_settings import IndexSettings, read_index_settings, settle


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".config" / "pip").mkdir(parents=True)
    (tmp_path / ".config" / "pip" / "pip.conf").write_text(
        "[global]\nindex-url = https://a.example/simple\nextra_index_url =\n  https://b.example\n  https://c.example\n"
        "[install]\ncert = /certs.pem\n[list]\nindex-url = https://never.example\n"
    )
    return tmp_path


def read(home: Path, **env: str) -> IndexSettings:
    return read_index_settings({"HOME": str(home), "XDG_CONFIG_DIRS": str(home / "nothing"), **env})


def test_pip_is_set_up_by_its_files(home):
    found = read(home)

    assert found.urls == ("https://a.example/simple", "https://b.example", "https://c.example")
    assert (found.certificates, found.can_tell) == ("/certs.pem", True)


def test_the_environment_goes_before_the_files(home):
    found = read(home, PIP_INDEX_URL="https://me:secret@d.example/simple", PIP_PROXY="http://proxy.example:3128")

    assert found.urls[0] == "https://me:secret@d.example/simple"
    assert found.proxy == "http://proxy.example:3128"


def test_a_file_that_is_named_goes_before_the_usual_ones_and_a_broken_one_counts_for_nothing(home):
    (home / "mine.conf").write_text("[global]\nindex-url = https://e.example\n")
    (home / "broken.conf").write_text("no section\n")

    assert read(home, PIP_CONFIG_FILE=str(home / "mine.conf")).urls[0] == "https://e.example"
    assert read(home, PIP_CONFIG_FILE=str(home / "broken.conf")).urls[0] == "https://a.example/simple"
    assert read(home, PIP_CONFIG_FILE="/dev/null").urls == ("https://pypi.org/simple",)


def test_without_settings_pip_asks_pypi():
    assert settle({}) == IndexSettings(urls=("https://pypi.org/simple",))


@pytest.mark.parametrize(
    "found",
    [{"no-index": "true"}, {"find-links": "https://x.example"}, {"index-url": "git+ssh://x"}, {"index-url": " "}],
)
def test_where_only_pip_can_look_nobody_can_tell(found):
    assert not settle(found).can_tell
