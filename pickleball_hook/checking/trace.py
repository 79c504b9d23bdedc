"""What a stream asks for, found out without loading or importing anything.

CPython's own C unpickler runs the stream, so that its reading of the bytes is the real one; every
global is a stand-in that notes what is done to it, and so is everything made from one. What is
left of the stream is data. A stream that computes a name (``STACK_GLOBAL`` on a stand-in) stops
the machine: what such a stream asks for cannot be told.
"""

from __future__ import annotations

import copyreg
import io
import itertools
import os
import pickle  # noqa: F401 (before `originals`: its import is what puts the guard in place)
import reprlib
import types
from typing import TYPE_CHECKING, Any

from pickleball_hook.originals import CUnpickler
from policy_cache.collector import resting
from policy_cache.model import CALL, CONSTRUCT, FILL, REFER, STATE

if TYPE_CHECKING:
    from collections.abc import Callable

Key = tuple[str, str]
"""Module and name of a global, Python 2 names mapped."""

MOST_SAMPLES = 3
_LONGEST_SAMPLE = 160
_SKIPPED = 1 << 28
_PERSISTENT: Key = ("", "persistent id")
_CONSTANTS = {("builtins", "Ellipsis"): ..., ("builtins", "NotImplemented"): NotImplemented}
_HOOKS = ("__setstate__", "append", "extend", "add")
_SCALARS = frozenset([int, float, complex, bool, str, bytes, bytearray, type(None)])
_ARRAYS = {"dtype": ("numpy",), "_reconstruct()": ("numpy",), "NumpyArrayWrapper": ("joblib",)}
"""What stands for dtypes and arrays, with the packages that have it."""
_DTYPE: Key = ("numpy", "dtype")
_METADATA = 8
"""Where a dtype's state has what may be any object (numpy/_core/src/multiarray/descriptor.c)."""
_UNNAMED = "\0"
"""Begins the names of attributes that stand for what has no name: no stream's keys do."""


bare: Any = object.__new__
"""Makes an instance of a stand-in without noting anything."""


class Use:
    """What one global undergoes in a stream.

    Attributes
    ----------
    operations : dict of str to int
        Operation (of `policy_cache.model.OPERATIONS`) to how often.
    samples : dict of str to list of str
        Operation to the first few arguments or states, shortened.
    """

    __slots__ = ("operations", "samples")

    def __init__(self) -> None:
        self.operations: dict[str, int] = {}
        self.samples: dict[str, list[str]] = {}

    def note(self, operation: str, operands: Any) -> None:
        """Count an operation, and keep its operands if they are among the first."""
        times = self.operations[operation] = self.operations.get(operation, 0) + 1
        if times <= MOST_SAMPLES and operation != REFER:
            self.samples.setdefault(operation, []).append(shown(operands))

    def add(self, other: Use) -> None:
        """Take over the operations of another stream on the same global."""
        for operation, times in other.operations.items():
            self.operations[operation] = self.operations.get(operation, 0) + times
        for operation, samples in other.samples.items():
            mine = self.samples.setdefault(operation, [])
            mine += samples[: MOST_SAMPLES - len(mine)]


class NotTold(Exception):
    """The stream cannot be read to its end, or not without loading it."""


# -- stand-ins ------------------------------------------------------------------------------------


def _on_class(hook: str) -> property:
    """Return a data descriptor, which wins over what the class defines for its instances."""

    def get(cls: Any) -> Callable[[object], None]:
        recorder: Recorder = cls._recorder
        operation = STATE if hook == "__setstate__" else FILL
        return lambda operand: recorder.misused(cls, operation, operand)

    return property(get)


class StandInMeta(type):
    """Type of the stand-ins for classes; notes what is done to the class itself."""

    _recorder: Recorder
    _of_result: bool

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return cls._recorder.called(cls, args)

    def __setitem__(cls, key: object, value: object) -> None:
        cls._recorder.misused(cls, FILL, (key, value))

    __setstate__ = _on_class("__setstate__")
    append = _on_class("append")
    extend = _on_class("extend")
    add = _on_class("add")


