"""Nothing honest changes: test suites and programs that load pickles, with and without the hook.

Every run is done twice, in two virtual environments that differ in one thing, the start-up file of
this package, with homes, caches and working folders of their own. What is compared: the outcome of
each test, what a program printed (results, cache hits, files left), and, with the hook, what was
refused, caught or not. The figures go into the README with ``--write``.

Run it with the Python of an environment that has the libraries: ``python bench/honest.py``. What
is not installed there is listed as not run. ``--list`` shows the runs, ``--only`` chooses some;
those marked long are left out unless they are chosen or ``--long`` is given.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import importlib.util
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import venv
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PARTS = Path(__file__).with_name("honest")
RUNS = PARTS / "runs.json"
MEANT = PARTS / "meant.json"
BEGIN, END = "<!-- bench/honest.py begins -->", "<!-- bench/honest.py ends -->"


class Run(NamedTuple):
    """One row of ``runs.json``.

    Attributes
    ----------
    name
        What the table calls it.
    kind
        ``unittest``, ``pytest`` (each test's outcome is compared) or ``program`` (what it prints).
    arguments
        Of the runner or program. For a program: several argument lists are run one after the
        other in the same home, which is how caches are found warm.
    needs
        Modules without which it is not run.
    mode
        ``PICKLEBALL_MODE`` of the guarded side; the default if empty.
    long
        Whether it is left out unless asked for.
    refusals
        Whether refusals that leave all results as they are count as a difference. A test suite
        may try hostile or unlisted things itself; a program may not meet one.
    """

    name: str
    kind: str
    arguments: list[Any]
    needs: list[str]
    mode: str = ""
    long: bool = False
    timeout: int = 900
    refusals: bool = True
    why: str = ""


class Side(NamedTuple):
    """What one side of a run gave."""

    results: dict[str, str]
    refused: list[str]
    seconds: float
    problem: str


class Row(NamedTuple):
    """A run with both of its sides, and how they differ."""

    run: Run
    plain: Side | None
    guarded: Side | None
    differences: list[str]
    meant: list[tuple[str, str]]

    @property
    def tests_meant(self) -> int:
        """How many tests these are: parts of a test are listed one by one."""
        return len({line.partition(": ")[0].partition(" ")[0] for line, _ in self.meant})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="*", metavar="NAME", help="names, shell patterns allowed")
    parser.add_argument("--long", action="store_true", help="the long runs too")
    parser.add_argument("--list", action="store_true", help="show the runs and stop")
    parser.add_argument("--work", type=Path, help="folder for the environments, kept")
    parser.add_argument("--editable", action="store_true", help="install the package editable")
    parser.add_argument("--json", type=Path, help="write the rows here, and keep earlier ones")
    parser.add_argument("--write", type=Path, metavar="README", help="put the table into a file")
    options = parser.parse_args()
    runs = [Run(**row) for row in json.loads(RUNS.read_text())]
    if options.list:
        for run in runs:
            print(f"{run.name:40} {run.kind:9} {'long' if run.long else ''}")
        return 0
    chosen = [run for run in runs if _is_chosen(run, options.only, options.long)]
    work = options.work or Path(tempfile.mkdtemp(prefix="honest-"))
    try:
        pythons = {side: environment(work, side, options.editable) for side in ("plain", "guarded")}
        rows = []
        for run in chosen:
            rows.append(compare(run, pythons, work))
            report(rows[-1])
            _records(options.json, rows[-1:])
    finally:
        if options.work is None:
            shutil.rmtree(work, ignore_errors=True)
    records = _records(options.json, rows)
    left_out = [run.name for run in runs if run not in chosen and run.name not in records]
    text = table(records, left_out)
    print(f"\n{text}")
    if options.write:
        _write(options.write, text)
    return 1 if any(row.differences for row in rows) else 0


def _is_chosen(run: Run, only: list[str] | None, long: bool) -> bool:
    if only:
        return any(fnmatch.fnmatch(run.name, pattern) for pattern in only)
    return long or not run.long


# -- environments ---------------------------------------------------------------------------------


def environment(work: Path, side: str, editable: bool) -> Path:
    """Make an environment that sees this one's libraries, with or without the package."""
    folder = work / side
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder)
        libraries = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "zz_libraries.pth").write_text("\n".join(libraries) + "\n")
    if side == "guarded" and not (editable and any(folder.rglob("pickleball_auto-*.dist-info"))):
        install = ["install", "--quiet", "--disable-pip-version-check", "--force-reinstall"]
        wanted = ["--editable", str(ROOT)] if editable else [str(ROOT)]
        dependencies = (
            [] if _has_dependencies() else ["wrapt", "importlib-metadata", "platformdirs"]
        )
        command = [sys.executable, "-m", "pip", "--python", str(python)]
        subprocess.run([*command, *install, "--no-deps", *wanted], check=True)
        if dependencies:
            subprocess.run([*command, *install, *dependencies], check=True)
    return python


