"""The checked load: who asks, in which mode, with which machine, and what comes of an error."""

from __future__ import annotations

import contextlib
import copyreg
import io
import sys

import pickleball_hook
import policy_cache
from pickleball_hook import context
from pickleball_hook.doors import channels, entry, own
from pickleball_hook.engines import callbacks, faults, gate, machine, overrides, replay
from pickleball_hook.errors import PolicyViolation
from pickleball_hook.judging import names
from pickleball_hook.judging.guard import Guard
from pickleball_hook.net import events
from pickleball_hook.originals import (
    CUnpickler,
    PythonUnpickler,
    c_load,
    c_loads,
    python_load,
)
from pickleball_hook.user import settings, trust
from policy_cache import collector, policies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any


# What a first load imports and reads is much at once. Without this, the collector would often take
# it as the occasion to look at all that the program has imported: 80 ms after torch.
collector.count_as_old()


def _stay() -> None:
    """Put modules of this package back that the program has taken out of ``sys.modules``.

    Programs put it back to what it was (``mock.patch.dict``). What is then imported a second time
    has classes of its own, and knows nothing of what the first one knew.
    """
    if __name__ in sys.modules:
        return
    for package in (pickleball_hook, policy_cache):
        sys.modules.setdefault(package.__name__, package)
        for name, value in [*vars(package).items()]:
            whole = f"{package.__name__}.{name}"
            if type(value) is type(sys) and value.__name__ == whole:
                sys.modules.setdefault(whole, value)


def _is_plain() -> bool:
    """Tell whether nothing is judged now: the mode is off, or the user trusts the file."""
    return settings.mode().value == "off" or trust.is_vouching()


def loads(data: Any, options: dict[str, Any], frame: FrameType) -> object:
    """Load from a buffer, checked unless the caller is a trusted channel or the mode is off."""
    if _is_plain() or context.is_trusted():
        return c_loads(data, **options)
    if _is_message(frame) or own.holds(data):
        with context.trusting():
            return c_loads(data, **options)

    def opened() -> Any:
        return io.BytesIO(data) if type(data) is bytes else _ViewReader(data)

    twice = None if "buffers" in options else replay.source_of(None, data, None)
    return _run(None, options, None, "pickle.loads", opened, twice)


def load(file: Any, options: dict[str, Any], frame: FrameType, start: int | None) -> object:
    """Load from a file that stands at `start` (None: it cannot be told, or moved back)."""
    if _is_plain():
        return c_load(file, **options)
    if _is_message(frame) or (context.current() is None and own.is_at(file, start)):
        with context.trusting():
            return c_load(file, **options)
    if context.current() is None and trust.trusts_any():
        copy = trust.private_copy(file)
        if copy is not None or trust.covers(file):
            with trust.vouching():
                value = c_load(copy or file, **options)
            if copy is not None:
                file.seek(copy.tell())
            return value
    twice = None if "buffers" in options else replay.source_of(file, None, start)
    return _run(file, options, None, "pickle.load", _reopener(file, start), twice)


def load_with(
    outer: Any, file: Any, options: dict[str, Any], frame: FrameType, start: int | None
) -> object:
    """Load for a ``pickle.Unpickler`` object, whose callbacks and memo are in force."""
    if _is_plain():
        return _plain(outer, file, options)
    if _is_message(frame) or (context.current() is None and own.is_at(file, start)):
        with context.trusting():
            return _plain(outer, file, options)
    if _is_trusted(file):
        with trust.vouching():
            return _plain(outer, file, options)
    twice = None
    if "buffers" not in options and callbacks.are_known(outer):
        twice = replay.source_of(file, None, start)
    return _run(file, options, outer, "pickle.Unpickler.load", _reopener(file, start), twice)


def _is_message(frame: FrameType) -> bool:
    """Tell whether a caller receives a message of the program's own processes."""
    if context.current() is None:
        return channels.trusted(frame)
    return channels.of_import(frame)


def _is_trusted(file: Any) -> bool:
    return context.current() is None and trust.trusts_any() and trust.covers(file)


