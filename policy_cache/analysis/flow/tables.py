"""The tables of the walk: protocols of the interpreter, and what builtins do with arguments."""

from __future__ import annotations

import ast

from policy_cache.analysis.values import (
    BOUND,
    CALLER,
    COMPUTED,
    GETTER,
    GLOBAL,
    INSTANCE,
    MADE,
    NESTED,
    PARTIAL,
    RESULT,
)
from policy_cache.source.resolve import Thing

STATE = "self.*"
"""Taint of every attribute of the instance: what ``__setstate__`` and ``__del__`` start with."""

EVERYTHING = "*"
"""Stands for all local names where a statement reads them all."""

FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
CALLABLE = (GLOBAL, INSTANCE, BOUND, NESTED, MADE, RESULT, PARTIAL, CALLER, GETTER, COMPUTED)
PASSED = (GLOBAL, INSTANCE, BOUND, NESTED, MADE, PARTIAL, CALLER, GETTER, COMPUTED)

BY_MACHINE = ("__del__", "__hash__", "__eq__", "__getattribute__", "__getattr__")
"""Methods that the unpickler itself, or the interpreter after it, runs at any time."""

CALLED_OFTEN = ("__iter__", "__next__", "__len__", "__bool__", "__array_finalize__")

IMPLICIT = (
    *BY_MACHINE,
    *CALLED_OFTEN,
    *("__index__", "__int__", "__float__", "__str__", "__repr__", "__format__", "__ne__"),
    *("__contains__", "__getitem__", "__missing__", "__enter__", "__fspath__"),
    *("__array__", "__set_name__", "__aiter__", "__anext__"),
)
"""Methods that the interpreter, or a callable that is handed the object, runs unasked.

They are judged with each class, whatever else its objects undergo (`unasked`).
"""

PROTOCOL = (
    *("__iter__", "__next__", "__len__", "__str__", "__repr__", "__bool__", "__int__", "__float__"),
    *("__index__", "__hash__", "__eq__", "__contains__", "__getitem__", "__format__", "keys"),
    *("__fspath__", "__array__", "__bytes__", "__reversed__", "__copy__", "__deepcopy__"),
)
"""Methods that builtins and compiled functions run on what they are given."""

TEXTS = ("__format__", "__str__", "__repr__")
"""Methods that make a text of an object."""

BY_CODE = tuple(name for name in IMPLICIT if name not in (*BY_MACHINE, *CALLED_OFTEN, *TEXTS))
"""Those that run only where code has an operator or a statement for them."""

TEXT_MAKERS = frozenset(f"builtins:{name}" for name in ("str", "repr", "ascii", "format", "print"))
"""Builtins that do so."""

FORMATTERS = frozenset(
    [
        *("format", "format_map", "debug", "info", "warning", "warn", "error", "exception"),
        *("critical", "log"),
    ]
)
"""Methods of texts and loggers that make a text of what they are given."""

RARE = tuple(name for name in PROTOCOL if name not in IMPLICIT)
"""Those that are not judged with each class anyway."""

