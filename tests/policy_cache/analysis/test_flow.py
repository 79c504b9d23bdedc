"""What a function reaches with data from its arguments."""

from __future__ import annotations

import pytest

from policy_cache import base_policy
from policy_cache.analysis import flow
from policy_cache.analysis.flow import STATE, following, reach
from policy_cache.analysis.sinks import Sink
from policy_cache.source.resolve import resolve
from tests.policy_cache.analysis.reaching import Reached, sinks


def test_an_object_that_keeps_its_arguments_is_a_change(reached: Reached) -> None:
    source = (
        "class B:\n def __new__(cls, x):\n  made = object.__new__(cls)\n  made.x = x\n"
        "  return made\n"
        "class A(B):\n one = None\n def __new__(cls, *a):\n"
        "  cls.one = super().__new__(cls, *a)\n  return cls.one\n"
        "def f(c): return A(c)"
    )
    assert "acme:A.one" in {hit.sink for hit in reached(source).hits}


def test_what_calls_back_gives_no_keywords(reached: Reached) -> None:
    """As matplotlib's callbacks have it: ``def remove(self, key, *, is_finalizing=f)``."""
    assert reached("def g(x, run): run(x)\ndef f(c): return list(map(g, c))").hits
    assert not reached("def g(x, *, run=len): run(x)\ndef f(c): return list(map(g, c))").hits


def test_attributes_by_name(reached: Reached) -> None:
    """What a property of that name does is asked for each class in hand."""
    summary = reached("import operator\ndef f(c): return operator.attrgetter('a.b')(c)")
    assert {"c.a", ".b"} <= summary.methods
    summary = reached("import operator\ndef f(c, n): return operator.attrgetter(n)(c)")
    assert "walk" in {hit.category for hit in summary.hits}


def test_texts_that_explain_are_no_change(reached: Reached) -> None:
    """``derived_from`` of dask writes them; how an object takes them is asked for."""
    summary = reached("def f(c): c[0].__doc__ = 'text'")
    assert not summary.hits and ".__setattr__" in summary.methods
    assert reached("def f(c): c[0].__wrapped__ = 'text'").hits


class TestAttributesByName:
    @pytest.mark.parametrize(
        "source",
        [
            "def f(o, n): return getattr(o, n)",
            "def f(o, n): return getattr(o, n)()",
            "def f(o, n):\n m = getattr(o, n)\n return m()",
            "import operator\ndef f(o, n): return operator.attrgetter(n)(o)",
            "import sys\ndef f(o, n): return getattr(sys.modules['os'], n)",
        ],
    )
    def test_walk(self, reached: Reached, source: str) -> None:
        assert "walk" in {hit.category for hit in reached(source).hits}

    def test_one_own_attribute_is_data(self, reached: Reached) -> None:
        source = "class A:\n def __setstate__(self, s): return getattr(self, s)"
        assert reached(source, "A.__setstate__", {"s", STATE}).hits == ()

    def test_calling_an_own_attribute_is_not(self, reached: Reached) -> None:
        source = "class A:\n def __setstate__(self, s): return getattr(self, s)()"
        assert {h.category for h in reached(source, "A.__setstate__", {"s"}).hits} == {"walk"}

    def test_constant_name(self, reached: Reached) -> None:
        assert reached("def f(o): return getattr(o, 'shape')").hits == ()


class TestCallsOfArguments:
    @pytest.mark.parametrize(
        "source",
        [
            "def f(g, x): return g(x)",
            "def h(k, x): return k(x)\ndef f(g, x): return h(g, x)",
            "def h(x, *, k): return k(x)\ndef f(g, x): return h(x, k=g)",
            "def f(g, x): return list(map(g, x))",
            "import functools\ndef f(g, x): return functools.reduce(g, x)",
            "def f(g, x): return sorted(x, key=g)",
        ],
    )
    def test_calls(self, reached: Reached, source: str) -> None:
        summary = reached(source)
        assert summary.calls == {"g"}
        assert summary.hits == ()

    @pytest.mark.parametrize(
        "source",
        [
            "def f(cls, x): return cls.__new__(cls)",
            "def f(cls, x): return object.__new__(cls)",
            "def h(k): return k.__new__(k)\ndef f(cls, x): return h(cls)",
        ],
    )
    def test_constructs(self, reached: Reached, source: str) -> None:
        assert reached(source).constructs == {"cls"}

    @pytest.mark.parametrize(
        "source",
        [
            "def f(c): return c[0](c[1])",
            "def f(c):\n for g in c: g()",
            "def h(k): k()\ndef f(c): h(c['k'])",
            "def f(c):\n g = c.pop()\n g()",
        ],
    )
    def test_call_of_a_part(self, reached: Reached, source: str) -> None:
        assert {hit.category for hit in reached(source).hits} == {"call"}

    def test_call_of_an_attribute_of_the_state(self, reached: Reached) -> None:
        source = "class A:\n def __setstate__(self, s): self.callback(1)"
        hits = reached(source, "A.__setstate__", {"s", STATE}).hits
        assert [hit.category for hit in hits] == ["call"]


