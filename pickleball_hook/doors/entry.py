"""The guarded ``load``, ``loads`` and ``Unpickler`` that take the place of CPython's.

They behave like the builtins they replace: the functions do not bind as methods when a class
holds them, the class can be derived from, and all of them pickle under their standard names.
Whatever is not plain data goes to `doors.checked`, imported when that happens.
"""

from __future__ import annotations

import sys

# As in `originals`: importing pickle has it patched, by way of a whole one of this very module.
_this = sys.modules[__name__] if "pickle" in sys.modules else sys.modules.pop(__name__)

import pickle  # noqa: E402, F401

sys.modules.setdefault(__name__, _this)

from pickleball_hook.doors import own  # noqa: E402
from pickleball_hook.engines import gate  # noqa: E402
from pickleball_hook.engines.gate import Gate, Leave, Reader  # noqa: E402
from pickleball_hook.originals import (  # noqa: E402
    CUnpickler,
    c_dumps,
    c_load,
    c_loads,
    python_load,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Function:
    """A callable that behaves like the builtin function that it replaces."""

    __name__: str

    def __init__(self, plain: Any) -> None:
        self.__module__ = "_pickle"  # on the instance: each class has a __module__ of its own
        self.__name__ = plain.__name__
        self.__qualname__ = plain.__qualname__
        self.__doc__ = plain.__doc__
        self.__text_signature__ = plain.__text_signature__
        self.__wrapped__ = plain

    def __reduce__(self) -> str:
        return self.__name__

    def __repr__(self) -> str:
        return f"<function _pickle.{self.__name__} (guarded)>"


class _Load(_Function):
    def __call__(self, *args: Any, **keywords: Any) -> object:
        file, options = _arguments(c_load, args, keywords)
        unpickler = Gate(file, **options)
        start = position(file)
        if start is not None and not options.get("buffers") and gate.usable():
            try:
                return unpickler.load()
            except Leave:
                file.seek(start)
        return _checked().load(file, options, sys._getframe(1), start)


class _Loads(_Function):
    def __call__(self, *args: Any, **keywords: Any) -> object:
        data, options = _arguments(c_loads, args, keywords)
        head = None
        if type(data) is not bytes:
            try:
                memoryview(data)
            except TypeError:
                return c_loads(data, **options)  # CPython's own complaint: it is no buffer
        elif len(data) <= _SHORT:
            head = data[_HEAD] or None
        if head in _left:
            pass  # it would leave the gate again
        elif not options.get("buffers") and gate.usable():
            try:
                return Gate(Reader(data), **options).load()
            except Leave:
                if head is not None:
                    _remember(head)
        checked = _modules.get("checked") or _checked()
        return checked.loads(data, options, sys._getframe(1))


_HEAD = slice(11, 64)
"""What tells one kind of stream from another: after PROTO and FRAME, which have its length."""
_SHORT = 4096
_MOST_HEADS = 500
_left: set[bytes | None] = set()
"""The beginnings of short streams that have named more than the closed set."""
_modules: dict[str, Any] = {}


def _remember(head: bytes) -> None:
    if len(_left) >= _MOST_HEADS:
        _left.clear()
    _left.add(head)


def _checked() -> Any:
    """Return the module for checked loads, imported by the first of them.

    Raises
    ------
    PolicyViolation
        If it cannot be: programs take an ImportError for the file's.
    """
    if not _modules:
        try:
            from pickleball_hook.doors import checked
        except Exception as error:
            from pickleball_hook.errors import Finding, PolicyViolation

            why = f"what checks it cannot be imported: {error!r}"
            remedy = "install pickleball-auto anew"
            found = Finding("the stream", "checking", why, remedy, "", "pickle", "enforce")
            raise PolicyViolation(found) from error
        _modules["checked"] = checked
    return _modules["checked"]


class _Dumps(_Function):
    def __call__(self, *args: Any, **keywords: Any) -> bytes:
        data: bytes = c_dumps(*args, **keywords)
        own.remember(data)
        return data


_OPTIONS = {"fix_imports": True, "encoding": "ASCII", "errors": "strict", "buffers": ()}


def _arguments(
    plain: Any, args: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """Sort the arguments of ``load`` or ``loads``: the stream, and the options that are given.

    Raises
    ------
    TypeError
        CPython's own, if they are not of the signature.
    """
    if len(args) == 1 and not keywords:
        return args[0], {}
    if plain is c_load and not args and "file" in keywords:
        keywords = dict(keywords)
        args = (keywords.pop("file"),)
    texts = (keywords.get("encoding", ""), keywords.get("errors", ""))
    if len(args) != 1 or not keywords.keys() <= _OPTIONS.keys() or not _are_texts(texts):
        plain(
            *[b""] * len(args), **keywords
        )  # empty, so that nothing but the complaint comes of it
    if keywords.get("buffers", ()) == ():
        keywords.pop("buffers", None)
    return args[0], keywords


def _are_texts(values: tuple[object, ...]) -> bool:
    return all(isinstance(value, str) for value in values)


def position(file: Any) -> int | None:
    """Return where a file stands if it can be moved back there, else None."""
    try:
        if file.seekable():
            start = file.tell()
            return start if type(start) is int else None
    except Exception:  # a file object of somebody's own, without these methods
        return None
    return None


load = _Load(c_load)
loads = _Loads(c_loads)
dumps = _Dumps(c_dumps)


class Unpickler(CUnpickler):  # type: ignore[misc]
    __slots__ = (
        "_file",
        "_gated",
        "_guard",
        "_machine",
        "_memo",
        "_options",
        "_protocol",
        "_unguarded",
    )

    def __init__(
        self,
        file: Any,
        *,
        fix_imports: bool = True,
        encoding: str = "ASCII",
        errors: str = "strict",
        buffers: Any = (),
    ) -> None:
        self._machine: Any = None
        self._protocol: int | None = None
        self._memo: dict[int, Any] | None = None
        self._guard: Any = None
        self._gated = self._unguarded = False
        given = {"fix_imports": fix_imports, "encoding": encoding, "errors": errors}
        self._options = {**given, **({} if buffers == () else {"buffers": buffers})}
        super().__init__(file, **self._options)
        self._file = file

    def load(self) -> object:
        try:
            file = self._file
        except AttributeError:  # CPython's own message for an __init__ that was not called
            return CUnpickler.load(self)
        start = position(file)
        if start is not None and self._memo is None and self._is_plain() and gate.usable():
            memo = CUnpickler.memo.__get__(self).copy()
            self._gated = True
            try:
                return CUnpickler.load(self)
            except Leave:
                file.seek(start)
                self._memo = memo
            finally:
                self._gated = False
        return _checked().load_with(self, file, self._options, sys._getframe(1), start)

    def find_class(self, module: str, name: str, /) -> object:
        if self._gated:
            return gate.closed_global(self, module, name)
        if self._machine is not None:
            return self._machine.resolve(module, name)
        if self._unguarded:
            return CUnpickler.find_class(self, module, name)
        return _checked().find_class_alone(self, module, name)

    @property
    def memo(self) -> Any:
        """What later loads of this object may refer to: a mapping with ``copy`` and ``clear``.

        Once the reference machine has run, its memo is the one; CPython's own cannot be set from
        a dict without harm (Modules/_pickle.c, ``Unpickler_set_memo``, fills the one it drops).
        """
        return CUnpickler.memo.__get__(self) if self._memo is None else self._memo

    @memo.setter
    def memo(self, value: Any) -> None:
        if not isinstance(value, dict) or not all(map(_is_memo_key, value)):
            CUnpickler.memo.__set__(self, value)  # CPython's own complaint, if there is any
        self._memo = dict(value.copy())
        self._guard = None

    def _is_plain(self) -> bool:
        """Tell whether no callback or buffer of the caller's takes part in the load."""
        if self._options.get("buffers"):
            return False
        if getattr(self.find_class, "__func__", None) is not Unpickler.find_class:
            return False
        given = getattr(self, "persistent_load", None)
        return given is None or is_builtin_default(given)


def _is_memo_key(key: object) -> bool:
    return type(key) is int and 0 <= key <= sys.maxsize


def is_builtin_default(method: Any) -> bool:
    """Tell whether ``persistent_load`` is the one that CPython 3.13's class defines to raise."""
    return type(method) is type(len)


Unpickler.__module__ = "_pickle"
Unpickler.__doc__ = CUnpickler.__doc__


def load_in_python(self: Any) -> object:
    """Take the place of ``pickle._Unpickler.load``."""
    from pickleball_hook.doors import checked, patches

    patches.complete_python_unpickler()
    return checked.load_in_python(self, sys._getframe(1))


load_in_python.__name__ = load_in_python.__qualname__ = "load"
load_in_python.__doc__ = python_load.__doc__
