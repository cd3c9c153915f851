"""The download against a real server that is slow, breaks off, lies, refuses and redirects; kill -9 and Ctrl-C."""
import gzip
import hashlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import pytest
from werkzeug import Response

from conftest import cut, http_date, picture, record, status, trickle, whole
from mushroom_lib import download as module
from mushroom_lib.download import Fetcher, FetchError, download
from mushroom_lib.sources import sha256, verify

pytestmark = pytest.mark.usefixtures("only_loopback")
QUICK = dict(progress=False, pause=.02, timeout=5)


def get(recs, folder, **kwargs): return download(recs, folder, **{**QUICK, **kwargs})


def reason(out):
    "The one reason for the one failure."
    assert len(out.failed) == 1, out
    return out.failed[0]["reason"]


def leftovers(folder): return [p.name for p in Path(folder).rglob(".*") if p.name != ".lock"]


@pytest.fixture
def one(site): return site.put("russula/one.webp", picture(1, size=(200, 200)))


@pytest.fixture
def many(site, photos): return [site.put(file, data) for file, data in photos.items()]


@pytest.fixture
def waits(monkeypatch):
    "Nobody sleeps; the list of the seconds that would have been slept."
    slept = []
    monkeypatch.setattr(module.time, "sleep", slept.append)
    return slept


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
    assert leftovers(tmp_path) == [] and site.most == 1


def file_problems(folder, sources):
    "What `verify` finds about files; the facts beside the photos have garbled authors that are only filed as such later."
    return [p for p in verify("field", folder, sources, progress=False) if p["problem"] != "author"]


def test_real_photos_from_a_mirror_on_the_web_and_in_a_folder(site, field_photos, field_records, tmp_path, monkeypatch):
    kept = dict(collections={"field": {}}, images=field_records)
    for r in field_records: site.files["/" + r["file"]] = (field_photos/r["file"]).read_bytes()
    out = get(field_records, tmp_path/"web", mirror=site.base + "/")
    assert (len(out.fetched), out.failed) == (len(field_records), [])
    assert file_problems(tmp_path/"web", kept) == []
    monkeypatch.setenv("MUSHROOMS_MIRROR", str(field_photos))
    out = get(field_records, tmp_path/"folder")
    assert (len(out.fetched), out.failed) == (len(field_records), [])
    assert file_problems(tmp_path/"folder", kept) == []


def test_introduces_itself(site, one, tmp_path):
    get([one], tmp_path, contact="me@example.org")
    sent = site.headers(one["file"])[0]
    assert sent["User-Agent"].startswith("mushroom_lib/") and "me@example.org" in sent["User-Agent"]
    assert sent["Accept-Encoding"] == "identity"


def test_progress_goes_to_stderr_only(many, tmp_path, capsys):
    download(many, tmp_path, pause=.02)
    said = capsys.readouterr()
    assert said.out == "" and "download" in said.err and f"{len(many)}/{len(many)}" in said.err


