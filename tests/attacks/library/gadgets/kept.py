"""Finalizers of objects that come by what they hold otherwise than by a state."""

from __future__ import annotations

from typing import Any


class Items(list):  # type: ignore[type-arg]
    """Its finalizer calls its items."""

    path = ""

    def __del__(self) -> None:
        for function in self:
            function(self.path)


class Values(dict):  # type: ignore[type-arg]
    """Its finalizer calls its values."""

    path = ""

    def __del__(self) -> None:
        for function in self.values():
            function(self.path)


class Made:
    """Its finalizer calls what it was made with."""

    def __new__(cls, function: Any, path: str) -> Made:
        self = object.__new__(cls)
        self.function, self.path = function, path  # type: ignore[attr-defined]
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.function, self.path  # type: ignore[attr-defined]

    def __del__(self) -> None:
        self.function(self.path)  # type: ignore[attr-defined]


class Pair(tuple):  # type: ignore[type-arg]
    """Its finalizer calls the first of two with the second."""

    __slots__ = ()

    def __del__(self) -> None:
        self[0](self[1])


class Failed(Exception):
    """The same, of its arguments."""

    def __del__(self) -> None:
        self.args[0](self.args[1])


class Closes:
    """Its finalizer closes what it holds."""

    log: Any = None

    def __del__(self) -> None:
        self.log.close()


class Middle:
    """Closing it finishes what it holds."""

    inner: Any = None

    def close(self) -> None:
        """Finish what is within."""
        self.inner.finish()


class Inner:
    """Finishing it acts."""

    path = ""

    def finish(self) -> None:
        """Act."""
        open(self.path, "w").close()


class Notes:
    """Its finalizer has what it holds take note of something."""

    log: Any = None
    path = ""

    def __del__(self) -> None:
        self.log.note(self.path)


class Plain:
    """An ordinary class."""


class Slot:
    """Keeps one thing in a slot."""

    __slots__ = ("note",)


class Table:
    """Its reducer gives it all its attributes in a dict."""

    def __init__(self, attributes: dict[str, Any]) -> None:
        self.__dict__ = attributes

    def __reduce__(self) -> tuple[Any, ...]:
        return Table, (self.__dict__,)


class Log:
    """Takes note of nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""
