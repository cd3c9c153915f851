"""The cache of features where a notebook cell cannot try it: few file handles, several users and
processes, kill -9, full disks, damage. Every test counts the photos that were computed anew."""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mushroom_lib import features
from mushroom_lib.features import ArrayStore, extract_features

N = 200  # photos: three batches of 64 and a rest
ROW = features.N_FEATURES * 4  # bytes of a photo's features

# Prints how many photos were computed, the warnings, and how far the features are from the truth.
# The network is not the subject here: pixels stand for features, unless `network` is asked for.
WORKER = """
import json, os, signal, sys, warnings
from pathlib import Path
import numpy as np
from PIL import Image
from mushroom_lib import features

Image.init()  # what is imported late could not be once the rights or the file handles are given up
pictures, cache, truth = map(Path, sys.argv[1:4])
truth = np.load(truth)
decode, computed = features.open_photo, []

def counted(content, **settings):
    computed.append(settings["name"])
    return decode(content, **settings)

def pixels(pictures):
    return pictures.reshape(len(pictures), -1)[:, :features.N_FEATURES].astype(np.float32)

features.open_photo = counted
if "network" not in sys.argv:
    features._forward = pixels
files = sorted(pictures.glob("*.png"))
features._weights_tag()
{before}
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    X = features.extract_features(files, size=32, cache=cache, progress=False)
wrong = float(abs(X - truth[:len(X)]).max())
print(json.dumps([len(computed), [str(w.message) for w in said], wrong]))
"""


def pixels(pictures):
    "What stands for features."
    return pictures.reshape(len(pictures), -1)[:, :features.N_FEATURES].astype(np.float32)


@pytest.fixture(scope="module")
def place():
    "A folder that every user may enter, which pytest's own are not."
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def files(place):
    "Two hundred small pictures."
    folder = place / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for k in range(N):
        noise = rng.integers(0, 255, (40, 40, 3)).astype(np.uint8)
        Image.fromarray(noise).save(folder / f"{k:03d}.png")
    return sorted(folder.glob("*.png"))


@pytest.fixture(scope="module")
def truth(files, place):
    "What stands for their features, computed with a cache of their own; also in truth.npy."
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(features, "_forward", pixels)
        X = extract_features(files, size=32, cache=place / "truth", progress=False)
    np.save(place / "truth.npy", X)
    return X


@pytest.fixture
def cache(place):
    "The path of a cache that is not there yet."
    path = Path(tempfile.mkdtemp(dir=place))
    path.chmod(0o755)
    return path / "cache"


def start(files, cache, before="", truth="truth.npy", *more):
    "A process that computes the features of all pictures."
    place = files[0].parent.parent
    command = [sys.executable, "-c", WORKER.format(before=before), place / "pictures", cache,
               place / truth, *more]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def finish(process):
    "(photos computed, warnings) of a process, whose features must be right."
    said, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    computed, warned, wrong = json.loads(said.splitlines()[-1])
    assert wrong < 1e-3
    return computed, warned


def run(*args):
    return finish(start(*args))


def database(cache):
    "The cache's only database."
    found, = cache.glob("*.sqlite")
    return found


def kept(cache, files):
    "How many of the pictures have a row."
    store = ArrayStore(database(cache), (features.N_FEATURES,), np.float32)
    return len(store.get([features._read(file)[1] for file in files]))


NOBODY = "os.setgroups([]); os.setgid(65534); os.setuid(65534)"
root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0,
                          reason="only root can become another user")
unix = pytest.mark.skipif(os.name == "nt", reason="not on Windows")


@unix
def test_few_file_handles(files, truth, cache):
    "The real network among them."
    few = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))"
    X = extract_features(files, size=32, cache=cache.parent / "other", progress=False)
    np.save(files[0].parent.parent / "network.npy", X)
    assert run(files, cache, few, "network.npy", "network") == (N, [])
    assert run(files, cache, few, "network.npy", "network") == (0, [])
    assert len(list(cache.iterdir())) == 1


@unix
def test_no_file_handle_left_for_the_cache(files, truth, cache):
    "Costs time, and no row."
    assert run(files, cache) == (N, [])
    content = database(cache).read_bytes()
    computed, said = run(files, cache, """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
connect = features.ArrayStore._connect
def without_handles(store):
    taken = []
    try:
        while True:
            taken.append(os.dup(0))
    except OSError:
        return connect(store)
    finally:
        for handle in taken:
            os.close(handle)
features.ArrayStore._connect = without_handles
""")
    assert computed == N and len(said) == 1 and "unable to open database file" in said[0]
    assert database(cache).read_bytes() == content
    assert run(files, cache) == (0, [])


