"""``pickleball check``: what would become of files, without loading anything of them."""

from __future__ import annotations

import os
import sys
from collections import Counter
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from pickleball_hook.checking import inspection, workers
from pickleball_hook.checking.inspection import NO_PICKLE, FileVerdict
from pickleball_hook.checking.remarks import PERMITTED, REFUSED, UNKNOWN
from pickleball_hook.commands.output import coloured, console, echo, print_json, safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_MOST_SHOWN = 5
_FEW = 8


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE|DIR|GLOB|-...")
@click.option("--json", "form", flag_value="json", help="Print one JSON object.")
@click.option("--sarif", "form", flag_value="sarif", help="Print SARIF 2.1.0.")
@click.option(
    "--jobs", "-j", type=click.IntRange(min=0), default=0, metavar="N",
    help="Files at a time (default: all cores).",
)  # fmt: skip
@click.option(
    "--timeout", type=click.FloatRange(min=0, max=1e6, min_open=True), default=300.0,
    metavar="SECONDS", help="For one file (default 300).",
)  # fmt: skip
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
        kept = sorted(verdicts, key=_path)
        print_json({"files": [verdict.to_json() for verdict in kept], "counts": _counts(kept)})
        return status(kept)
    if form == "sarif":
        from pickleball_hook.commands import sarif

        kept = sorted(verdicts, key=_path)
        print_json(sarif.log(kept))
        return status(kept)
    kept = []
    for verdict in verdicts:
        kept.append(verdict._replace(uses={}))
        _print(verdict, verbose)
    _print_summary(kept)
    return status(kept)


def _path(verdict: FileVerdict) -> str:
    return verdict.path


def status(verdicts: Iterable[FileVerdict]) -> int:
    """Return the exit status that verdicts on files come to."""
    outcomes = {verdict.outcome for verdict in verdicts}
    return 1 if REFUSED in outcomes else 2 if UNKNOWN in outcomes else 0


def _counts(verdicts: Iterable[FileVerdict]) -> dict[str, int]:
    counted = Counter(verdict.outcome for verdict in verdicts)
    return {outcome: counted[outcome] for outcome in (PERMITTED, REFUSED, UNKNOWN, NO_PICKLE)}


# -- text -----------------------------------------------------------------------------------------


def _print(verdict: FileVerdict, verbose: bool) -> None:
    if verdict.outcome == NO_PICKLE and not verbose:
        return
    echo(f"{coloured(verdict.outcome)}  {safe(verdict.path or '-')}{rules_left(verdict)}")
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


def rules_left(verdict: FileVerdict) -> str:
    """Return what is left to the load of a file that is permitted, to be put behind its name."""
    number = len(verdict.conditions)
    if verdict.outcome != PERMITTED or not number:
        return ""
    return f" (the load applies {number} rule{'s' if number > 1 else ''} about values)"


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
        if path != workers.STDIN:
            files += inspection.walk([path])
        elif workers.may_fork():
            files.append((path, True))
        else:
            yield _named(inspection.check(sys.stdin.buffer)._replace(path=path), True)
    if not files:
        return
    named = dict(files)
    verdicts = workers.judge(list(named), jobs, timeout)  # before the bar starts its thread
    with _progress(len(files), bar) as advance:
        for verdict in verdicts:
            advance()
            yield _named(verdict, named[verdict.path])


def _named(verdict: FileVerdict, named: bool) -> FileVerdict:
    """A file that was named itself is expected to be a pickle, or to hold some."""
    if named or verdict.outcome != UNKNOWN or not inspection.is_nothing(verdict):
        return verdict
    return verdict._replace(outcome=NO_PICKLE, found=())


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
