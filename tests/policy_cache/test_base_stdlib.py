"""The base policy of the standard library: its form, what it permits, and what it must not."""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pickleball_hook.user import settings

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "policy_cache" / "base"
TEXT = (BASE / "stdlib.json").read_text(encoding="utf-8")
POLICY: dict[str, Any] = json.loads(TEXT)
GLOBALS: dict[str, dict[str, Any]] = POLICY["globals"]
OPS = ("refer", "construct", "call", "state", "fill")
CLOSED_RULES = (None, "plain_args", "plain_pairs", "tz_args")

#: The versions and platforms that have a name which this interpreter may lack.
SINCE: dict[tuple[int, int], str] = {
    (3, 11): """ast:TryStar asyncio.exceptions:BrokenBarrierError builtins:BaseExceptionGroup
        builtins:ExceptionGroup enum:EnumCheck enum:FlagBoundary enum:ReprEnum enum:StrEnum
        http:HTTPMethod math:cbrt math:exp2 posix:_path_normpath signal:SIGSTKFLT
        tomllib:TOMLDecodeError typing:LiteralString typing:Never typing:NotRequired typing:Required
        typing:Self typing:TypeVarTuple typing:Unpack""",
    (3, 12): """ast:ParamSpec ast:TypeAlias ast:TypeVar ast:TypeVarTuple ast:type_param calendar:Day
        calendar:Month collections.abc:Buffer collections:_deque_iterator inspect:BufferFlags
        math:sumprod typing:TypeAliasType""",
    (3, 13): """_typing:NoDefault asyncio.queues:QueueShutDown builtins:PythonFinalizationError
        builtins:_IncompleteInputError configparser:MultilineContinuationError
        email.errors:HeaderWriteError math:fma pathlib._abc:UnsupportedOperation pathlib._local:Path
        pathlib._local:PosixPath pathlib._local:PurePath pathlib._local:PurePosixPath
        pathlib._local:PureWindowsPath pathlib._local:WindowsPath queue:ShutDown re:PatternError
        symtable:SymbolTableType typing:NoDefault typing:ReadOnly typing:TypeIs""",
}
BEFORE = {(3, 11): "inspect:ArgSpec", (3, 13): "tokenize:StopTokenizing"}
WINDOWS = (
    "builtins:WindowsError nt:_path_normpath signal:CTRL_BREAK_EVENT signal:CTRL_C_EVENT "
    "signal:SIGBREAK"
)

