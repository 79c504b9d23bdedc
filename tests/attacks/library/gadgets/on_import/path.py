"""Changes where modules are looked for."""

from __future__ import annotations

import sys

sys.path += ["on_import_path"]


class Thing:
    """What a file asks for."""
