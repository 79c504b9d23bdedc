"""Unchanged scripts in an environment where the package is installed: what loads, what does not.

Every script runs twice: with the hook, and with ``PICKLEBALL_MODE=off`` as plain Python.
"""

from __future__ import annotations

import json
import stat
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Completed, Runner

# Saves an object, and the same object in a list with a shell command next to it.
SAVE = """
import os, pathlib, pickle, sys

class Payload:
    def __reduce__(self):
        return os.system, ("touch canary",)

def both(value, name, dump=None):
    dump = dump or (lambda v, path: pathlib.Path(path).write_bytes(pickle.dumps(v)))
    dump(value, name)
    dump([value, Payload()], "poisoned_" + name)
"""

PIPELINE = """
import numpy as np, pandas as pd, joblib
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

def orders():
    price = np.arange(1.0, 41.0)
    return pd.DataFrame({"price": price, "text": ["good fast"] * 20 + ["bad slow"] * 20})
"""

SAVE_PIPELINE = (
    SAVE
    + PIPELINE
    + """
numbers = make_pipeline(FunctionTransformer(np.log1p), StandardScaler())
columns = ColumnTransformer([("n", numbers, ["price"]), ("t", TfidfVectorizer(), "text")])
forest = RandomForestClassifier(5, random_state=0)
model = make_pipeline(columns, forest).fit(orders(), [0] * 20 + [1] * 20)
both(model, "model.pkl")
both(model, "model.joblib", joblib.dump)
both(model, "model.joblib.gz", joblib.dump)
"""
)

LOAD_PIPELINE = (
    PIPELINE
    + """
import json, pickle, sys
loader = {
    "pickle.load": lambda path: pickle.load(open(path, "rb")),
    "pickle.Unpickler": lambda path: pickle.Unpickler(open(path, "rb")).load(),
    "joblib.load": joblib.load,
    "pandas.read_pickle": pd.read_pickle,
}[sys.argv[2]]
print(json.dumps(loader(sys.argv[1]).predict_proba(orders()).tolist()))
"""
)

PIPELINE_LOADS = [
    ("model.pkl", "pickle.load"),
    ("model.pkl", "pickle.Unpickler"),
    ("model.pkl", "joblib.load"),
    ("model.pkl", "pandas.read_pickle"),
    ("model.joblib", "joblib.load"),
    ("model.joblib.gz", "joblib.load"),
]

FRAME = """
import pandas as pd
frame = pd.DataFrame({
    "day": pd.date_range("2024-01-01", periods=4),
    "zoned": pd.date_range("2024-01-01", periods=4, tz="UTC"),
    "kind": pd.Categorical(["a", "b", "a", None]),
    "word": pd.array(["x", "y", None, "z"], dtype="string"),
    "plain": ["p", "q", "r", "s"],
    "count": pd.array([1, 2, None, 4], dtype="Int64"),
}, index=pd.MultiIndex.from_tuples([(0, "a"), (0, "b"), (1, "a"), (1, "b")], names=["n", "l"]))
"""

# One way to read a pickle, as an expression of `path` and its bytes `data`.
WAYS = {
    "pickle.load": "pickle.load(open(path, 'rb'))",
    "pickle.loads": "pickle.loads(data)",
    "pickle.loads of a view": "pickle.loads(memoryview(data))",
    "pickle.loads of a bytearray": "pickle.loads(bytearray(data))",
    "pickle.Unpickler": "pickle.Unpickler(io.BytesIO(data)).load()",
    "a subclass": "type('Mine', (pickle.Unpickler,), {})(io.BytesIO(data)).load()",
    "a subclass with find_class": "Own(io.BytesIO(data)).load()",
    "pickle._load": "pickle._load(io.BytesIO(data))",
    "pickle._loads": "pickle._loads(data)",
    "pickle._Unpickler": "pickle._Unpickler(io.BytesIO(data)).load()",
    "_pickle.load": "_pickle.load(io.BytesIO(data))",
    "_pickle.loads": "_pickle.loads(data)",
    "_pickle.Unpickler": "_pickle.Unpickler(io.BytesIO(data)).load()",
    "from pickle import loads": "loads(data)",
    "shelve": "shelve_of(data)",
}

# Loads by each way in turn; a canary is looked for and removed after each.
ALL_WAYS = f"""
import _pickle, dbm.dumb, io, json, os, pickle, shelve, sys
from pickle import loads

class Own(pickle.Unpickler):
    def find_class(self, module, name):
        return super().find_class(module, name)

def shelve_of(data):
    shelf = shelve.Shelf({{b"key": data}})
    return shelf["key"]

path = sys.argv[1]
data = open(path, "rb").read()
found = {{}}
for name, way in {WAYS!r}.items():
    try:
        found[name] = repr(eval(way))
    except pickle.UnpicklingError as error:
        found[name] = f"{{type(error).__name__}}: {{error}}"
    if os.path.exists("canary"):
        os.remove("canary")
        found[name] = "ACTED"
print(json.dumps(found))
"""


