"""Callables in a state that a library's setter calls, or sets attributes of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.attacks.assembler import build, call, name, new, stream
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims, variables

HANDED = "gadgets.handed"
CALLER = new(name(HANDED, "Caller"))


def called(function: bytes, *arguments: object) -> bytes:
    """Return an object that calls a function when it gets its state."""
    return stream(build(CALLER, {"function": function, "arguments": arguments}))


ATTACKS = [
    Attack(
        "a class that acts when it is made",
        lambda canary: called(name("gadgets.acts", "Touch"), canary),
    ),
    Attack(
        "an object that is called by what it inherits, and acts in a method of its own",
        lambda canary: called(new(name(HANDED, "RunsAndActs")), canary),
        "it may call what it is given",
    ),
    Attack(
        "a function that calls a method by its name",
        lambda canary: called(name(HANDED, "follow"), new(name(HANDED, "Maker")), "make", canary),
        "it may call what it is given",
    ),
    Attack(
        "a partial of a function that calls a method by its name",
        lambda canary: called(
            build(
                call(name("functools", "partial"), name(HANDED, "follow")),
                (name(HANDED, "follow"), (), {}, None),
            ),
            *(new(name(HANDED, "Maker")), "make", canary),
        ),
        "it may call what it is given",
    ),
    Attack(
        "a function that calls a method by its name in the place of a method",
        lambda canary: stream(
            build(
                new(name(HANDED, "Hooked")),
                {
                    "hook": name(HANDED, "follow"),
                    "first": new(name(HANDED, "Maker")),
                    "name": "make",
                    "path": canary,
                },
            )
        ),
    ),
    Attack(
        "a factory that calls a method by its name",
        lambda canary: stream(
            build(
                new(name(HANDED, "AsksMissing")),
                call(
                    name("collections", "defaultdict"),
                    build(
                        call(name("functools", "partial"), name(HANDED, "follow")),
                        (
                            name(HANDED, "follow"),
                            (new(name(HANDED, "Maker")), "make", canary),
                            {},
                            None,
                        ),
                    ),
                ),
            )
        ),
    ),
    Attack(
        "a class whose attributes are set",
        lambda canary: stream(
            build(
                new(name(HANDED, "Marker")),
                {"target": name("gadgets.acts", "Plain"), "limit": canary},
            )
        ),
        "it may call what it is given",
        load=(
            "import gadgets.acts\ntry: value = pickle.loads(data)\n"
            "finally:\n if gadgets.acts.Plain.limit != 3: open(canary, 'w')"
        ),
    ),
    Attack(
        "an object that acts when it is called",
        lambda canary: stream(call(new(name(HANDED, "Acting")), canary)),
    ),
    Attack(
        "an object that calls a class that acts",
        lambda canary: stream(
            call(new(name(HANDED, "Applier")), name("gadgets.acts", "Touch"), canary)
        ),
    ),
    Attack(
        "the call of an object by its name, where operands count otherwise",
        lambda canary: stream(
            call(
                name(HANDED, "Applier.__call__"),
                *(new(name(HANDED, "Applier")), name("gadgets.acts", "Touch"), canary),
            )
        ),
    ),
    Attack(
        "a method that an object keeps of itself, which acts in what a derived class has",
        lambda canary: stream(
            build(
                new(name(HANDED, "RunsBound")),
                {"held": call(name(HANDED, "BoundToAct")), "value": canary},
            )
        ),
        "it may call what it is given",
    ),
    Attack(
        "a class made of others with a setter put into it",
        lambda canary: stream(build(new(name(HANDED, "JoinedMaker")), canary)),
    ),
    Attack(
        "a class made of others whose setter calls a class that acts",
        lambda canary: stream(
            build(
                new(name(HANDED, "Joined")),
                {"function": name("gadgets.acts", "Touch"), "arguments": (canary,)},
            )
        ),
        "it may call what it is given",
    ),
]

HONEST = {
    "a function without a sink": called(name(HANDED, "doubled"), 2),
    "a class that keeps its arguments": called(name(HANDED, "Kept"), 1, 2),
    "a builtin type": called(name("builtins", "int"), "3"),
    "an enum": called(name(HANDED, "Colour"), 1),
    "an object that is called": stream(call(new(name(HANDED, "Getter")), 1)),
    "a class made of others": stream(
        build(
            new(name(HANDED, "Joined")),
            {"function": name(HANDED, "doubled"), "arguments": (2,)},
        )
    ),
    "a method that an object keeps of itself": stream(
        build(
            new(name(HANDED, "RunsBound")),
            {"held": call(name(HANDED, "Bound")), "value": 2},
        )
    ),
    "an object whose attributes are set": stream(
        build(
            new(name(HANDED, "Marker")),
            {"target": new(name("gadgets.acts", "Plain")), "limit": 2},
        )
    ),
}


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)


def test_harmless_ones_are_called(site: Path, tmp_path: Path) -> None:
    program = (
        "import pickle, sys, pickleball_hook; sys.path.insert(0, sys.argv[1])\n"
        "pickleball_hook.install()\n"
        "for data in eval(sys.stdin.read()): print(type(pickle.loads(data)).__name__)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program, str(site)],
        input=repr([*HONEST.values()]),
        capture_output=True,
        text=True,
        timeout=120,
        env=variables(tmp_path, "enforce"),
    )
    assert loaded.stdout.split() == [
        *("Caller", "Caller", "Caller", "Caller", "list", "Joined", "RunsBound", "Marker")
    ], loaded.stderr


def test_objects_are_called_that_a_reducer_returns(site: Path, tmp_path: Path) -> None:
    program = (
        "import pickle, sys, pickleball_hook; sys.path.insert(0, sys.argv[1])\n"
        "pickleball_hook.install()\n"
        "try: pickle.loads(eval(sys.stdin.read()))\n"
        "except pickle.UnpicklingError as error: print(error)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program, str(site)],
        input=repr(stream(call(new(name(HANDED, "Runner")), 1))),
        capture_output=True,
        text=True,
        timeout=120,
        env=variables(tmp_path, "enforce"),
    )
    assert "only a name can be called" in loaded.stdout, loaded.stderr
