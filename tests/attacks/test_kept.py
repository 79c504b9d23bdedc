"""Finalizers call what their objects hold, and methods of it, however it came there."""

from __future__ import annotations

import pytest

from tests.attacks.assembler import build, call, get, name, new, put, stream, value
from tests.attacks.harness import REFERENCE, Arenas, Attack, check, check_audit, claims
from tests.attacks.named import TOUCH
from tests.attacks.opcodes import APPEND, MARK, POP, SETITEMS

MODULE = "gadgets.kept"
DROPPED = "value = None"
GIVEN = "it may call what it is given"
NOTED = "may call what an object has as its note"


def made(cls: str, **state: object) -> bytes:
    """Return an instance of a class with a state."""
    return build(new(name(MODULE, cls)), state)


def noting(canary: str, log: bytes) -> bytes:
    """Return an object whose finalizer has a log take note of a path."""
    return made("Notes", log=log, path=canary)


ATTACKS = [
    Attack(
        "a finalizer calls items",
        lambda canary: stream(build(new(name(MODULE, "Items")) + TOUCH + APPEND, {"path": canary})),
        GIVEN,
        after=DROPPED,
    ),
    Attack(
        "a finalizer calls values",
        lambda canary: stream(
            build(
                new(name(MODULE, "Values")) + MARK + value("x") + TOUCH + SETITEMS,
                {"path": canary},
            )
        ),
        GIVEN,
        after=DROPPED,
    ),
    Attack(
        "a finalizer calls what NEWOBJ was given",
        lambda canary: stream(new(name(MODULE, "Made"), TOUCH, canary)),
        GIVEN,
        after=DROPPED,
    ),
    Attack(
        "a finalizer calls what a tuple was made of",
        lambda canary: stream(new(name(MODULE, "Pair"), (TOUCH, canary))),
        GIVEN,
        after=DROPPED,
    ),
    Attack(
        "a finalizer calls what an exception was made of",
        lambda canary: stream(new(name(MODULE, "Failed"), TOUCH, canary)),
        GIVEN,
        after=DROPPED,
    ),
    Attack(
        "a finalizer closes what finishes something of a class that is named last",
        lambda canary: stream(made("Closes", log=made("Middle", inner=made("Inner", path=canary)))),
        "finish() of an instance of gadgets.kept.Inner",
        after=DROPPED,
    ),
    Attack(
        "a finalizer closes what finishes something of a class that is named first",
        lambda canary: stream(
            made("Inner", path=canary) + put(1) + POP,
            made("Closes", log=made("Middle", inner=get(1))),
        ),
        "finish() of an instance of gadgets.kept.Inner",
        after=DROPPED,
    ),
    Attack(
        "a finalizer calls an attribute as a method",
        lambda canary: stream(noting(canary, made("Plain", note=TOUCH))),
        NOTED,
        after=DROPPED,
    ),
    Attack(
        "a finalizer calls an attribute that its object gets later",
        lambda canary: stream(
            new(name(MODULE, "Plain")) + put(1) + POP,
            noting(canary, get(1)),
            build(get(1), {"note": TOUCH}) + POP,
        ),
        NOTED,
        after=DROPPED,
    ),
    Attack(
        "a finalizer calls an attribute of an object that was there before its class was named",
        lambda canary: stream(
            made("Plain", note=TOUCH) + put(1) + POP,
            noting(canary, get(1)),
        ),
        "under the name of a method",
        after=DROPPED,
    ),
    Attack(
        "a finalizer calls what is in a slot as a method",
        lambda canary: stream(
            noting(canary, build(new(name(MODULE, "Slot")), (None, {"note": TOUCH})))
        ),
        NOTED,
        after=DROPPED,
    ),
    Attack(
        "a finalizer calls an attribute of an ordered dict as a method",
        lambda canary: stream(
            noting(canary, build(call(name("collections", "OrderedDict")), {"note": TOUCH}))
        ),
        NOTED,
        after=DROPPED,
    ),
    Attack(
        "a finalizer calls an attribute that a constructor has set as a method",
        lambda canary: stream(noting(canary, call(name(MODULE, "Table"), {"note": TOUCH}))),
        NOTED,
        after=DROPPED,
    ),
]

HONEST = [
    Attack("a log", lambda canary: stream(noting("x", made("Log")))),
    Attack("a log with attributes", lambda canary: stream(noting("x", made("Log", level=1)))),
    Attack("items without code", lambda canary: stream(made("Items"))),
    Attack("a quiet class as an item", lambda canary: stream(quiet())),
]


def quiet() -> bytes:
    """Return a list whose finalizer calls a class that may be called."""
    return new(name(MODULE, "Items")) + name("builtins", "str") + APPEND


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused_by_the_reference_machine(arenas: Arenas, attack: Attack) -> None:
    outcome = arenas.outcome(attack, REFERENCE)
    assert not outcome.touched, outcome
    assert outcome.error == attack.error, outcome


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)


@pytest.mark.parametrize("case", HONEST, ids=lambda case: case.name)
def test_honest_ones_load(site: object, tmp_path: object, case: Attack) -> None:
    outcomes = Arenas(site, tmp_path, [case])  # type: ignore[arg-type]
    assert outcomes.outcome(case, "enforce").error == ""
