"""torch: every module of torch.nn that takes defaults, optimizers, schedulers, data, tensors."""

from __future__ import annotations

import collections
import functools
import inspect
from typing import Any

import torch
import torch.distributions as td
from torch import nn
from torch.optim import lr_scheduler
from torch.utils import data
from worker import Case

LIBRARIES = ("torch",)
FORMATS = ("pickle", "torch")
torch.manual_seed(0)
GUESSES: dict[str, Any] = {
    **{name: 4 for name in ("in_features", "out_features", "in_channels", "out_channels")},
    **{
        name: 4 for name in ("num_features", "num_channels", "input_size", "hidden_size", "d_model")
    },
    **{name: 4 for name in ("num_embeddings", "embedding_dim", "embed_dim", "n_classes")},
    **{name: 2 for name in ("kernel_size", "num_groups", "num_heads", "nhead", "num_layers")},
    **{name: 2 for name in ("upscale_factor", "downscale_factor", "output_size", "in1_features")},
    **{name: 2 for name in ("in2_features", "padding", "size", "normalized_shape", "groups")},
    "cutoffs": [2],
    "threshold": 0.1,
    "value": 0.0,
    "lambd": 0.5,
    "unflattened_size": (2, 2),
    "dim": 0,
    "encoder_layer": nn.TransformerEncoderLayer(4, 2, 8),
    "decoder_layer": nn.TransformerDecoderLayer(4, 2, 8),
    "output_ratio": 0.5,
    "norm_type": 2,
    "module": nn.Linear(2, 2),
    "num_classes": 3,
}


def guessed(kind: type) -> Any:
    """An instance of `kind`, its required arguments by their names."""
    arguments = {
        p.name: GUESSES[p.name]
        for p in inspect.signature(kind).parameters.values()
        if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    }
    if "n_classes" in arguments:
        arguments |= {"n_classes": 10}
    if kind.__name__.startswith("FractionalMaxPool"):
        arguments["output_size"] = 2
    if issubclass(kind, nn.RNNBase):
        arguments = {"input_size": 4, "hidden_size": 4}
    return kind(**arguments)


def layers() -> list[type]:
    kinds = {v for v in vars(nn).values() if inspect.isclass(v) and issubclass(v, nn.Module)}
    return sorted(
        kinds - {nn.Module, nn.Container, nn.RNNBase, nn.RNNCellBase},
        key=lambda kind: kind.__name__,
    )


def doubling(module: Any, inputs: Any, output: Any) -> Any:
    return output * 2


def quadruple(gradient: Any) -> Any:
    return gradient * 4


class Net(nn.Module):
    """What people write."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Dropout(0.1))
        self.heads = nn.ModuleDict({"a": nn.Linear(width, 1), "b": nn.Linear(width, 2)})
        self.rows = nn.ModuleList([nn.Linear(2, 2), nn.LSTM(2, 3)])
        self.scale = nn.Parameter(torch.ones(width))
        self.register_buffer("count", torch.zeros(1))
        self.activation = torch.nn.functional.relu
        self.width = width

    def forward(self, x: Any) -> Any:
        return self.heads["a"](self.body(x) * self.scale)


class Rows(data.Dataset[int]):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> int:
        return index


class Labelled(torch.Tensor):
    """A subclass of the program's own."""


def hooked() -> Any:
    net = Net()
    net.register_forward_hook(doubling)
    net.register_forward_pre_hook(functools.partial(max, key=None))
    return net


def shared() -> Any:
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    net[1].weight = net[0].weight
    return net


def trained(kind: Any) -> Any:
    net = nn.Linear(3, 1)
    made = kind(
        [p for p in net.parameters() if p.dim() == 2]
        if kind is torch.optim.Muon
        else net.parameters(),
        lr=0.1,
    )
    if kind not in (torch.optim.LBFGS, torch.optim.SparseAdam):
        net(torch.ones(2, 3)).sum().backward()
        made.step()
    return made


def optimizers() -> list[type]:
    kinds = {v for v in vars(torch.optim).values() if inspect.isclass(v)}
    return sorted(kinds - {torch.optim.Optimizer}, key=lambda kind: kind.__name__)


def half(epoch: int) -> float:
    return 0.5**epoch


def sgd() -> Any:
    return torch.optim.SGD(nn.Linear(2, 1).parameters(), lr=0.1)


