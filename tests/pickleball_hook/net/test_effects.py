"""The effect guard's table and its judgement of single events."""

from __future__ import annotations

import importlib
import json
import os
import pickle
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from pickleball_hook import context
from pickleball_hook.net import attribution, effects, events

TABLE = json.loads(Path(effects.__file__).with_suffix(".json").read_bytes())
ROWS = TABLE["events"]
EXCUSES = TABLE["callers"]


@pytest.fixture(autouse=True)
def listening() -> None:
    events.listen()


def test_every_event_has_a_rule_that_is_known_and_a_reason() -> None:
    assert ROWS and set(ROWS).isdisjoint(TABLE["unwatched"])
    for event, row in ROWS.items():
        assert row["kind"] in effects._ACTS, event
        assert row["why"], event
    assert all(TABLE["unwatched"].values())


@pytest.mark.parametrize("row", EXCUSES, ids=lambda row: str(row["function"]))
def test_every_function_that_excuses_exists_and_says_why(row: dict[str, Any]) -> None:
    module, _, function = row["function"].partition(":")
    pytest.importorskip(module.partition(".")[0])
    namespace = vars(importlib.import_module(module))
    assert isinstance(attribution.code_of(namespace, function), types.CodeType)
    assert row["why"]
    assert all(event == "*" or event in ROWS for event in row["events"])


def test_every_event_that_this_python_raises_in_its_library_is_in_the_table() -> None:
    """What a new Python adds has to be decided about."""
    import re

    told = re.compile(rb"sys\.audit\(\s*[\"']([\w./]+)[\"']")
    found: set[str] = set()
    for path in Path(os.__file__).parent.rglob("*.py"):
        if not {"test", "tests", "site-packages"} & set(path.parts):
            found |= {event.decode() for event in told.findall(path.read_bytes())}
    assert "shutil.rmtree" in found
    assert found <= {*ROWS, *TABLE["unwatched"]} | {"pdb.Pdb"}


@pytest.mark.parametrize(
    ("event", "args", "acts"),
    [
        ("open", ("f", "r", 0), False),
        ("open", ("f", "rb", os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)), False),
        ("open", ("f", None, os.O_RDONLY), False),
        ("open", ("f", "w", 0), True),
        ("open", ("f", "a", 0), True),
        ("open", ("f", "x", 0), True),
        ("open", ("f", "r+", 0), True),
        ("open", ("f", None, os.O_WRONLY), True),
        ("open", ("f", None, os.O_RDWR), True),
        ("open", ("f", None, os.O_CREAT), True),
        ("open", (3, "wb", 0), True),
        ("open", (os.devnull, "w", 0), False),
        ("mmap.__new__", (-1, 10, 0, 0), False),
        ("mmap.__new__", (3, 10, 1, 0), False),
        ("mmap.__new__", (3, 10, 3, 0), False),
        ("mmap.__new__", (3, 10, 2, 0), True),
        ("mmap.__new__", (3, 10, 0, 0), True),
        ("sqlite3.connect", (":memory:",), False),
        ("sqlite3.connect", ("f",), True),
        ("object.__setattr__", (print, "__code__", None), True),
        ("object.__setattr__", (int, "__bases__", ()), True),
        ("object.__setattr__", (3, "__class__", int), False),
        ("object.__setattr__", (os, "__class__", int), True),
        ("object.__setattr__", (int, "__module__", "x"), False),
        ("object.__delattr__", (print, "__defaults__"), True),
        ("os.system", (b"true",), True),
    ],
)
def test_what_is_an_effect(event: str, args: tuple[Any, ...], acts: bool) -> None:
    assert effects._ACTS[ROWS[event]["kind"]](args) is acts


def test_nothing_is_judged_outside_a_load(tmp_path: Path) -> None:
    assert not context.running
    effects.check("os.system", (b"true",), sys._getframe())
    (tmp_path / "written").write_text("x")


def test_nothing_is_judged_that_no_unpickler_asked_for(tmp_path: Path) -> None:
    with context.entering():
        assert context.running
        (tmp_path / "written").write_text("x")
    assert not context.running


def test_a_finished_load_that_a_context_kept_is_none() -> None:
    import contextvars

    with context.entering() as load:
        kept = contextvars.copy_context()
        assert context.current() is load
    assert kept.run(context.current) is None

    def again() -> object:
        with context.entering() as new:
            return new

    assert kept.run(again) is not load


def test_a_forked_child_forgets_the_loads_of_other_threads() -> None:
    with context.entering() as load:
        context.running[1] = -1
        context._forget_others()
        assert list(context.running) == [id(load)]


@pytest.mark.parametrize(
    ("module", "names", "named"),
    [
        ("json", ("json",), True),
        ("json.decoder", ("json.decoder",), True),
        ("json.decoder", ("decoder",), True),
        ("os", ("system",), False),
        ("subprocess", ("process",), False),
        ("", ("",), False),
    ],
)
def test_names_of_import_statements(module: str, names: tuple[str, ...], named: bool) -> None:
    assert attribution.is_named(module, names) is named


def test_the_audit_hook_is_put_in_once(monkeypatch: pytest.MonkeyPatch) -> None:
    put: list[object] = []
    monkeypatch.setattr(sys, "addaudithook", put.append)
    events.silence()
    assert not events.listening()
    events.listen()
    events.listen()
    assert events.listening() and not put


def test_a_failure_of_the_effect_guard_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(attribution, "culprit", fail)
    with pytest.raises(pickle.UnpicklingError, match="the effect guard failed"), context.entering():
        effects.check("os.system", (b"true",), sys._getframe())


def test_closed_streams_never_put_it_in() -> None:
    """Nothing acts in them, so they do not pay for it."""
    import subprocess

    script = (
        "import pickle, datetime, sys\n"
        "pickle.loads(pickle._dumps([1, {'a': datetime.date(2020, 1, 1)}]))\n"
        "e = sys.modules.get('pickleball_hook.net.events')\n"
        "print(e is not None and e.listening())"
    )
    command = [
        sys.executable,
        "-c",
        f"from pickleball_hook import startup; startup.install()\n{script}",
    ]
    root = Path(effects.__file__).parent.parent
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(root), "PICKLEBALL_MODE": "enforce"},
        check=False,
    )
    assert done.stdout.strip() == "False", done.stderr


FORGETFUL = """
import pickle, sys
import pickleball_hook
pickleball_hook.install()
from pickleball_hook.net import events
events.listen()
for name in [name for name in sys.modules if name.startswith("pickleball_hook.net")]:
    del sys.modules[name]
assert str(pickle.loads(b"cfractions\\nFraction\\n(S'1/2'\\ntR.")) == "1/2"
"""


def test_the_hook_holds_when_modules_are_forgotten() -> None:
    """As CPython's test.support does, which puts ``sys.modules`` back to what it was."""
    done = subprocess.run(
        [sys.executable, "-c", FORGETFUL], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
