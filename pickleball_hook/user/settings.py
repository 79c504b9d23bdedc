"""What the user decided: mode, allowances and own channels.

The environment comes first, then ``config.json`` in the user's own configuration folder, then the
default. The working folder is never consulted: a repository that somebody cloned could hold a
file there. A setting that cannot be understood leaves everything guarded, and says so.
"""

from __future__ import annotations

import os
import sys
from collections import namedtuple
from contextvars import ContextVar

from policy_cache.kept import folders

TYPE_CHECKING = False  # importing ``typing`` costs more than a small load
if TYPE_CHECKING:
    from typing import Any, NamedTuple

    class Mode(NamedTuple):
        """The mode ("enforce", "audit" or "off") and, for people, where it comes from."""

        value: str
        source: str

    class _Config(NamedTuple):
        mode: Mode
        allowances: dict[str, frozenset[str]]
        channels: tuple[tuple[str, str], ...]
        problems: tuple[str, ...]
        files: dict[str, int]
        folders: frozenset[str]

else:
    Mode = namedtuple("Mode", "value source")
    _Config = namedtuple("_Config", "mode allowances channels problems files folders")

MODES = ("enforce", "audit", "off")
OPERATIONS = ("refer", "construct", "state", "call", "fill")

_VARIABLE = "PICKLEBALL_MODE"
_current: _Config | None = None
_override: ContextVar[Mode | None] = ContextVar("pickleball_mode", default=None)


def mode() -> Mode:
    """Return the mode that holds: within `overriding` that one.

    Returns
    -------
    Mode
        ``PICKLEBALL_MODE`` (not under ``-E`` and ``-I``), else "mode" of the configuration file,
        else "enforce"; a value that is none of `MODES` means "enforce" and is named as source.
    """
    return _override.get() or _config().mode


class overriding:
    """Context in which another mode holds for this task.

    Parameters
    ----------
    value : str
        One of `MODES`.
    """

    __slots__ = ("_token", "_value")

    def __init__(self, value: str) -> None:
        self._value = Mode(value, "the program itself")

    def __enter__(self) -> None:
        self._token = _override.set(self._value)

    def __exit__(self, *error: object) -> None:
        _override.reset(self._token)


def allowances() -> dict[str, frozenset[str]]:
    """Return what the user allows beyond the policies.

    Returns
    -------
    dict
        "module:name" to operations out of `OPERATIONS`; "allow" of the configuration file.
    """
    return _config().allowances


def channels() -> tuple[tuple[str, str], ...]:
    """Return the user's own trusted call sites.

    Returns
    -------
    tuple of (str, str)
        Module and qualified name of the function; "channels" and the "sites" under "trust" of
        the configuration file.
    """
    return _config().channels


def trusted_files() -> dict[str, int]:
    """Return what files the user trusts: SHA-256 of the content to the size."""
    return _config().files


def trusted_folders() -> frozenset[str]:
    """Return the folders whose files the user trusts."""
    return _config().folders


def problems() -> tuple[str, ...]:
    """Return what could not be understood or believed, in words."""
    return _config().problems


def quiet() -> bool:
    """Return whether nothing is to be printed (``PICKLEBALL_QUIET=1``)."""
    return _environment("PICKLEBALL_QUIET") == "1"


def config_file() -> str:
    """Return the path of the configuration file, "" when the user has no folder for it."""
    folder = folders.user_folder("config")
    return os.path.join(folder, "config.json") if folder else ""


def refresh() -> None:
    """Read the settings anew at the next question."""
    global _current
    _current = None
    channels_module = sys.modules.get("pickleball_hook.doors.channels")
    if channels_module is not None:
        channels_module.refresh()


def _environment(variable: str) -> str:
    return "" if sys.flags.ignore_environment else os.environ.get(variable, "").strip()


def _config() -> _Config:
    global _current
    if _current is None:
        _current = _read()
    return _current


def _read() -> _Config:
    problems: list[str] = []
    path = config_file()
    value = _file_value(path, problems)
    trust = value.get("trust")
    return _Config(
        _mode(value, path, problems),
        _allowances(value.get("allow", {}), problems),
        (*_channels(value.get("channels", []), problems), *_sites(trust)),
        tuple(problems),
        {key: row["size"] for key, row in _table(trust, "files") if type(row.get("size")) is int},
        frozenset(key for key, _ in _table(trust, "folders") if os.path.isabs(key)),
    )


def _table(value: Any, name: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the rows of a table of decisions that have the shape of one."""
    rows = value.get(name) if isinstance(value, dict) else None
    pairs = rows.items() if isinstance(rows, dict) else ()
    return [(key, row) for key, row in pairs if isinstance(row, dict)]


def _sites(trust: Any) -> list[tuple[str, str]]:
    """Return the call sites that are trusted, written ``module:function``."""
    parts = [key.partition(":") for key, _ in _table(trust, "sites")]
    return [(module, function) for module, _, function in parts if module and function]


def _file_value(path: str, problems: list[str]) -> dict[str, Any]:
    """Return what the configuration file says, nothing when it is absent or not the user's own."""
    if not path or not os.path.lexists(path):
        return {}
    reason = folders.folder_problem(os.path.dirname(path))
    if reason is not None:
        problems.append(f"ignored: {reason}")
        return {}
    told = len(problems)
    value = folders.read_json(path, problems.append)
    if isinstance(value, dict):
        return value
    if len(problems) == told:
        problems.append(f"ignored: {path} is not a JSON object")
    return {}


def _mode(value: dict[str, Any], path: str, problems: list[str]) -> Mode:
    chosen: Any = _environment(_VARIABLE)
    source = f"environment variable {_VARIABLE}"
    if not chosen:
        if "mode" not in value:
            return Mode("enforce", "default")
        chosen, source = value["mode"], f"config file {path}"
    if chosen in MODES:
        return Mode(chosen, source)
    text = f"{source}: {chosen!r} is not one of {', '.join(MODES)}"
    problems.append(text)
    return Mode("enforce", text)


def _allowances(value: Any, problems: list[str]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for name, row in value.items() if isinstance(value, dict) else [("allow", None)]:
        operations = row.get("operations") if isinstance(row, dict) else row
        if (
            ":" in name
            and isinstance(operations, list)
            and all(o in OPERATIONS for o in operations)
        ):
            found[name] = frozenset(operations)
        else:
            problems.append(
                f'ignored: allow {name!r}; expected "module:name": ["refer", "call"...]'
            )
    return found


def _channels(value: Any, problems: list[str]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for row in value if isinstance(value, list) else [value]:
        if isinstance(row, list) and [type(part) for part in row] == [str, str]:
            found.append((row[0], row[1]))
        else:
            problems.append(f'ignored: channel {row!r}; expected ["module", "function"]')
    return tuple(found)
