"""The replay: a stream that was proven to be permitted, run on CPython's own C unpickler.

It hands out what the shadow pass has judged, in the order in which it was asked for, and nothing
else. It reads the same bytes: an immutable buffer, or a file of which every piece that the shadow
looked at is compared. What the shadow passed over (the content of large ``bytes``, which no check
looks at) is read here for the first time.
"""

from __future__ import annotations

import io
import sys

from pickleball_hook import machine, shadow
from pickleball_hook.gate import Reader
from pickleball_hook.originals import CUnpickler
from pickleball_hook.standins import Unsure, permit_late

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pickleball_hook.guard import Guard
    from pickleball_hook.standins import Named, Prover

_WINDOW = 1 << 18
"""Bytes that the shadow is shown at once."""
_SHOWN = 1 << 16
"""Bytes up to which an item is shown to the shadow wherever the window ends."""
_KEPT = 1 << 22
"""Bytes of a file that are kept from the shadow to the replay; beyond, their digests are."""
_COPIED = 1 << 20
"""Size up to which a buffer that may change is copied."""

switches = {"on": True}
"""Whether streams are proven and replayed at all; off, the reference machine reads them."""


class Abandoned(Exception):
    """A call has not given what the shadow took it to give: the reference machine must decide."""


class Skimmer:
    """Shows an immutable buffer to the shadow, but for the inside of large items.

    The C machine reads an item that is not in its buffer by ``readinto``, into fresh memory; left
    as it is, that memory is never touched.
    """

    __slots__ = ("data", "position", "view")

    def __init__(self, data: bytes, start: int = 0) -> None:
        self.data = data
        self.view = memoryview(data)
        self.position = start

    def peek(self, size: int) -> Any:
        """Return the next window."""
        return self.view[self.position : self.position + _WINDOW]

    def read(self, size: int) -> Any:
        """Return and consume `size` bytes."""
        start = self.position
        piece = self.view[start : start + size]
        self.position = start + len(piece)
        return piece

    def readinto(self, target: Any) -> int:
        """Fill `target` if it is small, else pass over what would.

        Nothing looks into large items, but they may be keys: no two of them look the same.
        """
        start = self.position
        size = min(len(target), len(self.data) - start)
        if size <= _SHOWN:
            target[:size] = self.view[start : start + size]
        else:
            target[:8] = start.to_bytes(8, "little")
        self.position = start + size
        return size

    def readline(self) -> Any:
        """Return and consume a line."""
        start = self.position
        end = self.data.find(b"\n", start) + 1
        self.position = end or len(self.data)
        return self.view[start : self.position]


class Replay(CUnpickler):  # type: ignore[misc]
    """The C unpickler, given what was judged."""

    def __init__(self, guard: Guard, proof: shadow.Proof, file: Any, **options: Any) -> None:
        super().__init__(file, **options)
        self._guard = guard
        self._requests = iter(zip(proof.requests, proof.answers))  # noqa: B905 (3.10)
        self._prover = proof.prover

    def find_class(self, module: str, name: str) -> object:
        """Return the next global if it is the one that was judged."""
        request, named = next(self._requests, (None, None))
        if request != (module, name) or named is None:
            self._guard.check_alive()
            self._guard.refuse(
                f"{module}.{name}", "GLOBAL", "the stream was not the same when it was read again"
            )
        if named.trampoline:  # type: ignore[union-attr]
            return _trampoline(self._guard, self._prover, named)  # type: ignore[arg-type]
        return named.real  # type: ignore[union-attr]


def _trampoline(guard: Guard, prover: Prover, named: Named) -> Any:
    """Return what stands for a callable that is only called: a check of each call."""
    real, checked, opaque, later = named.real, named.checked, named.opaque, named.later
    count = named.replayed

    def call(*args: Any) -> Any:
        func = machine.check_call(guard, real, args, "REDUCE") if checked else real
        value = func(*args)
        if opaque and (callable(value) or isinstance(value, _CONTAINERS)):
            raise Abandoned
        index = next(count)
        if index in later:
            if sys.getrefcount(value) > _NEW:
                raise Abandoned
            try:
                permit_late(prover, value, later[index])
            except Unsure:
                raise Abandoned from None
        return value

    return call


_NEW = 2
"""``sys.getrefcount`` of an object that only one local variable holds."""
_CONTAINERS = (dict, list, tuple, set, frozenset, str, bytes, bytearray)


class Source:
    """A stream that can be read twice.

    Parameters
    ----------
    file : object
        The caller's, or None.
    data : bytes
        The whole of it.
    start : int
        Where the stream starts in it.
    """

    __slots__ = ("data", "file", "start")

    def __init__(self, file: Any, data: bytes, start: int) -> None:
        self.file = file
        self.data = data
        self.start = start

    def skimmed(self) -> Any:
        """Return what the shadow reads."""
        return Skimmer(self.data, self.start)

    def replayed(self) -> Any:
        """Return what the replay reads."""
        reader = Reader(self.data)
        reader.position = self.start
        return reader

    def leave(self, position: int) -> None:
        """Put the caller's file where the stream has been read to."""
        if self.file is not None:
            self.file.seek(position)


def source_of(file: Any, data: Any, start: int | None) -> Any:
    """Return a stream in a form that can be read twice, None if it has none."""
    if type(data) is bytes:
        return Source(None, data, 0)
    if data is not None:
        view = memoryview(data)
        return Source(None, bytes(view), 0) if view.nbytes <= _COPIED else None
    if start is None:
        return None
    if type(file) is io.BytesIO:
        return Source(file, file.getvalue(), start)
    return None


def attempt(guard: Guard, source: Any, options: dict[str, Any]) -> tuple[bool, object]:
    """Load a stream on the C machine if all of it is proven to be permitted.

    Returns
    -------
    (bool, object)
        Whether that was so, and the object.
    """
    if not switches["on"]:
        return False, None
    reader = source.skimmed()
    start = reader.position
    proof = shadow.prove(guard.load, reader, options)
    if proof is None:
        return False, None
    guard.granted.update(proof.prover.granted)
    reader = source.replayed()
    position = start
    try:
        machine = Replay(guard, proof, reader, **options)
        value = machine.load()
        position = reader.position
    except Abandoned:
        return False, None
    finally:
        source.leave(position)
        proof.prover.close()
    if position != proof.end:
        guard.refuse("the stream", "STOP", "it was not the same when it was read again")
    return True, value
