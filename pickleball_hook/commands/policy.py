"""``pickleball policy`` and ``pickleball warm``: see, make, compare and share policies."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from pickleball_hook.checking import containers
from pickleball_hook.commands.output import (
    coloured,
    echo,
    fail,
    json_option,
    print_json,
    print_table,
    safe,
    write,
)
from policy_cache.kept import catalogue, folders, store

if TYPE_CHECKING:
    from policy_cache.kept.catalogue import Kept

_LONGEST = 300.0
_LARGEST_LOCK = 1 << 28
_MISSHAPEN = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


@click.group()
def policy() -> None:
    """See, compare, make, verify, lock and export policies."""


@policy.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Show the policies that are kept, and where.

    One counts while the installation that it is of, and this analysis, are as they were.
    """
    rows = [
        {
            "distribution": kept.owner.name,
            "version": kept.owner.version,
            "globals": len(kept.verdicts),
            "counts": "yes" if kept.counts else "no",
            "path": kept.path,
        }
        for kept in catalogue.kept()
    ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        echo("no policy is kept yet: `pickleball policy synth --all` makes them")
        return
    columns = ("distribution", "version", "globals", "counts", "path")
    print_table(columns, [[row[column] for column in columns] for row in rows])


@policy.command(short_help="Show what the policy of a distribution says, and why.")
@click.argument("distribution", metavar="DIST")
@click.option("--version", "version", default="", help="A version other than the installed one.")
@json_option
def show(distribution: str, version: str, as_json: bool) -> None:
    """Show what the policy of a distribution grants and refuses, with the evidence."""
    kept = _kept(distribution, version)
    if as_json:
        print_json({**kept.owner._asdict(), "path": kept.path, "verdicts": kept.verdicts})
        return
    echo(safe(f"{kept.owner.name} {kept.owner.version}  {kept.path}"))
    for key, verdict in sorted(kept.verdicts.items()):
        target = "" if verdict["target"] == key else f" is {verdict['target']}"
        echo()
        echo(safe(f"{key}  ({verdict['kind']}{target})"))
        conditions = dict(row.partition(" ")[::2] for row in catalogue.granted(verdict))
        for operation, evidence in verdict["grants"].items():
            told = " ".join(part for part in (conditions[operation], evidence) if part)
            echo(f"  {operation:<10} {coloured('granted')}  {safe(told)}")
        for operation, reason in verdict["refusals"].items():
            title = "all" if operation == "*" else operation
            echo(f"  {title:<10} {coloured('refused')}  {safe(reason)}")


def _kept(distribution: str, version: str) -> Kept:
    found = catalogue.kept(distribution, version)
    if not found:
        wanted = f"{distribution} {version}".rstrip()
        fail(f"no policy of {wanted} is kept: `pickleball policy synth {distribution}` makes one")
    return found[-1]


@policy.command()
@click.argument("distribution", metavar="DIST")
@click.argument("before", metavar="V1")
@click.argument("after", metavar="V2")
@json_option
def diff(distribution: str, before: str, after: str, as_json: bool) -> None:
    """Show what two versions of a distribution are granted differently.

    V1 and V2 are versions whose policies are kept, or paths of policy files. Exit status: 0 no
    difference, 1 some.
    """
    changes = catalogue.difference(_read(distribution, before), _read(distribution, after))
    if as_json:
        print_json(changes)
    else:
        for key, change in changes.items():
            echo(safe(f"{change['change']:<8}{key}"))
            for operation in change["granted"]:
                echo(safe(f"          + {operation}"))
            for operation in change["refused"]:
                echo(safe(f"          - {operation}"))
        echo(f"{len(changes)} of the globals known of both differ" if changes else "no difference")
    raise click.exceptions.Exit(1 if changes else 0)


def _read(distribution: str, version: str) -> dict[str, Any]:
    if os.path.isfile(version):
        value = folders.read_json(version, fail)
        verdicts = value.get("verdicts") if isinstance(value, dict) else None
        if not isinstance(verdicts, dict):
            fail(f"{version} is not a policy file")
        return verdicts
    return _kept(distribution, version).verdicts


@policy.command(short_help="Judge all classes and reducers of distributions.")
@click.argument("distributions", nargs=-1, metavar="[DIST]...")
@click.option("--all", "every", is_flag=True, help="Every distribution that is installed.")
@json_option
def synth(distributions: tuple[str, ...], every: bool, as_json: bool) -> None:
    """Judge all classes and reducers of distributions, before any file asks.

    Nothing is imported. What a file names beyond them is judged when it does.
    """
    if not every and not distributions:
        fail("name distributions, or --all", status=2)
    names = catalogue.installed() if every else list(distributions)
    rows, failed = _synthesized(names, as_json)
    if as_json:
        print_json(rows)
    if failed:
        raise click.exceptions.Exit(1)


def _synthesized(names: list[str], as_json: bool) -> tuple[list[dict[str, Any]], bool]:
    """Judge distributions; tell what came of each, and whether one is not installed."""
    import time

    rows = []
    failed = False
    for name in names:
        start = time.perf_counter()
        found = catalogue.judge_all(name)
        if found is None:
            click.echo(f"pickleball: {safe(name)} is not installed", err=True)
            failed = True
            continue
        row = {**found._asdict(), "seconds": round(time.perf_counter() - start, 2)}
        rows.append(row)
        if not as_json:
            told = f"{row['granted']} of {row['globals']} globals are granted something"
            echo(safe(f"{row['distribution']} {row['version']}: {told}, {row['seconds']:.2f} s"))
    return rows, failed


@policy.command()
@json_option
def verify(as_json: bool) -> None:
    """Judge everything that is kept again, and compare.

    Exit status: 0 all that still counts is confirmed, 1 something differs.
    """
    rows = catalogue.verify()
    wrong = [row for row in rows if row["outcome"] == "differs"]
    if as_json:
        print_json(rows)
    else:
        if not rows:
            echo("no policy is kept")
        for row in rows:
            checked = f"{row['confirmed']} confirmed, {row['stale']} stale"
            echo(safe(f"{row['outcome']:<10}{row['distribution']} {row['version']}: {checked}"))
            for key in row["differing"]:
                echo(safe(f"          {key}"))
    raise click.exceptions.Exit(1 if wrong else 0)


@policy.command()
@click.argument("distributions", nargs=-1, metavar="[DIST]...")
@json_option
def clear(distributions: tuple[str, ...], as_json: bool) -> None:
    """Remove kept policies: of some distributions, or all. They are made again when needed."""
    number = catalogue.clear(distributions)
    if as_json:
        print_json({"removed": number, "folder": store.cache_folder()})
        return
    echo(f"removed {number} {'file' if number == 1 else 'files'} from {store.cache_folder()}")


@policy.command()
@click.argument("distributions", nargs=-1, metavar="[DIST]...")
@json_option
@click.option(
    "--format", "form", type=click.Choice(["json", "pickleball"]), default="json",
    help="pickleball: {class: {globals: [...], reduces: [...]}}, as the PickleBall paper has it.",
)  # fmt: skip
def export(distributions: tuple[str, ...], as_json: bool, form: str) -> None:
    """Print kept policies, for other tools: as JSON in either format, with or without --json."""
    kept = [found for name in distributions or [""] for found in catalogue.kept(name)]
    if form == "pickleball":
        print_json(catalogue.as_pickleball(kept))
        return
    print_json([{**k.owner._asdict(), "verdicts": k.verdicts} for k in kept])


@policy.command(short_help="Write the policies of the environment to one file.")
@click.argument("file", default="pickleball.lock.json", metavar="[FILE]")
@click.option("--check", "comparing", is_flag=True, help="Compare instead, and fail on a change.")
@click.option("--synth/--no-synth", default=True, help="Judge all that is installed first.")
@json_option
def lock(file: str, comparing: bool, synth: bool, as_json: bool) -> None:
    """Write the policies of the whole environment to one reviewable file.

    It holds no path and no time: the same packages give the same file on every machine. With
    --check, for CI: exit status 1 when the environment no longer matches it.
    """
    if synth:
        for name in catalogue.installed():
            catalogue.judge_all(name)
    current = catalogue.locked()
    if not comparing:
        write(file, json.dumps(current, indent=1, sort_keys=True) + "\n")
        number = sum(len(row["globals"]) for row in current["distributions"].values())
        held = len(current["distributions"])
        if as_json:
            print_json({"file": file, "distributions": held, "globals": number})
        else:
            echo(f"wrote {safe(file)}: {held} distributions, {number} globals")
        return
    try:
        with containers.open_regular(file) as source:
            text = source.read(_LARGEST_LOCK + 1)
        if len(text) > _LARGEST_LOCK:
            raise ValueError(f"it is larger than {_LARGEST_LOCK >> 20} MiB")
        before = json.loads(text)
        changes = catalogue.lock_changes(before, current)
    except (containers.NotJudged, *_MISSHAPEN) as error:
        fail(f"cannot read {file}: {error}", status=2)
    if as_json:
        print_json({"file": file, "matches": not changes, "changes": changes})
        raise click.exceptions.Exit(1 if changes else 0)
    for change in changes:
        echo(safe(change))
    echo("the environment does not match" if changes else "the environment matches")
    raise click.exceptions.Exit(1 if changes else 0)


@click.command()
@click.argument("subjects", nargs=-1, required=True, metavar="FILE|DIST...")
@json_option
def warm(subjects: tuple[str, ...], as_json: bool) -> None:
    """Make the policies that files or distributions need, for an image or a cluster.

    With PICKLEBALL_CACHE set to a folder of the image, and PICKLEBALL_POLICY_PATH to the same
    where it runs, no process makes them again.
    """
    from pickleball_hook.checking import inspection, workers

    files = [subject for subject in subjects if os.path.exists(subject)]
    paths = [path for subject in files for path, _ in inspection.walk([subject])]
    judged = []
    for verdict in workers.judge(paths, 1, _LONGEST):
        judged.append({"path": verdict.path, "outcome": verdict.outcome})
        if not as_json:
            versions = ", ".join(f"{k} {v}" for k, v in verdict.distributions.items())
            echo(f"{coloured(verdict.outcome)}  {safe(verdict.path)}  {safe(versions)}")
    rows, failed = _synthesized([name for name in subjects if name not in files], as_json)
    if as_json:
        print_json({"files": judged, "distributions": rows})
    if failed:
        raise click.exceptions.Exit(1)
