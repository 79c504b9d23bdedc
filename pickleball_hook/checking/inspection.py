"""Whether a file would be permitted, found out without loading it: ``pickleball check``."""

from __future__ import annotations

import io
import os
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from pickleball_hook.checking import containers
from pickleball_hook.checking.containers import FOREIGN, NotJudged, Part
from pickleball_hook.checking.remarks import AT_LOAD, PERMITTED, REFUSED, UNKNOWN, Remark
from pickleball_hook.checking.trace import AheadSource, Key, NotTold, Source, Use, run, shown
from pickleball_hook.checking.verdicts import Judge
from policy_cache import policies

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_PICKLE = "no pickle"

_NOTHING_READ = "it is no pickle, or damaged"
_TORCH_MAGIC = 0x1950A86A20F9469CFC6C
"""What torch's legacy format starts with (torch/serialization.py): five pickles, then bytes."""
_TORCH_PICKLES = 5
_PICKLE_NAMES = (".pkl", ".pickle", ".joblib", ".p", ".pkl.gz", ".sav")
_DTYPE_CODE = re.compile(r"[<>=|]?([a-zA-Z?])(\d*)")
_OPCODES = frozenset(b"(.0123)BCFGIJKLMNPQRSTUVX]abcdefghijlopqrstu}") | frozenset(
    range(0x80, 0x99)
)
_DEEPEST_NESTED = 8


class Found(NamedTuple):
    """A remark, where in the file it belongs, and how often it was made."""

    where: tuple[str, ...]
    remark: Remark
    times: int


class FileVerdict(NamedTuple):
    """What can be said of a file without loading it.

    Attributes
    ----------
    path : str
        Its name, ``""`` for a stream that has none.
    outcome : str
        ``permitted``: a load in enforce mode would refuse no name and no operation, and what
        else it would look at is listed under `conditions`; ``refused``; ``unknown``: it could
        not be judged, `unknown` says why; ``no pickle``: nothing in it is one.
    found : tuple of Found
        All remarks, the refusals first.
    uses : dict
        (module, name) to `pickleball_hook.checking.trace.Use`: all that the pickles in it ask for.
    distributions : dict of str to str
        Name and version of the installed libraries it was judged against.
    pickles : int
        How many pickles it holds.
    """

    path: str
    outcome: str
    found: tuple[Found, ...]
    uses: dict[Key, Use]
    distributions: dict[str, str]
    pickles: int

    @property
    def refusals(self) -> list[Found]:
        """What would be refused."""
        return [found for found in self.found if found.remark.outcome == REFUSED]

    @property
    def unknown(self) -> list[Found]:
        """What could not be judged."""
        return [found for found in self.found if found.remark.outcome == UNKNOWN]

    @property
    def conditions(self) -> list[Found]:
        """What the load itself will look at: rules about values that only it has in hand."""
        return [found for found in self.found if found.remark.outcome == AT_LOAD]

    def to_json(self) -> dict[str, Any]:
        """Return a value for ``json``."""
        return {
            "path": self.path,
            "outcome": self.outcome,
            "pickles": self.pickles,
            **{
                title: [
                    {**found.remark._asdict(), "where": list(found.where), "count": found.times}
                    for found in rows
                ]
                for title, rows in (
                    ("refusals", self.refusals),
                    ("unknown", self.unknown),
                    ("conditions", self.conditions),
                )
            },
            "globals": {
                ":".join(key): dict(use.operations) for key, use in sorted(self.uses.items())
            },
            "distributions": self.distributions,
        }


def check(source: str | os.PathLike[str] | Any) -> FileVerdict:
    """Judge a file without loading anything of it or importing any library.

    The stream is read by CPython's own unpickler, with stand-ins for all that it names. Time and
    memory are those of reading it; the ``pickleball check`` command gives each file a process
    with limits of its own.

    Parameters
    ----------
    source : path or binary file
        What to judge. A file is read from where it stands.

    Returns
    -------
    FileVerdict
        Also for what cannot be opened or read: then the outcome is ``unknown``.
    """
    if hasattr(source, "read"):
        return _check_file(source, shown(getattr(source, "name", ""))[1:-1])
    path = os.fsdecode(source)
    try:
        with containers.open_regular(path) as file:
            return _check_file(file, path)
    except (OSError, ValueError, NotJudged) as error:
        return not_judged(path, getattr(error, "strerror", None) or str(error))


