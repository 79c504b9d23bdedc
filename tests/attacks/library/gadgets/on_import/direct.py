"""Acts at once."""

from __future__ import annotations

import os
import subprocess

subprocess.call(["touch", os.environ["CANARY"]])


class Thing:
    """What a file asks for."""