#: Names of which any operation would hand the file a way to act, by what they do.
DANGEROUS = {
    "runs code": """builtins:eval builtins:exec builtins:compile builtins:__import__
        builtins:breakpoint builtins:__build_class__ code:interact code:InteractiveInterpreter
        codeop:compile_command runpy:run_path runpy:run_module runpy:_run_code timeit:timeit
        timeit:Timer trace:Trace pdb:run bdb:Bdb profile:run cProfile:run cProfile:runctx
        doctest:testsource pydoc:locate pydoc:safeimport pydoc:pipepager
        ensurepip:bootstrap venv:create test.support.script_helper:assert_python_ok""",
    "imports": """importlib:import_module importlib:reload importlib:__import__ pkgutil:resolve_name
        pkgutil:get_data importlib.util:spec_from_file_location importlib.metadata:EntryPoint
        importlib.machinery:SourceFileLoader zipimport:zipimporter _imp:create_dynamic
        site:addsitedir unittest.loader:TestLoader logging.config:_resolve""",
    "processes": """os:system posix:system os:popen os:execv posix:execv os:fork posix:fork
        os:posix_spawn posix:posix_spawn os:spawnlp os:kill posix:kill os:_exit posix:_exit os:abort
        subprocess:Popen subprocess:run subprocess:call subprocess:check_call
        subprocess:check_output subprocess:getoutput subprocess:getstatusoutput pty:spawn
        _posixsubprocess:fork_exec multiprocessing.process:Process multiprocessing.pool:Pool
        multiprocessing.managers:RebuildProxy multiprocessing.util:spawnv_passfds
        concurrent.futures.process:ProcessPoolExecutor webbrowser:open
        asyncio.subprocess:create_subprocess_shell signal:raise_signal signal:signal""",
    "files": """builtins:open io:open _io:open io:FileIO _io:FileIO os:open posix:open os:remove
        posix:remove os:unlink posix:unlink os:rename posix:rename os:rmdir os:mkdir os:chmod
        os:write posix:write shutil:rmtree shutil:move shutil:copy shutil:copyfile
        shutil:make_archive shutil:unpack_archive tempfile:mktemp tempfile:NamedTemporaryFile
        tempfile:_TemporaryFileCloser tempfile:TemporaryDirectory pathlib:Path.unlink
        pathlib:Path.write_text pathlib:PosixPath.write_bytes linecache:getline fileinput:input
        zipfile:ZipFile tarfile:open gzip:open bz2:open lzma:open mmap:mmap dbm:open
        sqlite3:connect _sqlite3:connect logging:FileHandler logging.handlers:SocketHandler""",
    "network": """socket:socket _socket:socket socket:create_connection ssl:get_server_certificate
        urllib.request:urlopen urllib.request:urlretrieve http.client:HTTPConnection
        http.client:HTTPSConnection http.server:HTTPServer ftplib:FTP smtplib:SMTP poplib:POP3
        imaplib:IMAP4 xmlrpc.client:ServerProxy socketserver:TCPServer""",
    "memory and code objects": """ctypes:CDLL ctypes:PyDLL ctypes:memmove ctypes:string_at
        ctypes:cast ctypes:CFUNCTYPE _ctypes:_unpickle _ctypes:dlopen marshal:loads marshal:load
        types:CodeType types:FunctionType types:LambdaType types:MethodType types:ModuleType
        types:CellType types:new_class types:resolve_bases types:MappingProxyType
        builtins:memoryview gc:get_objects gc:get_referrers""",
    "attributes by name": """operator:attrgetter operator:methodcaller operator:call
        _operator:attrgetter _operator:methodcaller builtins:setattr builtins:delattr builtins:vars
        builtins:globals builtins:locals builtins:hasattr builtins:property builtins:super
        builtins:str.format builtins:str.format_map string:Formatter.get_field
        inspect:getattr_static""",
    "higher order": """builtins:map builtins:filter itertools:starmap itertools:accumulate
        itertools:groupby itertools:takewhile itertools:dropwhile itertools:chain
        itertools:filterfalse functools:cached_property functools:singledispatch
        functools:cmp_to_key functools:lru_cache functools:partialmethod contextlib:ExitStack
        contextlib:contextmanager weakref:finalize weakref:ref weakref:proxy atexit:register
        threading:Thread threading:Timer _thread:start_new_thread sched:scheduler
        collections:namedtuple dataclasses:make_dataclass enum:EnumMeta enum:EnumType
        abc:ABCMeta typing:NamedTupleMeta unittest.mock:patch unittest.mock:Mock""",
    "nested loading": """pickle:loads pickle:load pickle:Unpickler _pickle:loads _pickle:load
        _pickle:Unpickler pickle:_Unpickler pickle:_loads shelve:open copyreg:pickle
        copyreg:add_extension copyreg:constructor copy:copy copy:deepcopy copy:_reconstruct""",
    "the interpreter": """sys:modules sys:path sys:settrace sys:setprofile sys:addaudithook sys:exit
        sys:_getframe builtins:__dict__ os:environ warnings:sys inspect:currentframe
        faulthandler:enable readline:read_history_file codecs:open codecs:lookup codecs:register
        _codecs:lookup _codecs:decode codecs:decode encodings.idna:ToASCII platform:popen""",
}


def load_bench() -> Any:
    spec = importlib.util.spec_from_file_location(
        "stdlib_roundtrip", ROOT / "bench" / "stdlib_roundtrip.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(ROOT / "bench"))  # as when it is run
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(ROOT / "bench"))
    return module


BENCH = load_bench()


def absent_here() -> set[str]:
    """The names that this version and platform rightly lack."""
    found = {
        k for version, names in SINCE.items() if sys.version_info < version for k in names.split()
    }
    found |= {k for version, name in BEFORE.items() if sys.version_info >= version for k in [name]}
    return found if sys.platform == "win32" else found | set(WINDOWS.split())


def nameless(key: str) -> bool:
    """Whether `key` is a built-in iterator type, which no module exports."""
    return key.startswith("builtins:") and key.endswith("iterator")