def test_a_slow_server_is_waited_for(site, one, tmp_path):
    site.script(one["file"], trickle(one["bytes"] // 8, .1, site.released))
    assert get([one], tmp_path, timeout=2).fetched == [one["file"]]


# ---- what may be tried again

def test_silence_is_tried_again_and_then_reported(site, one, tmp_path):
    def silent(request, body):
        site.released.wait(3)
        return whole(request, body)
    site.script(one["file"], silent)
    assert "the connection fails (ReadTimeout)" in reason(get([one], tmp_path, timeout=.3, retries=2))
    assert len(site.times(one["file"])) == 3


@pytest.mark.parametrize("code", [500, 502, 503, 504, 429, 408])
def test_trouble_passes(site, one, tmp_path, code):
    site.script(one["file"], status(code), whole)
    assert get([one], tmp_path).fetched == [one["file"]]
    assert len(site.times(one["file"])) == 2


def test_pauses_grow(site, one, tmp_path, waits):
    site.script(one["file"], status(500))
    assert reason(get([one], tmp_path, pause=1, retries=3)).endswith("the server answers 500 (INTERNAL SERVER ERROR)")
    assert len(waits) == 3 and 1 <= waits[0] < 2 <= waits[1] < 4 <= waits[2] < 8


def test_a_wait_is_what_the_server_asked_for(site, one, tmp_path, waits):
    site.script(one["file"], status(429, Retry_After=50), lambda request, body: Response("", 503, {"Retry-After": http_date(40)}), whole)
    assert get([one], tmp_path).fetched == [one["file"]]
    assert waits[0] == 50 and 35 < waits[1] <= 40


def test_the_wait_is_really_waited(site, one, tmp_path):
    site.script(one["file"], status(429, Retry_After=1), whole)
    assert get([one], tmp_path).fetched == [one["file"]]
    first, second = site.times(one["file"])
    assert second - first >= 1


@pytest.mark.parametrize("when", ["3600", "date", "9" * 30])
def test_a_wait_of_more_than_a_minute_ends_it(site, many, tmp_path, waits, when):
    for r in many: site.script(r["file"], status(429, Retry_After=http_date(3600) if when == "date" else when))
    out = get(many, tmp_path)
    assert site.count() == 1 and waits == []
    assert len(out.failed) == len(many) and all("429 (TOO MANY REQUESTS): come back in" in o["reason"] for o in out.failed)


def test_a_server_that_goes_on_asking_for_patience_is_given_up(site, many, tmp_path, waits):
    for r in many: site.script(r["file"], status(503, Retry_After=20))
    out = get(many, tmp_path, retries=2)
    assert site.count() == 3 and waits == [20, 20] and len(out.failed) == len(many)


def test_three_lost_files_in_a_row_are_enough(many, tmp_path):
    dead = [dict(r, file=f"dead/{i}.webp", url=f"http://127.0.0.1:9/{i}") for i, r in enumerate(many)]
    out = get(dead + many, tmp_path, retries=1)
    assert len(out.fetched) == len(many) and len(out.failed) == len(dead)
    assert all("http://127.0.0.1:9: the connection fails (ConnectionError); are you online?" == o["reason"] for o in out.failed)


def test_no_internet_is_said_after_three_files(many, tmp_path, only_loopback):
    lost = [dict(r, url=f"https://photos.example.org/{r['file']}") for r in many]
    out = get(lost, tmp_path, retries=3)
    assert only_loopback.count("photos.example.org") == 3 * 4 and len(out.failed) == len(many) == 12
    assert all("are you online?" in o["reason"] for o in out.failed)
    assert str(out).count("\n") == 1 and "and 7 more (see .failed)" in str(out)  # one reason, one line


def test_lost_files_that_are_not_in_a_row_give_nothing_up(site, many, tmp_path):
    for r in many[::2]: site.script(r["file"], status(500))
    out = get(many, tmp_path, retries=0)
    assert len(out.fetched) == len(out.failed) == len(many) // 2 and site.count() == len(many)


# ---- bodies that are not what they should be

def test_a_body_that_is_cut_off_is_asked_for_again(site, one, tmp_path):
    site.script(one["file"], cut(1000), whole)
    assert get([one], tmp_path).fetched == [one["file"]]
    assert len(site.times(one["file"])) == 2
    site.script(one["file"], cut(1000))
    assert "breaks off after 1,000 bytes" in reason(get([one], tmp_path/"again", retries=1))
    assert not (tmp_path/"again"/one["file"]).exists()


def test_short_body_without_length_is_noticed(site, one, tmp_path):
    site.script(one["file"], lambda request, body: Response(iter([body[:500]]), 200))
    assert reason(get([one], tmp_path)) and not (tmp_path/one["file"]).exists() and leftovers(tmp_path) == []


def liar(announced):
    def answer(request, body):
        r = Response(iter([body]), 200)
        r.headers["Content-Length"] = str(announced)
        return r
    return answer


def test_announced_lengths_that_are_lies(site, one, tmp_path):
    site.script(one["file"], liar(10**9))
    assert "announces 1000000000 bytes" in reason(get([one], tmp_path)) and len(site.times(one["file"])) == 1
    site.script(one["file"], liar(800))
    assert reason(get([one], tmp_path))
    site.script(one["file"], liar(one["bytes"] + 5))
    assert "breaks off" in reason(get([one], tmp_path, retries=0))
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
    assert "more than the 1,000,000 bytes allowed come" in reason(get([one], tmp_path, max_bytes=1_000_000))
    assert len(sent) * 65536 < 20_000_000 and leftovers(tmp_path) == []


def test_limit_on_bytes(site, one, tmp_path):
    assert "more than the 1,000 allowed" in reason(get([one], tmp_path, max_bytes=1000))
    assert len(site.times(one["file"])) == 1


@pytest.fixture
def raw():
    "A server that sends the given pieces, with a pause after each, whatever it is asked; gives its address."
    listener, stop = socket.create_server(("127.0.0.1", 0)), threading.Event()
    def serve(pieces, pause):
        def run():
            while not stop.is_set():
                connection, _ = listener.accept()
                with connection:
                    try:
                        connection.recv(65536)
                        for piece in pieces:
                            if stop.is_set(): break
                            connection.sendall(piece)
                            stop.wait(pause)
                    except OSError: continue  # the other side has had enough
        threading.Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/x.webp"
    yield serve
    stop.set()
    listener.close()


DRIPS = {
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x"),
    "body without length": (b"HTTP/1.0 200 OK\r\n\r\n", b"x"),
    "headers": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "length of a chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", b"x"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "redirect": (b"HTTP/1.1 302 Found\r\nLocation: /y\r\nX-Long: ", b"x"),
}


@pytest.mark.parametrize("where", DRIPS)
def test_a_drip_without_end_is_stopped_wherever_it_drips(raw, where, monkeypatch):
    monkeypatch.setattr(module, "MAX_SECONDS", .6)
    start, piece = DRIPS[where]
    with pytest.raises(FetchError, match="after 0.6 s"): Fetcher(retries=0).fetch(raw([start, *[piece] * 2000], .05))


def test_a_drip_is_not_asked_for_again(site, one, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_SECONDS", .4)
    site.script(one["file"], trickle(1, .05, site.released))
    assert "after 0.4 s" in reason(get([one], tmp_path)) and len(site.times(one["file"])) == 1


BROKEN = {
    "Content-Length": b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nhalf",
    "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf",
    "no last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    "no chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhalf a picture\r\n",
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_body_is_never_half_a_photo(raw, what):
    with pytest.raises(FetchError, match="it breaks off after"): Fetcher(retries=0).fetch(raw([BROKEN[what]], 0))


def test_what_comes_compressed_is_not_unpacked(site, one, tmp_path):
    bomb = gzip.compress(bytes(50_000_000))
    for encoding in ("gzip", "deflate", "GZIP, gzip"):
        site.script(one["file"], lambda request, body: Response(bomb, 200, {"Content-Encoding": encoding}))
        assert "compresses its answer" in reason(get([one], tmp_path))


# ---- what is final

@pytest.mark.parametrize("code", [404, 403, 410, 451, 204, 206, 304])
def test_refusals_are_final(site, one, tmp_path, code):
    site.script(one["file"], status(code))
    assert f"the server answers {code} (" in reason(get([one], tmp_path))
    assert len(site.times(one["file"])) == 1 and leftovers(tmp_path) == []


def test_another_picture_is_refused(site, one, tmp_path):
    data = bytearray(site.files["/" + one["file"]])
    data[-20] ^= 1
    site.files["/" + one["file"]] = bytes(data)
    assert reason(get([one], tmp_path))
    site.files["/" + one["file"]] = picture(7)
    assert "another picture" in reason(get([one], tmp_path))
    site.files["/" + one["file"]] = picture(1, size=(200, 200))
    assert "another picture" in reason(get([dict(one, bytes=7)], tmp_path))  # the size counts as well
    assert list(tmp_path.rglob("*.webp")) == [] and leftovers(tmp_path) == []


def test_what_is_no_picture_is_refused_although_the_hash_is_right(site, tmp_path):
    data = b"<!doctype html><title>Log in</title>"
    site.files["/russula/page.webp"] = data
    rec = dict(record("russula/page.webp", picture(1), url=f"{site.base}/russula/page.webp"), bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    assert "this is a web page" in reason(get([rec], tmp_path))
    assert not (tmp_path/rec["file"]).exists() and leftovers(tmp_path) == []


def test_what_is_there_and_wrong_is_not_lost_before_the_right_one_is_there(site, one, tmp_path):
    (tmp_path/"russula").mkdir()
    (tmp_path/one["file"]).write_bytes(b"mine")
    site.script(one["file"], status(404))
    get([one], tmp_path)
    assert (tmp_path/one["file"]).read_bytes() == b"mine"


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


@pytest.mark.parametrize("where", ["file:///etc/hostname", "FILE:/etc/hostname", "ftp://127.0.0.1/x", "javascript:1", "data:,x"])
def test_redirect_to_anything_but_http_is_refused(site, one, tmp_path, where):
    site.script(one["file"], status(302, Location=where))
    assert "and not to http or https" in reason(get([one], tmp_path))
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


@pytest.mark.parametrize("url", ["file:///etc/hostname", "http://", "https://[broken/x", "not an address", None])
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
    outside.mkdir()
    home.mkdir()
    (home/"russula").symlink_to(outside)
    assert "leads out" in reason(get([one], home))
    assert list(outside.iterdir()) == [] and site.count() == 0
    (home/"russula").unlink()
    (outside/"kept").write_bytes(b"kept")
    (home/"russula").mkdir()
    (home/one["file"]).symlink_to(outside/"kept")
    assert get([one], home).fetched == [one["file"]]
    assert (outside/"kept").read_bytes() == b"kept" and not (home/one["file"]).is_symlink()


def test_a_folder_that_cannot_be_made(site, one, tmp_path):
    (tmp_path/"file").write_text("")
    with pytest.raises(OSError, match="below"): get([one], tmp_path/"file"/"below")


def test_a_place_that_is_taken_by_a_folder(site, one, many, tmp_path):
    (tmp_path/one["file"]).mkdir(parents=True)
    out = get([one] + many, tmp_path)
    assert "irectory" in reason(out) and len(out.fetched) == len(many) and leftovers(tmp_path) == []


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
    assert "mirror: No such file or directory; " in said and f"{site.base}: the server answers 404" in said


def test_argument_beats_variable_and_a_wrong_one_is_named(site, one, tmp_path, monkeypatch):
    monkeypatch.setenv("MUSHROOMS_MIRROR", str(tmp_path/"nowhere"))
    with pytest.raises(ValueError, match="nowhere.*MUSHROOMS_MIRROR"): get([one], tmp_path/"home")
    assert get([one], tmp_path/"home", mirror=site.base).fetched == [one["file"]]


def test_a_mirror_below_the_home_folder(one, site, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("MUSHROOMS_MIRROR", "~/stick")
    (tmp_path/"stick"/"russula").mkdir(parents=True)
    (tmp_path/"stick"/one["file"]).write_bytes(site.files["/" + one["file"]])
    assert get([one], tmp_path/"home").fetched == [one["file"]] and site.count() == 0


def test_a_mirror_folder_is_checked_like_a_server(tmp_path):
    data = bomb(9000, 9000)
    (tmp_path/"b.png").write_bytes(data)
    (tmp_path/"big.png").write_bytes(picture(1, "png", (300, 300)))
    rec = dict(record("b.png", picture(1)), bytes=len(data), sha256=sha256(tmp_path/"b.png"))
    assert "pixels" in reason(get([rec], tmp_path/"home", mirror=tmp_path))
    assert "another picture" in reason(get([dict(rec, file="big.png")], tmp_path/"home", mirror=tmp_path))
    assert reason(get([dict(rec, file="big.png")], tmp_path/"home", mirror=tmp_path, max_bytes=1000))
    assert [p.name for p in (tmp_path/"home").rglob("*") if p.name != ".lock"] == []


# ---- interrupts and rivals

SCRIPT = """
import json, sys
from mushroom_lib.download import download
out = download(json.load(open(sys.argv[1])), sys.argv[2], progress=False, timeout=30)
print(len(out.fetched), len(out.present), len(out.failed))
"""


def start(recs, folder, tmp_path):
    "A download in a process of its own."
    (tmp_path/"recs.json").write_text(json.dumps(recs))
    env = {k: v for k, v in os.environ.items() if not k.startswith("MUSHROOMS_")}
    env["PYTHONPATH"] = str(Path(module.__file__).parent.parent)
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path/"recs.json"), str(folder)], env=env, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(.02)


@pytest.fixture
def ctrl_c():
    "A child begins with Ctrl-C ignored when the tests run in the background of a shell; here it must not be."
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(os.name == "nt", reason="a child process cannot be sent Ctrl-C alone on Windows")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupt_ends_it_and_leaves_nothing_half_done(site, many, tmp_path, ctrl_c, how):
    folder, stuck = tmp_path/"home", many[2]
    site.script(stuck["file"], trickle(stuck["bytes"] // 2, 60, site.released))
    child = start(many, folder, tmp_path)
    wait_for(lambda: site.times(stuck["file"]))
    child.send_signal(how)
    _, err = child.communicate(timeout=20)  # much less than the server's pause of 60 s
    assert child.returncode != 0 and ("KeyboardInterrupt" in err) == (how == signal.SIGINT)
    assert {p.name for p in folder.rglob("*") if p.is_file()} == {Path(r["file"]).name for r in many[:2]} | {".lock"}
    assert site.count() == 3
    site.script(stuck["file"], whole)
    out = get(many, folder)
    assert (len(out.present), len(out.fetched), out.failed) == (2, len(many) - 2, [])
    assert all(sha256(folder/r["file"]) == r["sha256"] for r in many) and leftovers(folder) == []


def test_after_an_interrupt_nothing_gets_its_name_later(site, many, tmp_path, monkeypatch):
    asked = threading.Event()
    def late(request, body):
        asked.set()
        site.released.wait(.5)
        return whole(request, body)
    site.script(many[0]["file"], late)
    real = module.ThreadPool
    class Pressed(real):
        def apply_async(self, *args):
            real.apply_async(self, *args)
            asked.wait(5)
            raise KeyboardInterrupt
    monkeypatch.setattr(module, "ThreadPool", Pressed)
    with pytest.raises(KeyboardInterrupt): get(many, tmp_path)
    wait_for(lambda: site.now == 0)
    time.sleep(.2)
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == [".lock"]


def test_two_processes_share_a_folder(site, many, tmp_path):
    folder = tmp_path/"home"
    for r in many: site.script(r["file"], trickle(r["bytes"] // 4, .03, site.released))
    children = [start(many, folder, tmp_path) for _ in range(2)]
    outs = [c.communicate(timeout=60) for c in children]
    assert [c.returncode for c in children] == [0, 0], outs
    counts = [tuple(map(int, o.split())) for o, _ in outs]
    assert sum(f for f, _, _ in counts) == len(many) and sum(x for *_, x in counts) == 0
    assert site.count() == len(many)  # the one that came second waited, and found everything
    assert any("another program is at work in" in err for _, err in outs)
    assert all(sha256(folder/r["file"]) == r["sha256"] for r in many) and leftovers(folder) == []
