"""What helps a reader: short lines, one statement a line, one meaning a name, imports that run one way."""
import ast
import re
import subprocess
import sys

import pytest

from tools.notebooks import TOP, notebooks, read, source

NETWORKS = {"baseline", "finetune", "training", "convolutions", "layers", "cached", "late_blocks", "learners", "preflight", "overfit", "planted_runs"}  # the modules whose subject is a network: they may import torch and fastai

LIBRARY = TOP / "mushroom_lib"
TOP_MODULES = sorted(p for p in LIBRARY.glob("*.py") if p.name not in ("__init__.py", "_modidx.py"))
CHECKS = sorted(p for p in (LIBRARY / "exercises").glob("*.py") if p.name != "__init__.py")  # the modules of the exercises
MODULES = TOP_MODULES + CHECKS


def dotted(path):
    "The name of a module within the library: splits, exercises.splits."
    return ".".join(path.relative_to(LIBRARY).with_suffix("").parts)


COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def statements(tree, rows):
    "What shares a line with the statement before it, as pairs of a line number and what is wrong."
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            before = rows[node.lineno - 1].encode()[:node.col_offset].decode()
            if before.strip():
                yield node.lineno, "a second statement"


def puzzles(tree):
    "Comprehensions within comprehensions and assignments within expressions, as pairs of a line number and what is wrong."
    plain = {n.test for n in ast.walk(tree) if isinstance(n, (ast.If, ast.While))}
    for node in ast.walk(tree):
        if isinstance(node, ast.NamedExpr) and node not in plain:
            yield node.lineno, "an assignment within an expression"
        if isinstance(node, COMPREHENSIONS):
            inner = [n for n in ast.walk(node) if isinstance(n, COMPREHENSIONS)]
            if len(inner) > 1 or len(node.generators) > 1:
                yield node.lineno, "a comprehension within a comprehension"


LONGEST = 88  # characters a line, in notebooks and in modules


def trouble(code):
    "What hinders a reader in a piece of Python, a line each."
    code = re.sub(r"^[%!].*$", "pass", code, flags=re.M)
    rows = code.split("\n")
    tree = ast.parse(code)
    made = set()  # lines that nbdev writes: the list of names, which no one reads
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            made = set(range(node.lineno, node.end_lineno + 1))
    found = [(n, f"{len(r)} characters") for n, r in enumerate(rows, 1)
             if len(r) > LONGEST and not r.startswith("#|") and n not in made]
    found += [*statements(tree, rows), *puzzles(tree)]
    return [f"line {n}: {what}: {rows[n - 1].strip()[:70]}" for n, what in sorted(found)]


def trouble_in(path):
    "What hinders a reader in a notebook, a lesson or plumbing, or in a module."
    if path.suffix == ".py":
        return trouble(path.read_text(encoding="utf-8"))
    found = []
    for k, cell in enumerate(read(path)["cells"]):
        if cell["cell_type"] == "code":
            found += [f"cell {k}, {t}" for t in trouble(source(cell))]
    return found


@pytest.mark.parametrize("path", [*notebooks(), *MODULES], ids=lambda p: str(p.relative_to(TOP)))
def test_lines_are_short_and_hold_one_statement(path):
    found = trouble_in(path)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("code, said", [
    ("x = 1; y = 2", "a second statement"),
    ("if x: return_ = y", "a second statement"),
    ("try: x\nexcept ValueError:\n    pass", "a second statement"),
    ("try:\n    x\nexcept ValueError: pass", "a second statement"),
    ("if x:\n    y\nelse: z", "a second statement"),
    ("def f(x): return x", "a second statement"),
    ("é = 1; y = 2", "a second statement"),
    ("x = " + "1 + " * 30 + "1", "125 characters"),
    ("x = " + "1 + " * 21 + "1", "89 characters"),
    ("print(x := 3)", "an assignment within an expression"),
    ("x = [[a for a in b] for b in c]", "a comprehension within a comprehension"),
    ("x = [a for b in c for a in b]", "a comprehension within a comprehension"),
])
def test_trouble_is_found(code, said):
    assert said in trouble(code)[0]


@pytest.mark.parametrize("code", [
    "if x:\n    y\nelif z:\n    w\nelse:\n    v",
    "@wrapped\ndef f(\n    x,  # a number\n):\n    return x",
    "while chunk := f.read():\n    g(chunk)",
    "#| fig-alt: " + "long " * 40,
    "%matplotlib inline\nx = [a for a in b]",
    "x = (1 +\n     2)",
])
def test_plain_code_is_left_alone(code):
    assert trouble(code) == []


def test_pyflakes_finds_nothing():
    "Unused imports, undefined names (a lesson's global in an exported function) and star imports."
    r = subprocess.run([sys.executable, "-m", "pyflakes", *map(str, MODULES)], capture_output=True, text=True)
    assert r.returncode == 0, r.stdout + r.stderr


def exported(path):
    "The names in a module's `__all__`."
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__":
            return set(ast.literal_eval(node.value))
    raise AssertionError(f"{path.name} has no __all__")


