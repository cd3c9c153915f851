"The first lesson in a real browser, as a reader opens it: every cell runs, and the upload button answers."
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from mushroom_lib.sources import collection_dir, records

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
BIN = Path(sys.executable).parent


@pytest.fixture
def lab(tmp_path):
    "Jupyter Lab on a fresh copy of the lessons; its address."
    if CHROMIUM is None: pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    subprocess.run([BIN / "mushrooms", "lessons", tmp_path / "lessons", "--no-open"], check=True, capture_output=True)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    args = ["--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root", "--IdentityProvider.token=", "--ServerApp.password=", f"--ServerApp.root_dir={tmp_path / 'lessons'}"]
    env = {**os.environ, "MUSHROOMS_HOME": str(tmp_path / "home"), "MUSHROOMS_CACHE": str(tmp_path / "cache"), "JUPYTER_CONFIG_DIR": str(tmp_path / "conf")}
    server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *args], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(120):
            try: urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=1)
            except OSError: time.sleep(.5)
            else: break
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def test_first_lesson_runs_and_answers(lab, tmp_path):
    from playwright.sync_api import sync_playwright
    record = records("lab")[0]
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=dict(width=1400, height=1000))
        page.goto(f"{lab}/lab/tree/00_start.ipynb?reset", timeout=90_000)
        page.get_by_role("menuitem", name="Edit", exact=True).wait_for(timeout=90_000)
        page.locator(".jp-Notebook").wait_for(timeout=60_000)
        page.get_by_role("menuitem", name="Edit", exact=True).click()
        page.get_by_text("Clear Outputs of All Cells").click()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        said = finished(page, lab)
        assert said.count("holds: ") >= 6 and "Traceback" not in said
        page.locator(".jp-Notebook input[type=file]").first.set_input_files(str(collection_dir("lab") / record["file"]))
        page.wait_for_function("() => document.querySelectorAll('.jp-Notebook .widget-vbox, .jp-Notebook .lm-Widget.widget-box').length && [...document.querySelectorAll('.widget-output, .jupyter-widgets-output-area')].some(e => /\\d+%/.test(e.innerText))", timeout=30_000)
        browser.close()


def finished(page, lab):
    "All text outputs of the saved notebook once the last cell has run."
    import json
    deadline = time.time() + 240
    while time.time() < deadline:
        page.keyboard.press("Control+s")
        time.sleep(3)
        nb = json.load(urllib.request.urlopen(f"{lab}/api/contents/00_start.ipynb", timeout=10))["content"]
        code = [c for c in nb["cells"] if c["cell_type"] == "code"]
        text = json.dumps([c["outputs"] for c in code])
        if code[-1].get("execution_count") or '"ename"' in text: return re.sub(r"\\n", "\n", text)
    raise AssertionError("the lesson did not finish within four minutes")
