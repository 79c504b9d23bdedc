"""Code of installed libraries that reaches a sink, by all the ways in which code is written."""

from __future__ import annotations

import pytest

from tests.attacks.assembler import build, call, name, new, stream, value
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims
from tests.attacks.named import TOUCH
from tests.attacks.opcodes import ADDITEMS, APPEND, EMPTY_SET, MARK, SETITEM

SETTERS = """
Direct Renamed Starred Aliased LocalAlias TwoAliases ChosenInPlace Unpacked Walrus Looped Dispatch
DispatchConstant DispatchGet InList Partial PartialAlias Mapped Sorted Reduced Operator Getattr
GetattrAlias Namespace Globals Imported Lambda LambdaInBody AttributeInBody Decorated Closure Default
Pathlib PathlibOpen ThroughAttribute ThroughUpdate ThroughGenerator ThroughContext ThroughProperty
ThroughSetter ThroughItem ThroughSubclass ThroughInstance ThroughLocalInstance ThroughHeldInstance
ThroughCallableInstance ThroughReturned Written Formatted Popped Matched Caught Compared Appended
Updated ThroughGlobal ThroughLateModule ThroughMadeModule
""".split()


def gadget(cls: str, state: object) -> bytes:
    """Return an instance of a class of the library with a state."""
    return build(new(name("gadgets.reach", cls)), state)


def held(cls: str, canary: str) -> bytes:
    """Return an instance that knows its path."""
    return gadget(cls, {"path": canary})


ATTACKS = [
    *(
        Attack(
            f"a state setter reaches a sink: {cls}",
            lambda canary, cls=cls: stream(  # type: ignore[misc]
                gadget(cls, {"path": canary, "action": "make", "mode": "w"})
            ),
        )
        for cls in SETTERS
    ),
    Attack("a finalizer reaches a sink", lambda canary: stream(held("Dropped", canary)), "__del__"),
    Attack(
        "a finalizer that is a lambda reaches a sink",
        lambda canary: stream(held("DroppedLambda", canary)),
        after="value = None",
    ),
    Attack(
        "a hash reaches a sink",
        lambda canary: stream(value({}), held("Hashed", canary), value(1), SETITEM),
        "__hash__",
    ),
    Attack(
        "the hash of a member of a set reaches a sink",
        lambda canary: stream(EMPTY_SET, MARK, held("Hashed", canary), ADDITEMS),
        "__hash__",
    ),
    Attack(
        "the hash of what an Enum is called with reaches a sink",
        lambda canary: stream(call(name("gadgets.odd", "Colour"), held("Hashed", canary))),
        "__hash__",
        load="try:\n    value = pickle.loads(data)\nexcept ValueError: value = None",
    ),
    Attack(
        "iterating reaches a sink",
        lambda canary: stream(gadget("Iterates", {"items": held("Iterated", canary)})),
    ),
    Attack(
        "len reaches a sink",
        lambda canary: stream(gadget("Measures", {"items": held("Sized", canary)})),
    ),
    Attack(
        "str reaches a sink",
        lambda canary: stream(gadget("Shows", {"items": held("Shown", canary)})),
    ),
    Attack(
        "an index reaches a sink",
        lambda canary: stream(
            call(
                name("_collections", "_deque_iterator"),
                call(name("collections", "deque"), []),
                held("Indexed", canary),
            )
        ),
    ),
    Attack(
        "a missing attribute reaches a sink",
        lambda canary: stream(held("Asked", canary), value([]), APPEND),
        "__getattr__",
    ),
    Attack(
        "a missing attribute calls what the object was made with",
        lambda canary: stream(build(call(name("gadgets.odd", "AsksBack"), TOUCH, canary), {})),
        "Touch",
    ),
    Attack(
        "a comparison of keys calls what an object was made with",
        lambda canary: stream(
            value({call(name("gadgets.odd", "ComparesBack"), TOUCH, canary): 1, 1: 2})
        ),
        "Touch",
    ),
    Attack(
        "__new__ reaches a sink by NEWOBJ",
        lambda canary: stream(new(name("gadgets.reach", "Made"), canary)),
        "__new__",
    ),
    Attack(
        "the decorator of a rebuilding function acts",
        lambda canary: stream(call(name("gadgets.reach", "rebuild"), "", {"path": canary})),
    ),
    Attack(
        "a class method calls the class that it is given",
        lambda canary: stream(
            call(
                call(name("builtins", "getattr"), name("gadgets.reach", "Classmethod"), "rebuild"),
                name("gadgets.acts", "Touch"),
                canary,
            )
        ),
    ),
]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)
