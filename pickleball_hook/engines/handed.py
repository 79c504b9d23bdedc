"""What calls have given in a replay, where it goes to code that calls it, or methods of it.

The shadow sees no more of such a value than that a call has given it. What the reference machine
would ask of it where it is handed on is asked here as soon as it is there: of all such values of
the stream at once, for which of them come together is the shadow's knowledge.
"""

from __future__ import annotations

from pickleball_hook.judging import methods
from pickleball_hook.judging.search import find_callable
from policy_cache.model import METHODS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from pickleball_hook.engines.prover import Named, Prover
    from pickleball_hook.judging.guard import Guard


class Handed:
    """The values of one replay that library code gets in states.

    Parameters
    ----------
    guard : Guard
        The guard of the load.
    prover : Prover
        Of the proof that is replayed.
    """

    def __init__(self, guard: Guard, prover: Prover) -> None:
        self._guard = guard
        self._waiting: list[object] = []
        """Values whose classes nobody has asked for yet."""
        self._kinds: set[type] = {*prover.given}
        """The classes of the others, and of what they hold."""
        self._callables: list[object] = []
        self._used: list[object] = []
        """Callables in them that the code may call."""

    def permits(self, value: object, named: Named, untouched: Collection[int]) -> bool:
        """Tell whether the code that gets a value may have it, beside what came before it.

        Parameters
        ----------
        value : object
            What a call has given.
        named : Named
            What was called: the shadow has noted with it who gets what it gives.
        untouched : collection of int
            Ids of values in it that hold what their library has put there.
        """
        self._waiting.append(value)
        for verdict, operation in named.searched.values():
            used: list[object] = []

            def reason(
                held: object, verdict: Any = verdict, operation: str = operation, used: Any = used
            ) -> str:
                if verdict is None:
                    return self._guard.reason_against_use(held)
                used.append(held)
                return self._guard.reason_against_handing(verdict, operation, held)

            if find_callable([value], reason, untouched) is not None:
                return False
            self._used += used
        asked = [
            (verdict, operation)
            for verdict, operation in named.searched.values()
            if verdict is not None and any(verdict.traits.get(METHODS, {}).get(operation, ()))
        ]
        return not (asked or self._used) or self._has_no_acting_method(asked)

    def _has_no_acting_method(self, asked: list[Any]) -> bool:
        """Tell whether the methods that the code calls on such values may run, on any of them."""
        found = methods.within(self._waiting)
        if found is None:
            return False
        self._waiting.clear()
        self._kinds |= found[0]
        self._callables += found[1]
        for verdict, operation in asked:
            called = methods.called_on_kinds(self._guard, verdict, operation, {*self._kinds})
            if methods.of_classes(self._guard, called, self._callables).reason:
                return False
        if not self._used:
            return True
        return not methods.called_among(
            self._guard, self._used, self._kinds, self._callables
        ).reason
