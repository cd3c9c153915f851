"""Grading a folder of students' notebooks, honest and hostile ones: each costs its own rows and nothing else."""
import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import mushroom_lib
from mushroom_lib import checking, grading
from mushroom_lib.grading import grade_folder, grade_notebook
from tools.notebooks import NBS, TOP, read, source, text

LIMITS = dict(seconds=60, gigabytes=3)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    "A check that hangs costs seconds here, not minutes; the machine may be busy with another worker."
    monkeypatch.setattr(grading, "JUDGE_SECONDS", 20)

PACKAGE = Path(mushroom_lib.__file__).parent

SOLVED = """
def picture_of(names):
    return [name.rsplit("_", 2)[0] for name in names]
"""
WRONG = """
def picture_of(names):
    return [name[:6] for name in names]
"""
CHECK = 'from mushroom_lib.checking import check\ncheck("splits.1", picture_of)'


def notebook(path, *codes):
    "A student's notebook with these cells, at `path`."
    cells = [{"cell_type": "code", "id": str(k), "metadata": {}, "source": [code], "outputs": [], "execution_count": None}
             for k, code in enumerate([*codes, CHECK])]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return path


def first(path, **limits):
    "State and message of the first exercise."
    rows = grade_notebook(path, **{**LIMITS, **limits})
    assert [name for name, _, _ in rows] == checking.exercise_names("splits")
    return rows[0][1:]


def test_the_solution_notebook_has_all_ticks(tmp_path, monkeypatch):
    "The course's own solutions, as a student would hand them in."
    nb = read(NBS / "solutions" / "07_splits.ipynb")
    cells = [c for c in nb["cells"] if c["cell_type"] == "code" and not source(c).startswith("#| hide")]
    (tmp_path / "a.ipynb").write_text(text({**nb, "cells": cells}), encoding="utf-8")
    monkeypatch.setattr(grading, "JUDGE_SECONDS", 120)
    rows = grade_notebook(tmp_path / "a.ipynb")
    assert [state for _, state, _ in rows] == ["right"] * len(rows), rows


def test_the_untouched_notebook_is_open(tmp_path):
    rows = grade_notebook(NBS / "exercises" / "07_splits.ipynb")
    assert [row[1:] for row in rows] == [("open", "not answered yet")] * len(rows)


