"""Wait for `pickle`, `torch` and `joblib` to be imported, and have them patched then.

The line in ``pickleball_auto_startup.pth`` runs in every interpreter of the environment, so it
puts no more than a stand-in finder on ``sys.meta_path``. The first import of an awaited module
makes the stand-in call `wake`, which replaces it by `PickleballFinder` of this module. On
Python 3.15 and later the ``.start`` file names `install` instead (PEP 829).

Nothing here may break Python: whatever goes wrong is one line on stderr, and the import that
was asked for succeeds as if this package were absent.
"""

from __future__ import annotations

import sys

# typing.TYPE_CHECKING without importing typing, which costs more than this whole module.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

# In the order in which they are patched when they are already there.
AWAITED = ("_pickle", "pickle", "torch", "joblib", "cloudpickle", "dill")

# The last statement of `pickle` imports `_pickle`, and the patches are made of what is in both: a
# part is patched when its whole has been imported, never in the middle of that.
_PART_OF = {"_pickle": "pickle"}

_OWN = ("pickleball_hook", "policy_cache")

# Awaited modules that some thread is executing and patching. The parts of one are that thread's
# business: another that tried would import what the first has half imported.
_busy: set[str] = set()
_reported: set[str] = set()


class PickleballFinder:
    """Lets the other finders find an awaited module and hangs a `WatchedLoader` on its spec."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find an awaited module behind this finder (PEP 451), or one of ours that was there."""
        if name not in AWAITED:
            return _found_again(name) if target is None and name.startswith(_OWN) else None
        spec = _find_behind(name, path, target)
        # A loader without exec_module (PEP 302) cannot be watched: the import machinery would
        # call load_module on it and never tell us. None of CPython's loaders is of that kind.
        if spec is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = WatchedLoader(spec.loader, name)  # type: ignore[assignment]
        return spec


class WatchedLoader:
    """A module's own loader, with word given when the module has been executed.

    It puts the real loader back on the spec and the module before executing, so that
    ``__spec__``, ``__loader__``, `inspect.getsource`, `pkgutil.get_data` and pickles of the spec
    are what they are without it. Until then every attribute is the real loader's.
    """

    __slots__ = ("_loader", "_name")

    def __init__(self, loader: Any, name: str) -> None:
        self._loader = loader
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute in WatchedLoader.__slots__:  # an instance that copy made and not yet filled
            raise AttributeError(attribute)
        return getattr(self._loader, attribute)

    @property  # type: ignore[misc]  # typeshed has a writable one
    def __class__(self) -> Any:
        """The real loader's class, for who asks `importlib.util.find_spec` what kind it is."""
        return type(self._loader)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Create the module as its own loader does."""
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module with its own loader, then have it patched."""
        name = self._name
        for holder, attribute in ((module.__spec__, "loader"), (module, "__loader__")):
            if getattr(holder, attribute, None) is self:
                setattr(holder, attribute, self._loader)
        _busy.add(name)
        try:
            self._loader.exec_module(module)
            _patch(name)
        finally:
            _busy.discard(name)


