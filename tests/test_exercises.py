"""The exercises: solved, they get their ticks; untouched, they say "not answered yet"; wrong, each has its own message.

That the solutions pass and that the catalogued wrong answers get their messages is run by nbdev_test, in the notebooks
of nbs/solutions/. Here stands that nothing is missing in those notebooks, that a student sees none of it, and that no
answer, however hostile, makes a check fail.
"""
import ast
import json
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from mushroom_lib import checking
from mushroom_lib.checking import exercise_names, judge, kept_ticks, show_solution, solution_text
from tools.exercises import BEGIN, END, HIDDEN, NBS, REGION, STUB, student_text, stub
from tools.notebooks import TOP, exercises, lessons, read, solutions, source, subject, text

LESSONS = [subject(p) for p in solutions()]
NAMES = [name for lesson in LESSONS for name in exercise_names(lesson)]
LESSON_OF = dict(zip(LESSONS, solutions()))


def in_museum(path): return path.name.startswith("museum_")


def cells(path, kind):
    "The sources of a notebook's cells of one kind."
    return [source(c) for c in read(path)["cells"] if c["cell_type"] == kind]


def calls(path, function):
    "The first argument of each call of `function` in a notebook, and the last one where it is a text."
    found = []
    for code in cells(path, "code"):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == function:
                found.append((node.args[0].value, getattr(node.args[-1], "value", None)))
    return found


def test_every_solution_has_its_lesson_and_its_exercise():
    lesson_names = [p.name for p in lessons()]
    assert [p.name for p in solutions()] == [p.name for p in exercises()] != []
    for path in solutions():
        if in_museum(path):
            continue
        assert path.name in lesson_names
        assert f"(exercises/{path.name})" in "".join(cells(NBS / path.name, "markdown"))


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_exercise_is_proven(lesson):
    "A check to run, a solution that passes, and at least two wrong answers, each with a message of its own."
    path = LESSON_OF[lesson]
    names = exercise_names(lesson)
    assert names == [f"{lesson}.{n}" for n in range(1, len(names) + 1)]
    assert len(names) == 1 if in_museum(path) else len(names) >= 3
    assert [name for name, _ in calls(path, "check")] == names
    assert {name for name, _ in calls(path, "passes")} == set(names)
    counted = "museum" if in_museum(path) else lesson
    assert calls(path, "tally") == [(counted, counted)]
    for name in names:
        said = [message for n, message in calls(path, "fails") if n == name]
        assert len(said) == len(set(said)) >= 2, f"{name}: {said}"


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_exercise_has_minutes_difficulty_and_hints(lesson):
    path = LESSON_OF[lesson]
    parts = "\n".join(cells(path, "markdown")).split("\n## ")[1:]
    tasks = [p for p in parts if re.match(r"\d", p)]
    assert len(tasks) == len(exercise_names(lesson))
    for task in tasks:
        assert re.search(r"^[●○]{3} about \d+ minutes", task, re.M), task[:60]
        assert task.count("<details><summary>Hint") == 2, task[:60]


@pytest.mark.parametrize("path", exercises(), ids=lambda p: p.name)
def test_a_student_sees_no_solution(path):
    "No line of a solution or of a check, and no wrong answer stands in the exercise, nor an output."
    solution = NBS / "solutions" / path.name
    shown = path.read_text(encoding="utf-8")
    for word in (BEGIN, END, "passes(", "fails(", "raise Wrong", "def check_"):
        assert word not in shown, word
    student = "\n".join(cells(path, "code"))
    for code in cells(solution, "code"):
        for region in REGION.findall(code):
            for line in region[1].splitlines():
                line = line.strip()
                plain = line.startswith(("for ", "return ", "else", "if ")) and len(line) < 25
                assert in_museum(path) or len(line) < 12 or plain or line not in student, line
    assert not [c for c in read(path)["cells"] if c.get("outputs")]


@pytest.mark.parametrize("path", [p for p in exercises() if in_museum(p)], ids=lambda p: p.name)
def test_a_piece_of_the_museum_is_mended_and_explained(path):
    """The mend is not shown; one wrong answer at least is a mend after which the result is wrong; at the end stands what
    it was."""
    solution = NBS / "solutions" / path.name
    student = "\n".join(cells(path, "code"))
    regions = "".join("".join(found) for code in cells(solution, "code") for found in REGION.findall(code))
    mend = [line for line in regions.splitlines() if line.strip() and line not in student]
    assert mend, "the mended lines stand in what the student sees"
    said = [message for _, message in calls(solution, "fails")]
    assert any(message.startswith("The fault is still there") for message in said), said
    assert any(message.startswith("The fault is gone, but") for message in said), said
    assert cells(path, "markdown")[-1].startswith("## What it was, and where it happens")