def _plain(outer: Any, file: Any, options: dict[str, Any]) -> object:
    # The gate may have read ahead with it, and CPython keeps what was read (Modules/_pickle.c).
    reader: Any = outer if outer._memo is None else _substitute(outer, file, options)
    outer._unguarded = True
    try:
        value: object = CUnpickler.load(reader)
        return value
    finally:
        outer._unguarded = False


def _substitute(outer: Any, file: Any, options: dict[str, Any]) -> Any:
    """Return a C unpickler that stands where the file stands and calls back to another one."""
    kind = _Substitute
    if getattr(outer, "persistent_load", None) is not None:
        kind = _PersistentSubstitute
    found = kind(file, **options)
    found.outer = outer
    return found


class _Substitute(CUnpickler):  # type: ignore[misc]
    outer: Any

    def find_class(self, module: str, name: str) -> object:
        """Ask the class of the one it stands for, if that has a method of its own."""
        if type(self.outer).find_class is entry.Unpickler.find_class:
            return CUnpickler.find_class(self, module, name)
        return self.outer.find_class(module, name)


class _PersistentSubstitute(_Substitute):
    def persistent_load(self, pid: object) -> object:
        """Ask the one it stands for."""
        return self.outer.persistent_load(pid)


def _reopener(file: Any, start: int | None) -> Callable[[], Any] | None:
    if start is None:
        return None

    def reopened() -> Any:
        file.seek(start)
        return file

    return reopened


def _run(
    file: Any,
    options: dict[str, Any],
    outer: Any,
    loader: str,
    reopened: Callable[[], Any] | None,
    twice: Any = None,
) -> object:
    """Run a stream on the C machine if it is proven to be permitted, else on the reference machine.

    `file` is None for what `reopened` opens. `twice` is the stream as the proof reads it, None if
    it cannot be read more than once.
    """
    _stay()
    path, named = context.source()
    path = path or (context.name_of(file) if file is not None else "")
    with context.entering() as load:
        known = getattr(outer, "_guard", None)

        def guarded() -> Guard:
            if known is None:
                return Guard(load, enforcing(), path, named or loader)
            known.resume(load, enforcing())
            found: Guard = known
            return found

        try:
            if twice is not None and gate.usable():
                proven, value = _replayed(load, guarded, twice, options, path, outer)
                if proven:
                    return value
            reader = file if twice is None else twice.rest()
            return _referenced(load, guarded(), file, reader, options, outer, reopened)
        except Exception as error:
            if not faults.is_ours(error):
                raise
            faults.refuse(Guard(load, enforcing(), path, named or loader), error)
            if reopened is None or "buffers" in options:
                raise
            # Audited: a load must not fail because it could not be judged.
            return _plain(outer, reopened(), options) if outer else c_load(reopened(), **options)


def _referenced(
    load: context.Load,
    guard: Guard,
    file: Any,
    reader: Any,
    options: dict[str, Any],
    outer: Any,
    reopened: Callable[[], Any] | None,
) -> object:
    """Load on the reference machine, from a file by way of `reader`."""
    events.listen()
    if reader is None and reopened is not None:
        reader = reopened()
    load.files.append(reader if file is None else file)
    unpickler = machine.ReferenceUnpickler(guard, outer, reader, **options)
    if outer is not None:
        unpickler.memo = outer.memo if outer._memo is not None else outer.memo.copy()
        if outer._guard is None:
            names.inherit(guard, unpickler.memo.values())
        outer._machine = unpickler
    try:
        return unpickler.load()
    except PolicyViolation:
        raise
    except Exception as error:
        raise _plain_error(error, unpickler, reopened, options) from None
    finally:
        load.files.pop()
        if outer is not None:
            outer._machine, outer._protocol = None, unpickler.proto
            outer._memo, outer._guard = unpickler.memo, guard
        else:
            _drop(unpickler, guard)
        if load.depth == 1:
            policies.flush()