def is_nothing(verdict: FileVerdict) -> bool:
    """Tell whether nothing shows that a file is a pickle, or holds one."""
    return not verdict.pickles and all(
        found.remark.reason.startswith(_NOTHING_READ) for found in verdict.found
    )


def to_message(verdict: FileVerdict) -> dict[str, Any]:
    """Return a value for ``json`` from which `from_message` restores a verdict whole."""
    return {
        **verdict._asdict(),
        "uses": [[*key, dict(use.operations), use.samples] for key, use in verdict.uses.items()],
    }


def from_message(value: dict[str, Any]) -> FileVerdict:
    """Restore a verdict that another process has reached."""
    uses: dict[Key, Use] = {}
    for module, name, operations, samples in value["uses"]:
        use = uses[module, name] = Use()
        use.operations.update(operations)
        use.samples.update(samples)
    found = tuple(
        Found(tuple(where), Remark(*remark), times) for where, remark, times in value["found"]
    )
    return FileVerdict(**{**value, "uses": uses, "found": found})


def not_judged(path: str, reason: str) -> FileVerdict:
    """Return the verdict on a file that could not be looked at."""
    remark = Remark(UNKNOWN, "", "", reason)
    return FileVerdict(path, UNKNOWN, (Found((), remark, 1),), {}, {}, 0)


def _check_file(file: Any, path: str) -> FileVerdict:
    try:
        return _inspected(file, path)
    finally:
        policies.flush()


def _inspected(file: Any, path: str) -> FileVerdict:
    inspection = _Inspection(path)
    for part in containers.parts(file):
        try:
            inspection.look_at(part, path)
        except NotJudged as error:
            inspection.say(part.where, UNKNOWN, str(error))
        except containers.damages() as error:
            inspection.say(part.where, UNKNOWN, f"damaged: {containers.words(error)}")
    return inspection.verdict(path)


