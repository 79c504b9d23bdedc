"""Every pickle that this process loads is held to a policy.

Importing this package does nothing and costs next to nothing: what start-up needs is in
`pickleball_hook.startup`, everything else is imported when it is first used.
"""

from __future__ import annotations

import sys

__version__ = "0.1.0"

__all__ = [
    "PolicyViolation",
    "__version__",
    "audit",
    "check",
    "install",
    "status",
    "trusted",
    "uninstall",
]

# typing.TYPE_CHECKING without importing typing, which costs more than this whole package.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager as ContextManager
    from typing import Any

    from pickleball_hook.checking.inspection import FileVerdict
    from pickleball_hook.errors import PolicyViolation


def install() -> None:
    """Guard this process from here on, modules that are already imported included.

    Does what the start-up file does for a whole environment: for a notebook, a frozen
    application or a ``sitecustomize`` line. Calling it again changes nothing. With
    ``PICKLEBALL_MODE=off`` in the environment nothing is installed.
    """
    from pickleball_hook import startup

    late = "pickle" in sys.modules and not startup.installed()
    startup.install()
    if late and not startup.switched_off():
        from pickleball_hook.net import events

        events.listen()  # closures and C code may hold loaders that no search finds


def uninstall() -> None:
    """Stop waiting for imports and put back everything that was replaced."""
    from pickleball_hook import startup

    startup.uninstall()


def status() -> dict[str, Any]:
    """Describe the hook in this process and in this environment.

    Returns
    -------
    dict
        What ``pickleball status --json`` prints: see `pickleball_hook.user.report.collect`.
    """
    from pickleball_hook.user.report import collect

    return collect()


def check(source: Any) -> FileVerdict:
    """Judge a file without loading anything of it or importing any library.

    Parameters
    ----------
    source : path or binary file
        What to judge; a file is read from where it stands.

    Returns
    -------
    pickleball_hook.checking.inspection.FileVerdict
        With ``outcome`` (``permitted``, ``refused``, ``unknown``, ``no pickle``), ``refusals``,
        ``unknown``, ``conditions``, ``uses`` and ``distributions``.
    """
    from pickleball_hook.checking import inspection

    return inspection.check(source)


def audit() -> ContextManager[None]:
    """Return a context in which loads of this task are recorded, and none is refused."""
    from pickleball_hook.user import settings

    return settings.overriding("audit")


def trusted(path: Any) -> ContextManager[None]:
    """Return a context in which a file loads as plain Python loads it.

    Parameters
    ----------
    path : path-like
        What it holds now (SHA-256) is trusted, and nothing else.

    Raises
    ------
    OSError, ValueError
        If it cannot be read, or is no regular file.
    """
    from pickleball_hook.user import trust

    return trust.also(path)


def __getattr__(name: str) -> object:
    if name == "PolicyViolation":
        from pickleball_hook.errors import PolicyViolation

        return PolicyViolation
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
