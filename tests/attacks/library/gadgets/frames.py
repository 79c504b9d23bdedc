"""What may pass for a table of pandas."""

from __future__ import annotations

import os

import pandas as pd


class Sealed(pd.Series):  # type: ignore[misc]
    """Acts when it is dropped."""

    def __del__(self) -> None:
        os.mkdir(self.__dict__["path"])