class _Inspection:
    """Everything found in one file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.found: Counter[tuple[tuple[str, ...], Remark]] = Counter()
        self.uses: dict[Key, Use] = {}
        self.distributions: dict[str, str] = {}
        self.pickles = 0

    def verdict(self, path: str) -> FileVerdict:
        """Draw the conclusion."""
        order = (REFUSED, UNKNOWN, AT_LOAD)
        rows = sorted(self.found.items(), key=lambda row: order.index(row[0][1].outcome))
        found = tuple(Found(where, remark, count) for (where, remark), count in rows)
        outcomes = {row.remark.outcome for row in found}
        outcome = NO_PICKLE if not self.pickles else PERMITTED
        for candidate in (UNKNOWN, REFUSED):
            outcome = candidate if candidate in outcomes else outcome
        return FileVerdict(
            path, outcome, found, self.uses, dict(sorted(self.distributions.items())), self.pickles
        )

    def look_at(self, part: Part, path: str) -> None:
        """Judge one stream."""
        if part.problem:
            self.say(part.where, UNKNOWN, part.problem)
            return
        name = (part.where[-1] if part.where else path).lower()
        certain = part.kind != FOREIGN or name.endswith(_PICKLE_NAMES)
        if not certain and not _may_be_pickle(part.file):
            return
        self._read(part, certain, name.endswith(_PICKLE_NAMES))

    def _read(self, part: Part, certain: bool, called_so: bool) -> None:
        """Judge the pickles that stand one behind the other."""
        most = 1
        number = 0
        while True:
            reading = _Reading(part.file, self.path)
            must = certain and number < most
            self._keep_reading(part.where, reading, must, called_so)
            number += 1
            if number == 1 and type(reading.value) is int and reading.value == _TORCH_MAGIC:
                most = _TORCH_PICKLES
            torch_ends = most == number > 1
            if reading.error or reading.other is not None or torch_ends or not _more(part.file):
                return

    def _keep_reading(
        self, where: tuple[str, ...], reading: _Reading, must: bool, called_so: bool
    ) -> None:
        if reading.other is not None:
            self._keep(where, reading.other, only_refusals=True)
        if reading.error and not must:
            self._keep(where, reading.judge, only_refusals=True)
            return
        if reading.error and not reading.judge.uses and not called_so:
            self.say(where, UNKNOWN, f"{_NOTHING_READ}: {reading.error}")
            return
        self._keep(where, reading.judge)
        if reading.error:
            self.say(where, UNKNOWN, f"it is damaged: {reading.error}")

    def _keep(
        self, where: tuple[str, ...], judge: Judge, depth: int = 0, only_refusals: bool = False
    ) -> None:
        refused = any(remark.outcome == REFUSED for remark in judge.remarks)
        if only_refusals and not refused:
            return
        self.pickles += 1
        for remark, count in judge.remarks.items():
            if not only_refusals or remark.outcome == REFUSED:
                self.found[where, remark] += count
        for key, use in judge.uses.items():
            self.uses.setdefault(key, Use()).add(use)
        self.distributions.update(judge.distributions)
        for data in judge.nested:
            self._look_into(data, (*where, "bytes given to a loader"), depth + 1)

    def _look_into(self, data: bytes, where: tuple[str, ...], depth: int) -> None:
        """Judge bytes that a permitted loader is called with; it meets the same guard."""
        if depth > _DEEPEST_NESTED:
            self.say(where, UNKNOWN, "loads in loads, too deep")
            return
        for part in containers.parts(io.BytesIO(data)):
            inner = _Inspection(self.path)
            inner.look_at(part, "")
            for (place, remark), count in inner.found.items():
                self.found[(*where, *place), remark] += count
            for key, use in inner.uses.items():
                self.uses.setdefault(key, Use()).add(use)
            self.distributions.update(inner.distributions)

    def say(self, where: tuple[str, ...], outcome: str, reason: str) -> None:
        """Note what concerns a stream as a whole."""
        self.found[where, Remark(outcome, "", "", reason)] += 1


class _Reading:
    """One pickle, as the loaders read it that may be given the file.

    joblib has arrays in the middle of a stream. Where they are, the stream is read as joblib reads
    it; any other loader takes their bytes for opcodes. That ends it in nearly all files, with the
    first byte; where it does not, the stream is read that way too.

    Attributes
    ----------
    judge : Judge
        What is to be said of it.
    value : object
        What it gives, stand-ins in it.
    error : str
        What ended it, ``""`` if nothing did.
    other : Judge or None
        What is to be said of it as a loader other than joblib reads it.
    """

    def __init__(self, file: Any, path: str) -> None:
        self.file = file
        self.path = path
        self.start = _position(file)
        self.value: object = None
        self.other: Judge | None = None
        if _is_framed(file):
            self.judge, arrays = self._with_arrays()
            if arrays.diverge:
                self._again()
                self.other = self._plain(Source(file), first=False)
            return
        self.judge = self._plain(AheadSource(file), first=True)
        if _names_arrays(self.judge):
            self.other = self.judge
            self._again()
            self.judge, _ = self._with_arrays()

    def _again(self) -> None:
        if self.start is None:
            raise NotJudged("joblib's arrays in a stream that can be read only once")
        self.file.seek(self.start)

    def _with_arrays(self) -> tuple[Judge, _JoblibArrays]:
        judge = Judge(self.path)
        source = Source(self.file)
        judge.arrays = arrays = _JoblibArrays(source, judge)
        self.value, self.error = _run(source, judge)
        return judge, arrays

    def _plain(self, source: Source, first: bool) -> Judge:
        judge = Judge(self.path)
        value, error = _run(source, judge)
        if first:
            self.value, self.error = value, error
        return judge


def _run(source: Source, judge: Judge) -> tuple[object, str]:
    try:
        return run(source, judge), ""
    except (NotTold, NotJudged) as reason:
        return None, str(reason)


def _is_framed(file: Any) -> bool:
    """Tell whether a stream comes in frames, which cost no call per opcode without look-ahead."""
    return bytes(file.peek(3)[:3]) in (b"\x80\x04\x95", b"\x80\x05\x95")


def _more(file: Any) -> bool:
    try:
        return bool(file.peek(1))
    except (OSError, ValueError, EOFError, NotJudged):
        return False


def _may_be_pickle(file: Any) -> bool:
    start = bytes(file.peek(2)[:2])
    if start[:1] == b"\x80":
        return start[1:] <= b"\x05"
    return start[:1] != b"" and start[0] in _OPCODES


def _may_be_opcode(file: Any) -> bool:
    start = bytes(file.peek(1)[:1])
    return start != b"" and start[0] in _OPCODES


def _position(file: Any) -> int | None:
    try:
        return int(file.tell()) if file.seekable() else None
    except (OSError, ValueError):
        return None


def _names_arrays(judge: Judge) -> bool:
    return any(name == "NumpyArrayWrapper" for _, name in judge.uses)


class _JoblibArrays:
    """Passes over the arrays of a joblib file (joblib/numpy_pickle.py, NumpyArrayWrapper)."""

    def __init__(self, source: Source, judge: Judge) -> None:
        self._source = source
        self._judge = judge
        self._first = True
        self._items: dict[int, tuple[int, bool]] = {}
        self.diverge = False
        """Whether a loader that knows of no arrays would read on where the first one starts."""

    def is_wrapper(self, key: Key) -> bool:
        """Tell whether this is joblib's wrapper class."""
        return key[1] == "NumpyArrayWrapper" and key[0].partition(".")[0] in ("joblib", "sklearn")

    def read(self, state: Any) -> None:
        """Pass over the elements; objects among them are a pickle of their own.

        Raises
        ------
        NotTold
            If the size of the array cannot be told.
        """
        if self._first:
            self._first = False
            self.diverge = _may_be_opcode(self._source.file)
        fields = state if type(state) is dict else {}
        shape = fields.get("shape")
        if type(shape) is not tuple or not all(type(n) is int for n in shape):
            raise NotTold("an array of joblib's whose size cannot be told")
        size, objects = self._item(fields.get("dtype"))
        if objects:
            run(self._source, self._judge)
            return
        for extent in shape:
            size *= extent
        if fields.get("numpy_array_alignment_bytes") is not None:
            padding = self._source.read(1)
            self._source.skip(padding[0] if padding else 0)
        self._source.skip(max(size, 0))

    def _item(self, value: object) -> tuple[int, bool]:
        """Return what `_item` says of a dtype; that has its state once and for all."""
        known = self._items.get(id(value))
        if known is None:
            dtype = self._judge.described.dtype_of(value)  # it holds the value: the id stays taken
            if dtype is None:
                raise NotTold("an array of joblib's whose size cannot be told")
            known = _item(dtype.args, dtype.state)
            if dtype.state is not None:
                self._items[id(value)] = known
        return known


