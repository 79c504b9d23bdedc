"""black: the second run finds its cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from telling import files, tell


def main() -> None:
    Path("a.py").write_text("x = 1\n")
    Path("b.py").write_text("y = 'single'\n")
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "black", "-v", "a.py", "b.py"], capture_output=True, text=True
        )
        said = [line for line in done.stderr.splitlines() if line.endswith(("py", "last run."))]
        tell("said", sorted(line.replace(os.getcwd(), "") for line in said))
    cache = [name for name in files(os.environ["HOME"]) if "black" in name]
    tell("cache", [name for name in cache if name.endswith(".pickle")])


if __name__ == "__main__":
    main()
