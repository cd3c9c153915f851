"""`collect` against a loopback server that speaks like iNaturalist and Wikimedia Commons, with their troubles."""
import json
from collections import Counter

import pytest
from werkzeug import Response

from conftest import cut, picture, status, whole
from mushroom_lib import collect as c
from mushroom_lib.collect import collect, commons_records, inaturalist_records
from mushroom_lib.download import FetchError
from mushroom_lib.sources import data_dir, load_sources, validate, verify

pytestmark = pytest.mark.usefixtures("only_loopback", "archives")
QUICK = dict(progress=False, pause=.02, timeout=5, contact="me@example.org")
REAL_GAP = c.PAGE_GAP
PATHS = dict(inaturalist="inat/observations", commons="commons/api.php")


@pytest.fixture
def archives(site, monkeypatch):
    "All three archives live on the loopback server."
    for source, path in PATHS.items(): monkeypatch.setitem(c.API, source, f"{site.base}/{path}")
    monkeypatch.setattr(c, "PAGE_GAP", .01)
    return site


def example_response(source):
    "A recorded response of an archive, cut down to one or two results."
    return json.loads((data_dir() / "m_mushrooms" / "api_examples" / f"{source}.json").read_text(encoding="utf-8"))


def usable(recs): return [r for r in recs if c._why_unusable(r) is None]


def answer(data, **headers):
    return lambda request, body: Response(json.dumps(data), 200, {k.replace("_", "-"): v for k, v in headers.items()}, content_type="application/json")


def find(site, i, *licences, name="Amanita muscaria"):
    "An observation of iNaturalist with one photo for each licence."
    photos = []
    for k, code in enumerate(licences):
        site.files[f"/photos/{i}{k}/large.jpg"] = picture(10 * i + k, "jpeg")
        photos.append(dict(id=int(f"{i}{k}"), license_code=code, url=f"{site.base}/photos/{i}{k}/square.jpg?99", attribution=f"(c) Finder {i}, some rights reserved (CC BY)"))
    return dict(id=i, license_code="cc0", observed_on="2024-10-26", taxon=dict(name=name), user=dict(login=f"u{i}"), photos=photos)


# ---- parsing

def test_the_photos_licence_counts_and_not_the_finds(site):
    recs = inaturalist_records(dict(results=[find(site, 1, "cc-by-nc", None, "cc-by-sa", "cc0")]))
    assert [r["licence"] for r in recs] == ["CC BY-NC 4.0", None, "CC BY-SA 4.0", "CC0 1.0"]
    assert [r["licence"] for r in usable(recs)] == ["CC BY-SA 4.0", "CC0 1.0"]
    assert {r["author"] for r in recs} == {"Finder 1"} and {r["observation"] for r in recs} == {"inat|1"}


@pytest.mark.parametrize("attribution, author", [
    ("(c) Ann Lee, some rights reserved (CC BY), uploaded by Ann", "Ann Lee"), ("(c) Lee, Ann, no rights reserved (CC0)", "Lee, Ann"),
    ("Ann Lee, no known copyright restrictions (Public Domain)", "Ann Lee"), ("(c) anonymous, some rights reserved (CC BY)", None),
    ("no rights reserved", "Ann L."), ("no rights reserved, uploaded by Ann", None), (None, "Ann L."), ("", "Ann L.")])
def test_author_of_an_inaturalist_photo(attribution, author):
    photo = dict(id=2, url="https://x/photos/2/square.png", license_code="cc0", attribution=attribution)
    rec, = inaturalist_records(dict(results=[dict(id=1, taxon=dict(name="A b"), user=dict(login="ann", name="Ann L."), photos=[photo])]))
    assert rec["author"] == author and rec["file"] == "a-b/inat-1-2.png"


PLACEHOLDERS = ["https://www.inaturalist.org/assets/copyright-infringement-square.png", "https://www.inaturalist.org/assets/media-hidden-square-0a1b2c.png",
    "https://www.inaturalist.org/assets/artificially-generated-content-square.png", "https://www.inaturalist.org/attachment_defaults/local_photos/square.png",
    "https://live.staticflickr.com/65535/49_ab_s.jpg", "/photos/1/square.jpg", "ftp://x/photos/1/square.jpg", ""]


