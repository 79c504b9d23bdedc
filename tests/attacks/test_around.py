"""Everything around the stream: files, callbacks, subclasses, channels, and what is left behind."""

from __future__ import annotations

import struct

import pytest

from tests.attacks.assembler import build, call, get, name, new, put, raw, stack_name, stream, value
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims
from tests.attacks.named import PLAIN, TOUCH
from tests.attacks.opcodes import APPENDS, BUILD, MARK, POP, REDUCE

PERSISTENT, NEXT_BUFFER = b"Q", b"\x97"


def gadget(cls: str, state: object) -> bytes:
    """Return an instance of a class of the library with a state."""
    return build(new(name("gadgets.around", cls)), state)


def hidden(canary: str) -> bytes:
    """Return a stream whose payload reads as text to whoever does not skip what the caller skips."""
    payload = value(None) + call(TOUCH, canary) + b"."
    return b"\x80\x04" + value("id") + PERSISTENT + b"X" + struct.pack("<I", len(payload)) + payload


def main_class(body: str) -> str:
    """Return the definition of a class of the program's own, in ``__main__``."""
    return f"""
import __main__, multiprocessing, os, pickle
class Own:
    __module__ = '__main__'
    def __setstate__(self, state):
{body}
Own.__qualname__ = 'Own'
__main__.Own = Own"""


def own(state: bytes) -> bytes:
    """Return an instance of that class with a state."""
    return build(new(name("__main__", "Own")), state)


UNPICKLER = """
import importlib, io
def found(module, name):
    return getattr(importlib.import_module(module), name)
class Own(pickle.Unpickler):
    pass
file = io.BytesIO(data)
"""
PERSISTENT_LOADER = """
import gadgets.acts, io, os
given = gadgets.acts.Plain()
items = []
class Own(pickle.Unpickler):
    def persistent_load(self, pid):
        return {'function': os.mkdir, 'object': given, 'items': items, 'class': type(given)}[pid]
value = Own(io.BytesIO(data)).load()"""
FILES = [
    Attack(
        "a file that answers differently when it is read again",
        lambda canary: stream(call(TOUCH, canary)),
        load="""
import io, pickletools
harmless = pickle.dumps(__import__('fractions').Fraction(1, 3))
class Shifty(io.BytesIO):
    def seek(self, *where):
        self.__init__(data)
        return 0
file = Shifty(harmless)
if mode != 'enforce':  # the naive design: look first, then load
    assert not [op for op, arg, _ in pickletools.genops(file) if arg == 'gadgets.acts Touch']
    file.seek(0)
value = pickle.load(file)""",
    ),
    Attack(
        "a caller's persistent_load reads on in the stream",
        hidden,
        load="""
import io
file = io.BytesIO(data)
class Own(pickle.Unpickler):
    def persistent_load(self, pid):
        file.read(5)
value = Own(file).load()""",
    ),
    Attack(
        "a second load calls what the first one left in the memo",
        lambda canary: (
            stream(TOUCH, put(0), POP, value(1)) + stream(get(0), value((canary,)), REDUCE)
        ),
        load="import io\nboth = pickle.Unpickler(io.BytesIO(data))\nboth.load()\nvalue = both.load()",
    ),
    Attack(
        "a second load of the Python unpickler calls what the first one left in the memo",
        lambda canary: (
            stream(TOUCH, put(0), POP, value(1)) + stream(get(0), value((canary,)), REDUCE)
        ),
        load="import io\nboth = pickle._Unpickler(io.BytesIO(data))\nboth.load()\nvalue = both.load()",
    ),
    Attack(
        "a second load changes what the first one has given to the program",
        lambda canary: (
            stream(build(new(PLAIN), {"x": 1}), put(0))
            + stream(get(0), value({"limit": TOUCH}), BUILD)
        ),
        load="""
import io
both = pickle.Unpickler(io.BytesIO(data))
first = both.load()
value = both.load()""",
        after="first.limit(canary)",
    ),
    Attack(
        "a caller's buffer is filled",
        lambda canary: stream(NEXT_BUFFER, MARK, value(65), APPENDS, protocol=5),
        load="mine = bytearray()\nvalue = pickle.loads(data, buffers=[mine])",
        after="if mine: open(canary, 'w').close()",
    ),
    Attack(
        "a function that a persistent id stands for is called",
        lambda canary: stream(call(value("function") + PERSISTENT, canary)),
        load=PERSISTENT_LOADER,
    ),
    Attack(
        "an object that a persistent id stands for is given a state",
        lambda canary: stream(build(value("object") + PERSISTENT, {"limit": TOUCH})),
        load=PERSISTENT_LOADER,
        after="given.limit(canary)",
    ),
    Attack(
        "a class that a persistent id stands for is given a state",
        lambda canary: stream(build(value("class") + PERSISTENT, (None, {"limit": TOUCH}))),
        load=PERSISTENT_LOADER,
        after="try:\n    given.limit(canary)\nfinally:\n    type(given).limit = 3",
    ),
    Attack(
        "a list that a persistent id stands for is filled",
        lambda canary: stream(value("items") + PERSISTENT, MARK, TOUCH, APPENDS),
        load=PERSISTENT_LOADER,
        after="items[0](canary)",
    ),
    Attack(
        "a name behind EXT4",
        lambda canary: stream(b"\x84" + struct.pack("<i", 70000) + value((canary,)) + REDUCE),
        before="import copyreg; copyreg.add_extension('os', 'mkdir', 70000)",
        load="""
import copyreg
try:
    value = pickle.loads(data)
finally:
    copyreg.remove_extension('os', 'mkdir', 70000)
    copyreg.clear_extension_cache()""",
    ),
    Attack(
        "a Python 2 name that is another module's from protocol 3 on",
        lambda canary: stream(call(stack_name(value("commands"), value("getoutput")), canary)),
        before="""
import os, sys, types
sys.modules['commands'] = types.ModuleType('commands')
sys.modules['commands'].getoutput = os.mkdir""",
    ),
    Attack(
        "NEWOBJ_EX with keywords of a class derived from dict",
        lambda canary: stream(
            name("gadgets.reach", "Made"),
            value(()),
            call(name("collections", "OrderedDict"), value([value(("path", canary))])),
            b"\x92",
        ),
        "__new__",
    ),
]

