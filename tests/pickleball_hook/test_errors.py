"""What a refused load raises."""

from __future__ import annotations

import _pickle
import pickle

from pickleball_hook.errors import Finding, PolicyViolation

FINDING = Finding("os.system", "GLOBAL", "it acts", "do not", "model.pkl", "pickle.load", "enforce")


def test_is_what_callers_of_pickle_catch() -> None:
    assert issubclass(PolicyViolation, pickle.UnpicklingError)
    assert issubclass(PolicyViolation, _pickle.UnpicklingError)


def test_message_has_everything() -> None:
    text = str(PolicyViolation(FINDING))
    for part in ("os.system", "GLOBAL", "it acts", "do not", "model.pkl"):
        assert part in text


def test_message_without_file() -> None:
    assert " in " not in str(PolicyViolation(FINDING._replace(file=""))).partition("\n")[0]


def test_finding_is_kept() -> None:
    assert PolicyViolation(FINDING).finding is FINDING
    assert PolicyViolation(FINDING).args == (FINDING,)


def test_a_library_raises_it_anew_with_a_text_of_its_own() -> None:
    """As pytensor does: ``raise type(error)(f"{error} ...")``."""
    assert str(PolicyViolation("text")) == "text"  # type: ignore[arg-type]
    assert "more" in str(PolicyViolation("text", "more"))  # type: ignore[arg-type]