def resolved() -> dict[str, Any]:
    return {key: BENCH.resolve(key) for key in GLOBALS if BENCH.resolves(key)}


RESOLVED = resolved()


# --- form -----------------------------------------------------------------------------------------


def test_header() -> None:
    assert POLICY["schema"] == 1
    assert POLICY["owner"] == "stdlib"
    assert set(POLICY) == {"schema", "owner", "globals", "refused"}


def test_one_entry_per_line_sorted() -> None:
    for section in ("globals", "refused"):
        assert list(POLICY[section]) == sorted(POLICY[section])
    lines = [line for line in TEXT.splitlines() if line.startswith('  "')]
    assert len(lines) == len(GLOBALS) + len(POLICY["refused"])
    assert len({line.split('": ')[0] for line in lines[: len(GLOBALS)]}) == len(GLOBALS)


def test_rules_are_described() -> None:
    table = (BASE / "README.md").read_text(encoding="utf-8").partition("## Rules")[2]
    described = set()
    for line in table.splitlines():
        if line.startswith("| `"):
            described |= set(re.findall(r"`(\w+)`", line.split("|")[1]))
    used = {entry["rule"] for entry in GLOBALS.values()} - {None}
    others = [json.loads(file.read_text(encoding="utf-8")) for file in BASE.glob("*.json")]
    elsewhere = {line.get("rule") for table in others for line in table["globals"].values()}
    assert used <= described <= used | elsewhere


@pytest.mark.parametrize("field", ["kind", "ops", "why", "source", "closed", "rule", "calls"])
def test_fields(field: str) -> None:
    checks: dict[str, Any] = {
        "kind": lambda v: v in ("class", "function", "constant", "enum"),
        "ops": lambda v: v and len(set(v)) == len(v) and set(v) <= set(OPS),
        "why": lambda v: v.endswith(".") and v[0].isupper(),
        "source": lambda v: v.startswith("CPython "),
        "closed": lambda v: isinstance(v, bool),
        "rule": lambda v: v is None or re.fullmatch(r"[a-z_]+", v),
        "calls": lambda v: all(isinstance(n, int) and n >= 0 for n in v),
    }
    for key, entry in GLOBALS.items():
        assert set(entry) == {"kind", "ops", "why", "source", "closed", "rule", "calls"}, key
        assert checks[field](entry[field]), key


def test_kinds_fit_their_operations() -> None:
    for key, entry in GLOBALS.items():
        ops = set(entry["ops"])
        if entry["kind"] == "constant":
            assert ops == {"refer"}, key
        if entry["kind"] in ("function", "enum"):
            assert ops <= {"refer", "call"}, key
        if entry["kind"] == "enum":
            assert entry["rule"] == "enum_call", key
        if entry["calls"]:
            assert "call" in ops, key


def test_refused_is_no_second_permission() -> None:
    assert not set(GLOBALS) & set(POLICY["refused"])
    for key, reason in POLICY["refused"].items():
        assert ":" in key and reason.endswith("."), key


# --- names ----------------------------------------------------------------------------------------


def test_every_name_resolves_here_or_is_known_to_be_elsewhere() -> None:
    missing = {key for key in GLOBALS if key not in RESOLVED and not nameless(key)}
    assert missing <= absent_here()


def test_nameless_types_are_what_iterators_are() -> None:
    empty: list[Any] = [[], (), "", "\u0451", b"", bytearray(), range(1), range(2**70)]
    iterators = [iter(x) for x in empty]
    there = {f"builtins:{type(i).__name__}" for i in [*iterators, reversed([])]}
    if sys.version_info < (3, 11):
        there.add("builtins:str_ascii_iterator")
    assert {key for key in GLOBALS if nameless(key)} == there


def test_kinds_are_true() -> None:
    for key, found in RESOLVED.items():
        kind = GLOBALS[key]["kind"]
        if kind in ("class", "enum"):
            assert isinstance(found, type), key
        elif kind == "function":
            assert callable(found), key


def test_refer_never_yields_a_module_or_a_mutable_container() -> None:
    for key, found in RESOLVED.items():
        assert not isinstance(found, (types.ModuleType, dict, list, set, bytearray)), key


