"""Reviewed base policies, as data: for what cannot be analysed, with a reason per line.

One file per owner in ``base/``; its README describes the fields.
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import Any, NamedTuple

from policy_cache.model import Verdict

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


_TRAITS = (
    *("calls", "constructs", "custom_state", "fresh", "live"),
    *("looks_up", "settled", "state_keys", "vouched"),
)


def normalized(distribution: str) -> str:
    """Return a distribution name in its canonical form (PEP 503)."""
    return distribution.lower().replace("_", "-").replace(".", "-")


def _path(owner: str) -> str:
    return os.path.join(_FOLDER, f"{normalized(owner)}.json")


@lru_cache(maxsize=64)
def _text(owner: str) -> str:
    try:
        with open(_path(owner), encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""


@lru_cache(maxsize=64)
def _sections(owner: str) -> dict[str, dict[str, Any]]:
    """Return the whole file: needed for patterns, aliases and refusals, not for a plain look-up."""
    found: dict[str, dict[str, Any]] = json.loads(_text(owner) or "{}")
    return found


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


@lru_cache(maxsize=4096)
def look_up(owner: str, key: str) -> Line | None:
    """Return the line of `owner` for the global ``module:name``, if there is one.

    Every entry has a line of the file to itself, so that one can be read without the others: a
    warm load asks for a handful of more than a thousand.
    """
    text = _text(owner)
    start = text.find(f"\n  {json.dumps(key)}: {{")
    if start >= 0:
        entry = text[start : text.index("\n", start + 1)].rstrip(",")
        return _line(json.loads("{" + entry + "}")[key], _path(owner))
    if '\n "patterns": {\n' not in text:
        return None
    for pattern, value in _sections(owner)["patterns"].items():
        prefix = pattern.rstrip("*")
        rest = key[len(prefix) :]
        # Permits one plain name: a module also has ``__loader__``, a function ``__globals__``.
        plain = "." not in rest and not rest.startswith("__")
        if key.startswith(prefix) and (plain or not value["ops"]):
            return _line(value, _path(owner))
    return None


def look_up_definition(owner: str, key: str) -> Line | None:
    """Return the line for where something is defined: by its present name, or by an older one.

    The lines have the names of a library's newest release; an older one defines the same in the
    module that was renamed since (numpy 1.26 has ``numpy.core`` for ``numpy._core``).
    """
    line = look_up(owner, key)
    if line is None and '"aliases"' in _text(owner):
        module, colon, name = key.partition(":")
        renamed = alias(owner, module)
        if renamed != module:
            return look_up(owner, f"{renamed}{colon}{name}")
    return line


def refusal(owner: str, key: str) -> str:
    """Return the reviewed reason why a global is not permitted, or ``""``.

    ``module:*`` speaks for a module and everything below it; the longest key decides.
    """
    refused: dict[str, str] = _sections(owner).get("refused", {})
    if key in refused:
        return refused[key]
    parts = key.partition(":")[0].split(".")
    prefixes = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((refused[f"{p}:*"] for p in prefixes if f"{p}:*" in refused), "")


def every(owner: str) -> dict[str, Any]:
    """Return the traits that every class of `owner` has, with the reviewed reason under ``why``."""
    return _sections(owner).get("every", {})


def alias(owner: str, module: str) -> str:
    """Return the module that an old module name of `owner` stands for now."""
    aliases: dict[str, str] = _sections(owner).get("aliases", {})
    for old, new in aliases.items():
        if module == old or module.startswith(old + "."):
            return new + module[len(old) :]
    return module


def closed(owner: str) -> dict[str, Line]:
    """Return the lines of `owner` that are closed under composition."""
    found: dict[str, Line] = {}
    for entry in _text(owner).splitlines():
        if '"closed": true' in entry:
            ((key, value),) = json.loads("{" + entry.rstrip(",") + "}").items()
            found[key] = _line(value, _path(owner))
    return found


def lists_module(owner: str, module: str) -> bool:
    """Tell whether `owner` has a line for anything in `module` or below it."""
    text = _text(owner)
    return f'\n  "{module}:' in text or f'\n  "{module}.' in text


def verdict(module: str, name: str, target: str, origin: str, line: Line) -> Verdict:
    """Return the verdict that a line gives on a global.

    Parameters
    ----------
    module, name : str
        As the file names it.
    target : str
        Canonical identity, ``module:qualname``.
    origin : str
        File that the module of `target` is loaded from, or ``""``.
    line : Line
    """
    evidence = f"base policy: {line.why} [{line.source}]"
    reasons = {} if line.ops else {"*": line.why}
    traits = {**line.traits, "closed": True} if line.closed else line.traits
    grants = dict.fromkeys(line.ops, evidence)
    return Verdict(
        module, name, line.kind, target, grants, reasons, line.rule, traits, origin, (line.file,)
    )
