"""Which installed distribution holds a file.

Answered from the file, not from a map of all distributions: building that map costs half a second
in a large environment, and a namespace package such as ``nvidia`` has many owners.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from functools import lru_cache
from typing import NamedTuple

STDLIB = "stdlib"
DISTRIBUTION = "distribution"
PROGRAM = "program"
LOCAL = "local"


class Owner(NamedTuple):
    """To whom a module belongs.

    Attributes
    ----------
    kind : str
        ``stdlib``, ``distribution``, ``program`` or ``local``.
    name, version : str
        Of the distribution or interpreter.
    record : str
        Path of the ``RECORD`` (or of the metadata file that stands in for it), or ``""``.
    root : str
        Folder that holds the distribution's import packages, or ``""``.
    """

    kind: str
    name: str = ""
    version: str = ""
    record: str = ""
    root: str = ""


_records: dict[str, bytes] = {}
_owners: dict[str, Owner | None] = {}


def forget() -> None:
    """Forget what was read (packages may have been installed since)."""
    _records.clear()
    _owners.clear()
    _describe.cache_clear()
    _listed.cache_clear()
    _likely_first.cache_clear()


def owner_of(file: str, module: str) -> Owner | None:
    """Return the distribution that holds `file`, or None.

    Parameters
    ----------
    file : str
        Absolute path of a module's file, or of a folder of a namespace package.
    module : str
        The module's dotted name.
    """
    if file not in _owners:
        _owners[file] = _find_owner(os.path.abspath(file), module)
    return _owners[file]


def _find_owner(file: str, module: str) -> Owner | None:
    for root in _ancestors(file, module.count(".") + 2):
        infos = _metadata_folders(root)
        if not infos:
            continue
        relative = os.path.relpath(file, root).replace(os.sep, "/")
        for info in _likely_first(infos, module.partition(".")[0]):
            if _lists(info, relative):
                return _describe(info, root)
        if os.path.normcase(root) in _site_folders():
            return _unrecorded(infos, root, module)
    return _editable_owner(file)


def _ancestors(file: str, limit: int) -> list[str]:
    folders = []
    folder = os.path.dirname(file)
    for _ in range(limit):
        folders.append(folder)
        folder = os.path.dirname(folder)
    return folders


def _metadata_folders(root: str) -> tuple[str, ...]:
    try:
        return _listed(root, os.stat(root).st_mtime_ns)
    except OSError:
        return ()


@lru_cache(maxsize=1024)
def _listed(root: str, changed: int) -> tuple[str, ...]:
    """List a folder once each time that it has `changed`, not for each of its files."""
    ends = (".dist-info", ".egg-info")
    return tuple(os.path.join(root, name) for name in os.listdir(root) if name.endswith(ends))


@lru_cache(maxsize=256)
def _likely_first(infos: tuple[str, ...], package: str) -> list[str]:
    """Put the distribution that is named like the package first: it is the owner nearly always."""
    top = package.lower().replace("-", "_")
    return sorted(infos, key=lambda info: top not in os.path.basename(info).lower())


def _lists(info: str, relative: str) -> bool:
    """Tell whether the ``RECORD`` in `info` lists the file or folder `relative`."""
    record = _read(os.path.join(info, "RECORD"))
    path = relative.encode()
    return any(
        record.startswith(line) or b"\n" + line in record
        for line in (path + b",", b'"' + path + b'",', path + b"/")
    )


def _read(path: str) -> bytes:
    if path not in _records:
        try:
            with open(path, "rb") as stream:
                _records[path] = stream.read()
        except OSError:
            _records[path] = b""
    return _records[path]


@lru_cache(maxsize=1024)
def _describe(info: str, root: str) -> Owner:
    from importlib_metadata import Distribution  # deferred: 20 ms, and only a cold look-up needs it

    distribution = Distribution.at(info)
    record = os.path.join(info, "RECORD")
    if not os.path.isfile(record):
        record = next(
            (
                p
                for p in (os.path.join(info, n) for n in ("METADATA", "PKG-INFO"))
                if os.path.isfile(p)
            ),
            info if os.path.isfile(info) else "",
        )
    return Owner(DISTRIBUTION, str(distribution.name), str(distribution.version), record, root)


def _site_folders() -> frozenset[str]:
    """Site folders that only their owner writes: where a file without a ``RECORD`` is believed."""
    import site

    candidates = [*getattr(site, "PREFIXES", ())]
    folders = [os.path.join(prefix, "lib", "python3", "dist-packages") for prefix in candidates]
    with contextlib.suppress(AttributeError, OSError):  # virtualenv's own old site module
        folders += [*site.getsitepackages(), site.getusersitepackages()]
    return frozenset(os.path.normcase(os.path.abspath(folder)) for folder in folders)


def _unrecorded(infos: tuple[str, ...], root: str, module: str) -> Owner | None:
    """Find a distribution whose metadata has no ``RECORD`` (Debian's and Fedora's packages)."""
    top = module.partition(".")[0]
    for info in infos:
        if os.path.isfile(os.path.join(info, "RECORD")):
            continue
        names = _read(os.path.join(info, "top_level.txt")).decode(errors="replace").split()
        stem = os.path.basename(info).partition("-")[0].lower().replace("-", "_")
        if top in names or stem == top.lower():
            return _describe(info, root)
    return None


def _editable_owner(file: str) -> Owner | None:
    """Find the distribution whose editable source tree holds `file` (PEP 610)."""
    for entry in sys.path:
        for info in _metadata_folders(entry) if entry else ():
            tree = _editable_tree(info)
            if tree and os.path.realpath(file).startswith(tree + os.sep):
                return _describe(info, tree)
    return None


def _editable_tree(info: str) -> str | None:
    text = _read(os.path.join(info, "direct_url.json"))
    if not text:
        return None
    from urllib.parse import unquote, urlsplit  # deferred: 4 ms, and few distributions have one

    try:
        value = json.loads(text)
        if not value["dir_info"].get("editable"):
            return None
        return os.path.realpath(unquote(urlsplit(value["url"]).path))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