class TestFiles:
    @pytest.mark.parametrize(
        "call", ["open(c, 'w')", "open(c, mode='ab')", "open(c, c)", "open(*c)", "open(**c)"]
    )
    def test_writing(self, reached: Reached, call: str) -> None:
        assert {hit.category for hit in reached(f"def f(c): {call}").hits} == {"write"}

    @pytest.mark.parametrize("call", ["open(c)", "open(c, 'rb')", "open('log', 'w')"])
    def test_not_with_data_or_only_reading(self, reached: Reached, call: str) -> None:
        assert reached(f"def f(c): {call}").hits == ()

    def test_method_of_an_unknown_object(self, reached: Reached) -> None:
        assert sinks(reached("def f(p): p.unlink()")) == {".unlink()"}


class TestUnproven:
    def test_budget(self, reached: Reached) -> None:
        chain = "\n".join(f"def g{i}(x): g{i + 1}(x)" for i in range(6))
        source = f"{chain}\ndef g6(x): os.system(x)\ndef f(c): g0(c)"
        assert sinks(reached(source)) == {"os:system"}
        flow.forget()
        cut = reached(source, most=3)
        assert cut.hits == ()
        assert any("too far" in text for text in cut.unproven)

    def test_too_deep_is_not_clean(self, reached: Reached) -> None:
        chain = "\n".join(f"def g{i}(x): g{i + 1}(x)" for i in range(30))
        summary = reached(f"{chain}\ndef g30(x): os.system(x)\ndef f(c): g0(c)")
        assert summary.hits or summary.unproven

    def test_cut_summaries_are_not_kept(self, reached: Reached) -> None:
        """What was cut short for one question must not answer the next one."""
        chain = "\n".join(f"def g{i}(x): g{i + 1}(x)" for i in range(6))
        source = f"{chain}\ndef g6(x): os.system(x)\ndef f(c): g0(c)"
        assert reached(source, most=3).unproven
        function = resolve("acme", "g0")
        assert function is not None
        assert sinks(reach(function, None, frozenset("x"))) == {"os:system"}

    @pytest.mark.parametrize(
        "source",
        [
            "def f(c): HANDLERS[0](c)",
            "def f(c): undefined(c)",
            "handler = make()\ndef f(c): handler(c)",
            "def f(c): handlers.run(c)",
        ],
    )
    def test_what_cannot_be_followed(self, reached: Reached, source: str) -> None:
        assert reached(source).unproven


def test_chain_names_each_step(reached: Reached) -> None:
    (hit,) = reached("def g(x):\n  os.system(x)\ndef f(c):\n  g(c)").hits
    assert [step.rpartition(":")[2] for step in hit.chain] == ["5", "3"]
    assert "system (" in str(hit)


def test_evidence_files(reached: Reached, library) -> None:
    library.install("other", {"other.py": "def g(x): pass"})
    files = reached("from other import g\ndef f(c): g(c)").files
    assert {path.rpartition("/")[2] for path in files} == {"acme.py", "other.py"}


def test_across_distributions(library) -> None:
    library.install("other", {"other/__init__.py": "from ._run import g", "other/_run.py": RUN})
    library.module("import other\ndef f(c): other.g(c)")
    function = resolve("acme", "f")
    assert function is not None
    assert sinks(reach(function, None, frozenset("c"))) == {"os:system"}


RUN = "import os\ndef g(x): os.system(x)"


class TestEffects:
    @pytest.mark.parametrize(
        "source",
        [
            "x = ''\ndef f(c):\n global x\n x = c",
            "class A: pass\ndef f(c): A.x = c",
            "def f(c): os.linesep = c",
            "import sys\ndef f(c): sys.path.insert(0, c)",
            "def f(c): os.environ['PATH'] = c",
            "def f(c): globals()['x'] = c",
        ],
    )
    def test_what_outlives_the_load(self, reached: Reached, source: str) -> None:
        assert "effect" in {hit.category for hit in reached(source).hits}

    def test_a_table_of_the_library_is_not_proven(self, reached: Reached) -> None:
        assert reached("T = {}\ndef f(c): T[c] = c").unproven


