"""``pickleball check``: what would become of files, without loading anything of them."""

from __future__ import annotations

import os
import sys
from collections import Counter
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from pickleball_hook import inspection
from pickleball_hook.commands.output import coloured, console, echo, print_json, safe
from pickleball_hook.inspection import NO_PICKLE, FileVerdict
from pickleball_hook.verdicts import PERMITTED, REFUSED, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

_MOST_SHOWN = 5
_SPARE_MEMORY = 4 << 30
"""What reading one file may take besides twice its size."""
_CHUNK = 16
_FEW = 8


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE|DIR|GLOB|-...")
@click.option("--json", "form", flag_value="json", help="Print one JSON object.")
@click.option("--sarif", "form", flag_value="sarif", help="Print SARIF 2.1.0.")
@click.option("--jobs", "-j", default=0, metavar="N", help="Files at a time (default: all cores).")
@click.option("--timeout", default=300.0, metavar="SECONDS", help="For one file (default 300).")
@click.option("--verbose", "-v", is_flag=True, help="Also list what only the load can tell.")
def check(
    paths: tuple[str, ...], form: str | None, jobs: int, timeout: float, verbose: bool
) -> int:
    """Say what would become of files, without loading anything or importing any library.

    Exit status: 0 all permitted, 1 at least one refused, 2 none refused but at least one could
    not be judged. Permitted means: no name and no operation in the file would be refused. Rules
    about values that only the load has in hand are applied then; -v lists them.
    """
    verdicts = _judged(list(paths), jobs or os.cpu_count() or 1, timeout, form is None)
    if form == "json":
        kept = list(verdicts)
        print_json({"files": [verdict.to_json() for verdict in kept], "counts": _counts(kept)})
        return _status(kept)
    if form == "sarif":
        from pickleball_hook.commands import sarif

        kept = list(verdicts)
        print_json(sarif.log(kept))
        return _status(kept)
    kept = []
    for verdict in verdicts:
        kept.append(verdict._replace(uses={}))
        _print(verdict, verbose)
    _print_summary(kept)
    return _status(kept)


def _status(verdicts: Iterable[FileVerdict]) -> int:
    outcomes = {verdict.outcome for verdict in verdicts}
    return 1 if REFUSED in outcomes else 2 if UNKNOWN in outcomes else 0


def _counts(verdicts: Iterable[FileVerdict]) -> dict[str, int]:
    counted = Counter(verdict.outcome for verdict in verdicts)
    return {outcome: counted[outcome] for outcome in (PERMITTED, REFUSED, UNKNOWN, NO_PICKLE)}


# -- text -----------------------------------------------------------------------------------------


def _print(verdict: FileVerdict, verbose: bool) -> None:
    if verdict.outcome == NO_PICKLE and not verbose:
        return
    left = f" (the load applies {_rules(verdict)})" if _holds_rules(verdict) else ""
    echo(f"{coloured(verdict.outcome)}  {safe(verdict.path or '-')}{left}")
    rows = [*verdict.refusals, *verdict.unknown]
    if verbose:
        rows += verdict.conditions
    for found in rows if verbose else rows[:_MOST_SHOWN]:
        remark = found.remark
        where = f"{'/'.join(found.where)}: " if found.where else ""
        what = f"{remark.operation} of {remark.name}: " if remark.name else ""
        times = f" ({found.times} times)" if found.times > 1 else ""
        echo(f"    {safe(where)}{safe(what)}{safe(remark.reason)}{times}")
    if len(rows) > _MOST_SHOWN and not verbose:
        echo(f"    and {len(rows) - _MOST_SHOWN} more: -v lists them")
    if verbose and verdict.distributions:
        known = ", ".join(f"{name} {version}" for name, version in verdict.distributions.items())
        echo(f"    judged against {safe(known)}")


def _holds_rules(verdict: FileVerdict) -> bool:
    return verdict.outcome == PERMITTED and bool(verdict.conditions)


def _rules(verdict: FileVerdict) -> str:
    number = len(verdict.conditions)
    return f"{number} rule{'s' if number > 1 else ''} about values"


def _print_summary(verdicts: list[FileVerdict]) -> None:
    counts = _counts(verdicts)
    total = len(verdicts)
    told = [f"{number} {outcome}" for outcome, number in counts.items() if number]
    if total != 1:
        echo(f"{total} files: {', '.join(told) or 'none to be judged'}")
    versions: dict[str, str] = {}
    for verdict in verdicts:
        versions.update(verdict.distributions)
    if versions:
        known = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
        echo(f"judged against {safe(known)}")


# -- judging many ---------------------------------------------------------------------------------


