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
