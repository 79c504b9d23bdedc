"""Train the demo's models; save them, what they predict, and the same files with a payload.

Usage: ``python train.py FOLDER``. Next to ``model.pkl`` stands ``model.pkl.expected.json`` with
what the loading script has to print, and ``model.poisoned.pkl``: the same object in a list with
one more entry, which pickle writes as a call of ``os.system``.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import torch
from load_frame import describe
from network import Classifier
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

WORDS = ("late", "broken", "lovely", "cheap", "fast", "again", "never", "perfect", "box", "return")
ROWS = 400


class Payload:
    """An object whose pickle is a shell command: ``touch CANARY``."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch '{self.canary}'",)


def reviews(random: np.random.Generator) -> pd.DataFrame:
    """Toy orders: two skewed numbers, a text, and a label that depends on all three."""
    price = random.lognormal(3, 1, ROWS)
    weight = random.lognormal(0, 1, ROWS)
    text = [" ".join(random.choice(WORDS, 6)) for _ in range(ROWS)]
    liked = [("lovely" in t) + ("perfect" in t) - ("broken" in t) for t in text]
    label = np.where(np.array(liked) + (price < 20) > 0, "kept", "returned")
    return pd.DataFrame({"price": price, "weight": weight, "text": text, "label": label})


def trained_pipeline(orders: pd.DataFrame) -> Pipeline:
    """Logarithm and scaling of the numbers, TF-IDF of the text, a random forest on top."""
    numbers = make_pipeline(FunctionTransformer(np.log1p), StandardScaler())
    columns = ColumnTransformer(
        [("numbers", numbers, ["price", "weight"]), ("text", TfidfVectorizer(), "text")]
    )
    forest = RandomForestClassifier(n_estimators=50, random_state=0)
    return Pipeline([("columns", columns), ("forest", forest)]).fit(orders, orders["label"])


def trained_network(rows: torch.Tensor) -> Classifier:
    """A few steps of Adam, then evaluation mode."""
    torch.manual_seed(0)
    network = Classifier(rows.shape[1], 2)
    target = (rows.sum(1) > 0).long()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(rows), target).backward()
        optimizer.step()
    return network.eval()


def shipments(random: np.random.Generator) -> pd.DataFrame:
    """A frame with dates (naive and zoned), categories, strings, missing values."""
    days = pd.date_range("2024-01-01", periods=ROWS, freq="h")
    return pd.DataFrame(
        {
            "sent": days,
            "received": days.tz_localize("UTC")
            + pd.to_timedelta(random.integers(1, 90, ROWS), "h"),
            "state": pd.Categorical(random.choice(["new", "sent", "back"], ROWS), ordered=True),
            "town": pd.array(random.choice(np.array(["Oslo", "Brno", None]), ROWS), dtype="string"),
            "note": [" ".join(random.choice(WORDS, 2)) for _ in range(ROWS)],
            "parcels": pd.array(random.choice(np.array([1, 2, None]), ROWS), dtype="Int64"),
        },
        index=pd.MultiIndex.from_arrays(
            [np.arange(ROWS) % 7, np.arange(ROWS)], names=("route", "id")
        ),
    )


def save_pickle(value: object, path: Path) -> None:
    with path.open("wb") as stream:
        pickle.dump(value, stream)


def save_joblib(value: object, path: Path) -> None:
    joblib.dump(value, path)


def save_torch(value: object, path: Path) -> None:
    torch.save(value, path)


def main(folder: Path) -> None:
    """Write every file of the demo to `folder`."""
    random = np.random.default_rng(0)
    orders = reviews(random)
    orders.to_csv(folder / "orders.csv", index=False)
    rows = random.normal(size=(ROWS, 5)).astype("float32")
    np.save(folder / "rows.npy", rows)

    pipeline = trained_pipeline(orders)
    network = trained_network(torch.from_numpy(rows))
    frame = shipments(random)
    # Predictions are made from what the loading scripts will read, text round trip included.
    probabilities = pipeline.predict_proba(pd.read_csv(folder / "orders.csv")).tolist()
    with torch.inference_mode():
        logits = network(torch.from_numpy(rows)).tolist()

    for name, save, value, expected in (
        ("pipeline.pkl", save_pickle, pipeline, probabilities),
        ("pipeline.joblib", save_joblib, pipeline, probabilities),
        ("network.pt", save_torch, network, logits),
        ("frame.pkl", save_pickle, frame, describe(frame)),
    ):
        path = folder / name
        save(value, path)
        Path(f"{path}.expected.json").write_text(json.dumps(expected), encoding="utf-8")
        poisoned = path.with_name(f"{path.stem}.poisoned{path.suffix}")
        save([value, Payload(Path(f"{poisoned}.canary"))], poisoned)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
