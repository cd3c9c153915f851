"""The download against a real server that is slow, breaks off, lies, refuses and redirects; against kill -9, Ctrl-C and a rival."""
import hashlib, json, os, signal, struct, subprocess, sys, time, zlib
from pathlib import Path

import pytest
from werkzeug import Response

from conftest import cut, http_date, picture, record, status, trickle, whole
from mushroom_lib import sources
from mushroom_lib.sources import download, sha256, verify

pytestmark = pytest.mark.usefixtures("only_loopback")
QUICK = dict(progress=False, pause=.02, timeout=5)


def get(recs, folder, **kwargs): return download(recs, folder, **{**QUICK, **kwargs})


def reason(out):
    "The one reason for the one failure."
    assert len(out.failed) == 1, out
    return out.failed[0]["reason"]


def leftovers(folder): return [p.name for p in Path(folder).rglob(".part-*")]


@pytest.fixture
def one(site): return site.put("russula/one.webp", picture(1, size=(200, 200)))


@pytest.fixture
def many(site, photos): return [site.put(file, data) for file, data in photos.items()]


# ---- what should work

def test_all_arrive_and_a_second_run_asks_for_nothing(site, many, tmp_path):
    out = get(many, tmp_path)
    assert sorted(out.fetched) == sorted(r["file"] for r in many) and not out.failed and not out.present
    assert all(sha256(tmp_path/r["file"]) == r["sha256"] for r in many)
    asked = site.count()
    assert asked == len(many)
    again = get(many, tmp_path)
    assert (len(again.present), again.fetched, site.count()) == (len(many), [], asked)
    (tmp_path/many[3]["file"]).unlink()
    (tmp_path/many[5]["file"]).write_bytes(b"altered")
    third = get(many, tmp_path)
    assert sorted(third.fetched) == sorted([many[3]["file"], many[5]["file"]]) and site.count() == asked + 2
    assert leftovers(tmp_path) == []


def test_real_photos_over_http(site, field_photos, field_records, tmp_path):
    for r in field_records: site.files["/" + r["file"]] = (field_photos/r["file"]).read_bytes()
    out = get(field_records, tmp_path, mirror=site.base + "/", offline=True)
    assert (len(out.fetched), out.failed) == (len(field_records), [])
    kept = dict(collections={"field": {}}, images=field_records)
    assert verify("field", tmp_path, kept, progress=False) == []


def test_real_photos_from_a_mirror_folder(field_photos, field_records, tmp_path, monkeypatch):
    monkeypatch.setenv("MUSHROOMS_MIRROR", str(field_photos))
    out = get(field_records, tmp_path)
    assert (len(out.fetched), out.failed) == (len(field_records), [])
    assert verify("field", tmp_path, dict(collections={"field": {}}, images=field_records), progress=False) == []


def test_introduces_itself(site, one, tmp_path):
    get([one], tmp_path, contact="me@example.org")
    sent = site.headers(one["file"])[0]
    assert sent["User-Agent"].startswith("mushroom_lib/") and "me@example.org" in sent["User-Agent"]
    assert sent["Accept-Encoding"] == "identity" and "Cookie" not in sent


def test_progress_goes_to_stderr_only(many, tmp_path, capsys):
    download(many, tmp_path, pause=.02)
    said = capsys.readouterr()
    assert said.out == "" and "download" in said.err and f"{len(many)}/{len(many)}" in said.err


def test_never_more_connections_than_workers(site, many, tmp_path):
    site.delay = .1
    assert len(get(many, tmp_path, workers=3).fetched) == len(many)
    assert 2 <= site.most <= 3


