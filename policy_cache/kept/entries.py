"""What is known of one distribution, and whether it still counts.

An *entry* is a readable JSON file of verdicts and facts. Every piece of knowledge in it names the
files it was learned from, and counts only as long as each of them has the size and modification
time it had then, or, where the time alone differs (a copied image layer), the same content.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from _thread import RLock
from collections import namedtuple

TYPE_CHECKING = False  # importing ``typing`` costs more than reading a policy
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NamedTuple

    class Stamp(NamedTuple):
        """A file as it looked: its path, size and modification time."""

        path: str
        size: int
        mtime_ns: int

    class Owner(NamedTuple):
        """To whom a module belongs.

        ``kind`` is "distribution", "program" or "stdlib"; ``record`` is the path of the ``RECORD``
        (or ``METADATA``) file, or "" where there is none; ``root`` is the folder on ``sys.path``.
        """

        kind: str
        name: str
        version: str
        record: str
        root: str

else:
    Stamp = namedtuple("Stamp", "path size mtime_ns")
    Owner = namedtuple("Owner", "kind name version record root")

SCHEMA = 1
"""Layout of an entry; a file with another number is treated as absent."""

ANALYSIS_REVISION = 1
"""Raised whenever the analysis could judge the same source differently."""

_TRUST_STAT_SECONDS = 1.0
_CHUNK = 1 << 20

_own_files: str | None = None
_stats: dict[str, tuple[float, Stamp | None]] = {}
lock = RLock()
"""Held while entries, or the store that has them, are read or changed."""


def _forget_lock() -> None:
    """Replace the lock in a forked child, where the thread that held it does not exist."""
    global lock
    lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock)


# Stamps ------------------------------------------------------------------------------------------


def stamp(path: str) -> Stamp | None:
    """Return how a file looks now.

    Parameters
    ----------
    path : str
        The file; links are followed, as the import system does.

    Returns
    -------
    Stamp or None
        None when it cannot be examined or is no regular file.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return Stamp(path, status.st_size, status.st_mtime_ns)


def forget() -> None:
    """Forget how files looked, so that the next question examines them again."""
    _stats.clear()


def recent_stamp(path: str) -> Stamp | None:
    """Return `stamp`, believed for a second: one load asks about the same few files many times."""
    now = time.monotonic()
    known = _stats.get(path)
    if known is not None and now - known[0] < _TRUST_STAT_SECONDS:
        return known[1]
    current = stamp(path)
    _stats[path] = (now, current)
    return current


