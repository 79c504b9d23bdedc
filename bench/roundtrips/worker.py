"""Save the cases of one family, or load what was saved, in a process of its own.

Started by ``bench/roundtrips.py``, and by the programs in ``program`` for their own cases. Writes
one JSON line a case to a file of results, so that the cases done are known when a case ends the
process. The load never imports the family: what it finds imported is what the files before it
needed, and the library of the loader.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import io
import json
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

Case = tuple[str, Callable[[], object]]
Answer = dict[str, Any]


def installed(makers: dict[str, Callable[[], list[Case]]]) -> list[Case]:
    """The cases of those libraries that are there; one that cannot be imported has one, unbuilt."""
    found: list[Case] = []
    for library, make in makers.items():
        if not _is_there(library):
            continue
        try:
            found += make()
        except Exception as error:
            found.append((library, lambda error=error: _fail(error)))  # type: ignore[misc]
    return found


def _is_there(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None
    except ModuleNotFoundError:  # the package above it
        return False


def _fail(error: Exception) -> object:
    raise error


PROTOCOLS = range(2, 6)
MESSAGE = 2000
DEPTH = 40


def save_pickles(value: object, path: str) -> None:
    for protocol in PROTOCOLS:
        content = pickle.dumps(value, protocol)
        with open(f"{path}.p{protocol}", "wb") as stream:
            stream.write(content)


def save_joblib(value: object, path: str) -> None:
    import joblib

    joblib.dump(value, f"{path}.joblib")


def save_torch(value: object, path: str) -> None:
    import torch

    torch.save(value, f"{path}.torch")


def save_cloudpickle(value: object, path: str) -> None:
    import cloudpickle

    with open(f"{path}.cloudpickle", "wb") as stream:
        cloudpickle.dump(value, stream)


def save_dill(value: object, path: str) -> None:
    import dill

    with open(f"{path}.dill", "wb") as stream:
        dill.dump(value, stream)


SAVERS: dict[str, Callable[[object, str], None]] = {
    "pickle": save_pickles,
    "joblib": save_joblib,
    "torch": save_torch,
    "cloudpickle": save_cloudpickle,
    "dill": save_dill,
}


def load_pickle(path: str) -> object:
    with open(path, "rb") as stream:
        return pickle.load(stream)


def load_joblib(path: str) -> object:
    import joblib

    return joblib.load(path)


def load_torch(path: str) -> object:
    import torch

    if torch.__version__ < "1.13":  # no release before 1.10 is asked for
        return torch.load(path)
    return torch.load(path, weights_only=False)


def load_dill(path: str) -> object:
    import dill

    with open(path, "rb") as stream:
        return dill.load(stream)


LOADERS: dict[str, Callable[[str], object]] = {
    **{f"p{protocol}": load_pickle for protocol in PROTOCOLS},
    "joblib": load_joblib,
    "torch": load_torch,
    "cloudpickle": load_pickle,
    "dill": load_dill,
}


def violation_in(error: BaseException) -> BaseException | None:
    """The guard's refusal among `error` and what it was raised from, by the name of its class."""
    seen: set[int] = set()
    pending: BaseException | None = error
    while pending is not None and id(pending) not in seen:
        seen.add(id(pending))
        if any(c.__name__ == "PolicyViolation" for c in type(pending).__mro__):
            return pending
        pending = pending.__cause__ or pending.__context__
    return None


class Canonical(pickle.Pickler):
    """Pickles equal objects, with equal sharing inside, to equal bytes in every process."""

    def __init__(self, stream: io.BytesIO, protocol: int) -> None:
        super().__init__(stream, protocol)
        self.texts: dict[str, str] = {}

    def persistent_id(self, value: Any) -> str | None:
        """Write equal texts as one.

        Which of them are the same object depends on what else was interned in the process: names
        of attributes are, when they are loaded, texts of one character may be.
        """
        return self.texts.setdefault(value, value) if type(value) is str else None

    def reducer_override(self, value: Any) -> Any:
        """Write what has nothing but its content: no addresses, no bytes between fields.

        torch writes the address of a storage. Records of C may have bytes between their fields that
        nobody sets (scikit-learn's trees).
        """
        if type(value).__module__ == "numpy" and type(value).__name__ == "ndarray":
            names = value.dtype.names
            if names and not value.dtype.hasobject:
                parts = [value[name].tobytes() for name in names]
                return tuple, ([str(value.dtype), value.shape, parts],)
        if type(value).__module__ != "torch.storage":
            return NotImplemented
        import torch

        content = torch.tensor([], dtype=torch.uint8).set_(value.untyped())
        return bytes, (content.numpy().tobytes(),)


def repickled(value: object) -> str:
    """A digest of `value` as pickled again: type, state, and what is shared inside it."""
    stream = io.BytesIO()
    try:
        Canonical(stream, 4).dump(value)
    except Exception as error:
        return type(error).__name__
    return hashlib.sha256(stream.getvalue()).hexdigest()[:16]


