"""Which callers are trusted channels."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import multiprocessing.connection
import multiprocessing.queues
import os
import subprocess
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pickleball_hook.doors import channels
from pickleball_hook.user import settings

PROJECT = Path(channels.__file__).parents[1]
ROWS: list[dict[str, Any]] = json.loads(
    Path(channels.__file__).with_name("channels.json").read_text()
)


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    channels.refresh()
    yield
    channels.refresh()


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """Put a table of the test's own in place of the listed one."""
    own: dict[str, dict[str, Any]] = {}
    monkeypatch.setattr(channels, "_table", own)
    return own


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Any]:
    """Import modules from source."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[str] = []

    def make(name: str, source: str) -> Any:
        path = tmp_path.joinpath(*name.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"import sys\nfrom pickleball_hook.doors.channels import trusted\n{source}")
        importlib.invalidate_caches()
        made.append(name)
        return importlib.import_module(name)

    yield make  # type: ignore[misc]
    for name in made:
        for loaded in (name, name.partition(".")[0]):
            sys.modules.pop(loaded, None)


ASK = "trusted(sys._getframe())"


class TestList:
    @pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['module']}:{row['function']}")
    def test_shape(self, row: dict[str, Any]) -> None:
        assert set(row) - {"under", "file", "read"} == {"module", "function", "why"}
        assert len({"under", "file", "read"} & set(row)) < 2
        assert row["why"].strip().endswith(tuple(").") + tuple("abcdefghijklmnopqrstuvwxyz"))
        assert any(character.isdigit() for character in row["why"]), "the version it was read in"
        assert all(len(site) == 2 for site in row.get("under", [[0, 0]]))

    def test_no_site_twice(self) -> None:
        sites = [(row["module"], row["function"]) for row in ROWS]
        assert len(sites) == len(set(sites))

    @pytest.mark.parametrize(
        ("name", "function"),
        sorted(
            {
                tuple(site)
                for row in ROWS
                for site in [(row["module"], row["function"]), *row.get("under", [])]
            }
        ),
    )
    def test_exists_where_it_is_installed(self, name: str, function: str) -> None:
        if name.endswith("__main__") or function == "<module>" or "win32" in name:
            pytest.skip("not to be imported here")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = importlib.import_module(name)
            except Exception:
                pytest.skip("cannot be imported here")
        assert channels._codes(found.__dict__, function.split(".")), "no such function any more"

    def test_no_loader_of_files(self) -> None:
        """Functions that read files with the loader of a channel are not in the list alone."""
        alone = {(row["module"], row["function"]) for row in ROWS if "under" not in row}
        for site in (
            ("distributed.protocol.pickle", "loads"),
            ("distributed.spill", "Slow.__getitem__"),
            ("pyspark.serializers", "CloudPickleSerializer.loads"),
            ("dill._dill", "Unpickler.load"),
            ("torch.multiprocessing.spawn", "ProcessContext.join"),
            ("ray.tune.impl.tuner_internal", "TunerInternal._restore_from_path_or_uri"),
            ("joblib.numpy_pickle", "_unpickle"),
        ):
            assert site not in alone


class TestFilesOfOnesOwn:
    """A library's cache is a channel as long as nobody else can have written it."""

    @pytest.fixture
    def read(self, table: dict[str, Any], module: Callable[[str, str], Any]) -> Callable[..., Any]:
        table["chan_f"] = {"read": ("f", False)}
        source = f"def read(path, as_it_is=open):\n with as_it_is(path, 'rb') as f: return {ASK}"
        found: Callable[..., Any] = module("chan_f", source).read
        return found

    @pytest.fixture
    def kept(self, tmp_path: Path) -> Path:
        folder = tmp_path / "cache"
        folder.mkdir(mode=0o755)
        path = folder / "entry"
        path.write_bytes(b"")
        path.chmod(0o644)
        return path

    def test_trusted(self, read: Callable[..., Any], kept: Path) -> None:
        assert read(str(kept)) is True
        assert read(str(kept)) is True, "from the memo"

    @pytest.mark.parametrize("above", [0, 1, 2])
    @pytest.mark.parametrize("mode", [0o775, 0o777, 0o1775])
    def test_others_may_write(
        self, read: Callable[..., Any], kept: Path, above: int, mode: int
    ) -> None:
        read(str(kept))
        place = [kept, *kept.parents][above]
        before = place.stat().st_mode
        place.chmod(mode)
        sticky_of_root = bool(mode & 0o1000 and above and os.geteuid() == 0)
        try:
            assert read(str(kept)) is sticky_of_root
        finally:
            place.chmod(before)

    def test_of_somebody_else(self, read: Callable[..., Any], kept: Path) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root can give a file away")
        os.chown(kept, 65534, 65534)
        assert read(str(kept)) is False
        os.chown(kept, 0, 0)
        os.chown(kept.parent, 65534, 65534)
        assert read(str(kept)) is False

    def test_other_objects(self, read: Callable[..., Any], kept: Path) -> None:
        def in_memory(path: str, mode: str) -> Any:
            return io.BytesIO(Path(path).read_bytes())

        def closed(path: str, mode: str) -> Any:
            file = open(path, mode)  # noqa: SIM115
            file.close()
            return contextlib.nullcontext(file)

        def by_number(path: str, mode: str) -> Any:
            return open(os.open(path, os.O_RDONLY), mode)

        for opener in (in_memory, closed, by_number):
            assert read(str(kept), opener) is False

    def test_moved_away(self, read: Callable[..., Any], kept: Path) -> None:
        def moved(path: str, mode: str) -> Any:
            file = open(path, mode)  # noqa: SIM115
            kept.rename(kept.with_name("other"))
            kept.write_bytes(b"another file of that name")
            return file

        assert read(str(kept), moved) is False

    def test_without_the_variable(
        self, table: dict[str, Any], module: Callable[[str, str], Any]
    ) -> None:
        table["chan_g"] = {"read": ("f", False)}
        assert module("chan_g", f"def read(): return {ASK}").read() is False

    def test_closed_by_now(
        self, table: dict[str, Any], module: Callable[[str, str], Any], kept: Path
    ) -> None:
        table["chan_h"] = {"read": ("f", True)}
        source = f"def read(path):\n with open(path, 'rb') as f: f.read()\n return {ASK}"
        read = module("chan_h", source).read
        assert read(str(kept)) is True
        kept.chmod(0o666)
        assert read(str(kept)) is False

    def test_kept_by_a_module_that_is_imported(
        self, table: dict[str, Any], module: Callable[[str, str], Any], kept: Path
    ) -> None:
        """Within a guarded load it is a channel of modules under import alone."""
        table["chan_i"] = {"read": ("f", True)}
        source = (
            "from pickleball_hook.doors.channels import of_import\n"
            "def read(path):\n"
            " with open(path, 'rb') as f: f.read()\n"
            " return of_import(sys._getframe())"
        )
        read = module("chan_i", source).read
        assert read(str(kept)) is False, "whatever a stream has called"
        asks = f"import chan_i\nanswer = chan_i.read({str(kept)!r})"
        module("chan_j", asks)
        late = f"{asks}\nclass Late:\n def __del__(self): found.append(chan_i.read({str(kept)!r}))"
        module("chan_k", f"{late}\nfound = []\nLate()")
        namespace: dict[str, Any] = {}
        for name in ("chan_j", "chan_k"):
            sys.modules.pop(name)
            exec(f"import {name}", namespace)
            assert namespace[name].answer is True
        assert namespace["chan_k"].found == [False], "a finalizer may be one of the stream's object"
        sys.modules.pop("chan_j")
        assert importlib.import_module("chan_j").answer is False, "a name that was computed"


