"""The record of refusals."""

from __future__ import annotations

import json
import logging
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pickleball_hook import context
from pickleball_hook.errors import PolicyViolation
from pickleball_hook.user import records, settings

PROJECT = Path(records.__file__).parents[1]


class Finding(NamedTuple):
    """Shaped like the findings of `pickleball_hook.errors`."""

    global_name: str = "posix.system"
    operation: str = "call"
    reason: str = "runs a command"
    remedy: str = "do not"
    file: str | None = "model.pkl"
    loader: str | None = "pickle.load"
    mode: str = "enforce"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PICKLEBALL_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("PICKLEBALL_AUDIT_ANNOUNCED", "")
    monkeypatch.delenv("PICKLEBALL_QUIET", raising=False)
    settings.refresh()
    yield tmp_path / "state"
    settings.refresh()


class Unprintable:
    def __str__(self) -> str:
        raise ValueError("no text")


STREAM = b"(cos\ngetpid\n)Rcos\ngetpid\n)Rcos\ngetppid\n)Rt."
"""Three calls that no policy permits, and that do nothing."""

Load = Callable[[str], object]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Return what loads a refused stream in a mode, and gives the value or the refusal."""

    def loaded(mode: str) -> object:
        monkeypatch.setenv("PICKLEBALL_MODE", mode)
        settings.refresh()
        try:
            return pickle.loads(STREAM)
        except PolicyViolation as violation:
            return str(violation)

    return loaded


def record(**changed: object) -> None:
    records.record([Finding()._replace(**changed)])  # type: ignore[arg-type]


def names() -> list[object]:
    return [row["global"] for row in records.each(records.recent(100))]


class TestRecord:
    def test_line(self, folder: Path) -> None:
        records.record([Finding()])
        (line,) = (folder / "refusals.jsonl").read_text().splitlines()
        entry = json.loads(line)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry.pop("time"))
        assert entry.pop("caller").startswith(f"{__file__}:")
        assert entry == {
            "pid": os.getpid(),
            "mode": "enforce",
            "file": "model.pkl",
            "loader": "pickle.load",
            "globals": ["posix.system"],
            "refusals": [
                {
                    "global": "posix.system",
                    "operation": "call",
                    "reason": "runs a command",
                    "times": 1,
                }
            ],
        }

    def test_appends(self, folder: Path) -> None:
        for number in range(3):
            record(global_name=f"a.{number}")
        assert names() == ["a.0", "a.1", "a.2"]

    @pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
    def test_private(self, folder: Path) -> None:
        before = os.umask(0)
        try:
            record()
        finally:
            os.umask(before)
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "refusals.jsonl").stat().st_mode & 0o777 == 0o600

    def test_hostile_texts_are_tamed(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        name = "evil\n{}\x1b[2J\u202e\ud800" + "x" * 10**6
        record(global_name=name, reason=name, file=name, mode="audit")
        content = (folder / "refusals.jsonl").read_bytes()
        assert content.count(b"\n") == 1
        assert len(content) < 20_000
        printed = capsys.readouterr().err
        assert printed.count("\n") == 1
        assert printed.rstrip("\n").isprintable()
        assert "\\x1b" in printed

    def test_caller_is_beyond_the_loaders(self) -> None:
        namespace = {"__name__": "torch.serialization", "record": records.record}
        exec("def load(finding): record([finding])", namespace)
        load: Callable[[Finding], None] = namespace["load"]  # type: ignore[assignment]
        load(Finding())
        assert records.recent(1)[0]["caller"].startswith(f"{__file__}:")

    def test_many_processes(self, folder: Path) -> None:
        script = (
            "from collections import namedtuple\n"
            "from pickleball_hook.user import records\n"
            f"finding = namedtuple('F', {Finding._fields!r})(*{tuple(Finding())!r})\n"
            "for turn in range(200): records.record([finding._replace(reason='r' * 1500)])\n"
        )
        command = [sys.executable, "-c", script]
        writers = [subprocess.Popen(command, cwd=PROJECT) for _ in range(3)]
        assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
        lines = (folder / "refusals.jsonl").read_text().splitlines()
        rows = records.each(map(json.loads, lines))
        assert [len(row["reason"]) for row in rows] == [1500] * 600

    def test_rotates(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(records, "LARGEST_LOG", 1000)
        for number in range(20):
            record(global_name=f"a.{number}")
        assert sorted(p.name for p in folder.iterdir()) == ["refusals.jsonl", "refusals.jsonl.1"]
        assert all(p.stat().st_size < 1400 for p in folder.iterdir())
        assert names()[-2:] == ["a.18", "a.19"]


class TestLoads:
    """One record per load."""

    def test_audited(self, folder: Path, load: Load) -> None:
        assert load("audit") == (os.getpid(), os.getpid(), os.getppid())
        (line,) = (folder / "refusals.jsonl").read_text().splitlines()
        row = json.loads(line)
        assert [path.name for path in folder.iterdir()] == ["refusals.jsonl"]
        assert row["mode"] == "audit" and row["caller"].startswith(f"{__file__}:")
        assert row["globals"] == ["os.getpid", "os.getppid"]
        told = {(found["global"], found["operation"]): found["times"] for found in row["refusals"]}
        calls = {key[0].partition(" ")[0]: times for key, times in told.items() if "REDUCE" in key}
        assert calls == {"os.getpid": 2, "os.getppid": 1}
        assert all(found["reason"] for found in row["refusals"])

    def test_enforced(self, load: Load) -> None:
        assert "refused" in str(load("enforce"))
        (row,) = records.recent(5)
        assert row["mode"] == "enforce" and row["globals"] == ["os.getpid"]
        assert [found["global"] for found in row["refusals"]] == ["os.getpid"]

    def test_a_refusal_that_a_library_swallows(self, tmp_path: Path) -> None:
        (tmp_path / "eager.py").write_text(
            "import pickle\n"
            "class Box:\n"
            "    def __setstate__(self, state):\n"
            "        for turn in range(3):\n"
            "            try: pickle.loads(state['inner'])\n"
            "            except Exception: pass\n"
        )
        (tmp_path / "program.py").write_text(
            "import pickle, sys, eager\n"
            f"inner = {STREAM!r}\n"
            "data = b'ceager\\nBox\\n)\\x81}\\x8c\\x05innerC' + bytes([len(inner)]) + inner + b'sb.'\n"
            "try: pickle.loads(data)\n"
            "except pickle.UnpicklingError as error: print(error)\n"
        )
        done = subprocess.run(
            [sys.executable, str(tmp_path / "program.py")],
            env={**os.environ, "PICKLEBALL_MODE": "enforce"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stdout.startswith("refused"), done.stderr
        (row,) = records.recent(5)
        assert [found["global"] for found in row["refusals"]] == ["os.getpid"]

    def test_many_kinds_are_cut(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(records, "MOST_REFUSALS", 5)
        with context.entering() as under_way:
            for number in range(20):
                records.note(under_way, Finding(global_name=f"a.{number}", mode="audit"))
        (row,) = records.recent(5)
        assert len(row["refusals"]) == 5

    def test_a_load_that_ends_the_process(self, folder: Path) -> None:
        data = b"(cos\ngetpid\n)Rcos\n_exit\n(I7\ntRt."
        done = subprocess.run(
            [sys.executable, "-c", f"import pickle; pickle.loads({data!r})"],
            env={**os.environ, "PICKLEBALL_MODE": "audit"},
            timeout=60,
        )
        assert done.returncode == 7
        (row,) = records.recent(5)
        assert row["ended"] is False
        assert row["refusals"][0]["global"].startswith("os.getpid")
        assert [path.name for path in folder.iterdir()] == ["refusals.jsonl"]
        assert len(records.recent(5)) == 1


class TestNeverRaises:
    def test_no_folder_to_write(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("PICKLEBALL_STATE", str(tmp_path / "file" / "state"))
        record()
        assert records.recent(5) == []

    @pytest.mark.parametrize("broken", ["open", "write", "lstat"])
    def test_full_disk(self, broken: str, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
        before = load("audit"), load("enforce")

        def full(*args: object) -> int:
            raise OSError(28, "No space left on device")

        number = len(records.recent(100))
        with monkeypatch.context() as patch:
            patch.setattr(os, broken, full)
            assert (load("audit"), load("enforce")) == before
        assert before[0] == (os.getpid(), os.getpid(), os.getppid())
        assert len(records.recent(100)) == number

    def test_nonsense(self) -> None:
        record(global_name="before")
        records.record(None)  # type: ignore[arg-type]
        record(global_name=Unprintable())
        assert names() == ["before"]

    def test_closed_stderr(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stderr", None)
        record(mode="audit")
        assert len(records.recent(5)) == 1

    @pytest.mark.skipif(os.name != "posix", reason="POSIX files")
    def test_pipe_in_its_place_does_not_hang(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        os.mkfifo(folder / "refusals.jsonl", 0o600)
        record()
        assert records.recent(5) == []

    def test_interrupt_passes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(*args: object) -> int:
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "write", interrupt)
        with pytest.raises(KeyboardInterrupt):
            record()


@pytest.mark.skipif(os.name != "posix", reason="POSIX owners and modes")
class TestBelief:
    def test_link_is_not_followed(self, folder: Path, tmp_path: Path) -> None:
        folder.mkdir(mode=0o700)
        (tmp_path / "victim").write_text("")
        (folder / "refusals.jsonl").symlink_to(tmp_path / "victim")
        record()
        assert (tmp_path / "victim").read_text() == ""

    def test_folder_of_everybody(self, folder: Path) -> None:
        folder.mkdir()
        folder.chmod(0o777)
        record()
        assert list(folder.iterdir()) == []

    def test_file_of_everybody(self, folder: Path) -> None:
        record()
        (folder / "refusals.jsonl").chmod(0o666)
        record()
        assert len((folder / "refusals.jsonl").read_text().splitlines()) == 1
        assert records.recent(5) == []


class TestStderr:
    def test_enforce_is_silent(self, capsys: pytest.CaptureFixture[str]) -> None:
        record()
        assert capsys.readouterr() == ("", "")

    def test_audit_says_it_once(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        record(mode="audit")
        record(mode="audit")
        assert capsys.readouterr().err == (
            "pickleball: audit: 1 operation would be refused: posix.system (call) in model.pkl;"
            f" see {folder / 'refusals.jsonl'}\n"
        )

    def test_once_per_tree_of_processes(self, capfd: pytest.CaptureFixture[str]) -> None:
        script = (
            "import subprocess, sys\n"
            "from collections import namedtuple\n"
            "from pickleball_hook.user import records\n"
            f"finding = namedtuple('F', {Finding._fields!r})(*{tuple(Finding(mode='audit'))!r})\n"
            "records.record([finding])\n"
            "if len(sys.argv) == 2:\n"
            "    subprocess.run([sys.executable, '-c', sys.argv[1]], check=True)\n"
        )
        command = [sys.executable, "-c", script, script]
        subprocess.run(command, cwd=PROJECT, timeout=60, check=True)
        assert capfd.readouterr().err.count("pickleball: audit:") == 1
        assert len(records.recent(5)) == 2

    def test_quiet(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("PICKLEBALL_QUIET", "1")
        record(mode="audit")
        assert capsys.readouterr().err == ""
        assert len(records.recent(5)) == 1

    def test_no_path_when_nothing_was_kept(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("PICKLEBALL_STATE", str(tmp_path / "file" / "state"))
        record(mode="audit")
        assert "see" not in capsys.readouterr().err


class TestLogging:
    def test_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        record()
        record(mode="audit", file=None)
        assert [(r.name, r.levelno, r.getMessage()) for r in caplog.records] == [
            (
                "pickleball",
                logging.WARNING,
                "posix.system (call) in model.pkl refused: runs a command",
            ),
            (
                "pickleball",
                logging.WARNING,
                "posix.system (call) would be refused: runs a command",
            ),
        ]

    @pytest.mark.parametrize("imports", ["", "import logging"])
    def test_unconfigured_logging_prints_nothing(self, imports: str) -> None:
        script = (
            f"{imports}\nimport sys\n"
            "from collections import namedtuple\n"
            "from pickleball_hook.user import records\n"
            "before = 'logging' in sys.modules\n"
            f"records.record([namedtuple('F', {Finding._fields!r})(*{tuple(Finding())!r})])\n"
            "assert ('logging' in sys.modules) is before\n"
        )
        answer = subprocess.run(
            [sys.executable, "-c", script],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert (answer.stdout, answer.stderr) == ("", "")


class TestRecent:
    def test_broken_lines_are_passed_over(self, folder: Path) -> None:
        record(global_name="a.1")
        with (folder / "refusals.jsonl").open("ab") as file:
            file.write(b"{broken\n[1]\n\xff\n")
        record(global_name="a.2")
        assert names() == ["a.1", "a.2"]

    @pytest.mark.parametrize("count", [0, -1])
    def test_none_wanted(self, count: int) -> None:
        record()
        assert records.recent(count) == []

    def test_only_the_end_is_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for number in range(50):
            record(global_name=f"a.{number}")
        monkeypatch.setattr(records, "_TAIL", 2000)
        assert names()[-1] == "a.49"
        assert len(names()) < 10
        assert len(records.recent(5000)) == 50
