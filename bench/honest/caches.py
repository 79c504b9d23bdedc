"""diskcache and cachelib, found warm by a second process."""

from __future__ import annotations

import datetime
import decimal

import diskcache
import numpy
import pandas
from cachelib import FileSystemCache
from telling import attempt


class Own:
    def __init__(self, n: int) -> None:
        self.n = n

    def __repr__(self) -> str:
        return f"Own({self.n})"


def main() -> None:
    values = {
        "own": Own(1),
        "array": numpy.arange(3),
        "frame": pandas.DataFrame({"x": [1]}),
        "date": datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc),
        "number": decimal.Decimal("1.5"),
        "set": {1, (2, 3)},
        "own in own": [Own(2), {"a": Own(3)}],
    }
    disk, cachelib = diskcache.Cache("disk"), FileSystemCache("files")
    for name, value in values.items():
        for title, cache in (("diskcache", disk), ("cachelib", cachelib)):
            attempt(f"{title}, {name} is there", lambda: cache.get(name) is not None)
            cache.set(name, value)
            attempt(f"{title}, {name}", lambda: repr(cache.get(name)))


if __name__ == "__main__":
    main()
