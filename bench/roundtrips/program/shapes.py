"""Classes that pickle in every way that the language has, as programs write them."""

from __future__ import annotations

import abc
import collections
import contextlib
import functools
import logging
import operator
import queue
import random
import re
import types
import typing
import weakref
from collections.abc import Callable, Iterator
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

K = TypeVar("K")
V = TypeVar("V")


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


OBJECTS: dict[str, Any] = {
    "metaclass with call": lambda: [Plugin(), Special(3)],
    "init_subclass": lambda: CountedChild(),
    "descriptors": lambda: Described(),
    "proxy": lambda: Proxy([1]),
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
    "user dict of classes": lambda: collections.UserDict(a=Square, b=Listener),
    "partials": lambda: [functools.partial(Square, side=2.0), functools.partial(decorated, a=1)],
    "type hints": lambda: [Cache[str, int], typing.Optional[Square], list[Square], Square | None],
    "types as keys": lambda: {int: Square, Square: int},
}
OBJECTS["made in a function"]()  # as if the program had used it
if __name__ == "__main__":
    import worker

    worker.program(OBJECTS, "shapes")
