"""Classes of a ``__main__`` without a file: ``-c``, a pipe, a prompt, cells, an archive."""

from __future__ import annotations

import json
import subprocess
import textwrap
import zipapp

import pytest

from tests.conftest import Runner

CLASSES = """
import os, pickle, sys, json
from dataclasses import dataclass
from enum import Enum

class Colour(Enum):
    RED = 1

@dataclass
class Data:
    a: int

class Keywords:
    def __new__(cls, *, a):
        made = super().__new__(cls)
        made.a = a
        return made
    def __getnewargs_ex__(self):
        return (), {"a": self.a}
    def __repr__(self):
        return f"Keywords({self.a})"

def restore(a):
    return Reduced(a)

class Reduced:
    def __init__(self, a):
        self.a = list(a)
    def __reduce__(self):
        return restore, (self.a,)
    def __repr__(self):
        return f"Reduced({self.a})"
    def method(self):
        return self.a

class Acts:
    def __setstate__(self, state):
        self.run(state)
    def run(self, state):
        os.mkdir(state["path"])

"""
SAVE = """
for protocol in (2, 4): pickle.dump([Colour.RED, Data(1), Keywords(a=2), Reduced([3]), Reduced.method], open(f"honest{protocol}.pkl", "wb"), protocol)

pickle.dump(Acts(), open("hostile.pkl", "wb"))
"""
LOAD = """
def load(name):
    try:
        return str(pickle.load(open(name, "rb")))
    except Exception as error:
        return type(error).__name__

print(json.dumps([load("honest2.pkl"), load("honest4.pkl"), load("hostile.pkl"), os.path.exists("canary")]))
"""
HOSTILE = b"\x80\x02c__main__\nActs\n)\x81}X\x04\0\0\0pathX\x06\0\0\0canarysb."
WAYS = ("-c", "-", "-i", "archive")


def started(run: Runner, way: str, text: str, mode: str) -> str:
    """Run a program in one of the ways that leave it without a file; return what it prints."""
    command, given = [str(run.python), way], ""
    if way == "-c":
        command.append(text)
    elif way == "archive":
        (run.folder / "app").mkdir(exist_ok=True)
        (run.folder / "app" / "__main__.py").write_text(text)
        zipapp.create_archive(run.folder / "app", run.folder / "app.pyz")
        command[1] = "app.pyz"
    else:
        given = text
    done = subprocess.run(
        command,
        input=given,
        cwd=run.folder,
        env=run.variables(mode),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def typed(text: str) -> str:
    """Return a program as it has to be typed at a prompt: a blank line ends each block."""
    lines: list[str] = []
    for line in textwrap.dedent(text).splitlines():
        if lines and lines[-1].startswith((" ", ")")) and line and not line.startswith((" ", ")")):
            lines.append("")
        if line or not (lines and lines[-1].startswith(" ")):
            lines.append(line)
    return "\n".join(lines) + "\n\n"


@pytest.mark.parametrize("way", WAYS)
def test_honest_objects_load_and_hostile_ones_do_not(run: Runner, way: str) -> None:
    shape = typed if way == "-i" else str
    started(run, way, shape(CLASSES + SAVE), "off")
    (run.folder / "hostile.pkl").write_bytes(HOSTILE)
    printed = started(run, way, shape(CLASSES + LOAD), "enforce")
    two, four, hostile, touched = json.loads(printed[printed.index("[") :].splitlines()[0])
    assert two.startswith("[<Colour.RED: 1>, Data(a=1), Keywords(2), Reduced([3]), <function")
    assert four.startswith("[<Colour.RED: 1>, Data(a=1), Keywords(2), Reduced([3]), <function")
    assert (hostile, touched) == ("PolicyViolation", False)


def test_the_hostile_one_acts_without_the_guard(run: Runner) -> None:
    started(run, "-c", CLASSES + SAVE, "off")
    (run.folder / "hostile.pkl").write_bytes(HOSTILE)
    assert json.loads(started(run, "-c", CLASSES + LOAD, "off"))[3] is True


@pytest.mark.parametrize("later", [False, True], ids=["class", "function of a later cell"])
@pytest.mark.parametrize("action", ["os.mkdir", "str"])
def test_cells_of_a_notebook(run: Runner, action: str, later: bool) -> None:
    """IPython's own way to run a cell, where it is installed."""
    pytest.importorskip("IPython")
    load = (
        "try: pickle.loads(data)\nexcept Exception as error: print('raised', type(error).__name__)"
    )
    cells = [
        "import os, pickle",
        f"def act(path): {'str' if later else action}(path)",
        "class Cell:\n    def __setstate__(self, state): act(state['path'])",
        f"data = {HOSTILE.replace(b'Acts', b'Cell')!r}",
        *([load] * 3 if later else []),
        f"def act(path): {action}(path)",
        load,
        "print('touched', os.path.exists('canary'))",
    ]
    script = f"""
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(user_module=sys.modules["__main__"])
del sys.modules["__main__"].__file__
for cell in {cells!r}:
    shell.run_cell(cell, store_history=True)
"""
    done = run(script, mode="enforce")
    assert "touched False" in done.stdout, done.stdout + done.stderr
    assert done.stdout.count("raised PolicyViolation") == (action == "os.mkdir"), done.stdout


@pytest.mark.parametrize("way", ["-c", "-", "-i"])
def test_modules_beside_it_are_not_its_own(run: Runner, way: str) -> None:
    """They are found because the working directory is on the path: anyone may have put them there."""
    (run.folder / "beside.py").write_text("class Beside: pass\n")
    shape = typed if way == "-i" else str
    started(
        run,
        way,
        "import pickle, beside\npickle.dump(beside.Beside(), open('b.pkl', 'wb'))\n",
        "off",
    )
    text = """
import pickle, sys
def load():
    try:
        pickle.load(open('b.pkl', 'rb'))
    except Exception as error:
        return type(error).__name__

print('[', load(), 'beside' in sys.modules)
"""
    assert "[ PolicyViolation False" in started(run, way, shape(text), "enforce")
