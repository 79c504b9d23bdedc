"""The replay: a stream that was proven to be permitted, run on CPython's own C unpickler.

It hands out what the shadow pass has judged, in the order in which it was asked for, and nothing
else. It reads the same bytes: an immutable buffer, what was kept of a stream that can be read once,
or a file of which every piece that the shadow looked at is compared. What the shadow passed over
(the content of large ``bytes``, which no check looks at) is read here for the first time.
"""

from __future__ import annotations

import io
import os
import stat
import sys
from _pickle import UnpicklingError
from collections import deque
from types import FunctionType

from pickleball_hook.engines import keeping, machine, shadow
from pickleball_hook.engines.gate import Reader
from pickleball_hook.engines.handed import Handed
from pickleball_hook.engines.prover import (
    LARGE_ITEM,
    Abandoned,
    Unsure,
    is_finalized_by_code,
    is_risky,
)
from pickleball_hook.engines.recording import Recording
from pickleball_hook.engines.setters import permit_late
from pickleball_hook.engines.stepping import Stepper
from pickleball_hook.judging import states
from pickleball_hook.judging.methods import called_on_classes, within
from pickleball_hook.judging.search import find_callable
from pickleball_hook.net import events
from pickleball_hook.originals import CUnpickler
from policy_cache.model import CALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from pickleball_hook.context import Load
    from pickleball_hook.engines.prover import Named, Prover
    from pickleball_hook.judging.guard import Guard

_MARK = 16
_WINDOW = 1 << 18
"""Bytes that the shadow is shown at once."""
_KEPT = 1 << 25
"""Bytes of a file that are kept from the shadow to the replay; beyond, their digests are.

The replay lets go of them as it makes of them what they stand for.
"""
_COPIED = 1 << 20
"""Size up to which a buffer that may change is copied."""

switches = {"on": True}
"""Whether streams are proven and replayed at all; off, the reference machine reads them."""


class Skimmer:
    """Shows an immutable buffer to the shadow, but for the inside of large items.

    The C machine reads an item that is not in its buffer by ``readinto``, into fresh memory; most
    of that is left as it is, and costs nothing. Its end is a mark that nobody can guess, by which a
    rule that looks into the item finds what is in it.
    """

    __slots__ = ("data", "end", "marks", "position", "view")

    def __init__(self, data: bytes, start: int = 0) -> None:
        self.data = data
        self.end = len(data)
        self.marks: dict[bytes, tuple[int, int]] = {}
        self.view = memoryview(data)
        self.position = start

    def content(self, item: bytes) -> Any:
        """Return what is in an item of the stream, large or not."""
        start, size = self.marks.get(item[-_MARK:], (0, 0))
        return self.view[start + size - len(item) : start + size] if size else item

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
        """Fill `target`, or make it unlike anything else if it is large."""
        start = self.position
        size = min(len(target), self.end - start)
        if size > LARGE_ITEM:
            mark = os.urandom(_MARK)  # what is equal is one key of a dict
            target[size - _MARK : size] = mark
            self.marks[mark] = (start, size)
        else:
            target[:size] = self.view[start : start + size]
        self.position = start + size
        return size

    def readline(self) -> Any:
        """Return and consume a line."""
        start = self.position
        end = self.data.find(b"\n", start) + 1
        self.position = end or len(self.data)
        return self.view[start : self.position]


class Changed(Exception):
    """A file was not the same when it was read again."""


class Otherwise(Exception):
    """The stream has named something else than when it was proven. Never leaves this module."""


