"""What a check says of single operations: the guard that judges loads, over stand-ins."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from pickleball_hook import context
from pickleball_hook.checking.trace import StandIn, StandInMeta, is_of_result, key_of
from pickleball_hook.judging import guard, methods
from policy_cache import policies
from policy_cache.analysis.sinks import method_sink
from policy_cache.model import ABSENT, CALL, REFER, Verdict, refused

PERMITTED, REFUSED, UNKNOWN, AT_LOAD = "permitted", "refused", "unknown", "at load"
_PARTIAL = ("functools", "partial")
_UNKNOWN_CLASS = refused("", "?", "only a call gives it, so its class is not known", ABSENT)


class Remark(NamedTuple):
    """What there is to say of one operation on one global, other than that it is permitted.

    Attributes
    ----------
    outcome : str
        ``refused``, ``unknown`` (nobody can tell without loading) or ``at load`` (permitted if
        the values in hand then satisfy a rule).
    name : str
        The global, ``module.qualname``.
    operation : str
        Opcode or family of opcodes.
    reason : str
    """

    outcome: str
    name: str
    operation: str
    reason: str


class Remarks(guard.Guard):
    """The guard, with its remarks kept instead of raised, over stand-ins."""

    def __init__(self) -> None:
        super().__init__(context.Load(), False, "", "check")
        self.remarks: Counter[Remark] = Counter()
        self.said = 0
        self._on_call: dict[type, str] = {}
        """Why others may not call the instances of a class."""
        self.latest: Remark | None = None

    def refuse(self, name: str, operation: str, reason: str, remedy: str = "") -> None:
        """Keep a refusal."""
        self.remark(REFUSED, name, operation, reason)

    def remark(self, outcome: str, name: str, operation: str, reason: str) -> None:
        """Keep what there is to say."""
        self.latest = Remark(outcome, name, operation, reason)
        self.remarks[self.latest] += 1
        self.said += 1

    def reason_against_call(self, value: object) -> str:
        """Return why others may not call a value."""
        if not isinstance(value, StandIn):
            return super().reason_against_call(value)
        # All of them can be called; their class is judged where it is named, or at the load.
        cls = type(value)
        if self.verdict_of(value) is not None or cls not in self._on_call:
            called = self.verdict_on_call(cls)
            self._on_call[cls] = self.reason_against_instance(cls) if called is not None else ""
        return self._on_call[cls]

    def permits(self, value: object, operation: str) -> str:
        """Return ``""`` if a named object may undergo an operation, else the reason why not.

        A partial may be called if what it is of may be: the rest is up to the rule for partials.
        """
        if operation != CALL or not isinstance(value, StandIn) or key_of(value) != _PARTIAL:
            return super().permits(value, operation)
        made = (held for held in value.__dict__.values() if type(held) is tuple and held)
        return next(filter(None, (self.permits(held[0], CALL) for held in made)), "")

    def reason_against_use(
        self, value: object, code: Verdict | None = None, closed: bool = False
    ) -> str:
        """Return why code that calls what it is given may not have a value."""
        return "" if self._is_data(value) else super().reason_against_use(value, code, closed)

    def reason_against_handing(self, verdict: Verdict, operation: str, value: object) -> str:
        """Return why code that calls what it is given, or sets attributes, may not have a value."""
        if self._is_data(value):
            return ""
        return super().reason_against_handing(verdict, operation, value)

    def _is_data(self, value: object) -> bool:
        """Tell whether a stand-in is for a value, or what only the live object shows to be one."""
        known = self.verdict_of(value)
        if known is None or REFER not in known.grants or isinstance(value, StandIn):
            return False
        is_value = known.kind == "constant" or bool(known.traits.get("live"))
        return is_value and method_sink(known.name.rpartition(".")[2]) is None

    def defines(self, cls: type, name: str) -> bool:
        """Take any attribute to be there: the analysis knows what a stand-in's class has.

        Of the class of what a call gives nothing is known before the load.
        """
        if isinstance(cls, StandInMeta):
            return not is_of_result(cls)
        return super().defines(cls, name)

    def defined(self, cls: type, asked: set[str]) -> set[str]:
        """Take any of some attributes to be there likewise."""
        if isinstance(cls, StandInMeta):
            return set() if is_of_result(cls) else set(asked)
        return super().defined(cls, asked)

    def method_verdict(self, cls: type, name: str) -> Verdict | None:
        """Return the verdict on a method of the class that a stand-in stands for.

        What they do to instances is in the store, also that there is no such method.
        """
        if cls is StandInMeta:  # ours: of what metaclass the class is, is not known here
            return None
        if not isinstance(cls, StandInMeta):
            return super().method_verdict(cls, name)
        use = methods.use_of(self, cls, name)
        key = key_of(cls)
        if use is None or not use.reason or key is None:
            return None
        found = policies.verdict(key[0], f"{key[1]}.{name}")
        return found if found.kind == "function" else None

    def verdict_on_call(self, cls: type) -> Verdict | None:
        """Return the verdict on the ``__call__`` of what a stand-in's class stands for."""
        if not isinstance(cls, StandInMeta):
            return super().verdict_on_call(cls)
        key = None if is_of_result(cls) else key_of(cls)
        found = policies.verdict(key[0], f"{key[1]}.__call__") if key is not None else None
        return found if found is not None and found.kind == "function" else None

    def class_verdict(self, cls: type) -> Verdict:
        """Return the verdict on a class, which is a stand-in or a built-in one."""
        if is_of_result(cls):
            return _UNKNOWN_CLASS
        return self.verdict_of(cls) or policies.verdict(cls.__module__, cls.__qualname__)
