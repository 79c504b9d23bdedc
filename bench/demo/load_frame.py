"""Read a saved data frame: ``python load_frame.py FILE``."""

from __future__ import annotations

import json
import pickle
import sys
import time
from pathlib import Path

import pandas as pd


def describe(frame: pd.DataFrame) -> list[object]:
    """Types, index names, categories and every cell of `frame`, as plain text."""
    return [
        [f"{name}: {dtype}" for name, dtype in frame.dtypes.items()],
        list(frame.index.names),
        list(frame["state"].cat.categories),
        frame.to_csv(),
    ]


def main(path: Path) -> None:
    """Load by ``pickle.load`` and by ``pandas.read_pickle``; both must give the same frame."""
    start = time.perf_counter()
    with path.open("rb") as stream:
        frame = pickle.load(stream)
    seconds = time.perf_counter() - start
    pd.testing.assert_frame_equal(frame, pd.read_pickle(path))
    print(json.dumps({"seconds": seconds, "result": describe(frame)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
