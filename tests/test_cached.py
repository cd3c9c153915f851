"""Kept activations where a notebook cell cannot try them: damage, full disks, memory, several processes' answers,
changed photographs, labels of other types."""
import random
import sqlite3
import tracemalloc
import warnings

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import make_blobs
from torch import nn

from mushroom_lib import cached
from mushroom_lib.cached import (CachedPhotos, RowLength, cached_loaders, head_from_probe, keep_activations,
                                 late_features, photo_views)
from mushroom_lib.features import make_probe
from mushroom_lib.opening import PhotoError


@pytest.fixture
def files(tmp_path):
    "Ten small photographs of noise."
    rng = np.random.default_rng(0)
    paths = []
    for k in range(10):
        paths.append(tmp_path / f"{k}.png")
        Image.fromarray(rng.integers(0, 255, (50, 40, 3), dtype=np.uint8)).save(paths[-1])
    return paths


@pytest.fixture
def early():
    "Something that turns pixels into three maps of a quarter of the side; it counts how often it is asked."
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 3, 4, stride=4), nn.ReLU()).requires_grad_(False).eval()
    layers.calls = []
    layers.register_forward_hook(lambda layer, given, maps: layers.calls.append(len(maps)))
    return layers


def keep(files, early, **settings):
    return keep_activations(files, early, size=32, progress=False, **settings)


def test_a_photograph_decides_its_views_and_not_its_name_or_place(files, tmp_path):
    other = tmp_path / "other name.png"
    other.write_bytes(files[3].read_bytes())
    assert (photo_views(files[3], 32) == photo_views(other, 32)).all()
    assert (photo_views(files[3], 32) == photo_views(str(files[3]), 32)).all()
    different = photo_views(files[3], 32) != photo_views(files[4], 32)
    assert different.any(axis=(1, 2, 3)).all()


def test_views_with_different_seeds_never_coincide(files):
    "Seed 1 is not seed 0 shifted by a few views."
    first = photo_views(files[0], 24, views=30, seed=0)[1:].reshape(30, -1)
    second = photo_views(files[0], 24, views=30, seed=1)[1:].reshape(30, -1)
    assert not (first[:, None] == second[None]).all(axis=2).any()


@pytest.mark.parametrize("content", [None, b"cap 9 cm, gills white"])
def test_a_bad_photograph_is_named(files, early, content):
    files[4].unlink()
    if content:
        files[4].write_bytes(content)
    with pytest.raises(PhotoError, match="4.png"):
        keep(files, early)
    with pytest.raises(PhotoError, match="4.png"):
        photo_views(files[4])


def test_a_changed_photograph_is_computed_anew_and_no_other(files, early, tmp_path):
    settings = dict(name="small", cache=tmp_path / "cache")
    before = keep(files, early, **settings)
    files[2].write_bytes(files[7].read_bytes())
    early.calls.clear()
    after = keep(files, early, **settings)
    assert len(early.calls) == 1  # for the shape; the content of photograph 7 was there
    assert torch.equal(after[2], before[7])
    assert torch.equal(after[3:], before[3:])


@pytest.mark.parametrize("settings", [dict(size=28), dict(views=2), dict(seed=1), dict(name="other")])
def test_what_decides_the_activations_decides_the_file(files, early, tmp_path, settings):
    usual = dict(size=32, views=3, seed=0, name="small", cache=tmp_path / "cache", progress=False)
    keep_activations(files, early, **usual)
    early.calls.clear()
    keep_activations(files, early, **{**usual, **settings})
    assert len(early.calls) == 11


def test_a_stopped_run_goes_on_where_it_stopped(files, early, tmp_path, monkeypatch):
    monkeypatch.setattr(cached, "BATCH", 4)
    settings = dict(name="small", cache=tmp_path / "cache")
    real = cached.photo_views

    def stopped(file, *args):
        if str(file).endswith("9.png"):
            raise KeyboardInterrupt
        return real(file, *args)

    monkeypatch.setattr(cached, "photo_views", stopped)
    with pytest.raises(KeyboardInterrupt):
        keep(files, early, **settings)
    monkeypatch.setattr(cached, "photo_views", real)
    early.calls.clear()
    whole = keep(files, early, **settings)
    assert len(early.calls) == 1 + 2  # the shape, and the photographs 8 and 9
    assert torch.equal(whole, keep(files, early))


def test_a_damaged_cache_is_a_warning_and_the_answer_is_right(files, early, tmp_path):
    settings = dict(name="small", cache=tmp_path / "cache")
    right = keep(files, early, **settings)
    path, = (tmp_path / "cache").glob("*.sqlite")
    with sqlite3.connect(path) as database:  # one photograph's numbers, without their checksum
        key, content = database.execute("SELECT key, content FROM arrays").fetchone()
        flipped = bytes([content[0] ^ 1]) + content[1:]
        database.execute("UPDATE arrays SET content = ? WHERE key = ?", (flipped, key))
    assert torch.equal(keep(files, early, **settings), right)
    path.write_bytes(b"no database" * 1000)
    with pytest.warns(UserWarning, match="damaged"):
        assert torch.equal(keep(files, early, **settings), right)


