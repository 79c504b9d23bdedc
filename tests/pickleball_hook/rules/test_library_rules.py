"""Rules for setters and reducers that look classes up by name, with a hostile stream each."""

from __future__ import annotations

import copyreg
import io
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from pickleball_hook.doors import entry
from pickleball_hook.errors import PolicyViolation


def stream(cls: type, state: object) -> bytes:
    """Return NEWOBJ of a class and BUILD with a state."""

    class Pickler(pickle._Pickler):  # type: ignore[misc, name-defined]
        def reducer_override(self, value: Any) -> Any:
            return (copyreg.__newobj__, (cls,), state) if value is mark else NotImplemented  # type: ignore[attr-defined]

    mark = cls.__new__(cls)
    out = io.BytesIO()
    Pickler(out, 4).dump(mark)
    return out.getvalue()


class TestNamedTriggers:
    @pytest.fixture(autouse=True)
    def combining(self) -> Any:
        return pytest.importorskip("apscheduler.triggers.combining")

    def test_honest(self, combining: Any) -> None:
        from apscheduler.triggers.cron import CronTrigger

        inner = combining.AndTrigger([CronTrigger(hour=5, timezone="UTC")])
        trigger = combining.OrTrigger([CronTrigger(hour=3, timezone="UTC"), inner])
        assert repr(entry.loads(pickle.dumps(trigger))) == repr(trigger)

    @pytest.mark.parametrize(
        ("reference", "state"),
        [
            ("os:system", "true"),
            ("subprocess:Popen", {}),
            ("logging.handlers:RotatingFileHandler", {}),
            ("this:x", {}),
            ("apscheduler.triggers.date:DateTrigger", {"__class__": 1}),
            (
                "apscheduler.triggers.combining:AndTrigger",
                {"jitter": None, "triggers": [("os:system", "true")]},
            ),
        ],
    )
    def test_hostile(self, combining: Any, reference: str, state: object) -> None:
        rows = {"version": 1, "jitter": None, "triggers": [(reference, state)]}
        with pytest.raises((PolicyViolation, AttributeError)):
            entry.loads(stream(combining.OrTrigger, rows))

    def test_triggers_that_are_no_list(self, combining: Any) -> None:

        with pytest.raises(PolicyViolation):
            entry.loads(stream(combining.OrTrigger, {"jitter": 1, "triggers": os.environ.copy()}))


class TestSiblingFile:
    """Arrays that joblib up to 0.9 kept in files beside the pickle."""

    @pytest.fixture(autouse=True)
    def compat(self) -> Any:
        return pytest.importorskip("joblib.numpy_pickle_compat")

    def test_honest(self, compat: Any, tmp_path: Path) -> None:
        import joblib
        import numpy

        array = numpy.arange(6.0)
        numpy.save(tmp_path / "model.pkl_01.npy", array)
        state = {"filename": "model.pkl_01.npy", "subclass": numpy.ndarray, "allow_mmap": True}
        (tmp_path / "model.pkl").write_bytes(stream(compat.NDArrayWrapper, state))
        with pytest.warns(DeprecationWarning):
            found = joblib.load(tmp_path / "model.pkl")
        assert (found == array).all()

    @pytest.mark.parametrize("kind", ["NDArrayWrapper", "ZNDArrayWrapper"])
    @pytest.mark.parametrize(
        "name", ["/dev/zero", "../a.npy", "C:a.npy", "\\\\share\\a.npy", "..", "", 5, None, b"a"]
    )
    def test_hostile(self, compat: Any, kind: str, name: object) -> None:
        with pytest.raises(PolicyViolation, match="beside this one"):
            entry.loads(stream(getattr(compat, kind), {"filename": name}))

    def test_no_state_to_judge(self, compat: Any) -> None:
        with pytest.raises(PolicyViolation):
            entry.loads(stream(compat.NDArrayWrapper, [("filename", "/dev/zero")]))


