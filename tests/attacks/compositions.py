"""Random streams in a child interpreter: ``compositions.py FOLDER SEED COUNT CANARY``.

A grammar puts together what files may name and what they may not: classes and functions of the
library with gadgets, permitted callables of the standard library and numpy, states and fills of all
shapes, memo entries, copies and drops. Whatever comes of a stream, nothing may have acted, and what
belongs to the whole process is as it was. Each is loaded by the checked machine and by the prover
with the replay behind it; lines of JSON tell of those after which that was not so.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import sys
import warnings
from collections.abc import Callable
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", ".."))

from tests.attacks import assembler as asm
from tests.attacks import opcodes

CLASSES = [
    *(
        asm.name("gadgets.acts", cls)
        for cls in "Plain Slotted Items Table Group Calls Sets Updates Pairs Hook Touch Closes".split()
    ),
    *(asm.name("gadgets.around", cls) for cls in "Adder Propertied Version Asks".split()),
    *(asm.name("gadgets.odd", cls) for cls in "Box Mild Forwards".split()),
]
FUNCTIONS = [
    *(asm.name("gadgets.quiet", f) for f in "identity shared table queue group Colour".split()),
    *(asm.name("collections", f) for f in "defaultdict OrderedDict deque Counter".split()),
    *(asm.name("builtins", f) for f in "getattr set frozenset bytearray ValueError object".split()),
    *(asm.name("copyreg", f) for f in "_reconstructor __newobj__".split()),
    *(asm.name("numpy._core.multiarray", f) for f in "scalar _reconstruct".split()),
    *(
        asm.name(module, f)
        for module, f in [
            *(("functools", "partial"), ("_operator", "getitem"), ("operator", "itemgetter")),
            *(("fractions", "Fraction"), ("datetime", "timedelta"), ("types", "SimpleNamespace")),
            *(("numpy", "dtype"), ("re", "_compile"), ("pathlib", "PurePosixPath")),
        ]
    ),
]
KEYS = (
    "x predict limit path function argument attributes append extend add acts version items close run "
    "kept target __setstate__ __class__ __dict__"
).split()
SHARING = ["shared", "table", "queue", "group"]
FILLS = [opcodes.APPENDS, opcodes.SETITEMS, opcodes.ADDITEMS]
PROTOCOLS = [2, 4]


class Writer:
    """Writes one random stream."""

    def __init__(self, chance: random.Random, canary: str) -> None:
        self.chance = chance
        self.texts = [*KEYS, "f8", "V8", "O", *[canary] * 4]
        self.kept = 0

    def stream(self) -> bytes:
        """Return a whole pickle."""
        value = self.value(self.chance.randint(2, 5))
        return asm.stream(value, protocol=self.chance.choice(PROTOCOLS))

    def value(self, depth: int) -> bytes:
        """Return the opcodes of something."""
        if depth <= 0:
            return self.leaf()
        forms: list[Callable[[int], bytes]] = [
            *[self.instance] * 6,
            *[self.call] * 3,
            *[self.pattern] * 6,
            *(self.container, self.container, self.built, self.filled, self.dropped),
        ]
        made = self.chance.choice(forms)(depth - 1)
        if self.chance.random() < 0.3 and self.kept < 200:
            self.kept += 1
            made += asm.put(self.kept - 1)
        return made

    def leaf(self) -> bytes:
        chance = self.chance
        if self.kept and chance.random() < 0.35:
            return asm.get(chance.randrange(self.kept))
        return chance.choice(
            [
                asm.value(chance.choice([0, 1, -1, 300])),
                *[asm.value(chance.choice(self.texts))] * 2,
                *(chance.choice(CLASSES), chance.choice(FUNCTIONS), asm.raw(b"abcdefgh")),
                *(
                    opcodes.NONE,
                    opcodes.EMPTY_LIST,
                    opcodes.EMPTY_DICT,
                    opcodes.EMPTY_TUPLE,
                    opcodes.EMPTY_SET,
                ),
            ]
        )

    def values(self, depth: int, most: int = 2) -> list[bytes]:
        return [self.value(depth) for _ in range(self.chance.randint(0, most))]

    def table(self, depth: int) -> bytes:
        return asm.value({self.chance.choice(KEYS): part for part in self.values(depth)})

    def state(self, depth: int) -> bytes:
        halves = asm.value((self.table(depth), self.table(depth)))
        return self.chance.choice([self.table(depth), self.table(depth), halves, self.value(depth)])

    def container(self, depth: int) -> bytes:
        parts = self.values(depth)
        return self.chance.choice([asm.value(parts), asm.value(tuple(parts)), self.table(depth)])

    def instance(self, depth: int) -> bytes:
        made = asm.new(self.chance.choice(CLASSES), *self.values(depth, self.chance.choice([0, 1])))
        if self.chance.random() < 0.75:
            made = asm.build(made, self.state(depth))
        return made + self.fill(depth) if self.chance.random() < 0.3 else made

    def call(self, depth: int) -> bytes:
        called = self.chance.choice([*FUNCTIONS, *CLASSES[:2], self.value(depth)])
        return asm.call(called, *self.values(depth, 3))

    def pattern(self, depth: int) -> bytes:
        """Return what has the shape of an attack, with anything in its holes."""
        chance = self.chance
        key, parts = chance.choice(KEYS), [self.value(depth), self.value(depth)]
        return chance.choice(
            [
                asm.call(asm.name("gadgets.acts", "Touch"), *parts[:1]),
                asm.call(asm.name("functools", "partial"), *parts),
                asm.call(asm.name("collections", "defaultdict"), *parts[:1]),
                asm.call(asm.name("builtins", "getattr"), parts[0], key),
                asm.call(parts[0], *parts[1:]),
                asm.call(asm.name("gadgets.quiet", chance.choice(SHARING))),
                asm.build(asm.name("gadgets.acts", "Plain"), (parts[0], {key: parts[1]})),
                asm.build(
                    asm.new(asm.name("gadgets.acts", "Calls")),
                    {"function": parts[0], "argument": parts[1]},
                ),
                asm.build(
                    asm.new(asm.name("gadgets.acts", chance.choice(["Sets", "Updates"]))),
                    {"attributes": self.table(depth)},
                ),
                asm.build(
                    asm.call(
                        asm.name("_operator", "getitem"), asm.name("gadgets.odd", "Box"), parts[0]
                    ),
                    (None, {key: parts[1]}),
                ),
            ]
        )

    def built(self, depth: int) -> bytes:
        return asm.build(self.value(depth), self.state(depth))

    def filled(self, depth: int) -> bytes:
        return self.value(depth) + self.fill(depth)

    def fill(self, depth: int) -> bytes:
        return opcodes.MARK + b"".join(self.values(depth)) + self.chance.choice(FILLS)

    def dropped(self, depth: int) -> bytes:
        return self.value(depth) + opcodes.POP + self.value(depth)


def shared() -> str:
    """Return what belongs to the whole process, in words."""
    from gadgets import acts, around, odd, quiet  # type: ignore[import-not-found]

    owned: list[Any] = [quiet.SHARED.__dict__, quiet.TABLE, quiet.QUEUE, quiet.GROUP]
    classes = [c for m in (acts, around, odd) for c in vars(m).values() if isinstance(c, type)]
    return repr(owned) + repr([sorted(vars(c)) for c in classes])


def main() -> None:
    """Load random streams and report those that did anything."""
    folder, seed, count, canary = sys.argv[1:]
    sys.path.insert(0, folder)
    import pickleball_hook

    pickleball_hook.install()
    from pickleball_hook.engines import replay

    warnings.simplefilter("ignore")
    sys.unraisablehook = lambda _: None
    before = shared()
    outcomes: dict[str, int] = {}
    for number in range(int(count)):
        data = Writer(random.Random(f"{seed} {number}"), canary).stream()
        for proven in (False, True):
            replay.switches["on"] = proven
            try:
                pickle.loads(data)
                outcome = "loaded"
            except Exception as error:
                outcome = type(error).__name__
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            if os.path.exists(canary) or shared() != before:
                print(json.dumps({"stream": repr(data), "proven": proven}), flush=True)
                return
    print(json.dumps({"outcomes": outcomes}))


if __name__ == "__main__":
    main()
