"""The reference machine: CPython's own Python unpickler, each operation checked as it executes.

``pickle._Unpickler`` keeps its opcode table, framing and memo; the opcodes that bring in a name,
run code or write into an object are replaced by versions that ask the guard first and then act on
the very objects that were judged. What a check has seen is what runs: one pass, no second reading.
Where CPython's C and Python unpicklers differ in what a stream may do, these follow the C one
(Modules/_pickle.c), since that is what ``pickle.load`` is.
"""

from __future__ import annotations

import copyreg
import functools
import gc
import io
import pickle
import sys
from types import FunctionType, MethodType
from typing import Any, cast

from pickleball_hook import originals
from pickleball_hook.engines import faults, frames
from pickleball_hook.judging import makers, names, states
from pickleball_hook.judging.guard import Guard
from pickleball_hook.judging.states import check_build, class_verdict, full_name, halves
from pickleball_hook.rules.dtypes import has_already
from pickleball_hook.rules.table import after_call, apply_rule
from policy_cache.model import CALL, CONSTRUCT, FILL, SETTLED, STATE, Verdict, depends

_finders: dict[tuple[int, bool], Any] = {}
"""C unpicklers by protocol and ``fix_imports``, for their ``find_class``."""

FRESH_REFERENCES = 2
"""``sys.getrefcount`` of an object that only one local variable holds."""

BOOKED = 4
"""References to an object about to get its state: stack, the guard's books, a local, the count."""

_FILLED = {"APPENDS": list, "SETITEMS": dict, "ADDITEMS": set}
_PLAIN = frozenset([bool, int, float, str, bytes, list, tuple, dict, set, frozenset])
INSTANCE_HOOKS = ("__setstate__", "append", "extend", "add")


def find_class(self: Any, module: str, name: str) -> object:
    """Resolve a global: judged before its module is imported, checked after."""
    guard: Guard = self._guard
    guard.check_alive()
    if not isinstance(module, str) or not isinstance(name, str):
        return _plain_find_class(self, module, name)  # its TypeError: there are no such names
    asked = names.mapped(module, name, self.proto, self.fix_imports)
    verdict = names.judge_request(guard, *asked)
    guard.calling = True
    value = _plain_find_class(self, module, name)
    guard.calling = False
    names.accept(guard, value, verdict, *asked)
    return guard.on_stack(value)


def _plain_find_class(self: Any, module: str, name: str) -> object:
    """Look a global up as CPython does: as the C unpickler for a checked ``pickle.load``."""
    if not isinstance(self, ReferenceUnpickler):
        return originals.python_find_class(self, module, name)
    key = (self.proto, bool(self.fix_imports))
    if key not in _finders:
        finder = originals.CUnpickler(io.BytesIO(_header(self.proto)), fix_imports=key[1])
        finder.load()  # the C object learns its protocol from a stream only
        _finders[key] = finder
    return cast("object", _finders[key].find_class(module, name))


def _header(proto: int) -> bytes:
    return (pickle.PROTO + bytes([proto]) if proto >= 2 else b"") + pickle.NONE + pickle.STOP


def request(self: Any, module: str, name: str) -> object:
    """Resolve a global through whatever ``find_class`` the unpickler has now."""
    guard: Guard = self._guard
    if not isinstance(module, str) or not isinstance(name, str):
        return self.find_class(module, name)
    before = guard.calling
    guard.calling = True
    value = self.find_class(module, name)
    guard.calling = before
    if type(value) is names.CallOnly:
        value = guard.borrow(value)
    if guard.verdict_of(value) is None:
        outer = getattr(self, "_outer", None) or self
        names.accept_from_program(guard, value, outer, module, name)
    return guard.on_stack(value)


def _line(self: Any, least: int = 1) -> bytes:
    """Read a line of text; the C unpickler takes none that lacks its end, and no empty name."""
    line: bytes = self.readline()
    short = len(line) <= least or not line.endswith(b"\n")
    if isinstance(self, ReferenceUnpickler) and short:
        raise pickle.UnpicklingError("pickle data was truncated")
    return line[:-1]


def load_global(self: Any) -> None:
    """GLOBAL: two lines of text."""
    module = _line(self).decode("utf-8")
    name = _line(self).decode("utf-8")
    self.append(request(self, module, name))