def test_a_slow_server_is_waited_for(site, one, tmp_path):
    site.script(one["file"], trickle(one["bytes"] // 8, .1, site.released))
    assert get([one], tmp_path, timeout=2).fetched == [one["file"]]


# ---- what may be tried again

def test_silence_is_tried_again_and_then_reported(site, one, tmp_path):
    def silent(request, body):
        site.released.wait(3)
        return whole(request, body)
    site.script(one["file"], silent)
    start = time.monotonic()
    out = get([one], tmp_path, timeout=.3, retries=2)
    assert "falls silent for 0.3 s" in reason(out) and "3 attempts" in reason(out)
    assert time.monotonic() - start < 6 and len(site.times(one["file"])) == 3


def test_short_body_is_continued(site, one, tmp_path):
    site.script(one["file"], cut(1000), whole)
    assert get([one], tmp_path).fetched == [one["file"]]
    assert [h.get("Range") for h in site.headers(one["file"])] == [None, "bytes=1000-"]
    assert sha256(tmp_path/one["file"]) == one["sha256"]


def test_short_body_without_length_is_noticed(site, one, tmp_path):
    site.script(one["file"], lambda request, body: Response(iter([body[:500]]), 200), whole)
    assert get([one], tmp_path).fetched == [one["file"]]
    assert len(site.times(one["file"])) == 2


def test_always_short_is_reported(site, one, tmp_path):
    site.script(one["file"], lambda request, body: Response(iter([body[:700]]), 200))
    out = get([one], tmp_path, retries=2)
    assert f"ends after 700 of {one['bytes']:,} bytes" in reason(out)
    assert len(site.times(one["file"])) == 3 and not (tmp_path/one["file"]).exists()


def test_a_wrong_continuation_is_fetched_once_more_whole(site, one, tmp_path):
    def other(request, body):
        return Response(b"x" * (len(body) - 1000), 206, {"Content-Range": f"bytes 1000-{len(body) - 1}/{len(body)}"})
    site.script(one["file"], cut(1000), other, whole)
    assert get([one], tmp_path).fetched == [one["file"]]
    assert [h.get("Range") for h in site.headers(one["file"])] == [None, "bytes=1000-", None]


@pytest.mark.parametrize("answer", [status(416), lambda request, body: Response(body[5:], 206, {"Content-Range": f"bytes 5-{len(body) - 1}/{len(body)}"})])
def test_a_server_that_cannot_continue_starts_again(site, one, tmp_path, answer):
    site.script(one["file"], cut(1000), answer, whole)
    assert get([one], tmp_path).fetched == [one["file"]]
    assert site.headers(one["file"])[-1].get("Range") is None


def test_server_that_ignores_range_starts_again(site, one, tmp_path):
    site.script(one["file"], cut(1000), lambda request, body: Response(body, 200))
    assert get([one], tmp_path).fetched == [one["file"]]


@pytest.mark.parametrize("code", [500, 502, 503, 504, 429, 408])
def test_trouble_passes(site, one, tmp_path, code):
    site.script(one["file"], status(code), whole)
    assert get([one], tmp_path).fetched == [one["file"]]
    assert len(site.times(one["file"])) == 2


def test_retry_after_seconds(site, one, tmp_path):
    site.script(one["file"], status(429, Retry_After=1), whole)
    assert get([one], tmp_path).fetched == [one["file"]]
    first, second = site.times(one["file"])
    assert second - first >= 1


def test_retry_after_date(site, one, tmp_path):
    site.script(one["file"], lambda request, body: Response("", 503, {"Retry-After": http_date(3)}), whole)
    start = time.time()
    assert get([one], tmp_path).fetched == [one["file"]]
    assert site.times(one["file"])[1] >= int(start) + 2.9


def test_retry_after_holds_for_the_other_files_too(site, tmp_path):
    recs = [site.put(f"russula/{i}.webp", picture(i)) for i in range(8)]
    site.script(recs[0]["file"], status(429, Retry_After=1), whole)
    site.delay = .05
    assert len(get(recs, tmp_path, workers=2).fetched) == len(recs)
    first = site.times(recs[0]["file"])[0]
    later = [t for r in recs[5:] for t in site.times(r["file"])]  # a few may have been under way when the answer came
    assert len(later) == 3 and all(t - first >= 1 for t in later)


def test_retry_after_longer_than_a_minute_ends_it(site, many, tmp_path):
    for r in many: site.script(r["file"], status(429, Retry_After=3600))
    start = time.monotonic()
    out = get(many, tmp_path, workers=1)
    assert time.monotonic() - start < 5 and site.count() == 1
    assert len(out.failed) == len(many) and "come back in 3,600 s" in out.failed[-1]["reason"]


def test_pauses_grow(site, one, tmp_path):
    site.script(one["file"], status(500))
    out = get([one], tmp_path, pause=.1, retries=3)
    t = site.times(one["file"])
    gaps = [b - a for a, b in zip(t, t[1:])]
    assert len(gaps) == 3 and gaps[0] >= .1 and gaps[1] >= .2 and gaps[2] >= .4
    assert "(500)" in reason(out) and "4 attempts" in reason(out)


def test_a_dead_server_is_given_up_and_the_rest_arrives(site, many, tmp_path):
    dead = [dict(r, file=f"dead/{i}.webp", url=f"http://127.0.0.1:9/{i}") for i, r in enumerate(many * 2)]
    out = get(dead + many, tmp_path, pause=.2, retries=2)
    assert len(out.fetched) == len(many) and len(out.failed) == len(dead)
    assert all("refuses the connection" in o["reason"] for o in out.failed)


def test_no_internet_is_said_after_a_few_files(many, tmp_path, only_loopback):
    lost = [dict(r, url=f"https://photos.example.org/{r['file']}") for r in many]
    out = get(lost, tmp_path, workers=2, retries=3)
    asked = only_loopback.count("photos.example.org")
    assert 3 * 4 <= asked <= (3 + 1) * 4 and len(lost) == 12  # three files with all retries, perhaps one more under way
    assert len(out.failed) == len(many) and all("is there internet?" in o["reason"] for o in out.failed)
    assert all(o["file"] in str(out) for o in out.failed[:5])


# ---- what is final

@pytest.mark.parametrize("code, words", [(404, "does not have it (404)"), (403, "(403)"), (410, "taken down (410)"), (451, "(451)"), (204, "(204)")])
def test_refusals_are_final(site, one, tmp_path, code, words):
    site.script(one["file"], status(code))
    assert words in reason(get([one], tmp_path))
    assert len(site.times(one["file"])) == 1 and leftovers(tmp_path) == []


def test_another_picture_is_refused(site, one, tmp_path):
    data = bytearray(site.files["/" + one["file"]])
    data[-20] ^= 1
    site.files["/" + one["file"]] = bytes(data)
    assert "another picture" in reason(get([one], tmp_path))
    assert list(tmp_path.rglob("*.webp")) == [] and leftovers(tmp_path) == []


def test_a_login_page_is_named_as_such(site, one, tmp_path):
    page = b"<!doctype html><title>Log in</title>".ljust(one["bytes"])
    site.script(one["file"], lambda request, body: Response(page, 200))
    assert "it is a web page" in reason(get([one], tmp_path))
    site.script(one["file"], lambda request, body: Response("<html>Log in</html>", 200, mimetype="text/html"))
    assert "it is a web page" in reason(get([one], tmp_path))
    assert len(site.times(one["file"])) == 2 and leftovers(tmp_path) == []


def test_what_is_there_and_wrong_is_not_lost_before_the_right_one_is_there(site, one, tmp_path):
    (tmp_path/"russula").mkdir()
    (tmp_path/one["file"]).write_bytes(b"mine")
    site.script(one["file"], status(404))
    get([one], tmp_path)
    assert (tmp_path/one["file"]).read_bytes() == b"mine"


def test_announced_size_that_is_not_the_filed_one(site, one, tmp_path):
    def liar(request, body):
        r = Response(iter([body]), 200)
        r.headers["Content-Length"] = str(10**9)
        return r
    site.script(one["file"], liar)
    assert "announces 1,000,000,000 bytes" in reason(get([one], tmp_path))
    assert len(site.times(one["file"])) == 1


def test_announced_too_short_is_not_taken_for_the_file(site, one, tmp_path):
    def liar(request, body):
        r = Response(iter([body]), 200)
        r.headers["Content-Length"] = "800"
        return r
    site.script(one["file"], liar)
    assert "announces 800 bytes" in reason(get([one], tmp_path, retries=1))
    assert not (tmp_path/one["file"]).exists()


def endless(sent, stop):
    "A body that never ends; `sent` counts its pieces."
    def answer(request, body):
        def pieces():
            while not stop.is_set() and len(sent) < 1000:  # 65 MB stand for a body without end
                sent.append(1)
                yield b"x" * 65536
        return Response(pieces(), 200)
    return answer


def test_a_body_without_end_is_stopped(site, one, tmp_path):
    sent = []
    site.script(one["file"], endless(sent, site.released))
    assert "more than" in reason(get([one], tmp_path))
    assert len(sent) * 65536 < 20_000_000 and leftovers(tmp_path) == []


def test_a_drip_without_end_is_stopped(site, one, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "MAX_SECONDS", .5)
    site.script(one["file"], trickle(1, .05, site.released))
    start = time.monotonic()
    assert "not there after 0.5 s" in reason(get([one], tmp_path, retries=1))
    assert time.monotonic() - start < 6


def test_limit_on_bytes(site, one, tmp_path):
    assert "the limit is 1,000" in reason(get([one], tmp_path, max_bytes=1000))
    assert site.count() == 0


def bomb(width, height):
    "A PNG of a few bytes whose header promises `width` x `height` pixels."
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b""))


