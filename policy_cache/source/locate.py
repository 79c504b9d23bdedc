"""A module name to its file and its owner, importing nothing.

Who owns a module decides under which rules it may be used at all:

``stdlib``
    the interpreter's own library: only what the base policy lists;
``distribution``
    a file that an installed distribution's ``RECORD`` (or editable source tree) holds;
``program``
    a module the running program has imported, or one in the program's own folders;
``local``
    anything else that happens to be importable: never imported on a file's word.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder
from typing import Any, NamedTuple

from policy_cache.source import distributions
from policy_cache.source.distributions import LOCAL, PROGRAM, STDLIB, Owner

_STDLIB_FOLDER = os.path.dirname(os.path.realpath(os.__file__))


class Module(NamedTuple):
    """Where a module's code is.

    Attributes
    ----------
    name : str
        Dotted name under which its source was found.
    kind : str
        ``source``, ``extension``, ``opaque`` (bytecode without source), ``namespace``,
        ``builtin`` or ``live`` (made at run time, without a file).
    file : str
        Path of the source or extension file; ``""`` if there is none.
    package : bool
        Whether it can have submodules.
    path : tuple of str
        Folders in which submodules are looked up.
    owner : Owner
    """

    name: str
    kind: str
    file: str
    package: bool
    path: tuple[str, ...]
    owner: Owner


_modules: dict[str, Module | None] = {}


def forget() -> None:
    """Forget every look-up (packages may have been installed or imported since)."""
    _modules.clear()
    distributions.forget()


def locate(name: str) -> Module | None:
    """Find the module `name`.

    Parameters
    ----------
    name : str
        Absolute dotted name.

    Returns
    -------
    Module or None
        None if no such module can be found without importing anything.
    """
    try:
        return _modules[name]
    except KeyError:
        pass
    module = _find(name) if _is_dotted_name(name) else None
    if module is None or module.owner.kind in (LOCAL, PROGRAM):
        # What the program imports later must be seen then.
        return module
    _modules[name] = module
    return module


def _is_dotted_name(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def would_import(name: str) -> str:
    """Return the file that importing `name` would run now, ``""`` if there is none.

    Cheaper than :func:`locate`: it does not ask who owns the file. A folder that has come to stand
    before the library's on ``sys.path`` shows here.
    """
    spec = _spec(name)
    return os.path.abspath(spec.origin) if spec and spec.has_location and spec.origin else ""


def _spec(name: str) -> ModuleSpec | None:
    parent, _, _ = name.rpartition(".")
    if not parent:
        return _find_top_level(name)
    if parent in sys.modules:
        path = getattr(sys.modules[parent], "__path__", None)
    else:
        above = _spec(parent)
        path = above.submodule_search_locations if above is not None else None
    return _search(name, list(path)) if path else None


def is_stdlib(name: str) -> bool:
    """Tell whether the top-level package of `name` belongs to the standard library."""
    top = name.partition(".")[0]
    return top in sys.stdlib_module_names or top in sys.builtin_module_names


def _find(name: str) -> Module | None:
    if name in ("__main__", "__mp_main__"):
        return _find_main(name)
    if is_stdlib(name):
        return _find_stdlib(name)
    parent_name, _, _ = name.rpartition(".")
    if not parent_name:
        spec = _find_top_level(name)
    else:
        parent = locate(parent_name)
        if parent is None:
            return _find_live(name)
        if parent.kind == "extension" and not parent.package:
            return parent._replace(name=name)  # made by the extension module when it is imported
        spec = _search(name, list(parent.path)) if parent.package else None
    if spec is None:
        return _find_live(name)
    return _from_spec(name, spec)


def _find_main(name: str) -> Module | None:
    module = sys.modules.get(name)
    if module is None:
        return None
    file = main_file(name)
    has_source = file.endswith((".py", ".pyw")) if file else _is_typed(module)
    kind = "source" if has_source else "live"
    return Module(
        name, kind, os.path.abspath(file) if file else "", False, (), Owner(PROGRAM, name)
    )


def main_file(name: str = "__main__") -> str:
    """Return the file of the program, ``""`` if it has none: typed, piped or given with ``-c``.

    What comes from a pipe, and at the prompt of Python 3.13, is said to be of ``<stdin>``.
    """
    file = getattr(sys.modules.get(name), "__file__", None)
    return file if isinstance(file, str) and not file.startswith("<") else ""


def _is_typed(main: Any) -> bool:
    """Tell whether the source of ``__main__`` is known though it has no file."""
    from policy_cache.source import cells

    return bool(cells.text(main))


def _find_stdlib(name: str) -> Module | None:
    """Look only in the interpreter's own folders: what shadows them on ``sys.path`` is not it."""
    owner = Owner(STDLIB, "python", ".".join(map(str, sys.version_info[:3])))
    if name in sys.builtin_module_names:
        return Module(name, "builtin", "", False, (), owner)
    base = os.path.join(_STDLIB_FOLDER, *name.split("."))
    package = os.path.join(base, "__init__.py")
    if os.path.isfile(package):
        return Module(name, "source", package, True, (base,), owner)
    if os.path.isfile(base + ".py"):
        return Module(name, "source", base + ".py", False, (), owner)
    for suffix in EXTENSION_SUFFIXES:
        file = os.path.join(_STDLIB_FOLDER, "lib-dynload", name + suffix)
        if os.path.isfile(file):
            return Module(name, "extension", file, False, (), owner)
    live = sys.modules.get(name)
    if live is not None and name == "os.path":
        return _find_stdlib(live.__name__)
    return None