def checkpoint() -> dict[str, Any]:
    net, optimizer = Net(), sgd()
    scheduler = lr_scheduler.StepLR(optimizer, 2)
    return {
        "epoch": 3,
        "model": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "rng": torch.get_rng_state(),
        "config": collections.OrderedDict(a=1),
        "dtype": torch.float16,
        "device": torch.device("cpu"),
        "size": torch.Size([1, 2]),
    }


def dynamic() -> Any:
    return torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 4)), {nn.Linear})


def pruned() -> Any:
    from torch.nn.utils import prune

    net = nn.Linear(4, 4)
    prune.l1_unstructured(net, "weight", 0.5)
    return net


def weight_norm() -> Any:
    return nn.utils.parametrizations.weight_norm(nn.Linear(3, 3))


SCHEDULERS: dict[str, Any] = {
    "StepLR": lambda o: lr_scheduler.StepLR(o, 2),
    "MultiStepLR": lambda o: lr_scheduler.MultiStepLR(o, [1, 2]),
    "ConstantLR": lr_scheduler.ConstantLR,
    "LinearLR": lr_scheduler.LinearLR,
    "ExponentialLR": lambda o: lr_scheduler.ExponentialLR(o, 0.9),
    "CosineAnnealingLR": lambda o: lr_scheduler.CosineAnnealingLR(o, 5),
    "CosineAnnealingWarmRestarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 5),
    "CyclicLR": lambda o: lr_scheduler.CyclicLR(o, 0.1, 0.2),
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=5),
    "PolynomialLR": lambda o: lr_scheduler.PolynomialLR(o),
    "ReduceLROnPlateau": lr_scheduler.ReduceLROnPlateau,
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, half),
    "SequentialLR": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.ConstantLR(o), lr_scheduler.StepLR(o, 2)], [2]
    ),
}
DTYPES = tuple(
    getattr(torch, name)
    for name in (
        *("float32", "float64", "float16", "bfloat16", "int8", "uint8", "int16", "int32", "int64"),
        *("bool", "complex64", "complex128", "float8_e4m3fn", "float8_e5m2"),
        *("uint16", "uint32", "uint64"),
    )
    if hasattr(torch, name)  # some came later
)
ONE = torch.tensor(1.0)
DISTRIBUTIONS: dict[str, Any] = {
    "Normal": lambda: td.Normal(0.0, 1.0),
    "Bernoulli": lambda: td.Bernoulli(torch.tensor([0.3])),
    "Categorical": lambda: td.Categorical(torch.ones(3)),
    "Beta": lambda: td.Beta(ONE, ONE),
    "Gamma": lambda: td.Gamma(ONE, ONE),
    "Dirichlet": lambda: td.Dirichlet(torch.ones(3)),
    "Uniform": lambda: td.Uniform(0.0, 1.0),
    "MultivariateNormal": lambda: td.MultivariateNormal(torch.zeros(2), torch.eye(2)),
    "Independent": lambda: td.Independent(td.Normal(torch.zeros(2), torch.ones(2)), 1),
    "LogNormal": lambda: td.LogNormal(0.0, 1.0),
    "MixtureSameFamily": lambda: td.MixtureSameFamily(
        td.Categorical(torch.ones(2)), td.Normal(torch.zeros(2), torch.ones(2))
    ),
    "TransformedDistribution": lambda: td.TransformedDistribution(
        td.Normal(0.0, 1.0), [td.transforms.ExpTransform(), td.transforms.AffineTransform(1.0, 2.0)]
    ),
}

