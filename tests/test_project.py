"The house itself: one place for every setting, notebooks in good order, everything that is generated fresh."
import ast
import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import entry_points, metadata, packages_distributions, requires, version
from pathlib import Path

import pytest

from mushroom_lib import __version__
from tools import badges
from tools.claims import claims_in
from tools.notebooks import TOP, lessons, notebooks, read, settings, source

try:
    import tomllib
except ImportError:
    import tomli as tomllib

NAMES = [p.relative_to(TOP / "nbs").as_posix() for p in notebooks()]
OUTPUT_PATHS = re.compile(r"(/root/|/home/\w|/tmp/\w|/work/|/Users/|[A-Z]:\\\\)")
BIN = Path(sys.executable).parent


def nb(name): return read(TOP / "nbs" / name)


def code(name): return [c for c in nb(name)["cells"] if c["cell_type"] == "code" and source(c).strip()]


def run(*args, cwd=TOP): return subprocess.run([sys.executable, *args], cwd=cwd, capture_output=True, text=True)


def test_pyproject_agrees_with_settings():
    p, s = tomllib.loads((TOP / "pyproject.toml").read_text()), settings()
    assert p["project"]["name"] == s["title"]
    assert p["project"]["requires-python"] == f">={s['min_python']}"
    assert p["project"]["license"] == s["license"]
    assert p["project"]["urls"] == {"Repository": badges.home(), "Issues": f"{badges.home()}/issues"}
    assert p["tool"]["nbdev"]["lib_path"] == s["lib_name"]
    assert p["tool"]["nbdev"]["branch"] == s["branch"]
    assert "dependencies" in p["project"]["dynamic"] and "version" in p["project"]["dynamic"]
    assert __version__ == s["version"]


def distribution(requirement):
    "The normalised name in a requirement."
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def declared(*keys):
    "The distributions that the settings `keys` ask for."
    return {distribution(r) for key in keys for r in settings()[key].split()}


def test_installed_metadata_comes_from_settings():
    s = settings()
    assert version(s["title"]) == s["version"]
    assert metadata(s["title"])["Requires-Python"] == f">={s['min_python']}"
    assert {distribution(r) for r in requires(s["title"]) if "extra ==" not in r} == declared("requirements")


def scripts(name):
    "The commands that the installed distribution `name` brings."
    return {e.name for e in entry_points(group="console_scripts") if e.dist.name == name}


def test_only_developers_have_nbdev_test():
    "The course installs one command; `nbdev_test` is a distribution of its own, which only the extra `dev` asks for."
    assert scripts("mushroom-lib") == {"mushrooms"}
    assert scripts("mushroom-lib-nbdev-alias") == {"nbdev_test"}
    asks = [r for r in requires("mushroom-lib") if distribution(r) == "mushroom-lib-nbdev-alias"]
    assert len(asks) == 1 and asks[0].endswith('extra == "dev"')


FROM_ELSEWHERE = {"plum-dispatch", "jupyterlab"}  # not imported: the one is held back for fastai's sake, the other opens the lessons
OPTIONAL = {"fastjsonschema"}  # imported where it is
MAINTAINERS = {"bpy", "mathutils", "onnxruntime", "onnx"}  # the renderer's Blender, one row of a benchmark: said where they are used
OURS = {"mushroom_lib", "tools", "benchmarks", "conftest"}


