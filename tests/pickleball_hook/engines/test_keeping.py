"""What provers know from earlier loads, and what must be the same for them to go by it."""

from __future__ import annotations

import gc
import pickle
import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest

from pickleball_hook import context
from pickleball_hook.doors import entry
from pickleball_hook.engines import keeping, replay, shadow
from pickleball_hook.errors import PolicyViolation
from pickleball_hook.user import settings
from policy_cache import policies
from tests.pickleball_hook.engines import differential
from tests.pickleball_hook.engines.shapes import Both, Plain, Row, Slotted


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    keeping.forget()
    yield
    keeping.forget()


def kept() -> list[str]:
    """Return the globals that the one idle prover knows."""
    (prover,) = keeping._idle
    return [name for _, name in prover.names]


def agreed(stream: bytes) -> tuple[object, ...]:
    """Return what comes of a stream, the same from both engines."""
    assert not differential.differs(stream)
    return differential.outcome(lambda: entry.loads(stream), True)


def stream_of(value: object) -> bytes:
    """Return a stream that this process is not taken to have pickled."""
    return differential.c_pickled(value, 4)


def test_a_prover_serves_again() -> None:
    stream = stream_of([Plain(x=1), Slotted(1, 2)])
    entry.loads(stream)
    (prover,) = keeping._idle
    assert set(kept()) == {"Plain", "Slotted"}
    for _ in range(3):
        assert agreed(stream)[0] == "loaded"
        assert keeping._idle == [prover]
    assert [named.real for named in prover.named.values()] == [Plain, Slotted]
    assert len(prover.granted) == 2
    assert not prover.made


def test_streams_do_not_see_each_other() -> None:
    streams = [stream_of(value) for value in ([Plain(x=1)], Both(1, 2), Row(1, "x"), Slotted(1, 2))]
    outcomes = [agreed(stream) for stream in streams]
    for _ in range(3):
        assert [agreed(stream) for stream in reversed(streams)] == outcomes[::-1]


def test_what_one_stream_names_another_may_not_use() -> None:
    """A class that comes out of a call is no name of the file, whatever earlier files named."""
    entry.loads(stream_of(Plain(x=1)))
    stream = b"\x80\x04cbuiltins\ntype\n(NtR\x81."
    assert agreed(stream)[0] in ("PolicyViolation", "UnpicklingError", "TypeError")


def test_a_stream_that_begins_like_another_has_its_own_names_only() -> None:
    both, one = stream_of([Plain(x=1), Slotted(1, 2)]), stream_of([Plain(x=1), Plain(x=2)])
    entry.loads(both)
    (prover,) = keeping._idle
    assert agreed(one)[0] == "loaded"
    assert [named.real for named in prover.named.values()] == []
    for stream in (one, both, one, both):
        assert agreed(stream)[0] == "loaded"
        (prover,) = keeping._idle
        assert prover.first is None


def test_streams_that_begin_differently_have_a_prover_each() -> None:
    streams = [stream_of(value) for value in ([Plain(x=1)], Both(1, 2))]
    with context.entering() as load:
        proofs = [shadow.prove(load, replay.Source(None, stream, 0), {}) for stream in streams]
    for proof in proofs:
        assert proof is not None
        keeping.give_back(proof.prover, proof.requests[0])
    for _ in range(2):
        for stream in streams:
            assert agreed(stream)[0] == "loaded"
    assert sorted(str(prover.first) for prover in keeping._idle) == sorted(
        str((Plain.__module__, cls.__name__)) for cls in (Plain, Both)
    )


def test_a_base_that_changes_is_seen_by_all_that_derive_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = stream_of([Slotted(1, 2), Both(1, 2)])
    assert agreed(stream)[0] == "loaded"
    monkeypatch.setattr(Slotted, "__setstate__", lambda self, state: None, raising=False)
    assert agreed(stream)[0] == "PolicyViolation"
    monkeypatch.undo()
    for _ in range(3):
        assert agreed(stream)[0] == "loaded"


def test_a_setter_that_the_program_adds_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = stream_of(Plain(x=1))
    assert agreed(stream)[0] == "loaded"
    called = []

    def forged(self: Any, state: Any) -> None:
        called.append(state)

    monkeypatch.setattr(Plain, "__setstate__", forged, raising=False)
    assert agreed(stream)[0] == "PolicyViolation"
    assert not called


@pytest.mark.parametrize("key", ["x", "limit"])
def test_a_method_that_the_program_adds_is_seen(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    value = Plain()
    vars(value).update({key: Plain})
    stream = stream_of(value)
    assert agreed(stream)[0] == "loaded"
    monkeypatch.setattr(Plain, key, lambda self: None, raising=False)
    differential.outcome(lambda: entry.loads(stream), True)
    assert agreed(stream)


def test_a_base_that_changes_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = stream_of(Both(1, 2))
    assert agreed(stream)[0] == "loaded"
    for base in Both.__mro__[:-1]:
        monkeypatch.setattr(base, "__setstate__", lambda self, state: None, raising=False)
    assert agreed(stream)[0] == "PolicyViolation"


def test_a_name_that_means_something_else_is_judged_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = stream_of(Plain(x=1))
    assert agreed(stream)[0] == "loaded"
    monkeypatch.setattr(sys.modules[Plain.__module__], "Plain", print)
    assert agreed(stream)[0] != "loaded"


def test_a_module_that_is_gone_is_judged_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = stream_of(Plain(x=1))
    assert agreed(stream)[0] == "loaded"
    other = types.ModuleType(Plain.__module__)
    other.Plain = type("Plain", (), {"__setstate__": lambda self, state: None})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, Plain.__module__, other)
    assert agreed(stream)[0] != "loaded"


def test_other_policies_or_settings_start_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = stream_of(Plain(x=1))
    entry.loads(stream)
    (before,) = keeping._idle
    policies.forget()
    entry.loads(stream)
    (after,) = keeping._idle
    assert after is not before
    monkeypatch.setattr(settings, "allowances", lambda: {"library:name": frozenset(["call"])})
    entry.loads(stream)
    assert keeping._idle != [after]


def test_a_prover_that_is_unsure_is_not_kept() -> None:
    entry.loads(stream_of(Plain(x=1)))
    with pytest.raises((PolicyViolation, pickle.UnpicklingError)):
        entry.loads(b"\x80\x04cos\nsystem\n(\x8c\x04true\x85R.")
    assert not keeping._idle


def test_kept_stand_ins_hold_no_objects() -> None:
    class Witness:
        pass

    stream = stream_of([Plain(x=[Plain(y=n)]) for n in range(100)])
    entry.loads(stream)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(5):
        entry.loads(stream)
    gc.collect()
    assert len(gc.get_objects()) < before + 50


def test_provers_are_bounded() -> None:
    stream = stream_of(Plain(x=1))
    proofs = []
    for _ in range(keeping._MOST_PROVERS + 3):
        with context.entering() as load:
            proofs.append(shadow.prove(load, replay.Source(None, stream, 0), {}))
    for proof in proofs:
        assert proof is not None
        keeping.give_back(proof.prover)
    assert len(keeping._idle) == keeping._MOST_PROVERS
