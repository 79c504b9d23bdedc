"""`torch.load` under the hook: whole modules, state dicts, formats, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Completed, Runner

pytest.importorskip("torch")

# The model's class is in a module of the program: neither torch nor the allow-list knows it.
MODULE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.GELU(), nn.Dropout())
        self.conv = nn.Conv1d(1, 2, 3)
        self.rnn = nn.LSTM(8, 3, batch_first=True)
        self.register_buffer("scale", torch.tensor([2.0]))

    def forward(self, x):
        x = self.body(x)
        out, _ = self.rnn(x[:, None, :])
        return out[:, 0] * self.scale
"""

SAVE = """
import os, torch, net
from net import Net

class Payload:
    def __reduce__(self):
        return os.system, ("touch canary",)

torch.manual_seed(0)
model = Net().eval()
legacy = {"_use_new_zipfile_serialization": False}
optimizer = torch.optim.Adam(model.parameters())
model(torch.ones(2, 4)).sum().backward()
optimizer.step()
for suffix, how in ((".pt", {}), (".legacy.pt", legacy)):
    torch.save(model, "model" + suffix, **how)
    torch.save(model.state_dict(), "state" + suffix, **how)
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3},
               "checkpoint" + suffix, **how)
    torch.save([model, Payload()], "poisoned" + suffix, **how)
torch.save({"t": torch.arange(4), "p": torch.nn.Parameter(torch.ones(2)),
            "s": torch.eye(3).to_sparse(), "h": torch.ones(2, dtype=torch.bfloat16),
            "d": torch.float16, "z": torch.Size([1, 2]), "dev": torch.device("cpu")}, "kinds.pt")
"""

# Loads each (file, keyword arguments) and prints what a model predicts, or the value, or the error.
LOAD = """
import io, json, os, pickle, sys, torch, net

def describe(value):
    if isinstance(value, torch.nn.Module):
        return [repr(value), value(torch.ones(2, 4)).tolist()]
    if isinstance(value, torch.Tensor):
        return [str(value.dtype), value.to_dense().tolist(), value.requires_grad]
    if isinstance(value, dict):
        return [type(value).__name__, [[repr(k), describe(v)] for k, v in value.items()]]
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, [describe(v) for v in value]]
    return repr(value)

found = []
for file, how in json.loads(sys.argv[1]):
    how = dict(how)
    source = io.BytesIO(open(file, "rb").read()) if how.pop("stream", False) else file
    try:
        found.append(describe(torch.load(source, **how)))
    except Exception as error:
        found.append([type(error).__module__, type(error).__name__, str(error)])
    if os.path.exists("canary"):
        os.remove("canary")
        found[-1] = "ACTED"
print(json.dumps(found))
"""

Loads = list[tuple[str, dict[str, Any]]]
UNSAFE = {"weights_only": False}
FILES = [
    f"{name}{suffix}"
    for name in ("model", "state", "checkpoint")
    for suffix in (".pt", ".legacy.pt")
]


@pytest.fixture
def files(run: Runner) -> Runner:
    """The runner, with the files of `SAVE` in its folder."""
    (run.folder / "net.py").write_text(MODULE)
    completed = run(SAVE, name="save.py")
    assert completed.returncode == 0, completed.stderr
    return run


def loaded(run: Runner, loads: Loads, mode: str | None = None) -> list[Any]:
    completed: Completed = run(LOAD, json.dumps(loads), mode=mode)
    assert completed.returncode == 0, completed.stderr
    answer: list[Any] = json.loads(completed.stdout)
    return answer


def test_default_loads_whole_modules_that_plain_torch_refuses(files: Runner) -> None:
    default: Loads = [("model.pt", {}), ("model.legacy.pt", {}), ("model.pt", {"stream": True})]
    unsafe: Loads = [(file, how | UNSAFE) for file, how in default]
    for plain in loaded(files, default, mode="off"):
        assert plain[1] == "UnpicklingError" and "Weights only load failed" in plain[2]
    assert loaded(files, default) == loaded(files, unsafe, mode="off")


def test_weights_only_is_torch_s_own(files: Runner) -> None:
    loads: Loads = [(file, {"weights_only": True}) for file in (*FILES, "kinds.pt", "poisoned.pt")]
    guarded = loaded(files, loads)
    assert guarded == loaded(files, loads, mode="off")
    assert guarded[0][:2] == ["_pickle", "UnpicklingError"]
    assert "Weights only load failed" in guarded[0][2]


def test_unrestricted_loads_give_what_plain_torch_gives(files: Runner) -> None:
    loads: Loads = [(file, UNSAFE) for file in (*FILES, "kinds.pt")]
    assert loaded(files, loads) == loaded(files, loads, mode="off")


def test_default_loads_give_what_plain_torch_gives_for_weights(files: Runner) -> None:
    loads: Loads = [(file, {}) for file in FILES if not file.startswith("model")]
    loads.append(("kinds.pt", {}))
    assert loaded(files, loads) == loaded(files, loads, mode="off")


def test_mapped_and_relocated_loads_give_what_plain_torch_gives(files: Runner) -> None:
    loads: Loads = [
        ("state.pt", {"mmap": True}),
        ("model.pt", {"mmap": True, **UNSAFE}),
        ("state.pt", {"map_location": "cpu"}),
        ("checkpoint.legacy.pt", {"map_location": "cpu"}),
        ("model.pt", {"map_location": "meta", **UNSAFE}),
        ("checkpoint.pt", {"stream": True}),
        ("state.legacy.pt", {"stream": True, **UNSAFE}),
    ]
    # A module on the meta device has no values to predict with: its error is compared instead.
    assert loaded(files, loads) == loaded(files, loads, mode="off")


def test_a_payload_is_refused_however_it_is_loaded(files: Runner) -> None:
    loads: Loads = [
        (file, how)
        for file in ("poisoned.pt", "poisoned.legacy.pt")
        for how in ({}, {"weights_only": None}, UNSAFE, UNSAFE | {"stream": True})
    ]
    assert (
        loaded(files, [load for load in loads if UNSAFE.items() <= load[1].items()], "off")
        == ["ACTED"] * 4
    )
    for load, told in zip(loads, loaded(files, loads), strict=True):
        assert told[1] == "PolicyViolation", f"{load}: {told}"
        assert "posix.system" in told[2], f"{load}: {told}"


def test_forcing_weights_only_by_environment_keeps_its_meaning(files: Runner) -> None:
    force = {"TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1"}
    completed = files(LOAD, json.dumps([("model.pt", {})]), env=force)
    plain = files(LOAD, json.dumps([("model.pt", {})]), env=force, mode="off")
    assert completed.stdout == plain.stdout
    assert "Weights only load failed" in completed.stdout


def test_forbidding_weights_only_by_environment_still_meets_the_policy(files: Runner) -> None:
    lift = {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}
    completed = files(LOAD, json.dumps([("poisoned.pt", {}), ("model.pt", {})]), env=lift)
    refused, model = json.loads(completed.stdout)
    assert refused[1] == "PolicyViolation"
    assert "Net(" in model[0]


def test_signature_and_documentation_of_torch_load_are_kept(run: Runner) -> None:
    script = """
import inspect, json, torch
load = torch.load
print(json.dumps([str(inspect.signature(load)), load.__doc__, load.__name__, load.__module__,
                  inspect.isfunction(load), inspect.getsource(load)[:200]]))
"""
    guarded, plain = run(script), run(script, mode="off")
    assert guarded.returncode == 0, guarded.stderr
    assert guarded.stdout == plain.stdout
