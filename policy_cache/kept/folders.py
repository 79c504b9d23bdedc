"""The user's own folders and files: where they are, and whether they are to be believed.

Policies, settings and records stand in files of this user alone. What another user owns, or could
have written, is ignored: it is no way in. Files are written whole or not at all.
"""

from __future__ import annotations

import os
import stat
import sys
import time

TYPE_CHECKING = False  # importing ``typing`` costs more than reading a policy
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LARGEST_FILE = 64 * 1024 * 1024
"""Nothing larger is read: no policy comes near it, and memory is not a file's to take."""

_APPLICATION = "pickleball-auto"

# The XDG base directory specification, which platformdirs follows on Linux: variable and default.
_XDG = {
    "cache": ("XDG_CACHE_HOME", ".cache"),
    "config": ("XDG_CONFIG_HOME", ".config"),
    "state": ("XDG_STATE_HOME", os.path.join(".local", "state")),
}


def user_folder(kind: str, variable: str | None = None) -> str:
    """Return this user's folder of a kind, "" when there is none to be had.

    On Linux the answer follows from two variables (XDG base directory specification), so that a
    warm load need not import platformdirs, which costs as much as all else that it does.

    Parameters
    ----------
    kind : str
        "cache", "config" or "state".
    variable : str, optional
        An environment variable that overrides it with an absolute path. It is ignored under
        ``-E`` and ``-I``, and when its value is relative: what holds depends on no working folder.

    Returns
    -------
    str
        An absolute path, which need not exist.
    """
    if variable is not None and not sys.flags.ignore_environment:
        override = os.environ.get(variable, "")
        if os.path.isabs(override):
            return override
    name, default = _XDG[kind]
    home = os.environ.get("HOME", "")
    if sys.platform == "linux" and os.path.isabs(home) and not hasattr(sys, "getandroidapilevel"):
        base = os.environ.get(name, "")
        if not os.path.isabs(base):
            base = os.path.join(home, default)
        return os.path.join(base, _APPLICATION)
    try:
        import platformdirs

        folder: str = getattr(platformdirs, f"user_{kind}_dir")(_APPLICATION, appauthor=False)
    except (ImportError, RuntimeError, OSError):
        return ""
    return folder if os.path.isabs(folder) else ""


def distrust(status: os.stat_result, path: str, shared: bool = False) -> str | None:
    """Say why what someone else could have written must not be believed.

    Parameters
    ----------
    status : os.stat_result
        Of the file or folder itself (``lstat``, ``fstat``).
    path : str
        For the message.
    shared : bool
        Whether it may be root's as well.

    Returns
    -------
    str or None
        The reason, or None if it is the user's own. Systems without POSIX owners have no answer.
    """
    if stat.S_ISLNK(status.st_mode):
        return f"{path} is a symbolic link"
    if os.name != "posix":
        return None
    if status.st_uid != os.geteuid() and not (shared and status.st_uid == 0):
        return f"{path} belongs to another user (uid {status.st_uid})"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"{path} can be written by others (mode {stat.S_IMODE(status.st_mode):o})"
    return None


def folder_problem(folder: str, shared: bool = False) -> str | None:
    """Say why a folder must not be used; an absent one is no problem.

    Parameters
    ----------
    folder : str
        Its path.
    shared : bool
        Whether it may be root's as well.

    Returns
    -------
    str or None
        The reason, or None.
    """
    try:
        status = os.lstat(folder)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        return f"{folder} cannot be examined: {error}"
    reason = distrust(status, folder, shared)
    if reason is None and not stat.S_ISDIR(status.st_mode):
        return f"{folder} is not a folder"
    return reason