SUBCLASSES = [
    Attack(
        f"an unpickler with {claim}",
        lambda canary: stream(call(name("os", "mkdir"), canary)),
        before=UNPICKLER,
        load=f"{text}\nvalue = unpickler.load()",
    )
    for claim, text in [
        (
            "a find_class of the instance's own",
            "unpickler = Own(file)\nunpickler.find_class = found",
        ),
        (
            "a find_class that the class gets later",
            "unpickler = Own(file)\nOwn.find_class = lambda self, *name: found(*name)",
        ),
        (
            "a find_class from a class mixed in before",
            """
class Mixed:
    def find_class(self, module, name):
        return found(module, name)
class Both(Mixed, Own):
    pass
unpickler = Both(file)""",
        ),
        (
            "a __getattribute__ that finds another find_class",
            """
class Asked(Own):
    def __getattribute__(self, name):
        return found if name == 'find_class' else super().__getattribute__(name)
unpickler = Asked(file)""",
        ),
        (
            "a find_class that gives something else",
            """
class Other(Own):
    def find_class(self, module, name):
        return super().find_class('os', 'mkdir')
data = data.replace(b'os\\nmkdir', b'collections\\nOrderedDict')
unpickler = Other(io.BytesIO(data))""",
        ),
        (
            "a find_class that hands out a partial",
            """
import functools
class Partial(Own):
    def find_class(self, module, name):
        return functools.partial(found(module, name))
unpickler = Partial(file)""",
        ),
        (
            "opcodes of its own",
            """
class Opcodes(pickle._Unpickler):
    def load_reduce(self):
        arguments = self.stack.pop()
        self.stack[-1] = self.stack[-1](*arguments)
    dispatch = {**pickle._Unpickler.dispatch, pickle.REDUCE[0]: load_reduce}
unpickler = Opcodes(file)""",
        ),
        (
            "a load of the base class by name",
            """
class Named(pickle._Unpickler):
    def load(self):
        return pickle._Unpickler.load(self)
unpickler = Named(file)""",
        ),
    ]
]

