"""Classes that pickle in every way that the language has, as programs write them."""

from __future__ import annotations

import abc
import collections
import contextlib
import copyreg
import functools
import io
import logging
import operator
import queue
import random
import re
import threading
import types
import typing
import weakref
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

K = TypeVar("K")
V = TypeVar("V")
log = logging.getLogger(__name__)


class Locked:
    """Drops what cannot be pickled and makes it anew."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._log = logging.getLogger("locked")
        self._stream = io.StringIO()

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        for name in ("_lock", "_log", "_stream"):
            state.pop(name, None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()
        self._log = logging.getLogger("locked")
        self._stream = io.StringIO()


class Migrates:
    VERSION = 3

    def __init__(self) -> None:
        self.version = self.VERSION
        self.names = ["a"]

    def __setstate__(self, state: dict[str, Any]) -> None:
        version = state.get("version", 1)
        if version < 2:
            state["names"] = [state.pop("name")]
        if version < 3:
            state.setdefault("extra", {})
        for key, value in state.items():
            setattr(self, key, value)
        self.version = self.VERSION


class SlotState:
    __slots__ = ("__weakref__", "a", "b")

    def __init__(self, a: Any, b: Any) -> None:
        self.a, self.b = a, b

    def __getstate__(self) -> tuple[Any, Any]:
        return self.a, self.b

    def __setstate__(self, state: tuple[Any, Any]) -> None:
        self.a, self.b = state


class AllSlots:
    __slots__ = ("a", "b")

    def __init__(self, **given: Any) -> None:
        for name in self.__slots__:
            setattr(self, name, given.get(name))

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)


class DictAndSlots(AllSlots):
    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.more = [1]

    __getstate__ = object.__getstate__ if hasattr(object, "__getstate__") else None  # type: ignore
    __setstate__ = None  # type: ignore

    def __reduce__(self) -> Any:
        return restored, (type(self), {"a": self.a}, self.__dict__)


def restored(cls: type, slots: dict[str, Any], attributes: dict[str, Any]) -> Any:
    made = cls.__new__(cls)
    for name, value in slots.items():
        object.__setattr__(made, name, value)
    made.__dict__.update(attributes)
    return made


class ByProtocol:
    def __init__(self, a: int) -> None:
        self.a = a

    def __reduce_ex__(self, protocol: int) -> Any:
        if protocol < 4:
            return _rebuild_by_protocol, (self.a, "old")
        return type(self), (self.a,)


def _rebuild_by_protocol(a: int, how: str) -> ByProtocol:
    return ByProtocol(a)


class WithItems:
    """Reduces with list items and dict items."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.table: dict[Any, Any] = {}

    def append(self, row: Any) -> None:
        self.rows.append(row)

    def extend(self, rows: Any) -> None:
        for row in rows:
            self.append(row)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.table[key] = value

    def __reduce__(self) -> Any:
        return WithItems, (), {"label": "x"}, iter(self.rows), iter(self.table.items())


class WithSetter:
    """The sixth item of a reduction."""

    def __init__(self) -> None:
        self.a = 1

    def __reduce__(self) -> Any:
        return object.__new__, (WithSetter,), {"a": 1}, None, None, set_state


def set_state(value: Any, state: dict[str, Any]) -> None:
    value.__dict__.update(state)


class Copied:
    def __init__(self, a: Any) -> None:
        self.a = a

    def __reduce__(self) -> Any:
        return copyreg.__newobj__, (type(self),), {"a": self.a}


class Reconstructed:
    def __init__(self, a: Any) -> None:
        self.a = a

    def __reduce__(self) -> Any:
        return copyreg._reconstructor, (type(self), object, None), self.__dict__


class FromDict:
    def __init__(self, a: int, b: int) -> None:
        self.a, self.b = a, b

    @classmethod
    def from_dict(cls, values: dict[str, int]) -> FromDict:
        return cls(**values)

    def __reduce__(self) -> Any:
        return FromDict.from_dict, ({"a": self.a, "b": self.b},)


class Through:
    def __init__(self, a: int) -> None:
        self.a = a

    def __reduce__(self) -> Any:
        return functools.partial(Through, a=self.a), ()


class Extended(FromDict):
    def __init__(self, a: int, b: int) -> None:
        super().__init__(a, b)
        self.more = [a]

    def __reduce__(self) -> Any:
        kind, arguments = super().__reduce__()[:2]
        return kind, arguments, {"more": self.more}


