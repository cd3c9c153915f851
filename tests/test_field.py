"With the real photos: all arrive, all verify, and the lessons hold on them."
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import once

from tools.notebooks import TOP, lessons

BIN = Path(sys.executable).parent


def run(*args, home, mirror=None, cwd=None):
    env = {**os.environ, "MUSHROOMS_HOME": str(home)}
    if mirror:
        env["MUSHROOMS_MIRROR"] = str(mirror)
    return subprocess.run([str(a) for a in args], env=env, cwd=cwd, capture_output=True, text=True, timeout=1500)


def fetch(home, mirror):
    "Gets the photos, as a reader does."
    r = run(BIN / "mushrooms", "photos", home=home, mirror=mirror)
    assert r.returncode == 0, r.stdout + r.stderr
    return r.stdout


@pytest.fixture(scope="session")
def home(real_photos, tmp_path_factory):
    "The folder that holds the photos, one for all of pytest's workers."
    return once(tmp_path_factory, "field_home", lambda folder: fetch(folder, real_photos))


def test_all_photos_arrive_from_a_mirror_and_verify(real_photos, tmp_path):
    assert "305 fetched" in fetch(tmp_path, real_photos)
    r = run(BIN / "mushrooms", "verify", "field", home=tmp_path)
    assert r.returncode == 0 and "305 photos filed, 0 problems" in r.stdout, r.stdout
    assert "0 fetched, 305 were there, 0 failed" in fetch(tmp_path, real_photos)


@pytest.mark.parametrize("name", [p.name for p in lessons()])
def test_lesson_holds_on_the_real_photos(home, name):
    r = run(BIN / "nbdev-test", f"nbs/{name}", home=home, cwd=TOP)
    assert r.returncode == 0 and "Success" in r.stdout, r.stderr[-3000:]


def test_filed_facts_are_those_of_the_photos(real_photos):
    "SOURCES.json agrees with the list of facts beside the photos."
    from mushroom_lib.sources import records
    from tools.file_sources import field_record, rows
    assert [field_record(r) for r in sorted(rows(real_photos.parent / "photos.jsonl"), key=lambda r: r["file"])] == records("field")


def test_no_field_photo_is_committed(real_photos):
    ours = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, check=True).stdout.split(b"\0")
    theirs = {hashlib.sha256(p.read_bytes()).hexdigest() for p in real_photos.rglob("*") if p.is_file()}
    for name in filter(None, ours):
        path = TOP / name.decode()
        if path.is_file():
            assert hashlib.sha256(path.read_bytes()).hexdigest() not in theirs, name
