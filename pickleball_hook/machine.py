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
from types import BuiltinFunctionType, FunctionType, MemberDescriptorType, MethodType
from typing import TYPE_CHECKING, Any, cast

from pickleball_hook import frames, names, originals, rules
from pickleball_hook.guard import Guard
from policy_cache.model import CALL, CONSTRUCT, FILL, INERT, STATE, TEXTLESS, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_finders: dict[tuple[int, bool], Any] = {}
"""C unpicklers by protocol and ``fix_imports``, for their ``find_class``."""

_FRESH_REFERENCES = 2
"""``sys.getrefcount`` of an object that only one local variable holds."""

_BOOKED = 4
"""References to an object about to get its state: stack, the guard's books, a local, the count."""

_FILLED = {"APPENDS": list, "SETITEMS": dict, "ADDITEMS": set}
_PLAIN = frozenset([bool, int, float, str, bytes, list, tuple, dict, set, frozenset])
_INSTANCE_HOOKS = ("__setstate__", "append", "extend", "add")
_UNBOUND_KINDS = (
    type,
    BuiltinFunctionType,
    MethodType,
    classmethod,
    functools.partial,
    functools.partialmethod,
    property,
    staticmethod,
)
"""Kinds of class attributes that call something else than a method of the instance."""
_NAMING = frozenset(["__name__", "__qualname__", "__module__"])
_ALLOWED_DUNDERS = frozenset(["__orig_class__", "__notes__", "__doc__"])
"""Special names that are data: typing's, PEP 678's and a text."""


def find_class(self: Any, module: str, name: str) -> object:
    """Resolve a global: judged before its module is imported, checked after."""
    guard: Guard = self._guard
    guard.check_alive()
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
    if guard.verdict_of(value) is None:
        outer = getattr(self, "_outer", None) or self
        names.accept_from_program(guard, value, outer, module, name)
    return guard.on_stack(value)


def _line(self: Any) -> bytes:
    """Read a line of text; the C unpickler takes no line that lacks its end."""
    line: bytes = self.readline()
    if isinstance(self, ReferenceUnpickler) and not line.endswith(b"\n"):
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
        pid = _line(self).decode("ascii")
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
    self.append(request(self, *key))


def _instantiate(self: Any, cls: Any, args: list[Any], opcode: str) -> object:
    if not args and isinstance(cls, type) and not hasattr(cls, "__getinitargs__"):
        return _construct(self, cls, (), {}, opcode)
    return _call(self, cls, tuple(args), opcode)


def load_reduce(self: Any) -> None:
    """REDUCE: only something that came by a name is called."""
    args = self.stack.pop()
    func = self.stack[-1]
    if not isinstance(args, tuple):
        raise TypeError("argument list must be a tuple")
    self.stack[-1] = _call(self, func, tuple(tuple.__iter__(args)), "REDUCE")


def load_newobj(self: Any) -> None:
    """NEWOBJ: ``cls.__new__(cls, *args)``."""
    args = self.stack.pop()
    cls = self.stack[-1]
    if not isinstance(args, tuple):
        raise pickle.UnpicklingError("NEWOBJ expected an arg tuple")
    self.stack[-1] = _construct(self, cls, tuple(tuple.__iter__(args)), {}, "NEWOBJ")


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
    self.stack[-1] = _construct(self, cls, tuple(tuple.__iter__(args)), kwargs, "NEWOBJ_EX")


def _call(self: Any, func: Any, args: tuple[Any, ...], opcode: str) -> object:
    guard: Guard = self._guard
    verdict = guard.verdict_of(func)
    func = check_call(guard, func, args, opcode)
    if verdict is None:  # audit mode goes on where enforce mode has raised
        guard.calling = True
        value = func(*args)
        guard.calling = False
        return value
    guard.calling = True
    value = func(*args)
    guard.calling = False
    fresh = sys.getrefcount(value) <= _FRESH_REFERENCES
    _seal(guard, value, args)
    rules.after_call(guard, verdict, args, value)
    guard.made_here(value, fresh)
    return cast("object", value)


def check_call(guard: Guard, func: Any, args: tuple[Any, ...], opcode: str) -> Any:
    """Check ``func(*args)`` and return what is to be called (a stand-in's real function).

    Raises
    ------
    PolicyViolation
        If it did not come by a name, may not be called, or not with these arguments.
    """
    guard.check_alive()
    reason = guard.permits(func, CALL)
    if reason:
        guard.refuse(guard.name(func), opcode, reason)
    verdict = guard.verdict_of(func)
    func = guard.behind(func)
    if verdict is not None:
        if _is_replaced(func, verdict):
            guard.refuse(
                guard.name(func), opcode, "a decorator has put a function of its own in its place"
            )
        guard.check_operands(verdict, CALL, args)
        rules.check(guard, verdict, CALL, func, args)
    return func


