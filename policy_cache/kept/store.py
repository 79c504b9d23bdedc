"""Policies on disk: what was learned of a distribution, kept for the next process.

One folder per user holds one readable JSON file per distribution, version and fingerprint (an
*entry*), and one small index per environment that leads from a top-level import name to its entry
without asking ``importlib.metadata``. Nothing in these files is executed, and they are no way in:
a file or folder that someone else owns or could have written is ignored, and said so once.

What is in an entry, and how long it counts, is the matter of `kept.entries`. A store that cannot
be written works from memory.
"""

from __future__ import annotations

import os
import sys
from collections import namedtuple

from policy_cache.kept import entries, folders
from policy_cache.kept.entries import Entry, Owner, fingerprint, owner_of, recent_stamp, stamp

TYPE_CHECKING = False  # importing ``typing`` costs more than reading a policy
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, NamedTuple

    class Summary(NamedTuple):
        """One entry on disk, for people: whose, where, how many globals, how many bytes."""

        distribution: str
        version: str
        path: str
        globals: int
        size: int

else:
    Summary = namedtuple("Summary", "distribution version path globals size")

_LONGEST_WAIT = 10.0
_MOST_TURNS = 64
"""A process that learns something new in load after load must not keep others from learning."""


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
        self._index_stamp: entries.Stamp | None = None
        self._search_path: list[str] = []
        self._first: dict[tuple[str, str], bool] = {}
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
            ``sys.path``: an owner counts only while its folder stands there, and is the first one
            with the package: another process may have had another copy first.

        Returns
        -------
        Entry or None
            None when nothing is known, or the distribution was changed, moved or removed since.
        """
        with entries.lock:
            row = self._rows.get(top_level)
            if row is None:
                self._read_index()
                row = self._rows.get(top_level)
            if row is None:
                return None
            owner = owner_of(row)
            if owner is None or not self._is_first(top_level, owner.root, search_path):
                return None
            if not self._installed(owner, row):
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
        with entries.lock:
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
        with entries.lock:
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
        with entries.lock:
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
        with entries.lock:
            return self._untold.pop(0) if self._untold else None

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._untold.append(text)

    def _is_first(self, package: str, root: str, search_path: Sequence[str]) -> bool:
        """Tell whether a folder of the path is the first one with a package; asked very often."""
        if self._search_path != search_path:
            self._search_path = [*search_path]
            self._first.clear()
        known = self._first.get((package, root))
        if known is None:
            known = root in search_path and not any(
                os.path.exists(os.path.join(folder, package, "__init__.py"))
                or os.path.exists(os.path.join(folder, f"{package}.py"))
                for folder in self._search_path[: self._search_path.index(root)]
                if isinstance(folder, str)  # the import system looks at no others
            )
            self._first[package, root] = known
        return known

    def _installed(self, owner: Owner, row: dict[str, Any]) -> bool:
        """Return whether the owner's RECORD is the one that was seen."""
        if not owner.record:
            return True
        current = recent_stamp(owner.record)
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
        return Entry.from_json(folders.read_json(path, self._tell, self._is_shared))

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
            entry.adopt(other)
        folders.write_json(self.root, name, entry.to_json())
        entry.dirty = False

    def _write_index(self) -> None:
        self._index_stamp = None
        self._read_index()
        path = self._index_path
        value = {"schema": entries.SCHEMA, "environment": _environment(), "packages": self._rows}
        folders.write_json(self.root, os.path.basename(path), value)
        self._index_stamp = stamp(path)
        self._own_rows.clear()
        used = {row["entry"] for row in self._rows.values()}
        for name in self._superseded - used:
            folders.remove(os.path.join(self.root, name))
            self._entries.pop(name, None)
        self._superseded.clear()


def _environment() -> list[Any]:
    return [sys.prefix, *entries.interpreter()]


def _index_rows(value: Any) -> dict[str, dict[str, Any]]:
    """Return the rows of an index file, none when it is not this environment's or misshapen."""
    if not isinstance(value, dict) or value.get("schema") != entries.SCHEMA:
        return {}
    packages = value.get("packages")
    if value.get("environment") != _environment() or not isinstance(packages, dict):
        return {}
    return {name: row for name, row in packages.items() if _is_index_row(row)}


def _is_index_row(row: Any) -> bool:
    if owner_of(row) is None:
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
    return name.endswith(".json") and len(parts) == 3 and all(entries.plain(p) == p for p in parts)


def summaries(root: str | None = None, shared: bool = False) -> Iterator[Summary]:
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
    for name in filter(_is_entry_name, _names(folder, shared)):
        path = os.path.join(folder, name)
        entry = Entry.from_json(folders.read_json(path, lambda reason: None, shared))
        if entry is not None:
            yield path, entry


def index_files() -> list[str]:
    """Return the paths of the indexes of this user's environments, and of what is no entry."""
    folder = cache_folder()
    kept = {os.path.basename(path) for path, _ in entry_files()}
    return [
        os.path.join(folder, name)
        for name in _names(folder)
        if name not in kept
        and (_is_entry_name(name) or (name.startswith("index-") and name.endswith(".json")))
    ]


def _names(folder: str, shared: bool = False) -> list[str]:
    """Return what a folder holds, if the folder is believed."""
    if not folder or folders.folder_problem(folder, shared) is not None:
        return []
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
