"""The opcodes that streams are put together from, as CPython's ``pickle.py`` has them."""

from __future__ import annotations

MARK, STOP, POP, DUP = b"(", b".", b"0", b"2"
REDUCE, NEWOBJ, NEWOBJ_EX, BUILD, OBJ = b"R", b"\x81", b"\x92", b"b", b"o"
APPEND, APPENDS, SETITEM, SETITEMS, ADDITEMS = b"a", b"e", b"s", b"u", b"\x90"
EMPTY_LIST, EMPTY_DICT, EMPTY_SET, EMPTY_TUPLE, NONE = b"]", b"}", b"\x8f", b")", b"N"
