"""What ``pickleball explain`` says of hostile files: the way to the sink, or which rule refuses.

``python chains.py CORPUS --python ENVIRONMENT/bin/python`` explains each file of a family that is
labelled as malicious or latent, and counts how the refusal is accounted for. Listed are the files
of which nothing is said but that they are refused, and those that are not. Nothing is loaded: the
command runs as ``nobody``, without network, all the same. It needs what `corpus.py` needs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import corpus

CHAIN = "the way to the sink, call by call"
SINK = "the global is the sink itself"
RULE = "a rule about what an operation is given"
REVIEWED = "the reviewed base policy says why"
DARK = "code that could not be followed"
HARMLESS = "nothing that acts is reached, and nothing shows that a file needs it"
ABSENT = "the installed version has no such thing"
SILENT = "refused, and nothing is said of why"
TOLD = (CHAIN, SINK, RULE, REVIEWED, HARMLESS)
KINDS = (*TOLD, DARK, ABSENT, SILENT)
"""How a refusal is accounted for, the best first; what is in `TOLD` is an account."""

_WAYS = (
    ("reaches ", CHAIN),
    ("is not found", ABSENT),
    ("is not there", ABSENT),
    ("is ", SINK),
    ("comes to nothing", HARMLESS),
    ("could not be followed", DARK),
)
"""How the chain of a refused operation begins."""


def accounts(row: dict[str, Any]) -> Iterable[str]:
    """How the refused operations of one global are accounted for."""
    if row["verdict"] is not None and row["verdict"]["kind"] == "absent":
        yield ABSENT
    for operation, reason in row["reasons"].items():
        yield from ways(row["chains"][operation], reason)
        reviewed = any(f"{os.sep}base{os.sep}" in file for file in row["verdict"]["files"])
        if reviewed and "*" in row["verdict"]["refusals"]:
            yield REVIEWED


def ways(chain: str, reason: str) -> Iterable[str]:
    """How a chain, or the reason itself, accounts for a refusal."""
    yield from (kind for start, kind in _WAYS if chain.startswith(start))
    if " reaches " in f" {reason}":
        yield CHAIN


def account(told: dict[str, Any]) -> str:
    """How the refusal of a file is accounted for, `SILENT` if it is not."""
    found = {kind for row in told["globals"] for kind in accounts(row)}
    reasons = {reason for row in told["globals"] for reason in row["reasons"].values()}
    for refusal in told["refusals"]:
        found.update(ways(refusal["chain"], refusal["reason"]))
        if refusal["reason"] not in reasons:
            found.add(RULE)
    return next((kind for kind in KINDS if kind in found), SILENT)


def explained(python: str, path: Path, folder: Path, timeout: float) -> dict[str, Any] | str:
    """What ``pickleball explain --json`` prints for a file, or what went wrong."""
    command = [*corpus.SANDBOX, python, "-m", "pickleball_hook", "explain", "--json", str(path)]
    environment = corpus.Sandbox(python, "enforce", timeout).environment(folder)
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=folder / "tmp",
            env=environment,
            timeout=timeout,
            check=False,
        )
        told: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return f"no answer in {timeout:.0f} s"
    except ValueError:
        return f"no answer: {done.stderr[-300:]}"
    return told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path, metavar="CORPUS")
    parser.add_argument("--python", default=sys.executable, help="the environment to judge with")
    parser.add_argument("--family", default="reuse", help="only this family of hostile files")
    parser.add_argument("--match", default="", help="only files whose name holds this")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds a file may take")
    parser.add_argument("--jobs", type=int, default=2, help="how many files at once")
    parser.add_argument("--json", type=Path, help="write what was said of each file here")
    options = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("hostile files are read as nobody, in a sandbox: start as root")
    options.python = os.path.abspath(options.python)
    folder = options.corpus / "malicious"
    files = [
        e["file"]
        for e in corpus.lines_of(folder / "manifest.jsonl")
        if e["label"] in corpus.MUST_BE_REFUSED
        and options.family in ("", corpus.family(e))
        and options.match in e["file"]
    ]
    scratch = Path(tempfile.mkdtemp(prefix="pickleball-chains-"))
    (scratch / "tmp").mkdir()
    for path in (scratch, scratch / "tmp"):
        os.chown(path, corpus.NOBODY, corpus.NOBODY)
    by_kind: dict[str, list[str]] = defaultdict(list)
    told: dict[str, Any] = {}
    try:
        with ThreadPoolExecutor(options.jobs) as pool:
            answers = pool.map(
                lambda f: explained(options.python, folder / "files" / f, scratch, options.timeout),
                files,
            )
            for file, answer in zip(files, answers, strict=True):
                told[file] = answer
                if isinstance(answer, str):
                    by_kind[answer].append(file)
                elif answer["outcome"] not in ("refused", "unknown"):
                    by_kind[f"not refused: {answer['outcome']}"].append(file)
                else:
                    by_kind[account(answer)].append(file)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    told_of = sum(len(by_kind[kind]) for kind in TOLD)
    for kind in [*KINDS, *sorted(by_kind.keys() - set(KINDS))]:
        if by_kind[kind]:
            print(f"{len(by_kind[kind]):5}  {kind}")
    print(f"{told_of} of {len(files)} files are accounted for")
    open_ = [f for f in files if not isinstance(told[f], str) and told[f]["outcome"] == "unknown"]
    corpus.print_list("of them only a load can tell, which has the object in hand", open_)
    for kind in [k for k in by_kind if k not in TOLD]:
        corpus.print_list(kind, by_kind[kind])
    if options.json:
        options.json.write_text(json.dumps(told, indent=1), encoding="utf-8")
    return 0 if told_of == len(files) else 1


if __name__ == "__main__":
    sys.exit(main())
