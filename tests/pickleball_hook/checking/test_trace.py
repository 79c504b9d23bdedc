"""What a stream asks for is told without anything of it being looked up, made or run."""

from __future__ import annotations

import collections
import copyreg
import datetime
import io
import pickle
import sys

import pytest

from pickleball_hook.checking import trace
from pickleball_hook.checking.trace import NotTold


class Thing:
    """An ordinary class."""

    def __init__(self) -> None:
        self.size = 1


HERE = (__name__, "Thing")


def used(data: bytes, key: tuple[str, str]) -> dict[str, int]:
    return trace.trace(data)[key].operations


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_operations(protocol: int) -> None:
    data = pickle.dumps([Thing(), Thing, collections.OrderedDict(a=1)], protocol)
    assert used(data, HERE) == {"refer": 1, "construct": 1, "state": 1}
    assert used(data, ("collections", "OrderedDict")) == {"refer": 1, "call": 1, "fill": 1}


@pytest.mark.parametrize("protocol", [0, 1])
def test_old_protocols(protocol: int) -> None:
    data = pickle.dumps(Thing(), protocol)
    assert used(data, ("copyreg", "_reconstructor")) == {"refer": 1, "call": 1, "state": 1}
    assert used(data, HERE) == {"refer": 1}


@pytest.mark.parametrize(
    ("data", "operations"),
    [
        (b"cnowhere\nname\n(S'x'\ntR.", {"refer": 1, "call": 1}),
        (b"(S'x'\ninowhere\nname\n.", {"refer": 1, "call": 1}),
        (b"(cnowhere\nname\nS'x'\no.", {"refer": 1, "call": 1}),
        (b"(inowhere\nname\n.", {"refer": 1, "construct": 1}),
        (b"cnowhere\nname\n)\x81.", {"refer": 1, "construct": 1}),
        (b"cnowhere\nname\n)}\x92.", {"refer": 1, "construct": 1}),
        (b"cnowhere\nname\n}b.", {"refer": 1, "state": 1}),
        (b"cnowhere\nname\nK\x01a.", {"refer": 1, "fill": 1}),
        (b"cnowhere\nname\nK\x01K\x02s.", {"refer": 1, "fill": 1}),
        (b"cnowhere\nname\n(K\x01\x90.", {"refer": 1, "fill": 1}),
        (b"cnowhere\nname\n0N.", {"refer": 1}),
    ],
)
def test_each_opcode_is_seen(data: bytes, operations: dict[str, int]) -> None:
    assert used(data, ("nowhere", "name")) == operations


def test_nothing_is_imported() -> None:
    before = set(sys.modules)
    trace.trace(b"cantigravity\nfly\n)R.")
    assert "antigravity" not in set(sys.modules) - before


def test_state_that_shadows_a_hook_is_only_noted() -> None:
    inner = b"cnowhere\nhook\n"
    data = b"cnowhere\nThing\n)\x81}S'__setstate__'\n" + inner + b"sbS'x'\nb."
    uses = trace.trace(data)
    assert uses["nowhere", "hook"].operations == {"refer": 1}
    assert uses["nowhere", "Thing"].operations["state"] == 2


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"\x80\x02ccopy_reg\n_reconstructor\n.", ("copyreg", "_reconstructor")),
        (b"\x80\x03ccopy_reg\n_reconstructor\n.", ("copy_reg", "_reconstructor")),
        (b"\x80\x02citertools\nizip\n.", ("builtins", "zip")),
        (b"\x80\x04citertools\nizip\n.", ("itertools", "izip")),
        # The protocol of a stream is the last one it has named (RULES: which name?).
        (b"\x80\x04\x80\x02citertools\nizip\n.", ("builtins", "zip")),
    ],
)
def test_python_2_names_are_mapped_as_the_machine_maps_them(
    data: bytes, key: tuple[str, str]
) -> None:
    assert list(trace.trace(data)) == [key]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x1f",
        b"cos",
        b"cnowhere\nname\n)RS'x'\n\x93.",  # a computed name
        b"\x82\x01.",  # an extension code
        b"N",
    ],
)
def test_what_cannot_be_told(data: bytes) -> None:
    with pytest.raises(NotTold):
        trace.trace(data)


def test_registered_extensions_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    copyreg.add_extension("datetime", "date", 240)
    try:
        with pytest.raises(NotTold, match="extension"):
            trace.trace(pickle.dumps(1))
        assert not copyreg._extension_cache  # type: ignore[attr-defined]
    finally:
        copyreg.remove_extension("datetime", "date", 240)


def test_uses_before_an_error_are_kept() -> None:
    recorder = trace.Recorder()
    source = trace.Source(io.BufferedReader(io.BytesIO(b"cnowhere\nname\n)R\xff")))
    with pytest.raises(NotTold):
        trace.run(source, recorder)
    assert recorder.uses["nowhere", "name"].operations == {"refer": 1, "call": 1}


def test_position_is_behind_the_pickle() -> None:
    file = io.BufferedReader(io.BytesIO(pickle.dumps(datetime.date(2020, 1, 1)) + b"rest"))
    trace.run(trace.Source(file), trace.Recorder())
    assert file.read() == b"rest"


def test_samples_are_short_and_printable() -> None:
    state = {"\x1b]0;x\x07" * 100: list(range(1000)), "n": 10**5000, "b": b"\x00" * 10_000}
    thing = Thing()
    thing.__dict__ = state
    (sample,) = trace.trace(pickle.dumps(thing))[HERE].samples["state"]
    assert len(sample) <= 160
    assert sample.isprintable()


def test_samples_take_bounded_time() -> None:
    nested: object = ("x",)
    for _ in range(60):
        nested = (nested, nested)
    thing = Thing()
    thing.nested = nested  # type: ignore[attr-defined]
    assert trace.trace(pickle.dumps(thing))[HERE].samples["state"]
