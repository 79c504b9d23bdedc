"""What the guard does to unchanged scripts, from first load to refused file.

Run by ``make demo`` with the Python of an environment that has ``pickleball-auto``, scikit-learn,
pandas and torch. Trains and saves models, loads each in a separate unchanged script with the hook
live, compares predictions, then loads the same files with an ``os.system`` payload appended to the
object graph and checks that they are refused. Exit status 1 when anything is not as it must be.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

SCRIPTS = Path(__file__).resolve().parent / "demo"
TIMEOUT = 300.0
SHOWN = ("scikit-learn", "joblib", "pandas", "numpy", "torch")

Child: TypeAlias = "subprocess.CompletedProcess[str]"


class Load(NamedTuple):
    """One file of the demo, and the unchanged script that reads it."""

    title: str
    file: str
    script: str
    arguments: tuple[str, ...] = ()
    plain: bool = True
    """Whether plain Python loads the file too (``torch.load`` refuses it by default)."""


LOADS = (
    Load("scikit-learn pipeline, pickle.load", "pipeline.pkl", "load_pickle.py"),
    Load("scikit-learn pipeline, joblib.load", "pipeline.joblib", "load_joblib.py"),
    Load("torch module, torch.load(path)", "network.pt", "load_torch.py", plain=False),
    Load("torch module, weights_only=False", "network.pt", "load_torch.py", ("unsafe",)),
    Load("pandas DataFrame, pickle.load", "frame.pkl", "load_frame.py"),
)


class Demo:
    """Child processes in a private home, and the list of what was not as it must be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = folder / "files"
        self.files.mkdir()
        self.failures: list[str] = []
        self.environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("PICKLEBALL_", "XDG_"))
        }

    def home(self, load: Load | None) -> Path:
        """A home folder, and so a policy cache, for `load` alone: its first load is a cold one."""
        number = LOADS.index(load) if load else len(LOADS)
        return self.folder / f"home-{number}"

    def python(self, *arguments: str, load: Load | None = None, mode: str | None = None) -> Child:
        """Run this interpreter with `arguments`, at the home of `load`, in `mode`."""
        home = self.home(load)
        private = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
        return subprocess.run(
            [sys.executable, *arguments],
            env=self.environment | private | ({"PICKLEBALL_MODE": mode} if mode else {}),
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            cwd=self.folder,
        )

    def script(self, load: Load, file: str, mode: str | None = None) -> Child:
        """Run the unchanged script of `load` on `file`."""
        script = str(SCRIPTS / load.script)
        return self.python(script, str(self.files / file), *load.arguments, load=load, mode=mode)

    def load(self, load: Load, file: str, mode: str | None = None) -> Any:
        """Run the script of `load` on `file`; what it printed, or None and a failure."""
        child = self.script(load, file, mode)
        if child.returncode:
            self.fail(f"{load.title}: {file} was not loaded\n{indent(child.stderr)}")
            return None
        return json.loads(child.stdout)

    def policies(self, load: Load) -> list[tuple[str, int]]:
        """Name and size of each policy in the cache of `load`."""
        ask = "from policy_cache.kept.store import cache_folder; print(cache_folder())"
        folder = self.python("-c", ask, load=load).stdout.strip()
        files = sorted(Path(folder).rglob("*.json")) if folder else []
        return [(path.stem, path.stat().st_size) for path in files]

    def fail(self, text: str) -> None:
        self.failures.append(text)
        print(f"  FAILED: {text}")


def indent(text: str, lines: int = 12) -> str:
    """The last `lines` of `text`, moved to the right."""
    return "\n".join(f"      {line}" for line in text.rstrip().splitlines()[-lines:])


def poisoned_name(file: str) -> str:
    """The name under which `train.py` saves `file` with its payload."""
    return ".poisoned".join(os.path.splitext(file))


def show_environment(demo: Demo) -> None:
    """Versions, and what the guard says of a child interpreter that did nothing for it."""
    print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    print("  " + ", ".join(f"{name} {metadata.version(name)}" for name in SHOWN))
    status = demo.python("-m", "pickleball_hook", "status")
    if status.returncode:
        demo.fail("`python -m pickleball_hook status` does not work")
    print(f"\npickleball status\n{indent(status.stdout or status.stderr, 40)}")


def show_loads(demo: Demo) -> None:
    """Every file loads, first and warm, with the predictions it had before it was saved."""
    print("\nUnchanged scripts, hook live; milliseconds for the load alone")
    print(f"  {'':36} {'plain':>8} {'first':>8} {'warm':>8}  predictions")
    for load in LOADS:
        expected = json.loads((demo.files / f"{load.file}.expected.json").read_text("utf-8"))
        plain = demo.load(load, load.file, mode="off") if load.plain else None
        answers = [demo.load(load, load.file) for _ in ("first", "warm")]
        results = [answer["result"] for answer in answers if answer]
        verdict = "equal" if results == [expected] * 2 else "NOT EQUAL"
        times = [f"{a['seconds'] * 1000:8.1f}" if a else f"{'-':>8}" for a in (plain, *answers)]
        print(f"  {load.title:36} {' '.join(times)}  {verdict}")
        if any(result != expected for result in results):
            demo.fail(f"{load.title}: predictions differ")


def show_policies(demo: Demo) -> None:
    """The policies that the first loads synthesized: one file per distribution and version."""
    print("\nPolicies synthesized from the installed source for each of these files")
    for load in LOADS:
        files = demo.policies(load)
        print(f"  {load.title:36} {sum(size for _, size in files):8,} bytes")
        for name, size in files:
            print(f"    {name:34} {size:8,}")
        if not files:
            demo.fail(f"{load.title}: no policy was kept in the cache folder")


def show_refusals(demo: Demo) -> None:
    """The poisoned files: they act without the hook, and are refused with it."""
    print("\nThe same files with os.system('touch CANARY') appended to the object graph")
    for load in LOADS:
        file = poisoned_name(load.file)
        canary = demo.files / f"{file}.canary"
        if load.plain:
            demo.script(load, file, mode="off")
            if not canary.exists():
                demo.fail(f"{file}: the payload does nothing even without the hook")
            canary.unlink(missing_ok=True)
        child = demo.script(load, file)
        refused = "PolicyViolation" in child.stderr and "posix.system" in child.stderr
        if child.returncode == 0 or canary.exists() or not refused:
            what = "acted" if canary.exists() else "not refused by name"
            demo.fail(f"{load.title}: {file} {what}\n{indent(child.stderr or child.stdout)}")
            canary.unlink(missing_ok=True)
            continue
        control = "acts without the hook; " if load.plain else ""
        print(f"  {load.title:36} {control}refused, canary absent")
    print(f"\nThe message, as the last script printed it:\n{indent(child.stderr, 8)}")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="pickleball-demo-") as name:
        demo = Demo(Path(name))
        show_environment(demo)
        child = demo.python(str(SCRIPTS / "train.py"), str(demo.files))
        if child.returncode:
            print(f"training failed\n{child.stderr}")
            return 1
        show_loads(demo)
        show_policies(demo)
        show_refusals(demo)
    print(f"\n{len(demo.failures)} failures" if demo.failures else "\nAll as it must be.")
    return 1 if demo.failures else 0


if __name__ == "__main__":
    sys.exit(main())
