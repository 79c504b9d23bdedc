"""Whose doing an audit event is, as the stack tells.

Going outward from the event, the first function that is known to act on the program's behalf
excuses it: it reads the caller's file, asks the caller's callbacks, imports an approved module,
writes a log line (the ``callers`` of `effects.json`). The unpickler's own frame convicts. A stack
on which neither stands belongs to a callback that only inherited the task's context.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType, FrameType
    from typing import Any, NamedTuple

    from pickleball_hook import context
    from pickleball_hook.judging.guard import Guard

    class Excuse(NamedTuple):
        """A function under which these events (``*``: all) are not the stream's doing.

        A `bound` one excuses nothing when it is a method of an object of the stream's.
        """

        module: str
        function: str
        events: frozenset[str]
        bound: bool

else:
    Excuse = namedtuple("Excuse", "module function events bound")

_FARTHEST = 16

_IMPORTING = frozenset(["_find_and_load", "_handle_fromlist", "exec_module"])
_LOADING = frozenset(["exec", "import", "marshal.loads", "object.__setattr__"])
_WRITING_BYTECODE = frozenset(["open", "os.mkdir", "os.rename"])
"""Events of the import system itself, which also writes bytecode (PEP 3147)."""

_IMPORT_FILES = ("<frozen importlib", os.path.join(os.path.dirname(os.__file__), "importlib"))
_STDLIB = os.path.dirname(os.__file__) + os.sep
_SITE = (os.path.join(_STDLIB, "site-packages"), os.path.join(_STDLIB, "dist-packages"))

_AUDIT_HOOK = "pickleball_hook.net.events"
_OWN_WORK = frozenset(
    [
        "policy_cache",
        _AUDIT_HOOK,
        "pickleball_hook.doors.channels",
        *(f"pickleball_hook.net.{name}" for name in ("attribution", "backstop", "effects")),
        *(f"pickleball_hook.user.{name}" for name in ("records", "settings", "trust")),
    ]
)
"""Homes of the guard's own business: nothing there runs what a stream names."""

_JUDGING = frozenset(
    f"pickleball_hook.{room}.{name}"
    for room, names in (
        ("doors", ("checked", "entry", "patches")),
        ("judging", ("guard", "names", "safe_globals", "states")),
        ("rules", ("arrays", "attributes", "constructors", "dtypes", "science", "standard")),
        ("rules", ("table", "values")),
        ("engines", ("arrays", "callbacks", "gate", "inert", "keeping", "overrides", "prover")),
        ("engines", ("setters", "shadow", "standins", "stepping")),
        ("user", ("decisions",)),
    )
    for name in names
)
"""Homes that hold what the unpickler asks before and after it runs something."""

_RUNS_NAMES = frozenset(["pickleball_hook.engines.machine", "pickleball_hook.engines.replay"])
"""Homes from which what a stream names is called."""

_excuses: dict[str, list[Excuse]] = {}


def excuse(function: str, events: Iterable[str], bound: bool) -> None:
    """List a function (``module:qualname``) under which events are not the stream's doing."""
    module, _, name = function.partition(":")
    row = Excuse(module, name, frozenset(events), bound)
    _excuses.setdefault(name.rpartition(".")[2], []).append(row)


def culprit(
    event: str, library: bool, args: tuple[Any, ...], frame: FrameType, load: context.Load
) -> FrameType | None:
    """Return the frame of the unpickler that brought an event about, None if none did.

    Parameters
    ----------
    event, args : str, tuple
        As the audit hook gets them.
    library : bool
        Whether the event is no effect if a library's own code asks for it.
    frame : frame
        What runs.
    load : context.Load
        The load under way.

    Notes
    -----
    Finalizers of the stream's own objects count as its doing wherever they run: garbage may be
    collected in the middle of an import, or of the caller's ``read``.
    """
    between: list[FrameType] = []
    computed = ""
    if event == "import" and not _is_importing(frame.f_code):
        if _is_statement(args[0], frame):
            return None
        computed = str(args[0])
    asking: FrameType | None = frame
    while asking is not None:
        code = asking.f_code
        if code.co_name in _IMPORTING and _is_importing(code):
            module, asking = _importer(asking)
            if asking is None or _is_statement(module, asking):
                return None
            computed = computed or module
            continue
        listed = _listed(event, asking)
        if listed is not None or code.co_name == "__del__":
            bound = listed is None or listed.bound
            if bound and _is_of_stream(_first_argument(asking), load):
                return _boundary(asking)
            return None
        home = _home(asking)
        if home in _JUDGING or (computed and _is_statement(computed, asking)):
            return None  # a statement, though by an import function of somebody's own
        if home in _OWN_WORK:
            return _who_asked(asking)
        if home:
            excused = _is_harmless(event, computed, frame) or _is_excused(library, between, load)
            return None if excused else asking
        between.append(asking)
        asking = asking.f_back
    return None  # a callback that only inherited the task's context


