"""The last line of a terminal while something goes on."""

import io
import os
import pty
import time

from mwaa_deploy.journal import Journal
from mwaa_deploy.report.log import PlainLog
from mwaa_deploy.report.status_line import SOON, StatusLine


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


class Line:
    """A status line whose step and clock are set by hand."""

    def __init__(self, encoding="utf-8"):
        self.terminal, self.found, self.now = Terminal(), None, 100.0
        self.terminal.encoding = encoding
        self.line = StatusLine(self.terminal, lambda: self.found, lambda: self.now)

    def drawn(self):
        self.terminal.seek(0)
        self.terminal.truncate()
        self.line.draw()
        return self.terminal.getvalue()


def test_a_step_is_told_once_it_has_gone_on_for_a_while():
    it = Line()
    assert it.drawn() == ""

    it.found = ("checks", 100.0)
    it.now = 100.0 + SOON / 2
    assert it.drawn() == ""

    it.now = 112.0
    assert "checks, 12 s" in it.drawn()

    it.found = None
    assert it.drawn() == "\r\x1b[K"
    assert it.drawn() == ""


def test_what_is_printed_stands_above_it():
    it = Line()
    it.found, it.now = ("checks", 90.0), 100.0
    it.drawn()
    with it.line.above():
        it.terminal.write("a line\n")
    assert it.terminal.getvalue().endswith("\r\x1b[Ka line\n")


def test_names_cannot_play_with_the_terminal_and_fit_into_its_width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    it = Line()
    it.found, it.now = ("x\x1b[2J\n" + "y" * 500, 90.0), 100.0

    text = it.drawn()

    assert text.removeprefix("\r").removesuffix("\x1b[K").isprintable()
    assert len(text) <= 40 + len("\r\x1b[K")


def test_a_terminal_without_unicode_gets_plain_signs():
    it = Line(encoding="ascii")
    it.found, it.now = ("checks", 90.0), 100.0
    assert it.drawn().isascii()


def test_a_run_in_a_real_terminal_shows_it_and_leaves_nothing_behind():
    leader, follower = pty.openpty()
    journal = Journal()
    with os.fdopen(follower, "w", encoding="utf-8") as terminal:
        log = PlainLog(terminal, colour=False, verbose=False)
        with log.following(lambda: journal.current), journal.step("checks"):
            time.sleep(SOON + 0.5)
            log.info("a line")
        seen = os.read(leader, 65_536).decode()
    os.close(leader)

    assert "checks, 1." in seen
    assert "\r\x1b[Ka line" in seen
    assert "checks" not in seen.rpartition("\x1b[K")[2]
    assert journal.current is None


def test_where_there_is_no_terminal_nothing_is_drawn():
    stream, journal = io.StringIO(), Journal()
    log = PlainLog(stream, colour=False, verbose=False)
    with log.following(lambda: ("checks", 0.0)), journal.step("checks"):
        time.sleep(0.3)
    assert stream.getvalue() == ""
