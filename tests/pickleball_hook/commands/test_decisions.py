"""``trust``, ``allow``, ``log``, ``policy``, ``warm`` and ``report`` as commands."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import cloudpickle
import pytest

from pickleball_hook import PolicyViolation, cli
from pickleball_hook.commands import page
from pickleball_hook.errors import Finding
from pickleball_hook.user import records, settings
from tests.conftest import Library

pytestmark = pytest.mark.usefixtures("own_home")


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    status = cli.main([*map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out + captured.err


def test_trust(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(cloudpickle.dumps(lambda: 3))
    with pytest.raises(PolicyViolation):
        pickle.loads(path.read_bytes())
    assert told(capsys, "trust", "list") == (0, "nothing is trusted\n")
    assert told(capsys, "trust", "add", path, "--why", "made here")[0] == 0
    with open(path, "rb") as file:
        assert pickle.load(file)() == 3
    status, text = told(capsys, "trust", "list", "--json")
    ((_, row),) = json.loads(text)["files"].items()
    assert (row["path"], row["why"]) == (str(path), "made here")
    assert row["who"] and row["when"]
    assert told(capsys, "trust", "remove", path)[0] == 0
    with open(path, "rb") as file, pytest.raises(PolicyViolation):
        pickle.load(file)
    assert told(capsys, "trust", "remove", path)[0] == 1


def test_trust_of_what_is_not_the_users_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    status, text = told(capsys, "trust", "add", folder)
    assert (status, "written by others" in text) == (1, True)
    assert told(capsys, "trust", "add", tmp_path / "absent")[0] == 1
    assert told(capsys, "trust", "add", "no-colon", "--site")[0] == 1
    assert told(capsys, "trust", "add", "my.module:load", "--site")[0] == 0
    assert ("my.module", "load") in settings.channels()


SOURCE = """
class Quiet:
    def __init__(self, value):
        self.value = transform(value)

def transform(value):
    return value

class Acting:
    def __init__(self, value):
        import os
        os.system(value)
