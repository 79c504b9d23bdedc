"""The pickles within a file, found by content and not by name, in bounded memory.

torch's three formats, zip and tar archives, numpy's files, and what gzip, bzip2, xz, zlib, lz4 and
zstandard compress, in one another, and base64 in JSON. Nothing is written to disk but the copy of
an archive that stands in another one, and nothing is believed of what an archive says of its own
size.
"""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import sys
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PICKLE, NUMPY, FOREIGN = "pickle", "numpy", "foreign"

DEEPEST = 6
MOST_MEMBERS = 200_000
MOST_BYTES = 1 << 36
"""What one file may expand to: 64 GiB is more than any model, and an end for a bomb."""
MOST_COPIED = 1 << 30

_HEAD = 512
_LOCAL_HEADER = 256
_LONGEST_NPY_HEADER = 1 << 20
_LONGEST_JSON = 1 << 26
_IN_BASE64 = re.compile(rb'"(gA[E-X](?:[A-Za-z0-9+/]|\\[n/])+={0,2}(?:\\n)?)"')
"""What starts as a pickle of protocol 1 to 5 in base64, as a JSON string."""
_STORAGE = re.compile(r"(?:^|/)(?:data|tensors|constants)/\d+$")


_DAMAGES_OF_READERS = (
    ("lzma", "LZMAError"),
    ("tarfile", "TarError"),
    ("zipfile", "BadZipFile"),
    ("zlib", "error"),
)
_DAMAGES = (
    struct.error,
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    IndexError,
    OverflowError,
)
_ZIP_END, _LONGEST_ZIP_END = b"PK\x05\x06", (1 << 16) + 22
"""What ends the directory of an archive, and how far from the end of the file it may start."""


class NotJudged(Exception):
    """What a file holds cannot be found out."""


class Part(NamedTuple):
    """One stream within a file.

    Attributes
    ----------
    kind : str
        ``pickle``, ``numpy`` (an ``.npy`` whose objects are one pickle), or ``foreign``: not
        recognized, so a pickle only if it reads as one.
    where : tuple of str
        The members that lead to it; empty for the file itself.
    file : object
        A buffered binary file that stands at its start, good until the next part is asked for.
        It can be moved back there, unless the whole is a stream that cannot.
    problem : str
        Why it cannot be read, ``""`` if it can.
    """

    kind: str
    where: tuple[str, ...]
    file: Any
    problem: str = ""


class _Budget:
    """What is left of the limits for one file."""

    def __init__(self) -> None:
        self.bytes = MOST_BYTES
        self.members = MOST_MEMBERS

    def spend(self, size: int) -> None:
        """Count expanded bytes."""
        self.bytes -= size
        if self.bytes < 0:
            raise NotJudged(f"it expands to more than {MOST_BYTES >> 30} GiB")

    def member(self) -> None:
        """Count a member of an archive."""
        self.members -= 1
        if self.members < 0:
            raise NotJudged(f"it has more than {MOST_MEMBERS} members")


class _Counted(io.RawIOBase):
    """A decompressing file that counts what comes out of it, and can be read once more."""

    def __init__(self, file: Any, budget: _Budget) -> None:
        self._file = file
        self._budget = budget
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return _can_seek(self._file)

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        if offset or whence:
            raise io.UnsupportedOperation("only back to the start")
        self._file.seek(0)
        self._position = 0
        return 0

    def readinto(self, target: Any) -> int:
        data = self._file.read(len(target))
        self._budget.spend(len(data))
        self._position += len(data)
        target[: len(data)] = data
        return len(data)


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file for reading, if it is a regular one.

    Raises
    ------
    NotJudged
        For a named pipe, a device or a folder, which could block or never end.
    OSError
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotJudged("it is not a regular file")
        return open(descriptor, "rb", buffering=1 << 17)
    except BaseException:
        os.close(descriptor)
        raise


def parts(file: Any) -> Iterator[Part]:
    """Go through the streams of a file.

    Parameters
    ----------
    file : object
        A binary file; one that cannot seek is read once.

    Yields
    ------
    Part
    """
    yield from _parts(_buffered(file), (), _Budget())


