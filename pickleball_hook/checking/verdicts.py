"""What a stream would be told when it is loaded, as far as that shows without loading it.

The guard that judges a load judges here the stand-ins of `checking.trace`. Names and
operations are decided as they will be; rules about values are decided where the values are exact.
What only live objects can tell is left to the load and listed as such.
"""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pickleball_hook.checking.described import Described
from pickleball_hook.checking.remarks import AT_LOAD, UNKNOWN, Remark, Remarks
from pickleball_hook.checking.trace import (
    MOST_SAMPLES,
    Key,
    Recorder,
    StandIn,
    StandInMeta,
    bare,
    holds,
    key_of,
    shown,
)
from pickleball_hook.judging import guard, names, states, telling
from pickleball_hook.rules.table import OWNS_STATE, find_rule
from policy_cache import policies
from policy_cache.analysis.sinks import method_sink
from policy_cache.model import (
    CALL,
    CONSTRUCT,
    FILL,
    INERT,
    METHODS,
    REFER,
    STATE,
    TEXTLESS,
    UNREDUCED,
    UNRESOLVED,
    Verdict,
    depends,
)
from policy_cache.source.locate import locate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PROGRAM = ("__main__", "__mp_main__")
_ENUM = "enum"
_LOOKS_AT = {
    "lightgbm_booster": "_handle",
    "xgboost_booster": "handle",
    "scipy_distribution": "_parse_arg_template",
    "sibling_file": "filename",
    "sklearn_vectorizer": "input",
}
"""Rules about a state to the one key that they look at."""

_DECIDABLE = frozenset(
    [
        "literal_args",
        "plain_args",
        "plain_pairs",
        "tz_args",
        "text_codec",
        "codecs_encode",
        "regex",
        "type",
        "enum_call",
        "itemgetter",
        "bytesio",
        "nested_load",
        *_LOOKS_AT,
    ]
)
"""Rules that look at nothing but exact built-in values, verdicts and source."""

_OF_CLASSES = ("newobj", "newobj_ex", "reconstructor")
"""Rules of functions that construct their first argument."""

_NOT_FOUND = (
    "its module's files do not show it: plain Python does not find it either, or it is made when "
    "the module runs, and only the live object tells"
)
_TEXTS = ("latin1", "latin-1", "utf-8", "utf8", "ascii")


class Arrays(Protocol):
    """Reads what joblib has put into the middle of a stream."""

    def is_wrapper(self, key: Key) -> bool:
        """Tell whether an instance of this class announces an array."""

    def read(self, state: Any) -> None:
        """Pass over the array that follows."""


class _Settled(NamedTuple):
    """What every further call of a global comes to, if its arguments are such as were judged.

    Attributes
    ----------
    operations : dict
        Of its `Use`, to go on counting.
    makes : StandInMeta
        The class of what it gives.
    takes : int
        With which arguments: `_NOTHING`, `_SHAPES`, `_DATA` or `_ANYTHING`.
    remark : Remark or None
        What is said of each of them.
    shapes : set
        For `_SHAPES`: the classes of the arguments that were judged. Methods that the code calls
        on them are judged for their classes; in stand-ins there is nothing to be found.
    """

    operations: dict[str, int]
    makes: StandInMeta
    takes: int
    remark: Remark | None
    shapes: set[tuple[Any, ...]]


class _Maker(NamedTuple):
    """What stands for ``cls.__new__`` or a partial of it, and what it makes (see `makers`)."""

    value: object
    partial: bool = False
    bound: tuple[Any, tuple[Any, ...], dict[str, Any]] | None = None


_NOTHING, _SHAPES, _DATA, _ANYTHING = range(4)
_NAMED = (StandInMeta, FunctionType)
_ATOMS = frozenset([int, float, complex, bool, str, bytes, type(None)])


def _is_data(values: Iterable[Any]) -> bool:
    """Tell, quickly, whether there is nothing to call among values; False if it takes longer.

    An instance of a stand-in that holds nothing counts as data: its class is judged where it is
    named.
    """
    for value in values:
        kind = type(value)
        if kind in _ATOMS or (type(kind) is StandInMeta and not value.__dict__):
            continue
        if kind not in (tuple, list) or not _ATOMS.issuperset(map(type, value)):
            return False
    return True


def _is_flat(values: tuple[Any, ...]) -> bool:
    """Tell whether values are data in which no text can be the name of an attribute."""
    return _is_data(values) and not any(
        type(value) in (tuple, list) and str in map(type, value) for value in values
    )


