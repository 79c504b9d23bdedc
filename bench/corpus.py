"""Run a corpus of hostile and honest files against the guard of an environment.

``python corpus.py CORPUS --python ENVIRONMENT/bin/python`` loads every file of the corpus through
the loaders that fit its format, each file in a child process of its own: unprivileged, without
network, with a time-out and resource limits, in a private home. The child side is
`guarded_run.py`. Hostile files must be refused and must not act; honest files are also loaded
without the hook, and must give the same. Exit status 1 when a hostile file acted, was loaded or
ran out of time, or an honest one was refused or gave something else than plain Python.

The corpus holds ``malicious/manifest.jsonl``, ``malicious/files``, ``benign/traces.jsonl`` and
``benign/files``. Needs Linux with ``unshare`` and ``setpriv`` (util-linux), and root to give
privileges up: a sandbox of one's own account would leave one's own files within reach.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

NOBODY = 65534
SERVER = "guarded_run.py"
# Takes network, other processes and privileges away. In its own process namespace the server is
# process 1: no child of the same user can end it, and all that is left ends with it.
SANDBOX = (
    *("unshare", "--net", "--ipc", "--pid", "--mount-proc", "--fork", "--kill-child"),
    *("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"),
    "--no-new-privs",
)
CANARY_PREFIX = "/tmp/pickleball-canary-"
CANARY_TEXT = "canary"
BEGIN, END = "<!-- bench/corpus.py begins -->", "<!-- bench/corpus.py ends -->"
VERDICTS = ("loaded", "error, as in plain", "refused, fails in plain", "refused", "differs")
UNEQUAL = ("refused", "differs")
OUTCOMES = ("ACTED", "time-out", "crash", "loaded", "refused", "error")

# The loaders that read each format of the hostile files. Those of plain pickles include numpy's,
# whose last resort is a pickle, and torch's, whose legacy format starts with one.
LOADERS_OF_FORMAT = {
    "pickle": (
        *("pickle", "loads", "unpickler", "python-unpickler"),
        *("joblib", "pandas", "numpy", "torch", "torch-unsafe"),
    ),
    "torch-zip": ("torch", "torch-unsafe", "zip"),
    "torch-legacy": ("torch", "torch-unsafe", "pickle"),
    "torch-tar": ("torch", "torch-unsafe", "tar"),
    "joblib": ("joblib",),
    "gzip": ("joblib", "pandas", "gzip"),
    "bz2": ("joblib", "pandas", "bz2"),
    "xz": ("joblib", "pandas", "xz"),
    "zlib": ("joblib", "zlib"),
    "npy": ("numpy", "joblib"),
    "npz": ("numpy",),
    "zip": ("zip", "torch", "torch-unsafe", "pandas", "stable-baselines3"),
    "tar": ("tar", "torch", "torch-unsafe", "pandas"),
    "7z": ("torch-unsafe", "pickle"),
}
LOADERS_OF_CONTAINER = {
    "pickle": ("pickle", "pickle-latin1"),
    "multi-pickle": ("pickle", "pickle-latin1"),
    "gzip-pickle": ("gzip",),
    "torch-zip": ("torch", "torch-unsafe"),
    "torch-legacy": ("torch", "torch-unsafe"),
    "npy-object": ("numpy",),
}
# Other containers of the honest files are joblib's: plain, or named by their compression.
JOBLIB = ("joblib",)

# Under the guard the policy decides what `torch.load(path)` loads, so it is compared with the
# plain load that torch does not restrict.
PLAIN_LOADER = {"torch": "torch-unsafe"}

# Where the manifest says that the payload waits for something that no loader here does, or that
# only one of several loaders reaches it, an honest rest of the file may load.
NOT_REACHED = frozenset(
    ("manual", "on-extract", "not-by-torch.load", "loader-specific", "offset-load", "sb3-load")
)
MUST_BE_REFUSED = frozenset({"malicious", "latent"})


# These read every pickle of a file; the others stop after the first one.
READS_ON = frozenset({"pickle", "pickle-latin1", "gzip", "bz2", "xz", "zlib", "zip", "tar"})


class Run(NamedTuple):
    """One file through one loader: the manifest's line, and what became of it."""

    entry: dict[str, Any]
    loader: str
    outcome: str
    answer: dict[str, Any]

    @property
    def file(self) -> str:
        return str(self.entry.get("file") or Path(self.entry["path"]).name)

    def describe(self) -> str:
        return f"{self.file} [{self.loader}] {self.outcome}: {self.tell()}"

    def tell(self) -> str:
        """The type of what was loaded, or of the error with its message."""
        return " ".join(str(self.answer.get(k, "")) for k in ("type", "message")).strip()


