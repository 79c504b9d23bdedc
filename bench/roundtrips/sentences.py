"""sentence-transformers built from parts."""

from __future__ import annotations

from typing import Any

import torch
from sentence_transformers import SentenceTransformer, losses, models
from worker import Case

LIBRARIES = ("sentence-transformers",)
FORMATS = ("pickle", "torch")


def whole() -> Any:
    words = models.BoW(["cat", "dog"])
    return SentenceTransformer(
        modules=[words, models.Dense(2, 3), models.Normalize()], device="cpu"
    )


CASES: list[Case] = [
    ("model", whole),
    ("loss", lambda: losses.CosineSimilarityLoss(whole())),
    ("parts", lambda: [models.Pooling(4), models.Dense(2, 2, activation_function=torch.nn.Tanh())]),
]
