"""List every callable of some libraries that a policy permits, with the outcome of its analysis.

    python bench/gadgets.py PACKAGE... [--rows FOLDER] [--seconds N] [--show OUTCOME...]

For each class that the sources of a package define, and each class and function that its reducers
return, the verdict is asked for every operation; with ``--functions`` also for the functions that
no reducer returns, which no policy lets a file call. The outcomes:

* ``clean``: no sink is reachable;
* ``inert``: permitted, where the operands hold no callable that may not be called;
* ``textless``: permitted, where the operands hold no text;
* ``unproven``: permitted, though some call could not be followed (the effect guard watches it);
* ``refused``: it reaches a sink; the chain to it is the reason;
* ``not asked for``: no reducer returns it, so that files have no use for the operation.

What runs only if others call it on such an object (``__repr__``, ``__array__``) counts for none.
`gadgets/reviewed.json` has what was found by reading the source of the unproven ones.

Large libraries take minutes. With ``--rows`` what is found is written as it is found, a file for
each library and version, and a later run goes on where this one has ended. ``--seconds`` ends the
look at a library after so much processor time; the order is one that a seed has mixed, so that
what has been judged by then is a sample of all.

Nothing is imported. Exit status 1 when 5 % or more of what is permitted for ``call`` is unproven.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

from policy_cache import policies
from policy_cache.analysis.judge import complete, judge
from policy_cache.analysis.unasked import runs_on
from policy_cache.collector import count_as_old, resting
from policy_cache.model import CALL, CONSTRUCT, DEFERRED, FILL, INERT, STATE, TEXTLESS, Verdict
from policy_cache.source.locate import Module, locate
from policy_cache.source.syntax import class_scope, source

OPERATIONS = (CALL, CONSTRUCT, STATE, FILL)
OUTCOMES = ("clean", "inert", "textless", "unproven", "refused", "not asked for")
MOST_UNPROVEN = 0.05
REVIEWED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gadgets", "reviewed.json")
SKIPPED = frozenset(["tests", "test", "testing", "conftest", "__pycache__", "node_modules"])


class Row(NamedTuple):
    """The outcome of one operation on one global."""

    package: str
    name: str
    operation: str
    outcome: str
    detail: str


def main() -> int:
    """Analyse the packages that the command line names."""
    options = _options()
    reviewed = Findings()
    rows: list[Row] = []
    for package in options.packages:
        top = locate(package)
        if top is None:
            print(f"{package}: not installed")
            continue
        began = time.process_time()
        hunt = Hunt(package, top, options)
        found = hunt.run()
        title = f"{package} {top.owner.version}, {hunt.extent()}"
        print(_line(title, found, reviewed, time.process_time() - began), flush=True)
        rows += found
        policies.forget()
    for row in rows:
        if row.outcome in options.show and row.operation in options.operation:
            note = reviewed.of(row)
            print(f"{row.outcome} {row.operation} {row.name}\n    {row.detail}")
            print(f"    reviewed: {note}" if note else "", end="\n" if note else "")
    if len(options.packages) > 1:
        print(_line("all", rows, reviewed, 0.0))
    return int(_share(rows) >= MOST_UNPROVEN)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("packages", nargs="+", help="import names of top-level packages")
    parser.add_argument("--rows", help="folder for one line of JSON per row, to be gone on with")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="for each package")
    parser.add_argument("--functions", action="store_true", help="also functions nobody returns")
    parser.add_argument("--show", nargs="*", default=[], choices=OUTCOMES)
    parser.add_argument("--operation", nargs="*", default=list(OPERATIONS), choices=OPERATIONS)
    return parser.parse_args()


class Hunt:
    """The look at one package, as far as time allows; what was found before is not asked again."""

    def __init__(self, package: str, top: Module, options: argparse.Namespace) -> None:
        self.package, self.seconds = package, options.seconds
        self.asked = globals_of(top, options.functions)
        random.Random(package).shuffle(self.asked)
        self.file = os.devnull
        if options.rows:
            os.makedirs(options.rows, exist_ok=True)
            self.file = os.path.join(options.rows, f"{package}-{top.owner.version}.jsonl")
        self.known = self._written()

    def _written(self) -> dict[str, list[Row]]:
        known: dict[str, list[Row]] = {}
        if os.path.isfile(self.file):
            with open(self.file, encoding="utf-8") as stream:
                for line in stream:
                    row = Row(**json.loads(line))
                    known.setdefault(row.name, []).append(row)
        return known

    def run(self) -> list[Row]:
        """Return the rows of all that is judged, now or before."""
        end = time.process_time() + self.seconds
        with open(self.file, "a", encoding="utf-8") as stream:
            for module, name in self.asked:
                if f"{module}:{name}" in self.known:
                    continue
                if time.process_time() > end:
                    break
                with resting:
                    found = judged(self.package, module, name)
                    count_as_old()
                self.known[f"{module}:{name}"] = found
                stream.writelines(json.dumps(row._asdict()) + "\n" for row in found)
                stream.flush()
        return [row for key in self._keys() for row in self.known.get(key, ())]

    def _keys(self) -> list[str]:
        return [f"{module}:{name}" for module, name in self.asked]

    def extent(self) -> str:
        """Return how many of the package's globals have been judged."""
        done = sum(key in self.known for key in self._keys())
        return f"{done} globals" if done == len(self.asked) else f"{done} of {len(self.asked)}"