def imports(text):
    "The packages that Python code imports, anywhere in it."
    for node in ast.walk(ast.parse(re.sub(r"^\s*[%!].*$", "", text, flags=re.M))):
        if isinstance(node, ast.Import):
            yield from (a.name.split(".")[0] for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


def distributions(texts):
    "The distributions, beyond Python and this repository, that pieces of code import from, as {distribution: package}."
    places, found = packages_distributions(), {}
    for name in {name for text in texts for name in imports(text)} - OURS - set(sys.stdlib_module_names):
        found |= {distribution(d): name for d in places.get(name, [name])}
    return found


def learner_code(): return [*(p.read_text() for p in TOP.glob("mushroom_lib/**/*.py")), *(source(c) for n in NAMES for c in code(n))]


def test_what_the_course_imports_is_declared():
    assert distributions(learner_code()).keys() - OPTIONAL - declared("requirements") == set()


def test_what_is_declared_is_imported():
    assert declared("requirements") - FROM_ELSEWHERE == distributions(learner_code()).keys() & declared("requirements") - FROM_ELSEWHERE


def test_what_tests_and_tools_import_is_declared():
    files = [p for folder in ("tests", "tools", "benchmarks") for p in (TOP / folder).rglob("*.py")]
    beside = {p.stem for p in files}
    needed = distributions(p.read_text() for p in files)
    assert {d for d, package in needed.items() if package not in beside} - MAINTAINERS - declared("requirements", "dev_requirements") == set()


@pytest.mark.parametrize("tool", ["tools.badges", "tools.claims", "tools.exercises", "tools.file_sources"])
def test_generated_files_are_fresh(tool):
    r = run("-m", tool, "--check")
    assert r.returncode == 0, r.stdout + r.stderr


def test_another_repository_changes_every_badge(monkeypatch):
    "A badge that did not come from settings.ini would survive this."
    old = "{user}/{repo}".format(**settings())
    moved = dict(settings(), user="somebody", repo="elsewhere", branch="trunk")
    monkeypatch.setattr(badges, "settings", lambda: moved)
    for path, new in badges.wanted():
        assert old not in new, path
    for path in lessons():
        new = badges.lesson_text(path)
        assert f"somebody/elsewhere/blob/trunk/nbs/{path.name}" in new
        assert "https://github.com/somebody/elsewhere\\" in new and "git+{home}@trunk" in new
    assert "git clone https://github.com/somebody/elsewhere\ncd elsewhere\n" in badges.readme_text()


@pytest.mark.parametrize("address", [
    "https://github.com/ada/my.course", "https://github.com/ada/my.course.git", "https://github.com/ada/my.course/", "http://www.github.com/ada/my.course",
    "https://ada:secret@github.com/ada/my.course.git", "git@github.com:ada/my.course.git", "git@github.com:ada/my.course", "github.com:ada/my.course.git",
    "ssh://git@github.com/ada/my.course.git", "ssh://git@ssh.github.com:443/ada/my.course.git", "git://github.com/ada/my.course.git", "https://GitHub.com/ada/my.course\n",
])
def test_addresses_on_github(address):
    assert badges.owner_and_repository(address) == ("ada", "my.course")


@pytest.mark.parametrize("address", [
    "", "/srv/git/course", "../course.git", "C:\\course", "https://gitlab.com/ada/course.git", "https://example.org/github.com/ada/course", "git@notgithub.com:ada/course",
    "https://github.com.example.org/ada/course", "https://github.com/ada", "https://github.com/ada/course/tree/main", "file:///github.com/ada/course",
])
def test_addresses_elsewhere(address):
    assert badges.owner_and_repository(address) is None


@pytest.fixture
def checkout(tmp_path):
    "A small copy of the repository under git, without a remote."
    folder = tmp_path / "checkout"
    for name in ["settings.ini", "README.md", "pyproject.toml", "mushroom_lib/__init__.py", "mushroom_lib/_modidx.py", "nbs", "tools/__init__.py", "tools/badges.py", "tools/notebooks.py"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (TOP / name).is_dir():
            shutil.copytree(TOP / name, folder / name, ignore=shutil.ignore_patterns(".*"))
        else:
            shutil.copy(TOP / name, folder / name)
    git(folder, "init", "--quiet")
    return folder


def git(folder, *args): subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True)


def contents(folder): return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file() and ".git" not in p.parts and p.suffix != ".pyc"}


def test_one_command_makes_a_forks_badges_right(checkout):
    old = "{user}/{repo}".format(**settings()).encode()
    git(checkout, "remote", "add", "origin", "git@github.com:grace/my-course.git")
    r = run("-m", "tools.badges", cwd=checkout)
    assert r.returncode == 0 and "the course is now at https://github.com/grace/my-course" in r.stdout, r.stderr
    after = contents(checkout)
    assert not [p for p, content in after.items() if old in content and p.parent.name != "tools"]
    assert b"blob/main/nbs/00_start.ipynb" in after[checkout / "README.md"] and b"grace/my-course/blob" in after[checkout / "README.md"]
    git(checkout, "remote", "remove", "origin")  # what stands in settings.ini is what counts from now on
    assert run("-m", "tools.badges", "--check", cwd=checkout).returncode == 0
    run("-m", "tools.badges", cwd=checkout)
    assert contents(checkout) == after