@pytest.mark.parametrize("model", [b"cbuiltins\nobject\n", b"(S'a'\ncos\nPathLike\nt", b"S'a.B'\n"])
def test_django_models_are_named_by_label(model: bytes) -> None:
    pytest.importorskip("django")
    with pytest.raises(PolicyViolation):
        entry.loads(b"cdjango.db.models.base\nmodel_unpickle\n(" + model + b"tR.")


class TestLazyTranslations:
    START = b"cdjango.utils.functional\n_lazy_proxy_unpickle\n("

    @pytest.fixture(autouse=True)
    def translation(self) -> Any:
        return pytest.importorskip("django.utils.translation")

    def test_honest(self, translation: Any) -> None:
        from django.conf import settings

        if not settings.configured:
            settings.configure(USE_I18N=False)
        for value in (translation.gettext_lazy("Name"), translation.pgettext_lazy("a", "Name")):
            found = entry.loads(pickle.dumps(value))
            assert type(found).__name__ == "__proxy__"
            assert str(found) == "Name"

    @pytest.mark.parametrize(
        "rest",
        [
            b"cos\nsystem\n(Vtrue\nt}c__builtin__\nstr\ntR.",
            b"cdjango.utils.html\nescape\n(Vx\nt}c__builtin__\nstr\ntR.",
            b"cdjango.utils.translation\nactivate\n(Vx\nt}c__builtin__\nstr\ntR.",
            b"cdjango.utils.translation\ngettext\n(]t}c__builtin__\nstr\ntR.",
            b"cdjango.utils.translation\ngettext\n(Vx\nt}c__builtin__\nobject\ntR.",
            b"cdjango.utils.translation\ngettext\n(Vx\nt}(Vk\n]uc__builtin__\nstr\ntR.",
            b"cdjango.utils.translation\ngettext\n]}c__builtin__\nstr\ntR.",
            b"cdjango.utils.translation\ngettext\ntR.",
        ],
    )
    def test_hostile(self, rest: bytes) -> None:
        with pytest.raises(PolicyViolation):
            entry.loads(self.START + rest)


class TestUndefinedFunctions:
    @pytest.fixture(autouse=True)
    def sympy(self) -> Any:
        return pytest.importorskip("sympy")

    @staticmethod
    def rebuilt(*operands: object) -> bytes:
        return b"csympy.core.function\n_rebuild_undef\n" + pickle.dumps(operands, 0)[:-1] + b"R."

    def test_honest(self, sympy: Any) -> None:
        made = sympy.Function("f", real=True)
        assert entry.loads(self.rebuilt("f", made._kwargs)) == made

    @pytest.mark.parametrize(
        "assumptions", [{"__dict__": True}, {"real": "1"}, {"bases": None}, {"f": True}, "real"]
    )
    def test_hostile(self, assumptions: object) -> None:
        with pytest.raises(PolicyViolation):
            entry.loads(self.rebuilt("f", assumptions))


class TestCurried:
    @pytest.fixture(autouse=True)
    def toolz(self) -> Any:
        return pytest.importorskip("toolz")

    @staticmethod
    def restored(func: object, args: object = (), attributes: object = ()) -> bytes:
        class Pickler(pickle._Pickler):  # type: ignore[misc, name-defined]
            def reducer_override(self, value: Any) -> Any:
                from toolz.functoolz import _restore_curry, curry

                operands = (curry, func, args, {}, attributes, False)
                return (_restore_curry, operands) if value is mark else NotImplemented

        mark = object()
        out = io.BytesIO()
        Pickler(out, 4).dump(mark)
        return out.getvalue()

    def test_honest(self, toolz: Any) -> None:
        made = entry.loads(self.restored(len, (), (("__doc__", "a text"),)))
        assert (made.func, made.__doc__) == (len, "a text")

    @pytest.mark.parametrize(
        "data",
        [
            (os.system, ("true",)),
            ("os:system", ("true",)),
            ("toolz.functoolz:sys.modules", ()),
            (len, (), (("_partial", 1),)),
            (len, (), (("__class__", 1),)),
            (len, (), (("call", len),)),
        ],
    )
    def test_hostile(self, data: tuple[Any, ...]) -> None:
        with pytest.raises(PolicyViolation):
            entry.loads(self.restored(*data))


