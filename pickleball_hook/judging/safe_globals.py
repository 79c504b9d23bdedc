"""What the running program itself lets torch load: ``torch.serialization.add_safe_globals``.

A default ``torch.load`` takes these for permitted, as torch's weights-only unpickler does (they
may be called, made and given a state); nothing else of a load changes. Only objects that the
program has in hand count, under the name that the file uses for them.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar

from policy_cache.model import CONSTRUCT, FILL, OPERATIONS, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_EVIDENCE = "torch.serialization.add_safe_globals of the program"

_allowed: ContextVar[dict[str, Any]] = ContextVar("pickleball_safe_globals", default={})  # noqa: B039 (never written to)


class allowing:
    """Context of a default ``torch.load``.

    Parameters
    ----------
    listed : list
        What ``torch.serialization.get_safe_globals()`` gives: objects, or pairs of one and the
        name that files have for it (torch/_weights_only_unpickler.py).
    """

    __slots__ = ("_table", "_token")

    def __init__(self, listed: list[Any]) -> None:
        self._table = dict(map(_named, listed))

    def __enter__(self) -> None:
        self._token = _allowed.set(self._table)

    def __exit__(self, *error: object) -> None:
        _allowed.reset(self._token)


def _named(entry: Any) -> tuple[str, Any]:
    if isinstance(entry, tuple):
        value, name = entry
        return str(name), value
    return f"{entry.__module__}.{entry.__qualname__}", entry


def listed() -> bool:
    """Tell whether the load under way takes names from such a list."""
    return bool(_allowed.get())


def verdict(module: str, name: str) -> Verdict | None:
    """Return the verdict on a listed object, None if there is none under this name."""
    table = _allowed.get()
    if not table or module not in sys.modules:
        return None
    value = table.get(f"{module}.{name}")
    if value is None:
        return None
    kind = "class" if isinstance(value, type) else "function"
    operations = [o for o in OPERATIONS if kind == "class" or o not in (CONSTRUCT, FILL)]
    setter = getattr(getattr(value, "__setstate__", None), "__code__", None)
    files = (setter.co_filename,) if setter is not None else ()
    grants = dict.fromkeys(operations, _EVIDENCE)
    target = f"{module}:{name}"
    return Verdict(module, name, kind, target, grants, {}, "", {"object": value}, "", files)
