"""Abstract values: what an expression may stand for."""

from __future__ import annotations

import gc
import weakref

from hypothesis import given, settings
from hypothesis import strategies as st

from policy_cache.analysis import values
from policy_cache.analysis.values import GLOBAL, NOT_KNOWN, NOTHING, TEXT, Atom, Value, join, one
from policy_cache.source.resolve import Thing

atoms = st.builds(
    Atom,
    st.sampled_from([GLOBAL, TEXT]),
    text=st.sampled_from(["a", "b", "c"]),
    held=st.booleans(),
)
some = st.builds(Value, st.booleans(), st.frozensets(atoms, max_size=4))


def test_equal_atoms_are_one() -> None:
    thing, same = Thing("function", "acme", "f"), Thing("function", "acme", "f")
    assert Atom(GLOBAL, thing) is Atom(GLOBAL, same)
    assert Atom(GLOBAL, thing) is not Atom(GLOBAL, thing, held=True)


@settings(deadline=None)
@given(some, some, some)
def test_join_is_a_union(first: Value, second: Value, third: Value) -> None:
    joined = join(first, second, third)
    assert joined.atoms == first.atoms | second.atoms | third.atoms
    assert joined.tainted == (first.tainted or second.tainted or third.tainted)
    assert joined.carries == (first.carries or second.carries or third.carries)
    assert join(joined, first) == joined


def test_too_much_is_not_known() -> None:
    many = join(*(one(Atom(GLOBAL, text=str(number))) for number in range(100)))
    assert many.atoms >= NOT_KNOWN.atoms
    assert len(many.atoms) < 100


def test_many_texts_make_room_for_objects() -> None:
    texts = join(*(one(Atom(TEXT, text=str(number))) for number in range(100)))
    known = one(Atom(GLOBAL, text="x"))
    assert join(texts, known).atoms == known.atoms | NOT_KNOWN.atoms


def test_forgotten_atoms_hold_nothing() -> None:
    class Tree:
        lineno = 1

    tree = Tree()
    gone = weakref.ref(tree)
    Atom(GLOBAL, Thing("class", "acme", "C", None, tree))  # type: ignore[arg-type]
    gc.disable()
    try:
        del tree
        values.forget()
        assert gone() is None
    finally:
        gc.enable()
    assert join(NOTHING, NOT_KNOWN) is NOT_KNOWN
