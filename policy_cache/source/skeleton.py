"""Source text to a tree whose functions are parsed when they are first looked at.

A question about a library needs a few hundred of its functions, and its modules hold thousands.
What stands between them (classes, imports, assignments, decorators, the names of functions) is
parsed at once, with a stub for each function; its parameters and its body are parsed when one of
them is asked for, at their own lines.

Where a body ends is told by indentation (the language reference, "Indentation"): at the first line
that is indented less and is neither blank nor a comment. Lines within brackets, within a string of
several lines, or after a backslash may be indented less and still belong to the body. Brackets that
were cut through leave one that nothing closes, which no longer parses. Quotes and backslashes are
looked for in each body, and one that goes on after a line that is indented less must parse as one
function. Every stub must be found again as the body of a function in what is left. A text for which
any of that fails is parsed as a whole.
"""

from __future__ import annotations

import ast
import re
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_SMALLEST = 4_000
"""Bytes of a text up to which it is parsed as a whole: there is little to save."""

_TEXTS = rb"""'[^'\\\n]*'|"[^"\\\n]*"|\#[^\n]*\n"""
_PLAIN = rb"""[^()'"\#]*"""


def _balanced(depth: int) -> bytes:
    """Return a pattern of what stands between parentheses, with pairs within, so many deep.

    No text matches it in two ways: one that does not match is given up in linear time.
    """
    inner = _TEXTS + (rb"|\(" + _balanced(depth - 1) + rb"\)" if depth else b"")
    return _PLAIN + rb"(?:(?:" + inner + rb")" + _PLAIN + rb")*"


_DEF = re.compile(rb"\n( *)(async +)?def +\w+ *\(")
_REST = re.compile(_balanced(3) + rb"\)[^:\n]*:[ ]*(?:\#[^\n]*)?\n")
_CODING = re.compile(rb"^[^\n]*\n?[^\n]*coding[:=]")
_ENDS: dict[int, re.Pattern[bytes]] = {}
_LONGEST_HEAD = 8_000
_MOST_DEDENTED = 400
"""Lines of strings that are indented less than the function they are in."""

_QUOTES = (b'"""', b"'''")


_LATE = ("args", "body", "returns")


class _Stub(NamedTuple):
    """Where a function stands in the text of its module, beginning with its first line."""

    text: bytes
    at: int
    parameters: int
    end: int
    line: int
    """Of ``def``, counted from 1."""


def _late(function: Any, name: str) -> Any:
    """Serve the parameters or the body of a function for the first time."""
    if name not in _LATE:
        raise AttributeError(name)
    parsed = _parse_function(function.__dict__.pop("_stub"))
    function.__class__ = type(parsed)
    for late in _LATE:
        setattr(function, late, getattr(parsed, late))
    return getattr(function, name)


class _Returns:
    """An optional field: of the class it is None (CPython Parser/asdl_c.py, add_attributes)."""

    def __get__(self, function: ast.AST | None, cls: type) -> Any:
        return None if function is None else _late(function, "returns")


class _Function(ast.FunctionDef):
    __slots__ = ()  # so that a node can become one
    __getattr__ = _late
    returns: Any = _Returns()


class _AsyncFunction(ast.AsyncFunctionDef):
    __slots__ = ()
    __getattr__ = _late
    returns: Any = _Returns()


_Function.__name__ = "FunctionDef"  # what ``ast.NodeVisitor`` goes by
_AsyncFunction.__name__ = "AsyncFunctionDef"


def parse(text: bytes) -> ast.Module:
    """Parse source text; functions when they are first looked at.

    Raises
    ------
    SyntaxError, ValueError
        If `text` is no Python source. Where only a function is none, looking at it raises it.
    """
    return _parse_late(text) or ast.parse(text)


def may_hold(function: ast.AST, pattern: re.Pattern[bytes]) -> bool:
    """Tell whether the text of a function matches; True for one that is parsed already.

    What a function does not mention it does not have, and need not be parsed for.
    """
    stub: _Stub | None = function.__dict__.get("_stub")
    return stub is None or pattern.search(stub.text, stub.parameters, stub.end) is not None


def mentioning(tree: ast.AST, pattern: re.Pattern[bytes]) -> Iterator[ast.AST]:
    """Walk a tree as :func:`ast.walk` does, but for functions whose text does not match."""
    waiting = deque([tree])
    while waiting:
        node = waiting.popleft()
        fields = node._fields
        if "_stub" in node.__dict__ and not may_hold(node, pattern):
            fields = tuple(field for field in fields if field not in _LATE)
        for field in fields:
            value = getattr(node, field, None)
            if type(value) is list:
                waiting += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST):
                waiting.append(value)
        yield node


