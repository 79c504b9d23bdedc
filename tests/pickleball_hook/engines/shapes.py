"""Classes of a program's own, one of each kind that pickle writes in a way of its own."""

from __future__ import annotations

import collections
import dataclasses
import enum
from typing import Any


class Plain:
    """Attributes, a method and a property."""

    limit = 3

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)

    def predict(self) -> int:
        """Return a number."""
        return self.limit


class Slotted:
    """Slots, and nothing else."""

    __slots__ = ("left", "right")

    def __init__(self, left: Any, right: Any) -> None:
        self.left, self.right = left, right


class Both(Slotted):
    """Slots and attributes: a state in two halves."""


class Custom:
    """A state setter of its own."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __getstate__(self) -> dict[str, Any]:
        return {"value": self.value, "version": 1}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.value = state["value"]


class Table(dict[Any, Any]):
    """A dict with attributes."""

    kind = "table"

    def describe(self) -> str:
        """Return a text."""
        return self.kind


class Bunch(Table):
    """A dict that takes a state, and drops it."""

    def __getstate__(self) -> dict[str, Any]:
        return {"version": 1}

    def __setstate__(self, state: dict[str, Any]) -> None:
        pass


class Checked(Table):
    """A dict that looks at what is put into it."""

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(str(key), value)


class Callable(Plain):
    """Instances that can be called."""

    def __call__(self) -> int:
        return 0


@dataclasses.dataclass
class Row:
    """A dataclass."""

    number: int
    rest: Any


@dataclasses.dataclass(frozen=True)
class Frozen:
    """A dataclass whose instances are keys."""

    number: int


class Colour(enum.Enum):
    """Members are looked up."""

    RED = 1
    GREEN = 2


Pair = collections.namedtuple("Pair", "first second")