@root
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_two_users(files, truth, cache, umask):
    "The second user reads what the first one's umask allows, and harms nothing."
    cache.mkdir()
    assert run(files, cache, f"os.umask({umask}); files = files[:150]") == (150, [])
    assert database(cache).stat().st_mode & 0o777 == 0o666 & ~umask
    content = database(cache).read_bytes()
    cache.chmod(0o777)  # a folder for all, so that another user could even delete
    computed, said = run(files, cache, NOBODY)
    if umask == 0o000:
        assert (computed, said) == (50, [])
        assert run(files, cache) == (0, [])
    else:
        assert computed == (N if umask == 0o077 else 50)
        assert len(said) == 1 and "cannot be used" in said[0]
        assert database(cache).read_bytes() == content
        assert run(files, cache) == (50, [])
    assert len(list(cache.iterdir())) == 1


@root
def test_a_folder_that_one_may_not_write(files, truth, cache):
    cache.mkdir()
    cache.chmod(0o755)
    computed, said = run(files, cache, NOBODY)
    assert computed == N and len(said) == 1 and "MUSHROOMS_CACHE" in said[0]
    assert list(cache.iterdir()) == []
    assert run(files, cache) == (N, [])
    assert run(files, cache, NOBODY) == (0, [])  # nothing to keep, so nothing to complain of


TOGETHER = """
import time
cache.parent.joinpath(f"ready-{os.getpid()}").touch()
while len(list(cache.parent.glob("ready-*"))) < 2:
    time.sleep(.001)
"""  # as the code of a process: waits for the other one


def test_two_processes_at_once(files, truth, cache):
    both = [start(files, cache, TOGETHER) for _ in range(2)]
    (first, said), (second, said_too) = map(finish, both)
    assert first + second >= N and said == said_too == []
    assert run(files, cache) == (0, [])


def test_two_processes_find_the_same_damage(files, truth, cache):
    assert run(files, cache) == (N, [])
    content = b"\0" * 100_000
    database(cache).write_bytes(content)
    both = [start(files, cache, TOGETHER) for _ in range(2)]
    assert sum(computed for computed, _ in map(finish, both)) >= N
    aside, = cache.glob("*.damaged-*")
    assert aside.read_bytes() == content
    assert run(files, cache) == (0, [])


@unix
def test_killed_between_batches_it_goes_on_from_there(files, truth, cache):
    process = start(files, cache, """
forward = features._forward
def killed(pictures):
    if len(computed) > 100:
        os.kill(os.getpid(), signal.SIGKILL)
    return forward(pictures)
features._forward = killed
""")
    assert process.wait(timeout=300) == -signal.SIGKILL
    assert kept(cache, files) == 64
    assert run(files, cache) == (N - 64, [])
    assert run(files, cache) == (0, [])


@unix
@pytest.mark.parametrize("rows", [100, 130])
def test_killed_in_the_middle_of_writing(files, truth, cache, rows):
    "The system kills a process that writes beyond a limit: a part of a batch is on the disk."
    process = start(files, cache, f"""
import resource
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_FSIZE, ({rows * ROW}, -1))
""")
    assert process.wait(timeout=300) == -signal.SIGXFSZ
    assert len(list(cache.glob("*.sqlite-journal"))) == 1, "it was not killed while it wrote"
    assert run(files, cache) == (N - 64, [])
    assert run(files, cache) == (0, [])
    assert len(list(cache.iterdir())) == 1


@unix
def test_a_full_disk(files, truth, cache):
    "A limit to the size of files stands for it: room for one batch and a half."
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({128 * ROW}, -1))"
    computed, said = run(files, cache, limit)
    assert computed == N and len(said) == 1 and "cannot be used" in said[0]
    assert [p.name for p in cache.iterdir()] == [database(cache).name]
    assert run(files, cache) == (N - 64, [])
    assert run(files, cache) == (0, [])