def _home(frame: FrameType) -> str:
    """Return the module of ours that a frame belongs to, ``""`` for anybody else's."""
    name = frame.f_globals.get("__name__")
    if type(name) is not str:
        return ""
    if name.startswith("policy_cache."):
        return "policy_cache"
    return name if name.startswith("pickleball_hook.") else ""


def _who_asked(frame: FrameType) -> FrameType | None:
    """Return the unpickler's frame if it is what called a module of ours that works for us alone.

    Such a module does the guard's own business, unless a stream has named a function of it.
    """
    asking: FrameType | None = frame
    while asking is not None:
        home = _home(asking)
        if home == _AUDIT_HOOK:
            return None
        if home not in _OWN_WORK:
            return asking if home in _RUNS_NAMES else None
        asking = asking.f_back
    return None


def _boundary(frame: FrameType | None) -> FrameType | None:
    while frame is not None and not _home(frame):
        frame = frame.f_back
    return frame


def _listed(event: str, frame: FrameType) -> Excuse | None:
    """Return the listed function that a frame runs: by identity, not by the name it bears."""
    code = frame.f_code
    for row in _excuses.get(code.co_name, ()):
        if event not in row.events and "*" not in row.events:
            continue
        if frame.f_globals.get("__name__") != row.module:
            continue
        module = sys.modules.get(row.module)
        if module is not None and code_of(vars(module), row.function) is code:
            return row
    return None


def code_of(namespace: Any, qualname: str) -> CodeType | None:
    """Return the code of a function, beneath its decorators."""
    value: Any = None
    for part in qualname.split("."):
        value = namespace.get(part)
        namespace = vars(value) if isinstance(value, type) else {}
    for _ in range(_FARTHEST):
        value = getattr(value, "__wrapped__", value)
    code: CodeType | None = getattr(value, "__code__", None)
    return code


def _is_excused(library: bool, frames: list[FrameType], load: context.Load) -> bool:
    """Tell whether one of these frames is the caller's file object, or answers a signal."""
    if library and not all(_is_stdlib(f.f_code) for f in frames):
        return True
    if not frames:
        return False
    readers = _readers(load)
    handlers = _handlers()
    return any(
        id(frame.f_code) in handlers or id(_first_argument(frame)) in readers for frame in frames
    )


def _is_stdlib(code: CodeType) -> bool:
    file = code.co_filename
    return file.startswith(("<frozen", _STDLIB)) and not file.startswith(_SITE)


def _handlers() -> set[int]:
    """Return the ids of the code of the program's signal handlers, which run anywhere."""
    found = set()
    for number in signal.valid_signals():
        handler = signal.getsignal(number)
        code = getattr(getattr(handler, "__func__", handler), "__code__", None)
        if code is not None:
            found.add(id(code))
    return found


def _readers(load: context.Load) -> dict[int, object]:
    """Return the callers' file objects, and those that these read from, by id."""
    found: dict[int, object] = {}
    waiting = list(load.files)
    while waiting and len(found) < _FARTHEST:
        value = waiting.pop()
        if id(value) in found or value is None:
            continue
        found[id(value)] = value
        if isinstance(value, io.BufferedReader):
            waiting.append(value.raw)
        attributes = getattr(value, "__dict__", None)
        if type(attributes) is dict:
            inner = attributes.values()
            waiting += [v for v in inner if hasattr(type(v), "read") or hasattr(v, "readinto")]
    return found