_COMPARED = ("__lt__", "__gt__", "__le__", "__ge__")
_COPIED = ("__reduce_ex__", "__reduce__", "__getstate__", "__getnewargs_ex__", "__getnewargs__")
_WRITTEN = ("write", "flush")
_STREAMED = (
    *("read", "read1", "readinto", "readline", "readable", "seek", "seekable", "tell", "close"),
    *("writable", "peek", *_WRITTEN),
)
_WRAPPERS = {
    "io": ("TextIOWrapper", "BufferedReader", "BufferedWriter", "BufferedRandom", "BufferedRWPair"),
    "_io": ("TextIOWrapper", "BufferedReader", "BufferedWriter", "BufferedRandom"),
    "gzip": ("GzipFile", "open"),
    "bz2": ("BZ2File", "open"),
    "lzma": ("LZMAFile", "open"),
    "zipfile": ("ZipFile",),
    "tarfile": ("TarFile", "open"),
    "codecs": ("StreamReader", "StreamWriter", "StreamReaderWriter"),
}
"""Classes of the standard library that read from, or write to, a file object they are given."""
ASKED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("builtins:dict", "collections:OrderedDict", "collections:Counter"), ("keys",)),
    **dict.fromkeys(("builtins:sorted", "builtins:min", "builtins:max"), _COMPARED),
    **{f"{m}:{n}": _COMPARED for m in ("heapq", "_heapq") for n in ("heapify", "heappush")},
    **{f"{m}:insort": _COMPARED for m in ("bisect", "_bisect")},
    "builtins:sum": ("__add__", "__radd__"),
    "builtins:abs": ("__abs__",),
    "builtins:round": ("__round__",),
    "builtins:divmod": ("__divmod__", "__rdivmod__"),
    "builtins:pow": ("__pow__", "__rpow__"),
    "builtins:bytes": ("__bytes__",),
    "builtins:dir": ("__dir__",),
    "sys:getsizeof": ("__sizeof__",),
    "contextlib:closing": ("close",),
    "contextlib:aclosing": ("aclose",),
    **dict.fromkeys(("contextlib:redirect_stdout", "contextlib:redirect_stderr"), _WRITTEN),
    **dict.fromkeys(("builtins:print", "logging:StreamHandler"), _WRITTEN),
    **dict.fromkeys(("json:dump", "csv:writer", "_csv:writer", "csv:DictWriter"), _WRITTEN),
    **{f"traceback:print_{name}": _WRITTEN for name in ("exc", "exception", "stack", "tb")},
    "shutil:copyfileobj": ("read", *_WRITTEN),
    **{f"{module}:{name}": _STREAMED for module, names in _WRAPPERS.items() for name in names},
    "builtins:complex": ("__complex__",),
    "builtins:reversed": ("__reversed__",),
    "copy:copy": ("__copy__", *_COPIED),
    "copy:deepcopy": ("__deepcopy__", *_COPIED),
    **dict.fromkeys(
        ("pickle:dumps", "pickle:dump", "_pickle:dumps", "_pickle:dump"), (*_COPIED, "write")
    ),
    **{f"math:{name}": (f"__{name}__",) for name in ("floor", "ceil", "trunc")},
}
"""Methods that functions of the standard library call on what they are given.

They are no such that are judged with each class (`IMPLICIT`): those need no question.
"""

BY_NAME = "setattr"
"""Among the methods of a summary: attributes are set whose names come from what the file gives."""

DATA_BASES = frozenset(
    [
        *(f"builtins:{kind}" for kind in ("str", "bytes", "bytearray", "int", "float", "complex")),
        *(f"builtins:{kind}" for kind in ("list", "tuple", "dict", "set", "frozenset")),
        *(f"collections:{kind}" for kind in ("OrderedDict", "defaultdict", "deque", "Counter")),
        *(f"collections:{kind}" for kind in ("UserDict", "UserList", "UserString", "ChainMap")),
        *("_collections:deque", "_collections:defaultdict", "_collections:OrderedDict"),
    ]
)
"""Classes whose instances are themselves data: what they hold is no attribute."""

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.MatMult: "matmul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.BitAnd: "and",
    ast.Invert: "invert",
    ast.UAdd: "pos",
    ast.USub: "neg",
    ast.Not: "bool",
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.In: "contains",
    ast.NotIn: "contains",
}

HARMLESS_RESULTS = frozenset(
    f"builtins:{name}"
    for name in (
        *("len", "isinstance", "issubclass", "bool", "int", "float", "id", "hash", "hasattr"),
        *("callable", "abs", "round", "ord"),
    )
)
"""Builtins whose result no longer is what the file gave."""

ONLY_LOOK = frozenset(
    f"builtins:{name}" for name in ("isinstance", "issubclass", "id", "callable", "hasattr")
)
"""Those of them that run no method of what they are given."""

