"""A class of the program's own in a module that is imported."""

from __future__ import annotations


class Own:
    def __init__(self, n: int) -> None:
        self.n = n

    def __repr__(self) -> str:
        return f"Own({self.n})"