def matches(function: ast.AST, pattern: re.Pattern[bytes]) -> list[bytes] | None:
    """Return what a pattern finds in the text of a function, None for one that is parsed."""
    stub: _Stub | None = function.__dict__.get("_stub")
    return None if stub is None else pattern.findall(stub.text, stub.parameters, stub.end)


def _parse_late(text: bytes) -> ast.Module | None:
    if len(text) < _SMALLEST or b"\r" in text or b"\f" in text or _CODING.match(text):
        return None
    skeleton, stubs = _cut(text)
    try:
        tree = ast.parse(skeleton)
    except (SyntaxError, ValueError):
        return None
    found = functions(tree)
    if not stubs.keys() <= {node.lineno for node in found}:
        return None
    for node in found:
        if node.lineno in stubs:
            _make_late(node, stubs[node.lineno])
    return tree


def _cut(text: bytes) -> tuple[bytes, dict[int, _Stub]]:
    """Return the text with stubs for functions, and the stubs by line of ``def``."""
    parts: list[bytes] = []
    stubs: dict[int, _Stub] = {}
    quotes = tuple(quotes for quotes in _QUOTES if quotes in text)
    kept = at = 0
    line = 1  # of the offset `kept`
    while (head := _DEF.search(text, at)) is not None:
        rest = _REST.match(text, head.end(), head.end() + _LONGEST_HEAD)
        start = rest.end() if rest is not None else head.end()
        if rest is None or _is_within_string(text, kept, start, quotes):
            at = start - 1
            continue
        indent = len(head[1])
        end = _end_of_body(text, start, indent, quotes)
        at = end - 1
        if end == start:
            continue
        first = line + text.count(b"\n", kept, head.start() + 1)
        lines = text.count(b"\n", head.end(), end)
        parts += [text[kept : head.end()], b"):0", b"\n" * lines]
        stubs[first] = _Stub(text, head.start() + 1, head.end(), end, first)
        kept, line = end, first + lines
    parts.append(text[kept:])
    return b"".join(parts), stubs


def _is_within_string(text: bytes, start: int, end: int, quotes: tuple[bytes, ...]) -> bool:
    """Guess whether a string of several lines is open at the end of a stretch of text."""
    return any(text.count(quote, start, end) % 2 for quote in quotes)


def _end_of_body(text: bytes, start: int, indent: int, quotes: tuple[bytes, ...]) -> int:
    """Return the offset of the first line that no longer belongs to a body.

    `quotes` are those of strings of several lines that the text has anywhere.
    """
    pattern = _ENDS.get(indent)
    if pattern is None:
        pattern = _ENDS[indent] = re.compile(rb"\n(?! {%d}|[ ]*(?:\#|\n|\Z))" % (indent + 1))
    at = start - 1
    for number in range(_MOST_DEDENTED):
        found = pattern.search(text, at)
        at = found.end() if found is not None else len(text)
        continued = found is not None and text[found.start() - 1 : found.start()] == b"\\"
        if not continued and not _is_within_string(text, start, at, quotes):
            return at if number == 0 or _is_body(text[start:at]) else start
        if found is None:
            break
    return start


def _is_body(text: bytes) -> bool:
    """Tell whether a text with lines that are indented less is the body of one function."""
    try:
        return len(_parse_quietly(b"async def f():\n" + text).body) == 1
    except (SyntaxError, ValueError):
        return False


def functions(root: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return the functions of a module or class, those of its classes and blocks included."""
    found: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
    waiting: list[Any] = [root]
    for node in waiting:  # which grows while it is walked
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.append(node)
        elif not isinstance(node, ast.expr):
            for field in ("body", "orelse", "finalbody", "handlers", "cases"):
                waiting += getattr(node, field, ())
    return found


def _make_late(node: ast.FunctionDef | ast.AsyncFunctionDef, stub: _Stub) -> None:
    for late in _LATE:
        node.__dict__.pop(late, None)
    node.__dict__["_stub"] = stub
    node.__class__ = _Function if isinstance(node, ast.FunctionDef) else _AsyncFunction


def _parse_function(stub: _Stub) -> ast.stmt:
    """Parse the text of a function, at the lines where it stands in its module."""
    indented = stub.text[stub.at : stub.at + 1] == b" "
    before = b"\n" * (stub.line - 2) + b"if 0:\n" if indented else b"\n" * (stub.line - 1)
    (parsed,) = _parse_quietly(before + stub.text[stub.at : stub.end]).body
    if indented:
        assert isinstance(parsed, ast.If)
        (parsed,) = parsed.body
    return parsed


def _parse_quietly(text: bytes) -> ast.Module:
    """Parse without the warnings that the tokenizer gives of backslashes in strings."""
    if b"\\" not in text:
        return ast.parse(text)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)
