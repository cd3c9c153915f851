"Lesson 16's module where a cell cannot try it: every cut, seeds and caches, few photographs, fastai's own methods."
import random

import numpy as np
import pytest
import torch

from mushroom_lib.cached import as_pixels, late_features, photo_views
from mushroom_lib.features import extract_features, imagenet_model
from mushroom_lib.late_blocks import (CUT, cache_activations, cached_learner, cut_network, finetune, predict_views,
                                      start_at_probe, train_late)
from mushroom_lib.opening import PhotoError
from mushroom_lib.sources import photos

SIZE = 32


@pytest.fixture(scope="module")
def lab():
    "Sixty photographs of three kinds: (paths, labels, train, valid)."
    table = photos("lab")
    rows = []
    for label in sorted(set(table["label"]))[:3]:
        rows.extend(np.flatnonzero(table["label"] == label)[:20])
    order = np.random.default_rng(0).permutation(60)
    files = [table["path"][rows[k]] for k in order]
    return files, table["label"].to_numpy()[np.array(rows)[order]], np.arange(44), np.arange(44, 60)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def kept(lab, cache):
    return cache_activations(lab[0], SIZE, cache=cache, progress=False)


@pytest.mark.parametrize("cut", range(8))
def test_the_two_parts_are_the_network_wherever_it_is_cut(lab, cut):
    early, late = cut_network(cut)
    whole = imagenet_model()
    x = as_pixels(photo_views(lab[0][0], 64))
    with torch.inference_mode():
        assert torch.allclose(whole.classifier(late.eval()(early(x))), whole(x), atol=2e-3)
    assert not any(weight.requires_grad for weight in early.parameters())
    assert all(weight.requires_grad for weight in late.parameters())
    assert not any(layer.training for layer in early.modules())


def test_the_cut_is_that_of_lesson_15():
    from mushroom_lib.finetune import EARLY
    assert EARLY == CUT


def test_untouched_features_are_the_probes_own(lab, kept, cache):
    X = late_features(cut_network()[1], kept)
    whole = extract_features(lab[0], SIZE, cache=cache, progress=False)
    views = extract_features(lab[0], SIZE, views=3, cache=cache, progress=False)
    scale = np.abs(whole).max()
    assert np.abs(X[:, 0] - whole).max() < .01 * scale
    assert np.abs(X[:, 1:] - views).max() < .01 * scale


def test_activations_fit_into_half_precision(kept):
    "Half precision ends at 65,504."
    assert torch.isfinite(kept).all()
    assert kept.abs().max() < 1000


def test_same_seed_same_answer_with_cold_and_warm_cache_and_any_random_state(lab, tmp_path):
    files, y, train, valid = lab
    answers = []
    for state in range(2):
        random.seed(state)
        np.random.seed(state)
        torch.manual_seed(state)
        before = random.getstate(), torch.get_rng_state(), np.random.get_state()[1]
        learn = finetune(files, y, train, valid, size=SIZE, epochs=2, seed=4, cache=tmp_path)
        answers.append(predict_views(learn, valid))
        assert random.getstate() == before[0]
        assert torch.equal(torch.get_rng_state(), before[1])
        assert (np.random.get_state()[1] == before[2]).all()
    assert (answers[0] == answers[1]).all()
    other = finetune(files, y, train, valid, size=SIZE, epochs=2, seed=5, cache=tmp_path)
    assert (answers[0] != predict_views(other, valid)).any()


def test_only_what_is_named_is_read_and_rows_keep_their_numbers(lab, cache):
    files, y, train, valid = lab
    some = np.r_[40:10:-1]  # not from the first, not in order
    asked = [50, 45]
    blind = list(files)
    for row in set(range(60)) - set(some) - set(asked):
        blind[row] = "nowhere.jpg"
    y = y.copy()
    learn = finetune(blind, y.tolist(), some.tolist(), asked, size=SIZE, epochs=1, cache=cache)
    both = predict_views(learn)
    assert both.shape == (len(some) + 2, 3)
    assert np.allclose(predict_views(learn, [50, 11]), both[[-1, 0]], atol=1e-5)
    mine = cache_activations([files[50]], SIZE, cache=cache, progress=False)
    assert np.allclose(predict_views(learn, cached=mine)[0], both[-1], atol=1e-4)
    with pytest.raises(ValueError, match="photograph 3 was neither"):
        predict_views(learn, [3])
    with pytest.raises(PhotoError, match="nowhere"):
        finetune(blind, y, [3, 4, 5], asked, size=SIZE, epochs=1, cache=cache)


def loss_of(learn, kept):
    "The loss that the Learner minimises, of all views of its training photographs."
    scores = torch.from_numpy(late_features(learn.model, kept))
    targets = learn.dls.train_ds.targets[:, None].expand(scores.shape[:2])
    return learn.loss_func(scores.flatten(0, 1), targets.flatten()).item()


