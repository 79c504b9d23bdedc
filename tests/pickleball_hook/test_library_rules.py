"""Rules for setters and reducers that look classes up by name, with a hostile stream each."""

from __future__ import annotations

import copyreg
import io
import os
import pickle
from typing import Any

import pytest

from pickleball_hook import entry
from pickleball_hook.errors import PolicyViolation


def stream(cls: type, state: object) -> bytes:
    """Return NEWOBJ of a class and BUILD with a state."""

    class Pickler(pickle._Pickler):  # type: ignore[misc, name-defined]
        def reducer_override(self, value: Any) -> Any:
            return (copyreg.__newobj__, (cls,), state) if value is mark else NotImplemented  # type: ignore[attr-defined]

    mark = cls.__new__(cls)
    out = io.BytesIO()
    Pickler(out, 4).dump(mark)
    return out.getvalue()


class TestNamedTriggers:
    @pytest.fixture(autouse=True)
    def combining(self) -> Any:
        return pytest.importorskip("apscheduler.triggers.combining")

    def test_honest(self, combining: Any) -> None:
        from apscheduler.triggers.cron import CronTrigger

        inner = combining.AndTrigger([CronTrigger(hour=5, timezone="UTC")])
        trigger = combining.OrTrigger([CronTrigger(hour=3, timezone="UTC"), inner])
        assert repr(entry.loads(pickle.dumps(trigger))) == repr(trigger)

    @pytest.mark.parametrize(
        ("reference", "state"),
        [
            ("os:system", "true"),
            ("subprocess:Popen", {}),
            ("logging.handlers:RotatingFileHandler", {}),
            ("this:x", {}),
            ("apscheduler.triggers.date:DateTrigger", {"__class__": 1}),
            (
                "apscheduler.triggers.combining:AndTrigger",
                {"jitter": None, "triggers": [("os:system", "true")]},
            ),
        ],
    )
    def test_hostile(self, combining: Any, reference: str, state: object) -> None:
        rows = {"version": 1, "jitter": None, "triggers": [(reference, state)]}
        with pytest.raises((PolicyViolation, AttributeError)):
            entry.loads(stream(combining.OrTrigger, rows))

    def test_triggers_that_are_no_list(self, combining: Any) -> None:

        with pytest.raises(PolicyViolation):
            entry.loads(stream(combining.OrTrigger, {"jitter": 1, "triggers": os.environ.copy()}))


@pytest.mark.parametrize("model", [b"cbuiltins\nobject\n", b"(S'a'\ncos\nPathLike\nt", b"S'a.B'\n"])
def test_django_models_are_named_by_label(model: bytes) -> None:
    pytest.importorskip("django")
    with pytest.raises(PolicyViolation):
        entry.loads(b"cdjango.db.models.base\nmodel_unpickle\n(" + model + b"tR.")