def _is_replaced(func: Any, verdict: Verdict) -> bool:
    """Tell whether other code runs than the function statement that was analysed."""
    if verdict.kind != "function" or "base policy" in verdict.grants.get(CALL, ""):
        return False
    function = func.__func__ if isinstance(func, MethodType) else func
    if not isinstance(function, FunctionType):
        return False
    name = verdict.target.rpartition(":")[2].rpartition(".")[2]
    return function.__code__.co_name != name


def _construct(
    self: Any, cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any], opcode: str
) -> object:
    guard: Guard = self._guard
    guard.check_alive()
    if not isinstance(cls, type):
        raise pickle.UnpicklingError(
            f"{opcode} class argument must be a type, not {type(cls).__name__}"
        )
    check_construct(guard, cls, (*args, *kwargs.values()), opcode)
    guard.calling = True
    value = cls.__new__(cls, *args, **kwargs)
    guard.calling = False
    fresh = sys.getrefcount(value) <= _FRESH_REFERENCES
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
    rules.check(guard, verdict, CONSTRUCT, cls, operands)


def _says_new_arguments(cls: type) -> bool:
    """Tell whether a compiled class has a method that gives ``__new__`` its arguments."""
    return any(hasattr(cls, name) for name in ("__getnewargs__", "__getnewargs_ex__"))


# -- state ----------------------------------------------------------------------------------------


def load_build(self: Any) -> None:
    """BUILD: once, on an object that this load made, of a class that may be given state."""
    guard: Guard = self._guard
    guard.check_alive()
    state = self.stack.pop()
    inst = self.stack[-1]
    guard.elsewhere = 0
    if _is_replaced_in_place(inst):
        guard.elsewhere = sys.getrefcount(inst) - _BOOKED - _count(self.memo, inst)
    if rules.has_already(guard, inst, state):
        return
    check_build(guard, inst, state)
    setstate = getattr(inst, "__setstate__", None)
    if setstate is not None:
        guard.calling = True
        setstate(state)
        guard.calling = False
        _seal(guard, inst, state)
        return
    has_slots = isinstance(state, tuple) and tuple.__len__(state) == 2
    state, slots = _halves(state)
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


def _seal(guard: Guard, inst: Any, state: Any) -> None:
    """Close a dict that has become the attributes of an object, or keywords of a partial.

    What was in it was judged when the object got it; nothing more may come in.

    Objects of C types get their ``__dict__`` when it is asked for, and are then pickled with it:
    only those are asked that hold the very dict.
    """
    parts = tuple.__iter__(state) if isinstance(state, tuple) else ()
    dicts = [part for part in (state, *parts) if issubclass(type(part), dict)]
    if not dicts:
        return
    held = {id(value) for value in gc.get_referents(inst)}
    for part in dicts:
        if id(part) in held and (isinstance(inst, functools.partial) or _attributes(inst) is part):
            guard.sealed[id(part)] = part


def _attributes(inst: Any) -> Any:
    try:
        return object.__getattribute__(inst, "__dict__")
    except AttributeError:
        return None


def _halves(state: Any) -> tuple[Any, Any]:
    """Split a state into attributes and slots, by its real items (a tuple may be of any class)."""
    if isinstance(state, tuple) and tuple.__len__(state) == 2:
        attributes, slots = tuple.__iter__(state)
        return attributes, slots
    return state, None


def _is_nothing(self: Any, state: Any) -> bool:
    """Tell whether a state is empty, without asking an object of some class of the file's."""
    return state is None or (not _is_strict(self) and type(state) in _PLAIN and not state)


def _is_strict(self: Any) -> bool:
    """Tell whether a state must be a dict or None, as in C; what is false will do in Python."""
    return isinstance(self, ReferenceUnpickler)


def _is_replaced_in_place(inst: Any) -> bool:
    """Tell whether a state gives an object other memory, or its memory another meaning."""
    numpy = sys.modules.get("numpy")
    kind = type(inst)
    if issubclass(kind, getattr(numpy, "dtype", ())):
        return True
    array: Any = getattr(numpy, "ndarray", None)
    return array is not None and issubclass(kind, array) and bool(array.size.__get__(inst))


def _count(memo: dict[int, Any], value: object) -> int:
    return sum(1 for held in memo.values() if held is value)