class Findings:
    """What was found by reading the source of unproven callables, and of what they all call."""

    def __init__(self) -> None:
        with open(REVIEWED, encoding="utf-8") as stream:
            data = json.load(stream)
        self._names = {name: _told(line) for name, line in data["reviewed"].items()}
        self._doubts = {
            tuple(key.split(": ", 1)): _told(line) for key, line in data["doubts"].items()
        }

    def of(self, row: Row) -> str:
        """Return what is known of an unproven callable: of itself, or of each of its doubts."""
        if row.name in self._names:
            return self._names[row.name]
        found = [self._of_doubt(doubt) for doubt in row.detail.split("; ")]
        return "; ".join(dict.fromkeys(found)) if all(found) else ""

    def _of_doubt(self, doubt: str) -> str:
        for (file, what), finding in self._doubts.items():
            if f"{file}:" in doubt and doubt.endswith(what):
                return finding
        return ""


def _told(line: dict[str, str]) -> str:
    return f"{line['version']}: {line['finding']}"


def _line(title: str, rows: list[Row], reviewed: Findings, seconds: float) -> str:
    called = [row for row in rows if row.operation == CALL]
    counts = collections.Counter(row.outcome for row in called)
    told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES)
    unread = sum(row.outcome == "unproven" and not reviewed.of(row) for row in called)
    return (
        f"{title}: call: {told}; {_share(rows):.1%} of the permitted unproven, "
        f"{unread} of them not reviewed; {seconds:.1f} s"
    )


def _share(rows: list[Row]) -> float:
    permitted = [
        row.outcome
        for row in rows
        if row.operation == CALL and row.outcome not in ("refused", "not asked for")
    ]
    return permitted.count("unproven") / len(permitted) if permitted else 0.0


def globals_of(top: Module, functions: bool = False) -> list[tuple[str, str]]:
    """Return the classes that a package defines, and what its reducers return.

    With `functions`, also the functions that it defines and no reducer returns.
    """
    found = {tuple(r.target.split(":", 1)): None for r in policies.reductions(top)}
    for module in modules(top):
        src = source(module)
        if src is None:
            continue
        for name, bindings in src.scope.names.items():
            for binding in bindings:
                if binding.kind == "class" or (functions and binding.kind == "function"):
                    found[module, name] = None
                if binding.kind == "class":
                    inner = class_scope(src, binding.node).names  # type: ignore[arg-type]
                    nested = [n for n, b in inner.items() if b[-1].kind == "class"]
                    found.update(dict.fromkeys((module, f"{name}.{n}") for n in nested))
    return [(module, name) for module, name in found if module and name]


def modules(top: Module) -> Iterator[str]:
    """Return the names of the source modules of a package, its tests left aside."""
    if not top.package:
        yield top.name
        return
    for root in top.path:
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(f for f in folders if f not in SKIPPED)
            parts = [part for part in os.path.relpath(folder, root).split(os.sep) if part != "."]
            for file in sorted(files):
                stem, extension = os.path.splitext(file)
                if extension != ".py" or stem in SKIPPED or stem == "__main__":
                    continue
                yield ".".join([top.name, *parts, *([] if stem == "__init__" else [stem])])


def judged(package: str, module: str, name: str) -> list[Row]:
    """Return the outcomes of all operations on one global."""
    try:
        verdict = judge(module, name, policies.reductions)
    except RecursionError:
        return []
    return [_row(package, verdict, operation) for operation in OPERATIONS]


def _row(package: str, verdict: Verdict, operation: str) -> Row:
    name = f"{verdict.module}:{verdict.name}"
    if operation in verdict.traits.get(DEFERRED, ()):
        verdict = complete(verdict, operation, policies.reductions)
    reason = verdict.refusals.get(operation) or verdict.refusals.get("*", "")
    doubts = verdict.traits.get("unproven", ())
    unproven = [d for d in doubts if operation in runs_on(d) and " reaches " not in d]
    if operation not in verdict.grants:
        outcome = "refused" if "reaches" in reason else "not asked for"
        return Row(package, name, operation, outcome, reason)
    if unproven:
        return Row(package, name, operation, "unproven", "; ".join(unproven))
    for trait in (TEXTLESS, INERT):
        if operation in verdict.traits.get(trait, ()):
            return Row(package, name, operation, trait, verdict.grants[operation])
    return Row(package, name, operation, "clean", verdict.grants[operation])


if __name__ == "__main__":
    sys.exit(main())