def _buffered(file: Any) -> Any:
    return file if hasattr(file, "peek") else io.BufferedReader(file, 1 << 17)


def _parts(file: Any, where: tuple[str, ...], budget: _Budget) -> Iterator[Part]:
    head = _peek(file)
    if len(where) > DEEPEST:
        yield Part(FOREIGN, where, file, f"archives in archives, more than {DEEPEST} deep")
        return
    walk = _recognized(head)
    try:
        if walk in _ALSO_PICKLES and not where and _can_seek(file):
            start = file.tell()
            yield Part(FOREIGN, where, file)
            file.seek(start)
        yield from walk(file, where, budget)
    except NotJudged as error:
        yield Part(FOREIGN, where, None, str(error))
    except damages() as error:
        yield Part(FOREIGN, where, None, f"damaged: {words(error)}")


def damages() -> tuple[type[Exception], ...]:
    """Return what the readers of archives raise on damaged ones."""
    named = [
        getattr(sys.modules[module], name)
        for module, name in _DAMAGES_OF_READERS
        if module in sys.modules  # what was not imported has raised nothing
    ]
    return (*named, *_DAMAGES)


def words(error: Exception) -> str:
    """Return what an error says, printable and short."""
    text = f"{type(error).__name__}: {error}"[:200]
    return text if text.isprintable() else ascii(text)


def _peek(file: Any) -> bytes:
    try:
        head = bytes(file.peek(_HEAD)[:_HEAD])
    except damages():
        return b""
    return head


def _recognized(head: bytes) -> Any:
    """Return the function that goes through a file which starts like this."""
    for magic, walk in _MAGIC:
        if head.startswith(magic):
            return walk
    if len(head) > 262 and head[257:262] == b"ustar":
        return _tar
    if head.lstrip(b" \t\r\n")[:1] in (b"{", b"["):
        return _json
    if head[:1] == b"\x78" and head[1:2] in b"\x01\x5e\x9c\xda" and _is_zlib(head):
        return _zlib
    return _plain


def _is_zlib(head: bytes) -> bool:
    return int.from_bytes(head[:2], "big") % 31 == 0


def _plain(file: Any, where: tuple[str, ...], budget: _Budget) -> Iterator[Part]:
    """A pickle, or something else; archives may also be appended to it."""
    yield Part(PICKLE if not where else FOREIGN, where, file)
    if not where and _can_seek(file) and _ends_as_zip(file):
        yield from _zip(file, where, budget)


def _can_seek(file: Any) -> bool:
    try:
        return bool(file.seekable())
    except Exception:  # a file object of somebody's own
        return False


def _ends_as_zip(file: Any) -> bool:
    """Tell whether an archive is appended: Python's zipfile reads from the end."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _LONGEST_ZIP_END))
    if _ZIP_END not in file.read(_LONGEST_ZIP_END):
        return False
    import zipfile

    return zipfile.is_zipfile(file)


# -- compression ----------------------------------------------------------------------------------


def _decompressed(opener: Callable[[Any], Any], label: str) -> Any:
    def walk(file: Any, where: tuple[str, ...], budget: _Budget) -> Iterator[Part]:
        inner = io.BufferedReader(_Counted(opener(file), budget), 1 << 17)
        yield from _parts(inner, (*where, label), budget)

    return walk


def _gzip_opener(file: Any) -> Any:
    import gzip

    return gzip.GzipFile(fileobj=file)


def _bz2_opener(file: Any) -> Any:
    import bz2

    return bz2.BZ2File(file)


def _lzma_opener(file: Any) -> Any:
    import lzma

    return lzma.LZMAFile(file)


def _lz4_opener(file: Any) -> Any:
    return _optional("lz4.frame", "lz4").LZ4FrameFile(file)


def _zstd_opener(file: Any) -> Any:
    if sys.version_info >= (3, 14):
        return _optional("compression.zstd", "zstandard").ZstdFile(file)
    return _optional("zstandard", "zstandard").ZstdDecompressor().stream_reader(file)


def _optional(module: str, name: str) -> Any:
    """Import a decompressor that need not be installed."""
    try:
        return import_module(module)
    except ImportError:
        raise NotJudged(f"it is compressed with {name}, which is not installed here") from None


class _Inflated:
    """What zlib has compressed, as joblib writes it (joblib/compressor.py, BinaryZlibFile)."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._start = file.tell() if _can_seek(file) else -1
        self._restart()

    def _restart(self) -> None:
        import zlib

        self._inflater = zlib.decompressobj()
        self._pending = b""

    def seekable(self) -> bool:
        """Tell whether it can be read once more."""
        return self._start >= 0

    def seek(self, offset: int) -> None:
        """Start again."""
        self._file.seek(self._start)
        self._restart()

    def read(self, size: int) -> bytes:
        """Return some bytes, at most `size`."""
        while True:
            source = self._pending or self._file.read(1 << 16)
            if not source and not self._inflater.unconsumed_tail:
                return b""
            data = self._inflater.decompress(source, size)
            self._pending = self._inflater.unconsumed_tail
            if data or self._inflater.eof:
                return data