@pytest.mark.parametrize("address", PLACEHOLDERS)
def test_a_placeholder_of_inaturalist_is_skipped_and_counted(site, address):
    observation = find(site, 1, "cc-by", "cc-by")
    observation["photos"][0]["url"] = address
    skipped = Counter()
    rec, = inaturalist_records(dict(results=[observation]), skipped=skipped)
    assert rec["file"] == "amanita-muscaria/inat-1-11.jpg" and skipped == {"placeholder instead of the photo": 1}


def test_flagged_and_hidden_photos_are_skipped_whatever_their_address(site):
    observation = find(site, 1, *["cc-by"] * 3)
    observation["photos"][0]["hidden"] = True
    observation["photos"][1]["flags"] = [dict(flag="copyright infringement", resolved=False)]
    observation["photos"][2]["flags"] = [dict(flag="spam", resolved=True)]
    skipped = Counter()
    rec, = inaturalist_records(dict(results=[observation]), skipped=skipped)
    assert rec["file"].endswith("inat-1-12.jpg") and skipped == {"placeholder instead of the photo": 2}


MALFORMED = [None, "x", 7, [], {}, dict(photos=None), dict(photos=[]), dict(photos="x"), dict(id=None), dict(id="x"), dict(taxon=None), dict(taxon={}), dict(taxon="x"),
    dict(taxon=dict(name=None)), dict(taxon=dict(name=7)), dict(user="x"), dict(observed_on=7)]


@pytest.mark.parametrize("change", MALFORMED, ids=str)
def test_a_malformed_observation_is_skipped_and_the_others_are_taken(site, change):
    good, bad = find(site, 1, "cc-by"), find(site, 2, "cc-by")
    bad["photos"][0]["attribution"] = None
    bad = dict(bad, **change) if isinstance(change, dict) and change else change
    skipped = Counter()
    recs = inaturalist_records(dict(results=[bad, good, bad]), skipped=skipped)
    assert [r["observation"] for r in recs] == ["inat|1"]
    assert sum(skipped.values()) == (0 if change == dict(photos=[]) else 2)


@pytest.mark.parametrize("change", [dict(url=None), dict(url=7), dict(id=None), dict(license_code=7), dict(license_code=["cc0"]), dict(attribution=7), dict(flags="x")], ids=str)
def test_a_malformed_photo_is_skipped_and_the_others_are_taken(site, change):
    observation = find(site, 1, "cc-by", "cc-by")
    observation["photos"][0].update(change)
    for key in [k for k in change if k == "url" and change[k] is None]: del observation["photos"][0][key]
    skipped = Counter()
    rec, = inaturalist_records(dict(results=[observation]), skipped=skipped)
    assert rec["file"].endswith("inat-1-11.jpg") and sum(skipped.values()) == 1


def page(pageid=1, mime="image/jpeg", base="https://upload.example.org", **meta):
    return dict(pageid=pageid, title="File:x.jpg", imageinfo=[dict(mime=mime, url=f"{base}/{pageid}.jpg", thumburl=f"{base}/960px-{pageid}.jpg", thumbwidth=960,
        descriptionurl=f"https://commons.example.org/File:{pageid}.jpg", extmetadata={k: dict(value=v) for k, v in meta.items()})])


def commons(*pages, **kwargs): return commons_records(dict(query=dict(pages=list(pages))), species="Boletus edulis", **kwargs)


def test_commons_public_domain_has_no_address_and_needs_no_author():
    rec, = commons(page(License="pd", LicenseShortName="Public domain"))
    assert (rec["licence"], rec["licence_url"], rec["author"], rec["label"]) == ("Public domain", None, None, "boletus-edulis")
    assert usable([rec]) == [rec]


