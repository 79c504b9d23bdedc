"""Load untrusted files, one forked child each, and say what became of them.

The server side of `corpus.py`, run by the Python of the environment to judge, inside the sandbox
that `corpus.py` sets up. Reads one JSON request a line on standard input, ``{"file", "loader",
"timeout", "digest"}``, and answers each with one line. The parent imports the loader's library
once, with the hook live; the child that it forks for a file limits its own memory, processor
time, processes and file sizes, loads, drops what it loaded, and ends.
"""

from __future__ import annotations

import argparse
import bz2
import functools
import gc
import gzip
import hashlib
import importlib
import io
import json
import lzma
import os
import pickle
import resource
import select
import signal
import sys
import tarfile
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

MEMORY = 8 << 30
FILE_SIZE = 64 << 20
PROCESSES = 512
OPEN_FILES = 256
MESSAGE = 2000
GRACE = 1.0


def every_pickle(path: str, encoding: str = "ASCII") -> Any:
    """What ``pickle.load`` gives until the file ends, as programs read streams of pickles."""
    with open(path, "rb") as stream:
        return all_of(stream, encoding)


def all_of(stream: Any, encoding: str = "ASCII") -> Any:
    """What ``pickle.load`` gives until a stream ends."""
    values = [pickle.load(stream, encoding=encoding)]
    # What follows the first pickle may be no pickle at all: only the guard's refusal counts.
    try:
        while True:
            values.append(pickle.load(stream, encoding=encoding))
    except Exception as error:
        if violation_in(error):
            error.after_pickles = len(values)  # type: ignore[attr-defined]
            raise
    return values if len(values) > 1 else values[0]


def every_latin1(path: str) -> Any:
    """The same for files of Python 2, whose strings are bytes."""
    return every_pickle(path, "latin1")


def from_bytes(path: str) -> Any:
    """What ``pickle.loads`` gives for the whole file."""
    with open(path, "rb") as stream:
        return pickle.loads(stream.read())


def from_unpickler(path: str) -> Any:
    """What a ``pickle.Unpickler`` object gives."""
    with open(path, "rb") as stream:
        return pickle.Unpickler(stream).load()


def from_python_unpickler(path: str) -> Any:
    """What CPython's unpickler in Python gives, from which joblib's and pandas' derive."""
    with open(path, "rb") as stream:
        return pickle._Unpickler(stream).load()  # type: ignore[attr-defined]


def gzip_pickle(path: str) -> Any:
    """The pickles within a gzip file."""
    with gzip.open(path) as stream:
        return all_of(stream, "latin1")


def bz2_pickle(path: str) -> Any:
    """The pickles within a bzip2 file."""
    with bz2.open(path) as stream:
        return all_of(stream, "latin1")


def xz_pickle(path: str) -> Any:
    """The pickles within an xz or lzma file."""
    with lzma.open(path) as stream:
        return all_of(stream, "latin1")


def zlib_pickle(path: str) -> Any:
    """The pickles within a zlib stream."""
    with open(path, "rb") as stream:
        return all_of(io.BytesIO(zlib.decompress(stream.read())), "latin1")


def members(parts: Iterable[tuple[str, Callable[[], Any]]]) -> Any:
    """What ``pickle.load`` gives for each member of an archive that starts like a pickle.

    A refusal of any member counts; other errors do not keep from reading on.
    """
    values = {}
    for name, opened in parts:
        try:
            with opened() as stream:
                values[name] = all_of(stream, "latin1")
        except Exception as error:
            if violation_in(error):
                raise
            values[name] = error
    if values and all(isinstance(value, Exception) for value in values.values()):
        raise next(iter(values.values()))
    return values


def zip_members(path: str) -> Any:
    """The pickles that are members of a zip file."""
    with zipfile.ZipFile(path) as archive:
        return members((n, functools.partial(archive.open, n)) for n in archive.namelist())


def tar_members(path: str) -> Any:
    """The pickles that are members of a tar file, none of which is extracted."""
    with tarfile.open(path) as archive:
        files = [member for member in archive.getmembers() if member.isfile()]
        return members((m.name, functools.partial(archive.extractfile, m)) for m in files)


