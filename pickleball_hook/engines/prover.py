"""Who proves: a guard that refuses by :class:`Unsure`; and what it has for unknown values."""

from __future__ import annotations

import itertools
import sys
import types
import weakref
from itertools import islice

from pickleball_hook.judging import methods
from pickleball_hook.judging.guard import Guard
from policy_cache.model import ADOPTS, ANYTIME, INERT, METHODS, STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from pickleball_hook.context import Load
    from policy_cache.model import Verdict


class Unsure(BaseException):
    """It is not proven that the reference machine would permit it. Never leaves this package."""


class Abandoned(Exception):
    """A replay has come upon what the shadow did not see: the reference machine must decide."""


def stop(*_: object) -> Any:
    raise Unsure


def no_content(item: bytes) -> Any:
    """Return what is in an item of a stream that has no large ones."""
    return item


SCALARS = frozenset([int, float, complex, bool, str, bytes, type(None)])
PLAIN = SCALARS | {tuple, list, dict, set, frozenset, bytearray}


def _result_types() -> frozenset[type]:
    """Return the closed types whose instances have no attributes that could be written."""
    from collections import deque
    from datetime import date, datetime, time, timedelta, timezone

    return frozenset([deque, date, datetime, time, timedelta, timezone, slice])


RESULTS = _result_types()
LARGE_ITEM = 1 << 16
"""Items beyond this size may not have been read by the shadow: nothing is made from them."""
_MOST_VARIED = 1000
_MEMO_BUDGET = 2_000_000
"""Entries of memos that are looked through in one load."""
_MOST_LOOKS = 20_000_000
"""Items of containers that are looked at again in one load, when code runs."""


class Named:
    """A global of the stream: what it is, what stands for it, what was done with it.

    Attributes
    ----------
    real : object
        What the stream will get.
    stand_in : object
        What the shadow has instead.
    made : list
        Stand-ins of the instances that were given a state, in that order.
    states : list
        The states that library code may have come by.
    keys, slots : set
        All keys of the states, and of their second halves.
    types : set of type
        The types of the extents of arrays.
    trampoline : bool
        Whether something is to be seen of each call when it is replayed: settled in the end.
    checked : bool
        Whether each call is to be checked with the real arguments.
    opaque : bool
        Whether a call must be seen to give neither a container nor a callable.
    flat : bool
        Whether a call must be seen to give no table: no dict, list or tuple.
    hashed : bool
        Whether what a call gave has been a key, or in a set.
    searched : dict of (str, str) to (Verdict or None, str)
        Who may call what is in the results of calls, or methods of it, by which operation; None if
        that is only known when it is replayed.
    late : bool
        Whether the states in `made` are still to be judged.
    later : dict of int to object
        The states that the results of calls get, by the number of the call.
    bound : dict of int to (object, Named, callable)
        Methods that calls have given and the stream calls, by the number of the first call.
    checks, contents : bool
        Whether `checked` holds as soon as there is a call; whether a rule looks into arrays.
    harmless : set of str
        Keys of states that are known to be permitted.
    acts : bool or None
        Whether code of a library runs when it is loaded, None if nobody has asked.
    gives : bool or None
        Whether calls give objects of classes that are not known before, None if nobody has asked.
    snapshot : tuple or None
        What it was like when the stand-in was made (`engines.keeping`).
    watched : bool
        Whether it must be seen of which class the object is that a call gives.
    stepped : bool
        Whether calls of it, or its instances, are checked one by one (`engines.stepping`).
    turn : int
        The last load, by the count of its prover, whose stream has named it.
    """

    __slots__ = (
        "acts",
        "bound",
        "called",
        "calls",
        "checked",
        "checks",
        "contents",
        "count",
        "flat",
        "gives",
        "harmless",
        "hashed",
        "keys",
        "late",
        "later",
        "made",
        "opaque",
        "real",
        "replayed",
        "searched",
        "slots",
        "snapshot",
        "stand_in",
        "states",
        "stepped",
        "trampoline",
        "turn",
        "types",
        "verdict",
        "watched",
    )

    def __init__(self, real: Any, verdict: Verdict) -> None:
        self.real = real
        self.verdict = verdict
        self.stand_in: Any = None
        self.made: list[Any] = []
        self.states: list[Any] = []
        self.keys: set[Any] = set()
        self.slots: set[Any] = set()
        self.types: set[type] = set()
        self.count = 0
        self.calls = 0
        self.replayed = itertools.count()
        self.later: dict[int, Any] = {}
        self.bound: dict[int, tuple[Any, Named, Any]] = {}
        self.called = self.checked = self.late = self.stepped = False
        self.flat = self.opaque = self.hashed = False
        self.searched: dict[tuple[str, str], tuple[Verdict | None, str]] = {}
        self.checks = self.contents = False
        self.harmless: set[str] = set()
        self.acts: bool | None = None
        self.gives: bool | None = None
        self.snapshot: tuple[Any, ...] | None = None
        self.turn = 0
        self.trampoline = self.watched = False

    def is_seen(self) -> bool:
        """Tell whether a call is to be checked, or what it gives is."""
        seen = self.checked or self.opaque or self.flat or self.hashed
        return bool(seen or self.searched or self.later or self.stepped)

    def clear(self) -> None:
        """Forget what a load did with it."""
        tables: tuple[Any, ...] = (self.keys, self.slots, self.types, self.later, self.bound)
        for table in tables:
            if table:
                table.clear()
        if self.calls:
            self.calls = 0
            self.replayed = itertools.count()
        self.checked = self.flat = self.opaque = self.hashed = self.watched = False
        self.stepped = False
        self.searched = {}


