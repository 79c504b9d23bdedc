"""Mode, allowances and channels of the user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pickleball_hook.user import settings

Configure = Callable[[Any], Path]
PROJECT = Path(settings.__file__).parents[1]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for variable in ("PICKLEBALL_MODE", "PICKLEBALL_QUIET"):
        monkeypatch.delenv(variable, raising=False)
    settings.refresh()
    yield
    settings.refresh()


@pytest.fixture
def configure() -> Configure:
    """Write the configuration file: JSON of a value, or bytes as they are."""

    def write(value: Any) -> Path:
        path = Path(settings.config_file())
        path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
        path.chmod(0o600)
        settings.refresh()
        return path

    return write


class TestMode:
    def test_default(self) -> None:
        assert settings.mode() == ("enforce", "default")
        assert settings.problems() == ()

    @pytest.mark.parametrize("value", settings.MODES)
    def test_environment(self, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PICKLEBALL_MODE", value)
        assert settings.mode() == (value, "environment variable PICKLEBALL_MODE")

    @pytest.mark.parametrize("value", settings.MODES)
    def test_file(self, value: str, configure: Configure) -> None:
        path = configure({"mode": value})
        assert settings.mode() == (value, f"config file {path}")

    def test_environment_comes_first(
        self, configure: Configure, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        configure({"mode": "off"})
        monkeypatch.setenv("PICKLEBALL_MODE", "audit")
        assert settings.mode().value == "audit"

    def test_empty_variable_is_no_answer(
        self, configure: Configure, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        configure({"mode": "audit"})
        monkeypatch.setenv("PICKLEBALL_MODE", "")
        assert settings.mode().value == "audit"

    @pytest.mark.parametrize("value", ["OFF", "false", "0", "disabled", "enforced"])
    def test_unknown_value_enforces_and_says_so(
        self, value: str, configure: Configure, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        configure({"mode": "off"})
        monkeypatch.setenv("PICKLEBALL_MODE", value)
        mode = settings.mode()
        assert mode.value == "enforce"
        assert repr(value) in mode.source
        assert settings.problems() == (mode.source,)

    @pytest.mark.parametrize("value", [None, 0, False, ["off"], {"off": 1}, "Off"])
    def test_unknown_value_in_the_file(self, value: Any, configure: Configure) -> None:
        configure({"mode": value})
        assert settings.mode().value == "enforce"
        assert "config file" in settings.mode().source

    def test_cached_until_refreshed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert settings.mode().value == "enforce"
        monkeypatch.setenv("PICKLEBALL_MODE", "off")
        assert settings.mode().value == "enforce"
        settings.refresh()
        assert settings.mode().value == "off"

    @pytest.mark.parametrize(("flag", "value"), [("-B", "off"), ("-E", "enforce")])
    def test_environment_is_ignored_with_the_flag(self, flag: str, value: str) -> None:
        script = (
            f"import sys; sys.path.insert(0, {str(PROJECT)!r})\n"
            "from pickleball_hook.user import settings; print(settings.mode().value, settings.quiet())"
        )
        answer = subprocess.run(
            [sys.executable, flag, "-c", script],
            env={**os.environ, "PICKLEBALL_MODE": "off", "PICKLEBALL_QUIET": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert answer.stdout.split() == [value, str(flag == "-B")]

    def test_working_folder_is_never_asked(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        work = tmp_path / "work"
        for folder in (work, work / "pickleball-auto", work / ".config" / "pickleball-auto"):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "config.json").write_text('{"mode": "off"}')
        monkeypatch.chdir(work)
        for base in ("", ".", ".config"):
            monkeypatch.setenv("XDG_CONFIG_HOME", base)
            settings.refresh()
            assert settings.mode() == ("enforce", "default")


class TestFile:
    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"1", b"null", b"\xff", b"[" * 99_999])
    def test_damaged(self, content: bytes, configure: Configure) -> None:
        path = configure(content)
        assert settings.mode() == ("enforce", "default")
        assert settings.allowances() == {}
        assert settings.channels() == ()
        assert str(path) in settings.problems()[0]

    @pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
    @pytest.mark.parametrize("folder", [False, True])
    def test_writable_by_others(self, folder: bool, configure: Configure) -> None:
        path = configure({"mode": "off", "allow": {"a:b": ["call"]}})
        (path.parent if folder else path).chmod(0o777)
        settings.refresh()
        assert settings.mode() == ("enforce", "default")
        assert settings.allowances() == {}
        assert "can be written by others" in settings.problems()[0]

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root")
    def test_of_another_user(self, configure: Configure) -> None:
        os.chown(configure({"mode": "off"}), 65534, 65534)
        settings.refresh()
        assert settings.mode().value == "enforce"
        assert "another user" in settings.problems()[0]

    def test_absent_costs_one_look(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def never(*args: object) -> None:
            raise AssertionError("read")

        monkeypatch.setattr("policy_cache.kept.folders.read_json", never)
        assert settings.mode().source == "default"


class TestAllowances:
    def test_read(self, configure: Configure) -> None:
        configure({"allow": {"a.b:C": ["refer", "call"], "d:e.f": []}})
        assert settings.allowances() == {
            "a.b:C": frozenset({"refer", "call"}),
            "d:e.f": frozenset(),
        }

    @pytest.mark.parametrize(
        "allow",
        [
            {"no colon": ["refer"]},
            {"a:b": ["everything"]},
            {"a:b": "refer"},
            {"a:b": [["refer"]]},
            {"a:b": [1]},
            {"a:b": None},
            ["a:b"],
            "a:b",
            None,
        ],
    )
    def test_misunderstood_allows_nothing(self, allow: Any, configure: Configure) -> None:
        configure({"allow": allow})
        assert settings.allowances() == {}
        assert len(settings.problems()) == 1

    def test_one_mistake_does_not_undo_the_rest(self, configure: Configure) -> None:
        configure({"allow": {"a:b": ["nonsense"], "c:d": ["refer"]}})
        assert settings.allowances() == {"c:d": frozenset({"refer"})}


class TestChannels:
    def test_read(self, configure: Configure) -> None:
        configure({"channels": [["my.queue", "Worker.receive"]]})
        assert settings.channels() == (("my.queue", "Worker.receive"),)

    @pytest.mark.parametrize("rows", [[["a"]], ["ab"], [["a", 1]], {"a": "b"}, "ab", None])
    def test_misunderstood(self, rows: Any, configure: Configure) -> None:
        configure({"channels": rows})
        assert settings.channels() == ()
        assert len(settings.problems()) == 1


class TestQuiet:
    @pytest.mark.parametrize(("value", "quiet"), [("1", True), ("0", False), ("", False)])
    def test_variable(self, value: str, quiet: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PICKLEBALL_QUIET", value)
        assert settings.quiet() is quiet
