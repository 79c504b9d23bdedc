"""Roundabout ways from the arguments of a function to a sink, or to a call of what they are."""

from __future__ import annotations

import pytest

from policy_cache.analysis.flow import STATE, Summary, parameters, reach
from policy_cache.source.resolve import resolve

FOUND = {
    "returned callable passed on": (
        "def make(): return os.system\ndef h(f, c): f(c)\ndef f(c): h(make(), c)",
        "f",
    ),
    "returned callable passed on kw": (
        "def make(): return os.system\ndef h(f, c): f(c)\ndef f(c): h(c=c, f=make())",
        "f",
    ),
    "returned callable deep": (
        "def make(): return os.system\ndef mk2(): return make()\ndef h(f, c): f(c)\ndef f(c): h(mk2(), c)",
        "f",
    ),
    "returned in tuple": (
        "def make(): return (os.system, 1)\ndef h(f, c): f(c)\ndef f(c): h(make()[0], c)",
        "f",
    ),
    "returned with args": (
        "def make(x): return os.system\ndef h(f, c): f(c)\ndef f(c): h(make(c), c)",
        "f",
    ),
    "method returns callable": (
        "class M:\n def make(self): return os.system\ndef h(f, c): f(c)\ndef f(c): h(M().make(), c)",
        "f",
    ),
    "partial of returned": (
        "import functools\ndef make(): return os.system\ndef h(f): f()\ndef f(c): h(functools.partial(make(), c))",
        "f",
    ),
    "stored on self": (
        "def make(): return os.system\nclass A:\n def run(self, c): self.g(c)\n def f(self, c):\n  self.g = make()\n  self.run(c)",
        "A.f",
    ),
    "repr runs held": (
        "class A:\n def __repr__(self): return self.fn(self.x)\n def f(self, s): return repr(self)",
        "A.f",
    ),
    "fstring runs held": (
        "class A:\n def __repr__(self): return self.fn(self.x)\n def f(self, s): return f'{self}'",
        "A.f",
    ),
    "percent runs held": (
        "class A:\n def __repr__(self): return self.fn(self.x)\n def f(self, s): return '%r' % self",
        "A.f",
    ),
    "percent tuple": (
        "class A:\n def __repr__(self): return self.fn(self.x)\n def f(self, s): return '%r' % (self,)",
        "A.f",
    ),
    "format method": (
        "class A:\n def __repr__(self): return self.fn(self.x)\n def f(self, s): return '{!r}'.format(self)",
        "A.f",
    ),
    "format attr": (
        "class A:\n @property\n def x(self): return os.system(self.y)\n def f(self, s): return '{0.x}'.format(self)",
        "A.f",
    ),
    "print": (
        "class A:\n def __repr__(self): return self.fn(self.x)\n def f(self, s): print(self)",
        "A.f",
    ),
    "log": (
        "import logging\nlog=logging.getLogger('x')\nclass A:\n def __repr__(self): return self.fn(self.x)\n def f(self, s): log.warning('%r', self)",
        "A.f",
    ),
    "match attr call": ("class P: pass\ndef f(c):\n match c:\n  case P(x=y): y()", "f"),
    "match positional call": (
        "class P:\n __match_args__ = ('x',)\ndef f(c):\n match c:\n  case P(y): y()",
        "f",
    ),
    "match mapping": ("def f(c):\n match c:\n  case {'k': y}: y()", "f"),
    "match seq": ("def f(c):\n match c:\n  case [y, *z]: y(); z[0]()", "f"),
    "match self prop": (
        "class A:\n __match_args__ = ('x',)\n @property\n def x(self): os.system(self.y)\n def f(self, s):\n  match self:\n   case A(z): pass",
        "A.f",
    ),
    "match isinstance": (
        "class Meta(type):\n def __instancecheck__(cls, o): os.system(o.x)\nclass B(metaclass=Meta): pass\ndef f(c):\n match c:\n  case B(): pass",
        "f",
    ),
    "isinstance meta": (
        "class Meta(type):\n def __instancecheck__(cls, o): os.system(o.x)\nclass B(metaclass=Meta): pass\ndef f(c): isinstance(c, B)",
        "f",
    ),
    "method via class": (
        "class A:\n def go(self, c): os.system(self.x)\ndef f(c): A.go(c, 1)",
        "f",
    ),
    "method via class self fn": (
        "class A:\n def go(self): self.fn(self.x)\ndef f(c): A.go(c)",
        "f",
    ),
    "method via class of instance": (
        "class A:\n def __init__(self, x): self.x = x\n def go(self): os.system(self.x)\ndef f(c): A.go(A(c))",
        "f",
    ),
    "method via other class": (
        "class B: pass\nclass A:\n def go(self): os.system(self.x)\ndef f(c):\n b = B()\n b.x = c\n A.go(b)",
        "f",
    ),
    "method via class on self": (
        "class A:\n def go(self): os.system(self.x)\nclass C:\n def f(self, s): A.go(self)",
        "C.f",
    ),
    "method via super class var": (
        "class A:\n def go(self): os.system(self.x)\nclass C:\n def f(self, s):\n  m = A.go\n  m(self)",
        "C.f",
    ),
    "singledispatch": (
        "import functools\n@functools.singledispatch\ndef show(x): return x\n@show.register(str)\ndef _(x): os.system(x)\ndef f(c): show(c)",
        "f",
    ),
    "singledispatch annot": (
        "import functools\n@functools.singledispatch\ndef show(x): return x\n@show.register\ndef _(x: str): os.system(x)\ndef f(c): show(c)",
        "f",
    ),
    "singledispatch call": (
        "import functools\n@functools.singledispatch\ndef show(x): return x\ndef _s(x): os.system(x)\nshow.register(str, _s)\ndef f(c): show(c)",
        "f",
    ),
    "singledispatchmethod": (
        "import functools\nclass A:\n @functools.singledispatchmethod\n def show(self, x): return x\n @show.register\n def _(self, x: str): os.system(x)\n def f(self, c): self.show(c)",
        "A.f",
    ),
    "namespace": (
        "import types\ndef f(c):\n n = types.SimpleNamespace(run=os.system)\n n.run(c)",
        "f",
    ),
    "namespace attr": (
        "import types\ndef f(c):\n n = types.SimpleNamespace()\n n.run = os.system\n n.run(c)",
        "f",
    ),
    "namespace attr given": (
        "import types\ndef f(c, d):\n n = types.SimpleNamespace()\n n.run = c\n n.run(d)",
        "f",
    ),
    "local object attr": ("class N: pass\ndef f(c):\n n = N()\n n.run = os.system\n n.run(c)", "f"),
    "local object attr given": (
        "class N: pass\ndef f(c, d):\n n = N()\n n.run = c\n n.run(d)",
        "f",
    ),
    "local obj passed": (
        "class N: pass\ndef h(n, c): n.run(c)\ndef f(c):\n n = N()\n n.run = os.system\n h(n, c)",
        "f",
    ),
    "lambda given callable": ("def f(c): (lambda g, x: g(x))(os.system, c)", "f"),
    "lambda given callable2": ("def f(c):\n h = lambda g, x: g(x)\n h(os.system, c)", "f"),
    "nested fn given callable": ("def f(c):\n def h(g, x): g(x)\n h(os.system, c)", "f"),
    "nested fn given from data": ("def f(c, d):\n def h(g, x): g(x)\n h(c, d)", "f"),
    "type(self).x": ("class A:\n def f(self, s): type(self).run = s", "A.f"),
    "cls attr": ("class A:\n @classmethod\n def f(cls, s): cls.run = s", "A.f"),
    "class name attr": ("class A:\n def f(self, s): A.run = s", "A.f"),
    "self.__class__.x": ("class A:\n def f(self, s): self.__class__.run = s", "A.f"),
    "setattr type(self)": ("class A:\n def f(self, s): setattr(type(self), 'run', s)", "A.f"),
    "setattr type(self) computed": ("class A:\n def f(self, s): setattr(type(self), s, s)", "A.f"),
    "type(c).x": ("def f(c, d): type(c).run = d", "f"),
    "module table": ("T = {'a': os.system}\ndef f(c): T['a'](c)", "f"),
    "module table key": ("T = {'a': os.system}\ndef f(c, d): T[c](d)", "f"),
    "module table get": ("T = {'a': os.system}\ndef f(c, d): T.get(c)(d)", "f"),
    "class table": ("class A:\n T = {'a': os.system}\n def f(self, c): self.T['a'](c)", "A.f"),
    "attrgetter self": (
        "import operator\nclass A:\n @property\n def x(self): os.system(self.y)\n def f(self, s): operator.attrgetter('x')(self)",
        "A.f",
    ),
    "attrgetter call": ("import operator\ndef f(c): operator.attrgetter('x')(c)()", "f"),
    "attrgetter param name": ("import operator\ndef f(c, d): operator.attrgetter(c)(d)()", "f"),
    "methodcaller self": (
        "import operator\nclass A:\n def x(self): os.system(self.y)\n def f(self, s): operator.methodcaller('x')(self)",
        "A.f",
    ),
    "itemgetter": ("import operator\ndef f(c): operator.itemgetter(0)(c)()", "f"),
    "class bases from file": ("def f(c):\n class X(c): pass\n return X", "f"),
    "class bases tuple": ("def f(c):\n class X(*c): pass\n return X", "f"),
    "class metaclass from file": ("def f(c):\n class X(metaclass=c): pass\n return X", "f"),
    "class kw from file": ("def f(c):\n class X(a=c): pass\n return X", "f"),
    "class decorator": ("def f(c):\n @c\n class X: pass\n return X", "f"),
    "fn decorator": ("def f(c):\n @c\n def X(): pass\n return X", "f"),
    "type3": ("def f(c): return type('X', (c,), {})", "f"),
    "type3 dict": ("def f(c): return type('X', (), c)", "f"),
    "init_subclass": (
        "class B:\n def __init_subclass__(cls, fn=None): fn()\ndef f(c):\n class X(B, fn=c): pass",
        "f",
    ),
    "getattr default": ("def f(c): getattr(c, 'x', os.system)(c)", "f"),
    "or default": ("def f(c, g=None): (g or os.system)(c)", "f"),
    "return closure": ("def mk(c):\n def g(): os.system(c)\n return g\ndef f(c): mk(c)()", "f"),
    "closure passed": (
        "def mk():\n def g(c): os.system(c)\n return g\ndef h(g, c): g(c)\ndef f(c): h(mk(), c)",
        "f",
    ),
    "class instance callable passed": (
        "class G:\n def __call__(self, c): os.system(c)\ndef mk(): return G()\ndef h(g, c): g(c)\ndef f(c): h(mk(), c)",
        "f",
    ),
    "generator send": (
        "def gen():\n while True:\n  x = yield\n  os.system(x)\ndef f(c):\n g = gen()\n next(g)\n g.send(c)",
        "f",
    ),
    "thread": (
        "import threading\ndef go(x): os.system(x)\ndef f(c): threading.Thread(target=go, args=(c,)).start()",
        "f",
    ),
    "weakref finalize": ("import weakref\ndef f(c, d): weakref.finalize(c, d)", "f"),
    "lru_cache made": (
        "import functools\ndef go(x): os.system(x)\nc2 = functools.lru_cache(go)\ndef f(c): c2(c)",
        "f",
    ),
    "partial global": (
        "import functools\ndef go(y, x): os.system(x)\ng = functools.partial(go, 1)\ndef f(c): g(c)",
        "f",
    ),
    "module imported late": (
        "m = None\ndef get():\n global m\n import subprocess\n m = subprocess\n return m\n"
        "def f(c): get().run(c)",
        "f",
    ),
    "module imported late, by its part": (
        "m = None\ndef get():\n global m\n import os.path as p\n m = p.os\ndef f(c): m.mkfifo(c)",
        "f",
    ),
    "module that was imported": ("import sys\ndef f(c): sys.modules.get('os').mkfifo(c)", "f"),
    "module that was imported, by its item": (
        "import sys\ndef f(c): sys.modules['os'].mkfifo(c)",
        "f",
    ),
    "module a closure gives": (
        "def mk():\n def g(): return os\n return g\ndef f(c): mk()().mkfifo(c)",
        "f",
    ),
    "module a closure gives for data": (
        "def mk(x):\n def g(y): return os\n return g\ndef f(c): mk(c)(c).mkfifo(c)",
        "f",
    ),
    "object that gives itself": (
        "class G:\n def me(self): return self\n def go(self, c): os.mkfifo(c)\n"
        "def f(c): G().me().go(c)",
        "f",
    ),
    "exec in class attr default": (
        "class A:\n fn = staticmethod(os.system)\n def f(self, c): self.fn(c)",
        "A.f",
    ),
}
UNPROVEN = {
    "dict of returned": (
        "def make(): return os.system\ndef h(t, c): t['x'](c)\ndef f(c): h({'x': make()}, c)",
        "f",
    ),
    "computed format": ("def f(c, d): return c.format(d)", "f"),
    "module table filled": ("T = {}\nT['a'] = os.system\ndef f(c): T['a'](c)", "f"),
    "module table registered": (
        "T = {}\ndef reg(fn):\n T[fn.__name__] = fn\n return fn\n@reg\ndef go(x): os.system(x)\ndef f(c): T['go'](c)",
        "f",
    ),
    "module table update": ("T = {}\nT.update(a=os.system)\ndef f(c): T['a'](c)", "f"),
    "method of what a call gives": ("def get(): return T['x']\ndef f(c): get().go(c)", "f"),
    "module imported late, one of two": (
        "m = None\ndef get():\n global m\n try: import json as j\n except ImportError: j = None\n"
        " m = j\ndef f(c): m.go(c)",
        "f",
    ),
    "module list": ("L = []\nL.append(os.system)\ndef f(c):\n for g in L: g(c)", "f"),
    "instance passed method": (
        "class G:\n def go(self, c): os.system(c)\ndef mk(): return G()\ndef h(g, c): g.go(c)\ndef f(c): h(mk(), c)",
        "f",
    ),
}


