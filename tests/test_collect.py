"""`collect` against a loopback server that speaks like iNaturalist, Wikimedia Commons and GBIF, with their troubles."""
import json, subprocess, sys
from pathlib import Path

import pytest
from werkzeug import Response

from conftest import cut, picture, status, whole
from mushroom_lib import collect as c
from mushroom_lib.collect import collect, commons_records, example_response, gbif_records, inaturalist_records, usable
from mushroom_lib.sources import load_sources, validate, verify

pytestmark = pytest.mark.usefixtures("only_loopback", "archives")
QUICK = dict(progress=False, pause=.02, timeout=5, contact="me@example.org")


@pytest.fixture(scope="session")
def own_cache(tmp_path_factory):
    "pyinaturalist keeps a cache and its rate limit in the user's cache folder; not in a test's."
    import os
    old = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    import pyinaturalist
    if old is None: del os.environ["XDG_CACHE_HOME"]
    else: os.environ["XDG_CACHE_HOME"] = old
    return pyinaturalist


@pytest.fixture
def archives(site, monkeypatch, own_cache):
    "All three archives live on the loopback server."
    monkeypatch.setitem(c.API, "inaturalist", f"{site.base}/inat")
    monkeypatch.setitem(c.API, "commons", f"{site.base}/commons/api.php")
    monkeypatch.setitem(c.API, "gbif", f"{site.base}/gbif")
    monkeypatch.setattr(c, "PAGE_GAP", .01)
    monkeypatch.setattr(c, "RATE", dict(per_second=10, per_minute=600, per_day=9000))
    return site


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
    ("no rights reserved, uploaded by Ann", "Ann L."), (None, "Ann L."), ("", "Ann L.")])
def test_author_of_an_inaturalist_photo(attribution, author):
    o = dict(id=1, user=dict(login="ann", name="Ann L."), photos=[dict(id=2, url="https://x/photos/2/square.png", license_code="cc0", attribution=attribution)])
    rec, = inaturalist_records(dict(results=[o]))
    assert rec["author"] == author and rec["file"] == "unnamed/inat-1-2.png"


def page(pageid=1, mime="image/jpeg", base="https://upload.example.org", **meta):
    return dict(pageid=pageid, title="File:x.jpg", imageinfo=[dict(mime=mime, url=f"{base}/{pageid}.jpg", thumburl=f"{base}/960px-{pageid}.jpg", thumbwidth=960,
        descriptionurl=f"https://commons.example.org/File:{pageid}.jpg", extmetadata={k: dict(value=v) for k, v in meta.items()})])


def test_commons_public_domain_has_no_address_and_needs_no_author():
    rec, = commons_records(page(License="pd", LicenseShortName="Public domain"), species="Boletus edulis")
    assert (rec["licence"], rec["licence_url"], rec["author"], rec["label"]) == ("Public domain", None, None, "boletus-edulis")
    assert usable([rec]) == [rec]


def test_commons_author_is_plain_text_and_licences_are_read():
    html = '<div class="vcard"><a href="javascript:alert(1)">Ann &lt;Lee&gt;</a><br>\n of Oslo</div><script>no()</script>'
    recs = commons_records(dict(query=dict(pages={"1": page(1, Artist=html, License="cc-by-sa-3.0-nl"), "2": page(2, LicenseShortName="GFDL", Artist="x"),
        "3": page(3, mime="image/svg+xml", License="cc0"), "4": page(4, License="cc-by-4.0"), "5": dict(pageid=5, title="File:gone.jpg")})))
    assert [(r["author"], r["licence"]) for r in recs] == [("Ann <Lee> of Oslo", "CC BY-SA 3.0 nl"), ("x", None), (None, "CC BY 4.0")]
    assert len(usable(recs)) == 1  # GFDL is not ours; CC BY without an author cannot be credited


def test_a_small_original_of_commons_is_not_called_scaled():
    small = page(1, License="cc0", Artist="Ann")
    small["imageinfo"][0]["thumburl"] = small["imageinfo"][0]["url"]
    rec, = commons_records(small)
    assert rec["changes"] is None and rec["url"] == rec["original_url"]


