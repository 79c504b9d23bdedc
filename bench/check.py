"""Throughput of ``pickleball check`` next to picklescan and fickling, and its counts on a corpus.

``python check.py --scanners PYTHON`` writes a folder of large torch and joblib files, and has each
tool judge it, one after the other and several times over; PYTHON is an interpreter that has
picklescan and fickling installed. fickling judges one file a call: its function is called for
each in one process, so that start-up is not what is compared. With ``--corpus FOLDER`` (as
``corpus.py`` takes it) it counts what ``check`` says of the hostile and the honest files, and fails
when a hostile one that acts is called permitted without a condition.

The interpreter that runs this needs torch, joblib, scikit-learn and pickleball-auto.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

FICKLING = """
import sys, pathlib
from fickling.analysis import check_safety
from fickling.fickle import Pickled, StackedPickle
import zipfile
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if name.endswith(".pkl"):
                        check_safety(Pickled.load(archive.read(name)))
        else:
            with open(path, "rb") as file:
                check_safety(Pickled.load(file))
        print(path.name, "judged")
    except Exception as error:
        print(path.name, "failed", type(error).__name__, str(error)[:60])
"""


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--scanners", metavar="PYTHON", help="has picklescan and fickling")
    parser.add_argument("--corpus", type=Path, metavar="FOLDER")
    parser.add_argument("--megabytes", type=int, default=40, help="of each large file")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if options.scanners:
        compare(options.scanners, options.megabytes, options.runs)
    return count(options.corpus) if options.corpus else 0


def compare(scanners: str, megabytes: int, runs: int) -> None:
    """Print how long each tool takes for the same folder, the best of some runs."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_files(folder, megabytes)
        size = sum(path.stat().st_size for path in folder.iterdir())
        print(f"{len(list(folder.iterdir()))} files, {size / 1e6:.0f} MB")
        commands = {
            "pickleball check": [sys.executable, "-m", "pickleball_hook", "check", "--json"],
            "picklescan": [scanners, "-m", "picklescan", "-p"],
            "fickling": [scanners, "-c", FICKLING],
        }
        times: dict[str, float] = {}
        said: dict[str, str] = {}
        for turn in range(runs + 1):  # the first fills caches, of the system and of policies
            for name, command in commands.items():
                start = time.perf_counter()
                done = subprocess.run([*command, str(folder)], capture_output=True, text=True)
                spent = time.perf_counter() - start
                said[name] = done.stdout or done.stderr
                if turn:
                    times[name] = min(spent, times.get(name, spent))
        ours = times["pickleball check"]
        for name, spent in times.items():
            print(
                f"{name:<18}{spent:8.2f} s  {size / 1e6 / spent:8.0f} MB/s  {spent / ours:6.1f} x"
            )
        print("pickleball:", json.loads(said["pickleball check"])["counts"])
        print("picklescan:", " ".join(said["picklescan"].split())[-160:])
        print("fickling:", " ".join(said["fickling"].split())[-300:])


def write_files(folder: Path, megabytes: int) -> None:
    """Write large files of the kinds that people have."""
    import joblib
    import numpy
    import pandas
    import torch
    from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier

    generator = numpy.random.default_rng(0)
    rows = generator.random((4000, 20))
    labels = rows[:, 0] + rows[:, 1] > 1
    forest = RandomForestClassifier(300, random_state=0).fit(rows, labels)
    boosted = GradientBoostingRegressor(n_estimators=400, random_state=0).fit(rows, rows[:, 2])
    joblib.dump(forest, folder / "forest.joblib")
    joblib.dump(forest, folder / "forest.joblib.gz", compress=("gzip", 3))
    joblib.dump(boosted, folder / "boosted.joblib")
    wide = int((megabytes * 1e6 / 4 / 64) ** 0.5)
    layers = [torch.nn.Linear(wide, wide) for _ in range(64)]
    model = torch.nn.Sequential(*layers)
    torch.save(model.state_dict(), folder / "state_dict.pt")
    torch.save(model, folder / "model.pt")
    many = {f"layer.{i}.weight": torch.zeros(8, 8) for i in range(4000)}
    torch.save(many, folder / "many_tensors.pt")
    torch.save(model.state_dict(), folder / "legacy.pt", _use_new_zipfile_serialization=False)
    words = {f"word {i}": i for i in range(400_000)}
    joblib.dump({"vocabulary": words, "weights": rows}, folder / "vocabulary.joblib")
    frame = pandas.DataFrame({"text": [f"text {i}" for i in range(200_000)], "x": range(200_000)})
    joblib.dump(frame, folder / "frame.joblib")


def count(corpus: Path) -> int:
    """Print what is said of the files of a corpus; return an exit status."""
    rows = map(json.loads, (corpus / "malicious/manifest.jsonl").read_text().splitlines())
    labels = {row["file"]: row["label"] for row in rows}
    hostile = checked(corpus / "malicious/files")
    table = Counter((labels.get(Path(row["path"]).name, "?"), row["outcome"]) for row in hostile)
    for (label, outcome), number in sorted(table.items()):
        print(f"{label:<12}{outcome:<12}{number:5}")
    honest = Counter(row["outcome"] for row in checked(corpus / "benign/files"))
    for outcome, number in sorted(honest.items()):
        print(f"{'honest':<12}{outcome:<12}{number:5}")
    missed = [
        row["path"]
        for row in hostile
        if labels.get(Path(row["path"]).name) == "malicious"
        and row["outcome"] == "permitted"
        and not row["conditions"]
    ]
    for path in missed:
        print(f"permitted without a condition: {os.path.basename(path)}")
    return 1 if missed else 0


def checked(folder: Path) -> list[dict[str, object]]:
    """Return what ``check`` says of each file of a folder."""
    command = [sys.executable, "-m", "pickleball_hook", "check", "--json", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    files: list[dict[str, object]] = json.loads(done.stdout)["files"]
    return files


if __name__ == "__main__":
    sys.exit(main())
