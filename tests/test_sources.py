"""SOURCES.json against hostile and careless input: the format, its messages, verification, credit, and what an import costs."""
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from conftest import picture, record
from mushroom_lib import sources as s

FIELD = dict(folder="m_mushrooms/field", title="Field photos", licence="each its own", note=None)


def book(*recs, **collections):
    "What a SOURCES.json holds."
    return dict(version=1, collections=collections or dict(field=FIELD), images=list(recs))


@pytest.fixture(scope="module")
def one():
    return record("russula/one.webp", picture(1), url="https://example.org/one.webp")


@pytest.fixture
def home(tmp_path, monkeypatch):
    "An empty MUSHROOMS_HOME."
    monkeypatch.setenv("MUSHROOMS_HOME", str(tmp_path))
    return tmp_path


def own(home, name, *recs):
    "A collection of one's own below `home`, without its pictures; its folder."
    (home / name).mkdir(parents=True)
    s.write_sources(book(*recs, collected=FIELD), home / name / "SOURCES.json")
    return home / name


@contextmanager
def somebody_else():
    "As a user who owns nothing, where the tests run as root: root may read everything."
    me = os.geteuid()
    if me == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(me)


needs_rights = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no such rights")


# ---- the format

def test_the_schema_is_one():
    from jsonschema import Draft7Validator
    Draft7Validator.check_schema(s.SCHEMA)
    assert Draft7Validator(s.SCHEMA).is_valid(s.load_sources())


def test_a_good_book_passes(one):
    assert s.validate(book(one)) == [] and s.validate(book()) == []
    lab = dict(one, collection="lab", specimen="s1", url=None, original_url=None)
    lab["scene"] = dict(cap=[1, 2], deep=dict(er=None))
    del lab["observation"]
    assert s.validate(book(lab, lab=dict(FIELD, folder="m_mushrooms/lab"))) == []


DROP = object()
SPOILT = {
    "licence missing": (dict(licence=DROP), "it has no 'licence'"),
    "licence null": (dict(licence=None), "'licence' is None"),
    "licence not open": (dict(licence="CC BY-NC 4.0"), "'licence' is 'CC BY-NC 4.0' but must be an open licence"),
    "licence no derivatives": (dict(licence="CC BY-ND 4.0"), "open licence"),
    "licence newline": (dict(licence="CC BY 4.0\n"), "open licence"),
    "sha256 capital": (dict(sha256="A" * 64), "64 hexadecimal"),
    "sha256 newline": (dict(sha256="a" * 64 + "\n"), "64 hexadecimal"),
    "bytes zero": (dict(bytes=0), "'bytes' is 0"),
    "bytes text": (dict(bytes="12"), "'bytes' is '12'"),
    "width float": (dict(width=1.5), "'width' is 1.5"),
    "kind": (dict(kind="picture"), "one of photo, mislabelled"),
    "no group": (dict(observation=DROP), "it has no 'observation'"),
    "empty group": (dict(observation=" "), "'observation' is ' '"),
    "empty author": (dict(author=""), "'author' is ''"),
    "empty author_note": (dict(author_note=None), "'author_note' is None"),
    "unknown field": (dict(colour="red"), "'colour'"),
    "mislabelled without reason": (dict(kind="mislabelled"), "it has no 'reject_reason'"),
    "mislabelled, reason null": (dict(kind="mislabelled", reject_reason=None), "'reject_reason' is None"),
    "date": (dict(observed_on="26.10.2024"), "'observed_on' is '26.10.2024'"),
    "url file": (dict(url="file:///etc/passwd"), "http(s) address"),
    "url script": (dict(original_page="javascript:alert(1)"), "http(s) address"),
    "url HTML": (dict(original_page="https://x/><script>"), "http(s) address"),
    "scene text": (dict(scene="forest"), "'scene' is 'forest'"),
    "mask text": (dict(mask="masks/a.png"), "'mask' is 'masks/a.png'"),
    "mask without hash": (dict(mask=dict(file="masks/a.png")), "'mask' has no 'sha256'"),
    "mask outside": (dict(mask=dict(file="/etc/a.png", sha256="0" * 64)), "'mask.file' is '/etc/a.png'"),
}
for name in ["../x", "/x", "a/../x", "a\\x", "C:x", "C:/x", "a\0", "", "a/", "con.webp", "x.webp\n", ".x", "x" * 300]:
    SPOILT[f"file {name!r}"] = (dict(file=name), "relative path")


