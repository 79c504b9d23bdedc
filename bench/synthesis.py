"""What it costs to see a library for the first time, and to read its policy from the cache.

For scikit-learn, pandas and torch, and for a pipeline of all three: a file is saved by plain
Python, then loaded in fresh processes that have imported the library already, with the guard off,
with an empty cache (the policy is synthesized) and again with the filled one, there twice. Prints
the medians of several runs: how much the first sight adds to the load; how much the first load of a
process adds when the policy is in the cache, and how much longer it takes than the second one,
which is what getting the policy from the cache costs (what a checked load itself costs is what
`overhead.py` measures); and by how much the memory peak grows while the source is analysed. Exit
status 1 when one of them is above its bar or the guard is not live.

The first run of each row also compiles the package's bytecode; it is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

MEMORY_BAR = 300.0
CACHED_BAR = 20.0
TIMEOUT = 300.0


class Library(NamedTuple):
    """A library, how to make a file of it, what a script that loads it imports, and the bar."""

    name: str
    bar: float
    """Of the first sight, in seconds."""
    save: str
    load: str
    imports: str


_FRAME = """
import numpy, pandas, pickle
frame = pandas.DataFrame({
    "day": pandas.date_range("2024-01-01", periods=6),
    "kind": pandas.Categorical(list("aabbcc")),
    "name": list("uvwxyz"),
    "count": pandas.array([1, 2, None, 4, 5, 6], dtype="Int64"),
    "share": numpy.linspace(0, 1, 6),
}, index=pandas.Index(list("klmnop")))
"""
_PIPELINE = """
import numpy, pickle
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
columns = make_column_transformer((FunctionTransformer(numpy.log1p), [0]), (StandardScaler(), [1]))
model = make_pipeline(columns, RandomForestClassifier(5))
model.fit(numpy.arange(40.0).reshape(20, 2), [0, 1] * 10)
"""
_NETWORK = """
import torch
network = torch.nn.Sequential(
    torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Flatten(),
    torch.nn.LSTM(4, 4), torch.nn.TransformerEncoderLayer(4, 2), torch.nn.Linear(4, 2),
)
"""
_PICKLE = "with open(FILE, 'rb') as stream: pickle.load(stream)"
_DUMP = "with open(FILE, 'wb') as stream: pickle.dump({value}, stream)"
_SKLEARN_IMPORTS = "import pickle, sklearn.compose, sklearn.ensemble, sklearn.pipeline"

LIBRARIES = (
    Library(
        "scikit-learn",
        1.0,
        _PIPELINE + _DUMP.replace("{value}", "model"),
        _PICKLE,
        _SKLEARN_IMPORTS,
    ),
    Library(
        "pandas", 1.0, _FRAME + _DUMP.replace("{value}", "frame"), _PICKLE, "import pandas, pickle"
    ),
    Library(
        "torch",
        2.0,
        _NETWORK + "torch.save(network, FILE)",
        "torch.load(FILE, weights_only=False)",
        "import torch",
    ),
    Library(
        "all three",
        4.0,
        _PIPELINE
        + _FRAME
        + _NETWORK
        + "with open(FILE, 'wb') as stream: pickle.dump([model, frame, network], stream)",
        _PICKLE,
        f"{_SKLEARN_IMPORTS}, pandas, torch",
    ),
)

MEASURE = """
import json, resource, sys, time
{imports}
scale = 1024 * (1024 if sys.platform == "darwin" else 1)
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
import pickleball_hook
before, start = peak(), time.perf_counter()
{load}
seconds, growth, start = time.perf_counter() - start, peak() - before, time.perf_counter()
{load}
again = time.perf_counter() - start
print(json.dumps([seconds, again, growth, pickleball_hook.status()["live"]]))
"""


class Run(NamedTuple):
    """A measured load: seconds, of the same load again, megabytes that the peak grew by."""

    seconds: float
    again: float
    megabytes: float


class Row(NamedTuple):
    """Medians of what a library costs, in seconds, and megabytes."""

    plain: float
    first_sight: float
    first_load: float
    policy: float
    memory: float


def child(code: str, home: Path, mode: str) -> str:
    """Run code in a fresh interpreter with a home of its own, and return what it prints."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PICKLEBALL_", "XDG_"))}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    private = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "PICKLEBALL_MODE": mode}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=kept | private,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"a measured process failed:\n{done.stderr}")
    return done.stdout


def measured(library: Library, file: Path, home: Path, mode: str = "enforce") -> Run:
    """Load the file of a library in a fresh process."""
    code = MEASURE.format(
        imports=library.imports, load=library.load.replace("FILE", repr(str(file)))
    )
    seconds, again, megabytes, live = json.loads(child(code, home, mode).splitlines()[-1])
    if live != (mode != "off"):
        raise SystemExit("the guard is not live in this environment: pip install pickleball-auto")
    return Run(seconds, again, megabytes)


def row(library: Library, folder: Path, rounds: int) -> Row:
    """Measure a library."""
    file = folder / f"{library.name}.file"
    child(library.save.replace("FILE", repr(str(file))), folder / "home", "off")
    plain: list[Run] = []
    first: list[Run] = []
    cached: list[Run] = []
    for number in range(rounds + 1):
        home = folder / f"home-{library.name}-{number}"
        home.mkdir()
        runs = (
            measured(library, file, home, "off"),
            measured(library, file, home),
            measured(library, file, home),
        )
        if number:
            for kept, run in zip((plain, first, cached), runs, strict=True):
                kept.append(run)
    seconds = [statistics.median(run.seconds for run in runs) for runs in (plain, first, cached)]
    growth = [statistics.median(run.megabytes for run in runs) for runs in (plain, first)]
    policy = statistics.median(run.seconds - run.again for run in cached)
    return Row(
        seconds[0],
        seconds[1] - seconds[0],
        seconds[2] - seconds[0],
        policy,
        growth[1] - growth[0],
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="measured runs of each kind")
    arguments = parser.parse_args()
    print(
        f"{'':14}{'plain':>10}{'first sight':>15}{'bar':>8}{'first load':>14}"
        f"{'of it policy':>15}{'bar':>8}{'memory':>10}"
    )
    missed = []
    with tempfile.TemporaryDirectory(prefix="pickleball-synthesis-") as scratch:
        for library in LIBRARIES:
            cost = row(library, Path(scratch), arguments.rounds)
            policy = cost.policy * 1e3
            print(
                f"{library.name:14}{cost.plain * 1e3:7.1f} ms{cost.first_sight * 1e3:12.0f} ms"
                f"{library.bar * 1e3:8.0f}{cost.first_load * 1e3:11.1f} ms{policy:12.1f} ms"
                f"{CACHED_BAR:8.0f}{cost.memory:7.0f} MB"
            )
            above = cost.first_sight > library.bar or policy > CACHED_BAR
            if above or cost.memory > MEMORY_BAR:
                missed.append(library.name)
    print(f"above a bar: {', '.join(missed)}" if missed else "all within their bars")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
