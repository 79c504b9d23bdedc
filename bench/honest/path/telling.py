"""How the programs beside this one tell their results: lines that `bench/honest.py` compares."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable


def tell(key: str, value: object) -> None:
    """Print one result, without the addresses of objects."""
    text = json.dumps(value, default=repr, sort_keys=True)
    print(f"= {key}: {re.sub(' at 0x[0-9a-f]+', '', text)}", flush=True)


def attempt(key: str, function: Callable[[], object]) -> None:
    """Print what a function gives, or how it fails."""
    try:
        tell(key, function())
    except Exception as error:
        tell(key, f"{type(error).__name__}: {error}"[:500])


def files(folder: str | os.PathLike[str]) -> list[str]:
    """Return the files under a folder by their relative paths."""
    return sorted(
        os.path.relpath(os.path.join(where, name), folder)
        for where, _, names in os.walk(folder)
        for name in names
    )
