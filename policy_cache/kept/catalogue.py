"""Policies as a whole, for people and other tools: what is kept, compared, verified and locked."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from policy_cache import policies
from policy_cache.kept import entries, folders, store
from policy_cache.model import (
    ABSENT,
    CALL,
    CONSTRUCT,
    DEFERRED,
    INERT,
    REFER,
    TEXTLESS,
    UNRESOLVED,
    Verdict,
)
from policy_cache.source.distributions import DISTRIBUTION
from policy_cache.source.locate import locate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LOCK_SCHEMA = 1
_SKIPPED_FOLDERS = frozenset(["tests", "test", "testing", "__pycache__"])


class Kept(NamedTuple):
    """The policy of one distribution as it is kept.

    Attributes
    ----------
    owner : entries.Owner
        Whose it is.
    path : str
        Where it is kept.
    verdicts : dict
        Global to verdict.
    counts : bool
        Whether it is of the installation that is there now, and of this analysis.
    """

    owner: entries.Owner
    path: str
    verdicts: dict[str, dict[str, Any]]
    counts: bool


class Judged(NamedTuple):
    """What judging a whole distribution gave: how many globals, how many are granted something."""

    distribution: str
    version: str
    globals: int
    granted: int


def kept(distribution: str = "", version: str = "") -> list[Kept]:
    """Return the policies that are kept, those that count last.

    Parameters
    ----------
    distribution, version : str
        Only these; all by default.
    """
    places = [(folder, True) for folder in store.shared_folders()]
    found = []
    for folder, shared in [*places, (store.cache_folder(), False)]:
        for path, entry in store.entry_files(folder, shared):
            owner = entry.owner
            if distribution and _normal(owner.name) != _normal(distribution):
                continue
            if not version or owner.version == version:
                counts = _is_here(owner) and entries.fingerprint(owner) == entry.fingerprint
                found.append(Kept(owner, path, entry.verdicts, counts))
    return sorted(found, key=lambda policy: (policy.counts, policy.owner.name.lower()))


def _is_here(owner: entries.Owner) -> bool:
    """Tell whether this interpreter finds the distribution, and not another environment's."""
    return owner.root in sys.path and os.path.exists(owner.record)


def _normal(name: str) -> str:
    """Return a distribution's name in its canonical form (PEP 503)."""
    import re

    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> list[str]:
    """Return the names of all distributions that are installed."""
    from importlib_metadata import distributions

    names = {found.name for found in distributions() if found.name}
    return sorted(names, key=str.lower)


def judge_all(distribution: str) -> Judged | None:
    """Judge every class and reducer target of a distribution, and keep the verdicts.

    Parameters
    ----------
    distribution : str
        Its name.

    Returns
    -------
    Judged or None
        None if no such distribution is installed.
    """
    from importlib_metadata import PackageNotFoundError
    from importlib_metadata import distribution as describe

    try:
        found = describe(distribution)
    except (PackageNotFoundError, ValueError):
        return None
    globals_, some = 0, 0
    for module in _modules(str(file) for file in found.files or ()):
        located = locate(module)
        if located is None or located.owner.kind != DISTRIBUTION:
            continue
        for name in [*_classes(module), *_functions_of_reducers(module)]:
            verdict = policies.verdict(module, name)
            for operation in verdict.traits.get(DEFERRED, ()):
                verdict = policies.verdict(module, name, operation)
            globals_ += verdict.kind != ABSENT
            some += bool(verdict.grants)
    policies.flush()
    return Judged(found.name, found.version, globals_, some)


def _modules(files: Iterable[str]) -> Iterator[str]:
    """Return the modules among the files of a distribution, its own tests left aside."""
    for file in files:
        parts = file.replace(os.sep, "/").split("/")
        if not parts[-1].endswith(".py") or _SKIPPED_FOLDERS.intersection(parts):
            continue
        parts[-1] = parts[-1][: -len(".py")]
        if parts[-1] in ("__init__", "__main__"):
            parts.pop()
        if parts and all(part.isidentifier() for part in parts):
            yield ".".join(parts)


def _classes(module: str) -> list[str]:
    from policy_cache.source.syntax import source

    found = source(module)
    if found is None:
        return []
    import ast

    return [node.name for node in found.tree.body if isinstance(node, ast.ClassDef)]


def _functions_of_reducers(module: str) -> list[str]:
    located = locate(module)
    if located is None:
        return []
    rows = policies.reductions(located)
    targets = [row.target.partition(":") for row in rows if not row.own_class]
    return sorted({name for home, _, name in targets if home == module})


# -- comparing ------------------------------------------------------------------------------------