# --- what is permitted ----------------------------------------------------------------------------


def test_metaclasses_are_not_called() -> None:
    for key, found in RESOLVED.items():
        if isinstance(found, type) and issubclass(found, type) and key != "builtins:type":
            assert GLOBALS[key]["ops"] == ["refer"], key


def test_no_finalizers_in_python() -> None:
    for key, found in RESOLVED.items():
        if isinstance(found, type) and GLOBALS[key]["ops"] != ["refer"]:
            hooks = [vars(c)["__del__"] for c in found.__mro__ if "__del__" in vars(c)]
            assert not [h for h in hooks if isinstance(h, types.FunctionType)], key
            if hooks:  # the C finalizer of io objects looks `close` up on the instance
                assert GLOBALS[key]["rule"] == "bytesio", key


def test_called_functions_have_a_rule() -> None:
    checked_in_c = {"array:_array_reconstructor"}
    for key, entry in GLOBALS.items():
        if entry["kind"] == "function" and "call" in entry["ops"] and key not in checked_in_c:
            assert entry["rule"] is not None, key


def test_python_constructors_without_a_rule_only_store() -> None:
    """A constructor in Python that is called without a rule calls nothing but its base's."""
    harmless = {
        "super",
        "__init__",
        "__class__",
        "Exception",
        "ValueError",
        "TypeError",
        "RuntimeError",
    }
    for key, found in RESOLVED.items():
        entry = GLOBALS[key]
        if entry["kind"] != "class" or "call" not in entry["ops"] or entry["rule"] is not None:
            continue
        for name in ("__init__", "__new__"):
            hook = getattr(found, name)
            if not isinstance(hook, types.FunctionType) or hasattr(found, "_make"):
                continue
            used = {n for n in hook.__code__.co_names if hasattr(builtins, n) or n == "__init__"}
            assert used <= harmless, (key, used)


def test_state_setters_in_python_have_a_rule() -> None:
    for key, found in RESOLVED.items():
        if isinstance(found, type) and "state" in GLOBALS[key]["ops"]:
            setter = getattr(found, "__setstate__", None)
            if isinstance(setter, types.FunctionType):
                assert GLOBALS[key]["rule"] is not None, key


@pytest.mark.parametrize("category", DANGEROUS)
def test_dangerous_names_are_absent(category: str) -> None:
    for key in DANGEROUS[category].split():
        assert key not in GLOBALS, key
        assert BENCH.refusal(POLICY, key) or key.partition(":")[0] not in sys.stdlib_module_names, (
            key
        )


def test_dangerous_objects_have_no_other_name() -> None:
    names = {key for keys in DANGEROUS.values() for key in keys.split() if BENCH.resolves(key)}
    dangerous = {id(BENCH.resolve(key)): key for key in names}
    for key, found in RESOLVED.items():
        assert id(found) not in dangerous, (key, dangerous.get(id(found)))


@pytest.mark.parametrize(
    "module", ["os", "posix", "subprocess", "shutil", "socket", "ctypes", "importlib", "sys", "gc"]
)
def test_modules_that_act_offer_only_records_and_exceptions(module: str) -> None:
    try:
        importlib.import_module(module)
    except ImportError:
        pytest.skip("not on this platform")
    for key, entry in GLOBALS.items():
        if key.partition(":")[0] != module or key not in RESOLVED:
            continue
        found = RESOLVED[key]
        if isinstance(found, type):
            family = (BaseException, tuple, int)
            assert issubclass(found, family), key
        else:
            assert entry["ops"] == ["refer"] and (isinstance(found, int) or "_normpath" in key), key


# --- closed ---------------------------------------------------------------------------------------

CLOSED = {key: RESOLVED[key] for key in RESOLVED if GLOBALS[key]["closed"]}


def test_the_closed_set_is_not_empty() -> None:
    assert {"collections:OrderedDict", "builtins:set", "datetime:datetime"} <= set(CLOSED)