class Sandbox:
    """Servers of `guarded_run.py` for one environment, one loader at a time."""

    def __init__(self, python: str, mode: str, timeout: float, without: str = "nothing") -> None:
        self.python, self.mode, self.timeout, self.without = python, mode, timeout, without
        # Canaries that changed when the load that they belong to had been judged.
        self.late: list[str] = []

    @contextmanager
    def server(self, loader: str) -> Iterator[subprocess.Popen[str]]:
        """A running server in a private folder that is removed with all it wrote."""
        folder = Path(tempfile.mkdtemp(prefix="pickleball-corpus-"))
        try:
            script = folder / SERVER
            shutil.copyfile(Path(__file__).with_name(SERVER), script)
            (folder / "tmp").mkdir()
            for path in (folder, folder / "tmp", script):
                os.chown(path, NOBODY, NOBODY)
            process = subprocess.Popen(
                [*SANDBOX, self.python, str(script), "--loader", loader, "--without", self.without],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
                cwd=folder / "tmp",
                env=self.environment(folder),
            )
            try:
                yield process
            finally:
                process.kill()
                process.communicate()
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def environment(self, folder: Path) -> dict[str, str]:
        return {
            "PATH": os.defpath,
            "LC_ALL": "C.UTF-8",
            "HOME": str(folder),
            "TMPDIR": str(folder / "tmp"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "PICKLEBALL_MODE": self.mode,
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }

    def run(self, loader: str, entries: list[dict[str, Any]], folder: Path) -> Iterator[Run]:
        """Every file of `entries` through `loader`; a server that a file ended is replaced."""
        pending = list(entries)
        while pending:
            with self.server(loader) as server:
                hello = self.ask(server, None)
                if hello is None:
                    raise SystemExit(f"{self.python} did not start in the sandbox")
                if self.mode != "off" and hello["status"].startswith("absent"):
                    raise SystemExit(f"no guard in {self.python}: {hello['status']}")
                while pending:
                    run = self.run_one(server, loader, pending.pop(0), folder)
                    yield run
                    if server.poll() is not None:
                        break

    def run_all(
        self, loader: str, entries: list[dict[str, Any]], folder: Path, jobs: int
    ) -> Iterator[Run]:
        """The same, with several servers at once: each file's canary has a name of its own."""
        parts = [entries[start::jobs] for start in range(jobs)]
        with ThreadPoolExecutor(jobs) as pool:
            for runs in pool.map(lambda part: [*self.run(loader, part, folder)], parts):
                yield from runs

    def run_one(
        self, server: subprocess.Popen[str], loader: str, entry: dict[str, Any], folder: Path
    ) -> Run:
        canary = Canary(entry)
        if canary.traces():
            self.late.append(f"{canary.path}, before [{loader}]")
        canary.prepare()
        name = entry.get("file") or Path(entry["path"]).name
        request = {
            "file": str(folder / name),
            "loader": loader,
            "timeout": self.timeout,
            "digest": "label" not in entry,
        }
        answer = self.ask(server, request) or {"result": "crash", "type": "server ended"}
        acted = canary.acted() or bool(answer.get("antigravity"))
        return Run(entry, loader, "ACTED" if acted else answer["result"], answer)

    @staticmethod
    def ask(server: subprocess.Popen[str], request: dict[str, Any] | None) -> dict[str, Any] | None:
        assert server.stdin is not None and server.stdout is not None
        if request is not None:
            with suppress(BrokenPipeError):
                server.stdin.write(json.dumps(request) + "\n")
        line = server.stdout.readline()
        answer: dict[str, Any] | None = json.loads(line) if line else None
        return answer


class Canary:
    """The file that a payload creates, or removes, when it acts; see the corpus' description."""

    def __init__(self, entry: dict[str, Any]) -> None:
        path = entry.get("canary") or ""
        # Only such names: these files are removed.
        self.path = Path(path) if path.startswith(CANARY_PREFIX) else None
        self.removes = str(entry.get("marker_kind", "")).startswith("delete")

    def prepare(self) -> None:
        if self.path is None:
            return
        self.clear()
        if self.removes:
            self.path.write_text(CANARY_TEXT, encoding="utf-8")
            os.chown(self.path, NOBODY, NOBODY)

    def traces(self) -> list[Path]:
        """The canary, and files named after it (some payloads add a suffix)."""
        return [] if self.path is None else list(self.path.parent.glob(f"{self.path.name}*"))

    def acted(self) -> bool:
        """Whether the payload acted; nothing is left behind."""
        traces = self.traces()
        if self.removes and self.path is not None:
            acted = traces != [self.path] or self.path.read_text("utf-8") != CANARY_TEXT
        else:
            acted = bool(traces)
        self.clear()
        return acted

    def clear(self) -> None:
        for path in self.traces():
            # Some payloads make a folder; links in it are not followed.
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def lines_of(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def by_loader(
    entries: Iterable[dict[str, Any]], key: str, loaders: dict[str, tuple[str, ...]]
) -> dict[str, list[dict[str, Any]]]:
    """The files for each loader, so that each loader's library is imported once."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in entries:
        for loader in loaders.get(entry[key], JOBLIB):
            groups[loader].append(entry)
    return groups


def family(entry: dict[str, Any]) -> str:
    return str(entry["technique"]).partition("-")[0]


def failed(run: Run, hidden: frozenset[str]) -> bool:
    """Whether a hostile file got further than it may.

    Parameters
    ----------
    run : Run
    hidden : frozenset of str
        Files whose first pickle is harmless: refused by the loaders that read on.
    """
    if run.outcome in ("ACTED", "time-out"):
        return True
    refused = run.outcome in ("refused", "error", "crash")
    not_reached = run.entry["fires"] in NOT_REACHED or run.loader == "stable-baselines3"
    not_reached = not_reached or (run.file in hidden and run.loader not in READS_ON)
    return run.entry["label"] in MUST_BE_REFUSED and not refused and not not_reached


def harmless_first(sandbox: Sandbox, runs: list[Run], folder: Path) -> frozenset[str]:
    """The files whose first pickle is harmless, of those loaded by what reads only that one."""
    told = {run.file for run in runs if run.loader in READS_ON}
    loaded = {run.file: run.entry for run in runs if run.outcome == "loaded"}
    asked = [entry for file, entry in loaded.items() if file not in told]
    more = sandbox.run("pickle", asked, folder) if asked else ()
    return frozenset(run.file for run in [*runs, *more] if run.answer.get("after_pickles"))


def gentle(run: Run, plain: dict[str, dict[str, Any]]) -> bool:
    """Whether what acts in plain Python ended with an ordinary error instead of a refusal."""
    acts = bool(plain.get(run.file, {}).get("acted"))
    return acts and run.outcome == "error" and run.entry["label"] in MUST_BE_REFUSED


def table(rows: dict[str, Counter[str]], columns: tuple[str, ...], title: str) -> None:
    """Print counts, one line a row, with a last line of sums."""
    print(f"\n{title:34}" + "".join(f"{c:>{len(c) + 4}}" for c in columns))
    for name, counts in [*sorted(rows.items()), ("all", sum(rows.values(), Counter()))]:
        print(f"{name:34}" + "".join(f"{counts[c]:{len(c) + 4}}" for c in columns))


def malicious(options: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Load the hostile files; print the tables; the record, and whether all is well."""
    folder = options.corpus / "malicious"
    entries = [
        e
        for e in lines_of(folder / "manifest.jsonl")
        if options.match in e["file"] and options.family in ("", family(e))
    ]
    for entry in entries:
        Canary(entry).clear()
    plain_file = folder / "plain.jsonl"
    plain = {e["file"]: e for e in lines_of(plain_file)} if plain_file.exists() else {}
    without = "effects" if options.policy_alone else "nothing"
    sandbox = Sandbox(options.python, "enforce", options.timeout, without)
    runs: list[Run] = []
    for loader, files in by_loader(entries, "format", LOADERS_OF_FORMAT).items():
        if options.loader in ("", loader):
            start = time.monotonic()
            for run in sandbox.run_all(loader, files, folder / "files", options.jobs):
                runs.append(run)
                if options.verbose:
                    print(f"  {run.describe()} ({run.answer.get('seconds', 0):.1f} s)", flush=True)
            print(f"{loader}: {len(files)} files, {time.monotonic() - start:.0f} s", flush=True)
    late = [*sandbox.late, *map(str, Path("/tmp").glob(f"{Path(CANARY_PREFIX).name}*"))]

    families: dict[str, Counter[str]] = defaultdict(Counter)
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    loaders: dict[str, Counter[str]] = defaultdict(Counter)
    for run in runs:
        loaders[run.loader][run.outcome] += 1
        families[f"{family(run.entry)} [{run.loader}]"][run.outcome] += 1
        labels[run.entry["label"]][run.outcome] += 1
    table(families, OUTCOMES, "family [loader]")
    table(labels, OUTCOMES, "label")
    hidden = harmless_first(sandbox, runs, folder / "files")
    wrong = [run.describe() for run in runs if failed(run, hidden)]
    print_list("hostile files that got further than they may", wrong)
    errors = [run.describe() for run in runs if gentle(run, plain)]
    print_list("files that act in plain Python and end with an ordinary error here", errors)
    print_list("canaries that changed after the load had ended", late)
    record = {
        "loads": len(runs),
        "loaders": {k: dict(v) for k, v in loaders.items()},
        "labels": {k: dict(v) for k, v in labels.items()},
        "families": {k: dict(v) for k, v in families.items()},
        "wrong": wrong,
        "errors": errors,
        "late": late,
    }
    return record, not wrong and not late


def compare(guarded: Run, plain: Run) -> str:
    """How a load under the guard relates to the same load by plain Python."""
    if guarded.outcome == "refused":
        return "refused" if plain.outcome == "loaded" else "refused, fails in plain"
    compared = ("result", "type", "digest", "message")
    if all(guarded.answer.get(key) == plain.answer.get(key) for key in compared):
        return "loaded" if guarded.outcome == "loaded" else "error, as in plain"
    return "differs"


def benign(options: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Load the honest files with and without the guard; they must load equal."""
    folder = options.corpus / "benign"
    entries = [
        e
        for e in lines_of(folder / "traces.jsonl")
        if options.match in e.get("path", "") and e.get("path")
    ]
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    loaders: dict[str, Counter[str]] = defaultdict(Counter)
    told: dict[str, list[str]] = {verdict: [] for verdict in VERDICTS}
    for loader, files in by_loader(entries, "container", LOADERS_OF_CONTAINER).items():
        if options.loader not in ("", loader):
            continue
        plain, guarded = (
            Sandbox(options.python, mode, options.timeout).run(name, files, folder / "files")
            for mode, name in (("off", PLAIN_LOADER.get(loader, loader)), ("enforce", loader))
        )
        for expected, run in zip(list(plain), list(guarded), strict=True):
            verdict = compare(run, expected)
            rows[f"{run.entry['main_lib']} [{loader}]"][verdict] += 1
            loaders[loader][verdict] += 1
            line = run.describe()
            if verdict in ("differs", "refused, fails in plain"):
                line += f"\n      in plain Python: {expected.outcome}: {expected.tell()}"
            told[verdict].append(line)
    table(rows, VERDICTS, "library [loader]")
    for verdict in VERDICTS if options.verbose else UNEQUAL:
        print_list(verdict, told[verdict])
    wrong = [line for verdict in UNEQUAL for line in told[verdict]]
    record = {
        "rows": {k: dict(v) for k, v in rows.items()},
        "loaders": {k: dict(v) for k, v in loaders.items()},
        "wrong": wrong,
    }
    return record, not wrong


def print_list(title: str, lines: list[str]) -> None:
    if lines:
        print(f"\n{len(lines)} {title}")
        for line in lines:
            print(f"  {line}")


def kept(path: Path | None, record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with the loaders of earlier runs, if these are kept in a file."""
    earlier = json.loads(path.read_text("utf-8")) if path is not None and path.exists() else {}
    for name, part in record.items():
        part["loaders"] = earlier.get(name, {}).get("loaders", {}) | part["loaders"]
    return dict(earlier | record)


def summary(record: dict[str, Any]) -> str:
    """Return the table of the README: what became of the files, loader by loader."""
    lines: list[str] = []
    for name, title, columns in (
        ("malicious", "hostile files through", OUTCOMES),
        ("benign", "honest files through", VERDICTS),
    ):
        loaders = record.get(name, {}).get("loaders", {})
        if not loaders:
            continue
        lines += [
            "",
            f"| {title} | files | {' | '.join(columns)} |",
            "| - " * (2 + len(columns)) + "|",
        ]
        sums = sum((Counter(counts) for counts in loaders.values()), Counter[str]())
        for loader, counts in [*sorted(loaders.items()), ("all", sums)]:
            cells = [sum(counts.values()), *(counts.get(column, 0) for column in columns)]
            lines.append(f"| {loader} | {' | '.join(map(str, cells))} |")
    return "\n".join(lines).strip()


def write(path: Path, text: str) -> None:
    """Put the table between its markers."""
    before, begin, rest = path.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{path} lacks the lines {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path, metavar="CORPUS")
    parser.add_argument("--python", default=sys.executable, help="the environment to judge with")
    parser.add_argument("--only", choices=("malicious", "benign"))
    parser.add_argument("--family", default="", help="only this family of hostile files")
    parser.add_argument("--loader", default="", help="only this loader")
    parser.add_argument("--match", default="", help="only files whose name holds this")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds a file may take")
    parser.add_argument("--jobs", type=int, default=2, help="how many files are loaded at once")
    parser.add_argument("--policy-alone", action="store_true", help="with the effect guard off")
    parser.add_argument("--json", type=Path, help="write the counts here, keep earlier loaders'")
    parser.add_argument("--write", type=Path, metavar="README", help="put the table into a file")
    parser.add_argument("--verbose", action="store_true", help="show each load's message")
    options = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("hostile files run as nobody in namespaces of their own: start as root")
    # Canaries have fixed names: a second run would take this one's for its own.
    if options.only != "benign":
        fcntl.flock(os.open(Path(CANARY_PREFIX).parent, os.O_RDONLY), fcntl.LOCK_EX)
    # Not through the link: an environment's interpreter is the link.
    options.python = os.path.abspath(options.python)
    record: dict[str, Any] = {}
    well = True
    for name, part in (("malicious", malicious), ("benign", benign)):
        if options.only in (None, name):
            record[name], good = part(options)
            well = well and good
    record = kept(options.json, record)
    if options.json:
        options.json.write_text(json.dumps(record, indent=1), encoding="utf-8")
    if options.write:
        write(options.write, summary(record))
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
