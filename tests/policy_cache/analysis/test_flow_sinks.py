"""Sinks that a function reaches with data from its arguments, or from a state."""

from __future__ import annotations

import pytest

from policy_cache.analysis.flow import STATE
from tests.policy_cache.analysis.reaching import Reached, sinks

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