CHANGES_A_CLASS = {
    "its attribute": "def f(c): K.x = c",
    "of an alias": "def f(c):\n k = K\n k.x = c",
    "of an item": "def f(c):\n t = {}\n t['a'] = K\n t['a'].x = c",
    "of an item of an item": "def f(c):\n t = {}\n t['a']['b'] = K\n u = t['a']\n u['b'].x = c",
    "of a part": "def f(c):\n t = {}\n t['a'] = K\n k, _ = t\n k.x = c",
    "of an item that a method gives": "def f(c):\n t = {}\n t['a'] = K\n t.get('a').x = c",
    "of an iterated one": "def f(c):\n t = {}\n t['a'] = K\n for k in t.values(): k.x = c",
}


@pytest.mark.parametrize("source", CHANGES_A_CLASS.values(), ids=CHANGES_A_CLASS.keys())
def test_an_attribute_of_a_class_is_global(reached: Reached, source: str) -> None:
    hits = reached(f"class A: pass\nclass K: pass\n{source}").hits
    assert any(hit.category == "effect" for hit in hits)


CHANGES_AN_OBJECT = {
    "with a class in an attribute": "def f(c):\n a = A()\n a.k = K\n a.x = c",
    "that is given its class": "def f(c):\n a = c.a\n a.__class__ = K\n a.x = c",
    "with a class in an item of an attribute": "def f(c):\n a = A()\n a.t['k'] = K\n a.t.x = c",
    "that is an item with a class": "def f(c):\n c['a'].k = K\n c['a'].x = c",
}


@pytest.mark.parametrize("source", CHANGES_AN_OBJECT.values(), ids=CHANGES_AN_OBJECT.keys())
def test_an_attribute_of_what_holds_a_class_is_not(reached: Reached, source: str) -> None:
    hits = reached(f"class A: pass\nclass K: pass\n{source}").hits
    assert not any(hit.category == "effect" for hit in hits)


def test_names_of_compiled_things_do_not_grow_for_ever(reached: Reached) -> None:
    found = reached("import _thread\ndef f(c):\n a = _thread.x\n while c:\n  a = a.y\n  a(c)")
    assert not any("does not settle" in doubt for doubt in found.unproven)


def test_what_was_cut_short_serves_no_other_question(reached: Reached, library) -> None:
    source = "def h(c): os.system(c)\ndef g(c): h(c)\ndef f(c): g(c)\n"
    assert not sinks(reached(source, most=2))
    flow_of_g = reach(resolve("acme", "g"), None, frozenset({"c"}))  # type: ignore[arg-type]
    assert sinks(flow_of_g) == {"os:system"}


WIDE = "".join(f"def g{n}(c): return c\n" for n in range(9))
LONG = "".join(f"def h{n}(c): return h{n + 1}(c)\n" for n in range(11))
QUESTIONS = (("wide", 4), ("wide", 80), ("f", 80), ("h0", 80), ("h7", 80), ("h3", 3))


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4, 5), (5, 4, 3, 2, 1, 0), (3, 0, 5, 1, 4, 2)])
def test_answers_do_not_depend_on_what_was_asked_before(
    reached: Reached, order: tuple[int, ...]
) -> None:
    """What one question has cut short is asked anew by a question that may go further."""
    calls = "".join(f" g{n}(c)\n" for n in range(9))
    source = f"{WIDE}{LONG}def h11(c): return wide(c)\ndef wide(c):\n{calls} os.remove(c)\n"
    reached(source + "def f(c): return wide(c)")

    def asked(index: int) -> tuple[set[str], bool]:
        name, most = QUESTIONS[index]
        function = resolve("acme", name)
        assert function is not None
        summary = reach(function, None, frozenset("c"), most)
        return sinks(summary), bool(summary.unproven)

    alone = []
    for index in range(len(QUESTIONS)):
        flow.forget()
        alone.append(asked(index))
    assert (set(), True) in alone and ({"os:remove"}, False) in alone
    flow.forget()
    for index in order:
        found = asked(index)
        assert found[0] >= alone[index][0]
        assert found[0] or found[1]


