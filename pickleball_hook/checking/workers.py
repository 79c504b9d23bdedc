"""Files judged in processes of their own, so that none can take this one's time or memory.

A worker gets paths and gives verdicts, both as JSON lines: nothing of what it says is unpickled,
whatever a file may have made of it. The first ones are forks where that is safe, which spares them
the start of an interpreter; one that takes the place of a worker that died is a fresh interpreter.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from pickleball_hook.checking import inspection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from queue import SimpleQueue
    from typing import IO, Protocol

    from pickleball_hook.checking.inspection import FileVerdict

    class Worker(Protocol):
        """What is used of `subprocess.Popen`."""

        returncode: Any

        @property
        def stdin(self) -> IO[bytes] | None: ...
        @property
        def stdout(self) -> IO[bytes] | None: ...
        def poll(self) -> int | None: ...
        def kill(self) -> None: ...
        def wait(self) -> int: ...


STDIN = "-"
"""In place of a path: what this process has on stdin, which only its forks have too."""

SPARE_MEMORY = 4 << 30
"""Address space that reading one file may take, besides twice its size."""

_LAST_WORDS = 30.0
_START = (
    "import sys; sys.path[:] = {path!r}; "
    "from pickleball_hook.checking import workers; workers.serve()"
)


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

    Returns
    -------
    iterator of FileVerdict
        In the order in which they are ready. The large files are begun with, so that none is left
        to be waited for at the end.
    """
    jobs = max(1, min(jobs, len(paths)))
    workers = _forked(jobs) if may_fork() else []
    return _judged(sorted(paths, key=_size, reverse=True), jobs, timeout, workers)


def _judged(
    paths: list[str], jobs: int, timeout: float, workers: Sequence[Worker]
) -> Iterator[FileVerdict]:
    from queue import SimpleQueue
    from threading import Thread

    waiting: SimpleQueue[str | None] = SimpleQueue()
    ready: SimpleQueue[FileVerdict | BaseException] = SimpleQueue()
    for path in [*paths, *[None] * jobs]:
        waiting.put(path)
    threads = [
        Thread(target=_work, args=(waiting, ready, timeout, worker), daemon=True)
        for worker in [*workers, *[None] * (jobs - len(workers))]
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


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except (OSError, ValueError):
        return 0


def _work(
    waiting: SimpleQueue[str | None],
    ready: SimpleQueue[FileVerdict | BaseException],
    timeout: float,
    worker: Worker | None,
) -> None:
    """Have one worker after the other judge what is waiting."""
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


def _dismiss(worker: Worker) -> None:
    """Let a worker write what it has learned, and end."""
    assert worker.stdin is not None and worker.stdout is not None
    with contextlib.suppress(OSError):  # it is gone
        worker.stdin.close()
    if not _ends(worker, _LAST_WORDS):
        worker.kill()
        worker.wait()
    worker.stdout.close()


def _ends(worker: Worker, seconds: float) -> bool:
    """Wait for a worker to end; tell whether it has."""
    end = time.monotonic() + seconds
    pause = 0.0005
    while worker.poll() is None:
        if time.monotonic() > end:
            return False
        time.sleep(pause)
        pause = min(2 * pause, 0.05)
    return True


def _new() -> Worker:
    import subprocess

    command = [sys.executable, "-c", _START.format(path=sys.path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def may_fork() -> bool:
    """Tell whether a fork of this process is whole: Linux shows that it has no other thread."""
    try:
        return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


def _forked(number: int) -> Sequence[Worker]:
    """Return workers that are forks of this process."""
    workers: list[_Fork] = []
    sys.stdout.flush()
    sys.stderr.flush()
    for _ in range(number):
        questions, answers = os.pipe(), os.pipe()
        pid = os.fork()
        if not pid:
            _serve_as_child(workers, questions, answers)
        os.close(questions[0])
        os.close(answers[1])
        workers.append(_Fork(pid, questions[1], answers[0]))
    return workers


def _serve_as_child(
    siblings: list[_Fork], questions: tuple[int, int], answers: tuple[int, int]
) -> None:
    """Serve in a fork, and end with it: nothing of the parent's is to happen here again."""
    status = 1
    try:
        for sibling in siblings:  # who else holds its end would keep it from ending
            sibling.stdin.close()
            sibling.stdout.close()
        os.close(questions[1])
        os.close(answers[0])
        with os.fdopen(questions[0], "rb") as asked, os.fdopen(answers[1], "wb") as told:
            _serve(asked, told)
        status = 0
    finally:
        os._exit(status)


class _Fork:
    """A forked worker, to be used like a `subprocess.Popen`."""

    def __init__(self, pid: int, stdin: int, stdout: int) -> None:
        self.pid = pid
        self.stdin: IO[bytes] = os.fdopen(stdin, "wb")
        self.stdout: IO[bytes] = os.fdopen(stdout, "rb")
        self.returncode: Any = None

    def poll(self) -> int | None:
        """Return the status it has ended with, None if it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self._status()

    def _status(self) -> int | None:
        return None if self.returncode is None else int(self.returncode)

    def kill(self) -> None:
        """End it, if it has not ended."""
        import signal

        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Wait for it to end; return the status it has ended with."""
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return int(self.returncode)


def _ask(worker: Worker, path: str, timeout: float) -> FileVerdict:
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
    _serve(sys.stdin.buffer, os.fdopen(os.dup(1), "wb"))


def _serve(questions: Iterable[bytes], answers: IO[bytes]) -> None:
    os.dup2(2, 1)  # what else is printed goes where it does no harm
    for line in questions:
        message = inspection.to_message(_judge(json.loads(line)))
        answers.write(json.dumps(message).encode() + b"\n")
        answers.flush()


def _judge(path: str) -> FileVerdict:
    _limit_memory(path)
    try:
        if path == STDIN:
            return inspection.check(sys.stdin.buffer)._replace(path=path)
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
