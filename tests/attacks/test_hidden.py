"""What objects hold where no dict shows it, and attributes that they get in other ways than BUILD.

Callables within a deque, an iterator, a slot or an array are callables of the file's as much as
those in a list. What a call makes attributes of is held to what a state is held to.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.attacks.assembler import build, call, name, new, raw, stream, value
from tests.attacks.harness import REFERENCE, Arenas, Attack, check, check_audit, claims
from tests.attacks.named import GETATTR, PARTIAL, TOUCH
from tests.attacks.opcodes import (
    ADDITEMS,
    APPEND,
    BUILD,
    EMPTY_DICT,
    EMPTY_LIST,
    EMPTY_SET,
    MARK,
    NONE,
    POP,
    SETITEM,
    SETITEMS,
)

HIDDEN = "gadgets.hidden"
TENSOR = name("torch._tensor", "_rebuild_from_type_v2")


def hidden(cls: str) -> bytes:
    """Return a class or function of the module."""
    return name(HIDDEN, cls)


def state_of(cls: str, **state: object) -> bytes:
    """Return an instance with a state."""
    return build(new(hidden(cls)), state)


def array_of(item: bytes) -> bytes:
    """Return an array of objects with one item."""
    dtype = call(name("numpy", "dtype"), "O8", False, True)
    dtype = build(dtype, (3, "|", None, None, None, -1, -1, 63))
    empty = call(
        name("numpy._core.multiarray", "_reconstruct"), name("numpy", "ndarray"), (0,), raw(b"b")
    )
    return build(empty, (1, (1,), dtype, False, [item]))


def partial_of(function: bytes, *args: object) -> bytes:
    """Return a partial."""
    return build(call(PARTIAL, function), (function, args, {}, None))


EACH: dict[str, Callable[[], bytes]] = {
    "a deque": lambda: call(name("collections", "deque"), [TOUCH]),
    "an iterator": lambda: call(name("builtins", "iter"), [TOUCH]),
    "a reversed iterator": lambda: call(name("builtins", "reversed"), [TOUCH]),
    "an array": lambda: array_of(TOUCH),
    "a partial that calls its argument": lambda: value([partial_of(hidden("applied"), TOUCH)]),
    "a method's object": lambda: value([call(GETATTR, state_of("Runs", function=TOUCH), "run")]),
}
NAMED: dict[str, Callable[[], bytes]] = {
    "a namespace": lambda: build(call(name("types", "SimpleNamespace")), {"start": TOUCH}),
    "a slot": lambda: build(new(hidden("Slot")), (None, {"start": TOUCH})),
    "a slice": lambda: call(name("builtins", "slice"), TOUCH, 1, 1),
    "attributes": lambda: state_of("Runs", start=TOUCH),
    "attributes of a partial": lambda: build(
        call(PARTIAL, hidden("applied")), (hidden("applied"), (), {}, {"start": TOUCH})
    ),
    "items that are attributes": lambda: (
        new(hidden("Words")) + MARK + value("start") + TOUCH + SETITEMS
    ),
    "a static method of a class": lambda: hidden("Starter"),
    "a static method of an object": lambda: new(hidden("Starter")),
    "a class method of a class": lambda: hidden("ClassStarter"),
    "a method of the metaclass of a class": lambda: hidden("MetaStarter"),
}


def holding(cls: str, key: str, item: Callable[[], bytes]) -> Callable[[str], bytes]:
    """Return what builds an attack on a state setter."""
    return lambda canary: stream(state_of(cls, **{key: item(), "path": canary}))


def table(cls: str, attribute: str, acting: bytes) -> Callable[[str], bytes]:
    """Return what builds an attack with an object that a call gives its attributes, and drops it."""
    return lambda canary: stream(call(hidden(cls), {"path": canary, attribute: acting}), POP, NONE)


def setter_in_table(*function: bytes) -> Callable[[str], bytes]:
    """Return what builds an attack with a ``__setstate__`` among the attributes of an object."""
    first, *rest = function
    return lambda canary: stream(call(first, *rest, {"__setstate__": TOUCH}), value(canary), BUILD)


def of_tensors(instance: bytes, cls: str, state: Callable[[str], object]) -> Callable[[str], bytes]:
    """Return what builds an attack by way of a function that gives tensors a state."""
    return lambda canary: stream(
        call(TENSOR, hidden("given"), hidden(cls), (instance,), state(canary))
    )


def touching(canary: str) -> list[str]:
    """Return a state with text that is evaluated."""
    return [f"open({canary!r}, 'w').close()"]


def filled_later(container: bytes, filling: bytes) -> Callable[[str], bytes]:
    """Return what builds an attack with a container that is filled once a finalizer has it."""
    attributes = value("functions") + container + PUT + value("path")
    return lambda canary: stream(
        *(new(hidden("CallsLater")), EMPTY_DICT, MARK, attributes, value(canary), SETITEMS),
        *(BUILD, GET, filling, POP, POP, NONE),
    )


PUT, GET = b"q\x01", b"h\x01"
LATER = {
    "a list": (EMPTY_LIST, TOUCH + APPEND),
    "a set": (EMPTY_SET, MARK + TOUCH + ADDITEMS),
    "a deque": (call(name("collections", "deque"), []), TOUCH + APPEND),
}
USED = {
    "copied": "copied by copy.deepcopy",
    "mappings": "merged into a dict by its keys",
    "sorted": "sorted",
    "summed": "summed up",
}


def used(key: str) -> Callable[[str], bytes]:
    """Return what builds an attack with objects that functions of the standard library get."""
    return lambda canary: stream(
        state_of(
            "Uses", **{key: [state_of("Acting", path=canary), state_of("Acting", path=canary)]}
        )
    )


EARLY: dict[str, Callable[[str], bytes]] = {
    "a state setter": lambda canary: stream(build(new(hidden("ActsByState")), canary)),
    "an item method": lambda canary: stream(
        new(hidden("ActsByItem")), value("path"), value(canary), SETITEM
    ),
    "a method of what a state holds": lambda canary: stream(
        state_of("Closes", log=state_of("Log", path=canary))
    ),
}


COMPILED: dict[str, Callable[[str], bytes]] = {
    "pyarrow: a compiled class that cannot be pickled opens a file": lambda canary: stream(
        call(name("pyarrow.lib", "OSFile"), canary, "w")
    ),
    "wrapt: a proxy in C gives the __setstate__ of what it holds": lambda canary: stream(
        build(
            call(name("wrapt", "CallableObjectProxy"), new(hidden("Evaluates"))), touching(canary)
        )
    ),
}
"""Attacks on compiled classes of libraries, with the library before the colon."""


ATTACKS = [
    *(Attack(what, act) for what, act in COMPILED.items()),
    *(
        Attack(
            f"{what} acts in a loader that was bound before",
            act,
            before="from pickleball_hook import originals; from pickleball_hook.net import events\nevents.listen()",
            load="value = originals.c_loads(data)",
        )
        for what, act in EARLY.items()
    ),
    *(
        Attack(f"{what} that a finalizer calls is filled later", filled_later(*how))
        for what, how in LATER.items()
    ),
    *(Attack(f"an object of the file's is {how}", used(key)) for key, how in USED.items()),
    Attack(
        "a helper of a state setter runs a property by its name",
        lambda canary: stream(state_of("Property", attributes={"path": canary})),
        "runs a property",
    ),
    *(
        Attack(f"a function within {place} is called", holding("CallsEach", "functions", item))
        for place, item in EACH.items()
    ),
    Attack(
        "a function within an array is looked up and called",
        holding("CallsFirst", "functions", EACH["an array"]),
    ),
    *(
        Attack(f"a method is called that {place} has", holding("Starts", "object", item))
        for place, item in NAMED.items()
    ),
    Attack(
        "a helper of a state setter changes the class",
        lambda canary: stream(
            state_of("Restores", attributes={"path": canary, "__class__": hidden("Acts")}),
            POP,
            NONE,
        ),
        "a state may not set special attributes",
    ),
    Attack("a constructor changes the class", table("NamedTable", "__class__", hidden("Acts"))),
    Attack(
        "a constructor's table shadows a method that a finalizer calls",
        table("Cleans", "clean", TOUCH),
        "shadows a method",
    ),
    Attack(
        "a function's table shadows a method that a finalizer calls",
        lambda canary: stream(
            call(hidden("rebuilt"), hidden("Cleans"), {"path": canary, "clean": TOUCH}), POP, NONE
        ),
        "shadows a method",
    ),
    Attack("a constructor's table has a __setstate__", setter_in_table(hidden("Table"))),
    Attack("a constructor sets a __setstate__ by name", setter_in_table(hidden("NamedTable"))),
    Attack(
        "a function's table has a __setstate__",
        setter_in_table(hidden("rebuilt"), hidden("Rebuilt")),
    ),
    Attack(
        "a proxy gives the __setstate__ of what it holds",
        lambda canary: stream(
            build(call(hidden("Proxy"), new(hidden("Evaluates"))), touching(canary))
        ),
        "its __setstate__ is that of something else",
    ),
    Attack(
        "a function that gives tensors a state gives it to another object",
        of_tensors(new(hidden("Evaluates")), "Evaluates", touching),
    ),
    Attack(
        "a function that gives tensors a state has an object closed",
        of_tensors(
            new(hidden("Closes")), "Closes", lambda canary: {"log": state_of("Log", path=canary)}
        ),
    ),
    Attack(
        "a class whose class evaluates what it is parametrized by",
        lambda canary: stream(
            call(name("operator", "getitem"), hidden("Shaped"), touching(canary)[0])
        ),
        "parametrized types only",
    ),
    Attack(
        "a dotted name that the class of a class computes",
        lambda canary: stream(
            value(HIDDEN), value(f"Computed.{canary.replace('/', '|')}"), b"\x93"
        ),
        "computes its attributes",
    ),
]


def _need_library(attack: Attack) -> None:
    library, colon, _ = attack.name.partition(": ")
    if colon:
        pytest.importorskip(library)
    elif attack.name.startswith("a function that gives tensors"):
        pytest.importorskip("torch")


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_attack(arenas: Arenas, attack: Attack) -> None:
    _need_library(attack)
    check(arenas, attack)


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_attack_on_the_reference_machine(arenas: Arenas, attack: Attack) -> None:
    _need_library(attack)
    assert not arenas.outcome(attack, REFERENCE).touched


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)
