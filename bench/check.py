"""Throughput of ``pickleball check`` next to picklescan and fickling, and its counts on a corpus.

``python check.py --scanners PYTHON`` writes a folder of large torch and joblib files, and has each
tool judge it, one after the other and several times over: whole processes, the best run of each.
PYTHON is an interpreter that has picklescan and fickling installed. Where a tool gives a file up
(picklescan and fickling do at joblib's first array) the time until then is all that it costs, so
the number of files that it has judged to the end stands beside it. fickling's command takes one
file: its functions are called for each in one process, so that start-up is not what is compared.

None of the tools reads the bytes of tensors: what takes time is objects, and the start of Python.
So the folder is written in several sizes (``--objects``), with so many times the trees, words, rows
and small tensors beside the same large tensors and arrays; in the smallest one a fifth of what
``check`` takes is its start. ``check`` uses all cores, which is its default, the others use one,
which is theirs: the processor time stands beside the time. Exit status 1 when one of them takes
less than ten times as long as ``check``.

With ``--corpus FOLDER`` (as ``corpus.py`` takes it) it counts what ``check`` says of the hostile
and the honest files, lists the hostile ones that it calls permitted, with what the load looks at,
and fails when one that leaves a mark is called so without any such rule.

The interpreter that runs this needs torch, joblib, scikit-learn and pickleball-auto.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

BAR = 10.0
TIMEOUT = "3600"  # the policies of a hundred libraries are made on the way
FICKLING = """
import pathlib, sys, zipfile
from fickling.loader import scan_file, scan_zip_archive

for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    if zipfile.is_zipfile(path):
        results = [*scan_zip_archive(str(path), graceful=True).values()]
    else:
        results = [scan_file(str(path), graceful=True)]
    whole = bool(results) and not any(result.errors for result in results)
    print("judged" if whole else "given up", path.name)
"""


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--scanners", metavar="PYTHON", help="has picklescan and fickling")
    parser.add_argument("--corpus", type=Path, metavar="FOLDER")
    parser.add_argument("--megabytes", type=int, default=200, help="of each large file")
    parser.add_argument("--objects", type=int, nargs="+", default=[1, 4], metavar="TIMES")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the files there")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    missed = 0
    if options.scanners:
        with contextlib.ExitStack() as stack:
            place = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
            for objects in options.objects:
                folder = place / f"objects-{objects}"
                if not folder.is_dir():
                    folder.mkdir(parents=True)
                    write_files(folder, options.megabytes, objects)
                missed |= compare(options.scanners, folder, options.runs) < BAR
    return count(options.corpus) or missed if options.corpus else missed


def compare(scanners: str, folder: Path, runs: int) -> float:
    """Print how long each tool takes for the same folder, the best of some runs.

    Returns how many times as long as ours the faster one of the others takes.
    """
    files = len(list(folder.iterdir()))
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{files} files, {size / 1e6:.0f} MB")
    commands = {
        "pickleball": [sys.executable, "-m", "pickleball_hook", "check", "--json"],
        "picklescan": [scanners, "-m", "picklescan", "-p"],
        "fickling": [scanners, "-c", FICKLING],
    }
    best = {name: (math.inf, math.inf) for name in commands}
    said = dict.fromkeys(commands, "")
    for turn in range(runs + 1):  # the first fills caches, of the system and of policies
        for name, command in commands.items():
            *times, said[name] = timed([*command, str(folder)])
            if turn:
                best[name] = (min(times[0], best[name][0]), min(times[1], best[name][1]))
    judged = {
        "pickleball": permitted(said["pickleball"]),
        "picklescan": scanned(said["picklescan"], folder),
        "fickling": re.findall(r"^judged (.*)$", said["fickling"], re.MULTILINE),
    }
    print(f"{'':<12}{'seconds':>9}{'times':>7}{'CPU s':>9}{'times':>7}  judged to the end")
    ours = best["pickleball"]
    for name, (wall, cpu) in best.items():
        whole = sum((folder / file).stat().st_size for file in judged[name])
        print(
            f"{name:<12}{wall:9.2f}{wall / ours[0]:7.1f}{cpu:9.2f}{cpu / ours[1]:7.1f}"
            f"  {len(judged[name])} of {files} files, {whole / 1e6 / wall:.0f} MB/s"
        )
    return min(wall / ours[0] for name, (wall, _) in best.items() if name != "pickleball")


def timed(command: list[str]) -> tuple[float, float, str]:
    """Return how long a command took, the processor time of its processes, and what it said."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, done.stdout