class TestConfigurations:
    @pytest.fixture(autouse=True)
    def omegaconf(self) -> Any:
        return pytest.importorskip("omegaconf")

    def test_honest(self, omegaconf: Any) -> None:
        made = omegaconf.OmegaConf.create({"a": [1, "${b}"], "b": 2})
        assert entry.loads(pickle.dumps(made)) == made

    def test_metadata_that_is_a_class(self, omegaconf: Any) -> None:
        state = {"_metadata": omegaconf.DictConfig, "_content": {}, "_parent": None}
        with pytest.raises(PolicyViolation):
            entry.loads(stream(omegaconf.DictConfig, state))


class TestDeviceArrays:
    @pytest.fixture(autouse=True)
    def jax(self) -> Any:
        return pytest.importorskip("jax")

    @staticmethod
    def rebuilt(*operands: object) -> bytes:
        class Pickler(pickle._Pickler):  # type: ignore[misc, name-defined]
            def reducer_override(self, value: Any) -> Any:
                from jax._src.array import _reconstruct_array

                return (_reconstruct_array, operands) if value is mark else NotImplemented

        mark = object()
        out = io.BytesIO()
        Pickler(out, 4).dump(mark)
        return out.getvalue()

    def test_honest(self, jax: Any) -> None:
        made = jax.numpy.arange(3)
        assert entry.loads(pickle.dumps(made)).tolist() == [0, 1, 2]

    def test_hostile(self, jax: Any) -> None:
        import numpy

        function, args, state = numpy.zeros(2).__reduce__()
        objects = (1, (1,), numpy.dtype(object), False, b"12345678")
        for operands in (
            (os.system, ("true",), state, {}),
            (function, args, objects, {}),
            (function, (object, (0,), b"b"), state, {}),
            (function, args, state, {"weak_type": os.system}),
        ):
            with pytest.raises(PolicyViolation):
                entry.loads(self.rebuilt(*operands))


class TestTensors:
    def test_only_arrays_become_tensors(self) -> None:
        from pickleball_hook.rules import library_rules

        rule = library_rules.LIBRARY_RULES["array_value"]
        numpy = pytest.importorskip("numpy")
        assert rule(None, "call", None, (numpy.zeros(2),)) == ""  # type: ignore[arg-type]
        for operands in ((), (numpy.zeros(2), 1), (object(),), (numpy.ma.zeros(2),)):
            assert rule(None, "call", None, operands)  # type: ignore[arg-type]


class TestUnits:
    @pytest.fixture(autouse=True)
    def units(self) -> Any:
        return pytest.importorskip("sympy.physics.units")

    def test_honest(self, units: Any) -> None:
        assert entry.loads(pickle.dumps([units.meter, units.joule])) == [units.meter, units.joule]

    def test_a_flag_that_its_class_would_keep(self, units: Any) -> None:
        data = b"csympy.physics.units.quantities\nQuantity\n(Vm\nVm\nNNNNI01\nt\x81."
        with pytest.raises(PolicyViolation):
            entry.loads(data)
        assert units.Quantity._is_prefixed is not True

    @pytest.mark.parametrize("state", [{"__class__": 1}, {"_name": "f()"}, {"is_real": None}, []])
    def test_hostile_states(self, units: Any, state: object) -> None:
        data = b"csympy.physics.units.quantities\nQuantity\n(Vm\nt\x81"
        with pytest.raises(PolicyViolation):
            entry.loads(data + pickle.dumps(state, 0)[:-1] + b"b.")


def test_types_in_a_librarys_own_tables() -> None:
    """What sympy knows of a number is kept in tables that call ``set``, which no file names."""
    sympy = pytest.importorskip("sympy")
    x = sympy.Symbol("x", positive=True)
    for made in (x**2 + 1, sympy.Interval(0, 1), sympy.ImmutableMatrix([[x]])):
        assert entry.loads(pickle.dumps(made)) == made


