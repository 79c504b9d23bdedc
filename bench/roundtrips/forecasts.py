"""Time series and survival: models, series, forecasts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import make_classification, make_regression
from worker import Case, installed

LIBRARIES = (
    "tslearn",
    "pyts",
    "pmdarima",
    "arch",
    "linearmodels",
    "statsforecast",
    "darts",
    "gluonts",
    "aeon",
    "scikit-survival",
    "pykalman",
    "filterpy",
)
X, y = make_classification(60, 6, random_state=0)
XR, yr = make_regression(60, 5, random_state=0)
S = pd.Series(np.sin(np.arange(72.0)), pd.date_range("2020-01-01", periods=72, freq="MS"))


def tslearn_cases() -> list[Case]:
    from tslearn.clustering import KShape, TimeSeriesKMeans
    from tslearn.neighbors import KNeighborsTimeSeriesClassifier
    from tslearn.preprocessing import TimeSeriesScalerMeanVariance
    from tslearn.svm import TimeSeriesSVC

    T = np.random.RandomState(0).rand(12, 10, 1)
    kinds = np.arange(12) % 2
    return [
        ("tslearn kmeans", lambda: TimeSeriesKMeans(2, max_iter=2, random_state=0).fit(T)),
        (
            "tslearn kmeans dtw",
            lambda: TimeSeriesKMeans(2, metric="dtw", max_iter=2, random_state=0).fit(T),
        ),
        ("tslearn kshape", lambda: KShape(2, max_iter=2, random_state=0).fit(T)),
        ("tslearn knn", lambda: KNeighborsTimeSeriesClassifier(1).fit(T, kinds)),
        ("tslearn svc", lambda: TimeSeriesSVC().fit(T, kinds)),
        ("tslearn scaler", lambda: TimeSeriesScalerMeanVariance().fit(T)),
    ]


def pyts_cases() -> list[Case]:
    from pyts.classification import BOSSVS, KNeighborsClassifier
    from pyts.image import GramianAngularField
    from pyts.transformation import ROCKET

    T = np.random.RandomState(0).rand(10, 30)
    kinds = np.arange(10) % 2
    return [
        ("pyts boss", lambda: BOSSVS(window_size=10).fit(T, kinds)),
        ("pyts rocket", lambda: ROCKET(n_kernels=5).fit(T)),
        ("pyts gaf", lambda: GramianAngularField().fit(T)),
        ("pyts knn", lambda: KNeighborsClassifier().fit(T, kinds)),
    ]


def pmdarima_cases() -> list[Case]:
    import pmdarima as pm

    return [
        (
            "pmdarima auto",
            lambda: pm.auto_arima(S.values, seasonal=False, max_p=1, max_q=1, maxiter=5),
        ),
        ("pmdarima arima", lambda: pm.ARIMA((1, 0, 0)).fit(S.values)),
        (
            "pmdarima boxcox",
            lambda: pm.preprocessing.BoxCoxEndogTransformer().fit(np.abs(S.values) + 1),
        ),
        (
            "pmdarima pipe",
            lambda: pm.pipeline.Pipeline(
                [("a", pm.preprocessing.FourierFeaturizer(12)), ("m", pm.ARIMA((1, 0, 0)))]
            ).fit(S.values),
        ),
    ]


def arch_cases() -> list[Case]:
    from arch import arch_model

    r = np.random.RandomState(0).randn(120)
    return [
        ("arch garch", lambda: arch_model(r).fit(disp="off")),
        ("arch model", lambda: arch_model(r, p=1, o=1)),
        ("arch ar", lambda: arch_model(r, mean="AR", lags=1, vol="EGARCH").fit(disp="off")),
    ]


def linearmodels_cases() -> list[Case]:
    from linearmodels.iv import IV2SLS
    from linearmodels.panel import PanelOLS

    idx = pd.MultiIndex.from_product([range(6), pd.date_range("2000", periods=10)])
    D = pd.DataFrame(XR[:60, :3], index=idx, columns=list("abc"))
    return [
        ("linearmodels iv", lambda: IV2SLS(D.a, D[["b"]], None, None).fit()),
        ("linearmodels panel", lambda: PanelOLS(D.a, D[["b"]], entity_effects=True).fit()),
        ("linearmodels formula", lambda: PanelOLS.from_formula("a ~ b + EntityEffects", D).fit()),
    ]


def statsforecast_cases() -> list[Case]:
    from statsforecast import StatsForecast
    from statsforecast.models import AutoARIMA, AutoETS, Naive, SeasonalNaive

    d = pd.DataFrame({"unique_id": "a", "ds": S.index, "y": S.values})
    return [
        (
            "statsforecast fitted",
            lambda: StatsForecast([Naive(), SeasonalNaive(12)], freq="MS").fit(d),
        ),
        ("statsforecast models", lambda: [AutoETS(), AutoARIMA(season_length=12)]),
        ("statsforecast ets", lambda: AutoETS().fit(S.values)),
    ]


def darts_cases() -> list[Case]:
    from darts import TimeSeries
    from darts.dataprocessing.transformers import Scaler
    from darts.models import (
        ExponentialSmoothing,
        LinearRegressionModel,
        NaiveSeasonal,
        RandomForestModel,
        Theta,
    )

    def t() -> Any:
        return TimeSeries.from_series(S)

    return [
        ("darts series", t),
        ("darts es", lambda: (lambda m: (m.fit(t()), m)[1])(ExponentialSmoothing())),
        ("darts lin", lambda: (lambda m: (m.fit(t()), m)[1])(LinearRegressionModel(3))),
        ("darts naive", lambda: (lambda m: (m.fit(t()), m)[1])(NaiveSeasonal(2))),
        ("darts scaler", lambda: Scaler().fit(t())),
        ("darts theta", lambda: (lambda m: (m.fit(t()), m)[1])(Theta())),
        ("darts rf", lambda: (lambda m: (m.fit(t()), m)[1])(RandomForestModel(3, n_estimators=2))),
    ]


def gluonts_cases() -> list[Case]:
    from gluonts.dataset.common import ListDataset
    from gluonts.model.forecast import SampleForecast
    from gluonts.torch.model.deepar import DeepAREstimator
    from gluonts.transform import AsNumpyArray, Chain

    return [
        ("gluonts list", lambda: ListDataset([{"start": "2020", "target": [1.0, 2.0]}], freq="D")),
        ("gluonts fc", lambda: SampleForecast(np.ones((2, 3)), pd.Period("2020", "D"))),
        ("gluonts est", lambda: DeepAREstimator(freq="D", prediction_length=2)),
        ("gluonts tf", lambda: Chain([AsNumpyArray("target", 1)])),
    ]


def aeon_cases() -> list[Case]:
    from aeon.classification.convolution_based import RocketClassifier
    from aeon.classification.distance_based import KNeighborsTimeSeriesClassifier
    from aeon.transformations.collection.convolution_based import MiniRocket

    T = np.random.RandomState(0).rand(10, 1, 30)
    kinds = np.arange(10) % 2
    return [
        ("aeon rocket", lambda: RocketClassifier(n_kernels=10).fit(T, kinds)),
        ("aeon knn", lambda: KNeighborsTimeSeriesClassifier().fit(T, kinds)),
        ("aeon mini", lambda: MiniRocket(84).fit(T)),
    ]


def sksurv_cases() -> list[Case]:
    from sksurv.ensemble import GradientBoostingSurvivalAnalysis, RandomSurvivalForest
    from sksurv.linear_model import CoxnetSurvivalAnalysis, CoxPHSurvivalAnalysis
    from sksurv.util import Surv

    s = Surv.from_arrays(y.astype(bool), np.abs(XR[:, 0]) + 0.1)
    return [
        ("sksurv cox", lambda: CoxPHSurvivalAnalysis().fit(X, s)),
        ("sksurv rsf", lambda: RandomSurvivalForest(3, random_state=0).fit(X, s)),
        ("sksurv gb", lambda: GradientBoostingSurvivalAnalysis(n_estimators=3).fit(X, s)),
        ("sksurv net", lambda: CoxnetSurvivalAnalysis().fit(X, s)),
    ]


def pykalman_cases() -> list[Case]:
    from pykalman import KalmanFilter

    return [("pykalman kalman", lambda: KalmanFilter(n_dim_obs=1, n_dim_state=1))]


def filterpy_cases() -> list[Case]:
    from filterpy.kalman import KalmanFilter, MerweScaledSigmaPoints

    return [
        ("filterpy", lambda: KalmanFilter(2, 1)),
        ("filterpy sp", lambda: MerweScaledSigmaPoints(2, 0.1, 2.0, 1.0)),
    ]


MAKERS: dict[str, Callable[[], list[Case]]] = {
    "tslearn": tslearn_cases,
    "pyts": pyts_cases,
    "pmdarima": pmdarima_cases,
    "arch": arch_cases,
    "linearmodels": linearmodels_cases,
    "statsforecast": statsforecast_cases,
    "darts": darts_cases,
    "gluonts": gluonts_cases,
    "aeon": aeon_cases,
    "sksurv": sksurv_cases,
    "pykalman": pykalman_cases,
    "filterpy": filterpy_cases,
}
CASES = installed(MAKERS)
