"""Processes killed while they make a policy leave no bad entry, and no lock that others wait on.

``python kill.py [--rounds 200] [--distribution joblib]``: in a scratch cache a process judges a
distribution and is killed with SIGKILL at a random moment, until so many were (some finish before).
After each, every file that is there must be a whole entry or index, and at the end an undisturbed
process must confirm all that is kept. Exit status 1 when that is not so.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from policy_cache import store


def main() -> int:
    """Run the rounds; return an exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--distribution", default="joblib")
    options = parser.parse_args()
    chance = random.Random(0)
    bad: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        cache = Path(place) / "cache"
        environment = {**os.environ, "PICKLEBALL_CACHE": str(cache)}
        os.environ["PICKLEBALL_CACHE"] = str(cache)
        synth = command("policy", "synth", options.distribution)
        start = time.monotonic()
        subprocess.run(synth, env=environment, stdout=subprocess.DEVNULL, check=True)
        whole = time.monotonic() - start
        killed = finished = 0
        while killed < options.rounds:
            if chance.random() < 0.5:
                for path in cache.glob("*.json"):
                    path.unlink()
            process = subprocess.Popen(synth, env=environment, stdout=subprocess.DEVNULL)
            try:
                process.wait(chance.uniform(0.05, 1.1) * whole)
                finished += 1
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                killed += 1
            bad += [f"after {killed} kills: {name}" for name in unsound(cache)]
        start = time.monotonic()
        subprocess.run(synth, env=environment, stdout=subprocess.DEVNULL, check=True)
        waited = time.monotonic() - start
        verify = subprocess.run(command("policy", "verify"), env=environment)
    print(f"{killed} killed, {finished} finished before; {len(bad)} bad files left")
    print(f"undisturbed: {whole:.1f} s before, {waited:.1f} s after")
    for line in bad:
        print(line)
    return 1 if bad or verify.returncode else 0


def command(*arguments: str) -> list[str]:
    """Return the command line of a ``pickleball`` command."""
    return [sys.executable, "-m", "pickleball_hook", *arguments]


def unsound(cache: Path) -> list[str]:
    """Return the names of files that are neither whole entries nor indexes."""
    whole = {os.path.basename(path) for path, _ in store.entry_files(str(cache))}
    names = [path.name for path in cache.glob("*.json")]
    return [name for name in names if name not in whole and not name.startswith("index-")]


if __name__ == "__main__":
    sys.exit(main())