def load_persid(self: Any) -> None:
    """PERSID: a line of text, for the caller's ``persistent_load``."""
    try:
        pid = _line(self, 0).decode("ascii")
    except UnicodeDecodeError:
        raise pickle.UnpicklingError("persistent IDs in protocol 0 must be ASCII strings") from None
    self.append(_persistent(self, pid))


def load_binpersid(self: Any) -> None:
    """BINPERSID: a value from the stack, for the caller's ``persistent_load``."""
    self.append(_persistent(self, self.stack.pop()))


def _persistent(self: Any, pid: object) -> object:
    """Return what a persistent id stands for: the program's, not for the file to fill."""
    value = self.persistent_load(pid)
    self._guard.made_here(value, fresh=False)
    return cast("object", value)


def load_stack_global(self: Any) -> None:
    """STACK_GLOBAL: two strings from the stack."""
    name = self.stack.pop()
    module = self.stack.pop()
    if type(name) is not str or type(module) is not str:
        raise pickle.UnpicklingError("STACK_GLOBAL requires str")
    self.append(request(self, module, name))


def load_inst(self: Any) -> None:
    """INST: a global by two lines of text, called with what lies above the mark."""
    module = _line(self).decode("ascii")
    name = _line(self).decode("ascii")
    cls = request(self, module, name)
    value = _instantiate(self, cls, self.pop_mark(), "INST")
    self.append(value)  # looked up now: the stack has changed with the mark


def load_obj(self: Any) -> None:
    """OBJ: the class is the first item above the mark."""
    args = self.pop_mark()
    cls = args.pop(0)
    value = _instantiate(self, cls, args, "OBJ")
    self.append(value)


def get_extension(self: Any, code: int) -> None:
    """EXT1, EXT2, EXT4: the registered name, never the object that the cache may hold."""
    key = copyreg._inverted_registry.get(code)  # type: ignore[attr-defined]
    if not key:
        if code <= 0:
            raise pickle.UnpicklingError("EXT specifies code <= 0")
        raise ValueError(f"unregistered extension code {code}")
    if not isinstance(key, tuple) or len(key) != 2 or not all(isinstance(k, str) for k in key):
        raise ValueError(f"_inverted_registry[{code}] isn't a 2-tuple of strings")
    self.append(request(self, *key))


def _instantiate(self: Any, cls: Any, args: list[Any], opcode: str) -> object:
    if not args and isinstance(cls, type) and not hasattr(cls, "__getinitargs__"):
        return construct(self, cls, (), {}, opcode)
    return call(self, cls, tuple(args), opcode)


def load_reduce(self: Any) -> None:
    """REDUCE: only something that came by a name is called."""
    args = self.stack.pop()
    func = self.stack[-1]
    if not isinstance(args, tuple):
        raise TypeError("argument list must be a tuple")
    self.stack[-1] = call(self, func, tuple(tuple.__iter__(args)), "REDUCE")


def load_newobj(self: Any) -> None:
    """NEWOBJ: ``cls.__new__(cls, *args)``."""
    args = self.stack.pop()
    cls = self.stack[-1]
    if not isinstance(args, tuple):
        raise pickle.UnpicklingError("NEWOBJ expected an arg tuple")
    self.stack[-1] = construct(self, cls, tuple(tuple.__iter__(args)), {}, "NEWOBJ")


def load_newobj_ex(self: Any) -> None:
    """NEWOBJ_EX: ``cls.__new__(cls, *args, **kwargs)``."""
    kwargs = self.stack.pop()
    args = self.stack.pop()
    cls = self.stack[-1]
    if not isinstance(args, tuple):
        raise pickle.UnpicklingError("NEWOBJ_EX args argument must be a tuple")
    if not isinstance(kwargs, dict):
        raise pickle.UnpicklingError("NEWOBJ_EX kwargs argument must be a dict")
    kwargs = dict(dict.items(kwargs))  # what is in it, whatever its class says
    self.stack[-1] = construct(self, cls, tuple(tuple.__iter__(args)), kwargs, "NEWOBJ_EX")


