"""What code that calls what it is given may be given."""

from __future__ import annotations

import functools
import inspect
import pickle
import types
import weakref
from collections import Counter, defaultdict
from typing import Any

import numpy
import pytest

from pickleball_hook import context
from pickleball_hook.doors import entry
from pickleball_hook.errors import PolicyViolation
from pickleball_hook.judging.guard import Guard
from pickleball_hook.judging.names import inherits_reducer
from policy_cache.model import INERT, STATE, UNREDUCED, Verdict


class Named(list):  # type: ignore[type-arg]
    pass


class Tally(Counter):  # type: ignore[type-arg]
    def __init__(self, words: Any = None) -> None:
        super().__init__(words)


class Loud(Tally):
    def __init__(self) -> None:
        super().__init__("loud")


class Own(Tally):
    def __reduce__(self) -> tuple[Any, ...]:
        return Own, ()


class Bound:
    def __init__(self) -> None:
        self.replaced = self.compute
        self.compute = len  # type: ignore[method-assign, assignment]

    def compute(self, value: object) -> object:
        return value

    def act(self, path: str) -> None:
        open(path, "w").close()

    @classmethod
    def of_the_class(cls) -> None: ...


def remove(item: object, selfref: object = None) -> None:
    """Nothing but the name of what a weak container keeps."""


@pytest.fixture
def guard() -> Any:
    with context.entering() as load:
        yield Guard(load, True, "", "")
        load.violation = None  # else it would be raised here


@pytest.mark.parametrize(
    "value",
    [
        {}.items,
        {}.keys,
        {}.copy,
        [].copy,
        weakref.WeakKeyDictionary()._remove,  # type: ignore[attr-defined]
        weakref.WeakValueDictionary()._remove,  # type: ignore[attr-defined]
        weakref.WeakSet()._remove,
        numpy.float64,
        numpy.int8,
        Bound().replaced,
        functools.partial(defaultdict, numpy.int8),
        functools.partial(functools.partial(defaultdict, [].copy), {}),
    ],
)
def test_may_be_called_with_anything(guard: Guard, value: object) -> None:
    assert guard.reason_against_use(value) == ""


@pytest.mark.parametrize(
    "value",
    [
        *(numpy.ndarray, Bound().act, Bound().of_the_class),
        types.MethodType(remove, Bound()),
        *({}.update, {}.get, [].sort, [].index, Named().copy, "".join),
        *(open, remove, functools.reduce),
        *(functools.partial(defaultdict, open), functools.partial(defaultdict)),
        functools.partial(defaultdict, functools.partial(defaultdict, remove)),
    ],
)
def test_may_not(guard: Guard, value: object) -> None:
    assert guard.reason_against_use(value)


@pytest.mark.parametrize(("cls", "inherits"), [(Tally, True), (Loud, False), (Own, False)])
def test_reducer_of_a_base(cls: type, inherits: bool) -> None:
    verdict = Verdict(cls.__module__, cls.__qualname__, "class", "", {}, {}, "", {UNREDUCED: True})
    assert inherits_reducer(cls, verdict) is inherits


class Field:
    """What a program has one of, with code of its own in it."""

    def __init__(self) -> None:
        self.default = lambda: open("no such file")


CALLER = Verdict("orm.query", "C", "class", "orm.query:C", {}, {}, traits={INERT: [STATE]})


@pytest.mark.parametrize(
    ("operands", "settled", "permitted"),
    [
        (("auth", "User", "name"), "orm", True),
        (("auth", "User", "name"), "", False),
        (("auth", "User", "name"), "another", False),
        (("auth", ["User"]), "orm", False),
        (("auth", len), "orm", False),
    ],
)
def test_what_the_program_had_before_may_hold_its_own_code(
    guard: Any, operands: tuple[Any, ...], settled: str, permitted: bool
) -> None:
    field = Field()
    guard.made_of(field, False, operands, settled)
    if permitted:
        guard.check_operands(CALLER, STATE, [{"field": field}])
        return
    with pytest.raises(PolicyViolation, match="it may call what it is given"):
        guard.check_operands(CALLER, STATE, [{"field": field}])