def reached(library, source: str, name: str) -> Summary:
    """Return what a function reaches, all that it is given being the file's."""
    library.module(f"import os\n{source}")
    function = resolve("acme", name)
    assert function is not None
    outer = name.rpartition(".")[0]
    owner = resolve("acme", outer) if outer else None
    given = {*parameters(function, owner is not None), *([STATE] if owner else [])}
    return reach(function, owner, frozenset(given))


@pytest.mark.parametrize(("source", "name"), FOUND.values(), ids=FOUND.keys())
def test_found(library, source: str, name: str) -> None:
    summary = reached(library, source, name)
    assert summary.hits or summary.calls or summary.constructs


@pytest.mark.parametrize(("source", "name"), UNPROVEN.values(), ids=UNPROVEN.keys())
def test_unproven(library, source: str, name: str) -> None:
    assert reached(library, source, name).unproven


HONEST = {
    "a result that is not called": "def make(): return os.system\ndef h(f, c): return c\n"
    "def f(c): h(make(), c)",
    "a partial with names alone": "import functools\ndef go(x, y=0): return x\n"
    "g = functools.partial(go, y=1)\ndef f(c): g(c)",
    "a text that names no attribute": "class A:\n @property\n def x(self): os.system('a')\n"
    "def f(c): '{0:.3f} {1}'.format(c, c)",
    "a class without arguments of the file": "class B:\n def __init_subclass__(cls, x=0): pass\n"
    "def f(c):\n class X(B, x=1): pass",
    "a namespace of data": "import types\ndef f(c):\n n = types.SimpleNamespace(x=c)\n return n.x",
    "a loop over objects": "class A:\n def __init__(self, x): self.x = x\n def go(self): return self.x\n"
    "def f(c):\n for a in [A(c)]: a.go()",
}


@pytest.mark.parametrize("source", HONEST.values(), ids=HONEST.keys())
def test_nothing_found(library, source: str) -> None:
    summary = reached(library, source, "f")
    assert not summary.hits and not summary.calls and not summary.unproven
