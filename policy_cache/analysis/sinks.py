"""What must not be reached with data from a file: the table of ``sinks.json``, by name."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

SEVERE = frozenset({"code", "import", "process", "network", "write", "native", "load", "effect"})
"""Categories that make even a mere reference to a function dangerous to hand out."""

KEPT = "kept"
"""Category of what a function sets for the whole process without data of a file (see `showing`)."""


class Sink(NamedTuple):
    """One line of the table: its pattern, what reaching it does, and why it stands there."""

    name: str
    category: str
    why: str


class _Tables(NamedTuple):
    """The table, by how it is asked: None for what is harmless under a prefix that is not."""

    exact: dict[str, Sink | None]
    prefixes: dict[str, tuple[str, Sink]]
    methods: dict[str, Sink]
    libraries: frozenset[str]
    shown: dict[str, tuple[str, Sink]]


_showing = False
"""Whether what is harmless, but tells why somebody calls it, counts as a sink: see `showing`."""


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    path = os.path.join(os.path.dirname(__file__), "sinks.json")
    with open(path, encoding="utf-8") as stream:
        data = json.load(stream)
    exact: dict[str, Sink | None] = dict.fromkeys(data["harmless"])
    prefixes: dict[str, tuple[str, Sink]] = {}
    shown: dict[str, tuple[str, Sink]] = {}
    for pattern, line in data["functions"].items():
        sink = Sink(pattern, line["category"], line["why"])
        if pattern.endswith("*"):
            prefixes[pattern] = (pattern[:-1], sink)
        else:
            exact[pattern] = sink
    for pattern, line in data["shown"].items():
        shown[pattern] = (pattern.rstrip("*"), Sink(pattern, line["category"], line["why"]))
    methods = {n: Sink(n, v["category"], v["why"]) for n, v in data["methods"].items()}
    return _Tables(exact, prefixes, methods, frozenset(data["libraries"]), shown)


_PLATFORM_MODULES = {"posix": "os", "nt": "os", "_io": "io", "_operator": "operator"}


@lru_cache(maxsize=4096)
def sink(key: str) -> Sink | None:
    """Return the sink that the global ``module:name`` is, if it is one."""
    module, _, name = key.partition(":")
    key = f"{_PLATFORM_MODULES.get(module, module)}:{name}"
    tables = _tables()
    if key in tables.exact:
        return tables.exact[key]
    prefixes = tables.prefixes | tables.shown if _showing else tables.prefixes
    for prefix, found in prefixes.values():
        if key.startswith(prefix):
            return found
    return None


@contextmanager
def showing() -> Iterator[None]:
    """Count also what does no harm to a load, for whoever asks what a call would have come to.

    Reading a file, or loading a pickle, which meets the same guard, and switches of the process
    that a function sets itself. What was concluded from one table does not hold for the other.
    """
    global _showing
    _showing = True
    sink.cache_clear()
    try:
        yield
    finally:
        _showing = False
        sink.cache_clear()


def is_showing() -> bool:
    """Tell whether reading counts."""
    return _showing


def gives_library(key: str) -> bool:
    """Tell whether a global gives a native library: whatever is looked up on it is native code."""
    return key in _tables().libraries


def method_sink(name: str) -> Sink | None:
    """Return the sink that a method of this name is likely to be."""
    return _tables().methods.get(name)
