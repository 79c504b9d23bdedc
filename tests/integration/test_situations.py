"""Honest situations that the guard must not disturb, and the table of them in ``docs/honest.md``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.attacks.test_table import names_in, patterns_in

if TYPE_CHECKING:
    from conftest import Completed, Runner

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "docs" / "honest.md").read_text()
ROWS = re.findall(r"^\| (\d+)\. ([^|]*) \| ([^|]*) \|$", TABLE, re.M)
RUNS = {row["name"] for row in json.loads((ROOT / "bench/honest/runs.json").read_text())}

MODELS = "class Model:\n    def __init__(self): self.weight = 3\n"
LAUNCHER = """
import pickle, sys
sys.path.insert(0, sys.argv[1])  # as uvicorn's --app-dir, gunicorn's --chdir
value = pickle.load(open("model.pkl", "rb"))
print(type(value).__module__, vars(value))
"""
SAVED = "import pickle, sys; sys.path.insert(0, sys.argv[1]); import models as m\n"
SAVED += "pickle.dump(m.Model(), open('model.pkl', 'wb'))"


def same(run: Runner, script: str, *arguments: str) -> Completed:
    """Run a script with and without the guard; its output is the same."""
    plain, guarded = run(script, *arguments, mode="off"), run(script, *arguments)
    assert plain.returncode == 0, plain.stderr
    assert (guarded.returncode, guarded.stdout) == (0, plain.stdout), guarded.stderr
    return guarded


class TestLauncher:
    """``sys.argv[0]`` is the launcher's, and the project's modules are not imported yet."""

    @pytest.fixture
    def app(self, run: Runner) -> Path:
        folder = run.folder.parent / "app"
        folder.mkdir()
        (folder / "models.py").write_text(MODELS)
        assert run(SAVED, str(folder), mode="off").returncode == 0
        return folder

    def test_loads(self, run: Runner, app: Path) -> None:
        assert "models {'weight': 3}" in same(run, LAUNCHER, str(app)).stdout

    def test_a_module_that_acts_on_import_is_not_imported(self, run: Runner, app: Path) -> None:
        (app / "models.py").write_text(f"open('canary', 'w').close()\n{MODELS}")
        guarded = run(LAUNCHER, str(app))
        assert "import it in your program first" in guarded.stderr
        assert not (run.folder / "canary").exists()


def test_a_class_that_the_program_has_replaced(run: Runner) -> None:
    """As freezegun does with ``datetime``, and gevent with what threads are made of."""
    assert run(
        "import datetime, pickle\n"
        "values = [datetime.datetime(2020, 1, 2), datetime.date(2020, 1, 3)]\n"
        "pickle.dump(values, open('times.pkl', 'wb'))",
        mode="off",
    ).returncode == 0  # fmt: skip
    found = same(
        run,
        """
import datetime, pickle

class Frozen(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2012, 1, 14)

class FrozenDate(datetime.date):
    @classmethod
    def today(cls):
        return cls(2012, 1, 14)

datetime.datetime, datetime.date = Frozen, FrozenDate
for value in pickle.load(open("times.pkl", "rb")):
    print(type(value).__name__, value)
""",
    )
    assert "Frozen 2020-01-02" in found.stdout


def test_loaders_are_pickled_under_their_own_names(run: Runner) -> None:
    pytest.importorskip("cloudpickle")
    made = run(
        """
import cloudpickle, pickle, sys

class Holder:
    loads = pickle.loads  # a builtin: not a method of Holder's

class Mine(pickle.Unpickler):
    def find_class(self, module, name):
        return super().find_class(module, name)

assert Holder().loads(pickle.dumps(1)) == 1
loaders = [pickle.load, pickle.loads, pickle.Unpickler, pickle._Unpickler]
pickle.dump(loaders, open("pickle.pkl", "wb"))
cloudpickle.dump([*loaders, Mine, lambda data: pickle.loads(data)], open("cloudpickle.pkl", "wb"))
""",
        name="save.py",
    )
    assert made.returncode == 0, made.stderr
    read = run(
        """
import io, pickle
names = [f"{one.__module__}.{one.__qualname__}" for one in pickle.load(open("pickle.pkl", "rb"))]
*loaders, mine, function = pickle.load(open("cloudpickle.pkl", "rb"))
print(names, mine(io.BytesIO(pickle.dumps(2))).load(), function(pickle.dumps(3)))
""",
        mode="off",
    )
    assert read.returncode == 0, read.stderr
    assert "_pickle.loads" in read.stdout and read.stdout.split()[-2:] == ["2", "3"]


def test_what_others_have_put_in_place_stays(run: Runner) -> None:
    found = run(
        """
import pickle, pickleball_hook
guarded = pickle.load
def traced(*args, **kwargs):
    return "traced"
pickle.loads = traced
pickleball_hook.uninstall()
print(pickle.loads is traced, pickle.load is not guarded)
"""
    )
    assert found.stdout.split() == ["True", "True"], found.stderr


def test_the_table_has_every_situation() -> None:
    assert [int(number) for number, _, _ in ROWS] == list(range(1, 28))


@pytest.mark.parametrize(("title", "shown"), [row[1:] for row in ROWS], ids=[r[1] for r in ROWS])
def test_what_the_table_names_exists(title: str, shown: str) -> None:
    """A test by its file and name, a run of the bench by its name, or a file."""
    assert shown
    for item in shown.split("; "):
        place, _, names = item.partition(": ")
        path = ROOT / place.strip("`")
        assert path.exists(), place
        if path.suffix == ".py" and names and path.name.startswith("test_"):
            known, patterns = names_in(path), patterns_in(path)
            classes = set(re.findall(r"^class (\w+)", path.read_text(), re.M))
            for name in names.split(", "):
                found = name in known | classes or any(p.fullmatch(name) for p in patterns)
                assert found, f"{place} has no {name}"
        elif path.name == "runs.json":
            assert set(names.split(" + ")) <= RUNS, names
