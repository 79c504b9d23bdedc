"""Messages between a program's own processes are no files: they pass as without the hook."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Runner

# Work and results of a class and a function of the script itself, errors included.
COMMON = """
import json, multiprocessing, os, sys

class Item:
    def __init__(self, n): self.n = n
    def __eq__(self, other): return self.n == other.n

def work(item):
    return Item(item.n * 2), os.getpid()

def fail(n):
    raise LookupError(f"no {n}")

def told(function):
    try:
        return function()
    except Exception as error:
        return [type(error).__name__, str(error)]

def values(results):
    return [item.n for item, _ in results]
"""

SCRIPTS = {
    "Pool, fork": """
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        print(json.dumps([values(pool.map(work, map(Item, range(20)))),
                          values(pool.imap(work, map(Item, range(20)), 3)),
                          told(lambda: pool.apply(fail, (1,)))]))
""",
    "Pool, spawn": """
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        print(json.dumps([values(pool.map(work, map(Item, range(20)))),
                          told(lambda: pool.apply(fail, (1,)))]))
""",
    "Pool, forkserver": """
    context = multiprocessing.get_context("forkserver")
    with context.Pool(2) as pool:
        print(json.dumps(values(pool.map(work, map(Item, range(20))))))
""",
    "Process, Queue and Pipe": """
    context = multiprocessing.get_context("spawn")
    queue, (here, there) = context.Queue(), context.Pipe()
    process = context.Process(target=send, args=(queue, there))
    process.start()
    received = [queue.get(timeout=60).n, here.recv().n]
    process.join()
    print(json.dumps(received))
""",
    "Manager": """
    with multiprocessing.Manager() as manager:
        shared = manager.dict(a=Item(1))
        shared["b"] = [Item(2)]
        items = manager.list([Item(3)])
        print(json.dumps([shared["a"].n, shared["b"][0].n, items[0].n, sorted(shared.keys())]))
""",
    "ProcessPoolExecutor": """
    from concurrent.futures import ProcessPoolExecutor
    for method in ("fork", "spawn"):
        context = multiprocessing.get_context(method)
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            print(json.dumps([values(pool.map(work, map(Item, range(20)))),
                              told(pool.submit(fail, 1).result)]))
""",
    "joblib, loky": """
    import joblib, numpy as np
    factor, array = 3, np.arange(5.0)
    run = joblib.Parallel(n_jobs=2)
    print(json.dumps([run(joblib.delayed(lambda n: n * factor)(n) for n in range(10)),
                      [a.tolist() for a in run(joblib.delayed(lambda n: array * n)(n)
                                               for n in range(4))],
                      values(run(joblib.delayed(work)(Item(n)) for n in range(10))),
                      told(lambda: run([joblib.delayed(fail)(1)]))]))
""",
    "joblib, loky, mapped arrays": """
    import joblib, numpy as np
    big = np.arange(500_000.0)
    run = joblib.Parallel(n_jobs=2, max_nbytes="1M")
    print(json.dumps([float(s) for s in run(joblib.delayed(lambda a, n: a.sum() + n)(big, n)
                                            for n in range(4))]))
""",
    "joblib, multiprocessing": """
    import joblib
    run = joblib.Parallel(n_jobs=2, backend="multiprocessing")
    print(json.dumps(values(run(joblib.delayed(work)(Item(n)) for n in range(10)))))
""",
    "scikit-learn search": """
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, cross_val_score
    X, y = np.arange(80.0).reshape(40, 2) % 7, np.arange(40) % 2
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, n_jobs=2, cv=3,
                          scoring=lambda e, X, y: float(e.score(X, y)))
    search.fit(X, y)
    print(json.dumps([search.best_params_, search.cv_results_["mean_test_score"].tolist()]))
""",
}

SEND = """
def send(queue, connection):
    queue.put(Item(5))
    connection.send(Item(6))
"""

LOADER = """
import sys, torch
from torch.utils.data import DataLoader, Dataset

class Squares(Dataset):
    def __len__(self): return 20
    def __getitem__(self, n): return {"n": torch.tensor([n * n]), "name": str(n)}

def collate(rows):
    return torch.stack([row["n"] for row in rows]), [row["name"] for row in rows]

if __name__ == "__main__":
    for arguments in ({}, {"collate_fn": collate}):
        loader = DataLoader(Squares(), batch_size=4, num_workers=2,
                            multiprocessing_context=sys.argv[1], **arguments)
        for batch in loader:
            print(batch)
"""


# loky unlinks a semaphore and says so to its tracker in two steps, in threads that the end of the
# interpreter may stop between them: the tracker then warns, with the hook or without.
TRACKER = re.compile(r"[^\n]*resource_tracker\.py:\d+: UserWarning:[^\n]*\n  [^\n]*\n")


@pytest.mark.parametrize("title", SCRIPTS)
def test_results_are_those_without_the_hook(run: Runner, title: str) -> None:
    script = f"{COMMON}{SEND}\nif __name__ == '__main__':{SCRIPTS[title]}"
    plain = run(script, mode="off")
    assert plain.returncode == 0, plain.stderr
    guarded = run(script)
    assert guarded.returncode == 0, guarded.stderr
    assert guarded.stdout == plain.stdout
    assert json.loads(plain.stdout.splitlines()[0])
    assert TRACKER.sub("", guarded.stderr) == TRACKER.sub("", plain.stderr)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_data_loader_gives_what_it_gives_without_the_hook(run: Runner, method: str) -> None:
    pytest.importorskip("torch")
    plain, guarded = run(LOADER, method, mode="off"), run(LOADER, method)
    assert plain.returncode == 0, plain.stderr
    assert guarded.returncode == 0, guarded.stderr
    assert "tensor" in plain.stdout
    assert guarded.stdout == plain.stdout


def test_a_file_loaded_in_a_worker_meets_the_policy(run: Runner) -> None:
    script = """
import multiprocessing, os, pickle

class Payload:
    def __reduce__(self):
        return os.system, ("touch canary",)

def load(path):
    try:
        pickle.load(open(path, "rb"))
    except pickle.UnpicklingError as error:
        return str(error)

if __name__ == "__main__":
    pickle.dump([Payload()], open("p.pkl", "wb"))
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(pool.apply(load, ("p.pkl",)))
"""
    completed = run(script)
    assert completed.returncode == 0, completed.stderr
    assert completed.stdout.count("posix.system") >= 2, completed.stdout
    assert not (run.folder / "canary").exists()
