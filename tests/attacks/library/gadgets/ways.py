"""Classes whose state setters act on what they are given, each by another way that is not plain.

The state is a text (a path), or a pair of a callable and its argument.
"""

from __future__ import annotations

import functools
import itertools
import operator
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any


def touch(path: str) -> None:
    """Write a file."""
    open(path, "w").close()


def touch_second(_: object, path: str) -> None:
    """Write a file that the second argument names."""
    touch(path)


def maker() -> Callable[[str], None]:
    """Return what acts."""
    return touch


def maker_of_makers() -> Callable[[], Callable[[str], None]]:
    """Return what returns what acts."""
    return maker


def apply(function: Callable[..., object], *arguments: object) -> None:
    """Call a function."""
    function(*arguments)


started = functools.partial(touch_second, None)


class Toucher:
    """Its objects act when they are called."""

    def __call__(self, path: str) -> None:
        touch(path)


def new_toucher() -> Toucher:
    """Return an object that acts when it is called."""
    return Toucher()


def closure() -> Callable[[str], None]:
    """Return a function of its own that acts."""

    def inner(path: str) -> None:
        touch(path)

    return inner


class Handed:
    """Acts: a call's result is handed on and called."""

    def __setstate__(self, state: str) -> None:
        apply(maker(), state)


class HandedTwice:
    """Acts: a result of a result is handed on and called."""

    def __setstate__(self, state: str) -> None:
        apply(maker_of_makers()(), state)


class HandedObject:
    """Acts: an object that a call returned is handed on and called."""

    def __setstate__(self, state: str) -> None:
        apply(new_toucher(), state)


class HandedClosure:
    """Acts: a function that another one made is handed on and called."""

    def __setstate__(self, state: str) -> None:
        apply(closure(), state)


class Started:
    """Acts: a partial of the module has the first argument already."""

    def __setstate__(self, state: str) -> None:
        started(state)


class StartedHere:
    """Acts: a partial made here has the first argument already."""

    def __setstate__(self, state: str) -> None:
        apply(functools.partial(touch_second, None), state)


@functools.singledispatch
def show(value: object) -> None:
    """Do nothing."""


@show.register
def _(value: str) -> None:
    touch(value)


@functools.singledispatch
def show_too(value: object) -> None:
    """Do nothing."""


show_too.register(str, touch)


class Dispatched:
    """Acts: a function that was registered for texts is called."""

    def __setstate__(self, state: str) -> None:
        show(state)


class DispatchedByCall:
    """Acts: a function that was registered by a call is called."""

    def __setstate__(self, state: str) -> None:
        show_too(state)


class DispatchedMethod:
    """Acts: a method that was registered for texts is called."""

    @functools.singledispatchmethod
    def show(self, value: object) -> None:
        """Do nothing."""

    @show.register
    def _(self, value: str) -> None:
        touch(value)

    def __setstate__(self, state: str) -> None:
        self.show(state)


class Spaced:
    """Acts: a function is put into a namespace and called there."""

    def __setstate__(self, state: str) -> None:
        space = types.SimpleNamespace(run=touch)
        space.run(state)


class SpacedLater:
    """Acts: a function becomes an attribute of a namespace."""

    def __setstate__(self, state: str) -> None:
        space = types.SimpleNamespace()
        space.run = touch
        space.run(state)


class Empty:
    """An object for attributes."""

    run: Callable[..., object]


class Attributed:
    """Acts: a function becomes an attribute of an object."""

    def __setstate__(self, state: str) -> None:
        kept = Empty()
        kept.run = touch
        kept.run(state)


