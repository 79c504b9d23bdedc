"""What all attacks share: the library with gadgets, and the child interpreters they run in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.attacks.harness import HERE, Arenas


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a site folder with the library installed in it, as pip would leave it."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(
        HERE / "library", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
    )
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.py"))
    info = folder / "gadgets-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gadgets\nVersion: 1.0\n")
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    return folder


@pytest.fixture(scope="module")
def arenas(
    request: pytest.FixtureRequest, site: Path, tmp_path_factory: pytest.TempPathFactory
) -> Arenas:
    """Run the ``ATTACKS`` of the requesting module."""
    return Arenas(site, tmp_path_factory.mktemp("arena"), request.module.ATTACKS)
