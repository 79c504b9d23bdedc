"""Hostile streams over the library with gadgets, and what the engines make of them.

``hostile.py FOLDER CANARY`` answers streams on its input, in base64, each with a line of JSON:
what came of it on the reference machine and by proof and replay (at once, and step by step), and
whether it acted. With SEED
and SECONDS behind that, it writes streams itself, and prints those on which the engines differ.

The grammar reads the sources of the library: an object gets states of the keys that its class's
code uses, a callable about as many arguments as it takes. What was made before is used again, given
a state and filled later, since that is what a proof must see.
"""

from __future__ import annotations

import ast
import base64
import gc
import json
import os
import pickle
import random
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", ".."))

from tests.attacks import assembler as asm
from tests.attacks import opcodes

LIBRARY = Path(__file__).resolve().parents[2] / "attacks" / "library" / "gadgets"
_FOREIGN = [
    *(("collections", f, 1) for f in "defaultdict OrderedDict deque Counter".split()),
    *(("builtins", f, 1) for f in "list dict tuple set frozenset bytearray object".split()),
    *(("functools", "partial", 2), ("types", "SimpleNamespace", 0), ("builtins", "getattr", 2)),
    *(("numpy", "dtype", 1), ("numpy._core.multiarray", "scalar", 2)),
    *(("datetime", "timedelta", 1), ("fractions", "Fraction", 2), ("copyreg", "_reconstructor", 3)),
]
"""Callables of the standard library and of numpy, with the number of their arguments."""


class Shape(NamedTuple):
    """A class or function, as opcodes, with what its source tells."""

    name: bytes
    keys: tuple[str, ...]
    new: int
    """How many arguments ``__new__`` takes."""
    init: int
    """How many a call takes."""


def _count(function: ast.FunctionDef | None, skipped: int) -> int:
    return max(len(function.args.args) - skipped, 0) if function is not None else 0


def _class_shape(module: str, node: ast.ClassDef) -> Shape:
    methods = {n.name: n for n in node.body if isinstance(n, ast.FunctionDef)}
    keys = set(methods) - {"__init__", "__new__", "__reduce__", "__del__"}
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            keys |= {part.attr} if part.value.id == "self" else set()
        elif isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Constant):
            keys |= {part.slice.value} if isinstance(part.slice.value, str) else set()
        elif isinstance(part, (ast.Assign, ast.AnnAssign)):
            targets = part.targets if isinstance(part, ast.Assign) else [part.target]
            keys |= {t.id for t in targets if isinstance(t, ast.Name)}
    new, init = _count(methods.get("__new__"), 1), _count(methods.get("__init__"), 1)
    return Shape(asm.name(module, node.name), tuple(sorted(keys)), new, max(new, init))


def shapes() -> tuple[list[Shape], list[Shape]]:
    """Return the classes and the other callables that streams may name."""
    classes, functions = [], []
    for file in sorted(LIBRARY.glob("*.py")):
        module = f"gadgets.{file.stem}"
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef):
                classes.append(_class_shape(module, node))
            elif isinstance(node, ast.FunctionDef):
                count = _count(node, 0)
                functions.append(Shape(asm.name(module, node.name), (), count, count))
    foreign = [Shape(asm.name(m, f), (), count, count) for m, f, count in _FOREIGN]
    return classes, [*functions, *foreign * 3]


PROTOCOLS = [2, 4]
_MOST_KEPT = 60
_TOUCH = asm.name("gadgets.acts", "Touch")


