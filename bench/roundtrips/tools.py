"""Everyday libraries: graphs, symbols, units, columns, validation, zones, sessions, tuning."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
from worker import Case, installed

LIBRARIES = (
    *(
        "networkx",
        "sympy",
        "pint",
        "xarray",
        "astropy",
        "pyarrow",
        "polars",
        "shapely",
        "geopandas",
    ),
    *("attrs", "pydantic", "msgspec", "sqlalchemy", "requests", "python-dateutil", "pytz", "nltk"),
    *("gensim", "spacy", "optuna", "gymnasium", "stable-baselines3", "dask", "regex", "numba"),
    *(
        "torch-geometric",
        "lightning",
        "pytorch-lightning",
        "torchmetrics",
        "matplotlib",
        "omegaconf",
    ),
    *("beautifulsoup4", "lxml", "django", "jinja2", "pyyaml", "rdkit", "keras", "plotly"),
)


def networkx_cases() -> list[Case]:
    import networkx as nx

    def attributed() -> Any:
        graph = nx.path_graph(4)
        graph.nodes[0]["x"] = np.arange(2)
        graph.add_edge(0, 3, weight=2.5)
        return graph

    return [
        ("networkx Graph", attributed),
        ("networkx DiGraph", lambda: nx.DiGraph([(1, 2)])),
        ("networkx MultiDiGraph", lambda: nx.MultiDiGraph([(1, 2), (1, 2)])),
        ("networkx karate", nx.karate_club_graph),
        (
            "networkx views",
            lambda: [attributed().nodes, attributed().edges, attributed().adj, attributed().degree],
        ),
        ("networkx frozen", lambda: nx.freeze(nx.path_graph(3))),
        ("networkx subgraph", lambda: nx.path_graph(4).subgraph([0, 1]).copy()),
        ("networkx tree", lambda: nx.minimum_spanning_tree(attributed())),
    ]


def sympy_cases() -> list[Case]:
    import sympy as s

    x, y = s.symbols("x y", positive=True)
    return [
        ("sympy Symbol", lambda: x),
        ("sympy expression", lambda: s.sin(x) ** 2 + s.Rational(1, 3) * y + s.pi + s.I + s.E),
        ("sympy Float", lambda: [s.Float(1.5), s.Integer(7), s.oo, s.nan, s.S.Half]),
        ("sympy Matrix", lambda: s.Matrix([[x, 1], [2, y]])),
        ("sympy ImmutableMatrix", lambda: s.ImmutableMatrix([[x]])),
        ("sympy Eq", lambda: [s.Eq(x, y), x < y, s.And(x > 1, y > 1)]),
        ("sympy Integral", lambda: [s.Integral(x, (x, 0, 1)), s.Derivative(s.Function("f")(x), x)]),
        ("sympy Piecewise", lambda: s.Piecewise((x, x > 1), (0, True))),
        ("sympy Poly", lambda: s.Poly(x**2 + 1, x)),
        ("sympy Dummy", lambda: s.Dummy("d")),
        ("sympy sets", lambda: [s.Interval(0, 1), s.FiniteSet(1, 2), s.S.Reals]),
        ("sympy geometry", lambda: [s.Point(1, 2), s.Circle(s.Point(0, 0), 1)]),
        ("sympy Function", lambda: s.Function("f")),
        ("sympy logic", lambda: [s.true, s.false]),
        ("sympy units", lambda: __import__("sympy.physics.units").physics.units.meter),
    ]


def pint_cases() -> list[Case]:
    import pint

    units = pint.UnitRegistry()
    pint.set_application_registry(units)
    return [
        ("pint quantity", lambda: units.Quantity(3.0, "m/s")),
        ("pint array", lambda: units.Quantity(np.arange(3), "kg")),
        ("pint unit", lambda: units.Unit("m")),
        ("pint measurement", lambda: units.Quantity(1, "m").to("cm")),
    ]


def xarray_cases() -> list[Case]:
    import pandas as pd
    import xarray as xr

    array = xr.DataArray(
        np.eye(3), dims=("a", "b"), coords={"a": [1, 2, 3]}, name="n", attrs={"u": 1}
    )
    return [
        ("xarray DataArray", lambda: array),
        (
            "xarray Dataset",
            lambda: array.to_dataset().assign(t=("a", pd.date_range("2024", periods=3))),
        ),
        ("xarray Variable", lambda: array.variable),
        ("xarray groupby", lambda: array.groupby("a")),
        ("xarray coordinates", lambda: array.coords),
    ]


def astropy_cases() -> list[Case]:
    import astropy.units as u
    from astropy.coordinates import SkyCoord
    from astropy.table import Table
    from astropy.time import Time, TimeDelta
    from astropy.wcs import WCS

    return [
        ("astropy Quantity", lambda: [3 * u.m, np.arange(3) * u.km / u.s]),
        ("astropy units", lambda: [u.m, u.kg * u.m / u.s**2, u.mag, u.dimensionless_unscaled]),
        ("astropy Time", lambda: [Time("2024-01-01"), TimeDelta(3 * u.s)]),
        ("astropy SkyCoord", lambda: SkyCoord(1 * u.deg, 2 * u.deg)),
        ("astropy Table", lambda: Table({"a": [1, 2], "b": ["x", "y"]})),
        ("astropy WCS", lambda: WCS(naxis=2)),
        ("astropy constants", lambda: __import__("astropy.constants").constants.c),
        (
            "astropy model",
            lambda: __import__("astropy.modeling.models").modeling.models.Gaussian1D(1, 2, 3),
        ),
    ]


def arrow_cases() -> list[Case]:
    import pyarrow as pa

    return [
        ("pyarrow array", lambda: pa.array([1, None, 3])),
        ("pyarrow table", lambda: pa.table({"a": [1, 2], "b": ["x", "y"]})),
        ("pyarrow chunked", lambda: pa.chunked_array([[1], [2]])),
        ("pyarrow schema", lambda: pa.schema([("a", pa.int32()), ("b", pa.list_(pa.string()))])),
        ("pyarrow types", lambda: [pa.int64(), pa.string(), pa.timestamp("ns", "UTC"), pa.struct([("a", pa.int8())]),
                                   pa.dictionary(pa.int8(), pa.string()), pa.decimal128(5, 2)]),
        ("pyarrow batch", lambda: pa.RecordBatch.from_pydict({"a": [1]})),
        ("pyarrow scalar", lambda: pa.scalar(3)),
        ("pyarrow buffer", lambda: pa.py_buffer(b"abc")),
    ]  # fmt: skip


def polars_cases() -> list[Case]:
    import polars as pl

    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None], "c": [1.5, 2.5]})
    return [
        ("polars frame", lambda: frame),
        ("polars series", lambda: frame["b"]),
        ("polars lazy", lambda: frame.lazy().filter(pl.col("a") > 1)),
        ("polars expression", lambda: pl.col("a").sum().over("b")),
        (
            "polars types",
            lambda: [pl.Int64, pl.Utf8, pl.Datetime("us"), pl.List(pl.Int8), pl.Enum(["a"])],
        ),
        ("polars schema", lambda: frame.schema),
    ]


def geometry_cases() -> list[Case]:
    import shapely
    from shapely.geometry import LineString, MultiPoint, Point, Polygon

    found: list[Case] = [
        (
            "shapely",
            lambda: [Point(1, 2), LineString([(0, 0), (1, 1)]), Polygon([(0, 0), (1, 0), (1, 1)])],
        ),
        (
            "shapely collection",
            lambda: shapely.GeometryCollection([Point(0, 0), MultiPoint([(1, 2)])]),
        ),
        ("shapely prepared", lambda: shapely.STRtree([Point(0, 0), Point(1, 1)])),
    ]
    if importlib.util.find_spec("geopandas"):
        import geopandas

        found += [
            (
                "geopandas frame",
                lambda: geopandas.GeoDataFrame({"a": [1]}, geometry=[Point(1, 2)], crs="EPSG:4326"),
            ),
            ("geopandas series", lambda: geopandas.GeoSeries([Point(1, 2)])),
            ("pyproj CRS", lambda: __import__("pyproj").CRS("EPSG:4326")),
            ("pyproj Transformer", lambda: __import__("pyproj").Transformer.from_crs(4326, 3857)),
        ]
    return found


def attrs_cases() -> list[Case]:
    import declared

    return [(f"attrs {type(v).__name__}", lambda v=v: v) for v in declared.attrs_objects()]


def pydantic_cases() -> list[Case]:
    import declared

    return [(f"pydantic {type(v).__name__}", lambda v=v: v) for v in declared.pydantic_objects()]


def msgspec_cases() -> list[Case]:
    import declared

    return [(f"msgspec {type(v).__name__}", lambda v=v: v) for v in declared.msgspec_objects()]


def dataclass_cases() -> list[Case]:
    import declared

    return [(f"dataclass {type(v).__name__}", lambda v=v: v) for v in declared.dataclass_objects()
            if dataclasses.is_dataclass(v)]  # fmt: skip


def sqlalchemy_cases() -> list[Case]:
    import declared
    import sqlalchemy as sa

    def rows() -> Any:
        with sa.create_engine("sqlite://").connect() as connection:
            return connection.execute(sa.text("select 1 as a, 'x' as b")).fetchall()

    table = sa.Table(
        "t",
        sa.MetaData(),
        sa.Column("a", sa.Integer, primary_key=True),
        sa.Column("b", sa.String(9)),
    )
    return [
        ("sqlalchemy rows", rows),
        ("sqlalchemy table", lambda: table),
        ("sqlalchemy select", lambda: sa.select(table.c.a).where(table.c.b == "x")),
        ("sqlalchemy mapped", lambda: declared.mapped_object()),
        ("sqlalchemy url", lambda: sa.make_url("sqlite:///x")),
    ]


def requests_cases() -> list[Case]:
    import requests

    def response() -> Any:
        made = requests.Response()
        made._content, made.status_code, made.url = b"{}", 200, "http://localhost/"
        made.request = requests.Request("GET", "http://localhost/").prepare()
        return made

    return [
        ("requests Session", requests.Session),
        ("requests Response", response),
        ("requests cookies", lambda: requests.cookies.cookiejar_from_dict({"a": "b"})),
        ("requests errors", lambda: requests.HTTPError("no", response=None)),
        ("requests adapter", lambda: requests.adapters.HTTPAdapter(max_retries=3)),
        ("urllib3 Retry", lambda: __import__("urllib3").Retry(3)),
    ]


def zone_cases() -> list[Case]:
    import datetime

    import dateutil.parser
    import dateutil.relativedelta
    import dateutil.rrule
    import dateutil.tz
    import pytz

    now = datetime.datetime(2024, 1, 2)
    return [
        ("dateutil gettz", lambda: dateutil.tz.gettz("Europe/Paris")),
        (
            "dateutil zones",
            lambda: [dateutil.tz.tzutc(), dateutil.tz.tzoffset("x", 60), dateutil.tz.tzlocal()],
        ),
        ("dateutil relativedelta", lambda: dateutil.relativedelta.relativedelta(months=1)),
        ("dateutil rrule", lambda: dateutil.rrule.rrule(3, count=2, dtstart=now)),
        ("pytz zones", lambda: [pytz.utc, pytz.timezone("US/Eastern"), pytz.FixedOffset(60)]),
        ("pytz aware", lambda: pytz.timezone("US/Eastern").localize(now)),
    ]


def nltk_cases() -> list[Case]:
    import nltk
    from nltk.stem import PorterStemmer, SnowballStemmer

    train = [({"a": 1}, "x"), ({"a": 2}, "y")]
    grammar = nltk.CFG.fromstring("S -> A\nA -> 'a'")
    tagged = [[("the", "DT"), ("cat", "NN")]]
    return [
        ("nltk stemmers", lambda: [PorterStemmer(), SnowballStemmer("english")]),
        ("nltk bayes", lambda: nltk.NaiveBayesClassifier.train(train)),
        ("nltk freq", lambda: nltk.FreqDist("hello")),
        ("nltk conditional freq", lambda: nltk.ConditionalFreqDist([("a", 1)])),
        ("nltk tree", lambda: nltk.Tree.fromstring("(S (A a))")),
        ("nltk grammar", lambda: grammar),
        ("nltk tagger", lambda: nltk.UnigramTagger(tagged)),
        ("nltk backoff", lambda: nltk.BigramTagger(tagged, backoff=nltk.DefaultTagger("NN"))),
        ("nltk punkt", lambda: nltk.tokenize.punkt.PunktSentenceTokenizer("A b. C d. E f.")),
        ("nltk regexp", lambda: nltk.RegexpTokenizer(r"\w+")),
        ("nltk lm", lambda: nltk.lm.MLE(2)),
    ]


def gensim_cases() -> list[Case]:
    import gensim

    texts = [["cat", "dog", "bird"], ["cat", "cow"], ["dog", "cow", "cat"]] * 3
    words = gensim.corpora.Dictionary(texts)
    bags = [words.doc2bow(text) for text in texts]
    small: dict[str, Any] = {"vector_size": 4, "min_count": 1, "epochs": 1}
    tagged = [gensim.models.doc2vec.TaggedDocument(t, [i]) for i, t in enumerate(texts)]
    return [
        ("gensim Dictionary", lambda: words),
        ("gensim Word2Vec", lambda: gensim.models.Word2Vec(texts, **small)),
        ("gensim KeyedVectors", lambda: gensim.models.Word2Vec(texts, **small).wv),
        ("gensim FastText", lambda: gensim.models.FastText(texts, **small, bucket=50)),
        ("gensim Doc2Vec", lambda: gensim.models.Doc2Vec(tagged, **small)),
        ("gensim Lda", lambda: gensim.models.LdaModel(bags, 2, words)),
        ("gensim Tfidf", lambda: gensim.models.TfidfModel(bags)),
        ("gensim Lsi", lambda: gensim.models.LsiModel(bags, 2, words)),
        ("gensim Phrases", lambda: gensim.models.Phrases(texts, min_count=1)),
    ]


def spacy_cases() -> list[Case]:
    import spacy

    def pipeline() -> Any:
        nlp = spacy.blank("en")
        nlp.add_pipe("sentencizer")
        ruler = nlp.add_pipe("entity_ruler")
        ruler.add_patterns([{"label": "X", "pattern": "cat"}])
        return nlp

    def matcher() -> Any:
        made = spacy.matcher.Matcher(spacy.blank("en").vocab)
        made.add("a", [[{"LOWER": "cat"}]])
        return made

    return [
        ("spacy blank", lambda: spacy.blank("en")),
        ("spacy pipeline", pipeline),
        ("spacy Doc", lambda: pipeline()("The cat sat. It ran.")),
        ("spacy Vocab", lambda: spacy.blank("en").vocab),
        ("spacy matcher", matcher),
        ("spacy tokenizer", lambda: spacy.blank("en").tokenizer),
        ("spacy StringStore", lambda: spacy.strings.StringStore(["a"])),
    ]


def optuna_cases() -> list[Case]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def study() -> Any:
        made = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
        made.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
        return made

    return [
        ("optuna study", study),
        ("optuna trials", lambda: study().trials),
        ("optuna samplers", lambda: [optuna.samplers.TPESampler(seed=1), optuna.pruners.MedianPruner()]),
        ("optuna distributions", lambda: [optuna.distributions.FloatDistribution(0.1, 1, log=True),
                                          optuna.distributions.CategoricalDistribution(["a"])]),
    ]  # fmt: skip


def gymnasium_cases() -> list[Case]:
    import gymnasium as gym

    s = gym.spaces
    return [
        ("gymnasium spaces", lambda: [s.Box(0, 1, (2,)), s.Discrete(3), s.MultiBinary(2), s.MultiDiscrete([2, 3]),
                                      s.Text(4), s.Dict(a=s.Discrete(2)), s.Tuple([s.Discrete(2)])]),
        ("gymnasium sampled", lambda: (lambda b: (b.seed(1), b.sample(), b)[2])(s.Box(0, 1, (2,)))),
        ("gymnasium env", lambda: gym.make("CartPole-v1")),
        ("gymnasium spec", lambda: gym.spec("CartPole-v1")),
    ]  # fmt: skip


def baselines_cases() -> list[Case]:
    import gymnasium as gym
    from stable_baselines3 import DQN, PPO
    from stable_baselines3.common.buffers import ReplayBuffer
    from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

    box = gym.spaces.Box(0, 1, (2,))
    return [
        (
            "stable_baselines3 policy",
            lambda: PPO("MlpPolicy", "CartPole-v1", n_steps=8, device="cpu").policy,
        ),
        (
            "stable_baselines3 q network",
            lambda: DQN("MlpPolicy", "CartPole-v1", buffer_size=9, device="cpu").q_net,
        ),
        (
            "stable_baselines3 replay",
            lambda: ReplayBuffer(9, box, gym.spaces.Discrete(2), device="cpu"),
        ),
        (
            "stable_baselines3 normalize",
            lambda: VecNormalize(DummyVecEnv([lambda: gym.make("CartPole-v1")])),
        ),
    ]


def dask_cases() -> list[Case]:
    import dask
    import dask.array

    return [
        ("dask array", lambda: dask.array.ones((4, 4), chunks=2)),
        ("dask delayed", lambda: dask.delayed(sum)([1, 2])),
    ]


def regex_cases() -> list[Case]:
    import regex

    return [("regex pattern", lambda: regex.compile(r"\p{L}+"))]


def geometric_cases() -> list[Case]:
    import torch
    from torch_geometric.data import Batch, Data, HeteroData
    from torch_geometric.nn import GATConv, GCNConv

    graph = Data(x=torch.ones(3, 2), edge_index=torch.tensor([[0, 1], [1, 2]]))
    return [
        ("torch_geometric Data", lambda: graph),
        ("torch_geometric Batch", lambda: Batch.from_data_list([graph, graph])),
        ("torch_geometric HeteroData", lambda: HeteroData(a={"x": torch.ones(2, 2)})),
        ("torch_geometric layers", lambda: [GCNConv(2, 2), GATConv(2, 2)]),
    ]


def lightning_cases() -> list[Case]:
    import torchmetrics

    return [("torchmetrics", lambda: torchmetrics.MetricCollection([torchmetrics.MeanSquaredError()])),
            ("torchmetrics accuracy", lambda: torchmetrics.Accuracy("multiclass", num_classes=3))]  # fmt: skip


def figure_cases() -> list[Case]:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.colors
    from matplotlib.figure import Figure

    def drawn() -> Any:
        figure = Figure()
        figure.subplots().plot([1, 2], label="a")
        return figure

    return [("matplotlib figure", drawn), ("matplotlib norm", lambda: matplotlib.colors.LogNorm(1, 2)),
            ("matplotlib colormap", lambda: matplotlib.colormaps["viridis"])]  # fmt: skip


def small_cases() -> list[Case]:
    found: list[Case] = []
    if importlib.util.find_spec("omegaconf"):
        import omegaconf

        found.append(("omegaconf", lambda: omegaconf.OmegaConf.create({"a": {"b": [1]}})))
    if importlib.util.find_spec("plotly"):
        import plotly.graph_objects as go

        found.append(("plotly figure", lambda: go.Figure(go.Scatter(y=[1, 2]))))
    if importlib.util.find_spec("bs4"):
        import bs4

        found.append(("beautifulsoup", lambda: bs4.BeautifulSoup("<p>a</p>", "html.parser")))
    if importlib.util.find_spec("rdkit"):
        from rdkit import Chem

        found.append(("rdkit molecule", lambda: Chem.MolFromSmiles("CCO")))
    return found


MAKERS: dict[str, Callable[[], list[Case]]] = {
    "networkx": networkx_cases,
    "sympy": sympy_cases,
    "pint": pint_cases,
    "xarray": xarray_cases,
    "astropy": astropy_cases,
    "pyarrow": arrow_cases,
    "polars": polars_cases,
    "shapely": geometry_cases,
    "attrs": attrs_cases,
    "pydantic": pydantic_cases,
    "msgspec": msgspec_cases,
    "dataclasses": dataclass_cases,
    "sqlalchemy": sqlalchemy_cases,
    "requests": requests_cases,
    "pytz": zone_cases,
    "nltk": nltk_cases,
    "gensim": gensim_cases,
    "spacy": spacy_cases,
    "optuna": optuna_cases,
    "gymnasium": gymnasium_cases,
    "stable_baselines3": baselines_cases,
    "dask": dask_cases,
    "regex": regex_cases,
    "torch_geometric": geometric_cases,
    "torchmetrics": lightning_cases,
    "matplotlib": figure_cases,
    "types": small_cases,
}
CASES = installed(MAKERS)
