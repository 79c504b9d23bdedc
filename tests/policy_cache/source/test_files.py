"""Source files on disk and in archives."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from policy_cache import policies
from policy_cache.model import CALL
from policy_cache.source import files
from policy_cache.source.distributions import LOCAL, PROGRAM
from policy_cache.source.locate import locate


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "app.zip"
    with zipfile.ZipFile(path, "w") as stream:
        stream.writestr("zipped/__init__.py", "")
        stream.writestr("zipped/tests/__init__.py", "")
        stream.writestr(
            "zipped/parts.py",
            "class Part:\n    def __init__(self, a): self.a = list(a)\n"
            "    def __reduce__(self): return Part, (self.a,)\n",
        )
        stream.writestr("other/parts.py", "")
    monkeypatch.syspath_prepend(str(path))
    policies.forget()
    return path


def test_module_in_an_archive(archive: Path) -> None:
    located = locate("zipped.parts")
    assert located is not None
    assert (located.kind, located.owner.kind) == ("source", PROGRAM)
    assert files.read(located.file).startswith(b"class Part")
    assert files.read(located.file, 5) == b"class"
    assert files.archive_of(located.file) == str(archive)


def test_reducer_in_an_archive(archive: Path) -> None:
    verdict = policies.verdict("zipped.parts", "Part", CALL)
    assert "returned by a reducer" in verdict.grants[CALL]


def test_stamp_is_the_archives(archive: Path) -> None:
    located = locate("zipped.parts")
    assert located is not None
    inner = located.file
    before = files.stamp(inner)
    with zipfile.ZipFile(archive, "a") as stream:
        stream.writestr("more.py", "")
    assert before is not None and files.stamp(inner) != before
    assert files.stamp("/nowhere/at/all.py") is None


def test_files_below_a_folder(archive: Path, tmp_path: Path) -> None:
    locate("zipped.parts")
    found = dict(files.python_files(str(archive / "zipped"), frozenset(["tests"])))
    assert list(found.values()) == [["__init__.py"], ["parts.py"]]
    (tmp_path / "zipped" / "tests").mkdir(parents=True)
    for name in ("__init__.py", "parts.py", "tests/__init__.py", "data.txt"):
        (tmp_path / "zipped" / name).write_text("")
    found = dict(files.python_files(str(tmp_path / "zipped"), frozenset(["tests"])))
    assert list(found.values()) == [["__init__.py"], ["parts.py"]]


def test_archive_that_nobody_put_on_the_path(tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w") as stream:
        stream.writestr("helper.py", "")
    sys.path_importer_cache.pop(str(path), None)
    assert files.archive_of(str(path / "helper.py")) == ""
    with pytest.raises(OSError):
        files.read(str(path / "helper.py"))
    found = locate("helper")
    assert found is None or found.owner.kind == LOCAL