def test_it_learns_and_starts_at_the_probe(lab, kept):
    files, y, train, valid = lab
    learn = cached_learner(kept, y, train, valid)
    scores = torch.from_numpy(late_features(learn.model, kept, train)).softmax(dim=2).numpy()
    features = late_features(cut_network()[1], kept, train)
    for view in range(4):
        assert np.abs(scores[:, view] - learn.probe.predict_proba(features[:, view])).max() < 1e-3
    before = {name: weight.clone() for name, weight in learn.model.state_dict().items()}
    loss_before = loss_of(learn, kept[train])
    train_late(learn, epochs=10, lr=2e-4, progress=False)
    assert loss_of(learn, kept[train]) < loss_before
    for name, weight in learn.model.state_dict().items():
        moved = not torch.equal(weight, before[name])
        assert moved == ("running" not in name and "num_batches" not in name), name
    assert learn.opt.hypers[1]["lr"] == pytest.approx(3 * learn.opt.hypers[0]["lr"])


def test_probe_rows_of_a_photograph_keep_its_label(lab, kept):
    "A probe fitted with labels in the wrong order of views would be no better than guessing on its own training set."
    files, y, train, valid = lab
    network, probe = start_at_probe(cut_network()[1], kept, y, train)
    X = late_features(network.body, kept, train)
    for view in range(4):
        assert probe.score(X[:, view], y[train]) > .9


@pytest.mark.parametrize("n, rate", [(40, 8e-5), (480, 9.6e-4), (2000, 1e-3)])
def test_the_rate_grows_with_the_photographs(monkeypatch, n, rate):
    class Spy:
        def __init__(self):
            self.dls = type("Loaders", (), {"train_ds": range(n)})

        def fit_one_cycle(self, epochs, rates):
            self.rates = rates

    spy = Spy()
    train_late(spy)
    assert spy.rates == pytest.approx([rate, 3 * rate])


def test_fewer_photographs_than_a_batch(lab, cache, capsys):
    files, y, train, valid = lab
    labels = np.unique(y)
    few = [np.flatnonzero(y == label)[0] for label in labels]
    learn = finetune(files, y, few, np.setdiff1d(valid, few), size=SIZE, epochs=2, cache=cache)
    assert "only 3 photographs: the batch is 3, not 16" in capsys.readouterr().out
    assert len(learn.dls.train) == 1
    assert np.isfinite(predict_views(learn)).all()


@pytest.mark.parametrize("views", [0, 1])
def test_with_no_random_view_and_two_labels(lab, cache, views):
    files, y, train, valid = lab
    two = y != np.unique(y)[0]
    learn = finetune(files, y, train[two[train]], valid[two[valid]], size=SIZE, views=views, epochs=1, cache=cache)
    answers = predict_views(learn, valid[two[valid]])
    assert answers.shape == (two[valid].sum(), 2)
    assert np.allclose(answers.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("train, valid, said", [([0], [1], "1 training photographs with 1 label"),
                                                (range(40), [], "validation set is empty"),
                                                (range(40), [39], "photograph 39 is in the training set"),
                                                (np.arange(60) < 44, np.arange(60) > 43, "give row numbers")])
def test_what_cannot_be_learned_is_refused(lab, cache, train, valid, said):
    with pytest.raises(ValueError, match=said):
        finetune(lab[0], lab[1], train, valid, size=SIZE, epochs=1, cache=cache)


def test_activations_of_another_cut_are_not_taken_silently(lab, cache, kept):
    learn = cached_learner(kept, *lab[1:])
    other = cache_activations(lab[0][:2], SIZE, cut=6, cache=cache, progress=False)
    with pytest.raises(RuntimeError, match="channels"):
        predict_views(learn, cached=other)


def test_fastais_own_methods_work(lab, kept, tmp_path):
    "The finder, predictions in fastai's way, export, more training, with everything but the head frozen, too."
    files, y, train, valid = lab
    learn = cached_learner(kept, y, train, valid, path=tmp_path)
    with learn.no_bar(), learn.no_logging():
        assert learn.lr_find(num_it=5, show_plot=False).valley > 0
        answers, targets = learn.get_preds()
        assert answers.shape == (len(valid), 3)
        assert torch.allclose(answers.sum(1), torch.ones(len(valid)), atol=1e-5)
        learn.freeze()
        learn.fit_one_cycle(1, 1e-4)
        learn.unfreeze()
        learn.fit_one_cycle(1, slice(1e-5, 1e-4))
    learn.export(tmp_path / "learn.pkl")
    assert (tmp_path / "learn.pkl").stat().st_size < 60e6
