"""Run every command on the demo's files and put what it prints into the README.

``python commands.py [--write] [--older PYTHON]``: in a scratch home and folder the demo's models
are trained and saved, then each command runs as a user would run it. With ``--write`` the outputs
take the place of what stands between the markers in the README; otherwise they are printed. PYTHON
is an interpreter of another environment with pickleball-auto and another scikit-learn, for
``policy diff``. Long outputs and lines are cut, and say so; paths of the scratch folder are shown
as ``~``. Exit status 1 when a command ends otherwise than it must.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- commands: begin -->", "<!-- commands: end -->"
WIDEST = 150


class Step(NamedTuple):
    """A command, the exit status it must have, and how many lines of its output are shown."""

    command: str
    status: int = 0
    lines: int = 12
    mode: str = ""


STEPS = (
    Step("pickleball check models", 1),
    Step("pickleball check -v models/frame.pkl", lines=14),
    Step("pickleball check --sarif models/network.poisoned.pt", 1, 8),
    Step("pickleball explain models/network.pt", 2, 24),  # its class is of a program: not judged
    Step("pickleball explain torch.fx.graph_module:reduce_graph_module", lines=8),
    Step("pickleball policy synth joblib cloudpickle"),
    Step("pickleball warm models/pipeline.joblib"),
    Step("pickleball policy list"),
    Step("pickleball policy show joblib", lines=8),
    Step("pickleball policy verify"),
    Step("pickleball policy lock --no-synth policies.lock.json"),
    Step("pickleball policy lock --no-synth --check policies.lock.json"),
    Step("pickleball policy export --format pickleball joblib", lines=8),
    Step("python load.py models/pipeline.poisoned.pkl", 1, 6),
    Step("python load.py models/pipeline.poisoned.joblib", 0, 4, "audit"),
    Step("pickleball log"),
    Step("pickleball log suggest"),
    Step("pickleball allow add sklearn.pipeline:Pipeline --call --why 'built by our own job'"),
    Step("pickleball allow add os:system", 1),
    Step("pickleball allow list"),
    Step("pickleball trust add models/by_value.pkl --why 'saved by our own job'"),
    Step("python load.py models/by_value.pkl"),
    Step("pickleball trust list"),
    Step("pickleball trust remove models/by_value.pkl"),
    Step("pickleball report --html policies.html"),
    Step("pickleball status"),
    Step("pickleball policy clear"),
)
DIFF = Step("pickleball policy diff scikit-learn {before} {after}", 1, 10)

LOAD = """
import pickle, sys
import joblib
with open(sys.argv[1], "rb") as file:
    value = (joblib if sys.argv[1].endswith("joblib") else pickle).load(file)
print("loaded", type(value).__name__)
"""
BY_VALUE = """
import cloudpickle, sys
with open(sys.argv[1], "wb") as file:
    cloudpickle.dump(lambda x: x + 1, file)
"""


def main() -> int:
    """Run the commands; print or write what they print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into the README")
    parser.add_argument("--older", metavar="PYTHON", help="has another scikit-learn")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve()
        text, failed = outputs(folder, options.older)
    if options.write:
        readme = ROOT / "README.md"
        before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        readme.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")
    else:
        print(text)
    return 1 if failed else 0


def outputs(folder: Path, older: str | None) -> tuple[str, bool]:
    """Return what the commands print, as Markdown, and whether one ended as it must not."""
    models = folder / "models"
    models.mkdir()
    environment = scratch_environment(folder)
    prepare = [
        [sys.executable, str(ROOT / "bench/demo/train.py"), str(models)],
        [sys.executable, "-c", BY_VALUE, str(models / "by_value.pkl")],
    ]
    for command in prepare:
        subprocess.run(command, env=environment, check=True, cwd=ROOT / "bench/demo")
    for path in [*models.glob("*.json"), *models.glob("*.csv"), *models.glob("*.npy")]:
        path.unlink()
    (folder / "load.py").write_text(LOAD)
    shown, failed = [], False
    for step in [*STEPS[:9], *diff_steps(folder, environment, older), *STEPS[9:]]:
        printed, status = run(step, folder, environment)
        if status != step.status:
            failed = True
            print(f"{step.command}: exit status {status}\n{printed}", file=sys.stderr)
        ended = f"\n(exit status {status})" if status else ""
        mode = f"PICKLEBALL_MODE={step.mode} " if step.mode else ""
        shown.append(f"$ {mode}{step.command}\n{cut(printed, step.lines)}{ended}")
    return "```\n" + "\n\n".join(shown) + "\n```\n", failed


def scratch_environment(folder: Path) -> dict[str, str]:
    """Return variables under which nothing of the user's own is read or written."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PICKLEBALL_", "XDG_"))}
    return {**kept, "HOME": str(folder), "NO_COLOR": "1", "OMP_NUM_THREADS": "1"}


def diff_steps(folder: Path, environment: dict[str, str], older: str | None) -> list[Step]:
    """Return the comparison of two versions of scikit-learn, both judged first."""
    if older is None:
        return []
    versions = []
    for python in (older, sys.executable):
        command = [python, "-m", "pickleball_hook", "policy", "synth", "scikit-learn"]
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, check=True
        )
        versions.append(done.stdout.split()[1].rstrip(":"))
    return [DIFF._replace(command=DIFF.command.format(before=versions[0], after=versions[1]))]


def run(step: Step, folder: Path, environment: dict[str, str]) -> tuple[str, int]:
    """Run a command in a shell, as it is shown; return what it prints and its exit status."""
    scripts = os.path.dirname(sys.executable)
    functions = (
        f'pickleball() {{ "{sys.executable}" -m pickleball_hook "$@"; }}\n'
        f'python() {{ "{sys.executable}" "$@"; }}\n'
    )
    variables = {**environment, "PATH": f"{scripts}{os.pathsep}{environment['PATH']}"}
    if step.mode:
        variables["PICKLEBALL_MODE"] = step.mode
    done = subprocess.run(
        ["sh", "-c", functions + step.command],
        env=variables,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
    )
    printed = done.stdout.replace(str(folder), "~").replace(os.path.dirname(scripts), "ENV")
    return re.sub(r"(?<=[ (:'\"])/\S*/site-packages/", "site-packages/", printed), done.returncode


def cut(printed: str, lines: int) -> str:
    """Return the first lines of an output, none too long; the last ones of a traceback."""
    rows = printed.rstrip().splitlines()
    if rows and rows[0].startswith("Traceback"):
        first = next((n for n, row in enumerate(rows) if row[:1] not in ("T", " ")), 0)
        rows = rows[first:]
    kept = [row if len(row) <= WIDEST else row[: WIDEST - 4] + " ..." for row in rows[:lines]]
    if len(rows) > lines:
        kept.append(f"... ({len(rows) - lines} more lines)")
    return "\n".join(kept)


if __name__ == "__main__":
    sys.exit(main())
