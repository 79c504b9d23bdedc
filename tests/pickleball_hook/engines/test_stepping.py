"""Replays that check each operation: what they serve, and what objects are while they wait."""

from __future__ import annotations

import abc
import importlib.util
import pickle
from typing import Any, Generic, TypeVar

import pytest

from pickleball_hook.engines import stepping
from pickleball_hook.judging import parts
from tests.pickleball_hook.engines import differential
from tests.pickleball_hook.engines.shapes import Both, Custom, Plain, Slotted, Table

Anything = TypeVar("Anything")
numpy = pytest.importorskip("numpy")


def frames() -> dict[str, Any]:
    """Return frames of pandas, of the kinds that files have."""
    pandas = pytest.importorskip("pandas")
    texts = [f"row {number}" for number in range(2000)]
    plain = pandas.DataFrame({"a": range(2000), "b": texts, "c": texts[::-1]})
    days = pandas.date_range("2024-02-29", periods=2000, freq="h", tz="Europe/Paris")
    return {
        "columns of texts": plain,
        "a column": plain["b"],
        "categories": plain.assign(d=pandas.Categorical(["x", "y"] * 1000)),
        "integers with gaps": plain.assign(d=pandas.array([1, None] * 1000, dtype="Int64")),
        "times with a zone": plain.set_index(days),
        "periods": plain.assign(d=pandas.period_range("2000-01", periods=2000, freq="h")),
        "intervals": plain.assign(d=pandas.interval_range(0, 2000)),
        "several levels": plain.set_index(["a", "b"]),
        "nothing": pandas.DataFrame(),
    }


@pytest.mark.parametrize("kind", frames() if importlib.util.find_spec("pandas") else [])
def test_frames_are_proven(kind: str) -> None:
    stream = differential.c_pickled(frames()[kind], 4)
    assert differential.proven(stream) or differential.proven(stream, steps=True)
    assert not differential.differs(stream)
    assert not differential.differs(stream, steps=True)


@pytest.mark.parametrize("value", [Custom([1, Custom({})]), [Plain(a=Custom(2))]])
def test_objects_with_a_setter_are_proven_step_by_step(value: object) -> None:
    assert differential.proven(differential.c_pickled(value, 4), steps=True)


def test_all_replays_may_be_step_by_step() -> None:
    stream = differential.c_pickled([Both(1, 2), Table(a=Slotted(1, [])), numpy.arange(3)], 4)
    assert differential.proven(stream, steps=True)
    with differential.engine(True, steps=True):
        value = pickle.loads(stream)
    assert type(value[1]["a"]) is Slotted and value[2].tolist() == [0, 1, 2]


class Generics(Generic[Anything]):
    size = 1


class Abstract(abc.ABC):
    size = 1


# -- objects that wait ------------------------------------------------------------------------------


def test_classes_have_one_of_their_layout() -> None:
    class Weak:
        __slots__ = ("__weakref__",)

    class Failing(ValueError):
        pass

    assert stepping.hiding(Plain) is stepping.hiding(Custom) is not None
    for cls in (int, type, Slotted, Weak, numpy.ndarray):
        assert stepping.hiding(cls) is None or cls is Weak
    for cls in (Generics, Abstract):
        value = cls()
        kind = stepping.hiding(cls)
        assert kind is not None
        value.__class__ = kind
        object.__dict__["__class__"].__set__(value, cls)
        assert value.size == 1
    error = Failing("no")
    kind = stepping.hiding(Failing)
    assert kind is not None and issubclass(kind, ValueError)
    error.__class__ = kind  # type: ignore[assignment]
    object.__dict__["__class__"].__set__(error, Failing)
    assert error.args == ("no",)


# -- arrays that are looked at many times ------------------------------------------------------------


def test_arrays_are_known_while_they_are_the_same() -> None:
    known = parts.Scalars()
    array = numpy.array([f"row {number}" for number in range(3000)], dtype=object)
    assert known.has(array) and known.has(array.reshape(2, -1)[:1].T) and known.has(array)
    array[2999] = print
    assert not known.has(array)
    array[2999] = "again"
    assert known.has(array)


def test_texts_of_derived_classes_are_no_scalars() -> None:
    class Text(str):
        pass

    array = numpy.array([Text("a"), *["b"] * 3000], dtype=object)
    assert not parts.Scalars().has(array)
