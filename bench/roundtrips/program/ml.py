"""A program's own models, transformers and data sets, made of numpy, pandas, scikit-learn and torch."""

from __future__ import annotations

import collections
import dataclasses
import functools
from typing import Any

import numpy
import pandas
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Subset, TensorDataset

X = numpy.arange(24.0).reshape(8, 3)
Y = numpy.array([0, 1] * 4)


def logged(values: Any) -> Any:
    return numpy.log1p(numpy.abs(values))


def tokenize(text: str) -> list[str]:
    return text.lower().split()


def error(truth: Any, guess: Any, weight: float = 1.0) -> float:
    return float(numpy.mean(numpy.abs(truth - guess)) * weight)


class Clip(BaseEstimator, TransformerMixin):
    def __init__(self, low: float = 0.0, high: float = 5.0) -> None:
        self.low, self.high = low, high

    def fit(self, X: Any, y: Any = None) -> Clip:
        self.n_features_in_ = X.shape[1]
        self.means_ = X.mean(axis=0)
        return self

    def transform(self, X: Any) -> Any:
        return numpy.clip(X, self.low, self.high)


class Majority(ClassifierMixin, BaseEstimator):
    def fit(self, X: Any, y: Any) -> Majority:
        self.classes_, counts = numpy.unique(y, return_counts=True)
        self.best_ = self.classes_[counts.argmax()]
        self.counter_ = collections.Counter(y.tolist())
        return self

    def predict(self, X: Any) -> Any:
        return numpy.full(len(X), self.best_)


class Wrapped(RegressorMixin, BaseEstimator):
    def __init__(self, model: Any = None, transform: Any = logged) -> None:
        self.model, self.transform = model, transform

    def fit(self, X: Any, y: Any) -> Wrapped:
        self.model_ = (self.model or Ridge()).fit(self.transform(X), y)
        self.log_ = functools.partial(self.transform)
        return self

    def predict(self, X: Any) -> Any:
        return self.model_.predict(self.transform(X))

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__().copy()
        state["saved"] = True
        return state


class Selector(BaseEstimator, TransformerMixin):
    def __init__(self, columns: list[str]) -> None:
        self.columns = columns

    def fit(self, X: Any, y: Any = None) -> Selector:
        return self

    def transform(self, X: Any) -> Any:
        return X[self.columns]


class Net(nn.Module):
    def __init__(self, size: int = 3, act: Any = torch.relu) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(size, 4), nn.Linear(4, 2)])
        self.act = act
        self.drop = nn.Dropout(0.1)
        self.register_buffer("mean", torch.zeros(size))
        self.scale = nn.Parameter(torch.ones(1))
        self.history: list[float] = []

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = self.act(layer(x - self.mean) if layer is self.layers[0] else layer(x))
        return self.drop(x) * self.scale


