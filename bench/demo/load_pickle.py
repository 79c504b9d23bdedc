"""Predict with a pickled pipeline: ``python load_pickle.py FILE``. Knows nothing of any guard."""

from __future__ import annotations

import json
import pickle
import sys
import time
from pathlib import Path

import pandas as pd
import sklearn.compose
import sklearn.ensemble  # noqa: F401  (imported here so that the clock sees the load alone)

path = Path(sys.argv[1])
start = time.perf_counter()
with path.open("rb") as stream:
    model = pickle.load(stream)
seconds = time.perf_counter() - start

orders = pd.read_csv(path.with_name("orders.csv"))
print(json.dumps({"seconds": seconds, "result": model.predict_proba(orders).tolist()}))