def joblib_load(path: str) -> Any:
    import joblib

    return joblib.load(path)


def pandas_load(path: str) -> Any:
    import pandas as pd

    return pd.read_pickle(path)


def numpy_load(path: str) -> Any:
    import numpy as np

    value = np.load(path, allow_pickle=True)
    return {name: value[name] for name in value.files} if hasattr(value, "files") else value


def torch_load(path: str) -> Any:
    import torch

    return torch.load(path, map_location="cpu")


def torch_unsafe(path: str) -> Any:
    import torch

    return torch.load(path, map_location="cpu", weights_only=False)


def baselines_load(path: str) -> Any:
    from stable_baselines3.common.save_util import load_from_zip_file

    return load_from_zip_file(path, device="cpu")


# Each loader with what the parent imports before it forks.
LOADERS: dict[str, tuple[Callable[[str], Any], tuple[str, ...]]] = {
    "pickle": (every_pickle, ()),
    "pickle-latin1": (every_latin1, ()),
    "loads": (from_bytes, ()),
    "unpickler": (from_unpickler, ()),
    "python-unpickler": (from_python_unpickler, ()),
    "gzip": (gzip_pickle, ()),
    "bz2": (bz2_pickle, ()),
    "xz": (xz_pickle, ()),
    "zlib": (zlib_pickle, ()),
    "zip": (zip_members, ()),
    "tar": (tar_members, ()),
    "joblib": (joblib_load, ("joblib",)),
    "pandas": (pandas_load, ("pandas",)),
    "numpy": (numpy_load, ("numpy",)),
    "torch": (torch_load, ("torch",)),
    "torch-unsafe": (torch_unsafe, ("torch",)),
    "stable-baselines3": (baselines_load, ("torch",)),
}


def violation_in(error: BaseException) -> BaseException | None:
    """The guard's refusal among `error` and what it was raised from, by the name of its class.

    By name, since plain Python, with which the guard is compared, does not have the class.
    """
    seen: set[int] = set()
    pending: BaseException | None = error
    while pending is not None and id(pending) not in seen:
        seen.add(id(pending))
        if any(c.__name__ == "PolicyViolation" for c in type(pending).__mro__):
            return pending
        pending = pending.__cause__ or pending.__context__
    return None


class Canonical(pickle.Pickler):
    """Pickles what was loaded to the same bytes in every process."""

    def reducer_override(self, value: Any) -> Any:
        """Write torch's storages by content: torch itself writes their address."""
        if type(value).__module__ != "torch.storage":
            return NotImplemented
        import torch

        content = torch.tensor([], dtype=torch.uint8).set_(value.untyped())
        return bytes, (content.numpy().tobytes(),)


def digest(value: object) -> str:
    """A digest of `value` as pickled again, to compare it with what plain Python loads."""
    stream = io.BytesIO()
    try:
        Canonical(stream, 4).dump(value)
    except Exception as error:
        return type(error).__name__
    return hashlib.sha256(stream.getvalue()).hexdigest()[:16]


def load(request: dict[str, Any]) -> dict[str, Any]:
    """Load one file; ``result`` is ``loaded``, ``refused`` or ``error``."""
    function, _ = LOADERS[request["loader"]]
    start = time.perf_counter()
    answer: dict[str, Any]
    try:
        value = function(request["file"])
        answer = {"result": "loaded", "type": f"{type(value).__module__}.{type(value).__name__}"}
        answer["seconds"] = time.perf_counter() - start
        if request.get("digest"):
            # Some objects draw random numbers as they are restored: they cannot be compared.
            digests = {digest(value), digest(function(request["file"]))}
            answer["digest"] = digests.pop() if len(digests) == 1 else "changes"
        del value
    except BaseException as error:
        refusal = violation_in(error)
        told = refusal or error
        answer = {
            "result": "refused" if refusal else "error",
            "type": type(told).__name__,
            "message": str(told)[:MESSAGE],
            "wrapped": refusal is not None and refusal is not error,
            "after_pickles": getattr(error, "after_pickles", 0),
            "seconds": time.perf_counter() - start,
        }
        del error, refusal, told
    # Finalizers of what was loaded, or half built, are the file's doing too.
    gc.collect()
    # A module whose import opens a browser; the corpus uses it as a marker without a file.
    answer["antigravity"] = "antigravity" in sys.modules
    return answer