class Prover(Guard):
    """A guard that refuses by :class:`Unsure`, and keeps what has to be looked at in the end."""

    def __init__(self, load: Load, file: str = "", stepping: bool = False) -> None:
        super().__init__(load, True, file, "")
        self.stepping = stepping
        """Whether the replay checks each operation (`engines.stepping`)."""
        self.noted: dict[int, tuple[Any, Any]] = {}
        """Containers that code gets in such a replay, by id, and what was in them."""
        self.early: set[int] = set()
        """Ids of what it gets before it has its state, if it gets one."""
        self.named: dict[int, Named] = {}
        self.names: dict[tuple[str, str], tuple[Named, str]] = {}
        """Globals of earlier loads, with the modules that they were defined in."""
        self.turn = 1
        """Counts the loads."""
        self.asked = 0
        """Globals that the stream of this load has named."""
        self.first: tuple[str, str] | None = None
        """The first global of the last stream, if all that it named is still admitted."""
        self.tables: dict[type, tuple[type, dict[str, Any]]] = {}
        """Classes with the attributes that they had."""
        self.compared: set[int] = set()
        """Those of them, by id, that still have them."""
        self.bounces = False
        """Whether anything of what the stream has named gets a trampoline."""
        self.quiet: bool | None = None
        """Whether no code of a library runs for what it has named, None if nobody has asked."""
        self.varied: set[tuple[str, str]] = set()
        """First globals of streams that go on differently."""
        self.rests_on: tuple[object, ...] | None = None
        """The settings under which globals may be kept for later loads, None if they may not."""
        self.setters: dict[type, Any] = {}
        """Hooks for the states of real objects, by class."""
        self.kept: list[Any] = []
        """Arguments of calls: what they hold is not gone."""
        self.contents: dict[int, Any] | None = None
        """States of arrays by the ids of their stand-ins, where a rule looks into arrays."""
        self.content: Callable[[bytes], Any] = no_content
        """Gives what is in an item of the stream: of a large one the shadow has a mark only."""
        self.looked = 0
        """Bytes of arrays that rules have looked into."""
        self.acted: list[bool] = Acts(self)
        """Not empty once library code would have run, which may change what is judged later."""
        self.objects: dict[int, tuple[Any, Any]] = {}
        """Arrays and the objects that they hold, by id; None of those that are to hold none."""
        self.hollow: set[int] = set()
        """Ids of arrays that hold objects, once the proof has been made."""
        self.searched: set[int] = set()
        """What calls gave that went to code which may call it, by id: it gets no state later."""
        self.inert = set(INERT_KINDS)
        """Types of the shadow that stand for neither containers nor callables."""
        self.wary = False
        """Whether the stream names a class that may call what it is given as state."""
        self.risky = False
        """Whether it names what calls what it holds at any time, or makes a dict attributes."""
        self.looks: Looks | None = None
        self.armed = False
        """Whether an object may hold a callable that a special method of its class calls."""
        self.operators: frozenset[str] = frozenset()
        """Methods that special methods call which code runs by operators."""
        self.dtypes: set[tuple[Any, ...]] = set()
        """Codes of dtypes with states that the rule permits, and the types in them."""
        self.given: frozenset[type] = frozenset()
        """What the ``persistent_load`` of the program may give."""
        self.keys: set[str] = set()
        """Attributes that may be callable, by name."""
        self.lent: list[type] = []
        """Those of them that are such in this load only: the replay will see to it."""
        self.memo: Callable[[], dict[int, Any]] = dict
        """Gives a copy of the memo of the shadow."""
        self.budget = _MEMO_BUDGET
        self.judged: list[tuple[Any, tuple[Any, ...]]] = []
        """Dicts and lists that a library may keep, and what was in them when it got them."""
        self.alone: list[Any] = []
        """Containers whose content was judged: library code must not reach them elsewhere."""
        self.shared: list[Any] = []
        """Those of them that stand in more than one place of what was judged at once."""
        self.places: list[int] = []
        """In how many."""
        self._slim = False
        self._of_proof: tuple[Any, ...] = (
            *(self.kept, self.alone, self.shared, self.places, self.judged, self.noted),
            *(self.early, self.objects, self.searched, self.keys),
        )
        self._of_load: tuple[Any, ...] = (
            *(self.made, self.filled, self.sealed, self.setters, self.held, self.answers),
            *(self.acted, self.lent),
        )

    def refuse(self, name: str, operation: str, reason: str, remedy: str = "") -> None:
        """Leave it to the reference machine, which will tell why."""
        raise Unsure

    def check_alive(self) -> None:
        """Leave a load that is refused already to the reference machine."""
        if self.load.violation is not None:
            raise Unsure

    def reason_against_call(self, value: object) -> str:
        """Judge a stand-in as what it stands for."""
        kind: Any = type(value)
        if kind is types.FunctionType or kind is StandInClass:
            stand_in: Any = value
            return super().reason_against_call(stand_in.named.real)
        if type(kind) is StandInClass:
            return self.reason_against_instance(kind.named.real)
        return super().reason_against_call(value)

    def named_verdict(self, value: object) -> Verdict | None:
        """Return the verdict on what a stand-in stands for."""
        if type(value) is types.FunctionType or type(value) is StandInClass:
            stand_in: Any = value
            return self.verdict_of(stand_in.named.real)
        return super().named_verdict(value)

    def verdict_on_call(self, cls: type) -> Verdict | None:
        """Judge the instances of a stand-in as those of what it stands for."""
        return super().verdict_on_call(cls.named.real if type(cls) is StandInClass else cls)

    def remembers(self, value: object, times: int) -> bool:
        """Tell whether the memo of the shadow has an object so often: most likely as a late one."""
        memo = self.memo()
        self.budget -= len(memo)
        if self.budget < 0:
            raise Unsure
        for other in reversed(memo.values()):
            if other is value:
                times -= 1
                if not times:
                    return True
        return False

    def hashing(self) -> Any:
        """Return the hash of stand-ins for objects whose own hash, or equality, is code."""

        def __hash__(value: Any) -> int:
            self.look_again()
            return id(value) >> 4

        return __hash__

    def look_again(self) -> None:
        """Check that containers which code has are as they were judged: code is about to run.

        An opcode may put something into the place of an item, and put the item back before the
        end of the stream.

        Raises
        ------
        Unsure
        """
        if not self.risky:
            return
        looks = self.looks
        if looks is None:
            looks = self.looks = Looks()
        looks.take(islice(self.judged, looks.judged, None))
        looks.judged = len(self.judged)
        looks.take(islice(self.noted.values(), looks.noted, None))
        looks.noted = len(self.noted)
        looks.compare()

    def slim(self) -> None:
        """Let go of what is not needed once the proof has been made."""
        for named in self.named.values():
            if named.made or named.states:
                named.made.clear()
                named.states.clear()
        if self.objects:
            self.hollow = {key for key, (_, data) in self.objects.items() if data is not None}
        for table in self._of_proof:
            if table:
                table.clear()
        self.memo = dict
        self.content = no_content
        self.contents = None
        self.looks = None
        self._slim = True

    def begin(self, load: Load, file: str) -> None:
        """Start with the stream of another load."""
        self.resume(load, True)
        self.file = file
        self.turn += 1
        self.compared.clear()
        self.asked = 0
        self._slim = False

    def end(self) -> None:
        """Forget the stream, but not its names."""
        if not self._slim or self.setters:  # by which the replay has come back to it
            self.slim()
        for named in self.named.values():
            named.clear()
        if self.lent:
            self.inert.difference_update(self.lent)
        for table in self._of_load:
            if table:
                table.clear()
        self.hollow.clear()
        self.looked = self.elsewhere = 0
        self.armed = False
        self.operators = frozenset()
        self.budget = _MEMO_BUDGET
        self.looks = None

    def forget_names(self) -> None:
        """Take away again what streams have named: another one must name it itself."""
        self.named.clear()
        self.granted.clear()
        self.watch = methods.Watch()
        self.wary = self.risky = False
        self.contents = None
        self.first = None
        self.quiet = None
        self.asked = 0
        self.turn += 1

    def varies(self, requests: list[tuple[str, str]]) -> None:
        """Remember that streams which begin with a global do not all name the same ones."""
        if requests and len(self.varied) < _MOST_VARIED:
            self.varied.add(requests[0])

    def has_others(self) -> bool:
        """Tell whether anything is admitted that the stream of this load has not named."""
        return self.asked != len(self.named)

    def close(self) -> None:
        """Let go of everything: stand-ins, their classes and this guard hold each other."""
        self.slim()
        for named in (*self.named.values(), *(kept for kept, _ in self.names.values())):
            named.later.clear()
            named.stand_in = None
        self.named = {}
        self.names = {}
        self.asked = 0

    def readmit(self, named: Named) -> None:
        """Let a stream have a global that was judged for an earlier one."""
        self.count(named)
        if named.contents and self.contents is None:
            self.contents = {}
        if self.named.get(id(named.real)) is named:
            return
        self.quiet = None
        self.named[id(named.real)] = named
        self.grant(named.real, named.verdict)
        self.wary = self.wary or calls_its_state(named.verdict)
        self.risky = self.risky or is_risky(named.verdict)

    def count(self, named: Named) -> None:
        """Count a global among those that the stream of this load has named."""
        if named.turn != self.turn:
            named.turn = self.turn
            self.asked += 1

    def note_key(self, key: str) -> None:
        """Keep it, for the finalizer that calls it may be named later."""
        self.keys.add(key)

    def is_callable(self, value: object) -> bool:
        """Take what is not known for a callable."""
        return issubclass(type(value), Unknown) or super().is_callable(value)

    def stand_in(self, value: object) -> Named:
        """Return what stands for a judged global."""
        known = self.named.get(id(value))
        if known is None:
            verdict = self.verdict_of(value)
            if verdict is None:
                raise Unsure
            known = self.named[id(value)] = Named(value, verdict)
            from pickleball_hook.engines import standins

            known.stand_in = standins.stand_in_for(self, known)
            known.count = sys.getrefcount(known.stand_in)
            self.wary = self.wary or calls_its_state(known.verdict)
            self.risky = self.risky or is_risky(known.verdict)
            self.quiet = None
        self.count(known)
        return known


