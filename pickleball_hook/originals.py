"""CPython's own loaders, taken before anything is replaced. No module of a file may name these."""

from __future__ import annotations

import sys

# Importing pickle has it patched, by way of this very module: where that is still to come, let a
# whole one be imported for it, and stay.
_this = sys.modules[__name__] if "pickle" in sys.modules else sys.modules.pop(__name__)

import _pickle  # noqa: E402
import pickle  # noqa: E402

sys.modules.setdefault(__name__, _this)

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
