"""Object collectives between processes by gloo, rpc, and a distributed checkpoint."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from telling import tell


class Message:
    def __init__(self, rank: int) -> None:
        self.rank, self.tensor = rank, torch.full((2,), rank)

    def __repr__(self) -> str:
        return f"Message({self.rank}, {self.tensor.tolist()})"


def double(n: int) -> int:
    return 2 * n


def work(rank: int, folder: str, queue: object) -> None:
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    gathered: list[object] = [None, None]
    dist.all_gather_object(gathered, {"m": Message(rank), "f": double, "d": torch.float16})
    shared = [Message(7) if rank == 0 else None]
    dist.broadcast_object_list(shared, src=0)
    scattered: list[object] = [None]
    dist.scatter_object_list(scattered, [Message(1), Message(2)] if rank == 0 else None, src=0)
    import torch.distributed.checkpoint as checkpoint

    state = {"w": torch.arange(4.0) + rank, "step": 3, "note": "text", "m": {"a": [1, 2]}}
    checkpoint.save(state, checkpoint_id=f"{folder}/saved")
    loaded = {"w": torch.zeros(4), "step": 0, "note": "", "m": {"a": [0, 0]}}
    checkpoint.load(loaded, checkpoint_id=f"{folder}/saved")
    queue.put((rank, repr(gathered), repr(shared), repr(scattered), repr(loaded)))  # type: ignore[attr-defined]
    dist.barrier()
    dist.destroy_process_group()


def call(rank: int, folder: str, queue: object) -> None:
    import os

    from torch.distributed import rpc

    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29511"}
    options = rpc.TensorPipeRpcBackendOptions(init_method=f"file://{folder}/rpc")
    rpc.init_rpc(f"worker{rank}", rank=rank, world_size=2, rpc_backend_options=options)
    if rank == 0:
        queue.put(rpc.rpc_sync("worker1", double, args=(21,)))  # type: ignore[attr-defined]
        queue.put(repr(rpc.rpc_sync("worker1", Message, args=(4,))))  # type: ignore[attr-defined]
    rpc.shutdown()


def lambdas(rank: int, results: object) -> None:
    results.append(rank * 10)  # type: ignore[attr-defined]


if __name__ == "__main__":
    folder = str(Path.cwd())
    queue = mp.get_context("spawn").Queue()
    context = mp.spawn(work, (folder, queue), nprocs=2, join=False)
    for answer in sorted(queue.get(timeout=200) for _ in range(2)):
        tell(f"rank {answer[0]}", answer[1:])
    while not context.join():
        pass
    context = mp.spawn(call, (folder, queue), nprocs=2, join=False)
    for _ in range(2):
        tell("rpc", queue.get(timeout=200))
    while not context.join():
        pass
    with mp.get_context("spawn").Manager() as manager:
        results = manager.list()
        mp.spawn(lambdas, (results,), nprocs=2)
        tell("manager", sorted(results))
    sys.exit(0)
