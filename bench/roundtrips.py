"""Honest objects of popular libraries, saved and loaded again with the guard live.

Run with the Python of an environment that has ``pickleball-auto`` and some of the libraries; a
family whose libraries are absent is left out. For each family of ``roundtrips/`` one process
builds the objects and saves them (pickle protocols 2 to 5, joblib, ``torch.save`` where usual), a
second loads every file with ``PICKLEBALL_MODE=off``, a third under enforce, with an empty policy
cache. What the two loaded is compared as pickled again, or by types and plain values where an
object never pickles equal twice; where they differ a fourth loads in plain Python once more, and
what is not equal between the second and the fourth is not compared. With ``--written-by`` the first
process is one of another environment, with other versions of the libraries: what plain Python loads
of its files has to load equal, and what it cannot load has to fail with the same error.

Exit status 1 when something that plain Python loads is refused or differs, and `EXPLAINED` does
not say why.
"""

from __future__ import annotations

import argparse
import collections
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent / "roundtrips"
TIMEOUT = 900.0
PROGRAM = "program"

#: Refusals that are meant: patterns of the family, the case's name and the refused global, why.
EXPLAINED: tuple[tuple[str, str, str, str], ...] = (
    ("by_value", ".*", r"(cloudpickle|dill)\b.*", "functions by value are code in the file"),
    (
        "estimators",
        "(umap|pynndescent)( .*)?",
        r"(numba|pynndescent|umap|cloudpickle|copyreg)\b.*",
        "functions by value are code in the file",
    ),
    (
        "networks",
        "fx graph module",
        r"torch\.fx\.graph_module\.reduce_graph_module.*",
        "source text in the file is run",
    ),
    ("networks", "quantized dynamic", r"torch\.ScriptObject.*", "compiled code in the file"),
    (
        "plain",
        "(attrgetter|methodcaller)",
        r"operator\.(attrgetter|methodcaller)",
        "looks attributes up by names in the file",
    ),
    ("frames", "getter", r"operator\.attrgetter", "looks attributes up by names in the file"),
    ("frames", "functions", r"pandas\.(io\..*|read_csv)", "opens addresses that it is called with"),
    ("models", "shap .*", r"numba\b.*", "functions by value are code in the file"),
    (
        "sciences",
        "keras .*",
        r"keras\..*\._unpickle_model",
        "layers in the file may hold code: keras reads them with safe_mode=False",
    ),
    ("records", "sklearn_crfsuite.*", r"sklearn_crfsuite\..*", "removes the file that it names"),
    (
        "sciences",
        "tensorflow var",
        r"functools\.partial|an instance of functools\.partial",
        "what a call gives is called: only a name can be",
    ),
    (
        "sciences",
        "quantities.*",
        r"quantities\..*",
        "the units in the file are registered for the whole process",
    ),
    (
        "sciences",
        "pytensor function",
        r"pytensor\..*",
        "the function is compiled again: code is written, built and run",
    ),
    (
        "models",
        "lmfit (params|result)",
        r"lmfit\..*",
        "expressions in the file are run, by an interpreter of their own",
    ),
    (
        "inference",
        "gpy .*",
        r"(GPy|paramz)\..*",
        "sets properties of a class of the library, named by the file",
    ),
    (
        "inference",
        "(gplearn made|apricot .*|aeon .*)",
        r"(numba|joblib\.externals)\b.*",
        "functions by value are code in the file",
    ),
    ("inference", "e3nn .*", r"torch\.fx\..*", "source text in the file is run"),
    (
        "containers",
        "transitions.*",
        r"transitions\..*",
        "imports the callbacks that texts in the file name",
    ),
    (
        "tools",
        "torch_geometric layers",
        r"torch_geometric\..*",
        "source text is made of names in the file, and run",
    ),
    (
        "practice",
        "torchio (subject|history)",
        r"torchio\..*",
        "opens files that it is called with",
    ),
    ("fieldwork", "hnswlib", r"hnswlib\..*", "native code trusts the sizes in the file"),
    ("fieldwork", "unyt .*", r"unyt\..*", "texts in the file are evaluated as expressions"),
    ("plain", "itertools", r"itertools\..*", "iterators half way through: gone in Python 3.14"),
    ("plain", "mutators", r"builtins\..*", "change what was judged"),
    (
        "program .*",
        ".*: reducer with a partial",
        ".*",
        "what a call gives is called: only a name can be",
    ),
)
FAILED = "failed in plain Python too"
START, END = "<!-- round trips: written by bench/roundtrips.py -->", "<!-- end of round trips -->"