class TestMatching:
    def test_real_pipe(self, monkeypatch: pytest.MonkeyPatch) -> None:
        answers: list[bool] = []

        def loads(data: object) -> str:
            answers.append(channels.trusted(sys._getframe(1)))
            return "received"

        monkeypatch.setattr(multiprocessing.connection._ForkingPickler, "loads", loads)
        reader, writer = multiprocessing.Pipe(duplex=False)
        with reader, writer:
            writer.send("sent")
            assert reader.recv() == "received"
            writer.send("sent")
            assert reader.recv() == "received"
        assert answers == [True, True]

    def test_own_frame_is_none(self) -> None:
        assert channels.trusted(sys._getframe()) is False

    def test_listed(self, table: dict[str, Any], module: Callable[[str, str], Any]) -> None:
        own = module("chan_a", f"def receive(): return {ASK}\ndef other(): return {ASK}")
        table["chan_a"] = {"receive": True}
        assert own.receive() is True
        assert own.other() is False
        assert own.receive() is True, "from the memo"

    def test_method_of_the_listed_class_only(
        self, table: dict[str, Any], module: Callable[[str, str], Any]
    ) -> None:
        own = module(
            "chan_b",
            f"class A:\n  def recv(self): return {ASK}\nclass B:\n  def recv(self): return {ASK}",
        )
        table["chan_b"] = {"A.recv": True}
        assert own.A().recv() is True
        assert own.B().recv() is False

    def test_kinds_of_functions(
        self, table: dict[str, Any], module: Callable[[str, str], Any]
    ) -> None:
        own = module(
            "chan_c",
            f"""
import functools
def decorate(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args), {ASK}
    return wrapper
@decorate
def decorated(): return {ASK}
class A:
    @staticmethod
    def static(): return {ASK}
    @classmethod
    def clas(cls): return {ASK}
    def __mangled(self): return {ASK}
    def call(self): return self.__mangled()
def outer():
    def inner(): return {ASK}
    def other(): return {ASK}
    return inner(), other(), (lambda: {ASK})()
""",
        )
        names = ("decorated", "A.static", "A.clas", "A._A__mangled")
        table["chan_c"] = dict.fromkeys(names, True)
        table["chan_c"]["outer.<locals>.inner"] = True
        table["chan_c"]["outer.<locals>.<lambda>"] = True
        assert own.decorated() == (True, False), "the function, not its decorator"
        assert own.A.static() is True
        assert own.A.clas() is True
        assert own.A().call() is True
        assert own.outer() == (True, False, True)

    def test_module_body_run_as_main(self, tmp_path: Path) -> None:
        (tmp_path / "chan_main.py").write_text(
            "import sys\n"
            f"sys.path.insert(0, {str(PROJECT)!r})\n"
            "from pickleball_hook.doors import channels\n"
            "channels._table = {'chan_main': {'<module>': True, 'work': True}}\n"
            "def work(): return channels.trusted(sys._getframe())\n"
            "first = channels.trusted(sys._getframe()), work()\n"
            "sys.modules['__main__'] = type(sys)('__main__')\n"
            "print(first, channels.trusted(sys._getframe()), work())\n"
        )
        answer = subprocess.run(
            [sys.executable, "-m", "chan_main"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert answer.stdout.strip() == "(True, True) True True"


class TestForgery:
    def test_borrowed_name(self, table: dict[str, Any], module: Callable[[str, str], Any]) -> None:
        own = module("chan_d", f"def receive(): return {ASK}")
        table["chan_d"] = {"receive": True, "<module>": True}
        source = f"def receive(): return {ASK}\nanswer = {ASK}"
        for namespace in (
            {"__name__": "chan_d", "__file__": own.__file__, "__spec__": own.__spec__},
            {"__name__": "__main__", "__file__": own.__file__, "__spec__": own.__spec__},
        ):
            namespace.update(sys=sys, trusted=channels.trusted)
            exec(compile(source, own.__file__, "exec"), namespace)
            assert namespace["answer"] is False
            assert namespace["receive"]() is False
        assert own.receive() is True

    def test_equal_code_of_another_file(
        self, table: dict[str, Any], module: Callable[[str, str], Any]
    ) -> None:
        own = module("chan_e", f"def receive(): return {ASK}")
        table["chan_e"] = {"receive": True}
        assert own.receive() is True
        twin = own.receive.__code__.replace(co_filename="elsewhere")
        assert twin == own.receive.__code__, "equal, which must not be enough"
        assert types.FunctionType(twin, own.__dict__)() is False

    def test_module_that_is_not_the_imported_one(
        self, table: dict[str, Any], module: Callable[[str, str], Any]
    ) -> None:
        own = module("chan_f", f"def receive(): return {ASK}")
        table["chan_f"] = {"receive": True}
        del sys.modules["chan_f"]
        assert own.receive() is False

    def test_function_put_in_its_place(
        self, table: dict[str, Any], module: Callable[[str, str], Any]
    ) -> None:
        own = module("chan_g", f"def receive(): return {ASK}")
        other = module("chan_h", f"def receive(): return {ASK}")
        table["chan_g"] = {"receive": True}
        own.receive = other.receive
        assert own.receive() is False

    def test_no_name_at_all(self) -> None:
        for namespace in ({}, {"__name__": None}, {"__name__": 3}, {"__name__": "__main__"}):
            given = {"sys": sys, "trusted": channels.trusted, **namespace}
            assert eval(ASK, given) is False


class TestUnder:
    @pytest.fixture
    def package(self, table: dict[str, Any], module: Callable[[str, str], Any]) -> Any:
        own = module(
            "chan_i",
            f"""
import contextlib
def loads(): return {ASK}
def helper(): return loads()
@contextlib.contextmanager
def meter(): yield
@meter()
def metered(): return helper()
def receive(run=helper): return run()
def spill(): return helper()
""",
        )
        table["chan_i"] = {"loads": frozenset({("chan_i", "receive")})}
        return own

    def test_reached_from_the_receiver(self, package: Any) -> None:
        assert package.receive() is True
        assert package.receive(package.metered) is True, "decorators do not matter"

    def test_reached_otherwise(self, package: Any) -> None:
        assert package.loads() is False
        assert package.spill() is False
        assert package.receive() is True
        assert package.spill() is False, "the answer is not kept for all callers"

    def test_user_function_in_between(self, package: Any) -> None:
        """A worker's loop runs tasks: what they load themselves is no message."""
        assert package.receive(lambda: package.helper()) is False


class TestMemo:
    def test_bounded(self, table: dict[str, Any]) -> None:
        for number in range(channels._MOST_OTHERS + 10):
            namespace: dict[str, Any] = {"sys": sys, "trusted": channels.trusted}
            exec(f"def f{number}(): return {ASK}\nanswer = f{number}()", namespace)
            assert namespace["answer"] is False
        assert len(channels._others) <= channels._MOST_OTHERS

    def test_user_channels(
        self, module: Callable[[str, str], Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        own = module("chan_j", f"def receive(): return {ASK}")
        assert own.receive() is False
        monkeypatch.setattr(settings, "channels", lambda: (("chan_j", "receive"),))
        settings.refresh()
        assert own.receive() is True
        monkeypatch.setattr(settings, "channels", lambda: ())
        settings.refresh()
        assert own.receive() is False
