"The house itself: one place for every setting, notebooks in good order, everything that is generated fresh."
import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mushroom_lib import __version__
from mushroom_lib.claims import claims_in
from tools import badges
from tools.notebooks import TOP, lessons, notebooks, read, settings, source

try: import tomllib
except ImportError: import tomli as tomllib

NAMES = [p.name for p in notebooks()]
OUTPUT_PATHS = re.compile(r"(/root/|/home/\w|/tmp/\w|/work/|/Users/|[A-Z]:\\\\)")


def nb(name): return read(TOP / "nbs" / name)


def code(name): return [c for c in nb(name)["cells"] if c["cell_type"] == "code" and source(c).strip()]


def run(*args): return subprocess.run([sys.executable, *args], cwd=TOP, capture_output=True, text=True)


def test_pyproject_agrees_with_settings():
    p, s = tomllib.loads((TOP / "pyproject.toml").read_text()), settings()
    assert p["project"]["name"] == s["title"]
    assert p["project"]["requires-python"] == f">={s['min_python']}"
    assert p["project"]["urls"]["Repository"] == badges.home()
    assert p["tool"]["nbdev"]["lib_path"] == s["lib_name"]
    assert p["tool"]["nbdev"]["branch"] == s["branch"]
    assert "dependencies" in p["project"]["dynamic"] and "version" in p["project"]["dynamic"]
    assert __version__ == s["version"]


def test_installed_metadata_comes_from_settings():
    from importlib.metadata import metadata, requires, version
    s = settings()
    assert version(s["title"]) == s["version"]
    assert metadata(s["title"])["Requires-Python"] == f">={s['min_python']}"
    core = {re.sub(r"[\s;].*", "", r) for r in requires(s["title"]) if "extra ==" not in r}
    assert {re.split(r"[<>=!;]", r)[0] for r in s["requirements"].split()} == {re.split(r"[<>=!;]", r)[0] for r in core}


@pytest.mark.parametrize("tool", ["tools.badges", "tools.claims", "tools.file_sources"])
def test_generated_files_are_fresh(tool):
    r = run("-m", tool, "--check")
    assert r.returncode == 0, r.stdout + r.stderr


def test_another_repository_changes_every_badge(monkeypatch):
    "A badge that did not come from settings.ini would survive this."
    moved = dict(settings(), user="somebody", repo="elsewhere", branch="trunk")
    monkeypatch.setattr(badges, "settings", lambda: moved)
    for path, new in badges.wanted():
        old = "mushroom-course/mushroom-course"
        assert old not in new, path
    for path in lessons():
        assert f"somebody/elsewhere/blob/trunk/nbs/{path.name}" in badges.lesson_text(path)
        assert "git+https://github.com/somebody/elsewhere@trunk" in badges.lesson_text(path)


