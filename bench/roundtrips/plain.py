"""The standard library's types that programs keep in files."""

from __future__ import annotations

import argparse
import array
import base64
import binascii
import collections
import datetime
import decimal
import enum
import fractions
import functools
import html
import http
import http.cookiejar
import inspect
import io
import ipaddress
import itertools
import logging
import operator
import pathlib
import queue
import random
import re
import signal
import socket
import ssl
import string
import struct
import textwrap
import time
import types
import urllib.parse
import uuid
import zlib
import zoneinfo

from worker import Case

LIBRARIES: tuple[str, ...] = ()
NOW = datetime.datetime(2024, 2, 3, 4, 5, 6, 7)
Point = collections.namedtuple("Point", "x y")


def parser() -> argparse.Namespace:
    return argparse.Namespace(path="a", depth=3)


CASES: list[Case] = [
    (
        "literals",
        lambda: [
            None,
            True,
            1,
            -(2**70),
            1.5,
            2j,
            "é",
            b"\0",
            bytearray(b"x"),
            (),
            ...,
            NotImplemented,
        ],
    ),
    ("containers", lambda: {"a": [1, (2, 3)], "b": {4, 5}, "c": frozenset("xyz"), 1: {2: {}}}),
    ("recursive", lambda: (lambda x: (x.append(x), x)[1])([])),
    ("range and slice", lambda: [range(1, 9, 2), slice(1, None, 2)]),
    ("deque", lambda: collections.deque([1, 2], maxlen=5)),
    ("OrderedDict", lambda: collections.OrderedDict(a=1)),
    ("defaultdict", lambda: collections.defaultdict(list, a=[1])),
    *(
        (f"defaultdict of {f.__name__}", lambda f=f: collections.defaultdict(f))
        for f in (int, dict, set, str, float)
    ),
    (
        "defaultdict of defaultdict",
        lambda: collections.defaultdict(functools.partial(collections.defaultdict, int)),
    ),
    ("Counter", lambda: collections.Counter("hello")),
    ("ChainMap", lambda: collections.ChainMap({"a": 1}, {})),
    (
        "UserDict",
        lambda: [collections.UserDict(a=1), collections.UserList([1]), collections.UserString("s")],
    ),
    ("namedtuple", lambda: Point(1, 2)),
    ("datetimes", lambda: [NOW, NOW.date(), NOW.time(), datetime.timedelta(1, 2)]),
    ("aware", lambda: NOW.replace(tzinfo=datetime.timezone.utc)),
    ("offset", lambda: NOW.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=2), "X"))),
    ("zone", lambda: NOW.replace(tzinfo=zoneinfo.ZoneInfo("Europe/Paris"))),
    ("uncached zone", lambda: zoneinfo.ZoneInfo.no_cache("Asia/Tokyo")),
    ("struct_time", lambda: time.gmtime(0)),
    ("decimals", lambda: [decimal.Decimal("1.5"), fractions.Fraction(1, 3)]),
    ("decimal context", lambda: decimal.Context(prec=9)),
    (
        "paths",
        lambda: [pathlib.Path("a/b"), pathlib.PurePosixPath("x"), pathlib.PureWindowsPath("c:/x")],
    ),
    ("patterns", lambda: [re.compile("a+", re.I), re.compile(b"x")]),
    ("bound search", lambda: re.compile("a+").search),
    ("bound methods", lambda: ["abc".upper, [1].index, {"a": 1}.get]),
    ("UUID", lambda: uuid.UUID(int=5)),
    ("array", lambda: [array.array("d", [1, 2]), array.array("u", "x")]),
    ("random", lambda: random.Random(3)),
    ("addresses", lambda: [ipaddress.ip_address("::1"), ipaddress.ip_network("10.0.0.0/8")]),
    ("SimpleNamespace", lambda: types.SimpleNamespace(a=1)),
    ("Namespace", parser),
    (
        "iterators",
        lambda: [iter([1]), iter((1,)), iter("a"), iter({1: 2}), reversed([1]), enumerate([1])],
    ),
    ("itertools", lambda: [itertools.chain([1], [2]), itertools.cycle([1])]),
    ("partial", lambda: functools.partial(int, base=2)),
    (
        "partials",
        lambda: [functools.partial(sorted, reverse=True), functools.partial(operator.mul, 2)],
    ),
    ("operators", lambda: [operator.add, operator.mul, operator.neg]),
    ("itemgetter", lambda: operator.itemgetter(1, "a")),
    ("attrgetter", lambda: operator.attrgetter("real")),
    ("methodcaller", lambda: operator.methodcaller("upper")),
    (
        "builtins",
        lambda: [len, abs, sum, max, sorted, int, str, list, dict, object, type(None), tuple],
    ),
    ("str methods", lambda: [str.lower, str.split, dict.get, bytes.upper]),
    ("mutators", lambda: [list.append, dict.update]),
    ("date methods", lambda: [datetime.datetime.fromisoformat, NOW.isoformat, NOW.date]),
    ("random methods", lambda: [random.Random(1).choice, random.Random.gauss]),
    ("text functions", lambda: [html.escape, textwrap.dedent, string.capwords, urllib.parse.quote]),
    ("pattern functions", lambda: [re.sub, re.compile("a").sub, re.escape]),
    ("binary functions", lambda: [base64.b64encode, zlib.crc32, struct.pack, binascii.hexlify]),
    ("iterators of itertools", lambda: [itertools.count(3), itertools.repeat(1, 2)]),
    (
        "enum members",
        lambda: [http.HTTPStatus.OK, signal.SIGTERM, re.I, socket.AF_INET, ssl.PROTOCOL_TLS],
    ),
    (
        "exceptions",
        lambda: [ValueError("x"), KeyError("k"), OSError(2, "no", "f"), StopIteration(1)],
    ),
    ("UnicodeDecodeError", lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")),
    ("ExceptionGroup", lambda: ExceptionGroup("g", [ValueError(1)])),  # noqa: F821
    ("StringIO", lambda: [io.StringIO("text"), io.BytesIO(b"bytes")]),
    ("urls", lambda: [urllib.parse.urlparse("http://a/b?c"), urllib.parse.urlsplit("x://y")]),
    ("template", lambda: [string.Template("$a"), textwrap.TextWrapper()]),
    ("logger", lambda: logging.getLogger("roundtrips")),
    ("log record", lambda: logging.LogRecord("n", 20, "p", 1, "m", (), None)),
    ("signature", lambda: inspect.signature(textwrap.wrap)),
    ("cookies", http.cookiejar.CookieJar),
    ("Empty", lambda: queue.Empty()),
    ("generic aliases", lambda: [list[int], dict[str, int]]),
    ("mapping proxy", lambda: dict(types.MappingProxyType({"a": 1}))),
    ("typing", lambda: __import__("typing").Optional[int]),
    ("auto enum", lambda: enum.Enum("Colour", "RED GREEN", module=__name__)),
    ("shared", lambda: (lambda x: [x, x, {"k": x}])([1])),
    ("big", lambda: {str(i): [i, float(i)] for i in range(5000)}),
]
