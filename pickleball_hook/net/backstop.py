"""What comes through a loader that was bound before this package was there, or is called from C.

Such a loader is CPython's own and shows nothing but names: ``pickle.find_class`` is raised before
each is looked up (CPython Modules/_pickle.c and Lib/pickle.py). A name passes here only if nothing
that a stream could do with it needs a check: it may be referred to, what it reaches when it is
called is clean whatever it is given, and its module may be imported. This is less than the checked
load knows, and more than it permits to be refused; a program gets the whole by installing the hook
before it binds a loader.
"""

from __future__ import annotations

import os

from pickleball_hook import context, originals
from pickleball_hook.doors import channels
from pickleball_hook.judging import names
from pickleball_hook.judging.guard import Guard
from pickleball_hook.user import settings, trust
from policy_cache import base_policy, policies
from policy_cache.model import (
    ABSENT,
    CALL,
    CONSTRUCT,
    FILL,
    METHODS,
    REFER,
    STATE,
    TEXTLESS,
    Verdict,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_LOADER = "a loader that was bound before the guard was installed"
_LENIENT_RULES = frozenset(
    ["", "enum_call", "literal_args", "plain_args", "plain_pairs", "text_codec", "tz_args"]
)
"""Rules that only keep the operands' own methods from being run (iteration, hash, conversion).

The names that a stream has them from have passed here themselves. Any other rule stands between a
stream and memory it could forge (numpy), code (functions found by name), or a nested load.
"""
_OF_CONTAINERS = frozenset(n for kind in (dict, list, tuple, set, str, bytes) for n in dir(kind))
"""Methods that code calls on what is a builtin container in every honest stream."""
_REMEDY = (
    "install the hook before the program imports a loader (the start-up file does), or load "
    "through pickle.load or pickle.loads; PICKLEBALL_MODE=audit only reports"
)


def check(module: object, name: object, frame: FrameType) -> None:
    """Judge a name that a loader without a guard is about to look up.

    Parameters
    ----------
    module, name : object
        As the stream has them; below protocol 3 they may be Python 2's, which cannot be told.
    frame : frame
        The Python code that called the loader, or the loader itself.

    Raises
    ------
    PolicyViolation
        In enforce mode.
    """
    if _is_guarded(frame) or settings.mode().value == "off":
        return
    if trust.is_vouching():
        return
    if context.is_trusted() or (context.current() is None and channels.trusted(frame)):
        return
    if type(module) is not str or type(name) is not str:
        return  # CPython's own complaint follows
    enforcing = settings.mode().value != "audit"
    load = context.current() or context.Load()
    guard = Guard(load, enforcing, context.source()[0], _LOADER)
    guard.check_alive()
    readings = {(module, name), names.mapped(module, name, 2, True)}
    try:
        reasons = list(filter(None, (reason_against(*reading) for reading in readings)))
    except Exception as error:
        reasons = [f"the check failed: {error!r}"]
    if context.current() is None:
        policies.flush()
    if reasons:
        guard.refuse(f"{module}.{name}", "GLOBAL", reasons[0], _REMEDY)


def reason_against(module: str, name: str) -> str:
    """Return why a loader that checks no operation may not have a name, ``""`` if it may."""
    if (module, name) in _closed():
        return ""
    verdict = policies.verdict(module, name, CALL)
    if verdict.open:
        return _reason_against_open(verdict)
    if not verdict.grants or REFER not in verdict.grants:
        return verdict.why_not(REFER)
    home = verdict.target.partition(":")[0]
    reason = policies.reason_against_import(module) or policies.reason_against_import(home)
    if reason:
        return reason
    if verdict.rule not in _LENIENT_RULES or verdict.traits.get(TEXTLESS):
        return "what it does depends on what it is given, which this loader does not show"
    for operation in (CALL, CONSTRUCT, STATE, FILL):
        asked = policies.verdict(module, name, operation)
        if operation not in asked.grants and "reaches" in asked.why_not(operation):
            return asked.why_not(operation)
        called = set().union(*asked.traits.get(METHODS, {}).get(operation, ()))
        if not _OF_CONTAINERS.issuperset(called):
            return "it calls methods of what it is given, which this loader does not show"
    return ""


def _reason_against_open(verdict: Verdict) -> str:
    """Plain Python fails on a module that is not there; anything else only the object can tell."""
    if verdict.kind == ABSENT and not policies.owner_kind(verdict.module):
        return ""
    return "its source does not show what it is, and this loader does not show the object"


def _closed() -> set[tuple[str, str]]:
    return {
        (module, name)
        for module, _, name in (key.partition(":") for key in base_policy.closed("stdlib"))
    }


def _is_guarded(frame: FrameType) -> bool:
    """Tell whether a look-up is part of a load of this package, which judges it by itself.

    By the file of the code: programs put ``sys.modules`` back to what it was (``patch.dict``), and
    modules that have been imported meanwhile go on working without being in there.
    """
    asking: FrameType | None = frame
    if frame.f_code is _PYTHON_FIND_CLASS:
        asking = frame.f_back
    if asking is None:
        return False
    return asking.f_code.co_filename.startswith(_FOLDER)


_FOLDER = os.path.join(os.path.dirname(os.path.dirname(check.__code__.co_filename)), "")
_PYTHON_FIND_CLASS = originals.python_find_class.__code__
