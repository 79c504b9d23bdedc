"""What a checked load costs: the same files by plain Python, the guard, and other loaders.

Each loader runs in processes of its own, in turns, so that a busy machine is as busy for all; the
least processor time counts. Every process loads a file once before its loads are timed; what
that first load takes beyond plain Python's, with the policies in the cache and the libraries
imported, stands apart. Memory is how much the highest use of a process grows by one load.

    python bench/overhead.py [--cases NAME...] [--rounds N] [--write README.md] [--plots FOLDER]

Prints which bars are missed, and exits with status 1 if there are any.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import gzip
import importlib
import io
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
START, END = "<!-- bench/overhead.py begins -->", "<!-- bench/overhead.py ends -->"
_ENOUGH = 0.3
"""Seconds of loads in one process and round."""
_FEWEST, _MOST = 3, 2000
_SMALL = 4096
"""Size in bytes up to which a file is loaded from memory."""
_TIMES = {"open": 1.15, "checked": 2.5}
"""Bars for the time of a load, as multiples of plain Python's."""
_MORE = 5e-6
"""Bar for a tiny value, in seconds beyond plain Python."""
_PLOTS = {"overhead": "time of a load", "memory": "memory of a load"}
_MEMORY, _SEEN = 1.15, 10.0
"""Bar for the memory, from some megabytes on."""
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


def _boosting() -> object:
    import numpy as np
    from sklearn.ensemble import GradientBoostingClassifier

    data = np.random.default_rng(0).random((2_000, 10))
    return GradientBoostingClassifier(random_state=0).fit(data, data[:, 0] > data[:, 1])


def _texts() -> object:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts = [f"word{n} word{n * 7 % 9973} text{n % 31}" for n in range(20_000)]
    return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(
        texts, [n % 2 for n in range(20_000)]
    )


def _arrays() -> object:
    import numpy as np

    return {f"layer {n}": np.random.default_rng(n).random((256, 256)) for n in range(100)}


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


CASES: dict[str, tuple[str, str, Callable[[], object]]] = {
    "one number": ("pickle", "tiny", lambda: 1),
    "dataclass, 0.3 kB": ("pickle", "checked", _dataclass),
    "dates, 0.5 kB": ("pickle", "checked", _dates),
    "array, 0.4 kB": ("pickle", "checked", _small_array),
    "1 M ints to strings": ("pickle", "open", _numbers),
    "200 k objects": ("pickle", "checked", _objects),
    "200 k objects, gzip": ("gzip", "checked", _objects),
    "200 k objects, pipe": ("pipe", "checked", _objects),
    "50 k small arrays": ("pickle", "checked", _small_arrays),
    "100 MB array": ("pickle", "open", _large_array),
    "100 arrays of 0.5 MB": ("pickle", "open", _arrays),
    "random forest": ("pickle", "checked", _forest),
    "random forest, joblib": ("joblib", "checked", _forest),
    "random forest, joblib zlib": ("joblib zlib", "checked", _forest),
    "arrays, joblib": ("joblib", "open", _arrays),
    "gradient boosting": ("pickle", "checked", _boosting),
    "text pipeline": ("pickle", "checked", _texts),
    "data frame": ("pickle", "checked", _frame),
    "torch state dict": ("torch", "open", lambda: _module().state_dict()),
    "torch module": ("torch", "checked", _module),
}
"""Name of a case to how its file is written, which bar it has to meet, and what is in it."""


def write(case: str, path: str) -> None:
    """Write the file of a case."""
    kind, _, make = CASES[case]
    value = make()
    if kind == "torch":
        import torch

        torch.save(value, path)
    elif kind.startswith("joblib"):
        import joblib

        joblib.dump(value, path, compress=("zlib", 3) if "zlib" in kind else 0)
    elif kind == "gzip":
        Path(path).write_bytes(gzip.compress(pickle.dumps(value, 4), 1))
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
    if name == "weights-only" or (name == "python" and kind.startswith("joblib")):
        raise LookupError
    if name == "fickling":
        _hook_fickling()
    if kind.startswith("joblib"):
        import joblib

        return lambda: joblib.load(path)
    if os.path.getsize(path) < _SMALL:
        data = Path(path).read_bytes()
        loads = pickle._loads if name == "python" else pickle.loads  # type: ignore[attr-defined]
        return lambda: loads(data)
    load = pickle._Unpickler.load if name == "python" else None  # type: ignore[attr-defined]

    def from_file() -> object:
        with _opened(kind, path) as file:
            return load(pickle._Unpickler(file)) if load else pickle.load(file)  # type: ignore[attr-defined]

    return from_file


