"""Acts through a function of its own."""

from __future__ import annotations

import os
import subprocess


def set_up() -> None:
    """Act."""
    subprocess.call(["touch", os.environ["CANARY"]])


set_up()


class Thing:
    """What a file asks for."""
