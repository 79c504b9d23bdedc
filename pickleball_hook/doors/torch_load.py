"""``torch.load``: where torch would refuse every class it does not list, the policy decides.

Nothing of torch's own reading is replaced. A default load becomes ``weights_only=False``, whose
unpickler is a guarded one; an explicit ``weights_only=True`` is torch's own affair.
"""

from __future__ import annotations

import os
import sys

from pickleball_hook import context
from pickleball_hook.judging import safe_globals
from pickleball_hook.user import settings, trust

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TRUE = frozenset(["1", "y", "yes", "true"])  # torch/serialization.py, _get_wo_message's variables
_UNPICKLER = "torch._weights_only_unpickler"


def load(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call ``torch.load`` with ``weights_only`` settled (a wrapt wrapper function)."""
    file = args[0] if args else kwargs.get("f")
    if not _policy_decides(file, kwargs):
        listed: list[Any] = []
    else:
        kwargs = {**kwargs, "weights_only": False}
        listed = _safe_globals(wrapped)
    with context.reading(file, "torch.load"):
        known = trust.instead(file, in_memory=not kwargs.get("mmap"))
        if known is not None:
            rest = {name: value for name, value in kwargs.items() if name != "f"}
            with trust.vouching():
                return wrapped(known, *args[1:], **rest)
        with safe_globals.allowing(listed):
            return wrapped(*args, **kwargs)


def _safe_globals(wrapped: Any) -> list[Any]:
    """Return what the program has added to torch's list of safe globals."""
    get = getattr(sys.modules.get(wrapped.__module__), "get_safe_globals", None)
    return list(get()) if get is not None else []


def _policy_decides(file: Any, kwargs: dict[str, Any]) -> bool:
    if _UNPICKLER not in sys.modules:  # torch before 1.13 restricts nothing, and has no such option
        return False
    if kwargs.get("weights_only") is not None or settings.mode().value != "enforce":
        return False
    if os.getenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "0") in _TRUE:
        return False
    return not _is_torchscript(file)


def _is_torchscript(file: Any) -> bool:
    """Tell whether a file is a TorchScript archive, which C++ unpickles.

    torch refuses such a file by default; taking the default away would let compiled code in.
    """
    import zipfile

    start = None
    try:
        if hasattr(file, "seek"):
            start = file.tell()
        with zipfile.ZipFile(file) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except Exception:  # no zip archive, or not a file: torch says so better
        return False
    finally:
        if start is not None:
            file.seek(start)
