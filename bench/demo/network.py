"""The demo's own model class, imported by the script that saves it and the one that loads it."""

from __future__ import annotations

import torch
from torch import nn


class Classifier(nn.Module):
    """Three layers, batch normalization and an activation: what a small tabular model has."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.features = features
        self.body = nn.Sequential(
            nn.Linear(features, 16), nn.BatchNorm1d(16), nn.GELU(), nn.Dropout(0.1)
        )
        self.head = nn.Linear(16, classes)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(self.body(rows))
        return logits