def granted(verdict: dict[str, Any]) -> list[str]:
    """Return the operations that a verdict grants, with what their operands must satisfy.

    Parameters
    ----------
    verdict : dict
        As a policy file has it.

    Returns
    -------
    list of str
        Such as ``refer``, ``state (no text)``, ``call (rule numpy_dtype)``.
    """
    traits = verdict.get("traits", {})
    rows = []
    for operation in sorted(verdict.get("grants", ())):
        conditions = [
            text
            for trait, text in ((TEXTLESS, "no text"), (INERT, "nothing callable"))
            if operation in traits.get(trait, ())
        ]
        if verdict.get("rule") and operation != REFER:
            conditions.append(f"rule {verdict['rule']}")
        rows.append(f"{operation} ({', '.join(conditions)})" if conditions else operation)
    return rows


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return how the verdicts on the same globals differ.

    Parameters
    ----------
    before, after : dict
        Global to verdict, as a policy file has them.

    Returns
    -------
    dict
        Global to ``change`` (``changed``, ``new``, ``gone``) and the operations ``granted`` and
        ``refused`` that were not before. A global that one of them does not know is new or gone
        only if it is granted something.
    """
    changes: dict[str, dict[str, Any]] = {}
    for key in sorted({*before, *after}):
        old, new = set(granted(before.get(key, {}))), set(granted(after.get(key, {})))
        if old == new:
            continue
        change = "changed" if key in before and key in after else "new" if key in after else "gone"
        changes[key] = {
            "change": change,
            "granted": sorted(new - old),
            "refused": sorted(old - new),
        }
    return changes


def verify() -> list[dict[str, Any]]:
    """Judge all that is kept and still counts again, from source, and compare.

    Returns
    -------
    list of dict
        Per policy: ``distribution``, ``version``, ``outcome`` (``confirmed``, ``differs``,
        ``stale``, ``elsewhere``: another environment's), how many are ``confirmed`` and
        ``stale``, and the ``differing`` globals.
    """
    found = list(store.entry_files())
    rows = []
    with policies.judging_anew():
        for _, entry in found:
            current, stale = _still_count(entry)
            differing = [key for key, verdict in current.items() if not _is_confirmed(verdict)]
            outcome = "differs" if differing else "stale" if stale else "confirmed"
            if not _is_here(entry.owner):
                outcome = "elsewhere"
            rows.append(
                {
                    "distribution": entry.owner.name,
                    "version": entry.owner.version,
                    "outcome": outcome,
                    "confirmed": len(current) - len(differing),
                    "stale": stale,
                    "differing": differing,
                }
            )
    return rows


def _still_count(entry: entries.Entry) -> tuple[dict[str, Any], int]:
    if not _is_here(entry.owner):
        return {}, 0
    if entries.fingerprint(entry.owner) != entry.fingerprint:
        return {}, len(entry.verdicts)
    keys = list(entry.verdicts)
    current = {key: entry.verdict(key) for key in keys}
    return {k: v for k, v in current.items() if v is not None}, list(current.values()).count(None)


def _is_confirmed(value: dict[str, Any]) -> bool:
    before = Verdict.from_json(value)
    for operation in before.grants:
        if operation not in policies.verdict(before.module, before.name, operation).grants:
            return False
    for operation in before.refusals:
        asked = REFER if operation == "*" else operation
        after = policies.verdict(before.module, before.name, asked)
        if asked in after.grants or asked in after.traits.get(DEFERRED, ()):
            return False
    return True


# -- sharing --------------------------------------------------------------------------------------


def as_pickleball(found: Iterable[Kept]) -> dict[str, dict[str, list[str]]]:
    """Return policies as PickleBall writes them (arXiv 2508.15987): what may be named, and called.

    Parameters
    ----------
    found : iterable of Kept
        What to write.

    Returns
    -------
    dict
        ``distribution`` to ``globals`` and ``reduces``, names dotted. PickleBall's file is about
        one model class; here it is all that is known of the distribution.
    """
    table: dict[str, dict[str, list[str]]] = {}
    for policy in found:
        rows = [Verdict.from_json(value) for value in policy.verdicts.values()]
        named = {f"{row.module}.{row.name}" for row in rows if {REFER, CONSTRUCT} & {*row.grants}}
        called = {f"{row.module}.{row.name}" for row in rows if CALL in row.grants}
        known = table.setdefault(policy.owner.name, {"globals": [], "reduces": []})
        known["globals"] = sorted({*known["globals"], *named})
        known["reduces"] = sorted({*known["reduces"], *called})
    return table


def locked() -> dict[str, Any]:
    """Return the policies of the environment without paths and times, to be reviewed and kept."""
    table: dict[str, Any] = {}
    for policy in kept():
        owner = policy.owner
        if not policy.counts:
            continue
        row = table.setdefault(owner.name, {"version": owner.version, "globals": {}})
        for key, verdict in policy.verdicts.items():
            if verdict["kind"] in (ABSENT, UNRESOLVED):
                continue
            row["globals"][key] = {"granted": granted(verdict), "is": verdict["target"]}
    python = ".".join(map(str, sys.version_info[:2]))
    return {"schema": LOCK_SCHEMA, "python": python, "distributions": table}


def lock_changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return in words how an environment differs from the one that was locked.

    Raises
    ------
    ValueError, KeyError, TypeError, AttributeError
        If `before` has not the shape that `locked` gives.
    """
    if before["schema"] != LOCK_SCHEMA:
        raise ValueError(f"its schema is {before['schema']!r}, not {LOCK_SCHEMA}")
    changes = []
    if before["python"] != after["python"]:
        changes.append(f"python {before['python']} is now {after['python']}")
    ours, theirs = after["distributions"], before["distributions"]
    for name in sorted({*ours, *theirs}):
        if name not in ours or name not in theirs:
            changes.append(f"{name} is {'new' if name in ours else 'gone'}")
            continue
        old, new = theirs[name], ours[name]
        if old["version"] != new["version"]:
            changes.append(f"{name} {old['version']} is now {new['version']}")
        for key in sorted({*old["globals"], *new["globals"]}):
            both = [table["globals"].get(key, {}).get("granted") for table in (old, new)]
            if both[0] != both[1]:
                was, now = (", ".join(ops or ()) or "nothing" for ops in both)
                changes.append(f"{key} was granted {was}, now {now}")
    return changes


def clear(distributions: Iterable[str] = ()) -> int:
    """Remove kept policies; return how many files are gone.

    Parameters
    ----------
    distributions : iterable of str
        Only of these; all, and the indexes, by default.
    """
    wanted = {_normal(name) for name in distributions}
    paths = [
        path
        for path, entry in store.entry_files()
        if not wanted or _normal(entry.owner.name) in wanted
    ]
    if not wanted:
        paths += store.index_files()
    for path in paths:
        folders.remove(path)
    return len([path for path in paths if not os.path.lexists(path)])
