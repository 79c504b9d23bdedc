"""Streams whose operations are checked one by one on the C machine, and what goes on in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.attacks import (
    test_handed,
    test_kept,
    test_later,
    test_passed,
    test_untouched,
)
from tests.attacks.assembler import build, call, get, name, new, put, stream, value
from tests.attacks.harness import REFERENCE, STEPS, Arenas, Attack, check, check_audit, claims
from tests.attacks.named import TOUCH
from tests.attacks.opcodes import APPEND, BUILD, EMPTY_DICT, EMPTY_LIST, POP, SETITEM
from tests.attacks.test_passed import array

if TYPE_CHECKING:
    from pathlib import Path

MODULE = "gadgets.steps"
FIRST, SECOND = get(1), get(2)


def calling(canary: str) -> dict[str, object]:
    """Return the state of what calls what is in a list."""
    return {"functions": FIRST, "path": canary}


EMPTY = EMPTY_LIST + put(1) + POP
FILLED = FIRST + TOUCH + APPEND + POP


def made(cls: str, **state: object) -> bytes:
    """Return an instance of a class with a state."""
    return build(new(name(MODULE, cls)), state)


def hashing(cls: str, content: bytes, canary: str) -> bytes:
    """Put aside an object whose hash finds something in a box."""
    return made(cls, box=made("Holds", content=content), path=canary) + put(3) + POP


HASHED = EMPTY_DICT + get(3) + value(1) + SETITEM
ONE = EMPTY_LIST + put(1) + value(1) + APPEND + POP


def for_a_while(first: bytes, key: object, *between: bytes) -> bytes:
    """Put what acts into a container that code has, and what was there back in its place."""
    there = FIRST + value(key) + TOUCH + SETITEM + POP
    back = FIRST + value(key) + value(1) + SETITEM + POP
    return stream(first, there, *between, back, value(None))


def adopted(cls: str, canary: str) -> bytes:
    """Return an object whose attributes are a table that stays within reach."""
    table = value({"clean": 1, "path": canary}) + put(1) + POP
    return table + build(new(cls), {"attributes": FIRST})


ATTACKS = [
    Attack(
        "a list in an array is filled after a hash calls what is in it",
        lambda canary: stream(EMPTY, hashing("HashesFirst", array(FIRST), canary), FILLED, HASHED),
        "it may call what it is given",
    ),
    Attack(
        "a list in the state of an object is filled after a hash calls what is in it",
        lambda canary: stream(
            EMPTY,
            made("Holds", content=FIRST) + put(2) + POP,
            hashing("HashesHeld", value([SECOND]), canary),
            FILLED,
            HASHED,
        ),
        "it may call what it is given",
    ),
    Attack(
        "an item of a list is another one while a hash calls it",
        lambda canary: for_a_while(
            ONE + hashing("HashesFirst", value([FIRST]), canary), 0, HASHED + POP
        ),
        "it may call what it is given",
    ),
    Attack(
        "an item of a list in an array is another one while a hash calls it",
        lambda canary: for_a_while(
            ONE + hashing("HashesFirst", array(FIRST), canary), 0, HASHED + POP
        ),
        "it may call what it is given",
    ),
    Attack(
        "an item of a list is another one from a hash that calls it on",
        lambda canary: stream(
            ONE + hashing("HashesFirst", value([FIRST]), canary),
            FIRST + value(0) + TOUCH + SETITEM + POP,
            HASHED,
        ),
        "it may call what it is given",
    ),
    Attack(
        "an item of a list is another one while a finalizer calls it",
        lambda canary: for_a_while(
            ONE + build(new(name("gadgets.hidden", "CallsLater")), calling(canary)), 0, POP
        ),
        "it may call what it is given",
    ),
    Attack(
        "an item of a list is another one while a finalizer of what a call gave calls it",
        lambda canary: for_a_while(
            ONE + build(call(name(MODULE, "ended")), calling(canary)), 0, POP
        ),
        "it may call what it is given",
    ),
    *(
        Attack(
            f"an item of a list is another one while {user} iterates over what calls it",
            lambda canary, used=used: for_a_while(
                ONE + made("Iterates", functions=FIRST, path=canary) + put(2) + POP, 0, used + POP
            ),
            "it may call what it is given",
        )
        for user, used in (
            ("a function", call(name(MODULE, "listed"), SECOND)),
            ("a setter", made("Lists", items=SECOND)),
        )
    ),
    Attack(
        "a table that is the attributes of an object is another one while a hash looks",
        lambda canary: for_a_while(
            adopted(name(MODULE, "HashesOwn"), canary) + put(3) + POP, "clean", HASHED + POP
        ),
        "it has become part of an object",
    ),
    Attack(
        "a table that is the attributes of an object is another one while a finalizer looks",
        lambda canary: for_a_while(
            adopted(name("gadgets.passed", "AdoptsInner"), canary), "clean", POP
        ),
        "it has become part of an object",
    ),
    *(
        Attack(
            f"{what} gets its state after a hash calls what is in it",
            lambda canary, cls=cls, held=held: stream(
                new(name(MODULE, cls)) + put(2) + POP,
                hashing("HashesHeld", held, canary),
                build(SECOND, {"content": [TOUCH]}) + POP,
                HASHED,
            ),
            "it may call what it is given",
        )
        for what, cls, held in (
            ("an object", "Holds", value([SECOND])),
            ("an object in an array", "Holds", array(SECOND)),
            ("an object with a setter", "Updates", value([SECOND])),
            ("an object with a setter in an array", "Updates", array(SECOND)),
        )
    ),
]
"""What the replay cannot see, so that the proof has to."""
CLASSES = f"import {MODULE} as steps"
HONEST = [
    Attack(
        "an object is known to another before it has its state",
        lambda canary: stream(
            new(name(MODULE, "Updates")) + put(1) + POP,
            made("Looks", other=FIRST) + put(2) + POP,
            build(FIRST, {"content": 1}) + POP + SECOND,
        ),
        after=f"{CLASSES}\nassert value.kind == 'Updates' and type(value.other) is steps.Updates",
    ),
    Attack(
        "an object has itself in its state",
        lambda canary: stream(
            new(name(MODULE, "Updates")) + put(1), value({"content": [FIRST]}) + BUILD
        ),
        after=f"{CLASSES}\nassert type(value) is steps.Updates and value.content[0] is value",
    ),
    Attack(
        "an object is a key in its own state",
        lambda canary: stream(
            new(name(MODULE, "Updates")) + put(1),
            EMPTY_DICT + value("content"),
            EMPTY_DICT + FIRST + value(1) + SETITEM + SETITEM + BUILD,
        ),
        after="assert value.content == {value: 1}",
    ),
    Attack(
        "an object that nobody gives a state to",
        lambda canary: stream(value([new(name(MODULE, "Updates")), made("Updates", content=1)])),
        after=f"{CLASSES}\nassert {{type(one) for one in value}} == {{steps.Updates}}",
    ),
    Attack(
        "an object waits for its state when another does not take it",
        lambda canary: stream(made("Registers", content=made("Fails", content=1))),
        load=f"""{CLASSES}