@pytest.mark.parametrize("side", [8000, 11000, 50000])  # below, between and beyond Pillow's own warning and error
def test_decompression_bomb(site, tmp_path, side, recwarn):
    data = bomb(side, side)
    site.files["/russula/bomb.png"] = data
    rec = dict(record("russula/bomb.png", picture(1)), bytes=len(data), sha256=hashlib.sha256(data).hexdigest(),
               url=f"{site.base}/russula/bomb.png")
    assert "pixels" in reason(get([rec], tmp_path))
    assert not (tmp_path/"russula/bomb.png").exists() and leftovers(tmp_path) == [] and not recwarn.list


# ---- redirects

def test_redirect_to_another_host_is_followed_because_the_hash_decides(site, one, tmp_path):
    port = site.base.rsplit(":", 1)[1]
    site.files["/elsewhere"] = site.files["/" + one["file"]]
    site.script(one["file"], status(302, Location=f"http://localhost:{port}/elsewhere"))
    assert get([one], tmp_path).fetched == [one["file"]]
    site.files["/elsewhere"] = picture(7)
    assert "another" in reason(get([one], tmp_path/"again"))


def test_redirect_loop_ends(site, one, tmp_path):
    site.script(one["file"], status(302, Location="/" + one["file"]))
    assert "redirected more than 5 times" in reason(get([one], tmp_path))
    assert len(site.times(one["file"])) == 6


