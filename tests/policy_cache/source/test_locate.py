"""A module name to its file and owner."""

from __future__ import annotations

import json.decoder
import os
import sys
import types
from pathlib import Path

import pytest

from policy_cache.source.distributions import DISTRIBUTION, LOCAL, PROGRAM, STDLIB
from policy_cache.source.locate import Module, forget, is_stdlib, locate


def located(name: str) -> Module:
    found = locate(name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["", ".", "a..b", "a b", "../x", "os;x", "os.", "x" * 5000 + "."])
def test_no_module_name(name: str) -> None:
    assert locate(name) is None


def test_nothing_is_imported(library) -> None:
    library.install("acme", {"acme/__init__.py": "raise SystemExit", "acme/a/b.py": ""})
    library.install(
        "deep", {"deep/__init__.py": "1/0", "deep/a/__init__.py": "1/0", "deep/a/b.py": ""}
    )
    assert located("deep.a.b").file == str(library.folder / "deep/a/b.py")
    assert located("deep.a.b").owner.name == "deep"
    assert "deep" not in sys.modules


def test_package_and_module(library) -> None:
    library.install("acme", {"acme/__init__.py": "", "acme/a.py": ""})
    package, module = located("acme"), located("acme.a")
    assert (package.kind, package.package, module.package) == ("source", True, False)
    assert package.owner.kind == module.owner.kind == DISTRIBUTION
    assert locate("acme.absent") is None
    assert locate("acme.a.b") is None


def test_extension(library) -> None:
    suffix = __import__("importlib.machinery").machinery.EXTENSION_SUFFIXES[0]
    library.install("acme", {f"acme{suffix}": b"\0"})
    assert located("acme").kind == "extension"


def test_extension_beside_its_source(library) -> None:
    """Compiled from it if both are of one distribution; one by another hand is what would run."""
    suffix = __import__("importlib.machinery").machinery.EXTENSION_SUFFIXES[0]
    library.install("acme", {f"acme{suffix}": b"\0", "acme.py": "class Thing: pass"})
    assert located("acme").kind == "source"
    library.install("other", {"other.py": "class Thing: pass"})
    library.write(f"other{suffix}", b"\0")
    library.forget()
    assert located("other").kind == "extension"
    assert located("other").file.endswith(suffix)
    assert located("other").owner.kind != DISTRIBUTION


def test_bytecode_without_source(library) -> None:
    """It can be imported, so it must not pass for a module that does not exist."""
    library.install("acme", {"acme/__init__.py": "", "acme/a.pyc": b"\0"})
    library.write("stray.pyc", b"\0")
    assert (located("acme.a").kind, located("acme.a").owner.kind) == ("opaque", DISTRIBUTION)
    assert located("stray").kind == "opaque"


def test_folder_without_init_in_a_package(library) -> None:
    library.install("acme", {"acme/__init__.py": "", "acme/p/q/c.py": ""})
    assert located("acme.p.q").kind == "namespace"
    assert located("acme.p.q.c").owner.name == "acme"
    assert locate("acme.p.absent") is None


def test_namespace(library) -> None:
    library.install("acme", {"space/a.py": ""})
    assert located("space").kind == "namespace"
    assert located("space.a").owner.name == "acme"


class TestStandardLibrary:
    @pytest.mark.parametrize("name", ["json", "json.decoder", "collections.abc", "os", "os.path"])
    def test_source(self, name: str) -> None:
        found = located(name)
        assert found.owner.kind == STDLIB
        assert os.path.isfile(found.file)

    def test_builtin_and_extension(self) -> None:
        assert located("builtins").kind == "builtin"
        assert located("_json").kind in ("builtin", "extension")

    @pytest.mark.parametrize("name", ["json", "collections", "sched"])
    def test_shadow_on_the_path_is_not_it(self, library, name: str) -> None:
        library.install(name, {f"{name}/__init__.py": "", f"{name}/extra.py": "", f"{name}.py": ""})
        assert located(name).owner.kind == STDLIB
        assert not located(name).file.startswith(str(library.folder))
        assert locate(f"{name}.extra") is None

    def test_is_stdlib(self) -> None:
        assert is_stdlib("json.decoder")
        assert is_stdlib("builtins")
        assert not is_stdlib("numpy")
        assert json.decoder.__name__ in sys.modules