def _item(args: tuple[Any, ...], state: Any) -> tuple[int, bool]:
    """Return the size of an element, and whether it holds objects.

    Raises
    ------
    NotTold
        If the stream does not say it plainly.
    """
    wide = type(state) is tuple and len(state) >= 8 and type(state[5]) is int
    objects = wide and type(state[7]) is int and bool(state[7] & 1)
    if wide and state[5] > 0:
        return state[5], objects
    code = args[0] if args else None
    match = _DTYPE_CODE.match(code) if type(code) is str else None
    if match is None:
        raise NotTold("an array of a dtype whose size cannot be told")
    letter, digits = match.groups()
    if letter == "O":
        return 8, True
    if not digits and letter not in "?bB":
        raise NotTold("an array of a dtype whose size cannot be told")
    return int(digits or 1) * (4 if letter == "U" else 1), objects


def walk(paths: list[str]) -> Iterator[tuple[str, bool]]:
    """Go through the files that are meant by paths, folders and patterns.

    Yields
    ------
    tuple of (str, bool)
        A path, and whether it was named itself. Links to folders are not followed, so that a
        loop of them has an end.
    """
    import glob

    for path in paths:
        if os.path.isdir(path):
            for folder, folders, files in os.walk(path):
                folders.sort()
                for name in sorted(files):
                    yield os.path.join(folder, name), False
        elif not os.path.lexists(path) and glob.has_magic(path):
            for found in sorted(glob.iglob(path, recursive=True)):
                if os.path.isdir(found):
                    continue
                yield found, False
        else:
            yield path, True