def call(self: Any, func: Any, args: tuple[Any, ...], opcode: str) -> object:
    """Check a call, and return what it gives."""
    guard: Guard = self._guard
    guard.adopt(func)
    verdict = guard.verdict_of(func)
    maker = makers.find(guard, func)
    made = makers.asked(maker, args) if maker is not None else None
    if maker is not None and made is not None:
        new = maker.holder.__new__ if guard.enforcing else lambda *a, **k: func(*args)
        return construct(self, *made, "NEWOBJ_EX", new)
    maker = makers.begin(guard, func, args)
    if maker is not None:
        return makers.put(guard, maker)
    func = check_call(guard, func, args, opcode)
    tabled = states.has_table(args)
    if verdict is None:  # audit mode goes on where enforce mode has raised
        guard.calling = True
        value = func(*args)
        guard.calling = False
        return value
    guard.calling = True
    value = func(*args)
    guard.calling = False
    # What it was given and nobody has booked, an opcode has made.
    fresh = sys.getrefcount(value) <= FRESH_REFERENCES or any(value is part for part in args)
    _seal(guard, value)
    after_call(guard, verdict, args, value)
    settled = verdict.target.partition(".")[0] if verdict.traits.get(SETTLED) else ""
    guard.made_of(value, fresh, args, settled)
    if tabled and fresh:
        states.check_made(guard, value)
    return cast("object", value)


def check_call(guard: Guard, func: Any, args: tuple[Any, ...], opcode: str) -> Any:
    """Check ``func(*args)`` and return what is to be called (a stand-in's real function).

    Raises
    ------
    PolicyViolation
        If it did not come by a name, may not be called, or not with these arguments.
    """
    guard.check_alive()
    verdict = guard.verdict_of(func)
    if verdict is None and not callable(func):
        return func  # plain Python's TypeError: nothing runs
    reason = guard.permits(func, CALL)
    if reason:
        guard.refuse(guard.name(func), opcode, reason)
    verdict = guard.verdict_of(func)
    func = guard.behind(func)
    if verdict is not None:
        if is_replaced(func, verdict):
            guard.refuse(
                guard.name(func), opcode, "a decorator has put a function of its own in its place"
            )
        guard.check_operands(verdict, CALL, args)
        apply_rule(guard, verdict, CALL, func, args)
        states.check_given(guard, func, verdict, args)
    return func


def is_replaced(func: Any, verdict: Verdict) -> bool:
    """Tell whether other code runs than the function statement that was analysed."""
    if verdict.kind != "function" or "base policy" in verdict.grants.get(CALL, ""):
        return False
    function = func.__func__ if isinstance(func, MethodType) else func
    if not isinstance(function, FunctionType):
        return False
    name = verdict.target.rpartition(":")[2].rpartition(".")[2]
    return function.__code__.co_name != name


def construct(
    self: Any,
    cls: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    opcode: str,
    new: Any = None,
) -> object:
    """Make an object; `new` is what the stream calls instead of ``cls.__new__``, if it does."""
    guard: Guard = self._guard
    guard.check_alive()
    if not isinstance(cls, type):
        raise pickle.UnpicklingError(
            f"{opcode} class argument must be a type, not {type(cls).__name__}"
        )
    check_construct(guard, cls, (*args, *kwargs.values()), opcode)
    check_keywords(guard, cls, kwargs)
    guard.calling = True
    value = (new or cls.__new__)(cls, *args, **kwargs)
    guard.calling = False
    fresh = sys.getrefcount(value) <= FRESH_REFERENCES
    guard.made_here(value, fresh or _always_new(guard, cls, value))
    return cast("object", value)


def _always_new(guard: Guard, cls: Any, value: object) -> bool:
    """Tell whether ``cls.__new__`` makes a new object each time, though others refer to it."""
    traits = guard.class_verdict(cls).traits
    if traits.get("fresh"):
        return True
    return bool(traits.get("bare_new")) and cls.__new__(cls) is not value


def check_construct(guard: Guard, cls: type, operands: tuple[Any, ...], opcode: str) -> None:
    """Check ``cls.__new__(cls, *operands)``.

    Raises
    ------
    PolicyViolation
        If the class may not be constructed, or not with these arguments.
    """
    reason = guard.permits(cls, CONSTRUCT)
    if reason:
        guard.refuse(guard.name(cls), opcode, reason)
    verdict = guard.verdict_of(cls)
    if verdict is None:
        return
    if verdict.traits.get("bare_new") and operands and not _says_new_arguments(cls):
        guard.refuse(
            guard.name(cls),
            opcode,
            "a compiled class whose files do not say what its __new__ does with arguments",
        )
    guard.check_operands(verdict, CONSTRUCT, operands)
    apply_rule(guard, verdict, CONSTRUCT, cls, operands)
    states.check_given(guard, cls, verdict, operands)


