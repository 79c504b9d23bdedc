"""How a refusal names an operation, a global and what to do."""

from __future__ import annotations

from policy_cache.model import CALL, CONSTRUCT, FILL, REFER, STATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from policy_cache.model import Verdict

OPCODES = {
    REFER: "GLOBAL",
    CONSTRUCT: "NEWOBJ",
    CALL: "REDUCE",
    STATE: "BUILD",
    FILL: "APPENDS/SETITEMS",
}


def dotted(verdict: Verdict) -> str:
    asked = f"{verdict.module}.{verdict.name}"
    target = verdict.target.replace(":", ".")
    return asked if asked == target else f"{asked} (that is {target})"


def remedy(name: str) -> str:
    asked = name.removeprefix("an instance of ").partition(" ")[0]
    module, _, attribute = asked.rpartition(".")
    return (
        "do not load this file unless you trust its author; "
        f"`pickleball explain {module}:{attribute}` shows the evidence, "
        "PICKLEBALL_MODE=audit only reports"
    )


def may_be_allowed(verdict: Verdict) -> bool:
    """Tell whether the user may allow a global by name: never one that reaches a sink."""
    return not any("reaches" in reason for reason in verdict.refusals.values()) and bool(
        verdict.kind not in ("external", "module") and "*" not in verdict.refusals
    )