@pytest.mark.parametrize("name", SPOILT)
def test_a_mistake_is_one_line_that_names_record_and_field(one, name):
    changes, words = SPOILT[name]
    bad = {k: v for k, v in dict(one, **changes).items() if v is not DROP}
    problem, = s.validate(book(one, dict(one, file="russula/two.webp"), bad))
    file = repr(bad["file"])[1:-1]
    assert "\n" not in problem and words in problem
    assert problem.startswith(f"record 3 (field/{file}"[:200])


@pytest.mark.parametrize("bad", [
    None, [], "x", 7, {}, dict(version=2, collections={}, images=[]), dict(version=1, collections={}, images={}),
    dict(version=1, collections={}, images=[None]), dict(version=1, collections={}, images=["x"]),
    dict(version=1, collections=[], images=[]), dict(version=1, collections={"../x": FIELD}, images=[]),
    dict(version=1, collections={"field": dict(FIELD, folder="/etc")}, images=[]),
    dict(version=1, collections={"field": dict(FIELD, note=3)}, images=[]),
    dict(version=1, collections={}, images=[], more=1)])
def test_other_shapes_are_refused_and_not_crashed_on(bad, tmp_path):
    problem, = s.validate(bad)
    assert "\n" not in problem
    with pytest.raises(ValueError, match="SOURCES.json, "):
        s.write_sources(bad, tmp_path / "SOURCES.json")
    assert list(tmp_path.iterdir()) == []


def test_a_file_filed_twice_is_found_whatever_its_capitals(one):
    problem, = s.validate(book(one, dict(one, file="Russula/ONE.webp")))
    assert problem == "field/russula/one.webp: it is filed more than once (capitals do not count)"


def test_errors_of_a_file_name_it_and_the_place(tmp_path, one):
    path = tmp_path / "SOURCES.json"
    with pytest.raises(FileNotFoundError, match="SOURCES.json"):
        s.load_sources(path)
    path.write_text('{"version": 1,\n "images": [}')
    with pytest.raises(ValueError, match=r"SOURCES.json cannot be read: .* line 2 column 13"):
        s.load_sources(path)
    path.write_bytes(b'{"version": "\xff"}')
    with pytest.raises(ValueError, match="SOURCES.json cannot be read: 'utf-8'"):
        s.load_sources(path)
    path.write_text(json.dumps(book(one, dict(one, file="x.webp", licence=None))))
    with pytest.raises(ValueError, match=r"SOURCES.json, record 2 \(field/x.webp\): 'licence' is None .*; correct the record$"):
        s.load_sources(path)


def test_a_file_saved_by_a_windows_editor_is_read(tmp_path, one):
    path = tmp_path / "SOURCES.json"
    path.write_text(json.dumps(book(one)), encoding="utf-8-sig")
    assert s.load_sources(path) == book(one)


# ---- reading and writing

def test_written_sorted_one_record_a_line_and_read_back(tmp_path, one):
    recs = [dict(one, file=f"{c}/x.webp", author="Ægir “Ø” \\ \"q\" \u2028") for c in "cab"]
    path = s.write_sources(book(*recs), tmp_path / "SOURCES.json")
    back = s.load_sources(path)
    assert back["images"] == sorted(recs, key=lambda r: r["file"]) and back["collections"] == dict(field=FIELD)
    lines = [o for o in path.read_bytes().split(b"\n") if b'"sha256"' in o]
    assert len(lines) == 3 and all(json.loads(o.rstrip(b",")) for o in lines)
    again = path.read_bytes()
    s.write_sources(back, path)
    assert path.read_bytes() == again


def test_an_empty_book_is_read_back(tmp_path):
    empty = dict(version=1, collections={}, images=[])
    assert s.load_sources(s.write_sources(empty, tmp_path / "SOURCES.json")) == empty


def test_the_courses_own_file_is_as_it_would_be_written(tmp_path):
    path = s.write_sources(s.load_sources(), tmp_path / "SOURCES.json")
    assert path.read_bytes() == (s.data_dir() / "SOURCES.json").read_bytes()


