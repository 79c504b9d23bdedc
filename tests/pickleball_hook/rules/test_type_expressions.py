"""Parametrized types."""

from __future__ import annotations

import pickle
import typing

import pytest

from pickleball_hook.doors import entry


@pytest.mark.parametrize(
    "form",
    [
        typing.Optional[int],  # noqa: UP045 (the older spelling is another object)
        list[int],
        typing.Dict[str, typing.Optional[int]],  # noqa: UP006, UP045
        typing.Callable[[int], None],
    ],
    ids=str,
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_loads_equal(form: object, protocol: int) -> None:
    # The byte at the end makes it a stream that this process has not written itself.
    assert entry.loads(pickle.dumps(form, protocol) + b".") == form