class Tape:
    """A regular file, read the same way twice: recorded by the shadow, compared by the replay.

    What the C machine reads into large items is passed over by the shadow. Of the rest the first
    pieces are kept, so that they are read once, and the others are compared by their digests.

    Parameters
    ----------
    file : io.BufferedReader
    start, end : int
        Where the stream starts, and the file ends.
    pieces : list
        What was recorded; None for a recording.
    items : dict
        Large items that a rule has looked into, by their position: they are read once.
    """

    def __init__(
        self, file: Any, start: int, end: int, pieces: list[Any] | None, items: dict[int, bytes]
    ) -> None:
        self.position = start
        self.end = end
        self.items = items
        self.marks: dict[bytes, tuple[int, int]] = {}
        self.pieces: list[Any] = [] if pieces is None else pieces
        self._file = file
        self._recorded = deque(self.pieces) if pieces is not None else None
        if pieces:
            pieces.clear()
        self._kept = 0
        self._window, self._opened = memoryview(b""), start

    def _take(self, size: int) -> bytes:
        """Return what comes next, the same as the last time."""
        if self._recorded is not None:
            expected = self._recorded.popleft() if self._recorded else None
            if type(expected) is bytes:
                return expected
            piece = self._read(size)
            if expected != (len(piece), _digest(piece)):
                raise Changed
            return piece
        piece = self._read(size)
        self._kept += len(piece)
        self.pieces.append(piece if self._kept <= _KEPT else (len(piece), _digest(piece)))
        return piece

    def _read(self, size: int) -> bytes:
        self._file.seek(self.position)
        piece: bytes = self._file.read(min(size, max(self.end - self.position, 0)))
        return piece

    def peek(self, size: int) -> Any:
        """Return the next window."""
        self._window, self._opened = memoryview(self._take(_WINDOW)), self.position
        return self._window

    def read(self, size: int) -> Any:
        """Return and consume `size` bytes."""
        start = self.position - self._opened
        if start >= 0 and start + size <= len(self._window):
            self.position += size
            return self._window[start : start + size]
        piece = self._take(size)
        self.position += len(piece)
        return piece

    def readline(self) -> Any:
        """Return and consume a line."""
        line = b""
        while not line.endswith(b"\n"):
            piece = self._take(_WINDOW)
            if not piece:
                break
            piece = piece[: piece.find(b"\n") + 1 or len(piece)]
            self.position += len(piece)
            line += piece
        return line

    def readinto(self, target: Any) -> int:
        """Fill `target`, or make it unlike anything else."""
        size = min(len(target), self.end - self.position)
        item = self.items.pop(self.position, None) if self._recorded is not None else None
        if item is not None:
            target[:size] = item
        elif size <= LARGE_ITEM:
            target[:size] = self._take(size)
        elif self._recorded is None:
            mark = os.urandom(_MARK)
            target[size - _MARK : size] = mark
            self.marks[mark] = (self.position, size)
        else:
            self._file.seek(self.position)
            size = self._file.readinto(target)
        self.position += size
        return size

    def content(self, item: bytes) -> Any:
        """Return what is in an item of the stream, large or not, and keep what is read for that."""
        start, size = self.marks.get(item[-_MARK:], (0, 0))
        if not size:
            return item
        if start not in self.items:
            self._file.seek(start)
            self.items[start] = self._file.read(size)
        piece = self.items[start]
        if len(piece) != size:
            raise Changed
        return item[:-size] + piece


def _digest(piece: bytes) -> bytes:
    from hashlib import blake2b

    return blake2b(piece, digest_size=_MARK).digest()


class FileSource:
    """A stream in a regular file."""

    def __init__(self, file: Any, start: int, end: int) -> None:
        self.file = file
        self.start = start
        self._end = end
        self._pieces: list[Any] = []
        self._items: dict[int, bytes] = {}

    def skimmed(self) -> Any:
        """Return what the shadow reads."""
        self._items = {}
        tape = Tape(self.file, self.start, self._end, None, self._items)
        self._pieces = tape.pieces
        return tape

    def replayed(self, last: bool = False) -> Any:
        """Return what the replay reads."""
        return Tape(self.file, self.start, self._end, self._pieces, self._items)

    def rest(self) -> Any:
        """Return what the reference machine reads."""
        return self.file

    def go_back(self) -> None:
        """Put the file where the stream starts."""
        self.file.seek(self.start)

    def leave(self, position: int) -> None:
        """Put the file where the stream has been read to."""
        self.file.seek(position)