def _digest(path: str, seed: bytes = b"") -> str | None:
    """Return the SHA-256 of a seed and a file's bytes, None when it cannot be read."""
    import hashlib

    digest = hashlib.sha256(seed)
    if path:
        try:
            with open(path, "rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        except (OSError, ValueError):
            return None
    return digest.hexdigest()


def interpreter() -> list[Any]:
    """Return what makes verdicts of one interpreter worthless to another."""
    import _imp

    suffixes = _imp.extension_suffixes()
    abi = suffixes[0] if suffixes else ""
    return [sys.implementation.cache_tag, sys.hexversion, abi, SCHEMA, _analysis()]


def _analysis() -> str:
    """Return what tells this analysis and its base policies from any other: its own files.

    Another release, or an edit in a checkout, judges the same source anew.
    """
    global _own_files
    if _own_files is None:
        rows: list[list[Any]] = []
        places = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
        for place in places:
            with os.scandir(place) as found:
                for file in found:
                    if file.is_dir() and not file.name.startswith("_"):
                        places.append(file.path)
                    elif file.name.endswith((".py", ".json")):
                        told = file.stat()
                        name = file.path[len(places[0]) :]
                        rows.append([name, told.st_size, told.st_mtime_ns])
        from binascii import crc32

        _own_files = f"{ANALYSIS_REVISION}-{crc32(repr(sorted(rows)).encode()):08x}"
    return _own_files


def fingerprint(owner: Owner) -> str:
    """Return what tells one installation of a distribution from every other.

    Parameters
    ----------
    owner : Owner
        Of the distribution. Its ``RECORD`` is read, so that a patched install, which pip writes a
        new one for, is not mistaken for the release.

    Returns
    -------
    str
        A SHA-256 in hexadecimal.
    """
    seed = repr([*interpreter(), *owner]).encode("utf-8", "backslashreplace")
    return _digest(owner.record, seed) or _digest("", seed) or ""


# Entries -----------------------------------------------------------------------------------------


class Entry:
    """What is known of one distribution.

    Attributes
    ----------
    owner : Owner
        Whose it is.
    fingerprint : str
        Which installation of it, see `fingerprint`.
    verdicts : dict
        "module:name" to what was judged, with the list of its evidence files under "files".
    facts : dict
        Name to ``{"value": ..., "files": [...]}``: what holds for the distribution as a whole.
    files : dict
        Path of an evidence file to its size, modification time (ns) and SHA-256.
    dirty : bool
        Whether it differs from what is on disk.
    """

    __slots__ = ("_dropped", "dirty", "facts", "files", "fingerprint", "owner", "verdicts")

    def __init__(self, owner: Owner, mark: str) -> None:
        self.owner = owner
        self.fingerprint = mark
        self.verdicts: dict[str, dict[str, Any]] = {}
        self.facts: dict[str, dict[str, Any]] = {}
        self.files: dict[str, list[Any]] = {}
        self.dirty = False
        self._dropped: set[tuple[str, str]] = set()

    @property
    def file_name(self) -> str:
        """Name of the entry's file: distribution, version and fingerprint."""
        parts = (self.owner.name or self.owner.kind, self.owner.version or "0")
        readable = "-".join(plain(part) for part in parts)
        return f"{readable}-{self.fingerprint[:12]}.json"

    def verdict(self, key: str) -> dict[str, Any] | None:
        """Return what was judged of a global, if all its evidence is still as it was.

        Parameters
        ----------
        key : str
            "module:name".

        Returns
        -------
        dict or None
            The verdict, not to be changed; None when there is none, or none that still counts.
        """
        with lock:
            return self._current(self.verdicts, key)

    def put(self, key: str, verdict: dict[str, Any]) -> None:
        """Keep what was judged of a global.

        Parameters
        ----------
        key : str
            "module:name".
        verdict : dict
            JSON values; the paths of all files it rests on stand under "files". When one of them
            cannot be read the verdict is not kept: nobody could tell when it stops to count.
        """
        with lock:
            self._keep("verdicts", self.verdicts, key, verdict)

    def fact(self, name: str) -> Any:
        """Return what is known under a name, None when nothing is or it no longer counts.

        Parameters
        ----------
        name : str
            For instance "reducers".

        Returns
        -------
        object
            A JSON value, not to be changed.
        """
        with lock:
            held = self._current(self.facts, name)
            return None if held is None else held["value"]

    def put_fact(self, name: str, value: Any, files: Iterable[str] = ()) -> None:
        """Keep what holds for the distribution as a whole.

        Parameters
        ----------
        name : str
            For instance "reducers".
        value : object
            A JSON value.
        files : iterable of str, optional
            The paths it rests on, besides the distribution's ``RECORD``.
        """
        with lock:
            self._keep("facts", self.facts, name, {"value": value, "files": list(files)})

    def _current(self, table: dict[str, dict[str, Any]], key: str) -> dict[str, Any] | None:
        held = table.get(key)
        if held is None:
            return None
        for path in held["files"]:
            if not self._unchanged(path):
                self._drop_dependents(path)
                return None
        return held

    def _keep(
        self, kind: str, table: dict[str, dict[str, Any]], key: str, value: dict[str, Any]
    ) -> None:
        rows: dict[str, list[Any]] = {}
        for path in value["files"]:
            row = self._row(path)
            if row is None:
                return
            rows[path] = row
        for path, row in rows.items():
            known = self.files.get(path)
            if known is not None and known[2] != row[2]:
                self._drop_dependents(path)
        self.files.update(rows)
        table[key] = value
        self._dropped.discard((kind, key))
        self.dirty = True

    def _row(self, path: str) -> list[Any] | None:
        """Return a file's size, time and content as they are now."""
        current = stamp(path)
        if current is None:
            return None
        known = self.files.get(path)
        if known is not None and known[:2] == [current.size, current.mtime_ns]:
            return known
        content = _digest(path)
        if content is None or stamp(path) != current:  # changed while it was read
            return None
        return [current.size, current.mtime_ns, content]

    def _unchanged(self, path: str) -> bool:
        current = recent_stamp(path)
        row = self.files.get(path)
        if current is None or row is None or current.size != row[0]:
            return False
        if current.mtime_ns == row[1]:
            return True
        # Image layers and copies round or renew times: the content decides.
        if _digest(path) != row[2]:
            return False
        row[1] = current.mtime_ns
        self.dirty = True
        return True

    def _drop_dependents(self, path: str) -> None:
        """Drop all that rests on a file that changed: its row is about to mean something else."""
        for kind, table in (("verdicts", self.verdicts), ("facts", self.facts)):
            for key in [key for key, held in table.items() if path in held["files"]]:
                del table[key]
                self._dropped.add((kind, key))
        self.files.pop(path, None)
        self.dirty = True

    def adopt(self, other: Entry) -> None:
        """Take over what another process learned meanwhile; where both know, ours wins."""
        for kind, ours, theirs in (
            ("verdicts", self.verdicts, other.verdicts),
            ("facts", self.facts, other.facts),
        ):
            for key, held in theirs.items():
                if key in ours or (kind, key) in self._dropped:
                    continue
                rows = {path: other.files[path] for path in held["files"]}
                # Learned from another content of the same file than ours was: not for this table.
                if all(self.files.get(path, row)[2] == row[2] for path, row in rows.items()):
                    ours[key] = held
                    for path, row in rows.items():
                        self.files.setdefault(path, row)

    def to_json(self) -> dict[str, Any]:
        used = {path for held in self.verdicts.values() for path in held["files"]}
        used.update(path for held in self.facts.values() for path in held["files"])
        return {
            "schema": SCHEMA,
            "revision": ANALYSIS_REVISION,
            "fingerprint": self.fingerprint,
            "owner": self.owner._asdict(),
            "files": {path: row for path, row in self.files.items() if path in used},
            "verdicts": self.verdicts,
            "facts": self.facts,
        }

    @classmethod
    def from_json(cls, value: Any) -> Entry | None:
        """Return the entry a file describes, None when it has not exactly the expected shape."""
        if not isinstance(value, dict) or value.get("schema") != SCHEMA:
            return None
        owner, mark = owner_of(value.get("owner")), value.get("fingerprint")
        if owner is None or not isinstance(mark, str) or len(mark) != 64:
            return None
        if value.get("revision") != ANALYSIS_REVISION:
            return None
        files = value.get("files")
        if not isinstance(files, dict) or not all(map(_is_row, files.values())):
            return None
        entry = cls(owner, mark)
        entry.files = files
        for table in ("verdicts", "facts"):
            held = value.get(table)
            if not isinstance(held, dict) or not all(_rests_on(v, files) for v in held.values()):
                return None
            if table == "facts" and not all("value" in fact for fact in held.values()):
                return None
            setattr(entry, table, held)
        return entry


def plain(text: str) -> str:
    """Return a text that can stand in a file name on every system."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._+!") else "_" for c in text)
    return kept.lstrip(".")[:80] or "_"


def owner_of(value: Any) -> Owner | None:
    """Return the owner that a JSON object describes, None when it describes none."""
    if not isinstance(value, dict):
        return None
    fields = [value.get(name) for name in Owner._fields]
    if not all(isinstance(field, str) for field in fields):
        return None
    return Owner(*map(str, fields))


def _is_row(value: Any) -> bool:
    return isinstance(value, list) and [type(part) for part in value] == [int, int, str]


def _rests_on(value: Any, files: dict[str, Any]) -> bool:
    """Return whether a value names its files, all of them known ones."""
    if not isinstance(value, dict) or not isinstance(value.get("files"), list):
        return False
    return all(isinstance(path, str) and path in files for path in value["files"])
