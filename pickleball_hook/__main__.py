"""``python -m pickleball_hook``: the ``pickleball`` command without its script."""

from __future__ import annotations

import sys

from pickleball_hook.cli import main

if __name__ == "__main__":
    sys.exit(main())
