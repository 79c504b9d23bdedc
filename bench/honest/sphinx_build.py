"""sphinx: the second build finds the environment of the first and reads nothing again."""

from __future__ import annotations

import io
import re
from pathlib import Path

from sphinx.application import Sphinx
from telling import files, tell


def main() -> None:
    source = Path("docs")
    if not source.exists():
        source.mkdir()
        (source / "conf.py").write_text("extensions = ['sphinx.ext.autodoc', 'sphinx.ext.todo']\n")
        (source / "index.rst").write_text(
            "Title\n=====\n\n.. toctree::\n\n   one\n\n.. automodule:: json\n   :members:\n"
        )
        (source / "one.rst").write_text(
            "One\n===\n\n.. math:: x\n\n.. todo:: more\n\n:ref:`genindex`\n"
        )
    said = io.StringIO()
    for builder in ("html", "pickle"):
        app = Sphinx(str(source), str(source), f"out-{builder}", "trees", builder, status=said,
                     warning=said)  # fmt: skip
        app.build()
    text = re.sub(r"\x1b\[[0-9;]*m", "", said.getvalue())
    tell("environment", [line for line in text.splitlines() if "updating environment" in line
                         or "loading pickled" in line or "arning" in line])  # fmt: skip
    tell("files", len([name for name in files(".") if not name.endswith(".pyc")]))


if __name__ == "__main__":
    main()