MUTATORS = frozenset(
    [
        *("append", "appendleft", "extend", "extendleft", "insert", "add", "push", "put"),
        *("update", "setdefault", "write", "__setitem__", "set"),
    ]
)
"""Methods that put their arguments into the object."""

READERS = frozenset(["get", "pop", "popitem", "values", "items", "setdefault", "copy", "popleft"])
"""Methods that give what was put into a container."""

CALLERS = frozenset(
    [
        "builtins:map",
        "builtins:filter",
        "functools:reduce",
        "_functools:reduce",
        "functools:partial",
        "_functools:partial",
        "itertools:starmap",
        "operator:call",
        "_operator:call",
    ]
)
"""Builtins that call their first argument."""

MANY = CALLERS - {"builtins:map", "builtins:filter"}
"""Those that may call it with more than one argument."""

NAMESPACES = frozenset(["types:SimpleNamespace"])
"""Classes of the standard library whose objects are nothing but attributes."""

REFERENCES = frozenset(["weakref:ref", "_weakref:ref"])
"""Classes of the standard library that run nothing of the one object that they are given."""

POINTERS = frozenset(["ctypes:c_void_p"])
"""Sink classes whose objects are values: made of no data, they point to nothing of the file's.

Native code is handed the class as the type of an array beside the data that it is to read.
"""

_KEYED = ("builtins:sorted", "builtins:min", "builtins:max", "heapq:merge")
_SELECTING = ("takewhile", "dropwhile", "filterfalse")
CALLS_BACK: dict[str, tuple[int, str]] = {
    **dict.fromkeys(_KEYED, (-1, "key")),
    **dict.fromkeys(("heapq:nlargest", "heapq:nsmallest"), (2, "key")),
    **{f"itertools:{name}": (0, "predicate") for name in _SELECTING},
    "itertools:accumulate": (1, "func"),
    "itertools:groupby": (1, "key"),
    "functools:cmp_to_key": (0, "mycmp"),
    "_functools:cmp_to_key": (0, "mycmp"),
    "weakref:finalize": (1, "func"),
    "re:sub": (1, "repl"),
    "re:subn": (1, "repl"),
}
"""Functions and classes of the standard library that call one of their arguments: which."""

OPENERS = frozenset(
    ["builtins:open", "io:open", "codecs:open", "gzip:open", "bz2:open", "lzma:open"]
)
PROPERTIES = frozenset(["property", "cached_property", "functools.cached_property"])
PLAIN_DECORATORS = frozenset(
    [
        *("builtins:property", "builtins:staticmethod", "builtins:classmethod"),
        *("functools:wraps", "functools:lru_cache", "functools:cache", "_functools:cache"),
        *("functools:cached_property", "functools:total_ordering"),
        *("contextlib:contextmanager", "contextlib:asynccontextmanager"),
        *("abc:abstractmethod", "abc:abstractproperty", "typing:overload", "typing:final"),
    ]
)
DISPATCHERS = frozenset(["functools:singledispatch", "functools:singledispatchmethod"])
"""Decorators of functions for which others are registered, by the class of their argument."""

ASKING_DECORATORS = {
    f"{module}.overrides:{name}": "__array_function__"
    for module in ("numpy.core", "numpy._core")
    for name in ("array_function_dispatch", "array_function_from_c_func_and_dispatcher")
}
"""Decorators by which a function asks what it is given first, and the method they call for it.

The dispatchers that numpy hands them give back some of the arguments (NEP 18; numpy
_core/overrides.py, and multiarray/arrayfunction_override.c).
"""

PLAIN_METHODS = frozenset(
    name
    for kind in (str, bytes, list, dict, set, tuple, int)
    for name in dir(kind)
    if not name.startswith("__")
) | frozenset(["debug", "info", "warning", "warn", "error", "exception", "critical", "log"])
"""Methods of builtin containers and of loggers: harmless on an object that is not the file's."""

NATIVE = Thing("external", "ctypes", "CDLL.any.function")
"""What a native library gives for any name, and what that gives for one."""
