"""A program whose classes tell pickle in every way there is what they are made of.

Run as a script, with ``-m``, with ``-c`` and from a pipe; takes the arguments of ``worker.py`` after
the family. The classes are pickled as those of ``__main__``, as those of a module beside it (this
very file, imported), and from a package.
"""

from __future__ import annotations

import abc
import collections
import copyreg
import dataclasses
import enum
import functools
import typing
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Ordinary:
    def __init__(self, a: Any, b: Any = None) -> None:
        self.a, self.b = a, b

    def method(self) -> Any:
        return self.a

    @classmethod
    def made(cls) -> Any:
        return cls(1)

    @staticmethod
    def helper() -> int:
        return 1


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a: Any) -> None:
        self.a = a


class SlottedChild(Slotted):
    __slots__ = ("c",)


class SlottedAndDict(Slotted):
    pass


class Reduced:
    def __init__(self, a: int) -> None:
        self.a = a

    def __reduce__(self) -> Any:
        return type(self), (self.a,)


class ReducedToFunction:
    def __init__(self, a: int) -> None:
        self.a = a

    def __reduce__(self) -> Any:
        return restore, (self.a,)


def restore(a: int) -> Any:
    return ReducedToFunction(a)


class ReducedToMethod:
    def __init__(self, a: int) -> None:
        self.a = a

    @classmethod
    def restore(cls, a: int) -> Any:
        return cls(a)

    def __reduce__(self) -> Any:
        return self.restore, (self.a,)


class ReducedWithState:
    def __reduce__(self) -> Any:
        return self.__class__, (), {"a": 1}


class NewArguments:
    def __new__(cls, a: int) -> Any:
        made = super().__new__(cls)
        made.a = a
        return made

    def __getnewargs__(self) -> tuple[int]:
        return (self.a,)


class NewKeywords:
    def __new__(cls, *, a: int) -> Any:
        made = super().__new__(cls)
        made.a = a
        return made

    def __getnewargs_ex__(self) -> Any:
        return (), {"a": self.a}


class Stateful:
    def __init__(self) -> None:
        self.cache = {"x": 1}

    def __getstate__(self) -> Any:
        return {"version": 2}

    def __setstate__(self, state: Any) -> None:
        self.__init__()
        self.version = state["version"]


class Registered:
    def __init__(self, a: int) -> None:
        self.a = a


def pickle_registered(value: Registered) -> Any:
    return Registered, (value.a,)


copyreg.pickle(Registered, pickle_registered)

Pair = collections.namedtuple("Pair", "x y")
PairWithDefault = collections.namedtuple("PairWithDefault", ["x", "y"], defaults=[2])


class Triple(NamedTuple):
    x: int
    y: int = 2
    z: Any = None


class PairChild(Pair):
    __slots__ = ()

    def total(self) -> Any:
        return self.x + self.y


class Colour(enum.Enum):
    RED = 1
    BLUE = "b"


class Level(enum.IntEnum):
    LOW = 1


class Option(enum.Flag):
    A = enum.auto()
    B = enum.auto()


class Text(str, enum.Enum):
    ONE = "one"


Made = enum.Enum("Made", "FIRST SECOND")


@dataclasses.dataclass
class Data:
    a: int
    b: list[int] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class FrozenData:
    a: int


@dataclasses.dataclass(slots=True)
class SlottedData:
    a: int


@dataclasses.dataclass(frozen=True, slots=True)
class FrozenSlottedData:
    a: int


class Outer:
    class Inner:
        def __init__(self) -> None:
            self.a = 1

        class Deep(enum.Enum):
            X = 1


class Box(Generic[T]):
    def __init__(self, item: T) -> None:
        self.item = item


class AppError(Exception):
    def __init__(self, code: int, *, hint: str = "") -> None:
        super().__init__(code)
        self.code, self.hint = code, hint


class PlainError(ValueError):
    pass


class Defaults(collections.defaultdict):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.label = "x"


class Config(dict):
    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Rows(list):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.title = "t"

    def append(self, item: Any) -> None:
        super().append(item)


class Bag(set):
    pass


class Celsius(float):
    unit = "C"


class Name(str):
    pass


class Count(int):
    def __new__(cls, value: int = 0) -> Any:
        return super().__new__(cls, value)


class Triad(tuple):
    pass


class Ordered(collections.OrderedDict):
    pass


class Wrapped(collections.UserDict):
    pass


class Abstract(abc.ABC):
    @abc.abstractmethod
    def run(self) -> int: ...


class Concrete(Abstract):
    def run(self) -> int:
        return 1


class Hashed:
    def __init__(self, key: str) -> None:
        self.key = key

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hashed) and self.key == other.key


class Guarded:
    def __init__(self) -> None:
        self._a = 1

    @property
    def a(self) -> int:
        return self._a

    @functools.cached_property
    def b(self) -> int:
        return 2

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)


class Linked:
    def __init__(self) -> None:
        self.parent: Any = None
        self.children: list[Linked] = []

    def add(self, child: Linked) -> Linked:
        child.parent = self
        self.children.append(child)
        return self


class Meta(type):
    def __new__(mcls, name: str, bases: Any, space: Any) -> Any:
        return super().__new__(mcls, name, bases, space)


class WithMeta(metaclass=Meta):
    def __init__(self) -> None:
        self.a = 1


