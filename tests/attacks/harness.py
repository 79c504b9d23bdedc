"""Running attacks: in batches, each batch in one child interpreter, in plain and guarded mode."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TIMEOUT = 120.0
REFERENCE = "reference"
"""Enforce mode with the reference machine alone."""
STEPS = "steps"
"""Enforce mode with replays that check each operation as it executes, where there are any."""
CRASH = "crash of the interpreter"


class Attack(NamedTuple):
    """One hostile stream.

    Attributes
    ----------
    name : str
        The claim.
    build : callable
        Makes the stream, given the path of the canary that it is to touch.
    refusal : str
        What the text of the refusal holds.
    before, load, after : str
        What the honest program does: around the load, its result is to be in ``value``.
    error : str
        The exception it ends with.
    unsolved : str
        Why it is known to act.
    """

    name: str
    build: Callable[[str], bytes]
    refusal: str = ""
    load: str = "value = pickle.loads(data)"
    after: str = ""
    before: str = ""
    error: str = "PolicyViolation"
    unsolved: str = ""


class Outcome(NamedTuple):
    """What became of an attack: whether the canary was touched, and the exception."""

    touched: bool
    error: str
    text: str


class Arenas:
    """The outcomes of one test module's attacks, run once per mode when first asked for."""

    def __init__(self, site: Path, folder: Path, attacks: Sequence[Attack]) -> None:
        self._site, self._folder, self._attacks = site, folder, attacks
        self._known: dict[str, dict[str, Outcome]] = {}

    def outcome(self, attack: Attack, mode: str) -> Outcome:
        """Return what became of one attack."""
        if mode not in self._known:
            self._known[mode] = self.run(self._attacks, mode)
        return self._known[mode][attack.name]

    def run(self, attacks: Sequence[Attack], mode: str) -> dict[str, Outcome]:
        """Run attacks in a child interpreter of their own."""
        folder = self._folder / f"{mode}{len(list(self._folder.iterdir()))}"
        folder.mkdir()
        cases: list[dict[str, Any]] = []
        for index, attack in enumerate(attacks):
            canary = str(folder / f"canary{index}")
            case = attack._asdict() | {"canary": canary}
            case["mode"] = "enforce" if mode in (REFERENCE, STEPS) else mode
            case["data"] = base64.b64encode(case.pop("build")(canary)).decode()
            cases.append(case)
        found: dict[str, Outcome] = {}
        while waiting := [case for case in cases if case["name"] not in found]:
            found |= self._run_child(waiting, folder, mode)
        return found

    def _run_child(
        self, cases: list[dict[str, Any]], folder: Path, mode: str
    ) -> dict[str, Outcome]:
        """Run cases until one of them brings the interpreter down."""
        child = subprocess.run(
            [sys.executable, str(HERE / "arena.py"), str(self._site)],
            input=json.dumps(cases),
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            cwd=folder,
            env=variables(folder, mode),
        )
        lines = [json.loads(line) for line in child.stdout.splitlines() if line.startswith("{")]
        found = {n["case"]: Outcome(n["touched"], n["error"], n["text"]) for n in lines}
        left = [case["name"] for case in cases if case["name"] not in found]
        if left:
            found[left[0]] = Outcome(False, CRASH, child.stderr[-500:])
        return found


def variables(home: Path, mode: str) -> dict[str, str]:
    """Return the environment of a child: a home of its own, and the tree under test."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL") if key in os.environ}
    return kept | {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "PYTHONPATH": str(ROOT),
        "PICKLEBALL_MODE": "enforce" if mode in (REFERENCE, STEPS) else mode,
        "ARENA_ENGINE": mode,
        "PICKLEBALL_QUIET": "1",
    }


def claims(attacks: Sequence[Attack]) -> list[Any]:
    """Return the parameters of a test that checks each attack."""
    return [
        pytest.param(
            attack,
            id=attack.name,
            marks=[pytest.mark.xfail(strict=True, reason=attack.unsolved)] * bool(attack.unsolved),
        )
        for attack in attacks
    ]


def check_audit(arenas: Arenas, attacks: Sequence[Attack]) -> None:
    """Check that audit mode only looks on: whatever plain Python does is what happens."""
    differ = [
        (attack.name, plain, audited)
        for attack in attacks
        if (plain := arenas.outcome(attack, "off")) != (audited := arenas.outcome(attack, "audit"))
    ]
    assert not differ, differ


def check(arenas: Arenas, attack: Attack) -> None:
    """Check that an attack acts in plain Python and is refused before it acts under the guard."""
    plain = arenas.outcome(attack, "off")
    assert plain.touched or plain.error == CRASH, f"no attack at all: {plain}"
    guarded = arenas.outcome(attack, "enforce")
    assert not guarded.touched, f"it acted: {guarded}"
    # The effect guard is the net under the policy: what only it has caught is a gap of the policy.
    assert not guarded.text.startswith("refused an effect"), guarded
    assert guarded.error == attack.error, guarded
    assert attack.refusal in guarded.text, guarded
