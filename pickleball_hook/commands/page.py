"""``pickleball report``: policies, refusals and evidence as one page, for those who would look."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import click

from pickleball_hook import __version__
from pickleball_hook.commands.output import echo, fail, print_json, safe, write

_PLACE = "@FACTS@"
_MOST_REFUSALS = 5000


@click.command()
@click.option("--html", "path", metavar="FILE", help="Write the page to FILE.")
@click.option("--json", "as_json", is_flag=True, help="Print what it shows as one JSON object.")
def report(path: str | None, as_json: bool) -> None:
    """Write the policies, refusals and evidence of this environment as one HTML page.

    The page needs no network and nothing beside it; it can be searched.
    """
    if as_json:
        print_json(facts())
        return
    if path is None:
        fail("say where to: --html FILE, or --json", status=2)
    write(path, page(facts()))
    echo(f"wrote {safe(path)}")


def facts() -> dict[str, Any]:
    """Return what the page shows."""
    from pickleball_hook.user import records, settings
    from policy_cache.kept import catalogue

    libraries = [
        {
            "name": policy.owner.name,
            "version": policy.owner.version,
            "verdicts": {key: _shown(policy.verdicts[key]) for key in sorted(policy.verdicts)},
        }
        for policy in catalogue.kept()
        if policy.counts
    ]
    return {
        "version": __version__,
        "python": sys.executable,
        "mode": settings.mode().value,
        "time": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "libraries": libraries,
        "refusals": [*records.each(records.recent(_MOST_REFUSALS))],
    }


def _shown(verdict: dict[str, Any]) -> dict[str, Any]:
    return {name: verdict[name] for name in ("kind", "target", "grants", "refusals")}


def page(value: dict[str, Any]) -> str:
    """Return the page for some facts.

    They hold names that a hostile file chose: as JSON in a script element of a type that nothing
    runs, with no ``<`` in it, they can neither end the element nor be taken for markup.
    """
    folder = os.path.join(os.path.dirname(os.path.dirname(__file__)), "data")
    with open(os.path.join(folder, "page.html"), encoding="utf-8") as file:
        template = file.read()
    before, _, after = template.partition(_PLACE)
    return before + json.dumps(value).replace("<", "\\u003c") + after