def test_commons_groups_by_author_and_day():
    same = dict(Artist="Ann", License="cc0", DateTimeOriginal='<time datetime="2020-09-01">2020-09-01 10:00</time>')
    recs = commons_records(dict(query=dict(pages=[page(1, **same), page(2, **same), page(3, Artist="Ann", License="cc0")])))
    assert [r["observation"] for r in recs] == ["commons|Ann|2020-09-01"] * 2 + ["commons|3"]


def test_gbif_media_without_licence_are_skipped_and_inaturalists_finds_recognised():
    media = [dict(type="StillImage", identifier="https://x/1.jpg", license="http://creativecommons.org/licenses/by/4.0/", creator="Ann"),
             dict(type="StillImage", identifier="https://x/2.jpg"), dict(type="StillImage", identifier="https://x/3.jpg", license="https://example.org/terms"),
             dict(type="Sound", identifier="https://x/4.wav", license="http://creativecommons.org/publicdomain/zero/1.0/"),
             dict(type="StillImage", identifier="file:///etc/passwd", license="http://creativecommons.org/publicdomain/zero/1.0/"),
             dict(type="StillImage", format="image/png", identifier="https://x/5", license="http://creativecommons.org/licenses/by-nc/4.0/")]
    o = dict(key=7, species="Amanita muscaria", eventDate="2024-07-19T10:00/2024-07-20", license="http://creativecommons.org/publicdomain/zero/1.0/",
             occurrenceID="https://www.inaturalist.org/observations/57754375", media=media)
    recs = gbif_records(dict(results=[o]))
    assert [r["licence"] for r in recs] == ["CC BY 4.0", None, None, "CC BY-NC 4.0"]
    assert usable(recs) == recs[:1] and recs[0]["observation"] == "inat|57754375" and recs[3]["file"] == "amanita-muscaria/gbif-7-5.png"


@pytest.mark.parametrize("source", list(c.API))
def test_recorded_responses_need_no_server(site, source, tmp_path):
    recs = collect("Amanita muscaria", source, folder=tmp_path, response=example_response(source))
    assert recs and site.count() == 0 and list(tmp_path.iterdir()) == []
    assert all(r["licence"] and r["author"] and r["observation"] and r["url"].startswith("https://") for r in recs)
    filled = [dict(r, sha256=f"{i}" * 64, bytes=1, width=1, height=1) for i, r in enumerate(recs)]
    sources = dict(version=1, collections=dict(collected=dict(folder="m_mushrooms/collected", title="t", licence=None, note=None)),
                   images=sorted(filled, key=lambda r: r["file"]))
    assert validate(sources) == []


# ---- the whole way, once for each archive

def test_inaturalist(site, tmp_path):
    first = [find(site, i, "cc-by-nc", "cc-by", "cc-by") for i in (1, 2)]
    site.scripts["/inat/observations"] = [answer(dict(results=first)), answer(dict(results=[find(site, 3, "cc0")])), answer(dict(results=[]))]
    recs = collect("Amanita muscaria", n=10, label="amanita", folder=tmp_path, **QUICK)
    assert [r["file"] for r in recs] == ["amanita/inat-1-11.jpg", "amanita/inat-2-21.jpg", "amanita/inat-3-30.jpg"]  # one a find, open ones only
    kept = load_sources(tmp_path/"SOURCES.json")
    assert verify("collected", tmp_path, kept, progress=False) == [] and len(kept["images"]) == 3
    sent = site.headers("/inat/observations".lstrip("/"))[0]
    assert "mushroom_lib/" in sent["User-Agent"] and "me@example.org" in sent["User-Agent"]


