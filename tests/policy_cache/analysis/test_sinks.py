"""The table of sinks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from policy_cache.analysis import sinks
from policy_cache.analysis.sinks import SEVERE, method_sink, sink

DATA: dict[str, Any] = json.loads(Path(sinks.__file__).with_name("sinks.json").read_text())


@pytest.mark.parametrize(
    ("key", "category"),
    [
        ("os:system", "process"),
        ("posix:system", "process"),
        ("nt:system", "process"),
        ("os:spawnlpe", "process"),
        ("subprocess:Popen", "process"),
        ("builtins:eval", "code"),
        ("builtins:exec", "code"),
        ("builtins:compile", "code"),
        ("builtins:__import__", "import"),
        ("importlib:import_module", "import"),
        ("importlib:reload", "import"),
        ("runpy:run_path", "code"),
        ("shutil:rmtree", "write"),
        ("os:remove", "write"),
        ("builtins:open", "write"),
        ("io:open", "write"),
        ("_io:open", "write"),
        ("socket:create_connection", "network"),
        ("urllib.request:urlopen", "network"),
        ("ctypes:CDLL", "native"),
        ("ctypes:CDLL.__init__", "native"),
        ("marshal:loads", "load"),
        ("operator:attrgetter", "walk"),
        ("_operator:attrgetter", "walk"),
        ("pkgutil:resolve_name", ""),
        ("types:FunctionType", "code"),
        ("types:CodeType", "code"),
    ],
)
def test_known(key: str, category: str) -> None:
    found = sink(key)
    assert found is not None
    assert found.category == category or not category


@pytest.mark.parametrize(
    "key",
    [
        "os:getcwd",
        "os.path:join",
        "os:systematic",
        "collections:OrderedDict",
        "shutil:which",
        "ctypes:c_int",
        "acme:system",
        "builtins:len",
        "subprocess2:Popen",
        "",
        ":",
    ],
)
def test_harmless(key: str) -> None:
    assert sink(key) is None


def test_methods() -> None:
    found = method_sink("unlink")
    assert found is not None
    assert found.category == "write"
    assert method_sink("append") is None


def test_every_line_has_category_and_reason() -> None:
    known = {"code", "import", "process", "network", "write", "native", "load", "walk", "effect"}
    for line in [*DATA["functions"].values(), *DATA["methods"].values()]:
        assert set(line) == {"category", "why"}
        assert line["why"].strip()
        assert line["category"] in known
    assert known >= SEVERE
    assert all(why.strip() for why in DATA["harmless"].values())


def test_patterns_are_well_formed() -> None:
    for pattern in DATA["functions"]:
        assert "*" not in pattern[:-1], "a star stands at the end"
        assert ":" in pattern or pattern.endswith(".*"), pattern
    assert not set(DATA["harmless"]) & set(DATA["functions"])


def test_what_gives_native_libraries() -> None:
    assert sinks.gives_library("ctypes:LibraryLoader.LoadLibrary")
    assert not sinks.gives_library("ctypes:c_int")
