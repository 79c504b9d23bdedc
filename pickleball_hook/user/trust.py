"""Files that the user trusts: they load as plain Python loads them.

Trust is in a content (SHA-256 of the whole file), in a folder that the user alone can write to,
or, for the length of a ``with`` block, in one file. What was hashed is what is loaded: a small
file is read once, hashed and loaded from memory; of a larger one, which cannot be held, the user
must be the only one who can write to it, and it is loaded from the very descriptor.
"""

from __future__ import annotations

import io
import os
import stat
from contextvars import ContextVar

from pickleball_hook import context
from pickleball_hook.user import settings
from policy_cache.kept import folders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

SMALL = 1 << 26
"""Up to here a file is loaded from the bytes that were hashed."""

_CHUNK = 1 << 20
_CACHE = "hashes.json"
_MOST_CACHED = 4096
_PLAIN_FILES = (io.BufferedReader, io.FileIO, io.BufferedRandom)

_vouching: ContextVar[bool] = ContextVar("pickleball_vouching", default=False)
_also: ContextVar[frozenset[str]] = ContextVar("pickleball_also_trusted", default=frozenset())


def is_vouching() -> bool:
    """Tell whether a trusted file is being loaded in this task."""
    return _vouching.get()


class vouching:
    """Context of the load of a trusted file."""

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token = _vouching.set(True)

    def __exit__(self, *error: object) -> None:
        _vouching.reset(self._token)


class also:
    """Context in which one more content is trusted.

    Parameters
    ----------
    path : path-like
        A regular file; what it holds now is trusted, wherever it is loaded from.

    Raises
    ------
    OSError, ValueError
        If it cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:
            if not is_regular(descriptor):
                raise ValueError(f"{os.fspath(path)} is not a regular file")
            self._digest = digest_of(file)

    def __enter__(self) -> None:
        self._token = _also.set(_also.get() | {self._digest})

    def __exit__(self, *error: object) -> None:
        _also.reset(self._token)


def trusts_any() -> bool:
    """Tell whether anything is trusted at all: nothing is looked at otherwise."""
    return bool(settings.trusted_files() or settings.trusted_folders() or _also.get())


def private_copy(file: Any) -> io.BytesIO | None:
    """Return the content of a trusted open file, from memory and where the file stands.

    Parameters
    ----------
    file : object
        A file object.

    Returns
    -------
    io.BytesIO or None
        None if it is no plain small file, or not trusted by its content.
    """
    if type(file) not in _PLAIN_FILES:
        return None
    descriptor = _descriptor(file)
    if descriptor is None or not _may_be_trusted(os.fstat(descriptor)):
        return None
    size = os.fstat(descriptor).st_size
    if size > SMALL:
        return None
    import hashlib

    position = file.tell()
    file.seek(0)
    data = file.read()
    file.seek(position)
    if hashlib.sha256(data).hexdigest() not in _digests():
        return None
    copy = io.BytesIO(data)
    copy.seek(position)
    return copy


def covers(file: Any) -> bool:
    """Tell whether an open file is trusted as it stands on disk.

    True only for a file that the user alone can write to: what is loaded later is then what was
    looked at.
    """
    descriptor = _descriptor(file)
    if descriptor is None:
        return False
    status = os.fstat(descriptor)
    path = str(getattr(file, "name", ""))
    if folders.distrust(status, path) is not None or not stat.S_ISREG(status.st_mode):
        return False
    if _in_trusted_folder(path, status):
        return True
    return _may_be_trusted(status) and _cached_digest(descriptor, status) in _digests()


def instead(file: Any, in_memory: bool) -> Any:
    """Return what a loader may be given instead of an untried file, None if it is not trusted.

    Parameters
    ----------
    file : object
        The path or file object that the loader was given.
    in_memory : bool
        Whether a file in memory will do; else only a file that the user alone can write to is
        trusted, and loaded from where it is.

    Returns
    -------
    object
        The bytes that were hashed, as a file, or `file` itself.
    """
    if context.current() is not None or not trusts_any():
        return None
    if not isinstance(file, (str, os.PathLike)):
        copy = private_copy(file) if in_memory else None
        return copy or (file if covers(file) else None)
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError):
        return None
    with open(descriptor, "rb") as found:
        if not is_regular(descriptor):
            return None
        copy = private_copy(found) if in_memory else None
        if copy is not None:
            return copy
        return file if covers(_Named(found, os.path.abspath(file))) else None


class _Named:
    """An open file under the path by which it was opened."""

    def __init__(self, file: Any, name: str) -> None:
        self.fileno = file.fileno
        self.name = name


def is_regular(descriptor: int) -> bool:
    """Tell whether a descriptor is of a regular file."""
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


def digest_of(file: Any) -> str:
    """Return the SHA-256 of all that a file holds from where it stands."""
    import hashlib

    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def reason_against_folder(path: str) -> str:
    """Return why a folder cannot be trusted, ``""`` if it can."""
    try:
        status = os.lstat(path)
    except OSError as error:
        return str(error)
    if not stat.S_ISDIR(status.st_mode):
        return f"{path} is not a folder"
    return folders.distrust(status, path) or ""


def _descriptor(file: Any) -> int | None:
    try:
        descriptor = file.fileno()
    except Exception:  # no file of the system's
        return None
    return descriptor if type(descriptor) is int and is_regular(descriptor) else None


def _digests() -> frozenset[str]:
    return _also.get() | settings.trusted_files().keys()


def _may_be_trusted(status: os.stat_result) -> bool:
    """Spare the hashing of files whose size no trusted file has."""
    return bool(_also.get()) or status.st_size in settings.trusted_files().values()


def _in_trusted_folder(path: str, status: os.stat_result) -> bool:
    """Tell whether a file lies under a trusted folder, with the user's own folders only between."""
    trusted = settings.trusted_folders()
    if not trusted or not path:
        return False
    real = os.path.realpath(path)
    try:
        found = os.lstat(real)
    except (OSError, ValueError):
        return False
    if (found.st_dev, found.st_ino) != (status.st_dev, status.st_ino):
        return False
    for folder in _above(real):
        if reason_against_folder(folder):
            return False
        if folder in trusted:
            return True
    return False


