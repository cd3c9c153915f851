"The learner as a fastai user would use it, and what it says to bad input."
import numpy as np
import pytest
import torch
from PIL import Image

from mushroom_lib import finetune as ft
from mushroom_lib.features import make_probe
from mushroom_lib.opening import PhotoError
from mushroom_lib.old_splits import Split

pd = pytest.importorskip("pandas")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    "Sixteen pictures of two colours, with a little noise, as a table."
    folder, rng, rows = tmp_path_factory.mktemp("colours"), np.random.default_rng(0), []
    for k in range(16):
        a = rng.integers(0, 60, (80, 100, 3)).astype(np.uint8)
        a[..., k % 2] += 150
        Image.fromarray(a).save(folder / f"{k:02}.png")
        rows.append(dict(path=str(folder / f"{k:02}.png"), label=("red", "green")[k % 2]))
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def halves(table): return Split(table, range(8), range(8, 16), "halves", None)


def quiet(learn, f):
    with learn.no_bar(), learn.no_logging(): f(learn)
    return learn


def test_two_runs_of_a_seed_agree_and_another_differs(table, halves, monkeypatch, tmp_path):
    monkeypatch.setenv("MUSHROOMS_CACHE", str(tmp_path))
    a, b, c = (ft.probabilities(ft.finetune(table, halves, 64, epochs=1, bs=4, seed=s), table["path"], 64, views=1) for s in (0, 0, 1))
    assert np.allclose(a, b, atol=1e-5) and not np.allclose(a, c, atol=1e-5)
    assert a.shape == (16, 2) and np.allclose(a.sum(1), 1, atol=1e-4)


def test_fine_tuning_leaves_the_global_random_state_alone(table, halves, monkeypatch, tmp_path):
    monkeypatch.setenv("MUSHROOMS_CACHE", str(tmp_path))
    torch.manual_seed(3)
    first = torch.rand(3)
    torch.manual_seed(3)
    ft.finetune(table, halves, 64, epochs=1, bs=4)
    assert torch.equal(torch.rand(3), first)


@pytest.mark.parametrize("hold", [True, False])
def test_batchnorm_is_held_through_unfreeze_and_every_fit(table, halves, hold):
    learn = ft.learner(table, halves, 64, bs=4, hold_bn=hold)
    before = {k: v.clone() for k, v in learn.model.state_dict().items() if "running" in k}
    for how in (lambda l: l.fit(1, 1e-4), lambda l: (l.unfreeze(), l.fit(1, 1e-4)), lambda l: l.fine_tune(1), lambda l: l.fit_one_cycle(1, 1e-4)): quiet(learn, how)
    same = all(torch.equal(before[k], v) for k, v in learn.model.state_dict().items() if k in before)
    assert same == hold


def test_frozen_groups_do_not_move(table, halves):
    learn = ft.learner(table, halves, 64, bs=4)
    start = [[p.clone() for p in group] for group in ft.groups(learn.model)]
    moved = lambda: [any(not torch.equal(a, b) for a, b in zip(old, new)) for old, new in zip(start, ft.groups(learn.model))]
    quiet(learn, lambda l: l.fit(1, 1e-3))
    assert moved() == [False, False, True]
    learn.freeze_to(1)
    quiet(learn, lambda l: l.fit(1, 1e-3))
    assert moved() == [False, True, True]


@pytest.mark.parametrize("k", [2, 3, 8])
@pytest.mark.parametrize("seed", range(3))
def test_a_head_from_the_probe_answers_as_the_probe(k, seed):
    "Features of one length, as the probe makes them itself: then the two are the same function."
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(12 * k, 30)).astype(np.float32)
    X = 7 * X / np.linalg.norm(X, axis=1, keepdims=True)
    y = np.array([f"label{n % k}" for n in range(12 * k)])
    order = list(rng.permutation(sorted(set(y))))
    with torch.no_grad(): p = ft.probe_head(X, y, order)(torch.tensor(X)).softmax(1).numpy()
    fitted = make_probe().fit(X, y)
    assert np.allclose(p, fitted.predict_proba(X)[:, [list(fitted.classes_).index(o) for o in order]], atol=1e-4)


def test_a_changed_photo_is_read_again(table, tmp_path):
    file = tmp_path / "photo.png"
    Image.new("RGB", (50, 50), "red").save(file)
    first = np.asarray(ft.Opener(32)(file))
    Image.new("RGB", (50, 50), "blue").save(file)
    import os
    os.utime(file, ns=(1, 1))
    assert (first != np.asarray(ft.Opener(32)(file))).any()


def test_a_bad_photo_is_named(table, halves, tmp_path):
    bad = tmp_path / "notes.png"
    bad.write_text("cap 9 cm")
    with pytest.raises(PhotoError, match="notes.png: this is not a picture"): ft.Opener(32)(bad)
    with pytest.raises(PhotoError, match="gone.png: there is no such file"): ft.Opener(32)(tmp_path / "gone.png")
    with pytest.raises(PhotoError, match="notes.png"): ft.probabilities(ft.learner(table, halves, 64), [bad])


def test_one_clear_line_for_labels_that_cannot_be_learned(table, halves, monkeypatch, tmp_path):
    monkeypatch.setenv("MUSHROOMS_CACHE", str(tmp_path))
    with pytest.raises(ValueError, match="16 photos with 1 label"): ft.learner(table.assign(label="red"), halves)
    three = table.assign(label=[*table["label"][:15], "blue"])
    with pytest.raises(ValueError, match="no training photo of blue"): ft.finetune(three, Split(three, range(8), range(8, 16), "halves", None), 64)


def test_no_photos_no_probabilities(table, halves): assert ft.probabilities(ft.learner(table, halves, 64), []).shape == (0, 2)


def test_a_missing_benchmark_says_what_to_run(monkeypatch, tmp_path):
    monkeypatch.setattr("mushroom_lib.sources.data_dir", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match="run `python -m benchmarks.training`"): ft.benchmark()