def test_what_sqlite_says_of_a_full_disk(files, truth, cache):
    "Made by a limit to its pages."
    computed, said = run(files, cache, f"""
connect = features.sqlite3.connect
def small(path, **settings):
    database = connect(path, **settings)
    database.execute("PRAGMA max_page_count = {128 * ROW // 4096}")
    return database
features.sqlite3.connect = small
""")
    assert computed == N and len(said) == 1 and "database or disk is full" in said[0]
    assert run(files, cache) == (N - 64, [])


def test_a_flipped_byte_in_a_row(files, truth, cache):
    assert run(files, cache) == (N, [])
    content = bytearray(database(cache).read_bytes())
    at = content.index(truth[7][:200].tobytes())
    content[at + 150] ^= 4
    database(cache).write_bytes(content)
    assert run(files, cache) == (1, [])
    assert run(files, cache) == (0, [])


@pytest.mark.parametrize("seed", range(5))
def test_flipped_bytes_anywhere(files, truth, cache, seed):
    "Whatever is damaged: the features are right, and what was there is still on the disk."
    shutil.copytree(files[0].parent.parent / "truth", cache)
    content, rng = bytearray(database(cache).read_bytes()), random.Random(seed)
    for _ in range(20):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    content[rng.randrange(20, 4096)] ^= 255  # and one near the head, where it hurts
    database(cache).write_bytes(content)
    computed, said = run(files, cache)
    assert len(said) <= 1 and computed > 0
    assert sum(p.stat().st_size for p in cache.iterdir()) >= len(content)


def test_a_file_cut_short_is_moved_aside(files, truth, cache):
    assert run(files, cache) == (N, [])
    content = database(cache).read_bytes()[:50_001]
    database(cache).write_bytes(content)
    computed, said = run(files, cache)
    assert computed > 0 and len(said) == 1 and "it was moved to" in said[0]
    aside, = cache.glob("*.damaged-*")
    assert aside.read_bytes() == content


def test_locked_for_too_long(files, truth, cache):
    assert run(files, cache) == (N, [])
    other = features.sqlite3.connect(database(cache))
    other.execute("BEGIN EXCLUSIVE")
    computed, said = run(files, cache, "features.ArrayStore.patience = .05")
    other.close()
    assert computed == N and len(said) == 1 and "database is locked" in said[0]
    assert run(files, cache) == (0, [])


def test_the_shards_of_the_first_edition_are_left_alone(files, truth, cache):
    old = cache / "47ad2bb8-crop32" / "views0" / "0a1b2c3d.npy"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"a shard")
    assert run(files, cache) == (N, [])
    assert old.read_bytes() == b"a shard"


def test_the_cache_may_be_in_the_home_folder(files, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MUSHROOMS_CACHE", "~/mine")
    extract_features(files[:1], size=32, progress=False)
    extract_features(files[:1], size=32, cache="~/other", progress=False)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", "other"]


def test_a_changed_photo_is_not_taken_for_the_old_one(files, truth, tmp_path, monkeypatch):
    monkeypatch.setattr(features, "_forward", pixels)
    path = tmp_path / "a.png"
    for k in (0, 1):
        path.write_bytes(files[k].read_bytes())
        X = extract_features([path], size=32, cache=tmp_path / "c", progress=False)
        assert np.abs(X - truth[k]).max() < 1e-3


def test_another_setting_has_another_cache(files, tmp_path, monkeypatch):
    a = extract_features(files[:3], size=64, cache=tmp_path, progress=False)
    b = extract_features(files[:3], size=96, cache=tmp_path, progress=False)
    assert np.abs(a - b).max() > .01
    views = extract_features(files[:3], size=64, views=2, cache=tmp_path, progress=False)
    assert np.abs(views[:, 0] - views[:, 1]).max() > .01
    monkeypatch.setattr(features, "CACHE_VERSION", features.CACHE_VERSION + 1)
    black = np.zeros((64, 64, 3), np.uint8)
    monkeypatch.setattr(features, "center_crop", lambda im, size: black)
    c = extract_features(files[:3], size=64, cache=tmp_path, progress=False)
    assert np.abs(a - c).max() > .01 and len(list(tmp_path.iterdir())) == 4


def test_a_seed_means_the_same_with_a_cold_and_a_warm_cache(files, tmp_path, monkeypatch):
    import torch
    features._backbone_on.cache_clear()
    drawn = []
    for _ in range(2):
        torch.manual_seed(3)
        extract_features(files[:2], size=32, cache=tmp_path, progress=False)
        drawn.append(torch.rand(4))
    assert torch.equal(*drawn)