class Family(NamedTuple):
    """One module of ``roundtrips/``, or one way to start a program of ``roundtrips/program``."""

    name: str
    command: tuple[str, ...]
    folder: str | None = None
    given: str | None = None
    """What is piped into the interpreter."""


def families() -> list[Family]:
    """Every family, the program's own classes last."""
    found = [
        Family(path.stem, (str(HERE / "worker.py"), path.stem))
        for path in sorted(HERE.glob("*.py"))
        if path.stem not in ("worker", "declared")
    ]
    folder = HERE / PROGRAM
    for path in sorted(folder.glob("*.py")):
        name, text = f"{PROGRAM} {path.stem}", path.read_text(encoding="utf-8")
        found += [
            Family(name, (str(path),)),
            Family(f"{name} -m", ("-m", path.stem), str(folder)),
            Family(f"{name} -c", ("-c", text), str(folder)),
            Family(f"{name} piped", ("-",), str(folder), text),
        ]
    return found


def failure(answer: dict[str, Any]) -> tuple[str | None, str]:
    """The type and text of an error, without addresses and what a crash has left."""
    if answer["result"] == "crash":
        return None, "crash"
    return answer.get("type"), re.sub(r"0x[0-9a-f]+", "0x", answer.get("message", ""))


class Outcome(NamedTuple):
    """What became of one file of a case in plain Python and under the guard."""

    case: str
    file: str
    plain: dict[str, Any]
    guarded: dict[str, Any]

    @property
    def verdict(self) -> str:
        if self.plain["result"] != "loaded":
            if self.guarded["result"] == "loaded":
                return "loaded only when guarded"
            same = failure(self.plain) == failure(self.guarded)
            return FAILED if same else f"{FAILED}, differently"
        if self.guarded["result"] != "loaded":
            return str(self.guarded["result"])
        for name in ("repickled", "outlined"):
            if "changes" not in (self.plain[name], self.guarded[name]):
                return "loaded" if self.plain[name] == self.guarded[name] else "differs"
        return "loaded"


class Report(NamedTuple):
    """The outcomes of a family."""

    family: str
    versions: dict[str, str]
    outcomes: list[Outcome]
    unbuilt: list[str]


def run(
    family: Family,
    mode: str,
    action: str,
    folder: Path,
    home: Path,
    time: str = "",
    python: str = sys.executable,
) -> list[dict[str, Any]]:
    """Do `action` for all of `family`; after a case that ends the process go on with the next."""
    results = folder / f"{action}-{mode}{time}.jsonl"
    results.touch()
    environment = {
        **os.environ,
        "PICKLEBALL_MODE": mode,
        "PICKLEBALL_QUIET": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(HERE),
        "OMP_NUM_THREADS": "1",
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_STATE_HOME": str(home / "state"),
    }
    files = folder / "files"
    while True:
        done = [json.loads(line) for line in results.read_text().splitlines()]
        command = [python, *family.command, action, str(files), str(results)]
        skip = str(len(done))
        try:
            ended = subprocess.run(
                [*command, skip],
                cwd=family.folder or folder,
                env=environment,
                input=(family.given or "").encode(),
                capture_output=True,
                timeout=TIMEOUT,
            )
            status, text = f"status {ended.returncode}", ended.stderr.decode(errors="replace")
        except subprocess.TimeoutExpired:
            status, text = "time-out", ""
        now = [json.loads(line) for line in results.read_text().splitlines()]
        if status == "status 0":
            return now
        if action == "save" and not now:
            print(f"  {family.name}: {status}\n{text[-1500:]}", file=sys.stderr)
            return now
        names = sorted(n for n in os.listdir(files) if n[:4].isdigit())
        lost = {"number": len(now), "result": "crash", "message": f"{status}: {text[-500:]}"}
        if action == "load":
            if len(now) >= len(names):
                return now
            lost["file"] = names[len(now)]
        else:
            lost["name"] = "?"
        with open(results, "a") as stream:
            stream.write(json.dumps(lost) + "\n")


