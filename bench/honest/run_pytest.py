"""Run pytest and write each test's outcome: ``run_pytest.py OUTCOMES ARGUMENT...``."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest


class Outcomes:
    """A plugin that keeps the outcome of every test."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        outcome = report.outcome
        if hasattr(report, "wasxfail"):
            outcome = "xpassed" if report.passed else "xfailed"
        elif report.when != "call":
            if report.passed:
                return
            outcome = "error" if report.failed else "skipped"
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            text = str(crash.message if crash else report.longrepr)
            outcome = f"{outcome}: {' '.join(text.split())[:300]}"
        self.outcomes[report.nodeid] = outcome


def main() -> int:
    path, *arguments = sys.argv[1:]
    plugin = Outcomes()
    plain = ["-q", "-p", "no:cacheprovider", "--tb=short", "-o", "addopts="]
    status = pytest.main([*plain, *arguments], plugins=[plugin])
    with open(path, "w") as file:
        json.dump(plugin.outcomes, file)
    return int(status)


if __name__ == "__main__":
    raise SystemExit(main())
