"""The effect guard: what it stops by itself, and what its audit hook costs the rest of a process.

``python effects.py`` measures in pairs of processes that have loaded a pickle on the checked path,
one with and one without the audit hook that this puts in: the import of large libraries, and
programs that open files, import, compile, or ask for ids and frames all the time.

``python effects.py --corpus FOLDER`` lets every refusal of the policy pass and counts how many
canaries of the hostile files that act in plain Python stay untouched for the effect guard alone.
Each file that acts is listed; `REASONS` says why by the name of what it calls. It needs what
`corpus.py` needs, and takes the same lock.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import corpus

LIBRARIES = ("sklearn.ensemble", "pandas", "torch")
AT_MOST = 1.02
AT_LEAST = 0.95

# Both processes load a model on the checked path; in one of them no audit hook is put in.
# The pure-Python pickler, since what the C one has made in this process is loaded unchecked.
PREPARED = """
import sys, time, pickle, decimal
from pickleball_hook.net import events
if not {hooked}:
    events.listen = lambda: None
pickle.loads(pickle._dumps(decimal.Context()))
events.listen()
assert events.listening() is {hooked}
"""
ANY_HOOK = "import sys\nsys.addaudithook({}.get)\n"
"""Puts in the least that an audit hook can be: what is called is a C function that does nothing."""
TIMED = """
start = time.process_time()
{work}
print(time.process_time() - start)
"""
WORK = {
    **{f"import {name}": f"import {name}" for name in LIBRARIES},
    "open 20,000 files": """
import os
for _ in range(20_000):
    open(os.devnull, "rb").close()
""",
    "import 600 modules again": """
import importlib, json.decoder
for _ in range(600):
    for name in ("json.decoder", "json.scanner", "json.encoder", "json"):
        sys.modules.pop(name, None)
    import json
""",
    "compile and run 5,000 sources": """
for number in range(5_000):
    exec(compile(f"x = [i * {number} for i in range(20)]", "made", "exec"), {})
""",
    "list 10,000 folders": """
import os
for _ in range(10_000):
    os.listdir("/proc/self")
""",
    "deepcopy, with its ids": """
import copy
value = [{"a": [i, str(i)], "b": (i, [i])} for i in range(20_000)]
copy.deepcopy(value)
""",
    "10,000 log lines, with their frames": """
import io, logging
logging.basicConfig(stream=io.StringIO(), format="%(filename)s %(lineno)d %(message)s")
for number in range(10_000):
    logging.warning("line %d", number)
""",
    "3,000,000 bare id()": """
value = object()
for _ in range(3_000_000):
    id(value)
