"""Verdicts on files as SARIF 2.1.0, which code hosts and editors show.

The format is OASIS's Static Analysis Results Interchange Format, version 2.1.0 (errata 01); only
what every consumer reads is written.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pickleball_hook import __version__
from pickleball_hook.checking.remarks import AT_LOAD, REFUSED, UNKNOWN
from pickleball_hook.commands.output import safe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pickleball_hook.checking.inspection import FileVerdict, Found

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_RULES = {
    REFUSED: ("refused", "error", "A load of this file would be refused."),
    UNKNOWN: ("not-judged", "warning", "This file could not be judged without loading it."),
    AT_LOAD: ("at-load", "none", "A load of this file applies a rule about values."),
}
_HOME = "https://pypi.org/project/pickleball-auto/"


def log(verdicts: Iterable[FileVerdict]) -> dict[str, Any]:
    """Return the log of one run.

    Parameters
    ----------
    verdicts : iterable of FileVerdict
        What was found.

    Returns
    -------
    dict
        A value for ``json``.
    """
    rules = [
        {"id": name, "shortDescription": {"text": text}, "defaultConfiguration": {"level": level}}
        for name, level, text in _RULES.values()
    ]
    driver = {
        "name": "pickleball",
        "version": __version__,
        "informationUri": _HOME,
        "rules": rules,
    }
    results = [_result(verdict.path, found) for verdict in verdicts for found in verdict.found]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def _result(path: str, found: Found) -> dict[str, Any]:
    rule, level, _ = _RULES[found.remark.outcome]
    remark = found.remark
    what = f"{remark.operation} of {remark.name}: " if remark.name else ""
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(path)}}
    location: dict[str, Any] = {"physicalLocation": place}
    if found.where:
        inner = safe("/".join(found.where))
        location["logicalLocations"] = [{"fullyQualifiedName": inner, "kind": "member"}]
    return {
        "ruleId": rule,
        "ruleIndex": [name for name, _, _ in _RULES.values()].index(rule),
        "level": level,
        "message": {"text": safe(f"{what}{remark.reason}")},
        "locations": [location],
        "occurrenceCount": found.times,
    }


def _uri(path: str) -> str:
    """Return a path as a URI reference, whatever bytes its name is made of."""
    return quote(os.fsencode(path).replace(os.fsencode(os.sep), b"/"), safe="/")