def check_keywords(guard: Guard, cls: type, keywords: dict[str, Any]) -> None:
    """Check keywords of ``cls.__new__``, which may become attributes.

    Raises
    ------
    PolicyViolation
    """
    verdict = guard.verdict_of(cls)
    if keywords and verdict is not None:
        states.check_given(guard, cls, verdict, (keywords,))


def _says_new_arguments(cls: type) -> bool:
    """Tell whether a compiled class has a method that gives ``__new__`` its arguments."""
    return any(hasattr(cls, name) for name in ("__getnewargs__", "__getnewargs_ex__"))


# -- state ----------------------------------------------------------------------------------------


_ABSENT: Any = object()


def load_build(self: Any) -> None:
    """BUILD: once, on an object that this load made, of a class that may be given state."""
    guard: Guard = self._guard
    guard.check_alive()
    state = self.stack.pop()
    inst = self.stack[-1]
    guard.elsewhere = 0
    if is_replaced_in_place(inst):  # counted here: a call may hold one more
        guard.elsewhere = sys.getrefcount(inst) - BOOKED - count(self.memo, inst)
    build(self, inst, state)


def build(self: Any, inst: Any, state: Any) -> None:
    """Check that an object may be given a state, and give it."""
    guard: Guard = self._guard
    maker = makers.find(guard, inst)
    if maker is not None and makers.bind(guard, inst, maker, state) is not None:
        if not guard.enforcing:
            inst.__setstate__(state)
        return
    if has_already(guard, inst, state):
        return
    check_build(guard, inst, state)
    setstate = getattr(inst, "__setstate__", _ABSENT)
    if setstate is None and not _is_strict(self) and sys.version_info < (3, 13):
        setstate = _ABSENT
    if setstate is not _ABSENT:
        guard.calling = True
        setstate(state)
        guard.calling = False
        _seal(guard, inst)
        return
    has_slots = isinstance(state, tuple) and tuple.__len__(state) == 2
    state, slots = halves(state)
    if not _is_nothing(self, state):
        if not isinstance(state, dict):
            raise pickle.UnpicklingError("state is not a dictionary")
        attributes = inst.__dict__
        for key, value in dict.items(state):
            attributes[sys.intern(key) if type(key) is str else key] = value
    if has_slots and (_is_strict(self) or not _is_nothing(self, slots)):
        if not isinstance(slots, dict):
            raise pickle.UnpicklingError("slot state is not a dictionary")
        guard.calling = True
        for key, value in dict.items(slots):
            setattr(inst, key, value)
        guard.calling = False


def _seal(guard: Guard, inst: Any) -> None:
    """Close a dict that has become the attributes of an object, or keywords of a partial.

    What was in it was judged when the object got it; nothing more may come in. It is one that
    others have as well, be it from deep within the state.
    """
    for part in gc.get_referents(inst) if type(inst) not in _PLAIN else ():
        if part is inst or not issubclass(type(part), dict) or sys.getrefcount(part) <= _OWN:
            continue
        if isinstance(inst, functools.partial) or _attributes(inst) is part:
            guard.sealed[id(part)] = part


def _attributes(inst: Any) -> Any:
    try:
        return object.__getattribute__(inst, "__dict__")
    except AttributeError:
        return None


_OWN = 4
"""References to a dict that only its object holds: from there, the list, the loop, the count."""


def _is_nothing(self: Any, state: Any) -> bool:
    """Tell whether a state is empty, without asking an object of some class of the file's."""
    return state is None or (not _is_strict(self) and type(state) in _PLAIN and not state)


def _is_strict(self: Any) -> bool:
    """Tell whether a state must be a dict or None, as in C; what is false will do in Python."""
    return isinstance(self, (ReferenceUnpickler, Stepped))


def is_replaced_in_place(inst: Any) -> bool:
    """Tell whether a state gives an object other memory, or its memory another meaning."""
    numpy = sys.modules.get("numpy")
    kind = type(inst)
    if issubclass(kind, getattr(numpy, "dtype", ())):
        return True
    array: Any = getattr(numpy, "ndarray", None)
    return array is not None and issubclass(kind, array) and bool(array.size.__get__(inst))


def count(memo: dict[int, Any], value: object) -> int:
    return sum(1 for held in memo.values() if held is value)


# -- items ----------------------------------------------------------------------------------------


