"""The base policies as data, and how they are looked up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from policy_cache import base_policy, policies
from policy_cache.model import CALL, OPERATIONS, REFER

FOLDER = Path(base_policy.__file__).with_name("base")
FILES: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))
}
LINES = [
    (owner, section, key, line)
    for owner, data in FILES.items()
    for section in ("globals", "patterns")
    for key, line in data.get(section, {}).items()
]
FIELDS = {"kind", "ops", "why", "source", "closed", "rule", *base_policy._TRAITS}


def test_owners() -> None:
    assert {"stdlib", "numpy", "scipy", "torch"} <= set(FILES)


@pytest.mark.parametrize("owner", FILES)
def test_sections(owner: str) -> None:
    data = FILES[owner]
    assert data["schema"] == 1
    assert owner == base_policy.normalized(owner)
    for text in [*data.get("refused", {}).values(), *data.get("aliases", {}).values()]:
        assert text and isinstance(text, str)
    for key in data.get("refused", {}):
        assert ":" in key


def test_every_line() -> None:
    """One test for more than a thousand lines: the message names the one that fails."""
    for owner, section, key, line in LINES:
        message = f"{owner} {section} {key}"
        assert set(line) <= FIELDS, message
        assert line["kind"] in ("class", "function", "constant", "enum"), message
        assert set(line["ops"]) <= set(OPERATIONS), message
        assert line["why"].strip(), message
        assert key.count(":") == 1, message
        assert key.endswith("*") == (section == "patterns"), message
        for trait in ("calls", "constructs"):
            assert all(type(index) is int for index in line.get(trait) or ()), message
        if line.get("closed"):
            # What such a rule forbids takes Python code, which no closed name has (base/README).
            assert line.get("rule") in (None, "", "plain_args", "plain_pairs", "tz_args"), message
            assert not line.get("calls"), message
            assert owner == "stdlib", message


def test_no_permission_for_what_is_refused() -> None:
    for owner, section, key, line in LINES:
        if section == "globals" and line["ops"]:
            assert key not in FILES[owner].get("refused", {}), key


@pytest.mark.parametrize("owner", FILES)
def test_look_up_finds_every_line(owner: str) -> None:
    """The files are read line by line: their layout is part of their format."""
    for key, value in FILES[owner].get("globals", {}).items():
        found = base_policy.look_up(owner, key)
        assert found is not None, key
        assert (found.kind, list(found.ops), found.why) == (
            value["kind"],
            value["ops"],
            value["why"],
        )
        assert found.rule == (value.get("rule") or "")
        assert found.closed is bool(value.get("closed"))
        assert found.traits == {t: value[t] for t in base_policy._TRAITS if value.get(t)}
    assert set(base_policy.closed(owner)) == {
        key for key, value in FILES[owner].get("globals", {}).items() if value.get("closed")
    }


@pytest.mark.parametrize("owner", FILES)
def test_look_up_finds_every_pattern(owner: str) -> None:
    for pattern, value in FILES[owner].get("patterns", {}).items():
        found = base_policy.look_up(owner, pattern.rstrip("*") + "Xyz")
        assert found is not None
        assert found.why == value["why"]


@pytest.mark.parametrize(
    "key",
    [
        "",
        ":",
        "globals",
        "nowhere:nothing",
        '": {',
        '"',
        "\\",
        "\n",
        "builtins:list\n",
        "BUILTINS:list",
        "builtins:",
        "schema",
        "\ud800:x",
    ],
)
def test_hostile_keys_find_nothing(key: str) -> None:
    assert base_policy.look_up("stdlib", key) is None
    base_policy.refusal("stdlib", key)


@pytest.mark.parametrize("owner", ["", "nobody", "../base/stdlib", "README"])
def test_unknown_owner(owner: str) -> None:
    assert base_policy.look_up(owner, "builtins:list") is None or owner == "../base/stdlib"
    assert base_policy.refusal("nobody", "builtins:list") == ""
    assert base_policy.alias("nobody", "a.b") == "a.b"


def test_owner_is_normalized() -> None:
    assert base_policy.normalized("Scikit_Learn.x") == "scikit-learn-x"


@pytest.mark.parametrize("owner", FILES)
def test_refusals(owner: str) -> None:
    for key, why in FILES[owner].get("refused", {}).items():
        module, _, name = key.partition(":")
        if name == "*":
            assert base_policy.refusal(owner, f"{module}.deeper:x")
        else:
            assert base_policy.refusal(owner, key) == why


def test_aliases() -> None:
    assert base_policy.alias("numpy", "numpy.core.multiarray") == "numpy._core.multiarray"
    assert base_policy.alias("numpy", "numpy.corelib") == "numpy.corelib"


def test_modules() -> None:
    assert base_policy.lists_module("stdlib", "collections")
    assert not base_policy.lists_module("stdlib", "collection")
    assert not base_policy.lists_module("stdlib", "antigravity")


@pytest.mark.parametrize(
    "key",
    [
        "os:system",
        "posix:system",
        "nt:system",
        "builtins:eval",
        "builtins:exec",
        "builtins:__import__",
        "builtins:compile",
        "builtins:open",
        "subprocess:Popen",
        "importlib:import_module",
        "operator:attrgetter",
        "operator:methodcaller",
        "types:FunctionType",
        "types:CodeType",
        "marshal:loads",
        "pickle:loads",
        "_pickle:loads",
        "sys:modules",
        "builtins:globals",
        "builtins:setattr",
        "builtins:vars",
    ],
)
def test_never_called(key: str) -> None:
    found = base_policy.look_up("stdlib", key)
    assert found is None or "call" not in found.ops


def test_a_definition_in_a_module_that_was_renamed_since() -> None:
    now, before = (f"numpy.{core}._multiarray_umath:scalar" for core in ("_core", "core"))
    assert base_policy.look_up("numpy", before) is None
    assert base_policy.look_up_definition("numpy", before) == base_policy.look_up("numpy", now)
    assert base_policy.look_up_definition("numpy", "numpy.core.other:scalar") is None


ACTS = """
import os

