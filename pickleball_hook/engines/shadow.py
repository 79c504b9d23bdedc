"""The shadow pass: proof that the reference machine would permit every operation of a stream.

CPython's C unpickler runs the stream with stand-ins for all that it names. If it comes to the end,
and nothing on the way was of a kind that the stand-ins do not know to be permitted, the stream may
run on the C machine (`engines.replay`). In any other case nothing is said about it:
the reference machine then reads it from its start, and decides.
"""

from __future__ import annotations

import contextlib
import sys
from types import ModuleType

from pickleball_hook.engines import callbacks, keeping
from pickleball_hook.engines.gate import Reader
from pickleball_hook.engines.prover import Given, Unsure, no_content
from pickleball_hook.engines.setters import settle
from pickleball_hook.judging import names
from pickleball_hook.originals import CUnpickler
from policy_cache.collector import resting
from policy_cache.model import REFER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import Any

    from pickleball_hook.context import Load
    from pickleball_hook.engines.prover import Named, Prover


class Proof:
    """What the replay must see, and what it hands out.

    Attributes
    ----------
    requests : list of (str, str)
        The globals, as the stream writes them, in order.
    answers : list of Named
        What each of them is.
    prover : Prover
        Knows the verdicts, and the states that are judged only now.
    known : dict
        The same, of globals that mean the same for the whole of the stream.
    end : int
        Where the stream ends, counted from its start.
    holds : bool
        Whether it is one: whether the shadow came to the end.
    """

    __slots__ = ("answers", "end", "holds", "known", "prover", "requests")

    def __init__(self, prover: Prover) -> None:
        self.prover = prover
        self.requests: list[tuple[str, str]] = []
        self.answers: list[Named] = []
        self.known: dict[tuple[str, str], Named] = {}
        self.end = 0
        self.holds = False


class Shadow(CUnpickler):  # type: ignore[misc]
    """The C unpickler with nothing real in it."""

    _prover: Prover
    _proof: Proof
    _outer: Any = None
    _found: Named | None = None
    _fix_imports = True

    def find_class(self, module: str, name: str) -> object:
        """Judge a global as the reference machine does, and return what stands for it."""
        request, proof = (module, name), self._proof
        known = proof.known.get(request)
        if known is None:
            if not proof.requests:
                self._begin(request)
            known = (
                self._looked_up(module, name)
                if self._outer is not None
                else self._own(module, name)
            )
        proof.requests.append(request)
        proof.answers.append(known)
        return known.stand_in

    def _begin(self, request: tuple[str, str]) -> None:
        """Take the prover of an earlier stream that began with the same global, if there is one.

        What such a stream has named is still admitted, to be checked in the end
        (:meth:`Prover.has_others`); of any other one nothing is.
        """
        prover = self._prover
        if (
            request in _stepwise
            and switches["steps"] is None
            and not prover.stepping
            and self._outer is None
        ):
            self._proof.requests.append(request)
            raise Unsure  # it is proven so, or not at all
        if prover.first == request:
            return
        if self._outer is None:
            other = keeping.exchanged(prover, request)
            if other is not prover:
                other.memo, prover.memo = prover.memo, dict
                other.content, prover.content = prover.content, no_content
                self._prover = self._proof.prover = other
                return
        if prover.first is not None:
            prover.forget_names()

    def _own(self, module: str, name: str) -> Named:
        return self._kept(module, name) or self._judged(module, name)

    def _looked_up(self, module: str, name: str) -> Named:
        """Ask the unpickler of the program for a global, as the reference machine does."""
        outer, self._found = self._outer, None
        outer._machine = self
        try:
            value = outer.find_class(module, name)
        finally:
            outer._machine = None
        if self._found is not None and self._found.real is value:
            return self._found
        names.accept_from_program(self._prover, value, outer, module, name)
        return self._prover.stand_in(value)

    def resolve(self, module: str, name: str) -> object:
        """Resolve a global for the ``super().find_class`` of the program's unpickler."""
        self._found = self._own(module, name)
        self._proof.known.clear()  # what a name means is for the program's unpickler to say
        return self._found.real

    def _kept(self, module: str, name: str) -> Named | None:
        """Return what an earlier load has found out about a global that is still the same."""
        prover = self._prover
        known, home = prover.names.get((module, name), _UNKNOWN)
        if known is None or module not in sys.modules or home not in sys.modules:
            return None
        holder = sys.modules[module]
        if type(holder) is ModuleType and vars(holder).get(name) is known.real:
            sys.audit("pickle.find_class", module, name)  # as the machine does for each
        elif CUnpickler.find_class(self, module, name) is not known.real:
            self._spoil(module, name)
        if not keeping.is_as_it_was(prover, known):
            self._spoil(module, name)
        prover.readmit(known)
        if "." not in name:
            self._proof.known[module, name] = known
        return known

    def _spoil(self, module: str, name: str) -> None:
        """Have the stream proven once more, with nothing left of what a global was.

        Raises
        ------
        Unsure
        """
        del self._prover.names[module, name]
        self._prover.asked = -1
        raise Unsure

    def _judged(self, module: str, name: str) -> Named:
        """Judge a global, and return what stands for it."""
        asked = self._mapped(module, name)
        verdict = names.judge_request(self._prover, *asked)
        value = CUnpickler.find_class(self, module, name)
        names.accept(self._prover, value, verdict, *asked)
        known = self._prover.stand_in(value)
        if asked == names.mapped(module, name, 2, True):  # else it may mean something else later
            if "." not in name:
                self._proof.known[module, name] = known
            if asked == (module, name):
                keeping.keep(self._prover, module, name, known)
        return known

    def _mapped(self, module: str, name: str) -> tuple[str, str]:
        """Return what the C machine looks up: it alone knows its protocol at this point."""
        if not self._fix_imports:
            return module, name
        old = names.mapped(module, name, 2, True)
        if old == (module, name):
            return old
        if "__builtin__" in sys.modules:
            raise Unsure
        try:
            found = CUnpickler.find_class(self, "__builtin__", "xrange")
        except ImportError:
            return module, name
        return old if found is range else (module, name)


