"""`pickleball_hook.check` says what a load would say, and loads nothing."""

from __future__ import annotations

import collections
import gzip
import io
import json
import pickle
import struct
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy
import pandas
import pytest
import torch

import pickleball_hook
from pickleball_hook.checking import inspection
from pickleball_hook.checking.inspection import NO_PICKLE, FileVerdict
from pickleball_hook.checking.remarks import PERMITTED, REFUSED, UNKNOWN
from policy_cache import policies
from policy_cache.model import Verdict
from tests.conftest import Library

# What it names exists, is refused and is never called here: nothing of a stream is.
ACT = b"cos\ngetpid\n)R."


def of(data: bytes) -> FileVerdict:
    return inspection.check(io.BytesIO(data))


def outcome(data: bytes) -> str:
    return of(data).outcome


def reasons(verdict: FileVerdict) -> str:
    return " ".join(found.remark.reason for found in verdict.found)


class Act:
    def __reduce__(self) -> Any:
        import os

        return os.getpid, ()


@pytest.mark.parametrize("protocol", range(6))
def test_plain_data(protocol: int) -> None:
    value = [1, {"a": {2, b"c"}}, collections.OrderedDict(x=1), 1j, bytearray(b"x"), None, ...]
    verdict = of(pickle.dumps(value, protocol))
    assert (verdict.outcome, verdict.refusals, verdict.unknown) == (PERMITTED, [], [])


@pytest.mark.parametrize(
    "data",
    [
        ACT,
        b"(ios\ngetpid\n.",
        b"(cos\ngetpid\no.",
        b"cos\nsystem\n.",
        b"\x80\x04\x8c\x02os\x8c\x06getpid\x93.",
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"cfunctools\npartial\n(cos\ngetpid\ntR.",
        b"cbuiltins\ngetattr\n(cos\ngetpid\nS'__call__'\ntR.",
        b"ccollections\nOrderedDict\n}S'a'\nK\x01sb.",  # a state for a class
        b"ccollections\nOrderedDict\n)R)R.",  # the result of a call is called
        b"c_codecs\nencode\n(S'x'\nS'rot13'\ntR.",
        b"cbuiltins\ntype\n(cbuiltins\nlen\ntR.",
        pickle.dumps(Act()),
    ],
)
def test_refused(data: bytes) -> None:
    assert outcome(data) == REFUSED


def test_what_a_broken_stream_did_before_it_broke_counts() -> None:
    assert outcome(ACT[:-1] + b"\xff") == REFUSED


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x80\x04N", "damaged"),
        (b"cnowhere_at_all\nname\n.", "not installed"),
        (b"c__main__\nThing\n.", "program"),
        (b"cos\nno_such_name_in_os\n.", "do not show it"),
        (b"ccollections\nOrderedDict\n)RS'x'\n\x93.", "STACK_GLOBAL requires str"),
    ],
)
def test_not_judged(data: bytes, why: str) -> None:
    verdict = of(data)
    assert verdict.outcome == UNKNOWN
    assert why in reasons(verdict)


def test_what_only_the_load_can_tell_is_listed() -> None:
    verdict = of(pickle.dumps(numpy.arange(3)))
    assert verdict.outcome == PERMITTED
    assert "numpy_dtype" in reasons(verdict)
    assert verdict.distributions["numpy"] == numpy.__version__


def test_state_is_judged(library: Library) -> None:
    library.module("class Plain:\n    def run(self): pass\n")
    make = b"cacme\nPlain\n)\x81"
    assert outcome(make + b"}S'a'\nK\x01sb.") == PERMITTED
    assert outcome(make + b"}S'__class__'\nK\x01sb.") == REFUSED
    assert outcome(make + b"}b}b.") == REFUSED, "an object is given its state once"
    assert outcome(b"cacme\nPlain\n}b.") == REFUSED, "a class is given none"
    assert "acme" not in sys.modules


def test_a_method_is_judged_as_the_name_it_is(library: Library) -> None:
    library.module("import os\nclass Plain:\n    def run(self, x): os.system(x)\n")
    call = b"cbuiltins\ngetattr\n(cacme\nPlain\n)\x81S'run'\ntR(S'x'\ntR."
    assert outcome(call) == REFUSED


# -- files ----------------------------------------------------------------------------------------