# -- values ---------------------------------------------------------------------------------------


class StandInClass(type):
    """The class of stand-ins for classes; whatever is done to the class itself comes here."""

    named: Named

    def __call__(cls, *args: Any, **keywords: Any) -> Any:
        return cls.call(*args)

    call = stop
    __getinitargs__ = property(stop)
    __setstate__ = property(stop)
    append = property(stop)
    extend = property(stop)
    add = property(stop)


class Looks:
    """Containers that code has, and what was in them, in a shape that is quickly compared."""

    __slots__ = (
        *("budget", "dicts", "items", "judged", "lists"),
        *("noted", "others", "values", "weight"),
    )

    def __init__(self) -> None:
        self.judged = self.noted = self.weight = 0
        self.budget = _MOST_LOOKS
        self.dicts: list[Any] = []
        self.values: list[tuple[Any, ...]] = []
        self.lists: list[Any] = []
        self.items: list[tuple[Any, ...]] = []
        self.others: list[tuple[Any, Any]] = []

    def take(self, rows: Iterable[tuple[Any, Any]]) -> None:
        """Look at more of them from now on. No opcode takes a key from a dict."""
        for value, before in rows:
            kind = type(value)
            if kind is tuple or kind is frozenset:
                continue
            if is_changed(value, before):
                raise Unsure
            self.weight += 1 + len(value)
            if kind is dict:
                self.dicts.append(value)
                self.values.append((*value.values(),))
            elif kind is list:
                self.lists.append(value)
                self.items.append((*value,))
            else:
                self.others.append((value, before))

    def compare(self) -> None:
        """Check that all of them hold what they did."""
        self.budget -= self.weight
        if self.budget < 0:
            raise Unsure
        if [*map(tuple, map(dict.values, self.dicts))] != self.values:
            raise Unsure
        if [*map(tuple, self.lists)] != self.items:
            raise Unsure
        if any(is_changed(value, before) for value, before in self.others):
            raise Unsure


