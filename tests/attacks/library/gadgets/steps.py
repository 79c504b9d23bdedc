"""Code that finds what was put deep into what it was given, or looks at what is not ready."""

from __future__ import annotations

from typing import Any

State = dict[str, Any]
SEEN: list[Any] = []


class Holds:
    """Keeps one thing."""

    content: Any = ()


class HashesFirst:
    """Its hash calls what the first item in its box holds by then."""

    box: Any = Holds()
    path = ""

    def __hash__(self) -> int:
        for function in self.box.content[0]:
            function(self.path)
        return 0


class HashesHeld:
    """The same, of what an object holds there."""

    box: Any = Holds()
    path = ""

    def __hash__(self) -> int:
        for function in self.box.content[0].content:
            function(self.path)
        return 0


class Looks:
    """Its state setter takes a look at the class of another object."""

    def __setstate__(self, state: State) -> None:
        self.kind = type(state["other"]).__name__
        self.other = state["other"]


class Fails:
    """Its state setter does not take a state."""

    def __setstate__(self, state: State) -> None:
        raise ValueError("no")


class Updates:
    """Its state setter takes a state as it is."""

    content: Any = ()

    def __setstate__(self, state: State) -> None:
        self.__dict__.update(state)


class Registers:
    """Its instances are known to its library before they have their state."""

    def __new__(cls) -> Registers:
        self = object.__new__(cls)
        SEEN.append(self)
        return self

    def __setstate__(self, state: State) -> None:
        self.__dict__.update(state)


class RunsWith:
    """Its state setter calls what the state holds with what else it holds."""

    def __setstate__(self, state: State) -> None:
        state["function"](state["object"], state["path"])


def started(item: Any, path: str) -> Any:
    """Start something."""
    return item.start(path)


class Iterates:
    """Its items are what the functions that it holds give."""

    functions: Any = ()
    path = ""

    def __iter__(self) -> Any:
        return iter([function(self.path) for function in self.functions])


class Lists:
    """Its state setter makes a list of what it is given."""

    def __setstate__(self, state: State) -> None:
        self.items = list(state["items"])


def listed(items: Any) -> list[Any]:
    """Return the items of something."""
    return list(items)


class Listed:
    """Its reducer names that function."""

    def __reduce__(self) -> tuple[Any, ...]:
        return listed, ((),)


class HashesOwn:
    """Its hash calls a method of its own, and its setter takes its attributes from a table."""

    path = ""

    def __setstate__(self, state: State) -> None:
        self.__dict__ = state["attributes"]

    def clean(self, path: str) -> int:
        """Do nothing."""
        return 0

    def __hash__(self) -> int:
        self.clean(self.path)
        return 0


class Ended:
    """Its finalizer calls what it holds, and no stream names it."""

    functions: Any = ()
    path = ""

    def __del__(self) -> None:
        for function in self.functions:
            function(self.path)

    def __reduce__(self) -> tuple[Any, ...]:
        return ended, (), vars(self)


def ended() -> Ended:
    """Make one."""
    return Ended()
