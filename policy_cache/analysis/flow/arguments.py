"""The values that a call hands over."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policy_cache.analysis.values import NOTHING, Value

if TYPE_CHECKING:
    import ast


class Call(NamedTuple):
    """The values that a call hands over."""

    node: ast.AST
    positional: list[Value]
    named: dict[str, Value]
    unpacked: Value
    """What ``*args`` and ``**options`` hold."""
    starred_at: int
    """Number of positional arguments before the first ``*args``."""
    opens: ast.Call | None = None
    by_position: bool = False
    """Whether what is unpacked fills no parameter that is given by keyword only."""

    @property
    def values(self) -> list[Value]:
        return [*self.positional, *self.named.values(), self.unpacked]

    @property
    def carries(self) -> bool:
        if self.unpacked.carries:
            return True
        for value in self.positional:
            if value.carries:
                return True
        return any(value.carries for value in self.named.values()) if self.named else False

    def without_first(self) -> tuple[Value, Call]:
        """Return the first argument, and the call with the others."""
        if not self.positional:
            return self.unpacked, self
        first, *rest = self.positional
        return first, self._replace(positional=rest, starred_at=max(self.starred_at - 1, 0))


def call_of(node: ast.AST, *values: Value) -> Call:
    """Return a call with positional arguments alone."""
    return Call(node, list(values), {}, NOTHING, len(values))
