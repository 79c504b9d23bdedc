"""The record of what was, or in audit mode would have been, refused.

One JSON line per refusal in the user's state folder, written when the refusal is raised, whether
or not anybody catches it. Recording never raises and never warns: a load must not fail, or behave
otherwise, because its record could not be kept.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # importing ``typing`` costs more than a small load
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Protocol

    class Finding(Protocol):
        """What `pickleball_hook.errors` describes a refusal with."""

        @property
        def global_name(self) -> str: ...
        @property
        def operation(self) -> str: ...
        @property
        def reason(self) -> str: ...
        @property
        def file(self) -> str | None: ...
        @property
        def loader(self) -> str | None: ...
        @property
        def mode(self) -> str: ...


LOG_NAME = "refusals.jsonl"
LARGEST_LOG = 10 * 1000 * 1000
_LONGEST_TEXT = 2000
_TAIL = 1 << 20

# Inherited by child processes, so that a tree of workers announces itself once.
_ANNOUNCED = "PICKLEBALL_AUDIT_ANNOUNCED"

# Frames of the loaders themselves tell nobody where a load was asked for.
_OWN_PACKAGES = frozenset({"pickleball_hook", "policy_cache", "wrapt", "pickle", "_pickle"})
_LOADER_MODULES = frozenset(
    {
        "torch.serialization",
        "joblib.numpy_pickle",
        "joblib.numpy_pickle_compat",
        "joblib.numpy_pickle_utils",
        "numpy.lib._npyio_impl",
        "numpy.lib._format_impl",
        "numpy.lib.npyio",
        "numpy.lib.format",
        "pandas.io.pickle",
        "contextlib",
        "functools",
    }
)


def state_folder() -> str:
    """Return the folder of the record, "" when there is none.

    Returns
    -------
    str
        ``PICKLEBALL_STATE`` if it is set to an absolute path and the environment counts, or
        platformdirs' ``user_state_dir("pickleball-auto")``.
    """
    from policy_cache import folders

    return folders.user_folder("state", "PICKLEBALL_STATE")


def log_file() -> str:
    """Return the path of the record, "" when there is no folder for it."""
    folder = state_folder()
    return os.path.join(folder, LOG_NAME) if folder else ""


def record(finding: Finding) -> None:
    """Append a refusal to the record, log it, and in audit mode announce the first.

    Parameters
    ----------
    finding : Finding
        The refusal. Its texts come from a file somebody else made: they are escaped and cut.
    """
    try:
        entry = _entry(finding, sys._getframe(1))
        path = log_file()
        kept = _append(path, entry)
        if entry["mode"] == "audit":
            _announce(entry, path if kept else "")
        _log(entry)
    except Exception:
        # Nothing may go wrong for the program here, and there is nobody to tell.
        return


def recent(count: int) -> list[dict[str, Any]]:
    """Return the latest refusals, oldest first.

    Parameters
    ----------
    count : int
        How many at most.

    Returns
    -------
    list of dict
        The lines of the record that are whole; none when it is not believed or cannot be read.
    """
    import json

    path = log_file()
    lines = _tail(path)
    if len(lines) < count:
        lines = _tail(path + ".1") + lines
    found = []
    for line in lines:
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found[-count:] if count > 0 else []


def _entry(finding: Finding, frame: FrameType | None) -> dict[str, Any]:
    import time

    now = time.time()
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    return {
        "time": f"{seconds}.{int(now * 1000) % 1000:03d}Z",
        "pid": os.getpid(),
        "mode": _text(finding.mode),
        "file": _text(finding.file),
        "loader": _text(finding.loader),
        "caller": _caller(frame),
        "global": _text(finding.global_name),
        "operation": _text(finding.operation),
        "reason": _text(finding.reason),
    }


def _text(value: object) -> str | None:
    """Return a text without anything that a terminal would act on, and no longer than useful."""
    if value is None:
        return None
    kept = str(value)[:_LONGEST_TEXT]
    if kept.isprintable():
        return kept
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in kept)


def _caller(frame: FrameType | None) -> str | None:
    """Return file and line of the code that asked for the load."""
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.partition(".")[0] not in _OWN_PACKAGES and name not in _LOADER_MODULES:
            return f"{_text(frame.f_code.co_filename)}:{frame.f_lineno}"
        frame = frame.f_back
    return None


def _append(path: str, entry: dict[str, Any]) -> bool:
    """Write one line with one system call, so that lines of several processes do not mix."""
    import json

    from policy_cache import folders

    if not path:
        return False
    line = json.dumps(entry).encode() + b"\n"
    folder = os.path.dirname(path)
    try:
        folders.make_folder(folder)
        if folders.folder_problem(folder) is not None:
            return False
        _rotate(path)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
            flags |= getattr(os, name, 0)
        descriptor = os.open(path, flags, 0o600)
        try:
            if folders.distrust(os.fstat(descriptor), path) is not None:
                return False
            return os.write(descriptor, line) == len(line)
        finally:
            os.close(descriptor)
    except OSError:
        return False  # a full disk or a read-only home: the refusal itself stands


def _rotate(path: str) -> None:
    """Put a full record aside; one such is kept."""
    try:
        full = os.lstat(path).st_size >= LARGEST_LOG
    except OSError:
        return
    if full:
        os.replace(path, path + ".1")


def _log(entry: dict[str, Any]) -> None:
    """Tell the program's own logging, if it uses any."""
    logging = sys.modules.get("logging")
    if logging is None:
        return
    logger = logging.getLogger("pickleball")
    if not logger.handlers:
        # Without a handler of its own the line would go to stderr in unconfigured programs.
        logger.addHandler(logging.NullHandler())
    would = "would be refused" if entry["mode"] == "audit" else "refused"
    logger.warning("%s %s: %s", _place(entry), would, entry["reason"])


def _place(entry: dict[str, Any]) -> str:
    where = f" in {entry['file']}" if entry["file"] else ""
    return f"{entry['global']} ({entry['operation']}){where}"


def _announce(entry: dict[str, Any], path: str) -> None:
    """Print one line per tree of processes."""
    from pickleball_hook import settings

    if os.environ.get(_ANNOUNCED) or settings.quiet() or sys.stderr is None:
        return
    os.environ[_ANNOUNCED] = "1"
    see = f"; see {path}" if path else ""
    sys.stderr.write(
        f"pickleball: audit: 1 operation would be refused: {_place(entry)}{see}\n",
    )


def _tail(path: str) -> list[bytes]:
    """Return the last lines of a record that is the user's own."""
    from policy_cache import folders

    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with open(os.open(path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            if folders.distrust(status, path) is not None:
                return []
            start = max(0, status.st_size - _TAIL)
            file.seek(start)
            lines = file.read(_TAIL).splitlines()
    except (OSError, ValueError):
        return []
    return lines[1:] if start else lines
