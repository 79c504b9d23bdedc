"""Gadgets of real libraries, found by ``bench/gadgets.py``: code that harms by what it is given.

Each file acts under plain Python, on its canary alone, and is refused with the way to the sink.
"""

from __future__ import annotations

import importlib.util

import pytest

from tests.attacks.assembler import build, call, name, new, stream
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims
from tests.attacks.named import PLAIN, TOUCH

CHAIN = "reaches "
NO_CHAIN = ""


REMOVED = """
import os
value = None
if not os.path.exists(canary + '.kept{below}'):
    open(canary, 'w').close()"""
"""An object is dropped: has it taken with it what was kept beside the canary?"""


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
        after=REMOVED.format(below=""),
    )


def _filled(part: object, canary: str) -> object:
    if isinstance(part, dict):
        return {key: _filled(item, canary) for key, item in part.items()}
    return part.replace("CANARY", canary) if isinstance(part, str) else part


NOTHING_RANDOM = (3, (0,) * 624 + (624,), None)
"""A state for ``random.Random``."""


def shuffled(backend: bytes) -> bytes:
    """Return a data pipe of torch whose finalizer clears what it takes for its buffer."""
    cls = name("torch.utils.data.datapipes.iter.combinatorics", "ShufflerIterDataPipe")
    return build(new(cls), (None, 1, True, None, backend, NOTHING_RANDOM, 0, 0))


def store(canary: str) -> bytes:
    """Return joblib's store of results in a folder, which it removes when it is cleared."""
    cls = name("joblib._store_backends", "FileSystemStoreBackend")
    return build(new(cls), {"location": f"{canary}.kept"})


GADGETS = [
    Attack(
        "torch: a data pipe clears joblib's store when it is dropped",
        lambda canary: stream(shuffled(store(canary))),
        "clear() of an instance of joblib._store_backends.FileSystemStoreBackend",
        before="import os; os.makedirs(canary + '.kept/results')",
        after=REMOVED.format(below="/results"),
    ),
    Attack(
        "torch: a profiler's observer writes and removes files when it is dropped",
        lambda canary: stream(
            build(
                new(name("torch.profiler.profiler", "ExecutionTraceObserver")),
                {
                    "_registered": True,
                    "_execution_trace_running": False,
                    "extra_resources_collection": False,
                    "output_file_path": f"{canary}.gz",
                    "output_file_path_observer": f"{canary}.kept",
                },
            )
        ),
        CHAIN,
        before="open(canary + '.kept', 'w').close()",
        after=REMOVED.format(below=""),
    ),
    Attack(
        "torch: a file for direct storage closes a descriptor when it is dropped",
        lambda canary: stream(
            build(new(name("torch.cuda.gds", "GdsFile")), {"handle": None, "fd": 99})
        ),
        CHAIN,
        before="import os; os.dup2(0, 99)",
        after="""
value = None
try:
    os.fstat(99)
except OSError:
    open(canary, 'w').close()""",
    ),
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
    called(
        "torch",
        *("torch.utils._sympy.functions", "FloorDiv", "__import__('os').mkdir('CANARY') or 1", 1),
        why="it may run text as code",
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
    Attack(
        "matplotlib: a class is made whose state setter is a class of the file's choice",
        lambda canary: stream(
            build(
                call(
                    name("matplotlib.cbook", "_picklable_class_constructor"),
                    *(PLAIN, "made {}", "__setstate__", TOUCH),
                ),
                canary,
            )
        ),
        "Touch",
    ),
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