def measure(family: Family, folder: Path, home: Path, writer: str) -> Report | None:
    """Save with `writer`, load plain, load guarded; None where the libraries are absent."""
    (folder / "files").mkdir(parents=True)
    saved = run(family, "off", "save", folder, home, python=writer)
    if not saved:
        return None
    versions = folder / "files" / "versions.json"
    plain, guarded = (run(family, mode, "load", folder, home) for mode in ("off", "enforce"))
    names = {f"{one['number']:04}": one["name"] for one in saved}
    outcomes = [
        Outcome(names[one["file"][:4]], one["file"].partition(".")[2], one, two)
        for one, two in zip(plain, guarded, strict=True)
    ]
    if any(outcome.verdict == "differs" for outcome in outcomes):
        note_changes(plain, run(family, "off", "load", folder, home, "-again"))
    unbuilt = [f"{o['name']}: {o.get('message')}" for o in saved if o["result"] != "saved"]
    unbuilt += [f"{o['name']}: {o['failures']}" for o in saved if o.get("failures")]
    found = json.loads(versions.read_text()) if versions.exists() else {}
    return Report(family.name, found, outcomes, unbuilt)


def note_changes(plain: list[dict[str, Any]], again: list[dict[str, Any]]) -> None:
    """Note what differs between two processes of plain Python: it says nothing of the guard.

    Such is the order of a map of protobuf, or the time when something is written.
    """
    for one, other in zip(plain, again, strict=True):
        for name in ("repickled", "outlined"):
            if one.get(name) != other.get(name):
                one[name] = "changes"


def explanation(family: str, outcome: Outcome) -> str | None:
    """Why a refusal is meant, or None."""
    named = str(outcome.guarded.get("global", ""))
    for where, case, pattern, why in EXPLAINED:
        if (
            re.fullmatch(where, family)
            and re.fullmatch(case, outcome.case)
            and re.fullmatch(pattern, named)
        ):
            return why
    return None


class Row(NamedTuple):
    """The counts of objects in a family."""

    family: str
    libraries: str
    objects: int
    equal: int
    explained: Counter[str]
    others: int


def row(report: Report) -> Row:
    """Count the objects of a family that plain Python loads."""
    by_case: dict[str, list[Outcome]] = collections.defaultdict(list)
    for outcome in report.outcomes:
        if outcome.verdict != FAILED:
            by_case[outcome.case].append(outcome)
    explained: Counter[str] = Counter()
    others = 0
    for outcomes in by_case.values():
        bad = [outcome for outcome in outcomes if outcome.verdict != "loaded"]
        why = [explanation(report.family, outcome) for outcome in bad]
        if None in why:
            others += 1
        elif why:
            explained[str(why[0])] += 1
    equal = len(by_case) - others - explained.total()
    libraries = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    return Row(report.family, libraries, len(by_case), equal, explained, others)


