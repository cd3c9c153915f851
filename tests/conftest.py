"""What the tests share: a real HTTP server on loopback that can misbehave, and photographs for it to serve."""
import io, json, os, re, socket, threading, time
from collections import defaultdict
from email.utils import formatdate
from pathlib import Path

import pytest
from PIL import Image
from filelock import FileLock
from pytest_httpserver import HTTPServer
from werkzeug import Response

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

SLOW = ["test_browser.py", "test_browser_labels.py", "test_wheel.py", "test_field.py"]


def pytest_collection_modifyitems(items):
    """The slow files come first. One of two workers begins with them, browsers one after the other; the other worker begins with
    the quick ones and then takes over what is left (`pytest -n 2 --dist worksteal`)."""
    items.sort(key=lambda item: SLOW.index(item.path.name) if item.path.name in SLOW else len(SLOW))


def once(tmp_path_factory, name, make):
    "A folder that `make(folder)` has filled, one for all of pytest's workers: the first makes it, the others wait."
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder, done = base/name, base/f"{name}.done"
    with FileLock(base/f"{name}.lock"):
        if not done.exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            done.touch()
    return folder


def _field_photos():
    "The folder of the real field photos, or None: $MUSHROOMS_TEST_PHOTOS, else ../shared/field/photos beside the repository."
    place = Path(os.environ.get("MUSHROOMS_TEST_PHOTOS") or ROOT.parent/"shared"/"field"/"photos")
    return place if (place.parent/"photos.jsonl").exists() and place.is_dir() else None


def picture(n, fmt="webp", size=(64, 48)):
    "The bytes of a small picture, another one for every `n`."
    im = Image.effect_noise(size, 60 + n % 40).convert("RGB").point(lambda v, n=n: (v + 37 * n) % 256)
    out = io.BytesIO()
    im.save(out, fmt)
    return out.getvalue()


def record(file, data, url=None, **changes):
    "A complete record of SOURCES.json for the picture `data`."
    import hashlib
    with Image.open(io.BytesIO(data)) as im: width, height = im.size
    return dict(dict(file=file, collection="field", label=file.split("/")[0], species="Russula emetica", kind="photo",
        sha256=hashlib.sha256(data).hexdigest(), bytes=len(data), width=width, height=height, author="A. Finder",
        licence="CC BY-SA 4.0", licence_url="https://creativecommons.org/licenses/by-sa/4.0/", url=url,
        original_url=f"https://example.org/{file}", original_page=None, changes=None, observation=f"mo|{file}", observed_on=None), **changes)


