"""A library is upgraded in place: the policy of the old version is not used, and the two compare.

``python upgrade.py [--distribution scikit-learn] [--versions 1.5.2 1.7.2]``
makes a virtual environment, installs this tree and the older version in it, and makes the policy.
One class of that policy is then marked by hand as something that nothing permits: the mark is seen
as long as the policy counts. After ``pip install --upgrade`` the mark must not be seen in any
process, the policy of the newer version is made from its own source, and ``policy diff`` prints
what has changed. Exit status 1 when that is not so.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
MARK = "marked by the bench"


def main() -> int:
    """Run it; return an exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--distribution", default="scikit-learn")
    parser.add_argument("--versions", nargs=2, default=["1.5.2", "1.7.2"], metavar="VERSION")
    parser.add_argument("--shown", type=int, default=30, help="lines of the difference")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        return Upgrade(Path(place), options.distribution).run(*options.versions, options.shown)


class Upgrade:
    """One environment with a private home."""

    def __init__(self, folder: Path, distribution: str) -> None:
        self.distribution = distribution
        self.cache = folder / "cache"
        self.python = str(folder / "env" / "bin" / "python")
        kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "XDG_CACHE_HOME")}
        self.environment = {**kept, "HOME": str(folder), "PICKLEBALL_CACHE": str(self.cache)}
        subprocess.run([sys.executable, "-m", "venv", str(folder / "env")], check=True)
        self.pip(str(HERE))

    def run(self, older: str, newer: str, shown: int) -> int:
        """Go through the upgrade; return an exit status."""
        self.pip(f"{self.distribution}=={older}")
        print(self.told("policy", "synth", self.distribution), end="")
        name = self.mark()
        before = self.explained(name)
        self.pip("--upgrade", f"{self.distribution}=={newer}")
        after = self.explained(name)
        print(self.told("policy", "synth", self.distribution), end="")
        again = self.explained(name)
        difference = self.told("policy", "diff", self.distribution, older, newer)
        changes = json.loads(self.told("policy", "diff", "--json", self.distribution, older, newer))
        lines = difference.splitlines()
        print(*lines[:shown], sep="\n")
        if len(lines) > shown:
            print(f"... {len(lines) - shown} lines more")
        print(*lines[-1:], dict(Counter(row["change"] for row in changes.values())))
        used = MARK in before
        stale = MARK in after or MARK in again
        print(f"{name} of {older}: {'used' if used else 'NOT USED'} before the upgrade,")
        print(f"    {'STILL USED' if stale else 'not used'} after it: {newer} is judged anew")
        return 0 if used and not stale and changes else 1

    def pip(self, *arguments: str) -> None:
        """Install something."""
        command = [self.python, "-m", "pip", "install", "--quiet", *arguments]
        subprocess.run(
            [*command, "--disable-pip-version-check"], env=self.environment, check=True, cwd="/"
        )

    def told(self, *arguments: str) -> str:
        """Return what a ``pickleball`` command prints."""
        command = [self.python, "-m", "pickleball_hook", *arguments]
        done = subprocess.run(
            command, env=self.environment, cwd="/", stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    def explained(self, name: str) -> str:
        """Return what a new process knows of a global."""
        return self.told("explain", name, "--json")

    def mark(self) -> str:
        """Mark a class in the policy on disk as one that may be called; return its name."""
        key = self.distribution.replace("-", "_")
        (path,) = self.cache.glob(f"{key}-*.json")
        entry: dict[str, Any] = json.loads(path.read_text())
        name = next(
            name
            for name, verdict in sorted(entry["verdicts"].items())
            if verdict["kind"] == "class" and verdict["target"] == name
        )
        entry["verdicts"][name]["grants"]["fill"] = MARK
        path.write_text(json.dumps(entry))
        return name


if __name__ == "__main__":
    sys.exit(main())
