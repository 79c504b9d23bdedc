"""Honest values, one of each kind that the shadow pass knows."""

from __future__ import annotations

import collections
import datetime
import decimal
import pathlib
import uuid
from typing import Any

from tests.pickleball_hook.engines.shapes import (
    Both,
    Bunch,
    Callable,
    Colour,
    Custom,
    Frozen,
    Pair,
    Plain,
    Row,
    Slotted,
    Table,
)


def values() -> list[Any]:
    """Return the values."""
    import numpy as np

    shared = Plain(x=1)
    twice = [shared, {"a": [1]}]
    limits = (1, 2)
    loop = Plain(name="loop")
    loop.self = [loop]  # type: ignore[attr-defined]
    table = Table(a=1, b=[shared])
    table.source = "here"  # type: ignore[attr-defined]
    both = Both(1, 2)
    both.more = [shared, shared]  # type: ignore[attr-defined]
    structured = np.zeros(3, dtype=[("a", "<f8"), ("b", "S4"), ("c", "<i4", (2,))])
    return [
        [Plain(x=index, y=str(index)) for index in range(5)],
        [shared, shared, {"again": shared}],
        loop,
        [Slotted(1, [2]), both],
        [Custom({"a": [1]}), Custom(None)],
        [Custom([twice, {"b": twice}]), Custom(limits), Custom({"c": limits})],
        [Plain(counts=collections.Counter("abca")), collections.Counter([1, 1])],
        [Callable(x=1)],
        [
            table,
            Table(),
            Bunch(a=Plain(x=1)),
            Custom({"steps": Bunch(a=[shared]), "other": Table(c=2)}),
        ],
        [Row(1, Row(2, None)), {Frozen(1): Frozen(2)}, Colour.RED, Pair(1, Colour.GREEN)],
        collections.OrderedDict(a=Plain(x=1)),
        collections.defaultdict(list, {"a": [Plain()]}),
        [datetime.datetime(2020, 1, 1), datetime.timedelta(1), datetime.timezone.utc, Plain()],
        [uuid.UUID(int=7), decimal.Decimal("1.5"), pathlib.PurePosixPath("a/b"), Plain()],
        [np.arange(5.0), np.arange(3, dtype=">i4"), np.float64(1.5), np.array(["a", None], object)],
        [
            structured,
            np.array(["2020-01-01"], "M8[D]"),
            np.zeros((2, 3), order="F"),
            np.bool_(True),
        ],
        Plain(array=np.ones(4), nested=Custom(np.zeros(2))),
        [
            {1, 2},
            frozenset([Plain()]),
            1 + 2j,
            bytearray(b"x"),
            slice(1, 2),
            collections.deque([1]),
        ],
    ]
