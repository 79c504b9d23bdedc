"""What the analysis grants covers what pickles use, for packages of random shape.

Hypothesis draws packages: classes over several modules that derive from one another, under
re-exported, renamed and star-imported names, with reducers of the shapes that libraries write. An
instance of each class is pickled by plain Python at every protocol. Then every global that
`pickletools` shows in the stream must be granted a use, and the guarded load must permit the file
and give what plain Python gives.
"""

from __future__ import annotations

import importlib
import itertools
import pickle
import pickletools
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pickleball_hook import originals
from pickleball_hook.doors import entry
from pickleball_hook.judging import names
from policy_cache import policies

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
_counter = itertools.count()


class Shape(NamedTuple):
    """A way in which a class says how it is pickled.

    Attributes
    ----------
    body : str
        Methods of the class; ``{name}`` is the class, ``{module}`` the module it stands in.
    outside : str
        Statements of the module after the class.
    shared : str
        Statements of the package's helper module.
    base : str
        A builtin base, ``""`` for those that may also derive from another class of the package.
    oldest : int
        The oldest protocol that plain Python can pickle it with.
    fill : str
        Statements that put items into the instance ``made``.
    """

    body: str = ""
    outside: str = ""
    shared: str = ""
    base: str = ""
    oldest: int = 0
    fill: str = ""


_INIT = "def __init__(self, value=1):\n        self.value = value\n    "
_REBUILD = "def rebuild_{lower}(cls, value):\n    made = cls.__new__(cls)\n    made.value = value\n"
_REBUILD += "    return made\n"
SHAPES = {
    "plain": Shape(_INIT),
    "keeps state": Shape(
        _INIT
        + "def __getstate__(self): return {{'value': self.value}}\n    "
        + "def __setstate__(self, state): self.__dict__.update(state)\n"
    ),
    "slots": Shape(
        "__slots__ = ('value',)\n    def __init__(self, value=1):\n        self.value = value\n",
        base="object",
        oldest=2,
    ),
    "names itself": Shape(_INIT + "def __reduce__(self): return {name}, (self.value,)\n"),
    "its type": Shape(_INIT + "def __reduce__(self): return type(self), (self.value,)\n"),
    "its class and state": Shape(
        _INIT + "def __reduce__(self): return self.__class__, (), self.__dict__\n"
    ),
    "by protocol": Shape(
        _INIT + "def __reduce_ex__(self, protocol): return type(self), (self.value,)\n"
    ),
    "helper": Shape(
        _INIT + "def __reduce__(self): return shared.rebuild_{lower}, (type(self), self.value)\n",
        shared=_REBUILD,
    ),
    "local helper": Shape(
        _INIT
        + "def __reduce__(self):\n        from .shared import rebuild_{lower} as again\n"
        + "        function = again\n        return function, (type(self), self.value)\n",
        shared=_REBUILD,
    ),
    "one of two": Shape(
        _INIT
        + "def __reduce__(self):\n        how = shared.rebuild_{lower} if self.value else {name}\n"
        + "        return how, (type(self), self.value)\n",
        shared=_REBUILD,
    ),
    "tuple by parts": Shape(
        _INIT
        + "def __reduce__(self):\n        parts = (shared.rebuild_{lower}, (type(self), 1))\n"
        + "        return parts\n",
        shared=_REBUILD,
    ),
    "registered": Shape(
        _INIT,
        outside="def _reduce_{lower}(value):\n    return {name}, (value.value,)\n"
        "copyreg.pickle({name}, _reduce_{lower})\n",
    ),
    "new arguments": Shape(
        "def __new__(cls, value=1):\n        made = super().__new__(cls)\n"
        "        made.value = value\n        return made\n    "
        "def __getnewargs__(self): return (self.value,)\n",
        base="object",
        oldest=2,
    ),
    "new keywords": Shape(
        "def __new__(cls, *, value=1):\n        made = super().__new__(cls)\n"
        "        made.value = value\n        return made\n    "
        "def __getnewargs_ex__(self): return (), {{'value': self.value}}\n",
        base="object",
        oldest=2,
    ),
    "newobj": Shape(
        _INIT + "def __reduce__(self):\n        return copyreg.__newobj__, (type(self),), "
        "{{'value': self.value}}\n"
    ),
    "list": Shape("pass\n", base="list", fill="made.append(1); made.value = 2"),
    "dictionary": Shape("pass\n", base="dict", fill="made['key'] = 1; made.value = 2"),
    "set": Shape("pass\n", base="set", fill="made.add(1); made.value = 2"),
    "items": Shape(
        _INIT + "def append(self, item): self.value = item\n    "
        "def __reduce__(self): return type(self), (), None, iter([self.value])\n"
    ),
    "error": Shape("pass\n", base="ValueError"),
}
DERIVABLE = [kind for kind, shape in SHAPES.items() if not shape.base]
WRITINGS = ("own", "renamed module", "public module")


