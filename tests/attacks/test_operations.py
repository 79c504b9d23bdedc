"""Operations: what a name may undergo, and what else looks like that operation."""

from __future__ import annotations

import pytest

from tests.attacks.assembler import (
    build,
    call,
    get,
    inst,
    name,
    new,
    new_ex,
    obj,
    old_stream,
    put,
    raw,
    stream,
    value,
)
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims
from tests.attacks.named import GETATTR, PARTIAL, PLAIN, SEALED, TOUCH
from tests.attacks.opcodes import APPENDS, BUILD, DUP, MARK, POP, REDUCE

BOTH = name("gadgets.odd", "Both")

ATTACKS = [
    Attack("REDUCE of a class that acts", lambda canary: stream(call(TOUCH, canary))),
    Attack("REDUCE below protocol 2", lambda canary: old_stream(TOUCH, value((canary,)), REDUCE)),
    Attack("INST with arguments", lambda canary: stream(inst("gadgets.acts", "Touch", canary))),
    Attack("OBJ with arguments", lambda canary: stream(obj(TOUCH, canary))),
    Attack(
        "INST without arguments of a class that says what it is to be given",
        lambda canary: stream(inst("gadgets.odd", "Given")),
        before="import gadgets.odd; gadgets.odd.path = canary",
    ),
    Attack(
        "OBJ without arguments of a class that says what it is to be given",
        lambda canary: stream(obj(name("gadgets.odd", "Given"))),
        before="import gadgets.odd; gadgets.odd.path = canary",
    ),
    Attack(
        "REDUCE of a class with an argument tuple of a class of its own",
        lambda canary: stream(TOUCH, new(name("gadgets.odd", "Arguments"), (canary,)), REDUCE),
    ),
    Attack(
        "REDUCE of what another call returned",
        lambda canary: stream(call(call(GETATTR, name("gadgets.odd", "Holder"), "inner"), canary)),
    ),
    Attack(
        "a class that acts when it is made with nothing is what makes missing items",
        lambda canary: stream(
            call(name("collections", "defaultdict"), name("gadgets.reach", "Alone"))
        ),
        before="import gadgets.reach; gadgets.reach.Alone.path = canary",
        after="value['missing']",
    ),
    Attack(
        "REDUCE of a partial",
        lambda canary: stream(call(call(PARTIAL, TOUCH), canary)),
        "only a name can be called",
    ),
    Attack(
        "REDUCE of an instance with a __call__",
        lambda canary: stream(call(build(new(name("gadgets.acts", "Hook")), {"path": canary}))),
        "only a name can be called",
    ),
    Attack(
        "NEWOBJ on a class that a call returned",
        lambda canary: stream(
            new(call(name("gadgets.odd", "give"), "Made"), canary),
        ),
    ),
    Attack(
        "NEWOBJ_EX on a class whose __new__ acts",
        lambda canary: stream(new_ex(name("gadgets.reach", "Made"), (), {"path": canary})),
        "__new__",
    ),
    Attack(
        "_reconstructor runs the __init__ of the base that it is given",
        lambda canary: stream(call(name("copyreg", "_reconstructor"), BOTH, BOTH, canary)),
    ),
    Attack(
        "_reconstructor with an instance as the base",
        lambda canary: stream(
            call(
                name("copyreg", "_reconstructor"),
                PLAIN,
                build(new(PLAIN), {"__new__": TOUCH}),
                canary,
            )
        ),
        load="""
import gadgets.acts
init = gadgets.acts.Touch.__init__
gadgets.acts.Touch.__init__ = lambda self, cls, state: open(state, 'w').close()
try:
    value = pickle.loads(data)
finally:
    gadgets.acts.Touch.__init__ = init""",
    ),
    Attack(
        "__newobj__ with an instance as the class",
        lambda canary: stream(
            call(name("copyreg", "__newobj__"), build(new(PLAIN), {"__new__": TOUCH}))
        ),
        load="""
import gadgets.acts
init, gadgets.acts.Touch.__init__ = gadgets.acts.Touch.__init__, lambda self, x: open(canary, 'w').close()
try:
    value = pickle.loads(data)
finally:
    gadgets.acts.Touch.__init__ = init""",
    ),
    Attack(
        "__newobj__ of a class whose __new__ acts",
        lambda canary: stream(
            call(name("copyreg", "__newobj__"), name("gadgets.reach", "Made"), canary)
        ),
        "__new__",
    ),
    Attack(
        "__newobj_ex__ of a class whose __new__ acts",
        lambda canary: stream(
            call(
                name("copyreg", "__newobj_ex__"),
                name("gadgets.reach", "Made"),
                (),
                {"path": canary},
            )
        ),
        "__new__",
    ),
    Attack(
        "a partial that holds the arguments of a class",
        lambda canary: stream(call(PARTIAL, TOUCH, canary)),
        after="value()",
    ),
    Attack(
        "a partial of a partial that holds the arguments of a class",
        lambda canary: stream(call(PARTIAL, call(PARTIAL, TOUCH), canary)),
        after="value()",
    ),
    Attack(
        "a partial that gets its arguments by its state",
        lambda canary: stream(build(call(PARTIAL, TOUCH), (TOUCH, (canary,), {}, None))),
        after="value()",
    ),
    Attack(
        "a partial that gets another function by its state",
        lambda canary: stream(
            build(call(PARTIAL, name("gadgets.quiet", "identity")), (TOUCH, (), {}, None))
        ),
        after="value(canary)",
    ),
    Attack(
        "a partial of an instance that acts when it is called",
        lambda canary: stream(
            call(PARTIAL, build(new(name("gadgets.acts", "Hook")), {"path": canary}))
        ),
        after="value()",
    ),
    Attack(
        "a defaultdict that makes what acts",
        lambda canary: stream(
            call(name("collections", "defaultdict"), call(PARTIAL, TOUCH, canary))
        ),
        after="value['x']",
    ),
    Attack(
        "a defaultdict of a partial of a partial",
        lambda canary: stream(
            call(name("collections", "defaultdict"), call(PARTIAL, call(PARTIAL, TOUCH), canary))
        ),
        after="value['x']",
    ),
    Attack(
        "a class made by NEWOBJ of a class of classes",
        lambda canary: stream(
            new(
                name("gadgets.odd", "Meta"),
                "X",
                (name("gadgets.odd", "Registered"),),
                {"p": canary},
            )
        ),
        "class of classes",
    ),
    Attack(
        "a class made by REDUCE of a class of classes",
        lambda canary: stream(
            call(
                name("gadgets.odd", "Meta"),
                "X",
                (name("gadgets.odd", "Registered"),),
                {"p": canary},
            )
        ),
        "class of classes",
    ),
    Attack(
        "a class made by type",
        lambda canary: stream(
            call(name("builtins", "type"), "X", (name("gadgets.odd", "Registered"),), {"p": canary})
        ),
        "type() is only for",
    ),
    Attack(
        "a class made by type tells what it holds its name",
        lambda canary: stream(
            call(
                name("builtins", "type"),
                *("X", (), {"held": build(new(name("gadgets.acts", "Named")), {"path": canary})}),
            )
        ),
    ),
    Attack(
        "the type of a function",
        lambda canary: stream(call(name("builtins", "type"), name("gadgets.quiet", "identity"))),
        "type() is only for",
        after="open(canary, 'w').close()",
    ),
    Attack(
        "an Enum whose _missing_ acts",
        lambda canary: stream(call(name("gadgets.odd", "Missing"), canary)),
        "_missing_",
        error="PolicyViolation",
        load="try:\n    value = pickle.loads(data)\nexcept ValueError: value = None",
    ),
    Attack(
        "a class made by calling an Enum",
        lambda canary: stream(call(name("gadgets.odd", "Empty"), "X", "a b")),
        "one literal",
        after="open(canary, 'w').close()",
    ),
    Attack(
        "a metaclass whose __call__ acts",
        lambda canary: stream(call(name("gadgets.odd", "Called"), canary)),
        "__call__",
    ),
    *(
        Attack(
            f"a metaclass that {maker} gives, whose __call__ acts",
            lambda canary, cls=cls: stream(call(name("gadgets.odd", cls), canary)),
            "__call__",
        )
        for cls, maker in (("Based", "a base that is a call"), ("Decorated", "a decorator"))
    ),
    Attack(
        "a class whose reducer returns it and whose __init__ acts",
        lambda canary: stream(call(name("gadgets.odd", "Returned"), canary)),
        "__init__",
    ),
    Attack(
        "a shared object gets a state by way of the memo",
        lambda canary: stream(
            call(name("gadgets.quiet", "shared")),
            put(0),
            POP,
            get(0),
            value({"touch": TOUCH}),
            BUILD,
        ),
        after="import gadgets.quiet; gadgets.quiet.SHARED.touch(canary)",
    ),
    Attack(
        "an object gets a state twice by way of a copy on the stack",
        lambda canary: stream(
            new(PLAIN), DUP, value({"x": 1}), BUILD, POP, value({"limit": TOUCH}), BUILD
        ),
        "once",
        after="value.limit(canary)",
    ),
    Attack(
        "a function is changed in place by items",
        lambda canary: stream(name("gadgets.quiet", "QUEUE"), MARK, TOUCH, APPENDS),
        after="import gadgets.quiet; gadgets.quiet.QUEUE[-1](canary)",
    ),
    Attack(
        "a class attribute is written through a parametrized type",
        lambda canary: stream(
            build(
                call(
                    name("_operator", "getitem"),
                    name("gadgets.odd", "Box"),
                    name("builtins", "int"),
                ),
                (None, {"predict": TOUCH}),
            )
        ),
        after="import gadgets.odd; gadgets.odd.Box.predict(canary)",
    ),
    Attack(
        "an object whose class forwards its attributes is written to",
        lambda canary: stream(
            build(new(name("gadgets.odd", "Forwards")), ({"target": SEALED}, {"predict": TOUCH}))
        ),
        "__setattr__",
        after="import gadgets.acts; gadgets.acts.Sealed.predict(canary)",
    ),
    Attack(
        "bytes of a nested load",
        lambda canary: stream(call(name("_pickle", "loads"), raw(stream(call(TOUCH, canary))))),
    ),
    Attack(
        "a loader taken from this package",
        lambda canary: stream(
            call(name("pickleball_hook.originals", "c_loads"), raw(stream(call(TOUCH, canary))))
        ),
        before="import pickleball_hook.originals",
    ),
    Attack(
        "mode and guard of this package are switched off",
        lambda canary: stream(call(name("pickleball_hook", "uninstall")), call(TOUCH, canary)),
        before="import pickleball_hook",
    ),
]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)
