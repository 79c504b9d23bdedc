"""Importing is an operation: what a file must not have imported for it."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from tests.attacks.assembler import name, new, stack_name, stream, value
from tests.attacks.harness import TIMEOUT, Arenas, Attack, check, check_audit, claims, variables


def imported(module: str, attribute: str = "Thing") -> bytes:
    """Return a stream that names a class of a module."""
    return stream(new(stack_name(value(module), value(attribute))))


def body(module: str, attribute: str = "Thing", unsolved: str = "") -> Attack:
    """Return the attack that imports a module of the library whose body acts."""
    return Attack(
        f"a file imports {module}, asking for {attribute}",
        lambda canary: imported(module, attribute),
        before="import os, sys; os.environ['CANARY'] = canary",
        load="""
try:
    value = pickle.loads(data)
finally:
    for loaded in [m for m in sys.modules if m.startswith('gadgets.on_import')]:
        del sys.modules[loaded]
    if mode != 'enforce' and 'on_import_path' in sys.path:
        sys.path.remove('on_import_path')
        open(canary, 'w').close()""",
        unsolved=unsolved,
    )


ATTACKS = [
    body("gadgets.on_import.direct"),
    body("gadgets.on_import.__main__"),
    body("gadgets.on_import.tests"),
    body("gadgets.on_import.function"),
    body("gadgets.on_import.in_class"),
    body("gadgets.on_import.guarded"),
    body("gadgets.on_import.path"),
    body("gadgets.on_import.parent.child"),
    body("gadgets.on_import.lazy", "direct.Thing"),
    body("gadgets.on_import.lazy", "direct.Nothing.more"),
    body("gadgets.on_import.lazy", "__main__.Thing"),
]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)


LOADS = """
import pickle, sys
try:
    pickle.load(open(sys.argv[1], "rb"))
except pickle.UnpicklingError as error:
    print(type(error).__name__)
"""
HELPER = "import os\nopen(os.environ['CANARY'], 'w').close()\nclass Thing:\n    pass\n"
QUIET = "class Thing:\n    pass\n"


def run(folder: Path, mode: str, arguments: list[str], canary: Path) -> str:
    """Run a program in a folder and return what it printed."""
    activate = "import pickleball_hook; pickleball_hook.install()\n" if mode == "enforce" else ""
    program = folder / "program.py"
    program.parent.mkdir(exist_ok=True)
    program.write_text(activate + LOADS)
    child = subprocess.run(
        [sys.executable, *(a.replace("PROGRAM", activate + LOADS) for a in arguments)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        cwd=folder,
        env=variables(folder / "home", mode) | {"CANARY": str(canary)},
    )
    return child.stdout.strip() or child.stderr


def check_refused(folder: Path, arguments: list[str], canary: Path) -> None:
    """Check that a program's load acts in plain Python, and is refused under the guard."""
    run(folder, "off", arguments, canary)
    assert canary.exists()
    canary.unlink()
    assert run(folder, "enforce", arguments, canary) == "PolicyViolation"
    assert not canary.exists()


@pytest.mark.parametrize(
    ("claim", "where", "module", "arguments"),
    [
        ("a module beside the program", "helper.py", "helper", ["program.py", "hostile.pkl"]),
        (
            "a module in the working directory",
            "helper.py",
            "helper",
            ["-c", "PROGRAM", "hostile.pkl"],
        ),
        (
            "a module in a folder without an __init__",
            "downloads/repository/helper.py",
            "downloads.repository.helper",
            ["program.py", "hostile.pkl"],
        ),
        ("a module for -m", "helper.py", "helper", ["-m", "program", "hostile.pkl"]),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_local_module_is_not_imported(
    tmp_path: Path, claim: str, where: str, module: str, arguments: list[str]
) -> None:
    canary = tmp_path / "canary"
    helper = tmp_path / where
    helper.parent.mkdir(parents=True, exist_ok=True)
    helper.write_text(HELPER)
    (tmp_path / "hostile.pkl").write_bytes(imported(module))
    check_refused(tmp_path, arguments, canary)


def test_module_beside_the_file_is_not_imported(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text(QUIET)
    (tmp_path / "hostile.pkl").write_bytes(imported("helper"))
    arguments = ["program.py", str(tmp_path / "hostile.pkl")]
    assert run(tmp_path, "enforce", arguments, tmp_path / "canary") == "PolicyViolation"


def test_bytecode_that_is_not_the_source_s_is_not_run(tmp_path: Path) -> None:
    canary, program = tmp_path / "canary", tmp_path / "program"
    program.mkdir()
    helper = program / "helper.py"
    helper.write_text(HELPER)
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(helper), doraise=True, invalidation_mode=unchecked)
    helper.write_text(QUIET)
    (tmp_path / "hostile.pkl").write_bytes(imported("helper"))
    arguments = ["program.py", "../hostile.pkl"]
    check_refused(program, arguments, canary)


def test_what_a_program_s_module_imports_is_judged_too(tmp_path: Path) -> None:
    canary, program = tmp_path / "canary", tmp_path / "program"
    program.mkdir()
    (program / "helper.py").write_text("import actor\n" + QUIET)
    (program / "actor.py").write_text(HELPER)
    (tmp_path / "hostile.pkl").write_bytes(imported("helper"))
    arguments = ["program.py", "../hostile.pkl"]
    check_refused(program, arguments, canary)


def test_a_shadow_of_an_installed_package_is_not_imported(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    (tmp_path / "joblib").mkdir()
    (tmp_path / "joblib" / "__init__.py").write_text(HELPER)
    (tmp_path / "hostile.pkl").write_bytes(stream(new(name("joblib", "Thing"))))
    arguments = ["-c", "PROGRAM", "hostile.pkl"]
    check_refused(tmp_path, arguments, canary)
    assert os.environ.get("CANARY") is None
