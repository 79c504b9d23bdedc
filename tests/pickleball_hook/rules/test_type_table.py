"""Types that dill's table gives by name."""

from __future__ import annotations

import pytest

from pickleball_hook.doors import entry
from pickleball_hook.errors import PolicyViolation

pytest.importorskip("dill._dill")


def stream(name: str) -> bytes:
    return b"cdill._dill\n_load_type\n(V" + name.encode() + b"\ntR."


@pytest.mark.parametrize("name", ["float", "type", "PartialType", "object"])
def test_plain_types(name: str) -> None:
    assert isinstance(entry.loads(stream(name)), type)


@pytest.mark.parametrize(
    "name", ["FunctionType", "CodeType", "ModuleType", "FileType", "property", "AttrGetterType"]
)
def test_types_that_hold_or_reach_code(name: str) -> None:
    with pytest.raises(PolicyViolation):
        entry.loads(stream(name))


def test_a_name_that_the_table_has_not_is_an_ordinary_error() -> None:
    with pytest.raises(KeyError):
        entry.loads(stream("nothing"))
