"""What cloudpickle and dill write: by reference where the name is importable, else code."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from worker import Case

LIBRARIES = ("cloudpickle", "dill")
FORMATS = ("cloudpickle", "dill")


def twice(x: Any) -> Any:
    return x * 2


def closure(n: int) -> Any:
    return lambda x: x + n


class Model:
    def __init__(self) -> None:
        self.weights = np.eye(2)
        self.scale = twice


CASES: list[Case] = [
    ("data", lambda: {"a": [1, 2.5], "b": np.arange(3)}),
    ("named function", lambda: twice),
    ("instance", Model),
    ("class", lambda: Model),
    ("partial", lambda: functools.partial(twice, 3)),
    ("numpy function", lambda: np.log1p),
    ("bound method", lambda: np.random.RandomState(0).rand),
    ("lambda", lambda: lambda x: x),
    ("closure", lambda: closure(3)),
    ("dict of lambdas", lambda: {"f": lambda x: x + 1}),
]
