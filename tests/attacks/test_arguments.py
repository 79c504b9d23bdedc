"""Arguments and states of native code, which trusts what it is given."""

from __future__ import annotations

import struct

import pytest

from tests.attacks.assembler import build, call, get, name, new, put, raw, stream, value
from tests.attacks.harness import Arenas, Attack, check, claims
from tests.attacks.named import NUMPY_CORE, TOUCH
from tests.attacks.opcodes import BUILD, POP

DTYPE = name("numpy", "dtype")
NDARRAY = name("numpy", "ndarray")
RECONSTRUCT = name(f"{NUMPY_CORE}.multiarray", "_reconstruct")
SCALAR = name(f"{NUMPY_CORE}.multiarray", "scalar")
FROMBUFFER = name(f"{NUMPY_CORE}.numeric", "_frombuffer")
NO_OBJECTS, OBJECTS = 0x10, 0x3F
SURVIVED = "open(canary, 'w').close()"


def dtype(code: str) -> bytes:
    """Return a new dtype as numpy writes it."""
    return call(DTYPE, code, False, True)


def array(kind: bytes, shape: tuple[int, ...], data: bytes) -> bytes:
    """Return an array as numpy writes it."""
    empty = call(RECONSTRUCT, NDARRAY, (0,), raw(b"b"))
    return build(empty, (1, shape, kind, False, data))


def structured(flags: int, field: bytes, size: int = 8) -> bytes:
    """Return a dtype with one field whose state says whether it holds pointers."""
    state = (3, "|", None, ("a",), {"a": value((field, 0))}, size, 1, flags)
    return build(dtype(f"V{size}"), state)


def named_field(field: str) -> bytes:
    """Return a dtype with one field."""
    state = (3, "|", None, (field,), {field: value((dtype("u1"), 0))}, 1, 1, NO_OBJECTS)
    return build(dtype("V1"), state)


POINTER = struct.pack("<Q", 0xDEADBEEF)

