"""Formulas of statistical models in files: which of them run nothing but arithmetic on columns.

statsmodels keeps the text of a formula (``y ~ a + C(b)``) and has patsy evaluate it again when a
model is loaded (statsmodels/base/data.py, ``ModelData.__setstate__``; patsy/eval.py): each term is
Python source. What passes here names columns of the table beside it and puts operators between
them; a call is of two functions of patsy's own, of ``abs``, or of one of numpy's that compute
element by element, and of no name that anybody else may have bound.
"""

from __future__ import annotations

import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_COMPUTING = (
    *("abs", "absolute", "sqrt", "cbrt", "square", "reciprocal", "sign", "floor", "ceil", "rint"),
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin"),
    *("arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh"),
)
"""Ufuncs of one array; each works on numbers alone, a table's texts have no such methods."""
_TOKEN = re.compile(
    rf"\s+|(?P<module>np|numpy)\.(?:{'|'.join(_COMPUTING)})\s*\(|"
    r"(?P<name>[^\W\d]\w*)(?P<call>\s*\()?|\d+(?:\.\d*)?|\*\*|[-+*/:~^()]",
)
_FUNCTIONS = frozenset(["C", "I", "abs"])
"""``C`` marks a categorical, ``I`` gives its argument back (patsy/builtins.py).

A column of such a name is found first (patsy/eval.py, EvalFactor.eval): then that is what it is.
"""
_LONGEST = 10_000
_TEXTS = frozenset([str, float, int, bool, type(None)])


def reason_against(formula: Any, table: Any) -> str:
    """Return why a formula is not evaluated over the columns of a table, ``""`` if it may be.

    Parameters
    ----------
    formula : object
        Of the file, as the table is.
    table : object
    """
    pandas: Any = sys.modules.get("pandas")
    if pandas is None or type(table) is not pandas.DataFrame:
        return "its formula would be evaluated over something that is no plain table"
    if type(formula) is not str or len(formula) > _LONGEST:
        return "its formula is no plain text"
    columns = {column for column in table.columns if type(column) is str}
    position = 0
    while position < len(formula):
        token = _TOKEN.match(formula, position)
        name = token["name"] if token is not None else None
        if token is None or "__" in (name or ""):
            return f"its formula is Python code that would be run: {formula[:200]!r}"
        if token["module"] is not None and token["module"] in table.columns:
            return f"its formula asks a column for an attribute: {formula[:200]!r}"
        known = _FUNCTIONS - columns if token["call"] else columns
        if name is not None and name not in known:
            return (
                f"its formula is Python code that would be run, it names {name}: {formula[:200]!r}"
            )
        position = token.end()
    if not all(map(_is_plain, (table[column] for column in columns if column in formula))):
        return "its formula would be evaluated over objects that have operators of their own"
    return ""


def _is_plain(column: Any) -> bool:
    """Tell whether a column holds numbers, times, texts or categories of these."""
    import numpy

    pandas: Any = sys.modules["pandas"]
    dtype = column.dtype
    values: Any = column
    if type(dtype) is pandas.CategoricalDtype:
        values, dtype = dtype.categories, dtype.categories.dtype
    if not isinstance(dtype, (numpy.dtype, pandas.StringDtype)):
        return False
    if isinstance(dtype, numpy.dtype) and dtype.kind in "biufcmM":
        return True
    texts = {*_TEXTS, type(pandas.NA)}
    return dtype.kind == "O" and {type(v) for v in values.to_numpy(dtype=object)} <= texts
