"""``pickleball explain``: per global what is used, granted and refused, and on what evidence."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from pickleball_hook.commands.output import coloured, echo, fail, json_option, print_json, safe
from pickleball_hook.judging.telling import OPCODES
from policy_cache.analysis import chains
from policy_cache.model import ABSENT, CALL, OPERATIONS, REFER
from policy_cache.source.locate import locate

if TYPE_CHECKING:
    from pickleball_hook.checking.inspection import FileVerdict
    from pickleball_hook.checking.remarks import Remark
    from policy_cache.model import Verdict


@click.command()
@click.argument("subject", metavar="FILE|MODULE:NAME")
@json_option
def explain(subject: str, as_json: bool) -> int:
    """Say what each global of FILE, or the one global MODULE:NAME, may do, and why.

    Nothing is loaded or imported. For a file: the operations that it uses, with the first
    arguments; whether each is granted, by which evidence, or refused, by which chain of calls;
    and what would allow it. Exit status: for a file as `check` has it.
    """
    if os.path.lexists(subject):
        return _explain_file(subject, as_json)
    module, colon, name = subject.partition(":")
    if not (module and colon and name):
        fail(f"neither a file nor a global: {subject!r}; write a global as MODULE:NAME", status=2)
    from policy_cache import policies

    module, name = _by_module(module, name)
    verdict = _complete(policies.verdict(module, name))
    policies.flush()
    if as_json:
        print_json({**verdict.to_json(), "remedy": remedy(verdict)})
        return 0
    echo(safe(f"{module}:{name}"))
    _print_verdict(verdict)
    return 0


def _by_module(module: str, name: str) -> tuple[str, str]:
    """Return a global by what of its dotted name is a module: messages may cut it elsewhere."""
    outer, dot, inner = module.rpartition(".")
    if dot and locate(module) is None and locate(outer) is not None:
        return outer, f"{inner}.{name}"
    return module, name


def _complete(verdict: Verdict) -> Verdict:
    """Judge also what is judged only when a file asks for it."""
    from policy_cache import policies

    for operation in OPERATIONS:
        verdict = policies.verdict(verdict.module, verdict.name, operation)
    return verdict


def _print_verdict(verdict: Verdict) -> None:
    echo(f"  {verdict.kind} {safe(verdict.target)}")
    for operation, evidence in verdict.grants.items():
        echo(f"  {operation:<10} {coloured('granted')}  {safe(evidence)}")
    for operation, reason in verdict.refusals.items():
        title = "all" if operation == "*" else operation
        echo(f"  {title:<10} {coloured('refused')}  {safe(reason)}")
        _print_chain(chain_behind(verdict, operation))
    if verdict.rule:
        echo(f"  rule       {verdict.rule}: arguments are checked when it is loaded")
    for part in verdict.traits.get("unproven", ()):
        echo(f"  unproven   {safe(part)}")
    if verdict.refusals:
        echo(safe(f"  what would allow it: {remedy(verdict)}"))


def _print_chain(chain: str) -> None:
    if chain:
        echo(safe(f"             it {chain}"))


def chain_behind(verdict: Verdict, operation: str) -> str:
    """Return what a refused operation would come to, where its reason does not say so already.

    Parameters
    ----------
    verdict : Verdict
        Of one global.
    operation : str
        One that is refused; ``*`` for all of them.

    Returns
    -------
    str
        ``reaches ...`` with file and line of each call, ``""`` where nothing is known.
    """
    if verdict.kind == ABSENT or " reaches " in f" {verdict.why_not(operation)}":
        return ""
    asked = CALL if operation == "*" else operation
    module, _, name = verdict.target.partition(":")
    return chains.chain(verdict.module, verdict.name, asked, module, name)


def remedy(verdict: Verdict) -> str:
    """Return what the user can do about the refusals of a verdict, ``""`` if there are none.

    Parameters
    ----------
    verdict : Verdict
        Of one global.

    Returns
    -------
    str
    """
    from pickleball_hook.judging.telling import may_be_allowed

    if not verdict.refusals:
        return ""
    if verdict.kind == "absent":
        return "the module in the version that wrote the file"
    if may_be_allowed(verdict):
        call = " --call" if CALL in verdict.refusals else ""
        return safe(f"`pickleball allow add {verdict.key}{call}`, if you know what it does")
    return "only trust in the whole file: `pickleball trust add FILE`"


# -- a file ---------------------------------------------------------------------------------------


def _explain_file(path: str, as_json: bool) -> int:
    from pickleball_hook.checking import workers
    from pickleball_hook.checking.remarks import PERMITTED
    from pickleball_hook.commands.check import rules_left, status

    (judged,) = workers.judge([path], 1, 300.0)
    rows = _rows(judged)
    if as_json:
        answer = judged.to_json()
        for line, refusal in zip(answer["refusals"], judged.refusals, strict=True):
            line["chain"] = _chain_of(refusal.remark, rows)
        print_json({**answer, "globals": [_plain(row) for row in rows]})
        return status([judged])
    echo(f"{coloured(judged.outcome)}  {safe(path)}{rules_left(judged)}")
    for row in rows:
        echo()
        echo(safe(f"{row['module']}:{row['name']}"))
        used = ", ".join(f"{op} {times} times" for op, times in row["used"].items() if op != REFER)
        echo(f"  used       {used or 'referred to only'}")
        for operation, samples in row["samples"].items():
            for sample in samples:
                echo(f"             {operation} with {safe(sample)}")
        if row["verdict"] is not None:
            _print_used(row)
    reasons = {reason for row in rows for reason in row["reasons"].values()}
    for found in judged.refusals:
        if found.remark.reason not in reasons:
            what = f"{found.remark.operation} of {found.remark.name}: {found.remark.reason}"
            echo(f"\n{coloured('refused')}: {safe(what)}")
            _print_chain(_chain_of(found.remark, rows))
    told = [found for found in judged.unknown if not found.remark.name]
    for found in told:
        where = f"{'/'.join(found.where)}: " if found.where else ""
        echo(f"\nnot judged: {safe(where)}{safe(found.remark.reason)}")
    for found in judged.conditions if judged.outcome == PERMITTED else ():
        what = f"{found.remark.operation} of {found.remark.name}: {found.remark.reason}"
        echo(f"\nat load: {safe(what)}")
    return status([judged])


def _chain_of(remark: Remark, rows: list[dict[str, Any]]) -> str:
    """Return what an operation that a rule refuses would come to."""
    if " reaches " in f" {remark.reason}":
        return ""
    operation = next((op for op, code in OPCODES.items() if code == remark.operation), REFER)
    for row in rows:
        if remark.name.partition(" ")[0] == f"{row['module']}.{row['name']}":
            return chains.chain(row["module"], row["name"], operation)
    return ""


def _print_used(row: dict[str, Any]) -> None:
    verdict: Verdict = row["verdict"]
    echo(f"  {verdict.kind} {safe(verdict.target)}")
    if verdict.kind == ABSENT:
        echo(f"  not judged: {safe(verdict.why_not(REFER))}")
        return
    refused = False
    for operation in _asked(verdict, row["used"]):
        if operation in verdict.grants:
            echo(f"  {operation:<10} {coloured('granted')}  {safe(verdict.grants[operation])}")
        else:
            refused = True
            reason = safe(verdict.why_not(operation))
            echo(f"  {operation:<10} {coloured('refused')}  {reason}")
            _print_chain(row["chains"].get(operation, ""))
    if verdict.rule:
        echo(f"  rule       {verdict.rule}: arguments are checked when it is loaded")
    if refused and remedy(verdict):
        echo(safe(f"  what would allow it: {remedy(verdict)}"))


def _asked(verdict: Verdict, used: dict[str, int]) -> list[str]:
    """Return what a load asks: what is called, and not handed out, need not be referred to."""
    alone = CALL in verdict.grants and REFER not in verdict.grants and len(used) > 1
    return [operation for operation in used if operation != REFER or not alone]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    verdict: Verdict | None = row["verdict"]
    return {**row, "verdict": verdict and {**verdict.to_json(), "remedy": remedy(verdict)}}


def _rows(judged: FileVerdict) -> list[dict[str, Any]]:
    from policy_cache import policies

    rows: list[dict[str, Any]] = []
    for (module, name), use in judged.uses.items():
        verdict = None
        if module and module not in ("__main__", "__mp_main__") and not name.endswith("()"):
            verdict = policies.verdict(module, name)
            for operation in use.operations:
                verdict = policies.verdict(module, name, operation)
        asked = _asked(verdict, use.operations) if verdict else ()
        refused = [op for op in asked if verdict and op not in verdict.grants]
        rows.append(
            {
                "module": module,
                "name": name,
                "used": dict(use.operations),
                "samples": use.samples,
                "verdict": verdict,
                "reasons": {op: verdict.why_not(op) for op in refused if verdict},
                "chains": {op: chain_behind(verdict, op) for op in refused if verdict},
            }
        )
    policies.flush()
    return rows
