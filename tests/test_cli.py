"The command `mushrooms` as a user types it."
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.notebooks import lessons

MUSHROOMS = Path(sys.executable).parent / "mushrooms"


def mushrooms(*args, cwd=None, **env):
    return subprocess.run([str(MUSHROOMS), *args], cwd=cwd, capture_output=True, text=True, env={**os.environ, **env}, timeout=120)


@pytest.mark.parametrize("args", [(), ("lessons",), ("photos",), ("verify",), ("credits",)])
def test_help(args):
    r = mushrooms(*args, "--help")
    assert r.returncode == 0 and r.stdout.startswith("usage: mushrooms") and len(r.stdout.splitlines()) > 4


@pytest.mark.parametrize("args", [(), ("eat",), ("verify", "--loud"), ("credits", "--output")])
def test_wrong_words_have_status_two(args):
    r = mushrooms(*args)
    assert r.returncode == 2 and "Traceback" not in r.stderr


def test_lessons_never_overwrites(tmp_path):
    r = mushrooms("lessons", "mine", "--no-open", cwd=tmp_path)
    assert r.returncode == 0, r.stderr
    assert sorted(p.name for p in (tmp_path / "mine").iterdir()) == [p.name for p in lessons()]
    (tmp_path / "mine" / "00_start.ipynb").write_text("my notes")
    (tmp_path / "mine" / "01_images.ipynb").unlink()
    r = mushrooms("lessons", "mine", "--no-open", cwd=tmp_path)
    assert r.returncode == 0 and "left alone" in r.stdout
    assert (tmp_path / "mine" / "00_start.ipynb").read_text() == "my notes"
    assert (tmp_path / "mine" / "01_images.ipynb").read_bytes() == lessons()[1].read_bytes()


def test_lessons_where_a_file_is_in_the_way(tmp_path):
    (tmp_path / "mine").write_text("a file")
    r = mushrooms("lessons", "mine", "--no-open", cwd=tmp_path)
    assert r.returncode == 1 and r.stderr.startswith("mushrooms: ") and r.stderr.count("\n") == 1


def test_verify_lab_is_clean_and_a_stray_file_is_named(tmp_path):
    r = mushrooms("verify", "lab")
    assert r.returncode == 0 and "0 problems" in r.stdout
    stray = tmp_path / "field" / "bolete" / "stray.jpg"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"x")
    r = mushrooms("verify", "field", MUSHROOMS_HOME=str(tmp_path))
    assert r.returncode == 1 and "unfiled    field/bolete/stray.jpg" in r.stdout and "missing" in r.stdout


def test_verify_says_when_the_field_was_not_downloaded(tmp_path):
    r = mushrooms("verify", MUSHROOMS_HOME=str(tmp_path))
    assert r.returncode == 0 and "not downloaded" in r.stdout


def test_photos_that_cannot_be_had_have_status_one(tmp_path):
    r = mushrooms("photos", "--mirror", str(tmp_path / "none"), MUSHROOMS_HOME=str(tmp_path / "home"))
    assert r.returncode == 1 and r.stderr.startswith("mushrooms: ") and r.stderr.strip().count("\n") == 0


def test_credits_name_every_field_photo(tmp_path):
    from mushroom_lib.sources import records
    r = mushrooms("credits", "field", "--output", str(tmp_path / "page.md"))
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert r.returncode == 0
    for rec in records("field"): assert rec["file"] in page


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes that break like this")
def test_a_reader_that_stops_early_sees_no_error():
    r = subprocess.run(f"'{MUSHROOMS}' credits | head -n 1; exit ${{PIPESTATUS[0]}}", shell=True, executable="/bin/bash", capture_output=True, text=True)
    assert r.returncode == 0 and r.stdout == "# Credits\n" and r.stderr == ""
