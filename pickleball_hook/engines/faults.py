"""Errors of the guard's own: what cannot be judged is refused, with the error as the cause.

Programs catch a KeyError or an ImportError of ``pickle.load`` and go on without the file, or load
it another way. Whose error it is, the traceback tells: what judges was never meant to raise one;
what does the unpickler's work raises what CPython's does, and runs the code of libraries, whose
errors are theirs.
"""

from __future__ import annotations

from pickleball_hook.errors import PolicyViolation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from pickleball_hook.judging.guard import Guard

_PACKAGES = frozenset(["pickleball_hook", "policy_cache"])
_JUDGING = (
    "policy_cache",
    "pickleball_hook.judging",
    "pickleball_hook.rules",
    *(f"pickleball_hook.engines.{name}" for name in ("arrays", "handed", "prover", "setters")),
    "pickleball_hook.engines.standins",
)
_REMEDY = (
    "do not load this file unless you trust its author; this is a fault of pickleball-auto that "
    "should be reported; PICKLEBALL_MODE=audit only reports"
)


def is_ours(error: Exception) -> bool:
    """Tell whether code that judges has raised an error, itself or in what it calls."""
    if isinstance(error, (PolicyViolation, MemoryError)):
        return False
    innermost = None
    traceback: TracebackType | None = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        module = frame.f_globals.get("__name__")
        if type(module) is str and module.partition(".")[0] in _PACKAGES:
            parameters = frame.f_code.co_varnames[: frame.f_code.co_argcount]
            innermost = module, parameters[:1]
        traceback = traceback.tb_next
    if innermost is None:
        return False
    module, parameter = innermost
    # Among the functions of the machines, those that are given a guard judge.
    return module.startswith(_JUDGING) or parameter == ("guard",)


def refuse(guard: Guard, error: Exception) -> None:
    """Refuse what could not be judged; in audit mode only say so.

    Raises
    ------
    PolicyViolation
        With the error as its cause, in enforce mode.
    """
    try:
        guard.refuse("the stream", "checking", f"the check failed: {_told(error)}", _REMEDY)
    except PolicyViolation as violation:
        raise violation from error


def checked(guard: Guard, function: Any, *args: Any) -> Any:
    """Call a function of the machines where the program may catch what it raises.

    Raises
    ------
    PolicyViolation
        In enforce mode, where the error is the guard's own.
    """
    try:
        return function(*args)
    except Exception as error:
        if is_ours(error):
            refuse(guard, error)
        raise


def _told(error: Exception) -> str:
    """Return the type of an error and what it says, if that is text of CPython's or of ours."""
    said = [argument for argument in error.args if type(argument) in (str, int)]
    return ": ".join([type(error).__name__, *map(str, said[:1])])[:300]
