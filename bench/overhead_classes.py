"""Classes of the objects in the files of `overhead.py`."""

from __future__ import annotations

import dataclasses
import datetime


class Point:
    """An ordinary object."""

    def __init__(self, x: int, y: float, name: str) -> None:
        self.x, self.y, self.name = x, y, name


@dataclasses.dataclass
class Order:
    """A dataclass with a date."""

    number: int
    when: datetime.datetime
    lines: list[Point]
