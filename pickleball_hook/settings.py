"""What the user decided: mode, allowances and own channels.

The environment comes first, then ``config.json`` in the user's own configuration folder, then the
default. The working folder is never consulted: a repository that somebody cloned could hold a
file there. A setting that cannot be understood leaves everything guarded, and says so.
"""

from __future__ import annotations

import os
import sys
from collections import namedtuple

from policy_cache import folders

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

else:
    Mode = namedtuple("Mode", "value source")
    _Config = namedtuple("_Config", "mode allowances channels problems")

MODES = ("enforce", "audit", "off")
OPERATIONS = ("refer", "construct", "state", "call", "fill")

_VARIABLE = "PICKLEBALL_MODE"
_current: _Config | None = None


def mode() -> Mode:
    """Return the mode that holds.

    Returns
    -------
    Mode
        ``PICKLEBALL_MODE`` (not under ``-E`` and ``-I``), else "mode" of the configuration file,
        else "enforce"; a value that is none of `MODES` means "enforce" and is named as source.
    """
    return _config().mode


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
        Module and qualified name of the function; "channels" of the configuration file.
    """
    return _config().channels


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
    channels_module = sys.modules.get("pickleball_hook.channels")
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
    return _Config(
        _mode(value, path, problems),
        _allowances(value.get("allow", {}), problems),
        _channels(value.get("channels", []), problems),
        tuple(problems),
    )


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
    for name, operations in value.items() if isinstance(value, dict) else [("allow", None)]:
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
