"""dask and distributed: tokens, functions and closures through a cluster of processes, spilling."""

from __future__ import annotations

import threading

import dask
import numpy
import pandas
from telling import attempt, tell
from things import Own


def fail(n: int) -> object:
    raise ValueError(f"no {n}")


def main() -> None:
    from dask.base import tokenize
    from distributed import Client, LocalCluster

    factor = 3
    values = {
        "lambda": lambda n: n * factor,
        "own": Own(1),
        "class": Own,
        "frame": pandas.DataFrame({"x": [1.0, None], "y": ["a", "b"]}),
        "array": numpy.arange(3),
        "objects": numpy.array([Own(1), None], dtype=object),
        "lock": threading.Lock,
        "nested": {"a": (1, {2}, [Own(2)])},
        "function": tokenize,
    }
    for name, value in values.items():
        attempt(f"token of {name}", lambda: tokenize(value))
    graph = dask.delayed(lambda: Own(5))()
    attempt("processes", lambda: repr(dask.compute(graph, scheduler="processes")))
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        attempt("map", lambda: client.gather(client.map(lambda n: n * factor, range(5))))
        attempt("own", lambda: repr(client.submit(lambda n: Own(n), 4).result()))
        attempt("failure", lambda: client.submit(fail, 1).result())
        frame = pandas.DataFrame({"k": list("abab") * 50, "v": range(200)})
        import dask.dataframe as dd

        data = dd.from_pandas(frame, npartitions=4)
        attempt("group", lambda: data.groupby("k").v.sum().compute().to_dict())
        attempt("shuffle", lambda: len(data.set_index("v").compute()))
        attempt("scatter", lambda: repr(client.gather(client.scatter([Own(1), Own(2)]))))
        attempt("run", lambda: sorted(client.run(lambda: factor).values()))
        actor = client.submit(Own, 7, actor=True).result()
        attempt("actor", lambda: actor.n)
    tell("done", True)


if __name__ == "__main__":
    main()
