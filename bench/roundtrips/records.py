"""Configurations, texts, schemas, and what web and command line libraries hand around."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from sklearn.datasets import make_classification, make_regression
from worker import Case, installed

LIBRARIES = (
    "flair",
    "omegaconf",
    "textblob",
    "sklearn-crfsuite",
    "tiktoken",
    "bertopic",
    "pandera",
    "whylogs",
    "mlflow-skinny",
    "httpx",
    "yarl",
    "multidict",
    "fastapi",
    "cachetools",
    "rich",
    "click",
    "jinja2",
    "markupsafe",
    "packaging",
    "holidays",
    "formulaic",
    "beautifulsoup4",
    "simpy",
    "mesa",
)
X, y = make_classification(60, 6, random_state=0)
XR, yr = make_regression(60, 5, random_state=0)
F = pd.DataFrame(XR, columns=list("abcde"))


def omegaconf_cases() -> list[Case]:

    from omegaconf import OmegaConf

    return [
        ("omegaconf dict", lambda: OmegaConf.create({"a": {"b": [1, 2, "x"]}, "c": "${a.b}"})),
        ("omegaconf list", lambda: OmegaConf.create([1, {"a": 2}])),
        (
            "omegaconf flags",
            lambda: (lambda c: (OmegaConf.set_readonly(c, True), c)[1])(OmegaConf.create({"a": 1})),
        ),
        ("omegaconf container", lambda: OmegaConf.to_container(OmegaConf.create({"a": 1}))),
    ]


def textblob_cases() -> list[Case]:
    from textblob import TextBlob, Word
    from textblob.classifiers import NaiveBayesClassifier

    return [
        ("textblob blob", lambda: TextBlob("the cat sat")),
        ("textblob word", lambda: Word("cats")),
        (
            "textblob bayes",
            lambda: NaiveBayesClassifier(
                [({"a": 1}, "p"), ({"a": 2}, "n")], feature_extractor=dict
            ),
        ),
    ]


def sklearn_crfsuite_cases() -> list[Case]:
    import sklearn_crfsuite as c

    return [
        (
            "sklearn_crfsuite",
            lambda: c.CRF(max_iterations=3).fit([[{"a": 1.0}, {"b": 1.0}]], [["X", "Y"]]),
        ),
        ("sklearn_crfsuite unfit", lambda: c.CRF()),
        ("sklearn_crfsuite c", lambda: c.CRF(c1=0.1)),
    ]


def tiktoken_cases() -> list[Case]:
    import tiktoken

    return [
        (
            "tiktoken enc",
            lambda: tiktoken.Encoding(
                "x",
                pat_str="\\w+",
                mergeable_ranks={bytes([i]): i for i in range(256)},
                special_tokens={},
            ),
        )
    ]


def bertopic_cases() -> list[Case]:
    from bertopic import BERTopic
    from bertopic.vectorizers import ClassTfidfTransformer

    return [
        ("bertopic ctfidf", lambda: ClassTfidfTransformer()),
        ("bertopic model", lambda: BERTopic(embedding_model=None)),
    ]


def pandera_cases() -> list[Case]:
    import pandera.pandas as pa

    return [
        (
            "pandera schema",
            lambda: pa.DataFrameSchema(
                {"a": pa.Column(int, pa.Check.gt(0)), "b": pa.Column(str, nullable=True)}
            ),
        ),
        ("pandera col", lambda: pa.Column(float)),
        ("pandera check", lambda: pa.Check.isin([1, 2])),
    ]


def whylogs_cases() -> list[Case]:
    import whylogs as w

    return [
        ("whylogs view", lambda: w.log(pd.DataFrame({"a": [1, 2]})).view()),
        ("whylogs schema", lambda: w.core.schema.DatasetSchema()),
        ("whylogs res", lambda: w.core.datatypes.Fractional()),
    ]


def mlflow_cases() -> list[Case]:
    import mlflow.models
    import mlflow.types

    return [
        ("mlflow sig", lambda: mlflow.models.infer_signature(F, yr)),
        ("mlflow schema", lambda: mlflow.types.Schema([mlflow.types.ColSpec("double", "a")])),
        ("mlflow entity", lambda: mlflow.entities.Metric("a", 1.0, 0, 0)),
        ("mlflow run", lambda: mlflow.entities.RunTag("a", "b")),
    ]


def httpx_cases() -> list[Case]:
    import httpx

    return [
        ("httpx headers", lambda: httpx.Headers({"a": "b"})),
        ("httpx url", lambda: httpx.URL("http://a/b")),
        ("httpx resp", lambda: httpx.Response(200, content=b"x")),
        ("httpx req", lambda: httpx.Request("GET", "http://a")),
    ]


def yarl_cases() -> list[Case]:
    import yarl

    return [("yarl", lambda: yarl.URL("http://a/b?c=d"))]


def multidict_cases() -> list[Case]:
    import multidict as m

    return [("multidict", lambda: m.CIMultiDict(a="b"))]


def fastapi_cases() -> list[Case]:
    import fastapi

    return [
        ("fastapi exc", lambda: fastapi.HTTPException(404, "x")),
        ("fastapi data", lambda: __import__("starlette").datastructures.Headers({"a": "b"})),
        ("fastapi url", lambda: __import__("starlette").datastructures.URL("http://a/b")),
    ]


def cachetools_cases() -> list[Case]:
    import cachetools as c

    return [
        ("cachetools lru", lambda: (lambda made: (made.update(a=1), made)[1])(c.LRUCache(4))),
        ("cachetools ttl", lambda: c.TTLCache(4, 60)),
        ("cachetools lfu", lambda: c.LFUCache(3)),
    ]


def rich_cases() -> list[Case]:
    from rich.style import Style
    from rich.table import Table
    from rich.text import Text

    return [
        ("rich text", lambda: Text("a", style="bold")),
        ("rich style", lambda: Style(bold=True)),
        ("rich table", lambda: Table("a")),
    ]


def click_cases() -> list[Case]:
    import click

    return [
        ("click exc", lambda: click.UsageError("x")),
        ("click type", lambda: click.INT),
        ("click choice", lambda: click.Choice(["a"])),
    ]


def jinja2_cases() -> list[Case]:
    import jinja2

    return [
        ("jinja2 jinja err", lambda: jinja2.TemplateNotFound("x")),
        ("jinja2 jinja undef", lambda: jinja2.Undefined(name="x")),
    ]


def markupsafe_cases() -> list[Case]:
    import markupsafe

    return [("markupsafe markup", lambda: markupsafe.Markup("<b>"))]


def packaging_cases() -> list[Case]:
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    return [
        ("packaging ver", lambda: Version("1.2")),
        ("packaging req", lambda: Requirement("a>1;python_version>'3'")),
        ("packaging spec", lambda: SpecifierSet(">1")),
    ]


def holidays_cases() -> list[Case]:
    import holidays

    return [
        ("holidays us", lambda: holidays.US(years=2024)),
        ("holidays", lambda: holidays.country_holidays("FR")),
    ]


def formulaic_cases() -> list[Case]:
    import formulaic

    return [
        ("formulaic", lambda: formulaic.Formula("y ~ a + C(b)")),
        (
            "formulaic spec",
            lambda: (
                formulaic.model_matrix(
                    "a + b", pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
                ).model_spec
            ),
        ),
    ]


def bs4_cases() -> list[Case]:
    import bs4

    return [("beautifulsoup", lambda: bs4.BeautifulSoup("<p>a</p>", "html.parser"))]


def simpy_cases() -> list[Case]:
    import simpy

    return [("simpy env", lambda: simpy.Environment())]


def mesa_cases() -> list[Case]:
    import mesa

    return [
        ("mesa model", lambda: mesa.Model(seed=1)),
        ("mesa grid", lambda: mesa.space.MultiGrid(3, 3, True)),
        ("mesa dc", lambda: mesa.DataCollector()),
    ]


def flair_cases() -> list[Case]:
    from flair.data import Corpus, Dictionary, Sentence
    from flair.embeddings import DocumentPoolEmbeddings, OneHotEmbeddings, StackedEmbeddings
    from flair.models import SequenceTagger, TextClassifier

    def words() -> Any:
        made = Dictionary()
        for word in ("the", "cat", "sat"):
            made.add_item(word)
        return made

    def sentence() -> Any:
        made = Sentence("The cat sat.")
        made[1].add_label("pos", "NOUN")
        return made

    def tagger() -> Any:
        return SequenceTagger(
            hidden_size=4,
            embeddings=StackedEmbeddings([OneHotEmbeddings(words(), embedding_length=3)]),
            tag_dictionary=words(),
            tag_type="pos",
        )

    def classifier() -> Any:
        embeddings = DocumentPoolEmbeddings([OneHotEmbeddings(words(), embedding_length=3)])
        return TextClassifier(embeddings, label_dictionary=words(), label_type="topic")

    return [
        ("flair dictionary", words),
        ("flair sentence", sentence),
        ("flair corpus", lambda: Corpus(train=[sentence()], dev=[sentence()], test=[sentence()])),
        ("flair tagger", tagger),
        ("flair tagger state", lambda: tagger()._get_state_dict()),
        ("flair classifier", classifier),
    ]


MAKERS: dict[str, Callable[[], list[Case]]] = {
    "flair": flair_cases,
    "omegaconf": omegaconf_cases,
    "textblob": textblob_cases,
    "sklearn_crfsuite": sklearn_crfsuite_cases,
    "tiktoken": tiktoken_cases,
    "bertopic": bertopic_cases,
    "pandera": pandera_cases,
    "whylogs": whylogs_cases,
    "mlflow": mlflow_cases,
    "httpx": httpx_cases,
    "yarl": yarl_cases,
    "multidict": multidict_cases,
    "fastapi": fastapi_cases,
    "cachetools": cachetools_cases,
    "rich": rich_cases,
    "click": click_cases,
    "jinja2": jinja2_cases,
    "markupsafe": markupsafe_cases,
    "packaging": packaging_cases,
    "holidays": holidays_cases,
    "formulaic": formulaic_cases,
    "bs4": bs4_cases,
    "simpy": simpy_cases,
    "mesa": mesa_cases,
}
CASES = installed(MAKERS)
