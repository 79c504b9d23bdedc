"""Policies on disk: what was learned of a distribution, kept for the next process.

One folder per user holds one readable JSON file per distribution, version and fingerprint (an
*entry*), and one small index per environment that leads from a top-level import name to its entry
without asking ``importlib.metadata``. Nothing in these files is executed, and they are no way in:
a file or folder that someone else owns or could have written is ignored, and said so once.

Every piece of knowledge names the files it was learned from. It counts only as long as each of
them has the size and modification time it had then, or, where the time alone differs (a copied
image layer), the same content. A store that cannot be written works from memory.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from _thread import RLock
from collections import namedtuple

from policy_cache import folders

TYPE_CHECKING = False  # importing ``typing`` costs more than reading a policy
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
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

    class Summary(NamedTuple):
        """One entry on disk, for people: whose, where, how many globals, how many bytes."""

        distribution: str
        version: str
        path: str
        globals: int
        size: int

else:
    Stamp = namedtuple("Stamp", "path size mtime_ns")
    Owner = namedtuple("Owner", "kind name version record root")
    Summary = namedtuple("Summary", "distribution version path globals size")

SCHEMA = 1
"""Layout of the files below; a file with another number is treated as absent."""

ANALYSIS_REVISION = 1
"""Raised whenever the analysis could judge the same source differently."""

_TRUST_STAT_SECONDS = 1.0
_LONGEST_WAIT = 10.0
_MOST_TURNS = 64
"""A process that learns something new in load after load must not keep others from learning."""
_CHUNK = 1 << 20

_own_files: str | None = None
_lock = RLock()
_stats: dict[str, tuple[float, Stamp | None]] = {}


def _forget_locks() -> None:
    """Replace the lock in a forked child, where the thread that held it does not exist."""
    global _lock
    _lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_locks)


def cache_folder() -> str:
    """Return the folder of this user's policies, "" when there is none.

    Returns
    -------
    str
        ``PICKLEBALL_CACHE`` if it is set to an absolute path and the environment counts, or
        platformdirs' ``user_cache_dir("pickleball-auto")``.
    """
    return folders.user_folder("cache", "PICKLEBALL_CACHE")


def shared_folders() -> list[str]:
    """Return the folders of policies that others have made for this machine, to be read only.

    Returns
    -------
    list of str
        The absolute paths in ``PICKLEBALL_POLICY_PATH``, if the environment counts: folders that
        `pickleball warm` filled for an image or a cluster. One counts only while root or the user
        owns it and nobody else can write to it.
    """
    if sys.flags.ignore_environment:
        return []
    paths = os.environ.get("PICKLEBALL_POLICY_PATH", "").split(os.pathsep)
    return [path for path in paths if os.path.isabs(path)]


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


def _recent_stamp(path: str) -> Stamp | None:
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


def _interpreter() -> list[Any]:
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
        folder = os.path.dirname(os.path.abspath(__file__))
        rows = []
        for place in (folder, os.path.join(folder, "base")):
            with os.scandir(place) as entries_of_place:
                rows += [
                    [entry.name, entry.stat().st_size, entry.stat().st_mtime_ns]
                    for entry in entries_of_place
                    if entry.name.endswith((".py", ".json"))
                ]
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
    seed = repr([*_interpreter(), *owner]).encode("utf-8", "backslashreplace")
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
        readable = "-".join(_plain(part) for part in parts)
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
        with _lock:
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
        with _lock:
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
        with _lock:
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
        with _lock:
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
        current = _recent_stamp(path)
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

    def _adopt(self, other: Entry) -> None:
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

    def _to_json(self) -> dict[str, Any]:
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
    def _from_json(cls, value: Any) -> Entry | None:
        """Return the entry a file describes, None when it has not exactly the expected shape."""
        if not isinstance(value, dict) or value.get("schema") != SCHEMA:
            return None
        owner, mark = _owner(value.get("owner")), value.get("fingerprint")
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


def _plain(text: str) -> str:
    """Return a text that can stand in a file name on every system."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._+!") else "_" for c in text)
    return kept.lstrip(".")[:80] or "_"


def _owner(value: Any) -> Owner | None:
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


# The store ---------------------------------------------------------------------------------------