class TestSparkRows:
    """Rows of a data frame, as Spark writes them (EvaluatePython.RowPickler)."""

    TYPE = """{"type":"struct","fields":[{"name":"n","type":"%s","nullable":true,"metadata":{}}]}"""

    @pytest.fixture(autouse=True)
    def types(self) -> Any:
        return pytest.importorskip("pyspark.sql.types")

    @staticmethod
    def row(kind: bytes, *values: bytes) -> bytes:
        made = b"cpyspark.sql.types\n_create_row_inbound_converter\n" + kind + b"\x85R"
        return made + b"(" + b"".join(values) + b"tR"

    @classmethod
    def kind(cls, name: str) -> bytes:
        text = (cls.TYPE % name).encode()
        start = b"cpyspark.sql.types\n_parse_datatype_json_string\nX"
        return start + len(text).to_bytes(4, "little") + text + b"\x85R"

    def test_rows(self) -> None:
        import datetime

        rows = entry.loads(
            b"\x80\x02]("
            + self.row(self.kind("long"), b"K\x05")
            + self.row(self.kind("date"), b"K\x01")
            + b"e."
        )
        assert [row.asDict() for row in rows] == [
            {"n": 5},
            {"n": datetime.date(1970, 1, 2)},
        ]

    def test_nested(self) -> None:
        inner = self.row(self.kind("long"), b"K\x05")
        found = entry.loads(b"\x80\x02" + self.row(self.kind("string"), inner) + b".")
        assert found.n.n == 5

    @pytest.mark.parametrize(
        "stream",
        [
            b'cpyspark.sql.types\n_parse_datatype_json_string\n(V{"type":"udt","pyClass":"os.abort"}\ntR',
            b'cpyspark.sql.types\n_parse_datatype_json_string\n(V[{"a":{"pyClass":"os.abort"}}]\ntR',
            b"cpyspark.sql.types\n_create_row_inbound_converter\n(cos\nPathLike\ntR(K\x01tR",
            b"cpyspark.sql.types\n_create_row_inbound_converter\n(Vx\ntR(K\x01tR",
            b"cpyspark.sql.types\n_create_row_inbound_converter\n(cpyspark.sql.types\nStructType\n)RtR(K\x01tR",
        ],
    )
    def test_hostile(self, stream: bytes) -> None:
        with pytest.raises(PolicyViolation):
            entry.loads(b"\x80\x02" + stream + b".")

    @pytest.mark.parametrize("value", [b"cuuid\nUUID\n", b"cuuid\nUUID\n)\x81"])
    def test_values_that_compute(self, value: bytes) -> None:
        with pytest.raises(PolicyViolation, match="plain values"):
            entry.loads(b"\x80\x02" + self.row(self.kind("date"), value) + b".")

    def test_types_are_not_changed(self) -> None:
        with pytest.raises(PolicyViolation):
            entry.loads(b"\x80\x02" + self.kind("date") + b"}Vfields\n]sb.")


def test_types_and_functions_that_dask_holds() -> None:
    """A dtype holds the class of its scalars, a graph the operators that it applies."""
    pytest.importorskip("dask.dataframe")
    import dask.array
    import dask.dataframe
    import pandas

    frame = dask.dataframe.from_pandas(pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
    array = (dask.array.ones((4, 4), chunks=2) + 1).sum()
    for made in (frame[frame.a > 1], array):
        loaded = entry.loads(pickle.dumps(made))
        assert str(loaded.compute()) == str(made.compute())


def test_a_class_that_computes_attributes_and_a_finalizer_that_looks_one_up() -> None:
    """A pipe of torch gives functions of torch's by name, and nothing that it holds."""
    pytest.importorskip("torch")
    from torch.utils.data.datapipes.iter import IterableWrapper, Shuffler

    loaded = entry.loads(pickle.dumps(Shuffler(IterableWrapper([1, 2, 3]))))
    assert sorted(loaded) == [1, 2, 3]
