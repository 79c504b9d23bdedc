"""Samples of the standard library's types: at least one for each that the base policy permits."""

from __future__ import annotations

import collections
import importlib
import sys
import warnings
from collections.abc import Iterator
from typing import Any


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
