"""Loaders that were bound by name before they were replaced: where they are found."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator

import pytest

from pickleball_hook import originals
from pickleball_hook.doors import early

NEW = {id(originals.c_loads): "new loads", id(originals.CUnpickler): "new class"}


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    made = types.ModuleType("early_module")
    monkeypatch.setitem(sys.modules, "early_module", made)
    yield made


def found(module: types.ModuleType) -> list[tuple[object, str, object]]:
    places = (module, *(v for v in vars(module).values() if isinstance(v, type)))
    return [row for row in early.holders(NEW) if row[0] in places]


def test_names_in_modules_and_their_classes(module: types.ModuleType) -> None:
    class Holder:
        bare = originals.c_loads
        static = staticmethod(originals.c_loads)

    Holder.__module__ = "early_module"
    module.__dict__.update(loads=originals.c_loads, Base=originals.CUnpickler, Holder=Holder)
    rows = {(getattr(where, "__name__", ""), name): new for where, name, new in found(module)}
    static = rows.pop(("Holder", "static"))
    assert isinstance(static, staticmethod) and static.__func__ == "new loads"
    assert rows == {
        ("early_module", "loads"): "new loads",
        ("early_module", "Base"): "new class",
        ("Holder", "bare"): "new loads",
    }


def test_classes_of_other_modules_are_looked_at_once(module: types.ModuleType) -> None:
    class Elsewhere:
        loads = originals.c_loads

    module.Elsewhere = Elsewhere  # type: ignore[attr-defined]
    assert not found(module)


def test_a_module_that_derives_from_the_class_keeps_its_name_for_it(
    module: types.ModuleType,
) -> None:
    derived = type("Derived", (originals.CUnpickler,), {"__module__": "early_module"})
    module.__dict__.update(Base=originals.CUnpickler, loads=originals.c_loads, Derived=derived)
    assert [name for _, name, _ in found(module)] == ["loads"]


def test_own_modules_keep_the_originals() -> None:
    assert not any(
        getattr(where, "__name__", "").startswith("pickleball_hook")
        for where, _, _ in early.holders(NEW)
    )