ATTACKS = [
    Attack(
        "a dtype of objects that says it has none",
        lambda canary: stream(structured(NO_OBJECTS, dtype("O"))),
        "contradicts itself",
    ),
    Attack(
        "a dtype of numbers that says it has objects",
        lambda canary: stream(structured(OBJECTS, dtype("u8"))),
        "contradicts itself",
    ),
    Attack(
        "a dtype whose field is text",
        lambda canary: stream(structured(NO_OBJECTS, value("f8"))),
        "unknown layout",
    ),
    Attack(
        "a dtype whose field lies outside of it",
        lambda canary: stream(
            build(dtype("V8"), (3, "|", None, ("a",), {"a": value((dtype("u8"), 4096))}, 8, 1, 0))
        ),
        "unknown layout",
    ),
    Attack(
        "a dtype that changes after an array has been made of it",
        lambda canary: stream(
            structured(0, dtype("u8"))[:-1],
            POP,
            dtype("V8"),
            put(1),
            POP,
            array(get(1), (1,), raw(POINTER)),
            put(2),
            POP,
            get(1),
            value((3, "|", None, ("a",), {"a": value((dtype("O"), 0))}, 8, 1, OBJECTS)),
            BUILD,
            POP,
            get(2),
        ),
        "before it is used",
        after="value = None",
    ),
    Attack(
        "a dtype that changes after a dtype has been made of it",
        lambda canary: stream(
            dtype("V8"),
            put(1),
            POP,
            structured(NO_OBJECTS, get(1)),
            put(2),
            POP,
            get(1),
            value((3, "|", None, ("b",), {"b": value((dtype("u8"), 0))}, 8, 1, NO_OBJECTS)),
            BUILD,
            POP,
            get(2),
        ),
        "before it is used",
    ),
    Attack(
        "an array whose memory another one looks at is given another",
        lambda canary: stream(
            call(RECONSTRUCT, NDARRAY, (1024,), "f8"),
            put(1),
            POP,
            call(FROMBUFFER, get(1), dtype("f8"), (1024,), "C"),
            put(2),
            POP,
            get(1),
            value((1, (1,), dtype("f8"), False, raw(b"A" * 8))),
            BUILD,
            POP,
            get(2),
        ),
        "before it is used",
    ),
    Attack(
        "an array is given a state twice",
        lambda canary: stream(
            array(dtype("f8"), (1,), raw(b"A" * 8)),
            value((1, (1,), dtype("f8"), False, raw(b"A" * 8))),
            BUILD,
        ),
        "once",
    ),
    Attack(
        "an array that is big before it has a state",
        lambda canary: stream(call(RECONSTRUCT, NDARRAY, (1 << 20,), "f8")),
        "make it empty",
    ),
    Attack(
        "an array of a dtype that holds text elsewhere, from raw bytes",
        lambda canary: stream(array(dtype("T"), (1,), raw(b"A" * 16))),
        "takes a list",
        load="try:\n    value = pickle.loads(data)\nexcept TypeError: value = None",
    ),
    Attack(
        "a dtype made of a class",
        lambda canary: stream(call(DTYPE, TOUCH)),
        "literals",
    ),
    Attack(
        "frombuffer with a dtype of a class",
        lambda canary: stream(call(FROMBUFFER, raw(b"A" * 8), TOUCH, (1,), "C")),
        "",
        load="try:\n    value = pickle.loads(data)\nexcept ValueError: value = None",
    ),
    Attack(
        "an array class whose __new__ opens a file",
        lambda canary: stream(call(name("gadgets.arrays", "Mapped"), canary)),
        "__new__",
    ),
    Attack(
        "an array class whose __new__ opens a file, by NEWOBJ",
        lambda canary: stream(new(name("gadgets.arrays", "Mapped"), canary)),
        "__new__",
    ),
    Attack(
        "an array class whose __array_finalize__ opens a file",
        lambda canary: stream(
            call(RECONSTRUCT, name("gadgets.arrays", "Finalized"), (0,), named_field(canary))
        ),
        "it takes a literal shape and code",
    ),
    Attack(
        "numpy.memmap makes a file",
        lambda canary: stream(call(name("numpy", "memmap"), canary, "u1", "w+", 0, (4,))),
    ),
    Attack(
        "an array class that is called instead of rebuilt",
        lambda canary: stream(call(name("gadgets.arrays", "Quiet"), (1 << 20,))),
        after=SURVIVED,
    ),
    Attack(
        "a class that acts when called and inherits a compiled reducer",
        lambda canary: stream(call(name("gadgets.arrays", "Seeds"), canary)),
        "__init__",
    ),
    Attack(
        "bytes with a codec that imports",
        lambda canary: stream(
            call(name("builtins", "bytearray"), "x", "idna"),
        ),
        "",
    ),
    Attack(
        "an expression that prints",
        lambda canary: stream(call(name("re", "_compile"), "a", 128)),
        "DEBUG",
    ),
    Attack(
        "a dict made of an object with keys",
        lambda canary: stream(
            call(
                name("collections", "OrderedDict"),
                build(new(name("gadgets.odd", "Keys")), {"path": canary}),
            )
        ),
        after="value = None",
    ),
    Attack(
        "operator.getitem of an object of the file's",
        lambda canary: stream(
            call(
                name("_operator", "getitem"),
                build(new(name("gadgets.odd", "Keys")), {"path": canary}),
                1,
            )
        ),
    ),
    Attack(
        "operator.getitem of a class that acts when it is parametrized",
        lambda canary: stream(
            call(name("_operator", "getitem"), name("gadgets.odd", "Parametrized"), canary)
        ),
        "__class_getitem__",
    ),
    Attack(
        "functools.reduce of a function of the file's",
        lambda canary: stream(
            call(name("_functools", "reduce"), name("gadgets.quiet", "identity"), [1])
        ),
        "parametrized types only",
    ),
    Attack(
        "an itemgetter of what runs code when it is hashed",
        lambda canary: stream(
            call(
                name("operator", "itemgetter"),
                build(new(name("gadgets.reach", "Hashed")), {"path": canary}),
            )
        ),
        after=SURVIVED,
    ),
    Attack(
        "a text buffer whose close is a class",
        lambda canary: stream(
            build(call(name("_io", "StringIO")), ("", None, 0, {"close": TOUCH}))
        ),
        after="value.close(canary)",
    ),
    Attack(
        "an exception whose state sets its special attributes",
        lambda canary: stream(
            build(
                call(name("gadgets.odd", "Mild"), "x"),
                {"__class__": name("gadgets.odd", "Error")},
            )
        ),
        "__class__",
        after="value.act(canary)",
    ),
    Attack(
        "an exception whose arguments are iterated",
        lambda canary: stream(
            build(
                call(name("builtins", "ValueError"), "x"),
                {"args": build(new(name("gadgets.reach", "Iterated")), {"path": canary})},
            )
        ),
    ),
    Attack(
        "a namespace that gets a __setstate__",
        lambda canary: stream(
            build(build(call(name("types", "SimpleNamespace")), {"__setstate__": TOUCH}), canary)
        ),
        "",
    ),
    Attack(
        "a named tuple's field descriptor of something else",
        lambda canary: stream(call(name("_collections", "_tuplegetter"), 0, TOUCH)),
        "literals",
        after=SURVIVED,
    ),
]