class Drawn(NamedTuple):
    """A class of a drawn package: its shape, module, base (by number) and how it names itself."""

    shape: str
    module: int
    base: int | None
    writing: str
    inherits: bool


@st.composite
def packages(draw: st.DrawFn) -> list[Drawn]:
    drawn: list[Drawn] = []
    module = 0
    for _ in range(draw(st.integers(1, 5))):
        module += draw(st.integers(0, 1))  # no module imports from a later one
        shape = draw(st.sampled_from(sorted(SHAPES)))
        bases = [i for i, other in enumerate(drawn) if other.shape in DERIVABLE]
        base = draw(st.sampled_from([None, *bases])) if shape in DERIVABLE else None
        # What a base's reducer registers or names is the base: nothing to inherit there.
        may_inherit = base is not None and drawn[base].shape not in ("registered", "names itself")
        drawn.append(
            Drawn(
                shape,
                module,
                base,
                draw(st.sampled_from(WRITINGS)),
                may_inherit and draw(st.booleans()),
            )
        )
    return drawn


def sources(package: str, drawn: list[Drawn]) -> dict[str, str]:
    """Return the files of a drawn package."""
    modules: dict[str, str] = {}
    shared, public = "", "from ._part0 import *\n"
    for number, cls in enumerate(drawn):
        shape, name = SHAPES[cls.shape], f"Class{number}"
        words = {"name": name, "lower": name.lower(), "module": f"_part{cls.module}"}
        text = modules.setdefault(words["module"], "import copyreg\nfrom . import shared\n")
        base = shape.base or "object"
        if cls.base is not None:
            other = drawn[cls.base]
            base = f"Base{number}"
            text += f"from ._part{other.module} import Class{cls.base} as {base}\n"
            if other.module == cls.module:
                text = text.rpartition("from ")[0] + f"{base} = Class{cls.base}\n"
        body = "pass\n" if cls.inherits else shape.body.format(**words)
        text += f"class {name}({base}):\n    {body.rstrip()}\n"
        if cls.writing == "public module":
            text += f"{name}.__module__ = {package!r}\n"
        if not cls.inherits:
            text += shape.outside.format(**words)
            shared += shape.shared.format(**words)
        modules[words["module"]] = text
        if cls.module:
            public += f"from .{words['module']} import {name}\n"
        if cls.writing == "renamed module":
            public += f"Other{number} = {name}\n"
    files = {f"{package}/{name}.py": text for name, text in modules.items()}
    files[f"{package}/_part0.py"] = modules.get("_part0", "")
    return files | {f"{package}/shared.py": shared, f"{package}/__init__.py": public}


def globals_of(stream: bytes) -> set[tuple[str, str]]:
    """Return the globals that `pickletools` shows, as protocol 3 and later name them."""
    found: set[tuple[str, str]] = set()
    texts: list[str] = []
    memo: dict[int, str] = {}
    protocol = 0
    argument: Any
    for opcode, argument, _ in pickletools.genops(stream):
        if opcode.name == "PROTO":
            protocol = argument
        elif opcode.name in ("GLOBAL", "INST"):
            module, _, name = argument.partition(" ")
            found.add((module, name))
        elif opcode.name == "STACK_GLOBAL":
            found.add((texts[-2], texts[-1]))
        elif "UNICODE" in opcode.name:
            texts.append(argument)
        elif opcode.name == "MEMOIZE":
            memo[len(memo)] = texts[-1] if texts else ""
        elif opcode.name in ("BINGET", "LONG_BINGET") and argument in memo:
            texts.append(memo[argument])
    return {names.mapped(module, name, protocol, True) for module, name in found}


def described(value: Any) -> object:
    """Return what tells two instances of the drawn classes apart."""
    slots = {name: getattr(value, name) for name in getattr(value, "__slots__", ())}
    items = list(value) if isinstance(value, (list, dict, set)) else []
    return type(value), getattr(value, "__dict__", None), slots, items, str(type(value))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=packages())
def test_grants_cover_what_pickles_use(library: Any, drawn: list[Drawn]) -> None:
    package = f"drawn{next(_counter)}"
    library.install(package, sources(package, drawn))
    importlib.import_module(package)
    for number, cls in enumerate(drawn):
        module = importlib.import_module(f"{package}._part{cls.module}")
        made = getattr(module, f"Class{number}")()
        exec(SHAPES[cls.shape].fill, {"made": made})
        oldest = max(SHAPES[other.shape].oldest for other in drawn)
        for protocol in range(oldest, pickle.HIGHEST_PROTOCOL + 1):
            stream = pickle.dumps(made, protocol)
            for name in globals_of(stream):
                verdict = policies.verdict(*name)
                assert verdict.grants, verdict
            expected = described(originals.c_loads(stream))
            assert described(entry.loads(stream)) == expected, cls
