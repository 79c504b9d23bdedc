"""What the user trusts loads as plain Python loads it, by every loader, and nothing else does."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import pytest
import torch

import pickleball_hook
from pickleball_hook import PolicyViolation
from pickleball_hook.user import decisions, settings, trust

LOADERS: dict[str, Callable[[Path], Any]] = {}


def loader(function: Callable[[Path], Any]) -> Callable[[Path], Any]:
    LOADERS[function.__name__] = function
    return function


@loader
def pickle_load(path: Path) -> Any:
    with open(path, "rb") as file:
        value = pickle.load(file)
        assert file.read() == b"rest"
        return value


@loader
def unpickler(path: Path) -> Any:
    with open(path, "rb") as file:
        return pickle.Unpickler(file).load()


@loader
def python_unpickler(path: Path) -> Any:
    with open(path, "rb") as file:
        return pickle._Unpickler(file).load()  # type: ignore[attr-defined]


@loader
def joblib_load(path: Path) -> Any:
    return joblib.load(path)


@loader
def torch_load(path: Path) -> Any:
    return torch.load(path.with_suffix(".pt"))


pytestmark = pytest.mark.usefixtures("own_home")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file with code by value, which no policy permits."""
    folder = tmp_path / "models"
    folder.mkdir(mode=0o700)
    path = folder / "model.pkl"
    path.write_bytes(cloudpickle.dumps(lambda x: x + 1) + b"rest")
    torch.save(lambda x: x + 1, path.with_suffix(".pt"), pickle_module=cloudpickle)
    for file in folder.iterdir():
        file.chmod(0o600)
    return path