@pytest.mark.parametrize("where", ["file:///etc/hostname", "ftp://127.0.0.1/x", "javascript:1"])
def test_redirect_to_anything_but_http_is_refused(site, one, tmp_path, where):
    site.script(one["file"], status(302, Location=where))
    said = reason(get([one], tmp_path))
    assert "only http and https" in said
    assert len(site.times(one["file"])) == 1


def test_the_body_of_a_redirect_is_not_read(site, one, tmp_path):
    sent = []
    def far(request, body):
        r = endless(sent, site.released)(request, body)
        r.status_code, r.headers["Location"] = 302, "/elsewhere"
        return r
    site.files["/elsewhere"] = site.files["/" + one["file"]]
    site.script(one["file"], far)
    assert get([one], tmp_path).fetched == [one["file"]]
    assert len(sent) * 65536 < 20_000_000


@pytest.mark.parametrize("url", ["file:///etc/hostname", "http://", "https://[broken/x", "not an address"])
def test_addresses_that_are_none(tmp_path, url):
    assert reason(get([record("russula/x.webp", picture(1), url=url)], tmp_path))


# ---- the folder is the fence

@pytest.mark.parametrize("file", ["../x.webp", "/abs.webp", "C:\\x.webp", "C:/x.webp", "a/../../x.webp", "a\\..\\x.webp", "x\0.webp", "", None, 7, ".hidden", "NUL"])
def test_no_record_leaves_the_folder(site, tmp_path, file):
    data = picture(1)
    home = tmp_path/"deep"/"home"
    out = get([dict(site.put("ok.webp", data), file=file)], home, mirror=site.base)
    assert len(out.failed) == 1 and out.failed[0]["file"] == file
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] in ([], [".lock"]) and site.count() == 0


@pytest.mark.skipif(os.name == "nt", reason="needs the right to make links")
def test_no_link_leads_out_of_the_folder(site, one, tmp_path):
    outside, home = tmp_path/"outside", tmp_path/"home"
    outside.mkdir(); home.mkdir()
    (home/"russula").symlink_to(outside)
    assert "leads out" in reason(get([one], home))
    assert list(outside.iterdir()) == [] and site.count() == 0
    (home/"russula").unlink()
    (outside/"kept").write_bytes(b"kept")
    (home/"russula").mkdir()
    (home/one["file"]).symlink_to(outside/"kept")
    assert get([one], home).fetched == [one["file"]]
    assert (outside/"kept").read_bytes() == b"kept" and not (home/one["file"]).is_symlink()


def test_two_records_that_disagree(site, one, tmp_path):
    with pytest.raises(ValueError, match="disagree on russula/one.webp"): get([one, dict(one, file="Russula/one.webp", sha256="1" * 64)], tmp_path)


