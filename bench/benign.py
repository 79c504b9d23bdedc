"""The policy's verdict on real files of public projects, from their traces.

``CORPUS/benign/traces.jsonl`` says of each file which globals it names and which operations each
undergoes. The libraries are installed into a scratch folder without their dependencies and nothing
of them is imported; one process with an empty policy cache and those folders as site folders is
asked for every global and operation, and for the imports they bring about. A file is permitted if
all of its are.

Apart, each with its reason: files of libraries that do not install; files that name what the
version that installs has not (plain Python cannot load them either); files of a project's own
modules, which no package holds; files that carry code (functions by value, session dumps), or that
act on what they name; compiled classes that only the live object shows. Exit
status 1 when less than 97 % of the others are permitted.
"""

from __future__ import annotations

import _compat_pickle
import argparse
import json
import sys
import tempfile
from collections import Counter, defaultdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from static import Answer, Question, ask, install

BAR = 0.97
OPERATIONS = {
    "REDUCE": "call",
    # What Python 2 wrote for instances: without arguments only ``__new__`` runs (Lib/pickle.py,
    # ``_Unpickler._instantiate``), and the traces show none with arguments.
    **dict.fromkeys(("NEWOBJ", "NEWOBJ_EX", "INST", "OBJ"), "construct"),
    "BUILD": "state",
    **dict.fromkeys(("APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS"), "fill"),
}

#: Distributions of the top-level packages whose names they do not bear.
DISTRIBUTIONS: dict[str, tuple[str, ...]] = {
    "PIL": ("pillow",),
    "autogluon": tuple(
        f"autogluon.{part}" for part in ("common", "core", "features", "tabular", "timeseries")
    ),
    "dbt": ("dbt-core",),
    "dbt_common": ("dbt-common",),
    "kan": ("pykan",),
    "models": ("yolov5",),
    "pycrfsuite": ("python-crfsuite",),
    "sb3_contrib": ("sb3-contrib",),
    "sklearn": ("scikit-learn",),
    "sklearn_crfsuite": ("sklearn-crfsuite",),
    "stable_baselines3": ("stable-baselines3",),
    "umap": ("umap-learn",),
}

#: Folders that a library's own loader puts on ``sys.path`` (yolov5/helpers.py, yolov5_in_syspath).
ON_PATH = {"yolov5": ("yolov5",)}

#: Packages whose refused names mark a file that carries code.
BY_VALUE = ("cloudpickle", "dill")

PERMITTED, REFUSED = "permitted", "refused"
CODE = "refused rightly: carries code by value, or a session that imports what it likes"
PROJECT = "refused rightly: classes of the project that no package holds"
ACTS = "refused rightly: acts on what the file names"
LIVE = "left to the live class: compiled, and its files do not say what it is"
GONE = "names that the version which installs has not"
ABSENT = "library does not install"
SCRIPT = "TorchScript: torch reads it in C++, not by an unpickler of Python"

#: Classes that act on a file that their state names: an honest one cannot be told from a hostile.
ACTING = {"sklearn_crfsuite._fileresource:FileResource": "its finalizer removes the file it names"}
GROUPS = (PERMITTED, REFUSED, CODE, ACTS, PROJECT, LIVE, GONE, ABSENT, SCRIPT)


def standard(entry: dict[str, Any], key: str) -> tuple[str, str]:
    """The name that the unpickler looks up, after the mapping of Python 2 names."""
    module, _, name = key.partition(":")
    if (entry.get("protocol") or 0) < 3:
        if (module, name) in _compat_pickle.NAME_MAPPING:
            return _compat_pickle.NAME_MAPPING[module, name]
        module = _compat_pickle.IMPORT_MAPPING.get(module, module)
    return module, name


def traces(entry: dict[str, Any]) -> list[dict[str, list[str]]]:
    """The globals of a file, and of the pickles that it carries in byte strings."""
    nested = entry.get("nested") or []
    return [entry["globals"], *nested]


def questions(entry: dict[str, Any]) -> list[Question]:
    """Every operation of every global of a file; what is made by a function is not a class."""
    found: list[Question] = []
    for table in traces(entry):
        for key, undergone in table.items():
            module, name = standard(entry, key)
            asked = {OPERATIONS[operation] for operation in undergone} or {"refer"}
            found += [Question(module, name, operation) for operation in sorted(asked)]
    return list(dict.fromkeys(found))


def tops(entry: dict[str, Any]) -> list[str]:
    """The top-level packages that a file names, outside the standard library."""
    named = {question.module.partition(".")[0] for question in questions(entry)}
    return sorted(named - set(sys.stdlib_module_names))