def check_build(guard: Guard, inst: Any, state: Any) -> None:
    """Check that `inst` may be given `state`.

    Raises
    ------
    PolicyViolation
    """
    cls = type(inst)
    made = guard.made.get(id(inst))
    if made is None or made.value is not inst:
        guard.refuse(
            guard.name(inst), "BUILD", "only an object that this load has made is given a state"
        )
    elif not made.fresh:
        if rules.changes_nothing(inst, state):
            return
        guard.refuse(guard.name(inst), "BUILD", "the object existed before this load, or is shared")
    elif made.built:
        guard.refuse(guard.name(inst), "BUILD", "an object is given its state once")
    else:
        made.built = True
    verdict = _class_verdict(guard, cls)
    if STATE not in verdict.grants and guard.permits(cls, STATE):
        guard.refuse(_name(cls), "BUILD", verdict.why_not(STATE))
    _check_setter(guard, cls, verdict)
    rules.check(guard, verdict, STATE, inst, (state,))
    if verdict.rule in rules.OWNS_STATE:
        return  # the rule has looked at the whole of it
    check_state(guard, cls, verdict, state)
    if STATE in verdict.traits.get(INERT, ()) or STATE in verdict.traits.get(TEXTLESS, ()):
        guard.check_operands(verdict, STATE, (state,))


def _class_verdict(guard: Guard, cls: type) -> Verdict:
    """Return the verdict on the class of an instance, proven to be about that very class."""
    known = guard.verdict_of(cls)
    if known is None:
        names.accept(guard, cls, None, cls.__module__, cls.__qualname__)
        known = guard.verdict_of(cls) or guard.class_verdict(cls)
    return known


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _check_setter(guard: Guard, cls: type, verdict: Verdict) -> None:
    """Check that a ``__setstate__`` in Python is the one that was analysed.

    attrs and dataclasses make one for classes with slots; theirs only assign the fields.
    """
    setter = _static(cls, "__setstate__")
    if isinstance(setter, _UNBOUND_KINDS):
        guard.refuse(_name(cls), "BUILD", "its __setstate__ is no method and is not analysed")
    if not isinstance(setter, FunctionType):
        return
    if "base policy" in verdict.grants.get(STATE, "") or "__main__" in verdict.grants.get(
        STATE, ""
    ):
        return
    maker = sys.modules.get(setter.__globals__.get("__name__", ""))
    if maker is not None and maker.__name__ in ("attr._make", "dataclasses"):
        return
    code = setter.__code__
    if code.co_filename in verdict.files and code.co_name == "__setstate__":
        return
    if _is_analysed(cls):
        return
    guard.refuse(
        _name(cls), "BUILD", "its __setstate__ was put in place at run time and is not analysed"
    )


def _is_analysed(cls: type) -> bool:
    """Tell whether the live class that defines ``__setstate__`` has been judged with it.

    A base that a module imports if it can (``try: from sklearn.base import ...``) is another one
    for the analysis than for the interpreter.
    """
    base = next(base for base in cls.__mro__ if "__setstate__" in vars(base))
    verdict = names.own_verdict(base)
    if verdict is None or not verdict.traits.get("custom_state"):
        return False
    return STATE in verdict.grants


def check_state(guard: Guard, cls: type, verdict: Verdict, state: Any) -> None:
    """Check the keys of a state: none forges what an object is, none shadows a method with code.

    Raises
    ------
    PolicyViolation
    """
    own_keys = frozenset(verdict.traits.get("state_keys", ()))
    custom = bool(verdict.traits.get("custom_state"))
    attributes, slots = _halves(state)
    if isinstance(slots, dict):
        _check_slots(guard, cls, slots, custom, own_keys)
        state = attributes
    elif not custom:
        state = attributes
    assigns = issubclass(cls, BaseException) or bool(verdict.traits.get("computed_keys"))
    if isinstance(state, dict):
        _check_keys(guard, cls, dict.items(state), own_keys, exact=not custom)
        if assigns:
            _check_setters(guard, cls, state, frozenset(verdict.traits.get("setters", ())))
    if custom:
        _check_nested(guard, cls, state, own_keys, assigns)


