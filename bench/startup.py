"""What the start-up file costs every interpreter: ``python -c pass`` with and without it.

Makes virtual environments that differ in one start-up file only, runs them in interleaved pairs
(each pair in the other order than the one before) and prints the median of the differences:

- ``shipped``: the line as it is shipped, which makes a stand-in finder without importing anything;
- ``imported``: a line that imports `pickleball_hook.startup` and calls ``install``, the simpler
  way, and what a PEP 829 ``.start`` file does;
- ``uncompiled``: the same where the package's bytecode is not cached, as in a container image that
  sets PYTHONDONTWRITEBYTECODE, or that uv installed;
- ``control``: nothing at all, which is what the machine's noise amounts to.

Exits with 1 when the shipped line costs more than the bar.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "pickleball_hook" / "data" / "pickleball_auto_startup.pth"
IMPORTING = "import pickleball_hook.startup; pickleball_hook.startup.install()\n"
ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}  # no run prepares the next
LINES = {
    "shipped": SHIPPED.read_text(encoding="utf-8"),
    "imported": IMPORTING,
    "uncompiled": IMPORTING,
    "control": None,
}


def make_environment(folder: Path, line: str | None, compiled: bool = True) -> str:
    """Make an environment with the package in it and `line` as its start-up file."""
    venv.create(folder, symlinks=os.name != "nt")
    python = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    where = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site_packages = Path(subprocess.check_output(where, text=True).strip())
    for package in ("pickleball_hook", "policy_cache"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, site_packages / package, ignore=ignore)
    if compiled:
        subprocess.run([python, "-m", "compileall", "-q", str(site_packages)], check=True)
    if line is not None:
        (site_packages / SHIPPED.name).write_text(line, encoding="utf-8")
    return python


def seconds(python: str) -> float:
    """Time one start of an interpreter that does nothing."""
    begin = time.perf_counter()
    subprocess.run([python, "-c", "pass"], check=True, env=ENVIRONMENT)
    return time.perf_counter() - begin


def difference(bare: str, other: str, pairs: int) -> tuple[float, float]:
    """Return the median start of `bare` and the median difference to `other`, in ms."""
    for python in (bare, other, bare, other):  # warm the file cache
        seconds(python)
    base, differences = [], []
    for number in range(pairs):
        if number % 2:
            with_it, without = seconds(other), seconds(bare)
        else:
            without, with_it = seconds(bare), seconds(other)
        base.append(without * 1e3)
        differences.append((with_it - without) * 1e3)
    return statistics.median(base), statistics.median(differences)


def main() -> int:
    """Measure, print, and compare with the bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--bar", type=float, default=1.0, help="ms that the line may cost")
    options = parser.parse_args()
    costs = {}
    with tempfile.TemporaryDirectory() as folder:
        bare = make_environment(Path(folder, "bare"), None)
        for name, line in LINES.items():
            other = make_environment(Path(folder, name), line, compiled=name != "uncompiled")
            base, costs[name] = difference(bare, other, options.pairs)
            print(f"{name:<11}{costs[name]:+.2f} ms on {base:.1f} ms ({options.pairs} pairs)")
    return 0 if costs["shipped"] <= options.bar else 1


if __name__ == "__main__":
    sys.exit(main())