def test_a_write_that_fails_leaves_the_old_file(tmp_path, one, monkeypatch):
    path = s.write_sources(book(one), tmp_path / "SOURCES.json")
    before = path.read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError):
        s.write_sources(book(one, dict(one, file="russula/two.webp")), path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["SOURCES.json"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such bits")
def test_a_written_file_can_be_read_by_others(tmp_path):
    old = os.umask(0o022)
    try:
        path = s.write_atomic(tmp_path / "x", "text")
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_courses_own_file():
    assert s.validate(s.load_sources()) == []
    field = s.records("field")
    assert len(field) == 305 and len(s.by_licence(field)) == 305 and len(s.records("field", "photo")) == 220
    everything = s.records()
    assert len({r["sha256"] for r in everything}) == len(everything)
    text = s.credits(everything)
    assert all(r["file"] in text for r in field)


def test_a_kind_that_is_none():
    with pytest.raises(ValueError, match="no kind 'fake': choose from photo"):
        s.records(kind="fake")


# ---- places

@pytest.mark.parametrize("value", ["~/x", "$HOME/x", "${{HOME}}/x", "{}/x", " ~/x "])
def test_home_is_expanded(tmp_path, monkeypatch, value):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("MUSHROOMS_HOME", value.format(tmp_path))
    assert s.collection_dir("field") == tmp_path / "x" / "field"
    assert s.collection_dir("lab") == s.data_dir() / "m_mushrooms" / "lab"


def test_the_lab_needs_no_home(monkeypatch):
    monkeypatch.setenv("MUSHROOMS_HOME", "~nobody_of_that_name/x")
    assert len(s.photos("lab")) == 648
    with pytest.raises(ValueError, match="MUSHROOMS_HOME is '~nobody_of_that_name/x', which cannot be expanded"):
        s.is_downloaded("field")


def test_a_relative_home_is_below_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MUSHROOMS_HOME", "x")
    assert s.collection_dir("field") == Path.cwd() / "x" / "field"


@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_home_is_none(monkeypatch, value):
    monkeypatch.setenv("MUSHROOMS_HOME", value)
    found = s.collection_dir("field")
    monkeypatch.delenv("MUSHROOMS_HOME")
    assert found == s.collection_dir("field")


def test_without_a_checkout_what_you_collect_is_no_cache(tmp_path, monkeypatch):
    monkeypatch.delenv("MUSHROOMS_HOME", raising=False)
    monkeypatch.setattr(s, "data_dir", lambda: tmp_path)
    assert s.collection_dir("field") == s.user_cache_path("mushroom-lib") / "field"
    assert s.collection_dir("collected") == s.user_data_path("mushroom-lib") / "collected"


@pytest.mark.parametrize("bad", ["../x", "/x", "", "a/b", "a\\b", "x\n", None, 7])
def test_names_that_no_collection_has(bad):
    with pytest.raises(ValueError, match="is no collection's name"):
        s.collection_dir(bad)


# ---- collections of one's own

@pytest.mark.parametrize("name", ["collected", "mine"])
def test_a_collection_of_your_own(home, one, name):
    assert not s.is_downloaded(name)
    for ask in (s.photos, s.records, s.verify):
        with pytest.raises(ValueError, match=f"no collection '{name}': choose from lab.*SOURCES.json"):
            ask(name)
    data = picture(3)
    mine = own(home, name, record("boletus-edulis/b.webp", data, collection="collected"))
    assert not s.is_downloaded(name) and s.own_collections() == [name]
    with pytest.raises(FileNotFoundError, match="0 of 1 .* photos.*boletus-edulis/b.webp"):
        s.photos(name)
    (mine / "boletus-edulis").mkdir()
    (mine / "boletus-edulis" / "b.webp").write_bytes(data)
    assert s.is_downloaded(name)
    table = s.photos(name)
    assert table["path"].tolist() == [str(mine / "boletus-edulis" / "b.webp")]
    assert table["author"].tolist() == ["A. Finder"] and table["group"].tolist() == ["mo|boletus-edulis/b.webp"]
    assert s.verify(name, progress=False) == []
    assert "boletus-edulis/b.webp" in s.credits(s.records(name))


def test_a_collection_of_your_own_is_checked(home, one):
    mine = own(home, "mine", dict(one, collection="collected"))
    path = mine / "SOURCES.json"
    path.write_text(path.read_text().replace("CC BY-SA 4.0", "CC BY-NC 4.0"))
    with pytest.raises(ValueError, match=r"mine.SOURCES.json, record 1 .*'licence' is 'CC BY-NC 4.0'"):
        s.photos("mine")


# ---- a partial installation

@needs_rights
def test_photos_names_what_cannot_be_read():
    with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
        os.chmod(home, 0o755)
        patch.setenv("MUSHROOMS_HOME", home)
        data = {f"{c}.webp": picture(n) for n, c in enumerate("abcde")}
        mine = own(Path(home), "mine", *[record(n, d, collection="collected") for n, d in data.items()])
        for name, content in data.items():
            (mine / name).write_bytes(content)
        (mine / "a.webp").unlink()
        (mine / "b.webp").chmod(0)
        (mine / "c.webp").unlink()
        (mine / "c.webp").mkdir()
        with somebody_else(), pytest.warns(UserWarning) as said:
            table = s.photos("mine")
        assert table["file"].tolist() == ["d.webp", "e.webp"]
        line, = [str(w.message) for w in said]
        assert "2 of 5 mine photos" in line and "\n" not in line
        for words in ("a.webp (No such file or directory)", "b.webp (Permission denied)", "c.webp (Not a file)"):
            assert words in line
        with somebody_else():
            rows = s.verify("mine", progress=False)
        found = [(row["file"], row["problem"], row["detail"]) for row in rows]
        assert found == [("a.webp", "missing", "No such file or directory"),
                         ("b.webp", "unreadable", "Permission denied"), ("c.webp", "unreadable", "Not a file")]


@needs_rights
def test_a_folder_without_rights_is_not_a_missing_photo():
    with tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o755)
        data = picture(1)
        (Path(home) / "a").mkdir()
        (Path(home) / "a" / "a.webp").write_bytes(data)
        (Path(home) / "a").chmod(0)
        with somebody_else():
            row, = s.verify("field", home, book(record("a/a.webp", data)), progress=False)
        (Path(home) / "a").chmod(0o755)
    assert (row["problem"], row["detail"]) == ("unreadable", "Permission denied")


def test_one_lab_photo_is_missing(tmp_path, monkeypatch):
    "The others are there, and the line says which is not."
    import shutil
    lab = s.collection_dir("lab")
    shutil.copytree(lab, tmp_path / "m_mushrooms" / "lab")
    for name in ("SOURCES.json", "settings.ini"):
        shutil.copy(s.data_dir() / name, tmp_path)
    lost = s.records("lab")[5]["file"]
    (tmp_path / "m_mushrooms" / "lab" / lost).unlink()
    monkeypatch.setattr(s, "data_dir", lambda: tmp_path)
    with pytest.warns(UserWarning, match=f"647 of 648 lab photos .*{lost}"):
        assert len(s.photos("lab")) == 647
    assert s.is_downloaded("lab")
    assert [(row["file"], row["problem"]) for row in s.verify("lab", progress=False)] == [(lost, "missing")]


# ---- verification

def test_a_mask_is_checked_with_its_photo(tmp_path):
    (tmp_path / "masks").mkdir()
    data = picture(1)
    for name in ("a.webp", "masks/a.png"):
        (tmp_path / name).write_bytes(data)
    mask = tmp_path / "masks" / "a.png"
    rec = dict(record("a.webp", data), mask=dict(file="masks/a.png", sha256=s.sha256(mask)))

    def check():
        return [(r["file"], r["problem"]) for r in s.verify("field", tmp_path, book(rec), progress=False)]

    assert check() == []
    mask.write_bytes(picture(2))
    assert check() == [("masks/a.png", "altered")]
    mask.unlink()
    assert check() == [("masks/a.png", "missing")]
    mask.mkdir()
    assert check() == [("masks/a.png", "unreadable")]


def test_each_problem_is_listed_by_name(tmp_path):
    data = {f"{c}.webp": picture(i) for i, c in enumerate("abcdefgh")}
    for name, d in data.items():
        (tmp_path / name).write_bytes(d)
    sources = book(*[record(n, d) for n, d in data.items()])
    assert s.verify("field", tmp_path, sources, progress=False) == []
    (tmp_path / "a.webp").unlink()
    (tmp_path / "b.webp").write_bytes(picture(99))
    (tmp_path / "c.webp").write_bytes(b"")
    (tmp_path / "d.webp").write_text("<html>moved</html>")
    (tmp_path / "e.webp").unlink()
    (tmp_path / "e.webp").mkdir()
    (tmp_path / "f.webp").write_bytes(data["f.webp"][:-1] + b"\xff")
    (tmp_path / "g.webp").write_bytes(data["g.webp"][:30])
    for name in ("mine/new.JPG", "notes.txt", ".part-x.webp", "masks/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    rows = s.verify("field", tmp_path, sources, progress=False)
    assert [(r["file"], r["problem"]) for r in rows] == [
        ("a.webp", "missing"), ("b.webp", "altered"), ("c.webp", "unreadable"), ("d.webp", "unreadable"),
        ("e.webp", "unreadable"), ("f.webp", "altered"), ("g.webp", "unreadable"), ("masks/a.png", "unfiled"),
        ("mine/new.JPG", "unfiled")]
    assert "web page" in rows[3]["detail"] and "empty" in rows[2]["detail"]
    assert {r["collection"] for r in rows} == {"field"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in folders")
def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "a.webp")
    row, = s.verify("field", tmp_path, book(record("a.webp", picture(1))), progress=False)
    assert row["problem"] == "unreadable"


@pytest.mark.skipif(os.name == "nt", reason="needs the right to make links")
def test_a_dangling_link_is_a_missing_photo(tmp_path):
    (tmp_path / "a.webp").symlink_to(tmp_path / "nowhere")
    row, = s.verify("field", tmp_path, book(record("a.webp", picture(1))), progress=False)
    assert row["problem"] == "missing"


def test_a_broken_name_is_found_unless_it_is_filed_as_broken(home):
    data = picture(1)
    rec = record("a.webp", data, collection="collected", author="Du\ufffd\ufffdan")
    mine = own(home, "mine", rec)
    (mine / "a.webp").write_bytes(data)
    row, = s.verify("mine", progress=False)
    assert (row["problem"], row["file"]) == ("author", "a.webp") and "the name is garbled" in row["detail"]
    s.write_sources(book(dict(rec, author_note="garbled at the source"), collected=FIELD), mine / "SOURCES.json")
    assert s.verify("mine", progress=False) == []
    assert s.photos("mine")["author_note"].tolist() == ["garbled at the source"]


# ---- credit

def test_credit_in_one_line(one):
    r = dict(one, author="A\nB\t C", original_page="https://example.org/p", changes="re-encoded")
    assert s.credit(r) == ("Russula emetica, by A B C, CC BY-SA 4.0 (https://creativecommons.org/licenses/by-sa/4.0/), "
                           "from https://example.org/p, re-encoded")
    free = dict(one, author=None, licence="Public domain", licence_url=None)
    assert s.credit(free).startswith("Russula emetica, author unknown, Public domain, from")


def test_a_broken_name_is_credited_as_broken():
    for r in s.records("field"):
        said = "(the name is garbled at the source)"
        assert (said in s.credit(r)) == (r["author"] in ("Duï¿½ï¿½an", "Paul Vï¿½ï¿½zina"))
        assert r["author"] is None or f"by {r['author']}" .replace("  ", " ") in s.credit(r)


def test_an_author_cannot_write_markdown(one):
    page = s.credits([dict(one, author="[x](javascript:alert(1)) <img src=x> `c` *b*\n# h")])
    line, = [o for o in page.splitlines() if "russula/one.webp" in o]
    for raw in ("[x](", "<img", "`c`", "*b*"):
        assert raw not in line.replace("\\" + raw[0], "")
    assert "\n# h" not in page


# ---- what it costs

def test_import_is_light():
    code = """if True:
        import sys, mushroom_lib.sources
        heavy = {"torch", "fastai", "fastcore", "pandas", "matplotlib", "pooch", "jsonschema"}
        print(sorted(heavy & set(sys.modules)))
        mushroom_lib.sources.load_sources()
        mushroom_lib.sources.validate(dict(version=1))
        print(sorted(heavy & set(sys.modules)))
    """
    env = dict(os.environ, PYTHONPATH=str(Path(s.__file__).parent.parent))
    out = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["[]", "[]"]