def permitted(said: str) -> list[str]:
    """Return the names of the files that ``check --json`` calls permitted."""
    rows = json.loads(said)["files"]
    return [Path(row["path"]).name for row in rows if row["outcome"] == "permitted"]


def scanned(said: str, folder: Path) -> list[str]:
    """Return the names of the files that picklescan has read to the end.

    It passes over names that end like no pickle's, and says of which ones it could not read on.
    """
    known = (".pt", ".joblib")
    broken = re.findall(r"ERROR: parsing pickle in (.*?): ", said)
    given_up = {Path(path).name for path in broken}
    names = [path.name for path in folder.iterdir() if path.name.endswith(known)]
    found = re.search(r"Scanned files: (\d+)", said)
    if not found or int(found.group(1)) != len(names):
        raise SystemExit(f"picklescan says something else than expected: {said[-500:]}")
    return [name for name in names if name not in given_up]


def write_files(folder: Path, megabytes: int, objects: int) -> None:
    """Write large files of the kinds that people have, with so many times the objects."""
    import joblib
    import numpy
    import pandas
    import torch
    from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier

    generator = numpy.random.default_rng(0)
    rows = generator.random((4000, 20))
    labels = rows[:, 0] + rows[:, 1] > 1
    forest = RandomForestClassifier(400 * objects, random_state=0).fit(rows, labels)
    boosted = GradientBoostingRegressor(n_estimators=400 * objects, random_state=0).fit(
        rows, rows[:, 2]
    )
    joblib.dump(forest, folder / "forest.joblib")
    joblib.dump(forest, folder / "forest.joblib.gz", compress=("gzip", 3))
    joblib.dump(boosted, folder / "boosted.joblib")
    wide = int((megabytes * 1e6 / 4 / 64) ** 0.5)
    layers = [torch.nn.Linear(wide, wide) for _ in range(64)]
    model = torch.nn.Sequential(*layers)
    optimizer = torch.optim.Adam(model.parameters())
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    torch.save(model.state_dict(), folder / "state_dict.pt")
    checkpoint = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    torch.save(checkpoint, folder / "checkpoint.pt")
    torch.save(model, folder / "model.pt")
    many = {f"layer.{i}.weight": torch.zeros(8, 8) for i in range(4000 * objects)}
    torch.save(many, folder / "many_tensors.pt")
    torch.save(model.state_dict(), folder / "legacy.pt", _use_new_zipfile_serialization=False)
    words = {f"word {i}": i for i in range(400_000 * objects)}
    joblib.dump({"vocabulary": words, "weights": rows}, folder / "vocabulary.joblib")
    texts = [f"text {i}" for i in range(300_000 * objects)]
    frame = pandas.DataFrame({"text": texts, "x": range(len(texts))})
    joblib.dump(frame, folder / "frame.joblib")
    joblib.dump({"rows": generator.random(megabytes * 125_000)}, folder / "array.joblib")


def count(corpus: Path) -> int:
    """Print what is said of the files of a corpus; return an exit status."""
    rows = map(json.loads, (corpus / "malicious/manifest.jsonl").read_text().splitlines())
    known = {row["file"]: row for row in rows}
    labels = {name: row["label"] for name, row in known.items()}
    hostile = checked(corpus / "malicious/files")
    table = Counter((labels.get(Path(row["path"]).name, "?"), row["outcome"]) for row in hostile)
    for (label, outcome), number in sorted(table.items()):
        print(f"{label:<12}{outcome:<12}{number:5}")
    honest = Counter(row["outcome"] for row in checked(corpus / "benign/files"))
    for outcome, number in sorted(honest.items()):
        print(f"{'honest':<12}{outcome:<12}{number:5}")
    missed = 0
    for row in hostile:
        name = Path(row["path"]).name
        if labels.get(name) != "malicious" or row["outcome"] != "permitted":
            continue
        rules = {condition["reason"] for condition in row["conditions"]}
        mark = known[name]["marker"]
        missed += not rules and mark != "none"
        print(f"permitted: {name} (mark: {mark}); the load: {'; '.join(sorted(rules)) or '-'}")
    return 1 if missed else 0


def checked(folder: Path) -> list[dict[str, Any]]:
    """Return what ``check`` says of each file of a folder."""
    command = [sys.executable, "-m", "pickleball_hook", "check", "--json", "--timeout", TIMEOUT]
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True)
    files: list[dict[str, Any]] = json.loads(done.stdout)["files"]
    return files


if __name__ == "__main__":
    sys.exit(main())