def test_no_name_means_two_things_in_two_modules():
    "But for the exercises: each of their modules has a check_1, a check_2, ..."
    homes = {}
    for path in TOP_MODULES:
        for name in exported(path):
            homes.setdefault(name, []).append(path.stem)
    twice = {f"{name}: {', '.join(sorted(modules))}" for name, modules in homes.items() if len(modules) > 1}
    assert twice == set(), "exported by two modules"


def targets(node, package):
    "The full names that an import may mean, of modules or of what they hold; `package` is where it stands."
    if isinstance(node, ast.Import):
        return [a.name for a in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = package[:len(package) - node.level + 1] if node.level else []
    base = ".".join([*base, *(node.module or "").split(".")]).strip(".")
    return [base, *(f"{base}.{a.name}" for a in node.names)]


def imported(code, package=("mushroom_lib",)):
    """The modules of the library that code imports, at its top or within a function.

    What importlib imports by a name that is made up while it runs is not seen.
    """
    ours = {f"mushroom_lib.{dotted(p)}" for p in MODULES}
    found = {name for node in ast.walk(ast.parse(code)) for name in targets(node, package)}
    return {name.removeprefix("mushroom_lib.") for name in found & ours}


@pytest.mark.parametrize("code, found", [
    ("from .splits import split_groups", {"splits"}),
    ("from . import splits, images", {"splits", "images"}),
    ("import mushroom_lib.splits as s", {"splits"}),
    ("from mushroom_lib import splits", {"splits"}),
    ("def f():\n    from mushroom_lib.splits import split_groups", {"splits"}),
    ("from .exercises import splits", {"exercises.splits"}),
    ("from mushroom_lib.exercises.splits import check_1", {"exercises.splits"}),
    ("from mushroom_lib import exercises", set()),
    ("import splits", set()),
])
def test_imports_are_found(code, found):
    assert imported(code) == found


@pytest.mark.parametrize("code, found", [
    ("from ..splits import split_groups", {"splits"}),
    ("from .. import splits", {"splits"}),
    ("from . import splits", {"exercises.splits"}),
    ("from .splits import check_1", {"exercises.splits"}),
])
def test_imports_of_an_exercise_are_found(code, found):
    assert imported(code, ("mushroom_lib", "exercises")) == found


def imports():
    "For each module of the library the modules that it imports."
    graph = {}
    for path in MODULES:
        package = path.relative_to(TOP).parts[:-1]
        graph[dotted(path)] = imported(path.read_text(encoding="utf-8"), package)
    return graph


def reachable(graph, start):
    "Every module that `start` imports, directly or through another."
    seen = set()
    todo = list(graph[start])
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += graph[name]
    return seen


def lesson_number(path):
    "The number of the lesson that exports a module, or None for plumbing and exercises."
    found = re.search(r"File to edit: \.\./nbs/(\d+)_\w+\.ipynb", path.read_text(encoding="utf-8"))
    return int(found[1]) if found else None


def wrong_ways(graph, numbers):
    """Imports in a circle, of a later lesson by an earlier one, directly or through plumbing, and of an exercise.

    The exercises come after all lessons: they may import any lesson, and nothing may import them.
    """
    wrong = []
    for name in sorted(graph):
        wrong += [f"{name} imports {n}" for n in sorted(graph[name]) if n.startswith("exercises.")]
        needs = reachable(graph, name)
        if name in needs:
            wrong.append(f"{name} imports itself, by a circle")
        if numbers[name] is not None:
            later = sorted(n for n in needs if n != name and numbers[n] is not None and numbers[n] >= numbers[name])
            wrong += [f"{name}, lesson {numbers[name]}, imports {n}, lesson {numbers[n]}" for n in later]
    return wrong


def test_imports_run_one_way():
    assert wrong_ways(imports(), {dotted(p): lesson_number(p) for p in MODULES}) == []


def test_wrong_ways_are_found():
    numbers = dict(images=1, splits=4, cache=None)
    assert wrong_ways(dict(images=set(), cache={"images"}, splits={"cache", "images"}), numbers) == []
    assert "images, lesson 1, imports splits, lesson 4" in wrong_ways(dict(images={"cache"}, cache={"splits"}, splits=set()), numbers)
    numbers["exercises.splits"] = None
    late = {"exercises.splits": {"splits", "images"}, "images": set(), "splits": set(), "cache": set()}
    assert wrong_ways(late, numbers) == []
    assert wrong_ways({**late, "cache": {"exercises.splits"}}, numbers) == ["cache imports exercises.splits"]
    assert "cache imports itself, by a circle" in wrong_ways(dict(images={"cache"}, cache={"images"}, splits=set()), numbers)


IMPORT = """
import sys, time
start = time.perf_counter()
import mushroom_lib.{0}
print(f"{0}: {{time.perf_counter() - start:.2f}} s")
heavy = {{"torch", "fastai"}} & sys.modules.keys()
sys.exit(f"{0} imports {{' and '.join(sorted(heavy))}}" if heavy else 0)
"""


@pytest.mark.parametrize("module", [dotted(p) for p in MODULES if p.stem not in NETWORKS])
def test_import_without_torch(module):
    "Only a module whose subject is a network may load torch or fastai when it is imported."
    r = subprocess.run([sys.executable, "-c", IMPORT.format(module)], cwd=TOP, capture_output=True, text=True)
    print(r.stdout)
    assert r.returncode == 0, r.stderr
