"""Writing and removing the start-up files, in folders of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from pickleball_hook.user import activation
from tests.conftest import ROOT


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the two folders that stand for the environment's site folders."""
    made = [tmp_path / "first", tmp_path / "second"]
    for folder in made:
        folder.mkdir()
    monkeypatch.setattr(activation, "site_folders", lambda: [str(folder) for folder in made])
    monkeypatch.setattr(activation, "own_folders", activation.site_folders)
    return made


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_enable_writes_what_is_shipped(folders: list[Path]) -> None:
    written = activation.enable()
    assert written == [str(folders[0] / name) for name in activation.FILES]
    for name in activation.FILES:
        assert (folders[0] / name).read_bytes() == (ROOT / "startup" / name).read_bytes()
    assert names(folders[0]) == sorted(activation.FILES)
    assert names(folders[1]) == []


def test_enable_again_writes_nothing(folders: list[Path]) -> None:
    activation.enable()
    assert activation.enable() == []


def test_files_can_be_read_by_others(folders: list[Path]) -> None:
    activation.enable()
    plain = folders[0] / "plain"
    plain.touch()
    for name in activation.FILES:
        assert (folders[0] / name).stat().st_mode == plain.stat().st_mode


def test_enable_repairs_in_place(folders: list[Path]) -> None:
    stale = folders[1] / activation.FILES[0]
    stale.write_text("import of_another_version\n")
    assert activation.startup_files() == [activation.StartupFile(str(stale), False)]
    assert activation.enable() == [str(folders[1] / name) for name in activation.FILES]
    assert {file.current for file in activation.startup_files()} == {True}
    assert names(folders[0]) == []


def test_enable_takes_the_first_folder_that_can_be_written_to(folders: list[Path]) -> None:
    folders[0].rmdir()
    folders[0].write_text("not a folder")
    assert activation.enable() == [str(folders[1] / name) for name in activation.FILES]


def test_enable_makes_a_missing_folder(folders: list[Path]) -> None:
    folders[0].rmdir()
    activation.enable()
    assert names(folders[0]) == sorted(activation.FILES)


def test_enable_where_nothing_can_be_written(folders: list[Path]) -> None:
    for folder in folders:
        folder.rmdir()
        folder.write_text("not a folder")
    with pytest.raises(OSError):
        activation.enable()


def test_a_failed_write_leaves_nothing(
    folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(source: str, target: str) -> None:
        raise PermissionError(source)

    monkeypatch.setattr(activation.os, "replace", fail)
    with pytest.raises(PermissionError):
        activation.enable()
    assert [names(folder) for folder in folders] == [[], []]


def test_disable_removes_all_of_ours_and_nothing_else(folders: list[Path]) -> None:
    for folder in folders:
        (folder / "other.pth").touch()
        for name in activation.FILES:
            (folder / name).write_text("import anything\n")
    assert len(activation.disable()) == 4
    assert [names(folder) for folder in folders] == [["other.pth"]] * 2
    assert activation.disable() == []


def test_disable_removes_what_it_can(folders: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    activation.enable()
    for name in activation.FILES:
        (folders[1] / name).touch()
    remove = activation.os.remove

    def fail_in_first(path: str) -> None:
        if path.startswith(str(folders[0])):
            raise PermissionError(path)
        remove(path)

    monkeypatch.setattr(activation.os, "remove", fail_in_first)
    with pytest.raises(PermissionError):
        activation.disable()
    assert names(folders[0]) == sorted(activation.FILES)
    assert names(folders[1]) == []


def test_site_folders_of_this_interpreter() -> None:
    import sysconfig

    assert sysconfig.get_path("purelib") in activation.site_folders()
    assert str(ROOT) not in activation.site_folders()


def test_a_virtual_environment_leaves_the_folders_of_others_alone(
    folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    everywhere = [tmp_path / name for name in ("venv/lib", "base/lib", "user/lib", "target")]
    monkeypatch.setattr(activation, "site_folders", lambda: [str(path) for path in everywhere])
    monkeypatch.setattr("site.getuserbase", lambda: str(tmp_path / "user"))
    monkeypatch.setattr(activation.sys, "base_prefix", str(tmp_path / "base"))
    monkeypatch.setattr(activation.sys, "prefix", str(tmp_path / "venv"))
    assert activation.own_folders() == [str(everywhere[0]), str(everywhere[3])]
    monkeypatch.setattr(activation.sys, "prefix", str(tmp_path / "base"))
    assert activation.own_folders() == [str(path) for path in everywhere]


def test_a_program_that_embeds_python_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho something else\n")
    program.chmod(0o755)
    for executable in (str(program), str(tmp_path / "absent"), "", None):
        monkeypatch.setattr(activation.sys, "executable", executable)
        assert activation.live_in_plain_python() is None