def load_append(self: Any) -> None:
    """APPEND: one item."""
    value = self.stack.pop()
    _extend(self, self.stack[-1], [value])


def load_appends(self: Any) -> None:
    """APPENDS: the items above the mark."""
    items = self.pop_mark()
    _extend(self, self.stack[-1], items)


def _extend(self: Any, target: Any, items: list[Any]) -> None:
    if _is_idle(self, items):
        return
    guard: Guard = self._guard
    check_fill(guard, target, "APPENDS", items)
    if type(target) is list:
        target.extend(items)
        return
    guard.calling = True
    extend = getattr(target, "extend", None)
    if extend is not None:
        extend(items)
    else:
        append = target.append
        for item in items:
            append(item)
    guard.calling = False


def load_setitem(self: Any) -> None:
    """SETITEM: one key and value."""
    value = self.stack.pop()
    key = self.stack.pop()
    _set_items(self, self.stack[-1], [key, value])


def load_setitems(self: Any) -> None:
    """SETITEMS: the keys and values above the mark."""
    items = self.pop_mark()
    _set_items(self, self.stack[-1], items)


def _set_items(self: Any, target: Any, items: list[Any]) -> None:
    if _is_idle(self, items):
        return
    guard: Guard = self._guard
    check_fill(guard, target, "SETITEMS", items)
    if len(items) % 2 and isinstance(self, ReferenceUnpickler):  # IndexError in Python's own
        raise pickle.UnpicklingError("odd number of items for SETITEMS")
    guard.calling = True
    for index in range(0, len(items), 2):
        target[items[index]] = items[index + 1]
    guard.calling = False


def load_additems(self: Any) -> None:
    """ADDITEMS: the items above the mark."""
    items = self.pop_mark()
    target = self.stack[-1]
    if _is_idle(self, items):
        return
    guard: Guard = self._guard
    check_fill(guard, target, "ADDITEMS", items)
    guard.calling = True
    if isinstance(target, set):
        set.update(target, items)  # as C does: no method of the class or instance
    else:
        add = target.add
        for item in items:
            add(item)
    guard.calling = False


def _is_idle(self: Any, items: list[Any]) -> bool:
    """Tell whether there is nothing to fill in: the C unpickler then leaves the object alone."""
    return not items and isinstance(self, ReferenceUnpickler)


def check_fill(guard: Guard, target: Any, opcode: str, items: list[Any]) -> None:
    """Check that `target` may be filled with `items`.

    Most plain containers are made by an opcode and not booked; what a name or a call gave may be
    somebody else's.

    Raises
    ------
    PolicyViolation
    """
    if id(target) in guard.sealed:
        guard.refuse(guard.name(target), opcode, "it has become part of an object that was judged")
    guard.check_addition(target, STATE, items)
    if type(target) is not _FILLED[opcode]:
        _check_items(guard, target, opcode, items)
        return
    made = guard.made.get(id(target))
    foreign = made is not None and made.value is target and not made.fresh
    if foreign or id(target) in guard.granted:
        guard.refuse(guard.name(target), opcode, "only an object that this load has made is filled")


def _check_items(guard: Guard, target: Any, opcode: str, items: list[Any]) -> None:
    guard.check_alive()
    made = guard.made.get(id(target))
    cls = type(target)
    if made is None or made.value is not target or not made.fresh:
        guard.refuse(guard.name(target), opcode, "only an object that this load has made is filled")
    class_verdict(guard, cls)
    reason = guard.permits(cls, FILL)
    if reason:
        guard.refuse(full_name(cls), opcode, reason)
    verdict = class_verdict(guard, cls)  # only now is it known what filling one does
    attributes = getattr(target, "__dict__", None)
    if isinstance(attributes, dict) and any(hook in attributes for hook in INSTANCE_HOOKS):
        guard.refuse(full_name(cls), opcode, "its state shadows the method that would be called")
    apply_rule(guard, verdict, FILL, target, tuple(items))
    guard.untouched.discard(id(target))
    if depends(verdict.traits, FILL):
        guard.check_operands(verdict, FILL, items)
    else:
        guard.expose(items)
        guard.check_operated(verdict, FILL, items)


