"""SOURCES.json against hostile and careless input: the format, its messages, verification, credit, and what an import costs."""
import json, os, subprocess, sys
from pathlib import Path

import pytest

from conftest import picture, record
from mushroom_lib import sources as s

FIELD = dict(folder="m_mushrooms/field", title="Field photos", licence="each its own", note=None)


def book(*recs, **collections): return dict(version=1, collections=collections or dict(field=FIELD), images=list(recs))


@pytest.fixture(scope="module")
def one(): return record("russula/one.webp", picture(1), url="https://example.org/one.webp")


@pytest.fixture(params=["both checkers", "jsonschema alone"])
def checkers(request, monkeypatch):
    "With fastjsonschema as a first look, and on a machine that does not have it."
    s._quick_check.cache_clear()
    if request.param == "jsonschema alone": monkeypatch.setitem(sys.modules, "fastjsonschema", None)
    yield
    s._quick_check.cache_clear()


# ---- the format

def test_the_schema_is_one():
    from jsonschema import Draft202012Validator
    Draft202012Validator.check_schema(s.SCHEMA)


def test_a_good_book_passes(checkers, one):
    assert s.validate(book(one)) == [] and s.validate(book()) == []
    lab = dict(one, collection="lab", specimen="s1", scene=dict(cap=[1, 2], deep=dict(er=None)), url=None, original_url=None)
    del lab["observation"]
    assert s.validate(book(lab, lab=dict(FIELD, folder="m_mushrooms/lab"))) == []