@pytest.mark.parametrize("path", [p for p in solutions() if in_museum(p)], ids=lambda p: p.name)
def test_what_a_piece_of_the_museum_says_is_what_it_prints(path):
    says = re.search(r"It says: (.*)", cells(path, "markdown")[0])[1]
    printed = []
    for cell in read(path)["cells"]:
        if cell["cell_type"] == "code" and not source(cell).startswith("#| hide"):
            printed += ["".join(out.get("text", "")) for out in cell["outputs"]]
    found = {float(n) for n in re.findall(r"\d+\.?\d*", " ".join(printed))}
    found |= {round(100 * n) for n in found if n <= 1}
    numbers = {float(n) for n in re.findall(r"\d+", says.replace(" of 100 ", " "))}
    assert numbers - {0, 1} <= found, f"{says} {sorted(found)}"


@pytest.mark.parametrize("path", exercises(), ids=lambda p: p.name)
def test_every_line_of_a_stub_stands_in_its_solution(path):
    solution = "\n".join(cells(NBS / "solutions" / path.name, "code")).splitlines()
    for code in cells(path, "code"):
        for line in code.splitlines():
            place = re.fullmatch(r"(\w+) = \.\.\.", line)
            if place:
                assert any(row.startswith(f"{place[1]} = ") for row in solution), line
            elif line.strip() != STUB:
                assert line in solution, line


OPEN = """
import json, sys
from mushroom_lib import checking
states = []
checking._show = lambda text, html: states.append(text)
for code in json.load(sys.stdin):
    exec(code, globals())
print("STATES" + json.dumps(states))
"""


@pytest.mark.parametrize("path", exercises(), ids=lambda p: p.name)
def test_an_untouched_notebook_says_not_answered_yet(path, tmp_path):
    codes = [re.sub(r"^[%!].*$", "", code, flags=re.M) for code in cells(path, "code")]
    r = subprocess.run([sys.executable, "-c", OPEN], input=json.dumps(codes), cwd=tmp_path, capture_output=True, text=True,
                       env={**os.environ, "PYTHONPATH": str(TOP), "MPLBACKEND": "agg"})
    assert r.returncode == 0, r.stderr[-3000:]
    states = json.loads(r.stdout.partition("STATES")[2])
    names = exercise_names(subject(path))
    if in_museum(path):
        assert len(states) == 2 and states[0].startswith(f"✗ {names[0]}: The fault is still there"), states
        assert states[1].startswith(f"0 of {len([p for p in exercises() if in_museum(p)])}")
        return
    assert states[:-1] == [f"○ {name}: not answered yet" for name in names]
    assert states[-1].startswith(f"0 of {len(names)}")
    assert not (tmp_path / checking.TICKS).exists()


def raises(*args): raise RuntimeError("x" * 10_000)
def leaves(*args): sys.exit(1)
def prints(*args): print("x" * 1_000_000)
def recurses(*args): return recurses(*args)
def gives_itself(*args): return gives_itself
def gives_numbers(*args): yield from range(10**9)
def gives_noise(*args): return np.full(7, np.nan)
def gives_texts(*args): return ["cep"] * 3


def for_ever(*args):
    while True:
        try:
            sum(range(10))
        except:  # noqa
            pass


class Hostile:
    "Fails at whatever is asked of it."
    def _fail(self, *args): raise SystemExit("no")
    __eq__ = __repr__ = __str__ = __len__ = __iter__ = __bool__ = __getitem__ = __array__ = __float__ = __call__ = _fail
    __hash__ = None
    def __getattr__(self, name): raise KeyboardInterrupt


def evidence_keys():
    "The keys of all dictionaries that a student is to fill in."
    found = {}
    for path in exercises():
        for code in cells(path, "code"):
            for node in ast.walk(ast.parse(re.sub(r"^[%!].*$", "", code, flags=re.M))):
                if isinstance(node, ast.Dict) and all(getattr(v, "value", None) is ... for v in node.values):
                    found |= dict.fromkeys(k.value for k in node.keys)
    return [*found, "epoch", "accuracy", "photographs", "without", "better"]