def own_modules(entry: dict[str, Any]) -> set[str]:
    """The top-level names of a file's modules that no package holds."""
    return {name.partition(".")[0] for name in entry["custom_modules"]} - set(DISTRIBUTIONS)


def unpack(entries: list[dict[str, Any]], folder: Path) -> tuple[list[Path], set[str]]:
    """Install what the files name; the site folders, and the packages that do not install."""
    folders: list[Path] = []
    missing: set[str] = set()
    wanted = {top for entry in entries for top in tops(entry) if top not in own_modules(entry)}
    for top in sorted(wanted - {"__main__", "__torch__", "__builtin__"}):
        if top not in DISTRIBUTIONS and find_spec(top) is not None:
            continue
        for requirement in DISTRIBUTIONS.get(top, (top,)):
            home = install(folder, requirement)
            if home is None:
                missing.add(top)
            else:
                folders += [home, *(home / part for part in ON_PATH.get(requirement, ()))]
    return folders, missing


def answer(entries: list[dict[str, Any]], folders: list[Path]) -> dict[Question, Answer]:
    """Ask about every file; of one that carries code, only about that."""
    by_value = [q for e in entries for q in questions(e) if q.module.partition(".")[0] in BY_VALUE]
    first = list(dict.fromkeys(by_value))
    answers = dict(zip(first, ask(folders, first), strict=True))
    code = {q for q, given in answers.items() if "by-value code" in given.reason}
    rest = [q for e in entries if not code & {*questions(e)} for q in questions(e)]
    asked = [q for q in dict.fromkeys(rest) if q not in answers]
    answers.update(zip(asked, ask(folders, asked), strict=True))
    return answers


def decided(answer: Answer) -> bool:
    """Whether a static verdict decides: what a function made has its state judged by its class."""
    made = answer.question.operation in ("state", "fill") and answer.kind == "function"
    return not made


def group(entry: dict[str, Any], answers: list[Answer], missing: set[str]) -> tuple[str, list[str]]:
    """Where a file belongs, and the reasons."""
    refused = [a for a in answers if a.reason and decided(a)]
    told = [
        f"{a.question.operation} {a.question.module}:{a.question.name}: {a.reason}" for a in refused
    ]
    absent = [name for name in tops(entry) if name in missing]
    if any("by-value code" in a.reason for a in refused):
        return CODE, [line for line in told if "by-value" in line]
    if own_modules(entry) or "__main__" in tops(entry):
        return PROJECT, sorted(own_modules(entry)) or ["__main__"]
    if absent:
        return ABSENT, absent
    if entry["main_lib"] == "torchscript":
        return SCRIPT, []
    if not refused:
        return PERMITTED, []
    if all(a.absent for a in refused):
        return GONE, told
    named = {f"{a.question.module}:{a.question.name}" for a in refused}
    if named <= set(ACTING):
        return ACTS, [f"{name}: {ACTING[name]}" for name in sorted(named)]
    if all(a.absent or a.kind == "unresolved" for a in refused):
        return LIVE, told
    return REFUSED, [line for line, a in zip(told, refused, strict=True) if not a.absent]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path, metavar="CORPUS")
    parser.add_argument("--folder", type=Path, help="install into this folder, and use it again")
    options = parser.parse_args()
    lines = (options.corpus / "benign" / "traces.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    with tempfile.TemporaryDirectory(prefix="benign-") as scratch:
        folder = (options.folder or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        folders, missing = unpack(entries, folder)
        answers = answer(entries, folders)
    counts: Counter[str] = Counter()
    told: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        given = [answers[q] for q in questions(entry) if q in answers]
        which, reasons = group(entry, given, missing)
        counts[which] += 1
        told[which].append(f"{entry['source']} ({entry['main_lib']})")
        told[which] += [f"    {reason}" for reason in reasons[:4]]
        told[which] += [f"    and {len(reasons) - 4} more"] if len(reasons) > 4 else []
    for which in GROUPS[1:]:
        print(f"{counts[which]} {which}")
        for line in told[which]:
            print(f"  {line}")
    scored = counts[PERMITTED] + counts[REFUSED]
    share = counts[PERMITTED] / scored
    for which in GROUPS:
        print(f"{counts[which]:5} {which}")
    print(f"permitted: {counts[PERMITTED]} of {scored} ({share:.1%}), bar {BAR:.0%}")
    installed = len(entries) - counts[ABSENT]
    print(f"of all files whose libraries install: {counts[PERMITTED]} of {installed}")
    return 0 if share >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