"""
QUIET = b"cacme\nQuiet\n(K\x01tR."
ACTING = b"cacme\nActing\n(S'x'\ntR."


class TestAllow:
    def test_makes_a_file_load(self, library: Library, capsys: pytest.CaptureFixture[str]) -> None:
        library.module(SOURCE)
        with pytest.raises(PolicyViolation):
            pickle.loads(QUIET)
        assert told(capsys, "allow", "add", "acme:Quiet", "--call", "--why", "mine")[0] == 0
        assert pickle.loads(QUIET).value == 1
        assert "acme:Quiet" in told(capsys, "allow", "list")[1]
        assert told(capsys, "allow", "remove", "acme:Quiet")[0] == 0
        with pytest.raises(PolicyViolation):
            pickle.loads(QUIET)
        assert told(capsys, "allow", "remove", "acme:Quiet")[0] == 1

    @pytest.mark.parametrize("name", ["os:system", "acme:Acting", "subprocess:Popen"])
    def test_never_a_sink(
        self, name: str, library: Library, capsys: pytest.CaptureFixture[str]
    ) -> None:
        library.module(SOURCE)
        status, text = told(capsys, "allow", "add", name, "--call")
        assert (status, "trust" in text) == (1, True)
        assert settings.allowances() == {}

    def test_a_sink_that_is_written_into_the_file_by_hand(self, library: Library) -> None:
        library.module(SOURCE)
        file = Path(settings.config_file())
        file.parent.mkdir(parents=True, mode=0o700)
        file.write_text(json.dumps({"allow": {"acme:Acting": ["call"], "os:system": ["call"]}}))
        file.chmod(0o600)
        settings.refresh()
        for data in (ACTING, b"cos\nsystem\n(S'true'\ntR."):
            with pytest.raises(PolicyViolation):
                pickle.loads(data)

    @pytest.mark.parametrize("name", ["acme", ":x", "a:b:c"])
    def test_wants_a_global(self, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert told(capsys, "allow", "add", name)[0] == 2


class TestLog:
    def test_shows_what_was_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert "nothing is recorded" in told(capsys, "log")[1]
        for data in (b"cos\ngetpid\n)R.", b"cposix\nabort\n)R."):
            with pytest.raises(PolicyViolation):
                pickle.loads(data)
        status, text = told(capsys, "log", "--json")
        assert [row["globals"] for row in json.loads(text)] == [["os.getpid"], ["posix.abort"]]
        assert "posix.abort" not in told(capsys, "log", "--global", "getpid")[1]
        assert json.loads(told(capsys, "log", "--json", "--mode", "audit")[1]) == []
        assert json.loads(told(capsys, "log", "--json", "--since", "2999-01-01")[1]) == []
        assert len(json.loads(told(capsys, "log", "--json", "-n", 1)[1])) == 1

    def test_suggests_what_can_be_allowed(
        self, library: Library, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        library.module(SOURCE)
        monkeypatch.setenv("PICKLEBALL_MODE", "audit")
        settings.refresh()
        assert pickle.loads(QUIET).value == 1
        with pytest.raises(Exception, match=r"."):
            pickle.loads(b"cposix\nno_such\n)R.")
        for text in ("cacme\nActing\n0N.", "cos\ngetpid\n)R."):
            pickle.loads(text.encode())
        text = told(capsys, "log", "suggest")[1]
        assert "pickleball allow add acme:Quiet --call" in text
        assert "# os:getpid cannot be allowed by name" in text
        rows = json.loads(told(capsys, "log", "suggest", "--json")[1])
        assert {row["global"]: row["allow"] for row in rows}["acme:Quiet"] is True

    def test_hostile_records(self, capsys: pytest.CaptureFixture[str]) -> None:
        bad = "\x1b]0;x\x07\n</script><b>"
        records.record([Finding(bad, bad, bad, bad, bad, bad, "enforce")])
        path = Path(records.log_file())
        with open(path, "ab") as file:
            file.write(
                b'{"refusals": [{"global": "\\u001b[2J", "operation": 5, "times": {}}]}\n'
                b'{"refusals": [3]}\n{"refusals": {}}\n[]\nnot json\n\xff\n{"time": {}}\n'
            )
        for command in (["log"], ["log", "suggest"]):
            status, text = told(capsys, *command)
            assert status == 0
            assert all(line.isprintable() for line in text.splitlines())


class TestPolicy:
    def test_life_of_a_policy(
        self, library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        library.module(SOURCE)
        assert "no policy is kept" in told(capsys, "policy", "list")[1]
        assert told(capsys, "policy", "show", "acme")[0] == 1
        assert told(capsys, "policy", "synth", "acme")[0] == 0
        assert told(capsys, "policy", "synth", "no-such-thing")[0] == 1
        assert told(capsys, "policy", "synth")[0] == 2
        assert "acme" in told(capsys, "policy", "list")[1]
        status, text = told(capsys, "policy", "show", "acme")
        assert "acme:Acting" in text and "posix:system" in text.replace("os:system", "posix:system")
        assert told(capsys, "policy", "verify")[0] == 0
        lock = tmp_path / "lock.json"
        assert told(capsys, "policy", "lock", "--no-synth", lock)[0] == 0
        assert told(capsys, "policy", "lock", "--no-synth", "--check", lock)[0] == 0
        lock.write_text(lock.read_text().replace('"1.0"', '"2.0"'))
        assert told(capsys, "policy", "lock", "--no-synth", "--check", lock)[0] == 1
        for damaged in ("", "[]", "{}", '{"schema": 1}', "[" * 100_000):
            lock.write_text(damaged)
            assert told(capsys, "policy", "lock", "--no-synth", "--check", lock)[0] == 2
        exported = json.loads(told(capsys, "policy", "export", "--format", "pickleball")[1])
        assert "acme.Quiet" in exported["acme"]["globals"]
        assert told(capsys, "policy", "clear")[0] == 0
        assert "no policy is kept" in told(capsys, "policy", "list")[1]

    def test_diff(self, library: Library, capsys: pytest.CaptureFixture[str]) -> None:
        library.install("acme", {"acme.py": SOURCE})
        told(capsys, "policy", "synth", "acme")
        changed = SOURCE.replace(
            "class Quiet:", "class Quiet:\n    def __setstate__(self, s): eval(s)\n"
        )
        (library.folder / "acme-1.0.dist-info" / "METADATA").unlink()
        (library.folder / "acme-1.0.dist-info" / "RECORD").unlink()
        (library.folder / "acme-1.0.dist-info").rmdir()
        library.install("acme", {"acme.py": changed}, version="2.0")
        told(capsys, "policy", "synth", "acme")
        status, text = told(capsys, "policy", "diff", "acme", "1.0", "2.0")
        assert status == 1
        assert "+ state (no text" in text
        assert "acme:Quiet" in text and "- state" in text
        assert told(capsys, "policy", "diff", "acme", "2.0", "2.0")[0] == 0
        assert told(capsys, "policy", "diff", "acme", "1.0", "3.0")[0] == 1

    def test_warm(
        self, library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        library.module(SOURCE)
        assert told(capsys, "warm", "acme")[0] == 0
        (tmp_path / "a.pkl").write_bytes(QUIET)
        assert told(capsys, "warm", tmp_path / "a.pkl")[0] == 0
        assert told(capsys, "warm", "no-such-thing")[0] == 1

    @pytest.mark.parametrize("value", [b"", b"[]", b"\x00" * 100, b'{"schema": 1}', b"[" * 100_000])
    def test_a_cache_of_the_wrong_shape(
        self, value: bytes, library: Library, capsys: pytest.CaptureFixture[str]
    ) -> None:
        library.module(SOURCE)
        told(capsys, "policy", "synth", "acme")
        for path in Path(store_folder()).glob("*.json"):
            path.write_bytes(value)
        library.forget()
        for command in (["list"], ["verify"], ["export"], ["show", "acme"], ["clear"]):
            assert told(capsys, "policy", *command)[0] in (0, 1)


def store_folder() -> str:
    from policy_cache.kept import store

    return store.cache_folder()


class TestReport:
    def test_page(
        self, library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        library.module(SOURCE)
        told(capsys, "policy", "synth", "acme")
        path = tmp_path / "page.html"
        assert told(capsys, "report", "--html", path)[0] == 0
        text = path.read_text()
        assert "acme:Acting" in text
        assert "http://" not in text and "https://" not in text and "src=" not in text
        assert told(capsys, "report", "--html", tmp_path)[0] == 1
        assert told(capsys, "report")[0] == 2
        facts = json.loads(told(capsys, "report", "--json")[1])
        assert facts["libraries"][0]["name"] == "acme"

    def test_names_from_a_file_are_no_markup(self) -> None:
        bad = "</script><script>alert(1)</script><!--"
        text = page.page({"refusals": [{"global": bad}], "libraries": []})
        assert bad not in text
        begin = text.index('id="facts">') + len('id="facts">')
        facts = json.loads(text[begin : text.index("</script>", begin)])
        assert facts["refusals"][0]["global"] == bad


@pytest.mark.parametrize("time", ["yesterday", "2026-1-1", "2026-01-01T", "\x1b[31m"])
def test_log_wants_a_time(time: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["log", "--since", time]) == 2
    assert "no ISO time" in capsys.readouterr().err
    assert cli.main(["log", "--since", "2026-01-01 12:30"]) == 0
