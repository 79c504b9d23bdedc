"""Arrays of other kinds, molecules, circuits, graphs, meshes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from worker import Case, installed

LIBRARIES = (
    "jax",
    "flax",
    "tensorflow",
    "keras",
    "onnx",
    "skl2onnx",
    "zarr",
    "sparse",
    "quantities",
    "uncertainties",
    "arviz",
    "cvxpy",
    "pennylane",
    "qiskit",
    "rdkit",
    "biopython",
    "trimesh",
    "ase",
    "pymatgen",
    "igraph",
    "rustworkx",
    "pytensor",
)
X, y = make_classification(60, 6, random_state=0)


def jax_cases() -> list[Case]:
    import jax
    import jax.numpy as jnp

    return [
        ("jax array", lambda: jnp.ones((2, 2))),
        ("jax key", lambda: jax.random.PRNGKey(0)),
        ("jax tree", lambda: jax.tree_util.tree_structure({"a": [1, 2]})),
        ("jax dtype", lambda: jnp.bfloat16),
        ("jax shape", lambda: jax.ShapeDtypeStruct((2,), jnp.float32)),
        ("jax bf16", lambda: jnp.ones(2, jnp.bfloat16)),
    ]


def flax_cases() -> list[Case]:
    import flax.linen as nn
    import jax
    import jax.numpy as jnp
    import optax
    from flax.core import freeze

    def params() -> Any:
        return nn.Dense(2).init(jax.random.PRNGKey(0), jnp.ones((1, 3)))

    return [
        ("flax module", lambda: nn.Dense(2)),
        ("flax params", params),
        ("flax frozen", lambda: freeze({"a": {"b": jnp.ones(2)}})),
        ("flax seq", lambda: nn.Sequential([nn.Dense(2), nn.LayerNorm()])),
        ("flax optax state", lambda: optax.sgd(0.1).init(params())),
        ("flax optax adam", lambda: optax.adam(0.1).init(params())),
    ]


def tensorflow_cases() -> list[Case]:
    import tensorflow as tf

    return [
        ("tensorflow tensor", lambda: tf.constant([1.0, 2.0]).numpy()),
        ("tensorflow shape", lambda: tf.TensorShape([1, 2])),
        ("tensorflow spec", lambda: tf.TensorSpec([1], tf.float32)),
        ("tensorflow dtype", lambda: tf.float32),
        ("tensorflow eager", lambda: tf.constant([1.0])),
        ("tensorflow var", lambda: tf.Variable([1.0])),
    ]


def keras_cases() -> list[Case]:
    import keras

    def m() -> Any:
        return keras.Sequential(
            [
                keras.layers.Input((3,)),
                keras.layers.Dense(2, activation="relu"),
                keras.layers.Dropout(0.1),
            ]
        )

    return [
        ("keras seq", m),
        ("keras config", lambda: m().get_config()),
        ("keras weights", lambda: m().get_weights()),
        ("keras layer", lambda: keras.layers.Dense(2)),
        ("keras opt", lambda: keras.optimizers.Adam()),
        ("keras init", lambda: keras.initializers.GlorotUniform(0)),
        ("keras loss", lambda: keras.losses.MeanSquaredError()),
        ("keras history", lambda: keras.callbacks.History()),
    ]


def onnx_cases() -> list[Case]:
    from onnx import TensorProto as t
    from onnx import helper as h

    def model() -> Any:
        g = h.make_graph(
            [h.make_node("Relu", ["x"], ["y"])],
            "g",
            [h.make_tensor_value_info("x", t.FLOAT, [1])],
            [h.make_tensor_value_info("y", t.FLOAT, [1])],
        )
        return h.make_model(g)

    return [
        ("onnx model", model),
        ("onnx tensor", lambda: h.make_tensor("a", t.FLOAT, [2], [1.0, 2.0])),
        ("onnx node", lambda: h.make_node("Relu", ["x"], ["y"])),
    ]


def skl2onnx_cases() -> list[Case]:
    from skl2onnx import to_onnx

    return [("skl2onnx", lambda: to_onnx(LogisticRegression().fit(X, y), X[:1].astype(np.float32)))]


def zarr_cases() -> list[Case]:
    import zarr

    return [
        ("zarr array", lambda: zarr.ones((4, 4), chunks=(2, 2), store=zarr.storage.MemoryStore())),
        ("zarr group", lambda: zarr.group(store=zarr.storage.MemoryStore())),
        ("zarr codec", lambda: zarr.codecs.BloscCodec()),
        ("zarr local", lambda: zarr.open("z.zarr", mode="w", shape=(2, 2), dtype="i4")),
    ]


def sparse_cases() -> list[Case]:
    import sparse

    return [
        ("sparse coo", lambda: sparse.COO.from_numpy(np.eye(3))),
        ("sparse dok", lambda: sparse.DOK((2, 2))),
    ]


def quantities_cases() -> list[Case]:
    import quantities as q

    return [
        ("quantities", lambda: np.array([1.0, 2]) * q.m),
        ("quantities unc", lambda: q.UncertainQuantity([1.0], q.m, [0.1])),
        ("quantities unit", lambda: q.m / q.s),
    ]


def uncertainties_cases() -> list[Case]:
    from uncertainties import ufloat, unumpy

    return [
        ("uncertainties", lambda: ufloat(1, 0.1)),
        ("uncertainties expr", lambda: ufloat(1, 0.1) * ufloat(2, 0.2) + 1),
        ("uncertainties arr", lambda: unumpy.uarray([1, 2], [0.1, 0.2])),
    ]


def arviz_cases() -> list[Case]:
    import arviz

    return [
        ("arviz idata", lambda: arviz.from_dict({"a": np.random.RandomState(0).rand(2, 5)})),
        (
            "arviz summary",
            lambda: arviz.summary(arviz.from_dict({"a": np.random.RandomState(0).rand(2, 50)})),
        ),
    ]


def cvxpy_cases() -> list[Case]:
    import cvxpy as c

    def p() -> Any:
        x = c.Variable(2)
        q = c.Problem(c.Minimize(c.sum_squares(x - 1)), [x >= 0])
        q.solve()
        return q

    return [
        ("cvxpy problem", p),
        ("cvxpy var", lambda: c.Variable(2)),
        ("cvxpy expr", lambda: c.norm(c.Variable(2)) + 1),
    ]


def pennylane_cases() -> list[Case]:
    import pennylane as q

    return [
        ("pennylane op", lambda: q.RX(0.1, wires=0)),
        ("pennylane ham", lambda: q.Hamiltonian([1.0, 2.0], [q.PauliX(0), q.PauliZ(1)])),
        ("pennylane tape", lambda: q.tape.QuantumScript([q.Hadamard(0)], [q.expval(q.PauliZ(0))])),
        ("pennylane arr", lambda: q.numpy.array([1.0, 2.0], requires_grad=True)),
        ("pennylane wires", lambda: q.wires.Wires([0, 1])),
    ]


def qiskit_cases() -> list[Case]:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter
    from qiskit.quantum_info import SparsePauliOp, Statevector

    def c() -> Any:
        q = QuantumCircuit(2, 2)
        q.h(0)
        q.cx(0, 1)
        q.rx(Parameter("a"), 0)
        q.measure([0, 1], [0, 1])
        return q

    return [
        ("qiskit circ", c),
        ("qiskit pauli", lambda: SparsePauliOp(["XX"], [1.0])),
        ("qiskit state", lambda: Statevector([1, 0])),
        ("qiskit param", lambda: Parameter("x") + 1),
        ("qiskit dag", lambda: __import__("qiskit").converters.circuit_to_dag(c())),
    ]


def rdkit_cases() -> list[Case]:
    from rdkit import Chem
    from rdkit.Chem import AllChem

    return [
        ("rdkit mol", lambda: Chem.MolFromSmiles("CCO")),
        (
            "rdkit fp",
            lambda: AllChem.GetMorganFingerprintAsBitVect(Chem.MolFromSmiles("CCO"), 2, 64),
        ),
        ("rdkit rxn", lambda: AllChem.ReactionFromSmarts("[C:1]>>[C:1]O")),
        ("rdkit int", lambda: AllChem.GetMorganFingerprint(Chem.MolFromSmiles("CCO"), 2)),
    ]


def bio_cases() -> list[Case]:
    import io

    from Bio import Align, Phylo
    from Bio.Seq import Seq
    from Bio.SeqRecord import SeqRecord

    return [
        ("biopython seq", lambda: Seq("ACGT")),
        (
            "biopython rec",
            lambda: SeqRecord(
                Seq("ACGT"), id="a", description="d", letter_annotations={"q": [1, 2, 3, 4]}
            ),
        ),
        ("biopython tree", lambda: Phylo.read(io.StringIO("(A,(B,C));"), "newick")),
        ("biopython aligner", lambda: Align.PairwiseAligner()),
        ("biopython aln", lambda: Align.MultipleSeqAlignment([SeqRecord(Seq("AC"), id="a")])),
    ]


def trimesh_cases() -> list[Case]:
    import trimesh as t

    return [
        ("trimesh box", lambda: t.creation.box()),
        ("trimesh scene", lambda: t.Scene([t.creation.icosphere(1)])),
        (
            "trimesh path",
            lambda: t.path.Path2D(
                entities=[t.path.entities.Line([0, 1])], vertices=np.array([[0.0, 0], [1, 1]])
            ),
        ),
    ]


def ase_cases() -> list[Case]:
    from ase import Atoms
    from ase.build import molecule
    from ase.calculators.emt import EMT

    return [
        ("ase atoms", lambda: Atoms("CO", positions=[[0, 0, 0], [0, 0, 1.1]])),
        ("ase mol", lambda: molecule("H2O")),
        (
            "ase calc",
            lambda: (lambda a: (setattr(a, "calc", EMT()), a.get_potential_energy(), a)[2])(
                molecule("CO")
            ),
        ),
        ("ase cell", lambda: Atoms("Cu", cell=[1, 1, 1], pbc=True).cell),
    ]


def pymatgen_cases() -> list[Case]:
    from pymatgen.core import Composition, Element, Lattice, Molecule, Structure

    return [
        (
            "pymatgen str",
            lambda: Structure(Lattice.cubic(3), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]),
        ),
        ("pymatgen mol", lambda: Molecule(["C", "O"], [[0, 0, 0], [0, 0, 1]])),
        ("pymatgen comp", lambda: Composition("Fe2O3")),
        ("pymatgen el", lambda: Element("Fe")),
    ]


def igraph_cases() -> list[Case]:
    import igraph as g

    return [
        ("igraph graph", lambda: g.Graph.Ring(5)),
        ("igraph layout", lambda: g.Graph.Ring(5).layout("circle")),
        ("igraph clusters", lambda: g.Graph.Ring(5).community_multilevel()),
    ]


def rustworkx_cases() -> list[Case]:
    import rustworkx as r

    return [
        ("rustworkx graph", lambda: r.generators.path_graph(3)),
        ("rustworkx di", lambda: r.PyDiGraph()),
    ]


def pytensor_cases() -> list[Case]:
    import pytensor
    import pytensor.tensor as pt

    def f() -> Any:
        x = pt.dscalar("x")
        return pytensor.function([x], x * 2, mode="FAST_COMPILE")

    return [
        ("pytensor var", lambda: pt.dscalar("x") * 2),
        ("pytensor shared", lambda: pytensor.shared(np.ones(3))),
        ("pytensor function", f),
    ]


MAKERS: dict[str, Callable[[], list[Case]]] = {
    "jax": jax_cases,
    "flax": flax_cases,
    "tensorflow": tensorflow_cases,
    "keras": keras_cases,
    "onnx": onnx_cases,
    "skl2onnx": skl2onnx_cases,
    "zarr": zarr_cases,
    "sparse": sparse_cases,
    "quantities": quantities_cases,
    "uncertainties": uncertainties_cases,
    "arviz": arviz_cases,
    "cvxpy": cvxpy_cases,
    "pennylane": pennylane_cases,
    "qiskit": qiskit_cases,
    "rdkit": rdkit_cases,
    "Bio": bio_cases,
    "trimesh": trimesh_cases,
    "ase": ase_cases,
    "pymatgen": pymatgen_cases,
    "igraph": igraph_cases,
    "rustworkx": rustworkx_cases,
    "pytensor": pytensor_cases,
}
CASES = installed(MAKERS)
