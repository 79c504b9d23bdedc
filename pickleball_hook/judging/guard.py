"""The decisions of one unpickler: which global is what, what is fresh, and what is refused.

Every object that came onto the stack by a global's name is remembered with its verdict; every
object that an operation made is remembered as made here. An operation is then permitted by the
exact objects in hand, not by what some other reading of the bytes thinks they are.
"""

from __future__ import annotations

import functools
import types
import weakref
from collections import defaultdict

from pickleball_hook import context
from pickleball_hook.errors import Finding, PolicyViolation
from pickleball_hook.judging import methods, names
from pickleball_hook.judging.callables import (
    bound_verdict,
    is_data_type,
    is_mark,
    is_number_type,
    is_remover,
    only_looks,
    reason_of_choice,
    takes_anything,
)
from pickleball_hook.judging.operands import check_operands, check_operated
from pickleball_hook.judging.search import find_callable, within
from pickleball_hook.judging.telling import dotted, may_be_allowed
from pickleball_hook.judging.telling import remedy as usual_remedy
from pickleball_hook.user import records, settings
from policy_cache import policies
from policy_cache.model import CALL, METHODS, REFER, SETS, UNREDUCED, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_METHODS = (types.FunctionType, classmethod, staticmethod)
_BUILTIN = types.BuiltinFunctionType
_PLAIN_CONTAINERS = frozenset([list, dict, set])
_SCALARS = frozenset([int, float, complex, bool, str, bytes, bytearray, type(None)])
_BESIDE = "beside what the file has named, {}"
_HEAP_TYPE = 1 << 9
"""CPython Include/object.h, ``Py_TPFLAGS_HEAPTYPE``: builtin types have no methods in Python."""


class Made:
    """An object that this load made: which global made it, and whether it has its state."""

    __slots__ = ("built", "fresh", "value")

    def __init__(self, value: object, fresh: bool) -> None:
        self.value = value  # held, so that its id stays taken
        self.fresh = fresh
        self.built = False