def _opened(kind: str, path: str) -> Any:
    if kind == "gzip":
        return gzip.open(path)
    return io.BufferedReader(_Pipe(path)) if kind == "pipe" else open(path, "rb")


class _Pipe(io.FileIO):
    """A file that cannot be moved back."""

    def seekable(self) -> bool:
        """Tell that it cannot."""
        return False

    def seek(self, *_: int) -> int:
        """Refuse to be moved.

        Raises
        ------
        OSError
        """
        raise OSError("not seekable")


def _hook_fickling() -> None:
    try:
        import fickling
    except ImportError:
        raise LookupError from None
    fickling.hook.run_hook()


def measure(case: str, name: str, path: str) -> dict[str, float]:
    """Return the time of the first and of the best load, and the growth of memory in MB."""
    load = loader(case, name, path)
    if name != "fickling":
        pickle.loads(_FIRST)
    _import_all(path + ".modules")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    load()
    first = time.process_time() - start
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if name == "plain":
        Path(path + ".modules").write_text("\n".join(sys.modules))
    best, spent, count = float("inf"), 0.0, 0
    while count < _FEWEST or (spent < _ENOUGH and count < _MOST):
        if spent > _ENOUGH / 10:
            gc.collect()
        start = time.process_time()
        value = load()
        taken = time.process_time() - start
        del value
        best, spent, count = min(best, taken), spent + taken, count + 1
    return {"seconds": best, "first": first, "megabytes": (highest - before) / 1024}


def _import_all(path: str) -> None:
    """Import what an earlier process had imported: it is no part of a load."""
    for module in Path(path).read_text().splitlines() if os.path.exists(path) else ():
        if not module.startswith(("_", "pickleball", "policy_cache")):
            with contextlib.suppress(Exception):
                importlib.import_module(module)


# -- all of them ----------------------------------------------------------------------------------


def run(case: str, rounds: int, path: str) -> dict[str, dict[str, float]]:
    """Measure the loaders of one case in turns."""
    _child("off", "write", case, path)
    found: dict[str, dict[str, float]] = {}
    refusing: list[str] = []
    _child("enforce", "measure", case, path, "guarded")  # the policies are made and kept
    for _ in range(rounds):
        for name in LOADERS:
            mode = "enforce" if name == "guarded" else "off"
            figures = json.loads(_child(mode, "measure", case, path, name) or "null")
            if figures == {}:
                refusing.append(name)
            elif figures:
                known = found.setdefault(name, figures)
                found[name] = {key: min(known[key], figures[key]) for key in figures}
    return found | {name: {} for name in refusing}


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


Figures = dict[str, dict[str, float]]
"""Loader to what was measured of it."""


def rows(found: dict[str, Figures]) -> list[str]:
    """Return the lines of a table in Markdown."""
    lines = ["| file | plain | " + " | ".join(LOADERS[1:]) + " | first load | memory |"]
    lines.append("| --- |" + " ---: |" * (len(LOADERS) + 2))
    for case, figures in found.items():
        plain, guarded = figures["plain"], figures["guarded"]
        ratios = [_ratio(figures[name], plain) if name in figures else "" for name in LOADERS[1:]]
        more = f"{(guarded['first'] - plain['first']) * 1e3:+.1f} ms"
        memory = _memory(figures)
        cells = [case, _time(plain["seconds"]), *ratios, more, f"{memory:.2f}" if memory else ""]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _ratio(figures: dict[str, float], plain: dict[str, float]) -> str:
    return f"{figures['seconds'] / plain['seconds']:.2f}" if figures else "refuses it"