def _drop(unpickler: machine.ReferenceUnpickler, guard: Guard) -> None:
    """Let go of what is not part of the result: what it does at its end is the stream's doing."""
    unpickler.stack = unpickler.metastack = unpickler.append = None
    unpickler.memo.clear()
    guard.made.clear()


def _replayed(
    load: context.Load,
    guarded: Callable[[], Guard],
    twice: Any,
    options: dict[str, Any],
    path: str,
    outer: Any,
) -> tuple[bool, object]:
    """Load by proof and replay; tells whether there was a proof."""
    load.files.append(twice.file)
    goes_on = False
    try:
        proven, value = replay.attempt(load, guarded, twice, options, path, outer)
        goes_on = not proven
        return proven, value
    finally:
        load.files.pop()
        if load.depth == 1 and not goes_on:
            # Else the reference machine comes next, and has use for what was analysed.
            policies.flush()


def _plain_error(
    error: Exception,
    unpickler: machine.ReferenceUnpickler,
    reopened: Callable[[], Any] | None,
    options: dict[str, Any],
) -> Exception:
    """Return the error that plain Python gives for what ended the reference machine.

    What other code raised is already that. What is wrong with the stream itself is told by the C
    machine, run on the same bytes with stand-ins; not when extension codes are registered, since
    it would leave its stand-ins in their cache.
    """
    extensions = copyreg._inverted_registry  # type: ignore[attr-defined]
    if unpickler._guard.calling or reopened is None or extensions:
        return error
    from pickleball_hook.engines import inert

    return inert.plain_error(reopened(), options, unpickler.has_persistent) or error


def enforcing() -> bool:
    """Tell whether a refusal raises."""
    return settings.mode().value != "audit"


# -- the pure-Python unpickler --------------------------------------------------------------------

_PLAIN_METHODS = {name: getattr(PythonUnpickler, name) for name in machine.METHODS}
_dispatches: dict[type, tuple[dict[int, Any], dict[int, Any]]] = {}


def load_in_python(unpickler: Any, frame: FrameType) -> object:
    """Run ``load`` of a ``pickle._Unpickler`` or of a class derived from it (joblib's, dill's)."""
    if isinstance(unpickler, machine.ReferenceUnpickler):
        return python_load(unpickler)
    ours = context.current() is None and _is_at_own_bytes(unpickler)
    trusted = ours or _is_message(frame)
    if _is_plain() or trusted:
        unpickler._guard = None
        with context.trusting():
            return python_load(unpickler)
    if _is_trusted(getattr(getattr(unpickler, "_file_read", None), "__self__", None)):
        unpickler._guard = None
        with trust.vouching():
            return python_load(unpickler)
    _stay()
    path, named = context.source()
    events.listen()
    with context.entering() as load:
        read = getattr(unpickler, "_file_read", None)
        load.files.append(getattr(read, "__self__", None))
        file = path or context.name_of(load.files[-1])
        memo = unpickler.__dict__.get("memo", {})
        guard = unpickler.__dict__.get("_earlier") if memo else None
        if guard is None:
            guard = Guard(load, enforcing(), file, named or "pickle._Unpickler.load")
            names.inherit(guard, memo.values())
        else:
            guard.resume(load, enforcing())
        unpickler._guard = unpickler._earlier = guard
        unpickler.dispatch = _dispatch(type(unpickler))
        try:
            value = faults.checked(guard, _finished, unpickler)
        finally:
            load.files.pop()
            del unpickler.dispatch
            del unpickler._guard
            if load.depth == 1:
                policies.flush()
    return value


def _finished(unpickler: Any) -> object:
    return machine.finish(unpickler, python_load(unpickler))


def _is_at_own_bytes(unpickler: Any) -> bool:
    file = getattr(getattr(unpickler, "_file_read", None), "__self__", None)
    return own.is_at(file, entry.position(file))


