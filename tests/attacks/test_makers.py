"""``partial(cls.__new__, cls, ...)()``, step by step: every step leads nowhere else."""

from __future__ import annotations

import pytest

from tests.attacks.assembler import build, call, get, name, new, put, stream, value
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims
from tests.attacks.named import GETATTR, PARTIAL, PLAIN, SEALED
from tests.attacks.opcodes import BUILD, POP, REDUCE

MADE = name("gadgets.reach", "Made")
OBJECT = name("builtins", "object")
RUN = value(()) + REDUCE


def maker(cls: bytes) -> bytes:
    """Return the opcodes of ``cls.__new__``."""
    return call(GETATTR, cls, "__new__")


def partial(cls: bytes, *args: object, attributes: object = None, **kwargs: object) -> bytes:
    """Return the opcodes that pickle writes for ``partial(cls.__new__, *args, **kwargs)``."""
    made = maker(cls) + put(0)
    return build(call(PARTIAL, made), (get(0), args, kwargs, attributes))


ATTACKS = [
    Attack(
        "the steps for a class whose __new__ acts",
        lambda canary: stream(call(partial(MADE, MADE, path=canary)), protocol=2),
        "__new__ reaches",
    ),
    Attack(
        "with positional arguments",
        lambda canary: stream(call(partial(MADE, MADE, canary)), protocol=3),
        "__new__ reaches",
    ),
    Attack(
        "__new__ is called itself",
        lambda canary: stream(call(maker(MADE), MADE, canary)),
    ),
    Attack(
        "__new__ of object makes what acts when it is dropped",
        lambda canary: stream(build(call(maker(OBJECT), SEALED), {"path": canary})),
        after="del value",
    ),
    Attack(
        "the partial is given its arguments by the call",
        lambda canary: stream(call(partial(MADE, MADE), canary)),
    ),
    Attack(
        "the partial has no arguments yet",
        lambda canary: stream(call(call(PARTIAL, maker(MADE)), MADE, canary)),
    ),
    Attack(
        "a partial gets its arguments when it is made",
        lambda canary: stream(call(call(PARTIAL, maker(MADE), MADE, canary))),
    ),
    Attack(
        "a partial of a partial",
        lambda canary: stream(call(call(PARTIAL, partial(MADE, MADE, canary)))),
    ),
    Attack(
        "the __new__ of another class makes it",
        lambda canary: stream(call(partial(MADE, name("gadgets.reach", "MadeToo"), canary))),
    ),
    Attack(
        "a second state names another class",
        lambda canary: stream(
            build(
                partial(OBJECT, PLAIN) + value((get(0), (SEALED,), {}, None)) + BUILD + RUN,
                {"path": canary},
            )
        ),
        after="del value",
    ),
    Attack(
        "a state with another function",
        lambda canary: stream(
            call(
                build(
                    call(PARTIAL, maker(PLAIN)),
                    (name("gadgets.acts", "Touch"), (canary,), {}, None),
                )
            )
        ),
    ),
    Attack(
        "__new__ is handed out",
        lambda canary: stream(value([maker(MADE)])),
        after="import gadgets.reach; value[0](gadgets.reach.Made, canary)",
    ),
    Attack(
        "the partial is handed out",
        lambda canary: stream(partial(MADE, MADE, canary)),
        after="value()",
    ),
    Attack(
        "the partial is handed out in what the memo holds",
        lambda canary: stream(value((partial(MADE, MADE, canary),)), put(1), POP, get(1)),
        after="value[0]()",
    ),
    Attack(
        "the partial is an attribute of an object",
        lambda canary: stream(build(new(PLAIN), {"load": partial(MADE, MADE, canary)})),
        after="value.load()",
    ),
    Attack(
        "the partial makes what is missing",
        lambda canary: stream(
            call(name("collections", "defaultdict"), partial(MADE, MADE, canary))
        ),
        after="value['x']",
    ),
    Attack(
        "the partial has an attribute of its own",
        lambda canary: stream(
            partial(MADE, MADE, canary, attributes={"run": name("gadgets.acts", "Touch")})
        ),
        after="value.run(canary)",
    ),
]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)
