"""The load that is under way."""

from __future__ import annotations

import contextvars
import io
import threading
from pathlib import Path

import pytest

from pickleball_hook import context
from pickleball_hook.errors import Finding, PolicyViolation

VIOLATION = PolicyViolation(Finding("a.b", "GLOBAL", "why", "what", "", "", "enforce"))


def test_nested_loads_share_the_outermost() -> None:
    assert context.current() is None
    with context.entering() as outer:
        with context.entering() as inner:
            assert inner is outer
        assert context.current() is outer
    assert context.current() is None


def test_swallowed_violation_is_raised_at_the_end() -> None:
    with pytest.raises(PolicyViolation) as caught:
        with context.entering() as load:
            with context.entering():
                load.violation = VIOLATION
    assert caught.value is VIOLATION


def test_violation_replaces_a_later_error() -> None:
    with pytest.raises(PolicyViolation), context.entering() as load:
        load.violation = VIOLATION
        raise ValueError


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
def test_what_is_no_exception_of_the_load_passes(error: type[BaseException]) -> None:
    expected = PolicyViolation if issubclass(error, Exception) else error
    with pytest.raises(expected), context.entering() as load:
        load.violation = VIOLATION
        raise error


def test_nothing_is_left_after_an_error() -> None:
    with pytest.raises(ValueError, match="x"), context.entering():
        raise ValueError("x")
    assert context.current() is None


def test_threads_have_loads_of_their_own() -> None:
    seen: list[object] = []
    with context.entering():
        thread = threading.Thread(target=lambda: seen.append(context.current()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_tasks_have_loads_of_their_own() -> None:
    with context.entering():
        other = contextvars.Context()
        assert other.run(context.current) is None


class TestTrust:
    def test_only_while_receiving(self) -> None:
        assert not context.is_trusted()
        with context.trusting():
            assert context.is_trusted()
        assert not context.is_trusted()

    def test_never_within_a_guarded_load(self) -> None:
        with context.trusting(), context.entering():
            assert not context.is_trusted()
        with context.entering(), context.trusting(), context.entering():
            assert not context.is_trusted()

    def test_within_an_import_of_a_guarded_load(self) -> None:
        """What a module that is imported has kept in a file is loaded whole."""
        with context.entering(), context.trusting():
            assert context.is_trusted()
        with context.entering():
            assert not context.is_trusted()


class TestNames:
    def test_source(self) -> None:
        assert context.source() == ("", "")
        with context.reading(Path("/a/model.pt"), "torch.load"):
            assert context.source() == ("/a/model.pt", "torch.load")
        assert context.source() == ("", "")

    def test_of_files(self, tmp_path: Path) -> None:
        path = tmp_path / "x.pkl"
        path.touch()
        assert context.name_of(str(path)) == context.name_of(path) == str(path)
        with path.open("rb") as file:
            assert context.name_of(file) == str(path)

    @pytest.mark.parametrize("value", [None, 3, b"x", io.BytesIO(), object()])
    def test_of_what_has_none(self, value: object) -> None:
        assert context.name_of(value) == ""

    def test_of_a_descriptor(self, tmp_path: Path) -> None:
        (tmp_path / "x").touch()
        import os

        with open(os.open(tmp_path / "x", os.O_RDONLY), "rb") as file:
            assert context.name_of(file) == ""
