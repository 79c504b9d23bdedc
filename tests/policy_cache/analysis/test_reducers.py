"""What the reducers of a distribution return."""

from __future__ import annotations

import pytest

from policy_cache import policies
from policy_cache.analysis import reducers
from policy_cache.analysis.reducers import Reduction, located_top, of_package
from policy_cache.source.locate import locate


def reductions(library, files: dict[str, str] | str) -> list[Reduction]:
    library.install("acme", {"acme.py": files} if isinstance(files, str) else files)
    top = locate("acme")
    assert top is not None
    return of_package(top)


def targets(library, files: dict[str, str] | str) -> set[str]:
    return {r.target + (" (own)" if r.own_class else "") for r in reductions(library, files)}


def method(body: str, base: str = "", name: str = "__reduce__") -> str:
    return f"class A{base}:\n def {name}(self, *x):\n  {body}\ndef f(): pass\ndef g(): pass\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return f, ()", {"f"}),
        ("return (f, (self.x,), self.__dict__)", {"f"}),
        ("return f, (), self.x, None, None, g", {"f", "g"}),
        ("return f, (), self.x, None, g, None", {"f"}),
        ("r = f\n  return r, ()", {"f"}),
        ("r: object = f\n  return r, ()", {"f"}),
        ("r = (f, ())\n  return r", {"f"}),
        ("r, a = f, ()\n  return r, a", {"f"}),
        ("return (f if x else g), ()", {"f", "g"}),
        ("return (f, ()) if x else (g, ())", {"f", "g"}),
        ("if x: return f, ()\n  return g, ()", {"f", "g"}),
        ("try: return f, ()\n  finally: return g, ()", {"f", "g"}),
        ("return (f, ()) + (self.x,)", {"f"}),
        ("return (f, (), 1, 2)[:3]", {"f"}),
        ("return tuple([f, ()])", set()),
        ("return tuple((f, ()))", {"f"}),
        ("return type(self), ()", {"A (own)"}),
        ("return self.__class__, ()", {"A (own)"}),
        ("cls = type(self)\n  return cls, ()", {"A (own)"}),
        ("return A, ()", {"A"}),
        ("return f, (type(self), 1)", {"f", "A (own)"}),
        ("h = g\n  return f, (h, type(self), 1)", {"f", "g", "A (own)"}),
        ("return 'f'", {"f"}),
        ("return super().__reduce__()", {"A (own)"}),
        ("return super().__reduce_ex__(4)", {"A (own)"}),
        ("return super(A, self).__reduce__()", {"A (own)"}),
        ("return object.__reduce__(self)", {"A (own)"}),
        ("return object.__reduce_ex__(self, 2)", {"A (own)"}),
        ("r = super().__reduce__()\n  return (*r, 1)", {"A (own)"}),
        ("r = super().__reduce__()\n  return r[0], r[1]", {"A (own)"}),
        ("r = super().__reduce__()\n  return r[:2] + (1,)", {"A (own)"}),
        ("r = list(super().__reduce__())\n  return tuple(r)", {"A (own)"}),
        ("c, a = super().__reduce__()[:2]\n  return c, a", {"A (own)"}),
        ("c, *a = super().__reduce__()\n  return c, a", {"A (own)"}),
        ("return self.h()", {"f"}),
        ("return self.k, ()", {"A.k"}),
        ("return A.k, ()", {"A.k"}),
        ("return type(self).k, ()", {"A.k"}),
        ("return help_()", {"g"}),
        ("from json import loads\n  return loads, ()", {"json:loads"}),
        ("import json as j\n  return j.loads, ()", {"json:loads"}),
        ("import json\n  return json.decoder.JSONDecoder, ()", {"json.decoder:JSONDecoder"}),
        ("return getattr, (f, 'x')", {"builtins:getattr", "f"}),
        ("return A.N, ()", {"A.N"}),
        ("def inner(): return g, ()\n  return f, ()", {"f"}),
        ("return lambda: g", set()),
        ("return None", set()),
        ("raise TypeError", set()),
    ],
)
def test_method(library, body: str, expected: set[str]) -> None:
    rest = "def help_(): return g, ()\n"
    members = "\n def h(self): return f, ()\n @staticmethod\n def k(): pass\n class N: pass\n"
    text = method(body).replace("\ndef f()", f"{members}def f()", 1) + rest
    expected = {t if ":" in t else f"acme:{t}" for t in expected}
    assert targets(library, text) == expected


@pytest.mark.parametrize("name", ["__reduce_ex__"])
def test_other_methods(library, name: str) -> None:
    assert targets(library, method("return f, ()", name=name)) == {"acme:f"}