def _find_top_level(name: str) -> ModuleSpec | None:
    for finder in sys.meta_path:
        find_spec: Any = getattr(finder, "find_spec", None)
        try:
            spec: ModuleSpec | None = find_spec(name, None) if find_spec else None
        except Exception:  # a foreign finder's failure is "not found here"
            spec = None
        if spec is not None:
            return spec
    return None


def _search(name: str, path: list[str]) -> ModuleSpec | None:
    try:
        return PathFinder.find_spec(name, path)
    except KeyError:  # a namespace package asks its parent, which is not imported, for its path
        return _namespace(name, path)
    except Exception:  # unreadable folder, broken zip: not found
        return None


def _namespace(name: str, path: list[str]) -> ModuleSpec | None:
    folders = [os.path.join(folder, name.rpartition(".")[2]) for folder in path]
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [folder for folder in folders if os.path.isdir(folder)]
    return spec if spec.submodule_search_locations else None


def _find_live(name: str) -> Module | None:
    """Find a module that exists in this process only, or under another name (an alias)."""
    live = sys.modules.get(name)
    spec = getattr(live, "__spec__", None)
    if spec is not None and spec.name != name and locate(spec.name) is not None:
        return locate(spec.name)
    file = getattr(live, "__file__", None)
    if live is None:
        return None
    if isinstance(file, str) and file.endswith(".py") and os.path.isfile(file):
        owner = distributions.owner_of(file, name) or Owner(PROGRAM, name)
        path = tuple(getattr(live, "__path__", ()))
        return Module(name, "source", os.path.abspath(file), bool(path), path, owner)
    return None


def _from_spec(name: str, spec: ModuleSpec) -> Module | None:
    path = tuple(spec.submodule_search_locations or ())
    origin = spec.origin if spec.has_location else None
    if origin is None:
        if not path:
            return None
        return Module(name, "namespace", "", True, path, _owner("", name, path))
    origin = os.path.abspath(origin)
    kind = "opaque"
    if origin.endswith(tuple(EXTENSION_SUFFIXES)):
        origin = _pure_source(origin, name) or origin
    if origin.endswith((".py", ".pyw")):
        kind = "source"
    elif origin.endswith(tuple(EXTENSION_SUFFIXES)):
        kind = "extension"
    return Module(name, kind, origin, bool(path), path, _owner(origin, name, path))


def _pure_source(file: str, name: str) -> str:
    """Return the Python file that an extension module was compiled from (Cython, mypyc), if any.

    Whoever ships both says so; an extension module that somebody else has put beside a source is
    what the import system takes all the same.
    """
    path = os.path.join(os.path.dirname(file), os.path.basename(file).partition(".")[0] + ".py")
    if not os.path.isfile(path):
        return ""
    return path if distributions.owner_of(file, name) == distributions.owner_of(path, name) else ""


def _owner(file: str, name: str, path: tuple[str, ...]) -> Owner:
    owner = distributions.owner_of(file or path[0], name)
    if owner is not None:
        return owner
    imported = name in sys.modules
    if imported or (file and _in_program_folder(file, name)):
        return Owner(PROGRAM, name.partition(".")[0])
    return Owner(LOCAL, name.partition(".")[0])


def _in_program_folder(file: str, name: str) -> bool:
    """Tell whether `file` is found through one of the program's own folders.

    These are the folder of the main script, ``PYTHONPATH`` and what launcher or program put on
    ``sys.path``; a folder that is there only because it is the working directory is not one,
    since whoever ships a model ships its folder.
    """
    root = _import_root(file, name)
    if root == _main_folder():
        return True
    if root in _python_path():
        return True
    if root == os.path.realpath(os.getcwd()):
        return False
    return any(os.path.realpath(entry) == root for entry in sys.path if entry)


def _import_root(file: str, name: str) -> str:
    depth = name.count(".") + (os.path.basename(file).startswith("__init__."))
    root = os.path.dirname(os.path.realpath(file))
    for _ in range(depth):
        root = os.path.dirname(root)
    return root


def _main_folder() -> str | None:
    main = sys.modules.get("__main__")
    file = main_file()
    if not file or getattr(main, "__spec__", None) is not None:
        return None  # ``-m``, ``-c`` or a prompt: its path entry is the working directory
    return os.path.dirname(os.path.realpath(file))


def _python_path() -> tuple[str, ...]:
    if sys.flags.ignore_environment:
        return ()
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return tuple(os.path.realpath(entry) for entry in entries if entry)
