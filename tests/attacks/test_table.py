"""The table of rules and tests (``README.md``) names tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROW = re.compile(r"^\|(?P<rule>[^|]*)\|(?P<tried>[^|]*)\| `(?P<file>[^`]*)`: (?P<tests>[^|]*) \|$")
ROWS = [
    match
    for line in (HERE / "README.md").read_text().splitlines()[2:]
    if line.startswith("|") and not line.startswith(("| rule", "| ---"))
    for match in [ROW.match(line)]
]
RULES = 25
LEAST = 10
"""Letters that the name of an attack made of parts has of its own."""


def names_in(path: Path) -> set[str]:
    """Return the names of a module's test functions, and its texts: the names of its attacks."""
    tree = ast.parse(path.read_text())
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return functions | {text for text in texts if isinstance(text, str)}


def patterns_in(path: Path) -> list[re.Pattern[str]]:
    """Return what matches the names of attacks that are made of parts."""
    tree = ast.parse(path.read_text())
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [str(p.value) if isinstance(p, ast.Constant) else None for p in node.values]
            if sum(len(part) for part in parts if part) >= LEAST:
                text = "".join(".+" if part is None else re.escape(part) for part in parts)
                found.append(re.compile(text))
    return found


def test_every_rule_has_a_row() -> None:
    assert all(ROWS), "a row of another form"
    numbers = [int(n) for row in ROWS if row for n in re.findall(r"^ (\d+)\.", row["rule"])]
    assert numbers == list(range(1, RULES + 1))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["tried"].strip() if row else "?")
def test_tests_exist(row: re.Match[str]) -> None:
    path = (HERE / row["file"]).resolve()
    known, patterns = names_in(path), patterns_in(path)
    missing = [
        name
        for name in row["tests"].split("; ")
        if name not in known and not any(pattern.fullmatch(name) for pattern in patterns)
    ]
    assert not missing
