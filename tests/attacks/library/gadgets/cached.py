"""Objects that keep classes of their library, and code that calls what such an object keeps."""

from __future__ import annotations

from typing import Any

from gadgets.acts import Plain


class Kind:
    """Made of a word, it keeps the class of what it describes."""

    def __init__(self, word: str) -> None:
        self.made = Plain

    def __reduce__(self) -> tuple[object, ...]:
        return Kind, ("word",)


class Opens:
    """Made of a word, it keeps a function that opens files."""

    def __init__(self, word: str) -> None:
        self.made = open

    def __reduce__(self) -> tuple[object, ...]:
        return Opens, ("word",)


class Caller:
    """Its state setter calls the class that a kind keeps."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        for made in vars(state["kind"]).values():
            self.item = made(*state["operands"])


class Keeper:
    """Its state setter gives the class in its state to the kind in its state."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        state["kinds"][0].made = state["made"]