class frozendict(dict):
    def __new__(cls, command):
        os.system(command)
        return super().__new__(cls)

    def __reduce__(self):
        return frozendict, ("true",)
"""


@pytest.mark.parametrize(("owner", "reviewed"), [("frozendict", True), ("frozen-things", False)])
def test_reviewed_lines_are_for_the_distribution_that_was_reviewed(
    library: Any, owner: str, reviewed: bool
) -> None:
    """Whoever ships a package under its name lists its files too, in a ``RECORD`` of its own."""
    files = {"frozendict/__init__.py": "", "frozendict/_frozendict_py.py": ACTS}
    library.install(owner, files)
    verdict = policies.verdict("frozendict._frozendict_py", "frozendict", CALL)
    assert (CALL in verdict.grants) == reviewed
    assert reviewed or "system" in verdict.why_not(CALL)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("torch.compiler", "load_cache_artifacts"),
        ("torch.compiler._cache", "CacheArtifactManager.deserialize"),
        ("torch.compiler._cache", "CacheArtifactManager.populate_caches"),
    ],
)
@pytest.mark.usefixtures("own_home")
def test_what_fills_the_caches_of_the_compiler_is_refused(module: str, name: str) -> None:
    pytest.importorskip("torch")
    found = policies.verdict(module, name)
    assert not found.grants
    assert "caches of the compiler" in found.why_not(REFER)


@pytest.mark.parametrize("rest", ["__loader__", "__loader__.get_data", "efunc.__globals__", "a.b"])
def test_a_pattern_stands_for_plain_names_alone(rest: str) -> None:
    for owner, section, pattern, line in LINES:
        if section == "patterns" and line["ops"]:
            assert base_policy.look_up(owner, pattern.rstrip("*") + "efunc") is not None
            found = base_policy.look_up(owner, pattern.rstrip("*") + rest)
            assert found is None or not found.ops
