"""Every pickle that this process loads is held to a policy.

Importing this package does nothing and costs next to nothing: what start-up needs is in
`pickleball_hook.startup`, everything else is imported when it is first used.
"""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = ["PolicyViolation", "__version__", "install", "status", "uninstall"]

# typing.TYPE_CHECKING without importing typing, which costs more than this whole package.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pickleball_hook.errors import PolicyViolation


def install() -> None:
    """Guard this process from here on, modules that are already imported included.

    Does what the start-up file does for a whole environment: for a notebook, a frozen
    application or a ``sitecustomize`` line. Calling it again changes nothing. With
    ``PICKLEBALL_MODE=off`` in the environment nothing is installed.
    """
    from pickleball_hook import startup

    startup.install()


def uninstall() -> None:
    """Stop waiting for imports and put back everything that was replaced."""
    from pickleball_hook import startup

    startup.uninstall()


def status() -> dict[str, Any]:
    """Describe the hook in this process and in this environment.

    Returns
    -------
    dict
        What ``pickleball status --json`` prints: see `pickleball_hook.report.collect`.
    """
    from pickleball_hook.report import collect

    return collect()


def __getattr__(name: str) -> object:
    if name == "PolicyViolation":
        from pickleball_hook.errors import PolicyViolation

        return PolicyViolation
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
