"""``pickleball check`` and ``explain FILE``: what they print, how they end, and hostile input."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from pickleball_hook import cli
from pickleball_hook.checking import workers
from tests.pickleball_hook.checking.test_inspection import ACT

GOOD = pickle.dumps([1, 2])
UNCLEAR = b"cnowhere_at_all\nname\n."


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


def check(*arguments: object) -> int:
    return cli.main(["check", *map(str, arguments)])


@pytest.mark.parametrize(
    ("contents", "status"),
    [
        ([GOOD], 0),
        ([GOOD, ACT], 1),
        ([GOOD, UNCLEAR], 2),
        ([ACT, UNCLEAR], 1),
    ],
)
def test_exit_status(files: Path, contents: list[bytes], status: int) -> None:
    for number, content in enumerate(contents):
        (files / f"{number}.pkl").write_bytes(content)
    assert check(files) == status


def test_text(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "bad.pkl").write_bytes(ACT)
    (files / "good.pkl").write_bytes(GOOD)
    (files / "notes.txt").write_text("# no pickle")
    check(files)
    lines = capsys.readouterr().out.splitlines()
    assert f"permitted  {files / 'good.pkl'}" in lines
    assert f"refused  {files / 'bad.pkl'}" in lines
    assert "3 files: 1 permitted, 1 refused, 1 no pickle" in lines
    assert any(line.startswith("    REDUCE of os.getpid: ") for line in lines)


def test_json(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "bad.pkl").write_bytes(ACT)
    check(files, "--json")
    value = json.loads(capsys.readouterr().out)
    assert value["counts"]["refused"] == 1
    (row,) = value["files"]
    assert row["outcome"] == "refused"
    assert row["globals"] == {"os:getpid": {"refer": 1, "call": 1}}


def test_globs_and_named_files(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.pkl", "b.pkl", "c.bin"):
        (files / name).write_bytes(GOOD)
    assert check(files / "*.pkl") == 0
    assert "2 files" in capsys.readouterr().out
    assert check(files / "[ab].pkl", files / "c.bin") == 0
    (files / "[x].pkl").write_bytes(ACT)
    assert check(files / "[x].pkl") == 1, "a file of that very name"


def test_a_named_file_is_expected_to_be_a_pickle(files: Path) -> None:
    (files / "notes.txt").write_text("# no pickle")
    assert check(files) == 0
    assert check(files / "notes.txt") == 2
    assert check(files / "absent.pkl") == 2


def test_stdin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Stdin:
        buffer = io.BytesIO(gzip.compress(ACT))

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert check("-") == 1
    assert "refused  -" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform != "linux", reason="workers are no forks here")
def test_stdin_is_limited_too() -> None:
    command = [sys.executable, "-m", "pickleball_hook", "check", "--timeout", "2", "-"]
    data = {"bomb": bomb(60), "acting": gzip.compress(ACT), "good": GOOD}
    told = {
        name: subprocess.run(command, input=content, capture_output=True, timeout=60)
        for name, content in data.items()
    }
    assert {name: done.returncode for name, done in told.items()} == {
        "bomb": 2,
        "acting": 1,
        "good": 0,
    }
    assert b"took more than 2 seconds" in told["bomb"].stdout
    assert b"refused  -" in told["acting"].stdout


def test_nothing_is_left_open(files: Path) -> None:
    for number in range(5):
        (files / f"{number}.pkl").write_bytes(GOOD)
    command = [sys.executable, "-W", "error", "-m", "pickleball_hook", "check", str(files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_sarif(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(files / "a b\u00e4.zip", "w") as archive:
        archive.writestr("inner.pkl", ACT)
    (files / "x.pkl").write_bytes(UNCLEAR)
    assert check(files, "--sarif") == 1
    log = json.loads(capsys.readouterr().out)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    levels = set()
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["message"]["text"]
        (location,) = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert " " not in uri and uri.isascii()
        levels.add(result["level"])
    assert levels == {"error", "warning"}


# -- hostile input --------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="such names are not to be had here")
def test_names_cannot_steer_the_terminal(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (b"\x1b]0;owned\x07.pkl", b"two\nlines.pkl", b"not\xffutf8.pkl"):
        with open(os.path.join(os.fsencode(files), name), "wb") as file:
            file.write(b"c\x1b[2Jmodule\nname\n.")
    with zipfile.ZipFile(files / "a.zip", "w") as archive:
        archive.writestr("\x1b[2J.pkl", ACT)
    assert check(files, "-v") == 1
    told = capsys.readouterr().out
    assert all(line.isprintable() for line in told.splitlines())
    assert len(told.splitlines()) < 40
    assert check(files, "--json") == 1
    assert len(json.loads(capsys.readouterr().out)["files"]) == 4
    assert check(files, "--sarif") == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_and_loops_of_links(files: Path) -> None:
    os.mkfifo(files / "pipe.pkl")
    (files / "loop").symlink_to(files)
    (files / "dangling").symlink_to(files / "absent")
    (files / "itself").symlink_to(files / "itself")
    (files / "good.pkl").write_bytes(GOOD)
    assert check(files) == 2


def bomb(depth: int) -> bytes:
    """Return a pickle that takes the unpickler for ever: a key whose hash is exponential."""
    body = b"S'x'\n\x85q\x000"
    for level in range(depth):
        body += b"h" + bytes([level]) + b"h" + bytes([level]) + b"\x86q" + bytes([level + 1]) + b"0"
    return b"\x80\x02}" + body + b"h" + bytes([depth]) + b"K\x01s."


def test_time_is_limited(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "bomb.pkl").write_bytes(bomb(60))
    (files / "good.pkl").write_bytes(GOOD)
    start = time.monotonic()
    assert check(files, "--timeout", 3) == 2
    assert time.monotonic() - start < 60
    told = capsys.readouterr().out
    assert "took more than 3 seconds" in told
    assert f"permitted  {files / 'good.pkl'}" in told


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux")
@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02Nr\xff\xff\xff\x7f.",  # a memo of two thousand million entries
        b"\x80\x04\x8e" + (1 << 62).to_bytes(8, "little") + b"x.",
        b"\x80\x04\x8d" + (1 << 40).to_bytes(8, "little") + b"x.",
    ],
)
def test_memory_is_limited(files: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    (files / "a.pkl").write_bytes(content)
    assert check(files) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="sparse files")
def test_large_file_is_not_held_in_memory(files: Path) -> None:
    size = 5_000_000_000
    with open(files / "large.pkl", "wb") as file:
        file.write(b"\x80\x04\x8e" + size.to_bytes(8, "little"))
        file.seek(size, io.SEEK_CUR)
        file.write(b"0" + ACT)
    script = (
        # Not ru_maxrss: a process begins with that of the one that started it.
        "import re, sys; from pickleball_hook.checking import inspection;"
        "verdict = inspection.check(sys.argv[1]);"
        "peak = re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read());"
        "print(verdict.outcome, peak[1])"
    )
    command = [sys.executable, "-c", script, str(files / "large.pkl")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    outcome, peak = done.stdout.split()
    assert outcome == "refused"
    assert int(peak) < 500_000


def test_a_worker_that_dies_takes_nothing_with_it(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "a.pkl").write_bytes(GOOD)
    monkeypatch.setattr(
        workers, "_START", "import sys; sys.stdin.readline(); sys.exit(3)  # {path}"
    )
    assert check(files) == 2
    assert "status 3" in capsys.readouterr().out


def test_explain_what_is_refused_for_what_it_is_given(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No global is at fault: a state is given twice."""
    once = b"(S'a'\nI1\ndb"
    (files / "a.pkl").write_bytes(
        b"cdecimal\nContext\n)R0ccollections\nCounter\n)R" + once * 2 + b"."
    )
    cli.main(["explain", str(files / "a.pkl")])
    told = capsys.readouterr().out
    assert told.startswith("refused ")
    assert "refused: " in told