def reason_against_file(path: str) -> str | None:
    """Say who else than this user could have written a file, or put it where it is.

    Parameters
    ----------
    path : str
        Of a regular file, absolute and without symbolic links.

    Returns
    -------
    str or None
        The reason, or None. A folder for all users (``/tmp``) may be above the user's own one if it
        is sticky: nobody else can then move or replace that (POSIX, restricted deletion).
    """
    try:
        reason = distrust(os.lstat(path), path)
        below = path
        while reason is None and (folder := os.path.dirname(below)) != below:
            status = os.lstat(folder)
            if not (status.st_uid == 0 and status.st_mode & stat.S_ISVTX):
                reason = distrust(status, folder, shared=True)
            below = folder
    except OSError as error:
        reason = f"{path} cannot be examined: {error}"
    return reason


def read_json(path: str, tell: Callable[[str], None], shared: bool = False) -> Any:
    """Read one of our files, if it is this user's own.

    Parameters
    ----------
    path : str
        The file.
    tell : callable
        Called with the reason when the file exists and is not believed.
    shared : bool
        Whether it may be root's as well.

    Returns
    -------
    object
        What the file holds; None when it is absent, not believed, too large or damaged.
    """
    import json

    # O_NONBLOCK: a named pipe in its place must not hang the process.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with open(os.open(path, flags | getattr(os, "O_CLOEXEC", 0)), "rb") as file:
            status = os.fstat(file.fileno())
            reason = distrust(status, path, shared)
            if reason is None and not stat.S_ISREG(status.st_mode):
                reason = f"{path} is not a regular file"
            if reason is None and status.st_size > LARGEST_FILE:
                reason = f"{path} is larger than {LARGEST_FILE} bytes"
            if reason is not None:
                tell(f"ignored: {reason}")
                return None
            data = file.read(LARGEST_FILE + 1)
        return json.loads(data) if len(data) <= LARGEST_FILE else None
    except FileNotFoundError:
        return None
    except OSError as error:
        tell(f"ignored: {error}")
        return None
    except (ValueError, RecursionError, MemoryError):
        return None


def make_folder(folder: str) -> None:
    """Create a folder that only its owner can enter; the missing ones above it likewise.

    Parameters
    ----------
    folder : str
        Its absolute path.

    Raises
    ------
    OSError
        When it cannot be created, or what is there is not believed.
    """
    if not folder:
        raise OSError("there is no folder for this user")
    parent = os.path.dirname(folder)
    if parent != folder and not os.path.isdir(parent):
        make_folder(parent)
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        return


def write_json(folder: str, name: str, value: object) -> None:
    """Write a file whole or not at all: a temporary file beside it takes its place.

    Parameters
    ----------
    folder : str
        An existing folder.
    name : str
        The file's name in it.
    value : object
        What to write, as JSON.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    import json

    data = json.dumps(value, indent=1, sort_keys=True).encode() + b"\n"
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.{time.monotonic_ns():x}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        with open(os.open(temporary, flags | getattr(os, "O_BINARY", 0), 0o600), "wb") as file:
            file.write(data)
        os.replace(temporary, os.path.join(folder, name))
    except BaseException:
        remove(temporary)
        raise


class locked:
    """Context in which a lock between processes is held, as far as one can be had.

    filelock keeps it: ``flock`` or its like on a file of ours, so that the end of a process, of
    whatever kind, ends its lock too. Files are replaced whole, so that nothing breaks without it:
    on a file system that knows no locks, or when another holds it for too long, work goes on.

    Parameters
    ----------
    folder : str
        An existing folder.
    name : str
        What is locked.
    seconds : float
        How long to wait for another process.
    """

    def __init__(self, folder: str, name: str, seconds: float = 10.0) -> None:
        self._path = os.path.join(folder, f".{name}.lock")
        self._seconds = seconds
        self._lock: Any = None

    def __enter__(self) -> bool:
        try:
            from filelock import FileLock

            lock = FileLock(self._path, timeout=self._seconds, mode=0o600, thread_local=False)
            lock.acquire()
        except (ImportError, OSError, NotImplementedError):  # filelock's Timeout is an OSError
            return False
        self._lock = lock
        return True

    def __exit__(self, *error: object) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def remove(path: str) -> None:
    """Remove a file; one that cannot be removed stays.

    Parameters
    ----------
    path : str
        The file.
    """
    try:
        os.unlink(path)
    except OSError:
        return
