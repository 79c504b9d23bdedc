"""Trees whose function bodies are parsed late are the trees that :mod:`ast` makes."""

from __future__ import annotations

import ast
import re
import sysconfig
import warnings
from pathlib import Path

import pytest

from policy_cache.source import skeleton

_STDLIB = Path(sysconfig.get_path("stdlib"))
_FILLER = "\n".join(f"FILL_{number} = {number!r}  # to be large enough" for number in range(200))
_ENDS = re.compile(r"end_(?:lineno|col_offset)=\d+")

TEXTS = {
    "plain": "def f(a, b=1):\n    return a\n\nclass C:\n    def m(self):\n        return 1\n    x = 2\n",
    "async": "async def f():\n    async with a as b:\n        await b\n    yield 1\n",
    "decorated": "@d(1,\n   2)\n@e\ndef f():\n    pass\n",
    "long_head": "def f(\n    a: int = (1, (2, ')')),\n    *,\n    b='):',  # ):\n) -> int:  # why\n    return a\n",
    "remarks_in_head": "def f(\n"
    + "".join(f"    a{n}=(1, # it's ({n}\n    2),\n" for n in range(60))
    + "    b=((((((1)))))),\n):\n    return b\n",
    "type_in_head": "def f(a: dict[str, int], b: 'x: y') -> dict[str, int]:\n    return b\n",
    "colon_in_result": "def f() -> 'a: b':\n    return 1\n",
    "lambda_default": "def f(a=lambda x: (x, 1)):\n    return a\n",
    "one_line": "def f(): return 1\ndef g(): pass\nx = 1\n",
    "nested": "def f():\n    def g():\n        return 1\n    class D:\n        def h(self): pass\n    return g\n",
    "conditional": "if a:\n    def f():\n        return 1\nelse:\n    def f():\n        return 2\n",
    "try": "try:\n    import x\nexcept E:\n    def x():\n        pass\nfinally:\n    def y():\n        z\n",
    "dedented_comment": "def f():\n    a = 1\n# a comment\n  # another\n    return a\n",
    "dedented_text": 'def f():\n    x = """\nimport os\n"""\n    return x\n\ndef g():\n    """Doc."""\n',
    "dedented_code_in_text": "def f():\n    x = '''\ndef g():\n    pass\n'''\n    return x\ny = 1\n",
    "dedented_brackets": "def f():\n    x = [\n1,\n2]\n    return x\n",
    "continued": "def f():\n    x = 1 + \\\n2\n    return x\n",
    "continued_text": "def f():\n    x = 'a\\\nb'\n    return x\n",
    "code_in_docstring": 'class C:\n    """Doc.\n\n    def f(self):\n        return 1\n\n    """\n\n    def g(self):\n        return 2\n',
    "code_in_module_docstring": '"""Doc.\n\ndef f(self):\n    return 1\n"""\n\ndef g(self):\n    return 2\n',
    "quotes_in_text": "def f():\n    x = '\"\"\"'\n    return x\n\ndef g():\n    y = \"'''\"\n    return y\n",
    "quotes_in_comment": 'def f():\n    # """ not closed\n    return 1\n\ndef g():\n    return 2\n',
    "last_line": "x = 1\ndef f():\n    return 1",
    "blank_end": "def f():\n    return 1\n\n\n    \n",
    "only_docstring": 'class C:\n    def f(self):\n        """Doc."""\n',
    "escapes": "def f():\n    return '\\d'\n",
    "return_lines": "def f():\r\n    return 1\r\n",
    "tabs": "def f():\n\treturn 1\n\nclass C:\n\tdef g(self):\n\t\treturn 1\n",
    "mixed_tabs": "class C:\n    def f(self):\n\treturn 1\n",
    "form_feed": "def f():\n    return 1\n\f\ndef g():\n    return 2\n",
    "coding": "# -*- coding: latin-1 -*-\ndef f():\n    return 'e'\n",
    "semicolons": "def f(): a = 1; b = 2\nclass C: x = 1; y = 2\n",
    "unicode": "def f():\n    return 'äöü'\n\ndef größe():\n    return 2\n",
    "walrus_and_match": "def f(a):\n    match a:\n        case [x, *y]:\n            return x\n    return (b := a)\n",
}


