"""Makes the exercises that a student opens from the notebooks in nbs/solutions/.

    python -m tools.exercises            writes nbs/exercises/ and the teachers' table
    python -m tools.exercises --check    writes nothing; names what is not as it would be written, exit status 1

A cell of a solution notebook comes into the exercise unless its first line is `#| export`, `#| default_exp` or
`#| hide`: those hold the checks, their answers and the catalogue of wrong answers. What stands between nbgrader's
markers is cut out. In a function a line that raises NotImplementedError takes its place; at the top level the names
that are assigned there are set to `...`, unless they stand there with dots already.
"""
import argparse
import ast
import re
import sys

from tools import badges
from tools.notebooks import NBS, TOP, exercises, lines, read, solutions, source, text, write

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
REGION = re.compile(rf"^([ \t]*){BEGIN}[ \t]*\n(.*?)^[ \t]*{END}[ \t]*(?:\n|\Z)", re.M | re.S)
HIDDEN = ("#| export", "#| default_exp", "#| hide")
STUB = 'raise NotImplementedError("your code here")'
TEACHERS = NBS / "solutions" / "README.md"


def assigned(code):
    "The names that a piece of code assigns at its top level, each once, in order."
    names = []
    for node in ast.parse(code).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        names += [t.id for t in targets if isinstance(t, ast.Name) and t.id not in names]
    return names


def stub(code):
    "A cell as the student sees it: solutions cut out, with a place to write in."
    if not REGION.search(code):
        if BEGIN in code or END in code:
            raise ValueError("a solution's marker has no partner")
        return code
    shown = set(assigned(REGION.sub(lambda found: f"{found[1]}pass\n", code)))

    def place(found):
        "What stands where a solution was."
        indent = found[1]
        if indent:
            return f"{indent}{STUB}\n"
        return "".join(f"{name} = ...\n" for name in assigned(found[2]) if name not in shown)

    code = REGION.sub(place, code)
    if BEGIN in code or END in code:
        raise ValueError("a solution's marker has no partner")
    return code.rstrip("\n")


def student_cells(cells):
    "The cells of an exercise from those of its solution notebook, without outputs."
    for cell in cells:
        code = source(cell)
        if cell["cell_type"] == "code":
            if code.startswith(HIDDEN):
                continue
            cell = {**cell, "outputs": [], "execution_count": None, "source": lines(stub(code))}
        yield cell


def student_text(path):
    "The exercise made from the solution notebook at `path`, as it is stored."
    nb = read(path)
    return text({**nb, "cells": list(student_cells(nb["cells"]))})


def misconceptions(nb):
    "The catalogued wrong answers of a notebook: for each exercise, what its messages say."
    found = {}
    for cell in nb["cells"]:
        if cell["cell_type"] != "code" or "fails(" not in source(cell):
            continue
        for node in ast.walk(ast.parse(source(cell))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "fails":
                found.setdefault(node.args[0].value, []).append(node.args[2].value)
    return found


def teachers_table():
    "A row an exercise: minutes, difficulty, and the messages of its wrong answers."
    rows = ["| exercise | task | minutes | messages for wrong answers hold |", "|---|---|---|---|"]
    for path in solutions():
        nb = read(path)
        wrong = misconceptions(nb)
        tasks = [source(c) for c in nb["cells"] if c["cell_type"] == "markdown"]
        tasks = [t for t in tasks if re.match(r"## \d+\. ", t)]
        for name, task in zip(wrong, tasks):
            title = task.splitlines()[0].split(". ", 1)[1]
            if name.startswith("museum_"):
                title = badges.card(path)[0]
            level, minutes = re.search(r"^([●○]{3}) about (\d+) minutes", task, re.M).groups()
            said = "; ".join(words.strip(" .") for words in wrong[name])
            rows.append(f"| {name} | {title} | {level} {minutes} | {said} |")
    return "\n".join(rows)


def wanted():
    "Pairs of a path and the text it should hold."
    made = [(NBS / "exercises" / p.name, student_text(p)) for p in solutions()]
    made = [(path, badges.lesson_text(path, new)) for path, new in made]
    page = TEACHERS.read_text(encoding="utf-8")
    return [*made, (TEACHERS, badges.between(page, "table", teachers_table()))]


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--check", action="store_true", help="write nothing; exit status 1 if something is stale")
    args = p.parse_args()
    new = wanted()
    stale = [(path, s) for path, s in new if not path.exists() or path.read_text(encoding="utf-8") != s]
    left = sorted(set(exercises()) - {path for path, _ in new[:-1]})
    for path, s in stale:
        print(f"{path.relative_to(TOP)}: {'is not what its solution makes' if args.check else 'written'}")
        if not args.check:
            path.parent.mkdir(exist_ok=True)
            write(path, s)
    for path in left:
        print(f"{path.relative_to(TOP)}: has no solution notebook; delete one or write the other")
    sys.exit(1 if left or (args.check and stale) else 0)


if __name__ == "__main__": main()
