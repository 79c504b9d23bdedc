"""A small assembler of pickle streams: each function returns the opcodes that leave one value.

Streams are put together by hand because no pickler writes what an attacker does. What takes other
values takes them as opcodes too, so that expressions nest as the stack does.
"""

from __future__ import annotations

import struct

from tests.attacks.opcodes import (
    APPENDS,
    BUILD,
    EMPTY_DICT,
    EMPTY_LIST,
    MARK,
    NEWOBJ,
    NEWOBJ_EX,
    NONE,
    OBJ,
    REDUCE,
    SETITEMS,
    STOP,
)


def stream(*parts: bytes, protocol: int = 4) -> bytes:
    """Return a whole pickle of the values and operations in `parts`."""
    return b"\x80" + bytes([protocol]) + b"".join(parts) + STOP


def old_stream(*parts: bytes) -> bytes:
    """Return a whole pickle without a protocol opcode: below protocol 2."""
    return b"".join(parts) + STOP


def value(literal: object) -> bytes:
    """Return the opcodes of a literal; `bytes` in a container are opcodes already."""
    if literal is None:
        return NONE
    if isinstance(literal, bool):
        return b"\x88" if literal else b"\x89"
    if isinstance(literal, int):
        return b"J" + struct.pack("<i", literal)
    if isinstance(literal, str):
        return b"X" + struct.pack("<I", len(literal.encode())) + literal.encode()
    if isinstance(literal, tuple):
        return MARK + b"".join(map(_part, literal)) + b"t"
    if isinstance(literal, list):
        return EMPTY_LIST + MARK + b"".join(map(_part, literal)) + APPENDS
    if isinstance(literal, dict):
        pairs = b"".join(_part(key) + _part(item) for key, item in literal.items())
        return EMPTY_DICT + MARK + pairs + SETITEMS
    raise TypeError(type(literal))


def _part(item: object) -> bytes:
    return item if isinstance(item, bytes) else value(item)


def raw(data: bytes) -> bytes:
    """Return the opcodes of a bytes object."""
    return b"B" + struct.pack("<I", len(data)) + data


def name(module: str, attribute: str) -> bytes:
    """Return GLOBAL: a name by two lines of text (any protocol)."""
    return f"c{module}\n{attribute}\n".encode()


def stack_name(module: bytes, attribute: bytes) -> bytes:
    """Return STACK_GLOBAL: a name from two computed values."""
    return module + attribute + b"\x93"


def call(function: bytes, *args: object) -> bytes:
    """Return REDUCE of a function with arguments."""
    return function + value(args) + REDUCE


def new(cls: bytes, *args: object) -> bytes:
    """Return NEWOBJ of a class with arguments."""
    return cls + value(args) + NEWOBJ


def new_ex(cls: bytes, args: object, kwargs: object) -> bytes:
    """Return NEWOBJ_EX of a class with positional and keyword arguments."""
    return cls + _part(args) + _part(kwargs) + NEWOBJ_EX


def inst(module: str, attribute: str, *args: object) -> bytes:
    """Return INST: the class by two lines, its arguments above a mark."""
    return MARK + b"".join(map(_part, args)) + f"i{module}\n{attribute}\n".encode()


def obj(cls: bytes, *args: object) -> bytes:
    """Return OBJ: the class and its arguments above a mark."""
    return MARK + cls + b"".join(map(_part, args)) + OBJ


def build(target: bytes, state: object) -> bytes:
    """Return BUILD of an object with a state."""
    return target + _part(state) + BUILD


def put(index: int) -> bytes:
    """Return BINPUT: remember the top of the stack."""
    return b"q" + bytes([index])


def get(index: int) -> bytes:
    """Return BINGET: what was remembered."""
    return b"h" + bytes([index])