class StandIn(metaclass=StandInMeta):
    """Stands for what is made from a class of the stream, or given by a call.

    Its attributes are what the stream has put into it, as far as somebody keeps that (`holds`).
    """

    __slots__ = ("__dict__",)
    _key: Key
    _of_result = False

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return cls._recorder.constructed(cls, args, kwargs)

    def __setstate__(self, state: object) -> None:
        type(self)._recorder.stated(self, state)

    def append(self, item: object) -> None:
        """Note one item."""
        type(self)._recorder.filled(self, [item])

    def extend(self, items: list[object]) -> None:
        """Note items."""
        type(self)._recorder.filled(self, items)

    def add(self, item: object) -> None:
        """Note one item of a set."""
        type(self)._recorder.filled(self, [item])

    def __setitem__(self, key: object, value: object) -> None:
        type(self)._recorder.filled(self, [key, value])

    def __call__(self, *args: Any) -> Any:
        return type(self)._recorder.called(self, args)

    def __repr__(self) -> str:
        return f"<{'.'.join(type(self)._key)}>"


def holds(value: StandIn, state: Any) -> None:
    """Keep what a stream has put into an object, where those who look into objects find it.

    Keys of a state become attributes, as they do unless the class has another idea. What nobody
    looks for is not kept: most of what files hold is numbers, texts and arrays of them.
    """
    own = value.__dict__
    if type(value)._key == _DTYPE:
        state = state[_METADATA:] if type(state) is tuple else state
    for half in state if type(state) is tuple and len(state) == 2 else (state,):
        if _is_quiet(half):
            continue
        if type(half) is not dict or not all(type(key) is str for key in half):
            own[f"{_UNNAMED}{len(own)}"] = half
        elif own:
            own.update(half)
        elif not all(map(_is_quiet, half.values())):
            value.__dict__ = own = half  # as it is: a copy of each state would take much memory


