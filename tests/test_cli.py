"The command `mushrooms` as a user types it."
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import picture, record
from tools.notebooks import lessons

MUSHROOMS = Path(sys.executable).parent / "mushrooms"
ABOUT = dict(folder="m_mushrooms/collected", title="Photos you collected", licence=None, note=None)


def mushrooms(*args, cwd=None, command=(str(MUSHROOMS),), **env):
    "What the command did; its output is UTF-8, whatever the machine is set to."
    env = {**os.environ, **env}
    return subprocess.run([*command, *args], cwd=cwd, capture_output=True, encoding="utf-8", env=env, timeout=120)


def own(home, name, **changes):
    "A collection of one's own, with one photo; its folder."
    data = picture(1)
    filed = record("boletus/a.webp", data, collection="collected", **changes)
    (home / name / "boletus").mkdir(parents=True)
    (home / name / "boletus" / "a.webp").write_bytes(data)
    book = dict(version=1, collections=dict(collected=ABOUT), images=[filed])
    (home / name / "SOURCES.json").write_text(json.dumps(book), encoding="utf-8")
    return home / name


@pytest.mark.parametrize("args", [(), ("lessons",), ("photos",), ("verify",), ("credits",)])
def test_help(args):
    r = mushrooms(*args, "--help")
    assert r.returncode == 0 and r.stdout.startswith("usage: mushrooms") and len(r.stdout.splitlines()) > 4


@pytest.mark.parametrize("args", [(), ("eat",), ("verify", "--loud"), ("credits", "--output"), ("lessons", ""),
                                  ("lessons", "~nobody_of_that_name/x"), ("credits", "--output", " ")])
def test_wrong_words_have_status_two(args):
    r = mushrooms(*args)
    assert r.returncode == 2 and "Traceback" not in r.stderr


def test_the_module_is_the_same_command():
    r = mushrooms("credits", "lab", command=(sys.executable, "-m", "mushroom_lib.cli"))
    assert (r.returncode, r.stderr) == (0, "") and r.stdout == mushrooms("credits", "lab").stdout
    r = mushrooms("verify", "attic", command=(sys.executable, "-m", "mushroom_lib.cli"))
    assert r.returncode == 1 and r.stderr.startswith("mushrooms: there is no collection 'attic'")


@pytest.mark.parametrize("args", [("verify", "attic"), ("verify", "../x"), ("credits", "attic"), ("credits", ""),
                                  ("credits", "lab", "--output", "nowhere/x.md"), ("credits", "lab", "--output", "."),
                                  ("credits", "lab", "--output", "mine.md"), ("photos", "--mirror", "nowhere")])
def test_bad_input_is_one_line(tmp_path, args):
    (tmp_path / "mine.md").write_text("my own notes")
    r = mushrooms(*args, cwd=tmp_path, MUSHROOMS_HOME=str(tmp_path / "home"))
    assert r.returncode == 1 and r.stderr.startswith("mushrooms: ") and r.stderr.count("\n") == 1, r.stderr
    assert (tmp_path / "mine.md").read_text() == "my own notes"


@pytest.mark.parametrize("home", ["~nobody_of_that_name/x", "$NO_SUCH_VARIABLE/x"])
@pytest.mark.parametrize("command", ["photos", "verify", "credits"])
def test_a_home_that_cannot_be_expanded_is_one_line(tmp_path, command, home):
    r = mushrooms(command, cwd=tmp_path, MUSHROOMS_HOME=home)
    assert r.returncode == 1 and list(tmp_path.iterdir()) == []
    assert r.stderr == f"mushrooms: MUSHROOMS_HOME is {home!r}, which cannot be expanded: give a whole path\n"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp437", "utf-16"])
def test_names_are_printed_as_utf8_on_any_console(tmp_path, encoding):
    name = "Krzysztof Ślusarczyk 王"
    mine = own(tmp_path, "mine", author=name)
    env = dict(MUSHROOMS_HOME=str(tmp_path), PYTHONIOENCODING=encoding)
    r = mushrooms("credits", **env)
    assert (r.returncode, r.stderr) == (0, "")
    for author in (name, "Matej Frančeškin", "Emőke Dénes", "Duï¿½ï¿½an (the name is garbled at the source)"):
        assert author in r.stdout
    (mine / "boletus" / "ślusarczyk.jpg").write_bytes(b"x")
    r = mushrooms("verify", "mine", **env)
    assert r.returncode == 1 and "unfiled    mine/boletus/ślusarczyk.jpg" in r.stdout
    r = mushrooms("lessons", str(tmp_path / "Mój kurs 王"), "--no-open", **env)
    assert r.returncode == 0 and "lessons copied to" in r.stdout and "Mój kurs 王" in r.stdout
    r = mushrooms("verify", "王", **env)
    assert r.returncode == 1 and r.stderr.startswith("mushrooms: '王' is no collection's name")


@pytest.mark.skipif(sys.platform != "linux", reason="only there can a file have such a name")
def test_a_name_that_is_no_text_is_printed(tmp_path):
    mine = own(tmp_path, "mine")
    with open(os.fsencode(mine) + b"/caf\xe9.jpg", "wb") as file:
        file.write(b"x")
    r = mushrooms("verify", "mine", MUSHROOMS_HOME=str(tmp_path))
    assert r.returncode == 1 and "unfiled    mine/caf\\udce9.jpg" in r.stdout


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


def test_your_own_collections_are_verified_and_credited_too(tmp_path):
    mine = own(tmp_path, "mine", author="Unknown author")
    for args in [("verify", "mine"), ("verify",)]:
        r = mushrooms(*args, MUSHROOMS_HOME=str(tmp_path))
        assert r.returncode == 1 and "mine: 1 photos filed, 1 problems\n" in r.stdout
        assert "author     mine/boletus/a.webp: the name is a placeholder: 'Unknown author'" in r.stdout
    for args in [("credits", "mine"), ("credits",)]:
        r = mushrooms(*args, MUSHROOMS_HOME=str(tmp_path))
        assert r.returncode == 0 and "(mine)\n\n- `boletus/a.webp`: " in r.stdout
    (mine / "SOURCES.json").write_text("{")
    r = mushrooms("verify", MUSHROOMS_HOME=str(tmp_path))
    assert r.returncode == 1 and "lab: 648 photos filed, 0 problems" in r.stdout
    assert f"mushrooms: {mine / 'SOURCES.json'} cannot be read" in r.stderr


def test_photos_that_cannot_be_had_have_status_one(tmp_path):
    r = mushrooms("photos", "--mirror", str(tmp_path / "none"), MUSHROOMS_HOME=str(tmp_path / "home"))
    assert r.returncode == 1 and r.stderr.startswith("mushrooms: ") and r.stderr.strip().count("\n") == 0


def test_credits_name_every_field_photo(tmp_path):
    from mushroom_lib.sources import records
    for _ in range(2):  # the second time over the first page
        r = mushrooms("credits", "field", "--output", str(tmp_path / "page.md"))
        page = (tmp_path / "page.md").read_text(encoding="utf-8")
        assert r.returncode == 0 and page == mushrooms("credits", "field").stdout
    for rec in records("field"): assert rec["file"] in page


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes that break like this")
def test_a_reader_that_stops_early_sees_no_error():
    r = subprocess.run(f"'{MUSHROOMS}' credits | head -n 1; exit ${{PIPESTATUS[0]}}", shell=True, executable="/bin/bash", capture_output=True, text=True)
    assert r.returncode == 0 and r.stdout == "# Credits\n" and r.stderr == ""
