"""scikit-learn pipelines with functions, scorers, searches and the program's own parts."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pandas as pd
import sklearn.metrics
from scipy.stats import loguniform, randint
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import DBSCAN, KMeans
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.datasets import load_iris, make_classification
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, f_classif, mutual_info_classif
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV, StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neighbors import BallTree, KDTree, KNeighborsClassifier, NearestNeighbors
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from worker import Case

LIBRARIES = ("scikit-learn", "joblib")
X, y = make_classification(60, 6, random_state=0)
WORDS = ["the cat sat", "the dog ran", "a bird flew", "a cat ran"]
FRAME = pd.DataFrame({"n": np.arange(60.0), "c": ["a", "b"] * 30, "t": WORDS * 15})


def halve(values: Any) -> Any:
    return values / 2


def split(text: str) -> list[str]:
    return text.split()


def closeness(true: Any, predicted: Any) -> float:
    return float(np.mean(true == predicted))


class Clip(TransformerMixin, BaseEstimator):
    def __init__(self, low: float = 0.0, high: float = 1.0) -> None:
        self.low = low
        self.high = high

    def fit(self, X: Any, y: Any = None) -> Clip:
        self.seen_ = X.shape
        return self

    def transform(self, X: Any) -> Any:
        return np.clip(X, self.low, self.high)


def mixed() -> Any:
    return make_pipeline(
        ColumnTransformer(
            [
                ("n", make_pipeline(SimpleImputer(), StandardScaler()), ["n"]),
                ("c", OneHotEncoder(handle_unknown="ignore"), ["c"]),
                ("t", TfidfVectorizer(), "t"),
                ("s", "passthrough", make_column_selector(dtype_include="number")),
            ]
        ),
        LogisticRegression(),
    ).fit(FRAME, y)


def search() -> Any:
    return GridSearchCV(SVC(), {"C": [1, 2]}, cv=2, scoring=make_scorer(closeness)).fit(X, y)


def randomized() -> Any:
    space = {
        "max_depth": randint(1, 4),
        "min_samples_leaf": [1, 2],
        "ccp_alpha": loguniform(0.01, 1),
    }
    return RandomizedSearchCV(DecisionTreeClassifier(), space, n_iter=2, cv=2, random_state=0).fit(
        X, y
    )


def process() -> Any:
    kernel = ConstantKernel() * RBF() + WhiteKernel() + Matern()
    return GaussianProcessRegressor(kernel, optimizer=None).fit(X, y)


BASIC = (
    LogisticRegression(), RandomForestClassifier(5), GradientBoostingClassifier(n_estimators=5),
    HistGradientBoostingClassifier(max_iter=5), SVC(probability=True), KMeans(2), DBSCAN(), PCA(2),
    KNeighborsClassifier(), NearestNeighbors(), MLPClassifier(max_iter=5), GaussianNB(), Ridge(),
    IsolationForest(n_estimators=5), SGDClassifier(), KNNImputer(), TruncatedSVD(2), OrdinalEncoder(),
    CalibratedClassifierCV(GaussianNB(), cv=2), OneVsRestClassifier(SVC()), Clip(),
    SelectKBest(f_classif, k=2), SelectKBest(functools.partial(mutual_info_classif, random_state=0), k=2),
)  # fmt: skip

CASES: list[Case] = [
    *((f"fitted {type(e).__name__}", lambda e=e: e.fit(X, y)) for e in BASIC),
    ("mixed columns", mixed),
    (
        "ufunc transformer",
        lambda: make_pipeline(FunctionTransformer(np.log1p, np.expm1), PCA(2)).fit(abs(X)),
    ),
    ("numpy function transformer", lambda: FunctionTransformer(np.nan_to_num).fit(X)),
    ("own function transformer", lambda: FunctionTransformer(halve).fit(X)),
    (
        "partial transformer",
        lambda: FunctionTransformer(functools.partial(np.clip, a_min=0, a_max=1)),
    ),
    ("pandas method transformer", lambda: FunctionTransformer(pd.DataFrame.to_numpy)),
    ("builtin transformer", lambda: FunctionTransformer(abs)),
    ("own tokenizer", lambda: TfidfVectorizer(tokenizer=split, token_pattern=None).fit(WORDS)),
    ("str.split tokenizer", lambda: CountVectorizer(tokenizer=str.split).fit(WORDS)),
    ("str.lower preprocessor", lambda: CountVectorizer(preprocessor=str.lower).fit(WORDS)),
    ("HashingVectorizer", lambda: HashingVectorizer(n_features=16)),
    (
        "text pipeline",
        lambda: Pipeline([("v", CountVectorizer()), ("m", MultinomialNB())]).fit(
            WORDS, [0, 1, 0, 1]
        ),
    ),
    ("union", lambda: FeatureUnion([("a", PCA(1)), ("b", StandardScaler())]).fit(X)),
    ("voting", lambda: VotingClassifier([("a", GaussianNB()), ("b", SVC())]).fit(X, y)),
    (
        "stacking",
        lambda: StackingClassifier([("a", GaussianNB())], LogisticRegression(), cv=2).fit(X, y),
    ),
    ("grid search", search),
    ("random search", randomized),
    (
        "target transform",
        lambda: TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1).fit(X, y),
    ),
    ("gaussian process", process),
    ("isotonic", lambda: IsotonicRegression().fit(X[:, 0], y)),
    ("scorer", lambda: make_scorer(sklearn.metrics.f1_score, average="macro")),
    ("own scorer", lambda: make_scorer(closeness)),
    ("named scorer", lambda: sklearn.metrics.get_scorer("roc_auc")),
    (
        "splits",
        lambda: [KFold(3), StratifiedKFold(2, shuffle=True, random_state=np.random.RandomState(0))],
    ),
    ("KDTree", lambda: KDTree(X)),
    ("BallTree", lambda: BallTree(X)),
    ("Bunch", load_iris),
    ("set_output", lambda: StandardScaler().set_output(transform="pandas").fit(FRAME[["n"]])),
    (
        "dict of models",
        lambda: {"model": Ridge().fit(X, y), "columns": ["a"], "threshold": np.float64(0.5)},
    ),
]