@pytest.mark.parametrize("key", sorted(CLOSED))
def test_closed(key: str) -> None:
    entry, found = GLOBALS[key], CLOSED[key]
    assert entry["rule"] in CLOSED_RULES
    assert entry["calls"] == []
    cls: Any = found if isinstance(found, type) else type(found)
    with pytest.raises(TypeError):  # an immutable type: BUILD on the class has no effect
        cls._probe = None
    with pytest.raises((TypeError, AttributeError)):
        found._probe = None
    assert "__call__" not in {name for c in cls.__mro__ for name in vars(c)}
    assert not [
        v for c in cls.__mro__ for v in vars(c).values() if isinstance(v, types.FunctionType)
    ]
    assert not hasattr(cls, "__del__")
    assert not cls.__dictoffset__ or key == "collections:OrderedDict"


PAIRS = """
import decimal, json, pickle, sys, warnings
import collections, datetime
keys = sys.argv[1:]
events = []
warnings.simplefilter("error")

def text(name):
    data = name.encode()
    return b"X" + len(data).to_bytes(4, "little") + data

def name(key):
    return b"c" + key.replace(":", "\\n").encode() + b"\\n"

one = b"K\\x01\\x85"

def values(key):
    yield name(key)
    three = b"K\\x01K\\x02K\\x03\\x87"
    for args in (b")", one, three, text("ab") + b"\\x85", b"]\\x85", b"}\\x85"):
        yield name(key) + args + b"R"
        yield name(key) + args + b"\\x81"
    yield name(key) + b"]K\\x01a\\x85R"
    yield name(key) + b"}" + text("k") + b"K\\x01s\\x85R"

def uses(value, key):
    other = name(key)
    yield value + other + b"\\x86"  # both in a tuple
    yield other + value + b"\\x85R"  # one called with the other
    yield other + value + b"\\x85\\x81"
    yield other + b"(" + value + value + value + b"tR"
    yield other + b"]" + value + b"a\\x85R"
    yield other + b"}" + text("k") + value + b"s\\x85R"
    yield value + other + b"b"  # given the other as state
    yield value + b"a".join([b"", other])  # append
    yield value + b"(" + other + other + b"e"
    yield value + b"(" + other + other + b"\\x90"
    yield value + other + b"K\\x01s"
    for attribute in ("__class__", "__setstate__", "append", "extend", "add", "__module__", "keys"):
        pair = b"}" + text(attribute) + other + b"s"
        yield value + pair + b"b" + other + b"b"
        yield value + b"N" + pair + b"\\x86b"
        yield value + pair + b"b(" + other + other + b"e"
        yield other + b"N" + pair + b"\\x86b"
    yield b"}" + value + other + b"s"  # hashed

def resolve(key):
    module, _, dotted = key.partition(":")
    found = __import__(module)
    for part in dotted.split("."):
        found = getattr(found, part)
    return found

def traits(found):
    own = vars(found).items() if isinstance(found, type) else ()
    return [getattr(found, "__module__", None), sorted((n, id(v)) for n, v in own)]

def snapshot():
    return {key: traits(resolve(key)) for key in keys}

streams = [
    b"\\x80\\x05" + s + b"."
    for a in keys for v in values(a) for b in keys for s in uses(v, b)
]
before = snapshot()
loaded = failed = 0

def hook(event, args):
    if watching and event not in ("pickle.find_class", "object.__setattr__"):
        events.append(event)

sys.addaudithook(hook)
watching = True
for stream in streams:
    try:
        pickle.loads(stream)
        loaded += 1
    except Warning as error:
        events.append(repr(error))
    except Exception:
        failed += 1
watching = False
print(json.dumps({"loaded": loaded, "failed": failed, "events": sorted(set(events)),
                  "changed": before != snapshot(),
                  "flags": any(decimal.getcontext().flags.values())}))
"""


def run_pairs(keys: list[str]) -> dict[str, Any]:
    child = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PAIRS, *keys],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PICKLEBALL_MODE": "off"},
    )
    assert child.returncode == 0, child.stderr
    report: dict[str, Any] = json.loads(child.stdout)
    return report


def test_closed_names_are_inert_in_pairs() -> None:
    """Every operation of every pair on the plain C machine: no event, warning or changed type."""
    report = run_pairs(sorted(CLOSED))
    assert report["loaded"] > 10_000
    assert report["events"] == []
    assert not report["changed"]
    assert not report["flags"]