def _above(path: str) -> Iterator[str]:
    folder = os.path.dirname(path)
    while folder != os.path.dirname(folder):
        yield folder
        folder = os.path.dirname(folder)


# -- hashes that are kept -------------------------------------------------------------------------


def _cached_digest(descriptor: int, status: os.stat_result) -> str:
    """Return a file's hash; of one that was hashed before and has not changed, the one known.

    The time of the last change (``st_ctime``) is not for a program to set.
    """
    folder = folders.user_folder("cache", "PICKLEBALL_CACHE")
    path = os.path.join(folder, _CACHE) if folder else ""
    key = f"{status.st_dev}:{status.st_ino}"
    stamp = [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    table = _table(folder, path)
    row = table.get(key)
    if isinstance(row, list) and row[:3] == stamp and isinstance(row[-1], str):
        return row[-1]
    with open(os.dup(descriptor), "rb") as file:
        position = file.tell()
        file.seek(0)
        try:
            digest = digest_of(file)
        finally:
            file.seek(position)
    now = os.fstat(descriptor)
    if [now.st_size, now.st_mtime_ns, now.st_ctime_ns] != stamp:
        return ""  # it changed while it was read
    kept = dict(list(table.items())[-_MOST_CACHED:])
    kept[key] = [*stamp, digest]
    try:
        if path:
            folders.make_folder(folder)
            if folders.folder_problem(folder) is None:
                folders.write_json(folder, _CACHE, kept)
    except (OSError, ValueError):
        pass  # it is hashed again next time
    return digest


def _table(folder: str, path: str) -> dict[str, Any]:
    if not path or folders.folder_problem(folder) is not None:
        return {}
    value = folders.read_json(path, lambda reason: None)
    return value if isinstance(value, dict) else {}