class Guard:
    """Judge the operations of one unpickler.

    Parameters
    ----------
    load : context.Load
        The outermost load it belongs to.
    enforcing : bool
        Whether a refusal raises, or is only recorded (audit mode).
    file, loader : str
        For messages.
    """

    def __init__(self, load: context.Load, enforcing: bool, file: str, loader: str) -> None:
        self.load = load
        load.guards.append(weakref.ref(self))
        self.enforcing = enforcing
        self.file = file
        self.loader = loader
        self.granted: dict[int, tuple[object, Verdict]] = {}
        self.made: dict[int, Made] = {}
        self.filled: list[object] = []
        """Plain containers that calls have given, with something in them."""
        self.sealed: dict[int, object] = {}
        """Dicts that have become the attributes of an object when that got its state."""
        self.call_only: list[names.CallOnly] = []
        """Stand-ins on the stack for globals that may be called but not handed out."""
        self._behind: dict[int, object] = {}
        """What each of them stands for: not in it, where any code could take it out."""
        self.makers: dict[int, object] = {}
        """In audit mode, the functions and partials on the stack that make an object by steps."""
        self.stepwise = False
        """Whether an object was made by steps: tuples in the memo then hold stand-ins."""
        self.untouched: set[int] = set()
        """Ids of what calls have made of literals alone, and the file has not added to: what these
        hold (pandas' cached properties hold classes), their library has put there."""
        self.settled: dict[int, str] = {}
        """Those of them which the program had before the load, with the library that they are of:
        its code, and the program's, calls what they hold as it is."""
        self.leave: type[BaseException] | None = None
        """Raised for a refusal of operands where another engine knows more of them."""
        self.watch = methods.Watch()
        self.held: dict[int, tuple[object, Verdict]] = {}
        """What objects hold that call it at any time, with the verdict on their class."""
        self.answers: dict[tuple[Any, ...], tuple[methods.Called, Verdict]] = {}
        """What comes of operations on instances of classes, by the ids of verdicts."""
        self.elsewhere = 0
        """References that others hold to the numpy object which is about to get its state."""
        self.calling = False
        """Whether code other than the unpickler's runs: an error then is not the stream's."""

    def resume(self, load: context.Load, enforcing: bool) -> None:
        """Go on with a later load of the same unpickler: its memo holds what earlier ones made."""
        self.load = load
        load.guards.append(weakref.ref(self))
        self.enforcing = enforcing
        self.calling = False

    # -- refusing -------------------------------------------------------------------------------

    def refuse(self, name: str, operation: str, reason: str, remedy: str = "") -> None:
        """Record a violation, and in enforce mode raise it.

        Raises
        ------
        PolicyViolation
            In enforce mode.
        """
        mode = "enforce" if self.enforcing else "audit"
        finding = Finding(
            name, operation, reason, remedy or usual_remedy(name), self.file, self.loader, mode
        )
        if not self.enforcing or self.load.violation is None:
            records.note(self.load, finding)
        if not self.enforcing:
            return
        violation = PolicyViolation(finding)
        if self.load.violation is None:
            self.load.violation = violation
        raise violation

    def check_alive(self) -> None:
        """Refuse everything that comes after a swallowed refusal."""
        if self.load.violation is not None and self.enforcing:
            raise self.load.violation

    # -- names ----------------------------------------------------------------------------------

    def grant(self, value: object, verdict: Verdict) -> None:
        """Remember that `value` came onto the stack under a judged name."""
        self.granted[id(value)] = (value, verdict)
        if isinstance(value, type):
            reason = self.watch.reason_against(self, value, verdict)
        elif isinstance(
            value, (*names.CALLABLE_KINDS, names.CallOnly)
        ) or names.is_compiled_function(value):
            return
        else:
            reason = self.watch.reason_against_made(self, value)
        if reason:
            self.refuse(dotted(verdict), "GLOBAL", _BESIDE.format(reason))

    def defines(self, cls: type, name: str) -> bool:
        """Tell whether a class written in Python, or such a base, has an attribute."""
        return any(base.__flags__ & _HEAP_TYPE and name in vars(base) for base in cls.__mro__)

    def defined(self, cls: type, asked: set[str]) -> set[str]:
        """Return those of some attributes that a class written in Python, or such a base, has."""
        found: set[str] = set()
        for base in cls.__mro__:
            if base.__flags__ & _HEAP_TYPE:
                found |= vars(base).keys() & asked
        return found

    def method_verdict(self, cls: type, name: str) -> Verdict | None:
        """Return the verdict on a method of a class, None if it has no such in Python."""
        for base in type.__getattribute__(cls, "__mro__"):
            method = vars(base).get(name)
            if isinstance(method, _METHODS):
                found = policies.verdict(names.home_of(base), f"{base.__qualname__}.{name}")
                shown = not found.open and found.kind != "live"
                return found if shown else names.method_verdict(base, name, method) or found
        return None

    def on_stack(self, value: object) -> object:
        """Return what stands on the stack for a named object: itself, or a stand-in."""
        verdict = self.verdict_of(value)
        if verdict is None or REFER in verdict.grants or type(value) is names.CallOnly:
            return value
        if not self.enforcing:
            return value
        stand_in = names.CallOnly()
        self.keep(stand_in, (value, verdict))
        return stand_in

    def release(self) -> tuple[names.CallOnly, tuple[object, Verdict]]:
        """Forget the last stand-in; return it, and what it stands for with the verdict."""
        stand_in = self.call_only.pop()
        _, verdict = self.granted.pop(id(stand_in))
        return stand_in, (self._behind.pop(id(stand_in)), verdict)

    def keep(self, stand_in: names.CallOnly, meaning: tuple[object, Verdict]) -> None:
        """Remember a stand-in that is kept in a memo, for a later load of the same unpickler."""
        self.call_only.append(stand_in)
        self._behind[id(stand_in)], verdict = meaning
        self.grant(stand_in, verdict)

    def mean(self, stand_in: object, meaning: object) -> None:
        """Let a stand-in stand for something else from now on."""
        self._behind[id(stand_in)] = meaning

    def behind(self, value: object) -> Any:
        """Return what a stand-in stands for, and anything else as it is."""
        return self._behind[id(value)] if type(value) is names.CallOnly else value

    def borrow(self, stand_in: names.CallOnly) -> object:
        """Return what a stand-in that a ``find_class`` gave stands for, under its verdict.

        An unpickler may look names up by the ``find_class`` of the one that it reads for
        (joblib/numpy_pickle.py NumpyArrayWrapper.read_array, since 1.6.0): the stand-in is then
        another guard's, of the same load.
        """
        if id(stand_in) in self._behind:
            return stand_in
        for lender in [guard for known in self.load.guards if (guard := known()) is not None]:
            value = lender._behind.get(id(stand_in))
            verdict = lender.verdict_of(value)
            if verdict is not None:
                self.grant(value, verdict)
                return value
        self.refuse(self.name(stand_in), "GLOBAL", "what stands for it is not of this load")
        return stand_in

    def is_callable(self, value: object) -> bool:
        """Tell whether calling a value runs code that is to be judged."""
        return isinstance(value, names.CALLABLE_KINDS) or callable(value)

    def reason_against_call(self, value: object) -> str:
        """Return why others may not call a value with whatever they have, ``""`` if they may."""
        if names.is_numpy_kind(value):
            return ""
        if isinstance(value, type):
            return self.permits(value, CALL)
        if isinstance(value, names.CALLABLE_KINDS) or self.verdict_of(value) is not None:
            return self.permits(value, REFER) or reason_of_choice(self.named_verdict(value))
        if isinstance(value, functools.partial):
            return self.reason_against_call(value.func)
        return self.reason_against_instance(type(value))

    def reason_against_use(
        self, value: object, code: Verdict | None = None, closed: bool = False
    ) -> str:
        """Return why code that calls what it is given may not have a value, ``""`` if it may.

        A class or function is called with whatever the code has. One that was followed to its end
        reaches no sink then; a class need not be what a reducer returns, for no file calls it. A
        library may call its own, followed or not, as it does for honest files.
        """
        if type(value) is functools.partial:  # what it adds to a call is among what was looked at
            makes_tables = value.func is defaultdict and value.args
            used = value.args[0] if makes_tables else value.func  # as ``dict`` but for its factory
            return self.reason_against_use(used, code, closed)
        if not isinstance(value, names.CALLABLE_KINDS):
            return self.reason_against_call(value)
        if only_looks(value) or is_remover(value) or is_number_type(value):
            return ""
        verdict = self.named_verdict(value)
        if verdict is None and (is_data_type(value) or is_mark(value)):
            return ""  # the factory of a library's own defaultdict
        if verdict is None:
            return "it did not come from a name in the file"
        if isinstance(value, type):
            verdict = policies.verdict(verdict.module, verdict.name, CALL)
        if not takes_anything(verdict, code, closed):
            return "what it is called with would have to be judged"
        return ""

    def is_constructor(self, cls: type) -> bool:
        """Tell whether making an object of a named class reaches no sink."""
        known = self.named_verdict(cls)
        if known is None:
            return False
        verdict = policies.verdict(known.module, known.name, CALL)
        return CALL in verdict.grants or bool(verdict.traits.get(UNREDUCED))

    def named_verdict(self, value: object) -> Verdict | None:
        """Return the verdict under which a class or function, or what stands for it, was named.

        A method that library code has bound to an object is that of the object's class, as if the
        file had asked for it by ``getattr``.
        """
        known = self.verdict_of(value)
        if known is None and type(value) is types.MethodType:
            return None if isinstance(value.__self__, type) else bound_verdict(value)
        return known

    def reason_against_change(self, value: object) -> str:
        """Return why code that sets attributes of what it is given may not have a value."""
        if isinstance(value, names.CALLABLE_KINDS):
            # What is built in has no attributes that could be set.
            return "" if is_data_type(value) else "it belongs to the whole process"
        return self.reason_against_call(value)

    def reason_against_handing(self, verdict: Verdict, operation: str, value: object) -> str:
        """Return why code that calls what it is given, or sets attributes, may not have a value."""
        # A built-in function has no attribute to set but ``__module__``: it is called, at most.
        if operation in verdict.traits.get(SETS, ()) and type(value) is not _BUILTIN:
            return self.reason_against_change(value)
        # A module that a library has put into an object of its own (scipy 1.18, LinearOperator)
        # cannot be called; what is looked up on it by name is another matter.
        if type(value) is types.ModuleType and not verdict.traits.get(METHODS):
            return ""
        return self.reason_against_use(value, code=verdict, closed=True)

    def reason_against_instance(self, cls: type) -> str:
        """Return why others may not call the instances of a class, ``""`` if they may."""
        verdict = self.verdict_on_call(cls)
        if verdict is None:
            return "it is not known what it does when it is called"
        return reason_of_choice(verdict) if REFER in verdict.grants else verdict.why_not(REFER)

    def verdict_on_call(self, cls: type) -> Verdict | None:
        """Return the verdict on the ``__call__`` of the instances of a class, None without one."""
        for base in cls.__mro__:
            if "__call__" in vars(base):
                verdict = policies.verdict(names.home_of(cls), f"{cls.__qualname__}.__call__")
                if verdict.open or verdict.kind == "live":
                    home = names.home_of(base)
                    verdict = policies.verdict(home, f"{base.__qualname__}.__call__")
                return verdict
        return None

    def verdict_when_called(self, value: object) -> Verdict | None:
        """Return the verdict on what runs when a value is called: on itself, or its class."""
        if isinstance(value, names.CALLABLE_KINDS):
            return self.named_verdict(value)
        return self.verdict_of(value) or self.verdict_on_call(type(value))

    def verdict_of(self, value: object) -> Verdict | None:
        """Return the verdict under which `value` was named in this load."""
        known = self.granted.get(id(value))
        return known[1] if known is not None and known[0] is value else None

    def adopt(self, value: object) -> None:
        """Judge an object of this load for being called, by the ``__call__`` of its class.

        A reducer may return an object that knows how to make another one (SQLAlchemy,
        event/base.py; torch_geometric, data/batch.py). What is called is its library's code.
        """
        made = self.made.get(id(value))
        if made is None or made.value is not value or self.verdict_of(value) is not None:
            return
        base = next((base for base in type(value).__mro__ if "__call__" in vars(base)), None)
        function = vars(base)["__call__"] if base is not None else None
        if base is None or type(function) is not types.FunctionType:
            return
        verdict = policies.verdict(base.__module__, f"{base.__qualname__}.__call__", CALL)
        if CALL in verdict.grants and function.__code__.co_filename == verdict.origin:
            self.grant(value, verdict)

    def permits(self, value: object, operation: str) -> str:
        """Return ``""`` if a named object may undergo an operation, else the reason why not."""
        verdict = self.verdict_of(value)
        if verdict is None:
            return "it did not come from a name in the file: only a name can be called"
        if operation == CALL and verdict.name.endswith(".__call__") and _is_function(value):
            return "it is called on its object only"
        if operation in verdict.grants:
            return ""
        asked = policies.verdict(verdict.module, verdict.name, operation)
        if verdict.kind == "enum" != asked.kind:
            asked = verdict  # its files show a class, and only the live object what it is
        if operation in asked.grants:
            self.grant(value, asked)
            return ""
        if not asked.open and asked.kind != "live":  # then only the live object has told
            verdict = asked
        if operation == CALL and names.inherits_reducer(value, verdict):
            evidence = "the reducer of a compiled base returns it"
            self.grant(value, verdict._replace(grants={**verdict.grants, CALL: evidence}))
            return ""
        if operation in settings.allowances().get(verdict.key, ()):
            return "" if may_be_allowed(verdict) else verdict.why_not(operation)
        return verdict.why_not(operation)

    def name(self, value: object) -> str:
        """Return how to name an object in a message."""
        verdict = self.verdict_of(value)
        if verdict is not None:
            return dotted(verdict)
        kind = value if isinstance(value, type) else type(value)
        prefix = "" if isinstance(value, type) else "an instance of "
        return f"{prefix}{kind.__module__}.{kind.__qualname__}"

    def class_verdict(self, cls: type) -> Verdict:
        """Return the verdict on the class of an object, named in the file or not."""
        known = self.verdict_of(cls)
        return known or policies.verdict(names.home_of(cls), cls.__qualname__)

    # -- operations -----------------------------------------------------------------------------

    def made_here(self, value: object, fresh: bool) -> None:
        """Remember an object that an operation gave."""
        if type(value) in _SCALARS:
            return
        if fresh and type(value) in _PLAIN_CONTAINERS:
            if value:  # a call has filled it
                self.filled.append(value)
                self._check_beside(value)
            return
        if id(value) in self.granted:
            return
        known = self.made.get(id(value))
        if known is None:
            self.made[id(value)] = Made(value, fresh)
            self._check_beside(value)

    def _check_beside(self, value: object) -> None:
        """Hold what an operation gave against finalizers and hashes, and its own against all."""
        reason = self.watch.reason_against_made(self, value)
        if reason:
            self.refuse(self.name(value), "REDUCE", _BESIDE.format(reason))

    def note_key(self, key: str) -> None:
        """Take note that an object gets an attribute that may be callable."""

    def present(self) -> list[object]:
        """Return what the load has made, and what its names stand for."""
        named = [value for value, _ in self.granted.values()]
        return [*named, *self.filled, *(made.value for made in self.made.values())]

    def made_of(
        self, value: object, fresh: bool, operands: Iterable[object], settled: str = ""
    ) -> None:
        """Remember what a call gave, and whether it has anything of the file but literals.

        `settled` is the library of what was there before, and holds what the program has put there.
        """
        self.made_here(value, fresh)
        if id(value) not in self.made or not self.are_literals(operands):
            return
        if settled:
            self.settled[id(value)] = settled
        if fresh or settled:
            self.untouched.add(id(value))

    def are_literals(self, operands: Iterable[object]) -> bool:
        """Tell whether a call is given literals and constants only."""
        return all(map(self._is_literal, operands))

    def _is_literal(self, value: object) -> bool:
        if type(value) in _SCALARS:
            return True
        verdict = self.verdict_of(value)
        return verdict is not None and verdict.kind == "constant" and not callable(value)

    def expose(self, values: Iterable[object]) -> None:
        """Take note that code gets these, which may put a callable into whatever else it gets."""
        untouched = self.untouched
        if untouched and find_callable(values, _whatever, untouched, self.settled) is not None:
            self.untouched.difference_update([id(value) for value in within(values, ())])

    def check_operands(self, verdict: Verdict, operation: str, operands: Iterable[Any]) -> None:
        """Check what a call is given: callables only where they are judged as called."""
        check_operands(self, verdict, operation, list(operands))
        self.check_operated(verdict, operation, operands)

    def check_operated(self, verdict: Verdict, operation: str, operands: Iterable[Any]) -> None:
        """Check what objects hold that code calls by operators which it applies to them."""
        if self.watch.operated:
            check_operated(self, verdict, operation, list(operands))

    def check_addition(self, target: object, operation: str, values: list[Any]) -> None:
        """Check what comes to be held by an object that calls it at any time.

        Raises
        ------
        PolicyViolation
        """
        known = self.held.get(id(target))
        if known is not None and known[0] is target:
            self.check_operands(known[1], operation, values)


def _whatever(value: object) -> str:
    """Return why a callable counts as one, in a search for any."""
    return "it can be called"


def _is_function(value: object) -> bool:
    return isinstance(value, (types.FunctionType, types.MethodType, names.CallOnly))
