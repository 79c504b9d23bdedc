"""Classes that close what they are given, each by another way that programs really take."""

from __future__ import annotations

import asyncio
import atexit
import collections
import contextlib
import copy
import functools
import itertools
import operator
import threading
import types
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_last: Any = None


class Log:
    """Closing it acts."""

    path = ""

    def close(self, *_: object) -> None:
        """Act."""
        if self.path:
            open(self.path, "w").close()

    def number(self) -> int:
        """Act, and tell a number."""
        self.close()
        return 1


class Quiet:
    """Closing it does nothing."""

    def close(self, *_: object) -> None:
        """Do nothing."""

    def number(self) -> int:
        """Tell a number."""
        return 1


class Shown:
    """Closes what it holds whatever is done to it."""

    def __init__(self, log: Any) -> None:
        self.log = log

    def __repr__(self) -> str:
        self.log.close()
        return ""

    def __lt__(self, other: object) -> bool:
        self.log.close()
        return True

    def __add__(self, other: object) -> Shown:
        self.log.close()
        return self

    def __copy__(self) -> Shown:
        self.log.close()
        return self


class Ended:
    """Closes what it holds when it goes."""

    def __init__(self, log: Any) -> None:
        self.log = log

    def take(self, log: Any) -> None:
        """Hold something else."""
        self.log = log

    def __del__(self) -> None:
        if self.log is not None:
            self.log.close()


class First:
    """A descriptor that closes what its object holds."""

    def __get__(self, holder: Any, cls: type | None = None) -> int:
        if holder is not None:
            holder.log.close()
        return 1


def close(log: Any) -> None:
    """Close something."""
    log.close()


def close_last() -> None:
    """Close what was kept."""
    _last.close()


class Closing:
    """Closes it by a context manager of the standard library."""

    def __init__(self, log: Any) -> None:
        with contextlib.closing(log):
            pass

    def __reduce__(self) -> tuple[Any, ...]:
        return Closing, (Quiet(),)


class Stacked:
    """Closes it by a stack of callbacks."""

    def __init__(self, log: Any) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(log.close)

    def __reduce__(self) -> tuple[Any, ...]:
        return Stacked, (Quiet(),)


class Finalized:
    """Closes it by a finalizer that is registered for it."""

    def __init__(self, log: Any) -> None:
        weakref.finalize(self, log.close)

    def __reduce__(self) -> tuple[Any, ...]:
        return Finalized, (Quiet(),)


class Exiting:
    """Closes it at the end of the process."""

    def __init__(self, log: Any) -> None:
        atexit.register(log.close)

    def __reduce__(self) -> tuple[Any, ...]:
        return Exiting, (Quiet(),)


class Threaded:
    """Closes it in a thread."""

    def __init__(self, log: Any) -> None:
        thread = threading.Thread(target=log.close)
        thread.start()
        thread.join()

    def __reduce__(self) -> tuple[Any, ...]:
        return Threaded, (Quiet(),)


class Submitted:
    """Closes it in a pool."""

    def __init__(self, log: Any) -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(log.close)

    def __reduce__(self) -> tuple[Any, ...]:
        return Submitted, (Quiet(),)


class Named:
    """Closes it by a caller of methods by name."""

    def __init__(self, log: Any) -> None:
        operator.methodcaller("close")(log)

    def __reduce__(self) -> tuple[Any, ...]:
        return Named, (Quiet(),)


class Mapped:
    """Closes it by a caller that is mapped."""

    def __init__(self, log: Any) -> None:
        list(map(operator.methodcaller("close"), [log]))

    def __reduce__(self) -> tuple[Any, ...]:
        return Mapped, (Quiet(),)


class Unbound:
    """Closes it through the class."""

    def __init__(self, log: Any) -> None:
        Log.close(log)

    def __reduce__(self) -> tuple[Any, ...]:
        return Unbound, (Quiet(),)


class Typed:
    """Closes it through its type."""

    def __init__(self, log: Any) -> None:
        type(log).close(log)

    def __reduce__(self) -> tuple[Any, ...]:
        return Typed, (Quiet(),)


class Computed:
    """Closes it by a name that is written down."""

    def __init__(self, log: Any) -> None:
        getattr(log, "close")()  # noqa: B009

    def __reduce__(self) -> tuple[Any, ...]:
        return Computed, (Quiet(),)


class Yielding:
    """Closes it in a generator that is thrown away."""

    def __init__(self, log: Any) -> None:
        def lines() -> Iterator[int]:
            try:
                yield 1
            finally:
                log.close()

        next(lines())

    def __reduce__(self) -> tuple[Any, ...]:
        return Yielding, (Quiet(),)


class Assigned:
    """Closes it by a name that is given on the way."""

    def __init__(self, log: Any) -> None:
        if close := log.close:
            close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Assigned, (Quiet(),)


class Matched:
    """Closes it by a pattern."""

    def __init__(self, log: Any) -> None:
        match log:
            case Log() as found:
                found.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Matched, (Quiet(),)


class Defaulted:
    """Closes it by a factory of values."""

    def __init__(self, log: Any) -> None:
        collections.defaultdict(log.close)[1]

    def __reduce__(self) -> tuple[Any, ...]:
        return Defaulted, (Quiet(),)


class Repeated:
    """Closes it by an iterator over calls."""

    def __init__(self, log: Any) -> None:
        for _ in iter(log.close, None):
            pass

    def __reduce__(self) -> tuple[Any, ...]:
        return Repeated, (Quiet(),)


