"""What a library keeps in an object that it made of a file's literals is the library's own."""

from __future__ import annotations

import pytest

from tests.attacks.assembler import build, call, get, name, new, put, stream
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims
from tests.attacks.named import TOUCH
from tests.attacks.opcodes import POP

KIND = call(name("gadgets.cached", "Kind"), "word")
CALLER = name("gadgets.cached", "Caller")
KEEPER = name("gadgets.cached", "Keeper")


def given_state(canary: str) -> bytes:
    """Return an object made of a word, with a state, and what calls that."""
    kind = build(KIND, {"made": TOUCH})
    return stream(build(new(CALLER), {"kind": kind, "operands": (canary,)}))


def given_by_another(canary: str) -> bytes:
    """Return an object made of a word, changed by a state setter, and what calls that."""
    kind = KIND + put(1) + POP
    keeper = build(new(KEEPER), {"kinds": [get(1)], "made": TOUCH}) + POP
    return stream(kind, keeper, build(new(CALLER), {"kind": get(1), "operands": (canary,)}))


ATTACKS = [
    Attack(
        "an object made of a literal keeps a function that acts",
        lambda canary: stream(
            build(
                new(CALLER),
                {"kind": call(name("gadgets.cached", "Opens"), "word"), "operands": (canary, "w")},
            )
        ),
        "gadgets.cached",
    ),
    Attack("an object made of a literal gets a state", given_state, "Touch"),
    Attack("an object made of a literal is changed by a state setter", given_by_another, "Touch"),
]

HONEST = Attack(
    "what a library keeps is called",
    lambda canary: stream(build(new(CALLER), {"kind": KIND, "operands": ()})),
    after="assert type(value.item).__name__ == 'Plain'; open(canary, 'w').close()",
    error="",
)


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


@pytest.mark.parametrize("mode", ["enforce", "reference"])
def test_honest(arenas: Arenas, mode: str) -> None:
    outcome = arenas.run([HONEST], mode)[HONEST.name]
    assert outcome.touched, outcome


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)
