"""The source of a ``__main__`` without a file."""

from __future__ import annotations

import linecache
import sys
import types
from pathlib import Path

import pytest

from policy_cache import policies
from policy_cache.model import CALL
from policy_cache.source import cells, syntax


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    made = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", made)
    monkeypatch.setattr(sys, "orig_argv", ["python"])
    monkeypatch.setattr(linecache, "cache", {})
    policies.forget()
    return made


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-c", "x = 1", "-c", "y"], "x = 1"),
        (["-cx = 1"], "x = 1"),
        (["-Bc", "x = 1"], "x = 1"),
        (["-W", "error", "-X", "dev", "-Xutf8", "-Werror", "-sc", "x = 1"], "x = 1"),
        (["-bWc", "-c", "x = 1"], "x = 1"),
        (["--check-hash-based-pycs", "never", "-c", "x = 1"], "x = 1"),
        (["-m", "module", "-c", "x = 1"], ""),
        (["-Im", "module", "-c", "x = 1"], ""),
        (["script.py", "-c", "x = 1"], ""),
        (["-", "-c", "x = 1"], ""),
        (["-i"], ""),
        (["-c"], ""),
        ([], ""),
    ],
)
def test_text_on_the_command_line(arguments: list[str], expected: str) -> None:
    assert cells.command(["python", *arguments]) == expected


def ran(main: types.ModuleType, *texts: str) -> None:
    """Run cells as IPython does, and keep them where it does."""
    vars(main).setdefault("get_ipython", lambda: None)
    for text in texts:
        vars(main).setdefault("In", [""]).append(text)
        try:
            exec(compile(text, "<cell>", "exec"), vars(main))
        except SyntaxError:
            continue


def test_the_latest_cell_counts(main: types.ModuleType) -> None:
    ran(main, "class A: x = 1", "class A: x = 2", "class A: x = 1", "class :")
    assert cells.text(main) == "class A: x = 2\nclass A: x = 1"


def test_lists_of_that_name_are_no_cells(main: types.ModuleType) -> None:
    vars(main)["In"] = ["class A: pass"]
    assert cells.text(main) == ""


def test_lines_typed_at_a_prompt(main: types.ModuleType) -> None:
    linecache.cache["<python-input-0>"] = (1, None, ["class A:\n", "    x = 1\n"], "<stdin>")
    linecache.cache["/tmp/ipykernel_7/8.py"] = (1, 0.0, ["class B: y = 2\n"], "cell")
    linecache.cache["<attrs generated init X>"] = (1, None, ["class C: pass\n"], "x")
    linecache.cache["lazy"] = (lambda: "",)
    assert cells.text(main) == "class A:\n    x = 1\n\nclass B: y = 2\n"


def test_script_that_goes_on_at_a_prompt(main: types.ModuleType, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("def f(): pass\n")
    exec(compile(script.read_text(), str(script), "exec"), vars(main))
    assert cells.text(main) == "def f(): pass\n"


def test_class_of_a_later_cell_is_judged_by_it(main: types.ModuleType) -> None:
    """The analysis of the cells before must not be what the next verdict rests on."""
    harmless = "class A:\n    def __init__(self, a): self.a = a\n"
    acting = "import os\nclass A:\n    def __init__(self, a): os.system(a)\n"
    ran(main, harmless)
    assert CALL in policies.verdict("__main__", "A", CALL).grants
    ran(main, acting)
    assert "posix:system" in policies.verdict("__main__", "A", CALL).why_not(CALL)
    ran(main, harmless)
    assert CALL in policies.verdict("__main__", "A", CALL).grants


def test_module_that_is_edited_and_reloaded(library, monkeypatch: pytest.MonkeyPatch) -> None:
    path = library.write("edited.py", "class A:\n    def __init__(self, a): self.a = a\n")
    monkeypatch.setitem(sys.modules, "edited", types.ModuleType("edited"))
    assert CALL in policies.verdict("edited", "A", CALL).grants
    assert not syntax.is_stale()
    path.write_text("import os\nclass A:\n    def __init__(self, a): os.system(a)\n")
    assert syntax.is_stale()
    assert CALL not in policies.verdict("edited", "A", CALL).grants
