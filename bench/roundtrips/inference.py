"""Models of probabilistic programs, of samplers and searches, of causes and of spikes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import make_classification
from worker import Case, installed

LIBRARIES = (
    *("numpyro", "dm-haiku", "distrax", "tensorflow-probability", "emcee", "dynesty", "george"),
    *("pymc", "gpy", "pomegranate", "iminuit", "powerlaw", "factor-analyzer", "imodels"),
    *("gplearn", "flaml", "aeon", "tabpfn", "causal-learn", "dowhy", "lifetimes", "control"),
    *("apricot-select", "configspace", "e3nn", "snntorch", "zuko", "pyagrum"),
)
X, y = make_classification(60, 6, random_state=0)
NOISE = np.random.default_rng(0).normal(size=(60, 4))
FRAME = pd.DataFrame(X, columns=list("abcdef")).assign(y=y)


def numpyro_cases() -> list[Case]:
    import jax
    import numpyro.distributions as dist
    from numpyro.infer import MCMC, NUTS

    def model() -> None:
        import numpyro

        numpyro.sample("x", dist.Normal())

    def state() -> Any:
        found = MCMC(NUTS(model), num_warmup=2, num_samples=2, progress_bar=False)
        found.run(jax.random.PRNGKey(0))
        return found.last_state

    return [
        ("numpyro normal", lambda: dist.Normal(0.0, 1.0)),
        ("numpyro mixture", lambda: dist.Dirichlet(np.ones(3))),
        ("numpyro constraint", lambda: dist.constraints.positive),
        ("numpyro state", state),
    ]


def distrax_cases() -> list[Case]:
    import distrax

    return [
        ("distrax normal", lambda: distrax.Normal(0.0, 1.0)),
        ("distrax categorical", lambda: distrax.Categorical(logits=np.zeros(3))),
        ("distrax chain", lambda: distrax.Chain([distrax.Tanh()])),
    ]


def haiku_cases() -> list[Case]:
    import haiku as hk
    import jax
    import jax.numpy as jnp
    import optax

    def params() -> Any:
        network = hk.without_apply_rng(hk.transform(lambda x: hk.Linear(2)(x)))
        return network.init(jax.random.PRNGKey(0), jnp.ones((1, 3)))

    return [
        ("haiku params", params),
        ("haiku checkpoint", lambda: {"params": params(), "step": 3}),
        ("haiku optimizer", lambda: optax.adamw(1e-3).init(params())),
    ]


def emcee_cases() -> list[Case]:
    import emcee

    def sampler() -> Any:
        found = emcee.EnsembleSampler(4, 2, np.linalg.norm)
        found.run_mcmc(np.random.default_rng(0).normal(size=(4, 2)), 3)
        return found

    return [
        ("emcee sampler", sampler),
        ("emcee state", lambda: emcee.State(np.zeros((4, 2)))),
        ("emcee moves", lambda: emcee.moves.StretchMove()),
    ]


def dynesty_cases() -> list[Case]:
    from dynesty.results import Results
    from dynesty.utils import RunRecord

    return [
        ("dynesty record", lambda: RunRecord()),
        (
            "dynesty results",
            lambda: Results(
                {
                    "nlive": 4, "niter": 1, "ncall": np.ones(2), "eff": 1.0,
                    "samples": np.zeros((2, 1)), "blob": np.zeros(2), "samples_u": np.zeros((2, 1)),
                    "samples_id": np.zeros(2), "samples_it": np.zeros(2), "logwt": np.zeros(2),
                    "logl": np.zeros(2), "logvol": np.zeros(2), "logz": np.zeros(2),
                    "logzerr": np.zeros(2), "information": np.zeros(2),
                }
            ),
        ),
    ]  # fmt: skip


def george_cases() -> list[Case]:
    import george
    from george import kernels

    return [
        ("george kernel", lambda: 2.0 * kernels.ExpSquaredKernel(0.5)),
        ("george sum", lambda: kernels.Matern32Kernel(1.0) + kernels.ConstantKernel(0.1)),
        ("george process", lambda: george.GP(kernels.ExpSquaredKernel(0.5))),
    ]


def pymc_cases() -> list[Case]:
    import pymc as pm

    def model() -> Any:
        with pm.Model() as found:
            pm.Normal("x", 0, 1, observed=[1.0])
        return found

    return [
        ("pymc model", model),
        ("pymc map", lambda: pm.find_MAP(model=_free(pm), progressbar=False)),
    ]


def _free(pm: Any) -> Any:
    with pm.Model() as found:
        pm.Normal("x", 0, 1)
    return found


def gpy_cases() -> list[Case]:
    import GPy

    return [
        ("gpy kernel", lambda: GPy.kern.RBF(1)),
        ("gpy model", lambda: GPy.models.GPRegression(X[:, :1], y[:, None].astype(float))),
        ("gpy sum", lambda: GPy.kern.RBF(1) + GPy.kern.White(1)),
    ]


def pomegranate_cases() -> list[Case]:
    from pomegranate.distributions import Categorical, Exponential, Normal
    from pomegranate.gmm import GeneralMixtureModel
    from pomegranate.hmm import DenseHMM

    return [
        ("pomegranate normal", lambda: Normal([0.0], [1.0], covariance_type="diag")),
        ("pomegranate categorical", lambda: Categorical([[0.5, 0.5]])),
        (
            "pomegranate mixture",
            lambda: GeneralMixtureModel([Exponential([1.0]), Exponential([2.0])]),
        ),
        ("pomegranate hmm", lambda: DenseHMM([Exponential([1.0]), Exponential([2.0])])),
    ]


def iminuit_cases() -> list[Case]:
    from iminuit import Minuit
    from iminuit.cost import LeastSquares

    def line(x: Any, a: float, b: float) -> Any:
        return a * x + b

    def fitted() -> Any:
        values = np.arange(5.0)
        found = Minuit(LeastSquares(values, values, 1.0, line), a=1, b=0)
        found.migrad()
        return found

    return [
        ("iminuit values", lambda: fitted().values.to_dict()),
        ("iminuit covariance", lambda: fitted().covariance),
        ("iminuit params", lambda: fitted().params),
    ]


def powerlaw_cases() -> list[Case]:
    import powerlaw

    data = np.random.default_rng(0).pareto(2, 200) + 1
    return [
        ("powerlaw fit", lambda: powerlaw.Fit(data, xmin=1.0, verbose=False)),
        ("powerlaw distribution", lambda: powerlaw.Power_Law(xmin=1.0, parameters=[2.5])),
        ("powerlaw exponential", lambda: powerlaw.Exponential(xmin=1.0, parameters=[2.5])),
    ]


def factor_cases() -> list[Case]:
    from factor_analyzer import FactorAnalyzer, Rotator

    return [
        ("factor analyzer", lambda: FactorAnalyzer(2, rotation=None)),
        ("factor rotator", lambda: Rotator()),
    ]


def imodels_cases() -> list[Case]:
    import imodels

    return [
        ("imodels tree", lambda: imodels.GreedyTreeClassifier().fit(X, y)),
        ("imodels figs", lambda: imodels.FIGSClassifier(max_rules=3).fit(X, y)),
        ("imodels rulefit", lambda: imodels.RuleFitClassifier(max_rules=3).fit(X, y)),
        ("imodels hs", lambda: imodels.HSTreeClassifier().fit(X, y)),
    ]


def gplearn_cases() -> list[Case]:
    from gplearn.functions import add2, make_function
    from gplearn.genetic import SymbolicClassifier, SymbolicRegressor

    return [
        ("gplearn function", lambda: add2),
        (
            "gplearn regressor",
            lambda: SymbolicRegressor(population_size=20, generations=2, tournament_size=5).fit(
                X, y
            ),
        ),
        (
            "gplearn classifier",
            lambda: SymbolicClassifier(population_size=20, generations=2, tournament_size=5).fit(
                X, y
            ),
        ),
        ("gplearn made", lambda: make_function(function=np.add, name="plus", arity=2)),
    ]


def flaml_cases() -> list[Case]:
    from flaml import tune
    from flaml.automl.model import LGBMEstimator
    from flaml.default import LGBMClassifier

    return [
        ("flaml learner", lambda: LGBMEstimator("binary", n_estimators=3).__class__),
        ("flaml space", lambda: [tune.uniform(0, 1), tune.choice([1, 2])]),
        ("flaml default", lambda: LGBMClassifier(n_estimators=3)),
    ]


def aeon_cases() -> list[Case]:
    from aeon.classification.distance_based import KNeighborsTimeSeriesClassifier
    from aeon.classification.interval_based import TimeSeriesForestClassifier
    from aeon.clustering import TimeSeriesKMeans
    from aeon.transformations.collection import Normalizer
    from aeon.transformations.collection.convolution_based import MiniRocket

    series = np.random.default_rng(0).normal(size=(8, 1, 30))
    labels = np.array([0, 1] * 4)
    return [
        ("aeon knn", lambda: KNeighborsTimeSeriesClassifier().fit(series, labels)),
        ("aeon forest", lambda: TimeSeriesForestClassifier(n_estimators=3).fit(series, labels)),
        ("aeon rocket", lambda: MiniRocket(84).fit(series)),
        (
            "aeon kmeans",
            lambda: TimeSeriesKMeans(2, distance="dtw", averaging_method="mean").fit(series),
        ),
        ("aeon normal", lambda: Normalizer()),
    ]


def tabpfn_cases() -> list[Case]:
    from tabpfn import TabPFNClassifier, TabPFNRegressor

    return [
        ("tabpfn classifier", lambda: TabPFNClassifier(device="cpu")),
        ("tabpfn regressor", lambda: TabPFNRegressor(device="cpu")),
    ]


def causal_cases() -> list[Case]:
    from causallearn.search.ConstraintBased.PC import pc
    from causallearn.search.FCMBased.lingam import DirectLiNGAM

    def lingam() -> Any:
        found = DirectLiNGAM()
        found.fit(X)
        return found

    return [
        ("causallearn graph", lambda: pc(NOISE, show_progress=False).G),
        ("causallearn pc", lambda: pc(NOISE, show_progress=False)),
        ("causallearn lingam", lingam),
    ]


def dowhy_cases() -> list[Case]:
    import networkx as nx
    from dowhy import gcm

    def structural() -> Any:
        found = gcm.StructuralCausalModel(nx.DiGraph([("a", "b")]))
        found.set_causal_mechanism("a", gcm.EmpiricalDistribution())
        found.set_causal_mechanism("b", gcm.AdditiveNoiseModel(gcm.ml.create_linear_regressor()))
        gcm.fit(found, FRAME[["a", "b"]])
        return found

    return [
        ("dowhy structural", structural),
        ("dowhy empirical", lambda: gcm.EmpiricalDistribution()),
        ("dowhy noise", lambda: gcm.AdditiveNoiseModel(gcm.ml.create_linear_regressor())),
    ]


def lifetimes_cases() -> list[Case]:
    from lifetimes import BetaGeoFitter, GammaGammaFitter, ParetoNBDFitter

    return [
        ("lifetimes bg", lambda: BetaGeoFitter(0.1)),
        ("lifetimes gg", lambda: GammaGammaFitter(0.1)),
        ("lifetimes pareto", lambda: ParetoNBDFitter(0.1)),
    ]


def control_cases() -> list[Case]:
    import control

    return [
        ("control tf", lambda: control.tf([1], [1, 2, 1])),
        ("control ss", lambda: control.ss(-1, 1, 1, 0)),
        ("control frd", lambda: control.frd(control.tf([1], [1, 2]), [1.0, 2.0])),
        ("control response", lambda: control.step_response(control.tf([1], [1, 2]))),
    ]


def space_cases() -> list[Case]:
    from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer

    def space() -> Any:
        return ConfigurationSpace({"a": (0, 5), "b": (0.1, 1.0), "c": ["x", "y"]}, seed=0)

    return [
        ("configspace", space),
        ("configspace sample", lambda: space().sample_configuration()),
        ("configspace parameters", lambda: [Float("f", (0, 1)), Integer("i", (0, 3))]),
        ("configspace choice", lambda: Categorical("c", ["a", "b"])),
    ]


def e3nn_cases() -> list[Case]:
    from e3nn import o3
    from e3nn.nn import Gate

    return [
        ("e3nn irreps", lambda: o3.Irreps("2x0e + 1x1o")),
        ("e3nn linear", lambda: o3.Linear("2x0e", "3x0e")),
        ("e3nn gate", lambda: Gate("1x0e", [None], "", [], "")),
    ]


def spiking_cases() -> list[Case]:
    import snntorch

    return [
        ("snntorch leaky", lambda: snntorch.Leaky(beta=0.9)),
        ("snntorch synaptic", lambda: snntorch.Synaptic(alpha=0.9, beta=0.8)),
    ]


def zuko_cases() -> list[Case]:
    import zuko

    return [
        ("zuko flow", lambda: zuko.flows.NSF(2, transforms=1)),
        ("zuko mlp", lambda: zuko.nn.MLP(2, 3)),
        ("zuko maf", lambda: zuko.flows.MAF(2, 1)),
    ]


def apricot_cases() -> list[Case]:
    from apricot import FacilityLocationSelection, FeatureBasedSelection

    return [
        ("apricot features", lambda: FeatureBasedSelection(3).fit(np.abs(X))),
        ("apricot facility", lambda: FacilityLocationSelection(3).fit(np.abs(X))),
    ]


def tfp_cases() -> list[Case]:
    import tensorflow_probability.substrates.numpy as tfp

    return [
        ("tfp normal", lambda: tfp.distributions.Normal(0.0, 1.0)),
        ("tfp bijector", lambda: tfp.bijectors.Exp()),
    ]


def agrum_cases() -> list[Case]:
    import pyagrum as gum

    return [
        ("agrum net", lambda: gum.fastBN("a->b->c")),
        ("agrum variable", lambda: gum.LabelizedVariable("a", "a", 2)),
        ("agrum tensor", lambda: gum.fastBN("a->b").cpt("a")),
    ]


CASES = installed(
    {
        "numpyro": numpyro_cases,
        "distrax": distrax_cases,
        "haiku": haiku_cases,
        "emcee": emcee_cases,
        "dynesty": dynesty_cases,
        "george": george_cases,
        "pymc": pymc_cases,
        "GPy": gpy_cases,
        "pomegranate": pomegranate_cases,
        "iminuit": iminuit_cases,
        "powerlaw": powerlaw_cases,
        "factor_analyzer": factor_cases,
        "imodels": imodels_cases,
        "gplearn": gplearn_cases,
        "flaml": flaml_cases,
        "aeon": aeon_cases,
        "tabpfn": tabpfn_cases,
        "causallearn": causal_cases,
        "dowhy": dowhy_cases,
        "lifetimes": lifetimes_cases,
        "control": control_cases,
        "ConfigSpace": space_cases,
        "e3nn": e3nn_cases,
        "snntorch": spiking_cases,
        "zuko": zuko_cases,
        "apricot": apricot_cases,
        "tensorflow_probability": tfp_cases,
        "pyagrum": agrum_cases,
    }
)