def _dispatch(cls: type) -> dict[int, Any]:
    """Return the opcode table of a class with CPython's own entries replaced by the checked ones.

    An entry of the class's own (pandas has some) runs after the check of what it is about to do.
    """
    own: dict[int, Any] = cls.dispatch  # type: ignore[attr-defined]
    known = _dispatches.get(cls)
    if known is not None and known[0] == own:
        return known[1]
    table = dict(own)
    for opcode, function in machine.OPERATIONS.items():
        found = table.get(opcode[0])
        if found is _PLAIN_METHODS[function.__name__] or opcode not in overrides.CHECKS:
            table[opcode[0]] = function
        elif found is not function:
            table[opcode[0]] = _after_check(overrides.CHECKS[opcode], found)
    _dispatches[cls] = (dict(own), table)
    return table


def _after_check(check: Any, function: Any) -> Any:
    """Return an operation of somebody's own that runs after the check of CPython's."""

    def operation(unpickler: Any) -> None:
        finish = check(unpickler)
        unpickler._guard.calling = True
        function(unpickler)
        unpickler._guard.calling = False
        finish(unpickler)

    return operation


def patched_methods() -> dict[str, Any]:
    """Return the methods of ``pickle._Unpickler`` that take the place of CPython's, by name."""
    return {
        name: _switch(function, _PLAIN_METHODS[name]) for name, function in machine.METHODS.items()
    }


def _switch(function: Any, plain: Any) -> Any:
    """Return a method that is checked, except in an unpickler that runs unguarded."""
    import functools

    @functools.wraps(plain)
    def method(self: Any, *args: Any) -> Any:
        if "_guard" not in self.__dict__:
            return _alone(self, function, args)
        return (plain if self._guard is None else function)(self, *args)

    return method


def _alone(unpickler: Any, function: Any, args: tuple[Any, ...]) -> Any:
    """Run one checked operation outside ``load``, for a class that has a loop of its own."""
    if _is_plain():
        return _PLAIN_METHODS[function.__name__](unpickler, *args)
    with context.entering() as load:
        unpickler._guard = guard = Guard(load, enforcing(), "", "pickle._Unpickler")
        try:
            return faults.checked(guard, function, unpickler, *args)
        finally:
            del unpickler._guard


def find_class_alone(outer: Any, module: str, name: str) -> object:
    """Resolve a global for ``Unpickler.find_class`` that is called outside ``load``."""
    if _is_plain():
        return CUnpickler.find_class(outer, module, name)
    with context.entering() as load:
        guard = Guard(load, enforcing(), "", "pickle.Unpickler.find_class")
        fixing = outer._options["fix_imports"]
        unpickler = machine.ReferenceUnpickler(guard, None, io.BytesIO(b""), fix_imports=fixing)
        unpickler.proto = _protocol(outer)
        try:
            return unpickler.resolve(module, name)
        finally:
            if load.depth == 1:
                policies.flush()


def _protocol(outer: Any) -> int:
    """Return a protocol under which names mean what they do to an unpickler after its last load.

    The C object does not tell. Dotted names have parts from 4 on, and names of Python 2 are mapped
    below 3 (CPython Modules/_pickle.c, ``_pickle_Unpickler_find_class_impl``).
    """
    if outer._protocol is not None:
        known: int = outer._protocol
        return known
    for protocol, module, name in ((4, "builtins", "int.real"), (2, "__builtin__", "int")):
        with contextlib.suppress(AttributeError, ImportError):
            CUnpickler.find_class(outer, module, name)
            return protocol
    return 3


class _ViewReader:
    """A file interface over a buffer that is no ``bytes``, copying only what is read."""

    def __init__(self, data: Any) -> None:
        self._view = memoryview(data).cast("B")
        self._position = 0

    def read(self, size: int) -> bytes:
        """Return and consume `size` bytes."""
        start = self._position
        piece = bytes(self._view[start : start + size])
        self._position += len(piece)
        return piece

    def readinto(self, target: Any) -> int:
        """Fill a buffer."""
        start = self._position
        size = min(len(target), len(self._view) - start)
        target[:size] = self._view[start : start + size]
        self._position += size
        return size

    def readline(self) -> bytes:
        """Return and consume a line."""
        line = bytearray()
        while not line.endswith(b"\n"):
            piece = self.read(1)
            if not piece:
                break
            line += piece
        return bytes(line)
