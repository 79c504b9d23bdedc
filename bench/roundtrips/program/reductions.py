"""Objects that say themselves how they are pickled: states, reducers, setters, one of a kind."""

from __future__ import annotations

import copyreg
import functools
import io
import logging
import threading
import types
from typing import Any

log = logging.getLogger(__name__)


class Locked:
    """Drops what cannot be pickled and makes it anew."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._log = logging.getLogger("locked")
        self._stream = io.StringIO()

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        for name in ("_lock", "_log", "_stream"):
            state.pop(name, None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()
        self._log = logging.getLogger("locked")
        self._stream = io.StringIO()


class Migrates:
    VERSION = 3

    def __init__(self) -> None:
        self.version = self.VERSION
        self.names = ["a"]

    def __setstate__(self, state: dict[str, Any]) -> None:
        version = state.get("version", 1)
        if version < 2:
            state["names"] = [state.pop("name")]
        if version < 3:
            state.setdefault("extra", {})
        for key, value in state.items():
            setattr(self, key, value)
        self.version = self.VERSION


class SlotState:
    __slots__ = ("__weakref__", "a", "b")

    def __init__(self, a: Any, b: Any) -> None:
        self.a, self.b = a, b

    def __getstate__(self) -> tuple[Any, Any]:
        return self.a, self.b

    def __setstate__(self, state: tuple[Any, Any]) -> None:
        self.a, self.b = state


class AllSlots:
    __slots__ = ("a", "b")

    def __init__(self, **given: Any) -> None:
        for name in self.__slots__:
            setattr(self, name, given.get(name))

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)


class DictAndSlots(AllSlots):
    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.more = [1]

    __getstate__ = object.__getstate__ if hasattr(object, "__getstate__") else None  # type: ignore
    __setstate__ = None  # type: ignore

    def __reduce__(self) -> Any:
        return restored, (type(self), {"a": self.a}, self.__dict__)


def restored(cls: type, slots: dict[str, Any], attributes: dict[str, Any]) -> Any:
    made = cls.__new__(cls)
    for name, value in slots.items():
        object.__setattr__(made, name, value)
    made.__dict__.update(attributes)
    return made


class ByProtocol:
    def __init__(self, a: int) -> None:
        self.a = a

    def __reduce_ex__(self, protocol: int) -> Any:
        if protocol < 4:
            return _rebuild_by_protocol, (self.a, "old")
        return type(self), (self.a,)


def _rebuild_by_protocol(a: int, how: str) -> ByProtocol:
    return ByProtocol(a)


class WithItems:
    """Reduces with list items and dict items."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.table: dict[Any, Any] = {}

    def append(self, row: Any) -> None:
        self.rows.append(row)

    def extend(self, rows: Any) -> None:
        for row in rows:
            self.append(row)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.table[key] = value

    def __reduce__(self) -> Any:
        return WithItems, (), {"label": "x"}, iter(self.rows), iter(self.table.items())


class WithSetter:
    """The sixth item of a reduction."""

    def __init__(self) -> None:
        self.a = 1

    def __reduce__(self) -> Any:
        return object.__new__, (WithSetter,), {"a": 1}, None, None, set_state


def set_state(value: Any, state: dict[str, Any]) -> None:
    value.__dict__.update(state)


class Copied:
    def __init__(self, a: Any) -> None:
        self.a = a

    def __reduce__(self) -> Any:
        return copyreg.__newobj__, (type(self),), {"a": self.a}


class Reconstructed:
    def __init__(self, a: Any) -> None:
        self.a = a

    def __reduce__(self) -> Any:
        return copyreg._reconstructor, (type(self), object, None), self.__dict__


class FromDict:
    def __init__(self, a: int, b: int) -> None:
        self.a, self.b = a, b

    @classmethod
    def from_dict(cls, values: dict[str, int]) -> FromDict:
        return cls(**values)

    def __reduce__(self) -> Any:
        return FromDict.from_dict, ({"a": self.a, "b": self.b},)


class Through:
    def __init__(self, a: int) -> None:
        self.a = a

    def __reduce__(self) -> Any:
        return functools.partial(Through, a=self.a), ()


class Extended(FromDict):
    def __init__(self, a: int, b: int) -> None:
        super().__init__(a, b)
        self.more = [a]

    def __reduce__(self) -> Any:
        kind, arguments = super().__reduce__()[:2]
        return kind, arguments, {"more": self.more}


class Interned:
    _known: dict[str, Interned] = {}
    name: str

    def __new__(cls, name: str) -> Interned:
        if name not in cls._known:
            made = super().__new__(cls)
            made.name = name
            cls._known[name] = made
        return cls._known[name]

    def __getnewargs__(self) -> tuple[str]:
        return (self.name,)

    def __getstate__(self) -> None:
        return None


class OnlyOne:
    _instance: OnlyOne | None = None

    def __new__(cls) -> OnlyOne:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __reduce__(self) -> Any:
        return OnlyOne, ()


class Sentinel:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str:
        return self.name


MISSING = Sentinel("MISSING")


class Outside:
    """Somebody else's, pickled by a function of ours."""

    def __init__(self, a: int) -> None:
        self.a = a


def reduce_outside(value: Outside) -> Any:
    return make_outside, (value.a,)


def make_outside(a: int) -> Outside:
    return Outside(a)


copyreg.pickle(Outside, reduce_outside)


copyreg.pickle(types.MappingProxyType, lambda proxy: (make_proxy, (dict(proxy),)))


def make_proxy(items: dict[Any, Any]) -> Any:
    return types.MappingProxyType(items)


def migrated() -> Any:
    made = Migrates.__new__(Migrates)
    made.__dict__.update(version=1, name="x")
    return made


def with_items() -> Any:
    made = WithItems()
    made.extend([1, [2]])
    made["a"] = made.rows
    return made


OBJECTS: dict[str, Any] = {
    "locked": lambda: Locked("x"),
    "migrates": lambda: [Migrates(), migrated()],
    "slot state": lambda: SlotState(1, [2]),
    "all slots": lambda: AllSlots(a=1, b=None),
    "dict and slots": lambda: DictAndSlots(a=1),
    "by protocol": lambda: ByProtocol(1),
    "with items": with_items,
    "state setter": lambda: WithSetter(),
    "__newobj__": lambda: Copied([1]),
    "_reconstructor": lambda: Reconstructed([1]),
    "class method of the class": lambda: FromDict(1, 2),
    "reducer with a partial": lambda: Through(1),
    "extends a reduction": lambda: Extended(1, 2),
    "interned": lambda: [Interned("a"), Interned("a"), Interned("b")],
    "only one": lambda: [OnlyOne(), OnlyOne()],
    "sentinel": lambda: {"x": MISSING},
    "copyreg": lambda: Outside(1),
    "mapping proxy": lambda: types.MappingProxyType({"a": 1}),
}
if __name__ == "__main__":
    import worker

    worker.program(OBJECTS, "reductions")
