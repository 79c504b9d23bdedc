"""Callables that call, or construct, what they are given: it undergoes that operation itself."""

from __future__ import annotations

import importlib.util

import pytest

from tests.attacks.assembler import call, name, raw, stream
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims
from tests.attacks.named import TOUCH

MADE = name("gadgets.odd", "MadeWithOptions")

ALL = [
    Attack(
        "torch: _rebuild_from_type_v2 calls the function that it is given",
        lambda canary: stream(
            call(
                name("torch._tensor", "_rebuild_from_type_v2"),
                *(TOUCH, name("torch", "Tensor"), (canary,), {}),
            )
        ),
        "gadgets.acts.Touch",
    ),
    Attack(
        "torch: a native function that makes the file which it maps, in a partial",
        lambda canary: stream(
            call(
                name("functools", "partial"),
                call(
                    name("builtins", "getattr"),
                    name("torch._C", "_VariableFunctionsClass"),
                    "from_file",
                ),
                *(canary, True, 8),
            )
        ),
        "from_file",
        after="value()",
    ),
    Attack(
        "torch: _load_from_bytes loads what it is given",
        lambda canary: stream(
            call(name("torch.storage", "_load_from_bytes"), raw(stream(call(TOUCH, canary))))
        ),
        "gadgets.acts.Touch",
    ),
    Attack(
        "pandas: _new_Index constructs the class that it is given",
        lambda canary: stream(
            call(name("pandas.core.indexes.base", "_new_Index"), MADE, {"path": canary})
        ),
    ),
    Attack(
        "types: a method of a class that acts",
        lambda canary: stream(call(name("types", "MethodType"), TOUCH, canary)),
        after="value()",
    ),
    Attack(
        "builtins: map calls the class that it is given",
        lambda canary: stream(
            call(name("builtins", "list"), call(name("builtins", "map"), TOUCH, [canary]))
        ),
    ),
    Attack(
        "builtins: filter calls the class that it is given",
        lambda canary: stream(
            call(name("builtins", "list"), call(name("builtins", "filter"), TOUCH, [canary]))
        ),
    ),
    Attack(
        "itertools: starmap calls the class that it is given",
        lambda canary: stream(
            call(name("builtins", "list"), call(name("itertools", "starmap"), TOUCH, [(canary,)]))
        ),
    ),
    Attack(
        "itertools: groupby calls the class that it is given",
        lambda canary: stream(
            call(name("builtins", "list"), call(name("itertools", "groupby"), [canary], TOUCH))
        ),
    ),
    Attack(
        "operator: methodcaller calls a method of what it is given",
        lambda canary: stream(
            call(
                call(name("operator", "methodcaller"), "touch"),
                call(name("pathlib", "PosixPath"), canary),
            )
        ),
    ),
    Attack(
        "functools: a partial of a class that acts",
        lambda canary: stream(call(name("functools", "partial"), TOUCH, canary)),
        after="value()",
    ),
]
ATTACKS = [attack for attack in ALL if importlib.util.find_spec(attack.name.partition(":")[0])]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)
