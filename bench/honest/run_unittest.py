"""Run tests by unittest, write their outcomes: ``run_unittest.py OUTCOMES [--own] MODULE...``.

With ``--own`` CPython's test package is copied and imported as what it is for this purpose, the
code of a program of one's own: nothing of the real one may be named by a pickle. With
``--only-pickle`` the tests are those about pickling and copying. With ``--files`` each test file of a
package is run as the program that it is (dill's and multiprocess's are), and its outcome is its
exit status.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any

ADDRESS = re.compile("0x[0-9a-f]+")
"""Addresses differ from run to run."""

LONGEST = 40
"""Seconds that a test may take: some wait for a thread that an error has ended."""


def _told(error: BaseException) -> str:
    """Return the type of an error, and of a refusal what was refused and why."""
    kind = type(error).__name__
    if kind != "PolicyViolation":
        return kind
    refused, why, *_ = ADDRESS.sub("0x", str(error)).splitlines()
    return f"{kind}: {refused};{why.partition(':')[2]}"


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
        name = ADDRESS.sub("0x", test.id())
        if name in self.outcomes and outcome == "passed":
            return
        said = f": {_told(error[1])}" if error else ""
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


def _run_files(package: str) -> dict[str, str]:
    outcomes = {}
    (folder,) = importlib.util.find_spec(package).submodule_search_locations  # type: ignore[union-attr]
    for path in sorted(Path(folder).glob("*.py")):
        if path.name not in ("__init__.py", "__main__.py"):
            try:
                done = subprocess.run(
                    [sys.executable, str(path)], capture_output=True, timeout=300, check=False
                )
            except subprocess.TimeoutExpired:
                outcomes[path.name] = "error: timed out"
                continue
            lines = done.stderr.decode(errors="replace").strip().splitlines() or [""]
            error = next((line for line in lines if "PolicyViolation: refused" in line), lines[-1])
            outcomes[path.name] = "passed" if done.returncode == 0 else f"failed: {error}"
    return outcomes


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
    if names[0] == "--files":
        with open(path, "w") as file:
            json.dump(_run_files(names[1]), file)
        return
    wanted = None
    if names[0] == "--own":
        _own_tests()
        del names[0]
    elif names[0] == "--only-pickle":
        wanted = ["*pickl*", "*copy*"]
        del names[0]
    outcomes: dict[str, str] = {}
    unittest.defaultTestLoader.testNamePatterns = wanted
    for name in names:
        suite = unittest.defaultTestLoader.loadTestsFromName(name)
        result: Any = unittest.TextTestRunner(resultclass=Outcomes, verbosity=1).run(suite)
        outcomes |= result.outcomes
        with open(path, "w") as file:
            json.dump(outcomes, file)


if __name__ == "__main__":
    main()
