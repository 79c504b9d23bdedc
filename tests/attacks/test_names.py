"""Names: everything that leads to a name other than the one that was read."""

from __future__ import annotations

import struct

import pytest

from tests.attacks.assembler import (
    build,
    call,
    name,
    new,
    old_stream,
    raw,
    stack_name,
    stream,
    value,
)
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims
from tests.attacks.named import GETATTR
from tests.attacks.opcodes import REDUCE


def dotted(module: str, attribute: str) -> bytes:
    """Return STACK_GLOBAL of a dotted name."""
    return stack_name(value(module), value(attribute))


def command(canary: str) -> str:
    """Return a shell command that touches the canary."""
    return f": > '{canary}'"


ATTACKS = [
    *(
        Attack(
            f"{module}.{attribute}",
            lambda canary, m=module, a=attribute: stream(  # type: ignore[misc]
                call(dotted(m, a), command(canary))
            ),
            before="import gadgets.quiet, gadgets.reach",
        )
        for module, attribute in [
            ("os", "system"),
            ("posix", "system"),
            ("subprocess", "getoutput"),
            ("gadgets.reach", "os.system"),
        ]
    ),
    Attack(
        "a module's re-export of a sink",
        lambda canary: stream(call(name("gadgets.reach", "make"), canary)),
    ),
    Attack(
        "a module's alias of a sink",
        lambda canary: stream(call(name("gadgets.reach", "alias"), canary)),
    ),
    Attack(
        "a name that a star import brings",
        lambda canary: stream(call(name("gadgets.reach", "mkdir"), canary)),
    ),
    Attack(
        "a Python 2 name below protocol 3",
        lambda canary: stream(
            call(name("__builtin__", "eval"), f"open({canary!r}, 'w')"), protocol=2
        ),
    ),
    Attack(
        "a Python 2 module below protocol 3",
        lambda canary: old_stream(name("commands", "getoutput"), value((command(canary),)), REDUCE),
    ),
    Attack(
        "a protocol that is said again in mid-stream",
        lambda canary: (
            b"\x80\x04\x80\x02" + call(name("commands", "getoutput"), command(canary)) + b"."
        ),
    ),
    Attack(
        "a name computed by a codec",
        lambda canary: stream(
            call(
                stack_name(value("os"), call(name("_codecs", "encode"), "flfgrz", "rot13")),
                command(canary),
            )
        ),
        "text codec",
        before="import codecs",
    ),
    Attack(
        "a name that a permitted codec computes",
        lambda canary: stream(
            call(
                stack_name(
                    value("os"),
                    call(name("builtins", "str"), raw(b"system"), "latin1"),
                ),
                command(canary),
            )
        ),
    ),
    Attack(
        "a name behind EXT1",
        lambda canary: stream(b"\x82" + b"\x07" + value((command(canary),)) + REDUCE),
        before="import copyreg; copyreg.add_extension('os', 'system', 7)",
        after="",
        load="""
import copyreg
try:
    value = pickle.loads(data)
finally:
    copyreg.remove_extension('os', 'system', 7)""",
    ),
    Attack(
        "a name behind EXT2 whose object is cached",
        lambda canary: stream(
            b"\x83" + struct.pack("<H", 300) + value((command(canary),)) + REDUCE
        ),
        before="""
import copyreg, os
copyreg.add_extension('os', 'system', 300)
copyreg._extension_cache[300] = os.system""",
        load="""
try:
    value = pickle.loads(data)
finally:
    copyreg.remove_extension('os', 'system', 300)
    copyreg.clear_extension_cache()""",
    ),
    Attack(
        "getattr of a computed name",
        lambda canary: stream(
            call(
                call(
                    GETATTR,
                    name("gadgets.odd", "Holder"),
                    call(name("builtins", "str"), raw(b"inner"), "latin1"),
                ),
                canary,
            )
        ),
    ),
    Attack(
        "getattr of a nested class that acts",
        lambda canary: stream(call(call(GETATTR, name("gadgets.odd", "Holder"), "inner"), canary)),
    ),
    Attack(
        "a dotted name of a nested class that acts",
        lambda canary: stream(call(dotted("gadgets.odd", "Holder.inner"), canary)),
    ),
    Attack(
        "getattr of a special name",
        lambda canary: stream(
            call(GETATTR, name("gadgets.quiet", "identity"), "__globals__"),
        ),
        after="value['__builtins__']['open'](canary, 'w').close()",
    ),
    Attack(
        "getattr of what the state of an instance shadows",
        lambda canary: stream(
            call(
                call(
                    GETATTR,
                    build(
                        new(name("gadgets.acts", "Plain")),
                        {"predict": name("gadgets.acts", "Touch")},
                    ),
                    "predict",
                ),
                canary,
            )
        ),
    ),
    Attack(
        "a method that acts is handed out",
        lambda canary: stream(
            call(GETATTR, build(new(name("gadgets.acts", "Method")), {"path": canary}), "run")
        ),
        after="value()",
    ),
    Attack(
        "a function of __main__",
        lambda canary: stream(call(name("__main__", "acting"), canary)),
        before="""
import __main__
def acting(path): open(path, 'w').close()
acting.__module__ = '__main__'
__main__.acting = acting""",
    ),
    Attack(
        "a name through __main__",
        lambda canary: stream(call(dotted("__main__", "os.system"), command(canary))),
        before="import __main__, os; __main__.os = os",
    ),
    Attack(
        "a replaced name: a library's class is another one's now",
        lambda canary: stream(
            new(name("gadgets.acts", "Items")), call(name("gadgets.acts", "Replaced"), canary)
        ),
        before="import gadgets.acts; gadgets.acts.Replaced = gadgets.acts.Touch",
    ),
    Attack(
        "a name with a line break in it",
        lambda canary: stream(call(dotted("os\n", "system"), command(canary))),
        before="import os, sys; sys.modules['os\\n'] = os",
        after="",
    ),
    Attack(
        "a name in letters that look alike",
        lambda canary: stream(call(dotted("os", "ſystem"), command(canary))),
        before="import os; setattr(os, 'ſystem', os.system)",
    ),
    Attack(
        "a module that somebody has put under another name",
        lambda canary: stream(call(dotted("harmless", "system"), command(canary))),
        before="import os, sys; sys.modules['harmless'] = os",
    ),
]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)
