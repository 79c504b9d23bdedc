"""Pools of multiprocess, pathos and billiard: functions by value, errors, managers."""

from __future__ import annotations

from telling import attempt


class Own:
    def __init__(self, n: int) -> None:
        self.n = n

    def __repr__(self) -> str:
        return f"Own({self.n})"


def double(item: Own) -> Own:
    return Own(2 * item.n)


def fail(n: int) -> object:
    raise KeyError(n)


def main() -> None:
    import billiard
    import multiprocess
    import pathos

    factor = 3
    for method in ("fork", "spawn"):
        context = multiprocess.get_context(method)
        with context.Pool(2) as pool:
            attempt(f"multiprocess, {method}", lambda: pool.map(lambda n: n * factor, range(4)))
            attempt(f"its objects, {method}", lambda: repr(pool.map(double, [Own(1)])))
            attempt(f"its errors, {method}", lambda: pool.apply(fail, (1,)))
        with context.Manager() as manager:
            shared = manager.dict(a=Own(1))
            attempt(f"its manager, {method}", lambda: repr(shared["a"]))
    pool = pathos.pools.ProcessPool(2)
    attempt("pathos", lambda: pool.map(lambda n: n + factor, range(4)))
    pool.close()
    pool.join()
    pool = billiard.Pool(2)
    attempt("billiard", lambda: repr(pool.map(double, [Own(1), Own(2)])))
    attempt("its errors", lambda: pool.apply(fail, (1,)))
    pool.terminate()


if __name__ == "__main__":
    main()