def table(rows: list[Row]) -> str:
    """The table for the README."""
    lines = ["| objects of | built | load equal | refused rightly | refused or different |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for one in rows:
        told = "; ".join(f"{count}: {why}" for why, count in one.explained.items()) or "0"
        name = one.libraries or one.family
        lines.append(f"| {name} | {one.objects} | {one.equal} | {told} | {one.others} |")
    objects, equal = sum(one.objects for one in rows), sum(one.equal for one in rows)
    rightly, others = sum(one.explained.total() for one in rows), sum(one.others for one in rows)
    lines.append(f"| all | {objects} | {equal} | {rightly} | {others} |")
    share = equal / max(objects - rightly, 1)
    lines.append(f"\n{share:.1%} of the objects that carry no code load equal, in every format.")
    return "\n".join(lines)


def write(readme: Path, rows: list[Row]) -> None:
    """Put the table between the markers of the README."""
    before, _, rest = readme.read_text(encoding="utf-8").partition(START)
    _, found, after = rest.partition(END)
    if not found:
        raise SystemExit(f"{readme} has no markers {START} and {END}")
    readme.write_text(f"{before}{START}\n{table(rows)}\n{END}{after}", encoding="utf-8")


def show(report: Report, verbose: bool) -> int:
    """Print one family; the number of unexplained refusals and differences."""
    by_case: dict[str, list[Outcome]] = collections.defaultdict(list)
    for outcome in report.outcomes:
        by_case[outcome.case].append(outcome)
    counts = collections.Counter(outcome.verdict for outcome in report.outcomes)
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    print(f"{report.family} ({versions})" if versions else report.family)
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    print(f"  {len(by_case)} objects, {len(report.outcomes)} files: {told}")
    unexplained = 0
    for case, outcomes in by_case.items():
        bad = [o for o in outcomes if o.verdict not in ("loaded", FAILED)]
        why = {explanation(report.family, outcome) for outcome in bad}
        if not bad:
            continue
        unexplained += None in why
        first = bad[0].guarded
        formats = " ".join(outcome.file for outcome in bad)
        print(f"  {'explained' if None not in why else bad[0].verdict}: {case} [{formats}]")
        if None in why or verbose:
            named = f"{first.get('operation')} of {first.get('global')}"
            message = first.get("reason") or first.get("message") or ""
            print(f"      {named}: {message}" if "global" in first else f"      {message}")
    if verbose:
        for text in report.unbuilt:
            print(f"  not built: {text}")
        for case, outcomes in by_case.items():
            for o in outcomes[:1]:
                if o.verdict == FAILED:
                    print(f"  plain Python: {case}: {o.plain.get('message', '')[:200]}")
    sys.stdout.flush()
    return unexplained


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("families", nargs="*", help="names of modules in roundtrips/; all if none")
    parser.add_argument("--write", type=Path, help="a README to put the table into")
    parser.add_argument(
        "--written-by", default=sys.executable, help="the Python of another environment saves"
    )
    parser.add_argument("--jobs", type=int, default=1, help="families at a time")
    parser.add_argument("--verbose", action="store_true", help="also what could not be built")
    arguments = parser.parse_args()
    wanted = [f for f in families() if not arguments.families or f.name in arguments.families]
    bad = objects = files = 0
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="roundtrips-") as home:
        with ThreadPoolExecutor(arguments.jobs) as pool:
            reports = pool.map(
                lambda f: measure(
                    f, Path(home, f.name.replace(" ", "")), Path(home), arguments.written_by
                ),
                wanted,
            )
        for family, report in zip(wanted, reports, strict=True):
            if report is None:
                print(f"{family.name}: not installed")
                continue
            bad += show(report, arguments.verbose)
            rows.append(row(report))
            objects += len({outcome.case for outcome in report.outcomes})
            files += len(report.outcomes)
    if arguments.write:
        write(arguments.write, rows)
    print(table(rows))
    guard = importlib.util.find_spec("pickleball_hook")
    print(f"{objects} objects, {files} files, {bad} objects refused or different unexplained")
    sys.exit(1 if bad or guard is None else 0)


if __name__ == "__main__":
    main()
