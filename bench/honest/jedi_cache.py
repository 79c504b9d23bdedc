"""jedi: completions by its subprocess, its parser cache warm in a second process."""

from __future__ import annotations

import jedi
from telling import attempt


def main() -> None:
    source = "import json, collections\njson.lo"
    attempt("complete", lambda: [c.name for c in jedi.Script(source).complete(2, 7)])
    code = "import collections\ncollections.OrderedDict().mo"
    attempt("infer", lambda: [c.full_name for c in jedi.Script(code).complete()])
    environment = jedi.get_default_environment()
    attempt("by subprocess", lambda: [
        c.name for c in jedi.Script("import math; math.s", environment=environment).complete()
    ])  # fmt: skip
    attempt("signature", lambda: [
        str(s) for s in jedi.Script("import json\njson.dumps(", environment=environment)
        .get_signatures()
    ])  # fmt: skip
    from parso.cache import parser_cache

    attempt("parsed", lambda: sum(len(entries) for entries in parser_cache.values()) > 0)


if __name__ == "__main__":
    main()
