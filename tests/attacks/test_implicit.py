"""What an operation brings about besides itself: protocols, properties, hooks, shared objects."""

from __future__ import annotations

import pickle
from typing import Any

import pandas
import pytest

from tests.attacks.assembler import build, call, name, new, stream, value
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims
from tests.attacks.named import PLAIN, TOUCH, text_of_numpy
from tests.attacks.opcodes import ADDITEMS, APPEND, APPENDS, BUILD, EMPTY_DICT, MARK, SETITEM

SERIES = name("pandas.core.series", "Series")
SIN = name("sympy.functions.elementary.trigonometric", "sin")


def gadget(cls: str, state: object) -> bytes:
    """Return an instance of a class of the library with a state."""
    return build(new(name("gadgets.around", cls)), state)


def rotated(text: str) -> bytes:
    """Return a text that a codec computes."""
    return call(name("_codecs", "encode"), text, "rot13")


def remembering(cls: bytes) -> bytes:
    """Return a table whose dtype remembers a class that it gives for indexes."""
    table = pandas.Series([1, 2], dtype="Int64")
    index: Any = table.dtype
    known = f"c{index.index_class.__module__}\n{index.index_class.__qualname__}\n".encode()
    data = pickle.dumps(table, 2)
    assert known in data
    return data.replace(known, cls)


def code(canary: str) -> str:
    """Return an expression that acts."""
    return f"__import__('os').mkdir({canary!r})"


HANDED_OUT = "open(canary, 'w').close()"

HOOKS = [
    Attack(
        "APPEND calls what stands for append in an instance",
        lambda canary: stream(gadget("Adder", {"append": TOUCH}), value(canary), APPEND),
        "shadows a method",
    ),
    Attack(
        "APPENDS calls what stands for append in an instance",
        lambda canary: stream(gadget("Adder", {"append": TOUCH}), MARK, value(canary), APPENDS),
        "shadows a method",
    ),
    Attack(
        "ADDITEMS calls what stands for add in an instance",
        lambda canary: stream(gadget("Adder", {"add": TOUCH}), MARK, value(canary), ADDITEMS),
        "shadows a method",
    ),
    Attack(
        "APPENDS calls what stands for extend in an instance that has none",
        lambda canary: stream(gadget("Adder", {"extend": TOUCH}), MARK, value(canary), APPENDS),
        "its state shadows",
        before="import gadgets.acts; init = gadgets.acts.Touch.__init__",
        load="""
gadgets.acts.Touch.__init__ = lambda self, items: open(items[0], 'w').close()
try:
    value = pickle.loads(data)
finally:
    gadgets.acts.Touch.__init__ = init""",
    ),
    Attack(
        "a class itself is filled",
        lambda canary: stream(name("gadgets.around", "Registry"), MARK, value(canary), APPENDS),
    ),
    Attack(
        "slot state runs a property",
        lambda canary: stream(gadget("Propertied", (None, {"acts": canary}))),
        "slots",
    ),
    Attack(
        "a key that a codec computes",
        lambda canary: stream(
            build(new(PLAIN), {rotated("__frgfgngr__"): TOUCH}), value(canary), BUILD
        ),
        "text codec",
        before="import codecs",
    ),
]

PROTOCOLS = [
    Attack(
        "a state calls what it was made with when it is asked for an item",
        lambda canary: stream(
            gadget(
                "Version",
                call(name("collections", "defaultdict"), name("gadgets.around", "Acting")),
            )
        ),
        before="import gadgets.around; gadgets.around.Acting.path = canary",
    ),
    Attack(
        "equality reaches a sink",
        lambda canary: stream(
            EMPTY_DICT,
            gadget("Equal", {"path": canary}),
            value(1),
            SETITEM,
            gadget("Equal", {"path": canary}),
            value(1),
            SETITEM,
        ),
        "__eq__",
    ),
    Attack(
        "a path reaches a sink",
        lambda canary: stream(
            call(name("pathlib", "PurePosixPath"), gadget("PathLike", {"path": canary}))
        ),
        "__fspath__",
        load="try:\n    value = pickle.loads(data)\nexcept TypeError: value = None",
    ),
    Attack(
        "a test of membership reaches a sink",
        lambda canary: stream(gadget("Asks", {"items": gadget("Contains", {"path": canary})})),
        "__contains__",
    ),
    Attack(
        "a truth value reaches a sink",
        lambda canary: stream(gadget("Asks", {"items": gadget("Truth", {"path": canary})})),
        "__bool__",
        load="try:\n    value = pickle.loads(data)\nexcept TypeError: value = None",
    ),
    Attack(
        "a text in an argument is evaluated",
        lambda canary: stream(call(SIN, code(canary))),
        before="import sympy",
        load="try:\n    value = pickle.loads(data)\nexcept TypeError: value = None",
    ),
    Attack(
        "a text of another class in an argument is evaluated",
        lambda canary: stream(call(SIN, text_of_numpy(code(canary)))),
        before="import numpy, sympy",
        load="try:\n    value = pickle.loads(data)\nexcept TypeError: value = None",
    ),
    Attack(
        "a text within the lists of an argument is evaluated",
        lambda canary: stream(call(SIN, value([value((code(canary),))]))),
        before="import sympy",
        load="try:\n    value = pickle.loads(data)\nexcept (TypeError, AttributeError): value = 0",
    ),
]

SHARED = [
    Attack(
        "a signal of the interpreter's is given a state",
        lambda canary: stream(build(call(name("signal", "Signals"), 2), {"touch": TOUCH})),
        after="value.touch(canary)",
    ),
    Attack(
        "a module is handed out",
        lambda canary: stream(name("gadgets", "acts")),
        "module",
        before="import gadgets.acts",
        after="value.Touch(canary)",
    ),
    Attack(
        "a table of a module is handed out",
        lambda canary: stream(name("gadgets.quiet", "TABLE")),
        after=HANDED_OUT,
    ),
    Attack(
        "the interpreter's modules are handed out",
        lambda canary: stream(name("sys", "modules")),
        after=HANDED_OUT,
    ),
    Attack(
        "an instance of a module is handed out",
        lambda canary: stream(name("gadgets.quiet", "SHARED")),
        after=HANDED_OUT,
    ),
]

PANDAS = [
    Attack(
        "the state of a table changes its class",
        lambda canary: stream(
            build(
                new(SERIES),
                {"_typ": "series", "__class__": name("gadgets.frames", "Described")},
            )
        ),
        "__class__",
        before="import pandas",
        after="value.describe(canary)",
    ),
    Attack(
        "the state of a table shadows a method",
        lambda canary: stream(build(new(SERIES), {"_typ": "series", "sum": TOUCH})),
        "shadows a method",
        before="import pandas",
        after="value.sum(canary)",
    ),
    Attack(
        "a dtype remembers another class of indexes than its library's",
        lambda canary: remembering(TOUCH),
        "gadgets.acts.Touch",
        before="import pandas",
        after="value.dtype.index_class(canary)",
    ),
    Attack(
        "the state of a table shadows a method, for the loader of tables",
        lambda canary: stream(build(new(SERIES), {"_typ": "series", "sum": TOUCH})),
        "shadows a method",
        before="import io, pandas",
        load="value = pandas.read_pickle(io.BytesIO(data))",
        after="value.sum(canary)",
    ),
]

ATTACKS = [*HOOKS, *PROTOCOLS, *SHARED, *PANDAS]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)
