"""Rules of builtins and the standard library."""

from __future__ import annotations

import functools
from enum import Enum

from pickleball_hook.rules.values import is_literal, literal_args
from policy_cache import policies
from policy_cache.model import CALL, REFER, STATE, TEXTLESS, UNREDUCED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pickleball_hook.judging.guard import Guard
    from policy_cache.model import Verdict

_TEXT_CODECS = frozenset(
    ["latin1", "latin-1", "utf-8", "utf8", "ascii", "raw_unicode_escape", "raw-unicode-escape"]
)
_RE_DEBUG = 128


def text_codec(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    if operation != CALL:
        return ""
    if not operands:
        return ""
    if len(operands) == 1:
        allowed = type(operands[0]) in (bytes, bytearray, int, str, list)
        return (
            ""
            if (allowed and is_literal(operands[0])) or type(operands[0]) is bytearray
            else "text only"
        )
    if type(operands[0]) in (str, bytes, bytearray) and operands[1] in _TEXT_CODECS:
        return "" if all(type(v) is str for v in operands[1:]) else "encodings are exact strings"
    return "only text codecs are permitted"


def codecs_encode(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    if operation == CALL and len(operands) in (1, 2) and all(type(v) is str for v in operands):
        codecs = [codec.lower() for codec in operands[1:]]
        return "" if all(codec in _TEXT_CODECS for codec in codecs) else "only text codecs"
    return "only exact text with a text codec is permitted"


def regex(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    flags = operands[1] if len(operands) > 1 else 0
    import re

    if type(flags) is not int and not isinstance(flags, re.RegexFlag):
        return "flags are an integer"
    if int(flags) & _RE_DEBUG:
        return "re.DEBUG prints"
    return literal_args(guard, operation, target, operands[:1])


def itemgetter(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    parts = [p for v in operands for p in ((v.start, v.stop, v.step) if type(v) is slice else (v,))]
    return "" if all(map(is_literal, parts)) else "it takes literals only"


def bytesio(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    if operation != STATE:
        allowed = len(operands) == 0 or (
            len(operands) <= 2 and all(type(v) in (bytes, str, type(None)) for v in operands)
        )
        return "" if allowed else "it takes one exact bytes or str"
    state = operands[0]
    if type(state) is tuple and is_literal(state) and not (state and state[-1]):
        return ""
    return "its state is an exact tuple without attributes"


def signature_parts(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    if operation == STATE:
        state = operands[0]
        if type(state) is tuple and len(state) == 2:
            state = state[1]
        exact = type(state) is dict and all(type(key) is str for key in state)
        return "" if exact else "its state is an exact dict"
    for value in operands:
        parts = value if type(value) in (tuple, list) else (value,)
        for part in parts:
            if not (type(part) is str or isinstance(part, Enum) or id(part) in guard.made):
                return "it takes parameters of this load"
    return ""


def cookie(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    for value in operands:
        kind = type(value)
        if not is_literal(value) and (kind.__module__, kind.__name__) != ("http.cookies", "Morsel"):
            return "its items are exact strings and morsels"
    return ""


def partial_call(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """``partial(f)`` and its state: the program will call ``f``, with arguments from the file."""
    if operation == CALL:
        if not operands:
            return "it takes a function"
        return referable(guard, operands[0], operands[1:])
    state = operands[0]
    if type(state) is not tuple or len(state) != 4:
        return "its state is an exact tuple of four"
    func, args, kwargs, attributes = state
    if func is not target.func:
        return "its state names another function"
    if type(args) is not tuple or type(kwargs) is not dict:
        return "its state holds an exact tuple and dict"
    if attributes is not None and not _only_names(attributes, func):
        return "of attributes, its state holds names and texts to show"
    return referable(guard, func, (*args, *kwargs.values()))


_SHOWN = frozenset(["__doc__", "__module__", "__name__", "__qualname__"])
"""What ``functools.update_wrapper`` copies to make a partial look like its function."""


def _only_names(attributes: Any, func: Any) -> bool:
    """Tell whether the attributes of a partial are those by which it looks like its function."""
    return type(attributes) is dict and all(
        type(key) is str
        and (
            (key in _SHOWN and type(value) in (str, type(None)))
            or (key == "__wrapped__" and value is func)
        )
        for key, value in attributes.items()
    )


def referable(guard: Guard, func: Any, operands: tuple[Any, ...]) -> str:
    """Tell why a callable may not be kept with arguments that the file chose, ``""`` if it may."""
    if type(func) is functools.partial:
        return referable(guard, func.func, (*func.args, *func.keywords.values(), *operands))
    verdict = guard.verdict_of(func)
    if verdict is None and id(func) in guard.made:
        return guard.reason_against_call(func)
    if verdict is None or not isinstance(func, type):
        return guard.permits(func, REFER)
    if not operands or _only_lacks_reducer(verdict):
        return guard.permits(func, REFER)
    return guard.permits(func, CALL)


def _only_lacks_reducer(verdict: Verdict) -> bool:
    """Tell whether a call of a class is refused for want of a reducer that returns it, only.

    Its constructor then reaches no sink, as a function that may be referred to. No file calls it:
    what a partial makes is the program's to ask for.
    """
    traits = policies.verdict(verdict.module, verdict.name, CALL).traits
    return bool(traits.get(UNREDUCED)) and CALL not in traits.get(TEXTLESS, ())


def nested_load(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    return (
        "" if len(operands) == 1 and type(operands[0]) in (bytes, bytearray) else "it takes bytes"
    )


def sibling_file(guard: Guard, operation: str, target: Any, operands: tuple[Any, ...]) -> str:
    """State of a wrapper for an array in a file beside the pickle (joblib up to 0.9).

    joblib writes the name without its folder and joins it with the pickle's own; an absolute path
    would win over that, and reach any file, device or share.
    """
    if operation != STATE:
        return ""
    state = operands[0]
    name = state.get("filename") if type(state) is dict else None
    if type(name) is str and name not in ("", ".", "..") and not {*"/\\:\0"} & {*name}:
        return ""
    return "it names a file beside this one, without a folder"
