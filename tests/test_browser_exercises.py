"""An exercise and a piece of the museum in a real browser: untouched, answered wrongly, answered rightly, counted.

MUSHROOMS_SCREENSHOTS names a folder that keeps a picture of each.
"""
import os
import shutil
import time
from pathlib import Path

import pytest
from test_browser import CHROMIUM, FLAGS, idle, lab, menu  # noqa: F401  (`lab` is a fixture)

from tools.notebooks import NBS

BY_FILE = '''def picture_of(names):
    return [name.removesuffix(".png") for name in names]'''
BY_PICTURE = '''def picture_of(names):
    return [name.rsplit("_", 2)[0] for name in names]'''
FIRST_TWENTY = '''def soil_score(X, y):
    return cross_val_score(LogisticRegression(), X[:, :20], y, cv=5).mean()'''
IN_EACH_FOLD = '''def soil_score(X, y):
    best = SelectKBest(f_classif, k=20)
    model = make_pipeline(best, LogisticRegression(max_iter=1000))
    return cross_val_score(model, X, y, cv=5).mean()'''


def run_cell(page, lab, cell, code=None):  # noqa: F811
    "Runs a cell, with `code` typed in its place."
    cell.locator(".cm-content").click()
    if code:
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(code)
    page.keyboard.press("Control+Enter")
    idle(lab, 60)


@pytest.mark.parametrize("name, function, wrong, right, said", [
    ("07_splits", "def picture_of", BY_FILE, BY_PICTURE, ["not answered yet", "became a picture of its own", "✓ splits.1 48 new names", "1 of 4"]),
    ("museum_soil", "def soil_score", FIRST_TWENTY, IN_EACH_FOLD,
     ["The fault is still there", "The fault is gone, but", "✓ museum_soil.1", "1 of 11"]),
])
def test_wrong_then_right_then_counted(lab, tmp_path, name, function, wrong, right, said):  # noqa: F811
    from playwright.sync_api import sync_playwright
    shutil.copy(NBS / "exercises" / f"{name}.ipynb", tmp_path / "lessons")
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=dict(width=1280, height=900))
        page.goto(f"{lab}/lab/tree/{name}.ipynb?reset", timeout=90_000)
        page.locator(".jp-Notebook").wait_for(timeout=60_000)
        idle(lab, 120)
        menu(page, "Run", "Run All Cells")
        idle(lab, 200)
        task, check, count = (page.locator(".jp-CodeCell").filter(has_text=text).first for text in (function, 'check("', "tally("))
        shown = []

        def look(cell):
            "Keeps what stands below a cell, and a picture of the page if one is wanted."
            shown.append(cell.locator(".jp-OutputArea").inner_text())
            if folder := os.environ.get("MUSHROOMS_SCREENSHOTS"):
                cell.scroll_into_view_if_needed()
                time.sleep(1)
                page.screenshot(path=Path(folder) / f"{name}_{len(shown)}.png")

        look(check)
        for code in (wrong, right):
            run_cell(page, lab, task, code)
            run_cell(page, lab, check)
            look(check)
        run_cell(page, lab, count)
        look(count)
        browser.close()
    for text, words in zip(shown, said, strict=True):
        assert words in text, shown