@pytest.mark.parametrize(
    ("key", "effect"),
    [
        ("builtins:len", "changed"),
        ("collections:Counter", "changed"),
        ("decimal:Decimal", "flags"),
        ("builtins:NotImplemented", "events"),
        ("os:listdir", "events"),
    ],
)
def test_the_pairs_show_what_is_not_closed(key: str, effect: str) -> None:
    report = run_pairs([key, "builtins:bool", "builtins:float"])
    assert report[effect], report


# --- why some rules are there: what plain CPython does without them -------------------------------

HOSTILE = {
    "StringIO closes itself through its instance dict": """
import gc, io
buffer = io.StringIO()
buffer.__setstate__(("", "\\n", 0, {"close": acted, "me": buffer}))
del buffer
gc.collect()
""",
    "SyntaxError unpacks its second argument": """
class Probe:
    def __iter__(self):
        acted()
        return iter(())
SyntaxError("", Probe())
""",
    "a UUID's state is asked for its items": """
import collections, uuid
uuid.UUID.__new__(uuid.UUID).__setstate__(collections.defaultdict(acted))
""",
    "a built-in function can be renamed": """
import pickle
pickle.loads(b"cbuiltins\\nlen\\n(N}X\\x0a\\x00\\x00\\x00__module__X\\x01\\x00\\x00\\x00xstb.")
if len.__module__ == "x":
    acted()
""",
    "exceptions take their state by attribute": """
class Probe:
    def __iter__(self):
        acted()
        return iter(())
Exception().__setstate__({"args": Probe()})
""",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_the_rules_are_for(case: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    head = f"def acted(*args):\n    open({str(canary)!r}, 'w').close()\n    return 0\n"
    subprocess.run(
        [sys.executable, "-I", "-S", "-c", head + HOSTILE[case]],
        capture_output=True,
        timeout=60,
        env={**os.environ, "PICKLEBALL_MODE": "off"},
    )
    assert canary.exists()


def test_entries_behind_those_cases() -> None:
    for key in ("_io:StringIO", "_io:BytesIO", "io:StringIO", "io:BytesIO"):
        assert GLOBALS[key]["rule"] == "bytesio"
    assert GLOBALS["builtins:SyntaxError"]["rule"] == "literal_args"
    assert GLOBALS["uuid:UUID"]["rule"] == "literal_args"
    closed_functions = [k for k, e in GLOBALS.items() if e["closed"] and e["kind"] == "function"]
    assert closed_functions == []
    assert not [
        k for k, v in CLOSED.items() if isinstance(v, type) and issubclass(v, BaseException)
    ]


# --- coverage -------------------------------------------------------------------------------------


@pytest.fixture
def unguarded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the bench record what a stream does, though the guard may be live in this process."""
    monkeypatch.setenv("PICKLEBALL_MODE", "off")
    settings.refresh()
    yield
    monkeypatch.undo()
    settings.refresh()


def test_every_sample_is_permitted(unguarded: None) -> None:
    missing, seen = BENCH.check_samples(POLICY)
    assert missing == {}
    assert len(seen) > 1000


def test_recorder_sees_each_operation(unguarded: None) -> None:
    """The bench can fail: a stream of names without an entry is reported."""
    assert BENCH.record(b"cos\nsystem\n.") == {("os:system", "refer")}
    assert ("builtins:len", "call") in BENCH.record(b"cbuiltins\nlen\n((lp0\ntR.")
    assert not BENCH.permits(POLICY, ("builtins:len", "call"))
    assert ("collections:UserDict", "call") in BENCH.record(b"(icollections\nUserDict\n.")


@pytest.mark.parametrize("module", ["test.test_uuid", "test.test_deque", "test.test_fractions"])
def test_cpython_tests_use_only_known_names(module: str) -> None:
    child = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "stdlib_roundtrip.py"), "--trace", module],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PICKLEBALL_MODE": "off"},
    )
    if not child.stdout:
        pytest.skip("this interpreter comes without its tests")
    report = json.loads(child.stdout.strip().splitlines()[-1])
    assert report["tests"] > 0
    for key, operation in report["uses"]:
        if key.partition(":")[0].partition(".")[0] in sys.stdlib_module_names:
            known = BENCH.permits(POLICY, (key, operation)) or BENCH.refusal(POLICY, key)
            assert known, (key, operation)
