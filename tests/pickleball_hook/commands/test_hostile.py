"""Each command on input that somebody chose to do harm: an answer, in bounded time and memory."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="named pipes, sparse files, limits on memory"
)

LOOK = """
import json, os, resource, sys, threading
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
from pickleball_hook import cli
for arguments in json.loads(sys.argv[1]):
    guard = threading.Timer(60, lambda: (print("TOO LATE", flush=True), os._exit(9)))
    guard.daemon = True
    guard.start()
    status = cli.main(arguments)
    guard.cancel()
    print(f"= {status}", flush=True)
"""
EVIL = "evil\x1b]0;owned\x07\x1b[2J\n\u202e.pkl"
HUGE = 5_000_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("hostile")
    os.mkfifo(place / "pipe")
    (place / "loop").mkdir(mode=0o700)
    (place / "loop" / "itself").symlink_to(".")
    (place / "loop" / "above").symlink_to("../loop")
    (place / "dangling").symlink_to("nowhere")
    (place / "circle").symlink_to("circle")
    with open(place / "sparse", "wb") as file:
        file.write(b"\x80\x04\x8e" + HUGE.to_bytes(8, "little"))
        file.truncate(HUGE)
    with zipfile.ZipFile(place / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(1 << 27))
        archive.writestr("marks.pkl", b"(" * (1 << 25))
        archive.writestr("inner.gz", gzip.compress(bytes(1 << 26)))
        nested = b"cos\nsystem\n."
        for _ in range(12):
            nested = gzip.compress(nested)
        archive.writestr("nested.gz", nested)
    (place / EVIL).write_bytes(b"c\x1b[2Jos\nsystem\x1b[1m\n.")
    (place / os.fsdecode(b"\xff\xfe.pkl")).write_bytes(b"cos\nsystem\n.")
    (place / "deep.json").write_text("[" * 1_000_000)
    (place / "odd.json").write_text(json.dumps({"verdicts": {EVIL: {"grants": [EVIL]}}}))
    (place / "shape.json").write_text(json.dumps({"schema": 1, "distributions": {EVIL: [1]}}))
    return place


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Callable[..., list[tuple[str, int]]]]:
    """Return what runs commands, one after the other, and gives what each said and its status."""

    def run(*commands: list[str]) -> list[tuple[str, int]]:
        homes = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CACHE", "CONFIG", "STATE")}
        done = subprocess.run(
            [sys.executable, "-c", LOOK, json.dumps(commands)],
            env={**os.environ, **homes, "PICKLEBALL_QUIET": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
            errors="surrogateescape",
        )
        assert done.returncode == 0, done.stdout
        assert "Traceback" not in done.stdout
        answers = []
        said: list[str] = []
        for line in done.stdout.splitlines():
            assert line.isprintable(), line
            if line.startswith("= "):
                answers.append(("\n".join(said), int(line[2:])))
                said = []
            else:
                said.append(line)
        assert len(answers) == len(commands)
        return answers

    yield run


def paths(folder: Path) -> list[str]:
    return [*sorted(os.path.join(folder, name) for name in os.listdir(folder)), "/dev/zero"]


Told = Callable[..., list[tuple[str, int]]]


@pytest.mark.parametrize("form", [[], ["-v"], ["--json"], ["--sarif"]])
def test_check(folder: Path, told: Told, form: list[str]) -> None:
    answers = told(["check", *form, "--timeout", "40", str(folder), "/dev/zero", "x" * 5000])
    assert [status for _, status in answers] == [1]
    if not form:
        assert "is not a regular file" in answers[0][0]


def test_check_one_by_one(folder: Path, told: Told) -> None:
    named = paths(folder)
    for path, (said, status) in zip(named, told(*[["check", path] for path in named]), strict=True):
        assert status == (0 if path.endswith("loop") else 1 if "\udcff" in path else 2), said


def test_explain(folder: Path, told: Told) -> None:
    names = [*paths(folder), f"{EVIL}:{EVIL}", "os:" + "x" * 10_000, ":", "a" * 100_000 + ":b"]
    for said, status in told(*[["explain", name] for name in names]):
        assert status in (0, 1, 2) and said


def test_warm(folder: Path, told: Told) -> None:
    answers = told(*[["warm", path] for path in paths(folder)])
    assert {status for _, status in answers} <= {0, 1}


def test_trust(folder: Path, told: Told) -> None:
    named = [path for path in paths(folder) if not path.endswith("sparse")]
    added = told(*[["trust", "add", path] for path in named], ["trust", "list"])
    by_name = dict(zip(named, added, strict=False))
    for name in ("pipe", "dangling", "circle"):
        assert by_name[os.path.join(folder, name)][1] == 1
    assert by_name["/dev/zero"][1] == 1 and "not a regular file" in by_name["/dev/zero"][0]
    assert by_name[os.path.join(folder, EVIL)][1] == 0
    told(*[["trust", "remove", path] for path in named], ["trust", "list", "--json"])


def test_allow(told: Told) -> None:
    names = [EVIL, f"{EVIL}:{EVIL}", "os:system", ":", "x" * 100_000 + ":y", "a:b:c", ""]
    answers = told(*[["allow", "add", name] for name in names], ["allow", "list"])
    assert all(status for _, status in answers[:-1])
    assert "nothing is allowed" in answers[-1][0]


def test_policy(folder: Path, told: Told) -> None:
    named = paths(folder)
    differences = told(*[["policy", "diff", "numpy", path, path] for path in named])
    assert all(status in (0, 1) for _, status in differences)
    locks = told(*[["policy", "lock", "--no-synth", "--check", path] for path in named])
    assert {status for _, status in locks} == {2}
    for command in ("show", "synth", "clear"):
        told(*[["policy", command, path] for path in (EVIL, "x" * 10_000, "../../etc", "")])


def test_files_to_write(folder: Path, told: Told) -> None:
    for command in (["policy", "lock", "--no-synth"], ["report", "--html"]):
        for name in ("pipe", "loop", "circle", "x" * 5000, "no/such/folder"):
            ((said, status),) = told([*command, os.path.join(folder, name)])
            assert status == 1 and "cannot write" in said


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 1_000_000,
        b'{"trust": 3, "allow": [], "mode": {}}',
        b'{"trust": {"files": {"x": 3}, "folders": [1]}, "allow": {"os:system": "x"}}',
    ],
)
def test_files_of_the_user_in_the_wrong_shape(content: bytes, told: Told, tmp_path: Path) -> None:
    for place in ("CONFIG", "STATE", "CACHE"):
        home = tmp_path / place / "pickleball-auto"
        home.mkdir(parents=True, mode=0o700)
        for name in ("config.json", "hashes.json", "refusals.jsonl"):
            (home / name).write_bytes(content)
        (home / "numpy-1.0-0123456789ab.json").write_bytes(content)
    commands: list[list[Any]] = [
        ["status"], ["log"], ["log", "suggest"], ["trust", "list"], ["allow", "list"],
        ["policy", "list"], ["policy", "verify"], ["report", "--json"], ["explain", "os:getpid"],
    ]  # fmt: skip
    assert all(said for said, _ in told(*commands))
