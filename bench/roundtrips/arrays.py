"""numpy: every dtype and kind of array, random generators, the rest that programs keep."""

from __future__ import annotations

import functools
import os
import tempfile
from typing import Any

import numpy as np
from worker import Case

LIBRARIES = ("numpy",)


def memmap() -> object:
    handle, path = tempfile.mkstemp()
    os.close(handle)
    array = np.memmap(path, np.float32, "w+", shape=(3, 4))
    array[:] = 1.5
    return array


class Grid(np.ndarray):
    """A subclass of the program's own, with state beside the array's."""

    def __new__(cls, values: Any) -> Grid:
        made = np.asarray(values).view(cls)
        made.unit = "m"
        return made

    def __array_finalize__(self, other: Any) -> None:
        self.unit = getattr(other, "unit", None)

    def __reduce__(self) -> Any:
        function, arguments, state = super().__reduce__()
        return function, arguments, (*state, self.unit)

    def __setstate__(self, state: Any) -> None:
        self.unit = state[-1]
        super().__setstate__(state[:-1])


def records() -> Any:
    return np.rec.array(
        [(1, 2.0, "a"), (2, 3.0, "b")], dtype=[("i", int), ("f", float), ("s", "U3")]
    )


FIELDS = [("name", "U8"), ("at", "M8[s]"), ("grid", "<f4", (2, 2)), ("more", [("a", "i2")])]
CODES = "?bBhHiIlLqQefdgFDG"
CASES: list[Case] = [
    *((f"array of {c}", functools.partial(np.arange, 6, dtype=c)) for c in CODES[1:]),
    *((f"big-endian {c}", lambda c=c: np.arange(6).astype(">" + c)) for c in "iIlLqQefdFD"),
    *(
        (f"dtype {c}", functools.partial(np.dtype, c))
        for c in (*CODES, *"OSUVMm", "S5", "U3", ">i4")
    ),
    *((f"scalar {c}", lambda c=c: np.dtype(c).type(1)) for c in CODES),
    *((f"type {c}", lambda c=c: np.dtype(c).type) for c in (*CODES, *"OSUVMm")),
    *((f"0-d {c}", lambda c=c: np.array(1, dtype=c)) for c in "?bdDO"),
    *((f"{u} times", lambda u=u: np.arange(3).astype(f"M8[{u}]")) for u in ("D", "s", "ns", "25m")),
    *((f"{u} differences", lambda u=u: np.arange(3).astype(f"m8[{u}]")) for u in ("D", "ns")),
    ("bool array", lambda: np.array([True, False])),
    ("strings", lambda: np.array(["a", "bcd"])),
    ("bytes", lambda: np.array([b"a", b"bcd"])),
    ("void", lambda: np.zeros(3, "V7")),
    ("void scalar", lambda: np.zeros(3, "V7")[0]),
    ("variable strings", lambda: np.array(["a", "long" * 9], dtype=np.dtypes.StringDType())),
    ("StringDType", lambda: np.dtypes.StringDType(na_object=None)),
    ("objects", lambda: np.array([1, "a", None, [2], {"b": 3}], dtype=object)),
    ("nested objects", lambda: np.array([np.arange(3), np.arange(2)], dtype=object)),
    ("fortran order", lambda: np.asfortranarray(np.arange(6.0).reshape(2, 3))),
    ("not contiguous", lambda: np.arange(20)[::3]),
    ("empty", lambda: np.empty((0, 3))),
    ("structured", lambda: np.zeros(3, FIELDS)),
    ("structured with objects", lambda: np.array([(1, "x")], [("i", int), ("o", object)])),
    ("structured dtype", lambda: np.dtype(FIELDS)),
    ("aligned dtype", lambda: np.dtype([("a", "i1"), ("b", "f8")], align=True)),
    ("dtype with titles", lambda: np.dtype([(("Title", "a"), "i4"), ("b", "f8")])),
    ("dtype with metadata", lambda: np.dtype("i4", metadata={"unit": "m"})),
    ("structured scalar", lambda: np.zeros(3, FIELDS)[0]),
    ("records", records),
    ("record", lambda: records()[0]),
    ("masked", lambda: np.ma.masked_array([1, 2, 3], mask=[0, 1, 0])),
    (
        "masked records",
        lambda: np.ma.array([(1, 2.0)], mask=[(0, 1)], dtype=[("a", int), ("b", float)]),
    ),
    ("masked constant", lambda: np.ma.masked),
    ("matrix", lambda: np.matrix([[1, 2], [3, 4]])),
    ("chararray", lambda: np.char.array(["ab", "c"])),
    ("memmap", memmap),
    ("own subclass", lambda: Grid([1.0, 2.0])),
    ("polynomial", lambda: np.polynomial.Polynomial([1, 2, 3])),
    *(
        (f"polynomial {n}", lambda n=n: getattr(np.polynomial, n)([1, 2]))
        for n in ("Chebyshev", "Hermite", "HermiteE", "Laguerre", "Legendre")
    ),
    ("poly1d", lambda: np.poly1d([1, 2])),
    ("finfo", lambda: np.finfo(np.float32)),
    ("iinfo", lambda: np.iinfo(np.int8)),
    ("vectorize", lambda: np.vectorize(abs)),
    ("ufunc", lambda: np.log1p),
    ("ufuncs", lambda: [np.add, np.exp, np.maximum, np.isnan]),
    ("functions", lambda: [np.mean, np.median, np.linalg.norm, np.percentile, np.asarray]),
    ("partial of a function", lambda: functools.partial(np.percentile, q=5)),
    ("RandomState", lambda: np.random.RandomState(3)),
    ("default_rng", lambda: np.random.default_rng(3)),
    *(
        (f"Generator {n}", lambda n=n: np.random.Generator(getattr(np.random, n)(3)))
        for n in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
    ),
    ("bit generator", lambda: np.random.PCG64(1)),
    ("SeedSequence", lambda: np.random.SeedSequence(5).spawn(1)[0]),
    (
        "dict of arrays",
        lambda: {"X": np.eye(3), "y": np.arange(3), "n": np.float64(2), "k": np.int64(1)},
    ),
    ("slice objects", lambda: [np.s_[1:3, ...], np.index_exp[2:], np.newaxis]),
    ("errors", lambda: [np.linalg.LinAlgError("singular"), np.exceptions.AxisError(3, 2)]),
    ("broadcast shape", lambda: np.broadcast_shapes((2, 1), (3,))),
    ("constants", lambda: [np.nan, np.inf, np.pi]),
]