try:
    pickle.loads(data)
except ValueError:
    assert type(steps.SEEN.pop()) is steps.Registers
""",
    ),
]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


ALL = [*ATTACKS, *test_handed.ATTACKS, *test_kept.ATTACKS, *test_later.ATTACKS]
ALL += [*test_passed.ATTACKS, *test_untouched.ATTACKS]


@pytest.fixture(scope="module")
def stepwise(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Arenas:
    return Arenas(site, tmp_path_factory.mktemp("steps"), ALL)


@pytest.mark.parametrize("attack", claims(ALL))
def test_refused_step_by_step(stepwise: Arenas, attack: Attack) -> None:
    outcome = stepwise.outcome(attack, STEPS)
    assert not outcome.touched, outcome
    assert not outcome.text.startswith("refused an effect"), outcome
    assert outcome.error == attack.error, outcome


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused_by_the_reference_machine(arenas: Arenas, attack: Attack) -> None:
    outcome = arenas.outcome(attack, REFERENCE)
    assert (outcome.touched, outcome.error) == (False, attack.error), outcome


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    """What a guard has seen made lives till the end of the load: finalizers run then."""
    check_audit(arenas, [attack for attack in ATTACKS if "a finalizer" not in attack.name])


@pytest.mark.parametrize("mode", ["enforce", STEPS, "off"])
@pytest.mark.parametrize("case", HONEST, ids=lambda case: case.name)
def test_honest_ones_load(site: Path, tmp_path: Path, case: Attack, mode: str) -> None:
    outcome = Arenas(site, tmp_path, [case]).outcome(case, mode)
    assert outcome.error == "", outcome