class Replay(CUnpickler):  # type: ignore[misc]
    """The C unpickler, given what was judged."""

    _guard: Guard
    _outer: Any
    _trampolines: dict[int, Named]
    _requests: Iterator[tuple[tuple[str, str], Named]]
    _prover: Prover
    _handed: Handed
    _stepper: Stepper | None = None

    def find_class(self, module: str, name: str) -> object:
        """Return the next global if it is the one that was judged."""
        request, named = next(self._requests, (None, None))
        if request != (module, name) or named is None:
            raise Otherwise(f"{module}.{name}")
        if self._stepper is not None:
            return self._stepper.stand_in(named)
        if named.trampoline:
            stand_in = _trampoline(self._guard, self._prover, self._handed, named)
            self._trampolines[id(stand_in)] = named
            return stand_in
        return named.real

    def remembered(self) -> dict[int, Any]:
        """Return the memo, with what trampolines stand for in their place."""
        named = self._trampolines
        memo: dict[int, Any] = self.memo.copy()
        return {
            key: named[id(value)].real if id(value) in named else value
            for key, value in memo.items()
        }


class _PersistentReplay(Replay):
    """The same, with the ``persistent_load`` of the program's unpickler."""

    def persistent_load(self, pid: object) -> object:
        """Return what the program gives, if it is of a type that the shadow took it to be of."""
        value: object = self._outer.persistent_load(pid)
        if type(value) not in self._prover.given:
            raise Abandoned
        self._guard.made_here(value, fresh=False)
        self._guard.untouched.add(id(value))
        return value


def _trampoline(guard: Guard, prover: Prover, handed: Handed, named: Named) -> Any:
    """Return what stands for a callable that is only called: a check of each call."""
    if not named.is_seen():
        return _watcher(guard, prover, named.real)
    real, checked, opaque, later = named.real, named.checked, named.opaque, named.later
    flat = named.flat
    count, searched = named.replayed, bool(named.searched)
    watched = named.watched or named.hashed or bool(guard.watch.asked)

    def call(*args: Any) -> Any:
        func = machine.check_call(guard, real, args, "REDUCE") if checked else real
        value = func(*args)
        if checked and states.has_table(args) and sys.getrefcount(value) <= _NEW:
            states.check_made(guard, value)
        if opaque and (callable(value) or isinstance(value, _CONTAINERS)):
            raise Abandoned
        if flat and issubclass(type(value), _TABLES):
            raise Abandoned
        index = next(count)
        bare = index not in later and guard.are_literals(args)  # holds what its library put there
        own = (id(value),) if bare else ()
        if watched and not _is_watched(guard, prover, value):
            raise Abandoned
        if searched and not handed.permits(value, named, own):
            raise Abandoned
        if index in later:
            if sys.getrefcount(value) > _NEW:
                raise Abandoned
            try:
                permit_late(prover, value, later[index], searched)
            except Unsure:
                raise Abandoned from None
        return value

    return call


def _watcher(guard: Guard, prover: Prover, real: Any) -> Any:
    """Return what stands for a callable that may give an object of a class nobody has named."""
    kinds, operated = guard.watch.kinds, guard.watch.operated
    operators = bool(prover.operators)

    def call(*args: Any) -> Any:
        value = real(*args)
        seen = type(value) in kinds and type(value) not in operated and not operators
        if not seen and not _is_watched(guard, prover, value):
            raise Abandoned
        return value

    return call


