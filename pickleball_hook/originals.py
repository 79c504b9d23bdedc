"""CPython's own loaders, taken before anything is replaced. No module of a file may name these."""

from __future__ import annotations

import _pickle
import pickle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

c_load: Any = _pickle.load
c_loads: Any = _pickle.loads
c_dumps: Any = _pickle.dumps
CUnpickler: Any = _pickle.Unpickler
PythonUnpickler: Any = pickle._Unpickler
python_load: Any = PythonUnpickler.load
python_find_class: Any = PythonUnpickler.find_class
