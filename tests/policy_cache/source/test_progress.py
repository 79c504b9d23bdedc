"""The line on a terminal while a library is seen for the first time."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from policy_cache.source import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    progress.done()
    return now


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    stream = Terminal()
    monkeypatch.setattr("policy_cache.source.progress.sys", SimpleNamespace(stderr=stream))
    return stream


def test_a_short_analysis_shows_nothing(clock: list[float], terminal: Terminal) -> None:
    progress.tick("acme.first")
    clock[0] = 0.4
    progress.tick("acme.second")
    progress.done()
    assert terminal.getvalue() == ""


def test_a_long_one_names_the_module_and_leaves_nothing(
    clock: list[float], terminal: Terminal
) -> None:
    progress.tick("acme.first")
    clock[0] = 0.6
    progress.tick("acme.second")
    assert "reading acme.second" in terminal.getvalue()
    progress.done()
    assert terminal.getvalue().split("\r")[-2].strip() == ""
    assert "\n" not in terminal.getvalue()


def test_the_patience_starts_anew_with_each_analysis(
    clock: list[float], terminal: Terminal
) -> None:
    progress.tick("acme.first")
    progress.done()
    clock[0] = 10.0
    progress.tick("acme.second")
    assert terminal.getvalue() == ""


def test_nothing_where_no_terminal_is(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    progress.tick("acme.first")
    clock[0] = 10.0
    progress.tick("acme.second")
    assert capsys.readouterr().err == ""


def test_nothing_when_asked_to_be_quiet(
    clock: list[float], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PICKLEBALL_QUIET", "1")
    progress.tick("acme.first")
    clock[0] = 10.0
    progress.tick("acme.second")
    assert terminal.getvalue() == ""


def test_a_closed_standard_error_is_no_error(
    clock: list[float], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress.tick("acme.first")
    clock[0] = 10.0
    terminal.close()
    progress.tick("acme.second")
    monkeypatch.setattr("policy_cache.source.progress.sys", SimpleNamespace(stderr=None))
    progress.tick("acme.third")
    progress.done()
    assert terminal.closed
    again = Terminal()
    monkeypatch.setattr("policy_cache.source.progress.sys", SimpleNamespace(stderr=again))
    progress.tick("acme.fourth")
    assert again.getvalue() == "", "the patience has started anew"
