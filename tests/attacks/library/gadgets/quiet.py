"""Functions that act on nothing, but hand out what belongs to the whole process."""

from __future__ import annotations

import enum
from collections.abc import Callable

from gadgets.acts import Plain

SHARED = Plain()
TABLE: dict[str, object] = {}
QUEUE: list[object] = []
GROUP: set[object] = set()


class Colour(enum.Enum):
    """An ordinary enum."""

    RED = 1


def identity(argument: object) -> object:
    """Return the argument."""
    return argument


def shared() -> Plain:
    """Return the one instance."""
    return SHARED


def table() -> dict[str, object]:
    """Return the one table."""
    return TABLE


def queue() -> list[object]:
    """Return the one list."""
    return QUEUE


def group() -> set[object]:
    """Return the one set."""
    return GROUP


class Reduced:
    """Its reducers make each of these a callable of honest files."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        if self.kind == "table":  # type: ignore[attr-defined]
            return table, ()
        if self.kind == "queue":  # type: ignore[attr-defined]
            return queue, ()
        if self.kind == "group":  # type: ignore[attr-defined]
            return group, ()
        return shared, ()
