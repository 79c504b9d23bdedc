"""What names a loader without a guard may look up."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from pickleball_hook import context
from pickleball_hook.errors import PolicyViolation
from pickleball_hook.net import backstop
from pickleball_hook.user import settings

check = backstop.check  # before the suite's own fixture takes it away


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("collections", "OrderedDict"),
        ("collections", "Counter"),
        ("datetime", "date"),
        ("decimal", "Decimal"),
    ],
)
def test_harmless_names_pass(module: str, name: str) -> None:
    assert backstop.reason_against(module, name) == ""
    check(module, name, sys._getframe())


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("__builtin__", "eval"),
        ("builtins", "getattr"),
        ("copy_reg", "_reconstructor"),
        ("copyreg", "_reconstructor"),
        ("functools", "partial"),
        ("operator", "attrgetter"),
        ("commands", "getoutput"),
        ("sys", "modules"),
        ("os", "path"),
        ("importlib", "import_module"),
        ("pickle", "loads"),
        ("pickleball_hook.originals", "c_loads"),
    ],
)
def test_the_others_are_refused(module: str, name: str) -> None:
    with pytest.raises(PolicyViolation, match="bound before the guard|install the hook before"):
        check(module, name, sys._getframe())


@pytest.mark.parametrize("name", ["dtype", "ndarray"])
def test_memory_that_could_be_forged_needs_the_whole_check(name: str) -> None:
    pytest.importorskip("numpy")
    assert "what it is given" in backstop.reason_against("numpy", name)


def test_what_is_not_there_is_left_to_plain_python() -> None:
    assert backstop.reason_against("no_such_module", "name") == ""


def test_modes(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("off", "audit"):
        monkeypatch.setenv("PICKLEBALL_MODE", value)
        settings.refresh()
        check("os", "system", sys._getframe())
    monkeypatch.delenv("PICKLEBALL_MODE")
    settings.refresh()


def test_messages_pass_but_not_inside_a_guarded_load() -> None:
    with context.trusting():
        check("os", "system", sys._getframe())
        with pytest.raises(PolicyViolation), context.entering():
            check("os", "system", sys._getframe())


def test_a_refusal_inside_a_guarded_load_refuses_the_load() -> None:
    def swallowed() -> Any:
        with context.entering():
            try:
                check("os", "system", sys._getframe())
            except Exception:
                return "loaded"

    with pytest.raises(PolicyViolation):
        swallowed()