class Store:
    """All entries of this environment.

    Parameters
    ----------
    root : str, optional
        The folder, `cache_folder` by default.
    is_shared : bool
        Whether it is one of `shared_folders`: read only, and root may own it.
    """

    def __init__(self, root: str | None = None, is_shared: bool = False) -> None:
        self.root = cache_folder() if root is None else root
        self._is_shared = is_shared
        self._shared: list[Store] | None = None
        self._turn: folders.locked | None = None
        self._turns = 0
        self._entries: dict[str, Entry] = {}
        self._rows: dict[str, dict[str, Any]] = {}
        self._own_rows: set[str] = set()
        self._index_stamp: Stamp | None = None
        self._superseded: set[str] = set()
        self._told: set[str] = set()
        self._untold: list[str] = []

    def find(self, top_level: str, search_path: Sequence[str]) -> Entry | None:
        """Return what is known of the distribution that owns an import package.

        Parameters
        ----------
        top_level : str
            The name under which the owner was created.
        search_path : sequence of str
            ``sys.path``: an owner counts only while its folder stands there.

        Returns
        -------
        Entry or None
            None when nothing is known, or the distribution was changed, moved or removed since.
        """
        with _lock:
            row = self._rows.get(top_level)
            if row is None:
                self._read_index()
                row = self._rows.get(top_level)
            if row is None:
                return None
            owner = _owner(row)
            if owner is None or owner.root not in search_path or not self._installed(owner, row):
                return None
            return self._load(row["entry"], row["fingerprint"])

    def create(self, top_level: str, owner: Owner) -> Entry:
        """Return an entry for an owner, with whatever is on disk for this very installation.

        Parameters
        ----------
        top_level : str
            The name under which `find` is to find it.
        owner : Owner
            Whose it is.

        Returns
        -------
        Entry
            In memory and, after the next `flush`, on disk.
        """
        with _lock:
            self._read_index()
            current = stamp(owner.record) if owner.record else None
            fresh = Entry(owner, fingerprint(owner))
            entry = self._load(fresh.file_name, fresh.fingerprint) or fresh
            self._entries[entry.file_name] = entry
            before = self._rows.get(top_level)
            # Another version stays, to be compared; the same one, patched, has taken its place.
            same = before is not None and before["version"] == owner.version
            if before is not None and same and before["entry"] != entry.file_name:
                self._superseded.add(before["entry"])
            self._rows[top_level] = {
                **owner._asdict(),
                "size": current.size if current else 0,
                "mtime_ns": current.mtime_ns if current else 0,
                "fingerprint": entry.fingerprint,
                "entry": entry.file_name,
            }
            self._own_rows.add(top_level)
            return entry

    def flush(self) -> None:
        """Write what is new. Never raises: what cannot be written stays in memory (`problem`)."""
        if self._is_shared:
            return
        with _lock:
            dirty = [entry for entry in self._entries.values() if entry.dirty]
            if not dirty and not self._own_rows:
                return
            try:
                folders.make_folder(self.root)
                reason = folders.folder_problem(self.root)
                if reason is not None:
                    raise OSError(reason)
                with folders.locked(self.root, "store"):
                    for entry in dirty:
                        self._write_entry(entry)
                    if self._own_rows:
                        self._write_index()
            except (OSError, ValueError, TypeError, RecursionError) as error:
                self._tell(f"policies are not kept: {error}")

    def shared(self) -> list[Store]:
        """Return the stores of `shared_folders`, which are asked after this one."""
        if self._shared is None:
            self._shared = [Store(folder, is_shared=True) for folder in shared_folders()]
        return self._shared

    def begin_turn(self) -> bool:
        """Wait, for a bounded time and once until `end_turn`, for another process that learns.

        Returns
        -------
        bool
            Whether this process has had to ask: others may have written meanwhile.
        """
        if self._turn is not None or self._turns >= _MOST_TURNS or not self._believed():
            return False
        try:
            folders.make_folder(self.root)
        except OSError:
            return False
        self._turns += 1
        self._turn = folders.locked(self.root, "turn", _LONGEST_WAIT)
        self._turn.__enter__()
        with _lock:
            for name in [name for name, entry in self._entries.items() if not entry.dirty]:
                del self._entries[name]
            self._rows = {name: self._rows[name] for name in self._own_rows}
            self._index_stamp = None
        return True

    def end_turn(self) -> None:
        """Let others learn."""
        if self._turn is not None:
            self._turn.__exit__()
            self._turn = None

    def problem(self) -> str | None:
        """Return what went wrong since this was last asked, None if nothing did.

        Returns
        -------
        str or None
            One text per problem; each is told once.
        """
        with _lock:
            return self._untold.pop(0) if self._untold else None

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._untold.append(text)

    def _installed(self, owner: Owner, row: dict[str, Any]) -> bool:
        """Return whether the owner's RECORD is the one that was seen."""
        if not owner.record:
            return True
        current = _recent_stamp(owner.record)
        if current is None:
            return False
        if (current.size, current.mtime_ns) == (row["size"], row["mtime_ns"]):
            return True
        if current.size != row["size"] or fingerprint(owner) != row["fingerprint"]:
            return False
        row["mtime_ns"] = current.mtime_ns
        return True

    def _load(self, name: str, mark: str) -> Entry | None:
        """Return an entry of this name and fingerprint from memory or disk."""
        known = self._entries.get(name)
        if known is not None:
            return known if known.fingerprint == mark else None
        entry = self._read_entry(name)
        if entry is None or entry.fingerprint != mark or entry.file_name != name:
            return None
        self._entries[name] = entry
        return entry

    def _believed(self) -> bool:
        shared = self._is_shared
        reason = folders.folder_problem(self.root, shared) if self.root else "no folder"
        if reason is not None and self.root:
            self._tell(f"ignored: {reason}")
        return reason is None

    def _read_entry(self, name: str) -> Entry | None:
        if not self._believed():
            return None
        path = os.path.join(self.root, name)
        return Entry._from_json(folders.read_json(path, self._tell, self._is_shared))

    @property
    def _index_path(self) -> str:
        from binascii import crc32

        environment = repr(_environment()).encode("utf-8", "backslashreplace")
        return os.path.join(self.root, f"index-{crc32(environment):08x}.json")

    def _read_index(self) -> None:
        """Take over the rows on disk that this process has not made itself."""
        if not self._believed():
            return
        path = self._index_path
        current = stamp(path)
        if current is not None and current == self._index_stamp:
            return
        self._index_stamp = current
        own = {name: self._rows[name] for name in self._own_rows}
        rows = _index_rows(folders.read_json(path, self._tell, self._is_shared))
        self._rows = {**rows, **own}

    def _write_entry(self, entry: Entry) -> None:
        name = entry.file_name
        other = self._read_entry(name)
        if other is not None and other.fingerprint == entry.fingerprint:
            entry._adopt(other)
        folders.write_json(self.root, name, entry._to_json())
        entry.dirty = False

    def _write_index(self) -> None:
        self._index_stamp = None
        self._read_index()
        path = self._index_path
        value = {"schema": SCHEMA, "environment": _environment(), "packages": self._rows}
        folders.write_json(self.root, os.path.basename(path), value)
        self._index_stamp = stamp(path)
        self._own_rows.clear()
        used = {row["entry"] for row in self._rows.values()}
        for name in self._superseded - used:
            folders.remove(os.path.join(self.root, name))
            self._entries.pop(name, None)
        self._superseded.clear()


