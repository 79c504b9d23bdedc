"""The load that is under way: which file, through which loader, and its first violation.

Loads nest: a ``__setstate__`` may unpickle bytes of its own. All of them belong to the outermost
one, so that a refusal which some library swallows is raised at its end all the same.
"""

from __future__ import annotations

import os
from _thread import get_ident
from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from weakref import ReferenceType

    from pickleball_hook.errors import Finding, PolicyViolation
    from pickleball_hook.judging.guard import Guard


class Load:
    """One outermost load.

    Attributes
    ----------
    violation : PolicyViolation or None
        The first refusal in it.
    depth : int
        How many loads, one in the other, are under way.
    files : list
        The callers' file objects: what they do when they are read is the program's doing.
    guards : list of weak references
        The guards of the loads.
    effects : set of str
        Audit events that have been reported in audit mode.
    findings : dict
        What would have been refused, in audit mode, to how often.
    """

    __slots__ = ("depth", "effects", "files", "findings", "guards", "violation")

    def __init__(self) -> None:
        self.depth = 0
        self.violation: PolicyViolation | None = None
        self.files: list[object] = []
        self.guards: list[ReferenceType[Guard]] = []
        self.effects: set[str] = set()
        self.findings: dict[Finding, int] = {}


_load: ContextVar[Load | None] = ContextVar("pickleball_load", default=None)
_source: ContextVar[tuple[str, str]] = ContextVar("pickleball_source", default=("", ""))

running: dict[int, int] = {}
"""Outermost loads under way in the whole process, by id: the thread of each."""


def _forget_others() -> None:
    """In a forked child only the thread that forked goes on."""
    for key, thread in [*running.items()]:
        if thread != get_ident():
            del running[key]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_others)


def current() -> Load | None:
    """Return the outermost guarded load that is under way in this task, if there is one."""
    load = _load.get()
    return load if load is not None and load.depth else None  # a callback may outlive its load


def source() -> tuple[str, str]:
    """Return file and loader, as far as a wrapped loader has named them."""
    return _source.get()


class entering:
    """Context of a guarded load; the outermost one raises a violation that was swallowed."""

    __slots__ = ("_outermost", "_token", "load")

    def __enter__(self) -> Load:
        known = current()
        self._outermost = known is None
        self.load = known or Load()
        self.load.depth += 1
        self._token = None
        if known is None:
            self._token = _load.set(self.load)
            running[id(self.load)] = get_ident()
        return self.load

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.load.depth -= 1
        if self._token is not None:
            running.pop(id(self.load), None)
            _load.reset(self._token)
        if not self._outermost:
            return
        if self.load.findings:
            from pickleball_hook.user import records

            records.finish(self.load)
        violation = self.load.violation
        if violation is None or error is violation:
            return
        if error is None or isinstance(error, Exception):
            raise violation from violation.__cause__


_trusted: ContextVar[tuple[Load | None, int] | None]
_trusted = ContextVar("pickleball_trusted", default=None)


def is_trusted() -> bool:
    """Tell whether a message of a trusted channel is being received in this task.

    Bytes in memory that are loaded meanwhile are part of the message; a file is not, and what a
    guarded load within brings about never is.
    """
    return _trusted.get() == _place()


def _place() -> tuple[Load | None, int]:
    load = current()
    return load, load.depth if load is not None else 0


class trusting:
    """Context of the reception of a message."""

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token = _trusted.set(_place())

    def __exit__(self, *error: object) -> None:
        _trusted.reset(self._token)


class reading:
    """Name the file and the loader for the messages of the loads within."""

    __slots__ = ("_token", "_value")

    def __init__(self, file: object, loader: str) -> None:
        self._value = (name_of(file), loader)

    def __enter__(self) -> None:
        self._token = _source.set(self._value)

    def __exit__(self, *error: object) -> None:
        _source.reset(self._token)


def name_of(file: object) -> str:
    """Return the path of a path-like or file object, ``""`` if it has none."""
    if isinstance(file, str):
        return file
    for attribute in ("__fspath__", "name"):
        value = getattr(file, attribute, None)
        if callable(value):
            value = value()
        if isinstance(value, str):
            return value
    return ""
