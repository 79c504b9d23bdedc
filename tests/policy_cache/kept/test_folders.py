"""The user's own folders and files."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest

from policy_cache.kept import folders

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX owners and modes")
as_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can give a file away"
)


class TestUserFolder:
    @pytest.mark.parametrize("kind", ["cache", "config", "state"])
    @pytest.mark.parametrize(
        "environment",
        [
            {"HOME": "/home/somebody"},
            {"HOME": "/home/somebody/"},
            {"HOME": "/home/somebody", "XDG": "/elsewhere"},
            {"HOME": "/home/somebody", "XDG": "relative"},
            {"HOME": "/home/somebody", "XDG": ""},
            {"HOME": ""},
            {},
        ],
    )
    def test_is_what_platformdirs_says(
        self, kind: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for variable in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            monkeypatch.delenv(variable, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(f"XDG_{kind.upper()}_HOME" if name == "XDG" else name, value)
        function = getattr(platformdirs, f"user_{kind}_dir")
        expected = function("pickleball-auto", appauthor=False)
        assert os.path.normpath(folders.user_folder(kind)) == os.path.normpath(expected)

    def test_variable_overrides(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("SOME_FOLDER", str(tmp_path))
        assert folders.user_folder("cache", "SOME_FOLDER") == str(tmp_path)

    def test_relative_override_is_ignored(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SOME_FOLDER", ".cache")
        assert folders.user_folder("cache", "SOME_FOLDER") == folders.user_folder("cache")

    @pytest.mark.parametrize(("flag", "counts"), [("-B", True), ("-E", False), ("-I", False)])
    def test_override_needs_the_environment(self, flag: str, counts: bool, tmp_path: Path) -> None:
        script = (
            f"import sys; sys.path.insert(0, {str(Path(folders.__file__).parents[2])!r})\n"
            "from policy_cache.kept import folders\n"
            "print(folders.user_folder('cache', 'SOME_FOLDER'))"
        )
        answer = subprocess.run(
            [sys.executable, flag, "-c", script],
            env={**os.environ, "SOME_FOLDER": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout.strip()
        assert (answer == str(tmp_path)) is counts

    def test_no_home(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def homeless(*args: object, **kwargs: object) -> str:
            raise RuntimeError("could not determine the home directory")

        monkeypatch.delenv("HOME", raising=False)
        monkeypatch.setattr(platformdirs, "user_cache_dir", homeless)
        assert folders.user_folder("cache") == ""


def told_and_read(path: Path) -> tuple[list[str], object]:
    told: list[str] = []
    return told, folders.read_json(str(path), told.append)


class TestReadJson:
    def test_own_file(self, tmp_path: Path) -> None:
        folders.write_json(str(tmp_path), "a.json", {"x": [1, "\udcff"]})
        assert told_and_read(tmp_path / "a.json") == ([], {"x": [1, "\udcff"]})

    def test_absent(self, tmp_path: Path) -> None:
        assert told_and_read(tmp_path / "a.json") == ([], None)

    @pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"{'a': 1}"])
    def test_damaged(self, content: bytes, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_bytes(content)
        (tmp_path / "a.json").chmod(0o600)
        assert told_and_read(tmp_path / "a.json") == ([], None)

    @posix
    @pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
    def test_writable_by_others(self, mode: int, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text("1")
        (tmp_path / "a.json").chmod(mode)
        told, value = told_and_read(tmp_path / "a.json")
        assert value is None
        assert "can be written by others" in told[0]

    @as_root
    def test_of_another_user(self, tmp_path: Path) -> None:
        folders.write_json(str(tmp_path), "a.json", 1)
        os.chown(tmp_path / "a.json", 65534, 65534)
        told, value = told_and_read(tmp_path / "a.json")
        assert value is None
        assert "belongs to another user" in told[0]

    @posix
    def test_symbolic_link(self, tmp_path: Path) -> None:
        folders.write_json(str(tmp_path), "real.json", 1)
        (tmp_path / "a.json").symlink_to("real.json")
        told, value = told_and_read(tmp_path / "a.json")
        assert value is None
        assert len(told) == 1

    @posix
    def test_named_pipe_does_not_hang(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "a.json", 0o600)
        told, value = told_and_read(tmp_path / "a.json")
        assert value is None
        assert "not a regular file" in told[0]

    def test_folder_in_its_place(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").mkdir(mode=0o700)
        assert told_and_read(tmp_path / "a.json")[1] is None

    def test_too_large(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folders.write_json(str(tmp_path), "a.json", "x" * 100)
        monkeypatch.setattr(folders, "LARGEST_FILE", 50)
        told, value = told_and_read(tmp_path / "a.json")
        assert value is None
        assert "larger than 50" in told[0]


class TestFolderProblem:
    def test_absent_and_own(self, tmp_path: Path) -> None:
        assert folders.folder_problem(str(tmp_path / "absent")) is None
        folders.make_folder(str(tmp_path / "own"))
        assert folders.folder_problem(str(tmp_path / "own")) is None

    @posix
    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (lambda path: (path.mkdir(), path.chmod(0o770)), "can be written by others"),
            (lambda path: path.symlink_to("."), "is a symbolic link"),
            (lambda path: path.touch(0o600), "is not a folder"),
        ],
    )
    def test_not_believed(self, make: Callable[[Path], object], words: str, tmp_path: Path) -> None:
        make(tmp_path / "folder")
        assert words in (folders.folder_problem(str(tmp_path / "folder")) or "")

    @as_root
    def test_of_another_user(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir(mode=0o700)
        os.chown(tmp_path / "folder", 65534, 65534)
        assert "another user" in (folders.folder_problem(str(tmp_path / "folder")) or "")


class TestWriting:
    @posix
    def test_private(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            folders.make_folder(str(tmp_path / "a" / "b"))
            folders.write_json(str(tmp_path / "a" / "b"), "c.json", 1)
        finally:
            os.umask(before)
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "a").rglob("*")}
        assert modes == {"b": 0o700, "c.json": 0o600}
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700

    def test_readable_and_stable(self, tmp_path: Path) -> None:
        folders.write_json(str(tmp_path), "a.json", {"b": 1, "a": 2})
        assert (tmp_path / "a.json").read_text() == '{\n "a": 2,\n "b": 1\n}\n'

    def test_failure_leaves_the_old_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folders.write_json(str(tmp_path), "a.json", "old")

        def full(source: object, target: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space"):
            folders.write_json(str(tmp_path), "a.json", "new")
        assert json.loads((tmp_path / "a.json").read_text()) == "old"
        assert [p.name for p in tmp_path.iterdir()] == ["a.json"]

    def test_no_folder(self) -> None:
        with pytest.raises(OSError, match="no folder"):
            folders.make_folder("")