class Acts(list[bool]):
    """Not empty once library code would have run; when it does, what it may have is looked at."""

    __slots__ = ("prover",)

    def __init__(self, prover: Prover) -> None:
        super().__init__()
        self.prover = weakref.proxy(prover)  # a prover that is let go of goes at once

    def append(self, acted: bool) -> None:
        """Take note that code runs."""
        self.prover.look_again()
        list.append(self, acted)


def is_risky(verdict: Verdict) -> bool:
    """Tell whether what an object has, once it was judged, may not change for its sake."""
    return bool(verdict.traits.get(ANYTIME) or verdict.traits.get(ADOPTS))


def is_compared_by_code(cls: type) -> bool:
    """Tell whether objects of a class run Python code as keys."""
    return any(
        isinstance(getattr(cls, name, None), types.FunctionType) for name in ("__hash__", "__eq__")
    )


def is_finalized_by_code(cls: type) -> bool:
    """Tell whether objects of a class run Python code when they go."""
    return isinstance(getattr(cls, "__del__", None), types.FunctionType)


def calls_its_state(verdict: Verdict) -> bool:
    """Tell whether a class may call what is in the state that its instances get."""
    traits = verdict.traits
    return STATE in traits.get(INERT, ()) or bool(traits.get(METHODS, {}).get(STATE, ((), ()))[1])


