"""The pickles in files of all kinds are found by content, in bounded memory."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy
import pytest

from pickleball_hook.checking import containers
from pickleball_hook.checking.containers import FOREIGN, NUMPY, PICKLE, NotJudged

DATA = pickle.dumps(["data"])


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return file.getvalue()


def found(data: bytes) -> list[tuple[str, tuple[str, ...], bytes]]:
    rows = []
    for part in containers.parts(io.BytesIO(data)):
        assert not part.problem, part.problem
        rows.append((part.kind, part.where, part.file.read()))
    return rows


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (DATA, ()),
        (gzip.compress(DATA), ("gzip",)),
        (lzma.compress(DATA), ("xz",)),
        (lzma.compress(DATA, lzma.FORMAT_ALONE), ("lzma",)),
        (zlib.compress(DATA), ("zlib",)),
        (b"ZF" + hex(len(DATA)).ljust(19).encode() + zlib.compress(DATA), ("zlib",)),
        (b"ZF" + hex(len(DATA)).ljust(20).encode() + zlib.compress(DATA), ("zlib",)),
        (gzip.compress(gzip.compress(DATA)), ("gzip", "gzip")),
    ],
)
def test_compressed(data: bytes, where: tuple[str, ...]) -> None:
    assert found(data) == [(FOREIGN if where else PICKLE, where, DATA)]


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (bz2.compress(DATA), ("bzip2",)),
        (zipped({"a": DATA}), ("a",)),
        (tarred({"a": DATA}), ("a",)),
        (zipped({"b": gzip.compress(tarred({"a": DATA}))}), ("b", "gzip", "a")),
    ],
)
def test_archives(data: bytes, where: tuple[str, ...]) -> None:
    first, *rest = found(data)
    assert first == (FOREIGN, (), data), "it may be a pickle at the same time"
    assert rest == [(FOREIGN, where, DATA)]


def test_every_member_of_an_archive() -> None:
    rows = found(zipped({"one": DATA, "folder/two": b"", "three": DATA}))
    assert [where for _, where, _ in rows[1:]] == [("one",), ("folder/two",), ("three",)]


def test_an_archive_behind_a_pickle() -> None:
    rows = found(DATA + zipped({"a": DATA}))
    assert [where for _, where, _ in rows] == [(), ("a",)]


def test_storages_of_torch_are_passed_over_unless_they_start_as_pickles() -> None:
    members = {"x/data.pkl": DATA, "x/data/0": b"\x00" * 100, "x/data/1": DATA}
    rows = found(zipped(members, zipfile.ZIP_STORED))
    assert [where for _, where, _ in rows[1:]] == [("x/data.pkl",), ("x/data/1",)]


def in_json(data: bytes, escaped: bool = False) -> bytes:
    text = json.dumps({"policy": {":serialized:": base64.encodebytes(data).decode().strip()}})
    return (text.replace("/", "\\/") if escaped else text).encode()


@pytest.mark.parametrize("escaped", [False, True])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_base64_in_json(protocol: int, escaped: bool) -> None:
    data = pickle.dumps(["some data", 0.1, b"\xff" * 100], protocol)
    text = in_json(data, escaped)
    place = (f"base64 at {text.index(b'gA')}",)
    assert found(zipped({"data": text}))[1:] == [(FOREIGN, ("data", *place), data)]
    assert found(text)[-1] == (FOREIGN, place, data)


def test_json_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(zipped({"a.json": b'["gASVtheles", "gA", "gA==", 5]'}))[1:] == []
    monkeypatch.setattr(containers, "_LONGEST_JSON", 100)
    assert "JSON text" in problems(zipped({"a.json": b"[" + b" " * 100 + b"]"}))[0]


@pytest.mark.parametrize("magic", [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\x01\x00"])
def test_archives_that_are_not_read_are_told(magic: bytes) -> None:
    assert "not read here" in problems(magic + bytes(100))[0]


def test_checksums_are_not_believed() -> None:
    data = bytearray(zipped({"a": DATA}, zipfile.ZIP_STORED))
    at = data.index(DATA)
    data[at + 5] ^= 1
    assert found(bytes(data))[1][2] != DATA


@pytest.mark.parametrize("pickled", [False, True])
def test_numpy(pickled: bool) -> None:
    file = io.BytesIO()
    numpy.save(file, numpy.array([None] if pickled else [1.0], dtype=object if pickled else "f8"))
    rows = found(file.getvalue())
    assert [kind for kind, _, _ in rows] == ([NUMPY] if pickled else [])
    if pickled:
        assert rows[0][2].startswith(b"\x80")


def problems(data: bytes) -> list[str]:
    return [part.problem for part in containers.parts(io.BytesIO(data)) if part.problem]


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04" + b"x" * 100,
        b"\x93NUMPY\x01\x00\xff",
        b"\x93NUMPY\x02\x00\xff\xff\xff\x7f",
        b"\x04\x22\x4d\x18" + b"x" * 40,
        tarred({"a": DATA})[:600],
    ],
)
def test_damage_is_told(data: bytes) -> None:
    for part in containers.parts(io.BytesIO(data)):
        assert part.problem or part.file is not None


def test_nesting_ends() -> None:
    data = DATA
    for _ in range(containers.DEEPEST + 2):
        data = gzip.compress(data)
    assert "deep" in problems(data)[0]


def test_an_archive_that_holds_itself_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = DATA
    for _ in range(containers.DEEPEST + 2):
        data = zipped({"again": data})
    assert any("deep" in problem for problem in problems(data))


def test_bombs_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MOST_BYTES", 1 << 20)
    for part in containers.parts(io.BytesIO(gzip.compress(b"\x00" * (1 << 22)))):
        with pytest.raises(NotJudged, match="expands"):
            while part.file.read(1 << 16):
                pass


def test_members_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MOST_MEMBERS", 3)
    assert "members" in problems(zipped({str(n): DATA for n in range(5)}))[0]


def test_an_archive_in_a_compressed_file_is_copied_up_to_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(containers, "MOST_COPIED", 1000)
    inner = zipped({"a": os.urandom(4000)})
    assert "within another" in problems(gzip.compress(inner))[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotJudged):
        containers.open_regular(tmp_path / "pipe")
    with pytest.raises((NotJudged, OSError)):
        containers.open_regular(tmp_path)