class Writer:
    """Writes one stream.

    Parameters
    ----------
    chance : random.Random
    canary : str
        The file to be touched.
    classes, functions : list of Shape
        What it may name, most of it permitted.
    """

    def __init__(
        self, chance: random.Random, canary: str, classes: list[Shape], functions: list[Shape]
    ) -> None:
        self.chance = chance
        self.canary = canary
        self.kept: dict[str, list[int]] = {"dict": [], "list": [], "object": []}
        self.count = 0
        self.some = [chance.choice(classes) for _ in range(4)]
        self.called = [chance.choice(functions) for _ in range(3)]
        """Few per stream, so that what one makes gets to the other."""

    def stream(self) -> bytes:
        """Return a whole pickle."""
        parts = [self.value(self.chance.randint(2, 4)) + opcodes.POP for _ in range(2)]
        parts += [self.later() for _ in range(self.chance.randint(0, 2))]
        return asm.stream(*parts, self.value(3), protocol=self.chance.choice(PROTOCOLS))

    def keep(self, kind: str, made: bytes, likely: float = 0.5) -> bytes:
        """Return what makes a value, and puts it into the memo now and then."""
        if self.count >= _MOST_KEPT or self.chance.random() > likely:
            return made
        self.kept[kind].append(self.count)
        self.count += 1
        return made + asm.put(self.count - 1)

    def again(self, kinds: tuple[str, ...] = ("dict", "list", "object")) -> bytes:
        """Return something that was made before, if there is such."""
        known = [index for kind in kinds for index in self.kept[kind]]
        return asm.get(self.chance.choice(known)) if known else self.leaf()

    def leaf(self) -> bytes:
        """Return the opcodes of a literal or a name."""
        chance = self.chance
        return chance.choice(
            [
                *[asm.value(self.canary)] * 3,
                asm.value(chance.choice([0, 1, None, True, "x", "f8", "clean"])),
                *[chance.choice(self.some).name] * 2,
                chance.choice(self.called).name,
                _TOUCH,
            ]
        )

    def value(self, depth: int) -> bytes:
        """Return the opcodes of something."""
        if depth <= 0:
            return self.again() if self.chance.random() < 0.3 else self.leaf()
        form = self.chance.randrange(12)
        if form < 4:
            return self.instance(depth - 1)
        if form < 7:
            return self.call(depth - 1)
        if form < 8:
            return self.keep("list", asm.value(self.values(depth - 1, 2)))
        if form < 9:
            return asm.value(tuple(self.values(depth - 1, 2)))
        if form < 10:
            return self.table(depth - 1, self.chance.choice(self.some))
        return self.again() if form < 11 else self.leaf()

    def values(self, depth: int, count: int) -> list[bytes]:
        """Return the opcodes of about so many values."""
        count = count if self.chance.random() < 0.9 else self.chance.randint(0, 3)
        return [self.value(depth) for _ in range(count)]

    def table(self, depth: int, shape: Shape) -> bytes:
        """Return a dict with keys that the code of a class uses."""
        keys = shape.keys or ("path", "content")
        chosen = [key for key in keys if self.chance.random() < min(1.0, 4 / len(keys))]
        return self.keep("dict", asm.value({key: self.value(depth) for key in chosen}))

    def state(self, depth: int, shape: Shape) -> bytes:
        """Return a state for an object of a class."""
        form = self.chance.random()
        if form < 0.8:
            return self.table(depth, shape)
        if form < 0.9:
            return asm.value((opcodes.NONE, self.table(depth, shape)))
        return self.value(depth)

    def instance(self, depth: int) -> bytes:
        """Return an object of a class, most often with a state."""
        shape = self.chance.choice(self.some)
        made = asm.new(shape.name, *self.values(depth, shape.new))
        made = self.keep("object", made, 0.3)
        return asm.build(made, self.state(depth, shape)) if self.chance.random() < 0.8 else made

    def call(self, depth: int) -> bytes:
        """Return what a call gives."""
        shape = self.chance.choice([*self.called, *self.some])
        return self.keep("object", asm.call(shape.name, *self.values(depth, shape.init)))

    def later(self) -> bytes:
        """Return what is done with something that was made before."""
        form = self.chance.randrange(3)
        items = self.values(2, 1)
        if form == 0 and self.kept["list"]:
            return self.again(("list",)) + asm.value(items)[1:] + opcodes.POP
        if form == 1 and self.kept["dict"]:
            shape = self.chance.choice(self.some)
            pair = asm.value(self.chance.choice(shape.keys or ("path",))) + self.value(2)
            return self.again(("dict",)) + pair + opcodes.SETITEM + opcodes.POP
        if self.kept["object"]:
            state = self.state(2, self.chance.choice(self.some))
            return asm.build(self.again(("object",)), state) + opcodes.POP
        return b""


