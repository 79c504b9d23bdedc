"""Methods that permitted code calls on what a file gives it, and what holds such an object."""

from __future__ import annotations

import pytest

from tests.attacks.assembler import build, call, get, name, new, put, stream, value
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims
from tests.attacks.named import TOUCH
from tests.attacks.opcodes import APPEND, APPENDS, EMPTY_LIST, MARK, POP, SETITEM, SETITEMS


def made(cls: str, **state: object) -> bytes:
    """Return an instance of a class of the library with a state."""
    return build(new(name("gadgets.methods", cls)), state)


def filled_late(cls: str, attribute: str, item: bytes) -> bytes:
    """Return an instance whose list gets its item once the instance has its state."""
    target = build(new(name("gadgets.methods", cls)), {attribute: EMPTY_LIST + put(7)})
    return target + get(7) + item + APPEND + POP


def handle(canary: str) -> bytes:
    """Return what a function makes, whose class is not named."""
    return call(name("gadgets.methods", "open_handle"), value(canary))


def handles(canary: str) -> bytes:
    """Return a list of them."""
    return call(name("gadgets.methods", "open_handles"), value([canary]))


def container(cls: str, *filling: bytes) -> bytes:
    """Return a container of the library that the file fills."""
    return new(name("gadgets.methods", cls)) + b"".join(filling)


def ended(log: bytes) -> bytes:
    """Return what has a finalizer, made by a function, with a state."""
    return build(call(name("gadgets.methods", "last")), {"log": log})


DROPPED = "value = None"
CLOSED = "close() of an instance of gadgets.methods.Handle"

