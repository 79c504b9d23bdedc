"""Run tests by unittest and write each one's outcome: ``run_unittest.py OUTCOMES [--own] MODULE...``.

With ``--own`` CPython's test package is copied and imported as what it is for this purpose, the
code of a program of one's own: nothing of the real one may be named by a pickle.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
import unittest
from pathlib import Path
from typing import Any

LONGEST = 15
"""Seconds that a test may take: some wait for a thread that an error has ended."""


class Outcomes(unittest.TextTestResult):
    """A result that keeps the outcome of every test and of every failed part of one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.outcomes: dict[str, str] = {}

    def startTest(self, test: Any) -> None:
        super().startTest(test)
        signal.alarm(LONGEST)

    def stopTest(self, test: Any) -> None:
        signal.alarm(0)
        super().stopTest(test)

    def _add(self, test: Any, outcome: str, error: Any = None) -> None:
        name = test.id()
        if name in self.outcomes and outcome == "passed":
            return
        said = f": {type(error[1]).__name__}" if error else ""
        self.outcomes[name] = f"{outcome}{said}"

    def addSuccess(self, test: Any) -> None:
        super().addSuccess(test)
        self._add(test, "passed")

    def addError(self, test: Any, err: Any) -> None:
        super().addError(test, err)
        self._add(test, "error", err)

    def addFailure(self, test: Any, err: Any) -> None:
        super().addFailure(test, err)
        self._add(test, "failed", err)

    def addSkip(self, test: Any, reason: str) -> None:
        super().addSkip(test, reason)
        self._add(test, "skipped")

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        super().addExpectedFailure(test, err)
        self._add(test, "xfailed")

    def addUnexpectedSuccess(self, test: Any) -> None:
        super().addUnexpectedSuccess(test)
        self._add(test, "xpassed")

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._add(subtest, "failed", err)
            self._add(test, "failed", err)


def _own_tests() -> None:
    """Copy the package ``test`` to where a program has its modules, and import it from there."""
    import test

    folder = Path("program").resolve()
    unneeded = shutil.ignore_patterns("__pycache__", "*.zip", "cjkencodings", "test_asyncio")
    shutil.copytree(test.__path__[0], folder / "test", ignore=unneeded)
    sys.path.insert(0, str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == "test"]:
        del sys.modules[name]


def _too_long(*arguments: object) -> None:
    raise TimeoutError(f"the test takes longer than {LONGEST} s")


def main() -> None:
    path, *names = sys.argv[1:]
    signal.signal(signal.SIGALRM, _too_long)
    if names[0] == "--own":
        _own_tests()
        del names[0]
    outcomes: dict[str, str] = {}
    for name in names:
        suite = unittest.defaultTestLoader.loadTestsFromName(name)
        result: Any = unittest.TextTestRunner(resultclass=Outcomes, verbosity=1).run(suite)
        outcomes |= result.outcomes
        with open(path, "w") as file:
            json.dump(outcomes, file)


if __name__ == "__main__":
    main()
