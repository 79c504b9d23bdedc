"""Policies on disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from policy_cache.kept import entries, store
from policy_cache.kept.entries import Entry, Owner
from policy_cache.kept.store import Store

PROJECT = Path(store.__file__).parents[2]


class Site:
    """A site folder with one distribution, and a cache folder beside it."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "site"
        self.cache = root / "cache"
        self.record = self.folder / "demo-1.0.dist-info" / "RECORD"
        self.record.parent.mkdir(parents=True)
        self.record.write_text("demo/__init__.py,,\n")
        self.source = self.folder / "demo" / "core.py"
        self.source.parent.mkdir()
        self.source.write_text("class A: ...\n")

    @property
    def owner(self) -> Owner:
        return Owner("distribution", "demo", "1.0", str(self.record), str(self.folder))

    @property
    def path(self) -> list[str]:
        return ["/nowhere", str(self.folder)]

    def verdict(self, **more: Any) -> dict[str, Any]:
        return {"kind": "class", "files": [str(self.source)], **more}

    def store(self) -> Store:
        return Store(str(self.cache))

    def filled(self) -> Store:
        filled = self.store()
        filled.create("demo", self.owner).put("demo.core:A", self.verdict())
        filled.flush()
        assert filled.problem() is None
        return filled

    def found(self, *first: str) -> Entry | None:
        entries.forget()
        return self.store().find("demo", [*first, *self.path])

    @property
    def entry_file(self) -> Path:
        return next(self.cache.glob("demo-*.json"))

    @property
    def index_file(self) -> Path:
        return next(self.cache.glob("index-*.json"))


def edit(path: Path, text: str) -> None:
    """Change a file as an editor does, whatever the clock's resolution."""
    before = path.stat().st_mtime_ns
    path.write_text(text)
    os.utime(path, ns=(before + 1_000_000_000, before + 1_000_000_000))
    entries.forget()


def touch(path: Path) -> None:
    """Change a file's time alone."""
    edit(path, path.read_text())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    entries.forget()
    return Site(tmp_path)