def _judged(paths: list[str], jobs: int, timeout: float, bar: bool) -> Iterator[FileVerdict]:
    """Judge files in processes of their own, in the order in which they are ready."""
    files: list[tuple[str, bool]] = []
    for path in paths:
        if path == "-":
            yield _named(inspection.check(sys.stdin.buffer)._replace(path="-"), True)
        else:
            files += inspection.walk([path])
    if not files:
        return
    with _progress(len(files), bar) as advance:
        named = dict(files)
        for verdict in judge_files(list(named), min(jobs, len(files)), timeout):
            advance()
            yield _named(verdict, named[verdict.path])


def _named(verdict: FileVerdict, named: bool) -> FileVerdict:
    """A file that was named itself is expected to be a pickle, or to hold some."""
    if (named and verdict.outcome == UNKNOWN) or verdict.outcome != UNKNOWN:
        return verdict
    if verdict.uses or verdict.pickles or not _is_no_pickle(verdict):
        return verdict
    return verdict._replace(outcome=NO_PICKLE, found=())


def _is_no_pickle(verdict: FileVerdict) -> bool:
    told = "it is no pickle, or damaged"
    return all(found.remark.reason.startswith(told) for found in verdict.unknown)


def _progress(total: int, wanted: bool) -> Any:
    if not wanted or total < _FEW or not sys.stderr.isatty():
        return nullcontext(lambda: None)
    from contextlib import contextmanager

    @contextmanager
    def shown() -> Iterator[Callable[[], None]]:
        from rich.progress import Progress

        with Progress(console=console(stderr=True), transient=True) as progress:
            task = progress.add_task("checking", total=total)
            yield lambda: progress.advance(task)

    return shown()


class _Worker(NamedTuple):
    process: BaseProcess
    pipe: Connection


def judge_files(paths: list[str], jobs: int, timeout: float) -> Iterator[FileVerdict]:
    """Judge files, each within a limit of time and memory that ends a process and not this one.

    Parameters
    ----------
    paths : list of str
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
    import time
    from multiprocessing.connection import wait

    waiting = list(reversed(paths))
    busy: dict[Any, tuple[_Worker, list[str], float]] = {}

    def start(worker: _Worker) -> None:
        size = 1 if len(waiting) < _CHUNK * jobs else _CHUNK
        chunk = [waiting.pop() for _ in range(min(size, len(waiting)))]
        worker.pipe.send(chunk)
        busy[worker.pipe] = worker, chunk, time.monotonic() + timeout

    for _ in range(min(jobs, len(paths))):
        start(_new_worker())
    try:
        while busy:
            soonest = min(deadline for _, _, deadline in busy.values())
            ready = wait(list(busy), max(0.0, soonest - time.monotonic()))
            now = time.monotonic()
            for pipe in list(busy):
                worker, chunk, deadline = busy[pipe]
                verdict: FileVerdict | None = None
                if pipe in ready:
                    try:
                        verdict = _received(worker.pipe)
                    except (EOFError, OSError):
                        verdict = None
                elif now < deadline:
                    continue
                if verdict is not None:
                    yield verdict
                    chunk.remove(verdict.path)
                    busy[pipe] = worker, chunk, time.monotonic() + timeout
                    if not chunk:
                        del busy[pipe]
                        if waiting:
                            start(worker)
                        else:
                            _end(worker)
                    continue
                del busy[pipe]
                _end(worker)
                late = f"it took more than {timeout:g} seconds"
                reason = late if pipe not in ready else "the process that read it ended"
                yield inspection.not_judged(chunk[0], reason)
                waiting += reversed(chunk[1:])
                if waiting:
                    start(_new_worker())
    finally:
        for worker, _, _ in busy.values():
            _end(worker)


def _new_worker() -> _Worker:
    import multiprocessing

    # A fresh interpreter has none of what this one has imported, and no lock in mid-air.
    spawning = multiprocessing.get_context("spawn")
    here, there = spawning.Pipe()
    process = spawning.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    there.close()
    return _Worker(process, here)


def _end(worker: _Worker) -> None:
    worker.pipe.close()
    worker.process.kill()
    worker.process.join()


def _received(pipe: Connection) -> FileVerdict:
    """Return a verdict that a worker sends as JSON: bytes of its own must not be unpickled."""
    import json

    return inspection.from_message(json.loads(pipe.recv_bytes()))


def _serve(pipe: Connection) -> None:
    """Judge files until nobody asks any more."""
    import json

    from policy_cache import policies

    while True:
        try:
            paths = pipe.recv()
        except EOFError:
            return
        for path in paths:
            _limit_memory(path)
            try:
                verdict = inspection.check(path)
            except MemoryError:
                verdict = inspection.not_judged(path, "it takes more memory than is allowed")
            except RecursionError:
                verdict = inspection.not_judged(path, "it nests too deeply")
            pipe.send_bytes(json.dumps(inspection.to_message(verdict)).encode())
        policies.flush()


def _limit_memory(path: str) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    try:
        size = os.stat(path).st_size
    except OSError:
        size = 0
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    wanted = _SPARE_MEMORY + 2 * size
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, most))