KEYS = evidence_keys()
HOSTILE = {
    "a text": "a text", "a long text": "x" * 10**7, "an empty text": "", "None": None, "True": True, "a number": 10**5000, "nan": float("nan"),
    "a list": [1, 2, 3], "an empty list": [], "a list of lists": [[1], [2, 3]], "a dictionary": {}, "bytes": b"\xff",
    "a dictionary of texts": dict.fromkeys(KEYS, "x"), "a dictionary of None": dict.fromkeys(KEYS), "an array": np.zeros((3, 4, 5)),
    "a large table": pd.DataFrame({"a": np.arange(1_000_000), "b": "x"}), "an object": object(), "a class": dict, "a module": np,
    "hostile": Hostile(), "raises": raises, "leaves": leaves, "prints": prints, "recurses": recurses, "itself": gives_itself,
    "a generator": gives_numbers, "noise": gives_noise, "texts": gives_texts, "built-in": len, "an exception": ValueError("x"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_no_answer_makes_a_check_fail(what, capsys):
    for name in NAMES:
        verdict = judge(name, HOSTILE[what], seconds=10)
        assert verdict["state"] in ("wrong", "open"), f"{name}: {verdict}"
        assert "\n" not in verdict["message"] and 10 < len(verdict["message"]) <= 450, verdict
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_that_never_ends_is_stopped(name):
    verdict = judge(name, for_ever, seconds=.3)
    assert verdict["state"] == "wrong" and ("does a loop never end" in verdict["message"] or "asked for" in verdict["message"].lower()), verdict


@pytest.mark.parametrize("name", NAMES)
def test_a_solution_can_be_shown(name, capsys):
    show_solution(name)
    code = capsys.readouterr().out
    assert "SOLUTION" not in code and len(code) > 40
    ast.parse(code)
    show_solution("splits.99")
    assert capsys.readouterr().out == "no solution named 'splits.99'\n"
    assert solution_text(name) in code


def test_a_record_is_only_added_to(tmp_path, monkeypatch):
    "What cannot be read stays where it is; a folder that cannot be written to stops nobody."
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checking, "_this_session", [])
    (tmp_path / checking.TICKS).write_bytes(b"\xff half a line\n" + json.dumps({"exercise": "splits.1", "state": "right"}).encode() + b"\n")
    checking.check("splits.2", "a text")
    lines = (tmp_path / checking.TICKS).read_bytes().split(b"\n")
    assert lines[0] == b"\xff half a line" and json.loads(lines[2])["state"] == "wrong"
    assert kept_ticks() == {"splits.1"}
    monkeypatch.setattr(checking, "TICKS", "no/such/folder")
    checking.check("splits.2", 3)
    assert kept_ticks() == set()


@pytest.mark.parametrize("code, made", [
    ("def f():\n    ### BEGIN SOLUTION\n    return 3\n    ### END SOLUTION", f"def f():\n    {STUB}"),
    ("### BEGIN SOLUTION\na = 3\nb = a\na = 4\n### END SOLUTION\nprint(a)", "a = ...\nb = ...\nprint(a)"),
    ("a = {'x': ...}\n### BEGIN SOLUTION\na = {'x': 3}\n### END SOLUTION", "a = {'x': ...}"),
    ("x = 1\nfor k in range(3):\n    ### BEGIN SOLUTION\n    x += k\n    ### END SOLUTION\n    print(x)", f"x = 1\nfor k in range(3):\n    {STUB}\n    print(x)"),
])
def test_what_a_student_sees_of_a_solution(code, made):
    assert stub(code) == made


def test_a_marker_without_its_partner_is_refused():
    with pytest.raises(ValueError, match="no partner"):
        stub("def f():\n    ### BEGIN SOLUTION\n    return 3")


def test_hidden_cells_are_left_out(tmp_path):
    def cell(code): return {"cell_type": "code", "id": "a", "metadata": {}, "source": [code], "outputs": [1], "execution_count": 3}
    path = tmp_path / "x.ipynb"
    path.write_text(text({"cells": [cell(first + "\nx = 1") for first in HIDDEN] + [cell("y = 2")], "metadata": {}}))
    assert [c["source"] for c in json.loads(student_text(path))["cells"]] == [["y = 2"]]
