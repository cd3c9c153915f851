"What the lesson on fine-tuning exports, with pictures of two colours instead of mushrooms."
import os

import numpy as np
import pytest
import torch
from fastai.callback.training import BnFreeze
from fastai.vision.all import CrossEntropyLossFlat, ImageDataLoaders, Resize, set_seed, vision_learner
from PIL import Image
from torch import nn

from mushroom_lib.features import ARCH, N_FEATURES, _weights_file, imagenet_model
from mushroom_lib.finetune import FreezeBN, body_groups, linear_head, pretrained_learner

pd = pytest.importorskip("pandas")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    "Sixteen pictures of two colours, half of them for validation."
    folder = tmp_path_factory.mktemp("colours")
    rng = np.random.default_rng(0)
    rows = []
    for k in range(16):
        picture = rng.integers(0, 60, (80, 100, 3)).astype(np.uint8)
        picture[..., k % 2] += 150
        Image.fromarray(picture).save(folder / f"{k:02}.png")
        rows.append(dict(file=f"{k:02}.png", label=("red", "green")[k % 2], is_valid=k >= 8))
    found = pd.DataFrame(rows)
    found.attrs["folder"] = folder
    return found


def loaders(table, bs=4):
    return ImageDataLoaders.from_df(table, path=table.attrs["folder"], fn_col="file", label_col="label",
                                    valid_col="is_valid", item_tfms=Resize(64), bs=bs, num_workers=0)


def quietly(learn, *calls):
    "Each call is a name of a method and its arguments."
    with learn.no_bar(), learn.no_logging():
        for name, *arguments in calls:
            getattr(learn, name)(*arguments)
    return learn


EVERY_WAY = [("fit", 1, 1e-4), ("unfreeze",), ("fit", 1, 1e-4), ("fine_tune", 1), ("freeze_to", 1), ("fit_one_cycle", 1, 1e-4)]


def running(model):
    return {name: value.clone() for name, value in model.state_dict().items() if "running" in name}


@pytest.mark.parametrize("callbacks, held", [(FreezeBN, True), ([], False), (BnFreeze, False)])
def test_batchnorm_is_held_through_every_fit(table, callbacks, held):
    "Should fastai's own BnFreeze hold one day, too, ours has had its time."
    learn = pretrained_learner(loaders(table), cbs=callbacks)
    before = running(learn.model)
    quietly(learn, *EVERY_WAY)
    after = running(learn.model)
    assert all(torch.equal(before[name], after[name]) for name in before) == held


def test_a_batchnorm_of_the_head_stays_free(table):
    learn = pretrained_learner(loaders(table), custom_head=None)   # fastai's own head
    before = running(learn.model)
    quietly(learn, ("fit", 1, 1e-4))
    moved = [name for name, value in running(learn.model).items() if not torch.equal(before[name], value)]
    assert moved and all(name.startswith("1.") for name in moved)


def test_the_body_is_the_packaged_one(table):
    learn = pretrained_learner(loaders(table))
    body = imagenet_model()
    x = learn.dls.valid.one_batch()[0]
    assert x.min() < -.5 and x.max() <= 1   # normalised as the body wants it
    with torch.no_grad():
        assert torch.allclose(learn.model[0].eval()(x), body.forward_features(x), atol=1e-3)


def test_the_packaged_file_itself_would_load_nothing(table):
    "Its layers have other names; timm goes on with random weights. That is why the state is given."
    learn = vision_learner(loaders(table), ARCH, pretrained_cfg_overlay=dict(file=str(_weights_file())))
    own = dict(learn.model[0].model.named_parameters())
    packaged = dict(imagenet_model().named_parameters())
    assert not torch.allclose(own["conv_stem.weight"], packaged["conv_stem.weight"], atol=1e-2)


def test_each_weight_is_in_one_group(table):
    model = pretrained_learner(loaders(table)).model
    grouped = [id(p) for group in body_groups(model) for p in group]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) == {id(p) for p in model.parameters()}


