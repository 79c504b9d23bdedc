"""What a function reaches with data from its arguments."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from policy_cache import base_policy
from policy_cache.analysis import flow
from policy_cache.analysis.flow import STATE, Summary, following, parameters, reach
from policy_cache.analysis.sinks import Sink
from policy_cache.source.resolve import resolve

Reached = Callable[..., Summary]


@pytest.fixture
def reached(library) -> Reached:
    """Return what a function of a generated module reaches, all its parameters tainted."""

    def analyse(source: str, name: str = "f", tainted: set[str] | None = None, **more) -> Summary:
        library.module("import os, subprocess\n" + source)
        function = resolve("acme", name)
        assert function is not None
        outer = name.rpartition(".")[0]
        owner = resolve("acme", outer) if outer else None
        given = parameters(function, owner is not None) if tainted is None else tainted
        return reach(function, owner, frozenset(given), **more)

    return analyse


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


def sinks(summary: Summary) -> set[str]:
    """Return the sinks by their public names (``os.system`` is ``posix:system``)."""
    return {hit.sink.replace("posix:", "os:").replace("nt:", "os:") for hit in summary.hits}


HIT = {
    "direct": "def f(c): os.system(c)",
    "keyword": "def f(c): os.system(command=c)",
    "star": "def f(c): os.system(*c)",
    "assignment": "def f(c):\n a = c\n b = a\n os.system(b)",
    "late_assignment": "def f(c):\n for _ in '12':\n  os.system(a)\n  a = b\n  b = c",
    "unpacked": "def f(c):\n a, (b, *d) = c\n os.system(d)",
    "augmented": "def f(c):\n a = ''\n a += c\n os.system(a)",
    "walrus": "def f(c):\n if (a := c):\n  os.system(a)",
    "loop": "def f(c):\n for a in c: os.system(a)",
    "comprehension": "def f(c): return [os.system(a) for a in c]",
    "with": "def f(c):\n with c as a: os.system(a)",
    "item": "def f(c):\n a = {}\n a['x'] = c\n os.system(a['x'])",
    "appended": "def f(c):\n a = []\n a.append(c)\n os.system(a[0])",
    "updated": "def f(c):\n a = {}\n a.update(x=c)\n os.system(a['x'])",
    "attribute_of_local": "def f(c):\n a = type('A', (), {})()\n a.x = c\n os.system(a.x)",
    "formatted": "def f(c): os.system(f'echo {c}')",
    "method_of_text": "def f(c): os.system('{}'.format(c))",
    "conditional": "def f(c): os.system(c if c else 'ls')",
    "helper": "def g(x): os.system(x)\ndef f(c): g(c)",
    "helper_result": "def g(x): return x\ndef f(c): os.system(g(c))",
    "helper_keyword": "def g(*, x=None): os.system(x)\ndef f(c): g(x=c)",
    "helper_star": "def g(a, *rest): os.system(rest[0])\ndef f(c): g(1, c)",
    "helper_double_star": "def g(**kw): os.system(kw['x'])\ndef f(c): g(x=c)",
    "local_import": "def f(c):\n import subprocess as s\n s.run(c)",
    "local_from_import": "def f(c):\n from os import system as s\n s(c)",
    "local_submodule": "def f(c):\n import os.path\n os.system(c)",
    "local_alias": "def f(c):\n s = os.system\n s(c)",
    "one_of_two_aliases": "def f(c):\n s = os.system if c else len\n s(c)",
    "alias_assigned_twice": "def f(c):\n s = len\n s = os.system\n s(c)",
    "chosen_callee": "def f(c): (print if c == 1 else os.system)(c)",
    "constant_getattr": "def f(c): getattr(os, 'system')(c)",
    "default_alias": "def f(c, s=os.system): s(c)",
    "module_alias": "run = os.system\ndef f(c): run(c)",
    "filled_after_it_was_held": (
        "def f(c):\n a = []\n b = [a]\n a.append(c)\n for x in b: os.system(x[0])"
    ),
    "filled_after_it_was_given": (
        "class A:\n def __init__(self, x): self.x = x\n def run(self): os.system(self.x)\n"
        "def f(c):\n a = {}\n b = A(a)\n a['x'] = c\n b.run()"
    ),
    "bound_at_the_end_of_a_loop": (
        "def f(c):\n a = b = ''\n while c:\n  os.system(a)\n  a = b\n  b = c.pop()"
    ),
    "bound_after_the_closure": "def f(c):\n a = ''\n def g(): os.system(a)\n a = c\n g()",
    "bound_after_the_generator": (
        "def f(c):\n a = ''\n g = (os.system(a) for _ in '1')\n a = c\n list(g)"
    ),
    "bound_after_the_locals": "def f(c):\n a = ''\n for _ in '12':\n  os.system(locals()['a'])\n  a = c",
    "a_decorated_function_s_own_body": (
        "import functools\n"
        "def d(n):\n def w(g):\n  @functools.wraps(g)\n  def h(*a): return g(*a)\n  return h\n return w\n"
        "@d(1)\ndef f(c): os.system(c)"
    ),
    "closure": "def f(c):\n def g(): os.system(c)\n g()",
    "closure_argument": "def f(c):\n def g(x): os.system(x)\n g(c)",
    "closure_result": "def f(c):\n def g(): return c\n os.system(g())",
    "lambda": "def f(c): (lambda x: os.system(x))(c)",
    "passed_as_callback": "def f(c): list(map(os.system, c))",
    "helper_as_callback": "def g(x): os.system(x)\ndef f(c): list(map(g, c))",
    "class_as_callback": (
        "class A:\n def __init__(self, x): os.system(x)\ndef f(c): return list(map(A, c))"
    ),
    "result_as_callback": "def g(): return os.system\ndef f(c): return list(map(g(), c))",
    "object_as_callback": (
        "class A:\n def __call__(self, x): os.system(x)\ndef f(c): return sorted(c, key=A())"
    ),
    "recursion": "def f(c, n=2):\n if n: f(c, n - 1)\n os.system(c)",
    "mutual_recursion": "def g(x): f(x)\ndef f(c):\n g(c)\n os.system(c)",
    "constructor": "class A:\n def __init__(self, x): os.system(x)\ndef f(c): A(c)",
    "new": "class A:\n def __new__(cls, x): os.system(x)\ndef f(c): A(c)",
    "made_object": (
        "class A:\n def __init__(self, x): self.x = x\n def go(self): os.system(self.x)\n"
        "def f(c):\n a = A(c)\n a.go()"
    ),
    "made_and_used_at_once": (
        "class A:\n def __init__(self, x): self.x = x\n def go(self): os.system(self.x)\n"
        "def f(c): A(c).go()"
    ),
    "inherited_new": (
        "class B:\n def __new__(cls, x): os.system(x)\n"
        "class A(B):\n def __new__(cls, y, x): return super().__new__(cls, x)\ndef f(c): A(1, c)"
    ),
    "static_method": "class A:\n @staticmethod\n def g(x): os.system(x)\ndef f(c): A.g(c)",
    "class_method": "class A:\n @classmethod\n def g(cls, x): os.system(x)\ndef f(c): A.g(c)",
    "try": "def f(c):\n try: pass\n except Exception: os.system(c)\n",
    "match": "def f(c):\n match c:\n  case {'x': a}: os.system(a)",
    "async": "async def f(c): os.system(c)",
    "yield": "def f(c):\n yield os.system(c)",
    "unpacked_alias": "def f(c):\n s, _ = os.system, 1\n s(c)",
    "alias_in_a_loop": "def f(c):\n for s in (os.system,): s(c)",
    "table": "T = {'a': os.system}\ndef f(c): T[c](c)",
    "table_with_a_default": "T = {'a': os.system}\ndef f(c):\n s = T.get('b', len)\n s(c)",
    "table_filled_later": "def f(c):\n t = {}\n t['a'] = os.system\n t['a'](c)",
    "partial": "import functools\nrun = functools.partial(os.system)\ndef f(c): run(c)",
    "keyword_handed_to_a_partial": (
        "import functools\ndef g(x, *, p): os.system(p)\ndef f(c): return functools.partial(g, p=c)"
    ),
    "keywords_handed_to_a_partial": (
        "import functools\ndef g(x, *, p): os.system(p)\ndef f(c): return functools.partial(g, **c)"
    ),
    "class_that_an_object_is_given": (
        "class A:\n def go(self): os.system(self.x)\nclass B: pass\n"
        "def f(c):\n b = B()\n b.x = c\n b.__class__ = A\n b.go()"
    ),
    "class_that_data_is_given": (
        "class A:\n def go(self): os.system(self.x)\ndef f(c):\n c.__class__ = A\n c.go()"
    ),
    "attrgetter": "import operator\ndef f(c): operator.attrgetter('system')(os)(c)",
    "attrgetter_of_what_is_kept": (
        "import operator\nclass A:\n def __init__(self, x): self.x = x\n"
        "def f(c): os.system(operator.attrgetter('x')(A(c)))"
    ),
    "property_by_attrgetter": (
        "import operator\nclass A:\n def __init__(self, x): self.x = x\n"
        " @property\n def p(self): os.system(self.x)\n"
        "def f(c): return sorted([A(c)], key=operator.attrgetter('p'))"
    ),
    "methodcaller_handed_on": (
        "import operator, math\ndef f(c): math.fsum(operator.methodcaller('unlink'), c)"
    ),
    "methodcaller": "import operator\ndef f(c): operator.methodcaller('system', c)(os)",
    "computed_name": "def f(c): getattr(os, 'sys' + 'tem')(c)",
    "namespace": "def f(c): vars(os)['system'](c)",
    "globals": "run = os.system\ndef f(c): globals()['run'](c)",
    "import_module": "import importlib\ndef f(c): importlib.import_module('os').system(c)",
    "import_of_any_name": "import importlib\ndef f(c): importlib.import_module(f'{c}.locale')",
    "import_below_a_package": "import importlib\ndef f(c): importlib.import_module(f'lib.{c}')",
    "import_of_what_begins_so": "import importlib\ndef f(c): importlib.import_module(f'lib.sub{c}')",
    "import_of_the_interpreter": "import importlib\ndef f(c): importlib.import_module(f'os.path.{c}')",
    "import_in_a_relative_way": (
        "import importlib\ndef f(c): importlib.import_module(f'..{c}', package='lib')"
    ),
    "returned_function": "def g(): return os.system\ndef f(c): g()(c)",
    "returned_closure": "def g():\n def h(x): os.system(x)\n return h\ndef f(c): g()(c)",
    "handed_function": "def g(k, x): k(x)\ndef f(c): g(os.system, c)",
    "handed_instance": (
        "class A:\n def go(self, x): os.system(x)\ndef g(a, x): a.go(x)\ndef f(c): g(A(), c)"
    ),
    "handed_to_compiled": "import numpy\ndef f(c): numpy.vectorize(os.system)(c)",
    "held_instance": (
        "class A:\n def go(self, x): os.system(x)\n"
        "class B:\n def __init__(self): self.a = A()\n def go(self, x): self.a.go(x)\n"
        "def f(c): B().go(c)"
    ),
    "callable_instance": "class A:\n def __call__(self, x): os.system(x)\ndef f(c): A()(c)",
    "context_manager": (
        "class A:\n def __init__(self, x): self.x = x\n def __enter__(self): os.system(self.x)\n"
        " def __exit__(self, *e): pass\ndef f(c):\n with A(c): pass"
    ),
    "setter": (
        "class A:\n @property\n def p(self): pass\n @p.setter\n"
        " def p(self, x): os.system(x)\ndef f(c):\n a = A()\n a.p = c"
    ),
    "descriptor": (
        "class D:\n def __set__(self, o, x): os.system(x)\nclass A:\n p = D()\n"
        "def f(c):\n a = A()\n a.p = c"
    ),
    "operator": "class A:\n def __add__(self, x): os.system(x)\ndef f(c): A() + c",
    "item_of_an_object": "class A:\n def __getitem__(self, x): os.system(x)\ndef f(c): A()[c]",
    "item_set": "class A:\n def __setitem__(self, k, x): os.system(x)\ndef f(c): A()[0] = c",
    "class_item": ("class A:\n def __class_getitem__(cls, x): os.system(x)\ndef f(c): return A[c]"),
    "text_of_an_object": (
        "class A:\n def __init__(self, x): self.x = x\n def __str__(self): os.system(self.x)\n"
        "def f(c): return f'{A(c)}'"
    ),
    "iteration": (
        "class A:\n def __init__(self, x): self.x = x\n def __iter__(self): os.system(self.x)\n"
        "def f(c): return list(A(c))"
    ),
    "metaclass": (
        "class M(type):\n def __call__(cls, x): os.system(x)\n"
        "class A(metaclass=M): pass\ndef f(c): A(c)"
    ),
    "handed_by_a_decorator": (
        "def d(g):\n def h(*a): return g(os.system, *a)\n return h\n@d\ndef f(call, c): call(c)"
    ),
    "handed_by_a_decorator_by_keyword": (
        "def d(g):\n def h(c): return g(c, call=os.system)\n return h\n"
        "@d\ndef f(c, call=None): call(c)"
    ),
    "handed_by_a_decorator_with_arguments": (
        "def d(call):\n def e(g):\n  def h(*a): return g(call, *a)\n  return h\n return e\n"
        "@d(os.system)\ndef f(call, c): call(c)"
    ),
    "handed_by_a_class_as_decorator": (
        "class D:\n def __init__(self, g): self.g = g\n"
        " def __call__(self, *a): return self.g(os.system, *a)\n"
        "@D\ndef f(call, c): call(c)"
    ),
    "handed_by_an_object_as_decorator": (
        "class D:\n def __init__(self, n): self.n = n\n def __call__(self, g):\n"
        "  def h(*a): return g(os.system, *a)\n  return h\n"
        "@D(3)\ndef f(call, c): call(c)"
    ),
    "run_by_a_class_as_decorator": (
        "class D:\n def __init__(self, g): self.g = g\n"
        " def __call__(self, c):\n  os.system(c)\n  return self.g(c)\n"
        "@D\ndef f(c): return c"
    ),
    "decorator": (
        "def d(g):\n def h(x): os.system(x)\n return h\n@d\ndef k(x): pass\ndef f(c): k(c)"
    ),
    "decorator_with_arguments": (
        "def d(n):\n def e(g):\n  def h(x): os.system(x)\n  return h\n return e\n"
        "@d(1)\ndef k(x): pass\ndef f(c): k(c)"
    ),
    "caught": "def f(c):\n try: raise ValueError(c)\n except ValueError as e: os.system(e.args[0])",
    "conditional_definition": (
        "if os.name == 'posix':\n def g(x): os.system(x)\nelse:\n def g(x): pass\ndef f(c): g(c)"
    ),
    "two_imports": (
        "try:\n from os import system as s\nexcept ImportError:\n s = len\ndef f(c): s(c)"
    ),
    "one_of_two_definitions": (
        "if os.name == 'posix':\n def f(c): os.system(c)\nelse:\n def f(c): pass"
    ),
    "modules_by_name": "import sys\ndef f(c): sys.modules['os'].system(c)",
    "called_by_an_operator": "import operator\ndef f(c): operator.call(os.system, c)",
    "opened_by_reduce": "import functools\ndef f(c): functools.reduce(open, [c, 'w'])",
    "partial_that_writes": (
        "import functools\ndef f(c): list(map(functools.partial(open, mode='w'), [c]))"
    ),
    "callback_of_a_stack": (
        "import contextlib\ndef f(c):\n with contextlib.ExitStack() as s: s.callback(os.system, c)"
    ),
    "pointer_made_of_data": "import ctypes\ndef f(c): return ctypes.c_void_p(c)",
    "pointers_made_of_data": "import ctypes\ndef f(c): return list(map(ctypes.c_void_p, c))",
    "object_of_a_sink": "import code\ndef f(c): code.InteractiveInterpreter().runsource(c)",
    "matched_attribute": ("class A: pass\ndef f(c):\n match c:\n  case A(x=a): os.system(a)"),
    "left_by_an_assignment": (
        "class A:\n def go(self): os.system(self.x)\ndef f(c):\n a = A()\n a.x = c\n a.go()"
    ),
    "left_by_a_method": (
        "class A:\n x = ''\n def keep(self, x): self.x = x\n def go(self): os.system(self.x)\n"
        "def f(c):\n a = A()\n a.keep(c)\n a.go()"
    ),
}


@pytest.mark.parametrize("source", HIT.values(), ids=HIT.keys())
def test_data_reaches_a_sink(reached: Reached, source: str) -> None:
    assert {hit.category for hit in reached(source).hits} & {
        "process",
        "write",
        "code",
        "native",
        "import",
    }


CLEAN = {
    "import_below_a_part_of_a_package": (
        "import importlib\ndef f(c): importlib.import_module(f'lib.locales.{c}.locale')"
    ),
    "a_decorator_that_hands_nothing_over": (
        "class D:\n def __init__(self, g): self.g = g\n"
        " def __call__(self, c): return self.g(len, c)\n@D\ndef f(call, c): return c"
    ),
    "a_decorated_function_s_defaults": (
        "import functools\n"
        "def d(n):\n def w(g):\n  @functools.wraps(g)\n  def h(*a): return g(*a)\n  return h\n return w\n"
        "@d(1)\ndef g(c, b=None): os.system(b)\ndef f(c): g(c)"
    ),
    "constant": "def f(c): os.system('ls')",
    "constant_local": "def f(c):\n a = 'ls'\n os.system(a)",
    "only_a_length": "def f(c): os.system('ls ' * len(c))",
    "only_a_comparison": "def f(c): os.system(c == 'x')",
    "other_parameter": "def g(x, y): os.system(y)\ndef f(c): g(c, 'ls')",
    "local_named_like_a_sink": "def f(c):\n system = len\n system(c)",
    "type_checking": "def f(c): return isinstance(c, str)",
    "reads_a_file": "def f(c): return open(c, 'rb').read()",
    "not_called": "def f(c):\n s = os.system\n return c",
    "reads_files": "def f(c): return list(map(open, c))",
    "partial_that_reads": (
        "import functools\ndef f(c): return list(map(functools.partial(open, mode='rb'), c))"
    ),
    "table_of_harmless": "T = {'a': len}\ndef f(c): return T['a'](c)",
    "type_of_pointers_beside_data": (
        "import ctypes, math\ndef f(c): return math.fsum(ctypes.c_void_p, c)"
    ),
    "pointer_put_into_data": (
        "import ctypes\ndef f(c):\n c.get('x')\n c['y'] = ctypes.c_void_p()\n c.get('y', c.get('x'))"
    ),
    "checked_type": "def f(c): return isinstance(c, (os.system.__class__, str))",
    "class_given_to_compiled": "import math\nclass A: pass\ndef f(c): return math.fsum([c, A])",
    "helper_that_drops_its_argument": ("def g(x): return 'ls'\ndef f(c): os.system(g(c))"),
    "attribute_by_a_constant_name": (
        "import operator\ndef f(c): return sorted(c, key=operator.attrgetter('x'))"
    ),
    "one_object_of_a_class": (
        "class A:\n one = None\n def __new__(cls, *a):\n"
        "  if not cls.one: cls.one = super().__new__(cls, *a)\n  return cls.one\n"
        "def f(c): return A(c)"
    ),
    "part_of_what_is_given_a_class": (
        "class A: pass\nclass B: pass\n"
        "def f(c):\n b = B()\n b.__class__ = A\n part = b[0]\n part.x = c"
    ),
    "harmless_callback": "def f(c): return list(map(len, c))",
}


@pytest.mark.parametrize("source", CLEAN.values(), ids=CLEAN.keys())
def test_no_data_reaches_a_sink(reached: Reached, source: str) -> None:
    assert not [hit for hit in reached(source).hits if hit.category != "call"]


METHODS = {
    "own_attribute": "class A:\n def __setstate__(self, s):\n  self.x = s\n  os.system(self.x)",
    "attribute_by_state": "class A:\n def __setstate__(self, s): os.system(self.x)",
    "itself_as_text": "class A(str):\n def __setstate__(self, s): os.system(self)",
    "itself_as_a_list": "class A(list):\n def __setstate__(self, s): os.system(self[0])",
    "itself_as_a_dict": "class A(dict):\n def __setstate__(self, s): os.system(self.get('x'))",
    "its_own_items": (
        "class A(dict):\n def __setstate__(self, s):\n  for k, v in self.items(): os.system(v)"
    ),
    "own_method": (
        "class A:\n def g(self, x): os.system(x)\n def __setstate__(self, s): self.g(s)"
    ),
    "own_method_reads_state": (
        "class A:\n def g(self): os.system(self.x)\n def __setstate__(self, s): self.g()"
    ),
    "own_method_result": (
        "class A:\n def g(self): return self.x\n def __setstate__(self, s): os.system(self.g())"
    ),
    "own_static_method": (
        "class A:\n @staticmethod\n def g(x): os.system(x)\n def __setstate__(self, s): self.g(s)"
    ),
    "own_class_method": (
        "class A:\n @classmethod\n def g(cls, x): os.system(x)\n"
        " def __setstate__(self, s): self.g(s)"
    ),
    "inherited_method": (
        "class B:\n def g(self, x): os.system(x)\n"
        "class A(B):\n def __setstate__(self, s): self.g(s)"
    ),
    "super": (
        "class B:\n def __setstate__(self, s): os.system(s)\n"
        "class A(B):\n def __setstate__(self, s): super().__setstate__(s)"
    ),
    "super_with_arguments": (
        "class B:\n def __setstate__(self, s): os.system(s)\n"
        "class A(B):\n def __setstate__(self, s): super(A, self).__setstate__(s)"
    ),
    "cooperative_super": (
        "class B:\n def __setstate__(self, s): pass\n"
        "class C(B):\n def __setstate__(self, s): super().__setstate__(s)\n"
        "class D(B):\n def __setstate__(self, s): os.system(s)\n"
        "class A(C, D):\n def __setstate__(self, s): super().__setstate__(s)"
    ),
    "base_by_name": (
        "class B:\n def __setstate__(self, s): os.system(s)\n"
        "class A(B):\n def __setstate__(self, s): B.__setstate__(self, s)"
    ),
    "overridden_hook": (
        "class B:\n def __setstate__(self, s): self.hook(s)\n def hook(self, s): pass\n"
        "class A(B):\n __setstate__ = B.__setstate__\n def hook(self, s): os.system(s)"
    ),
    "property": (
        "class A:\n @property\n def p(self): os.system(self.x)\n"
        " def __setstate__(self, s): return self.p"
    ),
    "class_body_alias": (
        "class A:\n run = staticmethod(os.system)\n go = os.system\n"
        " def __setstate__(self, s): self.go(s)"
    ),
    "dict_update": (
        "class A:\n def __setstate__(self, s):\n"
        "  self.__dict__.update(s)\n  os.system(self.anything)"
    ),
    "reconstructed": (
        "class A:\n def __init__(self, x): os.system(x)\n"
        " def __setstate__(self, s): self.__init__(s)"
    ),
    "type_of_self": (
        "class A:\n def __init__(self, x): os.system(x)\n def __setstate__(self, s): type(self)(s)"
    ),
}


@pytest.mark.parametrize("source", METHODS.values(), ids=METHODS.keys())
def test_state_reaches_a_sink(reached: Reached, source: str) -> None:
    assert "os:system" in sinks(reached(source, "A.__setstate__", {"s", STATE}))


@pytest.mark.parametrize(
    "body",
    [
        "self.x = x\n  os.system(self.g())",
        "self.__dict__['x'] = x\n  os.system(self.x)",
        "self.__dict__.update(x=x)\n  os.system(self.x)",
        "vars(self).update(x=x)\n  os.system(self.x)",
        "setattr(self, 'x', x)\n  os.system(self.x)",
        "self.__dict__ = x\n  os.system(self.x)",
    ],
)
def test_what_a_constructor_stores_is_tainted(reached: Reached, body: str) -> None:
    source = f"class A:\n def __init__(self, x):\n  {body}\n def g(self): return self.x"
    assert "os:system" in sinks(reached(source, "A.__init__"))


def test_plain_class_attributes_are_hidden_by_a_state(reached: Reached) -> None:
    source = "class A:\n command = 'ls'\n def __del__(self): os.system(self.command)"
    assert sinks(reached(source, "A.__del__", {STATE})) == {"os:system"}


def test_functions_of_a_class_are_not_the_states(reached: Reached) -> None:
    """The guard refuses a state that puts something else in a method's place."""
    source = "class A:\n run = len\n def __del__(self): self.run(self.command)"
    assert reached(source, "A.__del__", {STATE}).hits == ()


def test_finalizer_with_a_default(reached: Reached) -> None:
    source = "class A:\n def __del__(self, unlink=os.unlink): unlink(self.name)"
    assert sinks(reached(source, "A.__del__", {STATE})) == {"os:unlink"}


def test_finalizer_with_a_class_body_alias(reached: Reached) -> None:
    source = "class A:\n unlink = os.unlink\n def __del__(self): self.unlink(self.name)"
    assert sinks(reached(source, "A.__del__", {STATE})) == {"os:unlink"}


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