def install() -> None:
    """Wait for the awaited modules, and patch those that are already imported.

    This is the callable that the ``.start`` file names (PEP 829); its name is part of what
    installed environments rely on. Idempotent. Never raises, except KeyboardInterrupt.
    """
    try:
        if switched_off():
            return
        _take_place()
        for name in AWAITED:
            if name in sys.modules:
                _patch(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        _report("this process", error)


def uninstall() -> None:
    """Remove the finder, the start-up line's stand-in included, and undo every patch.

    Raises
    ------
    Exception
        Whatever `pickleball_hook.doors.patches.revert` raises: the caller asked for it and is told.
    """
    for finder in [finder for finder in sys.meta_path if _is_ours(finder)]:
        sys.meta_path.remove(finder)
    if "pickleball_hook.doors.patches" in sys.modules:
        from pickleball_hook.doors import patches

        patches.revert()
    if "pickleball_hook.net.events" in sys.modules:
        from pickleball_hook.net import events

        events.silence()


def wake(
    name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
) -> ModuleSpec | None:
    """Answer for the start-up line's stand-in finder, after taking its place.

    The import machinery asks a finder with the global import lock held (`_find_spec` of CPython's
    ``Lib/importlib/_bootstrap.py``). Importing the patches there could wait for a thread that
    imports them too and waits for that lock, so they wait for the module to be executed. Only
    the line itself, which found a module imported before it ran, gives a `target`.
    """
    if target is not None:
        install()
    elif not switched_off():
        _take_place()
    return None if switched_off() else PickleballFinder.find_spec(name, path, target)


class _Known:
    """The loader of a module that is there already."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Give the module."""
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Put back what the import machinery has just replaced."""
        module.__spec__ = self._spec


def _found_again(name: str) -> ModuleSpec | None:
    """Find a module of ours that somebody has taken out of ``sys.modules``.

    Whoever puts that back to what it was (``mock.patch.dict(sys.modules)``, CPython's
    test.support) takes out what the first load has imported meanwhile. A second copy of a module
    would not know the errors and the loads of the first. Packages know their modules.
    """
    top, *parts = name.split(".")
    package = sys.modules.get(top)
    known = _packages.get(top) if package is None else _packages.setdefault(top, package)
    for part in parts:
        known = vars(known).get(part) if known is not None else None
    spec = getattr(known, "__spec__", None)
    if known is None or spec is None or spec.name != name:
        return None
    found: ModuleSpec = type(spec)(name, _Known(known), origin=spec.origin)
    found.submodule_search_locations = spec.submodule_search_locations
    return found


_packages: dict[str, ModuleType] = {}
"""Ours, once one of their modules has been asked for."""


def installed() -> bool:
    """Whether this process waits for the awaited modules, by stand-in or for real."""
    return any(_is_ours(finder) for finder in sys.meta_path)


def switched_off() -> bool:
    """Whether ``PICKLEBALL_MODE=off`` says to install nothing; not heard under -E and -I."""
    import os

    return not sys.flags.ignore_environment and os.environ.get("PICKLEBALL_MODE") == "off"


def _is_ours(finder: object) -> bool:
    # By name: the stand-in is made by the start-up line and cannot be imported from anywhere.
    return getattr(finder, "__name__", None) == "PickleballFinder"


def _take_place() -> None:
    """Put `PickleballFinder` where the first stand-in is, else first, and drop the others."""
    ours = [position for position, finder in enumerate(sys.meta_path) if _is_ours(finder)]
    if not ours:
        sys.meta_path.insert(0, PickleballFinder)
        return
    # In place: the import machinery may be in the middle of walking this very list.
    sys.meta_path[ours[0]] = PickleballFinder
    for position in reversed(ours[1:]):
        del sys.meta_path[position]


def _find_behind(
    name: str, path: Sequence[str] | None, target: ModuleType | None
) -> ModuleSpec | None:
    """Ask the finders after ours, as the import machinery would have without it."""
    finders: list[Any] = list(sys.meta_path)
    first = finders.index(PickleballFinder) + 1 if PickleballFinder in finders else 0
    for finder in finders[first:]:
        find_spec = getattr(finder, "find_spec", None)
        if find_spec is None or _is_ours(finder):
            continue
        spec: ModuleSpec | None = find_spec(name, path, target)
        if spec is not None:
            return spec
    return None


def _patch(name: str) -> None:
    """Patch a module that has been executed, after its parts, or leave it to who has its whole."""
    try:
        whole = _PART_OF.get(name)
        if whole is not None:
            __import__(whole)
            if whole in _busy:
                return
        from pickleball_hook.doors import patches

        for part in _PART_OF:
            if _PART_OF[part] == name and part in sys.modules:
                patches.apply(part)
        patches.apply(name)
    except KeyboardInterrupt:  # the user's, not a failure of ours: the import is interrupted
        raise
    except BaseException as error:
        _report(name, error)


def _report(what: str, error: BaseException) -> None:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    if text in _reported:  # one cause, one line, however many modules it keeps from being patched
        return
    _reported.add(text)
    try:
        sys.stderr.write(f"pickleball-auto: {what} is not guarded: {text}\n")
    except Exception:
        # No stderr (pythonw), or a closed one: there is nobody left to tell.
        return
