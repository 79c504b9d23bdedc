"""Objects that call what they hold when an operator is applied to them, and code that does so."""

from __future__ import annotations

from typing import Any

import numpy

State = dict[str, Any]


class Acts:
    """Calls what it holds with what else it holds."""

    action: Any = None
    path = ""

    def run(self) -> Any:
        """Call it."""
        return self.action(self.path)


class Item(Acts):
    """Its items are what it calls."""

    def __getitem__(self, key: Any) -> Any:
        return self.action(key)


class Member(Acts):
    """Its members are what it calls."""

    def __contains__(self, key: Any) -> bool:
        return bool(self.action(self.path))


class Missing(dict):  # type: ignore[type-arg]
    """A key that it lacks is what it calls."""

    action: Any = None

    def __missing__(self, key: Any) -> Any:
        return self.action(key)


class Whole(Acts):
    """As an index it is what it calls."""

    def __index__(self) -> int:
        self.run()
        return 1


class Entered(Acts):
    """Entering it calls."""

    def __enter__(self) -> Any:
        return self.run()

    def __exit__(self, *_: object) -> None:
        pass


class Shown(Acts):
    """As an array it is what it calls."""

    def __array__(self, *_: object, **__: object) -> Any:
        self.run()
        return numpy.zeros(1)


class Deep:
    """Its items are what something that it holds has."""

    part: Any = None

    def __getitem__(self, key: Any) -> Any:
        return [function(key) for function in self.part.functions]


class Closing:
    """Its items close what it holds."""

    log: Any = None

    def __getitem__(self, key: Any) -> Any:
        self.log.close()
        return key


class Plain:
    """An ordinary class."""


def item(action: Any) -> Item:
    """Return an object that calls what it was given."""
    made = Item()
    made.action = action
    return made


class Items:
    """Its state setter looks an item up."""

    def __setstate__(self, state: State) -> None:
        self.found = state["held"][state["key"]]

    def __reduce__(self) -> tuple[Any, ...]:
        return item, (None,)


class ItemsDeep:
    """Its state setter looks an item up of each of several objects."""

    def __setstate__(self, state: State) -> None:
        self.found = [held[state["key"]] for held in state["several"]]


class Members:
    """Its state setter looks for a member."""

    def __setstate__(self, state: State) -> None:
        self.found = state["key"] in state["held"]


class Checks:
    """Its state setter asks whether something is an object of a class."""

    def __setstate__(self, state: State) -> None:
        self.found = isinstance(state["key"], state["held"])


class Indexes:
    """Its state setter indexes a list."""

    def __setstate__(self, state: State) -> None:
        self.found = [1, 2, 3][state["held"]]


class Numbers:
    """Its state setter makes a number."""

    def __setstate__(self, state: State) -> None:
        self.found = int(state["held"])


class Enters:
    """Its state setter enters something."""

    def __setstate__(self, state: State) -> None:
        with state["held"]:
            pass


class Arrays:
    """Its state setter makes an array."""

    def __setstate__(self, state: State) -> None:
        self.found = numpy.asarray(state["held"])


class Made:
    """Its items are looked up when it is made."""

    def __new__(cls, held: Any, key: str) -> Made:
        self = object.__new__(cls)
        self.found = held[key]  # type: ignore[attr-defined]
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return {"": 1}, ""


class Initialized:
    """The same, when it is called."""

    def __init__(self, held: Any, key: str) -> None:
        self.found = held[key]

    def __reduce__(self) -> tuple[Any, ...]:
        return looked_up, ([{"": 1}], "")


class Called:
    """Its reducer calls its class."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Initialized, ({"": 1}, "")


def looked_up(held: list[Any], key: str) -> Any:
    """Return an item of the first of several objects."""
    return held[0][key]


class Ends:
    """Its finalizer looks an item up."""

    held: Any = {"": 1}
    key = ""

    def __del__(self) -> None:
        self.held[self.key]
