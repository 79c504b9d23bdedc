"""Classes with the less usual ways in which Python runs code."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from gadgets.acts import Touch

T = TypeVar("T")
path = ""


class Given:
    """INST and OBJ call it even without arguments, since it has ``__getinitargs__``."""

    def __init__(self) -> None:
        open(path, "w").close()

    def __getinitargs__(self) -> tuple[()]:
        return ()


class Arguments(tuple):  # type: ignore[type-arg]
    """A tuple of a class of its own."""

    __slots__ = ()


class Holder:
    """Holds another class."""

    inner = Touch


class Meta(type):
    """A class of classes."""


class Registered(metaclass=Meta):
    """Acts when somebody derives from it."""

    p = ""

    def __init_subclass__(cls) -> None:
        open(cls.p, "w").close()


class Missing(enum.Enum):
    """Acts when it is asked for a value that it does not have."""

    A = 1

    @classmethod
    def _missing_(cls, value: object) -> None:
        open(str(value), "w").close()


class Once:
    """Has a property that is computed once, and then is an attribute."""

    @functools.cached_property
    def predict(self) -> Callable[..., Any]:
        return len


class Colour(enum.Enum):
    """An ordinary Enum."""

    RED = 1


class Empty(enum.Enum):
    """An Enum without members: calling it may make a class."""


class CallMeta(type):
    """A class of classes that acts when they are called."""

    def __call__(cls, *args: Any) -> Any:
        open(args[0], "w").close()
        return super().__call__(*args)


class Called(metaclass=CallMeta):
    """Its constructor only assigns."""

    def __init__(self, path: str) -> None:
        self.path = path


class Returned:
    """Its reducer returns it, and its constructor acts."""

    def __init__(self, path: str) -> None:
        open(path, "w").close()
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return type(self), (self.path,)


class Box(Generic[T]):
    """A generic class."""


class Forwards:
    """Hands what is assigned on to what it holds, as proxies do."""

    target: Any

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.target, name, value)


class Made:
    """Acts when it is made."""

    def __new__(cls, path: str) -> Made:
        open(path, "w").close()
        return super().__new__(cls)


class MadeWithOptions:
    """Acts when it is made, whatever else it is given."""

    def __new__(cls, path: str, **options: object) -> MadeWithOptions:
        open(path, "w").close()
        return super().__new__(cls)


def give(name: str) -> Any:
    """Return a class of this module."""
    return {"Made": Made, "Box": Box}[name]


class Gives:
    """Its reducer returns the function that gives classes."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return give, ("Box",)


class Both:
    """Made by NEWOBJ it is quiet, made by a call it acts."""

    def __new__(cls, *args: object) -> Both:
        return object.__new__(cls)

    def __init__(self, path: str) -> None:
        open(path, "w").close()


class Keys:
    """A mapping that acts when it is asked for its keys."""

    path: str

    def keys(self) -> list[str]:
        open(self.path, "w").close()
        return []

    def __getitem__(self, key: object) -> object:
        open(self.path, "w").close()
        return key


class Parametrized:
    """Acts when it is parametrized."""

    def __class_getitem__(cls, parameter: str) -> object:
        open(parameter, "w").close()
        return cls


class Metaclass(type):
    """What its classes do that are taken for objects."""

    def __getitem__(cls, path: str) -> None:
        open(path, "w").close()

    def __contains__(cls, path: str) -> bool:
        open(path, "w").close()
        return True


class Table(metaclass=Metaclass):
    """Acts when it is subscripted, or asked for what is in it."""


class Mild(Exception):
    """An exception without a method."""


class Error(Exception):
    """An exception with a method."""

    def act(self, path: str) -> None:
        """Act."""
        open(path, "w").close()


class Evaluating:
    """Runs text of its own as code when it is hashed."""

    def __hash__(self) -> int:
        eval(self.part[0])
        return 1


class Restoring:
    """Runs text of its state as code."""

    def __setstate__(self, state: Any) -> None:
        self.value = eval(state[0])


class AsksBack:
    """Made with a function, which it calls for an attribute that it lacks."""

    def __init__(self, function: Any, path: str) -> None:
        self.function, self.path = function, path

    def __reduce__(self) -> tuple[Any, ...]:
        return AsksBack, (self.function, self.path)

    def __getattr__(self, name: str) -> Any:
        if name in ("__setstate__", "append", "extend"):
            return self.function(self.path)
        raise AttributeError(name)


class ComparesBack:
    """Made with a function, which it calls when it is compared."""

    def __init__(self, function: Any, path: str) -> None:
        self.function, self.path = function, path

    def __reduce__(self) -> tuple[Any, ...]:
        return ComparesBack, (self.function, self.path)

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        self.function(self.path)
        return False


class ChecksMeta(type):
    """A class of classes that act when objects are held against them."""

    def __instancecheck__(cls, instance: object) -> bool:
        open(str(instance), "w").close()
        return True

    def __eq__(cls, other: object) -> bool:
        return cls is other

    def __hash__(cls) -> int:
        return 1


class Checks(metaclass=ChecksMeta):
    """Acts when it is asked for its instances."""


class EqualsMeta(type):
    """A class of classes that act when they are compared."""

    def __eq__(cls, other: object) -> bool:
        if isinstance(other, Path):
            open(other.path, "w").close()
        return cls is other

    def __hash__(cls) -> int:
        return 1


class Equals(metaclass=EqualsMeta):
    """Acts when it is compared."""


class Path:
    """Has the same hash as that."""

    path = ""

    def __hash__(self) -> int:
        return 1


class CallsMeta(type):
    """A class of classes that call what they are asked for."""

    def __getitem__(cls, key: Any) -> Any:
        return key[0](key[1])


class Calls(metaclass=CallsMeta):
    """Calls its keys."""


class Closes:
    """Closes its keys."""

    def __class_getitem__(cls, key: Any) -> Any:
        return key.close()


def with_metaclass(meta: type, *bases: type) -> Any:
    """Return a base class that makes classes of another class (as six has it)."""
    return meta("temporary", bases, {})


class Based(with_metaclass(CallMeta, object)):  # type: ignore[misc]
    """Its constructor only assigns."""

    def __init__(self, path: str) -> None:
        self.path = path


def add_metaclass(meta: type) -> Callable[[type], Any]:
    """Return what makes a class one of another class (as six has it)."""

    def made(cls: type) -> Any:
        body = {key: value for key, value in vars(cls).items() if key not in _OWN}
        return meta(cls.__name__, cls.__bases__, body)

    return made


_OWN = ("__dict__", "__weakref__")


@add_metaclass(CallMeta)
class Decorated:
    """Its constructor only assigns."""

    def __init__(self, path: str) -> None:
        self.path = path
