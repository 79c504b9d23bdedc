"""Truncated, empty, foreign and garbled input: the very error of plain CPython, nothing kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Runner

# Loads every input of `inputs` in three ways and prints what became of each.
REPORT = """
import io, json, pickle

def outcome(load, data):
    try:
        return ["loaded", type(load(data)).__name__]
    except Exception as error:
        return [type(error).__module__, type(error).__name__, str(error)]

WAYS = {
    "loads": pickle.loads,
    "load": lambda data: pickle.load(io.BytesIO(data)),
    "Unpickler": lambda data: pickle.Unpickler(io.BytesIO(data)).load(),
}

def report(inputs):
    print(json.dumps([[way, title, outcome(load, data)]
                      for title, data in inputs for way, load in WAYS.items()]))

def truncations(title, data):
    return [(f"{title}, {n} of {len(data)} bytes", data[:n]) for n in range(len(data) + 1)]
"""

VALUES = {
    "containers": """
from collections import OrderedDict, defaultdict, deque
value = {"a": [1, 2.5, -3, 10**30, None], "b": ({"x", "y"}, frozenset([1])), b"c": "text \\u20ac",
         "d": OrderedDict(k=bytearray(b"v")), "e": deque([1]), "f": (), 1j: [[]]}
value["self"] = value
protocols = range(6)
""",
    "standard library": """
import datetime, decimal, fractions, pathlib, uuid
value = [datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc), decimal.Decimal("1.5"),
         fractions.Fraction(1, 3), pathlib.PurePosixPath("a/b"), uuid.UUID(int=5)]
protocols = (0, 2, 4)
""",
    "array": """
import numpy as np
value = [np.arange(6.0).reshape(2, 3), np.float32(1.5), np.array(["a", "b"]), np.dtype("i4,f8")]
protocols = (0, 2, 4, 5)
""",
    "estimator": """
import numpy as np
from sklearn.linear_model import LogisticRegression
value = LogisticRegression().fit(np.arange(8.0).reshape(4, 2), [0, 0, 1, 1])
protocols = (0, 2, 5)
""",
}

GARBAGE = """
import random

def garbage():
    generator = random.Random(0)
    yield "empty", b""
    yield "text", b"This is no pickle, but a line of text.\\n"
    yield "csv", b"a,b,c\\n1,2,3\\n"
    yield "json", b'{"a": [1, 2, 3]}'
    yield "html", b"<!DOCTYPE html><html><body>404</body></html>"
    yield "lfs pointer", b"version https://git-lfs.github.com/spec/v1\\noid sha256:00\\nsize 1\\n"
    yield "zip", b"PK\\x03\\x04" + bytes(60)
    yield "png", b"\\x89PNG\\r\\n\\x1a\\n" + bytes(60)
    yield "zeros", bytes(100)
    yield "stop alone", b"."
    yield "only a mark", b"(."
    for protocol in (6, 7, 99, 255):
        yield f"protocol {protocol}", bytes([0x80, protocol]) + b"N."
    yield "frame too long", b"\\x80\\x04\\x95" + (2**40).to_bytes(8, "little") + b"N."
    yield "frame of any length", b"\\x80\\x04\\x95" + b"\\xff" * 8 + b"N."
    yield "string of any length", b"\\x80\\x02B" + (2**30).to_bytes(4, "little") + b"abc"
    yield "no such module", b"cno_such_module_at_all\\nname\\n."
    yield "no such name", b"ccollections\\nno_such_name\\n."
    yield "memo that was not put", b"h\\x05."
    yield "persistent id without a loader of it", b"Pid\\n."
    yield "unknown extension code", b"\\x82\\xf0."
    yield "binary persistent id", b"\\x80\\x02K\\x01Q."
    for n in range(300):
        yield f"random {n}", generator.randbytes(generator.randrange(1, 60))
    for n in range(300):
        yield f"random after protocol {n}", b"\\x80\\x04" + generator.randbytes(40)
"""

FILES = """
import json, os, pathlib, sys

def outcome(load, path):
    try:
        return ["loaded", type(load(path)).__name__]
    except Exception as error:
        return [type(error).__module__, type(error).__name__, str(error)]

