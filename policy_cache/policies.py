"""The one question: what may this global do? From memory, else from the store, else judged."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from typing import TYPE_CHECKING

from policy_cache import base_policy
from policy_cache.collector import count_as_old, resting
from policy_cache.kept import entries as _entries
from policy_cache.kept import store as _store
from policy_cache.model import ABSENT, DEFERRED, METHOD, REFER, USED, Verdict, refused
from policy_cache.source.distributions import DISTRIBUTION, LOCAL, PROGRAM, STDLIB
from policy_cache.source.locate import is_stdlib, locate, would_import

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from policy_cache.analysis.reducers import Reduction
    from policy_cache.source.locate import Module

_MOST_HELD = 3_000_000
"""Bytes of source whose trees stay in memory between loads; they take about 25 times as much."""

_TOLD = "PICKLEBALL_CACHE_TOLD"
"""Inherited by child processes, so that a tree of workers speaks once."""

_lock = threading.RLock()
_memory: dict[tuple[str, str], Verdict] = {}
_reductions: dict[str, list[Reduction]] = {}
_program_reductions: dict[str, tuple[object, list[Reduction]]] = {}
"""Of packages that no distribution owns, with the state of the files that they were read from."""
_imports: dict[str, str] = {}
_disk: _store.Store | None = None
_epoch = 0
_asked = True
"""Whether anything has been looked for since the last `flush` that was not in memory."""


def _forget_lock() -> None:
    """Replace the lock in a forked child, where the thread that held it does not exist."""
    global _lock
    _lock = threading.RLock()
    resting.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock)


def verdict(module: str, name: str, operation: str = REFER) -> Verdict:
    """Return what the global `name` of `module` may do.

    Parameters
    ----------
    module, name : str
        As a pickle names it, Python 2 names already mapped.
    operation : str
        Operation the caller is about to decide; those that are costly to judge are judged only
        when they are asked for.

    Returns
    -------
    Verdict
        Also for what cannot be judged: then nothing is granted and the reason is given.
    """
    global _asked
    found = _memory.get((module, name))
    if found is not None and not _lacks(found, operation):
        return found
    with _lock:
        found = found or _from_base_policy(module, name) or _from_store(module, name)
        if found is None or _lacks(found, operation):
            found = _after_others(module, name, operation) or _judge(module, name, found, operation)
        _asked = True
        return found


def _lacks(found: Verdict, operation: str) -> bool:
    """Tell whether an operation, or a method, is still to be judged."""
    if operation.startswith(METHOD):
        return operation[len(METHOD) :] not in found.traits.get(USED, ())
    return operation in found.traits.get(DEFERRED, ())


def flush() -> None:
    """Write what was learned to the user's cache, and let go of large analyses."""
    global _asked
    if not _asked:
        return
    _asked = False
    if _disk is not None:
        _disk.flush()
        _disk.end_turn()
        problem = _disk.problem()
        if problem is not None:
            _tell(problem)
    progress = sys.modules.get("policy_cache.source.progress")
    if progress is not None:
        progress.done()
    syntax = sys.modules.get("policy_cache.source.syntax")
    if syntax is not None and syntax.held() > _MOST_HELD:
        with _lock:
            _forget_analysis()


def _tell(problem: str) -> None:
    """Say why policies are not kept or not believed: to the program's log, and once on stderr.

    One line per tree of processes, none with ``PICKLEBALL_QUIET=1``; never a warning, which the
    program's filters could turn into a failed load.
    """
    logging = sys.modules.get("logging")
    if logging is not None:
        logger = logging.getLogger("pickleball")
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
        logger.warning("%s", problem)
    if sys.flags.ignore_environment or os.environ.get(_TOLD) or sys.stderr is None:
        return
    if os.environ.get("PICKLEBALL_QUIET", "").strip() != "1":
        os.environ[_TOLD] = "1"
        sys.stderr.write(f"pickleball: {problem}\n")


def epoch() -> int:
    """Return a number that is another one once verdicts given before may not hold any more."""
    return _epoch


def forget() -> None:
    """Drop everything held in memory (packages may have been installed since)."""
    global _disk, _epoch
    with _lock:
        _disk = None
        _epoch += 1
        _memory.clear()
        _reductions.clear()
        _program_reductions.clear()
        _imports.clear()
        _forget_analysis()


@contextlib.contextmanager
def judging_anew() -> Iterator[None]:
    """Judge everything from source, and keep nothing of it."""
    global _disk
    forget()
    _disk = _store.Store("")
    try:
        yield
    finally:
        forget()