_UNKNOWN: tuple[None, str] = (None, "")


class _PersistentShadow(Shadow):
    """The same for an unpickler whose ``persistent_load`` is called in the replay only."""

    def persistent_load(self, pid: object) -> object:
        """Return what stands for a value of the program's that is known to be data."""
        self._prover.kept.append((pid,))
        self._prover.acted.append(True)
        return Given()


def prove(
    load: Load, source: Any, options: dict[str, Any], file: str = "", outer: Any = None
) -> Proof | None:
    """Return the proof that a stream is permitted, None if there is none.

    Parameters
    ----------
    load : context.Load
        The outermost load.
    source : replay.Source
        The stream.
    options : dict
        As for ``pickle.Unpickler``, without buffers.
    file : str
        Its path, where that is known: modules that lie beside it are not imported for it.
    outer : object or None
        The program's unpickler, if its callbacks are in force (`engines.callbacks`).
    """
    if switches["steps"] and outer is None:
        proof = _proved(keeping.prover_for(load, file, True), source, options, outer)
        return proof if proof.holds else None
    proof = _proved(keeping.prover_for(load, file), source, options, outer)
    if not proof.holds and is_worth_steps(proof, outer):
        proof = _proved(keeping.prover_for(load, file, True), source, options, outer)
        if not proof.holds:
            is_worth_steps(proof, outer)
    return proof if proof.holds else None


def _proved(prover: Prover, source: Any, options: dict[str, Any], outer: Any) -> Proof:
    proof = _proof(prover, source.skimmed(), options, outer)
    if not proof.holds and proof.prover.has_others():
        proof.prover.forget_names()
        proof = _proof(proof.prover, source.skimmed(), options, outer)
    return proof


def is_worth_steps(proof: Proof, outer: Any) -> bool:
    """Tell whether a replay step by step may do where a proof has not, and remember that."""
    if not proof.requests or outer is not None or switches["steps"] is not None:
        return False
    first = proof.requests[0]
    if proof.prover.stepping:
        _stepwise.discard(first)
        if len(_in_vain) < _MOST_STEPWISE:
            _in_vain.add(first)
    elif first not in _in_vain and len(_stepwise) < _MOST_STEPWISE:
        _stepwise.add(first)
    return first in _stepwise


switches: dict[str, bool | None] = {"steps": None}
"""Whether all replays are step by step, or none: where it is worth it if that is not said."""
_stepwise: set[tuple[str, str]] = set()
"""First globals of streams that were not proven without looking at the real objects."""
_in_vain: set[tuple[str, str]] = set()
"""Those of streams that were not replayed step by step either."""
_MOST_STEPWISE = 1000


def _proof(prover: Prover, reader: Any, options: dict[str, Any], outer: Any) -> Proof:
    """Run the shadow: there is a proof if it holds."""
    proof = Proof(prover)
    try:
        with _uncollected(reader):
            value = _run(proof, reader, options, outer)
            prover = proof.prover
            settle(prover)
            del value  # till here it shows what the stream hands out
        proof.holds = not prover.has_others() and (
            outer is None or all(REFER in named.verdict.grants for named in proof.answers)
        )
    except (Unsure, Exception):
        prover = proof.prover
    if proof.holds:
        prover.slim()
        proof.end = reader.position
        return proof
    proof.answers.clear()
    if prover.has_others():
        prover.varies(proof.requests)
        prover.end()
    else:
        prover.close()
    return proof


def _run(proof: Proof, reader: Any, options: dict[str, Any], outer: Any) -> object:
    """Run the shadow; when this returns, its stack and memo are gone."""
    prover = proof.prover
    if outer is None:
        prover.given = _NONE_GIVEN
        unpickler = Shadow(reader, **options)
    else:
        prover.given = callbacks.kinds(outer)
        kind = _PersistentShadow if prover.given else Shadow
        unpickler = kind(reader, **options)
        if callbacks.looks_up(outer):
            unpickler._outer = outer
    unpickler._prover, unpickler._proof = prover, proof
    unpickler._fix_imports = options.get("fix_imports", True)
    prover.memo = unpickler.memo.copy
    prover.content = getattr(reader, "content", no_content)
    value: object = unpickler.load()
    proof.prover.memo, proof.prover.content = dict, no_content
    return value


_NONE_GIVEN: frozenset[type] = frozenset()


_LARGE = 1 << 16
"""Bytes from which on a stream may have enough objects for the collector to mind."""
_nothing = contextlib.nullcontext()


def _uncollected(reader: Any) -> AbstractContextManager[None]:
    """Return a context in which the garbage collector rests, if the stream is worth it."""
    if type(reader) is Reader:
        return _nothing  # a short stream
    return resting if reader.end - reader.position > _LARGE else _nothing
