"""Write and remove the files that make every interpreter of an environment guarded.

pip puts ``pickleball_auto_startup.pth`` and its PEP 829 twin ``.start`` into site-packages and
takes them away again. `disable` removes them without uninstalling the package, `enable` brings
back the very same bytes, so that pip's ``RECORD`` holds again.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable
from typing import NamedTuple

FILES = ("pickleball_auto_startup.pth", "pickleball_auto_startup.start")

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class StartupFile(NamedTuple):
    """A start-up file that is in place.

    Attributes
    ----------
    path : str
        Where it is.
    current : bool
        Whether it is the file that this version of the package ships.
    """

    path: str
    current: bool


def site_folders() -> list[str]:
    """Return the folders whose start-up files a plain interpreter of this environment runs.

    They are those of the `site` module (the user's own only where it is enabled), and the
    folder that this package is installed in, which ``pip install --target`` and
    `site.addsitedir` may put anywhere.
    """
    import site
    import sysconfig

    folders = [sysconfig.get_path("purelib"), *site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    installed = _installed_folder()
    if installed is not None:
        folders.insert(0, installed)
    return list(dict.fromkeys(os.path.abspath(folder) for folder in folders))


def own_folders() -> list[str]:
    """Return those of `site_folders` that belong to this environment alone.

    A virtual environment may see the folders of the interpreter it is made from and of its user
    (``include-system-site-packages``); what is in them is not for it to change.
    """
    import site

    folders = site_folders()
    if sys.prefix == sys.base_prefix:
        return folders
    foreign = (sys.base_prefix, site.getuserbase())
    return [
        folder
        for folder in folders
        if _inside(folder, sys.prefix) or not any(_inside(folder, other) for other in foreign)
    ]


def startup_files(folders: Iterable[str] | None = None) -> list[StartupFile]:
    """Return every start-up file of this package in `folders`, by default `site_folders`."""
    found = []
    for folder in site_folders() if folders is None else folders:
        for name in FILES:
            path = os.path.join(folder, name)
            content = _read(path)
            if content is not None:
                found.append(StartupFile(path, content == _shipped(name)))
    return found


def enable() -> list[str]:
    """Write the start-up files into the first of `own_folders` that can be written to.

    That is the folder the package is installed in, else the environment's site-packages, else
    the user's. Files of another version that are already in place are replaced where they are.

    Returns
    -------
    list of str
        The files written; empty when all were in place already.

    Raises
    ------
    OSError
        No folder can be written to.
    """
    present = startup_files(own_folders())
    if present:
        return _complete(os.path.dirname(present[0].path))
    refusal: OSError | None = None
    for folder in own_folders():
        try:
            os.makedirs(folder, exist_ok=True)
            return _complete(folder)
        except OSError as error:
            refusal = refusal or error
    raise refusal or FileNotFoundError("this environment has no site-packages folder")


def disable() -> list[str]:
    """Remove the start-up files from all of `own_folders`.

    Returns
    -------
    list of str
        The files removed; empty when there were none.

    Raises
    ------
    OSError
        A file cannot be removed; the others are.
    """
    removed = []
    refusal: OSError | None = None
    for file in startup_files(own_folders()):
        try:
            os.remove(file.path)
        except OSError as error:
            refusal = refusal or error
        else:
            removed.append(file.path)
    if refusal is not None:
        raise refusal
    return removed


def live_in_plain_python() -> bool | None:
    """Start this environment's interpreter and ask it whether it is guarded.

    Returns
    -------
    bool or None
        None where there is no interpreter to ask (``sys.executable`` is empty, or is a program
        that embeds Python and does not answer).
    """
    import subprocess

    question = (
        "import sys; print('guarded:', any("
        "getattr(finder, '__name__', '') == 'PickleballFinder' for finder in sys.meta_path))"
    )
    if not sys.executable:
        return None
    try:
        answer = subprocess.run(
            [sys.executable, "-c", question],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return {"guarded: True": True, "guarded: False": False}.get(answer.strip())


def _inside(path: str, folder: str) -> bool:
    try:
        return os.path.commonpath([os.path.realpath(path), os.path.realpath(folder)]) == (
            os.path.realpath(folder)
        )
    except ValueError:  # different drives
        return False


def _installed_folder() -> str | None:
    """Return the folder that an installer put this package in; None for an editable install."""
    folder = os.path.dirname(_PACKAGE)
    try:
        names = os.listdir(folder)
    except OSError:  # a zip file, say
        return None
    installed = any(
        name.startswith("pickleball_auto-") and name.endswith(".dist-info") for name in names
    )
    return folder if installed else None


def _shipped(name: str) -> bytes:
    with open(os.path.join(_PACKAGE, "data", name), "rb") as file:
        return file.read()


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _complete(folder: str) -> list[str]:
    """Write those start-up files that are not in `folder` as they are shipped."""
    written = []
    for name in FILES:
        path = os.path.join(folder, name)
        if _read(path) != _shipped(name):
            _replace(path, _shipped(name))
            written.append(path)
    return written


def _replace(path: str, content: bytes) -> None:
    # Never half a line in a file that every interpreter runs; and not by tempfile, whose 0600
    # would keep the other users of the environment from reading it.
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "xb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise
