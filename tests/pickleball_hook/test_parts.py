"""What an object holds, looked at without a trace."""

from __future__ import annotations

import datetime
import functools
import pickle
from collections import OrderedDict, deque
from typing import Any

import pytest

from pickleball_hook import parts


class Plain:
    pass


class Slotted:
    __slots__ = ("x",)


class Failing(ValueError):
    pass


class Words(dict):  # type: ignore[type-arg]
    pass


class Computed:
    """Whoever asks it for anything gets something else."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(name)


class Forged:
    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise AssertionError


OBJECTS = [
    *(Plain(), Slotted(), Failing("x"), ValueError("x"), Words(a=1), OrderedDict(), deque()),
    *(functools.partial(int, base=2), datetime.timezone.utc, {}, [], len, int),
]


@pytest.mark.parametrize("value", OBJECTS, ids=repr)
def test_leaves_no_trace(value: Any) -> None:
    before = pickle.dumps(value) if not isinstance(value, Slotted) else b""
    found = parts.attributes(value)
    assert not found
    assert (pickle.dumps(value) if not isinstance(value, Slotted) else b"") == before


@pytest.mark.parametrize(
    "make", [Plain, lambda: Failing("x"), Words, lambda: functools.partial(int, base=2)]
)
def test_finds_what_is_there(make: Any) -> None:
    value = make()
    value.x = 1
    assert parts.attributes(value) == {"x": 1}


@pytest.mark.parametrize("cls", [Computed, Forged])
def test_runs_nothing(cls: Any) -> None:
    value = cls.__new__(cls)
    assert not parts.attributes(value)
