"""Objects of libraries of single fields: skies, molecules, images, plans, games, languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from worker import Case, installed

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))


def molecule_cases() -> list[Case]:
    import MDAnalysis as mda

    def universe() -> Any:
        made = mda.Universe.empty(4, trajectory=True)
        made.add_TopologyAttr("names", ["A", "B", "C", "D"])
        return made

    return [
        ("MDAnalysis universe", universe),
        ("MDAnalysis group", lambda: universe().atoms[:2]),
        ("MDAnalysis timestep", lambda: universe().trajectory.ts),
    ]


def metpy_cases() -> list[Case]:
    from metpy.units import units

    return [
        ("metpy quantity", lambda: 3 * units.degC),
        ("metpy array", lambda: np.arange(3) * units("m/s")),
    ]


def sky_cases() -> list[Case]:
    from skyfield.api import Angle, Star, load, wgs84

    ts = load.timescale(builtin=True)
    return [
        ("skyfield angle", lambda: Angle(degrees=3.0)),
        ("skyfield star", lambda: Star(ra_hours=1.0, dec_degrees=2.0)),
        ("skyfield place", lambda: wgs84.latlon(1.0, 2.0)),
        ("skyfield time", lambda: ts.utc(2024, 1, 1)),
    ]


def unyt_cases() -> list[Case]:
    import unyt

    return [
        ("unyt quantity", lambda: 3 * unyt.km),
        ("unyt array", lambda: unyt.unyt_array([1.0, 2.0], "g")),
        ("unyt unit", lambda: unyt.km / unyt.s),
    ]


def time_cases() -> list[Case]:
    import cftime

    return [
        (
            "cftime",
            lambda: [cftime.DatetimeNoLeap(2000, 1, 2), cftime.DatetimeGregorian(2000, 1, 2)],
        )
    ]


def image_cases() -> list[Case]:
    import nibabel
    import pydicom
    from pydicom.dataset import Dataset

    def plain() -> Any:
        made = Dataset()
        made.PatientName, made.PatientID, made.StudyDate, made.PixelSpacing = (
            "A^B",
            "1",
            "20240101",
            [1.0, 2.0],
        )
        item = Dataset()
        item.Modality = "MR"
        made.ReferencedStudySequence = pydicom.Sequence([item])
        return made

    return [
        ("nibabel image", lambda: nibabel.Nifti1Image(np.zeros((2, 2, 2)), np.eye(4))),
        ("nibabel header", lambda: nibabel.Nifti1Header()),
        ("pydicom dataset", plain),
        ("pydicom uid", lambda: pydicom.uid.ExplicitVRLittleEndian),
    ]


def mesh_cases() -> list[Case]:
    import meshio

    return [
        (
            "meshio",
            lambda: meshio.Mesh(
                np.eye(3), [("triangle", [[0, 1, 2]])], point_data={"a": np.ones(3)}
            ),
        )
    ]


def plan_cases() -> list[Case]:
    import pulp
    import pyomo.environ as pyo

    def model() -> Any:
        made = pyo.ConcreteModel()
        made.x = pyo.Var(bounds=(0, 1))
        made.y = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
        made.o = pyo.Objective(expr=made.x * 2 + made.y[1])
        made.c = pyo.Constraint(expr=made.x + made.y[2] >= 1)
        return made

    def ruled() -> Any:
        made = pyo.ConcreteModel()
        made.s = pyo.Set(initialize=[1, 2, 3])
        made.p = pyo.Param(made.s, initialize={1: 1, 2: 2, 3: 3}, mutable=True)
        made.x = pyo.Var(made.s)
        made.c = pyo.Constraint(made.s, rule=bound_rule)
        return made

    def problem() -> Any:
        made = pulp.LpProblem("p", pulp.LpMaximize)
        x = pulp.LpVariable("x", 0, 3)
        made += 2 * x
        made += x <= 2
        return made

    return [
        ("pyomo model", model),
        ("pyomo ruled", ruled),
        ("pulp problem", problem),
        ("pulp variable", lambda: pulp.LpVariable("x", 0, 1)),
    ]


def bound_rule(model: Any, index: int) -> Any:
    return model.x[index] >= model.p[index]


def casadi_cases() -> list[Case]:
    import casadi

    def function() -> Any:
        x = casadi.SX.sym("x")
        return casadi.Function("f", [x], [x**2])

    return [("casadi DM", lambda: casadi.DM([1, 2])), ("casadi function", function)]


def swarm_cases() -> list[Case]:
    import mealpy
    import platypus
    import pyswarms as ps

    def population() -> Any:
        algorithm = platypus.NSGAII(platypus.DTLZ2(), population_size=12)
        algorithm.run(24)
        return algorithm.result

    return [
        (
            "pyswarms swarm",
            lambda: ps.single.GlobalBestPSO(5, 2, {"c1": 0.5, "c2": 0.3, "w": 0.9}).swarm,
        ),
        ("mealpy model", lambda: mealpy.PSO.OriginalPSO(epoch=2, pop_size=10)),
        ("mealpy bounds", lambda: [mealpy.FloatVar([-1.0], [1.0]), mealpy.IntegerVar([0], [3])]),
        ("platypus result", population),
        ("platypus problem", lambda: platypus.DTLZ2()),
    ]


def word_cases() -> list[Case]:
    import ftfy
    import inflect
    from textdistance import Jaccard, Levenshtein
    from wordcloud import WordCloud

    return [
        ("ftfy config", lambda: ftfy.TextFixerConfig()),
        ("inflect", inflect.engine),
        ("textdistance", lambda: [Levenshtein(), Jaccard(2)]),
        ("wordcloud", lambda: WordCloud(width=50, height=50)),
    ]


def search_cases() -> list[Case]:
    from whoosh import analysis, fields
    from whoosh.qparser import QueryParser

    schema = fields.Schema(title=fields.TEXT(stored=True), path=fields.ID)
    return [
        ("whoosh schema", lambda: schema),
        ("whoosh query", lambda: QueryParser("title", schema).parse("a AND b*")),
        ("whoosh analyzer", lambda: analysis.StemmingAnalyzer()),
    ]


def place_cases() -> list[Case]:
    import geopy.distance
    from geopy.point import Point

    return [
        ("geopy point", lambda: Point(1, 2)),
        ("geopy distance", lambda: geopy.distance.distance(kilometers=3)),
        ("geopy location", lambda: geopy.Location("a", Point(1, 2), {})),
    ]


def people_cases() -> list[Case]:
    import dateparser.conf
    import faker
    import phonenumbers
    from babel import Locale
    from babel.messages import Catalog

    return [
        ("phonenumbers", lambda: phonenumbers.parse("+442083661177")),
        ("babel locale", lambda: Locale.parse("de_DE")),
        ("babel catalog", lambda: Catalog("de")),
        ("faker", lambda: faker.Faker()),
        ("dateparser settings", lambda: dateparser.conf.Settings()),
    ]


def game_cases() -> list[Case]:
    import chess
    import chess.pgn

    def board() -> Any:
        made = chess.Board()
        made.push_san("e4")
        return made

    def game() -> Any:
        made = chess.pgn.Game()
        made.add_variation(chess.Move.from_uci("e2e4"))
        return made

    return [
        ("chess board", board),
        ("chess game", game),
        ("chess move", lambda: chess.Move.from_uci("e2e4")),
    ]


def signal_cases() -> list[Case]:
    import librosa
    import neurokit2

    return [
        ("librosa note", lambda: librosa.note_to_hz("A4")),
        ("neurokit", lambda: neurokit2.ecg_simulate(2, 100)),
    ]


def particle_cases() -> list[Case]:
    import hist
    import particle
    import pyhf
    import vector

    return [
        ("particle", lambda: particle.Particle.from_pdgid(211)),
        ("particle id", lambda: particle.PDGID(211)),
        ("hist", lambda: hist.Hist.new.Reg(4, 0, 1, name="x").Double().fill([0.5])),
        ("vector", lambda: vector.obj(x=1, y=2)),
        ("vector array", lambda: vector.array({"x": [1.0], "y": [2.0]})),
        ("pyhf model", lambda: pyhf.simplemodels.uncorrelated_background([1.0], [2.0], [3.0])),
        (
            "pyhf workspace",
            lambda: pyhf.Workspace.build(
                pyhf.simplemodels.uncorrelated_background([1.0], [2.0], [3.0]), [3.0]
            ),
        ),
    ]


def index_cases() -> list[Case]:
    import hnswlib

    def index() -> Any:
        made = hnswlib.Index("l2", 4)
        made.init_index(100)
        made.add_items(X.astype("float32"))
        return made

    return [("hnswlib", index)]


def graph_cases() -> list[Case]:
    import igraph
    import leidenalg

    return [
        (
            "leidenalg",
            lambda: (
                leidenalg.find_partition(
                    igraph.Graph.Famous("Zachary"), leidenalg.ModularityVertexPartition
                ).membership
            ),
        )
    ]


MAKERS: dict[str, Callable[[], list[Case]]] = {
    "MDAnalysis": molecule_cases,
    "metpy": metpy_cases,
    "skyfield": sky_cases,
    "unyt": unyt_cases,
    "cftime": time_cases,
    "nibabel": image_cases,
    "meshio": mesh_cases,
    "pyomo": plan_cases,
    "casadi": casadi_cases,
    "pyswarms": swarm_cases,
    "whoosh": search_cases,
    "geopy": place_cases,
    "phonenumbers": people_cases,
    "chess": game_cases,
    "librosa": signal_cases,
    "particle": particle_cases,
    "ftfy": word_cases,
    "hnswlib": index_cases,
    "leidenalg": graph_cases,
}
LIBRARIES = tuple(MAKERS)
CASES = installed(MAKERS)
