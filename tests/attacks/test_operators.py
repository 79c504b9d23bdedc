"""What objects hold is called where code applies an operator to them, or has them converted."""

from __future__ import annotations

import pytest

from tests.attacks.assembler import build, call, get, name, new, put, stream, value
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims
from tests.attacks.named import TOUCH
from tests.attacks.opcodes import POP

MODULE = "gadgets.operators"
GIVEN = "it may call what it is given"
DROPPED = "value = None"
PARAMETRIZED = name("gadgets.odd", "Parametrized")


def made(cls: str, **state: object) -> bytes:
    """Return an instance of a class of the library with a state."""
    return build(new(name(MODULE, cls)), state)


def acting(cls: str, canary: str) -> bytes:
    """Return an object that calls what acts."""
    return made(cls, action=TOUCH, path=canary)


USES = [
    ("Items", "Item"),
    ("Items", "Missing"),
    ("Members", "Member"),
    ("Indexes", "Whole"),
    ("Numbers", "Whole"),
    ("Enters", "Entered"),
    ("Arrays", "Shown"),
]
"""Classes whose state setters use what they are given, and what acts when it is used so."""

ATTACKS = [
    *(
        Attack(
            f"the state setter of {user} uses an object of {held}",
            lambda canary, user=user, held=held: stream(
                made(user, held=acting(held, canary), key=canary)
            ),
            GIVEN,
        )
        for user, held in USES
    ),
    Attack(
        "an item is looked up by __new__",
        lambda canary: stream(new(name(MODULE, "Made"), acting("Item", canary), canary)),
        GIVEN,
    ),
    Attack(
        "an item is looked up of a class",
        lambda canary: stream(made("Items", held=PARAMETRIZED, key=canary)),
        "it may run __getitem__ on Parametrized",
    ),
    Attack(
        "an item is looked up of a class by its metaclass",
        lambda canary: stream(made("Items", held=name("gadgets.odd", "Table"), key=canary)),
        "it may run __getitem__ on Table",
    ),
    Attack(
        "a class is asked for what is in it by its metaclass",
        lambda canary: stream(made("Members", held=name("gadgets.odd", "Table"), key=canary)),
        "it may run __contains__ on Table",
    ),
    Attack(
        "a class whose metaclass acts when its instances are asked for",
        lambda canary: stream(made("Checks", held=name("gadgets.odd", "Checks"), key=canary)),
        "__instancecheck__ of its metaclass",
    ),
    Attack(
        "a class whose metaclass acts when it is compared",
        lambda canary: stream(
            value(
                {
                    name("gadgets.odd", "Equals"): 1,
                    build(new(name("gadgets.odd", "Path")), {"path": canary}): 2,
                }
            )
        ),
        "__eq__ of its metaclass",
    ),
    Attack(
        "an item of a class whose metaclass calls the key",
        lambda canary: stream(
            made("Items", held=name("gadgets.odd", "Calls"), key=(TOUCH, canary))
        ),
        GIVEN,
    ),
    Attack(
        "an item of a class that closes the key",
        lambda canary: stream(
            made(
                "Items",
                held=name("gadgets.odd", "Closes"),
                key=call(name("gadgets.passed", "File"), canary),
            )
        ),
        "close() of an instance of gadgets.passed.File",
    ),
    Attack(
        "an item is looked up of a class by __new__",
        lambda canary: stream(new(name(MODULE, "Made"), PARAMETRIZED, canary)),
        "it may run __getitem__ on Parametrized",
    ),
    Attack(
        "an item is looked up of a class in a list by a function",
        lambda canary: stream(call(name(MODULE, "looked_up"), value([PARAMETRIZED]), canary)),
        "it may run __getitem__ on Parametrized",
    ),
    *(
        Attack(
            f"an item is looked up of {cls}, a class in a list",
            lambda canary, cls=cls, key=key: stream(
                made("ItemsDeep", several=[name("gadgets.odd", cls)], key=key(canary))
            ),
            refusal,
        )
        for cls, key, refusal in (
            ("Parametrized", lambda canary: canary, "it may run __getitem__ on Parametrized"),
            ("Table", lambda canary: canary, "it may run __getitem__ on Table"),
            ("Calls", lambda canary: value((TOUCH, canary)), GIVEN),
            (
                "Closes",
                lambda canary: call(name("gadgets.passed", "File"), canary),
                "close() of an instance of gadgets.passed.File",
            ),
        )
    ),
    Attack(
        "a finalizer looks an item up of a class",
        lambda canary: stream(made("Ends", held=PARAMETRIZED, key=canary)),
        "a finalizer may run a method that calls what its object holds",
        after=DROPPED,
    ),
    Attack(
        "an item is looked up by __init__",
        lambda canary: stream(call(name(MODULE, "Initialized"), acting("Item", canary), canary)),
        GIVEN,
    ),
    Attack(
        "an item of what is in a list is looked up by a function",
        lambda canary: stream(
            call(name(MODULE, "looked_up"), value([acting("Item", canary)]), canary)
        ),
        GIVEN,
    ),
    Attack(
        "an item of what a function has made of a class that acts",
        lambda canary: stream(made("Items", held=call(name(MODULE, "item"), TOUCH), key=canary)),
        GIVEN,
    ),
    Attack(
        "an item that something further in calls",
        lambda canary: stream(
            made("Plain", functions=[TOUCH]) + put(1) + POP,
            made("Items", held=made("Deep", part=get(1)), key=canary),
        ),
        GIVEN,
    ),
    Attack(
        "an item that closes what acts when it is closed",
        lambda canary: stream(
            made(
                "Items",
                held=made("Closing", log=call(name("gadgets.passed", "File"), canary)),
                key="x",
            )
        ),
        "close() of an instance of gadgets.passed.File",
    ),
    Attack(
        "a finalizer looks an item up",
        lambda canary: stream(made("Ends", held=acting("Item", canary), key=canary)),
        "a finalizer may run a method that calls what its object holds",
        after=DROPPED,
    ),
    Attack(
        "a finalizer looks an item up of what gets its state later",
        lambda canary: stream(
            new(name(MODULE, "Item")) + put(1) + POP,
            made("Ends", held=get(1), key=canary),
            build(get(1), {"action": TOUCH}) + POP,
        ),
        "a finalizer may run a method that calls what its object holds",
        after=DROPPED,
    ),
]

HONEST = [
    Attack(
        "an object that calls what it holds beside code that looks items up",
        lambda canary: stream(
            value((acting("Item", canary), made("Items", held={"key": 1}, key="key")))
        ),
    ),
    Attack(
        "an array of an object that holds what harms nobody",
        lambda canary: stream(
            made("Arrays", held=made("Shown", action=name("builtins", "str"), path="x"))
        ),
    ),
]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


@pytest.mark.parametrize("case", HONEST, ids=lambda case: case.name)
def test_honest_ones_load(site: object, tmp_path: object, case: Attack) -> None:
    outcomes = Arenas(site, tmp_path, [case])  # type: ignore[arg-type]
    for mode in ("enforce", "reference"):
        assert outcomes.outcome(case, mode).error == ""


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)