def await_started() -> None:
    """Give processes and threads that the file started time to act, before they are ended."""
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline:
        try:
            os.waitpid(-1, os.WNOHANG)
            idle = False
        except ChildProcessError:
            idle = True
        if idle and len(os.listdir("/proc/self/task")) == 1:
            return
        time.sleep(0.01)


def limit(timeout: float) -> None:
    """Put limits on this process; what is not supported here is left as it is."""
    for what, amount in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, int(timeout) + 1),
        (resource.RLIMIT_FSIZE, FILE_SIZE),
        (resource.RLIMIT_NPROC, PROCESSES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(what, (amount, amount))


def child(request: dict[str, Any], answer_to: int) -> None:
    """The forked process: nothing but its pipe is left open; never returns."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.closerange(3, answer_to)
    os.closerange(answer_to + 1, OPEN_FILES)
    limit(request["timeout"])
    warnings.simplefilter("ignore")
    answer = load(request)
    await_started()
    os.write(answer_to, json.dumps(answer).encode() + b"\n")
    os._exit(0)


def serve(request: dict[str, Any]) -> dict[str, Any]:
    """Fork a child for `request` and wait for its answer, at most the time it is given."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read_end)
        try:
            child(request, write_end)
        finally:
            os._exit(70)
    os.close(write_end)
    deadline = time.monotonic() + request["timeout"]
    text = b""
    # Not until the end of the pipe: a process that the file started may hold it open.
    while not text.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([read_end], [], [], left)[0]:
            break
        part = os.read(read_end, 65536)
        if not part:
            break
        text += part
    os.close(read_end)
    timed_out = time.monotonic() >= deadline
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if text.endswith(b"\n"):
        answer: dict[str, Any] = json.loads(text)
        return answer
    if timed_out:
        return {"result": "time-out"}
    return {"result": "crash", "type": f"status {os.waitstatus_to_exitcode(status)}"}


def guard_status() -> str:
    """Whether the hook is live in this process, as its own status has it."""
    try:
        import pickleball_hook

        return json.dumps(pickleball_hook.status(), default=str)
    except Exception as error:
        return f"absent: {error!r}"


def without_policy() -> None:
    """Let every refusal of the policy pass, as in audit mode; the effect guard still raises."""
    from pickleball_hook.doors import checked

    checked.enforcing = lambda: False


def without_effects() -> None:
    """Never put the audit hook in: the policy is all there is."""
    from pickleball_hook.net import events

    events.listen = lambda: None


WITHOUT = {"policy": without_policy, "effects": without_effects, "nothing": lambda: None}


def warm() -> None:
    """Import what judges a file, once for all children, by having a harmless one refused."""
    with suppress(Exception):
        import importlib_metadata  # noqa: F401
    with suppress(Exception):
        pickle.loads(b"cguarded_run\nnothing\n.")
    with suppress(Exception):
        pickle.loads(b"cjson.decoder\nJSONDecoder\n.")


def main() -> None:
    parser = argparse.ArgumentParser(description="serve load requests; started by corpus.py")
    parser.add_argument("--loader", required=True, choices=LOADERS)
    parser.add_argument("--without", default="nothing", choices=WITHOUT)
    options = parser.parse_args()
    loader = options.loader
    WITHOUT[options.without]()
    # Requests and answers keep these two to themselves: children get the null device instead.
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.set_inheritable(requests.fileno(), False)
    imported = []
    for name in LOADERS[loader][1]:
        with suppress(ImportError):
            importlib.import_module(name)
            imported.append(name)
    warm()
    hello = {"pid": os.getpid(), "imported": imported, "status": guard_status()}
    answers.write(json.dumps(hello).encode() + b"\n")
    answers.flush()
    for line in iter(requests.readline, b""):
        answers.write(json.dumps(serve(json.loads(line))).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
