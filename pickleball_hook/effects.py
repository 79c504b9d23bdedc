"""The net under the policy: what a checked load may not bring about outside the objects it makes.

CPython tells an audit hook (PEP 578) of processes, sockets, files opened for writing, native code
and the like before they happen. While a checked load runs in a task, each such event that the
stream brings about is refused. Whose doing an event is, the stack says: going outward from it, the
first function that is known to act on the program's behalf (it reads the caller's file, imports an
approved module, writes a log line) excuses it, and the unpickler's own frame convicts it.

`effects.json` lists the events with the reason why each is watched, the events that are not, and
the functions that excuse. The net sees only what CPython reports: no event is raised for
``os.write``, ``socket.send`` on an open socket, ``signal.signal`` or an attribute that is set, nor
for anything that a finalizer does once the load has ended. The policy must never rely on it.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections import namedtuple

from pickleball_hook import context, records, settings
from pickleball_hook.errors import Finding, PolicyViolation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType
    from typing import Any, NamedTuple

    from pickleball_hook.guard import Guard

    class Rule(NamedTuple):
        """What makes an event an effect (a key of `_ACTS`), and what is said of it."""

        kind: str
        why: str

    class Excuse(NamedTuple):
        """A function under which these events (``*``: all) are not the stream's doing.

        A `bound` one excuses nothing when it is a method of an object of the stream's.
        """

        module: str
        function: str
        events: frozenset[str]
        bound: bool

else:
    Rule = namedtuple("Rule", "kind why")
    Excuse = namedtuple("Excuse", "module function events bound")

_DATA = os.path.join(os.path.dirname(__file__), "effects.json")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SHARED_MEMORY = (1, 3)  # mmap.ACCESS_READ, mmap.ACCESS_COPY
_NO_FILE = -1
_LARGEST_FILE = 16
_LONGEST_ARGUMENT = 120

_SPECIAL_ATTRIBUTES = frozenset(["__code__", "__defaults__", "__kwdefaults__", "__bases__"])
_IMPORTING = frozenset(["_find_and_load", "exec_module"])
_LOADING = frozenset(["exec", "import", "marshal.loads", "object.__setattr__"])
_WRITING_BYTECODE = frozenset(["open", "os.mkdir", "os.rename"])
"""Events of the import system itself, which also writes bytecode (PEP 3147)."""

_IMPORT_FILES = ("<frozen importlib", os.path.join(os.path.dirname(os.__file__), "importlib"))
_STDLIB = os.path.dirname(os.__file__) + os.sep
_SITE = (os.path.join(_STDLIB, "site-packages"), os.path.join(_STDLIB, "dist-packages"))

_AUDIT_HOOK = "pickleball_hook.events"
_OWN_WORK = frozenset(
    [
        "policy_cache",
        _AUDIT_HOOK,
        *(
            f"pickleball_hook.{n}"
            for n in ("backstop", "channels", "effects", "records", "settings", "trust")
        ),
    ]
)
"""Homes of the guard's own business: nothing there runs what a stream names."""

_JUDGING = frozenset(
    f"pickleball_hook.{name}"
    for name in (
        *("checked", "decisions", "entry", "gate", "guard", "inert", "names", "rules"),
        *("safe_globals", "shadow", "standins"),
    )
)
"""Homes that hold what the unpickler asks before and after it runs something."""

_RUNS_NAMES = frozenset(["pickleball_hook.machine", "pickleball_hook.replay"])
"""Homes from which what a stream names is called."""

_OPERANDS = ("func", "cls", "inst", "target")
"""Variables of the unpickler's functions that hold what an operation is done to."""

_excuses: dict[str, list[Excuse]] = {}
rules: dict[str, Rule] = {}
"""Watched events. Filled by `read_table`, and the very dict that the audit hook looks into."""


def read_table() -> None:
    """Read `effects.json`, once."""
    import json

    if rules:
        return
    with open(_DATA, "rb") as file:
        table = json.loads(file.read())
    for row in table["callers"]:
        module, _, function = row["function"].partition(":")
        excuse = Excuse(module, function, frozenset(row["events"]), row.get("bound", False))
        _excuses.setdefault(function.rpartition(".")[2], []).append(excuse)
    for event, row in table["events"].items():
        rules[event] = Rule(row["kind"], row["why"])


# -- which events are effects ---------------------------------------------------------------------


def _opens_for_writing(args: tuple[Any, ...]) -> bool:
    path, mode, flags = args[:3]
    if path == os.devnull:
        return False
    if isinstance(mode, str) and not set(mode).isdisjoint("wax+"):
        return True
    return isinstance(flags, int) and bool(flags & _WRITING)


def _maps_for_writing(args: tuple[Any, ...]) -> bool:
    descriptor, _, access = args[:3]
    return bool(descriptor != _NO_FILE) and access not in _SHARED_MEMORY


def _opens_database(args: tuple[Any, ...]) -> bool:
    return bool(args[0] != ":memory:")


def _changes_identity(args: tuple[Any, ...]) -> bool:
    target, name = args[:2]
    if name == "__class__":
        return isinstance(target, (type, type(sys)))
    return name in _SPECIAL_ATTRIBUTES


def _always(args: tuple[Any, ...]) -> bool:
    return True


_ACTS: dict[str, Callable[[tuple[Any, ...]], bool]] = {
    "refuse": _always,
    "import": _always,
    "library": _always,
    "write": _opens_for_writing,
    "map": _maps_for_writing,
    "database": _opens_database,
    "identity": _changes_identity,
}
"""Kind of a rule to whether an event with these arguments is an effect.

A ``library`` event is one unless a library's own code asks for it.
"""