def _check_nested(
    guard: Guard, cls: type, state: Any, own_keys: frozenset[str], assigns: bool
) -> None:
    """Check the tables and pairs within a state: a setter may take attributes from any of them."""
    seen: set[int] = set()
    waiting = [state]
    while waiting:
        value = waiting.pop()
        if not isinstance(value, (dict, list, tuple)) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            pairs = [*dict.items(value)]
            waiting += dict.values(value)
        else:
            base: Any = list if isinstance(value, list) else tuple
            items = [*base.__iter__(value)]
            pairs = [pair for pair in map(_pair, items) if pair is not None]
            waiting += items
        if value is not state or not isinstance(value, dict):
            _check_keys(guard, cls, pairs, own_keys, exact=False, special=assigns)


def _pair(value: Any) -> tuple[Any, Any] | None:
    """Return the two items of a pair as a setter would unpack it, None for anything else."""
    if type(value) in (list, tuple) and len(value) == 2 and isinstance(value[0], str):
        return value[0], value[1]
    return None


def _check_keys(
    guard: Guard,
    cls: type,
    pairs: Iterable[tuple[Any, Any]],
    own_keys: frozenset[str],
    exact: bool,
    special: bool = True,
) -> None:
    """Check names of attributes, and callables under the names of methods.

    A str of a derived class (numpy has one) finds attributes like the text that it equals, and
    so may a key of any other class: where keys are attributes they are exact.
    """
    own_names = guard.class_verdict(cls).traits.get("own_names", ())
    for key, value in pairs:
        if type(key) is not str:
            if exact or (isinstance(key, str) and special):
                guard.refuse(_name(cls), "BUILD", "the keys of a state are exact str")
            continue
        if key.startswith("__") and key.endswith("__"):
            if key in own_names and (key not in _NAMING or value is None or type(value) is str):
                continue  # the class's own code gives its instances this attribute
            if special and key not in own_keys and key not in _ALLOWED_DUNDERS:
                guard.refuse(
                    _name(cls), f"BUILD of {key}", "a state may not set special attributes"
                )
        elif guard.is_callable(value):
            _check_shadow(guard, cls, key, value)


def _check_setters(guard: Guard, cls: type, table: dict[Any, Any], judged: frozenset[str]) -> None:
    """A setter that assigns computed keys runs properties: plain members, or analysed ones."""
    for key in dict.keys(table):
        found = _static(cls, key) if type(key) is str else None
        if not hasattr(type(found), "__set__") or isinstance(found, MemberDescriptorType):
            continue
        if not (isinstance(found, property) and key in judged):
            guard.refuse(_name(cls), f"BUILD of {key}", "assigning it runs a property of the class")


def _check_shadow(guard: Guard, cls: type, key: str, value: object) -> None:
    """A callable that takes the place of a method will be called in its stead.

    A function that may be referred to reaches no sink whatever it is called with.
    """
    found = _static(cls, key)
    if isinstance(found, MemberDescriptorType):
        return
    if callable(found) or hasattr(type(found), "__get__"):
        reason = guard.reason_against_call(value)
        if reason:
            guard.refuse(
                guard.name(value), f"BUILD of {_name(cls)}.{key}", f"it shadows a method: {reason}"
            )


def _check_slots(
    guard: Guard, cls: type, table: dict[Any, Any], custom: bool, own_keys: frozenset[str]
) -> None:
    assigner = _static(cls, "__setattr__")
    judged = guard.class_verdict(cls).traits.get("assigns") is True
    if table and not custom and not judged and isinstance(assigner, FunctionType):
        guard.refuse(_name(cls), "BUILD", "slot state would run the __setattr__ of the class")
    for key in dict.keys(table):
        found = _static(cls, key) if type(key) is str else None
        if custom and type(key) is str and not key.startswith("__"):
            continue
        if not isinstance(found, MemberDescriptorType) and (found is not None or key in own_keys):
            guard.refuse(_name(cls), f"BUILD of {key}", "slot state may only fill slots")
    _check_keys(guard, cls, dict.items(table), own_keys, exact=True)


def _static(cls: type, name: str) -> object:
    """Look an attribute up along the MRO without running anything."""
    for base in type.mro(cls) if cls is type else type.__getattribute__(cls, "__mro__"):
        found = vars(base).get(name)
        if found is not None:
            return cast("object", found)
    return None


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
    verdict = _class_verdict(guard, cls)
    reason = guard.permits(cls, FILL)
    if reason:
        guard.refuse(_name(cls), opcode, reason)
    attributes = getattr(target, "__dict__", None)
    if isinstance(attributes, dict) and any(hook in attributes for hook in _INSTANCE_HOOKS):
        guard.refuse(_name(cls), opcode, "its state shadows the method that would be called")
    rules.check(guard, verdict, FILL, target, tuple(items))
    if FILL in verdict.traits.get(INERT, ()) or FILL in verdict.traits.get(TEXTLESS, ()):
        guard.check_operands(verdict, FILL, items)


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