class Unknown:
    """A value of which nothing is known: whoever asks what it is leaves the shadow."""

    __slots__ = ()
    __setstate__ = property(stop)
    __class__ = property(stop)


class Constant(Unknown):
    """A named object of a library's that is neither a class nor a function."""

    __slots__ = ()


class Mixed(Unknown):
    """The same, and it may be a table in which something of the file's has a name."""

    __slots__ = ()


class Number:
    """A numpy scalar that is no text, or an array that gets no state: no container, no callable."""

    __slots__ = ()
    __setstate__ = property(stop)


class Given(Number):
    """Stands for what a ``persistent_load`` gives that is listed with its types."""

    __slots__ = ()


class Buffered(Number):
    """Stands for an array that a rule may look into."""

    __slots__ = ()


def is_fixed(value: Any) -> bool:
    """Tell whether a value is a literal in which nothing can change any more."""
    waiting = [value]
    seen = set()
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if kind in SCALARS:
            continue
        if kind is not tuple and kind is not frozenset:
            return False
        if SCALARS.issuperset(map(type, value)) or id(value) in seen:
            continue
        seen.add(id(value))
        waiting += value
    return True


def is_array(kind: Any) -> bool:
    return bool(kind.named.verdict.rule == "numpy_array")


def note_containers(prover: Prover, *values: Any) -> None:
    """Remember the containers of values that were judged together, and what is in them."""
    waiting = [*values]
    places: dict[int, int] = {}
    found = []
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if not issubclass(kind, (dict, list, tuple)):
            continue
        if id(value) in places:
            places[id(value)] += 1
        elif kind is not tuple or not SCALARS.issuperset(map(type, value)):
            places[id(value)] = 1
            found.append(value)
            inner = value.values() if isinstance(value, dict) else value
            if not SCALARS.issuperset(map(type, inner)):
                waiting += inner
    keep_alone(prover, found, places)
    prover.judged += [(value, content_of(value)) for value in found if type(value) is not tuple]


def keep_alone(prover: Prover, values: list[Any], places: dict[int, int]) -> None:
    """Remember what no code may have from elsewhere than the places in which it was judged.

    What stands in several of them was judged in all of them at once, before any code got it.
    """
    if len(values) == sum(map(places.__getitem__, map(id, values))):
        prover.alone += values
        return
    for value in values:
        count = places[id(value)]
        if count == 1:
            prover.alone.append(value)
        else:
            prover.shared.append(value)
            prover.places.append(count)


def note_dicts(prover: Prover, args: tuple[Any, ...]) -> None:
    """Remember what is in the dicts that a callable is given: it may make them attributes."""
    prover.judged += [(value, content_of(value)) for value in args if issubclass(type(value), dict)]


def is_changed(value: Any, before: Any) -> bool:
    """Tell whether a container does not hold any more what it held, or as much as that."""
    return bool((len(value) if type(before) is int else content_of(value)) != before)


def content_of(value: Any) -> tuple[Any, ...]:
    """Return all that a container holds, to be compared later."""
    if not issubclass(type(value), dict):
        return (*value,)
    held = attributes_of(value)
    return (*dict.keys(value), *dict.values(value), *held)


def attributes_of(value: Any) -> list[Any]:
    """Return what a container of the shadow has beside its items."""
    kind = type(value)
    if kind is dict or kind is list or kind is tuple:
        return []
    held = getattr(value, "__dict__", None)
    return [*(held or {}).values(), getattr(value, "factory", None)]


def defines(cls: type, name: str) -> bool:
    return any(name in vars(base) for base in cls.__mro__[:-1])


INERT_KINDS: set[Any] = {Number, Given, Buffered, *SCALARS, *RESULTS}
"""Types of the shadow that stand for neither containers nor callables."""
