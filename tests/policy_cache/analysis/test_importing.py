"""Which modules may be imported because a file names them."""

from __future__ import annotations

import sys
import types

import pytest

from policy_cache.policies import reason_against_import as reason_against


@pytest.mark.parametrize(
    "text",
    [
        "import os, sys",
        "def f(): os.system('x')",
        "class A:\n def f(self): os.system('x')",
        "X = make()",
        "import re\nX = re.compile('x')",
        "if __name__ == '__main__':\n import subprocess\n subprocess.run('x')",
        "import warnings\nwarnings.warn('x')",
        "import sys\nfrom pathlib import Path\nR = Path(__file__).parents[1]\nsys.path.append(str(R))",
    ],
)
def test_library_module(library, text: str) -> None:
    library.module(text)
    assert reason_against("acme") == ""


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.system('x')",
        "import subprocess\nsubprocess.run(['x'])",
        "from subprocess import run\nX = run('x')",
        "import sys\nsys.path.insert(0, '.')",
        "import sys\nsys.path.append('.')",
        "import os, sys\nsys.path.append(os.getcwd())",
        "import sys\nsys.path.insert(0, __file__)",
        "import sys\nfrom a import f\nsys.path.append(f(__file__))",
        "import sys\nfrom a import X\nR = X\nsys.path.append(__file__ + R)",
        "import urllib.request\nurllib.request.urlopen('x')",
        "try:\n import os\n os.system('x')\nexcept Exception: pass",
        "import os\nclass A:\n x = os.popen('x')",
        "import os\ndef f(x=os.system('x')): pass",
        "import os\n@os.system('x')\ndef f(): pass",
        "import os\nrun = os.system\nrun('x')",
        "import os\nif True:\n  [os.system(x) for x in 'a']",
    ],
)
def test_library_module_that_acts(library, text: str) -> None:
    library.module(text)
    assert "import it in your program first" in reason_against("acme")


def test_parents_count(library) -> None:
    library.install("acme", {"acme/__init__.py": "import os\nos.system('x')", "acme/a.py": ""})
    assert reason_against("acme.a")


@pytest.mark.parametrize(
    "name", ["acme.__main__", "acme.tests.a", "acme.conftest", "setup", "acme.test.b"]
)
def test_never(library, name: str) -> None:
    library.install("acme", {"acme/__init__.py": "", "acme/tests/a.py": "", "acme/__main__.py": ""})
    assert "never" in reason_against(name)


def test_imported_module_runs_nothing(library, monkeypatch: pytest.MonkeyPatch) -> None:
    library.module("import os\nos.system('x')")
    monkeypatch.setitem(sys.modules, "acme", types.ModuleType("acme"))
    assert reason_against("acme") == ""