ATTACKS += [
    Attack(
        f"a handle of native code {claim}",
        lambda canary, cls=cls: stream(  # type: ignore[misc]
            build(new(name("gadgets.native", cls)), {"handle": raw(canary.encode())})
        ),
        "native code",
    )
    for claim, cls in [
        ("is freed when its object is dropped", "Handle"),
        ("is freed by a method of its object", "Freed"),
        ("comes from a state", "Restored"),
    ]
]

KD_TREE = """
import copyreg, io, numpy, pickle
from scipy.spatial import cKDTree, KDTree
honest = {cls}(numpy.random.default_rng(0).random((50, 2)), leafsize=4)
state = list(honest.__getstate__())
nodes = state[0].view(numpy.intp).reshape(-1, 9)
class Forger(pickle.Pickler):
    def reducer_override(self, value):
        if value is not honest:
            return NotImplemented
        return copyreg.__newobj__, ({cls},), tuple(state)
forged = io.BytesIO()
assert pickle.loads(pickle.dumps(honest)).query([0, 0])[1] == honest.query([0, 0])[1]
{forge}
Forger(forged).dump(honest)
value = pickle.loads(forged.getvalue())
value.query(numpy.zeros((3, 2)), k=3)
"""
TREE = """
import numpy, pickle
from sklearn.tree import DecisionTreeClassifier
X = numpy.random.default_rng(0).random((50, 2))
honest = DecisionTreeClassifier().fit(X, (X[:, 0] * 3).astype(int))
state = honest.tree_.__getstate__()
nodes = state['nodes'] = state['nodes'].copy()
class Forged:
    def __reduce__(self):
        cls, arguments, _ = honest.tree_.__reduce__()
        return cls, arguments, state
assert (pickle.loads(pickle.dumps(honest)).predict(X) == honest.predict(X)).all()
{forge}
value = pickle.loads(pickle.dumps(Forged()) + b".")  # not the very bytes that it has pickled
value.predict(X.astype(numpy.float32))
"""
NEIGHBORS = """
import copyreg, numpy, pickle
from sklearn.neighbors import BallTree, KDTree
X = numpy.random.default_rng(0).random((50, 2))
honest = {cls}(X, leaf_size=5, metric='{metric}', **{options})
state = list(honest.__getstate__())
class Metric:
    state = None
    def __reduce__(self):
        return (*metric.__reduce__()[:2], *([self.state] if self.state else []))
class Forged:
    def __reduce__(self):
        return (*honest.__reduce__()[:2], tuple(state))
metric = state[11]
again = pickle.loads(pickle.dumps(honest) + b".")  # not the very bytes that it has pickled
assert (again.query(X[:3])[1] == honest.query(X[:3])[1]).all()
forged = Metric()
{forge}
value = pickle.loads(pickle.dumps(Forged()) + b".")
value.query(X[:3], k=3)
"""
ATTACKS += [
    Attack(
        f"a tree of neighbours {claim}",
        lambda canary: stream(value(1)),
        "of the tree",
        load=NEIGHBORS.format(cls="KDTree", metric="euclidean", options="{}", forge=forge),
    )
    for claim, forge in [
        ("whose point is far away", "state[1] = state[1] + (1 << 40)"),
        ("whose metric gets its state later", "state[11] = forged"),
    ]
]
ATTACKS += [
    Attack(
        f"a tree whose metric {claim}",
        lambda canary: stream(value(1)),
        why,
        load=NEIGHBORS.format(cls="BallTree", metric=metric, options=options, forge=forge),
    )
    for claim, metric, options, forge, why in [
        (
            "has weights for another width",
            "seuclidean",
            "{'V': [1., 2.]}",
            "state[11] = forged; forged.state = (2.0, numpy.zeros(1), numpy.zeros((1, 1)))",
            "does not suit",
        ),
        (
            "has a matrix of another shape",
            "mahalanobis",
            "{'V': numpy.eye(2)}",
            "state[11] = forged; forged.state = (2.0, numpy.zeros(1), numpy.zeros((2, 1)))",
            "not square",
        ),
    ]
]
ATTACKS += [
    *(
        Attack(
            f"a nearest-neighbour tree {claim}",
            lambda canary: stream(value(1)),
            "tree",
            load=KD_TREE.format(cls=cls, forge=forge),
        )
        for claim, cls, forge in [
            ("whose first child is far away", "cKDTree", "nodes[0, 7] = 1 << 40"),
            ("whose first child is far away, derived from", "KDTree", "nodes[0, 7] = 1 << 40"),
            ("whose child is before it", "cKDTree", "nodes[2, 7] = 0"),
            ("both of whose children are the same", "cKDTree", "nodes[0, 8] = nodes[0, 7]"),
            ("that divides by a column it has not", "cKDTree", "nodes[0, 0] = 1 << 20"),
            ("whose leaf ends far away", "cKDTree", "nodes[-1, 4] = 1 << 30"),
            ("with too few points", "cKDTree", "state[1] = state[1][:1]"),
            ("with points of another kind", "cKDTree", "state[1] = state[1].astype('f4')"),
            ("whose points are elsewhere", "cKDTree", "state[7] = state[7] + (1 << 40)"),
            ("with half a node", "cKDTree", "state[0] = state[0][:-9]"),
            ("with less of a box than it says", "cKDTree", "state[9] = numpy.zeros(1)"),
        ]
    ),
    *(
        Attack(
            f"a decision tree {claim}",
            lambda canary: stream(value(1)),
            "tree",
            load=TREE.format(forge=forge),
        )
        for claim, forge in [
            ("whose child is far away", "nodes['left_child'][0] = 1 << 40"),
            ("whose other child is far away", "nodes['right_child'][0] = 1 << 40"),
            ("that divides by a feature it has not", "nodes['feature'][0] = 1 << 40"),
            ("that has fewer nodes than it says", "state['node_count'] = 1 << 20"),
        ]
    ),
]

