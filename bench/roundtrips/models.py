"""Estimators and explanations outside the large libraries, most in scikit-learn's manner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import make_classification, make_regression
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from worker import Case, installed

LIBRARIES = (
    "mlxtend",
    "ngboost",
    "shap",
    "fairlearn",
    "lime",
    "pgmpy",
    "interpret-core",
    "skrub",
    "econml",
    "scikit-optimize",
    "bayesian-optimization",
    "cma",
    "pymoo",
    "nevergrad",
    "hyperopt",
    "deap",
    "scikit-surprise",
    "cornac",
    "rank-bm25",
    "kmodes",
    "boruta",
    "scikit-multilearn",
    "eli5",
    "lmfit",
    "scikit-fuzzy",
    "skops",
)
X, y = make_classification(60, 6, random_state=0)
XR, yr = make_regression(60, 5, random_state=0)


def mlxtend_cases() -> list[Case]:
    from mlxtend.classifier import (
        EnsembleVoteClassifier,
        MultiLayerPerceptron,
        SoftmaxRegression,
        StackingClassifier,
    )
    from mlxtend.feature_selection import ColumnSelector, SequentialFeatureSelector
    from mlxtend.preprocessing import TransactionEncoder
    from mlxtend.regressor import StackingRegressor
    from sklearn.linear_model import LogisticRegression, Ridge

    return [
        ("mlxtend vote", lambda: EnsembleVoteClassifier([LogisticRegression()]).fit(X, y)),
        (
            "mlxtend stack",
            lambda: StackingClassifier([LogisticRegression()], LogisticRegression()).fit(X, y),
        ),
        ("mlxtend softmax", lambda: SoftmaxRegression(epochs=2).fit(X, y)),
        ("mlxtend mlp", lambda: MultiLayerPerceptron(epochs=2).fit(X, y)),
        ("mlxtend sfs", lambda: SequentialFeatureSelector(LogisticRegression(), 2, cv=2).fit(X, y)),
        ("mlxtend transactions", lambda: TransactionEncoder().fit([["a", "b"], ["c"]])),
        ("mlxtend sreg", lambda: StackingRegressor([Ridge()], Ridge()).fit(XR, yr)),
        ("mlxtend cols", lambda: ColumnSelector((0, 1)).fit(X)),
    ]


def ngboost_cases() -> list[Case]:
    from ngboost import NGBClassifier, NGBRegressor
    from ngboost.distns import LogNormal, k_categorical
    from ngboost.scores import CRPScore

    return [
        ("ngboost reg", lambda: NGBRegressor(n_estimators=3, verbose=False).fit(XR, yr)),
        (
            "ngboost lognormal",
            lambda: NGBRegressor(Dist=LogNormal, n_estimators=3, verbose=False).fit(
                XR, np.abs(yr) + 1
            ),
        ),
        ("ngboost clf", lambda: NGBClassifier(n_estimators=3, verbose=False).fit(X, y)),
        (
            "ngboost k3",
            lambda: NGBClassifier(Dist=k_categorical(2), n_estimators=3, verbose=False).fit(X, y),
        ),
        (
            "ngboost crps",
            lambda: NGBRegressor(Score=CRPScore, n_estimators=3, verbose=False).fit(XR, yr),
        ),
        ("ngboost unfit", lambda: NGBRegressor()),
    ]


def shap_cases() -> list[Case]:
    import shap
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LinearRegression, LogisticRegression

    rf = RandomForestClassifier(3, max_depth=3, random_state=0).fit(X, y)
    return [
        ("shap tree", lambda: shap.TreeExplainer(rf)),
        ("shap expl", lambda: shap.TreeExplainer(rf)(X[:4])),
        ("shap linear", lambda: shap.LinearExplainer(LinearRegression().fit(XR, yr), XR)),
        (
            "shap kernel",
            lambda: shap.KernelExplainer(LogisticRegression().fit(X, y).predict_proba, X[:5]),
        ),
        ("shap masker", lambda: shap.maskers.Independent(X[:4])),
        (
            "shap perm",
            lambda: shap.explainers.Permutation(LogisticRegression().fit(X, y).predict, X[:5]),
        ),
    ]


def fairlearn_cases() -> list[Case]:
    from fairlearn.postprocessing import ThresholdOptimizer
    from fairlearn.preprocessing import CorrelationRemover
    from fairlearn.reductions import DemographicParity, ExponentiatedGradient
    from sklearn.linear_model import LogisticRegression

    a = (X[:, 0] > 0).astype(int)
    return [
        (
            "fairlearn eg",
            lambda: ExponentiatedGradient(
                LogisticRegression(), DemographicParity(), max_iter=3
            ).fit(X, y, sensitive_features=a),
        ),
        (
            "fairlearn thr",
            lambda: ThresholdOptimizer(
                estimator=LogisticRegression(), predict_method="predict"
            ).fit(X, y, sensitive_features=a),
        ),
        ("fairlearn corr", lambda: CorrelationRemover(sensitive_feature_ids=[0]).fit(X)),
    ]


def lime_cases() -> list[Case]:
    from lime.lime_tabular import LimeTabularExplainer
    from sklearn.linear_model import LogisticRegression

    return [
        (
            "lime expl",
            lambda: LimeTabularExplainer(X, random_state=0).explain_instance(
                X[0], LogisticRegression().fit(X, y).predict_proba
            ),
        )
    ]


def pgmpy_cases() -> list[Case]:
    import pgmpy.models as m
    from pgmpy.factors.discrete import DiscreteFactor, TabularCPD

    def net() -> Any:
        b = getattr(m, "DiscreteBayesianNetwork", m.BayesianNetwork)([("a", "b")])
        b.add_cpds(
            TabularCPD("a", 2, [[0.2], [0.8]]),
            TabularCPD("b", 2, [[0.1, 0.9], [0.9, 0.1]], ["a"], [2]),
        )
        return b

    return [
        ("pgmpy net", net),
        ("pgmpy cpd", lambda: TabularCPD("a", 2, [[0.2], [0.8]])),
        ("pgmpy factor", lambda: DiscreteFactor(["a"], [2], [0.1, 0.9])),
    ]


def interpret_cases() -> list[Case]:
    from interpret.glassbox import ExplainableBoostingClassifier
    from interpret.glassbox import LogisticRegression as LR

    return [
        (
            "interpret",
            lambda: ExplainableBoostingClassifier(max_rounds=3, n_jobs=1, outer_bags=1).fit(X, y),
        ),
        (
            "interpret expl",
            lambda: (
                ExplainableBoostingClassifier(max_rounds=3, n_jobs=1, outer_bags=1)
                .fit(X, y)
                .explain_global()
            ),
        ),
        ("interpret lr", lambda: LR().fit(X, y)),
    ]


def skrub_cases() -> list[Case]:
    from skrub import DatetimeEncoder, GapEncoder, MinHashEncoder, TableVectorizer

    d = pd.DataFrame(
        {"a": np.arange(20.0), "c": ["uv", "vw"] * 10, "d": pd.date_range("2020", periods=20)}
    )
    return [
        ("skrub tv", lambda: TableVectorizer().fit(d)),
        ("skrub gap", lambda: GapEncoder(2, max_iter=1).fit(d["c"])),
        ("skrub minhash", lambda: MinHashEncoder(3).fit(d["c"])),
        ("skrub dt", lambda: DatetimeEncoder().fit(d["d"])),
    ]


def econml_cases() -> list[Case]:
    from econml.dml import CausalForestDML, LinearDML
    from econml.metalearners import TLearner

    t = (X[:, 0] > 0).astype(int)
    return [
        ("econml tlearner", lambda: TLearner(models=LinearRegression()).fit(yr, t, X=XR)),
        (
            "econml dml",
            lambda: LinearDML(
                model_y=Ridge(), model_t=LogisticRegression(), discrete_treatment=True, cv=2
            ).fit(yr, t, X=XR),
        ),
        ("econml unfit", lambda: CausalForestDML(n_estimators=4)),
    ]


def skopt_cases() -> list[Case]:
    from skopt import Optimizer
    from skopt.space import Categorical, Integer, Real, Space

    def opt() -> Any:
        o = Optimizer([(0.0, 1.0)], n_initial_points=2, random_state=0)
        for v in (0.1, 0.5, 0.7):
            o.tell([v], v * v)
        return o

    return [
        ("skopt opt", opt),
        ("skopt space", lambda: Space([Real(0, 1), Integer(0, 3), Categorical(["a", "b"])])),
        ("skopt res", lambda: opt().get_result()),
    ]


def bayes_opt_cases() -> list[Case]:
    from bayes_opt import BayesianOptimization

    def run() -> Any:
        b = BayesianOptimization(len, {"x": (0, 1)}, verbose=0)
        b.register({"x": 0.5}, 1.0)
        b.register({"x": 0.2}, 0.4)
        return b

    return [
        ("bayes_opt", run),
        ("bayes_opt fresh", lambda: BayesianOptimization(len, {"x": (0, 1)}, verbose=0)),
    ]


def cma_cases() -> list[Case]:
    import cma

    return [
        ("cma es", lambda: cma.CMAEvolutionStrategy([0, 0], 0.5, {"verbose": -9})),
        ("cma opts", lambda: cma.CMAOptions()),
    ]


def pymoo_cases() -> list[Case]:
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.optimize import minimize
    from pymoo.problems import get_problem

    return [
        ("pymoo problem", lambda: get_problem("zdt1")),
        ("pymoo algo", lambda: NSGA2(pop_size=8)),
        (
            "pymoo res",
            lambda: minimize(get_problem("zdt1"), NSGA2(pop_size=8), ("n_gen", 2), seed=1),
        ),
    ]


def nevergrad_cases() -> list[Case]:
    import nevergrad as ng

    return [
        ("nevergrad param", lambda: ng.p.Instrumentation(ng.p.Scalar(), a=ng.p.Choice([1, 2]))),
        ("nevergrad opt", lambda: ng.optimizers.OnePlusOne(2, budget=4)),
        ("nevergrad arr", lambda: ng.p.Array(shape=(2,))),
    ]


def hyperopt_cases() -> list[Case]:
    from hyperopt import Trials, fmin, hp, tpe

    def t() -> Any:
        tr = Trials()
        fmin(
            abs,
            hp.uniform("x", -1, 1),
            algo=tpe.suggest,
            max_evals=3,
            trials=tr,
            show_progressbar=False,
        )
        return tr

    return [
        ("hyperopt trials", t),
        ("hyperopt space", lambda: {"a": hp.choice("a", [1, 2]), "b": hp.loguniform("b", 0, 1)}),
        ("hyperopt uniform", lambda: hp.uniform("x", 0, 1)),
    ]


def deap_cases() -> list[Case]:
    import operator

    from deap import base, gp, tools

    def ps() -> Any:
        p = gp.PrimitiveSet("MAIN", 1)
        p.addPrimitive(operator.add, 2)
        p.addPrimitive(operator.mul, 2)
        return p

    def logbook() -> Any:
        book = tools.Logbook()
        book.record(gen=0, avg=1.0)
        return book

    return [
        ("deap toolbox", lambda: base.Toolbox()),
        ("deap hof", lambda: tools.HallOfFame(2)),
        ("deap logbook", logbook),
        ("deap pset", ps),
        ("deap tree", lambda: gp.PrimitiveTree(gp.genFull(ps(), 1, 2))),
        ("deap stats", lambda: tools.Statistics(len)),
    ]


def surprise_cases() -> list[Case]:
    from surprise import SVD, Dataset, KNNBasic, NormalPredictor, Reader

    def d() -> Any:
        return Dataset.load_from_df(
            pd.DataFrame({"u": list("aabb"), "i": list("xyxy"), "r": [1.0, 2, 3, 4]}), Reader()
        ).build_full_trainset()

    return [
        ("surprise svd", lambda: SVD(2, 2).fit(d())),
        ("surprise train", d),
        ("surprise knn", lambda: KNNBasic(verbose=False).fit(d())),
        ("surprise normal", lambda: NormalPredictor()),
    ]


def cornac_cases() -> list[Case]:
    from cornac.data import Dataset
    from cornac.models import MF, MostPop

    def d() -> Any:
        return Dataset.from_uir([("a", "x", 1.0), ("b", "y", 2.0), ("a", "y", 1.0)])

    return [
        ("cornac data", d),
        ("cornac mf", lambda: MF(2, max_iter=2).fit(d())),
        ("cornac pop", lambda: MostPop().fit(d())),
    ]


def rank_bm25_cases() -> list[Case]:
    import rank_bm25 as r

    return [
        ("rank_bm25 bm25", lambda: r.BM25Okapi([["a", "b"], ["c"]])),
        ("rank_bm25 bm25l", lambda: r.BM25L([["a", "b"], ["c"]])),
        ("rank_bm25 bm25p", lambda: r.BM25Plus([["a", "b"], ["c"]])),
    ]


def kmodes_cases() -> list[Case]:
    from kmodes.kmodes import KModes

    return [
        ("kmodes", lambda: KModes(2, n_init=1).fit(np.array([["a", "b"], ["c", "d"], ["a", "d"]])))
    ]


def boruta_cases() -> list[Case]:
    from boruta import BorutaPy
    from sklearn.ensemble import RandomForestClassifier

    return [
        (
            "boruta",
            lambda: BorutaPy(RandomForestClassifier(3), max_iter=3, n_estimators=3).fit(X, y),
        )
    ]


def skmultilearn_cases() -> list[Case]:
    from skmultilearn.adapt import MLkNN
    from skmultilearn.problem_transform import BinaryRelevance, ClassifierChain

    Y = np.c_[y, 1 - y]
    return [
        ("skmultilearn br", lambda: BinaryRelevance(LogisticRegression()).fit(X, Y)),
        ("skmultilearn chain", lambda: ClassifierChain(LogisticRegression()).fit(X, Y)),
        ("skmultilearn knn", lambda: MLkNN(2)),
    ]


def eli5_cases() -> list[Case]:
    import eli5

    return [("eli5 expl", lambda: eli5.explain_weights(LogisticRegression().fit(X, y)))]


def lmfit_cases() -> list[Case]:
    import lmfit

    m = lmfit.models.GaussianModel()
    xs = np.linspace(-3, 3, 30)
    return [
        ("lmfit params", lambda: m.make_params()),
        ("lmfit model", lambda: m),
        (
            "lmfit result",
            lambda: m.fit(
                np.exp(-(xs**2)), x=xs, **{k: 0.9 for k in ("amplitude", "center", "sigma")}
            ),
        ),
        ("lmfit par", lambda: lmfit.Parameter("a", 1.0, min=0)),
    ]


def skfuzzy_cases() -> list[Case]:
    from skfuzzy import control as c

    def s() -> Any:
        a = c.Antecedent(np.arange(5), "a")
        b = c.Consequent(np.arange(5), "b")
        a.automf(3)
        b.automf(3)
        return c.ControlSystem([c.Rule(a["good"], b["good"])])

    return [("skfuzzy fuzzy", s)]


def skops_cases() -> list[Case]:
    import skops.card
    import skops.io

    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    trusted = skops.io.get_untrusted_types(data=skops.io.dumps(model))
    return [
        ("skops restored", lambda: skops.io.loads(skops.io.dumps(model), trusted=trusted)),
        ("skops card", lambda: skops.card.Card(model).add_table(Scores={"a": [1], "b": [2]})),
    ]


MAKERS: dict[str, Callable[[], list[Case]]] = {
    "mlxtend": mlxtend_cases,
    "ngboost": ngboost_cases,
    "shap": shap_cases,
    "fairlearn": fairlearn_cases,
    "lime": lime_cases,
    "pgmpy": pgmpy_cases,
    "interpret": interpret_cases,
    "skrub": skrub_cases,
    "econml": econml_cases,
    "skopt": skopt_cases,
    "bayes_opt": bayes_opt_cases,
    "cma": cma_cases,
    "pymoo": pymoo_cases,
    "nevergrad": nevergrad_cases,
    "hyperopt": hyperopt_cases,
    "deap": deap_cases,
    "surprise": surprise_cases,
    "cornac": cornac_cases,
    "rank_bm25": rank_bm25_cases,
    "kmodes": kmodes_cases,
    "boruta": boruta_cases,
    "skmultilearn": skmultilearn_cases,
    "eli5": eli5_cases,
    "lmfit": lmfit_cases,
    "skfuzzy": skfuzzy_cases,
    "skops": skops_cases,
}
CASES = installed(MAKERS)
