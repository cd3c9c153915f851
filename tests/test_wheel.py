"""The wheel alone, in an empty folder, in a fresh environment: with the newest packages, and with Colab's own.

uv makes the environments, because its hard links take seconds where copies take minutes; the lesson's own set-up cell runs pip.
Wheel and environments are made once for all of pytest's workers.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from conftest import once

from mushroom_lib.sources import SHIPPED
from tools.notebooks import TOP, exercises, lessons, read, settings, solutions, text, write

HERE = Path(__file__).parent
COLAB = HERE / "colab.txt"
LICENCES = {"LICENSE", "LICENSES/CC-BY-4.0.txt", "LICENSES/CC0-1.0.txt"}


def run(*args, cwd=None, timeout=900, **env):
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV", "IN_TEST")}
    r = subprocess.run([str(a) for a in args], cwd=cwd, capture_output=True, text=True, timeout=timeout, env={**clean, **env})
    assert r.returncode == 0, f"{args}\n{r.stdout[-2000:]}\n{r.stderr[-4000:]}"
    return r.stdout


def build(folder):
    "Builds the sdist from a copy of the files that git knows, and the wheel from the sdist."
    for name in filter(None, run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=TOP).split("\0")):
        if (TOP / name).is_file():
            (folder / "copy" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, folder / "copy" / name)
    run(sys.executable, "-m", "build", "--outdir", folder / "dist", folder / "copy")


@pytest.fixture(scope="session")
def dist(tmp_path_factory):
    "The folder with sdist and wheel."
    return once(tmp_path_factory, "build", build) / "dist"


@pytest.fixture(scope="session")
def wheel(dist): return next(dist.glob("*.whl"))


@pytest.fixture(scope="session")
def sdist(dist): return next(dist.glob("*.tar.gz"))


def interpreter(folder): return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def environment(folder, python, *packages):
    "A fresh virtual environment with pip and `packages`; its interpreter."
    uv = [sys.executable, "-m", "uv"]
    run(*uv, "venv", "--quiet", "--seed", "--python", python, folder)
    if packages:
        run(*uv, "pip", "install", "--quiet", "--python", interpreter(folder), *packages)
    return interpreter(folder)


def python313():
    "An interpreter of Python 3.13, or None."
    names = [shutil.which("python3.13"), *sorted(Path.home().glob(".pyenv/versions/3.13.*/bin/python")), sys.executable]
    for name in filter(None, names):
        r = subprocess.run([str(name), "-c", "import sys, ensurepip; print(sys.version_info[:2])"], capture_output=True, text=True)
        if r.stdout.strip() == "(3, 13)":
            return name
    return None


def freeze(exe): return dict(line.split("==") for line in run(exe, "-m", "pip", "freeze", "--all").split() if "==" in line)


def test_wheel_carries_lessons_photos_and_sources(wheel):
    names, data = set(zipfile.ZipFile(wheel).namelist()), "mushroom_lib/_data/"
    filed = json.loads((TOP / "SOURCES.json").read_text(encoding="utf-8"))["images"]
    assert data + "SOURCES.json" in names and data + "SOURCES.schema.json" in names
    for p in lessons() + exercises() + solutions():
        assert f"{data}{p.relative_to(TOP).as_posix()}" in names
    assert {data + "benchmarks/training.jsonl", data + "benchmarks/field.json"} <= set(names)
    for r in filed:
        assert (f"{data}m_mushrooms/{r['collection']}/{r['file']}" in names) == (r["collection"] in SHIPPED)
        assert "mask" not in r or f"{data}m_mushrooms/{r['collection']}/{r['mask']['file']}" in names
    assert not [n for n in names if "field/" in n or n.startswith(("tests/", "tools/", "nbs/"))]
    assert wheel.stat().st_size < 30_000_000


def members(sdist):
    "The names in an sdist without its outer folder."
    with tarfile.open(sdist) as archive:
        return {name.partition("/")[2] for name in archive.getnames() if "/" in name}


def test_sdist_holds_what_the_wheel_is_built_from_and_no_more(sdist):
    names = members(sdist)
    assert {"setup.py", "settings.ini", "pyproject.toml", "README.md", "SOURCES.json", "CLAIMS.md", "nbs/00_start.ipynb"} <= names
    folders = {n.split("/")[0] for n in names if "/" in n}
    assert folders == {"mushroom_lib", "mushroom_lib.egg-info", "m_mushrooms", "nbs", "benchmarks", "LICENSES"}
    assert not [n for n in names if n.startswith(("m_mushrooms/field", "m_mushrooms/collected", "nbs/lib_"))]
    assert sdist.stat().st_size < 30_000_000


def wheel_file(wheel, name):
    "The text of a file of the wheel's dist-info."
    with zipfile.ZipFile(wheel) as archive:
        path = next(n for n in archive.namelist() if n.endswith(f".dist-info/{name}"))
        return archive.read(path).decode()


def test_licences_are_in_both(wheel, sdist):
    "The texts of what is inside; the part under the GPL, a tool of the maintainers, is in neither."
    inside = {n.partition(".dist-info/licenses/")[2] for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/licenses/" in n}
    assert inside == LICENCES
    assert {n for n in members(sdist) if n.startswith("LICENSE") and n != "LICENSES"} == LICENCES
    about = Parser().parsestr(wheel_file(wheel, "METADATA"))
    assert about["License-Expression"] == "Apache-2.0 AND CC-BY-4.0 AND CC0-1.0"
    assert set(about.get_all("License-File")) == LICENCES


def test_metadata_of_the_wheel(wheel):
    about = Parser().parsestr(wheel_file(wheel, "METADATA"))
    assert about["Requires-Python"] == ">=3.10"
    pythons = [c.rpartition(" ")[2] for c in about.get_all("Classifier") if c.startswith("Programming Language :: Python :: 3.")]
    assert pythons == ["3.10", "3.11", "3.12", "3.13"] and settings()["max_python"] == "3.13"
    assert {u.split(",")[0] for u in about.get_all("Project-URL")} == {"Repository", "Issues"}
    assert not [r for r in about.get_all("Requires-Dist") if "@" in r], "a folder of this machine"


def test_wheel_brings_one_command(wheel):
    scripts = re.search(r"\[console_scripts\]\n((?:\w+ ?=.*\n?)+)", wheel_file(wheel, "entry_points.txt"))[1]
    assert scripts.split() == ["mushrooms", "=", "mushroom_lib.cli:main"]


EVERY_MODULE = """
import importlib, pkgutil
import mushroom_lib
for module in pkgutil.walk_packages(mushroom_lib.__path__, "mushroom_lib."):
    importlib.import_module(module.name)
