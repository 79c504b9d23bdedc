"""The package built, installed in every supported way, and uninstalled."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT, Environment, Runner, new_environment, pip

STARTUP_FILES = ("pickleball_auto_startup.pth", "pickleball_auto_startup.start")

LIVE = """
import sys, pickle
patches = sys.modules.get("pickleball_hook.doors.patches")
print(patches.applied() if patches else None)
"""


def assert_live(run: Runner, python: Path, env: dict[str, str] | None = None) -> None:
    """Assert that an unchanged script of that interpreter is guarded."""
    done = run(LIVE, python=python, env=env)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert "pickle" in done.stdout


def assert_not_live(run: Runner, python: Path) -> None:
    """Assert that a script of that interpreter runs, unguarded."""
    done = run(LIVE, python=python)
    assert (done.returncode, done.stdout, done.stderr) == (0, "None\n", "")


def files(folder: Path) -> set[str]:
    """Return the files below a folder, without those that Python makes when it runs."""
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_wheel_holds_everything(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        for name in STARTUP_FILES:
            assert archive.read(name) == archive.read(f"pickleball_hook/data/{name}")
    sources = {
        str(path.relative_to(ROOT))
        for package in ("pickleball_hook", "policy_cache")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert sources <= names
    assert {"pickleball_hook/py.typed", "policy_cache/py.typed"} <= names
    assert {name.split("/")[0] for name in names} == {
        "pickleball_hook",
        "policy_cache",
        *STARTUP_FILES,
        next(name for name in names if name.endswith(".dist-info/METADATA")).split("/")[0],
    }


def test_wheel_names_its_dependencies(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        lines = archive.read(name).decode().splitlines()
    required = [line for line in lines if line.startswith("Requires-Dist: ") and ";" not in line]
    assert [line.split()[1].split(">")[0] for line in sorted(required)] == [
        "click",
        "filelock",
        "importlib-metadata",
        "platformdirs",
        "rich",
        "wrapt",
    ]
    assert "Requires-Python: >=3.10" in lines


def test_startup_line_is_one_line_of_ascii() -> None:
    text = (ROOT / "startup" / STARTUP_FILES[0]).read_bytes().decode("ascii")
    comment, line = text.splitlines()
    assert comment.startswith("# ")
    assert line.startswith("import ")


def test_start_file_names_a_callable() -> None:
    """PEP 829: one ``package.module:callable`` per line, called without arguments."""
    from pickleball_hook import startup

    module, name = (ROOT / "startup" / STARTUP_FILES[1]).read_text().strip().split(":")
    assert module == startup.__name__
    assert callable(getattr(startup, name))


def test_sdist_holds_everything(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "Makefile", ".ci/run", "tests/conftest.py"} <= names
    assert {f"startup/{name}" for name in STARTUP_FILES} <= names


def test_wheel_install_is_live(run: Runner, environment: Environment) -> None:
    assert_live(run, environment.python)


def test_console_script(run: Runner, environment: Environment) -> None:
    command = environment.python.parent / "pickleball"
    done = run.command([command, "--version"])
    assert (done.returncode, done.stdout) == (0, "pickleball-auto 0.1.0\n")


def test_sdist_install_is_live_and_uninstall_leaves_nothing(
    run: Runner, sdist: Path, tmp_path: Path
) -> None:
    made = new_environment(tmp_path / "venv")
    before = files(made.root)
    pip(made, "install", "--no-deps", "--no-build-isolation", sdist)
    assert_live(run, made.python)
    pip(made, "uninstall", "--yes", "pickleball-auto")
    assert files(made.root) == before
    assert_not_live(run, made.python)


def test_editable_install_is_live_and_uninstall_leaves_nothing(run: Runner, tmp_path: Path) -> None:
    made = new_environment(tmp_path / "venv")
    before = files(made.root)
    pip(made, "install", "--no-deps", "--no-build-isolation", "--editable", ROOT)
    assert_live(run, made.python)
    done = run("import pickleball_hook; print(pickleball_hook.__file__)", python=made.python)
    assert done.stdout.strip() == str(ROOT / "pickleball_hook" / "__init__.py")
    pip(made, "uninstall", "--yes", "pickleball-auto")
    assert files(made.root) == before
    assert_not_live(run, made.python)


def test_target_install_is_live_where_the_folder_is_a_site_folder(
    run: Runner, wheel: Path, tmp_path: Path
) -> None:
    made = new_environment(tmp_path / "venv")
    target = tmp_path / "target"
    pip(made, "install", "--no-deps", "--target", target, wheel)
    assert_not_live(run, made.python)
    (made.site_packages / "sitecustomize.py").write_text(
        f"import site; site.addsitedir({str(target)!r})"
    )
    assert_live(run, made.python)


@pytest.mark.skipif(sys.platform == "win32", reason="the user scheme has other folders there")
def test_user_install_is_live(run: Runner, wheel: Path, tmp_path: Path) -> None:
    # The user's site folder counts only in an environment that sees the system's.
    venv.create(tmp_path / "venv", system_site_packages=True, symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    user = {"PYTHONUSERBASE": str(tmp_path / "user")}
    outside = run.command(
        [sys.executable, "-m", "pip", "--python", python, "install", "--user", "--no-deps", wheel],
        env=user,
    )
    assert outside.returncode == 0, outside
    assert list((tmp_path / "user").rglob("pickleball_auto_startup.pth"))
    assert_live(run, python, env=user)
    assert_not_live(run, python)


def test_disable_and_enable_after_a_wheel_install(run: Runner, scratch: Environment) -> None:
    command = [scratch.python, "-m", "pickleball_hook"]
    record = recorded_hashes(scratch)
    before = files(scratch.root)
    disabled = run.command([*command, "disable"])
    assert disabled.returncode == 0, disabled
    assert all(
        f"removed {scratch.site_packages / name}" in disabled.stdout for name in STARTUP_FILES
    )
    assert_not_live(run, scratch.python)
    status = run.command([*command, "status", "--json"])
    assert json.loads(status.stdout)["startup"] == {"files": [], "plain_python": False}
    again = run.command([*command, "disable"])
    assert (again.returncode, "removed" in again.stdout) == (0, False)
    enabled = run.command([*command, "enable"])
    assert enabled.returncode == 0, enabled
    assert files(scratch.root) == before
    assert recorded_hashes(scratch) == record
    assert_live(run, scratch.python)
    for name in STARTUP_FILES:
        digest = hashlib.sha256((scratch.site_packages / name).read_bytes()).digest()
        assert record[name] == "sha256=" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def test_uninstall_after_disable(run: Runner, wheel: Path, tmp_path: Path) -> None:
    made = new_environment(tmp_path / "venv")
    before = files(made.root)
    pip(made, "install", "--no-deps", wheel)
    assert run.command([made.python, "-m", "pickleball_hook", "disable"]).returncode == 0
    pip(made, "uninstall", "--yes", "pickleball-auto")
    assert files(made.root) == before


def test_pip_builds_and_installs_a_project_in_isolation(
    run: Runner, environment: Environment, tmp_path: Path
) -> None:
    """In pip's isolated builds the start-up file runs, and the package is not importable."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
    )
    (project / "backend.py").write_text(BACKEND)
    target = tmp_path / "target"
    install = [sys.executable, "-m", "pip", "--python", environment.python, "install"]
    done = run.command([*install, "--no-index", "--target", target, project])
    assert done.returncode == 0, done
    assert "pickleball" not in done.stderr
    facts = json.loads((target / "built.json").read_text())
    assert facts == {"finders": 1, "importable": False, "loaded": [1, 2]}


