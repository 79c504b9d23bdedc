"""Hooks for BUILD: what stand-ins may be given, at once, in the end, and when it is replayed."""

from __future__ import annotations

import sys
import types
from collections import deque
from types import NoneType

from pickleball_hook.engines import stepping
from pickleball_hook.engines.arrays import with_arrays
from pickleball_hook.engines.prover import (
    PLAIN,
    RESULTS,
    SCALARS,
    Constant,
    Named,
    StandInClass,
    Unknown,
    Unsure,
    attributes_of,
    content_of,
    defines,
    is_array,
    is_compared_by_code,
    is_finalized_by_code,
    is_risky,
    keep_alone,
    note_containers,
    stop,
)
from pickleball_hook.judging import methods, parts, states
from pickleball_hook.rules import trees
from pickleball_hook.rules.table import OWNS_STATE, RULES
from policy_cache.model import (
    AS_KEY,
    CALL,
    COMPARED,
    INERT,
    LATER,
    METHODS,
    OPERATED,
    OPERATES,
    REFER,
    STATE,
    TEXTLESS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pickleball_hook.engines.prover import Prover
    from policy_cache.model import Verdict


STATE_RULES = frozenset(["", "scipy_distribution", "literal_args", "sklearn_vectorizer"])
"""Rules that look at names and literals of a state only, which are themselves in the shadow."""
CONTENT_RULES = {"sklearn_tree": trees.condensed}
"""Rules that look into the arrays of a state, and what keeps of it what the object must suit."""
careful: set[tuple[str, str]] = set()
"""Classes of which files have set attributes that need a look at their values, by name."""
_MOST_HARMLESS = 1000
"""Keys of states that are remembered of one class."""
SOLE = next(map(sys.getrefcount, [{}]))
"""References of an object that one list holds, as ``map`` sees them."""
_BOOKED = 2
"""References to an array that the prover itself has: as one of its class, and as one of objects."""
_OWN_WAYS = ("__setstate__", "__getattr__", "__getattribute__", "__setattr__")
"""What a class has of its own if code of its takes part in giving an object its state."""
LISTED = next(sys.getrefcount(held) for held in [object()])
"""The same, as a loop over the list sees them."""


class Result:
    """What a call gave. Whoever asks what it is is told that it is no container and no callable.

    Then the replay must see that it is none (:attr:`Named.opaque`). If it gets a state, that is
    judged when the replay shows whose state it is (:attr:`Named.later`).
    """

    __slots__ = ("args", "index")
    named: Named
    prover: Prover
    index: int
    args: tuple[Any, ...]

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        self.named.opaque = True
        return Result

    def __hash__(self) -> int:
        self.named.hashed = True
        self.prover.look_again()
        return id(self)

    def __setstate__(self, state: Any) -> None:
        """Keep a state until it is known what it is for."""
        named = self.named
        if self.index in named.later or id(self) in self.prover.searched:
            raise Unsure
        self.prover.acted.append(True)
        note_containers(self.prover, state)
        if self.prover.wary:
            _note_results(self.prover, state)  # it may be an instance of that class
        rule = named.verdict.traits.get("state_rule", "")
        if rule in CONTENT_RULES:
            state = CONTENT_RULES[rule](with_arrays(self.prover, state))
            if state is None:
                raise Unsure
        named.later[self.index] = state


def setter(prover: Prover, named: Named) -> Any:
    """Return the hook for BUILD."""
    try:
        return checked_setter(prover, named) if STATE in named.verdict.grants else stop
    except Unsure:
        return stop  # instances that get no state are none of it


def _writer(prover: Prover, named: Named) -> Any:
    """Return the hook for BUILD of a class whose state is just written into its instances.

    It runs for every object of a stream, and collects what :func:`settle` looks at in the end.
    """
    mark, keep = named.made.append, named.states.append
    update_keys, update_slots = named.keys.update, named.slots.update

    def __setstate__(self: Any, state: Any) -> None:
        mark(self)
        keep(state)
        if type(state) is dict:
            update_keys(state)
        elif state is not None:
            attributes, table = state
            if type(state) is not tuple or type(table) not in (dict, NoneType):
                raise Unsure
            if table:
                update_slots(table)
            if attributes is not None:
                if type(attributes) is not dict:
                    raise Unsure
                update_keys(attributes)

    return __setstate__


def checked_setter(prover: Prover, named: Named, live: bool = False) -> Any:
    """Return the hook for BUILD; `live` ones judge at once, and for real instances."""
    cls, verdict = named.real, named.verdict
    traits = verdict.traits
    rule = verdict.rule or traits.get("state_rule", "")
    if rule in CONTENT_RULES and not live:
        named.contents = True
        prover.contents = prover.contents or {}
        raise Unsure
    if rule not in STATE_RULES and rule not in CONTENT_RULES:
        raise Unsure
    direct, deep = traits.get(METHODS, {}).get(STATE, ((), ()))
    direct = direct or traits.get(OPERATES, {}).get(STATE, ((), ()))[0]
    inert = STATE in traits.get(INERT, ()) or bool(deep)
    operated = OPERATED in traits
    if STATE in traits.get(TEXTLESS, ()):
        raise Unsure
    states.check_setter(prover, cls, verdict)
    if not live and states.computes_attributes(cls):
        raise Unsure  # the object must tell what its ``__setstate__`` is
    plain = not defines(cls, "__setstate__") and not defines(cls, "__getattr__")
    special = inert or operated or rule or traits.get("custom_state") or traits.get("computed_keys")
    named.late = plain and not special and (cls.__module__, cls.__qualname__) not in careful
    if named.late and not live:
        return _writer(prover, named)
    check = RULES[rule] if rule else None
    mark = named.made.append
    layouts: set[tuple[str, ...]] = set()

    def __setstate__(self: Any, state: Any) -> None:
        if live:
            states.check_own_setter(prover, self)
        mark(self)
        if not plain or inert:
            prover.acted.append(True)
        if direct and type(state) not in PLAIN:
            raise Unsure
        flat = type(state) is dict and _is_flat(prover, state)
        if check is not None and check(prover, STATE, self, (state,)):
            raise Unsure
        prover.kept.append((state,))
        if flat and not inert and (*state,) in layouts:
            prover.alone.append(state)
            prover.judged.append((state, content_of(state)))
            return
        if rule not in OWNS_STATE:
            states.check_state(prover, cls, verdict, state)
        note_containers(prover, state)
        if inert:
            search(prover, state, verdict, STATE, live)
        if operated and arms(prover, state):
            if live:
                raise Unsure
            prover.armed = True
        if flat and not any(map(_is_special, state)):
            layouts.add((*state,))

    return __setstate__


def _is_flat(prover: Prover, state: dict[Any, Any]) -> bool:
    """Tell whether the values of a state are neither containers nor callables."""
    kinds = set(map(type, state.values()))
    if kinds <= prover.inert:
        return True
    for kind in kinds - prover.inert:
        if issubclass(kind, Result):
            kind.named.opaque = True
            prover.inert.add(kind)
            prover.lent.append(kind)
    return kinds <= prover.inert


def search(
    prover: Prover, state: Any, verdict: Verdict, operation: str, live: bool = False
) -> None:
    """Check that a state holds nothing that could be called.

    What calls gave is left to the replay; if that is under way (`live`) it must know of it.

    Raises
    ------
    Unsure
    """
    waiting = [state]
    places: dict[int, int] = {}
    results = []
    calls_methods = any(verdict.traits.get(METHODS, {}).get(operation, ()))
    while waiting:
        value = waiting.pop()
        kind: Any = type(value)
        if kind in SCALARS:
            continue
        if id(value) in places:
            places[id(value)] += 1
            continue
        places[id(value)] = 1
        if type(kind) is StandInClass and issubclass(kind, dict):
            raise Unsure  # it may have methods that call what it holds
        if issubclass(kind, (dict, list, tuple, set, frozenset)):
            if kind is set:
                prover.judged.append((value, content_of(value)))
            waiting += value
            waiting += value.values() if isinstance(value, dict) else ()
            waiting += _beside(prover, value, verdict, operation)
        elif kind is deque:
            raise Unsure  # it may be filled later
        elif kind in RESULTS:
            waiting += parts.hidden(value)
        elif issubclass(kind, Result):
            named = kind.named
            if live and (("", "") not in named.searched or calls_methods):
                raise Unsure  # it may be there already, and nobody has looked at it for this
            if not live:
                named.searched[verdict.target, operation] = (verdict, operation)
            results.append(value)
            waiting += [named.later[value.index]] if value.index in named.later else []
            waiting += _held_by(prover, value, results, places, live)
        elif kind not in prover.inert:
            raise Unsure
        elif type(kind) is StandInClass:
            if not is_array(kind):
                raise Unsure  # beside its state it has what its class's code has put there
            if live and id(value) in prover.hollow:
                raise Unsure  # it may have come by other objects since
            _, data = prover.objects.setdefault(id(value), (value, None))
            if data is not None:  # else it may not come to hold any either
                waiting += parts.weighty(data)
                results.append(value)
                places[id(value)] += _BOOKED
    keep_alone(prover, results, places)


def arms(prover: Prover, *values: Any) -> bool:
    """Tell whether an object that holds values may hold a callable.

    What calls gave is left to the replay.
    """
    waiting = [*values]
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        kind: Any = type(value)
        if kind in SCALARS or id(value) in seen:
            continue
        seen.add(id(value))
        if issubclass(kind, (dict, list, tuple, set, frozenset)):
            if type(kind) is StandInClass:
                return True
            waiting += value
            waiting += [*value.values(), *attributes_of(value)] if issubclass(kind, dict) else ()
        elif issubclass(kind, Result):
            kind.named.searched["", ""] = (None, "")
        elif type(kind) is StandInClass and is_array(kind):
            _, data = prover.objects.setdefault(id(value), (value, None))
            waiting += parts.weighty(data) if data is not None else ()
        elif kind not in prover.inert or type(kind) is StandInClass:
            return True
    return False


def _beside(prover: Prover, value: Any, verdict: Verdict, operation: str) -> list[Any]:
    """Return what a container has beside its items, but for factories that may be called.

    Raises
    ------
    Unsure
    """
    *held, factory = attributes_of(value) or [None]
    if factory is not None:
        called = getattr(factory, "named", None)
        if called is None or prover.reason_against_handing(verdict, operation, called.real):
            raise Unsure
    return held


def _held_by(
    prover: Prover, result: Any, results: list[Any], places: dict[int, int], live: bool
) -> list[Any]:
    """Return what the object that a call gave may hold: what the call was given.

    The replay sees what is in it when it is made. What was in its arguments must be the same ever
    after, or it would hold something else when others get it; harmless ones are that already.
    """
    prover.searched.add(id(result))
    held = []
    for value in result.args:
        if type(value) is Constant:
            continue  # nobody's to change
        if issubclass(type(value), Unknown):
            results.append(value)  # nobody can change it who does not have it
            places[id(value)] = places.get(id(value), 0) + 1
        elif type(value) is not StandInClass and type(value) is not types.FunctionType:
            held.append(value)
    if not live:
        note_containers(prover, *held)
    return held


def _note_results(prover: Prover, state: Any) -> None:
    """Have the replay search what calls gave that are part of a state."""
    places: dict[int, int] = {}
    results: list[Any] = []
    waiting: list[Any] = []
    for value in state if type(state) is tuple else (state,):
        waiting += value.values() if type(value) is dict else (value,)
    while waiting:
        part = waiting.pop()
        if not issubclass(type(part), Result):
            continue
        if id(part) in places:
            places[id(part)] += 1
            continue
        places[id(part)] = 1
        part.named.searched["", ""] = (None, "")  # by whom is only known then
        results.append(part)
        waiting += _held_by(prover, part, results, places, False)
    keep_alone(prover, results, places)


def _is_special(key: Any) -> bool:
    return type(key) is not str or key.startswith("__")


# -- the end --------------------------------------------------------------------------------------


def settle(prover: Prover) -> None:
    """Check, now that the shadow has come to the end of the stream, what was put off.

    Raises
    ------
    Unsure
    """
    prover.looks = None  # from here on it is counted who has what
    for named in prover.named.values():
        if named.made or named.states:
            _settle_states(named)
    if prover.acted:
        if any(content_of(value) != before for value, before in prover.judged):
            raise Unsure  # an opcode has changed it since
        prover.judged.clear()
        _settle_alone(prover)
    if prover.stepping:
        stepping.settle(prover)
    if prover.risky and any(_runs_unseen(prover, named.real) for named in prover.named.values()):
        raise Unsure
    if prover.watch.operated:
        _settle_operators(prover)
    prover.bounces = False
    watched = bool(prover.watch.asked)
    later = prover.watch.asked.get(LATER)
    if later:
        _settle_finalizers(prover, later)
    for named in prover.named.values():
        seen = not named.called or named.stepped
        if not seen and (watched or named.gives is None):
            named.gives = _gives_anything(named, watched)
        named.watched = not seen and bool(named.gives)
        named.trampoline = named.watched or named.is_seen()
        if named.trampoline or REFER not in named.verdict.grants:
            prover.bounces |= named.trampoline
            _settle_handed_out(named)


def _runs_unseen(prover: Prover, cls: Any) -> bool:
    """Tell whether objects of a class run code unseen by the shadow: when they go, as keys."""
    if not isinstance(cls, type):
        return False
    hides = prover.named[id(cls)].called and not prover.stepping
    return is_finalized_by_code(cls) or (hides and is_compared_by_code(cls))


def _settle_operators(prover: Prover) -> None:
    """Check that no code runs special methods of objects that call what these hold.

    What methods those call is asked of every class that the stream has named.

    Raises
    ------
    Unsure
    """
    run: set[str] = set()
    for named in prover.named.values():
        for operation, rows in named.verdict.traits.get(OPERATES, {}).items():
            run.update(rows[1] if operation == STATE else [*rows[0], *rows[1]])
    called: set[str] = set()
    for table in prover.watch.operated.values():
        for name in table.keys() & run:
            calls, methods_of = table[name]
            if calls and prover.armed:
                raise Unsure
            called.update(methods_of)
    if called and methods.called_on_classes(prover, called, prover.watch.kinds):
        raise Unsure
    prover.operators = frozenset(called)


def _settle_finalizers(prover: Prover, names: set[str]) -> None:
    """Check that no object has what finalizers would call as a method of it.

    Raises
    ------
    Unsure
    """
    if prover.acted or not names.isdisjoint(prover.keys):
        raise Unsure  # or code has put it there
    if any(not names.isdisjoint(named.keys | named.slots) for named in prover.named.values()):
        raise Unsure


def _gives_anything(named: Named, watched: bool) -> bool:
    """Tell whether calls give objects of classes that are not known before they are there.

    Such a class may have a finalizer. Of what is `watched` one is known already.

    Raises
    ------
    Unsure
        If that is so of a class, whose calls the replay does not see.
    """
    cls = named.real
    if isinstance(cls, type):
        if type(cls).__call__ is type.__call__ and not _is_python(states.static(cls, "__new__")):
            return False
        if watched:
            raise Unsure
    return watched or "base policy" not in named.verdict.grants.get(CALL, "")


def _is_python(method: Any) -> bool:
    return isinstance(getattr(method, "__func__", method), types.FunctionType)


def _settle_alone(prover: Prover) -> None:
    """Check that nothing else has a container whose content was judged: code of a library ran."""
    noted = 1 if prover.stepping else 0  # `stepping.note` has all states
    for named in prover.named.values():
        if named.states and max(map(sys.getrefcount, named.states)) > SOLE + noted:
            raise Unsure
        for state in named.states:
            for half in state if type(state) is tuple else ():
                if type(half) is dict and sys.getrefcount(half) > LISTED + noted:
                    raise Unsure
    if prover.alone and max(map(sys.getrefcount, prover.alone)) > SOLE + 1:
        prover.alone[:] = _once(prover.alone)
        if max(map(sys.getrefcount, prover.alone)) > SOLE + 1:
            raise Unsure
    if _are_elsewhere(prover):
        fewest: dict[int, int] = {}
        for value, places in zip(prover.shared, prover.places):  # noqa: B905 (3.10)
            fewest[id(value)] = min(places, fewest.get(id(value), places))
        value = None
        prover.shared[:], prover.places[:] = _once(prover.shared), fewest.values()
        if _are_elsewhere(prover):
            raise Unsure


def _are_elsewhere(prover: Prover) -> bool:
    counts = map(sys.getrefcount, prover.shared)
    return any(count > SOLE + places for count, places in zip(counts, prover.places))  # noqa: B905


def _once(values: list[Any]) -> list[Any]:
    """Return each of some objects once: judged again in one place, as part of something else."""
    seen: set[int] = set()
    found = []
    for value in values:
        if id(value) not in seen:
            seen.add(id(value))
            found.append(value)
    return found


def _settle_states(named: Named) -> None:
    """Check the states of the instances of one class."""
    if len({*map(id, named.made)}) != len(named.made):
        raise Unsure  # an object was given a state twice
    if not named.types <= {int}:
        raise Unsure
    if not named.late:
        return  # judged one by one
    cls = named.real
    if not set(map(type, named.keys | named.slots)) <= {str}:
        raise Unsure
    for key in named.keys - named.harmless:
        if (key.startswith("__") and key.endswith("__")) or _is_sensitive(cls, key):
            careful.add((cls.__module__, cls.__qualname__))
            raise Unsure
    if len(named.harmless) < _MOST_HARMLESS:
        named.harmless |= named.keys
    if named.slots and isinstance(states.static(cls, "__setattr__"), types.FunctionType):
        raise Unsure
    for key in named.slots:
        if not isinstance(states.static(cls, key), types.MemberDescriptorType):
            raise Unsure


def _is_sensitive(cls: type, key: str) -> bool:
    """Tell whether a callable under a key would be called in the stead of the class's own."""
    found = states.static(cls, key)
    if found is None or isinstance(found, types.MemberDescriptorType):
        return False
    return callable(found) or hasattr(type(found), "__get__")


def _settle_handed_out(named: Named) -> None:
    """Check that what may only be called is nothing that the stream keeps."""
    if sys.getrefcount(named.stand_in) > named.count:
        raise Unsure


def permit_late(prover: Prover, value: object, state: Any, handed: bool) -> None:
    """Check that a real object may be given what the shadow saw it get.

    Parameters
    ----------
    prover : Prover
        Of the proof that is replayed.
    value, state : object
        The object, and what the shadow has kept of its state.
    handed : bool
        Whether the object goes to code that may call what it holds. Then it must hold its state
        and nothing beside that, which a ``__setstate__`` of its class's might put there.

    Raises
    ------
    Unsure
    """
    cls = type(value)
    if handed and not _only_keeps(prover, cls):
        raise Unsure
    hook = prover.setters.get(cls)
    if hook is None:
        verdict = states.class_verdict(prover, cls)
        if is_risky(verdict) and (not prover.risky or is_finalized_by_code(cls)):
            raise Unsure  # what it holds may have changed since it was judged, and be put back
        if not {LATER, AS_KEY, COMPARED}.isdisjoint(verdict.traits.get(METHODS, ())):
            raise Unsure  # it may have others in hand by now that have not been asked for this
        if STATE not in verdict.grants and prover.permits(cls, STATE):
            raise Unsure
        named = Named(cls, prover.class_verdict(cls))
        if "numpy" in sys.modules:
            prover.inert.add(sys.modules["numpy"].ndarray)
        hook = prover.setters[cls] = checked_setter(prover, named, live=True)
    hook(value, state)


def _only_keeps(prover: Prover, cls: type) -> bool:
    """Tell whether an object that is given a state holds what is in it, and no more."""
    own = any(defines(cls, method) for method in _OWN_WAYS)
    return not own or "base policy" in prover.class_verdict(cls).grants.get(STATE, "")