def test_inaturalist_pages_by_id_and_stops_when_it_has_enough(site, tmp_path):
    asked = []
    def pages(request, body):
        asked.append(dict(request.args))
        above = int(request.args["id_above"])
        return answer(dict(results=[find(site, above + 1, "cc-by"), find(site, above + 2, "cc-by")]))(request, body)
    site.script("inat/observations", pages)
    assert len(collect("Amanita muscaria", n=3, folder=tmp_path, **QUICK)) == 3
    assert [a["id_above"] for a in asked] == ["0", "2"]
    assert asked[0]["photo_license"].lower() == "cc0,cc-by,cc-by-sa" and asked[0]["quality_grade"] == "research" and asked[0]["taxon_name"] == "Amanita muscaria"


def test_a_second_run_files_nothing_twice(site, tmp_path):
    site.script("inat/observations", answer(dict(results=[find(site, 1, "cc-by"), find(site, 2, "cc-by")])), answer(dict(results=[])))
    assert len(collect("Amanita muscaria", folder=tmp_path, **QUICK)) == 2
    before = (tmp_path/"SOURCES.json").read_bytes()
    site.script("inat/observations", answer(dict(results=[find(site, 1, "cc-by"), find(site, 2, "cc-by", "cc-by")])), answer(dict(results=[])))
    asked = len(site.times("photos/10/large.jpg"))
    assert collect("Amanita muscaria", folder=tmp_path, **QUICK) == []
    assert (tmp_path/"SOURCES.json").read_bytes() == before and len(site.times("photos/10/large.jpg")) == asked


def test_commons(site, tmp_path):
    asked = []
    def pages(request, body):
        asked.append(dict(request.args))
        more = "gcmcontinue" not in request.args
        i = 1 if more else 2
        site.files[f"/960px-{i}.jpg"] = picture(i, "jpeg")
        data = dict(query=dict(pages=[page(i, base=site.base, Artist="<i>Ann</i>", License="cc-by-sa-4.0")]))
        return answer(dict(data, **({"continue": dict(gcmcontinue="file|1", **{"continue": "gcmcontinue||"})} if more else {})))(request, body)
    site.script("commons/api.php", pages)
    recs = collect("Boletus edulis", "commons", n=5, label="bolete", folder=tmp_path, **QUICK)
    assert [(r["file"], r["author"], r["changes"]) for r in recs] == [(f"bolete/commons-{i}.jpg", "Ann", "scaled to 960 px width by Wikimedia Commons") for i in (1, 2)]
    assert asked[0]["maxlag"] == "5" and asked[0]["gcmtitle"] == "Category:Boletus edulis" and asked[1]["gcmcontinue"] == "file|1"
    assert "me@example.org" in site.headers("commons/api.php")[0]["User-Agent"] and site.most == 1
    assert verify("collected", tmp_path, load_sources(tmp_path/"SOURCES.json"), progress=False) == []


def test_commons_is_not_asked_without_a_contact(site, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="whom to write to.*MUSHROOMS_CONTACT"): collect("Boletus edulis", "commons", folder=tmp_path, progress=False)
    assert site.count() == 0
    monkeypatch.setenv("MUSHROOMS_CONTACT", "you@example.org")
    site.script("commons/api.php", answer(dict(batchcomplete=True)))
    assert collect("Boletus edulis", "commons", folder=tmp_path, progress=False) == []
    assert "you@example.org" in site.headers("commons/api.php")[0]["User-Agent"]


@pytest.mark.parametrize("trouble", [answer(dict(error=dict(code="maxlag", info="Waiting: 6 seconds lagged")), Retry_After="1"), status(429, Retry_After=1), status(503, Retry_After=1)])
def test_commons_lag_is_waited_out(site, tmp_path, trouble):
    site.script("commons/api.php", trouble, answer(dict(batchcomplete=True)))
    assert collect("Boletus edulis", "commons", folder=tmp_path, **QUICK) == []
    first, second = site.times("commons/api.php")
    assert second - first >= 1