class Interned:
    _known: dict[str, Interned] = {}
    name: str

    def __new__(cls, name: str) -> Interned:
        if name not in cls._known:
            made = super().__new__(cls)
            made.name = name
            cls._known[name] = made
        return cls._known[name]

    def __getnewargs__(self) -> tuple[str]:
        return (self.name,)

    def __getstate__(self) -> None:
        return None


class OnlyOne:
    _instance: OnlyOne | None = None

    def __new__(cls) -> OnlyOne:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __reduce__(self) -> Any:
        return OnlyOne, ()


class Sentinel:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str:
        return self.name


MISSING = Sentinel("MISSING")


class Registry(type):
    classes: dict[str, type] = {}

    def __new__(mcls, name: str, bases: Any, space: Any, **more: Any) -> Any:
        made = super().__new__(mcls, name, bases, space)
        mcls.classes[name] = made
        return made

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        made = super().__call__(*arguments, **named)
        made.seen = True
        return made


class Plugin(metaclass=Registry):
    def __init__(self, a: int = 1) -> None:
        self.a = a


class Special(Plugin, label="x"):
    pass


class Counted:
    total = 0
    kinds: list[str] = []

    def __init_subclass__(cls, /, label: str = "", **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.label = label
        Counted.kinds.append(cls.__name__)


class CountedChild(Counted, label="child"):
    def __init__(self) -> None:
        type(self).total += 1
        self.number = self.total


class Typed:
    def __init__(self, kind: type) -> None:
        self.kind = kind

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = f"_{name}"

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else getattr(instance, self.name)

    def __set__(self, instance: Any, value: Any) -> None:
        if not isinstance(value, self.kind):
            raise TypeError(self.name)
        setattr(instance, self.name, value)


class Described:
    a = Typed(int)
    b = Typed(str)

    def __init__(self) -> None:
        self.a, self.b = 1, "x"


class Proxy:
    def __init__(self, target: Any) -> None:
        self._target = target

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._target, name)


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


@runtime_checkable
class Runs(Protocol):
    def run(self) -> int: ...


class Runner(Runs):
    def __init__(self) -> None:
        self.a = 1

    def run(self) -> int:
        return self.a


class Cache(Generic[K, V]):
    def __init__(self, make: Callable[[K], V]) -> None:
        self.make, self.items = make, {}

    def get(self, key: K) -> V:
        if key not in self.items:
            self.items[key] = self.make(key)
        return self.items[key]


class TypedCache(Cache[str, int]):
    pass


class Shape(abc.ABC):
    @property
    @abc.abstractmethod
    def area(self) -> float: ...


@Shape.register
class Virtual:
    area = 1.0


class Square(Shape):
    def __init__(self, side: float) -> None:
        self.side = side

    @property
    def area(self) -> float:
        return self.side**2

    @functools.cached_property
    def diagonal(self) -> float:
        return self.side * 2**0.5


class Mixin:
    def describe(self) -> str:
        return type(self).__name__


class Loggable:
    @property
    def log(self) -> logging.Logger:
        return logging.getLogger(type(self).__qualname__)


class Combined(Loggable, Mixin, Square):
    pass


class Left:
    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.left = 1


class Right:
    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.right = 2


class Diamond(Left, Right):
    pass


class Deleted:
    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def __del__(self) -> None:
        self.close()

    def __enter__(self) -> Deleted:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Graph:
    def __init__(self) -> None:
        self.nodes: list[Vertex] = []
        self.edges: dict[Vertex, list[Vertex]] = {}

    def connect(self, one: Vertex, other: Vertex) -> Graph:
        self.nodes += [one, other]
        self.edges.setdefault(one, []).append(other)
        one.graph = other.graph = self
        return self


class Vertex:
    def __init__(self, name: str) -> None:
        self.name = name
        self.graph: Graph | None = None

    def __repr__(self) -> str:
        return f"Vertex({self.name})"


class Event:
    def __init__(self) -> None:
        self.handlers: list[Any] = []

    def on(self, handler: Any) -> Event:
        self.handlers.append(handler)
        return self


class Listener:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def heard(self, what: Any) -> None:
        self.seen.append(what)

    @staticmethod
    def shout(what: Any) -> Any:
        return what

    @classmethod
    def listen(cls, what: Any) -> Any:
        return cls

    half = functools.partialmethod(heard, 0.5)