HOSTILE = {
    # what it does: (its cell, what the message of a solved exercise holds; "right" where nothing stops it)
    "hangs": ("while True: pass", "After 8 seconds"),
    "hangs within a check": (SOLVED.replace("return", "while True: pass\n    return"), "does a loop never end"),
    "prints gigabytes": ("for k in range(10**7): print('x' * 10**5)", "he notebook"),
    "prints much": ("for k in range(300): print('x' * 10**5)", "right"),
    "takes all memory": ("x = []\nwhile True: x.append(b'x' * 10**8)", "memory"),
    "asks for all memory at once": ("x = bytearray(10**12)", "right"),
    "fills the disk": ("while True:\n    open(str(__import__('time').time()), 'wb').write(b'x' * 10**8)", "MB of files"),
    "writes one huge file": ("with open('x', 'wb') as f:\n    while True: f.write(b'x' * 10**7)", "right"),
    "forks": ("import os\nwhile True: os.fork()", "right"),
    "forks past Python": ("import ctypes\nlibc = ctypes.CDLL(None)\nwhile True: libc.fork()", "other programs"),
    "starts a program": ("import subprocess\nsubprocess.run(['touch', '/tmp/started'])", "right"),
    "asks the network": ("import socket\nsocket.create_connection(('127.0.0.1', 80), timeout=3)", "right"),
    "fails": ("1 / 0", "right"),
    "is no Python": ("def (:", "right"),
    "leaves": ("import sys\nsys.exit()", "right"),
    "leaves at once": ("import os\nos._exit(0)", "ended before it gave this answer"),
    "leaves within a check": (SOLVED.replace("return", "__import__('os')._exit(0)\n    return"), "ended while this was checked"),
    "kills its parent": ("import os\nos.kill(os.getppid(), 9)", "right"),
    "changes check": ("import mushroom_lib.checking as c, mushroom_lib.exercises.splits as s\ns.check_1 = c.judge = c.check = lambda *a: dict(state='right', message='')# CELL" + WRONG, "come from two pictures"),
    "writes into the course": ("import mushroom_lib.exercises.splits as s\nopen(s.__file__, 'w').write('def check_1(answer): return 1')# CELL" + WRONG, "come from two pictures"),
    "removes the course": ("import shutil, mushroom_lib\nshutil.rmtree(mushroom_lib.__path__[0])", "right"),
    "shadows a module": ("open('numpy.py', 'w').write('raise SystemExit')\nopen('json.py', 'w').write('raise SystemExit')", "right"),
    "an answer that cannot be kept": ("picture_of = (x for x in [1])", "nothing that can be kept"),
    "an answer that is large": ("import numpy as np\npicture_of = np.zeros(10**8)", "too large"),
    "an answer that bites when it is read": ("class Bites:\n    def __reduce__(self): return (__import__('os')._exit, (1,))\npicture_of = Bites()", "ended while this was checked"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_notebook_costs_its_own_rows(tmp_path, what):
    code, said = HOSTILE[what]
    before = {p: p.read_bytes() for p in PACKAGE.rglob("*.py")}
    cells = code.split("# CELL") if "picture_of" in code else [code, SOLVED]
    start = time.monotonic()
    state, message = first(notebook(tmp_path / "a.ipynb", *cells), seconds=8 if "After 8" in said or said == "he notebook" else 40)
    assert (state == "right") if said == "right" else (state == "wrong" and said in message), (state, message)
    assert time.monotonic() - start < 150 and "\n" not in message
    assert {p: p.read_bytes() for p in PACKAGE.rglob("*.py")} == before
    assert not os.path.exists("/tmp/started")
    left = [p for p in psutil.Process().children(recursive=True) if "mushroom_lib.grading" in " ".join(p.cmdline())]
    assert not left


def grades(path):
    "The rows of a CSV file as dictionaries."
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_of_students(tmp_path):
    "The command: one row an exercise, bad files between good ones, and nothing is written over."
    folder = tmp_path / "students"
    notebook(folder / "anna" / "07_splits.ipynb", SOLVED)
    notebook(folder / "=cmd.ipynb", WRONG)
    notebook(folder / "zoe.ipynb", "while True: pass", SOLVED)
    (folder / "broken.ipynb").write_text("{")
    (folder / "other.ipynb").write_text(json.dumps({"cells": []}))
    (folder / "anna" / "notes.txt").write_text("no notebook")
    command = [sys.executable, "-m", "mushroom_lib.cli", "grade", str(folder), "--csv", str(tmp_path / "out.csv"), "--seconds", "8"]
    r = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(TOP)})
    assert r.returncode == 0, r.stderr
    rows = grades(tmp_path / "out.csv")
    by_who = {row["who"]: row for row in rows if row["exercise"] in ("splits.1", "")}
    assert {who: row["tick"] for who, row in by_who.items()} == {"anna": "✓", "'=cmd": "✗", "zoe": "✗", "broken": "✗", "other": "✗"}
    assert "cannot be read as a notebook" in by_who["broken"]["message"] and "no check" in by_who["other"]["message"]
    assert "After 8 seconds" in by_who["zoe"]["message"] and "two pictures" in by_who["'=cmd"]["message"]
    assert [r["tick"] for r in rows if r["who"] == "anna"][1:] == ["○"] * 3  # names that are not there: not answered
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(TOP)})
    assert again.returncode == 1 and "out.csv" in again.stderr and again.stderr.count("\n") == 1
    assert grades(tmp_path / "out.csv") == rows


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no notebooks"):
        grade_folder(tmp_path, tmp_path / "x.csv")
    assert not (tmp_path / "x.csv").exists()
