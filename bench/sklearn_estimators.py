"""Round-trip every scikit-learn estimator through pickle and joblib with the guard live.

Fits each class of `sklearn.utils.discovery.all_estimators` (meta-estimators and experimental ones
included) on toy data, in every parameter set that scikit-learn's own tests construct it with,
saves it by ``pickle`` and ``joblib`` in protocols 2 to 5, loads it in this process and again in a
fresh one, and compares what the loaded estimators predict and transform with what the fitted one
did. Prints the counts; exit status 1 when a load fails, results differ, or the guard is not live.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pickle
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
import scipy.sparse
from sklearn.datasets import make_classification, make_regression
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.utils._test_common.instance_generator import _construct_instances
from sklearn.utils.discovery import all_estimators

PROTOCOLS = range(2, 6)
METHODS = ("predict", "predict_proba", "decision_function", "score_samples", "transform")
ROWS = 40
DOCUMENTS = ["guard every load", "load the file", "every file is data", "refuse the call"] * 10


class Toy(NamedTuple):
    """What to call ``fit`` with; ``X`` is also what the fitted estimator is asked about."""

    name: str
    X: Any
    y: Any = None

    def arguments(self) -> tuple[Any, ...]:
        return (self.X,) if self.y is None else (self.X, self.y)


def toys() -> list[Toy]:
    """Toy data in the order of trial: the first that an estimator can be fitted on is used."""
    X, y = make_classification(ROWS, 6, n_informative=4, n_classes=2, random_state=0)
    _, three = make_classification(
        ROWS, 6, n_informative=4, n_classes=3, n_clusters_per_class=1, random_state=0
    )
    _, target = make_regression(ROWS, 6, random_state=0)
    positive = np.abs(X)
    many = np.column_stack([y, 1 - y])
    similarities = np.exp(-((X[:, None] - X[None]) ** 2).sum(2))
    words = np.array([["red", "one"], ["blue", "two"], ["red", "two"], ["blue", "one"]] * 10)
    return [
        Toy("three classes", X, three),
        Toy("two classes", X, y),
        Toy("regression", X, target),
        Toy("positive", positive, y),
        Toy("positive targets", positive, np.abs(target) + 1),
        Toy("several outputs", X, many),
        Toy("several targets", X, np.column_stack([target, -target])),
        Toy("no target", X),
        Toy("documents", DOCUMENTS),
        Toy("mappings", [{"a": 1.0, "b": float(i)} for i in range(ROWS)]),
        Toy("labels", y),
        Toy("label sets", [(int(a), 2) for a in y]),
        Toy("strings", words),
        Toy("one feature", X[:, 0], target),
        Toy("similarities", similarities, y),
        Toy("three features", X[:, :3]),
        Toy("images", np.arange(2 * 8 * 8, dtype=float).reshape(2, 8, 8)),
    ]


class Fitted(NamedTuple):
    """A fitted estimator with the data it was fitted on and the digest of its answers."""

    name: str
    estimator: Any
    toy: Toy
    answers: dict[str, str]


def digest(value: Any) -> str:
    """A digest of an array, sparse matrix, frame or list of them.

    Floats count to eight decimals: pickling an array may change its memory layout, and with it
    the order in which linear algebra adds.
    """
    hasher = hashlib.sha256()
    for part in parts(value):
        array = np.ascontiguousarray(part)
        if array.dtype.kind == "f":
            array = array.round(8) + 0.0
        text = repr(array.tolist()).encode() if array.dtype.hasobject else array.tobytes()
        hasher.update(repr((array.dtype.str, array.shape)).encode() + text)
    return hasher.hexdigest()[:16]


def parts(value: Any) -> Iterator[Any]:
    """The arrays that make up `value`."""
    if scipy.sparse.issparse(value):
        yield value.toarray()
    elif isinstance(value, list | tuple) and any(hasattr(part, "shape") for part in value):
        for part in value:
            yield from parts(part)
    else:
        yield np.asarray(value)


def answers(estimator: Any, toy: Toy) -> dict[str, str]:
    """Digests of what `estimator` says of `toy`, by method; errors count by their text."""
    found = {}
    for method in METHODS:
        if hasattr(estimator, method):
            try:
                found[method] = digest(getattr(estimator, method)(toy.X))
            except Exception as error:
                found[method] = f"{type(error).__name__}: {error}"
    return found


def settled(estimator: Any, toy: Toy) -> dict[str, str]:
    """The answers that do not change from call to call (some transforms draw at random)."""
    first, second = answers(estimator, toy), answers(estimator, toy)
    return {method: text for method, text in first.items() if second[method] == text}


def instances_of(name: str, cls: type) -> list[Any]:
    """Estimators as scikit-learn's own tests construct them."""
    if name == "FrozenEstimator":
        toy = toys()[0]
        return [cls(LogisticRegression().fit(toy.X, toy.y))]
    return list(_construct_instances(cls))


