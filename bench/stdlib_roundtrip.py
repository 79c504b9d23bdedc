"""Measure how much of the standard library the base policy lets through, in this interpreter.

Two sources of honest pickles are loaded, at every protocol, by a recording copy of the reference
unpickler, which notes each global and the operation it undergoes:

* samples: at least one instance of every type that `stdlib.json` permits (`stdlib_samples`, with
  the families of exceptions, enums, named tuples and plain names, which are generated);
* CPython's own tests (`--tests`): every test method of `Lib/test` whose code mentions pickle is run
  in a child process, with each stream that it loads recorded.

What the base policy does not permit is listed, with the policy's own reason where it has one. Exit
status 1 when a sample needs something that is not permitted, or when a test uses a name about which
the policy says nothing.
"""

from __future__ import annotations

import argparse
import enum
import importlib
import io
import json
import os
import pickle
import subprocess
import sys
import types
import unittest
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

from stdlib_samples import resolve, resolves, sample_values

POLICY = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
    "policy_cache",
    "base",
    "stdlib.json",
)

#: Tests that start processes, sockets, interpreters or windows, or run for minutes: none of them
#: pickles a type to a file that no other test does.
SKIPPED_TESTS = frozenset(
    (
        *("_test_multiprocessing", "test_asyncio", "test_audit", "test_capi", "test_embed"),
        *("test_concurrent_futures", "test_interpreters", "test__interpreters", "test_gdb"),
        *("test_multiprocessing_fork", "test_multiprocessing_forkserver", "test_lib2to3"),
        *("test_multiprocessing_spawn", "test_multiprocessing_main_handling", "test_pyclbr"),
        *("test_pydoc", "test_regrtest", "test_socket", "test_tools", "test_trace"),
        *("test_turtle", "test_unittest"),
    )
)

Use = tuple[str, str]


def key_of(obj: object) -> str:
    """The policy's key for a class or function: ``module:qualified.name``."""
    module = getattr(obj, "__module__", None)
    owner = getattr(obj, "__self__", None)
    if module is None and isinstance(owner, type):
        return f"{owner.__module__}:{owner.__qualname__}.{getattr(obj, '__name__', '?')}"
    name = getattr(obj, "__qualname__", None) or getattr(obj, "__name__", repr(type(obj)))
    return f"{module}:{name}"


