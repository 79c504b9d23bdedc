"""pandas: every extension dtype, index, offset, and what a frame is grouped or styled into."""

from __future__ import annotations

import datetime
import functools
import operator

import numpy as np
import pandas as pd
from worker import Case

LIBRARIES = ("pandas",)
DTYPES = (
    *(
        "Int8",
        "Int16",
        "Int32",
        "Int64",
        "UInt8",
        "UInt16",
        "UInt32",
        "UInt64",
        "Float32",
        "Float64",
    ),
    *("int8", "int64", "uint16", "float32", "float64", "complex128", "object", "category"),
)
ARROW = ("int64[pyarrow]", "double[pyarrow]", "string[pyarrow]", "bool[pyarrow]")
OFFSETS = (
    *("BDay", "BMonthEnd", "BQuarterEnd", "BYearEnd", "BusinessHour", "CustomBusinessDay", "Day"),
    *("CustomBusinessHour", "DateOffset", "Easter", "FY5253", "FY5253Quarter", "Hour"),
    *("LastWeekOfMonth", "Micro", "Milli", "Minute", "MonthBegin", "MonthEnd", "Nano"),
    *(
        "QuarterBegin",
        "QuarterEnd",
        "Second",
        "SemiMonthBegin",
        "SemiMonthEnd",
        "Week",
        "WeekOfMonth",
    ),
    *("YearBegin", "YearEnd", "CustomBusinessMonthEnd", "BMonthBegin", "HalfYearEnd"),
)


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "i": [1, 2, 3],
            "f": [1.0, np.nan, 3.0],
            "s": ["a", "b", None],
            "d": pd.date_range("2024-01-01", periods=3),
            "z": pd.date_range("2024-01-01", periods=3, tz="Europe/Paris"),
            "c": pd.Categorical(["x", "y", "x"], ordered=True),
            "b": [True, False, True],
            "t": pd.to_timedelta([1, 2, 3], unit="h"),
        }
    )


def offset(name: str) -> object:
    if name.startswith("FY5253"):
        extra = {"qtr_with_extra_week": 1} if name.endswith("Quarter") else {}
        return getattr(pd.offsets, name)(weekday=1, startingMonth=3, **extra)
    if name == "DateOffset":
        return pd.DateOffset(months=2, days=1)
    return getattr(pd.offsets, name)()


class Cohort(pd.DataFrame):
    """A frame of the program's own, with metadata."""

    _metadata = ["study"]

    @property
    def _constructor(self) -> type:
        return Cohort


def cohort() -> Cohort:
    made = Cohort({"a": [1, 2]})
    made.study = "one"
    return made


def flagged() -> pd.DataFrame:
    made = frame()[["i"]].set_flags(allows_duplicate_labels=False)
    made.attrs["source"] = "file"
    return made