def answer(completed: Completed) -> Any:
    """What a script that must succeed printed, as a value."""
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout)


def saved(run: Runner, script: str) -> None:
    completed = run(script, name="save.py")
    assert completed.returncode == 0, completed.stderr


@pytest.mark.parametrize("protocol", range(6))
def test_every_way_to_load_gives_what_plain_python_gives(run: Runner, protocol: int) -> None:
    value = "{'a': [1, 2.5, (None, True)], 'b': {'x'}, 'c': OrderedDict(k=b'v'), 'd': [date]}"
    saved(
        run,
        f"""
import pickle
from collections import OrderedDict
from datetime import datetime
date = datetime(2024, 2, 29)
open("value.pkl", "wb").write(pickle.dumps({value}, {protocol}))
""",
    )
    guarded = answer(run(ALL_WAYS, "value.pkl"))
    assert guarded == answer(run(ALL_WAYS, "value.pkl", mode="off"))
    assert len(set(guarded.values())) == 1, guarded


@pytest.mark.parametrize("protocol", range(6))
def test_every_way_to_load_refuses_a_payload(run: Runner, protocol: int) -> None:
    saved(run, SAVE + f"open('p.pkl', 'wb').write(pickle.dumps([Payload()], {protocol}))")
    acting = answer(run(ALL_WAYS, "p.pkl", mode="off"))
    assert set(acting.values()) == {"ACTED"}
    for way, told in answer(run(ALL_WAYS, "p.pkl")).items():
        assert told.startswith("PolicyViolation: "), f"{way}: {told}"
        assert "posix.system" in told, f"{way}: {told}"


def test_a_pipeline_loads_by_every_loader_and_predicts_the_same(run: Runner) -> None:
    saved(run, SAVE_PIPELINE)
    for file, loader in PIPELINE_LOADS:
        guarded = run(LOAD_PIPELINE, file, loader)
        assert answer(guarded) == answer(run(LOAD_PIPELINE, file, loader, mode="off")), loader
        assert guarded.stderr == "", loader


def test_a_pipeline_with_a_payload_is_refused_by_every_loader(run: Runner) -> None:
    saved(run, SAVE_PIPELINE)
    canary = run.folder / "canary"
    for file, loader in PIPELINE_LOADS:
        run(LOAD_PIPELINE, f"poisoned_{file}", loader, mode="off")
        assert canary.exists(), f"{loader}: the payload does nothing"
        canary.unlink()
        refused = run(LOAD_PIPELINE, f"poisoned_{file}", loader)
        assert refused.returncode != 0
        assert not canary.exists(), loader
        assert "PolicyViolation" in refused.stderr, refused.stderr
        assert "posix.system" in refused.stderr, refused.stderr


def test_a_data_frame_loads_equal(run: Runner) -> None:
    saved(run, SAVE + FRAME + "both(frame, 'frame.pkl')")
    load = (
        FRAME
        + """
import pickle, sys
for loaded in (pickle.load(open("frame.pkl", "rb")), pd.read_pickle("frame.pkl")):
    pd.testing.assert_frame_equal(loaded, frame)
print("[]")
"""
    )
    assert answer(run(load)) == []


def test_a_data_frame_with_a_payload_is_refused_by_pandas_too(run: Runner) -> None:
    saved(run, SAVE + FRAME + "both(frame, 'frame.pkl')")
    for loader in ("pd.read_pickle(path)", "pickle.load(open(path, 'rb'))"):
        refused = run(f"import pickle, pandas as pd\npath = 'poisoned_frame.pkl'\n{loader}")
        assert "PolicyViolation" in refused.stderr, refused.stderr
        assert not (run.folder / "canary").exists()


def test_numpy_object_arrays_load_and_payloads_in_them_do_not(run: Runner) -> None:
    saved(
        run,
        SAVE
        + """
import numpy as np
np.save("good.npy", np.array([{"a": 1}, None, (2, 3)], dtype=object))
np.save("bad.npy", np.array([Payload(), None], dtype=object))
np.savez("good.npz", a=np.arange(3), b=np.array([{1, 2}], dtype=object))
np.savez("bad.npz", a=np.arange(3), b=np.array([Payload()], dtype=object))
""",
    )
    load = """
import json, sys, numpy as np
found = np.load(sys.argv[1], allow_pickle=True)
print(json.dumps(repr({k: found[k] for k in found} if hasattr(found, "files") else found)))
"""
    for kind in ("npy", "npz"):
        good, bad = f"good.{kind}", f"bad.{kind}"
        assert answer(run(load, good)) == answer(run(load, good, mode="off"))
        refused = run(load, bad)
        assert "PolicyViolation" in refused.stderr, refused.stderr
        assert not (run.folder / "canary").exists()