def files(goods, garbage):
    pathlib.Path("bad").mkdir(exist_ok=True)
    for good in goods:
        for n in (0, 1, 2, 10, len(good) // 3, len(good) // 2, len(good) - 1, len(good)):
            yield f"{n} bytes of {len(good)}", good[:n]
    for title, data in garbage:
        if not title.startswith("random"):
            yield title, data

def report(goods, garbage, loaders):
    found = []
    for title, data in files(goods, garbage):
        path = pathlib.Path("bad") / "file.bin"
        path.write_bytes(data)
        for name, load in loaders.items():
            found.append([name, title, outcome(load, str(path))])
    print(json.dumps(found))
"""


def answers(run: Runner, script: str) -> tuple[list[Any], list[Any]]:
    """What the script printed with the hook and without."""
    guarded, plain = run(script), run(script, mode="off")
    assert plain.returncode == 0, plain.stderr
    assert guarded.returncode == 0, guarded.stderr
    return json.loads(guarded.stdout), json.loads(plain.stdout)


def assert_equal(guarded: list[Any], plain: list[Any]) -> None:
    """Compare answer by answer, so that a failure shows the few that differ."""
    differing = [(g, p[2]) for g, p in zip(guarded, plain, strict=True) if g != p]
    assert not differing, f"{len(differing)} of {len(plain)} differ; first: {differing[:5]}"
    assert len({tuple(p[2][:2]) for p in plain}) > 1, "every input had the same outcome"


@pytest.mark.parametrize("kind", VALUES)
def test_a_pickle_truncated_anywhere_fails_as_in_plain_python(run: Runner, kind: str) -> None:
    script = f"""{REPORT}{VALUES[kind]}
report([case for protocol in protocols
        for case in truncations(f"protocol {{protocol}}", pickle.dumps(value, protocol))])
"""
    assert_equal(*answers(run, script))


def test_garbage_fails_as_in_plain_python(run: Runner) -> None:
    assert_equal(*answers(run, f"{REPORT}{GARBAGE}report(list(garbage()))"))


def test_a_wrong_type_of_input_fails_as_in_plain_python(run: Runner) -> None:
    script = """
import io, json, pickle
found = []
for call in ("pickle.loads('text')", "pickle.loads(None)", "pickle.loads()", "pickle.loads(3)",
             "pickle.load(b'N.')", "pickle.load(io.StringIO('N.'))", "pickle.load()",
             "pickle.loads(b'N.', encoding=5)", "pickle.loads(b'N.', strange=1)",
             "pickle.loads(b'N.', 'ASCII')", "pickle.Unpickler(5)",
             "pickle.Unpickler(io.BytesIO()).load()", "pickle.loads(b'N.', buffers=5)",
             "pickle.loads(b'X', fix_imports=False)", "pickle.loads(b'N.')"):
    try:
        found.append(["", call, ["loaded", repr(eval(call))]])
    except Exception as error:
        found.append(["", call, [type(error).__name__, str(error)]])
print(json.dumps(found))
"""
    assert_equal(*answers(run, script))


def test_joblib_fails_on_bad_files_as_in_plain_python(run: Runner) -> None:
    script = f"""{FILES}{GARBAGE}
import io, joblib, numpy as np
stream = io.BytesIO()
joblib.dump({{"a": np.arange(10.0), "b": ["x"]}}, stream)
report([stream.getvalue()], garbage(), {{"joblib.load": joblib.load}})
"""
    assert_equal(*answers(run, script))


def test_pandas_and_numpy_fail_on_bad_files_as_in_plain_python(run: Runner) -> None:
    script = f"""{FILES}{GARBAGE}
import pickle, numpy as np, pandas as pd
good = pickle.dumps(pd.DataFrame({{"a": [1, 2], "b": ["x", "y"]}}))
report([good], garbage(), {{"pandas.read_pickle": pd.read_pickle,
                         "numpy.load": lambda path: np.load(path, allow_pickle=True)}})
"""
    assert_equal(*answers(run, script))


def test_torch_fails_on_bad_files_as_in_plain_python(run: Runner) -> None:
    pytest.importorskip("torch")
    script = f"""{FILES}{GARBAGE}
import io, torch
streams = io.BytesIO(), io.BytesIO()
for stream, new in zip(streams, (True, False)):
    torch.save({{"a": torch.ones(3)}}, stream, _use_new_zipfile_serialization=new)
report([stream.getvalue() for stream in streams], garbage(), {{
    "weights_only=False": lambda path: torch.load(path, weights_only=False),
    "weights_only=True": lambda path: torch.load(path, weights_only=True),
}})
"""
    assert_equal(*answers(run, script))


def test_nothing_is_cached_from_garbage(run: Runner) -> None:
    completed = run(f"{REPORT}{GARBAGE}report(list(garbage()))")
    assert completed.returncode == 0, completed.stderr
    kept = [path for path in run.cache.rglob("*") if path.is_file()]
    for path in kept:
        assert "no_such" not in path.name
        assert "no_such" not in path.read_text("utf-8"), path
    # What the garbage names exists nowhere, or in the standard library: no distribution is seen.
    assert not [path for path in kept if path.suffix == ".json"], kept


def test_nothing_is_cached_from_a_truncated_file_but_what_it_names(run: Runner) -> None:
    completed = run(
        f"""{REPORT}{VALUES["containers"]}
report([case for protocol in protocols
        for case in truncations(f"protocol {{protocol}}", pickle.dumps(value, protocol))])
"""
    )
    assert completed.returncode == 0, completed.stderr
    assert not list(run.cache.rglob("*.json"))