def _zlib(file: Any, where: tuple[str, ...], budget: _Budget) -> Iterator[Part]:
    yield from _decompressed(_Inflated, "zlib")(file, where, budget)


def _old_joblib(file: Any, where: tuple[str, ...], budget: _Budget) -> Iterator[Part]:
    """joblib before 0.10: ``ZF``, the length in hexadecimal, zlib (numpy_pickle_compat.py).

    Under Python 2, joblib up to 0.8.4 wrote a blank more.
    """
    file.read(2 + 19)
    if file.peek(1)[:1] == b" ":
        file.read(1)
    yield from _zlib(file, where, budget)


# -- archives -------------------------------------------------------------------------------------


@contextmanager
def _seekable(file: Any) -> Iterator[Any]:
    """Give a file that can be read in any order; one within another is copied, up to a limit."""
    if _can_seek(file) and not isinstance(getattr(file, "raw", None), _Counted):
        yield file
        return
    import tempfile

    with tempfile.SpooledTemporaryFile(max_size=1 << 24) as copy:
        if not hasattr(copy, "seekable"):  # before Python 3.11; zipfile asks
            copy.seekable = lambda: True  # type: ignore[method-assign]
        left = MOST_COPIED
        while data := file.read(1 << 20):
            left -= len(data)
            if left < 0:
                raise NotJudged(f"an archive of more than {MOST_COPIED >> 20} MiB within another")
            copy.write(data)
        copy.seek(0)
        yield copy


def _zip(file: Any, where: tuple[str, ...], budget: _Budget) -> Iterator[Part]:
    import zipfile

    with _seekable(file) as whole, zipfile.ZipFile(whole) as archive:
        entries = archive.infolist()
        torch = any(entry.filename.endswith(("/data.pkl", "/constants.pkl")) for entry in entries)
        for entry in entries:
            budget.member()
            if entry.is_dir() or (torch and _is_storage(archive, entry)):
                continue
            place = (*where, entry.filename)
            if entry.flag_bits & 1:
                yield Part(FOREIGN, place, None, "it is encrypted")
                continue
            try:
                member = archive.open(entry)
            except damages() as error:
                yield Part(FOREIGN, place, None, f"damaged: {words(error)}")
                continue
            # Not every reader of archives compares checksums: the content is looked at in any case.
            member._expected_crc = None  # type: ignore[attr-defined]
            with member:
                inner = io.BufferedReader(_Counted(member, budget), 1 << 17)
                yield from _parts(inner, place, budget)


def _is_storage(archive: Any, entry: Any) -> bool:
    """Tell whether a member holds the bytes of a tensor, which torch maps and never unpickles.

    Some other program might: one that starts as a pickle of protocol 2 or later is looked at.
    """
    if not _STORAGE.search(entry.filename):
        return False
    if entry.compress_type != 0:
        return False
    header = _read_at(archive.fp, entry.header_offset, _LOCAL_HEADER)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        return False
    begin = 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    start = header[begin : begin + 2]
    if begin + 2 > _LOCAL_HEADER:
        start = _read_at(archive.fp, entry.header_offset + begin, 2)
    return not (start[:1] == b"\x80" and start[1:] in (b"\x02", b"\x03", b"\x04", b"\x05"))


