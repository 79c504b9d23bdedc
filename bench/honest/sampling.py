"""pymc: chains sampled in processes."""

from __future__ import annotations

import pymc
from telling import attempt


def main() -> None:
    with pymc.Model():
        pymc.Normal("x", 0, 1)
        for method in ("fork", "spawn"):
            trace = pymc.sample(
                20, tune=20, chains=2, cores=2, random_seed=1, progressbar=False, mp_ctx=method,
                compute_convergence_checks=False,
            )  # fmt: skip
            attempt(method, lambda: [round(float(v), 6) for v in trace.posterior["x"][:, -1]])


if __name__ == "__main__":
    main()