def test_commons_author_is_plain_text_and_licences_are_read():
    html = '<div class="vcard"><a href="javascript:alert(1)">Ann &lt;Lee&gt;</a><br>\n of Oslo</div><script>no()</script>'
    skipped = Counter()
    recs = commons(page(1, Artist=html, License="cc-by-sa-3.0-nl"), page(2, LicenseShortName="GFDL", Artist="x"), page(3, mime="image/svg+xml", License="cc0"),
        page(4, License="cc-by-4.0"), page(5, License="cc-by", LicenseShortName="CC BY", Artist="Ann"), skipped=skipped)
    assert [(r["author"], r["licence"]) for r in recs] == [("Ann <Lee> of Oslo", "CC BY-SA 3.0 nl"), ("x", None), (None, "CC BY 4.0"), ("Ann", "CC BY")]
    assert usable(recs) == recs[:1]  # GFDL is not ours; CC BY asks for an author, and of which version it is nobody knows
    assert skipped == {"not a JPEG, PNG or WebP file": 1}


@pytest.mark.parametrize("html", ['Unknown author<span style="display: none;">Unknown author</span>', '<span style="DISPLAY :NONE">Ann</span>Anonymous',
    '<div style="color:red;display:none">Ann<p>Lee</p></div> <bdi>Unknown photographer</bdi>', '<i hidden>Ann</i>unknown', "", "<br>", None])
def test_nobody_is_no_author(html):
    rec, = commons(page(Artist=html, License="cc-by-4.0", DateTimeOriginal="2020-09-01"))
    assert rec["author"] is None and usable([rec]) == [] and rec["observation"] == "commons|1"


@pytest.mark.parametrize("html, day", [('<time datetime="2020-09-01">2020-09-01 10:00</time>', "2020-09-01"), ("2020-09", None), ("circa 2020-09-01", None),
    ('2020-09-01<div style="display: none;">date QS:P571,+2020-09-01T00:00:00Z/11</div>', "2020-09-01"),
    ('before 1950<div style="display: none;">date QS:P571,+1950-01-01T00:00:00Z/9</div>', None), ("0000-00-00 00:00:00", None)])
def test_a_day_is_stated_or_there_is_none(html, day):
    rec, = commons(page(Artist="Ann", License="cc0", DateTimeOriginal=html))
    assert rec["observed_on"] == day and rec["observation"] == (f"commons|Ann|{day}" if day else "commons|1")


def test_a_small_original_of_commons_is_not_called_scaled():
    small = page(1, License="cc0", Artist="Ann")
    small["imageinfo"][0]["thumburl"] = small["imageinfo"][0]["url"]
    rec, = commons(small)
    assert rec["changes"] is None and rec["url"] == rec["original_url"]
    assert commons_records(small, species="Boletus edulis") == [rec]


def test_commons_groups_by_author_and_day():
    same = dict(Artist="Ann", License="cc0", DateTimeOriginal='2020-09-01 10:00')
    recs = commons(page(1, **same), page(2, **same), page(3, Artist="Ann", License="cc0"))
    assert [r["observation"] for r in recs] == ["commons|Ann|2020-09-01"] * 2 + ["commons|3"]


def test_malformed_pages_of_commons_are_skipped_and_counted():
    bad = [None, "x", {}, dict(pageid=9, missing=True), dict(page(9), imageinfo=None), dict(page(9), imageinfo=[]), dict(page(9), imageinfo="x"), dict(page(9, License="cc0"), pageid=None)]
    for value in ([], None, "x", 7, dict(License="cc0"), dict(Artist=[]), dict(License=dict(value=7)), dict(Artist=dict(value=dict(en="Ann"))), dict(DateTimeOriginal=dict(value=2020))):
        broken = page(9)
        broken["imageinfo"][0]["extmetadata"] = value
        bad.append(broken)
    for key in ("extmetadata", "url", "mime"):
        broken = page(9, License="cc0")
        del broken["imageinfo"][0][key]
        if key == "url": del broken["imageinfo"][0]["thumburl"]
        bad.append(broken)
    skipped = Counter()
    recs = commons(*bad, page(1, License="cc0"), skipped=skipped)
    assert [r["observation"] for r in recs] == ["commons|1"] and sum(skipped.values()) == len(bad)


