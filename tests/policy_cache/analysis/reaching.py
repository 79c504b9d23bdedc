"""What tests say of what a function reaches."""

from __future__ import annotations

from collections.abc import Callable

from policy_cache.analysis.flow import Summary

Reached = Callable[..., Summary]
"""Of the fixture of that name: the source of a module, the name of a function, what is tainted."""


def sinks(summary: Summary) -> set[str]:
    """Return the sinks by their public names (``os.system`` is ``posix:system``)."""
    return {hit.sink.replace("posix:", "os:").replace("nt:", "os:") for hit in summary.hits}
