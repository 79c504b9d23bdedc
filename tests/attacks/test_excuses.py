"""The functions that excuse an effect (``effects.json``), used by a stream for its own ends."""

from __future__ import annotations

import copy
import pickle

import pytest

from tests.attacks.assembler import build, call, name, new, put, stream
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims
from tests.attacks.opcodes import POP


def forged_distribution(canary: str) -> bytes:
    """Return a scipy distribution whose template of an argument parser does something else."""
    stats = pytest.importorskip("scipy.stats")
    forged = copy.copy(stats.randint)
    forged._parse_arg_template = f"open({canary!r}, 'w').close()\n{forged._parse_arg_template}"
    return pickle._dumps(forged, 4)  # type: ignore[attr-defined]


def logged(canary: str) -> bytes:
    """Return a logger with a handler of the stream's own, and a record for it."""
    handler = call(name("logging", "FileHandler"), canary, "a", None, True)
    logger = build(
        new(name("logging", "Logger")),
        {"handlers": [handler], "propagate": False, "name": "x", "level": 0, "filters": []},
    )
    record = call(name("logging", "makeLogRecord"), {"levelno": 50, "msg": "x"})
    return stream(call(name("logging", "Logger.callHandlers"), logger, record))


def finalized(canary: str) -> bytes:
    """Return an object with a finalizer, dropped by the stream."""
    owner = new(name("gadgets.acts", "Plain")) + put(1) + POP
    finalizer = call(name("weakref", "finalize"), b"h\x01", name("gadgets.acts", "Touch"), canary)
    return stream(owner, finalizer)


def called(canary: str) -> bytes:
    """Return a finalizer that is called at once."""
    finalizer = call(
        name("weakref", "finalize"),
        name("gadgets.acts", "Plain"),
        name("gadgets.acts", "Touch"),
        canary,
    )
    return stream(call(name("weakref", "finalize.__call__"), finalizer))


ATTACKS = [
    Attack("a logger with a handler of the stream's own", logged),
    Attack("a finalizer of an object that the stream drops", finalized, after="del value"),
    Attack("a finalizer that is called", called),
]
SCIPY = [Attack("a distribution's parser template", forged_distribution, "did not make")]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_attack(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


def test_scipy_template(site: object, tmp_path: object) -> None:
    pytest.importorskip("scipy")
    arenas = Arenas(site, tmp_path, SCIPY)  # type: ignore[arg-type]
    check(arenas, SCIPY[0])


def test_audit_mode_only_looks_on(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)
