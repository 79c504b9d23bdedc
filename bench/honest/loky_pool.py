"""loky by itself: functions by value and by name, errors, initializers, workers used again."""

from __future__ import annotations

import os

from loky import get_reusable_executor
from telling import attempt
from things import Own


def double(item: Own) -> Own:
    return Own(2 * item.n)


def fail(number: int) -> None:
    raise LookupError(f"no {number}")


def main() -> None:
    factor = 3
    executor = get_reusable_executor(max_workers=2, initializer=os.getpid)
    attempt("by name", lambda: [repr(item) for item in executor.map(double, map(Own, range(4)))])
    attempt("by value", lambda: list(executor.map(lambda n: n * factor, range(4))))
    attempt("functions as data", lambda: executor.submit(repr, [os.getcwd, len]).result())
    attempt("an error", lambda: executor.submit(fail, 2).result())
    attempt("again", lambda: get_reusable_executor(max_workers=1).submit(sum, [1, 2]).result())
    executor.shutdown()


if __name__ == "__main__":
    main()