def test_the_export_agrees_with_a_forks_badges(checkout):
    "nbdev-export writes the repository's address too; after the one command nothing is left for it to change."
    git(checkout, "remote", "add", "origin", "https://github.com/grace/my-course")
    run("-m", "tools.badges", cwd=checkout)
    index = (checkout / "mushroom_lib" / "_modidx.py").read_text()
    assert "grace/my-course" in index
    r = subprocess.run([str(BIN / "nbdev-export")], cwd=checkout, capture_output=True, text=True)
    assert r.returncode == 0 and (checkout / "mushroom_lib" / "_modidx.py").read_text() == index, r.stderr


@pytest.mark.parametrize("remote, args", [(None, ()), ("/srv/git/course", ()), ("https://github.com/grace/my-course", ("--stay",)), ("https://github.com/grace/my-course", ("--check",))])
def test_badges_stay_as_they_are(checkout, remote, args):
    "Without a remote on GitHub, when told so, and in a check, which must not depend on where a clone came from."
    before = contents(checkout)
    if remote:
        git(checkout, "remote", "add", "origin", remote)
    r = run("-m", "tools.badges", *args, cwd=checkout)
    assert r.returncode == 0 and r.stdout == "", r.stdout + r.stderr
    assert contents(checkout) == before


def test_a_copy_within_another_repository_is_not_that_repository(checkout):
    git(checkout, "remote", "add", "origin", "https://github.com/grace/my-course")
    assert badges.origin(checkout) == ("grace", "my-course")
    assert badges.origin(checkout / "nbs") is None
    assert badges.origin(checkout.parent) is None


def test_until_there_is_a_home_nobody_can_take_its_name(monkeypatch):
    "GitHub's names hold letters, digits and single hyphens, so no stranger's code answers to a name that begins with `_`."
    for user in ("_mushroom_course_", "ada"):
        monkeypatch.setattr(badges, "settings", lambda user=user: dict(settings(), user=user))
        assert ("has no public home yet" in badges.readme_text()) == user.startswith("_")


def modules(top):
    "The texts of the package in a checkout, by the path within it."
    package = top / "mushroom_lib"
    return {p.relative_to(package).as_posix(): p.read_text(encoding="utf-8") for p in package.rglob("*.py")}


