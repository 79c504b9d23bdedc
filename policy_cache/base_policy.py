"""Reviewed base policies, as data: for what cannot be analysed, with a reason per line.

One file per owner in ``base/``; its README describes the fields.
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import Any, NamedTuple

_FOLDER = os.path.join(os.path.dirname(__file__), "base")


class Line(NamedTuple):
    """One reviewed line.

    Attributes
    ----------
    kind : str
        ``class``, ``function``, ``constant`` or ``enum``.
    ops : tuple of str
        Operations it permits.
    why, source : str
        The reason, and where it can be checked.
    closed : bool
        Whether RULES of composition let the C machine use it unchecked.
    rule : str
        Argument rule of the unpickler, or ``""``.
    traits : dict
        ``calls``, ``constructs``, ``live``... as in :class:`policy_cache.model.Verdict`.
    file : str
        The data file.
    """

    kind: str
    ops: tuple[str, ...]
    why: str
    source: str
    closed: bool
    rule: str
    traits: dict[str, Any]
    file: str


class _Table(NamedTuple):
    lines: dict[str, Line]
    patterns: tuple[tuple[str, Line], ...]
    refused: dict[str, str]
    aliases: dict[str, str]


_TRAITS = ("calls", "constructs", "live", "fresh", "state_keys")
_EMPTY = _Table({}, (), {}, {})


def normalized(distribution: str) -> str:
    """Return a distribution name in its canonical form (PEP 503)."""
    return distribution.lower().replace("_", "-").replace(".", "-")


@lru_cache(maxsize=64)
def _table(owner: str) -> _Table:
    path = os.path.join(_FOLDER, f"{normalized(owner)}.json")
    try:
        with open(path, encoding="utf-8") as stream:
            data = json.load(stream)
    except FileNotFoundError:
        return _EMPTY
    lines = {key: _line(value, path) for key, value in data.get("globals", {}).items()}
    patterns = tuple(
        (key.rstrip("*"), _line(value, path)) for key, value in data.get("patterns", {}).items()
    )
    return _Table(lines, patterns, data.get("refused", {}), data.get("aliases", {}))


def _line(value: dict[str, Any], file: str) -> Line:
    traits = {name: value[name] for name in _TRAITS if value.get(name)}
    return Line(
        value["kind"],
        tuple(value["ops"]),
        value["why"],
        value.get("source", ""),
        bool(value.get("closed")),
        value.get("rule") or "",
        traits,
        file,
    )


def look_up(owner: str, key: str) -> Line | None:
    """Return the line of `owner` for the global ``module:name``, if there is one."""
    table = _table(owner)
    line = table.lines.get(key)
    if line is None:
        line = next((found for prefix, found in table.patterns if key.startswith(prefix)), None)
    return line


def refusal(owner: str, key: str) -> str:
    """Return the reviewed reason why a global is not permitted, or ``""``.

    ``module:*`` speaks for a module and everything below it; the longest key decides.
    """
    refused = _table(owner).refused
    if key in refused:
        return refused[key]
    parts = key.partition(":")[0].split(".")
    prefixes = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((refused[f"{p}:*"] for p in prefixes if f"{p}:*" in refused), "")


def alias(owner: str, module: str) -> str:
    """Return the module that an old module name of `owner` stands for now."""
    for old, new in _table(owner).aliases.items():
        if module == old or module.startswith(old + "."):
            return new + module[len(old) :]
    return module


def closed(owner: str) -> dict[str, Line]:
    """Return the lines of `owner` that are closed under composition."""
    return {key: line for key, line in _table(owner).lines.items() if line.closed}


def lists_module(owner: str, module: str) -> bool:
    """Tell whether `owner` has a line for anything in `module`."""
    return module in _modules(owner)


@lru_cache(maxsize=16)
def _modules(owner: str) -> frozenset[str]:
    found = set()
    for key in _table(owner).lines:
        parts = key.partition(":")[0].split(".")
        found.update(".".join(parts[:end]) for end in range(1, len(parts) + 1))
    return frozenset(found)