def test_explain_as_json_has_reasons_and_chains(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (files / "a.pkl").write_bytes(b"cshutil\nrmtree\n(S'a'\ntR.")
    cli.main(["explain", "--json", str(files / "a.pkl")])
    told = json.loads(capsys.readouterr().out)
    (row,) = told["globals"]
    assert row["reasons"].keys() == row["chains"].keys() == {"refer", "call"}
    assert row["chains"]["call"].startswith("is shutil:rmtree, which ")
    assert all(refusal["chain"] == row["chains"]["call"] for refusal in told["refusals"])


@pytest.mark.parametrize("content", [GOOD, b"\x00"])
def test_explain_ends_as_check_does(
    files: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = files / "a.pkl"
    path.write_bytes(content)
    assert cli.main(["explain", str(path)]) == check(path)
    assert "load key, '\\x00'" in capsys.readouterr().out or content == GOOD


@pytest.mark.parametrize("option", [["-j", "-1"], ["--timeout", "0"], ["--timeout", "inf"]])
def test_numbers_out_of_range(files: Path, option: list[str]) -> None:
    assert check(files, *option) == 2


def test_explain_file(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "a.pkl").write_bytes(b"(ccollections\nOrderedDict\n)R" + ACT[:-1] + b"t.")
    assert cli.main(["explain", str(files / "a.pkl")]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"refused  {files / 'a.pkl'}"
    assert "os:getpid" in lines
    assert any(line.startswith("  call       refused") for line in lines)
    assert any("trust add FILE" in line for line in lines)
    assert cli.main(["explain", "os:system"]) == 0
    assert "which starts or signals a process" in capsys.readouterr().out
    assert cli.main(["explain", str(files / "a.pkl"), "--json"]) == 1
    value = json.loads(capsys.readouterr().out)
    granted = {row["name"]: row["verdict"]["grants"] for row in value["globals"]}
    assert "call" in granted["OrderedDict"] and "call" not in granted["getpid"]
