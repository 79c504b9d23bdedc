"""Histograms, signals, brains, cells, skies, maps, shapes and graphs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import make_classification
from worker import Case, installed

LIBRARIES = (
    *("boost-histogram", "awkward", "mne", "nilearn", "anndata", "pvlib", "sncosmo", "libpysal"),
    *("esda", "mapclassify", "pot", "scikit-network", "gudhi"),
)
X, y = make_classification(60, 6, random_state=0)
NOISE = np.random.default_rng(0).normal(size=(60, 4))


def histogram_cases() -> list[Case]:
    import boost_histogram as bh

    return [
        ("histogram", lambda: bh.Histogram(bh.axis.Regular(3, 0, 1)).fill([0.1, 0.5])),
        ("histogram axis", lambda: bh.axis.Variable([0, 1, 3])),
        (
            "histogram weights",
            lambda: bh.Histogram(bh.axis.Integer(0, 3), storage=bh.storage.Weight()),
        ),
        ("histogram categories", lambda: bh.axis.StrCategory(["a", "b"])),
    ]


def awkward_cases() -> list[Case]:
    import awkward as ak

    return [
        ("awkward array", lambda: ak.Array([[1, 2], [], [3]])),
        ("awkward record", lambda: ak.Record({"x": 1, "y": [1, 2]})),
        ("awkward records", lambda: ak.Array([{"x": 1.5, "s": "a"}, {"x": None, "s": "b"}])),
    ]


def mne_cases() -> list[Case]:
    import mne

    info = mne.create_info(2, 100.0, "eeg")
    data = np.random.default_rng(0).normal(size=(2, 300))
    return [
        ("mne info", lambda: info),
        ("mne raw", lambda: mne.io.RawArray(data, info, verbose=False)),
        ("mne epochs", lambda: mne.EpochsArray(data[None], info, verbose=False)),
        ("mne evoked", lambda: mne.EvokedArray(data, info, verbose=False)),
        ("mne annotations", lambda: mne.Annotations([0.1], [0.2], ["bad"])),
        ("mne montage", lambda: mne.channels.make_dig_montage({"Cz": [0, 0, 0.1]})),
    ]


def nilearn_cases() -> list[Case]:
    from nilearn.connectome import ConnectivityMeasure
    from nilearn.glm.first_level import FirstLevelModel
    from nilearn.maskers import NiftiMasker

    return [
        ("nilearn masker", lambda: NiftiMasker(standardize=True)),
        ("nilearn glm", lambda: FirstLevelModel()),
        ("nilearn connectome", lambda: ConnectivityMeasure().fit([X[:20], X[20:40]])),
    ]


def anndata_cases() -> list[Case]:
    import anndata

    def cells() -> Any:
        return anndata.AnnData(
            X.astype("float32"), obs=pd.DataFrame({"c": y}, index=[str(i) for i in range(60)])
        )

    return [
        ("anndata", cells),
        ("anndata layers", lambda: _layered(cells())),
        ("anndata raw", lambda: _raw(cells())),
    ]


def _layered(cells: Any) -> Any:
    cells.layers["log"] = np.log1p(np.abs(cells.X))
    cells.uns["colors"] = {"c": ["red", "blue"]}
    cells.obsm["pca"] = np.zeros((60, 2))
    return cells


def _raw(cells: Any) -> Any:
    cells.raw = cells
    return cells


def pvlib_cases() -> list[Case]:
    from pvlib import location, pvsystem

    return [
        ("pvlib location", lambda: location.Location(40, -80, "Europe/Paris")),
        ("pvlib mount", lambda: pvsystem.FixedMount(20, 180)),
        (
            "pvlib system",
            lambda: pvsystem.PVSystem([pvsystem.Array(pvsystem.FixedMount(20, 180))]),
        ),
    ]


def sncosmo_cases() -> list[Case]:
    import sncosmo

    return [
        ("sncosmo band", lambda: sncosmo.Bandpass([4000, 5000], [1.0, 1.0], name="b")),
        ("sncosmo dust", lambda: sncosmo.CCM89Dust()),
    ]


def pysal_cases() -> list[Case]:
    from libpysal.graph import Graph
    from libpysal.weights import KNN, lat2W

    return [
        ("libpysal lattice", lambda: lat2W(3, 3)),
        ("libpysal knn", lambda: KNN(X[:, :2], k=3)),
        ("libpysal graph", lambda: Graph.from_W(lat2W(2, 2))),
    ]


def esda_cases() -> list[Case]:
    from esda import Geary, Moran
    from libpysal.weights import KNN

    return [
        ("esda moran", lambda: Moran(X[:, 0], KNN(X[:, :2], k=3), permutations=9)),
        ("esda geary", lambda: Geary(X[:, 0], KNN(X[:, :2], k=3), permutations=9)),
    ]


def mapclassify_cases() -> list[Case]:
    import mapclassify as mc

    return [
        ("mapclassify quantiles", lambda: mc.Quantiles(X[:, 0], k=3)),
        ("mapclassify equal", lambda: mc.EqualInterval(X[:, 0])),
        ("mapclassify user", lambda: mc.UserDefined(X[:, 0], [0.0, 9.0])),
    ]


def pot_cases() -> list[Case]:
    import ot

    return [
        ("pot transport", lambda: ot.da.SinkhornTransport().fit(Xs=X[:20], Xt=X[20:40])),
        ("pot emd", lambda: ot.da.EMDTransport().fit(Xs=X[:20], Xt=X[20:40])),
        ("pot linear", lambda: ot.da.LinearTransport().fit(Xs=NOISE[:20], Xt=NOISE[20:40])),
    ]


def network_cases() -> list[Case]:
    from sknetwork.clustering import Louvain
    from sknetwork.data import karate_club
    from sknetwork.embedding import SVD
    from sknetwork.ranking import PageRank

    return [
        ("sknetwork louvain", lambda: Louvain().fit(karate_club())),
        ("sknetwork svd", lambda: SVD(2).fit(karate_club())),
        ("sknetwork rank", lambda: PageRank().fit(karate_club())),
    ]


def gudhi_cases() -> list[Case]:
    import gudhi
    from gudhi.representations import PersistenceImage

    def tree() -> Any:
        found = gudhi.SimplexTree()
        found.insert([0, 1, 2], 0.5)
        return found

    return [
        ("gudhi tree", tree),
        ("gudhi image", lambda: PersistenceImage(bandwidth=1.0)),
    ]


CASES = installed(
    {
        "boost_histogram": histogram_cases,
        "awkward": awkward_cases,
        "mne": mne_cases,
        "nilearn": nilearn_cases,
        "anndata": anndata_cases,
        "pvlib": pvlib_cases,
        "sncosmo": sncosmo_cases,
        "libpysal": pysal_cases,
        "esda": esda_cases,
        "mapclassify": mapclassify_cases,
        "ot": pot_cases,
        "sknetwork": network_cases,
        "gudhi": gudhi_cases,
    }
)
