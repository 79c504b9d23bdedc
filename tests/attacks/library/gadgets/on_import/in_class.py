"""Acts in the body of a class."""

from __future__ import annotations

import os


class Thing:
    """What a file asks for."""

    file = open(os.environ["CANARY"], "w").close()