def _shape(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the classes of values that are data, and of the items of those that have some."""
    return tuple(
        (type(value), frozenset(map(type, value))) if type(value) in (tuple, list) else type(value)
        for value in values
    )


def _evaluated(key: Key, args: tuple[Any, ...]) -> Any:
    """Return the real value of a call by which older protocols write plain data, None for others.

    Only for exact built-in arguments: what is called is CPython's own and runs nothing else.
    """
    kinds = tuple(type(value) for value in args)
    if key == ("_codecs", "encode") and kinds in ((str,), (str, str)):
        return args[0].encode(*args[1:]) if not args[1:] or args[1] in _TEXTS else None
    if key[0] != "builtins":
        return None
    if key[1] in ("set", "frozenset", "list", "tuple") and kinds in ((list,), (tuple,), ()):
        made: dict[str, Callable[..., Any]] = {
            "set": set,
            "frozenset": frozenset,
            "list": list,
            "tuple": tuple,
        }
        return made[key[1]](*args)
    if key[1] == "bytearray" and kinds in ((), (bytes,)):
        return bytearray(*args)
    if key[1] == "complex" and kinds == (float, float):
        return complex(*args)
    return None


class Judge(Recorder):
    """A recorder that judges each operation as a load would.

    Parameters
    ----------
    file : str
        The path of what is judged, as far as it has one.

    Attributes
    ----------
    remarks : collections.Counter
        `Remark` to how often.
    distributions : dict of str to str
        Name to version of those the verdicts are about.
    nested : list of bytes
        Pickles in the arguments of loaders that a load would call: to be judged as well.
    """

    def __init__(self, file: str = "") -> None:
        super().__init__()
        self.guard = Remarks()
        self.guard.file = file
        self.remarks = self.guard.remarks
        self.distributions: dict[str, str] = {}
        self.nested: list[bytes] = []
        self.arrays: Arrays | None = None
        self.described = Described()
        self._states: set[tuple[Any, ...]] = set()
        self._unconditional: set[tuple[int, str]] = set()
        self._settled: dict[int, _Settled] = {}
        self._makers: dict[int, _Maker] = {}

    # -- names ----------------------------------------------------------------------------------

    def new(self, key: Key) -> Any:
        """Judge a name, and return a stand-in of its kind."""
        verdict = self._verdict(key)
        is_function = verdict.kind in ("function", "constant") or REFER not in verdict.grants
        made = (
            self.new_function(key)
            if is_function and not verdict.open and CONSTRUCT not in verdict.grants
            else self.new_class(key)
        )
        self.guard.grant(made, verdict)
        return made

    def _verdict(self, key: Key) -> Verdict:
        module, name = key
        dotted = f"{module}.{name}"
        if module in _PROGRAM:
            self._unknown(dotted, "only the program that saved the file knows its own classes")
            return self._nothing_known(key)
        verdict = policies.verdict(module, name)
        if not verdict.grants and locate(module) is None:
            self._unjudged_module(key, verdict)
            return self._nothing_known(key)
        owner = policies.distribution_of(module, name)
        if owner is not None:
            self.distributions[owner[0]] = owner[1]
        home = verdict.target.partition(":")[0]
        file = self.guard.file
        reason = policies.reason_against_import(module, file)
        reason = reason or policies.reason_against_import(home, file)
        if verdict.open:
            reason = reason or names.reason_against_walk(module, name)
            if reason:
                self.guard.refuse(dotted, "GLOBAL", reason)
            else:
                self._unknown(dotted, _NOT_FOUND)
            return self._nothing_known(key)
        if not verdict.grants:
            self.guard.refuse(_named(verdict), "GLOBAL", verdict.why_not(REFER))
        elif reason:
            self.guard.refuse(_named(verdict), "GLOBAL", reason)
        return verdict

    def _unjudged_module(self, key: Key, verdict: Verdict) -> None:
        module, name = key
        top = module.partition(".")[0]
        reason = policies.reason_against_import(module)
        if "*" in verdict.refusals and verdict.kind != "absent":
            self.guard.refuse(f"{module}.{name}", "GLOBAL", verdict.why_not(REFER))
        elif reason:
            self.guard.refuse(f"{module}.{name}", "GLOBAL", reason)
        elif locate(top) is None:
            self._unknown(f"{module}.{name}", f"{shown(top)[1:-1]} is not installed here")
        else:
            self._unknown(f"{module}.{name}", "no such module in the version that is installed")

    def _unknown(self, name: str, reason: str) -> None:
        self.guard.remark(UNKNOWN, name, "GLOBAL", reason)

    def _nothing_known(self, key: Key) -> Verdict:
        """Return a verdict that adds nothing to what was said of the name already."""
        said = dict.fromkeys((REFER, CONSTRUCT, CALL, STATE, FILL), "not judged")
        return Verdict(*key, "class", ":".join(key), said, {}, "", {"custom_state": True})

    # -- operations -----------------------------------------------------------------------------

    def called(self, target: Any, args: tuple[Any, ...]) -> Any:
        """Judge REDUCE, INST or OBJ, and give what it makes."""
        if self._makers:
            made = self._made_by_steps(key_of(target), target, args)
            if made is not None:
                return made
        settled = self._settled.get(id(target))
        if settled is not None:
            takes = settled.takes
            if takes == _ANYTHING or not args or (takes == _DATA and _is_data(args)):
                return self._again(settled)
            if takes == _SHAPES and _is_data(args) and _shape(args) in settled.shapes:
                return self._again(settled)
        key = key_of(target) or ("", "?")
        verdict = self.guard.verdict_of(target)
        if verdict is None:
            reason = "it did not come from a name in the file: only a name can be called"
            self.guard.refuse(".".join(key), "REDUCE", reason)
            return self.result(key)
        self.note(key, CALL, args)
        said = self.guard.said
        if not self._permits(verdict, target, CALL, "REDUCE"):
            return self._made_by_call(key, verdict, target, args)
        verdict = self.guard.verdict_of(target) or verdict
        self.guard.check_operands(verdict, CALL, args)
        self._rule(verdict, CALL, target, args)
        value = self._made_by_call(key, verdict, target, args)
        if self.uses[key].operations[CALL] > MOST_SAMPLES:
            self._settle(target, verdict, args, value, self.guard.said - said)
        return value

    def _again(self, settled: _Settled) -> object:
        """Give what a call makes of which everything is known."""
        settled.operations[CALL] += 1
        if settled.remark is not None:
            self.remarks[settled.remark] += 1
        value = bare(settled.makes)
        self.guard.made[id(value)] = guard.Made(value, True)
        return value

    def _settle(
        self, target: Any, verdict: Verdict, args: tuple[Any, ...], value: Any, said: int
    ) -> None:
        """Remember how a call was judged, where arguments of the same kind change nothing."""
        makes: Any = type(value)
        remark = self.guard.latest if said else None
        name = verdict.rule or verdict.traits.get("call_rule", "")
        plain = not name or name not in (*_DECIDABLE, *_OF_CLASSES, "getattr", "numpy_dtype")
        if type(makes) is not StandInMeta or verdict.kind == _ENUM or said > 1:
            return
        if remark is not None and (remark.outcome != AT_LOAD or not plain):
            return
        traits = verdict.traits
        takes = _DATA if CALL in traits.get(INERT, ()) else _ANYTHING
        if CALL in traits.get(METHODS, ()):
            takes = _SHAPES
        if traits.get("constructs") or traits.get("calls") or CALL in traits.get(TEXTLESS, ()):
            plain = False
        known = self._settled.get(id(target))
        if known is not None and known.takes == _SHAPES and known.remark == remark:
            if _is_data(args):
                known.shapes.add(_shape(args))
        elif (plain and (takes != _SHAPES or _is_data(args))) or (
            not args and name not in _OF_CLASSES
        ):
            operations = self.uses[target._key].operations
            self._settled[id(target)] = _Settled(
                operations, makes, takes if plain else _NOTHING, remark, {_shape(args)}
            )

    def _made_by_call(
        self, key: Key, verdict: Verdict, target: Any, args: tuple[Any, ...]
    ) -> object:
        value = _evaluated((verdict.module, verdict.name), args)
        if value is not None:
            return value
        if verdict.rule == "getattr":
            return self._attribute(args)
        if verdict.rule == "type_table" and args and type(args[0]) is str:
            self._look_up_type(args[0])
        made: Any = None
        for index in verdict.traits.get("constructs", ()):
            if index < len(args) and isinstance(args[index], StandInMeta):
                made = args[index]
        if isinstance(target, StandInMeta):
            made = target
        if verdict.rule in _OF_CLASSES and args:
            made = args[0] if isinstance(args[0], StandInMeta) else None
        value = bare(made) if made is not None else self.result(key)
        if made is target and args:
            holds(value, args)
        self.guard.made_here(value, verdict.kind != _ENUM)
        self.described.made(verdict.rule, value, args)
        return value

    def _made_by_steps(self, key: Key | None, target: Any, args: tuple[Any, ...]) -> object | None:
        """Give what ``cls.__new__`` makes, itself or in a partial; None for any other call."""
        known = self._makers.get(id(target))
        if known is None:
            if key != ("functools", "partial") or len(args) != 1 or id(args[0]) not in self._makers:
                return None
            return self._maker(partial=not self._makers[id(args[0])].partial)
        bound = known.bound if not args else None
        if not known.partial and args and isinstance(args[0], StandInMeta):
            bound = args[0], args[1:], {}
        return self.constructed(*bound) if bound is not None else None

    def _bind(self, target: Any, state: Any) -> bool:
        """Keep the arguments that the state of a partial holds; tell whether it is such a state."""
        known = self._makers[id(target)]
        if not known.partial or known.bound is not None:
            return False
        if type(state) is not tuple or len(state) != 4 or id(state[0]) not in self._makers:
            return False
        _, args, kwargs, _ = state
        if type(args) is not tuple or type(kwargs) is not dict or not args:
            return False
        if not isinstance(args[0], StandInMeta):
            return False
        bound = args[0], args[1:], dict(kwargs)
        self._makers[id(target)] = known._replace(bound=bound)
        return True

    def _maker(self, partial: bool = False) -> object:
        value = self.result(("builtins", "getattr"))
        self._makers[id(value)] = _Maker(value, partial)  # held, so that its id stays taken
        return value

    def _look_up_type(self, name: str) -> None:
        """Judge what a table of types gives, where it is one of the standard library's."""
        import types

        found = getattr(types, name, None)
        own = names.own_verdict(found) if isinstance(found, type) else None
        if isinstance(found, type) and (own is None or not own.grants):
            reason = (
                own.why_not(REFER) if own is not None else "it has no permitted name of its own"
            )
            self.guard.refuse(found.__qualname__, "GLOBAL", reason)

    def _attribute(self, args: tuple[Any, ...]) -> object:
        """Give what ``getattr`` gives: the global ``Class.name``."""
        if len(args) == 2 and isinstance(args[0], StandInMeta) and args[1:] == ("__new__",):
            return self._maker()
        if len(args) != 2 or type(args[1]) is not str or args[1].startswith("__"):
            self.guard.refuse("builtins.getattr", "REDUCE", "it takes an object and an exact name")
            return self.result(("builtins", "getattr"))
        holder, name = args
        cls = holder if isinstance(holder, StandInMeta) else type(holder)
        if isinstance(holder, FunctionType):
            self.guard.refuse("builtins.getattr", "REDUCE", "the attribute is not of a class")
            return self.result(("builtins", "getattr"))
        if isinstance(cls, StandInMeta) and self.is_result(holder):
            self._left("builtins.getattr", "REDUCE", "the attribute is of what a call gives")
            return self.result(("builtins", "getattr"))
        verdict = self.guard.class_verdict(cls)
        home, _, qualname = verdict.target.partition(":")
        if verdict.kind == _ENUM:
            return self.result((home, qualname))
        return self.find((home, f"{qualname}.{name}"))

    def constructed(self, cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Judge NEWOBJ or NEWOBJ_EX."""
        operands = (*args, *kwargs.values()) if kwargs else args
        self.note(cls._key, CONSTRUCT, operands)
        if (id(cls), CONSTRUCT) not in self._unconditional:
            self._judge_construct(cls, operands)
        value = bare(cls)
        if operands:
            holds(value, operands)
        self.guard.made_here(value, True)
        return value

    def _judge_construct(self, cls: Any, operands: tuple[Any, ...]) -> None:
        verdict = self.guard.class_verdict(cls)
        name = _named(verdict)
        if not self._permits(verdict, cls, CONSTRUCT, "NEWOBJ"):
            return
        verdict = self.guard.class_verdict(cls)
        if verdict.traits.get("bare_new") and operands:
            self._left(name, "NEWOBJ", "a compiled class whose __new__ is given arguments")
        self.guard.check_operands(verdict, CONSTRUCT, operands)
        self._rule(verdict, CONSTRUCT, cls, operands)
        if not _conditions(verdict, CONSTRUCT):
            self._unconditional.add((id(cls), CONSTRUCT))

    def stated(self, target: Any, state: Any) -> None:
        """Judge BUILD on an object that the stream made."""
        cls = type(target)
        if id(target) in self._makers and self._bind(target, state):
            return
        self.note(cls._key, STATE, state)
        self._judge_build(cls, target, state)
        if self.arrays is not None and self.arrays.is_wrapper(cls._key):
            self.arrays.read(state)  # which takes its place
        else:
            holds(target, state)

    def _judge_build(self, cls: Any, target: Any, state: Any) -> None:
        name = ".".join(cls._key)
        self.described.built(target, state)
        if self.is_result(target):
            self._left(name, "BUILD", "the class of what a call gives shows only then")
            return
        made = self.guard.made.get(id(target))
        if made is None or not made.fresh:
            self.guard.refuse(name, "BUILD", "the object existed before this load, or is shared")
        elif made.built:
            self.guard.refuse(name, "BUILD", "an object is given its state once")
        else:
            made.built = True
        if (id(cls), STATE) not in self._unconditional:
            self._judge_state(cls)
        verdict = self.guard.verdict_of(cls)
        if verdict is None:
            return
        self.guard.check_addition(target, STATE, [state])
        self._rule(verdict, STATE, target, (state,))
        if verdict.rule in OWNS_STATE:
            return
        question = self._question(cls, verdict, state)
        if question is not None and question in self._states:
            return
        said = self.guard.said
        states.check_state(self.guard, cls, verdict, state)
        if depends(verdict.traits, STATE):
            self.guard.check_operands(verdict, STATE, (state,))
        elif verdict.traits.get("custom_state"):
            self.guard.check_operated(verdict, STATE, (state,))
        if question is not None and said == self.guard.said:
            self._states.add(question)

    def _question(self, cls: Any, verdict: Verdict, state: Any) -> tuple[Any, ...] | None:
        """Return what the judgement on a state depends on; None if that cannot be told quickly.

        Where code of the class gets the state, the classes of all that is in it count too.
        """
        if type(state) is not dict or verdict.rule:
            return None
        if not all(type(key) is str and not key.startswith("__") for key in state):
            return None
        traits = verdict.traits
        if traits.get("custom_state") or INERT in traits or METHODS in traits:
            values = tuple(state.values())
            return (id(cls), *state, *_shape(values)) if _is_flat(values) else None
        named = [(key, id(value)) for key, value in state.items() if type(value) in _NAMED]
        return (id(cls), *state, *named)

    def _judge_state(self, cls: Any) -> None:
        if self._permits(self.guard.class_verdict(cls), cls, STATE, "BUILD"):
            self._unconditional.add((id(cls), STATE))

    def filled(self, target: Any, items: list[Any]) -> None:
        """Judge items for an object that the stream made."""
        cls = type(target)
        self.note(cls._key, FILL, items)
        self._judge_items(cls, target, items)
        holds(target, items)

    def _judge_items(self, cls: Any, target: Any, items: list[Any]) -> None:
        name = ".".join(cls._key)
        if self.is_result(target):
            self._left(name, "APPENDS/SETITEMS", "the class of what a call gives shows only then")
            return
        if not self._permits(self.guard.class_verdict(cls), cls, FILL, "APPENDS/SETITEMS"):
            return
        verdict = self.guard.verdict_of(cls)
        if verdict is not None:
            self.guard.check_addition(target, STATE, items)
            self._rule(verdict, FILL, target, tuple(items))
            if depends(verdict.traits, FILL):
                self.guard.check_operands(verdict, FILL, items)
            else:
                self.guard.check_operated(verdict, FILL, items)

    def misused(self, target: Any, operation: str, operand: Any) -> None:
        """Refuse BUILD, or items, on a global itself."""
        super().misused(target, operation, operand)
        opcode = telling.OPCODES[operation]
        reason = "only an object that this load has made is given a state or items"
        self.guard.refuse(".".join(key_of(target) or ("?",)), opcode, reason)

    def persistent(self, pid: Any) -> Any:
        """Give what the program resolves; torch's legacy format keeps classes in such ids.

        ``("module", cls, file, source)`` is the class (torch/serialization.py, ``_legacy_load``).
        """
        named = type(pid) is tuple and len(pid) > 1 and pid[0] == "module"
        if named and isinstance(pid[1], StandInMeta):
            return pid[1]
        return super().persistent(pid)

    def _permits(self, verdict: Verdict, target: Any, operation: str, opcode: str) -> bool:
        """Judge an operation; a compiled class that its files do not describe is not judged."""
        reason = self.guard.permits(target, operation)
        acts = method_sink(verdict.name.rpartition(".")[2]) if "." in verdict.name else None
        shown_later = verdict.traits.get("live") or verdict.kind == UNRESOLVED
        if operation == CALL and verdict.traits.get(UNREDUCED) and _is_compiled(verdict):
            shown_later = True  # the reducer of a base may return it: `names.inherits_reducer`
        if reason and not acts and shown_later:
            self.guard.remark(UNKNOWN, _named(verdict), opcode, reason)
        elif reason:
            self.guard.refuse(_named(verdict), opcode, reason)
        return not reason

    # -- rules ----------------------------------------------------------------------------------

    def _rule(
        self, verdict: Verdict, operation: str, target: Any, operands: tuple[Any, ...]
    ) -> None:
        name = verdict.rule
        if not name:
            trait = {CALL: "call_rule", STATE: "state_rule"}.get(operation, "")
            name = verdict.traits.get(trait, "")
        if not name or name == "getattr":
            return
        if name in _OF_CLASSES:
            self._constructs(verdict, name, operands)
            return
        if name not in _DECIDABLE:
            reason = self.described.reason_against(name, target, operands)
            if reason:
                self.guard.refuse(_named(verdict), telling.OPCODES[operation], reason)
                return
            self._left(_named(verdict), telling.OPCODES[operation], f"the rule {name} is applied")
            return
        if name == "nested_load":
            self.nested += [value for value in operands if type(value) in (bytes, bytearray)]
        reason = find_rule(name)(self.guard, operation, target, operands)
        looked_at: Iterable[Any] = operands
        if operation == STATE and name in _LOOKS_AT and type(operands[0]) is dict:
            looked_at = [operands[0].get(_LOOKS_AT[name])]
        if reason and self._holds_result(looked_at):
            self._left(_named(verdict), telling.OPCODES[operation], f"the rule {name} is applied")
        elif reason:
            self.guard.refuse(_named(verdict), telling.OPCODES[operation], reason)

    def _constructs(self, verdict: Verdict, name: str, operands: tuple[Any, ...]) -> None:
        """Judge what ``copyreg``'s functions do: NEWOBJ of the first argument."""
        cls = operands[0] if operands else None
        if not isinstance(cls, StandInMeta):
            self.guard.refuse(_named(verdict), "REDUCE", "it takes a class that the file names")
        elif name == "newobj":
            self._judge_construct(cls, tuple(operands[1:]))
        elif name == "newobj_ex":
            if len(operands) == 3 and type(operands[1]) is tuple and type(operands[2]) is dict:
                self._judge_construct(cls, (*operands[1], *operands[2].values()))
            else:
                self.guard.refuse(_named(verdict), "REDUCE", "it takes a class, a tuple and a dict")
        else:
            self._judge_construct(cls, ())
            base = operands[1] if len(operands) == 3 else None
            if key_of(base) != ("builtins", "object"):
                self._left(_named(verdict), "REDUCE", "the rule reconstructor is applied")
            elif operands[2] is not None:
                self.guard.refuse(_named(verdict), "REDUCE", "base object has no state")

    def _left(self, name: str, operation: str, reason: str) -> None:
        self.guard.remark(AT_LOAD, name, operation, reason)

    def _holds_result(self, values: Iterable[Any]) -> bool:
        """Tell whether values hold something of which nobody knows what it is before the load."""
        waiting = list(values)
        seen: set[int] = set()
        while waiting and len(seen) < 10_000:
            value = waiting.pop()
            if id(value) in seen:
                continue
            seen.add(id(value))
            if isinstance(value, StandIn):
                return True
            if type(value) is dict:
                waiting += [*value, *value.values()]
            elif type(value) in (list, tuple, set, frozenset):
                waiting += value
        return bool(waiting)


def _conditions(verdict: Verdict, operation: str) -> bool:
    """Tell whether permission depends on the operands."""
    traits = verdict.traits
    return bool(
        verdict.rule
        or traits.get("bare_new")
        or traits.get("calls")
        or traits.get("constructs")
        or depends(traits, operation)
    )


def _is_compiled(verdict: Verdict) -> bool:
    """Tell whether a global is of an extension module."""
    return verdict.origin.endswith(tuple(EXTENSION_SUFFIXES))


def _named(verdict: Verdict) -> str:
    asked, target = f"{verdict.module}.{verdict.name}", verdict.target.replace(":", ".")
    return asked if asked == target else f"{asked} (that is {target})"