class TestProgram:
    def test_stray_file_is_local(self, library, monkeypatch: pytest.MonkeyPatch) -> None:
        """A folder that is on the path only as the working directory is nobody's."""
        library.write("stray.py", "")
        monkeypatch.chdir(library.folder)
        assert located("stray").owner.kind == LOCAL

    def test_imported_module_is_the_programs(self, library, monkeypatch) -> None:
        library.write("stray_imported.py", "")
        monkeypatch.chdir(library.folder)
        assert located("stray_imported").owner.kind == LOCAL
        __import__("stray_imported")
        assert located("stray_imported").owner.kind == PROGRAM

    def test_folder_put_on_the_path(self, library) -> None:
        library.write("stray.py", "")
        assert located("stray").owner.kind == PROGRAM

    def test_pythonpath(self, library, monkeypatch: pytest.MonkeyPatch) -> None:
        library.write("stray.py", "")
        monkeypatch.chdir(library.folder)
        monkeypatch.setenv("PYTHONPATH", f"/nowhere{os.pathsep}{library.folder}")
        assert located("stray").owner.kind == PROGRAM

    def test_folder_of_the_script(self, library, monkeypatch: pytest.MonkeyPatch) -> None:
        library.write("stray.py", "")
        monkeypatch.chdir(library.folder)
        main = types.ModuleType("__main__")
        main.__file__ = str(library.folder / "script.py")
        main.__spec__ = None
        monkeypatch.setitem(sys.modules, "__main__", main)
        assert located("stray").owner.kind == PROGRAM

    def test_implicit_namespace_package_is_not(self, library) -> None:
        library.write("downloads/model/helper.py", "")
        assert located("downloads").owner.kind == LOCAL

    @pytest.mark.parametrize("name", ["__main__", "__mp_main__"])
    def test_main(self, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        main = types.ModuleType("__main__")
        monkeypatch.setitem(sys.modules, name, main)
        assert located(name).kind == "live"
        main.__file__ = str(tmp_path / "script.py")
        assert (located(name).kind, located(name).owner.kind) == ("source", PROGRAM)
        monkeypatch.delitem(sys.modules, name)
        assert locate(name) is None


def test_alias_in_sys_modules(library, monkeypatch: pytest.MonkeyPatch) -> None:
    """``import acme; sys.modules["old_name"] = acme`` (six.moves, numpy.core) is that module."""
    library.module("")
    import acme  # type: ignore[import-not-found]

    monkeypatch.setitem(sys.modules, "old_name", acme)
    assert located("old_name") == located("acme")


def test_module_made_at_run_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "made.py"
    file.touch()
    made = types.ModuleType("made_at_run_time")
    made.__file__ = str(file)
    monkeypatch.setitem(sys.modules, "made_at_run_time", made)
    assert located("made_at_run_time").owner.kind == PROGRAM


def test_module_without_any_file_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "no_file", types.ModuleType("no_file"))
    assert locate("no_file") is None


def test_failing_finder_finds_nothing(library, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def find_spec(self, *args: object) -> None:
            raise ValueError

    library.module("")
    monkeypatch.setattr(sys, "meta_path", [Broken(), object(), *sys.meta_path])
    assert located("acme").owner.name == "acme"


def test_what_is_installed_later_is_found(library) -> None:
    assert locate("acme") is None
    library.module("")
    assert locate("acme") is not None


def test_what_is_imported_later_is_seen(library, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict on a local module must not outlive its import by the program."""
    library.write("late.py", "")
    monkeypatch.chdir(library.folder)
    assert located("late").owner.kind == LOCAL
    monkeypatch.setitem(sys.modules, "late", types.ModuleType("late"))
    assert located("late").owner.kind == PROGRAM
    forget()


def test_modules_that_an_extension_module_makes_belong_to_its_file() -> None:
    pytest.importorskip("numpy.random")
    whole = locate("numpy.random.mtrand")
    part = locate("numpy.random.mtrand.made")
    assert whole is not None and part is not None
    assert (part.name, part.file, part.owner) == (
        "numpy.random.mtrand.made",
        whole.file,
        whole.owner,
    )