BACKEND = """
import importlib.util, json, pickle, sys, zipfile

def build_wheel(folder, settings=None, metadata=None):
    name = "built-1-py3-none-any.whl"
    finders = [f for f in sys.meta_path if getattr(f, "__name__", "") == "PickleballFinder"]
    facts = {
        "finders": len(finders),
        "importable": importlib.util.find_spec("pickleball_hook") is not None,
        "loaded": pickle.loads(pickle.dumps([1, 2])),
    }
    with zipfile.ZipFile(f"{folder}/{name}", "w") as archive:
        archive.writestr("built.json", json.dumps(facts))
        metadata = "Metadata-Version: 2.1\\nName: built\\nVersion: 1\\n"
        archive.writestr("built-1.dist-info/METADATA", metadata)
        tag = "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        archive.writestr("built-1.dist-info/WHEEL", tag)
        archive.writestr("built-1.dist-info/RECORD", "")
    return name
"""


def recorded_hashes(environment: Environment) -> dict[str, str]:
    """Return what the installed distribution's RECORD says of the start-up files."""
    (record,) = environment.site_packages.glob("pickleball_auto-*.dist-info/RECORD")
    with record.open(newline="") as file:
        return {path: digest for path, digest, _ in csv.reader(file) if path in STARTUP_FILES}