def test_assigned_method(library) -> None:
    assert "acme:f" in targets(
        library, "def r(o): return f, ()\ndef f(): 1\nclass A: 1\nA.__reduce__ = r"
    )


def test_inherited_helper(library) -> None:
    text = "class B:\n def _h(self): return f, ()\nclass A(B):\n def __reduce__(self): return self._h()"
    assert targets(library, f"{text}\ndef f(): 1") == {"acme:f"}


def test_inherited_reducer(library) -> None:
    text = "class B:\n def __reduce__(self): return f, ()\ndef f(): 1\n"
    found = targets(library, text + method("return super().__reduce__() + (1,)", "(B)"))
    assert found == {"acme:f"}


REGISTERED = "def r(o): return f, (o,)\ndef f(): 1\nclass C: 1\n"


@pytest.mark.parametrize(
    "text",
    [
        "import copyreg\ncopyreg.pickle(C, r)",
        "import copyreg\ncopyreg.pickle(C, lambda o: (f, (o,)))",
        "from copyreg import pickle\npickle(C, r)",
        "import copyreg as c\nc.pickle(C, r)",
        "import copyreg\ncopyreg.dispatch_table[C] = r",
        "import copyreg\ndef register():\n copyreg.pickle(C, r)",
        "import copyreg\ndef register():\n def q(o): return f, (o,)\n copyreg.pickle(C, q)",
        "class P:\n dispatch_table = {}\n dispatch_table[C] = r",
    ],
)
def test_registered(library, text: str) -> None:
    assert targets(library, REGISTERED + text) == {"acme:f"}


def test_another_pickle_function_registers_nothing(library) -> None:
    text = "def pickle(a, b): 1\npickle(C, r)  # copyreg.pickle(C, r)"
    assert targets(library, REGISTERED + text) == set()


def test_across_modules(library) -> None:
    files = {
        "acme/__init__.py": "",
        "acme/a.py": "from .b import f as h\nclass A:\n def __reduce__(self): return h, ()",
        "acme/b.py": "def f(): 1",
        "acme/p/c.py": "from .. import b\nclass C:\n def __reduce__(self): return b.f, ()",
    }
    assert targets(library, files) == {"acme.b:f"}
    assert len(reductions(library, files)) == 2


@pytest.mark.parametrize("folder", ["tests", "testing", "test"])
def test_tests_of_a_library_do_not_speak_for_it(library, folder: str) -> None:
    text = "import os\nclass Evil:\n def __reduce__(self): return os.system, ('x',)"
    files = {"acme/__init__.py": "", f"acme/{folder}/__init__.py": "", f"acme/{folder}/t.py": text}
    assert targets(library, files) == set()


def test_where_it_stands(library) -> None:
    (found,) = reductions(library, "class A:\n def __reduce__(self):\n  return A, ()")
    assert found.where == f"{library.folder / 'acme.py'}:3"


def test_nested_class(library) -> None:
    text = "class A:\n class B:\n  def __reduce__(self): return type(self), ()"
    assert targets(library, text) == {"acme:A.B (own)"}


@pytest.mark.parametrize(
    "body",
    [
        "r = r\n  return r",
        "a = b\n  b = a\n  return a, ()",
        "return self.__reduce__()",
        "return help_()\ndef help_(): return help_()",
    ],
)
def test_cycles_end(library, body: str) -> None:
    assert targets(library, method(body)) == set()


def test_package_of_a_module(library) -> None:
    library.install("acme", {"acme/__init__.py": "", "acme/a.py": "", "space/one/b.py": ""})
    found = located_top("acme.a")
    assert found is not None
    assert found.name == "acme"


def test_override_of_a_private_pickler_says_nothing_of_files(library) -> None:
    text = "class P(Pickler):\n def reducer_override(self, o): return f, (o,)"
    assert targets(library, REGISTERED + text) == set()


def test_a_programs_own_package_is_read_once_and_again_when_it_changes(
    library, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = library.write("own/__init__.py", "class A:\n    def __reduce__(self): return A, ()\n")
    library.forget()
    read: list[str] = []
    plain = reducers.of_package
    monkeypatch.setattr(reducers, "of_package", lambda top: read.append(top.name) or plain(top))
    located = locate("own")
    assert located is not None
    first = policies.reductions(located)
    assert policies.reductions(located) is first
    assert read == ["own"]
    path.write_text(path.read_text().replace("A, ()", "len, ((),)"))
    policies.reductions(located)
    assert read == ["own", "own"]
