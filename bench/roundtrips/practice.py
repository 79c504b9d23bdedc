"""Objects of libraries that are used beside the great ones of machine learning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from worker import Case, installed

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
y = (X[:, 0] > 0).astype(int)
FRAME = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": list("xyz") * 20, "y": y})


def series() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "unique_id": ["s"] * 60,
            "ds": pd.date_range("2024-01-01", periods=60),
            "y": np.sin(np.arange(60.0)) + 2,
        }
    )


def captum_cases() -> list[Case]:
    import torch
    from captum.attr import IntegratedGradients, NoiseTunnel, Saliency, ShapleyValueSampling

    net = torch.nn.Sequential(torch.nn.Linear(4, 2), torch.nn.ReLU())
    return [
        ("captum gradients", lambda: IntegratedGradients(net)),
        ("captum tunnel", lambda: NoiseTunnel(Saliency(net))),
        ("captum shapley", lambda: ShapleyValueSampling(net)),
    ]


def opacus_cases() -> list[Case]:
    import torch
    from opacus import GradSampleModule
    from opacus.accountants import PRVAccountant, RDPAccountant
    from opacus.layers import DPLSTM, DPMultiheadAttention

    def accountant() -> Any:
        made = RDPAccountant()
        made.step(noise_multiplier=1.0, sample_rate=0.1)
        return made

    return [
        ("opacus accountant", accountant),
        ("opacus prv", PRVAccountant),
        ("opacus lstm", lambda: DPLSTM(3, 4)),
        ("opacus attention", lambda: DPMultiheadAttention(4, 2)),
        ("opacus module", lambda: GradSampleModule(torch.nn.Linear(2, 2))),
    ]


def torchio_cases() -> list[Case]:
    import torch
    import torchio as tio

    def subject() -> Any:
        return tio.Subject(t1=tio.ScalarImage(tensor=torch.zeros(1, 4, 4, 4)), age=3)

    return [
        (
            "torchio transform",
            lambda: tio.Compose([tio.RandomFlip(), tio.ZNormalization(), tio.RandomAffine()]),
        ),
        ("torchio subject", subject),
        ("torchio history", lambda: tio.RandomFlip(flip_probability=1)(subject())),
    ]


def segmentation_cases() -> list[Case]:
    import segmentation_models_pytorch as smp

    return [
        ("smp unet", lambda: smp.Unet("resnet18", encoder_weights=None)),
        ("smp loss", lambda: [smp.losses.DiceLoss("binary"), smp.losses.FocalLoss("binary")]),
        ("smp deeplab", lambda: smp.FPN("mobilenet_v2", encoder_weights=None)),
    ]


def forecasting_cases() -> list[Case]:
    from pytorch_forecasting import TimeSeriesDataSet
    from pytorch_forecasting.data import EncoderNormalizer, GroupNormalizer, NaNLabelEncoder
    from pytorch_forecasting.metrics import SMAPE, QuantileLoss

    def data() -> Any:
        frame = pd.DataFrame({"t": np.arange(40), "g": ["a"] * 40, "v": np.arange(40.0)})
        return TimeSeriesDataSet(
            frame,
            time_idx="t",
            target="v",
            group_ids=["g"],
            max_encoder_length=5,
            max_prediction_length=2,
            time_varying_unknown_reals=["v"],
        )

    def model() -> Any:
        from pytorch_forecasting import TemporalFusionTransformer

        return TemporalFusionTransformer.from_dataset(data(), hidden_size=4, attention_head_size=1)

    return [
        ("forecasting data", data),
        ("forecasting parameters", lambda: data().get_parameters()),
        (
            "forecasting encoders",
            lambda: [
                GroupNormalizer(),
                NaNLabelEncoder(),
                EncoderNormalizer(transformation="softplus"),
            ],
        ),
        ("forecasting metrics", lambda: [SMAPE(), QuantileLoss()]),
        ("forecasting model", model),
    ]


def sb3_cases() -> list[Case]:
    from sb3_contrib import ARS, QRDQN, TQC, TRPO, RecurrentPPO

    return [
        (
            "sb3_contrib policy",
            lambda: TQC("MlpPolicy", "Pendulum-v1", buffer_size=10, device="cpu").policy,
        ),
        ("sb3_contrib trpo", lambda: TRPO("MlpPolicy", "CartPole-v1", device="cpu").policy),
        (
            "sb3_contrib recurrent",
            lambda: RecurrentPPO("MlpLstmPolicy", "CartPole-v1", device="cpu").policy,
        ),
        (
            "sb3_contrib buffer",
            lambda: QRDQN("MlpPolicy", "CartPole-v1", buffer_size=10, device="cpu").replay_buffer,
        ),
        (
            "sb3_contrib state",
            lambda: ARS("LinearPolicy", "CartPole-v1", device="cpu").policy.state_dict(),
        ),
    ]


def environment_cases() -> list[Case]:
    found: list[Case] = []
    import gymnasium
    import minigrid  # noqa: F401

    found += [
        ("minigrid", lambda: gymnasium.make("MiniGrid-Empty-5x5-v0")),
        ("minigrid grid", lambda: gymnasium.make("MiniGrid-Empty-5x5-v0").unwrapped.grid),
    ]
    return found


def pettingzoo_cases() -> list[Case]:
    from pettingzoo.classic import tictactoe_v3
    from pettingzoo.utils.agent_selector import AgentSelector

    return [
        ("pettingzoo env", lambda: tictactoe_v3.env()),
        ("pettingzoo selector", lambda: AgentSelector(["a", "b"])),
    ]


def jax_cases() -> list[Case]:
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    import optax

    def state() -> Any:
        return optax.adam(1e-3).init({"w": jnp.ones(3)})

    return [
        ("optax state", state),
        (
            "optax chain state",
            lambda: optax.chain(optax.clip(1.0), optax.adamw(1e-3)).init({"w": jnp.ones(3)}),
        ),
        ("optax ema", lambda: optax.ema(0.9).init(jnp.ones(2))),
        ("equinox linear", lambda: eqx.nn.Linear(2, 2, key=jax.random.PRNGKey(0))),
    ]


def optbinning_cases() -> list[Case]:
    from optbinning import BinningProcess, OptimalBinning, Scorecard
    from sklearn.linear_model import LogisticRegression

    return [
        ("optbinning", lambda: OptimalBinning("a").fit(FRAME["a"], y)),
        ("optbinning process", lambda: BinningProcess(["a", "b"]).fit(FRAME[["a", "b"]], y)),
        (
            "optbinning scorecard",
            lambda: Scorecard(BinningProcess(["a", "b"]), LogisticRegression()).fit(
                FRAME[["a", "b"]], y
            ),
        ),
    ]


def prince_cases() -> list[Case]:
    import prince

    return [
        ("prince mca", lambda: prince.MCA(2).fit(FRAME[["c"]].assign(d=FRAME["y"].astype(str)))),
    ]


def embedding_cases() -> list[Case]:
    import openTSNE
    import pacmap

    return [
        (
            "openTSNE",
            lambda: openTSNE.TSNE(perplexity=5, n_iter=5, early_exaggeration_iter=5).fit(X),
        ),
        ("openTSNE unfitted", lambda: openTSNE.TSNE()),
        ("pacmap", lambda: pacmap.PaCMAP(n_neighbors=5, num_iters=(2, 2, 2), save_tree=False)),
    ]


def kmapper_cases() -> list[Case]:
    import kmapper

    return [
        ("kmapper cover", lambda: kmapper.Cover(5, 0.2)),
        ("kmapper graph", lambda: kmapper.KeplerMapper(verbose=0).map(X[:, :1], X)),
    ]


def minisom_cases() -> list[Case]:
    from minisom import MiniSom

    return [("minisom", lambda: MiniSom(3, 3, 4, random_seed=0))]


def kneed_cases() -> list[Case]:
    from kneed import KneeLocator

    return [
        (
            "kneed",
            lambda: KneeLocator(
                range(10), [1 / (i + 1) for i in range(10)], curve="convex", direction="decreasing"
            ),
        )
    ]


def stumpy_cases() -> list[Case]:
    import stumpy

    return [("stumpy profile", lambda: stumpy.stump(np.sin(np.arange(60.0)), 8))]


def ruptures_cases() -> list[Case]:
    import ruptures

    return [
        ("ruptures pelt", lambda: ruptures.Pelt("rbf").fit(X)),
        ("ruptures binseg", lambda: ruptures.Binseg("l2").fit(X)),
        ("ruptures dynp", lambda: ruptures.Dynp("l1").fit(X)),
    ]


def mlforecast_cases() -> list[Case]:
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import ExpandingMean, RollingMean
    from mlforecast.target_transforms import Differences, LocalStandardScaler
    from sklearn.linear_model import LinearRegression

    def fitted() -> Any:
        return MLForecast(
            LinearRegression(),
            freq="D",
            lags=[1, 2],
            lag_transforms={1: [RollingMean(3), ExpandingMean()]},
            target_transforms=[Differences([1]), LocalStandardScaler()],
            date_features=["dayofweek"],
        ).fit(series())

    return [("mlforecast fitted", fitted)]


def hierarchical_cases() -> list[Case]:
    from hierarchicalforecast.core import HierarchicalReconciliation
    from hierarchicalforecast.methods import BottomUp, MinTrace

    return [
        ("hierarchicalforecast", lambda: HierarchicalReconciliation([BottomUp(), MinTrace("ols")]))
    ]


def skforecast_cases() -> list[Case]:
    from skforecast.preprocessing import RollingFeatures, TimeSeriesDifferentiator
    from skforecast.recursive import ForecasterRecursive
    from sklearn.linear_model import Ridge

    def fitted() -> Any:
        made = ForecasterRecursive(
            estimator=Ridge(), lags=3, window_features=RollingFeatures(["mean"], window_sizes=3)
        )
        made.fit(pd.Series(np.arange(40.0), index=pd.date_range("2024", periods=40, freq="D")))
        return made

    return [
        ("skforecast fitted", fitted),
        (
            "skforecast parts",
            lambda: [RollingFeatures(["mean"], window_sizes=3), TimeSeriesDifferentiator()],
        ),
    ]


def scanpy_cases() -> list[Case]:
    import anndata
    import scanpy as sc

    def data() -> Any:
        made = anndata.AnnData(np.abs(X).astype("float32"))
        sc.pp.pca(made, n_comps=2)
        sc.pp.neighbors(made, n_neighbors=5)
        return made

    return [("scanpy", data), ("scanpy neighbors", lambda: sc.Neighbors(data()))]


def dice_cases() -> list[Case]:
    import dice_ml

    return [
        (
            "dice data",
            lambda: dice_ml.Data(
                dataframe=FRAME[["a", "b", "y"]], continuous_features=["a", "b"], outcome_name="y"
            ),
        )
    ]


def doubleml_cases() -> list[Case]:
    import doubleml
    from sklearn.linear_model import LinearRegression

    def fitted() -> Any:
        data = doubleml.DoubleMLData.from_arrays(X[:, 1:], X[:, 0], X[:, 1])
        return doubleml.DoubleMLPLR(data, LinearRegression(), LinearRegression(), n_folds=2).fit()

    return [("doubleml", fitted)]


def tensor_cases() -> list[Case]:
    import tensorly
    from tensorly.decomposition import CP, Tucker, parafac

    tensor = tensorly.tensor(rng.normal(size=(3, 4, 2)))
    return [
        ("tensorly factors", lambda: parafac(tensor, 2, random_state=0)),
        ("tensorly CP", lambda: CP(2)),
        ("tensorly Tucker", lambda: Tucker([2, 2, 2])),
    ]


def frame_cases() -> list[Case]:
    from sklearn.preprocessing import LabelBinarizer, StandardScaler
    from sklearn_pandas import DataFrameMapper

    return [
        (
            "sklearn_pandas",
            lambda: DataFrameMapper([(["a"], StandardScaler()), ("c", LabelBinarizer())]).fit(
                FRAME
            ),
        )
    ]


def survival_cases() -> list[Case]:
    import torchtuples
    from pycox.models import CoxPH, LogisticHazard

    def cox() -> Any:
        return CoxPH(torchtuples.practical.MLPVanilla(4, [8], 1, True, 0.1), torchtuples.optim.Adam)

    return [
        ("pycox cox", cox),
        (
            "pycox labels",
            lambda: LogisticHazard.label_transform(5).fit(np.arange(1.0, 10), np.ones(9)),
        ),
    ]


def dynamics_cases() -> list[Case]:
    import pysindy

    return [
        ("pysindy", lambda: pysindy.SINDy().fit(X, t=0.1)),
        ("pysindy library", lambda: pysindy.PolynomialLibrary(2)),
        ("pysindy fourier", lambda: pysindy.FourierLibrary()),
    ]


def copula_cases() -> list[Case]:
    from copulas.multivariate import GaussianMultivariate
    from rdt import HyperTransformer

    def transformer() -> Any:
        made = HyperTransformer()
        made.detect_initial_config(FRAME)
        made.fit(FRAME)
        return made

    return [
        (
            "copulas",
            lambda: GaussianMultivariate().fit(FRAME[["a", "b"]]) or GaussianMultivariate(),
        ),
        ("rdt", transformer),
    ]


MAKERS: dict[str, Callable[[], list[Case]]] = {
    "captum": captum_cases,
    "opacus": opacus_cases,
    "torchio": torchio_cases,
    "segmentation_models_pytorch": segmentation_cases,
    "pytorch_forecasting": forecasting_cases,
    "sb3_contrib": sb3_cases,
    "minigrid": environment_cases,
    "pettingzoo": pettingzoo_cases,
    "optax": jax_cases,
    "optbinning": optbinning_cases,
    "prince": prince_cases,
    "openTSNE": embedding_cases,
    "kmapper": kmapper_cases,
    "minisom": minisom_cases,
    "kneed": kneed_cases,
    "stumpy": stumpy_cases,
    "ruptures": ruptures_cases,
    "mlforecast": mlforecast_cases,
    "hierarchicalforecast": hierarchical_cases,
    "skforecast": skforecast_cases,
    "scanpy": scanpy_cases,
    "dice_ml": dice_cases,
    "doubleml": doubleml_cases,
    "tensorly": tensor_cases,
    "sklearn_pandas": frame_cases,
    "pycox": survival_cases,
    "pysindy": dynamics_cases,
    "copulas": copula_cases,
}
LIBRARIES = tuple(MAKERS)
CASES = installed(MAKERS)