class Sorted:
    """Closes it by a key to sort by."""

    def __init__(self, log: Any) -> None:
        sorted([1, 2], key=lambda _: log.number())

    def __reduce__(self) -> tuple[Any, ...]:
        return Sorted, (Quiet(),)


class Partial:
    """Closes it by a partial."""

    def __init__(self, log: Any) -> None:
        functools.partial(log.close)()

    def __reduce__(self) -> tuple[Any, ...]:
        return Partial, (Quiet(),)


class Spaced:
    """Closes it in a namespace."""

    def __init__(self, log: Any) -> None:
        types.SimpleNamespace(log=log).log.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Spaced, (Quiet(),)


class Nested:
    """Closes it by a class of its own."""

    def __init__(self, log: Any) -> None:
        class Entered:
            def __enter__(self) -> None:
                """Do nothing."""

            def __exit__(self, *_: object) -> None:
                log.close()

        with Entered():
            pass

    def __reduce__(self) -> tuple[Any, ...]:
        return Nested, (Quiet(),)


class Tupled:
    """Closes it in a tuple with names."""

    def __init__(self, log: Any) -> None:
        collections.namedtuple("Pair", "log")(log).log.close()  # noqa: PYI024

    def __reduce__(self) -> tuple[Any, ...]:
        return Tupled, (Quiet(),)


class Unpacked:
    """Closes it in what is unpacked."""

    def __init__(self, log: Any) -> None:
        (_, *rest), _ = [log, log], 1
        rest[0].close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Unpacked, (Quiet(),)


class Chained:
    """Closes it in a chain of items."""

    def __init__(self, log: Any) -> None:
        for item in itertools.chain([log]):
            item.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Chained, (Quiet(),)


class Zipped:
    """Closes it in a zip."""

    def __init__(self, log: Any) -> None:
        dict(zip(["log"], [log], strict=True))["log"].close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Zipped, (Quiet(),)


class Reduced:
    """Closes it by a function that reduces."""

    def __init__(self, log: Any) -> None:
        functools.reduce(lambda _, item: item.close(), [log], 0)

    def __reduce__(self) -> tuple[Any, ...]:
        return Reduced, (Quiet(),)


class Raised:
    """Closes it in an exception."""

    def __init__(self, log: Any) -> None:
        try:
            raise ValueError(log)
        except ValueError as error:
            error.args[0].close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Raised, (Quiet(),)


class Written:
    """Closes it by way of a text."""

    def __init__(self, log: Any) -> None:
        f"{Shown(log)}"

    def __reduce__(self) -> tuple[Any, ...]:
        return Written, (Quiet(),)


class Compared:
    """Closes it when it is compared."""

    def __init__(self, log: Any) -> None:
        min(Shown(log), Shown(log))

    def __reduce__(self) -> tuple[Any, ...]:
        return Compared, (Quiet(),)


class Summed:
    """Closes it when it is added up."""

    def __init__(self, log: Any) -> None:
        sum([Shown(log)], Shown(log))

    def __reduce__(self) -> tuple[Any, ...]:
        return Summed, (Quiet(),)


class Awaited:
    """Closes it in a coroutine."""

    def __init__(self, log: Any) -> None:
        async def close() -> None:
            log.close()

        asyncio.run(close())

    def __reduce__(self) -> tuple[Any, ...]:
        return Awaited, (Quiet(),)


class Attributed:
    """Closes it by its own attributes."""

    def __init__(self, log: Any) -> None:
        self.__dict__["log"] = log
        vars(self)["log"].close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Attributed, (Quiet(),)


class Local:
    """Closes it by the names of the function."""

    def __init__(self, log: Any) -> None:
        locals()["log"].close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Local, (Quiet(),)


class Described:
    """Closes it by a descriptor."""

    first = First()

    def __init__(self, log: Any) -> None:
        self.log = log
        self.first

    def __reduce__(self) -> tuple[Any, ...]:
        return Described, (Quiet(),)


class Copied:
    """Closes it when it is copied."""

    def __init__(self, log: Any) -> None:
        copy.copy(Shown(log))

    def __reduce__(self) -> tuple[Any, ...]:
        return Copied, (Quiet(),)


class Dispatched:
    """Closes it by a table of functions."""

    def __init__(self, log: Any) -> None:
        {"close": close}["close"](log)

    def __reduce__(self) -> tuple[Any, ...]:
        return Dispatched, (Quiet(),)


class Kept:
    """Closes it by a lambda in a table."""

    def __init__(self, log: Any) -> None:
        dict(close=lambda: log.close())["close"]()  # noqa: C408

    def __reduce__(self) -> tuple[Any, ...]:
        return Kept, (Quiet(),)


class Shared:
    """Closes it by a global variable."""

    def __init__(self, log: Any) -> None:
        global _last
        _last = log
        close_last()

    def __reduce__(self) -> tuple[Any, ...]:
        return Shared, (Quiet(),)


class Dropped:
    """Closes it by the finalizer of what it makes."""

    def __init__(self, log: Any) -> None:
        Ended(log)

    def __reduce__(self) -> tuple[Any, ...]:
        return Dropped, (Quiet(),)


class DroppedLate:
    """Closes it by the finalizer of what it makes and gives it to."""

    def __init__(self, log: Any) -> None:
        ended = Ended(None)
        ended.log = log

    def __reduce__(self) -> tuple[Any, ...]:
        return DroppedLate, (Quiet(),)


class DroppedBy:
    """Closes it by the finalizer of what it makes and tells of it."""

    def __init__(self, log: Any) -> None:
        ended = Ended(None)
        ended.take(log)

    def __reduce__(self) -> tuple[Any, ...]:
        return DroppedBy, (Quiet(),)
