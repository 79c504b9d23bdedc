"""pyspark: functions by value, objects in and out, a pickle file."""

from __future__ import annotations

import sys

from pyspark.sql import SparkSession
from telling import attempt


class Own:
    def __init__(self, n: int) -> None:
        self.n = n


def main() -> None:
    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.pyspark.python", sys.executable)
        .getOrCreate()
    )
    context, factor = session.sparkContext, 3
    context.setLogLevel("OFF")
    numbers = context.parallelize(range(6), 2)
    attempt("map", lambda: numbers.map(lambda n: n * factor).collect())
    attempt("pairs", lambda: sorted(numbers.map(lambda n: (n % 2, [n])).reduceByKey(
        lambda a, b: a + b).mapValues(sorted).collect()))  # fmt: skip
    attempt("objects", lambda: numbers.map(lambda n: {"n": n, "t": (n, "x")}).take(2))
    shared = context.broadcast({"factor": factor})
    attempt("broadcast", lambda: numbers.map(lambda n: n * shared.value["factor"]).sum())
    frame = session.createDataFrame([(1, "a"), (2, "b")], ["n", "s"])
    attempt("frame", lambda: [row.asDict() for row in frame.collect()])
    numbers.saveAsPickleFile("numbers")
    attempt("pickle file", lambda: sorted(context.pickleFile("numbers").collect()))
    session.stop()


if __name__ == "__main__":
    main()
