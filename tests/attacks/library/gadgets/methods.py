"""Classes that call methods of what they hold, and classes whose methods act."""

from __future__ import annotations

from typing import Any

State = dict[str, Any]


class Logs:
    """Its state setter closes what the state holds."""

    def __setstate__(self, state: State) -> None:
        self.__dict__.update(state)
        state["log"].close()


class LogsDeep:
    """Its state setter closes what it finds within the state, two calls further on."""

    def __setstate__(self, state: State) -> None:
        for log in state["logs"].values():
            close(log)


def close(log: Any) -> None:
    """Close a log."""
    log.close()


class Reads:
    """Its state setter reads an attribute, which may be a property."""

    def __setstate__(self, state: State) -> None:
        self.size = state["log"].size


class Adds:
    """Its state setter adds what the state holds."""

    def __setstate__(self, state: State) -> None:
        self.sum = state["left"] + 1


class Closes:
    """Its finalizer closes what it holds."""

    log: Any = None

    def __del__(self) -> None:
        if self.log is not None:
            self.log.close()


class ClosesAll:
    """Its finalizer closes all that it holds then."""

    logs: Any = ()

    def __del__(self) -> None:
        for log in self.logs:
            log.close()


class Hashes:
    """Its hash is what it holds says it is."""

    part: Any = None

    def __hash__(self) -> int:
        return int(self.part.number())


class Calls:
    """Its finalizer calls what it holds."""

    action: Any = None

    def __del__(self) -> None:
        if self.action is not None:
            self.action(self.path)

    path = ""


class Sized:
    """Its length is what something that it holds gives."""

    action: Any = None
    path = ""

    def __len__(self) -> int:
        self.action(self.path)
        return 0


class Measures:
    """Its state setter asks what it is given for its length."""

    def __setstate__(self, state: State) -> None:
        self.size = len(state["items"])


def rebuilt(log: Any) -> object:
    """Close what is given: what a reducer returns."""
    log.close()
    return Logs


class Applies:
    """Its state setter calls what the state holds with what else it holds."""

    def __setstate__(self, state: State) -> None:
        self.result = state["function"](state["log"])


class ClosesCalled:
    """Closes what it is called with."""

    def __call__(self, log: Any) -> None:
        log.close()


class ClosesHeld:
    """Closes what it holds when it is called."""

    log: Any = None

    def __call__(self, *_: object) -> None:
        self.log.close()


class Named:
    """Calls a method of its own by the name that it holds, when it is called."""

    name = "size"

    def __call__(self, path: str) -> Any:
        return getattr(self, self.name)(path)

    def act(self, path: str) -> None:
        """Act."""
        open(path, "w").close()


class Reduced:
    """Its reducer names a function that closes its argument."""

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuilt, (None,)


class File:
    """Methods that act on what the state holds, each harmless as long as nobody calls it."""

    path = ""

    def close(self) -> None:
        """Act."""
        open(self.path, "w").close()

    def number(self) -> int:
        """Act."""
        self.close()
        return 1

    @property
    def size(self) -> int:
        """Act."""
        return self.number()

    def __add__(self, other: object) -> int:
        return self.number()


class Template:
    """Closing it runs a method that a derived class has."""

    path = ""

    def close(self) -> None:
        """Do what is done in the end."""
        self.end()

    def end(self) -> None:
        """Do nothing."""


class Derived(Template):
    """Acts where the base leaves a gap."""

    def end(self) -> None:
        """Act."""
        open(self.path, "w").close()


class Middle:
    """Closing it closes what it holds."""

    inner: Any = None

    def close(self) -> None:
        """Close what is within."""
        self.inner.finish()


class Inner:
    """Finishing it acts."""

    path = ""

    def finish(self) -> None:
        """Act."""
        open(self.path, "w").close()


class Runs:
    """Closing it calls what it holds."""

    action: Any = None
    path = ""

    def close(self) -> None:
        """Call."""
        self.action(self.path)


class Quiet:
    """Has the same methods, and they do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def number(self) -> int:
        """Return a number."""
        return 1

    size = 1


class Opened(File):
    """A file that a call makes, as its reducer says."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Opened, (self.path,)


class Handle(File):
    """A file that a function makes: no pickle names its class."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open_handle, (self.path,)


def open_handle(path: str) -> Handle:
    """Make one, which opens nothing yet."""
    return Handle(path)


class Handles:
    """Holds some that a function has made."""

    def __init__(self, paths: list[str]) -> None:
        self.held = [Handle(path) for path in paths]

    def __reduce__(self) -> tuple[Any, ...]:
        return open_handles, ([handle.path for handle in self.held],)

    def close(self) -> None:
        """Close all."""
        for handle in self.held:
            handle.close()


def open_handles(paths: list[str]) -> list[Handle]:
    """Make some, which open nothing yet."""
    return Handles(paths).held


class Last:
    """A finalizer of a class that no pickle names."""

    log: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        return last, (), {"log": self.log}

    def __del__(self) -> None:
        if self.log is not None:
            self.log.close()


def last() -> Last:
    """Make one."""
    return Last()


class Shelf(list[Any]):
    """Closes what is put into it."""

    def append(self, item: Any) -> None:
        """Keep what is closed."""
        item.close()
        list.append(self, item)

    def extend(self, items: Any) -> None:
        """Keep what is closed."""
        for item in items:
            self.append(item)


class Cabinet(dict[Any, Any]):
    """Closes what is put into it."""

    def __setitem__(self, key: Any, item: Any) -> None:
        item.close()
        dict.__setitem__(self, key, item)


class Drawer(dict[Any, Any]):
    """Closes what is put into it, by the method of its base."""

    def __setitem__(self, key: Any, item: Any) -> None:
        item.close()
        super().__setitem__(key, item)


class Pending:
    """Cannot be followed to its end, and closes what it gets."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        state["log"].close()
        _CALLBACKS["pending"](len(state))
        self.__dict__.update(state)


_CALLBACKS: dict[str, Any] = {}


class ClosesOther:
    """Closes what it is compared with."""

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        return bool(other.close())  # type: ignore[attr-defined]


class SizesOther:
    """Asks what it is compared with for something."""

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        return bool(other.size == 1)  # type: ignore[attr-defined]


class OpensOther:
    """Opens what it is compared with has the path of."""

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        return bool(open(other.path, "w"))  # type: ignore[attr-defined]


class Keyed(File):
    """A file that is a key."""

    def __hash__(self) -> int:
        return 1
