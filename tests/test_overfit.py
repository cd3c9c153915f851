"The module of lesson 19: both sides measured alike, and nothing changed by the look."
import numpy as np
import pytest
import torch
from fastai.vision.all import (BCEWithLogitsLossFlat, CategoryBlock, CrossEntropyLossFlat, DataBlock, DataLoaders,
                               ImageBlock, Learner, RandomResizedCrop, SGD, no_random)
from torch import nn
from torch.utils.data import TensorDataset

from mushroom_lib.cached import cached_loaders
from mushroom_lib.overfit import BothSides, draw_views, fit_epochs, measure_side, plain_loader, shuffled_batches, small_network
from mushroom_lib.training import evaluate

RNG = np.random.default_rng(0)
X = torch.tensor(RNG.normal(size=(60, 8)), dtype=torch.float32)
Y = torch.tensor(RNG.integers(0, 3, 60))
TRAIN, VALID = (X[:40], Y[:40]), (X[40:], Y[40:])


def learner(cbs=(), dropout=.5, loss=None):
    dls = DataLoaders.from_dsets(TensorDataset(*TRAIN), TensorDataset(*VALID), bs=16, num_workers=0)
    return Learner(dls, small_network(8, 3, 16, dropout), loss_func=loss or CrossEntropyLossFlat(), cbs=list(cbs), opt_func=SGD)


def fitted(cbs=(), epochs=3, **kwargs):
    with no_random(0, reproducible=False):
        learn = learner(cbs, **kwargs)
        with learn.no_bar(), learn.no_logging():
            learn.fit(epochs, .1)
    return learn


def test_fit_epochs_measures_what_evaluate_says():
    net = small_network(8, 3, 16, dropout=.5)
    table = fit_epochs(net, TRAIN, VALID, epochs=4)
    assert table["epoch"].tolist() == [1, 2, 3, 4]
    last = table.iloc[-1]
    assert np.allclose(last[["train_loss", "train_accuracy"]].astype(float), evaluate(net, *TRAIN))
    assert np.allclose(last[["valid_loss", "valid_accuracy"]].astype(float), evaluate(net, *VALID))


def test_how_often_one_measures_changes_nothing():
    each = fit_epochs(small_network(8, 3, dropout=.5), TRAIN, VALID, epochs=6)
    last = fit_epochs(small_network(8, 3, dropout=.5), TRAIN, VALID, epochs=6, every=6)
    assert len(last) == 1
    assert np.allclose(each.iloc[-1], last.iloc[-1])


def test_random_numbers_of_the_caller_stay():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    fit_epochs(small_network(8, 3), TRAIN, VALID, epochs=1)
    assert (before == torch.get_rng_state()).all()


def test_views_that_are_all_alike_are_no_views():
    views = X[:40, None].repeat(1, 4, 1)
    assert (draw_views(views, X[:40]) == X[:40]).all()
    one_batch = dict(epochs=3, bs=40)   # its order does not matter
    a = fit_epochs(small_network(8, 3), TRAIN, VALID, views=views, **one_batch)
    b = fit_epochs(small_network(8, 3), TRAIN, VALID, **one_batch)
    assert np.allclose(a, b, atol=1e-5)
    c = fit_epochs(small_network(8, 3), TRAIN, VALID, views=-views, **one_batch)
    assert not np.allclose(a, c, atol=1e-2)


def test_batches_hold_every_photograph_once():
    batches = shuffled_batches(50, 20)
    assert sorted(len(rows) for rows in batches) == [16, 17, 17]
    assert torch.equal(torch.cat(batches).sort().values, torch.arange(50))


@pytest.mark.parametrize("settings, said", [
    (dict(epochs=0), "epochs=0"), (dict(bs=0), "bs=0"), (dict(every=0), "every=0"),
    (dict(views=X[:3, None]), "views of 3 photographs, but 40"), (dict(lr=1e30), "try a smaller lr"),
])
def test_settings_that_cannot_be_meant(settings, said):
    with pytest.raises(ValueError, match=said):
        fit_epochs(small_network(8, 3), TRAIN, VALID, **settings)


def test_labels_that_do_not_fit():
    with pytest.raises(ValueError, match="labels from 0 to 2"):
        fit_epochs(small_network(8, 2), TRAIN, VALID)