def _forget_analysis() -> None:
    from policy_cache.analysis import flow
    from policy_cache.source import extensions, hierarchy, locate, resolve, syntax

    extensions.forget()
    flow.forget()
    hierarchy.forget()
    locate.forget()
    resolve.forget()
    syntax.forget()


def _opened() -> _store.Store:
    global _disk
    if _disk is None:
        _disk = _store.Store()
    return _disk


def _from_base_policy(module: str, name: str) -> Verdict | None:
    """Find a standard-library name in the base policy, without any analysis."""
    if not is_stdlib(module):
        return None
    line = base_policy.look_up(STDLIB, f"{module}:{name}")
    located = locate(module) if line is not None else None
    if line is None or located is None:
        return None
    found = base_policy.verdict(module, name, f"{module}:{name}", located.file, line)
    _memory[module, name] = found
    return found


def _from_store(module: str, name: str) -> Verdict | None:
    """Find a verdict that an earlier process reached, without any analysis."""
    top = module.partition(".")[0]
    for kept in (_opened(), *_opened().shared()):
        entry = kept.find(top, sys.path)
        value = entry.verdict(f"{module}:{name}") if entry is not None else None
        if value is None:
            continue
        try:
            found = Verdict.from_json(value)
        except (KeyError, TypeError, ValueError):
            continue
        _memory[module, name] = found
        return found
    return None


def _fact(top: str, name: str) -> object:
    """Return what an earlier process found out about a distribution as a whole."""
    for kept in (_opened(), *_opened().shared()):
        entry = kept.find(top, sys.path)
        value = entry.fact(name) if entry is not None else None
        if value is not None:
            return value
    return None


def _after_others(module: str, name: str, operation: str) -> Verdict | None:
    """Wait, for a bounded time, for a process that is judging; return what it may have found.

    Workers that start together on a cold cache so do the work once.
    """
    located = locate(module)
    if located is None or located.owner.kind != DISTRIBUTION or not _opened().begin_turn():
        return None
    found = _from_store(module, name)
    return found if found and not _lacks(found, operation) else None


def _judge(module: str, name: str, known: Verdict | None, operation: str) -> Verdict:
    found = _analyse(module, name, known, operation)
    located = locate(module)
    kind = located.owner.kind if located is not None else ""
    if found.kind != ABSENT and kind in (DISTRIBUTION, STDLIB):
        _memory[module, name] = found
        if located is not None and kind == DISTRIBUTION:
            _entry(located).put(found.key, found.to_json())
    return found


def _analyse(module: str, name: str, known: Verdict | None, operation: str) -> Verdict:
    """Judge; a failure of the analysis is a refusal, never an exception through a load."""
    from policy_cache.analysis.judge import complete, judge

    try:
        with resting:
            _see_changes(module)
            found = known or judge(module, name, reductions)
            if _lacks(found, operation):
                found = complete(found, operation, reductions)
            count_as_old()
        return found
    except RecursionError:
        return refused(module, name, "its source nests too deeply to be analysed")
    except Exception as error:
        return refused(module, name, f"the analysis failed: {type(error).__name__}: {error}")


def _see_changes(module: str) -> None:
    """Forget what was parsed if the program's own source has changed since."""
    from policy_cache.source import syntax

    located = locate(module)
    if located is not None and located.owner.kind in (PROGRAM, LOCAL) and syntax.is_stale():
        _forget_analysis()


def _entry(located: Module) -> _entries.Entry:
    top = located.name.partition(".")[0]
    entry = _opened().find(top, sys.path)
    owner = _entries.Owner(*located.owner)
    if entry is None or entry.owner != owner:
        entry = _opened().create(top, owner)
    return entry


def reductions(located: Module) -> list[Reduction]:
    """Return what the reducers of the package that `located` belongs to return."""
    from policy_cache.analysis import reducers

    found, left_out = _of_package(located), reducers.of_left_out(located)
    return [*found, *left_out] if left_out else found


def _of_package(located: Module) -> list[Reduction]:
    from policy_cache.analysis import reducers

    top = located.name.partition(".")[0]
    if top in _reductions:
        return _reductions[top]
    package = reducers.located_top(located.name) or located
    if located.owner.kind != DISTRIBUTION:
        state = reducers.state_of(package)
        known = _program_reductions.get(top)
        if known is None or known[0] != state:
            known = _program_reductions[top] = (state, reducers.of_package(package))
        return known[1]
    entry = _entry(located)
    fact = f"reducers {top}"  # a distribution may have several packages
    rows = _fact(top, fact)
    if not isinstance(rows, list):
        found = reducers.of_package(package)
        files = sorted({row.where.rpartition(":")[0] for row in found})
        entry.put_fact(fact, [list(row) for row in found], files)
    else:
        found = [reducers.Reduction(*row) for row in rows]
    _reductions[top] = found
    return found