def _read_at(file: Any, offset: int, size: int) -> bytes:
    """Read a few bytes, and not the buffer full of tensor that comes with them."""
    if hasattr(os, "pread") and isinstance(getattr(file, "raw", None), io.FileIO):
        return os.pread(file.fileno(), size, offset)
    file.seek(offset)
    return bytes(file.read(size))


def _tar(file: Any, where: tuple[str, ...], budget: _Budget) -> Iterator[Part]:
    import tarfile

    with _seekable(file) as whole, tarfile.open(fileobj=whole, mode="r:") as archive:
        for entry in archive:
            budget.member()
            if not entry.isfile():
                continue
            member = archive.extractfile(entry)
            if member is not None:
                inner = io.BufferedReader(_Counted(member, budget), 1 << 17)
                yield from _parts(inner, (*where, entry.name), budget)


# -- numpy ----------------------------------------------------------------------------------------


def _npy(file: Any, where: tuple[str, ...], budget: _Budget) -> Iterator[Part]:
    """An array: its objects, if it has any, are one pickle (numpy/lib/format.py)."""
    import ast

    version = file.read(8)[6:7]
    width = 2 if version == b"\x01" else 4
    size = int.from_bytes(file.read(width), "little")
    if size > _LONGEST_NPY_HEADER:
        raise NotJudged("the header of the array is too long")
    text = file.read(size).decode("latin1")
    try:
        header = ast.literal_eval(text)
        kinds = repr(header["descr"])
    except (SyntaxError, ValueError, TypeError, KeyError, RecursionError, MemoryError):
        kinds = "O"  # numpy may understand what is not understood here
    if "O" in kinds:
        yield Part(NUMPY, where, file)


def _json(file: Any, where: tuple[str, ...], budget: _Budget) -> Iterator[Part]:
    """Pickles in base64 (stable-baselines3 keeps what is no JSON of a model so)."""
    import binascii

    text = file.read(_LONGEST_JSON + 1)
    if len(text) > _LONGEST_JSON:
        raise NotJudged(f"a JSON text of more than {_LONGEST_JSON >> 20} MiB")
    if not where:
        yield Part(PICKLE, where, io.BufferedReader(io.BytesIO(text)))  # as any other file
    for found in _IN_BASE64.finditer(text):
        budget.member()
        try:
            data = binascii.a2b_base64(found.group(1).replace(b"\\n", b"").replace(b"\\", b""))
        except binascii.Error:
            continue
        place = (*where, f"base64 at {found.start(1)}")
        yield Part(FOREIGN, place, io.BufferedReader(_Counted(io.BytesIO(data), budget)))


def _not_read(name: str) -> Any:
    def walk(file: Any, where: tuple[str, ...], budget: _Budget) -> Iterator[Part]:
        yield Part(FOREIGN, where, None, f"{name} archives are not read here: unpack it first")

    return walk


_bzip2 = _decompressed(_bz2_opener, "bzip2")

_MAGIC: tuple[tuple[bytes, Any], ...] = (
    (b"PK\x03\x04", _zip),
    (b"PK\x05\x06", _zip),
    (b"\x1f\x8b", _decompressed(_gzip_opener, "gzip")),
    (b"BZh", _bzip2),
    (b"\xfd7zXZ\x00", _decompressed(_lzma_opener, "xz")),
    (b"\x5d\x00\x00", _decompressed(_lzma_opener, "lzma")),
    (b"\x04\x22\x4d\x18", _decompressed(_lz4_opener, "lz4")),
    (b"\x28\xb5\x2f\xfd", _decompressed(_zstd_opener, "zstandard")),
    (b"ZF0x", _old_joblib),
    (b"\x93NUMPY", _npy),
    (b"7z\xbc\xaf\x27\x1c", _not_read("7z")),
    (b"Rar!\x1a\x07", _not_read("rar")),
)
"""First bytes to what goes through the file."""

_ALSO_PICKLES = (_zip, _tar, _bzip2)
"""What a pickle can look like at the same time: ``P`` is PERSID, ``B`` BINBYTES, and the mark of
a tar archive may stand in any text."""
