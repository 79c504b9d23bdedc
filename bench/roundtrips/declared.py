"""Classes of a program's module, declared with attrs, pydantic, msgspec, dataclasses, SQLAlchemy."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import importlib.util
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Colour(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Plain:
    a: int
    b: list[int] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: int
    c: Colour = Colour.RED


@dataclasses.dataclass(slots=True)
class Slotted:
    a: int
    at: datetime.date


@dataclasses.dataclass(frozen=True, slots=True)
class FrozenSlotted:
    a: int


@dataclasses.dataclass
class Derived(Plain):
    z: Any = None

    def __post_init__(self) -> None:
        self.z = self.z or self.a


@dataclasses.dataclass
class Boxed(Generic[T]):
    value: T


class Row(NamedTuple):
    a: int
    b: str = "x"


def dataclass_objects() -> list[Any]:
    return [
        Plain(1, [2]),
        Frozen(1),
        Slotted(1, datetime.date(2024, 1, 1)),
        FrozenSlotted(1),
        Derived(2),
        Boxed(3),
    ]


if importlib.util.find_spec("attrs"):
    import attrs

    @attrs.define
    class AttrsSlots:
        a: int
        b: list[int] = attrs.field(factory=list)

    @attrs.frozen
    class AttrsFrozen:
        a: int = attrs.field(converter=int, validator=attrs.validators.ge(0))

    @attrs.define(slots=False)
    class AttrsDict:
        a: int

    @attrs.define(cache_hash=True, frozen=True)
    class AttrsHash:
        a: int

    @attrs.define
    class AttrsException(Exception):
        code: int


def attrs_objects() -> list[Any]:
    return [AttrsSlots(1, [2]), AttrsFrozen("3"), AttrsDict(1), AttrsHash(1), AttrsException(3)]


if importlib.util.find_spec("pydantic") and hasattr(__import__("pydantic"), "RootModel"):
    import pydantic

    class Model(pydantic.BaseModel):
        a: int
        b: list[str] = []
        at: datetime.datetime | None = None
        _secret: int = pydantic.PrivateAttr(default=1)

    class Nested(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(frozen=True, extra="allow")
        inner: Model
        colour: Colour = Colour.RED

    class Page(pydantic.BaseModel, Generic[T]):
        items: list[T]

    class Rooted(pydantic.RootModel[list[int]]):
        pass

    @pydantic.dataclasses.dataclass
    class PydanticData:
        a: int


def pydantic_objects() -> list[Any]:
    one = Model(a=1, b=["x"], at=datetime.datetime(2024, 1, 1))
    secret = pydantic.SecretStr("s")
    url = pydantic.TypeAdapter(pydantic.HttpUrl).validate_python("http://a/")
    return [
        one,
        Nested(inner=one, more=3),
        Page(items=[1]),
        Rooted([1]),
        PydanticData(1),
        secret,
        url,
    ]


if importlib.util.find_spec("msgspec"):
    import msgspec

    class Message(msgspec.Struct):
        a: int
        b: str = "x"

    class FrozenMessage(msgspec.Struct, frozen=True, tag=True):
        a: int


def msgspec_objects() -> list[Any]:
    return [Message(1), FrozenMessage(2), msgspec.UNSET, msgspec.Raw(b"1")]


if importlib.util.find_spec("sqlalchemy"):
    import sqlalchemy.orm

    class Base(sqlalchemy.orm.DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "users"
        id: sqlalchemy.orm.Mapped[int] = sqlalchemy.orm.mapped_column(primary_key=True)
        name: sqlalchemy.orm.Mapped[str]


def mapped_object() -> Any:
    return User(id=1, name="x")
