"""Records that programs declare: dataclasses, attrs, pydantic, msgspec, named tuples, enums."""

from __future__ import annotations

import dataclasses
import enum
import typing
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

T = TypeVar("T")


@dataclass
class Base:
    a: int
    tags: list[str] = field(default_factory=list)
    kind: ClassVar[str] = "base"


@dataclass
class Child(Base):
    b: dict[str, int] = field(default_factory=dict, repr=False, compare=False)
    seed: dataclasses.InitVar[int] = 3

    def __post_init__(self, seed: int) -> None:
        self.doubled = seed * 2


@dataclass(kw_only=True)
class Keywords:
    a: int
    b: int = 2


@dataclass(order=True, frozen=True)
class Ordered:
    rank: int
    name: str = field(compare=False, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tight:
    a: int
    parent: Tight | None = None


@dataclass(slots=True)
class SlottedBase:
    a: int


@dataclass(slots=True)
class SlottedChild(SlottedBase):
    b: list[int] = field(default_factory=list)


@dataclass(eq=True, unsafe_hash=True)
class Key:
    a: int
    b: str


@dataclass
class Validated:
    a: int

    def __post_init__(self) -> None:
        if self.a < 0:
            raise ValueError("negative")
        self._cache: dict[int, int] = {}

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["_cache"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._cache = {}


@dataclass
class Node(Generic[T]):
    value: T
    children: list[Node[T]] = field(default_factory=list)
    parent: Node[T] | None = field(default=None, repr=False)

    def add(self, value: T) -> Node[T]:
        child = Node(value, parent=self)
        self.children.append(child)
        return child


@dataclass
class WithProperty:
    _a: int = 1

    @property
    def a(self) -> int:
        return self._a

    @a.setter
    def a(self, value: int) -> None:
        self._a = value


Made = dataclasses.make_dataclass(
    "Made", [("x", int), ("y", int, 2)], namespace={"__module__": __name__}
)


class Row(NamedTuple):
    a: int
    b: Any = None

    @property
    def total(self) -> int:
        return self.a + 1


class TypedRow(typing.TypedDict, total=False):
    a: int


class Planet(enum.Enum):
    EARTH = (1.0, 2.0)
    MARS = (3.0, 4.0)

    def __init__(self, mass: float, radius: float) -> None:
        self.mass, self.radius = mass, radius


class Coordinate(bytes, enum.Enum):
    def __new__(cls, value: int, label: str) -> Coordinate:
        made = bytes.__new__(cls, [value])
        made._value_ = value
        made.label = label
        return made

    PX = (0, "P.X")
    PY = (1, "P.Y")


class Missing(enum.Enum):
    A = "a"
    UNKNOWN = "?"

    @classmethod
    def _missing_(cls, value: object) -> Missing:
        return cls.UNKNOWN


class Named(enum.Enum):
    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last: list[Any]) -> str:
        return name.lower()

    A = enum.auto()
    B = enum.auto()


class Permission(enum.IntFlag):
    R = 4
    W = 2
    X = 1
    ALL = 7


class Loose(enum.Flag):
    A = 1
    B = 2


class Plain:
    def __init__(self) -> None:
        self.a = 1


class OfObjects(enum.Enum):
    DATE = Plain
    LIST = [1, 2]
    FUNCTION = enum.member(len) if hasattr(enum, "member") else 3


class ByName(enum.Enum):
    A = object()

    __reduce_ex__ = getattr(enum, "pickle_by_enum_name", None) or (
        lambda self, proto: (getattr, (self.__class__, self._name_))
    )


class Global(enum.IntEnum):
    GLOBAL_ONE = 1
    GLOBAL_TWO = 2

    def __reduce_ex__(self, protocol: object) -> str:
        return self._name_


globals().update(Global.__members__)


class Holder:
    class Level(enum.IntEnum):
        LOW = 1
        HIGH = 2

    @dataclass
    class Point:
        x: int = 0

    class Pair(NamedTuple):
        x: int


Functional = enum.Enum("Functional", {"ONE": 1, "TWO": "b"})
FunctionalFlag = enum.Flag("FunctionalFlag", "A B C", module=__name__)
FunctionalInt = enum.IntEnum("FunctionalInt", ["A", "B"], start=5)
if hasattr(enum, "StrEnum"):

    class Text(enum.StrEnum):
        A = enum.auto()
        B = "bee"


def tree() -> Any:
    root = Node(1)
    root.add(2).add(3)
    return root


OBJECTS: dict[str, Any] = {
    "dataclass": lambda: [Base(1, ["a"]), Child(1, b={"x": 1}), Keywords(a=1)],
    "frozen": lambda: {Ordered(1, "a"), Ordered(2)},
    "frozen slots kw_only": lambda: Tight(a=1, parent=Tight(a=2)),
    "inherited slots": lambda: SlottedChild(1, [2]),
    "dataclass keys": lambda: {Key(1, "a"): 1, Key(2, "b"): [Key(1, "a")]},
    "validated": lambda: Validated(3),
    "generic tree": tree,
    "property": lambda: WithProperty(4),
    "make_dataclass": lambda: Made(1),
    "dataclass as data": lambda: [Base, Child, Made, dataclasses.fields],
    "named tuples": lambda: [Row(1, [2]), Row(Row(1))],
    "typed dict": lambda: TypedRow(a=1),
    "enum with init": lambda: [Planet.EARTH, {Planet.MARS: 1}],
    "enum with new": lambda: [Coordinate.PX, Coordinate.PY],
    "enum with _missing_": lambda: [Missing.A, Missing("zzz")],
    "enum with generated values": lambda: [Named.A, Named.B],
    "flags": lambda: [Permission.R | Permission.W, Permission(0), ~Permission.R, Permission.ALL],
    "kept flags": lambda: [Loose.A | Loose.B],
    "enum of objects": lambda: [OfObjects.LIST],
    "enum by name": lambda: ByName.A,
    "enum by global name": lambda: [Global.GLOBAL_ONE, {Global.GLOBAL_TWO: 1}],
    "nested": lambda: [Holder.Level.HIGH, Holder.Point(1), Holder.Pair(2)],
    "functional": lambda: [Functional.ONE, FunctionalFlag.A | FunctionalFlag.C, FunctionalInt.B],
    "enum classes": lambda: [Planet, Functional, Holder.Level],
}
if hasattr(enum, "StrEnum"):
    OBJECTS["StrEnum"] = lambda: [Text.A, Text.B]
if __name__ == "__main__":
    import worker

    worker.program(OBJECTS, "records")