VECTORIZER = """
import numpy, pickle
from sklearn.feature_extraction.text import CountVectorizer, {cls}
with open(canary + ".secret", "w") as stream:
    stream.write("secret words")
honest = {cls}().fit(["secret words"]) if hasattr({cls}(), "fit") else {cls}()
assert pickle.loads(pickle.dumps(honest)).transform(["secret"]).nnz == 1
forged = {cls}()
forged.__dict__.update(honest.__dict__)
forged.input = {given}
value = pickle.loads(pickle.dumps(forged) + b".")  # not the very bytes that it has pickled
if value.transform([canary + ".secret"]).nnz == 2:
    open(canary, "w").close()
"""
ATTACKS += [
    Attack(
        f"a {cls} opens the files that texts name{claim}",
        lambda canary: stream(value(1)),
        "files that texts name",
        load=VECTORIZER.format(cls=cls, given=given),
        after="pass",
    )
    for claim, cls, given in [
        ("", "CountVectorizer", "'filename'"),
        (", by a text of numpy", "CountVectorizer", "numpy.str_('filename')"),
        ("", "TfidfVectorizer", "'filename'"),
        ("", "HashingVectorizer", "'filename'"),
    ]
]

NUMPY = "import numpy, numpy.dtypes"
ATTACKS = [
    attack._replace(
        before=attack.before or NUMPY,
        after=attack.after or (SURVIVED if "path" not in attack.name else ""),
    )
    for attack in ATTACKS
    if "text elsewhere" not in attack.name or NUMPY_CORE == "numpy._core"  # since numpy 2.0
]


@pytest.mark.parametrize("attack", claims(ATTACKS))
def test_refused(arenas: Arenas, attack: Attack) -> None:
    check(arenas, attack)
