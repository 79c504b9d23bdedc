"""The page of ``pickleball report`` in a real browser engine: headless Chromium of QtWebEngine.

Runs where PyQt6-WebEngine can be imported (the extra ``browser``), or by the interpreter that
``BROWSER_PYTHON`` names.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pickleball_hook.commands import page

BROWSER = """
import json, sys
from PyQt6.QtCore import QTimer, QUrl
from PyQt6.QtWebEngineCore import QWebEnginePage
from PyQt6.QtWidgets import QApplication

application = QApplication(sys.argv[:1])
view = QWebEnginePage()
steps, results = json.loads(sys.argv[2]), []

def step(value=None):
    if len(results) == len(steps):
        print(json.dumps(results))
        application.quit()
        return
    def keep(value):
        results.append(value)
        QTimer.singleShot(100, step)
    view.runJavaScript(steps[len(results)], keep)

view.loadFinished.connect(lambda loaded: step() if loaded else application.exit(1))
view.load(QUrl.fromLocalFile(sys.argv[1]))
QTimer.singleShot(60_000, lambda: application.exit(2))
sys.exit(application.exec())
"""

CHAIN = "reaches posix:system (acts): a.py:1 -> b.py:2 -> c.py:3"
FACTS = {
    "version": "1",
    "python": "python",
    "mode": "enforce",
    "time": "now",
    "libraries": [
        {
            "name": "acme",
            "version": "1.0",
            "verdicts": {
                "acme:Good": {
                    "kind": "class",
                    "target": "acme:Good",
                    "grants": {"state": "acme.py:1"},
                    "refusals": {},
                },
                "acme:Bad<img src=x onerror=document.title='owned'>": {
                    "kind": "class",
                    "target": "acme:Bad",
                    "grants": {},
                    "refusals": {"call": CHAIN},
                },
            },
        },
        {"name": "other", "version": "2.0", "verdicts": {}},
    ],
    "refusals": [{"time": "t", "global": "<b>os.system</b>", "reason": CHAIN}],
}


@pytest.fixture
def browser() -> list[str]:
    named = os.environ.get("BROWSER_PYTHON")
    if named:
        return [named]
    if importlib.util.find_spec("PyQt6") is None:
        pytest.skip("no browser: install the extra `browser`")
    return [sys.executable]


def look(browser: list[str], path: Path, steps: list[str]) -> list[Any]:
    flags = "--no-sandbox --disable-gpu"
    variables = {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_CHROMIUM_FLAGS": flags}
    done = subprocess.run(
        [*browser, "-c", BROWSER, str(path), json.dumps(steps)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    results: list[Any] = json.loads(done.stdout)
    return results


def test_search_open_and_see_a_chain(browser: list[str], tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(page.page(FACTS), encoding="utf-8")
    count = "document.getElementById('count').textContent"
    search = (
        "(text => { const box = document.getElementById('search'); box.value = text;"
        "box.dispatchEvent(new Event('input')); return " + count + "; })"
    )
    steps = [
        count,
        "document.querySelectorAll('.library').length",
        search + "('nothing at all')",
        search + "('bad posix')",
        "document.querySelector('.library').open",
        "(() => { document.querySelector('.global').open = true; })()",
        "[...document.querySelectorAll('.global ol.chain li')].map(item => item.textContent)",
        search + "('os.system')",
        "document.querySelector('.refusal td:nth-child(3)').textContent",
        "document.querySelectorAll('img, b').length + document.title",
    ]
    results = look(browser, path, steps)
    assert results[:5] == [
        "2 globals of 1 libraries, 1 refusals",
        1,
        "0 globals of 0 libraries, 0 refusals",
        "1 globals of 1 libraries, 0 refusals",
        True,
    ]
    assert results[6] == ["reaches posix:system (acts): a.py:1", "b.py:2", "c.py:3"]
    assert results[7] == "0 globals of 0 libraries, 1 refusals"
    assert results[8] == "<b>os.system</b>"
    assert results[9] == "0pickleball: policies of this environment", "names are no markup"
