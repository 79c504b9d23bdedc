"""torch.compile: the second process finds what the first has compiled."""

from __future__ import annotations

import torch
from telling import tell
from torch._dynamo.utils import counters


class Model(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU())
        self.last = torch.nn.Linear(16, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.softmax(self.last(self.layers(x)), -1)


if __name__ == "__main__":
    torch.manual_seed(0)
    model, x = Model(), torch.ones(4, 8)
    compiled = torch.compile(model)
    tell("forward", compiled(x).tolist())
    compiled(x).sum().backward()
    for group in ("inductor", "aot_autograd"):
        for name, count in sorted(counters[group].items()):
            if "cache" in name:
                tell(f"{group} {name}", count)