def test_frozen_groups_do_not_move(table):
    learn = pretrained_learner(loaders(table))

    def moved():
        return [any(not torch.equal(a, b) for a, b in zip(old, new))
                for old, new in zip(start, body_groups(learn.model))]

    start = [[p.clone() for p in group] for group in body_groups(learn.model)]
    quietly(learn, ("fit", 1, 1e-3))
    assert moved() == [False, False, True]
    quietly(learn, ("freeze_to", 1), ("fit", 1, 1e-3))
    assert moved() == [False, True, True]
    quietly(learn, ("unfreeze",), ("fit", 1, 1e-3))
    assert moved() == [True, True, True]


def test_a_slice_gives_three_rates(table):
    learn = pretrained_learner(loaders(table))
    quietly(learn, ("unfreeze",), ("fit", 1, slice(1e-4, 1e-2)))
    assert np.allclose([group["lr"] for group in learn.opt.hypers], [1e-4, 1e-3, 1e-2])


def test_it_learns_two_colours(table):
    set_seed(0)
    learn = pretrained_learner(loaders(table), loss_func=CrossEntropyLossFlat())
    quietly(learn, ("fit_one_cycle", 4, 5e-3), ("unfreeze",), ("fit_one_cycle", 4, slice(1e-4, 1e-3)))
    assert learn.recorder.values[-1][-1] == 1


def test_two_runs_of_a_seed_agree(table):
    answers = []
    for seed in (0, 0, 1):
        set_seed(seed)
        learn = quietly(pretrained_learner(loaders(table)), ("fit", 1, 1e-3))
        with learn.no_bar():
            answers.append(learn.get_preds()[0].numpy())
    assert np.allclose(answers[0], answers[1], atol=1e-5)
    assert not np.allclose(answers[0], answers[2], atol=1e-5)


def test_fewer_photographs_than_a_batch(table, capsys):
    "fastai's issue 2416: no batch, no step, and not a word."
    learn = pretrained_learner(loaders(table, bs=64))
    assert "only 8 photographs: the batch is 8, not 64" in capsys.readouterr().out
    before = learn.model[1][-1].weight.clone()
    quietly(learn, ("fit", 1, 1e-3))
    assert len(learn.dls.train) == 1 and not torch.equal(before, learn.model[1][-1].weight)
    assert np.isfinite(learn.recorder.values[-1]).all()


def test_enough_photographs_say_nothing(table, capsys):
    dls = loaders(table, bs=8)
    pretrained_learner(dls)
    assert capsys.readouterr().out == "" and dls.train.bs == 8


def test_one_clear_line_where_there_is_nothing_to_learn(table):
    with pytest.raises(ValueError, match="all photographs have the label red"):
        pretrained_learner(loaders(table.assign(label="red")))
    with pytest.raises(ValueError, match="training photographs: 1; give at least two"):
        pretrained_learner(loaders(table.iloc[7:]))


def test_nothing_is_left_beside_the_notebook(table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    learn = pretrained_learner(loaders(table))
    with learn.no_bar():
        learn.lr_find(num_it=4, show_plot=False)
    assert os.listdir(tmp_path) == []
    assert not any(path.is_file() for path in learn.path.rglob("*"))


def test_the_weights_are_kept_once(table):
    learn = pretrained_learner(loaders(table))
    assert "state_dict" not in learn.model[0].model.pretrained_cfg
    assert not hasattr(learn, "pretrained_cfg_overlay")
    pretrained_learner(loaders(table))   # and timm's own record is as it was


def test_what_fastai_takes_is_passed_on(table):
    loss = nn.CrossEntropyLoss()
    learn = pretrained_learner(loaders(table), metrics=[], loss_func=loss, path=table.attrs["folder"])
    assert learn.loss_func is loss and list(learn.metrics) == [] and learn.path == table.attrs["folder"]


def test_the_head_takes_maps_of_any_size():
    head = linear_head(3).eval()
    for side in (1, 4, 7):
        assert head(torch.zeros(2, N_FEATURES, side, side)).shape == (2, 3)