class TestFind:
    def test_next_process_knows(self, site: Site) -> None:
        site.filled()
        entry = site.found()
        assert entry is not None
        assert entry.verdict("demo.core:A") == site.verdict()
        assert entry.owner == site.owner
        assert not entry.dirty

    def test_next_process_imports_nothing_heavy(self, site: Site) -> None:
        site.filled()
        script = (
            f"import sys; sys.prefix = {sys.prefix!r}\n"  # -S does not look for a venv
            "from policy_cache.kept.store import Store\n"
            f"entry = Store({str(site.cache)!r}).find('demo', {site.path!r})\n"
            "assert entry.verdict('demo.core:A')['kind'] == 'class'\n"
            "heavy = {'typing', 'platformdirs', 'dataclasses', 'inspect', 'hashlib', 'pathlib',\n"
            "         'importlib.metadata', 'importlib_metadata', 'wrapt', 'tempfile'}\n"
            "print(sorted(heavy & set(sys.modules)))"
        )
        answer = subprocess.run(
            [sys.executable, "-S", "-c", script],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert answer.stdout.strip() == "[]"

    def test_unknown_name(self, site: Site) -> None:
        site.filled()
        assert site.store().find("other", site.path) is None

    def test_owner_not_on_the_path(self, site: Site) -> None:
        site.filled()
        assert site.store().find("demo", ["/nowhere"]) is None

    @pytest.mark.parametrize("file", ["demo.py", "demo/__init__.py"])
    def test_another_copy_comes_first(self, site: Site, tmp_path: Path, file: str) -> None:
        site.filled()
        other = tmp_path / "other" / file
        other.parent.mkdir(parents=True)
        assert site.found(str(tmp_path / "other")) is not None
        other.write_text("")
        assert site.found(str(tmp_path / "other")) is None
        assert site.store().find("demo", [*site.path, str(tmp_path / "other")]) is not None

    def test_entries_of_the_path_that_are_no_text(self, site: Site) -> None:
        filled = site.filled()
        entries.forget()
        path: Any = [None, b"bytes", 1, *site.path]
        assert filled.find("demo", path) is not None

    def test_changed_record(self, site: Site) -> None:
        site.filled()
        edit(site.record, "demo/__init__.pyc,,")
        assert site.found() is None

    def test_changed_record_of_equal_size(self, site: Site) -> None:
        site.filled()
        edit(site.record, site.record.read_text().upper())
        assert site.found() is None

    def test_touched_record(self, site: Site) -> None:
        site.filled()
        touch(site.record)
        assert site.found() is not None

    def test_uninstalled(self, site: Site) -> None:
        site.filled()
        site.record.unlink()
        assert site.found() is None

    def test_without_record(self, site: Site) -> None:
        filled = site.store()
        program = Owner("program", "", "", "", str(site.folder))
        filled.create("demo", program).put("demo.core:A", site.verdict())
        filled.flush()
        entry = site.found()
        assert entry is not None
        assert entry.verdict("demo.core:A") is not None

    def test_what_another_process_wrote_meanwhile(self, site: Site) -> None:
        early = site.store()
        assert early.find("demo", site.path) is None
        site.filled()
        assert early.find("demo", site.path) is not None

    def test_other_interpreter(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        site.filled()
        monkeypatch.setattr(sys, "hexversion", sys.hexversion + 1)
        assert site.found() is None

    def test_other_analysis(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        site.filled()
        monkeypatch.setattr(entries, "ANALYSIS_REVISION", entries.ANALYSIS_REVISION + 1)
        assert site.found() is None

    def test_same_release_in_another_folder_is_another(self, site: Site, tmp_path: Path) -> None:
        moved = site.owner._replace(root=str(tmp_path))
        assert entries.fingerprint(moved) != entries.fingerprint(site.owner)


class TestEvidence:
    def test_edited(self, site: Site) -> None:
        site.filled()
        entry = site.found()
        assert entry is not None
        edit(site.source, "class A: evil = 1\n")
        assert entry.verdict("demo.core:A") is None
        assert entry.dirty

    def test_edited_to_equal_size(self, site: Site) -> None:
        site.filled()
        entry = site.found()
        assert entry is not None
        edit(site.source, "class B: ...\n")
        assert entry.verdict("demo.core:A") is None

    def test_touched(self, site: Site) -> None:
        site.filled()
        entry = site.found()
        assert entry is not None
        touch(site.source)
        assert entry.verdict("demo.core:A") == site.verdict()
        assert entry.dirty, "the new time is worth keeping"

    def test_removed(self, site: Site) -> None:
        site.filled()
        entry = site.found()
        assert entry is not None
        site.source.unlink()
        assert entry.verdict("demo.core:A") is None

    def test_of_another_distribution(self, site: Site, tmp_path: Path) -> None:
        base = tmp_path / "base.py"
        base.write_text("class Base: ...\n")
        entry = site.store().create("demo", site.owner)
        entry.put("demo.core:A", site.verdict(files=[str(site.source), str(base)]))
        edit(base, "class Base: evil = 1\n")
        assert entry.verdict("demo.core:A") is None

    def test_believed_for_a_moment_only(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        entry = site.store().create("demo", site.owner)
        entry.put("demo.core:A", site.verdict())
        assert entry.verdict("demo.core:A") is not None
        before = site.source.stat().st_mtime_ns
        site.source.write_text("class A: evil = 1\n")
        os.utime(site.source, ns=(before + 10**9, before + 10**9))
        assert entry.verdict("demo.core:A") is not None
        monkeypatch.setattr(entries, "_TRUST_STAT_SECONDS", 0.0)
        assert entry.verdict("demo.core:A") is None

    def test_new_knowledge_of_a_changed_file_ends_the_old(self, site: Site) -> None:
        entry = site.store().create("demo", site.owner)
        entry.put("demo.core:A", site.verdict())
        entry.put_fact("reducers", ["x"], [str(site.source)])
        edit(site.source, "class B: ...\n")
        entry.put("demo.core:B", site.verdict())
        assert entry.verdict("demo.core:A") is None
        assert entry.fact("reducers") is None
        assert entry.verdict("demo.core:B") is not None

    def test_unreadable_is_not_kept(self, site: Site) -> None:
        entry = site.store().create("demo", site.owner)
        entry.put("demo.core:A", site.verdict(files=[str(site.folder / "absent.py")]))
        entry.put("demo.core:B", site.verdict(files=[str(site.folder)]))
        assert not entry.dirty
        assert entry.verdict("demo.core:A") is None

    def test_records_content(self, site: Site) -> None:
        import hashlib

        entry = site.store().create("demo", site.owner)
        entry.put("demo.core:A", site.verdict())
        status = site.source.stat()
        content = hashlib.sha256(site.source.read_bytes()).hexdigest()
        assert entry.files == {str(site.source): [status.st_size, status.st_mtime_ns, content]}


class TestFacts:
    def test_kept(self, site: Site) -> None:
        filled = site.store()
        entry = filled.create("demo", site.owner)
        entry.put_fact("reducers", {"a": [1]}, [str(site.source)])
        entry.put_fact("empty", None)
        filled.flush()
        found = site.found()
        assert found is not None
        assert found.fact("reducers") == {"a": [1]}
        assert found.fact("empty") is None
        assert found.fact("absent") is None

    def test_ends_with_its_files(self, site: Site) -> None:
        entry = site.store().create("demo", site.owner)
        entry.put_fact("reducers", 1, [str(site.source)])
        edit(site.source, "changed\n")
        assert entry.fact("reducers") is None


class TestMerge:
    def test_union_and_ours_wins(self, site: Site) -> None:
        one, two = site.store(), site.store()
        entry_one = one.create("demo", site.owner)
        entry_two = two.create("demo", site.owner)
        entry_one.put("demo.core:A", site.verdict(by="one"))
        entry_one.put("demo.core:B", site.verdict(by="one"))
        entry_two.put("demo.core:B", site.verdict(by="two"))
        entry_two.put("demo.core:C", site.verdict(by="two"))
        one.flush()
        two.flush()
        entry = site.found()
        assert entry is not None
        assert {key: held["by"] for key, held in entry.verdicts.items()} == {
            "demo.core:A": "one",
            "demo.core:B": "two",
            "demo.core:C": "two",
        }

    def test_index_is_a_union(self, site: Site) -> None:
        one, two = site.store(), site.store()
        one.create("demo", site.owner)
        two.create("other", site.owner._replace(name="other"))
        one.flush()
        two.flush()
        assert set(json.loads(site.index_file.read_text())["packages"]) == {"demo", "other"}

    def test_dropped_stays_dropped(self, site: Site) -> None:
        site.filled()
        mine = site.store()
        entry = mine.find("demo", site.path)
        assert entry is not None
        edit(site.source, "class A: evil = 1\n")
        assert entry.verdict("demo.core:A") is None
        mine.flush()
        assert json.loads(site.entry_file.read_text())["verdicts"] == {}

    def test_learned_from_other_content_is_not_adopted(self, site: Site) -> None:
        early = site.store()
        early.create("demo", site.owner).put("demo.core:A", site.verdict())
        edit(site.source, "class A: evil = 1\n")
        late = site.store()
        late.create("demo", site.owner).put("demo.core:B", site.verdict())
        early.flush()
        late.flush()
        entry = site.found()
        assert entry is not None
        assert set(entry.verdicts) == {"demo.core:B"}

    def test_superseded_file_is_removed(self, site: Site) -> None:
        site.filled()
        before = site.entry_file
        edit(site.record, "new\n")
        again = site.store()
        again.create("demo", site.owner).put("demo.core:A", site.verdict())
        again.flush()
        assert not before.exists()
        assert site.found() is not None

    def test_one_entry_for_all_packages_of_a_distribution(self, site: Site) -> None:
        filled = site.store()
        assert filled.create("demo", site.owner) is filled.create("demo_tools", site.owner)

    def test_many_writers(self, site: Site) -> None:
        script = (
            "import sys\n"
            "from policy_cache.kept.entries import Owner\n"
            "from policy_cache.kept.store import Store\n"
            f"owner = Owner(*{tuple(site.owner)!r})\n"
            "for round in range(20):\n"
            f"    mine = Store({str(site.cache)!r})\n"
            "    entry = mine.create('demo', owner)\n"
            f"    entry.put(f'demo:{{sys.argv[1]}}_{{round}}', {site.verdict()!r})\n"
            "    mine.flush()\n"
            "    assert mine.problem() is None\n"
        )
        command = [sys.executable, "-c", script]
        writers = [subprocess.Popen([*command, str(n)], cwd=PROJECT) for n in range(2)]
        assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
        entry = site.found()
        assert entry is not None, "whatever was lost to a race, the file is whole"
        assert len(entry.verdicts) == 40, "nothing is lost between writers that wait"
        assert [path.name for path in site.cache.glob(".*")] == [".store.lock"]


def damaged_entries() -> list[Any]:
    """Return values that no entry file holds."""
    good = {
        "schema": 1,
        "revision": 1,
        "fingerprint": "0" * 64,
        "owner": dict.fromkeys(Owner._fields, "x"),
        "files": {"/a": [1, 2, "x"]},
        "verdicts": {"a:b": {"files": ["/a"]}},
        "facts": {"a": {"files": [], "value": 1}},
    }
    changes: list[dict[str, Any]] = [
        {"schema": 2},
        {"schema": "1"},
        {"revision": 2},
        {"fingerprint": 1},
        {"fingerprint": "0"},
        {"owner": None},
        {"owner": {"kind": 1}},
        {"files": []},
        {"files": {"/a": [1, 2]}},
        {"files": {"/a": [1, True, "x"]}},
        {"files": {"/a": ["1", 2, "x"]}},
        {"verdicts": None},
        {"verdicts": {"a:b": 1}},
        {"verdicts": {"a:b": {}}},
        {"verdicts": {"a:b": {"files": "x"}}},
        {"verdicts": {"a:b": {"files": ["/unknown"]}}},
        {"verdicts": {"a:b": {"files": [1]}}},
        {"facts": {"a": {"files": []}}},
        {"facts": {"a": 1}},
    ]
    missing = [{k: v for k, v in good.items() if k != key} for key in good]
    return [None, 1, [], "x", {}, *missing, *({**good, **change} for change in changes)]


class TestDamage:
    @pytest.mark.parametrize("value", damaged_entries(), ids=str)
    def test_misshapen_entry_is_absent(self, value: Any) -> None:
        assert Entry.from_json(value) is None

    @pytest.mark.parametrize("which", ["entry_file", "index_file"])
    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b'{"schema": 2}'])
    def test_absent_and_replaced(self, site: Site, which: str, content: bytes) -> None:
        site.filled()
        getattr(site, which).write_bytes(content)
        assert site.found() is None
        again = site.filled()
        assert again.find("demo", site.path) is not None
        assert site.found() is not None

    def test_truncated_at_every_byte(self, site: Site) -> None:
        site.filled()
        for file in (site.entry_file, site.index_file):
            whole = file.read_bytes()
            for length in range(len(whole) - 2):
                file.write_bytes(whole[:length])
                assert site.found() is None
            file.write_bytes(whole)
        assert site.found() is not None

    @pytest.mark.parametrize("name", ["../out.json", "/etc/x.json", "..", ".x-1-2.json", "a.json"])
    def test_index_leads_nowhere_else(self, site: Site, name: str) -> None:
        site.filled()
        index = json.loads(site.index_file.read_text())
        index["packages"]["demo"]["entry"] = name
        site.index_file.write_text(json.dumps(index))
        assert site.found() is None

    def test_entry_of_another_owner_under_its_name(self, site: Site) -> None:
        site.filled()
        value = json.loads(site.entry_file.read_text())
        value["fingerprint"] = "f" * 64
        site.entry_file.write_text(json.dumps(value))
        assert site.found() is None


@pytest.mark.skipif(os.name != "posix", reason="POSIX owners and modes")
class TestBelief:
    def test_own_files_are_private(self, site: Site) -> None:
        site.filled()
        assert {p.stat().st_mode & 0o777 for p in site.cache.iterdir()} == {0o600}
        assert site.cache.stat().st_mode & 0o777 == 0o700

    @pytest.mark.parametrize("which", ["entry_file", "index_file", "cache"])
    def test_writable_by_others(self, site: Site, which: str) -> None:
        site.filled()
        getattr(site, which).chmod(0o777)
        mine = site.store()
        assert mine.find("demo", site.path) is None
        assert "can be written by others" in (mine.problem() or "")
        assert mine.problem() is None, "said once"

    def test_writable_folder_is_not_written_to(self, site: Site) -> None:
        site.cache.mkdir(mode=0o700)
        site.cache.chmod(0o777)
        mine = site.store()
        mine.create("demo", site.owner).put("demo.core:A", site.verdict())
        mine.flush()
        assert list(site.cache.iterdir()) == []

    def test_linked_folder(self, site: Site, tmp_path: Path) -> None:
        site.filled()
        (tmp_path / "link").symlink_to(site.cache)
        mine = Store(str(tmp_path / "link"))
        assert mine.find("demo", site.path) is None
        assert "symbolic link" in (mine.problem() or "")

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
    @pytest.mark.parametrize("which", ["entry_file", "index_file", "cache"])
    def test_of_another_user(self, site: Site, which: str) -> None:
        site.filled()
        os.chown(getattr(site, which), 65534, 65534)
        mine = site.store()
        assert mine.find("demo", site.path) is None
        assert "another user" in (mine.problem() or "")


class TestTrouble:
    @pytest.mark.parametrize("root", ["", "file/cache", "file"])
    def test_works_from_memory(self, site: Site, root: str, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        mine = Store(str(tmp_path / root) if root else "")
        mine.create("demo", site.owner).put("demo.core:A", site.verdict())
        mine.flush()
        entry = mine.find("demo", site.path)
        assert entry is not None
        assert entry.verdict("demo.core:A") is not None
        problems = iter(mine.problem, None)
        assert any("policies are not kept" in problem for problem in problems)
        mine.flush()
        assert mine.problem() is None, "said once"

    def test_full_disk(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        mine = site.store()
        mine.create("demo", site.owner).put("demo.core:A", site.verdict())

        def full(source: object, target: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, "replace", full)
            mine.flush()
        assert "No space left" in (mine.problem() or "")
        assert [p.name for p in site.cache.iterdir()] == [".store.lock"]
        mine.flush()
        assert site.found() is not None, "tried again"

    def test_what_is_no_json(self, site: Site) -> None:
        mine = site.store()
        mine.create("demo", site.owner).put("demo.core:A", site.verdict(bad={1, 2}))
        mine.flush()
        assert "policies are not kept" in (mine.problem() or "")

    def test_nothing_new_writes_nothing(self, site: Site) -> None:
        mine = site.store()
        mine.flush()
        assert not site.cache.exists()

    def test_threads(self, site: Site) -> None:
        mine = site.store()
        failures: list[BaseException] = []

        def work(number: int) -> None:
            try:
                for turn in range(25):
                    entry = mine.create("demo", site.owner)
                    entry.put(f"demo:{number}_{turn}", site.verdict())
                    assert entry.verdict(f"demo:{number}_{turn}") is not None
                    mine.flush()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        entry = site.found()
        assert failures == []
        assert entry is not None
        assert len(entry.verdicts) == 100

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
    def test_fork_while_another_thread_holds_the_lock(self, site: Site) -> None:
        site.filled()
        script = (
            "import os, threading\n"
            "from policy_cache.kept import entries, store\n"
            "held, done = threading.Event(), threading.Event()\n"
            "def hold():\n"
            "    with entries.lock:\n"
            "        held.set()\n"
            "        done.wait()\n"
            "threading.Thread(target=hold).start()\n"
            "held.wait()\n"
            "child = os.fork()\n"
            "if child == 0:\n"
            f"    mine = store.Store({str(site.cache)!r})\n"
            f"    os._exit(0 if mine.find('demo', {site.path!r}) else 1)\n"
            "status = os.waitpid(child, 0)[1]\n"
            "done.set()\n"
            "raise SystemExit(status)\n"
        )
        command = [sys.executable, "-W", "ignore", "-c", script]
        subprocess.run(command, cwd=PROJECT, timeout=30, check=True)


class TestEntries:
    def test_for_people(self, site: Site) -> None:
        site.filled()
        (summary,) = store.summaries(str(site.cache))
        assert summary[:2] == ("demo", "1.0")
        assert summary.path == str(site.entry_file)
        assert summary.globals == 1
        assert summary.size == site.entry_file.stat().st_size

    def test_none(self, site: Site) -> None:
        assert list(store.summaries(str(site.cache))) == []
        assert list(store.summaries("")) == []

    def test_default_folder(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        site.filled()
        monkeypatch.setenv("PICKLEBALL_CACHE", str(site.cache))
        assert store.cache_folder() == str(site.cache)
        assert len(list(store.summaries())) == 1
