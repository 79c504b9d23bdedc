"""What calls are given, what they keep of it, and what is put in there before others use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.attacks.assembler import build, call, get, name, new, put, raw, stream, value
from tests.attacks.harness import REFERENCE, Arenas, Attack, check, check_audit, claims
from tests.attacks.named import TOUCH
from tests.attacks.opcodes import APPEND, EMPTY_DICT, EMPTY_LIST, MARK, POP, SETITEMS

if TYPE_CHECKING:
    from collections.abc import Callable

MODULE = "gadgets.passed"
LIST, BOX, OUTER = get(1), get(2), get(3)
EMPTY = EMPTY_LIST + put(1) + POP
FILLED = LIST + TOUCH + APPEND + POP
INNER = call(name(MODULE, "box")) + put(2) + POP
WITHIN = call(name(MODULE, "box"), BOX) + put(3) + POP
DROPPED = "value = None"


def same(held: object) -> bytes:
    """Return what a call gives that gives its argument."""
    return call(name(MODULE, "same"), held)


def made(cls: str, **state: object) -> bytes:
    """Return an instance of a class with a state."""
    return build(new(name(MODULE, cls)), state)


def table(canary: str) -> dict[str, object]:
    """Return attributes of which one shadows a method that a finalizer calls."""
    return {"clean": TOUCH, "path": canary}


def filled_with(key: str, content: bytes) -> bytes:
    """Return the box within another one, with something in it, and drop it."""
    return build(BOX, {key: content}) + POP


ADDING = {
    "an instance": lambda: made("Adds", number=1),
    "what a call gave": lambda: build(call(name(MODULE, "adds")), {"number": 1}),
}
"""Objects whose state has their own library put a function beside it."""


def within_or_before(maker: Callable[[], bytes]) -> dict[str, tuple[bytes, bytes]]:
    """Return two ways to hand an object on, as what comes before that and what is handed on."""
    return {"in its place": (b"", maker()), "beforehand": (maker() + put(2) + POP, BOX)}


LAST = call(name("gadgets.methods", "last"))
"""An object of a class that no stream names: its finalizer closes what it holds."""


def acting_file(canary: str) -> bytes:
    """Return what acts when it is closed."""
    return call(name(MODULE, "File"), canary)


ATTACKS = [
    Attack(
        "a state setter gives what acts to an object that a call gave, whose finalizer calls it",
        lambda canary: stream(made("Hands", target=LAST, log=acting_file(canary))),
        "close() of an instance of gadgets.passed.File",
        after=DROPPED,
    ),
    Attack(
        "a call gives what acts to an object that another gave, whose finalizer calls it",
        lambda canary: stream(call(name(MODULE, "hands"), LAST, acting_file(canary))),
        "close() of an instance of gadgets.passed.File",
        after=DROPPED,
    ),
    Attack(
        "a constructor's table comes from a call",
        lambda canary: stream(call(name(MODULE, "Adopts"), same(table(canary)))),
        "shadows a method",
        after=DROPPED,
    ),
    Attack(
        "a constructor's table comes from a call of a class",
        lambda canary: stream(
            call(name(MODULE, "Adopts"), call(name("builtins", "dict"), table(canary)))
        ),
        "shadows a method",
        after=DROPPED,
    ),
    Attack(
        "the table of a __new__ comes from a call",
        lambda canary: stream(new(name(MODULE, "AdoptsNew"), same(table(canary)))),
        "shadows a method",
        after=DROPPED,
    ),
    Attack(
        "a list in which a call has given something is filled after a finalizer has it",
        lambda canary: stream(
            EMPTY,
            LIST + call(name(MODULE, "box")) + APPEND + POP,
            call(name(MODULE, "DropsEach"), LIST, canary),
            FILLED,
        ),
        "it may call what it is given",
        after=DROPPED,
    ),
    Attack(
        "a list that a call gives is filled after a finalizer has it",
        lambda canary: stream(
            EMPTY,
            made("Drops", box=call(name(MODULE, "box"), LIST), path=canary),
            FILLED,
        ),
        "it may call what it is given",
        after=DROPPED,
    ),
    Attack(
        "a box gets its state after a finalizer has it",
        lambda canary: stream(
            INNER, made("Drops", box=BOX, path=canary), filled_with("content", value([TOUCH]))
        ),
        "it may call what it is given",
        after=DROPPED,
    ),
    Attack(
        "a list is filled between a call that keeps it and what uses that",
        lambda canary: stream(
            EMPTY,
            call(name(MODULE, "box"), LIST) + put(2) + POP,
            FILLED,
            made("Opens", box=BOX, path=canary),
        ),
        "it may call what it is given",
    ),
    Attack(
        "what a call gave gets its state between a call that keeps it and what uses that",
        lambda canary: stream(
            INNER,
            WITHIN,
            filled_with("content", value([TOUCH])),
            made("OpensInner", box=OUTER, path=canary),
        ),
        "it may call what it is given",
    ),
    Attack(
        "an object gets its state between a call that keeps it and what uses that",
        lambda canary: stream(
            new(name(MODULE, "Plain")) + put(2) + POP,
            WITHIN,
            filled_with("content", value([TOUCH])),
            made("OpensInner", box=OUTER, path=canary),
        ),
        "it may call what it is given",
    ),
    Attack(
        "an object gets what acts in a method between a call that keeps it and what uses that",
        lambda canary: stream(
            new(name(MODULE, "Plain")) + put(2) + POP,
            WITHIN,
            filled_with("content", call(name(MODULE, "File"), canary)),
            made("Closes", box=OUTER),
        ),
        "close() of an instance of gadgets.passed.File",
    ),
    Attack(
        "a table within a state becomes attributes, and is filled later",
        lambda canary: stream(
            EMPTY_DICT + put(1) + POP,
            made("AdoptsInner", attributes=get(1)),
            get(1) + MARK + value("path") + value(canary) + value("clean") + TOUCH + SETITEMS + POP,
        ),
        "part of an object that was judged",
        after=DROPPED,
    ),
    *(
        Attack(
            f"{what} adds a function {way}",
            lambda canary, held=held, before=before: stream(
                before, made("Opens", box=held, path=canary)
            ),
            "it may call what it is given",
        )
        for what, maker in ADDING.items()
        for way, (before, held) in within_or_before(maker).items()
    ),
    Attack(
        "an instance makes a file of its state",
        lambda canary: stream(made("Closes", box=made("AddsFile", path=canary))),
        "close() of an instance of gadgets.passed.File",
    ),
    Attack(
        "an array holds what is called",
        lambda canary: stream(
            made("Opens", box=call(name(MODULE, "box"), array(TOUCH)), path=canary)
        ),
        "it may call what it is given",
    ),
    Attack(
        "attributes of an ordered dict are called",
        lambda canary: stream(
            made(
                "Opens",
                box=build(call(name("collections", "OrderedDict")), {"content": [TOUCH]}),
                path=canary,
            )
        ),
        "it may call what it is given",
    ),
    Attack(
        "an ordered dict gets attributes after a finalizer has it",
        lambda canary: stream(
            call(name("collections", "OrderedDict")) + put(2) + POP,
            made("Drops", box=BOX, path=canary),
            filled_with("content", value([TOUCH])),
        ),
        after=DROPPED,
    ),
]


def array(*items: bytes) -> bytes:
    """Return an array of objects."""
    home = "numpy._core.multiarray"
    made = call(name(home, "_reconstruct"), name("numpy", "ndarray"), (0,), raw(b"b"))
    code = call(name("numpy", "dtype"), "O8", False, True)
    dtype = build(code, (3, "|", None, None, None, -1, -1, 63))
    return build(made, (1, (len(items),), dtype, False, [*items]))


HONEST = [
    Attack(
        "a box with a list that was filled before",
        lambda canary: stream(
            EMPTY, LIST + value(1) + APPEND + POP, made("Opens", box=call(name(MODULE, "box")))
        ),
    ),
    Attack(
        "a box within a box",
        lambda canary: stream(INNER, WITHIN, made("OpensInner", box=OUTER)),
    ),
    Attack(
        "a table of numbers from a call",
        lambda canary: stream(call(name(MODULE, "Adopts"), same({"path": "x", "limit": [1]}))),
    ),
    Attack("an array of texts", lambda canary: stream(made("Opens", box=boxed_texts()))),
]


def boxed_texts() -> bytes:
    """Return an ordered dict with attributes in which there is an array."""
    held = {"content": EMPTY_LIST, "names": array(value("a"), value("b"))}
    return build(call(name("collections", "OrderedDict")), held)


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