OPERATIONS = {
    pickle.GLOBAL: load_global,
    pickle.PERSID: load_persid,
    pickle.BINPERSID: load_binpersid,
    pickle.STACK_GLOBAL: load_stack_global,
    pickle.INST: load_inst,
    pickle.OBJ: load_obj,
    pickle.REDUCE: load_reduce,
    pickle.NEWOBJ: load_newobj,
    pickle.NEWOBJ_EX: load_newobj_ex,
    pickle.BUILD: load_build,
    pickle.APPEND: load_append,
    pickle.APPENDS: load_appends,
    pickle.SETITEM: load_setitem,
    pickle.SETITEMS: load_setitems,
    pickle.ADDITEMS: load_additems,
}
"""Opcode to the checked version of what ``pickle._Unpickler`` does for it."""


METHODS = {
    "find_class": find_class,
    "get_extension": get_extension,
    **{function.__name__: function for function in OPERATIONS.values()},
}
"""Attribute of ``pickle._Unpickler`` to its checked version."""


def finish(self: Any, value: object) -> object:
    """Refuse a result into which something went that may only be called.

    Once the stack is gone and the memo is rid of the stand-ins, who still holds one is the result.
    """
    guard: Guard = self._guard
    if not guard.call_only:
        return value
    self.stack = self.metastack = self.append = None
    keys: dict[int, list[int]] = {}
    for key, held in [*self.memo.items()]:
        if type(held) is names.CallOnly:
            keys.setdefault(id(held), []).append(key)
            self.memo[key] = None
        elif guard.stepwise and makers.are_steps(held):
            self.memo[key] = None
    held = None
    kept = []
    while guard.call_only:
        name = guard.name(guard.call_only[-1])
        held, meaning = guard.release()
        if sys.getrefcount(held) > FRESH_REFERENCES:
            guard.refuse(name, "GLOBAL", "it may be called by a file, but not handed out")
        if id(held) in keys:
            self.memo.update(dict.fromkeys(keys[id(held)], held))
            kept.append((held, meaning))
    for held, meaning in kept:
        guard.keep(held, meaning)
    return value


def find_global(guard: Guard, module: str, name: str) -> object:
    """Resolve a global that no opcode names, under the same guard."""
    unpickler = ReferenceUnpickler(guard, None, io.BytesIO(b""))
    unpickler.proto = pickle.HIGHEST_PROTOCOL
    return unpickler.resolve(module, name)


class Stepped:
    """In the place of an unpickler, for operations that another machine comes upon."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard


class ReferenceUnpickler(originals.PythonUnpickler):  # type: ignore[misc]
    """The checked unpickler behind ``pickle.load`` and ``pickle.Unpickler``.

    Parameters
    ----------
    guard : Guard
        Decides.
    outer : object or None
        The user's unpickler whose ``find_class`` and ``persistent_load`` are in force.
    file : object
        Has ``read`` and ``readline``.
    options : object
        As for ``pickle.Unpickler``.
    """

    dispatch = {  # noqa: RUF012 (CPython's own name and type)
        **originals.PythonUnpickler.dispatch,
        **{opcode[0]: function for opcode, function in OPERATIONS.items()},
    }

    def __init__(self, guard: Guard, outer: Any, file: Any, **options: Any) -> None:
        super().__init__(file, **options)
        self._guard = guard
        self._outer = outer
        self.has_persistent = getattr(outer, "persistent_load", None) is not None
        if self.has_persistent:
            self.persistent_load = self._ask_for_persistent

    def find_class(self, module: str, name: str) -> object:
        """Resolve through the outer unpickler, which comes back through ``resolve``."""
        if self._outer is None:
            return find_class(self, module, name)
        return self._outer.find_class(module, name)

    def resolve(self, module: str, name: str) -> object:
        """Resolve a global for the outer unpickler's ``super().find_class``."""
        return faults.checked(self._guard, find_class, self, module, name)

    def _ask_for_persistent(self, pid: object) -> object:
        guard = self._guard
        guard.calling = True
        value = self._outer.persistent_load(pid)
        guard.calling = False
        if isinstance(value, names.CALLABLE_KINDS):
            names.accept_from_program(guard, value, self._outer, "persistent id", str(pid)[:80])
        return cast("object", value)

    get_extension = get_extension

    @property
    def _unframer(self) -> frames.Frames:
        """What ``pickle._Unpickler.load`` reads through, and makes anew for each load."""
        return self._frames

    @_unframer.setter
    def _unframer(self, plain: Any) -> None:
        self._frames = frames.Frames(plain.file_read, plain.file_readline)

    def load(self) -> object:
        """Run the stream."""
        return finish(self, originals.python_load(self))
