"""The net under the policy: what a checked load may not bring about outside the objects it makes.

CPython tells an audit hook (PEP 578) of processes, sockets, files opened for writing, native code
and the like before they happen. While a checked load runs in a task, each such event that the
stream brings about (`net.attribution`) is refused.

`effects.json` lists the events with the reason why each is watched, the events that are not, and
the functions that excuse. The net sees only what CPython reports: no event is raised for
``os.write``, ``socket.send`` on an open socket, ``signal.signal`` or an attribute that is set, nor
for anything that a finalizer does once the load has ended. The policy must never rely on it.
"""

from __future__ import annotations

import os
import sys
from collections import namedtuple

from pickleball_hook import context
from pickleball_hook.errors import Finding, PolicyViolation
from pickleball_hook.net import attribution
from pickleball_hook.user import records, settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any, NamedTuple

    from pickleball_hook.judging.guard import Guard

    class Rule(NamedTuple):
        """What makes an event an effect (a key of `_ACTS`), and what is said of it."""

        kind: str
        why: str

else:
    Rule = namedtuple("Rule", "kind why")

_DATA = os.path.join(os.path.dirname(__file__), "effects.json")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SHARED_MEMORY = (1, 3)  # mmap.ACCESS_READ, mmap.ACCESS_COPY
_NO_FILE = -1
_LIBRARY = "library"
_LONGEST_ARGUMENT = 120

_SPECIAL_ATTRIBUTES = frozenset(["__code__", "__defaults__", "__kwdefaults__", "__bases__"])
_OPERANDS = ("func", "cls", "inst", "target")
"""Variables of the unpickler's functions that hold what an operation is done to."""

rules: dict[str, Rule] = {}
"""Watched events. Filled by `read_table`, and the very dict that the audit hook looks into."""


def read_table() -> None:
    """Read `effects.json`, once."""
    import json

    if rules:
        return
    with open(_DATA, "rb") as file:
        table = json.loads(file.read())
    for row in table["callers"]:
        attribution.excuse(row["function"], row["events"], row.get("bound", False))
    for event, row in table["events"].items():
        rules[event] = Rule(row["kind"], row["why"])


# -- which events are effects ---------------------------------------------------------------------


def _opens_for_writing(args: tuple[Any, ...]) -> bool:
    path, mode, flags = args[:3]
    if type(path) is str and path == os.devnull:  # exact: nothing of the stream's is to compare
        return False
    if isinstance(mode, str) and not set(mode).isdisjoint("wax+"):
        return True
    return isinstance(flags, int) and bool(flags & _WRITING)


def _maps_for_writing(args: tuple[Any, ...]) -> bool:
    descriptor, _, access = args[:3]
    return bool(descriptor != _NO_FILE) and access not in _SHARED_MEMORY


def _opens_database(args: tuple[Any, ...]) -> bool:
    return type(args[0]) is not str or args[0] != ":memory:"


def _changes_identity(args: tuple[Any, ...]) -> bool:
    target, name = args[:2]
    if type(name) is not str:
        return True
    if name == "__class__":
        return issubclass(type(target), (type, type(sys)))
    return name in _SPECIAL_ATTRIBUTES


def _always(args: tuple[Any, ...]) -> bool:
    return True


_ACTS: dict[str, Callable[[tuple[Any, ...]], bool]] = {
    "refuse": _always,
    "import": _always,
    _LIBRARY: _always,
    "write": _opens_for_writing,
    "map": _maps_for_writing,
    "database": _opens_database,
    "identity": _changes_identity,
}
"""Kind of a rule to whether an event with these arguments is an effect.

A ``library`` event is one unless a library's own code asks for it.
"""


def check(event: str, args: tuple[Any, ...], frame: FrameType) -> None:
    """Refuse an effect that the load under way in this task brings about.

    Parameters
    ----------
    event, args : str, tuple
        As the audit hook gets them; the event is one of `rules`.
    frame : frame
        What runs.

    Raises
    ------
    PolicyViolation
        In enforce mode.
    """
    load = context.current()
    if load is None:
        return
    rule = rules[event]
    try:
        if not _ACTS[rule.kind](args):
            return
        culprit = attribution.culprit(event, rule.kind == _LIBRARY, args, frame, load)
    except Exception as error:
        _refuse(load, event, f"the effect guard failed on it: {error!r}", None)
        return
    if culprit is not None:
        _refuse(load, event, f"it {rule.why}{_told(args)}", culprit)


def _refuse(load: context.Load, event: str, reason: str, culprit: FrameType | None) -> None:
    """Record an effect, and in enforce mode raise; so does every later effect of the load."""
    enforcing = settings.mode().value != "audit"
    if enforcing and load.violation is not None:
        raise load.violation
    if not enforcing and event in load.effects:
        return
    load.effects.add(event)
    guard = attribution.guards(load)[-1:]
    file, loader = (guard[0].file, guard[0].loader) if guard else context.source()
    finding = Finding(
        _operand(culprit, guard),
        f"an effect ({event})",
        f"{reason}; loading an object has no such effect",
        "do not load this file unless you trust its author; PICKLEBALL_MODE=audit only reports",
        file,
        loader,
        "enforce" if enforcing else "audit",
    )
    records.note(load, finding)
    if not enforcing:
        return
    load.violation = PolicyViolation(finding)
    raise load.violation


def _told(args: tuple[Any, ...]) -> str:
    """Return the first argument of an event for a message, if it is a plain text or number."""
    if args and type(args[0]) in (str, bytes, int):
        return f": {args[0]!r}"[:_LONGEST_ARGUMENT]
    return ""


def _operand(frame: FrameType | None, guard: list[Guard]) -> str:
    """Return the name of what the unpickler was running."""
    if frame is not None and guard:
        variables = frame.f_locals
        for name in _OPERANDS:
            if name in variables:
                return guard[0].name(variables[name])
    return "the stream"