@pytest.mark.parametrize("source", list(PATHS))
def test_recorded_responses_become_records_that_can_be_filed(site, source):
    make = dict(inaturalist=inaturalist_records, commons=lambda r: commons_records(r, species="Quercus"))[source]
    recs = [r for r in make(example_response(source)) if r["licence"] != "CC BY-NC 4.0"]
    filled = [dict(r, sha256=f"{i}" * 64, bytes=1, width=1, height=1) for i, r in enumerate(recs)]
    sources = dict(version=1, collections=dict(collected=dict(folder="m_mushrooms/collected", title="t", licence=None, note=None)),
                   images=sorted(filled, key=lambda r: r["file"]))
    assert recs and site.count() == 0 and validate(sources) == []
    assert all(r["licence"] and r["observation"] and r["url"].startswith("https://") for r in recs)


# ---- the whole way, once for each archive

def test_inaturalist(site, tmp_path, capsys):
    first = [find(site, i, "cc-by-nc", "cc-by", "cc-by") for i in (1, 2)]
    site.script(PATHS["inaturalist"], answer(dict(results=first)), answer(dict(results=[find(site, 3, "cc0")])), answer(dict(results=[])))
    recs = collect("Amanita muscaria", n=10, label="amanita", folder=tmp_path, **QUICK)
    assert [r["file"] for r in recs] == ["amanita/inat-1-11.jpg", "amanita/inat-2-21.jpg", "amanita/inat-3-30.jpg"]  # one a find, open ones only
    assert capsys.readouterr().out == "3 collected; 4 skipped; 2 no open licence; 2 another photo of the same find\n"
    kept = load_sources(tmp_path/"SOURCES.json")
    assert verify("collected", tmp_path, kept, progress=False) == [] and kept["images"] == recs
    sent = site.headers(PATHS["inaturalist"])[0]
    assert "mushroom_lib/" in sent["User-Agent"] and "me@example.org" in sent["User-Agent"] and site.most == 1


def test_inaturalist_pages_by_id_and_stops_when_it_has_enough(site, tmp_path):
    asked = []
    def pages(request, body):
        asked.append(dict(request.args))
        above = int(request.args["id_above"])
        return answer(dict(results=[find(site, above + 1, "cc-by"), find(site, above + 2, "cc-by")]))(request, body)
    site.script(PATHS["inaturalist"], pages)
    assert len(collect("Amanita muscaria", n=3, folder=tmp_path, **QUICK)) == 3
    assert [a["id_above"] for a in asked] == ["0", "2"]
    assert asked[0]["photo_license"] == "cc0,cc-by,cc-by-sa" and asked[0]["quality_grade"] == "research" and asked[0]["taxon_name"] == "Amanita muscaria"


def test_ids_that_do_not_rise_end_it(site, tmp_path):
    site.script(PATHS["inaturalist"], answer(dict(results=[find(site, 1, "cc-by"), None, dict(id="x")])))
    assert len(collect("Amanita muscaria", folder=tmp_path, **QUICK)) == 1
    assert len(site.times(PATHS["inaturalist"])) == 2


def test_a_second_run_files_nothing_twice(site, tmp_path, capsys):
    site.script(PATHS["inaturalist"], answer(dict(results=[find(site, 1, "cc-by"), find(site, 2, "cc-by")])), answer(dict(results=[])))
    assert len(collect("Amanita muscaria", folder=tmp_path, **QUICK)) == 2
    before = (tmp_path/"SOURCES.json").read_bytes()
    site.script(PATHS["inaturalist"], answer(dict(results=[find(site, 1, "cc-by"), find(site, 2, "cc-by", "cc-by")])), answer(dict(results=[])))
    asked = len(site.times("photos/10/large.jpg"))
    assert collect("Amanita muscaria", folder=tmp_path, **QUICK) == []
    assert (tmp_path/"SOURCES.json").read_bytes() == before and len(site.times("photos/10/large.jpg")) == asked
    assert capsys.readouterr().out.endswith("0 collected; 3 skipped; 2 filed already; 1 another photo of the same find\n")


