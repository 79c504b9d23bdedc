"""Many processes and one cache: what was learned is kept once, whole, and used by all."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import Environment, Runner

LIBRARY = """
import random

{classes}

class Model:
    def __init__(self):
        self.parts = []

    def __reduce__(self):
        return rebuild, (self.parts,)


def rebuild(parts):
    model = Model()
    model.parts = parts
    return model
"""

LOAD = """
import pickle, sys
with open(sys.argv[1], "rb") as file:
    model = pickle.load(file)
print(len(model.parts))
"""

SAVE = """
import sys
import bigone, pickle
model = bigone.Model()
model.parts = [getattr(bigone, f"Part{n}")() for n in range(60)]
with open(sys.argv[1], "wb") as file:
    pickle.dump(model, file)
"""

PART = """
class Part{n}:
    def __init__(self):
        self.value = {n}

    def __setstate__(self, state):
        self.value = state["value"]

    def run(self, other):
        return helper{n}(other, self.value)


def helper{n}(one, two):
    return one + two
"""


@pytest.fixture
def model(run: Runner, scratch: Environment) -> Path:
    """Install a library into an environment of the test's own, and save an object of it."""
    run.python = scratch.python
    classes = "\n".join(PART.format(n=n) for n in range(60))
    (scratch.site_packages / "bigone.py").write_text(LIBRARY.format(classes=classes))
    info = scratch.site_packages / "bigone-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bigone\nVersion: 1.0\n")
    (info / "RECORD").write_text("bigone.py,,\nbigone-1.0.dist-info/METADATA,,\n")
    path = run.folder / "model.pkl"
    done = run(SAVE, path, name="save.py")
    assert done.returncode == 0, done.stderr
    return path


def start(run: Runner, model: Path) -> subprocess.Popen[bytes]:
    script = run.folder / "load.py"
    if not script.exists():
        script.write_text(LOAD)
    return subprocess.Popen(
        [run.python, script, model],
        cwd=run.folder,
        env=run.variables(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def entries(run: Runner) -> list[dict[str, object]]:
    folder = run.cache / "pickleball-auto"
    return [json.loads(path.read_bytes()) for path in folder.glob("bigone-*.json")]


def test_many_processes_on_a_cold_cache(run: Runner, model: Path) -> None:
    processes = [start(run, model) for _ in range(64)]
    for process in processes:
        out, err = process.communicate(timeout=300)
        assert (process.returncode, out, err) == (0, b"60\n", b"")
    (entry,) = entries(run)
    assert len(entry["verdicts"]) >= 61  # type: ignore[arg-type]
    folder = run.cache / "pickleball-auto"
    left = [path.name for path in folder.iterdir() if path.suffix not in (".json", ".lock")]
    assert left == []


def test_processes_that_are_killed_leave_no_bad_entry(run: Runner, model: Path) -> None:
    """Twenty times here; ``bench/kill.py`` does it two hundred times."""
    chance = random.Random(0)
    begun = time.monotonic()
    start(run, model).communicate(timeout=120)
    whole = time.monotonic() - begun
    for _ in range(20):
        for path in (run.cache / "pickleball-auto").glob("*.json"):
            path.unlink()
        process = start(run, model)
        time.sleep(chance.uniform(0.3, 1.0) * whole)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        entries(run)  # each that is there is whole
        assert start(run, model).communicate(timeout=120)[0] == b"60\n"


def test_shared_layer(run: Runner, model: Path) -> None:
    """What an image was warmed with is used, and nothing is written where nothing can be."""
    assert start(run, model).communicate()[0] == b"60\n"
    shared = run.folder / "shared"
    (run.cache / "pickleball-auto").rename(shared)
    before = {path.name: path.read_bytes() for path in shared.glob("*.json")}
    run.cache.rmdir()
    run.cache.write_text("no folder")
    count = "import sys, pickle\n" + LOAD + "print('policy_cache.analysis.judge' in sys.modules)\n"
    path = {"PICKLEBALL_POLICY_PATH": str(shared), "PICKLEBALL_QUIET": "1"}
    done = run(count, model, env=path)
    assert done.stdout == "60\nFalse\n", done.stderr
    assert run(count, model, env={"PICKLEBALL_QUIET": "1"}).stdout == "60\nTrue\n"
    os.chmod(shared, 0o777)
    assert run(count, model, env=path).stdout == "60\nTrue\n", "others could have written it"
    assert {path.name: path.read_bytes() for path in shared.glob("*.json")} == before


def test_an_upgrade_in_place_is_judged_anew(run: Runner, model: Path, scratch: Environment) -> None:
    assert start(run, model).communicate()[0] == b"60\n"
    library = scratch.site_packages / "bigone.py"
    text = library.read_text()
    library.write_text(
        text.replace("def rebuild(parts):", "def rebuild(parts):\n    eval(parts[0])")
    )
    out, err = start(run, model).communicate()
    assert out == b""
    assert b"PolicyViolation" in err and b"rebuild" in err


def test_what_cannot_be_kept_is_said_once(run: Runner, model: Path) -> None:
    run.cache.write_text("no folder")
    twice = (
        LOAD
        + "import subprocess\nif len(sys.argv) < 3:\n    subprocess.run([sys.executable, *sys.argv, 'again'])\n"
    )
    done = run(twice, model)
    assert done.stdout == "60\n60\n"
    assert done.stderr.startswith("pickleball: ") and str(run.cache) in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert run(twice, model, env={"PICKLEBALL_QUIET": "1"}).stderr == ""
    assert run(LOAD, model, python_flags=["-W", "error"]).returncode == 0
