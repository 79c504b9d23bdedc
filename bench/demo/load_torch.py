"""Run a whole saved module: ``python load_torch.py FILE [unsafe]``.

With no second argument the file is loaded by ``torch.load(path)`` and nothing else said, which
plain torch 2.6 and later refuse for a class of one's own; ``unsafe`` says ``weights_only=False``.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import network  # noqa: F401  (the program's own model class)
import numpy as np
import torch

path = Path(sys.argv[1])
start = time.perf_counter()
model = torch.load(path, weights_only=False) if "unsafe" in sys.argv else torch.load(path)
seconds = time.perf_counter() - start

with torch.inference_mode():
    logits = model(torch.from_numpy(np.load(path.with_name("rows.npy"))))
print(json.dumps({"seconds": seconds, "result": logits.tolist()}))