CASES: list[Case] = [
    ("frame", frame),
    ("series", lambda: frame()["f"]),
    ("empty frame", pd.DataFrame),
    ("frame of one dtype", lambda: pd.DataFrame(np.eye(3), columns=list("abc"))),
    ("MultiIndex rows", lambda: frame().set_index(["i", "s"])),
    ("MultiIndex columns", lambda: frame().pivot_table(index="i", columns="c", values=["f"])),
    ("attrs and flags", flagged),
    ("own subclass", cohort),
    *((f"series of {d}", lambda d=d: pd.Series([1, 2, 3]).astype(d)) for d in DTYPES),
    *((f"series of {d}", lambda d=d: pd.Series(["1", "0"]).astype(d)) for d in ARROW[2:3]),
    *((f"series of {d}", lambda d=d: pd.Series([1, 0]).astype(d)) for d in ARROW[:2]),
    ("boolean", lambda: pd.array([True, None], dtype="boolean")),
    ("string", lambda: pd.array(["a", None], dtype="string")),
    ("string python", lambda: pd.array(["a", None], dtype="string[python]")),
    ("str", lambda: pd.Series(["a", None], dtype="str")),
    ("sparse", lambda: pd.arrays.SparseArray([0, 0, 1])),
    ("sparse frame", lambda: pd.DataFrame({"a": pd.arrays.SparseArray([0.0, 1.0])})),
    ("interval", lambda: pd.arrays.IntervalArray.from_breaks([0, 1, 2])),
    ("period", lambda: pd.array(pd.period_range("2024", periods=2, freq="M"))),
    ("timestamp", lambda: pd.Timestamp("2024-02-03 04:05", tz="UTC")),
    ("timestamp zone", lambda: pd.Timestamp("2024-02-03", tz="America/New_York")),
    ("timedelta", lambda: pd.Timedelta("3D")),
    ("Period", lambda: pd.Period("2024Q1", "Q")),
    ("Interval", lambda: pd.Interval(0, 1, "both")),
    ("missing", lambda: [pd.NaT, pd.NA]),
    ("RangeIndex", lambda: pd.RangeIndex(5)),
    ("Index of str", lambda: pd.Index(["a", "b"], name="k")),
    ("Index of int", lambda: pd.Index([3, 1])),
    ("CategoricalIndex", lambda: pd.CategoricalIndex(["a", "b"])),
    ("DatetimeIndex", lambda: pd.date_range("2024", periods=3, freq="h")),
    ("DatetimeIndex zone", lambda: pd.date_range("2024", periods=3, tz="UTC")),
    ("PeriodIndex", lambda: pd.period_range("2024", periods=3, freq="Q")),
    ("TimedeltaIndex", lambda: pd.timedelta_range("1D", periods=3)),
    ("IntervalIndex", lambda: pd.interval_range(0, 3)),
    ("MultiIndex", lambda: pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["x", "y"])),
    *((f"offset {name}", functools.partial(offset, name)) for name in OFFSETS),
    (
        "dtypes",
        lambda: [
            pd.CategoricalDtype(["a"], True),
            pd.DatetimeTZDtype("ns", "UTC"),
            pd.PeriodDtype("D"),
            pd.IntervalDtype("int64"),
            pd.SparseDtype("float"),
            pd.Int64Dtype(),
            pd.StringDtype(),
            pd.BooleanDtype(),
            pd.Float32Dtype(),
        ],
    ),
    ("ArrowDtype", lambda: pd.ArrowDtype(__import__("pyarrow").int32())),
    ("groupby", lambda: frame().groupby("c", observed=True)),
    ("groupby column", lambda: frame().groupby("c", observed=True)["f"]),
    ("resample", lambda: frame().set_index("d")[["f"]].resample("D")),
    ("rolling", lambda: frame()["f"].rolling(2)),
    ("expanding", lambda: frame()["f"].expanding()),
    ("ewm", lambda: frame()["f"].ewm(span=2)),
    ("Grouper", lambda: pd.Grouper(key="d", freq="D")),
    ("NamedAgg", lambda: pd.NamedAgg("f", "mean")),
    ("Styler", lambda: frame()[["i", "f"]].style.format(precision=2)),
    ("Categorical", lambda: pd.Categorical([1, 2, 1], categories=[2, 1])),
    ("value_counts", lambda: frame()["c"].value_counts()),
    ("describe", lambda: frame().describe()),
    ("dict of frames", lambda: {"a": frame(), "b": [frame()["s"], frame().dtypes]}),
    ("dtypes of a frame", lambda: frame().dtypes),
    ("list of columns", lambda: list(frame().columns)),
    ("functions", lambda: [pd.concat, pd.to_datetime, pd.read_csv, pd.get_dummies]),
    ("getter", lambda: operator.attrgetter("i")),
    ("cells of objects", lambda: pd.Series([datetime.date(2024, 1, 1), {"a": [1]}, np.arange(2)])),
    (
        "holiday calendar",
        lambda: __import__("pandas.tseries.holiday").tseries.holiday.USFederalHolidayCalendar(),
    ),
    ("errors", lambda: [pd.errors.EmptyDataError("no"), pd.errors.ParserError("bad")]),
]
