"""Code that uses what a state holds, and objects that hold things where no dict shows them."""

from __future__ import annotations

import copy
from typing import Any

State = dict[str, Any]


class CallsEach:
    """Calls all functions of its state."""

    def __setstate__(self, state: State) -> None:
        for function in state["functions"]:
            function(state["path"])


class CallsFirst:
    """Calls the first function of its state."""

    def __setstate__(self, state: State) -> None:
        state["functions"][0](state["path"])


class Starts:
    """Calls a method of what its state holds."""

    def __setstate__(self, state: State) -> None:
        state["object"].start(state["path"])


class Restores:
    """Hands its state to a helper that sets attributes by name."""

    def __setstate__(self, state: State) -> None:
        restore(self, state["attributes"])


def restore(instance: Any, attributes: State) -> None:
    """Set attributes."""
    for key, value in attributes.items():
        setattr(instance, key, value)


class Property:
    """The same, and has a property."""

    def __setstate__(self, state: State) -> None:
        restore(self, state["attributes"])

    @property
    def path(self) -> str:
        """Return nothing."""
        return ""

    @path.setter
    def path(self, value: str) -> None:
        open(value, "w").close()


class CallsLater:
    """Its finalizer calls all that it holds."""

    functions: Any = ()
    path = ""

    def __del__(self) -> None:
        for function in self.functions:
            function(self.path)


class Uses:
    """Gives what its state holds to functions of the standard library."""

    def __setstate__(self, state: State) -> None:
        for value in state.get("copied", ()):
            copy.deepcopy(value)
        for value in state.get("mappings", ()):
            self.__dict__.update(value)
        sorted(state.get("sorted", ()))
        sum(state.get("summed", ()))


class Acting:
    """Acts when it is copied, compared, added, or asked for its keys."""

    path = ""

    def __deepcopy__(self, memo: Any) -> Acting:
        open(self.path, "w").close()
        return self

    def __lt__(self, other: object) -> bool:
        open(self.path, "w").close()
        return True

    def __radd__(self, other: object) -> int:
        open(self.path, "w").close()
        return 0

    def keys(self) -> list[str]:
        """Act."""
        open(self.path, "w").close()
        return []


class ActsByState:
    """Acts when it gets its state."""

    def __setstate__(self, state: str) -> None:
        open(state, "w").close()


class ActsByItem(dict):  # type: ignore[type-arg]
    """Acts when it gets an item."""

    def __setitem__(self, key: str, value: str) -> None:
        open(value, "w").close()


class Slot:
    """Keeps one thing in a slot."""

    __slots__ = ("start",)


class Words(dict):  # type: ignore[type-arg]
    """A dict whose items are attributes as well."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Runs:
    """A method of it calls what it holds."""

    function: Any = None

    def run(self, path: str) -> Any:
        """Call."""
        return self.function(path)


def applied(function: Any, path: str) -> Any:
    """Call a function."""
    return function(path)


class Starter:
    """Methods that need no object."""

    @staticmethod
    def start(path: str) -> None:
        """Act."""
        open(path, "w").close()


class ClassStarter:
    """The same, of the class."""

    @classmethod
    def start(cls, path: str) -> None:
        """Act."""
        open(path, "w").close()


class StarterMeta(type):
    """A metaclass: its methods are methods of its classes."""

    def start(cls, path: str) -> None:
        """Act."""
        open(path, "w").close()


class MetaStarter(metaclass=StarterMeta):
    """Has the method of its metaclass."""


class Table:
    """Its reducer gives it all its attributes in a dict."""

    def __init__(self, attributes: State) -> None:
        self.__dict__.update(attributes)

    def __reduce__(self) -> tuple[Any, ...]:
        return Table, (self.__dict__,)


class NamedTable:
    """The same, attribute by attribute."""

    def __init__(self, attributes: State) -> None:
        for key, value in attributes.items():
            setattr(self, key, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return NamedTable, (self.__dict__,)


class Cleans:
    """Its finalizer calls a method of its own."""

    path = ""

    def __init__(self, attributes: State) -> None:
        self.__dict__.update(attributes)

    def __reduce__(self) -> tuple[Any, ...]:
        return Cleans, (self.__dict__,)

    def clean(self, path: str) -> None:
        """Do nothing."""

    def __del__(self) -> None:
        self.clean(self.path)


class Acts:
    """Acts when it goes."""

    path = ""

    def __del__(self) -> None:
        if self.path:
            open(self.path, "w").close()


def rebuilt(cls: Any, attributes: State) -> Any:
    """Return an object with attributes."""
    made = cls.__new__(cls)
    made.__dict__.update(attributes)
    return made


class Rebuilt:
    """Its reducer has it rebuilt."""

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuilt, (type(self), self.__dict__)


class Proxy:
    """Hands on to what it holds."""

    def __init__(self, held: Any) -> None:
        self._held = held

    def __getattr__(self, name: str) -> Any:
        return getattr(self._held, name)


class Evaluates:
    """Runs text of its state as code."""

    def __setstate__(self, state: Any) -> None:
        self.value = eval(state[0])


class ItemMeta(type):
    """A class of classes that are parametrized by a text which is evaluated."""

    def __getitem__(cls, text: str) -> Any:
        return eval(text)


class Shaped(metaclass=ItemMeta):
    """Parametrized by a text."""


class NameMeta(type):
    """A class of classes that act when they are asked for a name."""

    def __getattr__(cls, name: str) -> Any:
        open(name.replace("|", "/"), "w").close()
        return cls


class Computed(metaclass=NameMeta):
    """Has whatever it is asked for."""


class Closes:
    """Closes what its state holds."""

    def __setstate__(self, state: State) -> None:
        state["log"].close()


class Log:
    """Acts when it is closed."""

    path = ""

    def close(self) -> None:
        """Act."""
        open(self.path, "w").close()


def given(value: Any) -> Any:
    """Return what it is given."""
    return value


class Given:
    """Its reducer returns a function that gives its argument back."""

    def __reduce__(self) -> tuple[Any, ...]:
        return given, (None,)