ATTACKS = [
    *(
        Attack(
            f"a key is compared with another by {cls}",
            lambda canary, cls=cls: stream(
                value({made("Keyed", path=canary): 1, made(cls, x=1): 2})
            ),
            refusal,
        )
        for cls, refusal in (
            ("ClosesOther", "close() of an instance of gadgets.methods.Keyed"),
            ("SizesOther", "size() of an instance of gadgets.methods.Keyed"),
            ("OpensOther", "__eq__ reaches"),
        )
    ),
    *(
        Attack(
            f"a state setter calls an object whose __call__ is that of {cls}",
            lambda canary, cls=cls, state=state, log=log: stream(
                made("Applies", function=made(cls, **state(canary)), log=log(canary))
            ),
            refusal,
        )
        for cls, state, log, refusal in (
            (
                "ClosesCalled",
                lambda canary: {"x": 1},
                lambda canary: made("File", path=canary),
                "close() of an instance of gadgets.methods.File",
            ),
            (
                "ClosesHeld",
                lambda canary: {"log": made("File", path=canary)},
                lambda canary: 1,
                "close() of an instance of gadgets.methods.File",
            ),
            ("Named", lambda canary: {"name": "act"}, lambda canary: canary, "it may call"),
        )
    ),
    Attack(
        "a state setter calls a function that calls a method of a class",
        lambda canary: stream(
            build(
                new(name("gadgets.steps", "RunsWith")),
                {
                    "function": name("gadgets.steps", "started"),
                    "object": name("gadgets.hidden", "Starter"),
                    "path": canary,
                },
            )
        ),
        "start()",
    ),
    Attack(
        "a hash is what something says that a function has made",
        lambda canary: stream(
            value({}), MARK, made("Hashes", part=handle(canary)), value(1), SETITEMS
        ),
        "number() of an instance of gadgets.methods.Handle",
    ),
    Attack(
        "a finalizer closes what a function has made",
        lambda canary: stream(made("Closes", log=handle(canary))),
        CLOSED,
        after=DROPPED,
    ),
    Attack(
        "a finalizer closes what functions have made, within a list",
        lambda canary: stream(made("ClosesAll", logs=handles(canary))),
        CLOSED,
        after=DROPPED,
    ),
    Attack(
        "a finalizer that is named once a function has made what it closes",
        lambda canary: stream(handle(canary), put(1), POP, made("Closes", log=get(1))),
        CLOSED,
        after=DROPPED,
    ),
    Attack(
        "a finalizer that is named once a function has made a list of what it closes",
        lambda canary: stream(handles(canary), put(1), POP, made("ClosesAll", logs=get(1))),
        CLOSED,
        after=DROPPED,
    ),
    Attack(
        "a finalizer of a class that is not named closes what the file holds",
        lambda canary: stream(ended(made("File", path=canary))),
        "close() of an instance of gadgets.methods.File",
        after=DROPPED,
    ),
    Attack(
        "a finalizer of a class that is not named closes what a function has made",
        lambda canary: stream(ended(handle(canary))),
        CLOSED,
        after=DROPPED,
    ),
    Attack(
        "a list closes what is put into it",
        lambda canary: stream(container("Shelf", handle(canary), APPEND)),
        CLOSED,
    ),
    Attack(
        "a list closes all that is put into it",
        lambda canary: stream(container("Shelf", MARK, handle(canary), handle(canary), APPENDS)),
        CLOSED,
    ),
    Attack(
        "a dict closes what is put into it",
        lambda canary: stream(container("Cabinet", value("key"), handle(canary), SETITEM)),
        CLOSED,
    ),
    Attack(
        "a dict closes what is put into it, then asks its base",
        lambda canary: stream(container("Drawer", value("key"), handle(canary), SETITEM)),
        CLOSED,
    ),
    Attack(
        "a setter that cannot be followed to its end closes what it gets",
        lambda canary: stream(made("Pending", log=made("File", path=canary))),
        "close() of an instance of gadgets.methods.File",
    ),
    Attack(
        "a state setter closes what the state holds",
        lambda canary: stream(made("Logs", log=made("File", path=canary))),
        "close() of an instance of gadgets.methods.File",
    ),
    Attack(
        "a state setter closes what a call gives",
        lambda canary: stream(
            made("Logs", log=call(name("gadgets.methods", "Opened"), value(canary)))
        ),
        "close() of an instance of gadgets.methods.Opened",
    ),
    Attack(
        "a state setter closes one of several things that calls give",
        lambda canary: stream(
            made(
                "LogsDeep",
                logs={
                    "x": call(name("gadgets.methods", "Opened"), value(canary)),
                    "y": call(name("collections", "OrderedDict")),
                },
            )
        ),
        "close() of an instance of gadgets.methods.Opened",
    ),
    Attack(
        "a state setter closes what it finds deep in the state",
        lambda canary: stream(made("LogsDeep", logs={"x": made("File", path=canary)})),
        "close() of an instance of gadgets.methods.File",
    ),
    Attack(
        "a state setter reads a property of what the state holds",
        lambda canary: stream(made("Reads", log=made("File", path=canary))),
        "size() of an instance of gadgets.methods.File",
    ),
    Attack(
        "a state setter adds to what the state holds",
        lambda canary: stream(made("Adds", left=made("File", path=canary))),
        "__add__() of an instance of gadgets.methods.File",
    ),
    Attack(
        "a method that the derived class completes",
        lambda canary: stream(made("Logs", log=made("Derived", path=canary))),
        "close() of an instance of gadgets.methods.Derived",
    ),
    Attack(
        "a method that calls a method of what its object holds",
        lambda canary: stream(
            made("Logs", log=made("Middle", inner=made("Inner", path=canary))),
        ),
        "finish() of an instance of gadgets.methods.Inner",
    ),
    Attack(
        "a method that calls what its object holds",
        lambda canary: stream(made("Logs", log=made("Runs", action=TOUCH, path=canary))),
        "it may call what it is given",
    ),
    Attack(
        "a function that closes its argument",
        lambda canary: stream(
            call(name("gadgets.methods", "rebuilt"), made("File", path=canary)),
        ),
        "close() of an instance of gadgets.methods.File",
    ),
    Attack(
        "a function that a setter calls closes what it gets",
        lambda canary: stream(
            made(
                "Applies", function=name("gadgets.methods", "close"), log=made("File", path=canary)
            )
        ),
        "close() of an instance of gadgets.methods.File",
    ),
    Attack(
        "a finalizer closes what its object holds",
        lambda canary: stream(made("Closes", log=made("File", path=canary))),
        "close() of an instance of gadgets.methods.File",
        after=DROPPED,
    ),
    Attack(
        "a finalizer whose class is named after the one that acts",
        lambda canary: stream(
            made("File", path=canary), put(1), POP, made("Closes", log=get(1)), put(2), POP, get(2)
        ),
        "close() of an instance of gadgets.methods.File",
        after=DROPPED,
    ),
    Attack(
        "a finalizer closes what its object came to hold later",
        lambda canary: stream(filled_late("ClosesAll", "logs", made("File", path=canary))),
        "close() of an instance of gadgets.methods.File",
        after=DROPPED,
    ),
    Attack(
        "a hash is what something else says",
        lambda canary: stream(
            value({}), MARK, made("Hashes", part=made("File", path=canary)), value(1), SETITEMS
        ),
        "number() of an instance of gadgets.methods.File",
    ),
    Attack(
        "a finalizer calls what its object holds",
        lambda canary: stream(made("Calls", action=TOUCH, path=canary)),
        "it may call what it is given",
        after=DROPPED,
    ),
    Attack(
        "a length is what a class gives that the object holds",
        lambda canary: stream(made("Measures", items=made("Sized", action=TOUCH, path=canary))),
        "it may call what it is given",
    ),
]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)


HONEST = [
    Attack("quiet log", lambda canary: stream(made("Logs", log=made("Quiet")))),
    Attack(
        "a function that closes what is quiet",
        lambda canary: stream(
            made("Applies", function=name("gadgets.methods", "close"), log=made("Quiet"))
        ),
    ),
    Attack(
        "quiet containers",
        lambda canary: stream(
            value([]),
            MARK,
            container("Shelf", made("Quiet"), APPEND),
            container("Cabinet", value("key"), made("Quiet"), SETITEM),
            APPENDS,
        ),
    ),
    Attack(
        "quiet finalizer of a class that is not named", lambda canary: stream(ended(value(None)))
    ),
    Attack("quiet finalizer", lambda canary: stream(made("Closes", log=made("Quiet")))),
    Attack(
        "an acting class beside, not within",
        lambda canary: stream(
            made("File", path=canary), put(1), POP, made("Logs", log=made("Quiet")), put(2)
        ),
    ),
]


@pytest.mark.parametrize("case", HONEST, ids=lambda case: case.name)
def test_harmless_methods_are_called(site: object, tmp_path: object, case: Attack) -> None:
    outcomes = Arenas(site, tmp_path, [case])  # type: ignore[arg-type]
    assert outcomes.outcome(case, "enforce").error == ""
