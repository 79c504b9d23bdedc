"""``pickleball trust`` and ``pickleball allow``: what the user decides, with who, when, why."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from pickleball_hook.commands.output import (
    echo,
    fail,
    json_option,
    print_json,
    print_table,
    safe,
)
from pickleball_hook.user import decisions
from policy_cache.model import CALL, CONSTRUCT, FILL, OPERATIONS, REFER, STATE

if TYPE_CHECKING:
    from collections.abc import Callable

_PLAIN = (REFER, CONSTRUCT, STATE)


# -- trust ----------------------------------------------------------------------------------------


@click.group()
def trust() -> None:
    """Load files as plain Python does: by their content, their folder, or a call site."""


@trust.command("add", short_help="Trust a file by its content, a folder, or a call site.")
@click.argument("subject", metavar="FILE|FOLDER|MODULE:FUNCTION")
@click.option("--site", is_flag=True, help="It is the call site MODULE:FUNCTION, no path.")
@click.option("--why", default="", metavar="TEXT", help="The reason, for later.")
@json_option
def trust_add(subject: str, site: bool, why: str, as_json: bool) -> None:
    """Trust a file by the SHA-256 of its whole content, a folder, or a call site.

    A folder counts only while you alone can write to it and to what is in it. A call site is
    the function that calls the loader, as `pickleball log` shows it.
    """
    try:
        if site:
            kind, key = "sites", _global(subject)
        elif os.path.isdir(subject):
            kind, key = "folders", os.path.realpath(subject)
            reason = decisions.reason_against_folder(key)
            if reason:
                fail(f"not trusted: {reason}")
        else:
            kind, key = "files", decisions.digest(subject)
        row = decisions.add(kind, key, why, path=os.path.abspath(subject) if not site else "")
    except (OSError, ValueError) as error:
        fail(f"not trusted: {error}")
    if as_json:
        print_json({kind: {key: row}})
        return
    echo(safe(f"trusted {kind[:-1]} {key}" + (f" ({row['path']})" if kind == "files" else "")))


@trust.command("list")
@json_option
def trust_list(as_json: bool) -> None:
    """Show what is trusted, since when, by whom and why."""
    table = decisions.trusted()
    if as_json:
        print_json(table)
        return
    rows = [
        (kind[:-1], key, row.get("path", ""), row.get("when", ""), row.get("who", ""), row["why"])
        for kind, held in table.items()
        for key, row in held.items()
    ]
    if not rows:
        echo("nothing is trusted")
        return
    print_table(("kind", "what", "path", "when", "who", "why"), rows)


@trust.command("remove", short_help="Trust something no longer.")
@click.argument("subject", metavar="FILE|SHA256|FOLDER|MODULE:FUNCTION")
@json_option
def trust_remove(subject: str, as_json: bool) -> None:
    """Trust something no longer: named as `trust list` shows it, or by its path."""
    gone = decisions.remove(subject)
    if not gone:
        fail(f"{subject!r} is not trusted")
    if as_json:
        print_json([{"kind": kind[:-1], "what": key} for kind, key in gone])
        return
    for kind, key in gone:
        echo(safe(f"no longer trusted: {kind[:-1]} {key}"))


# -- allow ----------------------------------------------------------------------------------------


@click.group()
def allow() -> None:
    """Permit operations on a global that reaches nothing dangerous."""


def _operations(command: Callable[..., Any]) -> Callable[..., Any]:
    texts = {
        REFER: "Let it be data or an argument.",
        CONSTRUCT: "Let its instances be made (NEWOBJ).",
        STATE: "Let its instances be given a state (BUILD).",
        CALL: "Let it be called (REDUCE).",
        FILL: "Let its instances be given items.",
    }
    for operation in reversed(OPERATIONS):
        command = click.option(f"--{operation}", is_flag=True, help=texts[operation])(command)
    return command


@allow.command("add", short_help="Permit operations on MODULE:NAME.")
@click.argument("name", metavar="MODULE:NAME")
@_operations
@click.option("--why", default="", metavar="TEXT", help="The reason, for later.")
@json_option
def allow_add(name: str, why: str, as_json: bool, **wanted: bool) -> None:
    """Permit operations on MODULE:NAME; without options: refer, construct and state.

    What reaches a dangerous sink is not to be had this way: trust the file instead.
    """
    from pickleball_hook.judging.telling import may_be_allowed
    from policy_cache import policies

    try:
        module, _, attribute = _global(name).partition(":")
    except ValueError as error:
        fail(str(error), status=2)
    named = [operation for operation in OPERATIONS if wanted[operation]]
    if named == [CALL]:
        named = [*_PLAIN, CALL]
    operations = named or list(_PLAIN)
    verdict = policies.verdict(module, attribute)
    for operation in operations:
        verdict = policies.verdict(module, attribute, operation)
    policies.flush()
    if not may_be_allowed(verdict):
        reasons = "; ".join(dict.fromkeys(text.rstrip(".") for text in verdict.refusals.values()))
        fail(
            f"{name} cannot be allowed by name: {reasons}. "
            "If you know the file, trust it: `pickleball trust add FILE`"
        )
    try:
        decisions.allow(name, operations, why)
    except (OSError, ValueError) as error:
        fail(f"not allowed: {error}")
    if as_json:
        print_json({name: {"operations": operations, "why": why}})
        return
    echo(safe(f"allowed {name}: {', '.join(operations)}"))


@allow.command("list")
@json_option
def allow_list(as_json: bool) -> None:
    """Show what is allowed, since when, by whom and why."""
    table = decisions.allowed()
    if as_json:
        print_json(table)
        return
    if not table:
        echo("nothing is allowed beyond the policies")
        return
    rows = [
        (name, ", ".join(row["operations"]), row.get("when", ""), row.get("who", ""), row["why"])
        for name, row in table.items()
    ]
    print_table(("global", "operations", "when", "who", "why"), rows)


@allow.command("remove")
@click.argument("name", metavar="MODULE:NAME")
@json_option
def allow_remove(name: str, as_json: bool) -> None:
    """Allow a global no longer."""
    if not decisions.disallow(name):
        fail(f"{name} is not allowed")
    if as_json:
        print_json([name])
        return
    echo(safe(f"no longer allowed: {name}"))


def _global(text: str) -> str:
    module, colon, name = text.partition(":")
    if not (module and colon and name) or ":" in name:
        raise ValueError(f"{text!r} is not MODULE:NAME")
    return text
