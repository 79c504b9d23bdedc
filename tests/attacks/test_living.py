"""Classes and functions of the program that no source shows: what streams make of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.attacks.assembler import build, call, name, new, stack_name, stream, value
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims
from tests.attacks.opcodes import APPENDS, MARK, SETITEM

PROGRAM = """
exec('''
import os, pickle
class Plain:
    def method(self): return 1
class Holder:
    def __setstate__(self, s): self.r = s["f"](s["a"])
class Through:
    def __setstate__(self, s): self.run(s)
    def run(self, s): act(s["a"])
class Sets:
    def __setstate__(self, s):
        for k, v in s.items(): setattr(self, k, v)
    @property
    def y(self): return 1
    @y.setter
    def y(self, v): os.mkdir(v)
class Assigns:
    __slots__ = ("a",)
    def __setattr__(self, n, v): os.mkdir(v)
class Items(list):
    def append(self, v): os.mkdir(v)
    def extend(self, values): [self.append(v) for v in values]
class Dropped:
    def __del__(self): os.mkdir(self.path)
class Made:
    def __init__(self, path): os.mkdir(path)
    def __reduce__(self): return Made, ("x",)
def act(p): os.mkdir(p)
def named(p): return act(p)
class Reduced:
    def __reduce__(self): return named, ("x",)
''', vars(__import__('__main__')))
"""


def of(attribute: str) -> bytes:
    return name("__main__", attribute)


def attack(what: str, *parts: object, refusal: str = "", after: str = "") -> Attack:
    """Return an attack on the program; a callable part is given the canary."""

    def made(canary: str) -> bytes:
        return stream(*(part(canary) if callable(part) else part for part in parts))

    return Attack(what, made, refusal, before=PROGRAM, after=after)


DERIVED = PROGRAM.replace(
    "class Plain:",
    """from gadgets import hidden, methods
class Starter:
    @staticmethod
    def start(path): os.mkdir(path)
class Meta(type):
    def __instancecheck__(cls, value): os.mkdir(value)
class Checks(metaclass=Meta): pass
class Table:
    def __class_getitem__(cls, key): os.mkdir(key)
class Plain:""",
).replace(
    "class Holder:",
    """class Both(methods.Logs, methods.Shelf): pass
class Keyed(hidden.ActsByItem): pass
class Holder:""",
)
"""The same with classes that derive from those of a library."""


def derived(what: str, made: Callable[[str], bytes], refusal: str = "") -> Attack:
    """Return an attack on those."""
    return Attack(what, lambda canary: stream(made(canary)), refusal, before=DERIVED)


ATTACKS = [
    derived(
        "a method of a class in the place of an object",
        lambda canary: build(
            new(name("gadgets.hidden", "Starts")), {"object": of("Starter"), "path": canary}
        ),
        "it may call __main__.Starter.start()",
    ),
    derived(
        "a metaclass that acts when instances are asked for",
        lambda canary: build(
            new(name("gadgets.operators", "Checks")), {"held": of("Checks"), "key": canary}
        ),
        "__instancecheck__",
    ),
    derived(
        "a class that acts when it is subscripted",
        lambda canary: build(
            new(name("gadgets.operators", "Items")), {"held": of("Table"), "key": canary}
        ),
        "__class_getitem__",
    ),
    derived(
        "a setter of one of two bases",
        lambda canary: build(
            new(of("Both")), {"log": build(new(name("gadgets.methods", "File")), {"path": canary})}
        ),
        "close() of an instance of gadgets.methods.File",
    ),
    derived(
        "items of a base of a library",
        lambda canary: new(of("Keyed")) + value("key") + value(canary) + SETITEM,
        "__setitem__",
    ),
    derived(
        "items that a base of a library closes",
        lambda canary: (
            new(of("Both"))
            + MARK
            + build(new(name("gadgets.methods", "File")), {"path": canary})
            + APPENDS
        ),
        "close() of an instance of gadgets.methods.File",
    ),
    attack("a function is called", lambda canary: call(of("act"), canary), refusal="mkdir"),
    attack("a function that a reducer names", lambda canary: call(of("named"), canary)),
    attack("a class that a reducer names", lambda canary: call(of("Made"), canary)),
    attack(
        "a setter through a method",
        lambda canary: build(new(of("Through")), {"a": canary}),
        refusal="mkdir",
    ),
    attack(
        "a setter that calls what it gets",
        lambda canary: build(new(of("Holder")), {"f": of("act"), "a": canary}),
    ),
    attack(
        "a setter that calls a class it gets",
        lambda canary: build(new(of("Holder")), {"f": of("Made"), "a": canary}),
        refusal="it may call what it is given",
    ),
    attack("a property of a computed name", lambda canary: build(new(of("Sets")), {"y": canary})),
    attack("slots", lambda canary: build(new(of("Assigns")), (None, {"a": canary}))),
    attack("items", lambda canary: new(of("Items")) + MARK + value(canary) + APPENDS),
    attack(
        "a finalizer",
        lambda canary: build(new(of("Dropped")), {"path": canary}),
        after="del value",
    ),
    attack(
        "a function in the place of a method",
        lambda canary: build(new(of("Plain")), {"method": of("act")}),
        after="value.method(canary)",
    ),
    attack(
        "what stands beside them in the module",
        lambda canary: call(stack_name(value("__main__"), value("os.mkdir")), canary),
    ),
    attack(
        "their globals",
        stack_name(value("__main__"), value("act.__globals__")),
        after="value['act'](canary)",
    ),
]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)
