"""The garbage collector rests while somebody wants it to, and is then as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from policy_cache.collector import _Rest, count_as_old


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_it_works_again_when_the_last_one_leaves() -> None:
    rest = _Rest()
    with rest:
        with rest:
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_overlapping_rests_leave_it_on() -> None:
    rest = _Rest()
    rest.__enter__()
    rest.__enter__()
    rest.__exit__()
    rest.__enter__()
    rest.__exit__()
    rest.__exit__()
    assert gc.isenabled()


def test_a_program_that_switched_it_off_finds_it_off() -> None:
    gc.disable()
    rest = _Rest()
    with rest:
        pass
    assert not gc.isenabled()


def test_a_forked_child_does_not_wait_for_the_parent_s_threads() -> None:
    rest = _Rest()
    rest.__enter__()
    rest.forget()
    assert gc.isenabled()
    with rest:
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_there_is_counts_as_old() -> None:
    made: list[list[int]] = [[] for _ in range(1000)]
    count_as_old()
    young = {id(value) for value in gc.get_objects(generation=0)}
    assert not young & {id(value) for value in made}


def test_what_a_program_has_frozen_stays_frozen() -> None:
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        count_as_old()
        assert gc.get_freeze_count() == frozen
    finally:
        gc.unfreeze()
