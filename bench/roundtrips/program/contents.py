"""Classes derived of the built-in types and containers, as programs write them."""

from __future__ import annotations

import collections
import operator
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any


class Attributes(dict):
    """A dict whose items are attributes."""

    __getattr__ = dict.get
    __setattr__ = dict.__setitem__  # type: ignore[assignment]
    __delattr__ = dict.__delitem__  # type: ignore[assignment]


class LowerKeys(MutableMapping):
    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._items: dict[str, Any] = {}
        self.update(*arguments, **named)

    def __getitem__(self, key: str) -> Any:
        return self._items[key.lower()]

    def __setitem__(self, key: str, value: Any) -> None:
        self._items[key.lower()] = value

    def __delitem__(self, key: str) -> None:
        del self._items[key.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)


class Frozen(Mapping):
    def __init__(self, *arguments: Any) -> None:
        self._items = dict(*arguments)
        self._hash: int | None = None

    def __getitem__(self, key: Any) -> Any:
        return self._items[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._items.items()))
        return self._hash


class Vector(Sequence):
    def __init__(self, *values: float) -> None:
        self._values = tuple(values)

    def __getitem__(self, index: Any) -> Any:
        return self._values[index]

    def __len__(self) -> int:
        return len(self._values)

    def __add__(self, other: Vector) -> Vector:
        return Vector(*map(operator.add, self, other))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vector) and self._values == other._values

    def __hash__(self) -> int:
        return hash(self._values)


class MissingKeys(dict):
    def __missing__(self, key: Any) -> Any:
        self[key] = made = [key]
        return made


class Lru(collections.OrderedDict):
    def __init__(self, size: int = 2, *arguments: Any) -> None:
        self.size = size
        super().__init__(*arguments)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        if len(self) > self.size:
            self.popitem(last=False)

    def __reduce__(self) -> Any:
        return type(self), (self.size,), None, None, iter(self.items())


class Tally(collections.Counter):
    def share(self, key: Any) -> float:
        return self[key] / max(sum(self.values()), 1)


class Recent(collections.deque):
    def __init__(self, items: Any = (), maxlen: int = 3) -> None:
        super().__init__(items, maxlen)


class Money(int):
    currency: str

    def __new__(cls, value: int, currency: str = "EUR") -> Money:
        made = super().__new__(cls, value)
        made.currency = currency
        return made

    def __reduce__(self) -> Any:
        return Money, (int(self), self.currency)


class Temperature(float):
    def __new__(cls, value: float, unit: str = "C") -> Temperature:
        made = float.__new__(cls, value)
        made.unit = unit
        return made

    def __getnewargs__(self) -> Any:
        return float(self), self.unit


class Tagged(str):
    __slots__ = ("tag",)

    def __new__(cls, value: str, tag: str = "") -> Tagged:
        made = str.__new__(cls, value)
        made.tag = tag
        return made

    def __getnewargs__(self) -> Any:
        return str(self), self.tag


class Point(tuple):
    __slots__ = ()

    def __new__(cls, x: int, y: int) -> Point:
        return tuple.__new__(cls, (x, y))

    x = property(operator.itemgetter(0))
    y = property(operator.itemgetter(1))

    def __getnewargs__(self) -> Any:
        return tuple(self)


class Bits(bytes):
    pass


class Names(frozenset):
    def __new__(cls, items: Any = ()) -> Names:
        return super().__new__(cls, items)


OBJECTS: dict[str, Any] = {
    "attribute dict": lambda: Attributes(a=1, b=Attributes(c=2)),
    "mutable mapping": lambda: LowerKeys(A=1),
    "frozen mapping": lambda: {Frozen({"a": 1}): 1},
    "sequence": lambda: {Vector(1, 2): Vector(3)},
    "missing keys": lambda: MissingKeys(a=1),
    "lru": lambda: Lru(2, [("a", 1), ("b", 2)]),
    "counter": lambda: Tally("abca"),
    "deque": lambda: Recent([1, 2, 3, 4]),
    "int with attribute": lambda: Money(3, "USD"),
    "float with attribute": lambda: Temperature(1.5, "F"),
    "str with slot": lambda: Tagged("a", "b"),
    "tuple with new": lambda: Point(1, 2),
    "bytes": lambda: Bits(b"x"),
    "frozenset": lambda: Names("ab"),
    "chain map": lambda: collections.ChainMap(Attributes(a=1), LowerKeys(b=2)),
}
if __name__ == "__main__":
    import worker

    worker.program(OBJECTS, "contents")