def fit(estimator: Any, data: Iterable[Toy]) -> tuple[Toy | None, str]:
    """Fit on the first data that fits; that data, or why the last try failed."""
    reason = ""
    if "random_state" in estimator.get_params(deep=False):
        estimator.set_params(random_state=0)
    for toy in data:
        try:
            estimator.fit(*toy.arguments())
        except Exception as error:
            reason = reason or f"{type(error).__name__}: {error}".splitlines()[0]
        else:
            return toy, ""
    return None, reason


def fitted(data: list[Toy], skipped: dict[str, str]) -> Iterator[Fitted]:
    """Every estimator in every parameter set that can be fitted; the rest goes to `skipped`."""
    for name, cls in all_estimators():
        try:
            instances = instances_of(name, cls)
        except Exception as error:
            skipped[name] = f"not constructed by scikit-learn's own tests: {error}"
            continue
        for number, estimator in enumerate(instances):
            label = f"{name}-{number}"
            toy, reason = fit(estimator, data)
            if toy is None:
                skipped[label] = reason
            else:
                yield Fitted(label, estimator, toy, settled(estimator, toy))


def files_of(folder: Path, name: str) -> Iterator[tuple[str, int, Path]]:
    """Loader, protocol and path of every file that is written for an estimator."""
    for loader in ("pickle", "joblib"):
        for protocol in PROTOCOLS:
            yield loader, protocol, folder / f"{name}.{protocol}.{loader}"


def save(one: Fitted, folder: Path) -> None:
    for loader, protocol, path in files_of(folder, one.name):
        if loader == "joblib":
            joblib.dump(one.estimator, path, protocol=protocol)
        else:
            path.write_bytes(pickle.dumps(one.estimator, protocol=protocol))


def load(loader: str, path: Path) -> Any:
    if loader == "joblib":
        return joblib.load(path)
    with path.open("rb") as stream:
        return pickle.load(stream)


def faults(name: str, toy: Toy, expected: dict[str, str], folder: Path) -> list[str]:
    """Load every file of one estimator; what went wrong."""
    found = []
    for loader, protocol, path in files_of(folder, name):
        where = f"{name} [{loader}, protocol {protocol}]"
        try:
            estimator = load(loader, path)
        except Exception as error:
            found.append(f"{where}: {type(error).__name__}: {error}")
            continue
        now = answers(estimator, toy)
        found += [
            f"{where}: {method} differs: {now.get(method)}"
            for method, text in expected.items()
            if now.get(method) != text
        ]
    return found


def guarded() -> bool:
    """Whether the hook is live and enforcing in this process."""
    import pickleball_hook

    status = pickleball_hook.status()
    return bool(status["live"]) and status["mode"]["value"] == "enforce"


def reload(folder: Path) -> int:
    """The second process: load what the first one wrote, print what went wrong."""
    data = {toy.name: toy for toy in toys()}
    record = json.loads((folder / "estimators.json").read_text("utf-8"))
    found = [] if guarded() else ["the guard is not live in the second process"]
    for name, (toy, expected) in record.items():
        found += faults(name, data[toy], expected, folder)
    print(json.dumps(found))
    return 0


def run(folder: Path) -> int:
    """The first process: fit, save, load, then have a second process load."""
    data = toys()
    skipped: dict[str, str] = {}
    found = [] if guarded() else ["the guard is not live"]
    record: dict[str, tuple[str, dict[str, str]]] = {}
    for one in fitted(data, skipped):
        save(one, folder)
        found += faults(one.name, one.toy, one.answers, folder)
        record[one.name] = (one.toy.name, one.answers)
    (folder / "estimators.json").write_text(json.dumps(record), encoding="utf-8")
    second = subprocess.run(
        [sys.executable, __file__, "--load", str(folder)], stdout=subprocess.PIPE, text=True
    )
    if second.returncode:
        found.append(f"the second process ended with status {second.returncode}")
    else:
        found += [f"second process: {fault}" for fault in json.loads(second.stdout)]
    report(record, skipped, found)
    return 1 if found else 0


def report(record: dict[str, Any], skipped: dict[str, str], found: list[str]) -> None:
    """Print the counts and every reason."""
    classes = {name for name, _ in all_estimators()}
    covered = {label.rpartition("-")[0] for label in record}
    failing = {f.removeprefix("second process: ").partition(" [")[0] for f in found}
    print(f"{len(classes)} estimators, {len(covered)} fitted, in {len(record)} parameter sets")
    print(f"data: {dict(Counter(toy for toy, _ in record.values()))}")
    print(f"loads: {2 * 2 * len(PROTOCOLS) * len(record)} (pickle, joblib; two processes)")
    for name, reason in skipped.items():
        print(f"  skipped {name}: {reason}")
    for fault in found:
        print(f"  FAILED {fault}")
    print(f"{len(record)} fitted, {len(skipped)} skipped, {len(failing)} failed")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.load:
        return reload(options.load)
    with tempfile.TemporaryDirectory(prefix="pickleball-sklearn-") as name:
        return run(Path(name))


if __name__ == "__main__":
    sys.exit(main())