CASES: list[Case] = [
    *((f"nn.{kind.__name__}", functools.partial(guessed, kind)) for kind in layers()),
    ("own network", Net),
    ("own network trained", lambda: (lambda n: (n(torch.ones(2, 4)).sum().backward(), n)[1])(Net())),
    ("state dict", lambda: Net().state_dict()),
    ("checkpoint", checkpoint),
    ("hooks", hooked),
    ("shared weights", shared),
    ("quantized dynamic", dynamic),
    ("quantized tensor", lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)),
    ("quantized per channel", lambda: torch.quantize_per_channel(
        torch.ones(2, 2), torch.ones(2), torch.zeros(2), 0, torch.quint8)),
    ("pruned", pruned),
    ("weight norm", weight_norm),
    ("spectral norm", lambda: nn.utils.spectral_norm(nn.Linear(3, 3))),
    ("fx graph module", lambda: torch.fx.symbolic_trace(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))),
    ("averaged model", lambda: torch.optim.swa_utils.AveragedModel(nn.Linear(2, 2))),
    *((f"optim.{kind.__name__}", functools.partial(trained, kind)) for kind in optimizers()),
    *((f"scheduler {n}", lambda make=make: make(sgd())) for n, make in SCHEDULERS.items()),
    *((f"tensor {d}", lambda d=d: torch.ones(3).to(d)) for d in DTYPES),
    *((f"distribution {name}", make) for name, make in DISTRIBUTIONS.items()),
    ("Parameter", lambda: nn.Parameter(torch.ones(2))),
    ("Parameter with attribute", lambda: (lambda p: (setattr(p, "decay", True), p)[1])(nn.Parameter(torch.ones(2)))),
    ("Parameter without gradient", lambda: nn.Parameter(torch.ones(2), requires_grad=False)),
    ("UninitializedParameter", lambda: nn.LazyLinear(3)),
    ("tensor with gradient", lambda: torch.ones(2, requires_grad=True)),
    ("tensor with hook", lambda: (lambda t: (t.register_hook(quadruple), t)[1])(torch.ones(2, requires_grad=True))),
    ("tensor with attribute", lambda: (lambda t: (setattr(t, "tag", "x"), t)[1])(torch.ones(2))),
    ("view", lambda: [(t := torch.arange(12.0)), t[2:5], t.reshape(3, 4).t()]),
    ("sparse coo", lambda: torch.eye(3).to_sparse()),
    ("sparse csr", lambda: torch.eye(3).to_sparse_csr()),
    ("sparse bsr", lambda: torch.eye(4).to_sparse_bsr((2, 2))),
    ("nested strided", lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])),
    ("nested jagged", lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged)),
    ("meta", lambda: torch.ones(3, device="meta")),
    ("conjugate", lambda: torch.ones(2, dtype=torch.complex64).conj()),
    ("negative", lambda: torch.ones(2, dtype=torch.complex64).conj().imag),
    ("own tensor", lambda: torch.ones(2).as_subclass(Labelled)),
    ("storage", lambda: torch.ones(3).untyped_storage()),
    ("typed storage", lambda: torch.FloatStorage([1.0, 2.0])),
    ("generator", lambda: torch.Generator().manual_seed(3)),
    ("generator state", lambda: torch.Generator().get_state()),
    ("functions", lambda: [torch.relu, torch.nn.functional.gelu, torch.add, torch.sigmoid, torch.tensor]),
    ("methods", lambda: [torch.Tensor.add, torch.nn.init.xavier_uniform_]),
    ("Size", lambda: torch.Size([1, 2])),
    ("dtypes", lambda: list(DTYPES)),
    ("layouts", lambda: [torch.strided, torch.sparse_coo, torch.channels_last, torch.per_tensor_affine]),
    ("finfo", lambda: torch.finfo(torch.float32)),
    ("PackedSequence", lambda: nn.utils.rnn.pack_sequence([torch.ones(2), torch.ones(1)])),
    ("return type", lambda: torch.max(torch.eye(2), 0)),
    ("TensorDataset", lambda: data.TensorDataset(torch.ones(3, 2), torch.zeros(3))),
    ("own dataset", Rows),
    ("ConcatDataset", lambda: data.ConcatDataset([Rows(), Rows()])),
    ("Subset", lambda: data.random_split(Rows(), [2, 1])),
    ("DataLoader", lambda: data.DataLoader(Rows(), batch_size=2)),
    ("samplers", lambda: [data.SequentialSampler(Rows()), data.RandomSampler(Rows()),
                          data.WeightedRandomSampler([1, 2], 2)]),
    ("distribution constraints", lambda: [td.constraints.positive, td.constraints.simplex]),
    ("numpy inside", lambda: {"t": torch.ones(1), "n": torch.ones(1).numpy(), "s": torch.ones(1).numpy()[0]}),
    ("jit", lambda: torch.jit.script(nn.Linear(2, 2))),
    ("GradScaler", lambda: torch.amp.GradScaler("cpu")),
    ("autocast", lambda: torch.autocast("cpu")),
    ("errors", lambda: [torch.OutOfMemoryError("no")]),
]  # fmt: skip
