"""Acts unless it is the main program."""

from __future__ import annotations

import os
import subprocess

if __name__ != "__main__":
    subprocess.call(["touch", os.environ["CANARY"]])


class Thing:
    """What a file asks for."""