def test_but_not_once_code_has_had_it_together_with_a_callable(guard: Any) -> None:
    field = Field()
    guard.made_of(field, False, ("auth", "User", "name"), "orm")
    guard.expose([field, {"key": "text"}])
    guard.check_operands(CALLER, STATE, [{"field": field}])
    guard.expose([field, Field().default])
    with pytest.raises(PolicyViolation, match="it may call what it is given"):
        guard.check_operands(CALLER, STATE, [{"field": field}])


NO_DEFAULT = b"\x80\x04cpandas._libs.lib\n_NoDefault\n"


def test_an_enum_of_an_extension_module_is_one() -> None:
    lib = pytest.importorskip("pandas._libs.lib")
    for protocol in range(2, 6):
        assert entry.loads(pickle.dumps([lib.no_default], protocol)) == [lib.no_default]
    with pytest.raises(ValueError, match="no such value"):
        entry.loads(NO_DEFAULT + b"\x8c\x0dno such value\x85R.")


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (b"\x8c\x01x)\x86R.", "one literal"),
        (b"\x8c\x0aNO_DEFAULT\x85\x81.", "looked up"),
        (b"}\x8c\x01xK\x01sb.", "only an object that this load has made"),
        (b"\x8c\x0aNO_DEFAULT\x85R}\x8c\x01xK\x01sb.", "existed before this load"),
    ],
)
def test_and_nothing_else_is_done_to_it(operation: bytes, reason: str) -> None:
    pytest.importorskip("pandas")
    with pytest.raises(PolicyViolation, match=reason):
        entry.loads(NO_DEFAULT + operation)


def test_functions_that_have_been_asked_for_their_signature(library: Any) -> None:
    """numpy's keep it; the classes of what is in it come from no name in a file."""
    library.module(
        "class Calls:\n def __setstate__(self, state):\n  self.kept = state\n"
        "  self.value = state['function'](state['value'])\n"
    )
    stream = b"cacme\nCalls\n)\x81}(S'function'\ncnumpy\nlog\nS'value'\nI1\nub."
    own = numpy.log
    try:
        inspect.signature(own)
        assert entry.loads(b"\x80\x02" + stream).value == 0
    finally:
        vars(own).pop("__signature__", None) if hasattr(own, "__dict__") else None
    hostile = stream.replace(b"cnumpy\nlog\n", b"cinspect\nsignature\n")
    with pytest.raises(PolicyViolation):
        entry.loads(b"\x80\x02" + hostile)


HOLDING = """
import os
class Holder:
    def __setstate__(self, state): self.module = os
class Calls:
    def __setstate__(self, state): self.value = state["function"](1)
class Acts(Calls):
    def __setstate__(self, state):
        self.value = state["function"](1)
        state["holder"].module.mkdir(state["path"])
class Changes(Calls):
    def __setstate__(self, state):
        self.value = state["function"](1)
        state["holder"].module.name = state["path"]
"""


def test_a_module_that_a_library_has_put_into_an_object(library: Any, tmp_path: Any) -> None:
    """Nothing calls a module; what is looked up on it may act, what is set there stays."""
    library.module(HOLDING)
    path = repr(str(tmp_path / "made")).encode()
    stream = b"(dS'function'\ncnumpy\nlog\nsS'path'\nS%s\nsS'holder'\n" % path
    stream += b"cacme\nHolder\n)\x81}(S'a'\nI1\nubsb."
    assert entry.loads(b"\x80\x02cacme\nCalls\n)\x81" + stream).value == 0
    for name in (b"Acts", b"Changes"):
        with pytest.raises(PolicyViolation):
            entry.loads(b"\x80\x02cacme\n" + name + b"\n)\x81" + stream)
    assert not (tmp_path / "made").exists()
