"""The start-up file in real interpreters: what it does, what it costs in imports, how it fails."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import Environment, Runner

# Prints what the hook has done so far, without importing anything that would change it.
STATE = """
import sys
def state():
    finders = [f for f in sys.meta_path if getattr(f, "__name__", "") == "PickleballFinder"]
    patches = sys.modules.get("pickleball_hook.doors.patches")
    applied = patches.applied() if patches else ()
    return len(finders), sorted({label.partition(".")[0] for label in applied})
"""

PATCHED = "(1, ['_pickle', 'pickle'])"


def printed(run: Runner, script: str, **options: object) -> str:
    """Run a script that must succeed in silence, and return what it printed."""
    done = run(STATE + script, **options)  # type: ignore[arg-type]
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.strip()


def test_nothing_is_imported_at_startup(run: Runner, scratch: Environment) -> None:
    script = "import sys; print(' '.join(sorted(sys.modules)))"
    with_it = run(script).stdout.split()
    (scratch.site_packages / "pickleball_auto_startup.pth").unlink()
    without = run(script, python=scratch.python).stdout.split()
    assert with_it == without


def test_importing_pickle_imports_no_dependency(run: Runner) -> None:
    heavy = {"wrapt", "platformdirs", "importlib_metadata", "importlib.metadata", "inspect", "json"}
    loaded = printed(run, "import pickle; print(' '.join(sys.modules))").split()
    assert "pickleball_hook.doors.patches" in loaded
    assert heavy.isdisjoint(loaded)


@pytest.mark.parametrize(
    "statement",
    [
        "import pickle",
        "import _pickle, pickle",
        "from pickle import loads",
        "import multiprocessing.connection, multiprocessing.reduction",
        "import importlib; importlib.import_module('pickle')",
    ],
)
def test_import_order(run: Runner, statement: str) -> None:
    assert printed(run, f"print(state()[0])\n{statement}\nprint(state())") == f"1\n{PATCHED}"


def test_first_imports_in_many_threads(run: Runner) -> None:
    """Neither a deadlock nor a module half imported, whichever thread is first."""
    script = """
import random, threading
sys.setswitchinterval(1e-5)
names = ["pickle", "_pickle"] * 8
random.shuffle(names)
barrier = threading.Barrier(len(names))
def import_it(name):
    barrier.wait()
    __import__(name)
threads = [threading.Thread(target=import_it, args=[name], daemon=True) for name in names]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(state())
"""
    for _ in range(20):
        assert printed(run, script, timeout=30) == PATCHED


def test_accelerator_alone(run: Runner) -> None:
    assert "_pickle" in printed(run, "import _pickle; print(state())")


@pytest.mark.parametrize("library", ["joblib", "torch"])
def test_library(run: Runner, library: str) -> None:
    assert library in printed(run, f"import {library}; print(state())")


def test_install_when_already_imported(run: Runner) -> None:
    script = "import pickle, pickleball_hook; pickleball_hook.install(); print(state())"
    assert printed(run, script, python_flags=["-S"], env=packages(run)) == PATCHED


def test_uninstall(run: Runner) -> None:
    script = "import pickle, pickleball_hook; pickleball_hook.uninstall(); print(state())"
    assert printed(run, script) == "(0, [])"


def test_uninstall_before_any_import(run: Runner) -> None:
    script = "import pickleball_hook; pickleball_hook.uninstall(); import pickle; print(state())"
    assert printed(run, script) == "(0, [])"


def test_startup_file_run_after_pickle_was_imported(run: Runner) -> None:
    script = "import pickle, site; site.main(); print(state())"
    assert printed(run, script, python_flags=["-S"]) == PATCHED


def test_startup_file_run_again(run: Runner) -> None:
    folder = site_packages(run)
    again = f"import site; site.addsitedir({folder!r}); "
    assert printed(run, again + "print(state())") == "(1, [])"
    assert printed(run, f"import pickle; {again} print(state())") == PATCHED
    other_finder = "sys.meta_path.insert(0, type('Other', (), {'find_spec': lambda *a: None})); "
    assert printed(run, other_finder + again + "import pickle; print(state())") == PATCHED


def test_start_file_entry_point(run: Runner, scratch: Environment) -> None:
    """What Python 3.15 does at start-up with a ``.start`` file (PEP 829)."""
    (scratch.site_packages / "pickleball_auto_startup.pth").unlink()
    (scratch.site_packages / "sitecustomize.py").write_text(
        "import os.path, pkgutil\n"
        "path = os.path.join(os.path.dirname(__file__), 'pickleball_auto_startup.start')\n"
        "with open(path) as file:\n"
        "    for line in file:\n"
        "        pkgutil.resolve_name(line.strip())()\n"
    )
    assert printed(run, "import pickle; print(state())", python=scratch.python) == PATCHED
    done = run(STATE + "print(state())", python=scratch.python, mode="off")
    assert (done.stdout, done.stderr) == ("(0, [])\n", "")


@pytest.mark.parametrize(
    ("flags", "mode", "expected"),
    [
        ([], None, PATCHED),
        ([], "enforce", PATCHED),
        ([], "audit", PATCHED),
        ([], "off", "(0, [])"),
        (["-E"], "off", PATCHED),
        (["-I"], "off", PATCHED),
        (["-S"], None, "(0, [])"),
        (["-s"], None, PATCHED),
        (["-O"], None, PATCHED),
        (["-X", "utf8"], None, PATCHED),
        (["-W", "error"], None, PATCHED),
    ],
)
def test_flags_and_mode(run: Runner, flags: list[str], mode: str | None, expected: str) -> None:
    script = "import pickle; print(state())"
    assert printed(run, script, python_flags=flags, mode=mode) == expected


def test_install_with_mode_off_installs_nothing(run: Runner) -> None:
    script = "import pickle, pickleball_hook; pickleball_hook.install(); print(state())"
    assert printed(run, script, mode="off") == "(0, [])"


def test_module_keeps_its_own_spec_and_loader(run: Runner) -> None:
    script = """