""",
}

# The loader that reads each format, where several do: a load's effects are the stream's, whichever.
ONE_LOADER = {
    format_: ("torch-unsafe",) if "torch-unsafe" in loaders[:2] else loaders[:1]
    for format_, loaders in corpus.LOADERS_OF_FORMAT.items()
}

# Why no event tells the effect guard of an attack, by what the file calls.
REASONS: tuple[tuple[str, str], ...] = (
    (r"\bos:(mkfifo|mknod)\b", "CPython raises no event for it"),
    (r"\btorch:UntypedStorage.from_file\b", "its C++ code opens the file, CPython is not asked"),
    (r"\bnetworkx.lazy_imports:", "it registers a module and runs nothing of it"),
    (r"\b_thread:start_new_thread\b", "CPython raises an event from 3.12 on"),
)


def seconds(python: str, work: str, hooked: bool, before: str = "") -> float:
    """How long `work` takes in a process of its own that has loaded a model."""
    done = subprocess.run(
        [python, "-c", PREPARED.format(hooked=hooked) + before + TIMED.format(work=work)],
        env={**os.environ, "PICKLEBALL_MODE": "enforce"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{work}: {done.stderr}")
    return float(done.stdout)


COUNT = """
import collections, sys
events = collections.Counter()
sys.addaudithook(lambda event, args: events.update([event]))
{work}
print(events.total() if hasattr(events, "total") else sum(events.values()))
"""


def raised(python: str, work: str) -> int:
    """How many audit events `work` raises: each costs what a bare id() costs more."""
    done = subprocess.run(
        [python, "-c", COUNT.format(work=work)],
        env={**os.environ, "PICKLEBALL_MODE": "off"},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout.splitlines()[-1])


def cost(python: str, rounds: int) -> tuple[dict[str, Any], bool]:
    """Measure each kind of work with and without the audit hook, in turn."""
    record: dict[str, Any] = {}
    well = True
    print(f"{'work':40}{'without s':>12}{'with s':>12}{'ratio':>9}")
    for name, work in WORK.items():
        for hooked in (False, True):  # files into the system's cache, policies into the user's
            seconds(python, work, hooked)
        pairs = [(seconds(python, work, False), seconds(python, work, True)) for _ in range(rounds)]
        plain, guarded = (min(part) for part in zip(*pairs, strict=True))
        ratio = guarded / plain
        record[name] = {"without": plain, "with": guarded, "ratio": ratio}
        middle = statistics.median(with_ / without for without, with_ in pairs)
        print(f"{name:40}{plain:12.3f}{guarded:12.3f}{ratio:9.3f}   median of pairs {middle:.3f}")
    # The imports by count, which does not depend on what else the machine does.
    ids = record["3,000,000 bare id()"]
    each = (ids["with"] - ids["without"]) / 3_000_000
    bare = WORK["3,000,000 bare id()"]
    least = min(seconds(python, bare, False, before=ANY_HOOK) for _ in range(rounds))
    record["least a hook costs"] = (least - ids["without"]) / 3_000_000
    print(
        f"an event costs {each * 1e9:.0f} ns more, {record['least a hook costs'] * 1e9:.0f} ns "
        "of it with any audit hook whatever, which is CPython's own work"
    )
    for name in (f"import {library}" for library in LIBRARIES):
        count = raised(python, WORK[name])
        share = 1 + count * each / record[name]["without"]
        record[name] |= {"events": count, "ratio by count": share}
        print(f"{name}: {count} events at {each * 1e9:.0f} ns: ratio {share:.4f}")
        well = well and share <= AT_MOST
    return record, well


def hostile(options: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Load what acts in plain Python with the policy off, and see what the effect guard stops."""
    folder = options.corpus / "malicious"
    acting = {e["file"] for e in corpus.lines_of(folder / "plain.jsonl") if e["acted"]}
    entries = [
        e
        for e in corpus.lines_of(folder / "manifest.jsonl")
        if e["file"] in acting and options.match in e["file"]
    ]
    outcomes: dict[str, dict[str, corpus.Run]] = {}
    loaders = corpus.LOADERS_OF_FORMAT if options.every_loader else ONE_LOADER
    for loader, files in corpus.by_loader(entries, "format", loaders).items():
        if options.loader not in ("", loader):
            continue
        start = time.monotonic()
        plain = corpus.Sandbox(options.python, "off", options.timeout)
        acts = {
            run.file
            for run in plain.run_all(loader, files, folder / "files", options.jobs)
            if run.outcome == "ACTED"
        }
        rest = [e for e in files if e["file"] in acts]
        net = corpus.Sandbox(options.python, "enforce", options.timeout, "policy")
        for run in net.run_all(loader, rest, folder / "files", options.jobs):
            outcomes.setdefault(run.file, {})[loader] = run
        print(f"{loader}: {len(rest)} of {len(files)} act, {time.monotonic() - start:.0f} s")
    untouched = [
        name
        for name, runs in outcomes.items()
        if not any(run.outcome == "ACTED" for run in runs.values())
    ]
    share = len(untouched) / max(1, len(outcomes))
    print(
        f"\n{len(entries)} files acted when the corpus was made; {len(outcomes)} act here in plain "
        f"Python; the effect guard alone keeps {len(untouched)} canaries untouched: {share:.1%}"
    )
    corpus.print_list(
        "files that do not act here", sorted({e["file"] for e in entries} - outcomes.keys())
    )
    print(Counter(run.outcome for runs in outcomes.values() for run in runs.values()))
    named = {
        entry["file"]: " ".join(entry.get("globals") or [str(entry.get("payload", ""))])
        for entry in entries
    }
    exceptions = [
        f"{name} {[*runs]}: {named[name]}: {reason(named[name])}"
        for name, runs in sorted(outcomes.items())
        if name not in untouched
    ]
    corpus.print_list("files that act though the effect guard is on", exceptions)
    record = {"acting": len(outcomes), "untouched": len(untouched), "exceptions": exceptions}
    return record, share >= AT_LEAST


def reason(names: str) -> str:
    """Why the effect guard hears nothing of a call."""
    return next((why for pattern, why in REASONS if re.search(pattern, names)), "unexplained")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", type=Path, help="measure what the effect guard stops")
    parser.add_argument("--python", default=sys.executable, help="the environment to judge with")
    parser.add_argument("--rounds", type=int, default=5, help="pairs of processes")
    parser.add_argument("--loader", default="", help="only this loader")
    parser.add_argument("--every-loader", action="store_true", help="each that reads the format")
    parser.add_argument("--match", default="", help="only files whose name holds this")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds a file may take")
    parser.add_argument("--jobs", type=int, default=2, help="how many files are loaded at once")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    options.python = os.path.abspath(options.python)
    if options.corpus:
        if os.geteuid() != 0:
            parser.error("hostile files run as nobody in namespaces of their own: start as root")
        lock = os.open(Path(corpus.CANARY_PREFIX).parent, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        record, well = hostile(options)
    else:
        record, well = cost(options.python, options.rounds)
    if options.json:
        options.json.write_text(json.dumps(record, indent=1), encoding="utf-8")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