def test_a_sink_far_away_counts(reached: Reached) -> None:
    """However many calls lie between: each is one that a file makes happen."""
    source = "def g0(n, c): return getattr(os, n)(c)\n"
    source += "".join(f"def g{n}(n, c): return g{n - 1}(n, c)\n" for n in range(1, 9))
    assert "getattr" in sinks(reached(source + "def f(n, c): g8(n, c)"))


class TestVouchedFor:
    """A function that was read is not followed, but for the methods that its line names."""

    @pytest.fixture(autouse=True)
    def line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        traits = {"vouched": True, "looks_up": ["__reduce__"]}
        line = base_policy.Line("function", (), "read", "", False, "", traits, "")
        known = base_policy.look_up
        monkeypatch.setattr(
            base_policy,
            "look_up",
            lambda owner, key: line if key == "acme:digest" else known(owner, key),
        )

    @pytest.mark.parametrize("call", ["digest(c)", "digest(1, [c])", "digest(x=c)"])
    def test_its_methods_are_asked_for(self, reached: Reached, call: str) -> None:
        summary = reached(f"def digest(*x, **k): os.system(x)\ndef f(c): return {call}")
        assert not summary.hits
        assert not summary.unproven
        assert ".__reduce__" in summary.methods

    def test_not_without_data(self, reached: Reached) -> None:
        summary = reached("def digest(*x): os.system(x)\ndef f(c): return digest(1)")
        assert not summary.methods


class TestWhatIsNotInstalled:
    """A name that would be part of a missing module is never bound."""

    MISSING = "fast = None\ntry:\n import no_such_module as fast\nexcept ImportError: pass\n"

    def test_it_is_not_called(self, reached: Reached) -> None:
        source = "def g(x): return x\nif fast: g = fast.g\ndef f(c): return g(c)"
        assert not reached(self.MISSING + source).unproven

    @pytest.mark.parametrize(
        "source",
        [
            "fast = None\ndef use(x):\n global fast\n fast = x\ng = fast.g\ndef f(c): return g(c)",
            "fast = os.environ\ng = fast.g\ndef f(c): return g(c)",
            "fast = None\nimport json as fast\ng = fast.loads\ndef f(c): return g(c)",
        ],
    )
    def test_what_may_be_bound_is(self, reached: Reached, source: str) -> None:
        summary = reached(source)
        assert summary.unproven or summary.hits or summary.returns.carries

    def test_and_what_it_calls_is_followed(self, reached: Reached) -> None:
        source = "def g(x): os.system(x)\nif fast: g = fast.g\ndef f(c): return g(c)"
        assert sinks(reached(self.MISSING + source)) == {"os:system"}


LAZY = """
class A:
    def show(self, text): {}

_it = None

def get():
    global _it
    if _it is None:
        _it = {}
    return _it

def f(c): return _it.show(c)
def g(c): return get().show(c)
"""


@pytest.mark.parametrize("name", ["f", "g"])
def test_a_global_is_what_functions_make_of_it(reached: Reached, name: str) -> None:
    assert sinks(reached(LAZY.format("os.system(text)", "A()"), name)) == {"os:system"}
    clean = reached(LAZY.format("return text", "A()"), name)
    assert not clean.hits and not clean.unproven


@pytest.mark.parametrize("made", ["made", "A", "[A()][0]"])
def test_a_global_of_unknown_making_is_unproven(reached: Reached, made: str) -> None:
    source = LAZY.format("return text", made).replace("def get()", "def get(made=None)")
    assert reached(source).unproven or made == "A"


def test_a_global_that_an_import_may_bind_is_unproven(reached: Reached) -> None:
    other = "\ndef again():\n    global _it\n    import strange as _it\n"
    assert reached(LAZY.format("return text", "A()") + other).unproven


ASKED = """
class A:
    def __init__(self, known=None): self.known = known
    def __getattr__(self, name): os.system(self.command)
    def f(self): return self.{}
"""


def test_an_object_is_asked_for_what_it_lacks(reached: Reached) -> None:
    assert sinks(reached(ASKED.format("other"), "A.f", {STATE})) == {"os:system"}
    assert not reached(ASKED.format("known"), "A.f", {STATE}).hits
    assert not reached(ASKED.format("f"), "A.f", {STATE}).hits


def test_a_sink_with_source_is_one_as_a_method(
    reached: Reached, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Sink("acme:A.run", "load", "loads without a guard")
    monkeypatch.setattr(following, "sink", lambda key: line if key == line.name else None)
    source = "class A:\n def run(self, c): pass\n def f(self, c): self.run(c)\n"
    assert sinks(reached(source, "A.f")) == {"acme:A.run"}