def test_commons(site, tmp_path):
    asked = []
    def pages(request, body):
        asked.append(dict(request.args))
        more = "gcmcontinue" not in request.args
        i = 1 if more else 2
        site.files[f"/960px-{i}.jpg"] = picture(i, "jpeg")
        data = dict(query=dict(pages=[page(i, base=site.base, Artist="<i>Ann</i>", License="cc-by-sa-4.0")]))
        return answer(dict(data, **({"continue": dict(gcmcontinue="file|1", **{"continue": "gcmcontinue||"})} if more else {})))(request, body)
    site.script(PATHS["commons"], pages)
    recs = collect("Boletus edulis", "commons", n=5, label="bolete", folder=tmp_path, **QUICK)
    assert [(r["file"], r["author"], r["changes"]) for r in recs] == [(f"bolete/commons-{i}.jpg", "Ann", "scaled to 960 px width by Wikimedia Commons") for i in (1, 2)]
    assert asked[0]["maxlag"] == "5" and asked[0]["gcmtitle"] == "Category:Boletus edulis" and asked[1]["gcmcontinue"] == "file|1"
    assert "me@example.org" in site.headers(PATHS["commons"])[0]["User-Agent"] and site.most == 1
    assert verify("collected", tmp_path, load_sources(tmp_path/"SOURCES.json"), progress=False) == []


def test_commons_is_not_asked_without_a_contact(site, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="whom to write to.*MUSHROOMS_CONTACT"): collect("Boletus edulis", "commons", folder=tmp_path, progress=False)
    assert site.count() == 0
    monkeypatch.setenv("MUSHROOMS_CONTACT", "you@example.org")
    site.script(PATHS["commons"], answer(dict(batchcomplete=True)))
    assert collect("Boletus edulis", "commons", folder=tmp_path, progress=False) == []
    assert "you@example.org" in site.headers(PATHS["commons"])[0]["User-Agent"]


# ---- archives in trouble

@pytest.mark.parametrize("source", list(PATHS))
@pytest.mark.parametrize("trouble", [status(429, Retry_After=1), status(503, Retry_After=1), answer(dict(error=dict(code="maxlag", info="6 seconds lagged")), Retry_After="1")])
def test_an_archive_is_given_the_time_it_asks_for(site, tmp_path, source, trouble):
    site.script(PATHS[source], trouble, answer(dict(results=[])))
    assert collect("Boletus edulis", source, folder=tmp_path, **QUICK) == []
    first, second = site.times(PATHS[source])
    assert second - first >= 1


@pytest.mark.parametrize("source", list(PATHS))
def test_an_archive_in_trouble_is_one_line(site, tmp_path, source, monkeypatch):
    site.script(PATHS[source], status(503))
    with pytest.raises(FetchError, match=rf"^{source}: the server answers 503 "): collect("Boletus edulis", source, folder=tmp_path, **dict(QUICK, retries=1))
    assert len(site.times(PATHS[source])) == 2
    site.script(PATHS[source], status(404))
    with pytest.raises(FetchError, match=rf"^{source}: the server answers 404 "): collect("Boletus edulis", source, folder=tmp_path, **QUICK)
    site.script(PATHS[source], lambda request, body: Response("<html>login</html>", 200))
    with pytest.raises(FetchError, match="not JSON"): collect("x", source, folder=tmp_path, **QUICK)
    for text in ("[]", "7", "null", "[" * 100_000):
        site.script(PATHS[source], lambda request, body: Response(text, 200))
        with pytest.raises(FetchError, match="JSON"): collect("x", source, folder=tmp_path, **QUICK)
    monkeypatch.setitem(c.API, source, "https://archive.example.org/v1")
    with pytest.raises(FetchError, match="are you online"): collect("Boletus edulis", source, folder=tmp_path, **dict(QUICK, retries=1))