DROP = object()
SPOILT = {
    "licence missing": (dict(licence=DROP), "'licence' is a required property"), "licence null": (dict(licence=None), "'licence' is None"),
    "licence not open": (dict(licence="CC BY-NC 4.0"), "'licence' is 'CC BY-NC 4.0' but must be an open licence"),
    "licence no derivatives": (dict(licence="CC BY-ND 4.0"), "open licence"), "licence newline": (dict(licence="CC BY 4.0\n"), "open licence"),
    "sha256 capital": (dict(sha256="A" * 64), "64 hexadecimal"), "sha256 newline": (dict(sha256="a" * 64 + "\n"), "64 hexadecimal"),
    "bytes zero": (dict(bytes=0), "'bytes' is 0"), "bytes text": (dict(bytes="12"), "'bytes' is '12'"), "width float": (dict(width=1.5), "'width' is 1.5"),
    "kind": (dict(kind="picture"), "one of photo, mislabelled"), "no group": (dict(observation=DROP), "neither 'observation' nor 'specimen'"),
    "empty group": (dict(observation=" "), "'observation' is ' '"), "unknown field": (dict(colour="red"), "'colour' was unexpected"),
    "mislabelled without reason": (dict(kind="mislabelled"), "'reject_reason' is a required property"),
    "mislabelled, reason null": (dict(kind="mislabelled", reject_reason=None), "'reject_reason' is None"),
    "date": (dict(observed_on="26.10.2024"), "'observed_on' is '26.10.2024'"), "url file": (dict(url="file:///etc/passwd"), "http(s) address"),
    "url script": (dict(original_page="javascript:alert(1)"), "http(s) address"), "scene text": (dict(scene="forest"), "'scene' is 'forest'"),
    **{f"file {f!r}": (dict(file=f), "relative path") for f in ["../x", "/x", "a/../x", "a\\x", "C:x", "C:/x", "a\0", "", "a/", "con.webp", "x.webp\n", ".x", "x" * 300]},
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_mistake_is_one_line_that_names_record_and_field(checkers, one, name):
    changes, words = SPOILT[name]
    bad = {k: v for k, v in dict(one, **changes).items() if v is not DROP}
    problems = s.validate(book(one, dict(one, file="russula/two.webp"), bad))
    assert len(problems) == 1 and "\n" not in problems[0]
    assert problems[0].startswith(f"record 3 (field/{bad['file']}): ".replace("\n", "\\n").replace("\0", "\\x00")) and words in problems[0]


@pytest.mark.parametrize("bad", [None, [], "x", 7, {}, dict(version=2, collections={}, images=[]), dict(version=1, collections={}, images={}),
    dict(version=1, collections={}, images=[None]), dict(version=1, collections={}, images=["x"]), dict(version=1, collections=[], images=[]),
    dict(version=1, collections={"../x": FIELD}, images=[]), dict(version=1, collections={"field": dict(FIELD, folder="/etc")}, images=[]),
    dict(version=1, collections={"field": dict(FIELD, note=3)}, images=[]), dict(version=1, collections={}, images=[], more=1)])
def test_other_shapes_are_refused_and_not_crashed_on(checkers, bad, tmp_path):
    problems = s.validate(bad)
    assert problems and all("\n" not in p for p in problems)
    with pytest.raises(ValueError, match="SOURCES.json, "): s.write_sources(bad, tmp_path/"SOURCES.json")
    assert list(tmp_path.iterdir()) == []


def test_what_a_schema_cannot_see(one):
    two = dict(one, file="russula/two.webp")
    assert any("not sorted" in p for p in s.validate(book(two, one)))
    assert [p for p in s.validate(book(one, one)) if "more than once" in p][0].startswith("record 1 (field/russula/one.webp)")
    assert "not among" in s.validate(book(one, lab=FIELD))[0]


def test_errors_of_a_file_name_it_and_the_place(tmp_path, one):
    path = tmp_path/"SOURCES.json"
    with pytest.raises(FileNotFoundError, match="SOURCES.json is not in"): s.load_sources(path)
    path.write_text('{"version": 1,\n "images": [}')
    with pytest.raises(ValueError, match=r"^SOURCES.json, line 2, column 13: .*; correct the line$"): s.load_sources(path)
    path.write_bytes(b'{"version": "\xff"}')
    with pytest.raises(ValueError, match="not UTF-8 text"): s.load_sources(path)
    path.write_text(json.dumps(book(one, dict(one, file="x.webp", licence=None), dict(one, file="y.webp", width=0))))
    with pytest.raises(ValueError, match=r"^SOURCES.json, record 2 \(field/x.webp\): 'licence' is None .*; correct the record \(1 more"): s.load_sources(path)


# ---- reading and writing

def test_written_sorted_one_record_a_line_and_read_back(tmp_path, one):
    recs = [dict(one, file=f"{c}/x.webp", author="Ægir “Ø” \\ \"q\" \u2028") for c in "cab"]
    path = s.write_sources(book(*recs), tmp_path/"SOURCES.json")
    back = s.load_sources(path)
    assert back["images"] == sorted(recs, key=lambda r: r["file"]) and back["collections"] == dict(field=FIELD)
    lines = [o for o in path.read_bytes().split(b"\n") if b'"sha256"' in o]
    assert len(lines) == 3 and all(json.loads(o.rstrip(b",")) for o in lines)
    again = path.read_bytes()
    s.write_sources(back, path)
    assert path.read_bytes() == again


def test_a_write_that_fails_leaves_the_old_file(tmp_path, one, monkeypatch):
    path = s.write_sources(book(one), tmp_path/"SOURCES.json")
    before = path.read_bytes()
    def full(*args): raise OSError(28, "No space left on device")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError): s.write_sources(book(one, dict(one, file="russula/two.webp")), path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["SOURCES.json"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such bits")
def test_a_written_file_can_be_read_by_others(tmp_path):
    old = os.umask(0o022)
    try: path = s.write_atomic(tmp_path/"x", "text")
    finally: os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o644


def test_records_by_collection_and_kind(one):
    sources = book(one, dict(one, file="russula/two.webp", kind="other"))
    assert len(s.records(sources=sources)) == 2 and len(s.records("field", "other", sources)) == 1 and len(s.records(kind=["photo", "other"], sources=sources)) == 2
    with pytest.raises(ValueError, match="no collection 'lab': choose from field"): s.records("lab", sources=sources)
    with pytest.raises(ValueError, match="no kind 'fake'"): s.records(kind="fake", sources=sources)


def test_places(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSHROOMS_HOME", str(tmp_path))
    assert s.collection_dir("field") == tmp_path/"field" and s.collection_dir("collected") == tmp_path/"collected"
    assert s.collection_dir("lab") == s.data_dir()/"m_mushrooms"/"lab"
    for bad in ("../x", "/x", "", "a/b", "a\\b"):
        with pytest.raises(ValueError): s.collection_dir(bad)


def test_the_courses_own_file():
    sources = s.load_sources()
    field = s.records("field", sources=sources)
    assert len(field) == 305 and len(s.by_licence(field)) == 305 and len(s.records("field", "photo", sources)) == 220
    assert len({r["sha256"] for r in sources["images"]}) == len(sources["images"])
    text = s.credits(sources["images"], sources["collections"])
    assert all(r["file"] in text for r in field)


# ---- verification

def test_a_mask_is_checked_with_its_photo(tmp_path, one):
    (tmp_path/"masks").mkdir()
    data = picture(1)
    for name in ("a.webp", "masks/a.png"): (tmp_path/name).write_bytes(data)
    rec = dict(record("a.webp", data), mask=dict(file="masks/a.png", sha256=s.sha256(tmp_path/"masks"/"a.png")))
    check = lambda: [(r["file"], r["problem"]) for r in s.verify("field", tmp_path, book(rec), progress=False)]
    assert check() == []
    (tmp_path/"masks"/"a.png").write_bytes(picture(2))
    assert check() == [("masks/a.png", "altered")]
    (tmp_path/"masks"/"a.png").unlink()
    assert check() == [("masks/a.png", "missing")]


def test_a_mask_needs_a_name_and_a_hash(one):
    for bad in ("masks/a.png", dict(file="masks/a.png"), dict(file="/etc/a.png", sha256="0" * 64)):
        assert s.validate(book(dict(one, mask=bad)))
    assert s.validate(book(dict(one, mask=dict(file="masks/a.png", sha256="0" * 64)))) == []


def test_each_problem_is_listed_by_name(tmp_path, one):
    data = {f"{c}.webp": picture(i) for i, c in enumerate("abcdefgh")}
    for name, d in data.items(): (tmp_path/name).write_bytes(d)
    sources = book(*[record(n, d) for n, d in data.items()])
    assert s.verify("field", tmp_path, sources, progress=False) == []
    (tmp_path/"a.webp").unlink()
    (tmp_path/"b.webp").write_bytes(picture(99))
    (tmp_path/"c.webp").write_bytes(b"")
    (tmp_path/"d.webp").write_text("<html>moved</html>")
    (tmp_path/"e.webp").unlink(); (tmp_path/"e.webp").mkdir()
    (tmp_path/"f.webp").write_bytes(data["f.webp"][:-1] + b"\xff")
    (tmp_path/"g.webp").write_bytes(data["g.webp"][:30])
    (tmp_path/"mine").mkdir(); (tmp_path/"mine"/"new.JPG").write_bytes(b"x")
    (tmp_path/"notes.txt").write_text("not a picture"); (tmp_path/".part-x.webp").write_bytes(b"x")
    (tmp_path/"masks").mkdir(); (tmp_path/"masks"/"a.png").write_bytes(b"x")
    rows = s.verify("field", tmp_path, sources, progress=False)
    assert [(r["file"], r["problem"]) for r in rows] == [("a.webp", "missing"), ("b.webp", "altered"), ("c.webp", "unreadable"),
        ("d.webp", "unreadable"), ("e.webp", "unreadable"), ("f.webp", "altered"), ("g.webp", "unreadable"), ("masks/a.png", "unfiled"),
        ("mine/new.JPG", "unfiled")]
    assert "web page" in rows[3]["detail"] and "empty" in rows[2]["detail"] and all(r["collection"] == "field" for r in rows)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in folders")
def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path/"a.webp")
    row, = s.verify("field", tmp_path, book(record("a.webp", picture(1))), progress=False)
    assert row["problem"] == "unreadable"


@pytest.mark.skipif(os.name == "nt", reason="needs the right to make links")
def test_a_dangling_link_is_unreadable(tmp_path):
    (tmp_path/"a.webp").symlink_to(tmp_path/"nowhere")
    row, = s.verify("field", tmp_path, book(record("a.webp", picture(1))), progress=False)
    assert row["problem"] == "unreadable"


def test_which_collection_is_in_a_folder_must_be_said(tmp_path, one):
    with pytest.raises(ValueError, match="Name one of field, lab"): s.verify(folder=tmp_path, sources=book(one, field=FIELD, lab=FIELD))


# ---- credit and licences

def test_credit_in_one_line(one):
    r = dict(one, author="A\nB\t C", original_page="https://example.org/p", changes="re-encoded")
    assert s.credit(r) == ("Russula emetica, by A B C, CC BY-SA 4.0 (https://creativecommons.org/licenses/by-sa/4.0/), "
                           "from https://example.org/p, re-encoded")
    assert s.credit(dict(one, author=None, licence="Public domain", licence_url=None)).startswith("Russula emetica, author unknown (public domain), Public domain, from")


def test_an_author_cannot_write_markdown(one):
    page = s.credits([dict(one, author="[x](javascript:alert(1)) <img src=x> `c` *b*\n# h")], dict(field=FIELD))
    line, = [o for o in page.splitlines() if "russula/one.webp" in o]
    assert "javascript:2" not in s.credits([dict(one, original_page="javascript:2")], dict(field=FIELD))
    assert "> <script" not in s.credits([dict(one, original_page="https://x/> <script")], dict(field=FIELD))
    for raw in ("[x](", "<img", "`c`", "*b*"): assert raw not in line.replace("\\" + raw[0], "")
    assert "\n# h" not in page


@pytest.mark.parametrize("licence", [None, "", "all rights reserved", "CC BY-NC 4.0", "CC BY-ND 3.0", "CC BY-NC-SA 4.0", "cc by 4.0", "CC BYE 4.0", "GFDL", 7])
def test_nothing_but_open_licences_passes(licence):
    recs = [dict(licence=licence)]
    assert s.by_licence(recs) == [] and s.by_licence([{}]) == []


def test_named_families_only():
    recs = [dict(licence=o) for o in ("CC BY 4.0", "CC BY-SA 3.0 nl", "CC0 1.0", "Public domain", "CC BY-NC 4.0", None)]
    assert [r["licence"] for r in s.by_licence(recs, allow=("CC BY-SA", "CC BY-NC"))] == ["CC BY-SA 3.0 nl", "CC BY-NC 4.0"]
    assert s.by_licence(recs, allow=()) == []


# ---- what it costs

def test_import_is_light():
    code = """if True:
        import sys, mushroom_lib.sources
        heavy = {"torch", "fastai", "fastcore", "pandas", "numpy", "PIL", "requests", "pooch", "jsonschema", "fastjsonschema", "pyinaturalist", "pygbif", "tqdm"}
        print(sorted(heavy & set(sys.modules)))
        mushroom_lib.sources.load_sources()
        print("jsonschema" in sys.modules)
    """
    env = dict(os.environ, PYTHONPATH=str(Path(s.__file__).parent.parent))
    out = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout.split("\n")
    assert out[0] == "[]" and out[1] == "False"
