"""The wheel alone, in an empty folder, in a fresh environment: with the newest packages, and with Colab's own.

uv makes the environments, because its hard links take seconds where copies take minutes; the lesson's own set-up cell runs pip.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mushroom_lib.sources import SHIPPED
from tools.notebooks import TOP, lessons

COLAB = Path(__file__).parent / "colab.txt"
RUNNER = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code": shell.run_cell("".join(cell["source"])).raise_error()
"""


def run(*args, cwd=None, timeout=900, **env):
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV", "IN_TEST")}
    r = subprocess.run([str(a) for a in args], cwd=cwd, capture_output=True, text=True, timeout=timeout, env={**clean, **env})
    assert r.returncode == 0, f"{args}\n{r.stdout[-2000:]}\n{r.stderr[-4000:]}"
    return r.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    "The wheel, built from a copy of the files that git knows."
    tmp = tmp_path_factory.mktemp("build")
    for name in filter(None, run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=TOP).split("\0")):
        if not (TOP / name).is_file(): continue
        (tmp / "copy" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TOP / name, tmp / "copy" / name)
    run(sys.executable, "-m", "build", "--outdir", tmp / "dist", tmp / "copy")  # sdist first, wheel from the sdist
    return next((tmp / "dist").glob("*.whl"))


def environment(folder, python, *packages):
    "A fresh virtual environment with pip and `packages`; its interpreter."
    uv = [sys.executable, "-m", "uv"]
    run(*uv, "venv", "--quiet", "--seed", "--python", python, folder)
    exe = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if packages: run(*uv, "pip", "install", "--quiet", "--python", exe, *packages)
    return exe


def python313():
    "An interpreter of Python 3.13, or None."
    names = [shutil.which("python3.13"), *sorted(Path.home().glob(".pyenv/versions/3.13.*/bin/python")), sys.executable]
    for name in filter(None, names):
        r = subprocess.run([str(name), "-c", "import sys, ensurepip; print(sys.version_info[:2])"], capture_output=True, text=True)
        if r.stdout.strip() == "(3, 13)": return name
    return None


def freeze(exe): return dict(l.split("==") for l in run(exe, "-m", "pip", "freeze", "--all").split() if "==" in l)


def test_wheel_carries_lessons_photos_and_sources(wheel):
    names, data = set(zipfile.ZipFile(wheel).namelist()), "mushroom_lib/_data/"
    filed = json.loads((TOP / "SOURCES.json").read_text(encoding="utf-8"))["images"]
    assert data + "SOURCES.json" in names and data + "SOURCES.schema.json" in names
    for p in lessons(): assert f"{data}nbs/{p.name}" in names
    assert data + "benchmarks/training.jsonl" in names
    for r in filed:
        assert (f"{data}m_mushrooms/{r['collection']}/{r['file']}" in names) == (r["collection"] in SHIPPED)
        assert "mask" not in r or f"{data}m_mushrooms/{r['collection']}/{r['mask']['file']}" in names
    assert not [n for n in names if "field/" in n or n.startswith(("tests/", "tools/", "nbs/"))]
    assert wheel.stat().st_size < 30_000_000


def test_wheel_alone_in_an_empty_folder(wheel, tmp_path):
    "As a reader without a checkout: install, copy the lessons, run the first."
    exe = environment(tmp_path / "env", sys.executable, wheel)
    folder = tmp_path / "empty"
    folder.mkdir()
    home = {"HOME": str(tmp_path / "home"), "MUSHROOMS_CACHE": str(tmp_path / "cache"), "MPLBACKEND": "agg", "PATH": str(exe.parent) + os.pathsep + os.environ["PATH"]}
    run(exe.parent / "mushrooms", "lessons", "mine", "--no-open", cwd=folder, **home)
    assert "0 problems" in run(exe.parent / "mushrooms", "verify", cwd=folder, **home)
    (folder / "run.py").write_text(RUNNER)
    said = run(exe, folder / "run.py", "00_start.ipynb", cwd=folder / "mine", **home)
    assert "holds: " in said and "nbdev" not in freeze(exe)


def test_only_the_notebook_with_colabs_versions(wheel, tmp_path):
    "As on Colab: only the .ipynb is there, and its own first cell installs the course and leaves what was there as it was."
    python = python313()
    if python is None: pytest.skip("Colab runs Python 3.13, which is not on this machine")
    exe = environment(tmp_path / "env", python, "-r", COLAB)
    before = freeze(exe)
    assert "mushroom-lib" not in {k.lower() for k in before}
    for lesson in lessons():
        folder = tmp_path / lesson.stem
        folder.mkdir()
        shutil.copy(lesson, folder)
        (folder / "run.py").write_text(RUNNER)
        said = run(exe, "run.py", lesson.name, cwd=folder, HOME=str(tmp_path / "home"), MPLBACKEND="agg", MUSHROOM_LIB=str(wheel), MUSHROOMS_HOME=str(tmp_path / "field"))
        assert "holds: " in said
    after = freeze(exe)
    assert {k: after.get(k) for k in before} == before
    assert re.search(r"ipywidgets==7\.7\.1", COLAB.read_text()) and before["ipywidgets"] == "7.7.1"
