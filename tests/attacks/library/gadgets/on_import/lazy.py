"""Imports its neighbours when it is asked for them (PEP 562)."""

from __future__ import annotations

import importlib
from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("__") and name != "__main__":
        raise AttributeError(name)
    return importlib.import_module(f"gadgets.on_import.{name}")
