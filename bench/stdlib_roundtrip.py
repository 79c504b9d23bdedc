"""Measure how much of the standard library the base policy lets through, in this interpreter.

Two sources of honest pickles are loaded, at every protocol, by a recording copy of the reference
unpickler, which notes each global and the operation it undergoes:

* samples: at least one instance of every type that `stdlib.json` permits (`SAMPLES`, and the
  families of exceptions, enums, named tuples and plain names, which are generated);
* CPython's own tests (`--tests`): every test method of `Lib/test` whose code mentions pickle is run
  in a child process, with each stream that it loads recorded.

What the base policy does not permit is listed, with the policy's own reason where it has one. Exit
status 1 when a sample needs something that is not permitted, or when a test uses a name about which
the policy says nothing.
"""

from __future__ import annotations

import argparse
import collections
import importlib
import io
import json
import os
import pickle
import subprocess
import sys
import types
import unittest
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

POLICY = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
    "policy_cache",
    "base",
    "stdlib.json",
)

#: Tests that start processes, sockets, interpreters or windows, or run for minutes: none of them
#: pickles a type to a file that no other test does.
SKIPPED_TESTS = frozenset(
    (
        *("_test_multiprocessing", "test_asyncio", "test_audit", "test_capi", "test_embed"),
        *("test_concurrent_futures", "test_interpreters", "test__interpreters", "test_gdb"),
        *("test_multiprocessing_fork", "test_multiprocessing_forkserver", "test_lib2to3"),
        *("test_multiprocessing_spawn", "test_multiprocessing_main_handling", "test_pyclbr"),
        *("test_pydoc", "test_regrtest", "test_socket", "test_tools", "test_trace"),
        *("test_turtle", "test_unittest"),
    )
)

Use = tuple[str, str]


def key_of(obj: object) -> str:
    """The policy's key for a class or function: ``module:qualified.name``."""
    module = getattr(obj, "__module__", None)
    owner = getattr(obj, "__self__", None)
    if module is None and isinstance(owner, type):
        return f"{owner.__module__}:{owner.__qualname__}.{getattr(obj, '__name__', '?')}"
    name = getattr(obj, "__qualname__", None) or getattr(obj, "__name__", repr(type(obj)))
    return f"{module}:{name}"


