"""Formulas that are evaluated when a model is loaded: terms of columns, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from pickleball_hook.rules.formulas import reason_against

pandas = pytest.importorskip("pandas")


class Acting:
    """Adding to it acts."""

    def __add__(self, other: object) -> object:
        raise AssertionError("it acted")


@pytest.fixture
def table() -> Any:
    columns = {"y": [1.0, 2.0], "a": [1, 2], "b_1": ["x", "y"], "when": pandas.to_datetime([1, 2])}
    return pandas.DataFrame(columns).assign(kind=pandas.Categorical(["u", "v"]))


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ a",
        "y ~ a + b_1 + a:b_1 - 1",
        "y ~ C(b_1) * a + I(a ** 2 / 3.5)",
        "y ~ (a + kind) ** 2 + when",
        "y ~ np.log1p(a) + np.sqrt(a ** 2) + numpy.abs(a)",
        "y ~ np.log(abs(a) + 1)",
        "a",
    ],
)
def test_terms_of_columns_pass(formula: str, table: Any) -> None:
    assert reason_against(formula, table) == ""


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ __import__('os').system('x')",
        "y ~ exec(a)",
        "y ~ a.__class__",
        "y ~ a.mean()",
        "y ~ np.save(a)",
        "y ~ np.log(a, y)",
        "y ~ np.log.reduce(a)",
        "y ~ np.random.log(a)",
        "y ~ np.log",
        "y ~ os.log(a)",
        "y ~ (lambda: 1)()",
        "y ~ a[0]",
        "y ~ C (a) (a)(open)",
        "y ~ missing",
        "y ~ Q('a')",
        "y ~ a if a else b_1",
        "y ~ a; a",
        "y ~ {a}",
        "y ~ a == a",
        "y ~ \uff49mport",
    ],
)
def test_code_does_not(formula: str, table: Any) -> None:
    assert "Python code" in reason_against(formula, table)


def test_calls_of_columns_do_not(table: Any) -> None:
    assert "it names a" in reason_against("y ~ a(y)", table)
    assert "it names C" in reason_against("y ~ C + C (a)", table.assign(C=1))
    assert "it names abs" in reason_against("y ~ abs(a)", table.assign(abs=1))
    assert "it names abs" in reason_against("y ~ abs", table)


def test_columns_named_like_functions_are_columns(table: Any) -> None:
    assert reason_against("y ~ C + I", table.assign(C=1, I=2)) == ""


def test_columns_named_like_numpy_do_not(table: Any) -> None:
    """A column is found first, and its ``log`` is what the file has put under that label."""
    held = table.assign(np=pandas.Series([1, print], index=[0, "log"]))
    assert "for an attribute" in reason_against("y ~ np.log(a)", held)
    assert reason_against("y ~ numpy.log(a)", held) == ""


def test_tables_are_plain(table: Any) -> None:
    class Table(pandas.DataFrame):  # type: ignore[misc, name-defined]
        pass

    assert "no plain table" in reason_against("y ~ a", {"y": 1, "a": print})
    assert "no plain table" in reason_against("y ~ a", Table(table))
    assert "no plain text" in reason_against(["y ~ a"], table)


def test_columns_hold_no_objects(table: Any) -> None:
    acting = table.assign(a=[Acting(), Acting()])
    assert "operators of their own" in reason_against("y ~ I(a + 1)", acting)
    categories = table.assign(a=pandas.Categorical([Acting(), Acting()]))
    assert "operators of their own" in reason_against("y ~ I(a + 1)", categories)
    assert reason_against("y ~ b_1", acting) == ""