import importlib.machinery, importlib.util
early = importlib.util.find_spec("pickle")
print(isinstance(early.loader, importlib.machinery.SourceFileLoader), early.loader.name)
import copy, inspect, pickle, pkgutil, _pickle
copy.copy(early), copy.deepcopy(early)
for module in (pickle, _pickle):
    print(type(module.__loader__).__name__, module.__spec__.loader is module.__loader__)
print(inspect.getsource(pickle).splitlines()[0], inspect.getsourcefile(pickle) == pickle.__file__)
print(len(pkgutil.get_data("json", "decoder.py")) > 0)
print(importlib.util.find_spec("pickle") is pickle.__spec__)
"""
    hooked = printed(run, script)
    plain = printed(run, script, mode="off")
    assert hooked == plain


def test_reload_is_patched_again(run: Runner) -> None:
    script = """
import importlib, pickle
names = "load", "loads", "Unpickler"
before = [getattr(pickle, name) for name in names]
importlib.reload(pickle)
print(before == [getattr(pickle, name) for name in names], state())
"""
    assert printed(run, script) == f"True {PATCHED}"


def test_lazy_loader(run: Runner) -> None:
    script = """
import importlib.util
spec = importlib.util.find_spec("joblib")
spec.loader = importlib.util.LazyLoader(spec.loader)
module = importlib.util.module_from_spec(spec)
sys.modules["joblib"] = module
spec.loader.exec_module(module)
print("joblib" in state()[1])
module.load
print("joblib" in state()[1], type(module.__loader__).__name__)
"""
    assert printed(run, script) == "False\nTrue SourceFileLoader"


def test_another_hook_of_the_same_kind(run: Runner) -> None:
    """A finder that asks the whole of ``sys.meta_path`` again, as wrapt's import hooks do."""
    script = """
import importlib.util
class Other:
    busy = False
    def find_spec(self, name, path=None, target=None):
        if name != "pickle" or self.busy:
            return None
        self.busy = True
        try:
            return importlib.util.find_spec(name)
        finally:
            self.busy = False
sys.meta_path.insert({position}, Other())
import pickle
print(state(), type(pickle.__loader__).__name__)
"""
    for position in ("0", "1"):
        answer = printed(run, script.replace("{position}", position))
        assert answer == f"{PATCHED} SourceFileLoader"


def test_failing_import_fails_as_before(run: Runner) -> None:
    (run.folder / "joblib.py").write_text("raise ImportError('not today')")
    script = """
for attempt in range(2):
    try:
        import joblib
    except ImportError as error:
        print(error, "joblib" in sys.modules, state())
"""
    assert printed(run, script).splitlines() == ["not today False (1, [])"] * 2


def test_module_not_installed(run: Runner, scratch: Environment) -> None:
    (scratch.site_packages / "zz_test_libraries.pth").unlink()
    script = "try: import torch\nexcept ModuleNotFoundError as error: print(error)"
    assert printed(run, script, python=scratch.python) == "No module named 'torch'"


def test_package_removed_but_startup_file_left(run: Runner, scratch: Environment) -> None:
    shutil.rmtree(scratch.site_packages / "pickleball_hook")
    shutil.rmtree(scratch.site_packages / "policy_cache")
    script = "import pickle; print(pickle.loads(pickle.dumps([1])), state())"
    assert printed(run, script, python=scratch.python) == "[1] (1, [])"


def test_dependencies_missing(run: Runner, scratch: Environment) -> None:
    (scratch.site_packages / "zz_test_libraries.pth").unlink()
    assert printed(run, "import pickle; print(state())", python=scratch.python) == PATCHED


@pytest.mark.parametrize("module", ["startup.py", "doors/patches.py"])
@pytest.mark.parametrize(
    "text",
    ["raise RuntimeError('broken\\nin two lines')", "raise SystemExit(3)", "this is no Python", ""],
)
def test_broken_hook_leaves_python_working(
    run: Runner, scratch: Environment, module: str, text: str
) -> None:
    (scratch.site_packages / "pickleball_hook" / module).write_text(text)
    done = run("import pickle; print(pickle.loads(pickle.dumps([1])))", python=scratch.python)
    assert (done.returncode, done.stdout) == (0, "[1]\n")
    assert done.stderr.startswith("pickleball-auto: ")
    assert "Traceback" not in done.stderr
    # The two names each find a broken start-up module anew; patches that fail are one cause.
    assert len(done.stderr.splitlines()) <= (2 if module == "startup.py" else 1)


