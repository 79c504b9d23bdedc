"""What a checked load costs: the same files by plain Python, the guard, and other loaders.

Each loader runs in processes of its own, in turns, so that a busy machine is as busy for all; the
best time of each counts. Every process loads a file once before its loads are timed. Memory is how
much the highest use of a process grows by one load.

    python bench/overhead.py [--cases NAME...] [--rounds N] [--table FILE] [--plot FILE.png]
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOADERS = ("plain", "guarded", "python", "fickling", "weights-only")
_ENOUGH = 0.4
"""Seconds of loads in one process and round."""
_FEWEST, _MOST = 3, 2000
_FIRST = b"\x80\x04\x8c\x10overhead_classes\x8c\x05Point\x93)\x81."
"""A judged stream, so that what the guard imports is no part of the memory of a load."""


# -- the files ------------------------------------------------------------------------------------


def _numbers() -> object:
    return {number: str(number) for number in range(1_000_000)}


def _objects() -> object:
    from overhead_classes import Point

    return [Point(n, float(n), f"n{n}") for n in range(200_000)]


def _small_arrays() -> object:
    import numpy as np

    return [np.arange(5.0) + n for n in range(50_000)]


def _large_array() -> object:
    import numpy as np

    return np.random.default_rng(0).random(12_500_000)


def _forest() -> object:
    import numpy as np
    from sklearn.ensemble import RandomForestClassifier

    data = np.random.default_rng(0).random((20_000, 20))
    return RandomForestClassifier(100, random_state=0).fit(data, data[:, 0] > data[:, 1])


def _frame() -> object:
    import numpy as np
    import pandas as pd

    texts = [f"row {n}" for n in range(200_000)]
    return pd.DataFrame({"a": np.arange(200_000), "b": np.arange(200_000.0), "c": texts})


def _module() -> Any:
    import torch

    return torch.nn.Sequential(*(torch.nn.Linear(512, 512) for _ in range(40)))


def _dataclass() -> object:
    import datetime

    from overhead_classes import Order, Point

    when = datetime.datetime(2024, 2, 29, 12)
    return Order(7, when, [Point(n, n / 2, f"line {n}") for n in range(5)])


def _dates() -> object:
    import datetime

    first = datetime.datetime(2024, 2, 29)
    return [first + datetime.timedelta(days=n) for n in range(20)]


def _small_array() -> object:
    import numpy as np

    return np.arange(30.0)


CASES: dict[str, tuple[str, Callable[[], object]]] = {
    "one number": ("pickle", lambda: 1),
    "dataclass, 0.3 kB": ("pickle", _dataclass),
    "dates, 0.5 kB": ("pickle", _dates),
    "array, 0.4 kB": ("pickle", _small_array),
    "1 M ints to strings": ("pickle", _numbers),
    "200 k objects": ("pickle", _objects),
    "50 k small arrays": ("pickle", _small_arrays),
    "100 MB array": ("pickle", _large_array),
    "random forest": ("pickle", _forest),
    "random forest, joblib": ("joblib", _forest),
    "random forest, joblib zlib": ("joblib zlib", _forest),
    "data frame": ("pickle", _frame),
    "torch state dict": ("torch", lambda: _module().state_dict()),
    "torch module": ("torch", _module),
}
"""Name of a case to how its file is written, and what is in it."""


def write(case: str, path: str) -> None:
    """Write the file of a case."""
    kind, make = CASES[case]
    value = make()
    if kind == "torch":
        import torch

        torch.save(value, path)
    elif kind.startswith("joblib"):
        import joblib

        joblib.dump(value, path, compress=("zlib", 3) if "zlib" in kind else 0)
    else:
        Path(path).write_bytes(pickle.dumps(value, 4))


# -- in a process of its own ----------------------------------------------------------------------


def loader(case: str, name: str, path: str) -> Callable[[], object]:
    """Return what loads a file once.

    Raises
    ------
    LookupError
        If the loader does not apply.
    """
    kind = CASES[case][0]
    if kind == "torch":
        import torch

        if name == "python" or (name == "weights-only" and "module" in case):
            raise LookupError
        return lambda: torch.load(path, weights_only=name == "weights-only")
    if name == "weights-only" or (name == "python" and kind != "pickle"):
        raise LookupError
    if name == "fickling":
        _hook_fickling()
    if kind.startswith("joblib"):
        import joblib

        return lambda: joblib.load(path)
    if os.path.getsize(path) < 4096:
        data = Path(path).read_bytes()
        loads = pickle._loads if name == "python" else pickle.loads  # type: ignore[attr-defined]
        return lambda: loads(data)
    load = pickle._Unpickler.load if name == "python" else None  # type: ignore[attr-defined]

    def from_file() -> object:
        with open(path, "rb") as file:
            return load(pickle._Unpickler(file)) if load else pickle.load(file)  # type: ignore[attr-defined]

    return from_file


def _hook_fickling() -> None:
    try:
        import fickling
    except ImportError:
        raise LookupError from None
    fickling.hook.run_hook()


def measure(case: str, name: str, path: str) -> dict[str, float]:
    """Return the best time of a load in seconds, and the growth of memory in MB."""
    load = loader(case, name, path)
    pickle.loads(_FIRST)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    load()  # imports, policies
    first = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    best, spent, count = float("inf"), 0.0, 0
    while count < _FEWEST or (spent < _ENOUGH and count < _MOST):
        if spent > _ENOUGH / 10:
            gc.collect()
        start = time.perf_counter()
        value = load()
        taken = time.perf_counter() - start
        del value
        best, spent, count = min(best, taken), spent + taken, count + 1
    return {"seconds": best, "megabytes": (first - before) / 1024}


# -- all of them ----------------------------------------------------------------------------------


def run(case: str, rounds: int, path: str) -> dict[str, dict[str, float]]:
    """Measure the loaders of one case in turns."""
    _child("off", "write", case, path)
    found: dict[str, dict[str, float]] = {}
    for _ in range(rounds):
        for name in LOADERS:
            mode = "enforce" if name == "guarded" else "off"
            figures = json.loads(_child(mode, "measure", case, path, name) or "null")
            if figures:
                known = found.setdefault(name, figures)
                found[name] = {key: min(known[key], figures[key]) for key in figures}
    return found


def _child(mode: str, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, __file__, "--child", *args],
        env=os.environ | {"PICKLEBALL_MODE": mode, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        print(f"{args}: {done.stderr[-800:]}", file=sys.stderr)
    return done.stdout


def rows(found: dict[str, dict[str, dict[str, float]]]) -> list[str]:
    """Return the lines of a table in Markdown."""
    lines = ["| file | plain | " + " | ".join(LOADERS[1:]) + " | memory, guarded |"]
    lines.append("| --- |" + " ---: |" * (len(LOADERS) + 1))
    for case, figures in found.items():
        plain = figures["plain"]
        ratios = [
            f"{figures[name]['seconds'] / plain['seconds']:.2f}" if name in figures else ""
            for name in LOADERS[1:]
        ]
        memory = ""
        if plain["megabytes"] > 10 and "guarded" in figures:
            memory = f"{figures['guarded']['megabytes'] / plain['megabytes']:.2f}"
        lines.append(f"| {case} | {_time(plain['seconds'])} | {' | '.join(ratios)} | {memory} |")
    return lines


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:.1f} us" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"


def plot(found: dict[str, dict[str, dict[str, float]]], path: str) -> None:
    """Draw the ratios to plain Python as a PNG file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 0.55 * len(found) + 1.5))
    for index, name in enumerate(LOADERS[1:]):
        places, values = [], []
        for place, figures in enumerate(found.values()):
            if name in figures:
                places.append(place + 0.2 * index)
                values.append(figures[name]["seconds"] / figures["plain"]["seconds"])
        axes.barh(places, values, 0.18, label=name)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks([place + 0.3 for place in range(len(found))], list(found))
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("time of a load, plain Python = 1")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main() -> int:
    """Measure, print the table, draw the plot."""
    if sys.argv[1:2] == ["--child"]:
        return _as_child(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="+", default=list(CASES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--table")
    parser.add_argument("--plot")
    options = parser.parse_args()
    found: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for case in options.cases:
            figures = run(case, options.rounds, os.path.join(folder, "file"))
            if "plain" in figures:
                found[case] = figures
                print(rows({case: figures})[-1], flush=True)
    text = "\n".join(rows(found))
    if options.table:
        Path(options.table).write_text(text + "\n")
    if options.plot:
        plot(found, options.plot)
    return 0


def _as_child(args: list[str]) -> int:
    if args[0] == "write":
        write(*args[1:])
        return 0
    with contextlib.suppress(LookupError):
        print(json.dumps(measure(args[1], args[3], args[2])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
