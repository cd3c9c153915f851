"The labelling widget in a real browser, driven by clicks and keys in Jupyter Lab; then the kernel is killed and the work goes on."
import os
import signal
import time

import nbformat
import pytest
from test_browser import CHROMIUM, FLAGS, idle, lab, menu  # noqa: F401  (`lab` is a fixture)

from mushroom_lib.widgets import label_table, read_log
from tools.execute import clean
from tools.notebooks import text

CODE = """import os
from mushroom_lib.sources import photos
from mushroom_lib.widgets import LabelSession, label_photos
table = photos("lab").groupby("label").head(1)
open("pid.txt", "w").write(str(os.getpid()))
label_photos(LabelSession(table, sorted(set(table["label"])), "labels.jsonl", "ada"))"""


@pytest.fixture
def stored(lab, tmp_path):  # noqa: F811
    "A browser's page with the notebook of one cell as we store notebooks: executed and cleaned, not yet run here."
    from nbclient import NotebookClient
    from playwright.sync_api import sync_playwright
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE)], metadata=dict(kernelspec=dict(name="python3", display_name="Python 3", language="python")))
    NotebookClient(nb, timeout=120, resources=dict(metadata=dict(path=str(tmp_path / "lessons")))).execute()
    (tmp_path / "lessons" / "widget.ipynb").write_text(text(clean(nb)), encoding="utf-8")
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=dict(width=1280, height=900))
        page.goto(f"{lab}/lab/tree/widget.ipynb?reset", timeout=90_000)
        yield page
        browser.close()


@pytest.fixture
def page(stored, lab):  # noqa: F811
    "The page with its notebook run; the widget is there."
    run(stored, lab)
    return stored


def run(page, lab):  # noqa: F811
    "Runs the notebook and waits for the widget."
    page.locator(".jp-Notebook").wait_for(timeout=60_000)
    idle(lab, 120)
    menu(page, "Run", "Run All Cells")
    page.get_by_role("button", name="z undo").wait_for(timeout=90_000)


def shows(page, text):
    "Waits until the widget says `text`, and a little longer than a click is ignored after a new photo."
    page.get_by_text(text).wait_for(timeout=30_000)
    time.sleep(.4)


def press(page, name): page.get_by_role("button", name=name, exact=True).click()


def picture(page):
    "Width and height of the picture as the browser decoded it, and as it is on the page."
    image = page.locator(".jp-OutputArea img.widget-image, .jp-OutputArea .widget-image img, .jp-OutputArea img.jupyter-widgets").first
    image.wait_for(timeout=30_000)
    page.wait_for_function("e => e.complete && e.naturalWidth > 0", arg=image.element_handle(), timeout=30_000)
    return image.evaluate("e => [e.naturalWidth, e.naturalHeight, e.clientWidth, e.clientHeight]")


PICTURE = '.jp-OutputArea img[src^="data:image/jpeg"]'


def test_a_picture_stands_in_for_the_widget_until_the_cell_runs(stored, lab, tmp_path):  # noqa: F811
    "Opened, the notebook shows the picture, whole and unscaled; run, it shows the widget and no picture."
    picture = stored.locator(PICTURE)
    picture.wait_for(timeout=60_000)
    assert picture.count() == 1 and stored.get_by_role("button", name="z undo").count() == 0
    natural, on_page = picture.evaluate("e => [e.naturalWidth, e.clientWidth]")
    assert natural == on_page == 800
    stored.screenshot(path=tmp_path / "stored.png")
    run(stored, lab)
    shows(stored, "0 of 8 decided, 0 unsure, 0 skipped")
    assert stored.locator(PICTURE).count() == 0 and stored.get_by_role("button", name="z undo").count() == 1
    stored.screenshot(path=tmp_path / "run.png")


def test_clicks_and_keys_label_and_a_killed_kernel_loses_nothing(page, lab, tmp_path):  # noqa: F811
    log = tmp_path / "lessons" / "labels.jsonl"
    shows(page, "0 of 8 decided, 0 unsure, 0 skipped")
    assert picture(page) == [400, 400, 400, 400]
    press(page, "1 agaricus")
    shows(page, "1 of 8 decided")
    page.get_by_placeholder("type a key here").press("3")
    shows(page, "2 of 8 decided")
    press(page, "u unsure")
    shows(page, "3 of 8 decided, 1 unsure")
    press(page, "s skip")
    shows(page, "1 unsure, 1 skipped")
    page.get_by_placeholder("type a key here").press("z")
    shows(page, "1 unsure, 0 skipped")
    page.get_by_role("button", name="8 russula", exact=True).dblclick()
    shows(page, "4 of 8 decided")
    time.sleep(1)
    assert [e["label"] for e in read_log(log)[0]] == ["agaricus", "bolete", "unsure", None, None, "russula"], "a double click labelled a photo unseen"
    page.screenshot(path=tmp_path / "widget.png")
    os.kill(int((tmp_path / "lessons" / "pid.txt").read_text()), signal.SIGKILL)
    reopened(page, lab)
    shows(page, "4 of 8 decided, 1 unsure, 0 skipped")
    for k in range(4, 8):
        press(page, "7 oyster")
        shows(page, f"{k + 1} of 8 decided")
    shows(page, "All photos are decided.")
    table = label_table(log)
    assert len(table) == 8 and table["label"].tolist()[4:] == ["oyster"] * 4 and read_log(log)[1] == []


def reopened(page, lab):  # noqa: F811
    "Opens the notebook afresh, when the server has started another kernel in place of the killed one, and runs it."
    time.sleep(5)
    page.goto(f"{lab}/lab/tree/widget.ipynb?reset", timeout=90_000)
    run(page, lab)