def test_a_folder_that_cannot_be_made(site, one, tmp_path):
    (tmp_path/"file").write_text("")
    with pytest.raises(OSError, match="cannot be written.*MUSHROOMS_HOME"): get([one], tmp_path/"file"/"below")


def test_a_place_that_is_taken_by_a_folder(site, one, many, tmp_path):
    (tmp_path/one["file"]).mkdir(parents=True)
    out = get([one] + many, tmp_path)
    assert "cannot be put in its place" in reason(out) and len(out.fetched) == len(many)


# ---- mirrors

def test_the_mirror_comes_first_and_the_address_stands_in(site, many, photos, tmp_path):
    stick = tmp_path/"stick"
    for r in many[:-2]:
        (stick/r["file"]).parent.mkdir(parents=True, exist_ok=True)
        (stick/r["file"]).write_bytes(photos[r["file"]])
    (stick/many[0]["file"]).write_bytes(b"wrong")
    out = get(many, tmp_path/"home", mirror=stick)
    assert len(out.fetched) == len(many)
    assert sorted(k[1:] for k, v in site.requests.items() if v) == sorted(r["file"] for r in (many[0], many[-2], many[-1]))


def test_both_reasons_are_named(site, one, tmp_path):
    (tmp_path/"stick").mkdir()
    site.script(one["file"], status(404))
    said = reason(get([one], tmp_path/"home", mirror=tmp_path/"stick"))
    assert "mirror: it is not there" in said and "(404)" in said
    asked = site.count()
    assert reason(get([one], tmp_path/"home", mirror=tmp_path/"stick", offline=True)) == "mirror: it is not there" and site.count() == asked


def test_argument_beats_variable_and_a_wrong_one_is_named(site, one, tmp_path, monkeypatch):
    monkeypatch.setenv("MUSHROOMS_MIRROR", str(tmp_path/"nowhere"))
    with pytest.raises(ValueError, match="nowhere.*MUSHROOMS_MIRROR"): get([one], tmp_path/"home")
    assert get([one], tmp_path/"home", mirror=site.base).fetched == [one["file"]]


def test_a_mirror_folder_is_checked_like_a_server(tmp_path):
    data = bomb(9000, 9000)
    (tmp_path/"b.png").write_bytes(data)
    (tmp_path/"big.png").write_bytes(b"x" * 5000)
    rec = dict(record("b.png", picture(1)), bytes=len(data), sha256=sha256(tmp_path/"b.png"))
    assert "pixels" in reason(get([rec], tmp_path/"home", mirror=tmp_path))
    assert "another file" in reason(get([dict(rec, file="big.png")], tmp_path/"home", mirror=tmp_path))
    assert [p.name for p in (tmp_path/"home").rglob("*") if p.name != ".lock"] == []


# ---- interrupts and rivals

SCRIPT = """
import json, sys
from mushroom_lib.sources import download
out = download(json.load(open(sys.argv[1])), sys.argv[2], progress=False, timeout=30, workers=3)
print(len(out.fetched), len(out.present), len(out.failed))
"""


def start(recs, folder, tmp_path):
    "A download in a process of its own."
    (tmp_path/"recs.json").write_text(json.dumps(recs))
    env = {k: v for k, v in os.environ.items() if not k.startswith("MUSHROOMS_")}
    env["PYTHONPATH"] = str(Path(sources.__file__).parent.parent)
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path/"recs.json"), str(folder)], env=env, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(.02)