def test_both_sides_changes_no_training():
    watch = BothSides()
    plain, watched = fitted(), fitted([watch])
    for a, b in zip(plain.model.parameters(), watched.model.parameters()):
        assert torch.equal(a, b)
    assert np.allclose(np.array(plain.recorder.values), np.array(watched.recorder.values))
    assert watch.table["epoch"].tolist() == [1, 2, 3]


def test_both_sides_says_what_evaluate_says():
    watch = BothSides()
    learn = fitted([watch])
    last = watch.table.iloc[-1]
    assert np.allclose([last["train_loss"], last["train_accuracy"]], evaluate(learn.model, *TRAIN), atol=1e-5)
    assert np.allclose([last["valid_loss"], last["valid_accuracy"]], evaluate(learn.model, *VALID), atol=1e-5)
    assert np.isclose(last["valid_loss"], learn.recorder.values[-1][1])


def test_looking_afterwards_keeps_the_table():
    watch = BothSides()
    learn = fitted([watch])
    with learn.no_bar(), learn.no_logging():
        learn.validate()
        learn.get_preds()
    assert len(watch.table) == 3
    with learn.no_bar(), learn.no_logging():
        learn.fit(1, .01)
    assert len(watch.table) == 1   # the last training


def test_the_search_for_a_learning_rate_leaves_no_row():
    watch = BothSides()
    learn = learner([watch])
    with learn.no_bar(), learn.no_logging():
        learn.lr_find(show_plot=False, num_it=4, suggest_funcs=())
    assert len(watch.table) == 0
    with learn.no_bar(), learn.no_logging():
        learn.fit(1, .01)
    assert len(watch.table) == 1


def test_several_labels_are_refused():
    sides = [TensorDataset(x, nn.functional.one_hot(y, 3).float()) for x, y in (TRAIN, VALID)]
    dls = DataLoaders.from_dsets(*sides, bs=16, num_workers=0)
    learn = Learner(dls, small_network(8, 3), loss_func=BCEWithLogitsLossFlat(), cbs=BothSides())
    with pytest.raises(ValueError, match="one label a photograph"), learn.no_bar(), learn.no_logging():
        learn.fit(1, .01)


def test_augmented_photographs_are_measured_as_they_are():
    pictures = RNG.integers(0, 255, (12, 40, 40, 3), dtype=np.uint8)
    block = DataBlock((ImageBlock, CategoryBlock), get_x=lambda i: pictures[i], get_y=lambda i: "ab"[i % 2],
                      item_tfms=RandomResizedCrop(16, min_scale=.1), splitter=lambda items: (items[:8], items[8:]))
    dls = block.dataloaders(list(range(12)), bs=4, num_workers=0)
    learn = Learner(dls, nn.Sequential(nn.Flatten(), nn.Linear(16 * 16 * 3, 2)), loss_func=CrossEntropyLossFlat())
    loader, context = plain_loader(learn, "train")
    seen = []
    with context:
        for _ in range(2):
            seen.append(torch.cat([x for x, _ in loader]))
    assert len(seen[0]) == 8 and torch.equal(*seen)
    assert dls.train_ds.split_idx == 0
    learn.model.eval()
    assert measure_side(learn, "train") == measure_side(learn, "train")


def test_the_views_of_lesson_16_are_measured_by_the_first():
    maps = torch.tensor(RNG.normal(size=(20, 4, 2, 3, 3))).half()
    y = np.array(["a", "b"] * 10)
    def fit(cbs):
        with no_random(0, reproducible=False):
            dls = cached_loaders(maps, y, np.arange(12), np.arange(12, 20), bs=4)
            net = nn.Sequential(nn.Flatten(), nn.Linear(18, 2))
            learn = Learner(dls, net, loss_func=CrossEntropyLossFlat(), cbs=cbs)
            with learn.no_bar(), learn.no_logging():
                learn.fit(2, .1)
        return learn
    watch = BothSides()
    learn = fit([watch])
    assert torch.equal(learn.model[1].weight, fit([]).model[1].weight)
    first = (maps[:12, 0].float(), torch.tensor([0, 1] * 6))
    assert np.allclose(watch.table.iloc[-1][["train_loss", "train_accuracy"]].astype(float), evaluate(learn.model, *first), atol=1e-5)
