"""Objects that act when the program uses them: they hold nothing that a file may not refer to."""

from __future__ import annotations

import importlib.util

import pytest

from tests.attacks.assembler import build, call, name, new, stream, value
from tests.attacks.harness import Arenas, Attack, check, check_audit, claims

MKDIR = name("os", "mkdir")
MKDIRP = name("joblib.disk", "mkdirp")
"""A library's own function that makes folders."""


def transformer(function: bytes, **options: object) -> bytes:
    """Return a fitted-as-can-be ``FunctionTransformer`` of scikit-learn."""
    state = {"func": function, "inverse_func": None, "validate": False, "accept_sparse": True}
    state |= {"check_inverse": False, "feature_names_out": None, "inv_kw_args": None}
    cls = name("sklearn.preprocessing._function_transformer", "FunctionTransformer")
    return build(new(cls), {**state, "kw_args": options or None})


def pipeline(step: bytes) -> bytes:
    """Return a pipeline of scikit-learn with one step."""
    cls = name("sklearn.pipeline", "Pipeline")
    state = {"steps": [value(("only", step))], "memory": None, "verbose": False}
    return build(new(cls), {**state, "transform_input": None})


def module(hooks: str, hook: bytes) -> bytes:
    """Return a module of torch with a hook."""
    tables: dict[str, object] = dict.fromkeys(("_parameters", "_buffers", "_modules"), {})
    state = {**tables, "training": False, hooks: {0: hook}}
    return build(new(name("torch.nn.modules.linear", "Identity")), state)


HOSTILE = """
import os
os.makedirs(os.path.dirname({path}), exist_ok=True)
with open({path}, "wb") as file:
    file.write(b"cos\\nmkdir\\n(V" + canary.encode() + b"\\ntR.")
"""
"""Another file that acts, where the first one says."""


def memorized(canary: str, cls: str = "MemorizedResult", **state: object) -> bytes:
    """Return an object of joblib's memory of results, in a folder of the file's choice."""
    kept = {"location": f"{canary}.kept", "mmap_mode": None, "verbose": 0}
    store = build(new(name("joblib._store_backends", "FileSystemStoreBackend")), kept)
    state = {"store_backend": store, "timestamp": None, "metadata": {}, "verbose": 0, **state}
    return build(new(name("joblib.memory", cls)), state)


ATTACKS = [
    Attack(
        "joblib: a result is loaded from a folder of the file's choice",
        lambda canary: stream(memorized(canary, _call_id=["f", "x"])),
        "mkdir",
        before=HOSTILE.format(path="canary + '.kept/f/x/output.pkl'"),
        after="value.get()",
    ),
    Attack(
        "numba: compiled code is loaded from a folder of the file's choice",
        lambda canary: stream(
            build(
                new(name("numba.core.caching", "IndexDataCacheFile")),
                {"_index_path": f"{canary}.nbi"},
            )
        ),
        "IndexDataCacheFile",
        before=HOSTILE.format(path="canary + '.nbi'"),
        after="value._load_index()",
    ),
    Attack(
        "sklearn: a transformer calls a function of the interpreter",
        lambda canary: stream(transformer(MKDIR)),
        "os.mkdir",
        after="value.transform(canary)",
    ),
    Attack(
        "sklearn: a transformer calls a function of a library",
        lambda canary: stream(transformer(MKDIRP)),
        "joblib.disk.mkdirp",
        after="value.transform(canary)",
    ),
    Attack(
        "sklearn: a transformer within a pipeline",
        lambda canary: stream(pipeline(transformer(MKDIRP))),
        "joblib.disk.mkdirp",
        after="value.transform(canary)",
    ),
    Attack(
        "sklearn: a transformer calls a partial",
        lambda canary: stream(transformer(call(name("functools", "partial"), MKDIRP))),
        "joblib.disk.mkdirp",
        after="value.transform(canary)",
    ),
    Attack(
        "torch: a module with a hook",
        lambda canary: stream(module("_state_dict_hooks", name("gadgets.acts", "acting_hook"))),
        "gadgets.acts.acting_hook",
        after="value.state_dict(prefix=canary)",
    ),
    Attack(
        "joblib: a list holds a function that makes folders",
        lambda canary: stream(value([MKDIRP])),
        "joblib.disk.mkdirp",
        after="[function(canary) for function in value]",
    ),
    Attack(
        "joblib: a missing key of a defaultdict makes a folder",
        lambda canary: stream(call(name("collections", "defaultdict"), MKDIRP)),
        "joblib.disk.mkdirp",
        after="value.default_factory(canary)",
    ),
]
ATTACKS = [attack for attack in ATTACKS if importlib.util.find_spec(attack.name.partition(":")[0])]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)


def test_audit_mode_changes_nothing(arenas: Arenas) -> None:
    check_audit(arenas, ATTACKS)


MEMORY = [
    Attack(
        f"joblib: {cls}",
        lambda canary, cls=cls, state=state: stream(  # type: ignore[misc]
            memorized(canary, cls, location=f"{canary}.kept", **state)
        ),
        after="if os.path.exists(canary + '.kept'): open(canary, 'w').close()",
        before="import os",
    )
    for cls, state in [
        ("Memory", {"backend": "local", "compress": False, "backend_options": {}}),
        ("MemorizedResult", {"_call_id": ["f", "x"]}),
        ("MemorizedFunc", {"func": None, "ignore": [], "compress": False, "func_id": "f"}),
    ]
]
"""Honest files have such objects (a Pipeline with a memory): they do nothing until they are used."""


def test_a_memory_makes_no_folder_when_it_is_loaded(arenas: Arenas) -> None:
    pytest.importorskip("joblib")
    for name_of, outcome in arenas.run(MEMORY, "enforce").items():
        assert not outcome.touched and not outcome.error, (name_of, outcome)
