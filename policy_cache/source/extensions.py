"""What can be known of an extension module without running it.

Three things stand in the files of a distribution: Cython sources (``.pyx`` and their templates)
where they are shipped, stubs (``.pyi``), and the names in the binary itself. Cython writes
``package.module.Class`` for every extension type, ``__pyx_unpickle_Class`` for each that it can
pickle by itself, and the qualified name of every method, so that tracebacks can show them.
"""

from __future__ import annotations

import glob
import os
import re
from functools import lru_cache
from importlib.machinery import EXTENSION_SUFFIXES
from typing import NamedTuple

from policy_cache.source.locate import Module

_LARGEST = 400_000_000
_UNPICKLER_NAME = re.compile(r"(^|_)(un_?pickle|reconstruct|rebuild|newobj)(_|$)", re.IGNORECASE)
_RETURNED = re.compile(r"return\s*\(?\s*([A-Za-z_][\w.]*(?:\(self\))?)\s*,")
_REGISTERED = re.compile(r"^[ \t]*copy_?reg\.pickle\(\s*[\w.]+\s*,\s*(\w+)", re.MULTILINE)
_CLASS = re.compile(
    r"^(?P<indent>[ \t]*)(?:cdef\s+|cpdef\s+)?(?:final\s+|public\s+|api\s+)*"
    r"class\s+(?P<name>[\w{}]+)"
)


_NO_END = (")", "#", "{{")
"""What may stand at the indentation of a class statement without ending its body."""


class Name(NamedTuple):
    """What the files say about one name of an extension module.

    Attributes
    ----------
    kind : str
        ``class`` or ``function``.
    reduces_to_class : str
        Evidence that the class's own reducer returns the class, or ``""``.
    returned : str
        Evidence that a reducer returns this function, or ``""``.
    newargs : bool
        Whether the class says what ``__new__`` is to be given.
    evidence : str
        Where the name was found.
    """

    kind: str
    reduces_to_class: str = ""
    returned: str = ""
    newargs: bool = False
    evidence: str = ""


def look_up(module: Module, name: str) -> Name | None:
    """Return what is known of `name` in the extension `module`, or None.

    Parameters
    ----------
    module : Module
        Located, of kind ``extension``.
    name : str
        A class or function name (no dots).
    """
    if not name.isidentifier():
        return None
    return _from_sources(module, name) or _from_binary(module, name)


def returned_beside(module: Module, name: str) -> str:
    """Return the evidence that a compiled reducer returns a Python function, or ``""``.

    C code finds such a function as an attribute of its module: both names stand in the binary, and
    the function is named for what it does.

    Parameters
    ----------
    module : Module
        That of the function, with source.
    name : str
        The function.
    """
    if not _UNPICKLER_NAME.search(name) or not module.file:
        return ""
    folder = glob.escape(os.path.dirname(module.file))
    for suffix in EXTENSION_SUFFIXES:
        for path in sorted(glob.glob(f"{folder}/*{suffix}")):
            binary = _binary(path)
            named = all(f"\0{text}\0".encode() in binary for text in (module.name, name))
            if named and b"__reduce__" in binary:
                return f"{path} (names it, and defines a __reduce__)"
    return ""


def forget() -> None:
    """Drop what was read (packages may have been installed since)."""
    for cache in (_source_files, _stub_files, _text, _binary):
        cache.cache_clear()


def files(module: Module) -> tuple[str, ...]:
    """Return every file that :func:`look_up` consults for `module`."""
    return (module.file, *_source_files(module.file), *_stub_files(module.file))


def _stem(file: str) -> str:
    folder, base = os.path.split(file)
    return os.path.join(folder, base.partition(".")[0])


@lru_cache(maxsize=256)
def _source_files(file: str) -> tuple[str, ...]:
    stem = glob.escape(_stem(file))
    found = sorted(p for p in glob.glob(stem + ".p[yx][xi]*") if not p.endswith(".pyi"))
    for path in list(found):
        for included in re.findall(r'^include\s+["\'](.+?)["\']', _text(path), re.MULTILINE):
            found.append(os.path.join(os.path.dirname(path), included))
    return tuple(path for path in found if os.path.isfile(path))


@lru_cache(maxsize=256)
def _stub_files(file: str) -> tuple[str, ...]:
    stub = _stem(file) + ".pyi"
    return (stub,) if os.path.isfile(stub) else ()


@lru_cache(maxsize=256)
def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read(4_000_000)
    except OSError:
        return ""


@lru_cache(maxsize=64)
def _binary(path: str) -> bytes:
    try:
        if os.path.getsize(path) > _LARGEST:
            return b""
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def _from_sources(module: Module, name: str) -> Name | None:
    for path in _source_files(module.file):
        text = _text(path)
        block = _class_block(text, name)
        if block:
            return Name("class", _own_class(block, name, path), "", "__getnewargs" in block, path)
        if re.search(
            rf"^(?:cp?def|def)\s+(?:[\w\[\], ]+\s)?{re.escape(name)}\s*\(", text, re.MULTILINE
        ):
            return Name("function", returned=_returned_by_reducer(text, name, path), evidence=path)
    return None


