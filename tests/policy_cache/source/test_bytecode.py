"""Bytecode beside a source runs instead of it: it must be the source's own."""

from __future__ import annotations

import importlib.util
import os
import py_compile
from pathlib import Path

import pytest

from policy_cache.source import bytecode

SOURCE = """
import math
LIMITS = (1, 2.5, -0.0, "x", b"y", frozenset({1, 2}), None, ...)
def area(radius: float, *, scale=1) -> float:
    try:
        return math.pi * radius ** 2 * scale
    except OverflowError:
        return float("nan")
class A:
    x = lambda self: [i for i in range(3)]
"""
OTHER = SOURCE.replace("math.pi", "math.tau"[:7])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shape.py"
    path.write_text(SOURCE)
    return path


def compiled(file: Path, source: str, mode: py_compile.PycInvalidationMode) -> Path:
    """Leave bytecode of `source` for `file`, which has its own text and time again after it."""
    text, status = file.read_text(), file.stat()
    file.write_text(source)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    py_compile.compile(str(file), doraise=True, invalidation_mode=mode)
    file.write_text(text)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    return Path(importlib.util.cache_from_source(str(file)))


MODES = list(py_compile.PycInvalidationMode)


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_own_bytecode(file: Path, mode: py_compile.PycInvalidationMode) -> None:
    assert compiled(file, SOURCE, mode).exists()
    assert bytecode.reason_against(str(file)) == ""


def test_no_bytecode(file: Path) -> None:
    assert bytecode.reason_against(str(file)) == ""


@pytest.mark.parametrize(
    "changed",
    [
        OTHER,
        SOURCE.replace("2.5", "2.6"),
        SOURCE.replace("-0.0", "+0.0"),
        SOURCE.replace("None, ...", "False,..."),
        SOURCE.replace("range(3)", "range(4)"),
        SOURCE.replace("OverflowError", "NotSuchError."[:-1] + "s"),
        SOURCE.replace("import math", "import  abc"),
    ],
)
@pytest.mark.parametrize("mode", [MODES[0], MODES[2]], ids=lambda mode: mode.name)
def test_forged(file: Path, changed: str, mode: py_compile.PycInvalidationMode) -> None:
    assert len(changed) == len(SOURCE)
    assert changed != SOURCE
    compiled(file, changed, mode)
    assert "is not that of its source" in bytecode.reason_against(str(file))


def test_bytecode_that_python_compares_itself(file: Path) -> None:
    compiled(file, OTHER, py_compile.PycInvalidationMode.CHECKED_HASH)
    assert bytecode.reason_against(str(file)) == ""


def test_bytecode_of_an_older_source(file: Path) -> None:
    compiled(file, OTHER, py_compile.PycInvalidationMode.TIMESTAMP)
    os.utime(file, (1, 1))
    assert bytecode.reason_against(str(file)) == ""


def test_damaged(file: Path) -> None:
    cached = compiled(file, SOURCE, py_compile.PycInvalidationMode.TIMESTAMP)
    cached.write_bytes(cached.read_bytes()[:40])
    assert "damaged" in bytecode.reason_against(str(file))


def test_bytecode_of_another_interpreter(file: Path) -> None:
    cached = compiled(file, OTHER, py_compile.PycInvalidationMode.TIMESTAMP)
    cached.write_bytes(b"\0\0\0\0" + cached.read_bytes()[4:])
    assert bytecode.reason_against(str(file)) == ""
