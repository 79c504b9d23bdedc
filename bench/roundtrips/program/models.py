"""Records by attrs, pydantic and msgspec, in the program's own modules."""

from __future__ import annotations

import datetime
import decimal
import enum
from typing import Any, Generic, Optional, TypeVar

import attr
import attrs
import msgspec
import pydantic
from pydantic import BaseModel, Field, PrivateAttr

T = TypeVar("T")


@attr.s
class Old:
    a = attr.ib(default=1)
    b = attr.ib(factory=list)


@attr.s(slots=True, frozen=True, hash=True)
class OldTight:
    a = attr.ib()


@attrs.define
class Defined:
    a: int
    b: list[int] = attrs.field(factory=list, converter=list)
    c: str = attrs.field(default="x", validator=attrs.validators.instance_of(str))


@attrs.define
class DefinedChild(Defined):
    d: int = 0

    def __attrs_post_init__(self) -> None:
        self.d += 1


@attrs.frozen
class Frozen:
    a: int
    children: tuple[Frozen, ...] = ()


@attrs.define(slots=False)
class Loose:
    a: int = 1
    _private: int = 2


@attrs.define(eq=False)
class ByIdentity:
    other: Any = None


@attrs.frozen(cache_hash=True)
class CachedHash:
    a: str


@attrs.define
class Evolved:
    a: int

    @property
    def double(self) -> int:
        return self.a * 2

    @classmethod
    def made(cls) -> Evolved:
        return cls(3)


class Colour(enum.Enum):
    RED = "red"


class Address(BaseModel):
    street: str
    zip: str = "0"


class Person(BaseModel):
    model_config = pydantic.ConfigDict(validate_assignment=True, extra="allow")
    name: str
    born: Optional[datetime.date] = None
    homes: list[Address] = Field(default_factory=list)
    colour: Colour = Colour.RED
    weight: decimal.Decimal = decimal.Decimal("1.5")
    _secret: int = PrivateAttr(default=3)

    @pydantic.field_validator("name")
    @classmethod
    def not_empty(cls, value: str) -> str:
        if not value:
            raise ValueError("empty")
        return value

    @pydantic.computed_field  # type: ignore[prop-decorator]
    @property
    def upper(self) -> str:
        return self.name.upper()


class Boxed(BaseModel, Generic[T]):
    item: T


IntBox = Boxed[int]


class Numbers(pydantic.RootModel[list[int]]):
    pass


class FrozenModel(BaseModel, frozen=True):
    a: int


@pydantic.dataclasses.dataclass
class Checked:
    a: int
    b: list[Address] = pydantic.Field(default_factory=list)


class Settings(BaseModel):
    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
    handler: Any = None

    def model_post_init(self, context: Any) -> None:
        self.__dict__["ready"] = True


class Struct(msgspec.Struct):
    a: int
    b: list[int] = []


class FrozenStruct(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    a: int
    other: Struct | None = None


class ArrayStruct(msgspec.Struct, array_like=True, omit_defaults=True):
    a: int = 1


class DictStruct(msgspec.Struct, dict=True, weakref=True):
    a: int


def with_dict() -> Any:
    made = DictStruct(1)
    made.extra = [1]
    return made


OBJECTS: dict[str, Any] = {
    "attr.s": lambda: [Old(), Old(2, [3]), OldTight(1)],
    "define": lambda: [Defined(1, (1, 2)), DefinedChild(1)],
    "frozen": lambda: Frozen(1, (Frozen(2),)),
    "attrs without slots": lambda: Loose(3),
    "attrs by identity": lambda: (lambda x: [x, ByIdentity(x)])(ByIdentity()),
    "attrs keys": lambda: {CachedHash("a"): 1, OldTight(2): 3},
    "attrs methods": lambda: [Evolved.made(), Evolved.made, Evolved(1).made],
    "attrs class": lambda: [Defined, Frozen],
    "model": lambda: Person(name="a", homes=[Address(street="x")], born=datetime.date(2020, 1, 1)),
    "model with extra": lambda: Person(name="a", nick="b"),
    "generic model": lambda: Boxed(item=[1]),
    "parametrized model": lambda: IntBox(item=3),
    "root model": lambda: Numbers([1, 2]),
    "frozen model": lambda: {FrozenModel(a=1): 2},
    "pydantic dataclass": lambda: Checked(1, [Address(street="x")]),
    "model_post_init": lambda: Settings(handler=len),
    "model class": lambda: Person,
    "struct": lambda: [Struct(1), FrozenStruct(a=1, other=Struct(2, [3])), ArrayStruct(2)],
    "struct with dict": with_dict,
    "constructed": lambda: Person.model_construct(name="x"),
}
if __name__ == "__main__":
    import worker

    worker.program(OBJECTS, "models")
