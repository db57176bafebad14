"""How a run ends whose report cannot be written."""

import pytest

from mwaa_deploy import __main__


@pytest.mark.parametrize(("code", "ends"), [(0, 32), (30, 30)])
def test_a_report_that_cannot_be_written_is_never_green(monkeypatch, capsys, code, ends):
    monkeypatch.setattr(__main__, "_exit_code", lambda *_: code)

    found = __main__.main(["check", "--output-dir", "/proc/nowhere"], {})

    assert found == ends
    told = "".join(capsys.readouterr())
    assert "No report" in told
    assert "/proc/nowhere" in told