def _is_watched(guard: Guard, prover: Prover, value: object) -> bool:
    """Tell whether what a call gave may be beside finalizers and keys that the shadow has seen."""
    if type(value).__flags__ & _HEAP_TYPE:
        risky = is_risky(guard.class_verdict(type(value)))
        if risky and (not prover.risky or is_finalized_by_code(type(value))):
            return False
    watch, known = guard.watch, prover.watch
    if watch.reason_against_made(guard, value):
        return False
    if watch.asked != known.asked or len(watch.operated) != len(known.operated):
        return False
    if prover.operators:
        kinds = found[0] if (found := within([value])) is not None else None
        if kinds is None or called_on_classes(guard, prover.operators, kinds):
            return False
    operated = type(value) in watch.operated
    return not operated or find_callable([value], guard.reason_against_use) is None


_HEAP_TYPE = 1 << 9
"""CPython Include/object.h, ``Py_TPFLAGS_HEAPTYPE``: builtin types have no methods in Python."""
_NEW = 2
"""``sys.getrefcount`` of an object that only one local variable holds."""
_CONTAINERS = (dict, list, tuple, set, frozenset, str, bytes, bytearray)
_TABLES = (dict, list, tuple)


class _Copy(io.BytesIO):
    """A private file over the bytes of the caller's."""

    @property
    def position(self) -> int:
        """Where it stands."""
        return self.tell()


class Source:
    """A stream in memory.

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
        """Return what the shadow reads: no item of a short stream is a large one."""
        if len(self.data) <= LARGE_ITEM and not self.start:
            return Reader(self.data)
        return Skimmer(self.data, self.start)

    def replayed(self, last: bool = False) -> Any:
        """Return what the replay reads: what it leaves unread is what plain Python leaves."""
        if self.file is None:
            return Reader(self.data)
        copy = _Copy(self.data)  # shares the bytes until either is written to
        copy.seek(self.start)
        return copy

    def rest(self) -> Any:
        """Return what the reference machine reads: the caller's file, if there is one."""
        return self.file

    def go_back(self) -> None:
        """Put the caller's file where the stream starts."""
        self.leave(self.start)

    def leave(self, position: int) -> None:
        """Put the caller's file where the stream has been read to."""
        if self.file is not None:
            self.file.seek(position)


def source_of(file: Any, data: Any, start: int | None) -> Any:
    """Return a stream in a form that can be read twice, None if it has none.

    Parameters
    ----------
    file : object
        The caller's, if it is in one.
    data : bytes-like object
        The stream itself, if it is in memory.
    start : int or None
        Where the file stands, None if it cannot be moved back there.
    """
    if type(data) is bytes:
        return Source(None, data, 0)
    if data is not None:
        view = memoryview(data)
        return Source(None, bytes(view), 0) if view.nbytes <= _COPIED else None
    if type(file) is io.BytesIO and start is not None:
        return Source(file, file.getvalue(), start)
    plain = type(file) in (io.BufferedReader, io.BufferedRandom) and type(file.raw) is io.FileIO
    if plain and start is not None:
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode):
            return FileSource(file, start, status.st_size)
    return Recording(file) if callable(getattr(file, "read", None)) else None


_HOOKS = ("__new__", "__setstate__", "__setattr__", "__hash__", "__del__", "__getattribute__")
"""Methods that the C unpickler runs without being told to (Modules/_pickle.c)."""


def _runs_code(named: Named) -> bool:
    """Tell whether code of a library runs when this is loaded: the effect guard is for that.

    Plain classes and what the base policy has reviewed run none, and need no audit hook, which
    every later ``id()`` of the process would pay for.
    """
    if named.acts is None:
        named.acts = _has_code(named.verdict.grants, named.real)
    return named.acts


def _has_code(grants: dict[str, str], real: Any) -> bool:
    if any("base policy" in evidence for evidence in grants.values()):
        return False
    if not isinstance(real, type):
        return callable(real)
    hooks = (*_HOOKS, "__init__") if CALL in grants else _HOOKS
    places = real.__mro__[:-1]
    return any(isinstance(vars(base).get(hook), FunctionType) for base in places for hook in hooks)


