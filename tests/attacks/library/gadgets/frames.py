"""What may pass for a table of pandas."""

from __future__ import annotations

import os

import pandas as pd


class Described(pd.Series):  # type: ignore[misc]
    """Acts when it is described."""

    def describe(self, path: str) -> None:
        os.mkdir(path)
