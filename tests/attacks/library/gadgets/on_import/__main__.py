"""The program of a package."""

from __future__ import annotations

import os

open(os.environ["CANARY"], "w").close()


class Thing:
    """What a file asks for."""
