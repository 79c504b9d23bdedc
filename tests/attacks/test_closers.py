"""Every way in which code calls a method of what it is given, with an object that acts by it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from tests.attacks.assembler import build, call, name, new, stream
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims

CLOSERS = "gadgets.closers"
LIBRARY = Path(__file__).parent / "library" / "gadgets" / "closers.py"
IMPORTED = "import gadgets.closers\nvalue = pickle.loads(data)"
"""The library is the program's: importing it is not the file's doing."""
ENDED = """value = None
import atexit, weakref
atexit._run_exitfuncs()
weakref.finalize._shutdown = weakref.finalize._registered_with_atexit = False"""
"""The end of the process, but for that others come after it: finalizers are for them again."""


def shapes() -> dict[str, str]:
    """Return the classes that close what they are given, with what they say of it."""
    classes = [n for n in ast.parse(LIBRARY.read_text()).body if isinstance(n, ast.ClassDef)]
    told = {cls.name: ast.get_docstring(cls) or "" for cls in classes}
    return {cls: text for cls, text in told.items() if text.startswith("Closes it")}


def log(canary: str) -> bytes:
    """Return what acts when it is closed."""
    return build(new(name(CLOSERS, "Log")), {"path": canary})


ATTACKS = [
    Attack(
        f"{cls}: {text}",
        lambda canary, cls=cls: stream(call(name(CLOSERS, cls), log(canary))),
        "refused REDUCE of gadgets.closers",
        load=IMPORTED,
        after=ENDED,
    )
    for cls, text in shapes().items()
]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)


def test_there_are_shapes() -> None:
    assert len(ATTACKS) > 30


THREADS = ("Threaded", "Submitted") if sys.version_info >= (3, 12) else ()
"""From Python 3.12 on a thread that starts is an audit event, and is refused as an effect."""
REFUSED = ("Awaited", "Exiting", "Shared", "Unbound", *THREADS)
"""Refused whatever they are given: event loops, exits, globals; ``Log.close`` is known to act."""
HONEST = [
    Attack(
        f"{cls} of what is quiet",
        lambda canary, cls=cls: stream(call(name(CLOSERS, cls), new(name(CLOSERS, "Quiet")))),
        load=IMPORTED,
    )
    for cls in shapes()
    if cls not in REFUSED and cls != "Repeated"  # that closes what is quiet for ever
]


@pytest.mark.parametrize("case", HONEST, ids=lambda case: case.name)
def test_what_is_quiet_is_closed(site: object, tmp_path: object, case: Attack) -> None:
    outcomes = Arenas(site, tmp_path, [case])  # type: ignore[arg-type]
    assert outcomes.outcome(case, "enforce").error == ""