class Recorder(pickle._Unpickler):
    """The pure-Python unpickler, noting every ``(global, operation)`` as it is executed.

    It is used on streams made by this interpreter only: it restricts nothing.
    """

    dispatch: ClassVar[dict[int, Any]] = dict(pickle._Unpickler.dispatch)

    proto: int
    stack: list[Any]
    metastack: list[list[Any]]
    readline: Callable[[], bytes]

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.uses: set[Use] = set()
        self.found: dict[int, tuple[str, object]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if self.proto < 3:
            compat = importlib.import_module("_compat_pickle")
            if (module, name) in compat.NAME_MAPPING:
                module, name = compat.NAME_MAPPING[(module, name)]
            elif module in compat.IMPORT_MAPPING:
                module = compat.IMPORT_MAPPING[module]
        found = super().find_class(module, name)
        self.found[id(found)] = (f"{module}:{name}", found)
        return found

    def note(self, obj: object, operation: str) -> None:
        key = self.found[id(obj)][0] if id(obj) in self.found else key_of(obj)
        self.uses.add((key, operation))

    def note_data(self, value: object) -> None:
        """Note what is named inside `value`, one level deep, as referred to."""
        items: Iterable[object] = (value,)
        if isinstance(value, dict):
            items = [*value, *value.values()]
        elif isinstance(value, (tuple, list, set, frozenset)):
            items = value
        for item in items:
            if id(item) in self.found:
                self.note(item, "refer")

    def note_fill(self, target: object) -> None:
        if type(target) not in (list, dict, set):
            self.note(type(target), "fill")


def _wrap(opcode: int, before: Callable[[Recorder], None]) -> None:
    plain = Recorder.dispatch[opcode]

    def run(machine: Recorder) -> None:
        before(machine)
        plain(machine)

    Recorder.dispatch[opcode] = run


def _call(machine: Recorder) -> None:
    function, args = machine.stack[-2], machine.stack[-1]
    machine.note(function, "call")
    if key_of(function) == "copyreg:_reconstructor":
        machine.note(args[0], "construct")


def _construct(machine: Recorder) -> None:
    machine.note(machine.stack[-2], "construct")


def _construct_ex(machine: Recorder) -> None:
    machine.note(machine.stack[-3], "construct")


def _inst(machine: Recorder) -> None:
    """Look ahead for the class that INST names inline, then let the opcode read the same lines."""
    plain = machine.readline
    lines = [plain(), plain()]
    machine.note(machine.find_class(*(line[:-1].decode("ascii") for line in lines)), "call")

    def again() -> bytes:
        line = lines.pop(0)
        if not lines:
            machine.readline = plain
        return line

    machine.readline = again


def _obj(machine: Recorder) -> None:
    machine.note(machine.stack[0], "call")


def _build(machine: Recorder) -> None:
    machine.note(type(machine.stack[-2]), "state")
    machine.note_data(machine.stack[-1])


def _fill(depth: int) -> Callable[[Recorder], None]:
    def note(machine: Recorder) -> None:
        stack = machine.metastack[-1] if depth == 0 else machine.stack
        machine.note_fill(stack[-1 if depth == 0 else -depth])
        machine.note_data(machine.stack if depth == 0 else machine.stack[1 - depth :])

    return note


def _data(machine: Recorder) -> None:
    machine.note_data(list(machine.stack))


for _opcode, _before in {
    pickle.REDUCE: _call,
    pickle.NEWOBJ: _construct,
    pickle.NEWOBJ_EX: _construct_ex,
    pickle.OBJ: _obj,
    pickle.INST: _inst,
    pickle.BUILD: _build,
    pickle.APPEND: _fill(2),
    pickle.SETITEM: _fill(3),
    pickle.APPENDS: _fill(0),
    pickle.SETITEMS: _fill(0),
    pickle.ADDITEMS: _fill(0),
    pickle.TUPLE: _data,
    pickle.LIST: _data,
    pickle.DICT: _data,
    pickle.FROZENSET: _data,
    pickle.STOP: _data,
    pickle.TUPLE1: lambda machine: machine.note_data(machine.stack[-1:]),
    pickle.TUPLE2: lambda machine: machine.note_data(machine.stack[-2:]),
    pickle.TUPLE3: lambda machine: machine.note_data(machine.stack[-3:]),
}.items():
    _wrap(_opcode[0], _before)


def record(data: bytes) -> set[Use]:
    """The ``(global, operation)`` pairs that loading `data` performs."""
    machine = Recorder(data)
    machine.load()
    return machine.uses


# --- the policy ---------------------------------------------------------------------------------


def load_policy(path: str = POLICY) -> dict[str, Any]:
    """The base policy as it stands in the repository."""
    with open(path, encoding="utf-8") as stream:
        policy: dict[str, Any] = json.load(stream)
    return policy


def permits(policy: dict[str, Any], use: Use) -> bool:
    """Whether a name is listed with the operation, or stands for a member of a listed Enum.

    Python 3.10 writes the members of converted Enums by their names in the module.
    """
    entry = policy["globals"].get(use[0])
    if entry is None and use[1] == "refer" and resolves(use[0]):
        found = resolve(use[0])
        if isinstance(found, enum.Enum):
            entry = policy["globals"].get(key_of(type(found)))
    return entry is not None and use[1] in entry["ops"]


def refusal(policy: dict[str, Any], key: str) -> str | None:
    """The policy's reason against `key`: its own line, or that of its module or a parent's."""
    refused: dict[str, str] = policy["refused"]
    if key in refused:
        return refused[key]
    module = key.partition(":")[0]
    while module:
        if f"{module}:*" in refused:
            return refused[f"{module}:*"]
        module = module.rpartition(".")[0]
    return None


# --- samples ------------------------------------------------------------------------------------


def streams(value: Any) -> Iterator[bytes]:
    """The pickles of `value` at every protocol at which it can be written."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        for dumps in (pickle.dumps, pickle._dumps):  # type: ignore[attr-defined]
            try:
                yield dumps(value, protocol)
            except (TypeError, AttributeError, pickle.PicklingError, RecursionError):
                continue


def check_samples(policy: dict[str, Any]) -> tuple[dict[Use, str], set[Use]]:
    """Round-trip every sample.

    Returns
    -------
    tuple
        What is used and not permitted, each with the label of a sample; and all that is used.
    """
    missing: dict[Use, str] = {}
    seen: set[Use] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for label, value in sample_values(policy):
            for data in streams(value):
                try:
                    uses = record(data)
                except TypeError:  # classes that plain CPython cannot load again either
                    continue
                seen |= uses
                for use in uses:
                    if not permits(policy, use):
                        missing.setdefault(use, label)
    return missing, seen


# --- CPython's own tests --------------------------------------------------------------------------


def test_modules() -> list[str]:
    """The modules of this interpreter's `Lib/test` whose text mentions pickle."""
    root = os.path.dirname(os.path.abspath(str(importlib.import_module("test").__file__)))
    found = []
    for folder, _, files in os.walk(root):
        for name in files:
            path = os.path.join(folder, name)
            dotted = os.path.relpath(path, os.path.dirname(root))[: -len(".py")].replace(
                os.sep, "."
            )
            parts = dotted.removesuffix(".__init__").split(".")
            if not name.endswith(".py") or SKIPPED_TESTS & set(parts):
                continue
            if not any(part.startswith("test_") for part in parts[1:]) or "data" in dotted:
                continue
            with open(path, encoding="utf-8", errors="replace") as stream:
                if "pickle" in stream.read():
                    found.append(".".join(parts))
    return sorted(found)


def _mentions_pickle(code: types.CodeType) -> bool:
    names = (*code.co_names, *code.co_freevars)
    if any("pickl" in name.lower() or name in ("loads", "dumps") for name in names):
        return True
    return any(isinstance(c, types.CodeType) and _mentions_pickle(c) for c in code.co_consts)


def _pickling_tests(suite: Iterable[Any]) -> Iterator[unittest.TestCase]:
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from _pickling_tests(item)
            continue
        method = getattr(item, item._testMethodName, None)
        function: Any = getattr(method, "__func__", None)
        while hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        if isinstance(function, types.FunctionType) and (
            "pickl" in item._testMethodName or _mentions_pickle(function.__code__)
        ):
            yield item


def trace_tests(module: str) -> None:
    """Run the pickling tests of `module`, recording every stream, and print the uses as JSON."""
    warnings.simplefilter("ignore")
    uses: set[Use] = set()

    def recording(plain: Callable[..., Any], of_result: bool) -> Callable[..., Any]:
        def run(data: Any, *args: Any, **options: Any) -> Any:
            result = plain(data, *args, **options)
            try:
                uses.update(record(result if of_result else bytes(data)))
            except Exception:  # a stream that is broken on purpose, or needs the test's own hooks
                return result
            return result

        return run

    for name, of_result in (("loads", False), ("_loads", False), ("dumps", True)):
        setattr(pickle, name, recording(getattr(pickle, name), of_result))
    suite = unittest.TestSuite(
        _pickling_tests(unittest.defaultTestLoader.loadTestsFromName(module))
    )
    count = suite.countTestCases()
    unittest.TextTestRunner(stream=io.StringIO()).run(suite)
    print(json.dumps({"tests": count, "uses": sorted(uses)}))
    sys.stdout.flush()
    os._exit(0)  # leave no thread or finalizer of a test to finish


def check_tests(policy: dict[str, Any]) -> tuple[int, dict[str, set[Use]]]:
    """Run all pickling tests in children; sort what they use.

    Returns
    -------
    tuple
        The number of test methods, and the uses that are ``covered``, ``refused`` and ``unknown``.
    """
    import tempfile

    count, sorted_uses = 0, {"covered": set[Use](), "refused": set[Use](), "unknown": set[Use]()}
    for module in test_modules():
        with tempfile.TemporaryDirectory() as folder:
            try:
                child = subprocess.run(
                    [sys.executable, os.path.abspath(__file__), "--trace", module],
                    capture_output=True,
                    text=True,
                    timeout=120,
                    stdin=subprocess.DEVNULL,
                    cwd=folder,
                )
                report = json.loads(child.stdout.strip().splitlines()[-1])
            except (subprocess.TimeoutExpired, IndexError, ValueError):
                print(f"  (no report from {module})")
                continue
        count += report["tests"]
        for key, operation in report["uses"]:
            if key.partition(":")[0].partition(".")[0] not in sys.stdlib_module_names:
                continue
            use = (key, operation)
            if permits(policy, use):
                sorted_uses["covered"].add(use)
            else:
                sorted_uses["refused" if refusal(policy, key) else "unknown"].add(use)
    return count, sorted_uses


# --- report ---------------------------------------------------------------------------------------


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tests", action="store_true", help="run CPython's own pickling tests too")
    parser.add_argument("--trace", metavar="MODULE", help=argparse.SUPPRESS)
    parser.add_argument("--verbose", action="store_true", help="list every refused name")
    options = parser.parse_args(argv)
    if options.trace:
        trace_tests(options.trace)
    policy = load_policy()
    missing, seen = check_samples(policy)
    unexplained = {use: label for use, label in missing.items() if not refusal(policy, use[0])}
    permitted = {(k, op) for k, entry in policy["globals"].items() for op in entry["ops"]}
    print(f"Python {sys.version.split()[0]}: {len(policy['globals'])} names permitted")
    here = {use for use in permitted if use[1] != "refer" and resolves(use[0])}
    print(f"samples: {len(seen)} uses, {len(seen & permitted)} permitted, {len(missing)} not")
    print(f"permitted beyond refer, and no sample needs it: {len(here - seen)}")
    for key, operation in sorted(here - seen) if options.verbose else ():
        print(f"  unused: {key} ({operation})")
    for use, label in sorted(missing.items()):
        print(f"  {use[0]} ({use[1]}) in {label}: {refusal(policy, use[0]) or 'NOT IN THE POLICY'}")
    failed = bool(unexplained)
    if options.tests:
        count, uses = check_tests(policy)
        sizes = ", ".join(f"{len(found)} {verdict}" for verdict, found in uses.items())
        print(f"CPython's tests: {count} methods; uses of standard-library names: {sizes}")
        for key, operation in sorted(uses["unknown"]):
            print(f"  unknown: {key} ({operation})")
        for key, operation in sorted(uses["refused"]) if options.verbose else ():
            print(f"  refused: {key} ({operation}): {refusal(policy, key)}")
        failed = failed or bool(uses["unknown"])
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
