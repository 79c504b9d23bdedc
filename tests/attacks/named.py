"""What many attacks name: classes of the library that act, or that are ordinary, and makers."""

from __future__ import annotations

from tests.attacks.assembler import call, name, raw

TOUCH = name("gadgets.acts", "Touch")
PLAIN = name("gadgets.acts", "Plain")
SEALED = name("gadgets.acts", "Sealed")
GETATTR = name("builtins", "getattr")
PARTIAL = name("functools", "partial")


def text_of_numpy(text: str) -> bytes:
    """Return a ``numpy.str_``: a str, but not exactly."""
    dtype = call(name("numpy", "dtype"), f"U{len(text)}")
    data = raw(text.encode("utf-32-le"))
    return call(name("numpy._core.multiarray", "scalar"), dtype, data)