def shown(tree: ast.AST) -> str:
    """Return a tree with the place of every node; where functions end is not kept."""
    return _ENDS.sub("", ast.dump(tree, include_attributes=True))


@pytest.mark.parametrize("name", TEXTS)
def test_the_tree_is_the_same(name):
    for text in (TEXTS[name] + _FILLER, _FILLER + "\n" + TEXTS[name]):
        encoded = text.encode()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                expected = ast.parse(encoded)
            except SyntaxError:
                with pytest.raises(SyntaxError):
                    shown(skeleton.parse(encoded))
                continue
            assert shown(skeleton.parse(encoded)) == shown(expected)


@pytest.mark.parametrize(
    "name", ["argparse", "ast", "inspect", "typing", "textwrap", "unittest/mock", "turtle", "pydoc"]
)
def test_modules_of_the_standard_library_are_the_same(name):
    text = (_STDLIB / f"{name}.py").read_bytes()
    tree = skeleton.parse(text)
    assert any("body" not in vars(function) for function in skeleton.functions(tree))
    assert shown(tree) == shown(ast.parse(text))


def test_bodies_are_parsed_when_they_are_looked_at():
    tree = skeleton.parse(f"\ndef f():\n    return 1\n{_FILLER}\ndef g():\n    return 2\n".encode())
    first, last = skeleton.functions(tree)
    assert "body" not in vars(first)
    assert isinstance(first.body[0], ast.Return)
    assert "body" in vars(first)
    assert "body" not in vars(last)
    assert last.body[0].lineno == last.lineno + 1


def test_a_late_function_is_one_to_everybody():
    (function,) = skeleton.functions(skeleton.parse(f"\ndef f():\n    x\n{_FILLER}\n".encode()))
    assert isinstance(function, ast.FunctionDef)
    assert ast.unparse(function) == "def f():\n    x"
    with pytest.raises(AttributeError):
        _ = function.nothing
    assert getattr(function, "nothing", 1) == 1


def test_what_a_body_mentions_is_told_without_parsing_it():
    (function,) = skeleton.functions(
        skeleton.parse(f"\ndef f(self):\n    self.here = 1\n{_FILLER}\nself.there = 2\n".encode())
    )
    pattern = re.compile(rb"self\.(\w+)")
    assert skeleton.matches(function, pattern) == [b"here"]
    assert skeleton.may_hold(function, pattern)
    assert not skeleton.may_hold(function, re.compile(b"there"))
    assert "body" not in vars(function)
    assert function.body
    assert skeleton.matches(function, pattern) is None
    assert skeleton.may_hold(function, re.compile(b"there"))


def test_a_walk_leaves_out_the_bodies_that_do_not_mention_a_name():
    text = f"\n@d\ndef f(a=1):\n    here\ndef g():\n    there\n{_FILLER}\nlast\n"
    tree = skeleton.parse(text.encode())
    walked = list(skeleton.mentioning(tree, re.compile(b"there")))
    names = {node.id for node in walked if isinstance(node, ast.Name)}
    assert {"d", "there", "last"} <= names
    assert "here" not in names
    assert "body" not in vars(skeleton.functions(tree)[0])
    everything = list(skeleton.mentioning(tree, re.compile(b"here")))
    assert everything == list(ast.walk(tree))


def test_a_body_that_is_no_python_raises_when_it_is_looked_at():
    tree = skeleton.parse(f"\ndef f():\n    1 = 2 +\n{_FILLER}\n".encode())
    (function,) = skeleton.functions(tree)
    with pytest.raises(SyntaxError):
        _ = function.body


def test_parsing_a_body_warns_of_nothing():
    tree = skeleton.parse(f"\ndef f():\n    return '\\d'\n{_FILLER}\n".encode())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert skeleton.functions(tree)[0].body
