"""Code that calls, or sets attributes of, what a state gives; and what it may be given."""

from __future__ import annotations

import os
from enum import Enum
from typing import Any


class Caller:
    """Calls the function of its state with the arguments of its state."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.value = state["function"](*state["arguments"])


class Marker:
    """Sets an attribute of what its state gives."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        state["target"].limit = state["limit"]


class Maker:
    """Makes a folder when one of its methods is called."""

    def make(self, path: str) -> None:
        """Make a folder."""
        os.mkdir(path)


class Colour(Enum):
    """Members are looked up by value."""

    RED = 1


class Kept:
    """Keeps what it is made with."""

    def __init__(self, *values: object) -> None:
        if len(values) > 2:
            raise ValueError
        self.values = values


class Bound:
    """Keeps one of its own methods when it is made, as its reducer says."""

    def __init__(self) -> None:
        self.run = self.compute

    def compute(self, value: Any) -> Any:
        """Go on in a method that a derived class may have of its own."""
        return self.step(value)

    def step(self, value: Any) -> Any:
        """Compute something."""
        return value

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return type(self), ()


class BoundToAct(Bound):
    """Keeps the method that it inherits, and acts in one that this calls."""

    def step(self, value: Any) -> Any:
        """Make a folder."""
        os.mkdir(value)


class AsksMissing:
    """Asks its state for a key that it need not have."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.value = state["missing"]


class Hooked:
    """Calls a method of its own with what its state gives."""

    def hook(self, *values: Any) -> Any:
        """Compute something."""
        return values

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.value = self.hook(self.first, self.name, self.path)  # type: ignore[attr-defined]


class RunsBound:
    """Calls what an object of its state keeps."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.value = state["held"].run(state["value"])


def follow(value: Any, name: str, *arguments: Any) -> Any:
    """Call a method by its name: with an object of the file's, any method of the library's."""
    return getattr(value, name)(*arguments)


def doubled(value: Any) -> Any:
    """Compute something."""
    return value + value


class Getter:
    """Makes the object that a reducer says, when it is called."""

    def __call__(self, value: Any) -> list[Any]:
        return [value]


class Wrapped:
    """Reduces to an object that is called."""

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return Getter(), (self,)


class Runner:
    """May be called by the program; no reducer says so."""

    def __call__(self, value: Any) -> Any:
        return value


class Acting:
    """Acts when it is called, as its reducer says."""

    def __call__(self, path: str) -> None:
        os.mkdir(path)

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return Acting(), ("",)


class Applier:
    """Calls what it is called with."""

    def __call__(self, function: Any, *arguments: Any) -> Any:
        return function(*arguments)

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return Applier(), (str,)


Joined = type("Joined", (Kept, Caller), {})
JoinedMaker = type("JoinedMaker", (Maker,), {"__setstate__": Maker.make})


class Runs:
    """Calls a method of its own when it is called."""

    def _call_impl(self, given: Any) -> Any:
        return self.forward(given)

    __call__ = _call_impl

    def forward(self, given: Any) -> Any:
        """Return what is given."""
        return given


class RunsAndActs(Runs):
    """Makes a folder instead."""

    def forward(self, given: Any) -> Any:
        """Make a folder."""
        os.mkdir(given)
