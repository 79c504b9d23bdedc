"""What the hook is doing in this process, and would do in others of this environment."""

from __future__ import annotations

import os
import sys
from typing import Any

_LATEST = 5
_MOST_COUNTED = 1_000_000


def collect(*, ask_plain_python: bool = False) -> dict[str, Any]:
    """Collect the truth about the hook, as a value for ``json``.

    Parameters
    ----------
    ask_plain_python : bool
        Whether to start an interpreter of this environment to see if it is guarded.

    Returns
    -------
    dict
        ``version`` and ``python``; ``live``, whether loads in this process are guarded or will
        be; ``mode`` with its ``value`` and ``source``; ``patched`` and ``waiting``, the modules
        whose loaders are replaced and those not imported so far; ``startup`` with the start-up
        ``files`` found and ``plain_python``, the interpreter's answer (None if not asked);
        ``cache`` with its ``folder`` and the ``policies`` in it; ``refusals`` with the ``log``,
        how many ``loads`` are in it, and the ``latest`` of them; ``problems``, what could not be
        understood or believed.
    """
    from pickleball_hook import __version__, startup
    from pickleball_hook.doors import patches
    from pickleball_hook.user import activation, settings
    from policy_cache.kept import store

    mode = settings.mode()
    patched = list(patches.applied())
    waiting = [name for name in startup.AWAITED if name not in sys.modules]
    installed = startup.installed()
    return {
        "version": __version__,
        "python": sys.executable,
        "live": mode.value != "off" and (installed or bool(patched)),
        "mode": {"value": mode.value, "source": mode.source},
        "patched": patched,
        "waiting": waiting if installed else [],
        "startup": {
            "files": [file._asdict() for file in activation.startup_files()],
            "plain_python": activation.live_in_plain_python() if ask_plain_python else None,
        },
        "cache": {
            "folder": store.cache_folder(),
            "shared": store.shared_folders(),
            "policies": [entry._asdict() for entry in store.summaries()],
        },
        "refusals": _refusals(),
        "problems": [*settings.problems(), *_store_problems()],
    }


def _refusals() -> dict[str, Any]:
    from pickleball_hook.user import records

    rows = records.recent(_MOST_COUNTED)
    return {"log": records.log_file(), "loads": len(rows), "latest": rows[-_LATEST:]}


def _store_problems() -> list[str]:
    """Return why policies are not read or not kept, in words."""
    from policy_cache.kept import folders, store

    found = []
    if not store.cache_folder():
        found.append("policies are not kept: there is no cache folder for this user")
    for folder, shared in [
        (store.cache_folder(), False),
        *((folder, True) for folder in store.shared_folders()),
    ]:
        reason = folders.folder_problem(folder, shared) if folder else None
        if reason is not None:
            found.append(f"ignored: {reason}")
        elif folder and not shared and os.path.isdir(folder) and not os.access(folder, os.W_OK):
            found.append(f"policies are not kept: {folder} cannot be written")
    return found


def text(facts: dict[str, Any]) -> str:
    """Lay out what `collect` returned for a reader."""
    rows = [
        ("version", f"{facts['version']} in {facts['python']}"),
        ("this process", "guarded" if facts["live"] else "not guarded"),
        ("plain python", _plain_python(facts["startup"])),
        *(("start-up file", _startup_file(file)) for file in facts["startup"]["files"]),
        ("mode", f"{facts['mode']['value']} ({facts['mode']['source']})"),
        ("patched", ", ".join(facts["patched"]) or "nothing"),
        ("waiting for", ", ".join(facts["waiting"]) or "nothing"),
        ("cache", facts["cache"]["folder"] or "none"),
        *(("shared cache", folder) for folder in facts["cache"]["shared"]),
        *(("policy", _policy(policy)) for policy in facts["cache"]["policies"]),
        ("refusals", f"{facts['refusals']['loads']} loads in {facts['refusals']['log']}"),
        *(("latest", _refusal(record)) for record in facts["refusals"]["latest"]),
        *(("problem", problem) for problem in facts["problems"]),
    ]
    return "\n".join(f"{title:<15}{value}" for title, value in rows)


def _plain_python(startup: dict[str, Any]) -> str:
    answers = {True: "guarded", False: "not guarded", None: "unknown"}
    return answers[startup["plain_python"]]


def _startup_file(file: dict[str, Any]) -> str:
    remark = "" if file["current"] else " (not of this version: run `pickleball enable`)"
    return f"{file['path']}{remark}"


def _policy(policy: dict[str, Any]) -> str:
    return f"{policy['distribution']} {policy['version']}: {policy['globals']} globals"


def _refusal(record: dict[str, Any]) -> str:
    first, *others = record["refusals"]
    fields = (record.get("time"), record.get("mode"), first.get("global"), first.get("operation"))
    text = " ".join(map(str, fields)) + (f" and {len(others)} more" if others else "")
    # The names come from hostile files: nothing of theirs may steer the reader's terminal.
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
