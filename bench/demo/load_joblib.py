"""Predict with a pipeline saved by joblib: ``python load_joblib.py FILE``."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import joblib
import pandas as pd
import sklearn.compose
import sklearn.ensemble  # noqa: F401  (imported here so that the clock sees the load alone)

path = Path(sys.argv[1])
start = time.perf_counter()
model = joblib.load(path)
seconds = time.perf_counter() - start

orders = pd.read_csv(path.with_name("orders.csv"))
print(json.dumps({"seconds": seconds, "result": model.predict_proba(orders).tolist()}))
