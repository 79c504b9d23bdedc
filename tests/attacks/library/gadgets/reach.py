"""State setters that reach a sink, each by another way that programs really take.

What they do is one and the same: make an empty file at the path that the state gives.
"""

from __future__ import annotations

import functools
import io
import operator
import os
from collections.abc import Callable, Iterator
from os import *  # noqa: F403
from os import mkdir as make
from pathlib import Path
from typing import Any

State = dict[str, Any]
ACTIONS: dict[str, Callable[..., Any]] = {"make": os.mkdir, "none": str}
MAKERS = [os.mkdir]
alias = os.mkdir
bound = functools.partial(os.mkdir)
_late: Any = None


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate with something that acts itself."""

    @functools.wraps(function)
    def wrapper(self: Any, state: State) -> Any:
        os.mkdir(state["path"])
        return function(self, state)

    return wrapper


def made() -> Callable[..., Any]:
    """Return a closure."""

    def setter(self: Any, state: State) -> None:
        os.mkdir(state["path"])

    return setter


def handed(path: str, action: Callable[..., Any] = os.mkdir) -> None:
    """Call a default argument."""
    action(path)


def late() -> Any:
    """Import a module when it is first asked for, and keep it."""
    global _late
    if _late is None:
        import os as system

        _late = system
    return _late


def importer() -> Callable[[], Any]:
    """Return a closure that gives a module."""

    def give() -> Any:
        return os

    return give


class ThroughLateModule:
    def __setstate__(self, state: State) -> None:
        late().mkfifo(state["path"])


class ThroughMadeModule:
    def __setstate__(self, state: State) -> None:
        importer()().mkfifo(state["path"])


class Direct:
    def __setstate__(self, state: State) -> None:
        os.mkdir(state["path"])


class Renamed:
    def __setstate__(self, state: State) -> None:
        make(state["path"])


class Starred:
    def __setstate__(self, state: State) -> None:
        mkdir(state["path"])  # noqa: F405


class Aliased:
    def __setstate__(self, state: State) -> None:
        alias(state["path"])


class LocalAlias:
    def __setstate__(self, state: State) -> None:
        action = os.mkdir
        action(state["path"])


class TwoAliases:
    def __setstate__(self, state: State) -> None:
        action = os.mkdir if state else os.rmdir
        action(state["path"])


class ChosenInPlace:
    def __setstate__(self, state: State) -> None:
        (os.mkdir if state else os.rmdir)(state["path"])


class Unpacked:
    def __setstate__(self, state: State) -> None:
        action, _ = os.mkdir, 1
        action(state["path"])


class Walrus:
    def __setstate__(self, state: State) -> None:
        (action := os.mkdir)(state["path"])
        assert action


class Looped:
    def __setstate__(self, state: State) -> None:
        for action in (os.mkdir,):
            action(state["path"])


class Dispatch:
    def __setstate__(self, state: State) -> None:
        ACTIONS[state["action"]](state["path"])


class DispatchConstant:
    def __setstate__(self, state: State) -> None:
        ACTIONS["make"](state["path"])


class DispatchGet:
    def __setstate__(self, state: State) -> None:
        action = ACTIONS.get("make", str)
        action(state["path"])


class InList:
    def __setstate__(self, state: State) -> None:
        MAKERS[0](state["path"])


class Partial:
    def __setstate__(self, state: State) -> None:
        functools.partial(os.mkdir, state["path"])()


class PartialAlias:
    def __setstate__(self, state: State) -> None:
        bound(state["path"])


class Mapped:
    def __setstate__(self, state: State) -> None:
        list(map(os.mkdir, [state["path"]]))


class Sorted:
    def __setstate__(self, state: State) -> None:
        sorted([state["path"]], key=os.mkdir)  # type: ignore[arg-type,return-value]


class Reduced:
    def __setstate__(self, state: State) -> None:
        functools.reduce(lambda _, path: os.mkdir(path), [0, state["path"]])  # type: ignore[arg-type,return-value]


class Operator:
    def __setstate__(self, state: State) -> None:
        operator.methodcaller("mkdir")(Path(state["path"]))


class Getattr:
    def __setstate__(self, state: State) -> None:
        getattr(os, "mkdir")(state["path"])  # noqa: B009


class GetattrAlias:
    def __setstate__(self, state: State) -> None:
        action = getattr(os, "mk" + "dir")
        action(state["path"])


class Namespace:
    def __setstate__(self, state: State) -> None:
        vars(os)["mkdir"](state["path"])


class Globals:
    def __setstate__(self, state: State) -> None:
        globals()["alias"](state["path"])


class Imported:
    def __setstate__(self, state: State) -> None:
        __import__("os").mkdir(state["path"])


class Lambda:
    def __setstate__(self, state: State) -> None:
        (lambda path: os.mkdir(path))(state["path"])


class LambdaInBody:
    __setstate__ = lambda self, state: os.mkdir(state["path"])  # noqa: E731


class AttributeInBody:
    action = staticmethod(os.mkdir)

    def __setstate__(self, state: State) -> None:
        self.action(state["path"])


class Decorated:
    @logged
    def __setstate__(self, state: State) -> None:
        """Do nothing itself."""


class Closure:
    __setstate__ = made()


class Default:
    def __setstate__(self, state: State) -> None:
        handed(state["path"])


class Pathlib:
    def __setstate__(self, state: State) -> None:
        Path(state["path"]).mkdir()


class PathlibOpen:
    def __setstate__(self, state: State) -> None:
        Path(state["path"]).open("w").close()


class ThroughAttribute:
    def __setstate__(self, state: State) -> None:
        self.path = state["path"]
        self.make()

    def make(self) -> None:
        os.mkdir(self.path)


class ThroughUpdate:
    path: str

    def __setstate__(self, state: State) -> None:
        self.__dict__.update(state)
        os.mkdir(self.path)


class ThroughGenerator:
    def __setstate__(self, state: State) -> None:
        for _ in self.items(state["path"]):
            pass

    def items(self, path: str) -> Iterator[None]:
        yield os.mkdir(path)


class ThroughContext:
    def __setstate__(self, state: State) -> None:
        with Entered(state["path"]):
            pass


class Entered:
    def __init__(self, path: str) -> None:
        self.path = path

    def __enter__(self) -> None:
        os.mkdir(self.path)

    def __exit__(self, *error: object) -> None:
        pass


class ThroughProperty:
    def __setstate__(self, state: State) -> None:
        self.path = state["path"]
        assert self.acts

    @property
    def acts(self) -> bool:
        os.mkdir(self.path)
        return True


class ThroughSetter:
    def __setstate__(self, state: State) -> None:
        self.acts = state["path"]

    @property
    def acts(self) -> str:
        return ""

    @acts.setter
    def acts(self, path: str) -> None:
        os.mkdir(path)


class ThroughItem:
    def __setstate__(self, state: State) -> None:
        self[state["path"]] = 1

    def __setitem__(self, path: str, value: int) -> None:
        os.mkdir(path)


class ThroughSubclass(Direct):
    def __setstate__(self, state: State) -> None:
        super().__setstate__(state)


class ThroughInstance:
    def __setstate__(self, state: State) -> None:
        Worker().work(state["path"])


class ThroughLocalInstance:
    def __setstate__(self, state: State) -> None:
        worker = Worker()
        worker.work(state["path"])


class ThroughHeldInstance:
    def __setstate__(self, state: State) -> None:
        self.worker = Worker()
        self.worker.work(state["path"])


class ThroughCallableInstance:
    def __setstate__(self, state: State) -> None:
        Worker()(state["path"])


class ThroughReturned:
    def __setstate__(self, state: State) -> None:
        chosen()(state["path"])


def chosen() -> Callable[..., Any]:
    """Return a sink."""
    return os.mkdir


class Worker:
    def work(self, path: str) -> None:
        os.mkdir(path)

    def __call__(self, path: str) -> None:
        os.mkdir(path)


class Written:
    def __setstate__(self, state: State) -> None:
        with io.open(state["path"], mode=state["mode"]):  # noqa: UP020
            pass


class Formatted:
    def __setstate__(self, state: State) -> None:
        os.mkdir(f"{state['path']}")


class Popped:
    def __setstate__(self, state: State) -> None:
        os.mkdir(state.pop("path"))


class Matched:
    def __setstate__(self, state: State) -> None:
        match state:
            case {"path": path}:
                os.mkdir(path)


class Caught:
    def __setstate__(self, state: State) -> None:
        try:
            raise ValueError(state["path"])
        except ValueError as error:
            os.mkdir(error.args[0])


class Compared:
    def __setstate__(self, state: State) -> None:
        os.mkdir(state["path"] and str(state["path"]))


class Appended:
    def __setstate__(self, state: State) -> None:
        paths = []
        paths.append(state["path"])
        os.mkdir(paths[0])


class Updated:
    def __setstate__(self, state: State) -> None:
        own: State = {}
        own.update(state)
        os.mkdir(own["path"])


class ThroughGlobal:
    def __setstate__(self, state: State) -> None:
        global current
        current = state["path"]
        act_on_global()


current = ""


def act_on_global() -> None:
    """Act on what another function left."""
    os.mkdir(current)


# What the interpreter runs by itself, of objects that have their state.


class Dropped:
    path: str

    def __del__(self) -> None:
        os.mkdir(self.path)


class DroppedLambda:
    __del__ = lambda self: os.mkdir(self.path)  # noqa: E731


class Hashed:
    path: str

    def __hash__(self) -> int:
        os.mkdir(self.path)
        return 1


class Iterated:
    path: str

    def __iter__(self) -> Iterator[int]:
        os.mkdir(self.path)
        return iter(())


class Sized:
    path: str

    def __len__(self) -> int:
        os.mkdir(self.path)
        return 0


class Indexed:
    path: str

    def __index__(self) -> int:
        os.mkdir(self.path)
        return 1


class Shown:
    path: str

    def __str__(self) -> str:
        os.mkdir(self.path)
        return ""


class Asked:
    path: str

    def __getattr__(self, name: str) -> object:
        if "path" in self.__dict__ and not os.path.exists(self.path):
            os.mkdir(self.path)
        raise AttributeError(name)


class Made:
    def __new__(cls, path: str) -> Made:
        os.mkdir(path)
        return super().__new__(cls)


class Rebuilt:
    """Its reducer hands a decorated function to the file."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return rebuild, ("", {"path": ""})


@logged
def rebuild(self: Any, state: State) -> object:
    """Do nothing itself."""
    return None


class Iterates:
    """Honest: keeps the items of what its state holds."""

    def __setstate__(self, state: State) -> None:
        self.items = list(state["items"])


class Measures:
    """Honest: keeps the length of what its state holds."""

    def __setstate__(self, state: State) -> None:
        self.length = len(state["items"])


class Shows:
    """Honest: keeps the text of what its state holds."""

    def __setstate__(self, state: State) -> None:
        self.text = str(state["items"])


class Classmethod:
    """Its reducer calls a class method that calls what it is given."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.rebuild, (str, "")

    @classmethod
    def rebuild(cls, function: Callable[..., Any], argument: object) -> object:
        return function(argument)


class MadeToo(Made):
    """Its own ``__new__`` would not act, the inherited one does."""

    def __new__(cls) -> MadeToo:
        return object.__new__(cls)


class Alone:
    """Acts when it is made with nothing, on what belongs to the class."""

    path = ""

    def __init__(self, path: str = "") -> None:
        self.paths = [path]
        self.make()

    def make(self) -> None:
        """Act."""
        os.mkdir(self.path)