def dumped(value: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    joblib.dump(value, file, **options)
    return file.getvalue()


def saved(value: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


ARRAYS = {
    "numbers": numpy.arange(1000.0).reshape(10, 100),
    "texts": numpy.array(["ä", "bc"]),
    "objects": numpy.array([1, "a", None], dtype=object),
    "records": numpy.zeros(3, dtype=[("a", "i4"), ("b", "f8")]),
    "after": [1, 2, 3],
}


@pytest.mark.parametrize(
    "compress", [0, ("gzip", 1), ("zlib", 1), ("bz2", 1), ("xz", 1), ("lzma", 1)]
)
def test_joblib(compress: Any) -> None:
    verdict = of(dumped(ARRAYS, compress=compress))
    assert (verdict.outcome, verdict.pickles) == (PERMITTED, 1), verdict.unknown
    assert outcome(dumped([*ARRAYS.values(), Act()], compress=compress)) == REFUSED


def test_objects_in_joblib_arrays_are_judged() -> None:
    assert outcome(dumped({"a": numpy.array([Act()], dtype=object)})) == REFUSED


@pytest.mark.parametrize("protocol", [2, 4])
def test_opcodes_where_joblib_has_an_array(protocol: int) -> None:
    """Bytes that joblib takes for an array are opcodes to ``pickle.load``."""
    data = dumped(numpy.frombuffer(ACT.ljust(800, b"."), "u1"), protocol=protocol)
    assert outcome(data) == PERMITTED, "the padding before the array is no opcode"
    array = data.index(ACT)
    build = data.rindex(b"b", 0, array)
    assert outcome(data[: build + 1] + data[array:]) == REFUSED


@pytest.mark.parametrize("zipped", [True, False])
def test_torch(zipped: bool) -> None:
    options = {"_use_new_zipfile_serialization": zipped}
    model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.ReLU())
    assert outcome(saved(model, **options)) == PERMITTED
    assert outcome(saved(model.state_dict(), **options)) == PERMITTED
    assert outcome(saved([model, Act()], **options)) == REFUSED


@pytest.mark.parametrize(
    ("many", "last"),
    [
        (b"ccollections\nOrderedDict\n)R", b"ccollections\nOrderedDict\n(cos\ngetpid\ntR"),
        (
            b"ctorch._utils\n_rebuild_parameter\n(K\x01I00\nK\x02tR",
            b"ctorch._utils\n_rebuild_parameter\n(cos\ngetpid\nI00\nK\x02tR",
        ),
        (
            b"cdatetime\ntimedelta\n(K\x01tR",
            b"cdatetime\ntimedelta\n((lcos\ngetpid\natR",
        ),
    ],
)
def test_a_call_that_differs_from_many_is_judged_as_if_alone(many: bytes, last: bytes) -> None:
    alone, among = of(last + b"."), of(b"(" + many * 20 + last + many + b"t.")
    assert outcome(b"(" + many * 20 + b"t.") == PERMITTED
    assert {found.remark for found in alone.refusals} == {found.remark for found in among.refusals}
    assert alone.refusals
    key = next(key for key in among.uses if key[0] != "os")
    assert among.uses[key].operations["call"] == 22


ASSIGNING = """
class Assigning:
    def __setstate__(self, state):
        for key, value in state.items():
            setattr(self, key, value)
"""


@pytest.mark.parametrize(
    "last",
    [
        b"S'a'\nI1\nsS'b'\n((S'__class__'\nI1\ntI2\nts",
        b"S'a'\nI1\nsS'b'\n}S'__class__'\nI1\nss",
        b"S'a'\nI1\nsS'__class__'\nI1\ns",
    ],
)
def test_a_state_that_differs_from_many_is_judged_as_if_alone(
    library: Library, last: bytes
) -> None:
    library.install("assigning", {"assigning.py": ASSIGNING})
    one = b"cassigning\nAssigning\n)\x81}%bb"
    many = one % b"S'a'\nI1\nsS'b'\n(I1\nI2\nts" * 20
    alone, among = of(one % last + b"."), of(b"(" + many + one % last + many + b"t.")
    assert outcome(b"(" + many + b"t.") == PERMITTED
    assert {found.remark for found in alone.refusals} == {found.remark for found in among.refusals}
    assert alone.refusals


HANDED = """
class Asking:
    def __setstate__(self, state):
        state["log"].start(state["path"])

class Quiet:
    @staticmethod
    def start(path):
        return len(path)

class Acting(Quiet):
    @staticmethod
    def start(path):
        open(path, "w").close()

class Heir(Acting):
    pass
"""


@pytest.mark.parametrize("made", ["", ")\x81"])
@pytest.mark.parametrize(
    ("handed", "expected"), [("Quiet", PERMITTED), ("Acting", REFUSED), ("Heir", REFUSED)]
)
def test_static_methods_of_what_a_setter_gets(
    library: Library, handed: str, expected: str, made: str
) -> None:
    """Of objects of a class, and of the class itself in the place of one."""
    library.install("handed", {"handed.py": HANDED})
    stream = "chanded\nAsking\n)\x81}(S'log'\nchanded\n%s\n%sS'path'\nS'x'\nub."
    assert outcome((stream % (handed, made)).encode("latin1")) == expected


def test_nothing_is_asked_of_classes_that_only_calls_give(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store cannot know them: each process would analyse the library again."""
    asked = []
    judged = policies.verdict

    def verdict(module: str, name: str, operation: str = "refer") -> Verdict:
        asked.append(name)
        return judged(module, name, operation)

    monkeypatch.setattr(policies, "verdict", verdict)
    data = saved(torch.nn.Linear(3, 3))
    assert outcome(data) == PERMITTED
    assert outcome(pickle.dumps(pandas.DataFrame({"x": [1, 2]}))) == PERMITTED
    assert "Linear" in asked
    assert not [name for name in asked if name.endswith("()") or name.startswith("StandIn")]


@pytest.mark.parametrize("live", [True, False])
def test_rules_about_texts_are_applied(live: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from scipy import stats
    from sklearn.feature_extraction.text import CountVectorizer

    honest = {type(value): pickle.dumps(value) for value in (stats.norm, CountVectorizer())}
    text = stats.norm._parse_arg_template
    changed = text.replace("return", "import os; return", 1)
    assert changed != text

    class Renamed(pickle._Pickler):
        def save_str(self, value: str) -> None:
            super().save_str(changed if value == text else value)  # type: ignore[misc]

        dispatch = {**pickle._Pickler.dispatch, str: save_str}

    file = io.BytesIO()
    Renamed(file, 2).dump(stats.norm)
    reader = pickle.dumps(CountVectorizer(input="filename"))
    if not live:
        monkeypatch.delitem(sys.modules, "scipy.stats._distn_infrastructure")
    for data in honest.values():
        verdict = of(data)
        assert verdict.outcome == PERMITTED
        assert "scipy_distribution" not in reasons(verdict)
        assert "sklearn_vectorizer" not in reasons(verdict)
    assert "did not make" in reasons(of(file.getvalue()))
    assert "input='filename'" in reasons(of(reader))
    assert outcome(reader) == outcome(file.getvalue()) == REFUSED


def test_joblibs_old_wrappers_name_files_beside_the_pickle() -> None:
    stream = "cjoblib.numpy_pickle_compat\nNDArrayWrapper\n)\x81(S'filename'\nS'%s'\ndb."
    assert outcome((stream % "a.pkl_01.npy").encode("latin1")) == PERMITTED
    assert outcome((stream % "/etc/a.npy").encode("latin1")) == REFUSED


def test_pickle_in_the_bytes_given_to_a_loader() -> None:
    inner = saved([Act()], _use_new_zipfile_serialization=False)
    size = struct.pack("<I", len(inner))
    data = b"ctorch.storage\n_load_from_bytes\n(B" + size + inner + b"tR."
    verdict = of(data)
    assert verdict.outcome == REFUSED
    assert any(found.where == ("bytes given to a loader",) for found in verdict.refusals)


def test_second_pickle_in_a_file() -> None:
    assert of(pickle.dumps(1) + pickle.dumps(2)).pickles == 2
    assert outcome(pickle.dumps(1) + ACT) == REFUSED
    assert outcome(pickle.dumps(1) + b"\xffsome other data") == PERMITTED


def test_archive_behind_a_pickle() -> None:
    import zipfile

    file = io.BytesIO(b"")
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.pkl", ACT)
    assert outcome(pickle.dumps(1) + file.getvalue()) == REFUSED


@pytest.mark.parametrize("data", [b"", b"\x1fgarbage", b"PK\x03\x04junk", b"# text\n"])
def test_no_pickle(data: bytes) -> None:
    assert outcome(data) in (UNKNOWN, NO_PICKLE)


def test_numpy_without_objects_is_no_pickle() -> None:
    file = io.BytesIO()
    numpy.savez(file, a=numpy.arange(3))
    assert outcome(file.getvalue()) == NO_PICKLE


# -- the function ---------------------------------------------------------------------------------


def test_paths_and_streams(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(b"xx" + ACT)
    with open(path, "rb") as file:
        file.seek(2)
        assert pickleball_hook.check(file).outcome == REFUSED
    path.write_bytes(gzip.compress(ACT))
    assert pickleball_hook.check(path).outcome == REFUSED
    assert pickleball_hook.check(str(path)).path == str(path)


@pytest.mark.parametrize("name", ["absent", ".", "nul\0byte"])
def test_what_cannot_be_opened(tmp_path: Path, name: str) -> None:
    assert pickleball_hook.check(f"{tmp_path}/{name}").outcome == UNKNOWN


def test_a_stream_that_cannot_seek() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self.inner = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def readinto(self, target: Any) -> int:
            return self.inner.readinto(target)

    assert pickleball_hook.check(Pipe(ACT)).outcome == REFUSED
    assert pickleball_hook.check(Pipe(gzip.compress(ACT))).outcome == REFUSED
    assert pickleball_hook.check(Pipe(dumped(ARRAYS, protocol=4))).outcome == PERMITTED


def test_messages_restore_a_verdict() -> None:
    verdict = inspection.check(io.BytesIO(pickle.dumps([numpy.arange(3), Act()])))._replace(
        path="\udcff"
    )
    message = json.loads(json.dumps(inspection.to_message(verdict)))
    again = inspection.from_message(message)
    assert again._replace(uses={}) == verdict._replace(uses={})
    assert again.to_json() == verdict.to_json()


def test_nothing_is_imported() -> None:
    before = set(sys.modules)
    inspection.check(io.BytesIO(b"cxml.dom.expatbuilder\nparse\n)R."))
    assert "xml.dom.expatbuilder" not in set(sys.modules) - before


MADE_WITH_KEYWORDS = """
import os

class Made:
    def __new__(cls, *, a=1):
        made = super().__new__(cls)
        made.a = a
        return made

    def __getnewargs_ex__(self):
        return (), {"a": self.a}

class Acting(Made):
    def __new__(cls, *, a=1):
        os.mkdir(a)
        return object.__new__(cls)
"""


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize(("name", "expected"), [("Made", PERMITTED), ("Acting", REFUSED)])
def test_what_new_is_given_by_name(
    library: Library, monkeypatch: pytest.MonkeyPatch, protocol: int, name: str, expected: str
) -> None:
    library.install("keywords", {"keywords.py": MADE_WITH_KEYWORDS})
    monkeypatch.delitem(sys.modules, "keywords", raising=False)
    import keywords  # type: ignore[import-not-found]

    cls = getattr(keywords, name)
    value = [object.__new__(cls) for _ in range(40)]
    for made in value:
        made.a = "x"
    data = pickle.dumps(value, protocol)
    monkeypatch.delitem(sys.modules, "keywords")
    verdict = of(data)
    assert verdict.outcome == expected, reasons(verdict)


def test_dtypes_of_objects_are_judged_without_numpy() -> None:
    class Call:
        def __init__(self, function: object, args: tuple[object, ...], *state: object) -> None:
            self.reduced = (function, args, *state)

        def __reduce__(self) -> object:
            return self.reduced

    def dtype(code: str, *state: object) -> Call:
        return Call(numpy.dtype, (code, False, True), *state)

    scalar = numpy.float64(0).__reduce__()[0]
    forged = Call(scalar, (dtype("O8"), b"AAAAAAAA"))
    assert "no scalar has the dtype of objects" in reasons(of(pickle.dumps(forged)))
    fields = {"a": (dtype("O8"), 0)}
    for flags, refused in ((0, True), (0x3F, False)):
        state = (3, "|", None, ("a",), fields, 8, 1, flags)
        verdict = of(pickle.dumps(dtype("V8", state)))
        assert ("contradicts itself" in reasons(verdict)) is refused


def test_methods_that_write_are_refused_by_their_names() -> None:
    assert outcome(b"cnumpy\nndarray.tofile\n(I1\ntR.") == REFUSED


def test_types_from_a_table_are_judged_by_their_own_names() -> None:
    pytest.importorskip("dill")
    assert outcome(b"cdill._dill\n_load_type\n(VCodeType\ntR.") == REFUSED
    assert outcome(b"cdill._dill\n_load_type\n(VSimpleNamespace\ntR.") == PERMITTED


@pytest.mark.parametrize("module", ["email.__main__", "nowhere_at_all.__main__", "numpy.no.tests"])
def test_modules_that_no_file_has_imported(module: str) -> None:
    """A load refuses them by their names, whether they are there or not."""
    verdict = of(f"c{module}\nname\n.".encode())
    assert verdict.outcome == REFUSED
    assert "never imported for a file" in reasons(verdict)


def test_modules_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wrote the file may have put them there; in a folder of their own they are fine."""
    for folder in ("code", "data"):
        (tmp_path / folder).mkdir()
    (tmp_path / "code" / "pb_beside.py").write_text("class Thing: pass\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "code"))
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    policies.forget()
    outcomes = {}
    for folder in ("code", "data"):
        path = tmp_path / folder / "a.pkl"
        path.write_bytes(b"cpb_beside\nThing\n.")
        outcomes[folder] = inspection.check(path).outcome
    assert outcomes == {"code": REFUSED, "data": PERMITTED}
