"""Classes that act when they are called, and only then: a file may refer to them, no more."""

from __future__ import annotations

from pathlib import Path


class Touch:
    """Writes a file when it is made by a call."""

    def __init__(self, path: object) -> None:
        open(str(path), "w").close()


def acting_hook(module: object, state: object, prefix: str, metadata: object) -> None:
    """Write a file where the keys of a state begin: what a module of torch calls hooks with."""
    open(prefix, "w").close()


class Plain:
    """An ordinary class: attributes, a few methods, no code that pickle runs."""

    limit = 3

    def predict(self, data: object) -> object:
        """Return the data."""
        return data

    def close(self) -> None:
        """Do nothing."""


class Slotted:
    """An ordinary class with slots and a property."""

    __slots__ = ("__dict__", "kept")

    def predict(self, data: object) -> object:
        """Return the data."""
        return data


class Sealed:
    """Acts when it is dropped: making one is refused, naming it is not."""

    def __del__(self) -> None:
        Path(self.path).write_text("")  # type: ignore[attr-defined]


class Items(list):  # type: ignore[type-arg]
    """A list with attributes."""


class Table(dict):  # type: ignore[type-arg]
    """A dict with attributes."""


class Group(set):  # type: ignore[type-arg]
    """A set with attributes."""


class Hook:
    """An instance that can be called, and acts on what its state holds."""

    path = ""

    def __call__(self, *args: object) -> object:
        open(self.path, "w").close()
        return self


class Named:
    """It acts when it is told its name in a class that is being made."""

    path = ""

    def __set_name__(self, owner: type, name: str) -> None:
        open(self.path, "w").close()


class Method:
    """Its method acts on what its state holds."""

    path = ""

    def run(self, *args: object) -> None:
        """Act."""
        open(self.path, "w").close()


class Calls:
    """Its state setter calls what the state holds: honest with a function that harms nobody."""

    def __setstate__(self, state: dict[str, object]) -> None:
        self.result = state["function"](state["argument"])  # type: ignore[operator]


class Closes:
    """Its finalizer calls a method of its own."""

    def close(self) -> None:
        """Do nothing."""

    def __del__(self) -> None:
        self.close()


class Sets:
    """Its state setter sets whatever attributes a table within the state names."""

    def predict(self, data: object) -> object:
        """Return the data."""
        return data

    def __setstate__(self, state: dict[str, dict[str, object]]) -> None:
        for key, value in state["attributes"].items():
            setattr(self, key, value)


class Updates:
    """Its state setter takes attributes from a table within the state."""

    def predict(self, data: object) -> object:
        """Return the data."""
        return data

    def __setstate__(self, state: dict[str, dict[str, object]]) -> None:
        self.__dict__.update(state["attributes"])


class Pairs:
    """Its state setter sets attributes from a list of pairs."""

    def predict(self, data: object) -> object:
        """Return the data."""
        return data

    def __setstate__(self, state: list[tuple[str, object]]) -> None:
        for key, value in state:
            setattr(self, key, value)


class Adopts:
    """Its state setter makes the very dict that it is given its attributes."""

    def predict(self, data: object) -> object:
        """Return the data."""
        return data

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__ = state


class Bunch(dict):  # type: ignore[type-arg]
    """A dict whose items are its attributes."""

    def __init__(self) -> None:
        self.__dict__ = self

    def __reduce__(self) -> tuple[object, ...]:
        return Bunch, (), None, None, iter(self.items())

    def predict(self, data: object) -> object:
        """Return the data."""
        return data


class Assigned:
    """Assigning any attribute of it acts."""

    def __setattr__(self, name: str, value: object) -> None:
        open(str(value), "w").close()


class Unwraps:
    """Its state setter takes the value of what it is given, as one does with enum members."""

    def __setstate__(self, state: dict[str, object]) -> None:
        self.kept = state["kept"].value  # type: ignore[attr-defined]
