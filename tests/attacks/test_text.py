"""Text that is run as code: by a state setter, or later by what the interpreter asks of an object."""

from __future__ import annotations

import pytest

from tests.attacks.assembler import build, get, name, new, put, stream, value
from tests.attacks.harness import Arenas, Attack, check, claims
from tests.attacks.opcodes import APPENDS, BUILD, MARK, SETITEM

EVALUATING = name("gadgets.odd", "Evaluating")
RESTORING = name("gadgets.odd", "Restoring")


def code(canary: str) -> str:
    return f"open({canary!r}, 'w').close()"


def as_key(*instance: bytes) -> bytes:
    """Return a dictionary with an instance as its key."""
    return stream(value({}), *instance, value(None), SETITEM)


ATTACKS = [
    Attack(
        "__setstate__ runs the text of its state",
        lambda canary: stream(build(new(RESTORING), (code(canary),))),
    ),
    Attack(
        "__hash__ runs text of the object's state",
        lambda canary: as_key(build(new(EVALUATING), {"part": (code(canary),)})),
    ),
    Attack(
        "__hash__ runs text that came into the object's list later",
        lambda canary: as_key(
            new(EVALUATING),
            value({}) + value("part") + value([]) + put(1) + SETITEM,
            BUILD,
            put(2) + b"0",
            get(1) + MARK + value(code(canary)) + APPENDS + b"0",
            get(2),
        ),
    ),
]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_attack(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)