@pytest.mark.parametrize("source, path", [("inaturalist", "inat/observations"), ("gbif", "gbif/occurrence/search")])
def test_the_clients_wait_too(site, tmp_path, source, path):
    empty = dict(results=[], endOfRecords=True)
    site.script(path, status(429, Retry_After=1), answer(empty))
    assert collect("Boletus edulis", source, folder=tmp_path, **QUICK) == []
    first, second = site.times(path)
    assert second - first >= 1


@pytest.mark.parametrize("source, path", [("inaturalist", "inat/observations"), ("gbif", "gbif/occurrence/search"), ("commons", "commons/api.php")])
def test_an_archive_in_trouble_is_one_line(site, tmp_path, source, path):
    site.script(path, status(503))
    with pytest.raises(c.FetchError, match=r"overloaded \(503\) \(given up after 2 attempts\)$"): collect("Boletus edulis", source, folder=tmp_path, **dict(QUICK, retries=1))
    assert len(site.times(path)) == 2
    site.script(path, status(404))
    with pytest.raises(c.FetchError, match=r"does not have it \(404\)$"): collect("Boletus edulis", source, folder=tmp_path, **QUICK)


@pytest.mark.parametrize("source", ["inaturalist", "gbif", "commons"])
def test_no_internet_is_one_line(tmp_path, source, monkeypatch):
    monkeypatch.setitem(c.API, source, "https://archive.example.org/v1")
    with pytest.raises(c.FetchError, match="no computer called archive.example.org is found; is there internet"):
        collect("Boletus edulis", source, folder=tmp_path, **dict(QUICK, retries=1))


def test_commons_says_what_is_wrong(site, tmp_path):
    site.script("commons/api.php", answer(dict(error=dict(code="badtitle", info="Bad title."))))
    with pytest.raises(c.FetchError, match="answers: Bad title."): collect("<>", "commons", folder=tmp_path, **QUICK)
    site.script("commons/api.php", lambda request, body: Response("<html>login</html>", 200))
    with pytest.raises(c.FetchError, match="not JSON"): collect("x", "commons", folder=tmp_path, **QUICK)


def test_gbif(site, tmp_path):
    asked = []
    def pages(request, body):
        asked.append(dict(request.args))
        k = int(request.args["offset"])
        site.files[f"/m/{k}.jpg"] = picture(k + 1, "png")
        medium = dict(type="StillImage", identifier=f"{site.base}/m/{k}.jpg", license="http://creativecommons.org/licenses/by/4.0/", creator="Ann")
        return answer(dict(results=[dict(key=100 + k, species="Amanita muscaria", eventDate="2024", media=[medium])], endOfRecords=k > 0))(request, body)
    site.script("gbif/occurrence/search", pages)
    recs = collect("Amanita muscaria", "gbif", n=5, folder=tmp_path, **QUICK)
    assert [r["file"] for r in recs] == ["amanita-muscaria/gbif-100-0.png", "amanita-muscaria/gbif-130-0.png"]  # it says .jpg and is a PNG
    assert [a["offset"] for a in asked] == ["0", "30"] and asked[0]["mediatype"] == "StillImage"
    assert verify("collected", tmp_path, load_sources(tmp_path/"SOURCES.json"), progress=False) == []


def test_the_rates_are_the_services_own(own_cache, monkeypatch, site, tmp_path):
    monkeypatch.undo()  # the real numbers
    assert c.RATE["per_minute"] <= 60 and c.RATE["per_day"] < 10_000 and c.RATE["per_second"] <= 1 and c.PAGE_GAP >= 1
    monkeypatch.setitem(c.API, "inaturalist", f"{site.base}/inat")
    given, real = {}, own_cache.ClientSession
    monkeypatch.setattr(own_cache, "ClientSession", lambda **kw: given.update(kw) or real(**dict(kw, per_second=10, per_minute=600)))
    site.script("inat/observations", answer(dict(results=[])))
    collect("Amanita muscaria", folder=tmp_path, **QUICK)
    assert {k: given[k] for k in c.RATE} == c.RATE