def test_a_cache_that_cannot_be_written_is_a_warning(files, early, tmp_path):
    (tmp_path / "file").touch()
    with pytest.warns(UserWarning, match="not kept"):
        found = keep(files, early, name="small", cache=tmp_path / "file" / "cache")
    assert torch.equal(found, keep(files, early))


def test_memory_is_that_of_the_answer_whether_the_cache_is_cold_or_warm(tmp_path, files, monkeypatch):
    "A warm cache must not be read as a whole beside the answer."
    early = nn.Conv2d(3, 64, 2, stride=2).requires_grad_(False).eval()
    monkeypatch.setattr(cached, "BATCH", 2)
    for k in range(10, 30):
        rng = np.random.default_rng(k)
        files.append(tmp_path / f"{k}.png")
        Image.fromarray(rng.integers(0, 255, (40, 40, 3), dtype=np.uint8)).save(files[-1])
    settings = dict(size=32, name="wide", cache=tmp_path / "cache", progress=False)
    for run in ("cold", "warm"):
        tracemalloc.start()  # numpy reports to it
        kept = keep_activations(files, early, **settings)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert kept.nbytes == 30 * 4 * 64 * 16 * 16 * 2
        assert most < 1.5 * kept.nbytes, run


def test_too_much_is_refused_before_a_photograph_is_read(early):
    with pytest.raises(ValueError, match="100000 photographs take 0.2 GB"):
        keep(["nowhere.jpg"] * 100_000, early, most_bytes=1e8)


def test_labels_may_be_numbers_and_keep_their_order():
    kept = torch.zeros(12, 1, 1, 1, 1).half()
    y = [10, 9, 100] * 4
    assert CachedPhotos(kept, y).vocab == [9, 10, 100]
    assert CachedPhotos(kept, y).targets.tolist()[:3] == [1, 0, 2]


def test_a_label_without_training_photographs_is_named():
    kept = torch.zeros(4, 1, 1, 1, 1).half()
    with pytest.raises(ValueError, match="no training photograph has the label 'c'"):
        cached_loaders(kept, ["a", "b", "a", "c"], [0, 1], [2, 3])


def test_a_batch_that_is_too_large_is_said_in_one_line(capsys):
    kept = torch.zeros(6, 2, 1, 1, 1).half()
    dls = cached_loaders(kept, list("ababab"), [0, 1, 2, 3], [4, 5])
    assert capsys.readouterr().out == "only 4 photographs: the batch is 4, not 16\n"
    assert [len(y) for x, y in dls.train] == [4]


def test_no_photograph_is_left_out_of_an_epoch_and_none_is_copied():
    kept = torch.arange(37.).half().reshape(37, 1, 1, 1, 1)
    dls = cached_loaders(kept, np.arange(37) % 2, np.arange(35), [35, 36])
    seen = torch.cat([x for x, y in dls.train]).flatten()
    assert sorted(seen.tolist()) == list(range(35))
    assert dls.train_ds.activations.data_ptr() == kept.data_ptr()


def test_the_callers_random_numbers_do_not_move_and_do_not_matter():
    kept = torch.arange(80.).half().reshape(20, 4, 1, 1, 1)
    orders = []
    for state in range(2):
        random.seed(state)
        np.random.seed(state)
        torch.manual_seed(state)
        before = random.getstate(), torch.get_rng_state(), np.random.get_state()[1]
        dls = cached_loaders(kept, np.arange(20) % 2, np.arange(18), [18, 19], bs=4, seed=3)
        assert random.getstate() == before[0]
        assert torch.equal(torch.get_rng_state(), before[1])
        assert (np.random.get_state()[1] == before[2]).all()
        orders.append(torch.cat([x for epoch in range(3) for x, y in dls.train]).flatten().tolist())
    assert orders[0] == orders[1]
    assert orders[0][:18] != orders[0][18:36]  # another order and other views in the next epoch


def test_late_features_puts_the_mode_back_and_ignores_it():
    late = nn.Sequential(nn.BatchNorm2d(2), nn.Flatten())
    kept = torch.randn(5, 3, 2, 2, 2).half()
    for training in (True, False):
        late.train(training)
        X = late_features(late, kept, at_once=2)
        assert late.training is training
        assert late[0].num_batches_tracked == 0
        assert np.allclose(X[4, 1], late.eval()(kept[4, 1:2].float()).detach().numpy(), atol=1e-5)


@pytest.mark.parametrize("n_labels", [2, 3, 8])
@pytest.mark.parametrize("length", [1, 37.5])
def test_a_head_answers_as_its_probe_on_rows_of_any_length(n_labels, length):
    "Labels in another order than scikit-learn's, features that are far from zero, fewer rows than features."
    Z, z = make_blobs(60, n_features=90, centers=n_labels, cluster_std=12, random_state=1)
    Z = Z + 20
    probe = make_probe().fit(Z, z)
    order = np.random.default_rng(0).permutation(n_labels).tolist()
    after = nn.Sequential(RowLength(length), head_from_probe(probe, order, length))
    fresh = np.random.default_rng(2).normal(20, 12, (40, 90))
    with torch.inference_mode():
        answers = after(torch.tensor(fresh, dtype=torch.float32)).softmax(1).numpy()
    assert np.abs(answers - probe.predict_proba(fresh)[:, order]).max() < 1e-3


def test_nothing_warns_where_nothing_is_wrong(files, early, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        keep(files, early, name="small", cache=tmp_path / "cache")
