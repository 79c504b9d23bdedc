"""Functions and constructors that keep what they are given, and code that uses what was kept."""

from __future__ import annotations

from typing import Any

State = dict[str, Any]


def same(value: Any) -> Any:
    """Return what is given."""
    return value


class Box:
    """Keeps one thing."""

    def __init__(self, content: Any = ()) -> None:
        self.content = content


def box(*content: Any) -> Box:
    """Return a box."""
    return Box(*content)


class Plain:
    """An ordinary class."""

    content: Any = ()


class Reduced:
    """Its reducers make these functions callables of honest files."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (same, (None,)) if vars(self) else (box, (None,))


class Adopts:
    """Its constructor makes the very table that it is given its attributes."""

    path = ""

    def __init__(self, attributes: State) -> None:
        self.__dict__ = attributes

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.__dict__,)

    def clean(self, path: str) -> None:
        """Do nothing."""

    def __del__(self) -> None:
        self.clean(self.path)


class AdoptsNew(Adopts):
    """The same, when it is made."""

    def __new__(cls, attributes: State) -> AdoptsNew:
        self = object.__new__(cls)
        self.__dict__ = attributes
        return self


class AdoptsInner(Adopts):
    """The same, of a table within its state."""

    def __setstate__(self, state: State) -> None:
        self.__dict__ = state["attributes"]


def touch(path: str) -> None:
    """Act."""
    open(path, "w").close()


class Adds:
    """Its state setter puts a function of its library beside its state."""

    def __setstate__(self, state: State) -> None:
        self.__dict__.update(state)
        self.content = (touch,)

    def __reduce__(self) -> tuple[Any, ...]:
        return adds, (), self.__dict__


def adds() -> Adds:
    """Return one without a state."""
    return Adds()


class AddsFile(Adds):
    """Its state setter makes something that acts when it is closed."""

    def __setstate__(self, state: State) -> None:
        self.content = Box(File(state["path"]))

    def __reduce__(self) -> tuple[Any, ...]:
        return adds_file, (), {"path": ""}


def adds_file() -> AddsFile:
    """Return one without a state."""
    return AddsFile()


class Opens:
    """Calls what is in a box of its state."""

    def __setstate__(self, state: State) -> None:
        for function in state["box"].content:
            function(state["path"])


class OpensInner:
    """The same, of a box within that."""

    def __setstate__(self, state: State) -> None:
        for function in state["box"].content.content:
            function(state["path"])


class Closes:
    """Closes what is in a box within a box of its state."""

    def __setstate__(self, state: State) -> None:
        state["box"].content.content.close()


class Drops:
    """Its finalizer calls what its box has by then."""

    box: Any = Box()
    path = ""

    def __del__(self) -> None:
        for function in self.box.content:
            function(self.path)


class DropsEach:
    """Its finalizer calls what it was made with, as far as that can be called."""

    def __init__(self, functions: Any, path: str) -> None:
        self.functions, self.path = functions, path

    def __reduce__(self) -> tuple[Any, ...]:
        return DropsEach, (self.functions, self.path)

    def __del__(self) -> None:
        for function in self.functions:
            if not isinstance(function, Box):
                function(self.path)


class File:
    """Acts when it is closed."""

    def __init__(self, path: str) -> None:
        self.path = path

    def close(self) -> None:
        """Act."""
        open(self.path, "w").close()

    def __reduce__(self) -> tuple[Any, ...]:
        return File, (self.path,)


class Hands:
    """Gives one object of its state to another."""

    def __setstate__(self, state: State) -> None:
        state["target"].log = state["log"]

    def __reduce__(self) -> tuple[Any, ...]:
        return hands, (None, None)


def hands(target: Any, log: Any) -> Any:
    """Give an object to another."""
    target.log = log
    return target