def test_broken_hook_without_stderr(run: Runner, scratch: Environment) -> None:
    (scratch.site_packages / "pickleball_hook" / "doors" / "patches.py").write_text(
        "raise SystemExit(3)"
    )
    script = "import sys; sys.stderr = {}; import pickle; print(pickle.loads(pickle.dumps([1])))"
    for replacement in ("None", "open('closed', 'w'); sys.stderr.close()"):
        done = run(script.format(replacement), python=scratch.python)
        assert (done.returncode, done.stdout) == (0, "[1]\n")


def test_interrupt_is_not_swallowed(run: Runner, scratch: Environment) -> None:
    path = scratch.site_packages / "pickleball_hook" / "doors" / "patches.py"
    path.write_text("raise KeyboardInterrupt")
    script = "try: import pickle\nexcept KeyboardInterrupt: print('interrupted')"
    assert printed(run, script, python=scratch.python) == "interrupted"


def test_pickle_module_run_as_a_program(run: Runner) -> None:
    """``python -m pickle FILE`` executes `pickle` as ``__main__``, past any import of it."""
    canary = run.folder / "canary"
    file = run.folder / "file.pkl"
    file.write_bytes(f"cos\nsystem\n(S'echo > {canary}'\ntR.".encode())
    done = run.command([run.python, "-m", "pickle", file], timeout=30)
    assert done.returncode != 0
    assert "PolicyViolation" in done.stderr
    assert not canary.exists()


def test_run_command_without_startup_file(run: Runner, scratch: Environment) -> None:
    (scratch.site_packages / "pickleball_auto_startup.pth").unlink()
    (run.folder / "beside.py").write_text("NAME = __name__")
    script = run.folder / "script.py"
    script.write_text(
        STATE + "import beside, pickle, __main__\n"
        "print(state(), __name__, __main__.__file__ == __file__, sys.argv[1:], beside.NAME)\n"
        "def f(x: int): return f.__annotations__['x'] is int\n"
        "print(f(0))\n"
        "sys.exit(7)\n"
    )
    command = [scratch.python, "-m", "pickleball_hook", "run", script, "--json", "-x", "a b"]
    done = run.command(command)
    assert done.returncode == 7, done
    assert done.stdout == f"{PATCHED} __main__ True ['--json', '-x', 'a b'] beside\nTrue\n"


def test_run_command_says_that_there_is_no_script(run: Runner) -> None:
    done = run.command([run.python, "-m", "pickleball_hook", "run", "absent.py"])
    assert done.returncode == 1
    assert done.stderr.startswith("pickleball: cannot open absent.py")


def test_status(run: Runner) -> None:
    done = run.command([run.python, "-m", "pickleball_hook", "status", "--json"], mode="audit")
    assert done.returncode == 0, done
    facts = json.loads(done.stdout)
    assert facts["live"] is True
    assert facts["startup"]["plain_python"] is True
    assert {Path(file["path"]).name for file in facts["startup"]["files"]} == {
        "pickleball_auto_startup.pth",
        "pickleball_auto_startup.start",
    }
    assert facts["mode"]["value"] == "audit"
    assert "PICKLEBALL_MODE" in facts["mode"]["source"]
    patched = {label.partition(".")[0] for label in facts["patched"]}
    assert patched.isdisjoint(facts["waiting"])
    assert patched | set(facts["waiting"]) == {
        "_pickle",
        "cloudpickle",
        "dill",
        "joblib",
        "pickle",
        "torch",
    }
    assert facts["cache"]["folder"].startswith(str(run.home))
    as_text = run.command([run.python, "-m", "pickleball_hook", "status"])
    assert "guarded" in as_text.stdout


def test_status_with_mode_off(run: Runner) -> None:
    done = run.command([run.python, "-m", "pickleball_hook", "status", "--json"], mode="off")
    facts = json.loads(done.stdout)
    assert (facts["live"], facts["startup"]["plain_python"]) == (False, False)


def site_packages(run: Runner) -> str:
    """Return the site-packages folder of the runner's interpreter."""
    script = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return run(script, name="where.py").stdout.strip()


def packages(run: Runner) -> dict[str, str]:
    """Return variables with which the installed package is importable under -S."""
    separator = ";" if sys.platform == "win32" else ":"
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    return {"PYTHONPATH": separator.join([site_packages(run), *libraries])}


@pytest.mark.parametrize("module", ["engines.machine", "engines.callbacks", "doors.entry"])
def test_a_module_of_ours_that_comes_before_pickle_leaves_it_guarded(
    run: Runner, module: str
) -> None:
    script = (
        f"import sys\nassert 'pickle' not in sys.modules\nimport pickleball_hook.{module}, pickle\n"
    )
    done = run(script + "print(pickle.loads)")
    assert "guarded" in done.stdout
    assert done.stderr == ""
