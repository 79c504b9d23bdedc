"""Roundabout ways in which a permitted class acts on what it is given, or calls it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.attacks.assembler import build, call, name, new, stream
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims

WAYS = "gadgets.ways"
LIBRARY = Path(__file__).parent / "library" / "gadgets" / "ways.py"
TOUCH = name("gadgets.acts", "Touch")


def classes(beginning: str) -> dict[str, str]:
    """Return the classes of the library, with what they say of themselves, if it begins so."""
    found = [n for n in ast.parse(LIBRARY.read_text()).body if isinstance(n, ast.ClassDef)]
    told = {cls.name: ast.get_docstring(cls) or "" for cls in found}
    return {cls: text for cls, text in told.items() if text.startswith(beginning)}


ATTACKS = [
    *(
        Attack(
            f"{cls}: {text}", lambda canary, cls=cls: stream(build(new(name(WAYS, cls)), canary))
        )
        for cls, text in classes("Acts: ").items()
    ),
    *(
        Attack(
            f"{cls}: {text}",
            lambda canary, cls=cls: stream(build(new(name(WAYS, cls)), (TOUCH, canary))),
            "it may call what it is given",
        )
        for cls, text in classes("Calls what it is given: ").items()
        if cls not in ("DecoratingClass", "Deriving")
    ),
    *(
        Attack(
            f"{cls}: {text}",
            lambda canary, cls=cls: stream(call(name(WAYS, cls), TOUCH, canary)),
            "it may call",
        )
        for cls, text in {**classes("Calls what it is made"), **classes("Makes an")}.items()
    ),
    Attack(
        "an object that calls what it holds is shown",
        lambda canary: stream(
            build(
                new(name(WAYS, "Showing")),
                build(new(name(WAYS, "Holding")), {"function": TOUCH, "argument": canary}),
            )
        ),
    ),
]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)


def test_there_are_ways() -> None:
    assert len(ATTACKS) > 25