def test_pages_are_asked_for_with_a_pause(site, tmp_path, monkeypatch):
    monkeypatch.setattr(c, "PAGE_GAP", .4)
    site.script("gbif/occurrence/search", answer(dict(results=[dict(key=1)])), answer(dict(results=[], endOfRecords=True)))
    collect("Amanita muscaria", "gbif", folder=tmp_path, **QUICK)
    first, second = site.times("gbif/occurrence/search")
    assert second - first >= .4


# ---- photos that cannot be had

def test_one_bad_photo_does_not_stop_the_rest(site, tmp_path, capsys):
    site.script("inat/observations", answer(dict(results=[find(site, i, "cc-by") for i in range(1, 7)])), answer(dict(results=[])))
    site.script("photos/10/large.jpg", status(404))
    site.script("photos/20/large.jpg", lambda request, body: Response("<html>no</html>", 200))
    site.files["/photos/30/large.jpg"] = picture(3, "jpeg", (640, 480))[:4000]
    site.script("photos/40/large.jpg", cut(100), whole)
    recs = collect("Amanita muscaria", folder=tmp_path, **QUICK)
    assert [r["observation"] for r in recs] == ["inat|4", "inat|5", "inat|6"]
    said = capsys.readouterr().err
    for words in ("inat-1-10.jpg: the server does not have it (404)", "inat-2-20.jpg: not a JPEG", "inat-3-30.jpg: it is cut off"): assert words in said
    assert [p.name for p in tmp_path.rglob(".part-*")] == []
    assert verify("collected", tmp_path, load_sources(tmp_path/"SOURCES.json"), progress=False) == []


def test_the_same_picture_under_another_number_is_not_kept(site, tmp_path, capsys):
    site.script("inat/observations", answer(dict(results=[find(site, 1, "cc-by"), find(site, 2, "cc-by")])), answer(dict(results=[])))
    site.files["/photos/20/large.jpg"] = site.files.get("/photos/10/large.jpg") or picture(10, "jpeg")
    assert len(collect("Amanita muscaria", folder=tmp_path, **QUICK)) == 1
    assert "filed already" in capsys.readouterr().err
    assert verify("collected", tmp_path, load_sources(tmp_path/"SOURCES.json"), progress=False) == []


def test_limits_hold(site, tmp_path, capsys):
    site.script("inat/observations", answer(dict(results=[find(site, 1, "cc-by")])), answer(dict(results=[])))
    assert collect("Amanita muscaria", folder=tmp_path, max_bytes=100, **QUICK) == [] and "the limit is 100" in capsys.readouterr().err
    site.script("inat/observations", answer(dict(results=[find(site, 1, "cc-by")])), answer(dict(results=[])))
    assert collect("Amanita muscaria", folder=tmp_path, max_pixels=100, **QUICK) == [] and "more than 100 pixels" in capsys.readouterr().err


def test_two_processes_append_to_one_file(tmp_path):
    code = """if True:
        import sys
        from mushroom_lib.collect import append_records, gbif_records, example_response
        base, k = gbif_records(example_response("gbif"))[0], int(sys.argv[2])
        for i in range(15): append_records([dict(base, file=f"a/{k}-{i}.jpg", original_url=f"https://example.org/{k}/{i}", sha256=f"{k:032}{i:032}", bytes=1, width=1, height=1)], sys.argv[1])
    """
    import os
    env = dict(os.environ, PYTHONPATH=str(Path(c.__file__).parent.parent))
    children = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path/"SOURCES.json"), str(k)], env=env) for k in (1, 2)]
    assert [p.wait(60) for p in children] == [0, 0]
    assert len(load_sources(tmp_path/"SOURCES.json")["images"]) == 30


def test_a_missing_client_is_one_line(monkeypatch, tmp_path):
    for name in ("pyinaturalist", "pygbif.occurrences"): monkeypatch.setitem(sys.modules, name, None)
    for source in ("inaturalist", "gbif"):
        with pytest.raises(ImportError, match=r'pip install "mushroom-lib\[collect\]"'): collect("Amanita muscaria", source, folder=tmp_path, **QUICK)