class Shown:
    """Acts when it is shown."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __repr__(self) -> str:
        touch(self.path)
        return ""


class Formatted:
    """Acts: an object is shown by a format."""

    def __setstate__(self, state: str) -> None:
        "{!r}".format(Shown(state))


class FormattedOld:
    """Acts: an object is shown by an operator."""

    def __setstate__(self, state: str) -> None:
        "%r" % (Shown(state),)


class Computed:
    """Acts when its property is asked for."""

    def __init__(self, path: str) -> None:
        self.path = path

    __match_args__ = ("value",)

    @property
    def value(self) -> str:
        """Act."""
        touch(self.path)
        return ""


class FormattedAttribute:
    """Acts: a format looks a property up."""

    def __setstate__(self, state: str) -> None:
        "{0.value}".format(Computed(state))


class Matched:
    """Acts: a class pattern looks a property up."""

    def __setstate__(self, state: str) -> None:
        match Computed(state):
            case Computed(_):
                pass


class Checking(type):
    """A class of classes that acts when it is asked for instances."""

    def __instancecheck__(cls, value: object) -> bool:
        touch(value)  # type: ignore[arg-type]
        return False


class Checked(metaclass=Checking):
    """A class whose class acts when it is asked for instances."""


class AskedFor:
    """Acts: a class is asked whether a value is one of its own."""

    def __setstate__(self, state: str) -> None:
        isinstance(state, Checked)


def waits() -> Iterator[None]:
    """Act on what is sent."""
    while True:
        path = yield
        touch(path)


class Sent:
    """Acts: a text is sent into a generator."""

    def __setstate__(self, state: str) -> None:
        generator: Any = waits()
        next(generator)
        generator.send(state)


class Subclassing:
    """Acts when a class is derived from it with an option."""

    def __init_subclass__(cls, path: str = "") -> None:
        if path:
            touch(path)


class Derived:
    """Acts: a class is made with an option."""

    def __setstate__(self, state: str) -> None:
        class Made(Subclassing, path=state):
            pass


class Borrowed:
    """Acts: a method of another class is called with an object that has what it needs."""

    path = ""

    def __setstate__(self, state: str) -> None:
        self.path = state
        Reader.read(self)  # type: ignore[arg-type]


class Got:
    """Acts: a property is looked up by an attrgetter."""

    path = ""

    def __setstate__(self, state: str) -> None:
        self.path = state
        operator.attrgetter("value")(self)

    @property
    def value(self) -> str:
        """Act."""
        touch(self.path)
        return ""


class Reader:
    """Acts by its own path, when it is asked by its class."""

    path = ""

    def read(self) -> None:
        """Act."""
        touch(self.path)


class Unpacking:
    """Calls what it is given: unpacked."""

    def __setstate__(self, state: tuple[Any, str]) -> None:
        function, argument = state
        function(argument)


class Giving:
    """Calls what it is given: by a function of its own."""

    def __setstate__(self, state: tuple[Any, str]) -> None:
        apply(*state)


class Applied:
    """Calls what it is made of."""

    def __init__(self, function: Any, argument: str) -> None:
        self.arguments = function, argument
        function(argument)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.arguments


class Instantiated:
    """Makes an object of the class that it is made of."""

    def __init__(self, cls: Any, argument: str) -> None:
        self.arguments = cls, argument
        self.made = cls.__new__(cls)
        self.made.__init__(argument)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.arguments


class Looping:
    """Acts: in a loop over objects that act."""

    def __setstate__(self, state: str) -> None:
        for reader in [Opened(state)]:
            reader.read()


class Returned:
    """Acts: an object is one of two that a call gives."""

    def __setstate__(self, state: str) -> None:
        reader, _ = pair(state)
        reader.read()


class Opened(Reader):
    """Acts when it is read."""

    def __init__(self, path: str) -> None:
        self.path = path


def pair(path: str) -> tuple[Opened, int]:
    """Return an object that acts when it is read, and a number."""
    return Opened(path), 1


class Decorating:
    """Calls what it is given: as a decorator of a function."""

    def __setstate__(self, state: tuple[Any, str]) -> None:
        function, argument = state

        @functools.partial(lambda given, _: given(argument), function)
        def inner() -> None:
            pass


class DecoratingClass:
    """Calls what it is given: as a decorator of a class."""

    def __setstate__(self, state: tuple[Any, str]) -> None:
        function, _ = state

        @function
        class Inner:
            pass


class Deriving:
    """Calls what it is given: as the class of a class."""

    def __setstate__(self, state: tuple[Any, str]) -> None:
        function, _ = state

        class Inner(metaclass=function):  # type: ignore[misc]
            pass


class Finalizing:
    """Calls what it is given: when something else is dropped."""

    def __setstate__(self, state: tuple[Any, str]) -> None:
        function, argument = state
        weakref.finalize(Empty(), function, argument)


class Accumulating:
    """Calls what it is given: on numbers that are summed up."""

    def __setstate__(self, state: tuple[Any, str]) -> None:
        function, argument = state
        list(itertools.accumulate([argument, argument], lambda path, _: function(path)))


class Selecting:
    """Calls what it is given: to select."""

    def __setstate__(self, state: tuple[Any, str]) -> None:
        function, argument = state
        list(itertools.takewhile(function, [argument]))


class Attaching:
    """Calls what it is given: as an attribute of an object."""

    def __setstate__(self, state: tuple[Any, str]) -> None:
        kept = Empty()
        kept.run = state[0]
        kept.run(state[1])


class Holding:
    """Calls what it holds when it is shown."""

    def __init__(self) -> None:
        self.function, self.argument = print, ""

    def __repr__(self) -> str:
        self.function(self.argument)
        return ""


class Showing:
    """Shows what it is given."""

    def __setstate__(self, state: object) -> None:
        self.text = f"{state!r}"