class Block(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.norm = nn.LayerNorm(2)
        self.inner.register_forward_hook(keep_shape)

    def forward(self, x: Any) -> Any:
        return self.norm(self.inner(x))


def keep_shape(module: Any, given: Any, result: Any) -> None:
    module.last_shape = tuple(result.shape)


class Lit(nn.Module):
    """Keeps its optimizer and its configuration."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.net = Net(config.size)
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=config.rate)
        self.loss = nn.CrossEntropyLoss()

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "optimizer"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=self.config.rate)


@dataclasses.dataclass
class Config:
    size: int = 3
    rate: float = 0.01
    tags: list[str] = dataclasses.field(default_factory=list)


class Points(Dataset):
    def __init__(self, data: Any, transform: Any = None) -> None:
        self.data = torch.as_tensor(data)
        self.transform = transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> Any:
        item = self.data[index]
        return self.transform(item) if self.transform else item


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g


class Measured(numpy.ndarray):
    def __new__(cls, values: Any, unit: str = "m") -> Measured:
        made = numpy.asarray(values).view(cls)
        made.unit = unit
        return made

    def __array_finalize__(self, other: Any) -> None:
        self.unit = getattr(other, "unit", "m")

    def __reduce__(self) -> Any:
        kind, arguments, state = super().__reduce__()
        return kind, arguments, (*state, self.unit)

    def __setstate__(self, state: Any) -> None:
        self.unit = state[-1]
        super().__setstate__(state[:-1])


class Frame(pandas.DataFrame):
    _metadata = ["source"]

    @property
    def _constructor(self) -> type:
        return Frame


class Token(torch.Tensor):
    pass


Batch = collections.namedtuple("Batch", "x y")


class Vocabulary:
    def __init__(self, words: list[str]) -> None:
        self.index = {word: number for number, word in enumerate(words)}
        self.unknown = collections.defaultdict(int)
        self.counts = collections.Counter(words)

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, word: str) -> int:
        return self.index.get(word, 0)


class Trainer:
    def __init__(self) -> None:
        self.model = Net()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1, momentum=0.9)
        self.scheduler = torch.optim.lr_scheduler.StepLR(self.optimizer, 2)
        self.loader = DataLoader(Points(X), batch_size=2)
        self.callbacks = [print, self.report, functools.partial(error, weight=2.0)]
        self.best = float("inf")
        self.device = torch.device("cpu")

    def report(self, epoch: int) -> None:
        self.best = min(self.best, epoch)


def frame() -> Any:
    made = Frame({"a": [1, 2], "b": ["x", "y"]})
    made.source = "here"
    return made


def trained() -> Any:
    net = Net()
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return {"model": net, "optimizer": optimizer, "epoch": 3, "config": Config()}


def scheduled() -> Any:
    optimizer = torch.optim.SGD(Net().parameters(), lr=0.1)
    return torch.optim.lr_scheduler.LambdaLR(optimizer, decay)


def decay(epoch: int) -> float:
    return 0.9**epoch


def pipeline() -> Any:
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    columns = ColumnTransformer(
        [("clip", Clip(), ["a"]), ("log", FunctionTransformer(logged), ["b"])]
    )
    return make_pipeline(columns, StandardScaler(), Majority()).fit(frame, Y)


OBJECTS: dict[str, Any] = {
    "transformer": lambda: Clip().fit(X),
    "classifier": lambda: Majority().fit(X, Y),
    "regressor of another": lambda: Wrapped(Ridge()).fit(X, Y),
    "pipeline": pipeline,
    "union": lambda: FeatureUnion([("a", Clip()), ("b", StandardScaler())]).fit(X),
    "selector": lambda: Pipeline([("s", Selector(["a"])), ("c", Clip())]),
    "function transformer": lambda: FunctionTransformer(logged, inverse_func=numpy.expm1).fit(X),
    "target": lambda: TransformedTargetRegressor(
        Ridge(), func=logged, inverse_func=numpy.expm1
    ).fit(X, Y),
    "vectorizer": lambda: CountVectorizer(tokenizer=tokenize, token_pattern=None).fit(
        ["a b", "B c"]
    ),
    "tfidf": lambda: TfidfVectorizer(preprocessor=str.lower, analyzer=tokenize).fit(["a b", "B c"]),
    "voting": lambda: VotingClassifier([("m", Majority()), ("l", LogisticRegression())]).fit(X, Y),
    "scorer": lambda: make_scorer(error, greater_is_better=False, weight=2.0),
    "search": lambda: GridSearchCV(
        Pipeline([("c", Clip()), ("m", Ridge())]),
        {"c__high": [1, 2]},
        scoring=make_scorer(error, greater_is_better=False),
        cv=2,
    ).fit(X, Y),
    "module": lambda: Net(),
    "module with function": lambda: Net(act=nn.functional.gelu),
    "module with activation": lambda: Net(act=nn.ReLU()),
    "nested with hook": lambda: Block(Net()),
    "sequential": lambda: nn.Sequential(collections.OrderedDict(a=Net(), b=Block(Net(2)))),
    "dropped optimizer": lambda: Lit(Config(tags=["x"])),
    "checkpoint": trained,
    "state": lambda: {"state": Net().state_dict(), "config": dataclasses.asdict(Config())},
    "scheduler": scheduled,
    "trainer": lambda: Trainer(),
    "data set": lambda: Points(X, torch.sin),
    "data sets": lambda: ConcatDataset(
        [Subset(Points(X), [0, 1]), TensorDataset(torch.ones(2, 3))]
    ),
    "loader": lambda: DataLoader(Points(X), batch_size=2, collate_fn=torch.stack),
    "function class": lambda: Swish,
    "array subclass": lambda: Measured([1.0, 2.0], "km"),
    "frame subclass": frame,
    "tensor subclass": lambda: torch.ones(2).as_subclass(Token),
    "batch": lambda: Batch(torch.ones(1), [numpy.float32(1)]),
    "vocabulary": lambda: Vocabulary(["a", "b", "a"]),
    "metrics": lambda: {"f": error, "p": functools.partial(error, weight=3.0), "n": numpy.mean},
    "config with classes": lambda: {
        "model": Net,
        "loss": nn.MSELoss,
        "opt": torch.optim.Adam,
        "act": torch.relu,
    },
}
if __name__ == "__main__":
    import worker

    worker.program(OBJECTS, "ml")