def test_library_is_what_the_notebooks_export(tmp_path):
    "nbdev-export into a copy gives the committed package, byte for byte."
    import shutil
    for name in ["nbs", "mushroom_lib", "pyproject.toml", "settings.ini", "README.md"]:
        src = TOP / name
        if src.is_dir(): shutil.copytree(src, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
        else: shutil.copy(src, tmp_path / name)
    for p in (tmp_path / "mushroom_lib").glob("*.py"):
        if p.name != "__init__.py": p.unlink()
    export = Path(sys.executable).parent / "nbdev_export"
    r = subprocess.run([str(export)], cwd=tmp_path, capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    made = {p.name: p.read_text() for p in (tmp_path / "mushroom_lib").glob("*.py")}
    assert made == {p.name: p.read_text() for p in (TOP / "mushroom_lib").glob("*.py")}


@pytest.mark.parametrize("name", [p.name for p in lessons()])
def test_lesson_has_card_badge_and_setup(name):
    first, setup = source(nb(name)["cells"][0]), source(code(name)[0])
    assert badges.badge(name) in first
    for word in ("Time", "You need", "You will be able to", "You will not build yet", "education"): assert word in first
    assert setup == badges.setup_cell()
    assert len(setup.splitlines()) <= 8


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_committed_and_clean(name):
    book, raw = nb(name), (TOP / "nbs" / name).read_text()
    assert any(c["outputs"] for c in code(name)), "no outputs: run `python -m tools.execute`"
    assert "widgets" not in book["metadata"]
    assert len(raw) < 1_000_000
    for k, c in enumerate(book["cells"]):
        for o in c.get("outputs", []):
            assert o["output_type"] != "error", f"cell {k} failed"
            assert o.get("name") != "stderr", f"cell {k}: standard error is kept"
            size = len(json.dumps(o))
            assert size < 140_000, f"cell {k}: an output of {size} bytes"
            said = json.dumps({k: v for k, v in o.get("data", {}).items() if not k.startswith("image/")}) + json.dumps(o.get("text", ""))
            assert not OUTPUT_PATHS.search(said), f"cell {k}: a path of one machine"


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_has_a_text_alternative(name):
    for k, c in enumerate(nb(name)["cells"]):
        pictures = any(m.startswith("image/") for o in c.get("outputs", []) for m in o.get("data", {}))
        assert not pictures or re.search(r"^#\| fig-alt: \S.{20,}", source(c), re.M), f"cell {k}: no fig-alt"


def claim_calls(name):
    "Identifier and sentence of each call of `claim` in a lesson's source."
    for c in code(name):
        for n in ast.walk(ast.parse(re.sub(r"^[%!].*$", "", source(c), flags=re.M))):
            if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "claim": yield n.args[0].value, n.args[1].value


@pytest.mark.parametrize("name", [p.name for p in lessons()])
def test_claims_in_the_source_are_those_in_the_outputs(name):
    "A claim added, dropped or reworded without a new run is found here."
    saved = [(c["id"], c["sentence"]) for c in claims_in(nb(name))]
    assert saved == list(claim_calls(name)) and saved
    assert all(c["holds"] for c in claims_in(nb(name)))


@pytest.mark.parametrize("name", [p.name for p in lessons()])
def test_claims_carry_digits_only_in_values_and_have_controls(name):
    ids = [i for i, _ in claim_calls(name)]
    assert not [s for _, s in claim_calls(name) if re.search(r"\d", s)]
    controls = [i for i in ids if i.endswith(".control")]
    assert controls and {i.removesuffix(".control") for i in controls} <= set(ids)


@pytest.mark.parametrize("field", ["sentence", "value"])
def test_a_stale_claims_table_is_found(monkeypatch, field):
    from tools import claims
    before = claims.page()
    real = claims.claims_in
    monkeypatch.setattr(claims, "claims_in", lambda book: [dict(c, **{field: "other" if field == "sentence" else 7.77}) for c in real(book)])
    assert claims.page() != before


def test_no_text_calls_a_mushroom_safe():
    "Nothing in the course may say that a mushroom can be eaten; a sentence about it must deny it."
    words = re.compile(r"\b(edible|safe to eat|may be eaten|can be eaten|good to eat|delicious|tasty)\b", re.I)
    denies = re.compile(r"\b(no|not|never|nothing|nobody|cannot|must)\b", re.I)
    texts = {p: p.read_text(encoding="utf-8") for p in [TOP / "README.md", *TOP.glob("mushroom_lib/*.py"), *TOP.glob("tools/**/*.py")]}
    texts |= {TOP / "nbs" / n: "\n".join(source(c) for c in nb(n)["cells"]) for n in NAMES}
    found = [(p.name, s) for p, t in texts.items() for s in re.split(r"(?<=[.!?])\s|\n", t) if words.search(s) and not denies.search(s)]
    assert found == []


def test_readme_tells_the_truth():
    readme = (TOP / "README.md").read_text()
    assert 'pip install -e . && jupyter lab nbs/00_start.ipynb\n' in readme
    assert 'pip install -e ".[dev]" && nbdev_test\n' in readme
    for path in re.findall(r"\]\((?!https?:)([^)#]+)\)", readme): assert (TOP / path).exists(), path
    for module in re.findall(r"`python -m ([\w.]+)`", readme):
        assert (TOP / (module.replace(".", "/") + ".py")).exists() or (TOP / module.replace(".", "/") / "__main__.py").exists(), module


def test_licence_texts_are_here():
    for name, phrase in {"LICENSE": "Apache License", "LICENSES/CC-BY-4.0.txt": "Attribution 4.0 International",
                         "LICENSES/CC0-1.0.txt": "CC0 1.0 Universal", "LICENSES/GPL-3.0-or-later.txt": "GNU GENERAL PUBLIC LICENSE"}.items():
        assert phrase in (TOP / name).read_text(), name


def test_labels_and_splits_need_no_torch():
    "What every lesson imports first must not drag torch along."
    said = run("-c", "import sys, mushroom_lib.claims, mushroom_lib.style, mushroom_lib.sources, mushroom_lib.images, mushroom_lib.features, "
                     "mushroom_lib.labels, mushroom_lib.splits, mushroom_lib.metrics, mushroom_lib.widgets, mushroom_lib.cli; print('torch' in sys.modules, 'fastai' in sys.modules)")
    assert said.stdout.split() == ["False", "False"], said.stderr
