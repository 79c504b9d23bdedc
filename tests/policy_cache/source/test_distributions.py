"""Which installed distribution holds a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policy_cache.source import distributions
from policy_cache.source.distributions import DISTRIBUTION, Owner, owner_of


def owner(library, path: str, module: str) -> Owner | None:
    distributions.forget()
    return owner_of(str(library.folder / path), module)


def test_module_and_package(library) -> None:
    library.install(
        "Acme-Tools", {"acme.py": "", "tools/__init__.py": "", "tools/a/b.py": ""}, "2.1"
    )
    for path, module in (("acme.py", "acme"), ("tools/__init__.py", "tools")):
        found = owner(library, path, module)
        assert found is not None
        assert (found.kind, found.name, found.version) == (DISTRIBUTION, "Acme-Tools", "2.1")
    assert owner(library, "tools/a/b.py", "tools.a.b") == found


def test_not_in_any_record(library) -> None:
    library.install("acme", {"acme/__init__.py": ""})
    library.write("acme/added.py", "")
    library.write("stray.py", "")
    assert owner(library, "acme/added.py", "acme.added") is None
    assert owner(library, "stray.py", "stray") is None


def test_name_in_a_record_must_be_whole(library) -> None:
    """``acme.py`` of a RECORD does not speak for ``me.py`` nor for ``acme.pyc.py``."""
    library.install("acme", {"acme.py": "", "deep/acme.py": ""})
    library.write("me.py", "")
    library.write("acme", "")
    assert owner(library, "me.py", "me") is None
    assert owner(library, "acme", "acme") is None


def test_quoted_row(library) -> None:
    library.install("acme", {"acme,1.py": ""})
    (record,) = library.folder.glob("*/RECORD")
    record.write_text('"acme,1.py",,\n')
    assert owner(library, "acme,1.py", "acme,1") is not None


def test_namespace_package_has_many_owners(library) -> None:
    library.install("one", {"space/one.py": ""})
    library.install("two", {"space/two.py": ""})
    owners = [owner(library, f"space/{name}.py", f"space.{name}") for name in ("one", "two")]
    assert [found and found.name for found in owners] == ["one", "two"]


def test_without_record_only_in_a_site_folder(library, monkeypatch: pytest.MonkeyPatch) -> None:
    library.install("acme", {"acme/__init__.py": ""}, record=False)
    assert owner(library, "acme/__init__.py", "acme") is None
    monkeypatch.setattr("site.getsitepackages", lambda: [str(library.folder)])
    found = owner(library, "acme/__init__.py", "acme")
    assert found is not None
    assert found.name == "acme"
    library.write("stray.py", "")
    assert owner(library, "stray.py", "stray") is None


def editable(library, tree: Path, info: dict[str, object]) -> None:
    library.install("acme", {})
    library.write(
        "acme-1.0.dist-info/direct_url.json",
        json.dumps({"url": tree.as_uri(), "dir_info": info}),
    )


@pytest.mark.parametrize(("info", "found"), [({"editable": True}, True), ({}, False)])
def test_editable_tree(library, tmp_path: Path, info: dict[str, object], found: bool) -> None:
    tree = tmp_path / "source tree"
    (tree / "src" / "acme").mkdir(parents=True)
    file = tree / "src" / "acme" / "__init__.py"
    file.touch()
    editable(library, tree, info)
    distributions.forget()
    assert (owner_of(str(file), "acme") is not None) is found


def test_editable_tree_does_not_own_its_neighbour(library, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree-2").mkdir()
    (tmp_path / "tree-2" / "acme.py").touch()
    editable(library, tmp_path / "tree", {"editable": True})
    distributions.forget()
    assert owner_of(str(tmp_path / "tree-2" / "acme.py"), "acme") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": 3, "dir_info": {"editable": true}}'])
def test_damaged_direct_url(library, tmp_path: Path, text: str) -> None:
    library.install("acme", {"acme-1.0.dist-info/direct_url.json": text})
    (tmp_path / "acme.py").touch()
    distributions.forget()
    assert owner_of(str(tmp_path / "acme.py"), "acme") is None