def _environment() -> list[Any]:
    return [sys.prefix, *_interpreter()]


def _index_rows(value: Any) -> dict[str, dict[str, Any]]:
    """Return the rows of an index file, none when it is not this environment's or misshapen."""
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        return {}
    packages = value.get("packages")
    if value.get("environment") != _environment() or not isinstance(packages, dict):
        return {}
    return {name: row for name, row in packages.items() if _is_index_row(row)}


def _is_index_row(row: Any) -> bool:
    if _owner(row) is None:
        return False
    name, mark = row.get("entry"), row.get("fingerprint")
    if not isinstance(name, str) or not isinstance(mark, str):
        return False
    if type(row.get("size")) is not int or type(row.get("mtime_ns")) is not int:
        return False
    return _is_entry_name(name)


def _is_entry_name(name: str) -> bool:
    """Return whether this is `Entry.file_name` of some entry, and so no way out of the folder."""
    parts = name[: -len(".json")].split("-")
    return name.endswith(".json") and len(parts) == 3 and all(_plain(p) == p for p in parts)


def entries(root: str | None = None, shared: bool = False) -> Iterator[Summary]:
    """Go through the entries on disk, for people.

    Parameters
    ----------
    root : str, optional
        The folder, `cache_folder` by default.
    shared : bool
        Whether root may own it.

    Yields
    ------
    Summary
        Distribution, version, path, number of globals and size of each.
    """
    for path, entry in entry_files(root, shared):
        current = stamp(path)
        if current is not None:
            owner = entry.owner
            yield Summary(owner.name, owner.version, path, len(entry.verdicts), current.size)


def entry_files(root: str | None = None, shared: bool = False) -> Iterator[tuple[str, Entry]]:
    """Go through the entries on disk, as they were written: nothing says that they still count.

    Parameters
    ----------
    root : str, optional
        The folder, `cache_folder` by default.
    shared : bool
        Whether root may own it.

    Yields
    ------
    tuple of (str, Entry)
    """
    folder = cache_folder() if root is None else root
    if not folder or folders.folder_problem(folder, shared) is not None:
        return
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        if not _is_entry_name(name):
            continue
        path = os.path.join(folder, name)
        entry = Entry._from_json(folders.read_json(path, lambda reason: None, shared))
        if entry is not None:
            yield path, entry


def index_files() -> list[str]:
    """Return the paths of the indexes of this user's environments, and of what is no entry."""
    folder = cache_folder()
    if not folder or folders.folder_problem(folder) is not None:
        return []
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    kept = {os.path.basename(path) for path, _ in entry_files()}
    ours = [name for name in names if name.endswith(".json") and name not in kept]
    return [
        os.path.join(folder, name)
        for name in ours
        if name.startswith("index-") or _is_entry_name(name)
    ]
