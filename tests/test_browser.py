"The first lesson in a real browser, as a reader opens it: every cell runs, and the upload button answers."
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from mushroom_lib.sources import collection_dir, records
from tools.notebooks import TOP

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
    env = {**os.environ, "MUSHROOMS_HOME": str(tmp_path / "home"), "MUSHROOMS_CACHE": str(tmp_path / "cache"), "JUPYTER_CONFIG_DIR": str(tmp_path / "conf"),
           "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings")}
    tracker = tmp_path / "settings" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    tracker.parent.mkdir(parents=True)
    tracker.write_text('{"windowingMode": "none"}')  # keep cells in the page that are scrolled out of sight
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


def idle(lab, seconds):
    "Waits until the only kernel has been idle three times in a row."
    calm, deadline = 0, time.time() + seconds
    while calm < 3:
        assert time.time() < deadline, f"the kernel was not idle within {seconds} s"
        time.sleep(1.5)
        try: kernels = json.load(urllib.request.urlopen(f"{lab}/api/kernels", timeout=10))
        except urllib.error.HTTPError: kernels = []  # a kernel that is just starting: the server answers 500, and it is not idle
        states = [k["execution_state"] for k in kernels]
        calm = calm + 1 if states == ["idle"] else 0


def menu(page, name, entry):
    "Chooses an entry of a menu."
    page.get_by_role("menuitem", name=name, exact=True).click()
    page.get_by_role("menuitem").filter(has_text=re.compile(rf"^{entry}")).first.click()


def test_first_lesson_runs_and_answers(lab):
    "Run All runs every cell without an error; a photo given to the upload button gets an answer below it."
    from playwright.sync_api import sync_playwright
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=dict(width=1400, height=1000))
        page.goto(f"{lab}/lab/tree/00_start.ipynb?reset", timeout=90_000)
        page.locator(".jp-Notebook").wait_for(timeout=60_000)
        idle(lab, 60)
        menu(page, "Run", "Run All Cells")
        idle(lab, 400)
        menu(page, "File", "Save Notebook")
        time.sleep(2)
        cells = saved(lab)
        assert all(c["execution_count"] for c in cells), "not every cell ran"
        text = json.dumps([c["outputs"] for c in cells])
        stored = (TOP / "nbs" / "00_start.ipynb").read_text(encoding="utf-8").count("mushrooms.claim+json")
        assert text.count("mushrooms.claim+json") == stored > 0 and '"ename"' not in text
        answer(page, collection_dir("lab") / records("lab")[0]["file"])
        browser.close()


def saved(lab):
    "The code cells of the lesson as it is saved on the server."
    nb = json.load(urllib.request.urlopen(f"{lab}/api/contents/00_start.ipynb", timeout=10))["content"]
    return [c for c in nb["cells"] if c["cell_type"] == "code" and c["source"].strip()]


def answer(page, photo):
    "Gives a photo to the upload button and waits for probabilities below it."
    with page.expect_file_chooser(timeout=30_000) as chooser: page.get_by_role("button", name="Choose a photo").click()
    chooser.value.set_files(str(photo))
    page.wait_for_function(r"() => [...document.querySelectorAll('.jupyter-widgets')].some(e => /\d+%/.test(e.innerText))", timeout=60_000)