@pytest.mark.parametrize("results", [{}, dict(results=None), dict(results="x"), dict(results={})], ids=str)
def test_an_answer_without_results_is_no_empty_archive(site, tmp_path, results):
    site.script(PATHS["inaturalist"], answer(results))
    with pytest.raises(FetchError, match="without a list of results"): collect("x", folder=tmp_path, **QUICK)


@pytest.mark.parametrize("data", [{}, dict(query=None), dict(query=[]), dict(query="x"), dict(query=dict(pages=None)), dict(query=dict(pages="x")), {"continue": "x"}], ids=str)
def test_an_empty_category_is_empty(site, tmp_path, data):
    site.script(PATHS["commons"], answer(data))
    assert collect("x", "commons", folder=tmp_path, **QUICK) == []


def test_commons_says_what_is_wrong(site, tmp_path):
    site.script(PATHS["commons"], answer(dict(error=dict(code="badtitle", info="Bad title."))))
    with pytest.raises(FetchError, match="answers: .*Bad title."): collect("<>", "commons", folder=tmp_path, **QUICK)


def test_what_was_collected_before_the_archive_failed_is_kept(site, tmp_path, capsys):
    site.script(PATHS["inaturalist"], answer(dict(results=[find(site, 1, "cc-by"), find(site, 2, "cc-by")])), status(404))
    with pytest.raises(FetchError, match="404"): collect("Amanita muscaria", folder=tmp_path, **QUICK)
    assert len(load_sources(tmp_path/"SOURCES.json")["images"]) == 2 and capsys.readouterr().out == "2 collected; 0 skipped\n"


def test_pages_are_asked_for_with_a_pause(site, tmp_path, monkeypatch):
    assert REAL_GAP >= 1  # iNaturalist asks for no more than 60 requests a minute
    monkeypatch.setattr(c, "PAGE_GAP", .4)
    site.script(PATHS["inaturalist"], answer(dict(results=[dict(id=1)])), answer(dict(results=[])))
    collect("Amanita muscaria", folder=tmp_path, **QUICK)
    first, second = site.times(PATHS["inaturalist"])
    assert second - first >= .4


# ---- photos that cannot be had

def test_one_bad_photo_does_not_stop_the_rest(site, tmp_path, capsys):
    finds = [find(site, i, "cc-by") for i in range(1, 7)]
    gone = find(site, 7, "cc-by")
    gone["photos"][0]["url"] = PLACEHOLDERS[0]
    site.script(PATHS["inaturalist"], answer(dict(results=[gone, None, *finds])), answer(dict(results=[])))
    site.script("photos/10/large.jpg", status(404))
    site.script("photos/20/large.jpg", lambda request, body: Response("<html>no</html>", 200))
    site.files["/photos/30/large.jpg"] = picture(3, "jpeg", (640, 480))[:4000]
    site.script("photos/40/large.jpg", cut(100), whole)
    recs = collect("Amanita muscaria", folder=tmp_path, **QUICK)
    assert [r["observation"] for r in recs] == ["inat|4", "inat|5", "inat|6"]
    said = capsys.readouterr().out
    assert said.startswith("3 collected; 5 skipped; ") and said.count("\n") == 1
    for words in ("1 placeholder", "1 incomplete or malformed entry", "1 the server answers 404", "web page", "truncated"): assert words in said
    assert [p.name for p in tmp_path.rglob(".part-*")] == []
    assert verify("collected", tmp_path, load_sources(tmp_path/"SOURCES.json"), progress=False) == []


@pytest.mark.parametrize("change", [dict(attribution="(c) " + "x" * 3000 + ", some rights reserved"), dict(url="{base}/photos/10 9/square.jpg")], ids=["long", "space"])
def test_a_record_that_cannot_be_filed_is_skipped(site, tmp_path, capsys, change):
    bad, good = find(site, 1, "cc-by"), find(site, 2, "cc-by")
    bad["photos"][0].update({k: v.replace("{base}", site.base) for k, v in change.items()})
    site.script(PATHS["inaturalist"], answer(dict(results=[bad, good])), answer(dict(results=[])))
    assert [r["observation"] for r in collect("Amanita muscaria", folder=tmp_path, **QUICK)] == ["inat|2"]
    assert "1 skipped" in capsys.readouterr().out
    assert verify("collected", tmp_path, load_sources(tmp_path/"SOURCES.json"), progress=False) == []


