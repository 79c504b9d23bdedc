"""Proof and replay against the reference machine: verdict, object, exception, end position."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pickleball_hook.doors import entry
from pickleball_hook.engines import replay
from tests.attacks.harness import variables
from tests.pickleball_hook.engines import differential, samples
from tests.pickleball_hook.engines.shapes import Both, Checked, Custom, Frozen, Plain, Row, Slotted

ROOT = Path(__file__).resolve().parents[2]
VALUES = samples.values()
IDS = [f"{index} {type(value).__name__}" for index, value in enumerate(VALUES)]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", VALUES, ids=IDS)
def test_engines_agree_on_honest_streams(value: Any, protocol: int) -> None:
    stream = differential.c_pickled(value, protocol)
    if stream:
        assert not differential.differs(stream)
        assert not differential.differs(stream, steps=True)
        assert differential.outcome(lambda: entry.loads(stream), True)[0] == "loaded"


@pytest.mark.parametrize("value", VALUES, ids=IDS)
def test_honest_streams_are_proven(value: Any) -> None:
    assert differential.proven(differential.c_pickled(value, 4))


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
)


def _compound(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(["x", "y", "limit", "predict", "rest"])
    return (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(names, inner, max_size=3).map(lambda state: Plain(**state))
        | st.builds(Slotted, inner, inner)
        | st.builds(Both, inner, inner)
        | st.builds(Row, st.integers(), inner)
        | st.builds(Frozen, st.integers())
        | st.builds(Custom, inner)
        | inner.map(lambda value: [value, value])
    )


graphs = st.recursive(scalars, _compound, max_leaves=15)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(graphs, st.integers(2, 5))
def test_engines_agree_on_any_graph(value: Any, protocol: int) -> None:
    stream = differential.c_pickled(value, protocol)
    assert not differential.differs(stream)
    assert not differential.differs(stream, steps=True)


def test_engines_agree_on_mutated_streams(tmp_path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-m", "tests.pickleball_hook.engines.differential", "11", "3000"],
        cwd=ROOT,
        env=variables(tmp_path, "enforce"),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (child.stdout, child.returncode) == ("", 0), child.stdout[:3000] + child.stderr[-3000:]


@pytest.mark.parametrize("size", [10, 300_000])
def test_files_are_left_where_the_stream_ends(tmp_path: Path, size: int) -> None:
    stream = differential.c_pickled([Plain(x=b"x" * size), Plain(y="y" * size)] * 3, 4)
    path = tmp_path / "file"
    path.write_bytes(b"before" + stream + stream + b"after")
    with path.open("rb") as file:
        file.seek(len(b"before"))
        for _ in range(2):
            assert [len(vars(item)) for item in entry.load(file)] == [1] * 6  # type: ignore[attr-defined]
        assert file.read() == b"after"


def test_a_file_that_changes_between_the_readings_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pickleball_hook.errors import PolicyViolation

    monkeypatch.setattr(replay, "_KEPT", 1 << 20)
    path = tmp_path / "file"
    path.write_bytes(differential.c_pickled([Plain(x=str(n)) for n in range(100_000)], 4))
    known = replay.FileSource.replayed

    def changed(self: replay.FileSource, last: bool) -> Any:
        os.pwrite(descriptor, b"\x00", path.stat().st_size - 50)
        return known(self, last)

    descriptor = os.open(path, os.O_RDWR)
    replay.FileSource.replayed = changed  # type: ignore[method-assign]
    try:
        with path.open("rb") as file, pytest.raises(PolicyViolation, match="changed"):
            entry.load(file)
    finally:
        replay.FileSource.replayed = known  # type: ignore[method-assign]
        os.close(descriptor)


def test_the_collector_is_left_as_it_was() -> None:
    stream = differential.c_pickled([Plain(x=n) for n in range(20_000)], 4)
    for on in (True, False):
        gc.enable() if on else gc.disable()
        entry.loads(stream)
        assert gc.isenabled() is on
    gc.enable()


def test_a_setter_cannot_change_what_was_judged() -> None:
    """A container that two objects share may be changed by the code of the first."""
    table = {"a": 1}
    for values in ([Custom(table), Custom(table)], [Custom((table,)), Custom([[table], table])]):
        stream = differential.c_pickled(values, 4)
        assert not differential.proven(stream)
        assert not differential.differs(stream)


def test_what_one_state_holds_twice_is_judged_once() -> None:
    table = {"a": [1]}
    stream = differential.c_pickled(Custom([table, (table,), {"b": table}]), 4)
    assert differential.proven(stream)
    assert not differential.differs(stream)


def test_tuples_of_tuples_take_no_time() -> None:
    """Each holds the one before it twice: whoever goes down both ways never comes back."""
    rows = b"".join(b"2\x86" for _ in range(200))
    stream = b"\x80\x04cuuid\nUUID\n(" + b")" + rows + b"tR."
    assert differential.outcome(lambda: entry.loads(stream), True)[0] != "loaded"


@pytest.mark.parametrize("items", [[], [1], [1, 2, 3]])
def test_an_array_of_objects_gets_an_item_for_each(items: list[int]) -> None:
    """numpy reads the list as far as the shape goes, and past its end."""
    import numpy as np

    reduced = np.array([1, 2], object).__reduce__()
    state = (*reduced[2][:4], items)

    class Forged:
        def __reduce__(self) -> tuple[Any, ...]:
            return (*reduced[:2], state)

    stream = differential.c_pickled(Forged(), 4)
    for proving in (True, False):
        assert differential.outcome(lambda: entry.loads(stream), proving)[0] == "PolicyViolation"


def test_what_code_had_before_it_was_judged_is_not_alone() -> None:
    """A place that is taken away after the judgement must not stand for one that code has."""
    custom = b"\x80\x04ctests.pickleball_hook.engines.shapes\nCustom\n\x940("
    table = b"(\x8c\x01aK\x01d\x940"
    first = b"h\x00)\x81}\x8c\x05valueh\x01sb"
    holder = b"}\x94\x8c\x01xh\x01s0"
    second = b"h\x00)\x81}\x8c\x05valueh\x02sb"
    taken = b"h\x02\x8c\x01xNs0l."
    for last in (b"l.", taken):
        stream = custom + table + first + holder + second + last
        assert not differential.proven(stream)
        assert not differential.differs(stream)
    assert differential.proven(custom + table + first + holder + b"l.")


@pytest.mark.parametrize("protocol", range(6))
def test_a_dict_that_looks_at_its_items_is_not_proven(protocol: int) -> None:
    table = Checked()
    dict.update(table, {1: 2})
    stream = differential.c_pickled(table, protocol)
    assert not differential.proven(stream)
    assert not differential.differs(stream)


@pytest.mark.parametrize(
    "last",
    [
        b"}\x8c\x01xK\x01sb}\x8c\x01yK\x01sb.",
        b"}\x8c\x0c__setstate__h\x00sb}b.",
        b"}\x8c\x06extendh\x00sb(K\x01e.",
        b"}\x8c\x08describeh\x00sb.",
        b"(K\x01K\x02ub.",
        b"(K\x01K\x02u(h\x00K\x02u.",
        b"(K\x01e.",
        b"(K\x01\x90.",
    ],
)
@pytest.mark.parametrize("name", ["Table", "Bunch", "Checked"])
def test_dicts_of_other_classes_as_both_engines_have_them(name: str, last: bytes) -> None:
    head = b"\x80\x04ctests.pickleball_hook.engines.shapes\n" + name.encode() + b"\n\x94)\x81"
    assert not differential.differs(head + last)


@pytest.mark.parametrize("key", ["a", "__class__", "\n__x__", "x\n__class__", 1])
@pytest.mark.parametrize("value", [1, "text", print])
def test_tables_of_data_and_others_are_judged_alike(key: Any, value: Any) -> None:
    """A table in the state of a setter: what is only data there is not looked at key by key."""
    for table in ({key: value}, {"a": 1, key: value}, {"b": {key: value}}, [[key, value], (1, 2)]):
        assert not differential.differs(differential.c_pickled(Custom(table), 4))


def test_special_names_in_tables_are_seen_among_data() -> None:
    from pickleball_hook.judging import states

    assert states._is_data({"a": 1, "b__": None, "c\n_": "x"})
    for table in ({"a": 1, "__b": 2}, {"__b__": 2}, {1: 2}, {"a": [1]}, {b"a": 1}):
        assert not states._is_data(table)
