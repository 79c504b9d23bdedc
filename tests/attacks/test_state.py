"""States and items: what BUILD and the fill opcodes must never write."""

from __future__ import annotations

import pytest

from tests.attacks.assembler import build, call, get, name, new, put, stream, value
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims
from tests.attacks.named import PLAIN, TOUCH, text_of_numpy
from tests.attacks.opcodes import ADDITEMS, APPENDS, BUILD, MARK, POP, SETITEM

SLOTTED = name("gadgets.acts", "Slotted")


def gadget(cls: str, state: object) -> bytes:
    """Return an instance of a class of the library with a state."""
    return build(new(name("gadgets.acts", cls)), state)


def adopted_then_changed(attributes: bytes) -> bytes:
    """Return an instance whose attributes are a dictionary that gets a method's name later."""
    adopting = build(new(name("gadgets.acts", "Adopts")), attributes + put(9))
    return adopting + get(9) + value("predict") + TOUCH + SETITEM + POP


def forged_class(key: bytes | str, slots: bool = True) -> bytes:
    """Return a plain object that becomes one whose finalizer acts."""
    table = {key: name("gadgets.acts", "Sealed")}
    return value((None, table)) if slots else value(table)


IN_PYTHON = "import io\nvalue = pickle._Unpickler(io.BytesIO(data)).load()"
PREDICT = "value.predict(canary)"
DROP = "value = None"

