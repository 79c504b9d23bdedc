"""Ask the policy about names in a process of its own, for libraries that are only unpacked.

Used by ``baselines.py`` and ``benign.py``. Distributions are installed without their dependencies
into a folder each, and nothing of them is imported: the policy reads their files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

PIP = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target")


class Question(NamedTuple):
    """One global, as a file names it, and the operation it is to undergo."""

    module: str
    name: str
    operation: str


class Answer(NamedTuple):
    """What the policy says: `reason` is empty where it permits the operation."""

    question: Question
    kind: str
    reason: str

    @property
    def absent(self) -> bool:
        """Whether static analysis finds no such name in the library that is there."""
        return self.kind == "absent" and bool(self.reason)


def install(folder: Path, requirement: str, python: str = "") -> Path | None:
    """Install one distribution into a folder of its own; the folder, None if it does not install.

    One folder each, since pip replaces namespace packages that share one. `python` chooses wheels
    of another version: they are read, not run.
    """
    home = folder / requirement
    if home.is_dir():
        return home
    failed = folder / f"{requirement}.failed"
    if failed.exists():
        return None
    wheel = ("--only-binary=:all:", "--python-version", python) if python else ()
    half = folder / f"{requirement}.part"
    ended = subprocess.run([*PIP, str(half), *wheel, requirement], capture_output=True, text=True)
    if ended.returncode:
        failed.write_text(ended.stderr)
        return None
    return half.rename(home)


def ask(folders: Iterable[Path], questions: Iterable[Question]) -> list[Answer]:
    """Judge in a child with a cold cache and `folders` as site folders, before those it has."""
    with tempfile.TemporaryDirectory(prefix="static-") as home:
        environment = {**os.environ, "XDG_CACHE_HOME": home, "PICKLEBALL_MODE": "off"}
        ended = subprocess.run(
            [sys.executable, __file__, *map(str, folders)],
            input=json.dumps(list(questions)),
            capture_output=True,
            text=True,
            env=environment,
        )
    if ended.returncode:
        raise SystemExit(ended.stderr)
    return [Answer(Question(*row[0]), *row[1:]) for row in json.loads(ended.stdout)]


def judge(question: Question) -> Answer:
    """Judge one operation, and the import that the name brings about."""
    from policy_cache import policies

    module, name, operation = question
    verdict = policies.verdict(module, name, operation)
    reason = "" if operation in verdict.grants else verdict.why_not(operation)
    home = verdict.target.partition(":")[0]
    for imported in (module, home):
        reason = reason or policies.reason_against_import(imported)
    return Answer(question, verdict.kind, reason)


def main() -> None:
    """Answer the questions on standard input, in the child."""
    import site

    before = len(sys.path)
    for folder in sys.argv[1:]:
        site.addsitedir(folder)
    sys.path[:] = sys.path[before:] + sys.path[:before]
    questions = [Question(*row) for row in json.load(sys.stdin)]
    json.dump([judge(question) for question in questions], sys.stdout)


if __name__ == "__main__":
    main()