SWALLOW = main_class(
    """
        try:
            self.part = pickle.loads(state)
        except BaseException:
            self.part = None"""
)
NESTED = [
    Attack(
        "a refusal is swallowed",
        lambda canary: stream(own(raw(stream(call(TOUCH, canary))))),
        "gadgets.acts.Touch",
        before=SWALLOW,
    ),
    Attack(
        "what comes after a refusal that is swallowed",
        lambda canary: stream(
            value([own(raw(stream(name("os", "system")))), build(new(PLAIN), {"x": canary})])
        ),
        "os.system",
        before=SWALLOW,
        after="open(canary, 'w').close()",
    ),
    Attack(
        "a trusted channel is used within a load",
        lambda canary: stream(own(raw(stream(call(TOUCH, canary))))),
        "gadgets.acts.Touch",
        before=main_class(
            """
        sender.send_bytes(state)
        self.part = receiver.recv()"""
        )
        + "\nreceiver, sender = multiprocessing.Pipe(duplex=False)",
    ),
    Attack(
        "a loader of a trusted channel is called",
        lambda canary: stream(
            call(
                stack_name(value("multiprocessing.reduction"), value("ForkingPickler.loads")),
                raw(stream(call(TOUCH, canary))),
            )
        ),
        before="import multiprocessing.reduction",
    ),
    Attack(
        "a manager's proxy is made",
        lambda canary: stream(
            call(
                name("multiprocessing.managers", "RebuildProxy"),
                name("gadgets.around", "proxied"),
                build(
                    new(name("multiprocessing.managers", "Token")),
                    value(("Namespace", ("127.0.0.1", 9), "x")),
                ),
                canary,
                value({}),
            )
        ),
        before="import multiprocessing.managers",
    ),
]

AFTER_PATH = "if 'not-there' in (*sys.path, *sys.modules): open(canary, 'w').close()"
QUIET = [
    Attack(
        f"a state setter {claim}",
        lambda canary, cls=cls, state=state: stream(  # type: ignore[misc]
            gadget(cls, state or {"path": canary})
        ),
        before=f"import gadgets.around, os, sys\n{before}",
        after=after,
    )
    for claim, cls, state, before, after in [
        (
            "writes to an open file",
            "Writes",
            {"descriptor": 97},
            "os.dup2(os.open(canary + '.open', os.O_CREAT | os.O_WRONLY), 97)",
            "if os.path.getsize(canary + '.open'): open(canary, 'w').close()",
        ),
        (
            "sends over an open connection",
            "Sends",
            {"descriptor": 98},
            "import socket\nours, theirs = socket.socketpair()\nos.dup2(theirs.fileno(), 98)",
            "ours.settimeout(1)\nif ours.recv(1): open(canary, 'w').close()",
        ),
        (
            "chooses what a signal does",
            "Signals",
            {"number": 10},
            "import signal\nsignal.signal(10, signal.SIG_DFL)",
            "if signal.getsignal(10) is signal.SIG_IGN: open(canary, 'w').close()",
        ),
        (
            "leaves something to do at the end",
            "Registers",
            None,
            "import atexit\nbefore = atexit._ncallbacks()",
            "if atexit._ncallbacks() > before: open(canary, 'w').close()",
        ),
        ("adds to sys.path", "ExtendsPath", {"path": "not-there"}, "", AFTER_PATH),
        ("replaces a module", "ReplacesModule", {"name": "not-there"}, "", AFTER_PATH),
        (
            "writes to another class",
            "WritesToClass",
            {"limit": 7},
            "from gadgets.acts import Plain",
            "if Plain.limit == 7: open(canary, 'w').close()\nPlain.limit = 3",
        ),
        (
            "writes to its own class",
            "WritesToOwnClass",
            {"name": "limit", "value": 7},
            "from gadgets.around import WritesToOwnClass as Own",
            "if Own.limit == 7: open(canary, 'w').close()",
        ),
        ("makes a named pipe", "MakesPipe", None, "", ""),
        ("starts a thread", "StartsThread", None, "", "import time; time.sleep(0.3)"),
        ("starts a timer", "StartsTimer", None, "", "import time; time.sleep(0.5)"),
        ("leaves something to do when it is dropped", "Finalizes", None, "", "value = None"),
        (
            "changes the environment",
            "Environment",
            {"name": "NOT_THERE"},
            "",
            "if os.environ.pop('NOT_THERE', ''): open(canary, 'w').close()",
        ),
    ]
]

ATTACKS = [*FILES, *SUBCLASSES, *NESTED, *QUIET]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)
