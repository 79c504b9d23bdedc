"""torch's own unpicklers, proven and replayed: the same as the reference machine, and no more."""

from __future__ import annotations

import io
import pickle
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pickleball_hook.doors import entry
from pickleball_hook.engines import callbacks, replay
from tests.pickleball_hook.engines import differential

torch = pytest.importorskip("torch")


def values() -> dict[str, Any]:
    """Return what programs save."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.ReLU())
    tied = torch.arange(6.0)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    return {
        "tensor": torch.arange(5),
        "views": [tied, tied[2:], tied],
        "state": net.state_dict(),
        "module": net,
        "optimizer": optimizer.state_dict(),
        "checkpoint": {"epoch": 3, "model": net.state_dict(), "shape": torch.Size([2, 3])},
    }


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each load was replayed."""
    outcomes: list[bool] = []
    known = replay.attempt

    def attempt(*args: Any) -> tuple[bool, object]:
        result = known(*args)
        outcomes.append(result[0])
        return result

    monkeypatch.setattr(replay, "attempt", attempt)
    return outcomes


def written(value: object) -> bytes:
    """Return the tensors and the structure of a value, to be compared."""
    file = io.BytesIO()
    torch.save(value, file)
    return b"".join(
        archive.read(item)
        for archive in [zipfile.ZipFile(file)]
        for item in archive.namelist()
        if "/data" in item
    )


@pytest.mark.parametrize("case", values())
def test_torch_files_load_the_same_by_either_engine(
    tmp_path: Path, counted: list[bool], case: str
) -> None:
    value = values()[case]
    path = tmp_path / "file.pt"
    torch.save(value, path)
    found = []
    for proving in (False, True):
        with differential.engine(proving):
            found.append(written(torch.load(path)))
    assert found[0] == found[1] == written(value)
    assert counted == [False, True]


def test_shared_storage_stays_shared(tmp_path: Path, counted: list[bool]) -> None:
    tied = torch.arange(6.0)
    torch.save([tied, tied[2:]], tmp_path / "file.pt")
    first, second = torch.load(tmp_path / "file.pt")
    second[0] = 7.0
    assert first[2] == 7.0
    assert counted == [True]


def forged(path: Path, data: bytes) -> Path:
    """Write a torch file with another stream in it."""
    torch.save(torch.arange(3), path)
    with zipfile.ZipFile(path) as archive:
        items = {item: archive.read(item) for item in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for item, content in items.items():
            archive.writestr(item, data if item.endswith("data.pkl") else content)
    return path


def test_where_tensors_go_is_the_programs_doing(tmp_path: Path, counted: list[bool]) -> None:
    """A ``map_location`` that writes a file is no effect of the stream."""
    torch.save(torch.nn.Linear(2, 2), tmp_path / "file.pt")

    def located(storage: Any, location: str) -> Any:
        (tmp_path / "log").write_text(location)
        return storage

    torch.load(tmp_path / "file.pt", map_location=located)
    assert (tmp_path / "log").read_text() == "cpu"
    assert counted == [True]


PID = (
    b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x03tQ"
)


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02" + PID + b"}b.",
        b"\x80\x02" + PID + b"Nb.",
        b"\x80\x02" + PID + b"K\x01a.",
        b"\x80\x02" + PID + b")R.",
        b"\x80\x02" + PID + b")\x81.",
        b"\x80\x02" + PID + b"0cos\nsystem\nX\x04\x00\x00\x00true\x85R.",
        b"\x80\x02" + PID + b"(K\x01K\x02d}}\x86b.",
        b"\x80\x02(X\x07\x00\x00\x00storagecos\nsystem\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x03tQ.",
    ],
)
def test_what_a_persistent_id_gives_is_not_the_streams(tmp_path: Path, data: bytes) -> None:
    path = forged(tmp_path / "file.pt", data)
    found = []
    for proving in (False, True):
        found.append(differential.outcome(lambda: torch.load(path), proving))
    assert found[0] == found[1]
    assert found[0][0] != "loaded"


def test_a_second_load_refers_to_what_the_first_has_made() -> None:
    file = io.BytesIO()
    pickler = pickle.Pickler(file, 4)
    shared = [1, 2]
    pickler.dump([shared, pickle.UnpicklingError])
    pickler.dump((shared, pickle.UnpicklingError))
    file.seek(0)
    unpickler = entry.Unpickler(file)
    (first, error), (again, same) = unpickler.load(), unpickler.load()  # type: ignore[misc]
    assert first is again
    assert error is same is pickle.UnpicklingError


class Renaming(pickle.Unpickler):
    """A look-up of a program's own."""

    asked: list[str] = []  # noqa: RUF012

    def find_class(self, module: str, name: str) -> Any:
        """Note what is asked for."""
        self.asked.append(name)
        return super().find_class(module, name)


def test_callbacks_of_a_program_are_called_once() -> None:
    unpickler = Renaming(io.BytesIO(b"\x80\x04" + b"cpickle\nUnpicklingError\n0N."))
    assert not callbacks.are_known(unpickler)
    Renaming.asked.clear()
    assert unpickler.load() is None
    assert Renaming.asked == ["UnpicklingError"]


@pytest.mark.parametrize("restricts", [True, False])
def test_torch_is_told_only_what_it_knows(monkeypatch: pytest.MonkeyPatch, restricts: bool) -> None:
    """Before 1.13 it hands options that it does not know on to the unpickler."""
    from pickleball_hook.doors import torch_load

    if not restricts:
        monkeypatch.delitem(sys.modules, "torch._weights_only_unpickler")
    given: dict[str, Any] = {}
    torch_load.load(lambda file, **options: given.update(options), None, (io.BytesIO(),), {})
    assert given == ({"weights_only": False} if restricts else {})