@pytest.fixture(scope="session")
def field_photos(tmp_path_factory):
    "The folder of the 305 real photos, with photos.jsonl beside it; where it is not there, a smaller one made here."
    if place := _field_photos(): return place
    place, rows = tmp_path_factory.mktemp("field")/"photos", []
    for i in range(40):
        data = picture(i, size=(120, 90))
        rows.append(record(f"label{i % 8}/made-{i:02}.webp", data))
        (place/rows[-1]["file"]).parent.mkdir(parents=True, exist_ok=True)
        (place/rows[-1]["file"]).write_bytes(data)
    (place.parent/"photos.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return place


@pytest.fixture(scope="session")
def real_photos():
    "The folder of the 305 real photos; a test that needs them is skipped where they are not."
    if place := _field_photos(): return place
    pytest.skip("the real photos are not on this machine: name their folder in MUSHROOMS_TEST_PHOTOS")


@pytest.fixture(scope="session")
def field_records(field_photos):
    "Records of the real photos, as filed beside them."
    with open(field_photos.parent/"photos.jsonl", encoding="utf-8") as f: rows = [json.loads(o) for o in f]
    return [dict(r, collection="field", changes=None) for r in rows]


@pytest.fixture(scope="session")
def photos():
    "A dozen pictures as {file: bytes}: real ones where they are, else made here."
    place = _field_photos()
    if place is None: return {f"russula/made-{i:02}.webp": picture(i) for i in range(12)}
    found = sorted((p for p in place.rglob("*") if p.is_file()), key=lambda p: (p.stat().st_size, p.name))[:12]
    return {p.relative_to(place).as_posix(): p.read_bytes() for p in found}


@pytest.fixture(scope="session")
def make_httpserver():
    "pytest-httpserver's server, on loopback only, answering several requests at a time."
    server = HTTPServer(host="127.0.0.1", port=0, threaded=True)
    server.start()
    yield server
    server.clear()
    if server.is_running(): server.stop()


class Site:
    "Serves `files` with ranges, notes every request, and does what `script` says for a path instead, one entry a request, the last for ever."

    def __init__(self, base):
        self.base, self.files, self.scripts = base, {}, {}
        self.requests, self.lock, self.released = defaultdict(list), threading.Lock(), threading.Event()
        self.now, self.most, self.delay = 0, 0, 0

    def put(self, file, data, **changes):
        "Serves `data` as `file`; returns its record."
        self.files["/" + file] = data
        return record(file, data, url=f"{self.base}/{file}", **changes)

    def script(self, file, *answers):
        "Each answer is a function of (request, body) that returns a response."
        self.scripts["/" + file] = list(answers)

    def times(self, file): return [t for t, _ in self.requests["/" + file]]

    def headers(self, file): return [h for _, h in self.requests["/" + file]]

    def count(self): return sum(map(len, self.requests.values()))

    def __call__(self, request):
        with self.lock:
            self.requests[request.path].append((time.time(), dict(request.headers)))
            self.now += 1
            self.most = max(self.most, self.now)
            plan = self.scripts.get(request.path, [whole])
            answer = plan.pop(0) if len(plan) > 1 else plan[0]
        try:
            self.released.wait(self.delay)
            return answer(request, self.files.get(request.path))
        finally:
            with self.lock: self.now -= 1


def whole(request, body):
    "The file, or the part of it that was asked for."
    if body is None: return Response("<html>not here</html>", 404)
    asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
    if not asked: return Response(body, 200, mimetype="image/webp")
    start = int(asked[1])
    if start >= len(body): return Response("", 416)
    return Response(body[start:], 206, {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}, mimetype="image/webp")


def status(code, **headers):
    "An answer with nothing but a status and headers (`Retry_After=2`)."
    return lambda request, body: Response("sorry", code, {k.replace("_", "-"): str(v) for k, v in headers.items()})


def cut(n):
    "The file announced whole, but ended after `n` bytes (of what was asked for)."
    def answer(request, body):
        r = whole(request, body)
        data = r.get_data()
        r.response, r.headers["Content-Length"] = [data[:n]], str(len(data))
        return r
    return answer


def trickle(step, pause, stop):
    "The file in pieces of `step` bytes with a pause between them, until `stop` is set."
    def answer(request, body):
        r = whole(request, body)
        data = r.get_data()
        def pieces():
            for i in range(0, len(data), step):
                yield data[i:i + step]
                stop.wait(pause)
        r.response = pieces()
        r.headers["Content-Length"] = str(len(data))
        return r
    return answer


def http_date(seconds):
    "An HTTP date so many seconds from now."
    return formatdate(time.time() + seconds, usegmt=True)


@pytest.fixture
def site(httpserver):
    "A `Site` on the loopback server."
    site = Site(httpserver.url_for("").rstrip("/"))
    httpserver.expect_request(re.compile(".*")).respond_with_handler(site)
    yield site
    site.released.set()


@pytest.fixture
def only_loopback(monkeypatch):
    "No name but this computer's own is found, no other address reached, no set-up of the user's counts. Gives the names looked up."
    real, connect, asked = socket.getaddrinfo, socket.socket.connect, []
    def lookup(host, *args, **kwargs):
        asked.append(host)
        if host not in LOOPBACK: raise socket.gaierror(-2, "Name or service not known")
        return real(host, *args, **kwargs)
    def reach(self, address):
        if isinstance(address, tuple) and address[0] not in LOOPBACK: raise AssertionError(f"a test reached for {address}")
        return connect(self, address)
    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(socket.socket, "connect", reach)
    for name in [o for o in os.environ if o.startswith("MUSHROOMS_") or o.lower().endswith("_proxy")]: monkeypatch.delenv(name)
    return asked
