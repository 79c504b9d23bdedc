"""Tampering: nothing that a file does changes what a later name, load or line of the program means.

Each target is written to through every operation that could do it, and looked at after the load,
refused or not. Plain Python, in which the same stream must leave its mark, is put right again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.attacks.assembler import build, call, name, new, obj, raw, stream, value
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims
from tests.attacks.opcodes import APPEND, APPENDS, BUILD, DUP, MARK, NONE, POP, SETITEM, SETITEMS


class Table(NamedTuple):
    """A table of the process: where it stands, and the key to write."""

    label: str
    place: bytes
    expression: str
    key: object


class Holder(NamedTuple):
    """A module or class: how a stream names it, and what Python calls it."""

    label: str
    place: bytes
    expression: str


LOAD = """
try:
    value = pickle.loads(data)
except Exception:
    value = None
    if mode == 'enforce':
        raise
finally:
    changed = {changed}
    {restore}
    if changed:
        open(canary, 'w').close()
"""

TABLES = [
    Table("sys.modules", name("sys", "modules"), "sys.modules", "colorsys"),
    Table(
        "copyreg.dispatch_table",
        name("copyreg", "dispatch_table"),
        "copyreg.dispatch_table",
        name("gadgets.acts", "Plain"),
    ),
    Table(
        "copyreg._extension_cache",
        name("copyreg", "_extension_cache"),
        "copyreg._extension_cache",
        241,
    ),
    Table(
        "copyreg._inverted_registry",
        name("copyreg", "_inverted_registry"),
        "copyreg._inverted_registry",
        242,
    ),
    Table(
        "_compat_pickle.IMPORT_MAPPING",
        name("_compat_pickle", "IMPORT_MAPPING"),
        "_compat_pickle.IMPORT_MAPPING",
        "tampered",
    ),
    Table(
        "_compat_pickle.NAME_MAPPING",
        name("_compat_pickle", "NAME_MAPPING"),
        "_compat_pickle.NAME_MAPPING",
        ("tampered", "name"),
    ),
    Table(
        "dispatch of pickle._Unpickler",
        name("pickle", "_Unpickler.dispatch"),
        "pickle._Unpickler.dispatch",
        0,
    ),
    Table("os.environ", name("os", "environ"), "os.environ", "PICKLEBALL_TAMPERED"),
    Table(
        "a module's dictionary",
        name("colorsys", "__dict__"),
        "vars(colorsys)",
        "ONE_THIRD_AND_MORE",
    ),
    Table("builtins", name("builtins", "__dict__"), "vars(builtins)", "tampered"),
]

TEXT = value("tampered")


def item_of(table: Table) -> bytes:
    """Return what is written: text for the environment, a function elsewhere."""
    return TEXT if table.label == "os.environ" else name("builtins", "len")


def key_of(table: Table) -> bytes:
    return table.key if isinstance(table.key, bytes) else value(table.key)


TABLE_WRITES: dict[str, Callable[[Table], bytes]] = {
    "SETITEM": lambda t: t.place + key_of(t) + item_of(t) + SETITEM,
    "SETITEMS": lambda t: t.place + MARK + key_of(t) + item_of(t) + SETITEMS,
    "REDUCE of operator.setitem": lambda t: call(
        name("operator", "setitem"), t.place, key_of(t), item_of(t)
    ),
    "REDUCE of its own method": lambda t: call(
        call(name("builtins", "getattr"), t.place, "__setitem__"), key_of(t), item_of(t)
    ),
    "REDUCE of an unbound method": lambda t: call(
        call(name("builtins", "getattr"), call(name("builtins", "type"), t.place), "update"),
        t.place,
        {key_of(t): item_of(t)},
    ),
    "INST": lambda t: MARK + t.place + key_of(t) + item_of(t) + b"ioperator\nsetitem\n",
    "OBJ": lambda t: obj(name("operator", "setitem"), t.place, key_of(t), item_of(t)),
    "a call made by a callable": lambda t: call(
        name("builtins", "list"),
        call(
            name("builtins", "map"),
            name("operator", "setitem"),
            [t.place],
            [key_of(t)],
            [item_of(t)],
        ),
    ),
    "a partial": lambda t: call(
        call(name("functools", "partial"), name("operator", "setitem"), t.place, key_of(t)),
        item_of(t),
    ),
    "SETITEM and POP": lambda t: t.place + key_of(t) + item_of(t) + SETITEM + POP + NONE,
}

PYTHON_KEYS = {
    "copyreg.dispatch_table": "__import__('gadgets.acts').acts.Plain",
}
MODULES = "import sys, os, copyreg, _compat_pickle, builtins, colorsys, gadgets.acts"

HOLDERS = [
    Holder("a module", name("os", "path"), "os.path"),
    Holder("a package's module", name("json", "decoder"), "json.decoder"),
    Holder("a class of a library", name("gadgets.acts", "Plain"), "gadgets.acts.Plain"),
    Holder("a class of the standard library", name("argparse", "Namespace"), "argparse.Namespace"),
    Holder("pickle._Unpickler", name("pickle", "_Unpickler"), "pickle._Unpickler"),
    Holder("a function", name("colorsys", "rgb_to_hsv"), "colorsys.rgb_to_hsv"),
    Holder("an object of a module", name("logging", "root"), "logging.root"),
]

HOLDER_WRITES: dict[str, Callable[[Holder], bytes]] = {
    "BUILD": lambda h: build(h.place, {"tampered": TEXT}),
    "BUILD of slots": lambda h: build(h.place, (None, {"tampered": TEXT})),
    "BUILD twice over": lambda h: h.place + DUP + value((None, {"tampered": TEXT})) + BUILD + POP,
    "REDUCE of setattr": lambda h: call(name("builtins", "setattr"), h.place, "tampered", TEXT),
    "REDUCE of object.__setattr__": lambda h: call(
        name("builtins", "type.__setattr__")
        if "class" in h.label or "_Unpickler" in h.label
        else name("builtins", "object.__setattr__"),
        h.place,
        "tampered",
        TEXT,
    ),
    "OBJ": lambda h: obj(name("builtins", "setattr"), h.place, "tampered", TEXT),
    "functools.update_wrapper": lambda h: call(
        name("functools", "update_wrapper"), h.place, _named("tampered"), ["tampered"], []
    ),
    "a map of setattr": lambda h: call(
        name("builtins", "list"),
        call(name("builtins", "map"), name("builtins", "setattr"), [h.place], ["tampered"], [TEXT]),
    ),
}


def _named(attribute: str) -> bytes:
    """Return an object that has an attribute."""
    return build(new(name("argparse", "Namespace")), {attribute: TEXT})


def table_attack(table: Table, how: str) -> Attack:
    """Write an item into a table."""
    key = PYTHON_KEYS.get(table.label, repr(table.key))
    return Attack(
        f"{table.label} by {how}",
        lambda canary: stream(TABLE_WRITES[how](table)),
        before=f"{MODULES}\nkey = {key}\nold = {table.expression}.get(key)",
        load=LOAD.format(
            changed=f"{table.expression}.get(key) is not old",
            restore=f"{table.expression}.pop(key, None) if old is None"
            f" else {table.expression}.__setitem__(key, old)",
        ),
    )


def holder_attack(holder: Holder, how: str) -> Attack:
    """Write an attribute of something that was there before the load."""
    return Attack(
        f"{holder.label} by {how}",
        lambda canary: stream(HOLDER_WRITES[how](holder)),
        before=f"{MODULES}, os.path, json.decoder, argparse, logging\nholder = {holder.expression}",
        load=LOAD.format(
            changed="hasattr(holder, 'tampered')",
            restore="vars(holder).get('tampered') and delattr(holder, 'tampered')",
        ),
    )


def done_by(title: str, stream_of: bytes, before: str, changed: str, restore: str) -> Attack:
    return Attack(
        title,
        lambda canary: stream(stream_of),
        before=f"{MODULES}\n{before}",
        load=LOAD.format(changed=changed, restore=restore),
    )


# A holder that a way of writing does not work on, in plain Python.
IMPOSSIBLE = {
    ("a class of a library", "BUILD"),
    ("a class of the standard library", "BUILD"),
    ("pickle._Unpickler", "BUILD"),
    ("a module", "REDUCE of object.__setattr__"),
}

CALLS = [
    done_by(
        "copyreg.pickle",
        call(name("copyreg", "pickle"), name("gadgets.acts", "Plain"), name("builtins", "repr")),
        "",
        "gadgets.acts.Plain in copyreg.dispatch_table",
        "copyreg.dispatch_table.pop(gadgets.acts.Plain, None)",
    ),
    done_by(
        "copyreg.add_extension",
        call(name("copyreg", "add_extension"), "os", "system", 243),
        "",
        "243 in copyreg._inverted_registry",
        "changed and copyreg.remove_extension('os', 'system', 243)",
    ),
    done_by(
        "sys.path",
        name("sys", "path") + value("/tampered") + APPEND,
        "",
        "'/tampered' in sys.path",
        "changed and sys.path.remove('/tampered')",
    ),
    done_by(
        "sys.meta_path",
        name("sys", "meta_path") + MARK + name("gadgets.acts", "Plain") + APPENDS,
        "",
        "gadgets.acts.Plain in sys.meta_path",
        "changed and sys.meta_path.remove(gadgets.acts.Plain)",
    ),
    done_by(
        "warnings.filters",
        name("warnings", "filters") + value("tampered") + APPEND,
        "import warnings",
        "'tampered' in warnings.filters",
        "changed and warnings.filters.remove('tampered')",
    ),
    done_by(
        "codecs.register",
        call(name("codecs", "register_error"), "tampered", name("builtins", "repr")),
        "import codecs\ndef known():\n    try: return bool(codecs.lookup_error('tampered'))\n"
        "    except LookupError: return False",
        "known()",
        "pass",
    ),
    done_by(
        "sys.setrecursionlimit",
        call(name("sys", "setrecursionlimit"), 3456),
        "old = sys.getrecursionlimit()",
        "sys.getrecursionlimit() != old",
        "sys.setrecursionlimit(old)",
    ),
    done_by(
        "gc.disable",
        call(name("gc", "disable")),
        "import gc",
        "not gc.isenabled()",
        "gc.enable()",
    ),
    done_by(
        "signal.signal",
        call(name("signal", "signal"), 10, name("builtins", "print")),
        "import signal\nold = signal.getsignal(10)",
        "signal.getsignal(10) is not old",
        "signal.signal(10, old)",
    ),
    done_by(
        "a virtual base class",
        call(
            call(name("builtins", "getattr"), name("collections.abc", "Hashable"), "register"),
            name("builtins", "list"),
        ),
        "import collections.abc",
        "issubclass(list, collections.abc.Hashable)",
        "pass",
    ),
    done_by(
        "the umask",
        call(name("os", "umask"), 0o123),
        "old = os.umask(0); os.umask(old)",
        "os.umask(old) != old",
        "pass",
    ),
    done_by(
        "random.seed",
        call(name("random", "seed"), 5),
        "import random\nold = random.getstate()",
        "random.getstate() != old",
        "random.setstate(old)",
    ),
    done_by(
        "the default of a function",
        build(name("colorsys", "rgb_to_hsv"), (None, {"__defaults__": value((1, 2, 3))})),
        "",
        "colorsys.rgb_to_hsv.__defaults__ is not None",
        "colorsys.rgb_to_hsv.__defaults__ = None",
    ),
    done_by(
        "the code of a function",
        build(
            name("colorsys", "rgb_to_hsv"),
            (None, {"__code__": name("colorsys", "hsv_to_rgb.__code__")}),
        ),
        "old = colorsys.rgb_to_hsv.__code__",
        "colorsys.rgb_to_hsv.__code__ is not old",
        "colorsys.rgb_to_hsv.__code__ = old",
    ),
    done_by(
        "the text of a class",
        build(name("gadgets.acts", "Plain"), (None, {"__doc__": TEXT})),
        "old = gadgets.acts.Plain.__doc__",
        "gadgets.acts.Plain.__doc__ != old",
        "gadgets.acts.Plain.__doc__ = old",
    ),
    done_by(
        "a member of an enum",
        build(call(name("signal", "Signals"), 2), {"_name_": "tampered"}),
        "import signal\nold = signal.SIGINT._name_",
        "signal.SIGINT._name_ != old",
        "signal.SIGINT._name_ = old",
    ),
]

# What is the guard's own is there in plain Python too: it is only not at work.
OURS = [
    done_by(
        "the guard's memory of verdicts",
        name("policy_cache.policies", "_memory")
        + value(("os", "system"))
        + name("gadgets.acts", "Plain")
        + SETITEM,
        "import policy_cache.policies as p",
        "('os', 'system') in p._memory and p._memory['os', 'system'] is gadgets.acts.Plain",
        "changed and p._memory.clear()",
    ),
    done_by(
        "the guard's closed set",
        call(
            name("operator", "setitem"),
            name("pickleball_hook.engines.gate", "__dict__"),
            "_closed",
            {},
        ),
        "import pickleball_hook.engines.gate as g\nold = g._closed",
        "g._closed is not old",
        "g._closed = old",
    ),
    done_by(
        "the guard's settings",
        call(
            name("operator", "setitem"), name("pickleball_hook.user.settings", "__dict__"), "_x", 1
        ),
        "import pickleball_hook.user.settings as s",
        "hasattr(s, '_x')",
        "vars(s).pop('_x', None)",
    ),
    done_by(
        "the guard's decisions",
        build(
            name("pickleball_hook.judging.guard", "Guard"),
            (None, {"refuse": name("builtins", "max")}),
        ),
        "import pickleball_hook.judging.guard as g\nold = g.Guard.refuse",
        "g.Guard.refuse is not old",
        "g.Guard.refuse = old",
    ),
    done_by(
        "the effect guard's rules",
        call(
            call(
                name("builtins", "getattr"), name("pickleball_hook.net.effects", "rules"), "update"
            ),
            {"tampered": None},
        ),
        "import pickleball_hook.net.effects as e",
        "'tampered' in e.rules",
        "e.rules.pop('tampered', None)",
    ),
    done_by(
        "the audit hook put to sleep",
        call(name("pickleball_hook.net.events", "silence")),
        "import pickleball_hook.net.events as e\ne.listen()",
        "not e.listening()",
        "mode == 'off' and e.silence()",
    ),
    done_by(
        "the hook uninstalled",
        call(name("pickleball_hook", "uninstall")),
        "import pickleball_hook.startup as s\nold = [*sys.meta_path]\n"
        "if not s.installed(): s._take_place()",
        "not s.installed()",
        "sys.meta_path[:] = old",
    ),
    Attack(
        "an original loader called",
        lambda canary: stream(
            call(
                name("pickleball_hook.originals", "c_loads"),
                raw(stream(call(name("gadgets.acts", "Touch"), canary))),
            )
        ),
    ),
    Attack(
        "an original loader within the guarded one",
        lambda canary: stream(
            call(
                call(
                    name("builtins", "getattr"),
                    name("pickleball_hook.doors.entry", "loads"),
                    "__wrapped__",
                ),
                raw(stream(call(name("gadgets.acts", "Touch"), canary))),
            )
        ),
    ),
]

ATTACKS = [
    *(table_attack(table, how) for table in TABLES for how in TABLE_WRITES),
    *(
        holder_attack(holder, how)
        for holder in HOLDERS
        for how in HOLDER_WRITES
        if (holder.label, how) not in IMPOSSIBLE
    ),
    *CALLS,
    *OURS,
]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_attack(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


def test_audit_mode_only_looks_on(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)