def check(event: str, args: tuple[Any, ...], frame: FrameType) -> None:
    """Refuse an effect that the load under way in this task brings about.

    Parameters
    ----------
    event, args : str, tuple
        As the audit hook gets them; the event is one of `rules`.
    frame : frame
        What runs.

    Raises
    ------
    PolicyViolation
        In enforce mode.
    """
    load = context.current()
    if load is None:
        return
    rule = rules[event]
    try:
        if not _ACTS[rule.kind](args):
            return
        culprit = _culprit(event, args, frame, load)
    except Exception as error:
        _refuse(load, event, f"the effect guard failed on it: {error!r}", None)
        return
    if culprit is not None:
        _refuse(load, event, f"it {rule.why}{_told(args)}", culprit)


def _refuse(load: context.Load, event: str, reason: str, culprit: FrameType | None) -> None:
    """Record an effect, and in enforce mode raise; so does every later effect of the load."""
    enforcing = settings.mode().value != "audit"
    if enforcing and load.violation is not None:
        raise load.violation
    if not enforcing and event in load.effects:
        return
    load.effects.add(event)
    guard = _guards(load)[-1:]
    file, loader = (guard[0].file, guard[0].loader) if guard else context.source()
    finding = Finding(
        _operand(culprit, guard),
        f"an effect ({event})",
        f"{reason}; loading an object has no such effect",
        "do not load this file unless you trust its author; PICKLEBALL_MODE=audit only reports",
        file,
        loader,
        "enforce" if enforcing else "audit",
    )
    records.record(finding)
    if not enforcing:
        return
    load.violation = PolicyViolation(finding)
    raise load.violation


def _told(args: tuple[Any, ...]) -> str:
    """Return the first argument of an event for a message, if it is a plain text or number."""
    if args and type(args[0]) in (str, bytes, int):
        return f": {args[0]!r}"[:_LONGEST_ARGUMENT]
    return ""


def _operand(frame: FrameType | None, guard: list[Guard]) -> str:
    """Return the name of what the unpickler was running."""
    if frame is not None and guard:
        variables = frame.f_locals
        for name in _OPERANDS:
            if name in variables:
                return guard[0].name(variables[name])
    return "the stream"


# -- whose doing an event is ----------------------------------------------------------------------


def _culprit(
    event: str, args: tuple[Any, ...], frame: FrameType, load: context.Load
) -> FrameType | None:
    """Return the frame of the unpickler that brought an event about, None if none did.

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
        excuse = _excuse(event, asking)
        if excuse is not None or code.co_name == "__del__":
            bound = excuse is None or excuse.bound
            if bound and _is_of_stream(_first_argument(asking), load):
                return _boundary(asking)
            return None
        home = _home(asking)
        if home in _JUDGING or (computed and _is_statement(computed, asking)):
            return None  # a statement, though by an import function of somebody's own
        if home in _OWN_WORK:
            return _who_asked(asking)
        if home:
            excused = _is_harmless(event, computed, frame) or _is_excused(event, between, load)
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


def _excuse(event: str, frame: FrameType) -> Excuse | None:
    """Return the listed function that a frame runs: by identity, not by the name it bears."""
    code = frame.f_code
    for excuse in _excuses.get(code.co_name, ()):
        if event not in excuse.events and "*" not in excuse.events:
            continue
        if frame.f_globals.get("__name__") != excuse.module:
            continue
        module = sys.modules.get(excuse.module)
        if module is not None and _code_of(vars(module), excuse.function) is code:
            return excuse
    return None


def _code_of(namespace: Any, qualname: str) -> CodeType | None:
    value: Any = None
    for part in qualname.split("."):
        value = namespace.get(part)
        namespace = vars(value) if isinstance(value, type) else {}
    for _ in range(_LARGEST_FILE):
        value = getattr(value, "__wrapped__", value)
    code: CodeType | None = getattr(value, "__code__", None)
    return code


def _is_excused(event: str, frames: list[FrameType], load: context.Load) -> bool:
    """Tell whether one of these frames is the caller's file object, or answers a signal."""
    if rules[event].kind == "library" and not all(_is_stdlib(f.f_code) for f in frames):
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
    while waiting and len(found) < _LARGEST_FILE:
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
    for guard in _guards(load):
        if id(value) in guard.made:
            return True
        if any(guard.verdict_of(kind) is not None or id(kind) in guard.made for kind in kinds):
            return True
    return False


def _guards(load: context.Load) -> list[Guard]:
    return [guard for guard in (reference() for reference in load.guards) if guard is not None]


# -- imports --------------------------------------------------------------------------------------


def _is_importing(code: CodeType) -> bool:
    return code.co_filename.startswith(_IMPORT_FILES)


def _importer(frame: FrameType | None) -> tuple[str, FrameType | None]:
    """Return the module that an import statement or call is about, and the frame it is in."""
    module = ""
    executed: object = None
    while frame is not None and _is_importing(frame.f_code):
        if frame.f_code.co_name == "_find_and_load":
            module = str(frame.f_locals.get("name", ""))
        elif frame.f_code.co_name == "exec_module":
            executed = frame.f_locals.get("module")
        frame = frame.f_back
    return module or _executed(executed), frame


def _executed(module: object) -> str:
    """Return the name of a module that a loader executes, if it is from where the name belongs.

    ``importlib.util.LazyLoader`` executes modules after their import; a loader that somebody has
    made may execute any file under any name.
    """
    from policy_cache.locate import locate

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
    return home not in _RUNS_NAMES and _is_named(str(module), importer.f_code.co_names)


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


def _is_named(module: str, names: tuple[str, ...]) -> bool:
    return bool(module) and any(module == name or module.endswith(f".{name}") for name in names)