class Recorder(pickle._Unpickler):
    """The pure-Python unpickler, noting every ``(global, operation)`` as it is executed.

    It is used on streams made by this interpreter only: it restricts nothing.
    """

    dispatch: ClassVar[dict[int, Any]] = dict(pickle._Unpickler.dispatch)

    proto: int
    stack: list[Any]
    metastack: list[list[Any]]
    readline: Callable[[], bytes]

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.uses: set[Use] = set()
        self.found: dict[int, tuple[str, object]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if self.proto < 3:
            compat = importlib.import_module("_compat_pickle")
            if (module, name) in compat.NAME_MAPPING:
                module, name = compat.NAME_MAPPING[(module, name)]
            elif module in compat.IMPORT_MAPPING:
                module = compat.IMPORT_MAPPING[module]
        found = super().find_class(module, name)
        self.found[id(found)] = (f"{module}:{name}", found)
        return found

    def note(self, obj: object, operation: str) -> None:
        key = self.found[id(obj)][0] if id(obj) in self.found else key_of(obj)
        self.uses.add((key, operation))

    def note_data(self, value: object) -> None:
        """Note what is named inside `value`, one level deep, as referred to."""
        items: Iterable[object] = (value,)
        if isinstance(value, dict):
            items = [*value, *value.values()]
        elif isinstance(value, (tuple, list, set, frozenset)):
            items = value
        for item in items:
            if id(item) in self.found:
                self.note(item, "refer")

    def note_fill(self, target: object) -> None:
        if type(target) not in (list, dict, set):
            self.note(type(target), "fill")


def _wrap(opcode: int, before: Callable[[Recorder], None]) -> None:
    plain = Recorder.dispatch[opcode]

    def run(machine: Recorder) -> None:
        before(machine)
        plain(machine)

    Recorder.dispatch[opcode] = run


def _call(machine: Recorder) -> None:
    function, args = machine.stack[-2], machine.stack[-1]
    machine.note(function, "call")
    if key_of(function) == "copyreg:_reconstructor":
        machine.note(args[0], "construct")


def _construct(machine: Recorder) -> None:
    machine.note(machine.stack[-2], "construct")


def _construct_ex(machine: Recorder) -> None:
    machine.note(machine.stack[-3], "construct")


def _inst(machine: Recorder) -> None:
    """Look ahead for the class that INST names inline, then let the opcode read the same lines."""
    plain = machine.readline
    lines = [plain(), plain()]
    machine.note(machine.find_class(*(line[:-1].decode("ascii") for line in lines)), "call")

    def again() -> bytes:
        line = lines.pop(0)
        if not lines:
            machine.readline = plain
        return line

    machine.readline = again


def _obj(machine: Recorder) -> None:
    machine.note(machine.stack[0], "call")


def _build(machine: Recorder) -> None:
    machine.note(type(machine.stack[-2]), "state")
    machine.note_data(machine.stack[-1])


def _fill(depth: int) -> Callable[[Recorder], None]:
    def note(machine: Recorder) -> None:
        stack = machine.metastack[-1] if depth == 0 else machine.stack
        machine.note_fill(stack[-1 if depth == 0 else -depth])
        machine.note_data(machine.stack if depth == 0 else machine.stack[1 - depth :])

    return note


def _data(machine: Recorder) -> None:
    machine.note_data(list(machine.stack))


for _opcode, _before in {
    pickle.REDUCE: _call,
    pickle.NEWOBJ: _construct,
    pickle.NEWOBJ_EX: _construct_ex,
    pickle.OBJ: _obj,
    pickle.INST: _inst,
    pickle.BUILD: _build,
    pickle.APPEND: _fill(2),
    pickle.SETITEM: _fill(3),
    pickle.APPENDS: _fill(0),
    pickle.SETITEMS: _fill(0),
    pickle.ADDITEMS: _fill(0),
    pickle.TUPLE: _data,
    pickle.LIST: _data,
    pickle.DICT: _data,
    pickle.FROZENSET: _data,
    pickle.STOP: _data,
    pickle.TUPLE1: lambda machine: machine.note_data(machine.stack[-1:]),
    pickle.TUPLE2: lambda machine: machine.note_data(machine.stack[-2:]),
    pickle.TUPLE3: lambda machine: machine.note_data(machine.stack[-3:]),
}.items():
    _wrap(_opcode[0], _before)


def record(data: bytes) -> set[Use]:
    """The ``(global, operation)`` pairs that loading `data` performs."""
    machine = Recorder(data)
    machine.load()
    return machine.uses


# --- the policy ---------------------------------------------------------------------------------


def load_policy(path: str = POLICY) -> dict[str, Any]:
    """The base policy as it stands in the repository."""
    with open(path, encoding="utf-8") as stream:
        policy: dict[str, Any] = json.load(stream)
    return policy


def permits(policy: dict[str, Any], use: Use) -> bool:
    entry = policy["globals"].get(use[0])
    return entry is not None and use[1] in entry["ops"]


def refusal(policy: dict[str, Any], key: str) -> str | None:
    """The policy's reason against `key`: its own line, or that of its module or a parent's."""
    refused: dict[str, str] = policy["refused"]
    if key in refused:
        return refused[key]
    module = key.partition(":")[0]
    while module:
        if f"{module}:*" in refused:
            return refused[f"{module}:*"]
        module = module.rpartition(".")[0]
    return None


def resolve(key: str) -> Any:
    """The object that `key` names.

    Raises
    ------
    ImportError, AttributeError
        If this interpreter has no such module or name.
    """
    module, _, name = key.partition(":")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def resolves(key: str) -> bool:
    """Whether this interpreter has what `key` names."""
    try:
        resolve(key)
    except (ImportError, AttributeError):
        return False
    return True


# --- samples ------------------------------------------------------------------------------------


def _signature() -> Any:
    inspect = importlib.import_module("inspect")

    def example(a: int, *rest: object, b: str = "x", **more: object) -> None: ...

    return inspect.signature(example)


def _half_read(iterator: Iterator[Any]) -> Iterator[Any]:
    next(iterator)
    return iterator


def _cookie() -> Any:
    cookies = importlib.import_module("http.cookies")
    cookie = cookies.SimpleCookie()
    cookie["name"] = "value"
    cookie["name"]["path"] = "/"
    return cookie


def _message() -> Any:
    message = importlib.import_module("email.message").Message()
    message["Subject"] = "text"
    message.set_payload("body")
    return message


def _element() -> Any:
    tree = importlib.import_module("xml.etree.ElementTree")
    return tree.fromstring("<a b='c'>d<e/>f</a>")


def _defaultdict(factory: Any) -> Any:
    made: Any = collections.defaultdict(factory)
    made["a"] = factory()
    return made


def _ordered() -> Any:
    made: Any = collections.OrderedDict(a=1)
    made._metadata = {"version": 1}
    return made


def _cookiejar_cookie() -> Any:
    jar = importlib.import_module("http.cookiejar")
    return jar.Cookie(
        0, "n", "v", None, False, "d", True, False, "/", True, False, None, True, None, None, {}
    )


#: Values whose pickles need more than a class called with a few arguments: an expression per line,
#: evaluated with the modules of the standard library at hand (`_Modules`).
SAMPLES = """
object()
{1, 2}
set()
frozenset({1, 2})
[1, (2, 3), {4: 5}]
complex(1, 2)
slice(1, 2, 3)
range(1, 9, 2)
bytearray(b'abc')
bytearray()
b'abc'
b''
Ellipsis
NotImplemented
type(None)
type(NotImplemented)
type(Ellipsis)
str.lower
'abc'.upper
half_read(iter([1, 2]))
half_read(iter((1, 2)))
half_read(iter('ab'))
half_read(iter('\\u0451\\u0451'))
half_read(iter(b'ab'))
half_read(iter(bytearray(b'ab')))
half_read(iter(range(5)))
half_read(iter(range(2 ** 70)))
half_read(iter({1: 2, 3: 4}))
half_read(iter({1, 2}))
half_read(reversed([1, 2]))
half_read(reversed((1, 2)))
half_read(enumerate([1, 2]))
half_read(zip([1, 2], 'ab'))
ordered()
collections.OrderedDict(a=1)
collections.deque([1, 2], 5)
collections.deque([1, 2])
half_read(iter(collections.deque([1, 2])))
half_read(reversed(collections.deque([1, 2])))
defaultdict(list)
defaultdict(dict)
defaultdict(int)
defaultdict(set)
collections.Counter('abca')
collections.UserDict(a=1)
collections.UserList([1])
collections.UserString('a')
collections.ChainMap({1: 2}, {3: 4})
collections._tuplegetter(0, 'doc')
datetime.date(2020, 2, 29)
datetime.datetime(2020, 2, 29, 1, 2, 3, 4)
datetime.datetime(2020, 2, 29, tzinfo=datetime.timezone.utc, fold=1)
datetime.datetime(2020, 2, 29, tzinfo=zoneinfo.ZoneInfo('UTC'))
datetime.time(1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=1), 'x'))
datetime.timedelta(1, 2, 3)
datetime.timezone.utc
datetime.tzinfo()
datetime.date(2020, 2, 29).isocalendar()
zoneinfo.ZoneInfo('UTC')
decimal.Decimal('1.10')
decimal.Context(prec=5)
decimal.DefaultContext
fractions.Fraction(1, 3)
random.Random(1)
statistics.NormalDist(1, 2)
uuid.UUID(int=5)
uuid.UUID(int=5, is_safe=uuid.SafeUUID.safe)
ipaddress.ip_address('127.0.0.1')
ipaddress.ip_address('::1%4')
ipaddress.ip_interface('127.0.0.1/8')
ipaddress.ip_interface('::1/64')
ipaddress.ip_network('10.0.0.0/8')
ipaddress.ip_network('fe80::/64')
pathlib.PurePath('a', 'b')
pathlib.PurePosixPath('/a/b')
pathlib.PureWindowsPath('c:/a')
pathlib.Path('a')
array.array('d', [1.5, 2])
array.array('i')
functools.partial(len)
functools.partial(int, base=2)
operator.itemgetter(1)
operator.itemgetter('a', 2)
itertools.count(5, 2)
itertools.repeat('x', 3)
re.compile('a+(b)', re.I)
re.compile(b'a')
re.I | re.M
time.localtime(0)
os.stat('.')
os.statvfs('.')
os.terminal_size((80, 24))
os.times()
os.uname()
os.sched_param(0)
pwd.getpwuid(0)
grp.getgrgid(0)
resource.getrusage(resource.RUSAGE_SELF)
string.Template('$a')
string.Formatter()
types.SimpleNamespace(a=1)
argparse.Namespace(lr=0.1, epochs=3)
logging.getLogger('a.b')
logging.getLogger()
logging.makeLogRecord({'msg': 'text', 'levelno': 20})
io.BytesIO(b'abc')
io.StringIO('abc')
contextlib.nullcontext(5)
dataclasses.MISSING
dataclasses._HAS_DEFAULT_FACTORY
plistlib.UID(5)
cookie()
cookie()['name']
cookiejar_cookie()
signature()
next(iter(signature().parameters.values()))
signature().bind(1, 2, b='y')
message()
email.charset.Charset('utf-8')
element()
xml.etree.ElementTree.ElementTree(element())
xml.etree.ElementTree.QName('a')
typing.List[int]
typing.Dict[str, typing.Optional[int]]
typing.Callable[[int], str]
typing.Union[int, str]
typing.Literal['a', 1]
typing.Annotated[int, 'meta']
list[int]
dict[str, list[int]]
int | str
int | None
collections.abc.Callable[[int], str]
collections.abc.Mapping[str, int]
ast.parse('def f(a, *b: int) -> str:\\n    return [x for x in (1, 2.5, "s", f"{a!r}")]')
urllib.parse.urlsplit('http://example.org/a?b#c')
urllib.parse.urlparse(b'http://example.org/a;p?b#c')
urllib.parse.urldefrag('http://example.org/a#c')
UnicodeDecodeError('utf-8', b'a', 0, 1, 'why')
UnicodeEncodeError('utf-8', 'a', 0, 1, 'why')
UnicodeTranslateError('a', 0, 1, 'why')
ImportError('why', name='a', path='b')
OSError(2, 'why', 'file')
FileNotFoundError(2, 'why', 'file', None, 'other')
SyntaxError('why', ('file', 1, 2, 'text'))
json.decoder.JSONDecodeError('why', 'doc', 1)
subprocess.CalledProcessError(1, ['cmd'], b'out')
subprocess.TimeoutExpired('cmd', 5)
"""

HELPERS: dict[str, Any] = {
    "half_read": _half_read,
    "ordered": _ordered,
    "defaultdict": _defaultdict,
    "cookie": _cookie,
    "cookiejar_cookie": _cookiejar_cookie,
    "signature": _signature,
    "message": _message,
    "element": _element,
}

#: Modules inside packages that sample expressions name.
CHILDREN = (
    "collections.abc",
    "email.charset",
    "json.decoder",
    "urllib.parse",
    "xml.etree.ElementTree",
)

#: Arguments to try on an exception class until one set fits.
ARGUMENTS: tuple[tuple[Any, ...], ...] = (
    ("text",),
    (),
    ("text", 1),
    (1, "text"),
    ("a", "b", "c"),
    (1, "text", "x"),
    ("a", "b", "c", "d"),
    ("group", [ValueError("inner")]),
    ({"a": 1},),
    (1, b"", "a", "b"),
)


class _Modules(dict[str, Any]):
    """The names of sample expressions: helpers, then modules of the standard library."""

    def __missing__(self, name: str) -> Any:
        if name not in sys.stdlib_module_names:
            raise KeyError(name)
        for child in CHILDREN:
            if child.startswith(f"{name}."):
                importlib.import_module(child)
        return importlib.import_module(name)


def sample_values(policy: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Values of every permitted kind that this interpreter has, each with a label."""
    names = _Modules(HELPERS)
    for line in SAMPLES.strip().splitlines():
        try:
            yield line, eval(line, {"__builtins__": __builtins__}, names)
        except (ImportError, AttributeError, OSError):  # not on this platform or version
            continue
    for key, entry in policy["globals"].items():
        try:
            found = resolve(key)
        except (ImportError, AttributeError):
            continue
        if "refer" in entry["ops"]:
            yield key, found
        if entry["kind"] == "class":
            yield from _instances(key, found)
        elif entry["kind"] == "enum":
            yield from ((f"{key}({member.value!r})", member) for member in found)


def _instances(key: str, found: Any) -> Iterator[tuple[str, Any]]:
    """Instances of the generated families: exceptions, named tuples, records, syntax trees."""
    if issubclass(found, BaseException):
        for arguments in ARGUMENTS:
            try:
                made = found(*arguments)
            except Exception:
                continue
            with_state = found(*arguments)
            with_state.detail = {"a": 1}
            yield f"{key}{arguments!r}", made
            yield f"{key}{arguments!r} with state", with_state
            return
    elif hasattr(found, "_make"):
        yield f"{key}._make", found._make(range(len(found._fields)))
    elif hasattr(found, "n_sequence_fields"):
        yield f"{key}(...)", found(range(found.n_sequence_fields))
    elif key.startswith("ast:"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield f"{key}()", found()


def streams(value: Any) -> Iterator[bytes]:
    """The pickles of `value` at every protocol at which it can be written."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        for dumps in (pickle.dumps, pickle._dumps):  # type: ignore[attr-defined]
            try:
                yield dumps(value, protocol)
            except (TypeError, AttributeError, pickle.PicklingError, RecursionError):
                continue


def check_samples(policy: dict[str, Any]) -> tuple[dict[Use, str], set[Use]]:
    """Round-trip every sample.

    Returns
    -------
    tuple
        What is used and not permitted, each with the label of a sample; and all that is used.
    """
    missing: dict[Use, str] = {}
    seen: set[Use] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for label, value in sample_values(policy):
            for data in streams(value):
                try:
                    uses = record(data)
                except TypeError:  # classes that plain CPython cannot load again either
                    continue
                seen |= uses
                for use in uses:
                    if not permits(policy, use):
                        missing.setdefault(use, label)
    return missing, seen


# --- CPython's own tests --------------------------------------------------------------------------


def test_modules() -> list[str]:
    """The modules of this interpreter's `Lib/test` whose text mentions pickle."""
    root = os.path.dirname(os.path.abspath(str(importlib.import_module("test").__file__)))
    found = []
    for folder, _, files in os.walk(root):
        for name in files:
            path = os.path.join(folder, name)
            dotted = os.path.relpath(path, os.path.dirname(root))[: -len(".py")].replace(
                os.sep, "."
            )
            parts = dotted.removesuffix(".__init__").split(".")
            if not name.endswith(".py") or SKIPPED_TESTS & set(parts):
                continue
            if not any(part.startswith("test_") for part in parts[1:]) or "data" in dotted:
                continue
            with open(path, encoding="utf-8", errors="replace") as stream:
                if "pickle" in stream.read():
                    found.append(".".join(parts))
    return sorted(found)


def _mentions_pickle(code: types.CodeType) -> bool:
    names = (*code.co_names, *code.co_freevars)
    if any("pickl" in name.lower() or name in ("loads", "dumps") for name in names):
        return True
    return any(isinstance(c, types.CodeType) and _mentions_pickle(c) for c in code.co_consts)


def _pickling_tests(suite: Iterable[Any]) -> Iterator[unittest.TestCase]:
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from _pickling_tests(item)
            continue
        method = getattr(item, item._testMethodName, None)
        function: Any = getattr(method, "__func__", None)
        while hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        if isinstance(function, types.FunctionType) and (
            "pickl" in item._testMethodName or _mentions_pickle(function.__code__)
        ):
            yield item


def trace_tests(module: str) -> None:
    """Run the pickling tests of `module`, recording every stream, and print the uses as JSON."""
    warnings.simplefilter("ignore")
    uses: set[Use] = set()

    def recording(plain: Callable[..., Any], of_result: bool) -> Callable[..., Any]:
        def run(data: Any, *args: Any, **options: Any) -> Any:
            result = plain(data, *args, **options)
            try:
                uses.update(record(result if of_result else bytes(data)))
            except Exception:  # a stream that is broken on purpose, or needs the test's own hooks
                return result
            return result

        return run

    for name, of_result in (("loads", False), ("_loads", False), ("dumps", True)):
        setattr(pickle, name, recording(getattr(pickle, name), of_result))
    suite = unittest.TestSuite(
        _pickling_tests(unittest.defaultTestLoader.loadTestsFromName(module))
    )
    count = suite.countTestCases()
    unittest.TextTestRunner(stream=io.StringIO()).run(suite)
    print(json.dumps({"tests": count, "uses": sorted(uses)}))
    sys.stdout.flush()
    os._exit(0)  # leave no thread or finalizer of a test to finish


def check_tests(policy: dict[str, Any]) -> tuple[int, dict[str, set[Use]]]:
    """Run all pickling tests in children; sort what they use.

    Returns
    -------
    tuple
        The number of test methods, and the uses that are ``covered``, ``refused`` and ``unknown``.
    """
    import tempfile

    count, sorted_uses = 0, {"covered": set[Use](), "refused": set[Use](), "unknown": set[Use]()}
    for module in test_modules():
        with tempfile.TemporaryDirectory() as folder:
            try:
                child = subprocess.run(
                    [sys.executable, os.path.abspath(__file__), "--trace", module],
                    capture_output=True,
                    text=True,
                    timeout=120,
                    stdin=subprocess.DEVNULL,
                    cwd=folder,
                )
                report = json.loads(child.stdout.strip().splitlines()[-1])
            except (subprocess.TimeoutExpired, IndexError, ValueError):
                print(f"  (no report from {module})")
                continue
        count += report["tests"]
        for key, operation in report["uses"]:
            if key.partition(":")[0].partition(".")[0] not in sys.stdlib_module_names:
                continue
            use = (key, operation)
            if permits(policy, use):
                sorted_uses["covered"].add(use)
            else:
                sorted_uses["refused" if refusal(policy, key) else "unknown"].add(use)
    return count, sorted_uses


# --- report ---------------------------------------------------------------------------------------


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tests", action="store_true", help="run CPython's own pickling tests too")
    parser.add_argument("--trace", metavar="MODULE", help=argparse.SUPPRESS)
    parser.add_argument("--verbose", action="store_true", help="list every refused name")
    options = parser.parse_args(argv)
    if options.trace:
        trace_tests(options.trace)
    policy = load_policy()
    missing, seen = check_samples(policy)
    unexplained = {use: label for use, label in missing.items() if not refusal(policy, use[0])}
    permitted = {(k, op) for k, entry in policy["globals"].items() for op in entry["ops"]}
    print(f"Python {sys.version.split()[0]}: {len(policy['globals'])} names permitted")
    here = {use for use in permitted if use[1] != "refer" and resolves(use[0])}
    print(f"samples: {len(seen)} uses, {len(seen & permitted)} permitted, {len(missing)} not")
    print(f"permitted beyond refer, and no sample needs it: {len(here - seen)}")
    for key, operation in sorted(here - seen) if options.verbose else ():
        print(f"  unused: {key} ({operation})")
    for use, label in sorted(missing.items()):
        print(f"  {use[0]} ({use[1]}) in {label}: {refusal(policy, use[0]) or 'NOT IN THE POLICY'}")
    failed = bool(unexplained)
    if options.tests:
        count, uses = check_tests(policy)
        sizes = ", ".join(f"{len(found)} {verdict}" for verdict, found in uses.items())
        print(f"CPython's tests: {count} methods; uses of standard-library names: {sizes}")
        for key, operation in sorted(uses["unknown"]):
            print(f"  unknown: {key} ({operation})")
        for key, operation in sorted(uses["refused"]) if options.verbose else ():
            print(f"  refused: {key} ({operation}): {refusal(policy, key)}")
        failed = failed or bool(uses["unknown"])
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