@pytest.fixture(params=[trust.SMALL, 0], ids=["small", "large"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Have files loaded from memory, or from where they are."""
    monkeypatch.setattr(trust, "SMALL", request.param)
    return int(request.param)


def file_for(name: str, path: Path) -> Path:
    return path.with_suffix(".pt") if name == "torch_load" else path


@pytest.mark.parametrize("name", LOADERS)
class TestLoaders:
    def test_refused_without_trust(self, name: str, path: Path) -> None:
        with pytest.raises(PolicyViolation):
            LOADERS[name](path)

    def test_by_content(self, name: str, path: Path, size: int) -> None:
        file = file_for(name, path)
        decisions.add("files", decisions.digest(str(file)), "a test", str(file))
        assert LOADERS[name](path)(1) == 2

    def test_by_folder(self, name: str, path: Path) -> None:
        decisions.add("folders", str(path.parent), "a test", str(path.parent))
        assert LOADERS[name](path)(1) == 2

    def test_within_a_block(self, name: str, path: Path, size: int) -> None:
        with pickleball_hook.trusted(file_for(name, path)):
            assert LOADERS[name](path)(1) == 2
        with pytest.raises(PolicyViolation):
            LOADERS[name](path)

    def test_another_content_is_not_trusted(self, name: str, path: Path, size: int) -> None:
        file = file_for(name, path)
        decisions.add("files", decisions.digest(str(file)), "a test", str(file))
        assert LOADERS[name](path)(1) == 2
        data = bytearray(file.read_bytes())
        at = data.index(b"cloudpickle")
        data[at - 3 : at - 3] = b""
        file.write_bytes(bytes(data).replace(b"x", b"y"))
        with pytest.raises(PolicyViolation):
            LOADERS[name](path)


@pytest.mark.skipif(os.name != "posix", reason="no owners here")
class TestBelief:
    def test_folder_that_others_can_write(self, path: Path) -> None:
        decisions.add("folders", str(path.parent), "a test", str(path.parent))
        path.parent.chmod(0o770)
        with pytest.raises(PolicyViolation):
            pickle_load(path)

    def test_file_that_others_can_write(self, path: Path) -> None:
        decisions.add("folders", str(path.parent), "a test", str(path.parent))
        path.chmod(0o666)
        with pytest.raises(PolicyViolation):
            pickle_load(path)

    def test_folder_in_between(self, path: Path, tmp_path: Path) -> None:
        decisions.add("folders", str(tmp_path), "a test", str(tmp_path))
        assert pickle_load(path)(1) == 2
        path.parent.chmod(0o777)
        with pytest.raises(PolicyViolation):
            pickle_load(path)

    def test_link_into_a_trusted_folder_from_outside(self, path: Path, tmp_path: Path) -> None:
        inside = tmp_path / "trusted"
        inside.mkdir(mode=0o700)
        decisions.add("folders", str(inside), "a test", str(inside))
        (inside / "link.pkl").symlink_to(path)
        with pytest.raises(PolicyViolation):
            pickle_load(inside / "link.pkl")

    def test_large_file_that_others_can_write_is_not_trusted_by_content(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        decisions.add("files", decisions.digest(str(path)), "a test", str(path))
        path.chmod(0o666)
        assert pickle_load(path)(1) == 2, "it is loaded from the bytes that were hashed"
        monkeypatch.setattr(trust, "SMALL", 0)
        with pytest.raises(PolicyViolation):
            pickle_load(path)


def test_hashes_are_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "SMALL", 0)
    decisions.add("files", decisions.digest(str(path)), "a test", str(path))
    hashed = []
    plain = trust.digest_of
    monkeypatch.setattr(trust, "digest_of", lambda file: hashed.append(1) or plain(file))
    for _ in range(3):
        assert pickle_load(path)(1) == 2
    assert len(hashed) == 1
    os.utime(path)
    assert pickle_load(path)(1) == 2
    assert len(hashed) == 2, "its times have changed"


def test_a_load_within_a_guarded_load_is_not_trusted(path: Path) -> None:
    from pickleball_hook import context

    with pytest.raises(PolicyViolation), pickleball_hook.trusted(path), context.entering():
        pickle_load(path)


def test_nothing_is_looked_at_when_nothing_is_trusted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "private_copy", None)
    monkeypatch.setattr(trust, "covers", None)
    with pytest.raises(PolicyViolation):
        pickle_load(path)


def test_audit_block(path: Path) -> None:
    with pickleball_hook.audit():
        assert pickle_load(path)(1) == 2
    with pytest.raises(PolicyViolation):
        pickle_load(path)


class TestSafeGlobals:
    def test_count_for_default_loads(self, tmp_path: Path) -> None:
        path = tmp_path / "a.pt"
        torch.save({"count": Counted(3)}, path)
        with pytest.raises(PolicyViolation):
            torch.load(path)
        with torch.serialization.safe_globals([Counted, make]):
            assert torch.load(path)["count"].number == 3
        with pytest.raises(PolicyViolation):
            torch.load(path)


class Counted:
    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> Any:
        return make, (self.number,)


def make(number: int) -> Counted:
    if number < 0:
        eval(str(number))  # a sink within reach, so that no policy grants a call
    return Counted(number)


class TestDecisions:
    def test_others_settings_stay(self) -> None:
        file = Path(settings.config_file())
        file.parent.mkdir(parents=True, mode=0o700)
        file.write_text(json.dumps({"mode": "audit", "later": 1}))
        file.chmod(0o600)
        decisions.allow("a:b", ["call"], "why")
        value = json.loads(file.read_text())
        assert (value["mode"], value["later"]) == ("audit", 1)
        assert value["allow"]["a:b"]["why"] == "why"
        assert settings.allowances() == {"a:b": frozenset(["call"])}
        assert decisions.disallow("a:b")
        assert not decisions.disallow("a:b")
        assert settings.allowances() == {}

    def test_a_damaged_file_is_not_overwritten(self) -> None:
        file = Path(settings.config_file())
        file.parent.mkdir(parents=True, mode=0o700)
        file.write_text("{damaged")
        file.chmod(0o600)
        with pytest.raises(OSError, match="damaged"):
            decisions.allow("a:b", ["call"], "")
        assert file.read_text() == "{damaged"

    def test_sites_are_channels(self) -> None:
        decisions.add("sites", "my.module:load", "mine")
        assert ("my.module", "load") in settings.channels()
        assert decisions.remove("my.module:load") == [("sites", "my.module:load")]
        assert settings.channels() == ()

    @pytest.mark.parametrize(
        "value",
        [1, [], {"files": 1}, {"files": {"a": 1}, "folders": {"relative": {}}, "sites": {"x": {}}}],
    )
    def test_what_is_misshapen_trusts_nothing(self, value: Any) -> None:
        file = Path(settings.config_file())
        file.parent.mkdir(parents=True, mode=0o700)
        file.write_text(json.dumps({"trust": value}))
        file.chmod(0o600)
        settings.refresh()
        assert not trust.trusts_any()
        assert settings.channels() == ()
