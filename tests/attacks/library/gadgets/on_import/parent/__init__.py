"""Acts when what is in it is imported."""

from __future__ import annotations

import os
import subprocess

subprocess.call(["touch", os.environ["CANARY"]])