class Mixin:
    def __init_subclass__(cls, **extra: Any) -> None:
        super().__init_subclass__(**extra)


class Mixed(Mixin, Ordinary):
    pass


class Singleton:
    def __reduce__(self) -> str:
        return "SINGLETON"


SINGLETON = Singleton()


def registered(kind: type) -> Any:
    kind.registered = True
    return kind


def replaced(kind: type) -> Any:
    class Replacement(kind):
        def more(self) -> int:
            return 1

    Replacement.__name__ = kind.__name__
    Replacement.__qualname__ = kind.__qualname__
    return Replacement


def traced(function: Any) -> Any:
    @functools.wraps(function)
    def run(*arguments: Any) -> Any:
        return function(*arguments)

    return run


@registered
class Decorated:
    def __init__(self) -> None:
        self.a = 1


@replaced
class Replaced:
    def __init__(self) -> None:
        self.a = 1


@functools.total_ordering
class Sortable:
    def __init__(self, a: int) -> None:
        self.a = a

    def __lt__(self, other: Sortable) -> bool:
        return self.a < other.a


@traced
def traced_function(x: Any) -> Any:
    return x


@functools.lru_cache
def cached_function(x: Any) -> Any:
    return x


def plain_function(x: Any, y: int = 1) -> Any:
    return x


def slotted(kind: Any = Slotted) -> Any:
    made = kind(1)
    made.b = 2
    return made


def exception_with_notes() -> Any:
    error = PlainError("x")
    error.extra = 1
    if hasattr(error, "add_note"):
        error.add_note("seen")
    return error


class Typed(typing.TypedDict):
    a: int


OBJECTS: dict[str, Any] = {
    "ordinary": lambda: Ordinary(1, [Ordinary(2)]),
    "class": lambda: Ordinary,
    "function": lambda: plain_function,
    "traced function": lambda: traced_function,
    "cached function": lambda: cached_function,
    "partial": lambda: functools.partial(plain_function, y=2),
    "bound method": lambda: Ordinary(1).method,
    "class method": lambda: Ordinary.made,
    "static method": lambda: Ordinary.helper,
    "slots": slotted,
    "inherited slots": lambda: slotted(SlottedChild),
    "slots and dict": lambda: slotted(SlottedAndDict),
    "__reduce__": lambda: Reduced(1),
    "__reduce__ to a function": lambda: ReducedToFunction(1),
    "__reduce__ to a method": lambda: ReducedToMethod(1),
    "__reduce__ with state": lambda: ReducedWithState(),
    "__getnewargs__": lambda: NewArguments(1),
    "__getnewargs_ex__": lambda: NewKeywords(a=1),
    "__setstate__": lambda: Stateful(),
    "copyreg": lambda: Registered(1),
    "namedtuples": lambda: [Pair(1, 2), PairWithDefault(1), Triple(1), PairChild(1, 2)],
    "enums": lambda: [Colour.RED, Colour.BLUE, Level.LOW, Option.A | Option.B, Text.ONE],
    "functional enum": lambda: Made.SECOND,
    "enum keys": lambda: {Colour.RED: 1, Level.LOW: {Colour.BLUE}},
    "dataclasses": lambda: [Data(1, [2]), FrozenData(1), SlottedData(1), FrozenSlottedData(1)],
    "nested class": lambda: Outer.Inner(),
    "deep enum": lambda: Outer.Inner.Deep.X,
    "generic": lambda: [Box(1), Box[int](2)],
    "generic alias": lambda: Box[int],
    "exception": lambda: AppError(3, hint="x"),
    "plain exception": exception_with_notes,
    "defaultdict subclass": lambda: Defaults(list, {"a": [1]}),
    "dict subclass": lambda: Config(a=1),
    "list subclass": lambda: Rows([1, 2]),
    "set subclass": lambda: Bag("ab"),
    "value subclasses": lambda: [Celsius(1.5), Name("x"), Count(3), Triad((1, 2))],
    "OrderedDict subclass": lambda: Ordered(a=1),
    "UserDict subclass": lambda: Wrapped(a=1),
    "abstract base": lambda: Concrete(),
    "hashed keys": lambda: {Hashed("a"): 1, Hashed("b"): {Hashed("c")}},
    "properties and __setattr__": lambda: (lambda g: (g.b, g)[1])(Guarded()),
    "tree": lambda: Linked().add(Linked()).add(Linked()),
    "metaclass": lambda: WithMeta(),
    "mixin": lambda: Mixed(1),
    "singleton": lambda: SINGLETON,
    "decorated class": lambda: Decorated(),
    "replaced class": lambda: Replaced(),
    "total ordering": lambda: Sortable(1),
    "typed dict": lambda: Typed(a=1),
    "defaultdict of a function": lambda: collections.defaultdict(Ordinary.helper, a=1),
    "defaultdict of a class": lambda: collections.defaultdict(Stateful),
    "many": lambda: [Ordinary(i, Data(i)) for i in range(300)],
}


def opened() -> Any:
    from inner import models

    return [models.Model(3), models.Opened("x")]


OBJECTS["package"] = opened

if __name__ == "__main__":
    import inner.models  # noqa: F401 (for files to name it)
    import worker

    worker.program(OBJECTS, "app")
