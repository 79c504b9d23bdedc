"""torch.load of every kind of file that torch.save writes, from every kind of source."""

from __future__ import annotations

import collections
import inspect
import io
import pickle
import tarfile
from pathlib import Path

import dill
import numpy
import torch
from telling import attempt

OPTIONS = inspect.signature(torch.load).parameters
"""``weights_only`` since torch 1.13, ``mmap`` since 2.1."""


def load(file: object, *args: object, weights_only: bool = False, **options: object) -> object:
    """Load without a restriction, as torch before 1.13 always does."""
    if "weights_only" in OPTIONS:
        options["weights_only"] = weights_only
    return torch.load(file, *args, **options)


class Own(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)
        self.register_buffer("halves", torch.ones(2, dtype=torch.bfloat16))
        self.note = {"kind": "own"}


class Pickles:
    """A pickle module of one's own."""

    Pickler, Unpickler, load, loads, dump, dumps = (
        pickle.Pickler,
        pickle.Unpickler,
        pickle.load,
        pickle.loads,
        pickle.dump,
        pickle.dumps,
    )
    __name__ = "Pickles"


class Renaming(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        return super().find_class({"old_place": "__main__"}.get(module, module), name)


def told(value: object) -> object:
    """Return something comparable of a loaded object."""
    if isinstance(value, torch.Tensor):
        dense = value.to_dense() if value.is_sparse else value
        dense = dense.dequantize() if dense.is_quantized else dense
        shown = dense.float() if dense.dtype == torch.bfloat16 else dense
        return [type(value).__name__, str(value.dtype), str(value.device), shown.tolist(),
                value.requires_grad]  # fmt: skip
    if isinstance(value, torch.nn.Module):
        return [type(value).__name__, told(dict(value.state_dict())), repr(value.__dict__.keys())]
    if isinstance(value, dict):
        return [type(value).__name__, [[repr(key), told(item)] for key, item in value.items()]]
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, [told(item) for item in value]]
    if isinstance(value, numpy.ndarray):
        return ["ndarray", value.tolist()]
    return repr(value)


def untyped(tensor: torch.Tensor) -> object:
    """Return the storage of a tensor; before torch 2.0 the typed one is all that can be had."""
    return (getattr(tensor, "untyped_storage", None) or tensor.storage)()


def objects() -> dict[str, object]:
    torch.manual_seed(0)
    shared = torch.arange(6.0)
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.ones(2))])
    return {
        "state dict": Own().state_dict(),
        "module": Own(),
        "shared": [shared, shared[2:], shared.view(2, 3), shared],
        "dtypes": {str(t): torch.ones(2).to(t) for t in (torch.half, torch.int8, torch.bool)},
        "complex": torch.ones(2, dtype=torch.complex64),
        "sparse": torch.eye(3).to_sparse(),
        "sparse csr": [torch.eye(3).to_sparse_csr().to_dense()],
        "quantized": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "optimizer": optimizer.state_dict(),
        "sizes": [torch.Size([1, 2]), torch.float16, torch.device("cpu")],
        "arrays": {"a": numpy.arange(3), "o": numpy.array([None, "x"], dtype=object)},
        "plain": {"epoch": 3, "args": collections.OrderedDict(lr=0.1), "set": {1, 2}},
        "storage": untyped(torch.ones(3)),
        "typed storage": torch.ones(3).storage(),
        "meta": [torch.empty(2, device="meta").shape],
        "bytes": torch.tensor(list(b"abc"), dtype=torch.uint8),
    }


def main() -> None:
    formats = {"zip": {}, "legacy": {"_use_new_zipfile_serialization": False}}
    for name, value in objects().items():
        for form, options in formats.items():
            for protocol in (2, 4):
                path = Path(f"{name} {form}.pt")
                torch.save(value, path, pickle_protocol=protocol, **options)
                key = f"{name}, {form}, protocol {protocol}"
                attempt(key, lambda: told(load(path)))
                attempt(f"{key}, file", lambda: told(load(path.open("rb"))))
                data = path.read_bytes()
                attempt(f"{key}, bytes", lambda: told(load(io.BytesIO(data))))
                if "weights_only" in OPTIONS:
                    attempt(f"{key}, weights", lambda: told(load(path, weights_only=True)))
                attempt(f"{key}, mapped to", lambda: told(load(path, "cpu")))
                attempt(
                    f"{key}, dill",
                    lambda: told(load(path, pickle_module=dill)),
                )
                attempt(
                    f"{key}, own",
                    lambda: told(load(path, pickle_module=Pickles)),
                )
                if form == "zip" and "mmap" in OPTIONS:
                    attempt(f"{key}, mmap", lambda: told(load(path, mmap=True)))
    location = lambda storage, place: storage  # noqa: E731
    attempt("map_location, a function",
            lambda: told(load("shared zip.pt", location)))  # fmt: skip
    attempt("map_location, a dict",
            lambda: told(load("shared zip.pt", {"cpu": "cpu"})))  # fmt: skip
    attempt("map_location, meta",
            lambda: repr(load("shared zip.pt", "meta")))  # fmt: skip
    renamed = Path("renamed.pt")
    data = pickle.dumps(Own(), 2).replace(b"c__main__\n", b"cold_place\n")
    attempt("renamed", lambda: told(Renaming(io.BytesIO(data)).load()))
    nested = pickle.dumps(untyped(torch.ones(2)))
    attempt("nested storage", lambda: told(pickle.loads(nested).tolist()))
    attempt("tensor by pickle", lambda: told(pickle.loads(pickle.dumps(torch.ones(2)))))
    two = io.BytesIO()
    torch.save([1], two, _use_new_zipfile_serialization=False)
    torch.save([2], two, _use_new_zipfile_serialization=False)
    two.seek(0)
    attempt("two in one file", lambda: [load(two) for _ in range(2)])
    attempt("damaged", lambda: load(io.BytesIO(data[:30])))
    attempt("empty", lambda: load(io.BytesIO(b"")))
    scripted = torch.jit.script(torch.nn.Linear(2, 1))
    scripted.save("scripted.pt")
    attempt(
        "TorchScript by jit.load", lambda: told(dict(torch.jit.load("scripted.pt").state_dict()))
    )
    attempt("TorchScript by load, not weights",
            lambda: type(load("scripted.pt")).__name__)  # fmt: skip
    attempt("exported", exported)
    attempt("not there", lambda: torch.load("absent.pt"))
    assert not renamed.exists() and tarfile


def exported() -> object:
    program = torch.export.export(torch.nn.Linear(2, 1).eval(), (torch.ones(1, 2),))
    torch.export.save(program, "exported.pt2")
    again = torch.export.load("exported.pt2")
    return list(again.module()(torch.ones(1, 2)).shape)


if __name__ == "__main__":
    main()