def _class_block(text: str, name: str) -> str:
    """Return the body of class `name`; a template's ``Name{{suffix}}`` stands for all its names."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        match = _CLASS.match(line)
        if match is None or not _is_named(match["name"], name):
            continue
        indent = len(match["indent"])
        body = [line]
        for following in lines[number + 1 :]:
            text = following.lstrip()
            if text and len(following) - len(text) <= indent and not text.startswith(_NO_END):
                break
            body.append(following)
        return "\n".join(body)
    return ""


def _is_named(pattern: str, name: str) -> bool:
    if "{{" not in pattern:
        return pattern == name
    parts = re.split(r"\{\{.*?\}\}", pattern)
    return bool(re.fullmatch(r"\w*".join(map(re.escape, parts)), name))


def _reducers(text: str) -> list[str]:
    """Return the bodies of the reducers in `text`, and of functions given to ``copyreg.pickle``."""
    found = []
    names = "|".join(["__reduce(?:_ex)?__", *map(re.escape, _REGISTERED.findall(text))])
    head = rf"^([ \t]*)(?:cp?)?def[ ]+(?:[\w\[\], ]+[ ])?(?:{names})\(.*$"
    for match in re.finditer(head, text, re.MULTILINE):
        indent = len(match[1])
        body = []
        for line in text[match.end() :].splitlines()[1:]:
            if line.strip() and len(line) - len(line.lstrip()) <= indent:
                break
            body.append(line)
        found.append("\n".join(body))
    return found


def _own_class(block: str, name: str, path: str) -> str:
    for body in _reducers(block):
        for match in _RETURNED.finditer(body):
            returned = match[1]
            if returned in ("type(self)", "self.__class__") or re.sub(r"\W", "", returned) == name:
                return f"{path} (__reduce__ of {name})"
            if "{{" in body:
                return f"{path} (__reduce__ of the template of {name})"
    if any("{{" in body for body in _reducers(block)):
        return f"{path} (__reduce__ of the template of {name})"
    return ""


def _returned_by_reducer(text: str, name: str, path: str) -> str:
    for body in _reducers(text):
        if any(match[1] == name for match in _RETURNED.finditer(body)):
            return f"{path} (returned by a __reduce__)"
    return ""


def _from_binary(module: Module, name: str) -> Name | None:
    binary = _binary(module.file)
    file = module.file
    if name.startswith("__pyx_unpickle_") and name.encode() in binary:
        return Name("function", returned=f"{file} (Cython's own reducer)", evidence=file)
    if _UNPICKLER_NAME.search(name) and name.encode() in binary:
        return Name("function", returned=f"{file} (named as an unpickling helper)", evidence=file)
    if _names_type(binary, module.name, name):
        return Name(
            "class", _reduces(binary, module, name), "", _has(binary, name, "__getnewargs"), file
        )
    return None


def _names_type(binary: bytes, module: str, name: str) -> bool:
    """Tell whether the binary names ``package.module.Class`` and something of that class.

    A function's qualified name stands there too, but nothing below it.
    """
    if f"__pyx_unpickle_{name}".encode() in binary or f"\0{name}.__".encode() in binary:
        return True
    return f"{module}.{name}.".encode() in binary or _has(binary, name, "__")


def _has(binary: bytes, name: str, method: str) -> bool:
    """Tell whether class `name` defines `method`: as a qualified name or a mangled symbol."""
    if f"{name}.{method}".encode() in binary:
        return True
    return bool(
        re.search(rb"%d%s_\d*%s" % (len(name), re.escape(name.encode()), method.encode()), binary)
    )


def _reduces(binary: bytes, module: Module, name: str) -> str:
    for stub in _stub_files(module.file):
        for cls in _with_bases(_text(stub), name):
            block = _class_block(_text(stub), cls)
            if re.search(
                r"def __reduce(_ex)?__\(.*?tuple\[(type\[Self\]|Type|type)", block, re.DOTALL
            ):
                return f"{stub} (__reduce__ of {cls})"
    if _has(binary, name, "__reduce__") or _has(binary, name, "__reduce_ex__"):
        return f"{module.file} (defines {name}.__reduce__)"
    return ""


def _with_bases(text: str, name: str) -> list[str]:
    """Return class `name` and its bases, as far as they stand in the same file."""
    found: list[str] = []
    waiting = [name]
    while waiting:
        cls = waiting.pop()
        match = re.search(rf"^\s*class {re.escape(cls)}\s*\(([^)]*)\)", text, re.MULTILINE)
        if cls in found:
            continue
        found.append(cls)
        waiting += re.findall(r"\w+", match[1]) if match else []
    return found