def _has_dependencies() -> bool:
    names = ("wrapt", "importlib_metadata", "platformdirs")
    return all(importlib.util.find_spec(name) for name in names)


def variables(home: Path, mode: str) -> dict[str, str]:
    """Return a child's environment: a home of its own, nothing that varies between two runs."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "JAVA_HOME") if name in os.environ}
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    kept |= {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(PARTS / "path"),
    }
    return kept | ({"PICKLEBALL_MODE": mode} if mode else {})


# -- running --------------------------------------------------------------------------------------


def compare(run: Run, pythons: Mapping[str, Path], work: Path) -> Row:
    """Do a run on both sides."""
    missing = [name for name in run.needs if not _is_installed(name)]
    if missing:
        return Row(run, None, None, [], [(f"not installed: {', '.join(missing)}", "")])
    sides = {}
    for side, python in pythons.items():
        home = Path(tempfile.mkdtemp(prefix=f"{side}-", dir=work))
        try:
            sides[side] = one_side(run, python, home, run.mode if side == "guarded" else "")
        finally:
            shutil.rmtree(home, ignore_errors=True)
    return _judged(run, sides["plain"], sides["guarded"])


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False


def one_side(run: Run, python: Path, home: Path, mode: str) -> Side:
    """Do a run once."""
    folder = home / "work"
    folder.mkdir()
    env = variables(home, mode)
    start = time.monotonic()
    problem = ""
    results: dict[str, str] = {}
    if run.kind == "program":
        for number, arguments in enumerate(run.arguments):
            command = [str(PARTS / arguments[0]), *arguments[1:]]
            output, status = _child([str(python), *command], env, folder, run.timeout)
            results |= _lines(output, number)
            results[f"exit status {number + 1}"] = str(status)
            problem = problem or ("" if status == 0 else output[-2000:])
    else:
        outcomes = home / "outcomes.json"
        command = [str(PARTS / f"run_{run.kind}.py"), str(outcomes), *run.arguments]
        output, status = _child([str(python), *command], env, folder, run.timeout)
        if outcomes.exists():
            results = json.loads(outcomes.read_text())
        if not results:
            problem = output[-2000:]
        results["how it ended"] = "timed out" if status is None else "by itself"
    return Side(results, list(_refused(home)), time.monotonic() - start, problem)


def _child(
    command: list[str], env: dict[str, str], folder: Path, timeout: int
) -> tuple[str, int | None]:
    """Run a command in a session of its own; its output, and its status unless it timed out."""
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            command,
            env=env,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        status: int | None
        try:
            status = child.wait(timeout)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        output.seek(0)
        return output.read().decode(errors="replace"), status


def _lines(output: str, number: int) -> dict[str, str]:
    """Return what a program says of itself: the lines that it marks as results."""
    results = {}
    for line in output.splitlines():
        if line.startswith("= "):
            key, _, value = line[2:].partition(": ")
            results[f"{key} ({number + 1})"] = value
    return results


def _refused(home: Path) -> Iterator[str]:
    """Return the refusals that were recorded, raised to the top or caught on the way."""
    for path in home.rglob("refusals.jsonl*"):
        for line in path.read_text(errors="replace").splitlines():
            for refusal in json.loads(line)["refusals"]:
                yield f"{refusal['operation']} of {refusal['global']}"


# -- judging --------------------------------------------------------------------------------------


def _judged(run: Run, plain: Side, guarded: Side) -> Row:
    meanings = [row for row in json.loads(MEANT.read_text()) if _applies(row, run)]
    differences, meant = [], []
    if plain.problem and not guarded.problem:
        differences.append("only the run without the hook failed")
    for name in sorted(plain.results.keys() | guarded.results.keys()):
        before, after = plain.results.get(name, "absent"), guarded.results.get(name, "absent")
        if before == after:
            continue
        line = f"{name}: {before} -> {after}"
        meaning = next((m["why"] for m in meanings if _is_meant(name, after, m)), "")
        if meaning:
            meant.append((line, meaning))
        else:
            differences.append(line)
    if run.refusals and run.mode != "audit":
        differences += [
            f"refused {times} x {what}" for what, times in Counter(guarded.refused).items()
        ]
    return Row(run, plain, guarded, differences, meant)


def _is_meant(name: str, after: str, row: dict[str, str]) -> bool:
    """Tell whether a row is about a test, or a part of it, and how it ends with the hook."""
    test = name.partition(" ")[0]
    named = test == row["test"] or test.endswith((f".{row['test']}", f"::{row['test']}"))
    return named and row["says"] in after


def _applies(row: dict[str, str], run: Run) -> bool:
    return fnmatch.fnmatch(run.name, row["run"])


def _counts(side: Side) -> dict[str, int]:
    return dict(Counter(_kind(value) for value in side.results.values()))


def _kind(outcome: str) -> str:
    word = outcome.partition(" ")[0].partition(":")[0]
    return (
        word if word in ("passed", "failed", "error", "skipped", "xfailed", "xpassed") else "line"
    )


# -- telling --------------------------------------------------------------------------------------


def report(row: Row) -> None:
    """Print one run."""
    print(f"\n{row.run.name}: ", end="")
    if row.plain is None or row.guarded is None:
        print(row.meant[0][0], flush=True)
        return
    for label, side in (("without", row.plain), ("with", row.guarded)):
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(_counts(side).items()))
        print(f"{label} {side.seconds:.0f} s ({counts}); ", end="")
    print(f"{len(row.differences)} differences, {row.tests_meant} tests meant to differ")
    if row.plain.problem:
        print("  without the hook it says:", row.plain.problem[-1500:])
    if row.guarded.problem:
        print("  with the hook it says:", row.guarded.problem[-1500:])
    for difference in row.differences[:40]:
        print("  !", difference[:600])
    for (test, why), parts in Counter((_method(line), why) for line, why in row.meant).items():
        print(f"  - {test}, {parts} times: {why}")
    for refusal, times in Counter(row.guarded.refused).most_common(15):
        print("  . refused", times, "x", refusal[:300])
    sys.stdout.flush()


def _method(line: str) -> str:
    """Return the name of a test without its class: many classes inherit the same tests."""
    return line.partition(": ")[0].partition(" ")[0].rpartition(".")[2]


def _records(path: Path | None, rows: list[Row]) -> dict[str, dict[str, Any]]:
    """Return the rows as data, those of earlier runs of the script included if they are kept."""
    records: dict[str, dict[str, Any]] = {}
    if path is not None and path.exists():
        records = json.loads(path.read_text())
    for row in rows:
        records[row.run.name] = {
            "plain": _counts(row.plain) if row.plain else None,
            "guarded": _counts(row.guarded) if row.guarded else None,
            "seconds": [round(s.seconds) for s in (row.plain, row.guarded) if s],
            "refused": len(row.guarded.refused) if row.guarded else 0,
            "differences": row.differences,
            "meant": row.meant,
            "tests_meant": row.tests_meant,
            "mode": row.run.mode or "enforce",
            "python": platform.python_version(),
        }
    if path is not None:
        path.write_text(json.dumps(records, indent=1) + "\n")
    return records


def table(records: dict[str, dict[str, Any]], left_out: list[str]) -> str:
    """Return the table of the README."""
    lines = [
        "| run | mode | without the hook | with the hook | differences |",
        "| - | - | - | - | - |",
    ]
    for name, record in records.items():
        if record["plain"] is None:
            lines.append(f"| {name} | | not run | | {record['meant'][0][0]} |")
            continue
        cells = [
            ", ".join(f"{count} {kind}" for kind, count in sorted(record[side].items()))
            for side in ("plain", "guarded")
        ]
        cells = [cell.replace(" line", " results") for cell in cells]
        unmeant = len(record["differences"])
        told = f"{unmeant}" + (
            f", {record['tests_meant']} tests meant to" if record["meant"] else ""
        )
        lines.append(f"| {name} | {record['mode']} | {cells[0]} | {cells[1]} | {told} |")
    if left_out:
        lines += ["", f"Not run: {', '.join(left_out)}."]
    return "\n".join(lines)


def _write(path: Path, text: str) -> None:
    """Put the table between its markers."""
    whole = path.read_text()
    before, begin, rest = whole.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{path} lacks the lines {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


if __name__ == "__main__":
    raise SystemExit(main())
