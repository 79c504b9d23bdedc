"""Everything that is replaced in other people's modules: one table, and how it is undone."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

TARGETS: tuple[str, ...] = ("_pickle", "pickle", "torch", "joblib", "cloudpickle", "dill")
"""Modules that are patched when they have been imported."""

_undo: list[tuple[str, Any, str, Any, Any]] = []
"""What was done: label, holder, attribute, what it was, what it is now."""


def apply(name: str) -> None:
    """Patch the module `name`, which has just been imported. Doing so again changes nothing."""
    patch = _PATCHES.get(name)
    if patch is not None and name in sys.modules:
        patch(sys.modules[name])


def revert() -> None:
    """Put everything back that is still as it was left here."""
    while _undo:
        _, holder, attribute, before, now = _undo.pop()
        if vars(holder).get(attribute) is now:
            setattr(holder, attribute, before)


def applied() -> tuple[str, ...]:
    """Return the names of what is replaced, for ``pickleball status``."""
    return tuple(label for label, *_ in _undo)


def _replace(holder: Any, attribute: str, replacement: Any) -> None:
    before = vars(holder).get(attribute)
    if before is replacement:
        return
    setattr(holder, attribute, replacement)
    label = f"{getattr(holder, '__module__', None) or holder.__name__}"
    owner = f"{label}.{holder.__qualname__}" if isinstance(holder, type) else holder.__name__
    _undo.append((f"{owner}.{attribute}", holder, attribute, before, replacement))


def _patch_c(module: Any) -> None:
    """Replace the C loaders where they are defined: ``from _pickle import loads`` gets ours."""
    from pickleball_hook.doors import entry

    for attribute in ("load", "loads", "Unpickler", "dumps"):
        _replace(module, attribute, getattr(entry, attribute))


def _patch_pickle(module: Any) -> None:
    """Replace the public names, and ``load`` of the Python unpickler that others derive from."""
    from pickleball_hook import originals
    from pickleball_hook.doors import entry

    for attribute in ("load", "loads", "Unpickler", "dumps"):
        if vars(module).get(attribute) in (
            originals.c_load,
            originals.c_loads,
            originals.c_dumps,
            originals.CUnpickler,
        ):
            _replace(module, attribute, getattr(entry, attribute))
    _replace(originals.PythonUnpickler, "load", entry.load_in_python)
    _patch_early()


def _patch_early() -> None:
    """Replace the loaders that modules took by name before, and watch for those held elsewhere."""
    from pickleball_hook import originals
    from pickleball_hook.doors import early, entry

    found = list(
        early.holders(
            {
                id(originals.c_load): entry.load,
                id(originals.c_loads): entry.loads,
                id(originals.CUnpickler): entry.Unpickler,
            }
        )
    )
    for holder, attribute, replacement in found:
        _replace(holder, attribute, replacement)
    if found:
        from pickleball_hook.net import events

        events.listen()


def complete_python_unpickler() -> None:
    """Replace the operations of ``pickle._Unpickler`` too, at the first load that needs them."""
    from pickleball_hook import originals
    from pickleball_hook.doors import checked

    if any(label.endswith("._Unpickler.load_build") for label, *_ in _undo):
        return
    for attribute, method in checked.patched_methods().items():
        _replace(originals.PythonUnpickler, attribute, method)


def _patch_torch(module: Any) -> None:
    """Let the policy decide where ``torch.load`` would fail on the first unlisted class."""
    from wrapt import FunctionWrapper

    from pickleball_hook.doors import torch_load

    plain = module.serialization.load
    if isinstance(plain, FunctionWrapper):
        return
    wrapper = FunctionWrapper(plain, torch_load.load)
    _replace(module.serialization, "load", wrapper)
    _replace(module, "load", wrapper)


def _patch_joblib(module: Any) -> None:
    """Name the file in messages; joblib's unpickler is guarded through its base class."""
    from wrapt import FunctionWrapper

    plain = module.numpy_pickle.load
    if isinstance(plain, FunctionWrapper):
        return
    wrapper = FunctionWrapper(plain, _load_joblib)
    _replace(module.numpy_pickle, "load", wrapper)
    _replace(module, "load", wrapper)


def _load_joblib(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    from pickleball_hook import context
    from pickleball_hook.user import trust

    file = args[0] if args else kwargs.get("filename")
    with context.reading(file, "joblib.load"):
        known = trust.instead(file, in_memory=not (args[1:] or kwargs.get("mmap_mode")))
        if known is None:
            return wrapped(*args, **kwargs)
        rest = {name: value for name, value in kwargs.items() if name != "filename"}
        with trust.vouching():
            return wrapped(known, *args[1:], **rest)


def _patch_cloudpickle(module: Any) -> None:
    """Remember what it pickles by value, for this process alone.

    Below version 3 the function stands in a module beside (cloudpickle 2.2.1, cloudpickle_fast).
    """
    home = module.cloudpickle
    _replace_dumps(module, home if hasattr(home, "dumps") else module.cloudpickle_fast)


def _patch_dill(module: Any) -> None:
    """Remember what it pickles by value, for this process alone."""
    _replace_dumps(module, module._dill)


def _replace_dumps(package: Any, home: Any) -> None:
    from pickleball_hook.doors import own

    plain = home.dumps
    if getattr(plain, "__wrapped__", None) is None:
        replacement = own.remembering(plain)
        for holder in (home, package):
            _replace(holder, "dumps", replacement)


_PATCHES: dict[str, Callable[[Any], None]] = {
    "_pickle": _patch_c,
    "pickle": _patch_pickle,
    "torch": _patch_torch,
    "joblib": _patch_joblib,
    "cloudpickle": _patch_cloudpickle,
    "dill": _patch_dill,
}
