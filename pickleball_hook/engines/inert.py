"""What plain Python says of a damaged stream: the C machine run with nothing real in it.

Used only after the reference machine has failed on the stream itself, to raise the very error
that CPython raises. Every global is a stand-in that absorbs whatever is done to it.
"""

from __future__ import annotations

from pickleball_hook.originals import CUnpickler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_make: Any = object.__new__


class _Meta(type):
    def __call__(cls, *args: object, **kwargs: object) -> object:
        return _make(cls)


class _StandIn(metaclass=_Meta):
    """Stands for any global and for anything made from one."""

    def __new__(cls, *args: object, **kwargs: object) -> _StandIn:
        return object.__new__(cls)

    def __getinitargs__(self) -> tuple[()]:  # so that INST and OBJ call the class: see _pickle.c
        return ()

    def __setstate__(self, state: object) -> None:
        """Absorb a state."""

    def append(self, item: object) -> None:
        """Absorb an item."""

    def extend(self, items: object) -> None:
        """Absorb items."""

    def add(self, item: object) -> None:
        """Absorb an item."""

    def __setitem__(self, key: object, value: object) -> None:
        """Absorb an item."""


class _Inert(CUnpickler):  # type: ignore[misc]
    def find_class(self, module: str, name: str) -> object:
        return _Meta("StandIn", (_StandIn,), {})


class _InertPersistent(_Inert):
    def persistent_load(self, pid: object) -> object:
        return object.__new__(_StandIn)


def plain_error(file: Any, options: dict[str, Any], persistent: bool) -> Exception | None:
    """Return the error that CPython's C unpickler raises on a stream, None if it raises none.

    Parameters
    ----------
    file : object
        Has ``read`` and ``readline``, and stands at the start of the stream.
    options : dict
        As for ``pickle.Unpickler``; out-of-band buffers are the caller's and not touched.
    persistent : bool
        Whether the caller has a ``persistent_load``.
    """
    kept = {name: value for name, value in options.items() if name != "buffers"}
    try:
        (_InertPersistent if persistent else _Inert)(file, **kept).load()
    except Exception as error:
        return error
    return None
