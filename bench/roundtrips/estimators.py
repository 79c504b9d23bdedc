"""Libraries that follow scikit-learn's interface, and statsmodels, lifelines, prophet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression, Ridge
from worker import Case, installed

LIBRARIES = (
    *(
        "statsmodels",
        "imbalanced-learn",
        "category_encoders",
        "umap-learn",
        "hdbscan",
        "pynndescent",
    ),
    *("skorch", "sktime", "prophet", "lifelines", "pygam", "pyod", "mapie", "hmmlearn", "implicit"),
    *("feature-engine", "river", "tsfresh"),
)
X, y = make_classification(80, 6, random_state=0)
FRAME = pd.DataFrame({"a": np.arange(80.0), "c": ["u", "v"] * 40, "y": y})
SERIES = pd.Series(np.sin(np.arange(48.0)), index=pd.period_range("2020-01", periods=48, freq="M"))
DAYS = pd.DataFrame({"ds": pd.date_range("2024", periods=40), "y": np.arange(40.0)})


def statsmodels_cases() -> list[Case]:
    import statsmodels.api as sm
    import statsmodels.formula.api as smf
    from statsmodels.tsa.api import ARIMA, ExponentialSmoothing

    series = pd.Series(np.random.RandomState(0).rand(60))
    return [
        ("statsmodels OLS", lambda: sm.OLS(y, sm.add_constant(X)).fit()),
        ("statsmodels OLS formula", lambda: smf.ols("y ~ a + C(c)", FRAME).fit()),
        ("statsmodels Logit", lambda: sm.Logit(y, X[:, :2]).fit(disp=0)),
        ("statsmodels GLM", lambda: sm.GLM(y, X, family=sm.families.Binomial()).fit()),
        (
            "statsmodels GLM formula",
            lambda: smf.glm("y ~ np.log1p(a)", FRAME, family=sm.families.Poisson()).fit(),
        ),
        ("statsmodels RLM", lambda: sm.RLM(y, X).fit()),
        ("statsmodels ARIMA", lambda: ARIMA(series, order=(1, 0, 0)).fit()),
        ("statsmodels SARIMAX", lambda: sm.tsa.SARIMAX(series, order=(1, 0, 0)).fit(disp=0)),
        ("statsmodels ExponentialSmoothing", lambda: ExponentialSmoothing(series).fit()),
        ("statsmodels MixedLM", lambda: smf.mixedlm("y ~ a", FRAME, groups=FRAME["c"]).fit()),
        ("statsmodels KDE", lambda: sm.nonparametric.KDEUnivariate(series)),
        ("statsmodels ECDF", lambda: sm.distributions.ECDF(series)),
        ("statsmodels unfitted", lambda: sm.OLS(y, X)),
    ]


def imblearn_cases() -> list[Case]:
    from imblearn.combine import SMOTEENN
    from imblearn.ensemble import BalancedRandomForestClassifier
    from imblearn.over_sampling import SMOTE, RandomOverSampler
    from imblearn.pipeline import make_pipeline
    from imblearn.under_sampling import RandomUnderSampler, TomekLinks

    return [
        *((f"imblearn {type(s).__name__}", lambda s=s: (s.fit_resample(X, y), s)[1])
          for s in (SMOTE(), RandomOverSampler(), RandomUnderSampler(), TomekLinks(), SMOTEENN())),
        ("imblearn pipeline", lambda: make_pipeline(SMOTE(), LogisticRegression()).fit(X, y)),
        ("imblearn forest", lambda: BalancedRandomForestClassifier(4).fit(X, y)),
    ]  # fmt: skip


def encoder_cases() -> list[Case]:
    import category_encoders as ce

    names = ("TargetEncoder", "OrdinalEncoder", "OneHotEncoder", "BinaryEncoder", "CatBoostEncoder",
             "HashingEncoder", "LeaveOneOutEncoder", "WOEEncoder", "CountEncoder", "HelmertEncoder",
             "JamesSteinEncoder")  # fmt: skip
    return [
        (f"encoders {n}", lambda n=n: getattr(ce, n)().fit(FRAME[["c"]], FRAME["y"])) for n in names
    ]


def hdbscan_cases() -> list[Case]:
    import hdbscan

    return [("hdbscan", lambda: hdbscan.HDBSCAN(prediction_data=True).fit(X))]


def neighbour_cases() -> list[Case]:
    import pynndescent
    import umap

    return [
        ("umap fitted", lambda: umap.UMAP(n_neighbors=5, n_epochs=5).fit(X)),
        ("umap unfitted", lambda: umap.UMAP()),
        ("pynndescent", lambda: pynndescent.NNDescent(X)),
        (
            "pynndescent transformer",
            lambda: pynndescent.PyNNDescentTransformer(n_neighbors=5).fit(X),
        ),
    ]


def skorch_cases() -> list[Case]:
    import skorch
    import torch

    net = torch.nn.Sequential(torch.nn.Linear(6, 2), torch.nn.Softmax(-1))
    extra = {"max_epochs": 1, "verbose": 0}
    rows = X.astype("float32")
    stop = skorch.callbacks.EarlyStopping(patience=2)
    return [
        ("skorch classifier", lambda: skorch.NeuralNetClassifier(net, **extra).fit(rows, y)),
        (
            "skorch callbacks",
            lambda: skorch.NeuralNetClassifier(net, callbacks=[stop], **extra).fit(rows, y),
        ),
        ("skorch unfitted", lambda: skorch.NeuralNetRegressor(torch.nn.Linear(6, 1), **extra)),
    ]


def sktime_cases() -> list[Case]:
    from sktime.forecasting.compose import make_reduction
    from sktime.forecasting.exp_smoothing import ExponentialSmoothing
    from sktime.forecasting.naive import NaiveForecaster
    from sktime.transformations.series.detrend import Detrender

    return [
        ("sktime naive", lambda: NaiveForecaster(sp=12).fit(SERIES)),
        ("sktime pipeline", lambda: (Detrender() * NaiveForecaster()).fit(SERIES)),
        (
            "sktime reduction",
            lambda: make_reduction(Ridge(), window_length=3).fit(SERIES, fh=[1]),
        ),
        ("sktime smoothing", lambda: ExponentialSmoothing().fit(SERIES)),
    ]


def prophet_cases() -> list[Case]:
    from prophet import Prophet

    return [("prophet fitted", lambda: Prophet().fit(DAYS)), ("prophet unfitted", Prophet)]


def lifelines_cases() -> list[Case]:
    import lifelines

    table = pd.DataFrame(
        {"T": np.arange(1.0, 41), "E": [1, 0] * 20, "x": np.random.RandomState(0).rand(40)}
    )
    return [
        (
            "lifelines KaplanMeier",
            lambda: lifelines.KaplanMeierFitter().fit(table["T"], table["E"]),
        ),
        ("lifelines Cox", lambda: lifelines.CoxPHFitter().fit(table, "T", "E")),
        ("lifelines Weibull", lambda: lifelines.WeibullFitter().fit(table["T"], table["E"])),
        ("lifelines AFT", lambda: lifelines.WeibullAFTFitter().fit(table, "T", "E")),
    ]


def pygam_cases() -> list[Case]:
    import pygam

    return [("pygam", lambda: pygam.LinearGAM(pygam.s(0) + pygam.l(1)).fit(X[:, :2], y)),
            ("pygam logistic", lambda: pygam.LogisticGAM().fit(X[:, :2], y))]  # fmt: skip


def pyod_cases() -> list[Case]:
    from pyod.models.ecod import ECOD
    from pyod.models.iforest import IForest
    from pyod.models.knn import KNN

    return [(f"pyod {k.__name__}", lambda k=k: k().fit(X)) for k in (IForest, KNN, ECOD)]


def hmm_cases() -> list[Case]:
    from hmmlearn import hmm

    return [("hmmlearn", lambda: hmm.GaussianHMM(2, n_iter=3).fit(X))]


def implicit_cases() -> list[Case]:
    import implicit
    import scipy.sparse

    counts = scipy.sparse.csr_matrix(np.random.RandomState(0).poisson(1, (8, 6)).astype("float32"))

    def fitted() -> Any:
        model = implicit.cpu.als.AlternatingLeastSquares(factors=2, iterations=1)
        model.fit(counts, show_progress=False)
        return model

    return [("implicit ALS", fitted)]


def feature_engine_cases() -> list[Case]:
    from feature_engine.encoding import RareLabelEncoder
    from feature_engine.imputation import MeanMedianImputer

    return [("feature_engine imputer", lambda: MeanMedianImputer().fit(FRAME[["a"]])),
            ("feature_engine encoder", lambda: RareLabelEncoder(n_categories=1).fit(FRAME[["c"]]))]  # fmt: skip


def river_cases() -> list[Case]:
    from river import linear_model, preprocessing, tree

    def learned() -> Any:
        model = preprocessing.StandardScaler() | linear_model.LogisticRegression()
        model.learn_one({"a": 1.0}, True)
        return model

    return [("river pipeline", learned), ("river tree", tree.HoeffdingTreeClassifier)]


def mapie_cases() -> list[Case]:
    from mapie.regression import SplitConformalRegressor

    return [("mapie", lambda: SplitConformalRegressor(Ridge(), prefit=False).fit(X, y))]


MAKERS: dict[str, Callable[[], list[Case]]] = {
    "statsmodels": statsmodels_cases,
    "imblearn": imblearn_cases,
    "category_encoders": encoder_cases,
    "umap": neighbour_cases,
    "hdbscan": hdbscan_cases,
    "skorch": skorch_cases,
    "sktime": sktime_cases,
    "prophet": prophet_cases,
    "lifelines": lifelines_cases,
    "pygam": pygam_cases,
    "pyod": pyod_cases,
    "hmmlearn": hmm_cases,
    "implicit": implicit_cases,
    "feature_engine": feature_engine_cases,
    "river": river_cases,
    "mapie": mapie_cases,
}
CASES = installed(MAKERS)
