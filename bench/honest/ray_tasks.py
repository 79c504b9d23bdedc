"""ray: tasks, actors, objects and errors, with functions by value."""

from __future__ import annotations

import ray
from telling import attempt


class Own:
    def __init__(self, n: int) -> None:
        self.n = n

    def __repr__(self) -> str:
        return f"Own({self.n})"


def main() -> None:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    factor = 3
    times = ray.remote(lambda n: n * factor)
    attempt("tasks", lambda: ray.get([times.remote(n) for n in range(3)]))
    attempt("objects", lambda: repr(ray.get(ray.put([Own(1), {"f": len}]))))

    @ray.remote
    class Counter:
        def __init__(self) -> None:
            self.total = 0

        def add(self, item: Own) -> Own:
            self.total += item.n
            return Own(self.total)

        def fail(self) -> None:
            raise ValueError("x")

    counter = Counter.remote()
    attempt("actor", lambda: repr(ray.get([counter.add.remote(Own(n)) for n in range(3)])))

    def failing() -> object:
        try:
            ray.get(counter.fail.remote())
        except ValueError as error:
            return type(error).__mro__[1].__name__
        return None

    attempt("error", failing)
    ray.shutdown()


if __name__ == "__main__":
    main()