def test_ten_misses_in_a_row_end_it(site, tmp_path, capsys):
    for i in range(1, 31): site.script(f"photos/{i}0/large.jpg", status(403))
    site.script(PATHS["inaturalist"], answer(dict(results=[find(site, i, "cc-by") for i in range(1, 31)])), answer(dict(results=[])))
    with pytest.raises(FetchError, match="403"): collect("Amanita muscaria", n=30, folder=tmp_path, **QUICK)
    assert capsys.readouterr().out == "0 collected; 10 skipped; 10 the server answers 403 (FORBIDDEN)\n"


def test_the_same_picture_under_another_number_is_not_kept(site, tmp_path, capsys):
    site.script(PATHS["inaturalist"], answer(dict(results=[find(site, 1, "cc-by"), find(site, 2, "cc-by")])), answer(dict(results=[])))
    site.files["/photos/20/large.jpg"] = site.files.get("/photos/10/large.jpg") or picture(10, "jpeg")
    assert len(collect("Amanita muscaria", folder=tmp_path, **QUICK)) == 1
    assert "1 the same picture is filed already" in capsys.readouterr().out
    assert verify("collected", tmp_path, load_sources(tmp_path/"SOURCES.json"), progress=False) == []


def test_a_photo_that_moved_in_the_archive_does_not_cost_the_filed_one(site, tmp_path):
    "iNaturalist moves a photo to another host when its licence changes: the same name and bytes at another address."
    site.script(PATHS["inaturalist"], answer(dict(results=[find(site, 1, "cc-by")])), answer(dict(results=[])))
    rec, = collect("Amanita muscaria", folder=tmp_path, **QUICK)
    moved = find(site, 1, "cc-by")
    moved["photos"][0]["url"] = site.base.replace("127.0.0.1", "localhost") + "/photos/10/square.jpg"
    site.script(PATHS["inaturalist"], answer(dict(results=[moved])), answer(dict(results=[])))
    assert collect("Amanita muscaria", folder=tmp_path, per_find=5, **QUICK) == []
    assert verify("collected", tmp_path, load_sources(tmp_path/"SOURCES.json"), progress=False) == []


def test_a_file_that_is_not_ours_is_left_alone(site, tmp_path, capsys):
    mine = tmp_path/"amanita-muscaria"/"inat-1-10.jpg"
    mine.parent.mkdir()
    mine.write_bytes(b"mine")
    site.script(PATHS["inaturalist"], answer(dict(results=[find(site, 1, "cc-by")])), answer(dict(results=[])))
    assert collect("Amanita muscaria", folder=tmp_path, **QUICK) == []
    assert mine.read_bytes() == b"mine" and "another file of its name is there" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "my only copy", "{}", "[]", '{"version": 1, "collections": {}, "images": [{}]}', "\xff"])
def test_a_sources_file_that_cannot_be_read_is_not_overwritten(site, tmp_path, text):
    (tmp_path/"SOURCES.json").write_bytes(text.encode("latin1"))
    site.script(PATHS["inaturalist"], answer(dict(results=[find(site, 1, "cc-by")])), answer(dict(results=[])))
    with pytest.raises(ValueError, match="SOURCES.json"): collect("Amanita muscaria", folder=tmp_path, **QUICK)
    assert (tmp_path/"SOURCES.json").read_bytes() == text.encode("latin1") and site.count() == 0


def test_limits_hold(site, tmp_path, capsys):
    site.script(PATHS["inaturalist"], answer(dict(results=[find(site, 1, "cc-by")])), answer(dict(results=[])))
    site.files["/photos/10/large.jpg"] = bytes(60_000)
    assert collect("Amanita muscaria", folder=tmp_path, max_bytes=50_000, **QUICK) == [] and "more than the 50,000 allowed" in capsys.readouterr().out
