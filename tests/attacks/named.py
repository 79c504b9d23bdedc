"""What many attacks name: classes of the library that act, or that are ordinary, and makers."""

from __future__ import annotations

import importlib.util

from tests.attacks.assembler import call, name, raw

NUMPY_CORE = "numpy._core" if importlib.util.find_spec("numpy._core.numeric") else "numpy.core"
"""numpy 1.26 has a ``numpy._core`` too, of a few names only."""

TOUCH = name("gadgets.acts", "Touch")
PLAIN = name("gadgets.acts", "Plain")
SEALED = name("gadgets.acts", "Sealed")
GETATTR = name("builtins", "getattr")
PARTIAL = name("functools", "partial")


def text_of_numpy(text: str) -> bytes:
    """Return a ``numpy.str_``: a str, but not exactly."""
    dtype = call(name("numpy", "dtype"), f"U{len(text)}")
    data = raw(text.encode("utf-32-le"))
    return call(name(f"{NUMPY_CORE}.multiarray", "scalar"), dtype, data)
