"""Files judged in processes of their own, so that none can take this one's time or memory.

A worker is a fresh interpreter that gets paths and gives verdicts, both as JSON lines: nothing of
what it says is unpickled, whatever a file may have made of it.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from pickleball_hook import inspection

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from queue import SimpleQueue
    from subprocess import Popen

    from pickleball_hook.inspection import FileVerdict

SPARE_MEMORY = 4 << 30
"""Address space that reading one file may take, besides twice its size."""

_LAST_WORDS = 30.0
_START = "import sys; sys.path[:] = {path!r}; from pickleball_hook import workers; workers.serve()"


def judge(paths: Sequence[str], jobs: int, timeout: float) -> Iterator[FileVerdict]:
    """Judge files.

    Parameters
    ----------
    paths : sequence of str
        The files.
    jobs : int
        How many at a time.
    timeout : float
        Seconds for one file.

    Yields
    ------
    FileVerdict
        In the order in which they are ready.
    """
    from queue import SimpleQueue
    from threading import Thread

    waiting: SimpleQueue[str | None] = SimpleQueue()
    ready: SimpleQueue[FileVerdict | BaseException] = SimpleQueue()
    jobs = max(1, min(jobs, len(paths)))
    for path in [*paths, *[None] * jobs]:
        waiting.put(path)
    threads = [
        Thread(target=_work, args=(waiting, ready, timeout), daemon=True) for _ in range(jobs)
    ]
    for thread in threads:
        thread.start()
    for _ in paths:
        verdict = ready.get()
        if isinstance(verdict, BaseException):
            raise verdict
        yield verdict
    for thread in threads:
        thread.join()


def _work(
    waiting: SimpleQueue[str | None],
    ready: SimpleQueue[FileVerdict | BaseException],
    timeout: float,
) -> None:
    """Have one worker after the other judge what is waiting."""
    worker: Popen[bytes] | None = None
    try:
        while (path := waiting.get()) is not None:
            if worker is None or worker.poll() is not None:
                worker = _new()
            ready.put(_ask(worker, path, timeout))
    except BaseException as error:
        ready.put(error)
    finally:
        if worker is not None:
            _dismiss(worker)


def _dismiss(worker: Popen[bytes]) -> None:
    """Let a worker write what it has learned, and end."""
    import subprocess

    try:
        worker.communicate(timeout=_LAST_WORDS)
    except (subprocess.TimeoutExpired, OSError, ValueError):
        worker.kill()
        worker.communicate()


def _new() -> Popen[bytes]:
    import subprocess

    command = [sys.executable, "-c", _START.format(path=sys.path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _ask(worker: Popen[bytes], path: str, timeout: float) -> FileVerdict:
    from threading import Timer

    assert worker.stdin is not None and worker.stdout is not None
    late: list[bool] = []

    def end() -> None:
        late.append(True)
        worker.kill()

    timer = Timer(timeout, end)
    timer.start()
    try:
        worker.stdin.write(json.dumps(path).encode() + b"\n")
        worker.stdin.flush()
        answer = worker.stdout.readline()
        return inspection.from_message(json.loads(answer))
    except (OSError, ValueError, KeyError, TypeError):
        worker.kill()
        worker.wait()
        reason = f"it took more than {timeout:g} seconds" if late else _ended(worker.returncode)
        return inspection.not_judged(path, reason)
    finally:
        timer.cancel()


def _ended(status: int) -> str:
    return f"the process that read it ended (status {status}): it may take too much memory"


def serve() -> None:
    """Judge the files whose paths come on stdin, until there are no more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what else is printed goes where it does no harm
    for line in sys.stdin.buffer:
        message = inspection.to_message(_judge(json.loads(line)))
        answers.write(json.dumps(message).encode() + b"\n")
        answers.flush()


def _judge(path: str) -> FileVerdict:
    _limit_memory(path)
    try:
        return inspection.check(path)
    except MemoryError:
        return inspection.not_judged(path, "it takes more memory than is allowed")
    except RecursionError:
        return inspection.not_judged(path, "it nests too deeply")


def _limit_memory(path: str) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    try:
        size = os.stat(path).st_size
    except (OSError, ValueError):
        size = 0
    limit: Any = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = SPARE_MEMORY + 2 * size
    if limit != resource.RLIM_INFINITY:
        wanted = min(wanted, limit)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, limit))
