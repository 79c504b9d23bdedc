"""Libraries on top of torch: layers, schedulers, distributions, transforms, checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import make_classification
from worker import Case, installed

LIBRARIES = (
    "pytorch-lightning",
    "gpytorch",
    "botorch",
    "pyro-ppl",
    "einops",
    "kornia",
    "monai",
    "albumentations",
    "pytorch-metric-learning",
    "pytorch-tabnet",
    "peft",
    "accelerate",
    "diffusers",
    "fastai",
    "timm",
)
X, y = make_classification(60, 6, random_state=0)


def gpytorch_cases() -> list[Case]:
    import gpytorch as g
    import torch

    return [
        ("gpytorch likelihood", lambda: g.likelihoods.GaussianLikelihood()),
        (
            "gpytorch kernel",
            lambda: g.kernels.ScaleKernel(
                g.kernels.RBFKernel(
                    ard_num_dims=2,
                    lengthscale_prior=g.priors.GammaPrior(3.0, 6.0),
                )
            ),
        ),
        ("gpytorch matern", lambda: g.kernels.MaternKernel(nu=2.5)),
        ("gpytorch mean", lambda: g.means.ConstantMean()),
        ("gpytorch mvn", lambda: g.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))),
        ("gpytorch periodic", lambda: g.kernels.PeriodicKernel() + g.kernels.LinearKernel()),
        ("gpytorch constraint", lambda: g.constraints.Interval(0.0, 1.0)),
        (
            "gpytorch grid",
            lambda: g.kernels.GridInterpolationKernel(
                g.kernels.RBFKernel(), grid_size=5, num_dims=1
            ),
        ),
        ("gpytorch state", lambda: g.kernels.RBFKernel().state_dict()),
    ]


def botorch_cases() -> list[Case]:
    import torch
    from botorch.models import SingleTaskGP

    x = torch.rand(5, 2, dtype=torch.double)
    return [
        ("botorch gp", lambda: SingleTaskGP(x, x.sum(1, keepdim=True))),
        ("botorch test", lambda: __import__("botorch").test_functions.Branin()),
        ("botorch state", lambda: SingleTaskGP(x, x.sum(1, keepdim=True)).state_dict()),
    ]


def pyro_cases() -> list[Case]:
    import pyro
    import pyro.distributions as d
    import torch
    from pyro.nn import PyroModule

    return [
        ("pyro normal", lambda: d.Normal(0.0, 1.0)),
        ("pyro indep", lambda: d.Normal(torch.zeros(2), 1.0).to_event(1)),
        ("pyro module", lambda: PyroModule[torch.nn.Linear](2, 2)),
        ("pyro flow", lambda: d.transforms.AffineTransform(0.0, 1.0)),
        ("pyro optim", lambda: pyro.optim.Adam({"lr": 0.1})),
        (
            "pyro trace",
            lambda: pyro.poutine.trace(lambda: pyro.sample("x", d.Normal(0.0, 1.0))).get_trace(),
        ),
    ]


def einops_cases() -> list[Case]:
    from einops.layers.torch import EinMix, Rearrange, Reduce

    return [
        ("einops rearr", lambda: Rearrange("b c h w -> b (c h w)")),
        ("einops reduce", lambda: Reduce("b c h w -> b c", "mean")),
        ("einops mix", lambda: EinMix("b c -> b d", weight_shape="c d", c=2, d=3)),
    ]


def kornia_cases() -> list[Case]:
    import kornia as k

    return [
        (
            "kornia aug",
            lambda: k.augmentation.AugmentationSequential(
                k.augmentation.RandomHorizontalFlip(),
                k.augmentation.ColorJitter(0.1, 0.1, 0.1, 0.1),
            ),
        ),
        ("kornia blur", lambda: k.filters.GaussianBlur2d((3, 3), (1.0, 1.0))),
        ("kornia sobel", lambda: k.filters.Sobel()),
        ("kornia loss", lambda: k.losses.SSIMLoss(3)),
        ("kornia gray", lambda: k.color.RgbToGrayscale()),
        ("kornia canny", lambda: k.filters.Canny()),
    ]


def monai_cases() -> list[Case]:
    import torch
    from monai.data import MetaTensor
    from monai.losses import DiceLoss
    from monai.networks.nets import BasicUNet, UNet
    from monai.transforms import Compose, EnsureType, RandFlip, ScaleIntensity

    return [
        (
            "monai unet",
            lambda: UNet(
                spatial_dims=2, in_channels=1, out_channels=1, channels=(4, 8), strides=(2,)
            ),
        ),
        ("monai tf", lambda: Compose([RandFlip(), ScaleIntensity(), EnsureType()])),
        ("monai dice", lambda: DiceLoss()),
        ("monai meta", lambda: MetaTensor(torch.ones(1, 2, 2))),
        ("monai basic", lambda: BasicUNet(spatial_dims=2, features=(4, 4, 8, 8, 8, 4))),
    ]


def albumentations_cases() -> list[Case]:
    import albumentations as A

    return [
        (
            "albumentations compose",
            lambda: A.Compose([A.HorizontalFlip(), A.RandomBrightnessContrast(), A.Normalize()]),
        ),
        (
            "albumentations bbox",
            lambda: A.Compose([A.RandomCrop(4, 4)], bbox_params=A.BboxParams("coco")),
        ),
        ("albumentations oneof", lambda: A.OneOf([A.Blur(), A.GaussNoise()])),
    ]


def pytorch_metric_learning_cases() -> list[Case]:
    from pytorch_metric_learning import distances, losses, miners

    return [
        ("pytorch_metric_learning triplet", lambda: losses.TripletMarginLoss()),
        ("pytorch_metric_learning arc", lambda: losses.ArcFaceLoss(3, 4)),
        ("pytorch_metric_learning miner", lambda: miners.MultiSimilarityMiner()),
        (
            "pytorch_metric_learning ntx",
            lambda: losses.NTXentLoss(distance=distances.CosineSimilarity()),
        ),
    ]


def pytorch_tabnet_cases() -> list[Case]:
    from pytorch_tabnet.tab_model import TabNetClassifier

    return [
        (
            "pytorch_tabnet tabnet",
            lambda: (
                lambda m: (
                    m.fit(
                        X.astype(np.float32), y, max_epochs=1, batch_size=32, virtual_batch_size=16
                    ),
                    m,
                )[1]
            )(TabNetClassifier(verbose=0)),
        ),
        ("pytorch_tabnet tabnet unfit", lambda: TabNetClassifier(verbose=0)),
    ]


def peft_cases() -> list[Case]:
    import peft
    from transformers import BertConfig, BertModel

    def lora() -> Any:
        m = BertModel(
            BertConfig(
                hidden_size=8,
                num_hidden_layers=1,
                num_attention_heads=2,
                intermediate_size=8,
                vocab_size=20,
            )
        )
        return peft.get_peft_model(m, peft.LoraConfig(r=2, target_modules=["query"]))

    return [
        ("peft lora", lora),
        ("peft cfg", lambda: peft.LoraConfig(r=2)),
        ("peft prompt", lambda: peft.PromptTuningConfig(num_virtual_tokens=2)),
        ("peft ia3", lambda: peft.IA3Config(target_modules=["q"])),
        ("peft base", lambda: lora().get_base_model()),
    ]


def accelerate_cases() -> list[Case]:
    from accelerate.utils import (
        DistributedDataParallelKwargs,
        GradientAccumulationPlugin,
        ProjectConfiguration,
    )

    return [
        ("accelerate ddp", lambda: DistributedDataParallelKwargs()),
        ("accelerate proj", lambda: ProjectConfiguration("x")),
        ("accelerate grad", lambda: GradientAccumulationPlugin(2)),
    ]


def diffusers_cases() -> list[Case]:
    import diffusers as d

    def unet() -> Any:
        return d.UNet2DModel(
            sample_size=8,
            in_channels=1,
            out_channels=1,
            layers_per_block=1,
            block_out_channels=(8, 8),
            norm_num_groups=4,
            down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        )

    return [
        ("diffusers unet", unet),
        ("diffusers ddpm", lambda: d.DDPMScheduler(num_train_timesteps=10)),
        ("diffusers ddim", lambda: d.DDIMScheduler()),
        ("diffusers euler", lambda: d.EulerDiscreteScheduler()),
        ("diffusers dpm", lambda: d.DPMSolverMultistepScheduler()),
        ("diffusers vae", lambda: d.AutoencoderKL(block_out_channels=(8,), norm_num_groups=4)),
        ("diffusers pipe", lambda: d.DDPMPipeline(unet(), d.DDPMScheduler(num_train_timesteps=10))),
    ]


def fastai_cases() -> list[Case]:
    import fastai.tabular.all as f
    from fastai.vision.all import Resize

    d = pd.DataFrame({"a": np.arange(20.0), "c": ["u", "v"] * 10, "y": [0, 1] * 10})

    def dls() -> Any:
        return f.TabularDataLoaders.from_df(
            d,
            procs=[f.Categorify, f.FillMissing, f.Normalize],
            cat_names=["c"],
            cont_names=["a"],
            y_names="y",
            y_block=f.CategoryBlock(),
            bs=4,
        )

    return [
        ("fastai dls", dls),
        (
            "fastai to",
            lambda: f.TabularPandas(
                d, procs=[f.Categorify, f.Normalize], cat_names=["c"], cont_names=["a"], y_names="y"
            ),
        ),
        ("fastai learner", lambda: f.tabular_learner(dls(), layers=[4])),
        ("fastai L", lambda: f.L([1, 2])),
        ("fastai resize", lambda: Resize(8)),
    ]


def timm_cases() -> list[Case]:
    import timm

    return [
        ("timm resnet", lambda: timm.create_model("resnet10t")),
        ("timm vit", lambda: timm.create_model("vit_tiny_patch16_224")),
        ("timm eff", lambda: timm.create_model("efficientnet_lite0")),
        ("timm convnext", lambda: timm.create_model("convnext_atto")),
        ("timm swin", lambda: timm.create_model("swin_tiny_patch4_window7_224")),
        ("timm tf", lambda: timm.data.create_transform(32)),
        (
            "timm opt",
            lambda: timm.optim.create_optimizer_v2(timm.create_model("resnet10t"), "adamw"),
        ),
        ("timm ema", lambda: timm.utils.ModelEmaV2(timm.create_model("resnet10t"))),
    ]


def lightning_cases() -> list[Case]:
    import pytorch_lightning as pl
    from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
    from pytorch_lightning.demos.boring_classes import BoringModel

    def checkpoint() -> Any:
        quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
        trainer = pl.Trainer(
            max_steps=1,
            accelerator="cpu",
            limit_val_batches=0,
            callbacks=[ModelCheckpoint(save_top_k=0), EarlyStopping("x", strict=False)],
            **quiet,
        )
        trainer.fit(BoringModel())
        return trainer._checkpoint_connector.dump_checkpoint()

    return [
        ("lightning module", BoringModel),
        ("lightning checkpoint", checkpoint),
        ("lightning callbacks", lambda: [EarlyStopping("x"), ModelCheckpoint(monitor="x")]),
        ("lightning hyperparameters", lambda: BoringModel().hparams_initial),
    ]


MAKERS: dict[str, Callable[[], list[Case]]] = {
    "pytorch_lightning": lightning_cases,
    "gpytorch": gpytorch_cases,
    "botorch": botorch_cases,
    "pyro": pyro_cases,
    "einops": einops_cases,
    "kornia": kornia_cases,
    "monai": monai_cases,
    "albumentations": albumentations_cases,
    "pytorch_metric_learning": pytorch_metric_learning_cases,
    "pytorch_tabnet": pytorch_tabnet_cases,
    "peft": peft_cases,
    "accelerate": accelerate_cases,
    "diffusers": diffusers_cases,
    "fastai": fastai_cases,
    "timm": timm_cases,
}
CASES = installed(MAKERS)
