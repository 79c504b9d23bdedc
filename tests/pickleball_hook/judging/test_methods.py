"""Methods that code calls on what it is given, and what follows from them."""

from __future__ import annotations

from types import MemberDescriptorType
from typing import Any

import numpy
import pytest

from pickleball_hook import context
from pickleball_hook.judging import methods, names
from pickleball_hook.judging.guard import Guard
from policy_cache import policies
from policy_cache.model import METHOD, Use


class Has:
    def first(self) -> None: ...

    def second(self) -> None: ...

    def third(self) -> None: ...


class Derived(Has):
    pass


class Computing:
    def __getattr__(self, name: str) -> object:
        return name


USES = {
    "first": Use("", False, ["second", "__add__"]),
    "second": Use("", False, ["first", "third"]),
    "third": Use("it acts", False, []),
    "__getattr__": Use("", True, []),
}


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> Any:
    def use_of(guard: Guard, cls: type, name: str) -> Use | None:
        return USES[name] if guard.defines(cls, name) else None

    monkeypatch.setattr(methods, "use_of", use_of)
    with context.entering() as load:
        yield Guard(load, True, "", "")


@pytest.mark.parametrize("kinds", [{Has}, {Derived}, {Derived, int, Computing}])
@pytest.mark.parametrize("asked", ["first", "second", "third"])
def test_what_methods_call_is_followed_to_its_end(
    guard: Guard, kinds: set[type], asked: str
) -> None:
    assert "third() of an instance of" in methods._called(guard, kinds, {asked}).reason


def test_who_has_none_of_them_is_asked_what_it_computes(guard: Guard) -> None:
    kinds: set[type] = {int, Computing, Has}
    found = methods._called(guard, kinds, {"fourth"})
    assert found == methods.Called("", frozenset([Computing]), frozenset(["fourth"]))


@pytest.mark.parametrize("named", [False, True])
def test_operators_follow_but_from_methods_that_code_names(
    guard: Guard, named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(USES, "second", Use("", False, []))
    found = methods._called(guard, {Has}, {"first"}, named)
    assert ("__add__" in found.names) is not named
    assert not found.reason


def test_the_module_of_a_compiled_function_is_not_what_it_holds() -> None:
    function = numpy.random.mtrand.RandomState.seed
    assert type(function).__name__ == "cython_function_or_method"
    assert methods.within([[function]]) == ({list}, [function])


def test_the_module_of_a_class_is_text() -> None:
    class Compiled:
        pass

    assert names.home_of(Compiled) == __name__
    Compiled.__module__ = MemberDescriptorType  # type: ignore[assignment]
    assert names.home_of(Compiled) == ""  # as it was made: without one
    with context.entering() as load:
        verdict = Guard(load, True, "", "").class_verdict(Compiled)
    assert not verdict.grants


def test_what_is_compiled_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    judge = policies._judge
    monkeypatch.setattr(policies, "_judge", lambda *args: asked.append(args) or judge(*args))
    name = "numpy.random.mtrand", "RandomState"
    policies.verdict(*name)
    asked.clear()
    for _ in range(2):
        found = policies.verdict(*name, METHOD + "no_such_method")
    assert found.traits["used"]["no_such_method"] is None
    assert len(asked) <= 1