def test_library_is_what_the_notebooks_export(tmp_path):
    "nbdev-export into a copy gives the committed package, byte for byte."
    for name in ["nbs", "mushroom_lib", "pyproject.toml", "settings.ini", "README.md"]:
        src = TOP / name
        if src.is_dir(): shutil.copytree(src, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
        else: shutil.copy(src, tmp_path / name)
    for p in (tmp_path / "mushroom_lib").rglob("*.py"):
        if p.name != "__init__.py": p.unlink()
    export = BIN / "nbdev-export"
    r = subprocess.run([str(export)], cwd=tmp_path, capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    assert modules(tmp_path) == modules(TOP)


@pytest.mark.parametrize("name", [p.name for p in lessons()])
def test_lesson_has_a_card(name):
    "Question, badge, time, what is needed, what one can do afterwards, and that it is for education only."
    card = source(nb(name)["cells"][0])
    assert card.startswith(f"# {name[:2]} ")
    assert re.search(r"^\*\*[A-Z].+\?\*\*$", card, re.M), "no question in bold"
    assert badges.badge(TOP / "nbs" / name) in card
    rows = dict(re.findall(r"^\| ([^|]+?) \| (.+) \|$", card, re.M))
    assert re.search(r"\d+ minutes to read and try", rows["Time"]) and re.search(r"\bruns?\b.* (minutes?|seconds)\b", rows["Time"])
    assert len(rows["You need"]) > 10 and len(rows["You will be able to"]) > 10
    assert "for education" in card


@pytest.mark.parametrize("name", [p.name for p in lessons()])
def test_lesson_begins_with_the_set_up_cell(name):
    setup = source(code(name)[0])
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
    "The calls of `claim` in a lesson's source, as pairs of an identifier and the call."
    for c in code(name):
        for n in ast.walk(ast.parse(re.sub(r"^[%!].*$", "", source(c), flags=re.M))):
            if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "claim":
                yield n.args[0].value, n


def same_sentence(pattern, said):
    "Whether a stored sentence is its pattern with a number in the place of the braces."
    before, _, rest = pattern.partition("{")
    return said.startswith(before) and said.endswith(rest.partition("}")[2])


@pytest.mark.parametrize("name", [p.name for p in lessons()])
def test_claims_in_the_source_are_those_in_the_outputs(name):
    "A claim added, dropped or reworded without a new run is found here."
    saved, calls = claims_in(nb(name)), list(claim_calls(name))
    assert saved and [c["id"] for c in saved] == [i for i, _ in calls]
    for c, (_, call) in zip(saved, calls):
        assert c["holds"] and same_sentence(call.args[1].value, c["sentence"]), c["id"]


@pytest.mark.parametrize("name", [p.name for p in lessons()])
def test_claims_carry_digits_only_in_values_and_say_what_they_need(name):
    calls = list(claim_calls(name))
    for identifier, call in calls:
        assert not re.search(r"\d", re.sub(r"\{.*?\}", "", call.args[1].value)), identifier
        given = {k.arg for k in call.keywords}
        assert {"control", "control_is"} <= given and given & {"needs", "filed"}, identifier


def test_sabotage_of_a_lesson_is_noticed():
    "One lesson, one break: with the groups shuffled, the claim about groups must fail; the others are filed by tools.sabotage."
    from tools.sabotage import sabotage
    found, _ = sabotage(TOP / "nbs" / "07_splits.ipynb", "groups")
    assert {c["id"]: c["holds"] for c in found if "groups" in c["needs"]} == {"splits.siblings": False}


def test_filed_sabotage_is_of_the_lessons_as_they_are():
    "CLAIMS.md's table of breaks is of these lessons, all their claims noticed, and all hold with nothing broken."
    from tools.sabotage import outcomes
    found = outcomes()
    assert {r["lesson"] for r in found} == {p.stem for p in lessons()}
    for r in found:
        assert r["nothing"] == "holds", r
        assert all(r[need] in ("fails", "not reached") for need in r["needs"]), r


@pytest.mark.parametrize("field", ["sentence", "control_value"])
def test_a_stale_claims_table_is_found(monkeypatch, field):
    from tools import claims
    before = claims.page()
    real = claims.claims_in
    monkeypatch.setattr(claims, "claims_in", lambda book: [dict(c, **{field: "other" if field == "sentence" else 7.77}) for c in real(book)])
    assert claims.page() != before


def test_readme_tells_the_truth():
    readme = (TOP / "README.md").read_text()
    assert 'pip install -e . && jupyter lab nbs/00_start.ipynb\n' in readme
    assert 'pip install -e ".[dev]" && nbdev_test\n' in readme
    for path in re.findall(r"\]\((?!https?:)([^)#]+)\)", readme): assert (TOP / path).exists(), path
    for module in re.findall(r"`python -m ((?:tools|benchmarks)[\w.]*)`", readme):
        assert (TOP / (module.replace(".", "/") + ".py")).exists() or (TOP / module.replace(".", "/") / "__main__.py").exists(), module


def test_licence_texts_are_here():
    for name, phrase in {"LICENSE": "Apache License", "LICENSES/CC-BY-4.0.txt": "Attribution 4.0 International",
                         "LICENSES/CC0-1.0.txt": "CC0 1.0 Universal", "LICENSES/GPL-3.0-or-later.txt": "GNU GENERAL PUBLIC LICENSE"}.items():
        assert phrase in (TOP / name).read_text(), name


def test_the_workflow_runs_the_readmes_command():
    workflow = (TOP / ".github" / "workflows" / "test.yml").read_text()
    command = re.search(r"^pip install .*nbdev_test$", (TOP / "README.md").read_text(), re.M)[0]
    for part in command.split(" && "):
        assert part in workflow
    assert "secrets." not in workflow and "contents: read" in workflow