def _replay(
    guard: Guard | None, proof: shadow.Proof, outer: Any, reader: Any, options: dict[str, Any]
) -> Any:
    unpickler = (_PersistentReplay if proof.prover.given else Replay)(reader, **options)
    unpickler._requests = iter(zip(proof.requests, proof.answers))  # noqa: B905 (3.10)
    if guard is not None:
        unpickler._guard, unpickler._outer, unpickler._trampolines = guard, outer, {}
        unpickler._handed = Handed(guard, proof.prover)
        unpickler._prover = proof.prover
    return unpickler


def attempt(
    load: Load,
    guarded: Callable[[], Guard],
    source: Any,
    options: dict[str, Any],
    file: str = "",
    outer: Any = None,
) -> tuple[bool, object]:
    """Load a stream on the C machine if all of it is proven to be permitted.

    Parameters
    ----------
    load : context.Load
        The outermost load.
    guarded : callable
        Gives the guard of the load: most streams need none, once they are proven.
    source : Source or FileSource
        The stream.
    options : dict
        As for ``pickle.Unpickler``, without buffers.
    file : str
        Its path, where that is known.
    outer : object or None
        The program's unpickler, if its callbacks are in force.

    Returns
    -------
    (bool, object)
        Whether that was so, and the object.
    """
    if not switches["on"]:
        return False, None
    found = _attempt(load, guarded, source, options, file, outer)
    if found is None:
        found = _attempt(load, guarded, source, options, file, outer)
    return found or (False, None)


def _attempt(
    load: Load,
    guarded: Callable[[], Guard],
    source: Any,
    options: dict[str, Any],
    file: str,
    outer: Any,
) -> tuple[bool, object] | None:
    """Do so once. None if it is worth to be tried again, each operation checked."""
    proof = shadow.prove(load, source, options, file, outer)
    if proof is None:
        source.go_back()
        return False, None
    guard = None
    prover = proof.prover
    if not prover.stepping and (outer is not None or prover.bounces):
        guard = guarded()
        guard.granted.update(prover.granted)
        guard.leave = Abandoned
        guard.watch = prover.watch.copy()
    if prover.quiet is None:
        prover.quiet = not any(map(_runs_code, prover.named.values()))
    if not prover.quiet:
        events.listen()
    last = guard is None and not prover.stepping  # else a call may have it abandoned
    reader = source.replayed(last=last)
    stepper = Stepper(load, prover) if prover.stepping else None
    served = False
    try:
        unpickler = _replay(guard, proof, outer, reader, options)
        unpickler._stepper = stepper
        value = unpickler.load()
        if stepper is not None and not stepper.close():
            raise Abandoned
        if outer is not None:
            outer._memo = unpickler.remembered()  # later loads may refer to it
    except Abandoned:
        source.go_back()
        return None if shadow.is_worth_steps(proof, outer) else (False, None)
    except Changed:
        guarded().refuse("the stream", "read", "the file has changed while it was read")
        source.go_back()  # audited: the reference machine reads what it is now
        return False, None
    except Otherwise as error:
        guarded().check_alive()
        guarded().refuse(str(error), "GLOBAL", _NOT_THE_SAME)
        source.go_back()
        return False, None
    except UnpicklingError as error:
        if guard is None or not str(error).startswith("NEWOBJ"):
            source.leave(reader.position)
            raise
        source.go_back()  # a class that was called as well: a trampoline is none
        return False, None
    except BaseException:
        source.leave(reader.position)
        raise
    else:
        source.leave(reader.position)
        served = True
    finally:
        if guard is not None:
            guard.leave = None
        if stepper is not None:
            stepper.close()
        if served:
            keeping.give_back(proof.prover, proof.requests[0] if proof.requests else None)
        else:
            proof.prover.close()
    if reader.position < proof.end:
        guarded().refuse("the stream", "STOP", _NOT_THE_SAME)
    return True, value


_NOT_THE_SAME = "the stream was not the same when it was read again"