def outline(value: object, depth: int = 0) -> object:
    """Types and plain values of `value`, some levels deep, without addresses or sharing."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return [kind, repr(value)]
    if depth > DEPTH:
        return kind
    if isinstance(value, dict):
        return [kind, [[outline(k, depth + 1), outline(v, depth + 1)] for k, v in value.items()]]
    if isinstance(value, (list, tuple)):
        return [kind, [outline(item, depth + 1) for item in value]]
    if isinstance(value, (set, frozenset)):
        return [kind, sorted(json.dumps(outline(item, depth + 1)) for item in value)]
    if hasattr(value, "dtype") and callable(getattr(value, "tolist", None)):
        return [kind, repr(value)]
    state = getattr(value, "__dict__", None)
    return [kind, outline(dict(state), DEPTH - 2) if isinstance(state, dict) and depth < 2 else ""]


def outlined(value: object) -> str:
    """A digest of the outline, for objects that cannot be pickled equal twice."""
    try:
        text = json.dumps(outline(value))
    except Exception as error:
        return type(error).__name__
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def described(load: Callable[[str], object], path: str) -> Answer:
    """Load `path` twice; what is equal both times is comparable between processes."""
    start = time.perf_counter()
    first = load(path)
    answer: Answer = {"result": "loaded", "seconds": time.perf_counter() - start}
    second = load(path)
    answer["type"] = f"{type(first).__module__}.{type(first).__qualname__}"
    for name, digest in (("repickled", repickled), ("outlined", outlined)):
        # Before either is pickled again: doing so may fill a cache in the object.
        digests = {digest(first), digest(second)}
        answer[name] = digests.pop() if len(digests) == 1 else "changes"
    return answer


def load_one(path: str) -> Answer:
    try:
        return described(LOADERS[path.rpartition(".")[2]], path)
    except BaseException as error:
        refusal = violation_in(error)
        told = refusal or error
        answer: Answer = {
            "result": "refused" if refusal else "failed",
            "type": type(told).__name__,
            "message": str(told)[:MESSAGE],
        }
        finding = getattr(refusal, "finding", None)
        if finding is not None:
            answer["global"] = finding.global_name
            answer["operation"] = finding.operation
            answer["reason"] = finding.reason
        return answer


def save_one(build: Callable[[], object], path: str, formats: Iterable[str]) -> Answer:
    try:
        value = build()
    except BaseException as error:
        return {"result": "not built", "message": f"{type(error).__name__}: {error}"[:MESSAGE]}
    answer: Answer = {"result": "saved", "failures": {}}
    for name in formats:
        try:
            SAVERS[name](value, path)
        except Exception as error:
            answer["failures"][name] = f"{type(error).__name__}: {error}"[:MESSAGE]
    return answer


def versions(libraries: Iterable[str]) -> dict[str, str]:
    from importlib import metadata

    found = {}
    for name in libraries:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def save(cases: list[Case], formats: Iterable[str], folder: str, results: str, skip: int) -> None:
    with open(results, "a") as stream:
        for number, (name, build) in enumerate(cases[skip:], skip):
            answer = save_one(build, os.path.join(folder, f"{number:04}"), formats)
            stream.write(json.dumps({"number": number, "name": name, **answer}) + "\n")
            stream.flush()


def load(folder: str, results: str, skip: int) -> None:
    with open(results, "a") as stream:
        files = sorted(name for name in os.listdir(folder) if name[:4].isdigit())
        for number, name in enumerate(files[skip:], skip):
            answer = load_one(os.path.join(folder, name))
            stream.write(json.dumps({"number": number, "file": name, **answer}) + "\n")
            stream.flush()


def run(cases: Callable[[], list[Case]], formats: Iterable[str], arguments: list[str]) -> None:
    """Do what `arguments` say: ``save`` or ``load``, the folder, the file of results, the start."""
    import warnings

    warnings.simplefilter("ignore")
    action, folder, results, skip = arguments
    if action == "save":
        save(cases(), formats, folder, results, int(skip))
    else:
        load(folder, results, int(skip))
    # Threads and finalizers of libraries are not what is measured.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def program(objects: dict[str, Callable[[], object]], module: str) -> None:
    """Save or load the objects of a program: those of ``__main__``, and of itself imported."""
    imported: dict[str, Callable[[], object]] = importlib.import_module(module).OBJECTS
    cases = [
        *((f"main: {name}", build) for name, build in objects.items()),
        *((f"module: {name}", build) for name, build in imported.items()),
    ]
    run(
        lambda: cases,
        ("pickle", "joblib", *(("torch",) if "torch" in sys.modules else ())),
        sys.argv[1:],
    )


def main() -> None:
    family, *arguments = sys.argv[1:]
    if arguments[0] == "save":
        module = importlib.import_module(family)
        with open(os.path.join(arguments[1], "versions.json"), "w") as stream:
            json.dump(versions(module.LIBRARIES), stream)
        run(lambda: module.CASES, getattr(module, "FORMATS", ("pickle", "joblib")), arguments)
    else:
        run(list, (), arguments)


if __name__ == "__main__":
    main()