ATTACKS = [
    Attack(
        "a second BUILD calls the __setstate__ that the first one set",
        lambda canary: stream(
            new(PLAIN), value({"__setstate__": TOUCH}), BUILD, value(canary), BUILD
        ),
        "special attributes",
    ),
    Attack(
        "a second BUILD calls the __setstate__ that slot state set",
        lambda canary: stream(
            new(PLAIN), value((None, {"__setstate__": TOUCH})), BUILD, value(canary), BUILD
        ),
        "special attributes",
    ),
    Attack(
        "a state has a class under the name of a property that is computed once",
        lambda canary: stream(build(new(name("gadgets.odd", "Once")), {"predict": TOUCH})),
        "gadgets.acts.Touch",
        after="value.predict(canary)",
    ),
    Attack(
        "a state with an empty slot half hides its keys from the check",
        lambda canary: stream(
            new(PLAIN), value(({"__setstate__": TOUCH}, None)), BUILD, value(canary), BUILD
        ),
        "special attributes",
        load=IN_PYTHON,
    ),
    Attack(
        "a state with an empty slot half shadows a method by a class",
        lambda canary: stream(build(new(PLAIN), ({"predict": TOUCH}, []))),
        "shadows a method",
        load=IN_PYTHON,
        after=PREDICT,
    ),
    Attack(
        "a state shadows a method by a class",
        lambda canary: stream(build(new(PLAIN), {"predict": TOUCH})),
        "shadows a method",
        after=PREDICT,
    ),
    Attack(
        "slot state shadows a method by a class",
        lambda canary: stream(build(new(PLAIN), (None, {"predict": TOUCH}))),
        "slots",
        after=PREDICT,
    ),
    Attack(
        "a key that is a numpy string shadows a method by a class",
        lambda canary: stream(build(new(PLAIN), {text_of_numpy("predict"): TOUCH})),
        "exact",
        after=PREDICT,
        before="import numpy",
    ),
    Attack(
        "a slot key that is a numpy string changes the class of an object",
        lambda canary: stream(
            build(
                new(PLAIN),
                ({"path": canary}, {text_of_numpy("__class__"): name("gadgets.acts", "Sealed")}),
            )
        ),
        "exact",
        after=DROP,
        before="import numpy",
    ),
    Attack(
        "slot state changes the class of an object",
        lambda canary: stream(
            build(new(PLAIN), ({"path": canary}, {"__class__": name("gadgets.acts", "Sealed")}))
        ),
        "__class__",
        after=DROP,
    ),
    Attack(
        "a setter that takes a table from within its state changes the class",
        lambda canary: stream(
            gadget(
                "Sets",
                {"attributes": {"path": canary, "__class__": name("gadgets.acts", "Sealed")}},
            )
        ),
        "__class__",
        after=DROP,
    ),
    Attack(
        "a setter that takes a table from within its state shadows a method",
        lambda canary: stream(gadget("Updates", {"attributes": {"predict": TOUCH}})),
        "shadows a method",
        after=PREDICT,
    ),
    Attack(
        "a setter that takes pairs changes the class",
        lambda canary: stream(
            gadget("Pairs", [("path", canary), ("__class__", name("gadgets.acts", "Sealed"))])
        ),
        "__class__",
        after=DROP,
    ),
    Attack(
        "a setter that takes pairs shadows a method",
        lambda canary: stream(gadget("Pairs", [("predict", TOUCH)])),
        "shadows a method",
        after=PREDICT,
    ),
    *(
        Attack(
            f"a {kind} that has become attributes shadows a method later",
            lambda canary, attributes=attributes: stream(adopted_then_changed(attributes)),
            "part of an object that was judged",
            after=PREDICT,
        )
        for kind, attributes in (
            ("dict", value({"x": 1})),
            ("OrderedDict", call(name("collections", "OrderedDict"))),
            ("Table", call(name("gadgets.acts", "Table"))),
        )
    ),
    Attack(
        "keywords of a partial are added after its state was judged",
        lambda canary: stream(
            call(name("functools", "partial"), TOUCH),
            MARK,
            TOUCH,
            value(()),
            value({}),
            put(9),
            value(None),
            b"t",
            BUILD,
            get(9),
            value("path"),
            value(canary),
            SETITEM,
            b"0",
        ),
        "part of an object that was judged",
        after="value()",
    ),
    Attack(
        "an item of a dict that is its own attributes shadows a method",
        lambda canary: stream(
            call(name("gadgets.acts", "Bunch")), value("predict"), TOUCH, SETITEM
        ),
        "only an object that this load has made",
        after=PREDICT,
    ),
    Attack(
        "slot state runs the __setattr__ of the class",
        lambda canary: stream(gadget("Assigned", (None, {"x": canary}))),
        "__setattr__",
    ),
    Attack(
        "an instance that acts when it is called shadows a method",
        lambda canary: stream(build(new(PLAIN), {"predict": gadget("Hook", {"path": canary})})),
        "gadgets.acts.Hook",
        after=PREDICT,
    ),
    Attack(
        "an instance that acts when it is called shadows what a finalizer calls",
        lambda canary: stream(gadget("Closes", {"close": gadget("Hook", {"path": canary})})),
        "gadgets.acts.Hook",
        after=DROP,
    ),
    Attack(
        "a state setter calls an instance that acts when it is called",
        lambda canary: stream(
            gadget("Calls", {"function": gadget("Hook", {"path": canary}), "argument": 1})
        ),
        "gadgets.acts.Hook",
    ),
    Attack(
        "a state setter calls a class",
        lambda canary: stream(gadget("Calls", {"function": TOUCH, "argument": canary})),
        "gadgets.acts.Touch",
    ),
    Attack(
        "a state setter calls a partial of a class",
        lambda canary: stream(
            gadget(
                "Calls",
                {"function": call(name("functools", "partial"), TOUCH), "argument": canary},
            )
        ),
        "functools.partial",
    ),
    Attack(
        "a state setter calls a method that acts on its own object",
        lambda canary: stream(
            gadget(
                "Calls",
                {
                    "function": call(
                        name("builtins", "getattr"), gadget("Method", {"path": canary}), "run"
                    ),
                    "argument": 1,
                },
            )
        ),
    ),
    Attack(
        "BUILD writes to a class",
        lambda canary: stream(build(PLAIN, (None, {"predict": TOUCH})), new(PLAIN)),
        "only an object that this load has made",
        after="value.predict = type(value).predict; value.predict(canary)",
        before="import gadgets.acts",
    ),
    Attack(
        "BUILD writes to a named function",
        lambda canary: stream(
            build(name("gadgets.quiet", "identity"), (None, {"__code__": 1})),
            value(canary),
        ),
        "only an object that this load has made",
        load="try:\n    pickle.loads(data)\nexcept TypeError:\n    open(canary, 'w').close()",
    ),
    Attack(
        "BUILD writes to an enum member",
        lambda canary: stream(
            build(call(name("gadgets.quiet", "Colour"), 1), (None, {"touch": TOUCH}))
        ),
        "",
        after="value.touch(canary)",
    ),
    Attack(
        "BUILD writes to a cached instance",
        lambda canary: stream(build(call(name("gadgets.quiet", "shared")), {"touch": TOUCH})),
        "",
        after="import gadgets.quiet; gadgets.quiet.SHARED.touch(canary)",
    ),
    Attack(
        "BUILD writes to what a parametrized instance stands for",
        lambda canary: stream(
            build(
                call(
                    name("types", "GenericAlias"),
                    *(call(name("gadgets.quiet", "shared")), name("builtins", "int")),
                ),
                {"touch": TOUCH},
            )
        ),
        after="import gadgets.quiet; gadgets.quiet.SHARED.touch(canary)",
    ),
    Attack(
        "BUILD writes to what a proxy stands for",
        lambda canary: stream(
            build(
                call(name("weakref", "proxy"), call(name("gadgets.quiet", "shared"))),
                value((None, {"touch": TOUCH})),
            )
        ),
        after="import gadgets.quiet; gadgets.quiet.SHARED.touch(canary)",
    ),
    Attack(
        "BUILD disables a logger of the program",
        lambda canary: stream(
            build(call(name("logging", "getLogger"), "auth"), {"disabled": True})
        ),
        "",
        after="import logging\nif logging.getLogger('auth').disabled: open(canary, 'w').close()",
        before="import logging; logging.getLogger('auth').disabled = False",
    ),
    Attack(
        "SETITEM writes to a table that a permitted function hands out",
        lambda canary: stream(call(name("gadgets.quiet", "table")), value("touch"), TOUCH, SETITEM),
        "only an object that this load has made",
        after="import gadgets.quiet; gadgets.quiet.TABLE['touch'](canary)",
    ),
    Attack(
        "APPENDS writes to a list that a permitted function hands out",
        lambda canary: stream(call(name("gadgets.quiet", "queue")), MARK, TOUCH, APPENDS),
        "only an object that this load has made",
        after="import gadgets.quiet; gadgets.quiet.QUEUE[-1](canary)",
    ),
    Attack(
        "ADDITEMS writes to a set that a permitted function hands out",
        lambda canary: stream(call(name("gadgets.quiet", "group")), MARK, TOUCH, ADDITEMS),
        "only an object that this load has made",
        after="import gadgets.quiet; gadgets.quiet.GROUP.pop()(canary)",
    ),
    *(
        Attack(
            f"{opcode} calls what stands for {method} in an instance of a {cls}",
            lambda canary, cls=cls, method=method, code=code: stream(  # type: ignore[misc]
                new(name("gadgets.acts", cls)),
                value(({method: TOUCH}, None)),
                BUILD,
                MARK,
                value(canary),
                code,
            ),
            "shadows a method",
            load="""
import gadgets.acts
gadgets.acts.Touch.__init__ = lambda self, items: open(canary, 'w').close()
import io
value = pickle._Unpickler(io.BytesIO(data)).load()""",
        )
        for opcode, code, cls, method in [
            ("APPENDS", APPENDS, "Items", "extend"),
        ]
    ),
    Attack(
        "an object is dropped that acts when it is dropped",
        lambda canary: stream(gadget("Sealed", {"path": canary}), b"0", value(1)),
        "__del__",
    ),
    Attack(
        "a stand-in gives away what it stands for",
        lambda canary: stream(
            value({"function": gadget("Unwraps", {"kept": name("builtins", "getattr")})}),
        ),
        "",
        after="""
kept = value['function'].kept
if kept is getattr: open(canary, 'w').close()""",
        before="""
import gadgets.acts
if mode != 'enforce':
    gadgets.acts.Unwraps.__setstate__ = lambda self, state: self.__dict__.update(state)""",
        error="AttributeError",
    ),
    Attack(
        "a callable that may only be called is handed out",
        lambda canary: stream(name("builtins", "getattr")),
        "not handed out",
        after="open(canary, 'w').close()",
    ),
    Attack(
        "a callable that may only be called is handed out by way of the memo",
        lambda canary: stream(name("builtins", "getattr"), put(0), b"0", value({"x": get(0)})),
        "not handed out",
        after="open(canary, 'w').close()",
    ),
]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)
