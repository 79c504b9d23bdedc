"""The command line in this process; what needs an environment of its own is in integration."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pickleball_hook import cli
from pickleball_hook.user import activation, report, settings
from policy_cache.model import Verdict


@pytest.fixture(autouse=True)
def no_site_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activation, "site_folders", lambda: [str(tmp_path)])
    monkeypatch.setattr(activation, "own_folders", lambda: [str(tmp_path)])
    monkeypatch.setattr(activation, "live_in_plain_python", lambda: None)


def test_explain(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from policy_cache import policies

    asked = set()

    def verdict(module: str, name: str, operation: str = "refer") -> Verdict:
        asked.add((module, name))
        grants, refusals = {"refer": "a.py:1"}, {"call": "reaches a shell"}
        return Verdict(module, name, "class", "package._inner:Thing", grants, refusals)

    monkeypatch.setattr(policies, "verdict", verdict)
    assert cli.main(["explain", "package:Thing.part"]) == 0
    assert asked == {("package", "Thing.part")}
    assert capsys.readouterr().out.splitlines() == [
        "package:Thing.part",
        "  class package._inner:Thing",
        "  refer      granted  a.py:1",
        "  call       refused  reaches a shell",
        "  what would allow it: only trust in the whole file: `pickleball trust add FILE`",
    ]


@pytest.mark.parametrize("name", ["os.system", ":system", "os:"])
def test_explain_wants_a_global(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", name]) == 2
    assert name in capsys.readouterr().err


def test_explain_takes_a_name_however_it_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", "argparse.Namespace:mkdir"]) == 0
    assert capsys.readouterr().out.startswith("argparse:Namespace.mkdir\n")


def explained(data: bytes, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    path = folder / "file.pkl"
    path.write_bytes(data)
    cli.main(["explain", str(path)])
    return capsys.readouterr().out


def test_explain_shows_what_a_rule_keeps_from_happening(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("scipy")
    norm = b"cscipy.stats._continuous_distns\nnorm_gen\n)\x81"
    state = b"}(V_parse_arg_template\nVopen('x', 'w')\nub."
    told = explained(norm + state, tmp_path, capsys)
    assert "scipy did not make" in told
    assert "it reaches builtins:exec" in told


def test_explain_asks_no_more_than_a_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = explained(b"c_codecs\nencode\n(Va\nVlatin1\ntR.", tmp_path, capsys)
    assert told.startswith("permitted") and "refused" not in told


def test_explain_says_what_is_left_to_the_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("numpy")
    told = explained(b"cnumpy\ndtype\n(Vf8\nI00\nI01\ntR.", tmp_path, capsys)
    assert "(the load applies 1 rule about values)" in told
    assert "at load: REDUCE of numpy.dtype" in told


@pytest.mark.parametrize("arguments", [[], ["unknown"], ["explain"], ["run"]])
def test_misuse(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    told = capsys.readouterr()
    assert "Usage: pickleball" in told.err + told.out


def test_enable_and_disable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / activation.FILES[0]
    assert cli.main(["enable"]) == 0
    assert f"wrote {path}" in capsys.readouterr().out
    assert cli.main(["disable"]) == 0
    assert f"removed {path}" in capsys.readouterr().out


def test_failures_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setattr(activation, "own_folders", lambda: [str(file)])
    assert cli.main(["enable"]) == 1


def test_disable_names_what_it_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["enable"]) == 0
    monkeypatch.setattr(activation, "own_folders", list)
    assert cli.main(["disable"]) == 0
    told = capsys.readouterr().out
    assert f"left {tmp_path / activation.FILES[0]}" in told
    assert "are not guarded" not in told


def test_enable_names_a_mode_that_does_not_guard(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "pickleball_hook.user.settings.mode", lambda: settings.Mode("off", "a test")
    )
    assert cli.main(["enable"]) == 0
    assert "but the mode is off (a test)" in capsys.readouterr().out


def test_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["startup"] == {"files": [], "plain_python": None}
    assert cli.main(["status"]) == 0
    assert "plain python   unknown" in capsys.readouterr().out


def test_status_does_not_pass_on_control_characters() -> None:
    facts = report.collect()
    record = {
        "time": "now",
        "mode": "enforce",
        "refusals": [{"global": "\x1b]0;owned\x07:\ud800", "operation": "call"}, {}],
    }
    facts["refusals"]["latest"] = [record]
    text = report.text(facts)
    assert all(line.isprintable() for line in text.splitlines())
    assert "\\x1b]0;owned\\x07:\\ud800 call and 1 more" in text


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


ALL = sorted(commands(cli.group))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_and_json_of_every_command(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*path, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"pickleball {' '.join(path)}" in text
    if path not in (("run",), ("policy", "export")):  # a script's own affair; JSON in any case
        assert "--json" in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    def completed(**variables: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", "from pickleball_hook import cli; cli.main()"],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.stdout

    if shell != "bash":  # asks which version the shell has, which need not be here
        assert "_PICKLEBALL_COMPLETE" in completed(_PICKLEBALL_COMPLETE=f"{shell}_source")
    words = {"COMP_WORDS": "pickleball policy ver", "COMP_CWORD": "2"}
    if shell == "fish":  # gives the word to complete itself
        words["COMP_CWORD"] = "ver"
    assert "verify" in completed(_PICKLEBALL_COMPLETE=f"{shell}_complete", **words)


def test_status_counts_the_loads_that_were_refused(
    own_home: None, capsys: pytest.CaptureFixture[str]
) -> None:
    for data in (b"cos\ngetpid\n)R.", b"cos\ngetpid\n)R.", b"cos\ngetppid\n)R."):
        with pytest.raises(pickle.UnpicklingError):
            pickle.loads(data)
    assert cli.main(["status"]) == 0
    text = capsys.readouterr().out
    assert "refusals       3 loads in " in text
    assert text.count("enforce os.getp") == 3
