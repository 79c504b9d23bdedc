"""The page of ``pickleball report`` in a real browser engine: headless Chromium of QtWebEngine.

Runs where PyQt6-WebEngine can be imported (the extra ``browser``, and the system's libraries that
it needs), or by the interpreter that ``BROWSER_PYTHON`` names.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pickleball_hook import cli
from pickleball_hook.commands import page
from tests.conftest import Library

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
    command = [sys.executable, "-c", "import PyQt6.QtWebEngineCore"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode:
        pytest.skip(f"no browser (extra `browser`): {done.stderr.strip().splitlines()[-1]}")
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


COUNT = "document.getElementById('count').textContent"
SEARCH = (
    "(text => { const box = document.getElementById('search'); box.value = text;"
    "box.dispatchEvent(new Event('input')); return " + COUNT + "; })"
)
LIBRARY = """
import os

class Quiet:
    pass

class Acting:
    def __setstate__(self, state):
        first(state)

def first(state):
    second(state["command"])

def second(command):
    os.system(command)
"""


def test_a_library_and_a_refusal_as_the_command_writes_them(
    browser: list[str], library: Library, tmp_path: Path, own_home: None
) -> None:
    library.module(LIBRARY)
    data = b"\x80\x02cacme\nActing\n)\x81}U\x07commandU\x04truesb."
    path = tmp_path / "page.html"
    assert cli.main(["policy", "synth", "acme"]) == 0
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(data)
    assert cli.main(["report", "--html", str(path)]) == 0
    steps = [
        COUNT,
        SEARCH + "('')",
        "document.querySelector('.library').open",
        "document.querySelector('.library > summary').click()",
        "[...document.querySelectorAll('.global')].map(item => item.dataset.key)",
        "document.querySelector(\"[data-key='acme:Acting'] > summary\").click()",
        "document.querySelector(\"[data-key='acme:Acting'] ol.chain\").innerText",
        SEARCH + "('acme acting system')",
        "[...document.querySelectorAll('tr.refusal td')].map(cell => cell.innerText)",
    ]
    results = look(browser, path, steps)
    assert results[0].endswith("of 1 libraries, 1 refusals")
    assert results[2] is False, "closed until it is opened"
    assert {"acme:Acting", "acme:Quiet"} <= set(results[4])
    chain = results[6]
    assert all(f"acme.py:{line}" in chain for line in (9, 12, 15)), chain
    assert "system" in chain
    assert results[7] == "1 globals of 1 libraries, 1 refusals"
    assert "acme.Acting" in results[8] and any("system" in cell for cell in results[8])


def test_search_open_and_see_a_chain(browser: list[str], tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(page.page(FACTS), encoding="utf-8")
    steps = [
        COUNT,
        "document.querySelectorAll('.library').length",
        SEARCH + "('nothing at all')",
        SEARCH + "('bad posix')",
        "document.querySelector('.library').open",
        "(() => { document.querySelector('.global').open = true; })()",
        "[...document.querySelectorAll('.global ol.chain li')].map(item => item.textContent)",
        SEARCH + "('os.system')",
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
