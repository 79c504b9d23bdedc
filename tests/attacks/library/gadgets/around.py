"""What acts by ways of which the interpreter tells nobody, and what it asks of objects unasked."""

from __future__ import annotations

import atexit
import os
import signal
import socket
import sys
import threading
import weakref
from typing import Any

from gadgets.acts import Plain

State = dict[str, Any]


def proxied(token: object, path: str, incref: bool = True) -> None:
    """Act, with the arguments that a proxy is made with."""
    os.mkdir(path)


class Writes:
    """Its state setter writes to a file that is open already."""

    def __setstate__(self, state: State) -> None:
        os.write(state["descriptor"], b"x")


class Sends:
    """Its state setter sends over a connection that is open already."""

    def __setstate__(self, state: State) -> None:
        socket.socket(fileno=os.dup(state["descriptor"])).send(b"x")


class Signals:
    """Its state setter chooses what a signal does."""

    def __setstate__(self, state: State) -> None:
        signal.signal(state["number"], signal.SIG_IGN)


class Registers:
    """Its state setter leaves something to do at the end of the process."""

    def __setstate__(self, state: State) -> None:
        atexit.register(os.mkdir, state["path"])


class ExtendsPath:
    """Its state setter adds a folder from which modules are imported."""

    def __setstate__(self, state: State) -> None:
        sys.path.insert(0, state["path"])


class ReplacesModule:
    """Its state setter puts itself in the place of a module."""

    def __setstate__(self, state: State) -> None:
        sys.modules[state["name"]] = self  # type: ignore[assignment]


class WritesToClass:
    """Its state setter changes another class."""

    def __setstate__(self, state: State) -> None:
        Plain.limit = state["limit"]


class WritesToOwnClass:
    """Its state setter changes its class by a name that the state holds."""

    limit = 3

    def __setstate__(self, state: State) -> None:
        setattr(type(self), state["name"], state["value"])


class MakesPipe:
    """Its state setter makes a named pipe."""

    def __setstate__(self, state: State) -> None:
        os.mkfifo(state["path"])


class StartsThread:
    """Its state setter starts a thread that acts."""

    def __setstate__(self, state: State) -> None:
        threading.Thread(target=os.mkdir, args=(state["path"],)).start()


class StartsTimer:
    """Its state setter starts a timer that acts later."""

    def __setstate__(self, state: State) -> None:
        threading.Timer(0.01, os.mkdir, [state["path"]]).start()


class Finalizes:
    """Its state setter leaves something to do when it is dropped."""

    def __setstate__(self, state: State) -> None:
        weakref.finalize(self, os.mkdir, state["path"])


class Environment:
    """Its state setter changes a variable of the environment."""

    def __setstate__(self, state: State) -> None:
        os.environ[state["name"]] = "1"


class Propertied:
    """Assigning one of its attributes acts."""

    __slots__ = ("__dict__",)

    @property
    def acts(self) -> str:
        return ""

    @acts.setter
    def acts(self, path: str) -> None:
        os.mkdir(path)


class Registry:
    """Filling the class itself acts."""

    @classmethod
    def extend(cls, paths: list[str]) -> None:
        os.mkdir(paths[0])


class Adder:
    """A container of its own kind."""

    def append(self, item: object) -> None:
        self.item = item

    def add(self, item: object) -> None:
        self.item = item

    def predict(self, data: object) -> object:
        return data


class Version:
    """Its state setter asks its state for an item."""

    def __setstate__(self, state: State) -> None:
        self.version = state["version"]


class Acting:
    """Acts when it is made without arguments."""

    path = ""

    def __init__(self) -> None:
        os.mkdir(self.path)


# What is asked of an object that lies in a state, by honest code.


class Equal:
    path: str

    def __eq__(self, other: object) -> bool:
        os.mkdir(self.path)
        return True

    def __hash__(self) -> int:
        return 1


class PathLike:
    path: str

    def __fspath__(self) -> str:
        os.mkdir(self.path)
        return ""


class Contains:
    path: str

    def __contains__(self, item: object) -> bool:
        os.mkdir(self.path)
        return True


class Truth:
    path: str

    def __bool__(self) -> bool:
        os.mkdir(self.path)
        return True


class Asks:
    """Honest: looks at what its state holds."""

    def __setstate__(self, state: State) -> None:
        if state["items"]:
            self.known = 1 in state["items"]