_stdlib_folder = os.path.dirname(os.path.realpath(os.__file__))


def is_stdlib_file(path: str) -> bool:
    """Tell whether a file belongs to the interpreter's own standard library."""
    real = os.path.realpath(path)
    inside = real.startswith(_stdlib_folder + os.sep)
    return inside and f"{os.sep}site-packages{os.sep}" not in real


def owner_kind(module: str) -> str:
    """Return who owns a module: ``stdlib``, ``distribution``, ``program``, ``local`` or ``""``."""
    while (located := locate(module)) is None and "." in module:
        module = module.rpartition(".")[0]  # a submodule that an extension module makes
    return located.owner.kind if located is not None else ""


def is_worked_on(module: str) -> bool:
    """Tell whether a module is the program's own, or of a project installed in its source tree.

    The metadata of an editable install (PEP 660) is not beside what it describes.
    """
    located = locate(module)
    if located is None or located.owner.kind != DISTRIBUTION:
        return located is not None and located.owner.kind == PROGRAM
    owner = located.owner
    return bool(owner.record) and not owner.record.startswith(owner.root + os.sep)


def distribution_of(module: str, name: str) -> tuple[str, str] | None:
    """Return name and version of the distribution a global was judged in, None for any other.

    Where the store has the verdict it knows that too: nothing is looked up in the distribution.
    """
    if is_stdlib(module):
        return None
    for kept in (_opened(), *_opened().shared()):
        entry = kept.find(module.partition(".")[0], sys.path)
        if entry is not None and entry.verdict(f"{module}:{name}") is not None:
            return entry.owner.name, entry.owner.version
    located = locate(module)
    if located is None or located.owner.kind != DISTRIBUTION:
        return None
    return located.owner.name, located.owner.version


def text_of(module: str, name: str) -> str | None:
    """Return a text that a module defines, from its source: the module need not be imported."""
    from policy_cache.source import resolve

    global _asked
    _asked = True
    with _lock:
        found = resolve.resolve(module, name)
    value = getattr(found.node, "value", None) if found is not None else None
    return value if type(value) is str else None


def numpy_kind() -> Verdict:
    """Return the verdict on a ufunc or scalar type, as the live object shows itself to be."""
    evidence = "a numpy ufunc or scalar type: computes on the arrays it is given"
    return Verdict("numpy", "ufunc", "constant", "numpy:ufunc", {REFER: evidence}, {})


def reason_against_import(module: str, file: str = "") -> str:
    """Return why `module` must not be imported on a file's word, ``""`` if it may be.

    A module that is imported already runs nothing when it is named; one that is not brings its
    parents with it. `file` is the path of what is loaded, where that is known.
    """
    if module in sys.modules:
        return ""
    reason = _chain_reason(module, sys.modules)
    if reason or not file:
        return reason
    from policy_cache.analysis.importing import reason_beside

    return reason_beside(module, file)


def reason_against_running(module: str) -> str:
    """Return why the import of `module` that is under way must not run it, ``""`` if it may."""
    return _chain_reason(module, {name for name in _chain(module) if _is_complete(name)})


def _chain(module: str) -> list[str]:
    """Return the names of a module's parents and its own."""
    parts = module.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _is_complete(module: str) -> bool:
    """Tell whether a module is imported and not in the middle of that (importlib's own mark)."""
    spec = getattr(sys.modules.get(module), "__spec__", None)
    return module in sys.modules and not getattr(spec, "_initializing", False)


def _chain_reason(module: str, imported: Container[str]) -> str:
    for name in _chain(module):
        reason = "" if name in imported else _import_reason(name)
        if reason:
            return reason
    return ""


def _import_reason(name: str) -> str:
    global _asked
    _asked = True
    with _lock:
        if name in _imports:
            return _imports[name]
        kept = _fact(name.partition(".")[0], f"import {name}")
        if isinstance(kept, list) and kept[1:] == [would_import(name)]:
            _imports[name] = str(kept[0])
            return _imports[name]
        from policy_cache.analysis.importing import reason_against

        reason = reason_against(name)
        located = locate(name)
        if located is not None and located.owner.kind == DISTRIBUTION:
            _imports[name] = reason
            files = [located.file] if located.file else []
            _entry(located).put_fact(f"import {name}", [reason, located.file], files)
        return reason
