"""Source files on disk and in zip archives, as importing them would read them."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def read(path: str, most: int = -1) -> bytes:
    """Return the content of a file, also of one in an archive (``app.pyz/package/module.py``).

    Parameters
    ----------
    path : str
    most : int
        Read no more than so many bytes; all if negative.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    try:
        with open(path, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            # Room for the whole of `most` would be fetched for each small file.
            return stream.read(size + 1 if 0 < size < most else most)
    except (NotADirectoryError, FileNotFoundError):
        archive = archive_of(path)
        if not archive:
            raise
    import zipimport

    content = zipimport.zipimporter(archive).get_data(path)
    return content if most < 0 else content[:most]


def archive_of(path: str) -> str:
    """Return the archive that Python imports `path` from, ``""`` if it is no part of one."""
    folder = os.path.dirname(path)
    while folder and not os.path.exists(folder):
        folder, last = os.path.dirname(folder), folder
        if folder == last:
            return ""
    finder = sys.path_importer_cache.get(folder) if os.path.isfile(folder) else None
    return folder if type(finder).__name__ == "zipimporter" else ""


def stamp(path: str) -> object:
    """Return what changes when a file does; of a file in an archive, when the archive does."""
    for candidate in (path, archive_of(path)):
        try:
            found = os.stat(candidate)
        except (OSError, ValueError):
            continue
        return found.st_size, found.st_mtime_ns
    return None


def python_files(root: str, skipped: frozenset[str]) -> Iterator[tuple[str, list[str]]]:
    """Return the Python files below a folder, each with the folders between and its name.

    Parameters
    ----------
    root : str
        A folder, or one in an archive.
    skipped : frozenset of str
        Names of folders that are left out.
    """
    if os.path.isdir(root):
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(f for f in folders if f not in skipped)
            inner = [p for p in os.path.relpath(folder, root).split(os.sep) if p != "."]
            for name in sorted(names):
                if name.endswith(".py"):
                    yield os.path.join(folder, name), [*inner, name]
        return
    archive = archive_of(os.path.join(root, "__init__.py"))
    if not archive:
        return
    import zipimport

    inside = os.path.relpath(root, archive).split(os.sep)
    files = zipimport._zip_directory_cache.get(archive, {})  # type: ignore[attr-defined]
    for name in sorted(files):
        parts = name.split(os.sep)
        below = parts[len(inside) :]
        is_inside = parts[: len(inside)] == inside and name.endswith(".py") and below
        if is_inside and skipped.isdisjoint(below[:-1]):
            yield os.path.join(archive, name), below
