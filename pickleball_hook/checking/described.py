"""numpy's dtypes and arrays as a stream describes them, and what rules will say of them.

A check has no numpy, and no array: what a rule will find in one shows only as far as the stream
gives it in plain values. What that settles is said; everything else is left to the load.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pickleball_hook.rules import trees

_EXACT = frozenset([type(None), bool, int, float, complex, str, bytes, tuple, list, dict, set])
"""Types of values that are what they are: no stand-in for something that a load will have."""
_LINKS = frozenset(["left_child", "right_child", "feature"])


class DType:
    """A dtype: the arguments that it was made with, and its state."""

    __slots__ = ("args", "state", "value")

    def __init__(self, value: object, args: tuple[Any, ...]) -> None:
        self.value = value  # held, so that its id stays taken
        self.args = args
        self.state: Any = None

    @property
    def code(self) -> str:
        """Its type code, ``""`` if it does not show."""
        code = self.args[0] if self.args else ""
        return code if type(code) is str else ""

    @property
    def fields(self) -> frozenset[str] | None:
        """The names of its fields, None if they do not show."""
        names = self.state[3] if type(self.state) is tuple and len(self.state) > 3 else None
        if names is None:
            return frozenset() if self.code else None
        exact = type(names) is tuple and all(type(name) is str for name in names)
        return frozenset(names) if exact else None


class _Array(NamedTuple):
    """An array: the stand-in, and its dtype and sizes where they show."""

    value: object  # held, so that its id stays taken
    dtype: DType | None = None
    shape: tuple[int, ...] | None = None


class Described:
    """The dtypes and arrays of a stream, by the stand-ins for them."""

    def __init__(self) -> None:
        self._dtypes: dict[int, DType] = {}
        self._arrays: dict[int, _Array] = {}

    def made(self, rule: str, value: object, args: tuple[Any, ...]) -> None:
        """Keep what a call gave, if its rule says that this is a dtype or an array."""
        if rule == "numpy_dtype":
            self._dtypes[id(value)] = DType(value, args)
        elif rule == "numpy_reconstruct":
            self._arrays[id(value)] = _Array(value)

    def built(self, value: object, state: Any) -> None:
        """Keep the state of a dtype or an array."""
        if id(value) in self._dtypes:
            self._dtypes[id(value)].state = state
        elif id(value) in self._arrays and type(state) is tuple and len(state) == 5:
            shape = state[1]
            exact = type(shape) is tuple and all(type(size) is int for size in shape)
            dtype = self._dtypes.get(id(state[2]))
            self._arrays[id(value)] = _Array(value, dtype, shape if exact else None)

    def dtype_of(self, value: object) -> DType | None:
        """Return what is known of a dtype, None for anything else."""
        return self._dtypes.get(id(value))

    def reason_against(self, rule: str, target: object, operands: tuple[Any, ...]) -> str:
        """Return what a rule will say against an operation whatever the load has, ``""`` if open.

        Parameters
        ----------
        rule : str
            Its name in policies.
        target : object
            What undergoes the operation.
        operands : tuple
            What it is given.
        """
        if not operands:
            return ""
        if rule == "numpy_scalar":
            return "no scalar has the dtype of objects" if self._is_of_objects(operands[0]) else ""
        if rule == "numpy_dtype":
            return self._against_dtype(target, operands[0])
        if rule == "sklearn_tree":
            return self._against_tree(operands[0])
        return _against_neighbors(operands[0]) if rule == "sklearn_neighbors_tree" else ""

    def _is_of_objects(self, value: object) -> bool:
        made = self._dtypes.get(id(value))
        return made is not None and made.code.lstrip("|=<>").startswith("O")

    def _against_dtype(self, target: object, state: Any) -> str:
        if id(target) not in self._dtypes or type(state) is not tuple or len(state) < 8:
            return ""
        if type(state[4]) is not dict:
            return ""
        fields = [field[0] for field in state[4].values() if type(field) is tuple and field]
        hides = type(state[7]) is int and not state[7] & 1
        hides = hides and any(map(self._is_of_objects, fields))
        return "the state of the dtype contradicts itself" if hides else ""

    def _against_tree(self, state: Any) -> str:
        """Say what `rules.trees.decision_tree` will of a state with such arrays."""
        if type(state) is not dict:
            return trees.NO_DICT if type(state) in _EXACT else ""
        if state.get("nodes") is None:
            return ""
        if any(type(state.get(key)) in _EXACT for key in ("nodes", "values")):
            return trees.NO_ARRAYS
        nodes = self._arrays.get(id(state["nodes"]))
        fields = nodes.dtype.fields if nodes is not None and nodes.dtype is not None else None
        if nodes is None or fields is None:
            return ""
        if not fields:
            return trees.NO_RECORDS
        one = nodes.shape is not None and len(nodes.shape) == 1 and fields >= _LINKS
        count = state.get("node_count")
        return trees.OTHER_COUNT if one and type(count) is int and (count,) != nodes.shape else ""


def _against_neighbors(state: Any) -> str:
    """Say what `rules.trees.neighbors_tree` will of a state with such values."""
    if type(state) is not tuple or len(state) != 13:
        return trees.NO_THIRTEEN if type(state) in _EXACT else ""
    return trees.NO_NEIGHBORS if any(type(part) in _EXACT for part in state[:4]) else ""