def _is_quiet(value: Any, depth: int = 2) -> bool:
    """Tell, quickly, whether there is nothing in a value but plain data and arrays of such."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    if kind in (tuple, list):
        if _SCALARS.issuperset(map(type, value)):
            return True
        return depth > 0 and all(_is_quiet(part, depth - 1) for part in value)
    if type(kind) is not StandInMeta or value.__dict__:
        return False
    module, name = kind._key
    return name in _ARRAYS and module.partition(".")[0] in _ARRAYS[name]


def key_of(value: Any) -> Key | None:
    """Return which global a stand-in stands for, or is an instance or result of."""
    if isinstance(value, (StandInMeta, types.FunctionType)):
        found: Key | None = getattr(value, "_key", None)
        return found
    return type(value)._key if isinstance(value, StandIn) else None


def is_of_result(cls: type) -> bool:
    """Tell whether this stands for the class of what a call gave, which nobody knows."""
    return isinstance(cls, StandInMeta) and cls._of_result


def shown(value: object) -> str:
    """Return a value of a stream as short, printable text, in bounded time."""
    text = _short.repr(value)
    return text if len(text) <= _LONGEST_SAMPLE else text[: _LONGEST_SAMPLE - 3] + "..."


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxstring, self.maxother, self.maxlong = 3, 80, 80, 40
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = 5

    def repr1(self, x: Any, level: int) -> str:
        if isinstance(x, int) and not isinstance(x, bool) and x.bit_length() > 512:
            return "<a large integer>"  # its decimal digits take quadratic time
        if isinstance(x, (bytes, bytearray)) and len(x) > 80:
            return f"{bytes(x[:40])!r}... ({len(x)} bytes)"
        if isinstance(x, (StandInMeta, types.FunctionType)):
            return ".".join(key_of(x) or ("?",))
        return super().repr1(x, level)

    # In the order they have: sorting takes as long as the file's author likes.

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        """Return the first items of a dict."""
        pairs = itertools.islice(x.items(), self.maxdict)
        texts = [f"{self.repr1(k, level - 1)}: {self.repr1(v, level - 1)}" for k, v in pairs]
        return f"{{{self._joined(texts, x, level)}}}"

    def repr_set(self, x: set[Any], level: int) -> str:
        """Return the first items of a set."""
        texts = [self.repr1(item, level - 1) for item in itertools.islice(x, self.maxset)]
        return f"{{{self._joined(texts, x, level)}}}"

    def repr_frozenset(self, x: frozenset[Any], level: int) -> str:
        """Return the first items of a frozenset."""
        texts = [self.repr1(item, level - 1) for item in itertools.islice(x, self.maxset)]
        return f"frozenset({{{self._joined(texts, x, level)}}})"

    @staticmethod
    def _joined(texts: list[str], x: Any, level: int) -> str:
        if level <= 0 and x:
            return "..."
        return ", ".join([*texts, "..."] if len(texts) < len(x) else texts)


_short = _Short()


# -- the recorder ---------------------------------------------------------------------------------


class Recorder:
    """Answers the machine with stand-ins, and keeps what each global undergoes.

    Attributes
    ----------
    uses : dict
        Global to its `Use`, in the order in which the stream names them.
    """

    def __init__(self) -> None:
        self.uses: dict[Key, Use] = {}
        self._stand_ins: dict[Key, Any] = {}
        self._results: dict[Key, StandInMeta] = {}

    def find(self, key: Key) -> Any:
        """Return what stands for a global."""
        self.note(key, REFER, ())
        if key in _CONSTANTS:
            return _CONSTANTS[key]
        found = self._stand_ins.get(key)
        if found is None:
            found = self._stand_ins[key] = self.new(key)
        return found

    def new(self, key: Key) -> Any:
        """Return a new stand-in for a global; without a policy every name may be a class."""
        return self.new_class(key)

    def new_class(self, key: Key) -> StandInMeta:
        """Return a stand-in that may be constructed, called, and whose instances take state."""
        module, name = key
        namespace = {
            "__slots__": (),
            "__module__": module,
            "__qualname__": name,
            "_key": key,
            "_recorder": self,
        }
        return StandInMeta("StandIn", (StandIn,), namespace)

    def new_function(self, key: Key) -> Any:
        """Return a stand-in that can only be called."""

        def stand_in(*args: Any) -> Any:
            return self.called(stand_in, args)

        stand_in.__module__, stand_in.__qualname__ = key
        stand_in._key = key  # type: ignore[attr-defined]
        for hook in _HOOKS:  # attributes of a function are found before anything is written to it
            operation = STATE if hook == "__setstate__" else FILL
            setattr(stand_in, hook, lambda operand, o=operation: self.misused(stand_in, o, operand))
        return stand_in

    def result(self, key: Key) -> Any:
        """Return a stand-in for what a call gave, of a class that nobody knows."""
        kind = self._results.get(key)
        if kind is None:
            kind = self._results[key] = self.new_class((key[0], f"{key[1]}()"))
            kind._of_result = True
        return bare(kind)

    def is_result(self, value: object) -> bool:
        """Tell whether a value is what a call gave, so that its class is not known."""
        return is_of_result(type(value))

    def note(self, key: Key, operation: str, operands: Any) -> None:
        """Keep an operation."""
        use = self.uses.get(key)
        if use is None:
            use = self.uses[key] = Use()
        use.note(operation, operands)

    # What happens in the stream; a judge overrides these.

    def called(self, target: Any, args: tuple[Any, ...]) -> Any:
        """REDUCE, INST or OBJ."""
        key = key_of(target) or _PERSISTENT
        self.note(key, CALL, args)
        return bare(target) if isinstance(target, StandInMeta) else self.result(key)

    def constructed(self, cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """NEWOBJ or NEWOBJ_EX."""
        self.note(cls._key, CONSTRUCT, (*args, *kwargs.values()))
        return bare(cls)

    def stated(self, target: Any, state: Any) -> None:
        """BUILD on an object that the stream made."""
        self.note(type(target)._key, STATE, state)

    def filled(self, target: Any, items: list[Any]) -> None:
        """Items for an object that the stream made."""
        self.note(type(target)._key, FILL, items)

    def misused(self, target: Any, operation: str, operand: Any) -> None:
        """BUILD, or items, on a global itself."""
        self.note(key_of(target) or _PERSISTENT, operation, operand)

    def persistent(self, pid: Any) -> Any:
        """Give a persistent id, which only the program that loads can resolve."""
        self.note(_PERSISTENT, REFER, pid)
        return self.result(_PERSISTENT)


# -- running --------------------------------------------------------------------------------------


class Source:
    """What the machine reads from: no look-ahead, so that its position is the stream's own.

    Parameters
    ----------
    file : object
        A buffered binary file.
    """

    def __init__(self, file: Any) -> None:
        self.file = file
        self.read = file.read
        self.readline = file.readline
        seeks = isinstance(getattr(file, "raw", None), io.FileIO) and file.seekable()
        self._size = os.fstat(file.fileno()).st_size if seeks else -1

    def readinto(self, target: Any) -> int:
        """Fill a buffer; the content of enormous byte strings is passed over, not held."""
        size = len(target)
        if size < _SKIPPED:
            return int(self.file.readinto(target))
        return self.skip(size)

    def skip(self, size: int) -> int:
        """Pass over bytes; return how many there were."""
        if self._size >= 0:
            beyond = int(self.file.seek(size, io.SEEK_CUR)) - self._size
            return size if beyond <= 0 else max(0, size - beyond)
        left = size
        while left > 0:
            piece = len(self.file.read(min(left, 1 << 20)))
            if not piece:
                break
            left -= piece
        return size - left


class AheadSource(Source):
    """The same with look-ahead, which spares the machine a call per opcode."""

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self.peek = file.peek


class _Machine(CUnpickler):  # type: ignore[misc]
    def __init__(self, source: Source, recorder: Recorder) -> None:
        # latin1 reads every Python 2 string; names in GLOBAL are UTF-8 whatever is said here.
        super().__init__(source, encoding="latin1", buffers=itertools.repeat(b""))
        self._recorder = recorder

    def find_class(self, module: str, name: str) -> object:
        return self._recorder.find(self._mapped(module, name))

    def persistent_load(self, pid: object) -> object:
        return self._recorder.persistent(pid)

    def _mapped(self, module: str, name: str) -> Key:
        """Map a Python 2 name if the machine would: only it knows its protocol."""
        import _compat_pickle

        if (module, name) in _compat_pickle.NAME_MAPPING:
            mapped = _compat_pickle.NAME_MAPPING[module, name]
        elif module in _compat_pickle.IMPORT_MAPPING:
            mapped = (_compat_pickle.IMPORT_MAPPING[module], name)
        else:
            return module, name
        try:
            below_3 = super().find_class("itertools", "izip") is zip
        except AttributeError:
            below_3 = False
        return mapped if below_3 else (module, name)


def run(source: Source, recorder: Recorder) -> object:
    """Run one pickle from where a source stands; return the value, stand-ins in it.

    Raises
    ------
    NotTold
        If it ends in an error; what was noted until then holds.
    """
    if copyreg._extension_cache or copyreg._inverted_registry:  # type: ignore[attr-defined]
        raise NotTold("extension codes are registered in this process (copyreg)")
    try:
        with resting:  # it would look at all stand-ins again and again as they grow
            value: object = _Machine(source, recorder).load()
        return value
    except (NotTold, RecursionError):
        raise
    except MemoryError:
        raise NotTold("it takes more memory than is allowed") from None
    except Exception as error:
        raise NotTold(f"{type(error).__name__}: {_in_words(error)}") from None


def _in_words(error: Exception) -> str:
    """Return what an error says of a stream, short and printable."""
    text = str(error)[:_LONGEST_SAMPLE]
    return text if text.isprintable() else ascii(text)[1:-1]


def trace(data: bytes) -> dict[Key, Use]:
    """Return what one pickle in memory asks for.

    Raises
    ------
    NotTold
        If it cannot be read to its end.
    """
    recorder = Recorder()
    run(AheadSource(io.BufferedReader(io.BytesIO(data))), recorder)
    return recorder.uses
