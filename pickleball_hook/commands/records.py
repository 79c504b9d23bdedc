"""``pickleball log``: what was refused, or in audit mode would have been."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from pickleball_hook.commands.output import echo, json_option, print_json, print_table, safe
from pickleball_hook.user import records

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPERATION_OF = {
    "GLOBAL": "refer",
    "REDUCE": "call",
    "INST": "call",
    "OBJ": "call",
    "NEWOBJ": "construct",
    "NEWOBJ_EX": "construct",
    "BUILD": "state",
    "APPENDS": "fill",
    "SETITEMS": "fill",
    "ADDITEMS": "fill",
    "APPENDS/SETITEMS": "fill",
}
_TIME = re.compile(r"\d{4}(-\d\d(-\d\d([T ]\d\d(:\d\d(:\d\d(\.\d+)?)?)?Z?)?)?)?")
_RISKS = {
    "refer": "the object is handed out, nothing of it runs",
    "construct": "its __new__ runs with arguments of the file",
    "call": "it runs with arguments of the file",
    "state": "its __setstate__ runs, or its attributes are set, with values of the file",
    "fill": "its item methods run with values of the file",
}


def _time(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """Return the beginning of a time as records have it."""
    if value and not _TIME.fullmatch(value):
        raise click.BadParameter(f"{safe(value)} is no ISO time", ctx, parameter)
    return value.replace(" ", "T")


@click.group(invoke_without_command=True)
@click.option("--file", "file_part", default="", metavar="TEXT", help="Only files so named.")
@click.option("--global", "global_part", default="", metavar="TEXT", help="Only such globals.")
@click.option("--mode", type=click.Choice(["enforce", "audit"]), help="Only this mode.")
@click.option(
    "--since", default="", metavar="TIME", callback=_time,
    help="Only from this ISO time on (UTC), as 2026-01-31 or 2026-01-31T12:30.",
)  # fmt: skip
@click.option("--last", "-n", default=50, metavar="N", help="At most so many (default 50).")
@json_option
@click.pass_context
def log(
    ctx: click.Context,
    file_part: str,
    global_part: str,
    mode: str | None,
    since: str,
    last: int,
    as_json: bool,
) -> None:
    """Show what was refused, or in audit mode would have been: the latest last."""
    rows = [
        row
        for row in records.recent(1_000_000)
        if file_part in str(row.get("file") or "")
        and any(global_part in str(refusal.get("global")) for refusal in row["refusals"])
        and mode in (None, row.get("mode"))
        and str(row.get("time")) >= since
    ]
    ctx.obj = rows
    if ctx.invoked_subcommand is not None:
        return
    rows = rows[-last:] if last > 0 else []
    if as_json:
        print_json(rows)
        return
    if not rows:
        echo(f"nothing is recorded in {safe(records.log_file())}")
        return
    columns = ("time", "mode", "global", "operation", "file", "caller", "reason")
    print_table(columns, [[row.get(column) or "" for column in columns] for row in _lines(rows)])


def _lines(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Go through what a table shows of records: the load where it begins, then its refusals."""
    for row in rows:
        for number, line in enumerate(records.each([row])):
            if number:
                line.update(dict.fromkeys(("time", "mode", "file", "caller"), ""))
            yield line


@log.command(short_help="Propose the `allow` lines that are needed.")
@json_option
@click.pass_obj
def suggest(rows: list[dict[str, Any]], as_json: bool) -> None:
    """Propose the `allow` lines that the record shows to be needed, with the risk of each.

    Nothing is proposed that reaches a dangerous sink: for such files there is `trust`.
    """
    found = _suggestions([*records.each(rows)])
    if as_json:
        print_json(found)
        return
    if not found:
        echo("nothing is recorded that an `allow` line would change")
    for row in found:
        if row["allow"]:
            echo(safe(f"pickleball allow add {row['global']} {row['options']}".rstrip()))
        else:
            echo(safe(f"# {row['global']} cannot be allowed by name"))
        echo(safe(f"    seen {row['times']} times, in {', '.join(row['files'][:3]) or 'memory'}"))
        echo(safe(f"    risk: {row['risk']}"))


def _suggestions(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from pickleball_hook.judging.telling import may_be_allowed
    from policy_cache import policies

    times: Counter[str] = Counter()
    operations: dict[str, set[str]] = {}
    files: dict[str, dict[str, None]] = {}
    for row in rows:
        name, operation = _subject(row)
        if not name or operation is None:
            continue
        number = row.get("times")
        times[name] += number if type(number) is int else 1
        operations.setdefault(name, set()).add(operation)
        if row.get("file"):
            files.setdefault(name, {})[str(row["file"])] = None
    found = []
    for name, wanted in operations.items():
        module, _, attribute = name.partition(":")
        verdict = policies.verdict(module, attribute)
        allowed = may_be_allowed(verdict) and bool(verdict.grants)
        reasons = sorted({verdict.why_not(operation) for operation in wanted})
        risk = "; ".join(f"{operation}: {_RISKS[operation]}" for operation in sorted(wanted))
        found.append(
            {
                "global": name,
                "allow": allowed,
                "operations": sorted(wanted),
                "options": " ".join(f"--{operation}" for operation in sorted(wanted)),
                "times": times[name],
                "files": list(files.get(name, ())),
                "risk": risk if allowed else "; ".join(reasons),
            }
        )
    policies.flush()
    return sorted(found, key=lambda row: (not row["allow"], -row["times"]))


def _subject(row: dict[str, Any]) -> tuple[str, str | None]:
    """Return the global of a record as ``module:name``, and the operation it underwent."""
    from policy_cache.source.locate import locate

    operation = _OPERATION_OF.get(str(row.get("operation")).partition(" ")[0])
    dotted = str(row.get("global")).partition(" ")[0]
    parts = dotted.split(".")
    for end in range(len(parts) - 1, 0, -1):
        if locate(".".join(parts[:end])) is not None:
            return f"{'.'.join(parts[:end])}:{'.'.join(parts[end:])}", operation
    return "", operation
