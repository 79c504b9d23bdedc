"""The child interpreter in which attacks are run: ``arena.py FOLDER`` with cases on its input.

A case is a stream with what an honest program does before, with and after it. For each, one line
of JSON tells whether the canary was touched, and which exception came, with its text.
"""

from __future__ import annotations

import base64
import json
import os
import pickle
import sys
from typing import Any

Case = dict[str, str]


def main() -> None:
    """Run the cases and print their results."""
    sys.path.insert(0, sys.argv[1])
    if os.environ.get("PICKLEBALL_MODE") != "off":
        import pickleball_hook

        pickleball_hook.install()
    if os.environ.get("ARENA_ENGINE") == "reference":
        from pickleball_hook.engines import replay

        replay.switches["on"] = False
    if os.environ.get("ARENA_ENGINE") == "steps":
        from pickleball_hook.engines import shadow

        shadow.switches["steps"] = True
    for case in json.load(sys.stdin):
        print(json.dumps(run(case)), flush=True)


def run(case: Case) -> dict[str, Any]:
    """Load the stream of a case as its program would, and look at the canary."""
    scope: dict[str, Any] = {
        "canary": case["canary"],
        "data": base64.b64decode(case["data"]),
        "mode": case["mode"],
        "pickle": pickle,
    }
    result: dict[str, Any] = {"case": case["name"], "error": "", "text": ""}
    exec(case["before"], scope)
    try:
        exec(case["load"], scope)
        exec(case["after"], scope)
    except Exception as error:
        result["error"], result["text"] = type(error).__name__, str(error)
    scope.clear()
    result["touched"] = os.path.exists(case["canary"])
    return result


if __name__ == "__main__":
    main()