def _memory(figures: Figures) -> float:
    """Return the memory of a guarded load as a multiple of plain Python's, 0 if that is little."""
    plain = figures["plain"]["megabytes"]
    return figures["guarded"]["megabytes"] / plain if plain > _SEEN else 0.0


def missed(case: str, figures: Figures) -> list[str]:
    """Return the bars that a case misses, in words."""
    bar, plain = CASES[case][1], figures["plain"]["seconds"]
    guarded = figures["guarded"]["seconds"]
    found = []
    if bar == "tiny" and guarded - plain > _MORE:
        found.append(f"{_time(guarded - plain)} more than plain, {_time(_MORE)} at most")
    if bar != "tiny" and guarded > _TIMES[bar] * plain:
        found.append(f"{guarded / plain:.2f} times plain, {_TIMES[bar]} at most")
    for name in LOADERS[2:]:
        if figures.get(name) and guarded >= figures[name]["seconds"]:
            found.append(f"no faster than {name}")
    if _memory(figures) > _MEMORY:
        found.append(f"{_memory(figures):.2f} times the memory, {_MEMORY} at most")
    return [f"{case}: {text}" for text in found]


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:.1f} us" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"


def plot(found: dict[str, Figures], path: str, key: str, what: str) -> None:
    """Draw ratios to plain Python as a PNG file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    least = _SEEN if key == "megabytes" else 0.0
    cases = {case: row for case, row in found.items() if row["plain"][key] > least}
    figure, axes = pyplot.subplots(figsize=(9, 0.5 * len(cases) + 1.5))
    for index, name in enumerate(LOADERS[1:]):
        shown = [(n, row) for n, row in enumerate(cases.values()) if row.get(name)]
        places = [place + 0.2 * index for place, _ in shown]
        axes.barh(
            places, [row[name][key] / row["plain"][key] for _, row in shown], 0.18, label=name
        )
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks([place + 0.3 for place in range(len(cases))], list(cases))
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel(f"{what}, plain Python = 1")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def put(readme: Path, lines: list[str]) -> None:
    """Put lines between the markers of a file."""
    text = readme.read_text()
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{START}\n" + "\n".join(lines) + f"\n{END}{after}")


def main() -> int:
    """Measure, print the table, draw the plot."""
    if sys.argv[1:2] == ["--child"]:
        return _as_child(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="+", default=list(CASES))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--write", type=Path, help="a file with the markers for the table")
    parser.add_argument("--plots", type=Path, help="a folder for the two plots")
    options = parser.parse_args()
    found: dict[str, Figures] = {}
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for index, case in enumerate(options.cases):
            figures = run(case, options.rounds, os.path.join(folder, f"file{index}"))
            if "plain" in figures and "guarded" in figures:
                found[case] = figures
                failed += missed(case, figures)
                print(rows({case: figures})[-1], flush=True)
            else:
                failed.append(f"{case}: not measured")
    told = [f"- {text}" for text in failed] or ["- none"]
    print("\n".join(["bars that are missed:", *told]))
    if options.write:
        images = [f"![{_PLOTS[name]}]({options.plots}/{name}.png)\n" for name in _PLOTS]
        lines = [*rows(found), "", "Bars that this run missed:", "", *told]
        put(options.write, [*(images if options.plots else []), *lines])
    if options.plots:
        options.plots.mkdir(parents=True, exist_ok=True)
        plot(found, str(options.plots / "overhead.png"), "seconds", _PLOTS["overhead"])
        plot(found, str(options.plots / "memory.png"), "megabytes", _PLOTS["memory"])
    return 1 if failed else 0


def _as_child(args: list[str]) -> int:
    if args[0] == "write":
        write(*args[1:])
        return 0
    with contextlib.suppress(LookupError):
        try:
            print(json.dumps(measure(args[1], args[3], args[2])))
        except Exception as error:
            if type(error).__module__.partition(".")[0] != "fickling":
                raise
            print(json.dumps({}))  # it refuses the honest file
    return 0


if __name__ == "__main__":
    sys.exit(main())
