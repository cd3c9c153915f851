"The cache of features under two processes, kill -9 and damage."
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from mushroom_lib.features import extract_features, read_cache

WORKER = """
import sys, numpy as np
from pathlib import Path
from mushroom_lib.features import extract_features
files = sorted(Path(sys.argv[1]).glob("*.png"))
np.save(sys.argv[3], extract_features(files, size=64, cache=Path(sys.argv[2]), progress=False))
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    "Two hundred small pictures: more than three shards."
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for k in range(200): Image.fromarray(rng.integers(0, 255, (40, 40, 3)).astype(np.uint8)).save(folder / f"{k:03d}.png")
    return sorted(folder.glob("*.png"))


def start(files, cache, out): return subprocess.Popen([sys.executable, "-c", WORKER, str(files[0].parent), str(cache), str(out)])


def rows(cache): return {k: v for f in {p.parent for p in cache.rglob("*.npy")} for k, v in read_cache(f, (1280,)).items()}


def test_two_processes_at_once_agree(files, tmp_path):
    both = [start(files, tmp_path / "cache", tmp_path / f"{k}.npy") for k in range(2)]
    assert [p.wait(timeout=180) for p in both] == [0, 0]
    a, b = (np.load(tmp_path / f"{k}.npy") for k in range(2))
    assert a.shape == (200, 1280) and np.abs(a - b).max() < 1e-4
    assert len(rows(tmp_path / "cache")) == 200
    assert not list((tmp_path / "cache").rglob("*.part"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_killed_in_the_middle_it_goes_on_from_there(files, tmp_path):
    cache = tmp_path / "cache"
    p = start(files, cache, tmp_path / "x.npy")
    deadline = time.time() + 120
    while not list(cache.rglob("*.npy")) and time.time() < deadline: time.sleep(.01)
    p.send_signal(signal.SIGKILL)
    p.wait()
    kept = len(rows(cache))
    assert 0 < kept < 200, "the process was not killed in the middle"
    before = set(cache.rglob("*.npy"))
    X = extract_features(files, size=64, cache=cache, progress=False)
    assert X.shape == (200, 1280) and before <= set(cache.rglob("*.npy"))
    assert len(rows(cache)) == 200


def test_a_damaged_shard_is_computed_again(files, tmp_path):
    X = extract_features(files[:70], size=64, cache=tmp_path, progress=False)
    shards = sorted(tmp_path.rglob("*.npy"))
    raw = bytearray(shards[0].read_bytes())
    raw[len(raw) // 2] ^= 255
    shards[0].write_bytes(raw)
    shards[1].write_bytes(b"")
    assert np.abs(extract_features(files[:70], size=64, cache=tmp_path, progress=False) - X).max() < 1e-4


def test_a_changed_photo_is_not_taken_for_the_old_one(files, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(files[0].read_bytes())
    first = extract_features([path], size=64, cache=tmp_path / "c", progress=False)
    path.write_bytes(files[1].read_bytes())
    second = extract_features([path], size=64, cache=tmp_path / "c", progress=False)
    assert np.abs(first - second).max() > .01
    assert np.abs(second - extract_features([files[1]], size=64, cache=tmp_path / "d", progress=False)).max() < 1e-4


def test_another_transform_has_another_cache(files, tmp_path):
    a = extract_features(files[:3], size=64, cache=tmp_path, progress=False)
    b = extract_features(files[:3], size=96, cache=tmp_path, progress=False)
    assert np.abs(a - b).max() > .01
    views = extract_features(files[:3], size=64, augment=2, cache=tmp_path, progress=False)
    assert np.abs(views[:, 0] - views[:, 1]).max() > .01
