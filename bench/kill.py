"""Processes killed while they make a policy leave no bad entry, and no lock that others wait on.

``python kill.py [--rounds 200] [--distribution joblib]``: in a scratch cache a process judges a
distribution and is killed with SIGKILL at a random moment, until so many were in the middle of it:
they held the lock that a process takes for as long as it judges and writes. Those that had done by
then are told, and not counted. After each, every file that is there must be a whole entry or index,
and at the end an undisturbed process must confirm all that is kept. Exit status 1 when that is not
so. Linux only: who holds a lock is read from ``/proc/locks``.
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
from typing import NamedTuple

from policy_cache.kept import store

STEP = 0.002


class Undisturbed(NamedTuple):
    """Seconds that a process took which nobody killed, and those of them it was at work."""

    whole: float
    work: float


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
        os.environ["PICKLEBALL_CACHE"] = str(cache)
        synth = command("policy", "synth", options.distribution)
        before = undisturbed(synth, cache)
        killed = done = 0
        longest = before.work  # follows how fast the machine is now, so that kills fall everywhere
        while killed < options.rounds:
            if chance.random() < 0.8:  # else it goes on with what the one before has left
                for path in cache.glob("*.json"):
                    path.unlink()
            if kill_at_work(synth, cache, chance.uniform(0, longest)):
                killed += 1
                longest *= 1.03
            else:
                done += 1
                longest *= 0.9
            bad += [f"after {killed} kills: {name}" for name in unsound(cache)]
        after = undisturbed(synth, cache)
        verify = subprocess.run(command("policy", "verify"))
        left = [path.name for path in cache.glob(".*") if path.suffix != ".lock"]
    print(f"{killed} killed at work, {done} had done; {len(bad)} bad files left")
    print(f"every entry confirmed: {'no' if verify.returncode else 'yes'}")
    print(f"{len(left)} unfinished files left beside them")
    for title, times in (("before", before), ("after", after)):
        print(f"undisturbed {title}: {times.whole:.1f} s, at work for {times.work:.1f} s")
    for line in bad:
        print(line)
    return 1 if bad or verify.returncode else 0


def command(*arguments: str) -> list[str]:
    """Return the command line of a ``pickleball`` command."""
    return [sys.executable, "-m", "pickleball_hook", *arguments]


def undisturbed(synth: list[str], cache: Path) -> Undisturbed:
    """Run a process to its end."""
    start = time.monotonic()
    process = subprocess.Popen(synth, stdout=subprocess.DEVNULL)
    begin = time.monotonic() if wait_for_work(process, cache) else start
    if process.wait():
        raise SystemExit("the policy cannot be made")
    end = time.monotonic()
    return Undisturbed(end - start, end - begin)


def kill_at_work(synth: list[str], cache: Path, delay: float) -> bool:
    """Kill a process some time after it has begun to judge; tell whether it was still at it."""
    process = subprocess.Popen(synth, stdout=subprocess.DEVNULL)
    if wait_for_work(process, cache):
        time.sleep(delay)
    process.send_signal(signal.SIGSTOP)  # so that it is killed where it was looked at
    was_at_work = at_work(process, cache)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return was_at_work


def wait_for_work(process: subprocess.Popen[bytes], cache: Path) -> bool:
    """Wait until a process judges; tell whether it does, or has ended."""
    while process.poll() is None:
        if at_work(process, cache):
            return True
        time.sleep(STEP)
    return False


def at_work(process: subprocess.Popen[bytes], cache: Path) -> bool:
    """Tell whether a process holds the lock of those that judge and write."""
    try:
        inode = (cache / ".turn.lock").stat().st_ino
    except FileNotFoundError:
        return False
    rows = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    return any(
        row[1] == "FLOCK" and row[4] == str(process.pid) and row[5].endswith(f":{inode}")
        for row in rows
    )


def unsound(cache: Path) -> list[str]:
    """Return the names of files that are neither whole entries nor indexes."""
    whole = {os.path.basename(path) for path, _ in store.entry_files(str(cache))}
    names = [path.name for path in cache.glob("*.json")]
    return [name for name in names if name not in whole and not name.startswith("index-")]


if __name__ == "__main__":
    sys.exit(main())
