"""What an object holds, looked at without a trace."""

from __future__ import annotations

import datetime
import functools
import io
import pickle
import types
import typing
from collections import OrderedDict, deque
from typing import Any

import pytest

from pickleball_hook.judging import parts


class Plain:
    pass


class Slotted:
    __slots__ = ("x",)


class Failing(ValueError):
    pass


class Words(dict):  # type: ignore[type-arg]
    pass


class Computed:
    """Whoever asks it for anything gets something else."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(name)


class Forged:
    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise AssertionError


class Buffer(io.StringIO):
    pass


OBJECTS = [
    *(io.StringIO("x"), io.BytesIO(b"x"), Buffer("x")),
    *(Plain(), Slotted(), Failing("x"), ValueError("x"), Words(a=1), OrderedDict(), deque()),
    *(functools.partial(int, base=2), datetime.timezone.utc, {}, [], len, int),
]


@pytest.mark.parametrize("value", OBJECTS, ids=repr)
def test_leaves_no_trace(value: Any) -> None:
    before = pickle.dumps(value) if not isinstance(value, Slotted) else b""
    found = parts.attributes(value)
    assert not found
    assert (pickle.dumps(value) if not isinstance(value, Slotted) else b"") == before


@pytest.mark.parametrize(
    "make",
    [
        *(Plain, lambda: Failing("x"), Words, lambda: functools.partial(int, base=2)),
        *(io.StringIO, io.BytesIO, Buffer),
    ],
)
def test_finds_what_is_there(make: Any) -> None:
    value = make()
    value.x = 1
    assert parts.attributes(value) == {"x": 1}


def _with(cls: Any, **attributes: Any) -> Any:
    made = cls.__new__(cls)
    for key, value in attributes.items():
        object.__setattr__(made, key, value)
    return made


HOLDERS: list[tuple[str, Any]] = [
    ("attribute", lambda held: _with(Plain, x=held)),
    ("slot", lambda held: _with(Slotted, x=held)),
    ("exception", lambda held: Failing(held)),
    ("attribute of an exception", lambda held: _with(Failing, x=held)),
    ("deque", lambda held: deque([held])),
    ("iterator", lambda held: iter([held])),
    ("slice", lambda held: slice(held)),
    ("namespace", lambda held: types.SimpleNamespace(x=held)),
    ("partial", lambda held: functools.partial(int, held)),
    ("keyword of a partial", lambda held: functools.partial(int, base=held)),
    ("method", lambda held: held.__reduce__),
    ("method of a partial", lambda held: functools.partial(held.__reduce__)),
]


@pytest.mark.parametrize("make", [make for _, make in HOLDERS], ids=[name for name, _ in HOLDERS])
def test_what_is_hidden_is_found(make: Any) -> None:
    held = Plain()
    found = parts.hidden(make(held))
    inner = [part for one in found if type(one) in (list, tuple, dict) for part in one]
    inner += [part for one in found if type(one) is dict for part in one.values()]
    assert any(part is held for part in [*found, *inner])


@pytest.mark.parametrize("code", ["O", "i8,O", "(2,)O"])
def test_objects_in_arrays_are_found(code: str) -> None:
    numpy = pytest.importorskip("numpy")
    held = Plain()
    array = numpy.empty(2, numpy.dtype(code))
    array[:] = (1, held) if "," in code and "(" not in code else held
    assert any(part is held for part in parts.hidden(array))
    assert any(part is held for part in parts.hidden(array.view(numpy.recarray)))


@pytest.mark.parametrize("value", [{}, [1], "text", 1, Plain(), deque()], ids=repr)
def test_the_class_is_not_among_what_is_held(value: Any) -> None:
    assert type(value) not in parts.hidden(value)


def test_a_dtype_holds_its_metadata_only() -> None:
    numpy = pytest.importorskip("numpy")
    held = Plain()
    assert parts.hidden(numpy.dtype("O")) == []
    assert parts.hidden(numpy.dtype("i8", metadata={"x": held})) == [held]


def test_the_class_of_indexes_of_a_dtype_is_its_library_s() -> None:
    pandas = pytest.importorskip("pandas")
    dtype = pandas.Int64Dtype()
    assert dtype.index_class is pandas.Index
    assert pandas.Index not in parts.hidden(dtype)
    held = Plain()
    dtype._cache |= {"index_class": Plain, "kind": held}
    assert {Plain, held} <= {part for part in parts.hidden(dtype) if type(part) is not dict}
    dtype._cache = {"index_class": pandas.Index, "_can_hold_na": pandas.Index}
    assert parts.hidden(dtype).count(pandas.Index) == 1
    dtype.index = pandas.Index
    assert parts.hidden(dtype).count(pandas.Index) > 1


@pytest.mark.parametrize("cls", [Computed, Forged])
def test_runs_nothing(cls: Any) -> None:
    pytest.importorskip("pandas")
    value = cls.__new__(cls)
    assert not parts.attributes(value)
    found = parts.hidden(value)
    assert found in ([], [{}])


def test_forms_of_typing_hide_nothing_that_a_file_gave() -> None:
    assert parts.hidden(typing.Optional) == []
    made = typing._SpecialForm.__new__(type("Form", (typing._SpecialForm,), {}, _root=True))  # type: ignore[attr-defined, call-overload]
    made._getitem = print
    assert print in parts.hidden(made)
