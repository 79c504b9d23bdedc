"""What the user has decided beyond the policies, and writing it down: who, when and why.

All of it stands in ``config.json`` in the user's own configuration folder, which
`user.settings` reads: ``trust`` (files by content, folders, call sites) and
``allow`` (operations on a global). A change is written whole under a lock.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pickleball_hook.user import settings, trust
from policy_cache.kept import folders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KINDS = ("files", "folders", "sites")


def digest(path: str) -> str:
    """Return the SHA-256 of a regular file's content.

    Raises
    ------
    OSError, ValueError
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as file:
        if not trust.is_regular(file.fileno()):
            raise ValueError(f"{path} is not a regular file")
        return trust.digest_of(file)


def reason_against_folder(path: str) -> str:
    """Return why a folder cannot be trusted, ``""`` if it can."""
    return trust.reason_against_folder(path)


def trusted() -> dict[str, dict[str, Any]]:
    """Return all that is trusted: kind (`KINDS`) to key to who, when, why and where."""
    table = _rows(_read().get("trust"))
    return {kind: _described(table.get(kind)) for kind in KINDS}


def add(kind: str, key: str, why: str, path: str = "") -> dict[str, Any]:
    """Trust something; return its row.

    Raises
    ------
    OSError
        If it cannot be written down.
    """
    row = {**_signed(why), "path": path}
    if kind == "files":
        row["size"] = os.stat(path).st_size
    with _changing() as config:
        table = config["trust"] = _rows(config.get("trust"))
        table[kind] = {**_rows(table.get(kind)), key: row}
    return row


def remove(subject: str) -> list[tuple[str, str]]:
    """Trust something no longer; return what was meant by the text."""
    path = os.path.abspath(subject)
    gone: list[tuple[str, str]] = []
    with _changing() as config:
        table = config["trust"] = _rows(config.get("trust"))
        for kind in KINDS:
            rows = _rows(table.get(kind))
            for key, row in list(rows.items()):
                if key == subject or (isinstance(row, dict) and row.get("path") == path):
                    gone.append((kind, key))
                    del rows[key]
            table[kind] = rows
    return gone


def allowed() -> dict[str, Any]:
    """Return the allowances: global to operations, who, when and why."""
    found = {}
    for name, value in _rows(_read().get("allow")).items():
        row = value if isinstance(value, dict) else {"operations": value}
        if isinstance(row.get("operations"), list):
            found[name] = {"why": "", **row}
    return found


def allow(name: str, operations: Sequence[str], why: str) -> None:
    """Allow operations on a global.

    Raises
    ------
    OSError
        If it cannot be written down.
    """
    with _changing() as config:
        table = _rows(config.get("allow"))
        config["allow"] = {**table, name: {**_signed(why), "operations": list(operations)}}


def disallow(name: str) -> bool:
    """Allow a global no longer; return whether it was."""
    with _changing() as config:
        table = config["allow"] = _rows(config.get("allow"))
        return table.pop(name, None) is not None


def _signed(why: str) -> dict[str, Any]:
    import getpass

    try:
        who = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name
        who = str(os.getuid()) if hasattr(os, "getuid") else "?"
    return {"who": who, "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "why": why}


def _rows(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _described(value: Any) -> dict[str, Any]:
    return {key: {"why": "", **row} for key, row in _rows(value).items() if isinstance(row, dict)}


def _read() -> dict[str, Any]:
    path = settings.config_file()
    if not path or folders.folder_problem(os.path.dirname(path)) is not None:
        return {}
    value = folders.read_json(path, lambda reason: None)
    return value if isinstance(value, dict) else {}


@contextmanager
def _changing() -> Iterator[dict[str, Any]]:
    """Let the configuration be changed, and write it; nothing is lost that others wrote in it.

    Raises
    ------
    OSError
        When it cannot be written, or what is there is not believed or not understood.
    """
    path = settings.config_file()
    if not path:
        raise OSError("there is no configuration folder for this user")
    folder = os.path.dirname(path)
    folders.make_folder(folder)
    reason = folders.folder_problem(folder)
    if reason is not None:
        raise OSError(reason)
    with folders.locked(folder, "config"):
        problems: list[str] = []
        value = folders.read_json(path, problems.append)
        if value is None and os.path.lexists(path):
            raise OSError(problems[0] if problems else f"{path} is damaged: correct it first")
        if value is not None and not isinstance(value, dict):
            raise OSError(f"{path} is not a JSON object: correct it first")
        config: dict[str, Any] = value or {}
        yield config
        folders.write_json(folder, os.path.basename(path), config)
    settings.refresh()