# -- operations of somebody else's ----------------------------------------------------------------


def _keep(self: Any) -> None:
    """Nothing is left to be done after the operation."""


def _book_result(self: Any) -> None:
    """Remember what the operation left on the stack."""
    value = self.stack[-1]
    self._guard.made_here(value, sys.getrefcount(value) <= _FRESH_REFERENCES + 1)


def _before_reduce(self: Any) -> Callable[[Any], None]:
    func, args = self.stack[-2:]
    if not isinstance(args, tuple):
        raise TypeError("argument list must be a tuple")
    args = tuple(tuple.__iter__(args))
    guard: Guard = self._guard
    verdict = guard.verdict_of(func)
    self.stack[-2:] = [check_call(guard, func, args, "REDUCE"), args]
    if verdict is None:
        return _book_result

    def close(self: Any) -> None:
        rules.after_call(guard, verdict, args, self.stack[-1])
        _book_result(self)

    return close


def _before_newobj(self: Any) -> Callable[[Any], None]:
    cls, args = self.stack[-2:]
    if not isinstance(args, tuple) or not isinstance(cls, type):
        raise pickle.UnpicklingError("NEWOBJ expected a class and an arg tuple")
    args = tuple(tuple.__iter__(args))
    check_construct(self._guard, cls, args, "NEWOBJ")
    self.stack[-1] = args
    return _book_result


def _before_newobj_ex(self: Any) -> Callable[[Any], None]:
    cls, args, kwargs = self.stack[-3:]
    if not isinstance(args, tuple) or not isinstance(kwargs, dict) or not isinstance(cls, type):
        raise pickle.UnpicklingError("NEWOBJ_EX expected a class, an arg tuple and a dict")
    args, kwargs = tuple(tuple.__iter__(args)), dict(dict.items(kwargs))
    check_construct(self._guard, cls, (*args, *kwargs.values()), "NEWOBJ_EX")
    self.stack[-2:] = [args, kwargs]
    return _book_result


def _before_build(self: Any) -> Callable[[Any], None]:
    guard: Guard = self._guard
    guard.check_alive()
    inst, state = self.stack[-2:]
    guard.elsewhere = 0
    if _is_replaced_in_place(inst):
        guard.elsewhere = sys.getrefcount(inst) - _BOOKED - _count(self.memo, inst)
    check_build(guard, inst, state)
    made = guard.made.get(id(inst))
    if made is None:
        return _keep
    made.built = False  # the operation may come back to the checked one

    def close(self: Any) -> None:
        made.built = True

    return close


def _before_append(self: Any) -> Callable[[Any], None]:
    check_fill(self._guard, self.stack[-2], "APPENDS", self.stack[-1:])
    return _keep


def _before_setitem(self: Any) -> Callable[[Any], None]:
    check_fill(self._guard, self.stack[-3], "SETITEMS", self.stack[-2:])
    return _keep


def _before_marked(opcode: str) -> Callable[[Any], Callable[[Any], None]]:
    def check(self: Any) -> Callable[[Any], None]:
        check_fill(self._guard, self.metastack[-1][-1], opcode, self.stack)
        return _keep

    return check


def _before_persid(self: Any) -> Callable[[Any], None]:
    return _book_given


def _book_given(self: Any) -> None:
    """Remember that what a persistent id stands for is the program's."""
    self._guard.made_here(self.stack[-1], fresh=False)


CHECKS: dict[bytes, Callable[[Any], Callable[[Any], None]]] = {
    pickle.PERSID: _before_persid,
    pickle.BINPERSID: _before_persid,
    pickle.REDUCE: _before_reduce,
    pickle.NEWOBJ: _before_newobj,
    pickle.NEWOBJ_EX: _before_newobj_ex,
    pickle.BUILD: _before_build,
    pickle.APPEND: _before_append,
    pickle.APPENDS: _before_marked("APPENDS"),
    pickle.SETITEM: _before_setitem,
    pickle.SETITEMS: _before_marked("SETITEMS"),
    pickle.ADDITEMS: _before_marked("ADDITEMS"),
}
"""Opcode to the check that an operation of somebody's own is put behind; gives what follows it.

The opcodes that name a class themselves are not among them: ours takes their place.
"""

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
    held = None
    kept = []
    while guard.call_only:
        name = guard.name(guard.call_only[-1])
        held, meaning = guard.release()
        if sys.getrefcount(held) > _FRESH_REFERENCES:
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
        return find_class(self, module, name)

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
