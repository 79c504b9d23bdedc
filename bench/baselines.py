"""How much of what the authors of PickleBall observed in benign models a policy permits.

``CORPUS/pickleball-baselines`` (from columbia/pickleball, ``evaluation/policies/baseline``) holds,
for each of the sixteen libraries of the paper, the globals and the reduced callables of its benign
models. The libraries that PyPI offers are installed into a scratch folder, without their
dependencies: nothing of them is imported. For each library a process of its own, with an empty
policy cache and that folder among its site folders, asks for every global whether it may be
referred to and its module imported, and for every reduced one whether it may be called.

Names that the newest version does not have are asked again of an older version that has them
(`OLDER`); those that no version has that installs are listed apart. Needs an environment with
``torch`` and ``numpy``. Exit status 1 below 98 %.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from static import Answer, Question, ask, install

BAR = 0.98

#: The distributions that a library of the paper and its files' classes come from. Where there is
#: none, the library is on no package index; the classes in its files are torch's alone.
LIBRARIES: dict[str, tuple[str, ...]] = {
    "conch": (),
    "flagembedding": ("FlagEmbedding", "transformers"),
    "flair": ("flair", "gensim"),
    "gliner": ("gliner",),
    "huggingsound": ("huggingsound", "transformers"),
    "languagebind": (),
    "melotts": (),
    "parrot": (),
    "pyannote": ("pyannote.audio", "pyannote.core", "pytorch-lightning", "omegaconf"),
    "pysentimiento": ("pysentimiento", "transformers"),
    "sentencetransformers": ("sentence-transformers", "transformers"),
    "superimage": ("super-image",),
    "tner": ("tner", "transformers"),
    "tweetnlp": ("tweetnlp", "transformers"),
    "yolov11": ("ultralytics", "dill"),
    "yolov5": ("yolov5", "ultralytics"),
}

#: Versions in which names stood that the newest has not, newest first; the wheel's Python if it is
#: not pure.
OLDER: dict[str, tuple[tuple[str, str], ...]] = {"yolov11": (("ultralytics==8.0.130", ""),)}

#: Folders of a library that its own loader puts on ``sys.path`` (yolov5's ``yolov5_in_syspath``,
#: yolov5/helpers.py): the models were saved from a checkout, as ``models.yolo`` and so on.
ON_PATH: dict[str, tuple[str, ...]] = {"yolov5": ("yolov5/yolov5",)}

#: Slips of the tracer, see the corpus' description; None is an artefact that names nothing.
SLIPS: dict[str, str | None] = {
    "builtinsgetattr": "builtins.getattr",
    "builtinsset": "builtins.set",
    "builtins_var4": None,
}


def is_module(folders: Iterable[Path], name: str) -> bool:
    """Tell whether one of the folders, or this environment, has the module or package `name`."""
    parts = name.split(".")
    places = [Path(folder, *parts) for folder in folders]
    return any(p.is_dir() or p.with_suffix(".py").is_file() for p in places) or (
        len(parts) == 1 and find_spec(name) is not None
    )


def question(folders: Iterable[Path], dotted: str, operation: str) -> Question:
    """Ask about a dotted name: all but the last part is the module, or module and class."""
    module, _, name = dotted.rpartition(".")
    outer, _, last = module.rpartition(".")
    if outer and last[:1].isupper() and not is_module(folders, module):
        return Question(outer, f"{last}.{name}", operation)
    return Question(module, name, operation)


def questions(folders: Iterable[Path], observed: dict[str, Any]) -> list[Question]:
    """Names to be referred to, then names to be called."""
    found: list[Question] = []
    for key, operation in (("globals", "refer"), ("reduces", "call")):
        names = [SLIPS.get(name, name) for model in observed.values() for name in model[key]]
        found += [question(folders, n, operation) for n in dict.fromkeys(names) if n is not None]
    return found


def measure(library: str, observed: dict[str, Any], folder: Path) -> list[Answer]:
    """Judge what was observed of one library, in older versions where the newest has it not."""
    found = [install(folder, requirement) for requirement in LIBRARIES[library]]
    folders = [home for home in found if home is not None]
    folders += [folder / part for part in ON_PATH.get(library, ())]
    answers = ask(folders, questions(folders, observed))
    for requirement, python in OLDER.get(library, ()):
        missing = [a.question for a in answers if a.absent]
        older = install(folder, requirement, python) if missing else None
        if older is not None:
            again = {a.question: a for a in ask([older, *folders], missing)}
            answers = [again.get(a.question, a) for a in answers]
    return answers


def show(library: str, answers: Iterable[Answer]) -> tuple[int, int]:
    """Print a library's line and its misses; permitted and asked."""
    answers = list(answers)
    gone = [a for a in answers if a.absent]
    missed = [a for a in answers if a.reason and not a.absent]
    there = len(answers) - len(gone)
    parts = []
    for operation, title in (("refer", "globals"), ("call", "reduces")):
        asked = [a for a in answers if a.question.operation == operation and not a.absent]
        parts.append(f"{sum(not a.reason for a in asked)} of {len(asked)} {title}")
    print(f"{library:22} {', '.join(parts)}" + (f", {len(gone)} gone" if gone else ""))
    for title, group in (("not permitted", missed), ("gone", gone)):
        for answer in group:
            module, name, operation = answer.question
            print(f"    {title}: {operation} {module}.{name}: {answer.reason}")
    sys.stdout.flush()
    return there - len(missed), there


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path, metavar="CORPUS")
    parser.add_argument("--folder", type=Path, help="install into this folder, and use it again")
    options = parser.parse_args()
    permitted = asked = 0
    with tempfile.TemporaryDirectory(prefix="baselines-") as scratch:
        folder = (options.folder or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted((options.corpus / "pickleball-baselines").glob("*.json")):
            observed = json.loads(path.read_text(encoding="utf-8"))
            good, all_of_it = show(path.stem, measure(path.stem, observed, folder))
            permitted, asked = permitted + good, asked + all_of_it
    share = permitted / asked
    print(f"permitted: {permitted} of {asked} ({share:.1%}), bar {BAR:.0%}")
    return 0 if share >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