# -- the engines ----------------------------------------------------------------------------------

ENGINES = ("reference", "proof", "steps")
"""The reference machine, proofs with plain replays, and with replays step by step."""
_served: list[bool] = []
"""Whether the last loads came to their end by a proof."""
_KEPT = "it may be called by a file, but not handed out"
"""Refusal of what the memo alone has in the end: the proof sees that the result is without it."""


def prepare() -> None:
    """Install the guard as a program has it, but for the effect guard under the policy."""
    import pickleball_hook

    pickleball_hook.install()
    from pickleball_hook.engines import replay
    from pickleball_hook.net import events

    attempt = replay.attempt

    def noted(*args: Any, **keywords: Any) -> tuple[bool, object]:
        found = attempt(*args, **keywords)
        _served.append(found[0])
        return found

    replay.attempt = noted
    events.silence()
    events.listen = lambda: None
    warnings.simplefilter("ignore")
    sys.unraisablehook = lambda _: None


def outcomes(data: bytes, canary: str) -> dict[str, object]:
    """Load a stream by each engine and tell what came of it."""
    from pickleball_hook.engines import replay, shadow

    found: dict[str, object] = {"acted": ""}
    for engine in ENGINES:
        replay.switches["on"] = engine != "reference"
        shadow.switches["steps"] = engine == "steps"
        _served.clear()
        try:
            value = pickle.loads(data)
            found[engine] = "loaded"
        except Exception as error:
            found[engine] = type(error).__name__
            if found[engine] == "PolicyViolation" and _KEPT in str(error):
                found[engine] = "kept"
            error.__traceback__ = None
        value = None
        gc.collect(0)
        if os.path.exists(canary):
            os.remove(canary)
            found["acted"] = engine
        if engine == "steps":
            found["served"] = any(_served)
    return found


def permitted(shapes: list[Shape], load: Callable[[bytes], str]) -> list[Shape]:
    """Return those of some shapes that a file may use by itself, as far as `load` tells."""
    found = []
    for shape in shapes:
        made = asm.new(shape.name, *[opcodes.NONE] * shape.new)
        called = asm.call(shape.name, *[opcodes.NONE] * shape.init)
        streams = (asm.build(made, opcodes.EMPTY_DICT), called)
        if any(load(asm.stream(part)) != "PolicyViolation" for part in streams):
            found.append(shape)
    return found


def differ(found: dict[str, object]) -> bool:
    """Tell whether a stream acted, or was not loaded by all engines or none."""
    loads = {found[engine] in ("loaded", "kept") for engine in ENGINES}
    refuses = {found[engine] == "PolicyViolation" for engine in ENGINES}
    return bool(found["acted"]) or len(loads) > 1 or len(refuses) > 1


def answer(canary: str) -> None:
    """Answer streams on the input."""
    for line in sys.stdin:
        print(json.dumps(outcomes(base64.b64decode(line), canary)), flush=True)


def hunt(canary: str, seed: str, seconds: float) -> None:
    """Write streams, and print those on which the engines differ, or which acted."""
    end = time.monotonic() + seconds
    counts: dict[str, int] = {}
    number = 0
    classes, functions = [
        permitted(some, lambda data: str(outcomes(data, canary)["reference"])) for some in shapes()
    ]
    print(len(classes), len(functions), flush=True)
    while time.monotonic() < end:
        data = Writer(random.Random(f"{seed} {number}"), canary, classes, functions).stream()
        number += 1
        found = outcomes(data, canary)
        key = " ".join(str(found[name]) for name in (*ENGINES, "served"))
        counts[key] = counts.get(key, 0) + 1
        if differ(found):
            print(json.dumps({**found, "number": number - 1, "stream": repr(data)}), flush=True)
    print(json.dumps(counts))


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    prepare()
    if len(sys.argv) > 3:
        hunt(sys.argv[2], sys.argv[3], float(sys.argv[4]))
    else:
        answer(sys.argv[2])
