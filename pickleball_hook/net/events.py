"""The one audit hook of this package (PEP 578), and who is told of what.

CPython has no way to take an audit hook out again: it is put in once, at the first load that is
checked or when loaders were bound before this package was there, and after `silence` it does
nothing any more. Its first test is what every event of the process pays for.
"""

from __future__ import annotations

import sys

from pickleball_hook import context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pickleball_hook.net.effects import Rule

_FIND_CLASS = "pickle.find_class"

_rules: dict[str, Rule] = {}
_state = {"hooked": False, "listening": False}


def listen() -> None:
    """Have the audit hook work: put it in, or wake it up. Doing so again changes nothing."""
    if _state["listening"]:
        return
    from pickleball_hook.net import effects

    effects.read_table()
    _rules.update(effects.rules)
    _state["listening"] = True
    if not _state["hooked"]:
        _state["hooked"] = True
        sys.addaudithook(_made_hook(effects.check))


def silence() -> None:
    """Have the audit hook do nothing, since it cannot be removed."""
    _state["listening"] = False
    _rules.clear()


def listening() -> bool:
    """Tell whether the audit hook is in place and working."""
    return _state["listening"]


def _made_hook(check: Callable[..., None]) -> Callable[[str, tuple[Any, ...]], None]:
    """Return the hook, with all that it needs bound: the interpreter may be shutting down.

    Or somebody has put ``sys.modules`` back to what it was before the hook came (CPython's
    test.support does): an import would be an event for the hook itself, without end.
    """
    running = context.running
    rules = _rules
    state = _state
    frame = sys._getframe
    find_class: list[Callable[..., None]] = []

    def hook(event: str, args: tuple[Any, ...]) -> None:
        # A constant, which is found faster than a name: every event of the process pays for it.
        if not running and event != "pickle.find_class":
            return
        if event in rules:
            check(event, args, frame(1))
        elif event == _FIND_CLASS and state["listening"]:
            if not find_class:
                from pickleball_hook.net import backstop

                find_class.append(backstop.check)
            find_class[0](args[0], args[1], frame(1))

    return hook