class Weak:
    """Keeps weak references, and pickles without."""

    def __init__(self) -> None:
        self._children: weakref.WeakSet[Any] = weakref.WeakSet()
        self._by_name: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()

    def __getstate__(self) -> dict[str, Any]:
        return {"children": list(self._children)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._children = weakref.WeakSet(state["children"])
        self._by_name = weakref.WeakValueDictionary()


class Pattern:
    def __init__(self, text: str) -> None:
        self.text = text
        self.regex = re.compile(text)

    def __getstate__(self) -> str:
        return self.text

    def __setstate__(self, state: str) -> None:
        self.__init__(state)  # type: ignore[misc]


class Sampler:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.draw = self.random.choice


class Tasks:
    def __init__(self) -> None:
        self.queue: queue.Queue[int] = queue.Queue()
        self.queue.put(1)

    def __getstate__(self) -> list[int]:
        return list(self.queue.queue)

    def __setstate__(self, items: list[int]) -> None:
        self.queue = queue.Queue()
        for item in items:
            self.queue.put(item)


class Lazy:
    def __init__(self) -> None:
        self._value: Any = None

    def __getattr__(self, name: str) -> Any:
        if name == "value":
            self.value = 3
            return 3
        raise AttributeError(name)


class Operators:
    table: dict[str, Any] = {"+": operator.add, "<": operator.lt}

    def __init__(self, name: str) -> None:
        self.name, self.function = name, self.table[name]

    def __call__(self, *values: Any) -> Any:
        return self.function(*values)


class OldError(Exception):
    pass


class CodeError(OldError):
    def __init__(self, code: int, text: str = "no") -> None:
        super().__init__(f"{code}: {text}")
        self.code, self.text = code, text

    def __reduce__(self) -> Any:
        return type(self), (self.code, self.text)


class Wrapped(OldError):
    def __init__(self, message: str, *, cause: Exception | None = None) -> None:
        super().__init__(message)
        self.cause = cause


class NoMessage(OSError):
    def __init__(self, path: str = "x") -> None:
        super().__init__(2, "gone", path)
        self.where = path

    def __reduce__(self) -> Any:
        return type(self), (self.where,)


class Outside:
    """Somebody else's, pickled by a function of ours."""

    def __init__(self, a: int) -> None:
        self.a = a


def reduce_outside(value: Outside) -> Any:
    return make_outside, (value.a,)


def make_outside(a: int) -> Outside:
    return Outside(a)


copyreg.pickle(Outside, reduce_outside)
copyreg.pickle(types.MappingProxyType, lambda proxy: (make_proxy, (dict(proxy),)))


def make_proxy(items: dict[Any, Any]) -> Any:
    return types.MappingProxyType(items)


Dynamic = type("Dynamic", (Square,), {"__module__": __name__, "label": "dynamic"})
DynamicWithCode = type("DynamicWithCode", (Mixin,), {"__module__": __name__, "f": lambda self: 1})


def factory(name: str, base: type) -> type:
    class Made(base):  # type: ignore[misc,valid-type]
        def __init__(self, a: int) -> None:
            self.a = a

        def more(self) -> int:
            return self.a

    Made.__name__ = Made.__qualname__ = name
    return Made


FromFactory = factory("FromFactory", Mixin)


def makes_local() -> Any:
    global Hidden

    class Hidden:
        def __init__(self) -> None:
            self.a = 1

    return Hidden()


def counted(function: Any) -> Any:
    @functools.wraps(function)
    def run(*arguments: Any, **named: Any) -> Any:
        run.calls += 1  # type: ignore[attr-defined]
        return function(*arguments, **named)

    run.calls = 0  # type: ignore[attr-defined]
    return run


def traced(label: str) -> Any:
    def apply(function: Any) -> Any:
        @functools.wraps(function)
        def run(*arguments: Any) -> Any:
            return function(*arguments)

        return run

    return apply


@counted
@traced("x")
def decorated(a: int) -> int:
    return a


@functools.singledispatch
def shown(value: Any) -> str:
    return str(value)


@shown.register
def _(value: int) -> str:
    return f"{value:d}"


@functools.lru_cache(maxsize=None)
def cached(a: int) -> int:
    return a


@contextlib.contextmanager
def managed() -> Iterator[int]:
    yield 1


async def awaited() -> int:
    return 1


def generated() -> Iterator[int]:
    yield 1


square = lambda x: x * x  # noqa: E731
square.__qualname__ = "square"
square.__name__ = "square"


class Meter:
    @functools.lru_cache  # noqa: B019
    def read(self) -> int:
        return 1

    @property
    def level(self) -> int:
        return 1

    @contextlib.contextmanager
    def opened(self) -> Iterator[int]:
        yield 1


class Decorator:
    def __init__(self, function: Any) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.count = 0

    def __call__(self, *arguments: Any) -> Any:
        self.count += 1
        return self.function(*arguments)

    def __reduce__(self) -> str:
        return self.__qualname__


@Decorator
def wrapped_by_class(a: int) -> int:
    return a


def migrated() -> Any:
    made = Migrates.__new__(Migrates)
    made.__dict__.update(version=1, name="x")
    return made


def described() -> Any:
    error = Wrapped("x", cause=CodeError(3))
    error.__cause__ = ValueError("y")
    return error


def graph() -> Any:
    a, b, c = Vertex("a"), Vertex("b"), Vertex("c")
    return Graph().connect(a, b).connect(b, c).connect(c, a)


def listening() -> Any:
    listener = Listener()
    return Event().on(listener.heard).on(Listener.shout).on(Listener.listen).on(print)


def with_items() -> Any:
    made = WithItems()
    made.extend([1, [2]])
    made["a"] = made.rows
    return made


OBJECTS: dict[str, Any] = {
    "locked": lambda: Locked("x"),
    "migrates": lambda: [Migrates(), migrated()],
    "slot state": lambda: SlotState(1, [2]),
    "all slots": lambda: AllSlots(a=1, b=None),
    "dict and slots": lambda: DictAndSlots(a=1),
    "by protocol": lambda: ByProtocol(1),
    "with items": with_items,
    "state setter": lambda: WithSetter(),
    "__newobj__": lambda: Copied([1]),
    "_reconstructor": lambda: Reconstructed([1]),
    "class method of the class": lambda: FromDict(1, 2),
    "reducer with a partial": lambda: Through(1),
    "extends a reduction": lambda: Extended(1, 2),
    "interned": lambda: [Interned("a"), Interned("a"), Interned("b")],
    "only one": lambda: [OnlyOne(), OnlyOne()],
    "sentinel": lambda: {"x": MISSING},
    "metaclass with call": lambda: [Plugin(), Special(3)],
    "init_subclass": lambda: CountedChild(),
    "descriptors": lambda: Described(),
    "proxy": lambda: Proxy([1]),
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
    "protocol": lambda: Runner(),
    "generics": lambda: [Cache(str), TypedCache(int), Cache[str, int](ord)],
    "abstract": lambda: [Square(2.0), Virtual(), Combined(3.0)],
    "cached property": lambda: (lambda s: (s.diagonal, s)[1])(Square(1.0)),
    "diamond": lambda: Diamond(),
    "finalizer": lambda: Deleted(),
    "graph": graph,
    "handlers": listening,
    "partial method": lambda: [Listener().heard, functools.partial(Listener().heard, 1)],
    "weak": lambda: (lambda w, c: (w._children.add(c), [w, c])[1])(Weak(), Vertex("x")),
    "init as setstate": lambda: Pattern("a+"),
    "random": lambda: Sampler(3),
    "queue": lambda: Tasks(),
    "lazy": lambda: Lazy(),
    "operators": lambda: [Operators("+"), Operators("<")],
    "exceptions": lambda: [OldError("a"), CodeError(3, "x"), NoMessage("y")],
    "exception with cause": described,
    "exception classes": lambda: [OldError, CodeError, ValueError],
    "copyreg": lambda: Outside(1),
    "mapping proxy": lambda: types.MappingProxyType({"a": 1}),
    "made by type": lambda: [Dynamic(1.0), DynamicWithCode()],
    "made by a factory": lambda: FromFactory(1),
    "made in a function": makes_local,
    "decorated functions": lambda: [decorated, shown, cached, managed, awaited, generated, square],
    "singledispatch": lambda: {"f": shown},
    "wrapped by a class": lambda: wrapped_by_class,
    "methods": lambda: [Meter().opened, Listener.heard, Square(1.0).area],
    "namespace": lambda: types.SimpleNamespace(a=Square(1.0), f=decorated),
    "defaultdicts": lambda: [
        collections.defaultdict(Listener),
        collections.defaultdict(functools.partial(Square, 1.0)),
        collections.defaultdict(Listener().heard),
        collections.defaultdict(cached),
    ],
    "chain map": lambda: collections.ChainMap(Attributes(a=1), LowerKeys(b=2)),
    "user dict of classes": lambda: collections.UserDict(a=Square, b=Listener),
    "partials": lambda: [functools.partial(Square, side=2.0), functools.partial(decorated, a=1)],
    "type hints": lambda: [Cache[str, int], typing.Optional[Square], list[Square], Square | None],
    "types as keys": lambda: {int: Square, Square: int},
}
OBJECTS["made in a function"]()  # as if the program had used it
if __name__ == "__main__":
    import worker

    worker.program(OBJECTS, "shapes")