def half_done(site, many, folder, tmp_path):
    "A download that hangs in the middle of three files, with the others done or waiting."
    stuck = sorted(many, key=lambda r: r["file"])[2:5]
    for r in stuck: site.script(r["file"], trickle(r["bytes"] // 2, 25, site.released))
    child = start(many, folder, tmp_path)
    begun = lambda r: any(p.stat().st_size for p in folder.rglob(f".part-{r['sha256'][:12]}-*"))
    wait_for(lambda: all(map(begun, stuck)))
    return child, stuck


def check_and_finish(site, many, stuck, folder):
    "No half file under a final name; the next run continues what broke off and completes."
    for r in many:
        if (folder/r["file"]).exists(): assert sha256(folder/r["file"]) == r["sha256"]
    assert not any((folder/r["file"]).exists() for r in stuck)
    for r in stuck: site.script(r["file"], whole)
    out = get(many, folder)
    assert not out.failed and len(out.fetched) + len(out.present) == len(many)
    assert all(sha256(folder/r["file"]) == r["sha256"] for r in many) and leftovers(folder) == []
    assert all("Range" in site.headers(r["file"])[-1] for r in stuck)


def test_kill_9_leaves_no_half_file(site, many, tmp_path):
    folder = tmp_path/"home"
    child, stuck = half_done(site, many, folder, tmp_path)
    child.kill()
    child.communicate(timeout=10)
    check_and_finish(site, many, stuck, folder)


@pytest.fixture
def ctrl_c():
    "A child begins with Ctrl-C ignored when the tests run in the background of a shell; here it must not be."
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(os.name == "nt", reason="a child process cannot be sent Ctrl-C alone on Windows")
def test_ctrl_c_stops_at_once(site, many, tmp_path, ctrl_c):
    folder = tmp_path/"home"
    child, stuck = half_done(site, many, folder, tmp_path)
    begin = time.monotonic()
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=10)
    assert time.monotonic() - begin < 6 and child.returncode != 0 and "KeyboardInterrupt" in err
    asked = site.count()
    check_and_finish(site, many, stuck, folder)
    assert asked <= 5  # two done, three stuck: nothing was begun after the interrupt


def test_interrupt_inside_a_notebook_lets_nothing_get_its_name_later(site, many, tmp_path, monkeypatch):
    stuck = many[:4]
    for r in stuck: site.script(r["file"], trickle(r["bytes"] // 2, .5, site.released))
    def pressed(*args):
        if any(p.stat().st_size for p in tmp_path.rglob(".part-*")): raise KeyboardInterrupt
    monkeypatch.setattr(sources, "_tick", pressed)
    with pytest.raises(KeyboardInterrupt): get(many, tmp_path)
    there = {p for p in tmp_path.rglob("*.webp") if not p.name.startswith(".part-")}
    time.sleep(1.5)
    assert {p for p in tmp_path.rglob("*.webp") if not p.name.startswith(".part-")} == there
    monkeypatch.undo()
    for r in stuck: site.script(r["file"], whole)
    assert not get(many, tmp_path).failed


def test_a_photo_that_is_complete_too_late_gets_no_name(tmp_path):
    job = sources.Fetcher()
    (tmp_path/".part-x").write_bytes(b"complete")
    job.stop.set()
    with pytest.raises(sources._Stopped): sources._finish(job, tmp_path/".part-x", tmp_path/"x.webp")
    assert not (tmp_path/"x.webp").exists()


def test_parts_nobody_continues_are_cleared(site, one, tmp_path):
    (tmp_path/"russula").mkdir()
    (tmp_path/"russula"/".part-0123456789ab-old.webp").write_bytes(b"half")
    get([one], tmp_path)
    assert leftovers(tmp_path) == []


def test_a_complete_part_needs_no_request(site, one, tmp_path):
    (tmp_path/"russula").mkdir()
    (tmp_path/"russula"/f".part-{one['sha256'][:12]}-one.webp").write_bytes(site.files["/" + one["file"]])
    assert get([one], tmp_path).fetched == [one["file"]] and site.count() == 0


def test_a_poisoned_part_does_no_harm(site, one, tmp_path):
    for poison in (b"x" * (one["bytes"] - 10), b"x" * one["bytes"], b"x" * (one["bytes"] + 10)):
        folder = tmp_path/str(len(poison))
        (folder/"russula").mkdir(parents=True)
        (folder/"russula"/f".part-{one['sha256'][:12]}-one.webp").write_bytes(poison)
        assert get([one], folder).fetched == [one["file"]]
        assert sha256(folder/one["file"]) == one["sha256"]


def test_two_processes_share_a_folder(site, many, tmp_path):
    folder = tmp_path/"home"
    for r in many: site.script(r["file"], trickle(r["bytes"] // 4, .03, site.released))
    children = [start(many, folder, tmp_path) for _ in range(2)]
    outs = [c.communicate(timeout=60) for c in children]
    assert [c.returncode for c in children] == [0, 0], outs
    counts = [tuple(map(int, o.split())) for o, _ in outs]
    assert sum(f for f, _, _ in counts) == len(many) and sum(x for *_, x in counts) == 0
    assert site.count() == len(many)  # the one that came second waited, and found everything
    assert all(sha256(folder/r["file"]) == r["sha256"] for r in many) and leftovers(folder) == []