def _first_argument(frame: FrameType) -> object:
    code = frame.f_code
    if not code.co_argcount:
        return None
    found: object = frame.f_locals.get(code.co_varnames[0])
    return found


# -- finalizers -----------------------------------------------------------------------------------


def _is_of_stream(value: object, load: context.Load) -> bool:
    """Tell whether an object is, or is an instance of what, the load has named or made."""
    kinds = type(value).__mro__[:-1]
    for guard in guards(load):
        if id(value) in guard.made:
            return True
        if any(guard.verdict_of(kind) is not None or id(kind) in guard.made for kind in kinds):
            return True
    return False


def guards(load: context.Load) -> list[Guard]:
    """Return the guards of a load that are still at work."""
    return [guard for guard in (reference() for reference in load.guards) if guard is not None]


# -- imports --------------------------------------------------------------------------------------


def _is_importing(code: CodeType) -> bool:
    return code.co_filename.startswith(_IMPORT_FILES)


def is_of_import(frame: FrameType) -> bool:
    """Tell whether a frame runs in the body of a module that a permitted import executes.

    A finalizer that runs meanwhile may be of an object of the stream.
    """
    asking: FrameType | None = frame
    while asking is not None:
        code = asking.f_code
        if code.co_name == "__del__" or _home(asking):
            return False
        if code.co_name in _IMPORTING and _is_importing(code):
            module, importer = _importer(asking)
            if importer is None or _is_statement(module, importer):
                return True
            return bool(_home(importer))
        asking = asking.f_back
    return False


def _importer(frame: FrameType | None) -> tuple[str, FrameType | None]:
    """Return the module that an import statement or call is about, and the frame it is in."""
    module = ""
    executed: object = None
    while frame is not None and _is_importing(frame.f_code):
        if frame.f_code.co_name == "_find_and_load":
            module = str(frame.f_locals.get("name", ""))
        elif frame.f_code.co_name == "_handle_fromlist":  # ``from . import name``
            module = str(frame.f_locals.get("from_name", ""))
        elif frame.f_code.co_name == "exec_module":
            executed = frame.f_locals.get("module")
        frame = frame.f_back
    return module or _executed(executed), frame


def _executed(module: object) -> str:
    """Return the name of a module that a loader executes, if it is from where the name belongs.

    ``importlib.util.LazyLoader`` executes modules after their import; a loader that somebody has
    made may execute any file under any name.
    """
    from policy_cache.source.locate import locate

    if not isinstance(module, type(sys)):
        return ""
    attributes = object.__getattribute__(module, "__dict__")
    spec, name = attributes.get("__spec__"), attributes.get("__name__")
    located = locate(name) if type(name) is str else None
    origin = getattr(spec, "origin", None)
    return str(name) if located is not None and located.file == origin else ""


def _is_statement(module: object, importer: FrameType) -> bool:
    """Tell whether an import is a statement of installed code, not a name that it has computed.

    The name in an import statement is a constant of the code that holds it, and stands among the
    names of the code.
    """
    home = _home(importer)
    return home not in _RUNS_NAMES and is_named(str(module), importer.f_code.co_names)


def _is_harmless(event: str, module: str, frame: FrameType) -> bool:
    """Tell whether the import of a name that may be the stream's excuses an event.

    A module of a library is judged by its body, as one that a stream names; one of the standard
    library may do no more than to be loaded, and have its bytecode written.
    """
    if not module:
        return False
    from policy_cache import policies

    if policies.owner_kind(module) == "stdlib":
        writes = event in _WRITING_BYTECODE and _is_importing(frame.f_code)
        if event not in _LOADING and not writes:
            return False
    return not policies.reason_against_running(module)


def is_named(module: str, names: tuple[str, ...]) -> bool:
    """Tell whether a module stands among the names of some code, whole or by its last parts."""
    return bool(module) and any(module == name or module.endswith(f".{name}") for name in names)
