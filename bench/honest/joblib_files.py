"""joblib.load of every kind of file that joblib.dump writes; Memory, in a second process too."""

from __future__ import annotations

import io
from pathlib import Path

import joblib
import numpy
import pandas
from telling import attempt, files, tell

calls: list[int] = []
memory = joblib.Memory("cache", verbose=0)


class Own:
    def __init__(self, array: numpy.ndarray) -> None:
        self.array, self.more = array, {"again": array}

    def __repr__(self) -> str:
        return f"Own({self.array.tolist()}, {self.more['again'] is self.array})"


@memory.cache
def slow(n: int) -> object:
    calls.append(n)
    return {
        "array": numpy.arange(n),
        "own": Own(numpy.ones(n)),
        "frame": pandas.DataFrame({"x": [n]}),
    }


def told(value: object) -> str:
    kind = type(value).__name__
    return f"{kind} {value!r} {getattr(value, 'dtype', '')} {getattr(value, 'flags', '')}"


def main() -> None:
    array = numpy.arange(12.0).reshape(3, 4)
    values: dict[str, object] = {
        "array": array,
        "fortran": numpy.asfortranarray(array),
        "objects": numpy.array([1, "two", None, {3: array}], dtype=object),
        "structured": numpy.zeros(2, dtype=[("a", "i4"), ("b", "f8")]),
        "dates": numpy.array(["2020-01-01"], dtype="M8[D]"),
        "matrix": numpy.matrix([[1, 2]]),
        "masked": numpy.ma.masked_array([1, 2], [True, False]),
        "empty": numpy.array([]),
        "own": Own(array),
        "frame": pandas.DataFrame({"x": [1, 2], "y": ["a", None]}),
        "shared": [array, array],
        "plain": {"a": [1, 2, {3}]},
        "mixed": (Own(array), numpy.array([Own(array)], dtype=object)),
    }
    compressions = [0, 3, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)]
    for name, value in values.items():
        for compress in compressions:
            for protocol in (2, 5):
                path = Path(f"{name}-{protocol}.joblib")
                joblib.dump(value, path, compress=compress, protocol=protocol)
                key = f"{name}, {compress}, protocol {protocol}"
                attempt(key, lambda: told(joblib.load(path)))
                with path.open("rb") as stream:
                    attempt(f"{key}, file", lambda: told(joblib.load(stream)))
                if compress == 0:
                    for mode in ("r", "c"):
                        attempt(f"{key}, mapped {mode}", lambda: told(joblib.load(path, mode)))
        stream = io.BytesIO()
        joblib.dump(value, stream)
        joblib.dump("next", stream)
        stream.seek(0)
        attempt(f"{name}, two in one", lambda: [told(joblib.load(stream)), joblib.load(stream)])
    attempt("damaged", lambda: joblib.load(io.BytesIO(b"\x80\x04]")))
    attempt("calls", lambda: [told(slow(3)["array"]), told(slow(3)["own"]), slow(3)["frame"].shape])
    tell("computed", calls)
    attempt("hash", lambda: joblib.hash([array, Own]))
    tell("files", [name for name in files("cache") if "__pycache__" not in name])


if __name__ == "__main__":
    main()