"""


def test_wheel_alone_in_an_empty_folder(wheel, tmp_path):
    "As a reader without a checkout, with today's packages: install, copy the lessons, check the photos, import everything."
    exe = environment(tmp_path / "env", sys.executable, wheel)
    assert not [p.name for p in exe.parent.iterdir() if p.name.startswith("nbdev")]
    folder = tmp_path / "empty"
    folder.mkdir()
    home = {"HOME": str(tmp_path / "home"), "MPLBACKEND": "agg"}
    run(exe.parent / "mushrooms", "lessons", "mine", "--no-open", cwd=folder, **home)
    assert sorted(p.name for p in (folder / "mine").iterdir()) == [p.name for p in lessons()]
    run(exe.parent / "mushrooms", "exercises", "mine/exercises", cwd=folder, **home)
    assert sorted(p.name for p in (folder / "mine" / "exercises").iterdir()) == [p.name for p in exercises()]
    assert "0 problems" in run(exe.parent / "mushrooms", "verify", cwd=folder, **home)
    run(exe, "-c", EVERY_MODULE, cwd=folder, **home)
    assert "nbdev" not in freeze(exe)


def set_up_colab(folder, wheel):
    "An environment with Colab's packages, where the set-up cell of the first lesson has installed the course."
    exe = environment(folder / "env", python313(), "-r", COLAB)
    before = freeze(exe)
    book = read(lessons()[0])
    first = next(k for k, c in enumerate(book["cells"]) if c["cell_type"] == "code")
    write(folder / "setup.ipynb", text({**book, "cells": book["cells"][:first + 1]}))
    run(exe, HERE / "runner.py", "setup.ipynb", cwd=folder, **colab_home(folder, wheel))
    write(folder / "freeze.json", json.dumps([before, freeze(exe)]))


def colab_home(folder, wheel):
    "The environment variables of a lesson on Colab; only the wheel stands in for the repository."
    return {
        "HOME": str(folder / "home"),
        "MUSHROOMS_HOME": str(folder / "field"),
        "MUSHROOM_LIB": str(wheel),
        "MPLBACKEND": "agg",
    }


@pytest.fixture(scope="session")
def colab(wheel, tmp_path_factory):
    "The folder of Colab's environment."
    if python313() is None:
        pytest.skip("Colab runs Python 3.13, which is not on this machine")
    return once(tmp_path_factory, "colab", lambda folder: set_up_colab(folder, wheel))


def test_the_set_up_cell_leaves_colab_as_it_was(colab):
    before, after = json.loads((colab / "freeze.json").read_text())
    pins = dict(line.split("==") for line in COLAB.read_text().split() if "==" in line)
    assert pins["ipywidgets"] == "7.7.1" and {k.lower().replace("_", "-") for k in pins} <= {k.lower().replace("_", "-") for k in before}
    assert "mushroom-lib" not in {k.lower() for k in before}
    assert {k: after.get(k) for k in before} == before
    assert "nbdev" not in after


@pytest.mark.parametrize("lesson", lessons(), ids=lambda p: p.name)
def test_only_the_notebook_with_colabs_versions(colab, wheel, tmp_path, lesson):
    "As on Colab: only the .ipynb is there."
    shutil.copy(lesson, tmp_path)
    said = run(interpreter(colab / "env"), HERE / "runner.py", lesson.name, cwd=tmp_path, **colab_home(colab, wheel))
    assert "holds: " in said or "✓ " in said


@pytest.mark.parametrize("path", exercises() + solutions(), ids=lambda p: f"{p.parent.name}-{p.name}")
def test_exercises_and_their_solutions_with_colabs_versions(colab, wheel, tmp_path, path):
    shutil.copy(path, tmp_path)
    said = run(interpreter(colab / "env"), HERE / "runner.py", path.name, cwd=tmp_path, **colab_home(colab, wheel))
    right = "✓ "
    if path.parent.name == "exercises":
        right = "The fault is still there" if path.name.startswith("museum_") else "not answered yet"
    assert right in said
