"""DataLoader workers by every start method, with a collate function and a sampler of one's own."""

from __future__ import annotations

import torch
from telling import tell
from torch.utils.data import DataLoader, Dataset, RandomSampler


class Squares(Dataset):  # type: ignore[type-arg]
    def __len__(self) -> int:
        return 12

    def __getitem__(self, n: int) -> object:
        if n == 11:
            raise ValueError("no eleventh")
        return {"n": torch.tensor([n * n]), "name": str(n)}


def collate(rows: list[dict[str, object]]) -> object:
    return [row["name"] for row in rows], sum(int(row["n"]) for row in rows)  # type: ignore[call-overload]


if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        generator = torch.Generator().manual_seed(1)
        data = torch.utils.data.Subset(Squares(), range(11))
        for arguments in (
            {},
            {"collate_fn": collate},
            {"sampler": RandomSampler(data, generator=generator)},
            {"persistent_workers": True},
        ):
            loader = DataLoader(
                data, batch_size=4, num_workers=2, multiprocessing_context=method, **arguments
            )
            tell(f"{method} {sorted(arguments)}", [repr(batch) for batch in loader])
        try:
            list(DataLoader(Squares(), num_workers=1, multiprocessing_context=method))
        except ValueError as error:
            tell(f"{method}, a worker's error", "no eleventh" in str(error))