def test_joblib_loads_arrays_compressed_and_mapped(run: Runner) -> None:
    saved(
        run,
        """
import joblib, numpy as np
value = {"a": np.arange(1000.0).reshape(10, 100), "f": np.asfortranarray(np.eye(3)),
         "o": np.array([1, "x", None], dtype=object), "s": np.float64(2.5), "n": [np.int8(1)]}
joblib.dump(value, "plain.joblib")
for method in ("zlib", "gzip", "bz2", "lzma", "xz"):
    joblib.dump(value, f"{method}.joblib", compress=(method, 3))
""",
    )
    load = """
import json, joblib, numpy as np, pathlib
def described(value):
    return {k: [type(v).__name__, repr(np.asarray(v).tolist()), np.isfortran(np.asarray(v))]
            for k, v in value.items()}
found = {p.name: described(joblib.load(p)) for p in sorted(pathlib.Path().glob("*.joblib"))}
found["map"] = described(joblib.load("plain.joblib", mmap_mode="r"))
print(json.dumps(found))
"""
    guarded = answer(run(load))
    assert guarded == answer(run(load, mode="off"))
    assert guarded["map"]["a"][0] == "memmap"


def test_pickles_in_one_file_leave_it_at_the_same_position(run: Runner) -> None:
    script = """
import io, json, pickle
from datetime import date
values = [1, {"a": [date(2024, 1, 1)]}, "x" * 70000, [date(2025, 1, 1)] * 3]
found = []
for protocol in range(6):
    stream = io.BytesIO(b"".join(pickle.dumps(v, protocol) for v in values) + b"the rest")
    for _ in values:
        found.append([repr(pickle.load(stream)), stream.tell()])
    found.append(stream.read().decode())
print(json.dumps(found))
"""
    assert answer(run(script)) == answer(run(script, mode="off"))


def test_a_refusal_is_an_unpickling_error_that_says_what_and_where(run: Runner) -> None:
    saved(run, SAVE + "both({}, 'model.pkl')")
    load = """
import json, pickle
try:
    pickle.load(open("poisoned_model.pkl", "rb"))
except pickle.UnpicklingError as error:
    print(json.dumps([type(error).__name__, str(error)]))
"""
    name, message = answer(run(load))
    assert name == "PolicyViolation"
    assert "posix.system" in message
    assert "poisoned_model.pkl" in message


def test_the_program_s_own_classes_load(run: Runner) -> None:
    (run.folder / "shop.py").write_text(
        textwrap.dedent("""
        from dataclasses import dataclass, field
        from enum import Enum
        from typing import NamedTuple

        class Colour(Enum):
            RED = 1

        class Point(NamedTuple):
            x: int
            y: int

        @dataclass
        class Order:
            id: int
            colour: Colour
            where: Point
            lines: list = field(default_factory=list)

        class Slotted:
            __slots__ = ("a",)
            def __init__(self, a): self.a = a
            def __repr__(self): return f"Slotted({self.a!r})"
        """)
    )
    save = """
import pickle
from shop import *
class Local(Order):
    pass
value = [Order(1, Colour.RED, Point(1, 2), [Slotted(3)]), Local(2, Colour.RED, Point(0, 0))]
"""
    load = save + 'print(__import__("json").dumps(repr(pickle.load(open("shop.pkl", "rb")))))'
    saved(run, save + 'pickle.dump(value, open("shop.pkl", "wb"))')
    # The classes of `__main__` have to be there when their pickle is loaded, as in plain Python.
    assert answer(run(load)) == answer(run(load, mode="off"))


def test_the_second_process_finds_the_policies_and_writes_none(run: Runner) -> None:
    saved(run, SAVE_PIPELINE)
    answer(run(LOAD_PIPELINE, "model.pkl", "pickle.load"))
    first = {p: p.stat().st_mtime_ns for p in run.cache.rglob("*") if p.is_file()}
    policies = [path for path in first if path.suffix == ".json"]
    assert any("scikit" in path.name for path in policies), policies
    for path in policies:
        json.loads(path.read_text("utf-8"))
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
        assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0, path.parent
    answer(run(LOAD_PIPELINE, "model.pkl", "pickle.load"))
    assert {p: p.stat().st_mtime_ns for p in run.cache.rglob("*") if p.is_file()} == first


def test_audit_lets_a_file_act_and_records_it(run: Runner) -> None:
    saved(run, SAVE + "both({'a': 1}, 'model.pkl')")
    load = 'import pickle; print(pickle.load(open("poisoned_model.pkl", "rb")))'
    audited, plain = run(load, mode="audit"), run(load, mode="off")
    assert (run.folder / "canary").exists()
    assert (audited.returncode, audited.stdout) == (plain.returncode, plain.stdout)
    assert len(audited.stderr.splitlines()) == 1, audited.stderr
    records = [
        json.loads(line)
        for path in run.state.rglob("*")
        if path.is_file()
        for line in path.read_text("utf-8").splitlines()
    ]
    assert any("system" in json.dumps(record) for record in records), records


def test_audit_changes_nothing_of_an_honest_load(run: Runner) -> None:
    saved(run, SAVE_PIPELINE)
    audited = run(LOAD_PIPELINE, "model.pkl", "pickle.load", mode="audit")
    assert answer(audited) == answer(run(LOAD_PIPELINE, "model.pkl", "pickle.load", mode="off"))
    assert audited.stderr == ""