class TestProgramModule:
    @pytest.mark.parametrize(
        "text",
        [
            "import os\nX = 1\ndef f(): os.system('x')\nclass A: pass",
            "from collections import namedtuple\nA = namedtuple('A', 'x')",
            "from typing import TypeVar\nT = TypeVar('T')",
            "from typing import Generic, ParamSpec\nP = ParamSpec('P')\nclass A(Generic[P]): pass",
            "import logging\nlog = logging.getLogger(__name__)",
            "import re\nX = re.compile('x')",
            "if __name__ == '__main__':\n main()",
            "'''text'''\n__all__ = ['A']",
            "try:\n import fast\nexcept ImportError:\n fast = None",
            "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass A: x: int = 1",
            "class A:\n @property\n def x(self): 1\n @x.setter\n def x(self, y): 2",
            "import functools\n@functools.lru_cache(maxsize=None)\ndef f(): main()",
            "TABLE = {}\nTABLE['x'] = 1\nclass A: pass\nA.x = 1\n__all__ = []\n__all__ += ['x']",
            "f = lambda: main()",
            "from functools import partial\nf = partial(main, 1)",
            "from dataclasses import dataclass, field\n@dataclass\nclass A: x: list = field(default_factory=list)",
            "from pathlib import Path\nX = Path(__file__).resolve().parent / 'x'",
            "import os\nX = os.path.join(os.path.dirname(__file__), 'x')",
            "import os\nX = os.environ.get('x', '1')\nY = os.getenv('y')",
            "import math, time\nX = math.log(2)\nNOW = time.time()",
            "WORDS = 'a b'.split()\nLINE = ','.join(WORDS)",
            "X = [1]\nX.append(2)\nY = {}\nY.update(a=1)",
            "X = sorted('ab', key=len)\nY = max('ab', key=lambda x: -x[0])",
        ],
    )
    def test_quiet(self, library, text: str) -> None:
        library.write("stray.py", text)
        assert reason_against("stray") == ""

    @pytest.mark.parametrize(
        "text",
        [
            "main()",
            "import os\nos.system('x')",
            "X = open('x').read()",
            "import json\nX = json.load(f)",
            "exec('x')",
            "eval('1')",
            "class A:\n import os\n os.system('x')",
            "import os\nclass A(os.system('x')): pass",
            "import os\ndef f(x=os.system('x')): pass",
            "import os\n@os.system\ndef f(): pass",
            "import os\n@decorate\nclass A: pass",
            "setattr(x, 'y', 1)",
            "globals().update(x=1)",
            "import sys\nsys.path = []",
            "import sys\nsys.modules['os'] = None",
            "import os\ndel os.system",
            "while True: pass",
            "if __name__ != '__main__':\n main()",
            "if __name__ == '__main__': pass\nelse:\n main()",
            "import os\nX = os.environ['x']\nos.environ['y'] = '1'",
            "import os\nX = list(map(os.system, ['x']))",
            "import os\nX = sorted(['x'], key=os.system)",
            "import os\nX = sorted(['x'], key=lambda x: os.system(x))",
            "import os\nX = ''.join(map(os.system, 'x'))",
            "import os\ndef f(x): os.system(x)\nX = max(['x'], key=f)",
            "from functools import partial\nimport os\nf = partial(os.system, 'x')\nf()",
            "import os\nclass A:\n def append(self, x): os.system(x)\nX = A()\nX.append('x')",
            "import math\nX = []\nX = main\nX.append('x')",
            "from pathlib import Path\nPath('x').unlink()\nPath('x').resolve().write_text('')",
            "os = main\nX = os.environ.get('x')",
        ],
    )
    def test_not_quiet(self, library, text: str) -> None:
        library.write("stray.py", text)
        assert reason_against("stray")

    def test_a_folder_with_the_name_of_a_library(self, library) -> None:
        """What makes a value in the library may do anything in the folder."""
        library.write("pydantic/__init__.py", "from pydantic.fields import Field")
        library.write("pydantic/fields.py", "import os\ndef Field(): os.system('x')")
        library.write("stray.py", "from pydantic import Field\nX = Field()")
        assert reason_against("stray")

    def test_unreadable(self, library) -> None:
        library.write("stray.py", "def f(:")
        assert "cannot be read" in reason_against("stray")

    def test_bytecode(self, library) -> None:
        library.write("stray.pyc", b"\0")
        assert reason_against("stray")

    def test_local(self, library, monkeypatch: pytest.MonkeyPatch) -> None:
        library.write("stray.py", "")
        monkeypatch.chdir(library.folder)
        assert "import it in your program first" in reason_against("stray")

    def test_local_bytecode(self, library, monkeypatch: pytest.MonkeyPatch) -> None:
        library.write("stray.pyc", b"\0")
        monkeypatch.chdir(library.folder)
        assert reason_against("stray")

    def test_implicit_namespace_package(self, library) -> None:
        library.write("downloads/model/helper.py", "")
        assert reason_against("downloads.model.helper")


class TestStandardLibrary:
    @pytest.mark.parametrize("name", ["antigravity", "this", "idlelib.idle", "tabnanny"])
    def test_unlisted(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delitem(sys.modules, name, raising=False)
        assert reason_against(name)

    @pytest.mark.parametrize("name", ["fractions", "decimal", "uuid", "zoneinfo"])
    def test_listed(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delitem(sys.modules, name, raising=False)
        assert reason_against(name) == ""


def test_absent_module_is_left_to_python() -> None:
    assert reason_against("nowhere_to_be_found") == ""


def test_a_module_that_its_package_imports_anyway_comes_with_it(library) -> None:
    acting = "import os\ndef prepare():\n    open('there', 'w').close()\nprepare()\n"
    library.install(
        "acme",
        {
            "acme/__init__.py": "from .inner import value\n",
            "acme/inner.py": "from . import settings\nvalue = 1\n",
            "acme/settings.py": acting,
            "acme/aside.py": acting,
        },
    )
    assert reason_against("acme.settings") == ""
    assert reason_against("acme.aside") != ""
