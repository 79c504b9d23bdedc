"""The record of what was, or in audit mode would have been, refused.

One JSON line per load in the user's state folder: written when the refusal is raised, whether or
not anybody catches it, and in audit mode, where nothing is raised, at the end of the load. What an
audited load may do includes ending the process, so its first refusal is noted in a file of its own
until then. Recording never raises and never warns: a load must not fail, or behave otherwise,
because its record could not be kept.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # importing ``typing`` costs more than a small load
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType
    from typing import Any

    from pickleball_hook.context import Load
    from pickleball_hook.errors import Finding

LOG_NAME = "refusals.jsonl"
LARGEST_LOG = 10 * 1000 * 1000
MOST_REFUSALS = 100
"""Different ones that are kept of one load, and names of globals."""

_UNDER_WAY = "under-way-"
_LONGEST_TEXT = 2000
_FEW = 1000
_TAIL = 1 << 20
"""What is read of the record for the latest few loads."""

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
    from policy_cache.kept import folders

    return folders.user_folder("state", "PICKLEBALL_STATE")


def log_file() -> str:
    """Return the path of the record, "" when there is no folder for it."""
    folder = state_folder()
    return os.path.join(folder, LOG_NAME) if folder else ""


def note(load: Load, finding: Finding) -> None:
    """Record a refusal now, or with the others of its load when that is only audited and ends.

    Parameters
    ----------
    load : context.Load
        The outermost load.
    finding : Finding
        The refusal. Its texts come from a file somebody else made: they are escaped and cut.
    """
    if finding.mode != "audit" or not load.depth:
        record([finding], load)
        return
    first = not load.findings
    if len(load.findings) < MOST_REFUSALS or finding in load.findings:
        load.findings[finding] = load.findings.get(finding, 0) + 1
    if first:
        _attempt(_write_under_way, load, finding)


def finish(load: Load) -> None:
    """Record what an audited load would have been refused, at its end."""
    record(load.findings, load)
    load.findings = {}
    _attempt(_remove_under_way, load)


def record(findings: Iterable[Finding], load: Load | None = None) -> None:
    """Append the refusals of one load to the record, log them, and announce the first audited.

    Parameters
    ----------
    findings : iterable of Finding
        Or a dict of them to how often.
    load : context.Load, optional
        Whose they are.
    """
    _attempt(_record, findings, load)


def _attempt(function: Any, *args: Any) -> None:
    try:
        function(*args)
    except Exception:
        # Nothing may go wrong for the program here, and there is nobody to tell.
        return


def _record(findings: Iterable[Finding], load: Load | None) -> None:
    entry = _entry(findings, load, sys._getframe(3))
    path = log_file()
    kept = _append(path, entry)
    if entry["mode"] == "audit":
        _announce(entry, path if kept else "")
    _log(entry)


def _under_way(load: Load) -> str:
    path = log_file()
    return path and os.path.join(os.path.dirname(path), f"{_UNDER_WAY}{os.getpid()}-{id(load):x}")


def _write_under_way(load: Load, finding: Finding) -> None:
    entry = _entry([finding], load, sys._getframe(3))
    _append(_under_way(load), {**entry, "ended": False})


def _remove_under_way(load: Load) -> None:
    path = _under_way(load)
    if path:
        os.unlink(path)


def _collect(folder: str) -> None:
    """Put what loads have left behind that never ended where the others are."""
    import json

    for name in os.listdir(folder):
        pid = name.removeprefix(_UNDER_WAY).partition("-")[0]
        if name == pid or not pid.isdecimal() or _runs(int(pid)):
            continue
        path = os.path.join(folder, name)
        for line in _tail(path, _TAIL):
            value = json.loads(line)
            if isinstance(value, dict):
                _append(os.path.join(folder, LOG_NAME), value)
        os.unlink(path)


def _runs(pid: int) -> bool:
    if os.name != "posix":
        return True  # nothing there asks without ending it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def recent(count: int) -> list[dict[str, Any]]:
    """Return the records of the latest loads, oldest first.

    Parameters
    ----------
    count : int
        How many at most.

    Returns
    -------
    list of dict
        The lines of the record that are whole; none when it is not believed or cannot be read.
        What each would have been refused stands under "refusals", a list of dicts.
    """
    import json

    path = log_file()
    _attempt(_collect, os.path.dirname(path))
    size = _TAIL if count <= _FEW else 2 * LARGEST_LOG
    lines = _tail(path, size)
    if len(lines) < count:
        lines = _tail(path + ".1", size) + lines
    found = []
    for line in lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and _are_refusals(value.get("refusals")):
            found.append(value)
    return found[-count:] if count > 0 else []


def _are_refusals(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def each(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Go through the single refusals of records: each with what is said of its load."""
    for row in rows:
        for refusal in row["refusals"]:
            yield {**{key: row[key] for key in row if key != "refusals"}, **refusal}


def _entry(
    findings: Iterable[Finding], load: Load | None, frame: FrameType | None
) -> dict[str, Any]:
    import time

    now = time.time()
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    times = findings if isinstance(findings, dict) else {}
    rows = [*findings]
    return {
        "time": f"{seconds}.{int(now * 1000) % 1000:03d}Z",
        "pid": os.getpid(),
        "mode": _text(rows[0].mode),
        "file": _text(rows[0].file),
        "loader": _text(rows[0].loader),
        "caller": _caller(frame),
        "globals": _globals(rows, load),
        "refusals": [
            {
                "global": _text(finding.global_name),
                "operation": _text(finding.operation),
                "reason": _text(finding.reason),
                "times": times.get(finding, 1),
            }
            for finding in rows
        ],
    }


def _globals(findings: list[Finding], load: Load | None) -> list[str | None]:
    """Return what the load has named so far, what was refused among it."""
    asked = (found.global_name.removeprefix("an instance of ") for found in findings)
    named = dict.fromkeys(name.partition(" ")[0] for name in asked)
    for reference in load.guards if load is not None else ():
        guard = reference()
        for _, verdict in [*guard.granted.values()] if guard is not None else ():
            named[f"{verdict.module}.{verdict.name}"] = None
            if len(named) >= MOST_REFUSALS:
                break
    return [_text(name) for name in named]


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

    from policy_cache.kept import folders

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
    for row in entry["refusals"]:
        logger.warning("%s %s: %s", _place(entry, row), would, row["reason"])


def _place(entry: dict[str, Any], row: dict[str, Any]) -> str:
    where = f" in {entry['file']}" if entry["file"] else ""
    return f"{row['global']} ({row['operation']}){where}"


def _announce(entry: dict[str, Any], path: str) -> None:
    """Print one line per tree of processes."""
    from pickleball_hook.user import settings

    if os.environ.get(_ANNOUNCED) or settings.quiet() or sys.stderr is None:
        return
    os.environ[_ANNOUNCED] = "1"
    see = f"; see {path}" if path else ""
    number = len(entry["refusals"])
    operations = f"{number} operation{'s' if number > 1 else ''}"
    first = _place(entry, entry["refusals"][0])
    sys.stderr.write(f"pickleball: audit: {operations} would be refused: {first}{see}\n")


def _tail(path: str, size: int) -> list[bytes]:
    """Return the last lines of a record that is the user's own."""
    from policy_cache.kept import folders

    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with open(os.open(path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            if folders.distrust(status, path) is not None:
                return []
            start = max(0, status.st_size - size)
            file.seek(start)
            lines = file.read(size).splitlines()
    except (OSError, ValueError):
        return []
    return lines[1:] if start else lines
