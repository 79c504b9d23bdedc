"""Gadgets of real libraries, found by ``bench/gadgets.py``: code that harms by what it is given.

Each file acts under plain Python, on its canary alone, and is refused with the way to the sink.
"""

from __future__ import annotations

import importlib.util

import pytest

from tests.attacks.assembler import build, call, name, new, stream
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims

CHAIN = "reaches "
NO_CHAIN = ""


def called(
    library: str, module: str, function: str, *arguments: object, why: str = CHAIN
) -> Attack:
    """Return the attack that calls a function; ``CANARY`` among the arguments is the path."""
    return Attack(
        f"{library}: {module}.{function} is called",
        lambda canary: stream(
            call(name(module, function), *[_filled(a, canary) for a in arguments])
        ),
        why,
    )


def dropped(library: str, module: str, cls: str, state: dict[str, object]) -> Attack:
    """Return the attack that removes a folder when an object with a state is dropped."""
    return Attack(
        f"{library}: {module}.{cls} is dropped",
        lambda canary: stream(
            build(new(name(module, cls)), _filled(state, canary)),
        ),
        CHAIN,
        before="import os; os.mkdir(canary + '.kept')",
        after="""
value = None
if not os.path.exists(canary + '.kept'):
    open(canary, 'w').close()""",
    )


def _filled(part: object, canary: str) -> object:
    if isinstance(part, dict):
        return {key: _filled(item, canary) for key, item in part.items()}
    return part.replace("CANARY", canary) if isinstance(part, str) else part


GADGETS = [
    dropped(
        "numpy",
        "numpy.lib._datasource",
        "DataSource",
        {"_istmpdest": True, "_destpath": "CANARY.kept"},
    ),
    called("numpy", "numpy", "memmap", "CANARY", "uint8", "w+", 0, (1,), why=NO_CHAIN),
    called("numpy", "numpy", "savetxt", "CANARY", [1]),
    called(
        "numpy",
        *("numpy.f2py.capi_maps", "getinit", "x"),
        {"typespec": "complex", "=": "__import__('os').mkdir('CANARY') or 1j"},
    ),
    called("scipy", "scipy.io._netcdf", "netcdf_file", "CANARY", "w", why=NO_CHAIN),
    called("scipy", "scipy.io._fortran", "FortranFile", "CANARY", "w"),
    called("pandas", "pandas.io.pickle", "to_pickle", 1, "CANARY"),
    called("pandas", "pandas.io.common", "get_handle", "CANARY", "w"),
    called("sklearn", "sklearn.datasets._base", "get_data_home", "CANARY"),
    called("joblib", "joblib.numpy_pickle", "dump", 1, "CANARY"),
    called("joblib", "joblib.disk", "mkdirp", "CANARY"),
    called("torch", "torch.serialization", "save", 1, "CANARY"),
    called("torch", "torch._inductor.codecache", "write_atomic", "CANARY", "text", why=NO_CHAIN),
    called("torch", "torch.package.package_exporter", "PackageExporter", "CANARY", why=NO_CHAIN),
    called("dill", "dill._dill", "_eval_repr", "open('CANARY', 'w').close()", why=NO_CHAIN),
    called(
        "dill",
        *(
            "dill._dill",
            "_create_filehandle",
            "CANARY",
            "w",
            0,
            True,
            name("io", "open"),
            False,
            0,
            "",
        ),
        why=NO_CHAIN,
    ),
]
ATTACKS = [attack for attack in GADGETS if importlib.util.find_spec(attack.name.partition(":")[0])]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)
