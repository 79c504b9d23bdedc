from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policy_cache.analysis.flow import Summary, parameters, reach
from policy_cache.source.resolve import resolve

if TYPE_CHECKING:
    from tests.policy_cache.analysis.reaching import Reached


@pytest.fixture
def reached(library) -> Reached:
    """Return what a function of a generated module reaches, all its parameters tainted."""

    def analyse(source: str, name: str = "f", tainted: set[str] | None = None, **more) -> Summary:
        library.module("import os, subprocess\n" + source)
        function = resolve("acme", name)
        assert function is not None
        outer = name.rpartition(".")[0]
        owner = resolve("acme", outer) if outer else None
        given = parameters(function, owner is not None) if tainted is None else tainted
        return reach(function, owner, frozenset(given), **more)

    return analyse
