"""`preflight` on learners as public fastai notebooks build them: fastbook 01, 02, 04, 05 and 06, the course's "first steps" with a timm
network, course22p2's tensors. And that it finds what is planted, says what it cannot see, and leaves everything as it was."""
import random
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from fastai.vision.all import (SGD, BnFreeze, CategoryBlock, ColReader, CrossEntropyLossFlat, CSVLogger, DataBlock,
                               DataLoader, DataLoaders, FocalLossFlat, ImageBlock, ImageDataLoaders, IndexSplitter, L,
                               LabelSmoothingCrossEntropy, Learner, MixUp, MultiCategoryBlock,
                               Normalize, PointBlock, RandomResizedCrop, RandomSplitter, RegexLabeller, RegressionBlock, Resize,
                               SaveModelCallback, SegmentationDataLoaders, accuracy, accuracy_multi, aug_transforms, error_rate,
                               get_image_files, imagenet_stats, parent_label, resnet18, unet_learner, using_attr, vision_learner)
from PIL import Image, ImageOps
from torch import nn
from torch.utils.data import DataLoader as TorchLoader, Subset, TensorDataset

from mushroom_lib.finetune import FreezeBN, pretrained_learner
from mushroom_lib.learners import NotAClassifier
from mushroom_lib.preflight import check_batchnorm, check_pixels, check_start_loss, check_steps, check_trainable, preflight

KINDS = ("blue", "green", "red")
SMALL = dict(item_tfms=Resize(48), num_workers=0, bs=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    "Sixty pictures in three folders, each a background of its label's colour with a box and a disc of any."
    place, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for k in range(60):
        a = rng.integers(0, 60, (64, 80, 3)).astype(np.uint8)
        a[..., k % 3] += 120
        for _ in range(3):
            top, left, height, width = *rng.integers(0, 40, 2), *rng.integers(10, 30, 2)
            a[top:top + height, left:left + width] = rng.integers(0, 255, 3)
        file = place / KINDS[k % 3] / f"{KINDS[k % 3]}_{k:02}.png"
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(a).save(file)
    return place


@pytest.fixture(scope="module")
def table(folder):
    files = sorted(get_image_files(folder))
    rows = [dict(name=str(f.relative_to(folder)), label=f.parent.name, tags=f.parent.name + " odd" * (k % 2)) for k, f in enumerate(files)]
    return pd.DataFrame(rows)


def ok(report): return dict(zip(report.table["check"], report.table["ok"]))


def found(report, check): return report.table.set_index("check").loc[check, "found"]


def split(n=60, seed=0): return IndexSplitter(np.random.default_rng(seed).permutation(n)[: n // 3])


def from_block(folder, files, **changes):
    block = dict(get_items=None, get_y=parent_label, splitter=split(), item_tfms=Resize(48))
    return DataBlock((ImageBlock, CategoryBlock), **{**block, **changes}).dataloaders(files, bs=8, num_workers=0)


# Ways of building one. Each gives a learner and what may be found: nothing that is not there.

def folders(folder, table):  # "first steps", road to the top
    dls = ImageDataLoaders.from_folder(folder, valid_pct=.3, seed=42, item_tfms=Resize(48, method="squish"),
                                       batch_tfms=aug_transforms(size=40, min_scale=.75), num_workers=0, bs=8)
    return vision_learner(dls, resnet18, pretrained=False, metrics=error_rate)


def bears(folder, table):  # fastbook 02
    block = DataBlock(blocks=(ImageBlock, CategoryBlock), get_items=get_image_files, splitter=RandomSplitter(valid_pct=.3, seed=42),
                      get_y=parent_label, item_tfms=RandomResizedCrop(48, min_scale=.5), batch_tfms=aug_transforms())
    return vision_learner(block.dataloaders(folder, bs=8, num_workers=0), "test_resnet", pretrained=False, metrics=error_rate)


def pets(folder, table):  # fastbook 05
    block = DataBlock(blocks=(ImageBlock, CategoryBlock), get_items=get_image_files, splitter=RandomSplitter(seed=42),
                      get_y=using_attr(RegexLabeller(r"(.+)_\d+.png$"), "name"), item_tfms=Resize(60),
                      batch_tfms=aug_transforms(size=48, min_scale=.75))
    return vision_learner(block.dataloaders(folder, bs=8, num_workers=0), "test_convnext", pretrained=False)


def cats(folder, table):  # fastbook 01: labels are True and False
    dls = ImageDataLoaders.from_name_func(folder, get_image_files(folder), valid_pct=.3, seed=42, label_func=lambda name: name[0] == "r", **SMALL)
    return vision_learner(dls, "test_vit", pretrained=False, metrics=error_rate)


def from_table(folder, table):
    dls = ImageDataLoaders.from_df(table, folder, valid_pct=.3, seed=42, label_col=1, **SMALL)
    return vision_learner(dls, "test_efficientnet", pretrained=False)


def several(folder, table):  # fastbook 06
    block = DataBlock(blocks=(ImageBlock, MultiCategoryBlock), get_x=ColReader("name", pref=f"{folder}/"),
                      get_y=ColReader("tags", label_delim=" "), splitter=split(), item_tfms=RandomResizedCrop(48, min_scale=.35))
    return vision_learner(block.dataloaders(table, bs=8, num_workers=0), "test_resnet", pretrained=False,
                          metrics=partial(accuracy_multi, thresh=.2))


def hand_written(folder, table):  # fastbook 07: a network of one's own, Normalize
    dls = from_block(folder, L(sorted(get_image_files(folder))), batch_tfms=Normalize.from_stats(*imagenet_stats))
    model = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(128, 3))
    return Learner(dls, model, loss_func=CrossEntropyLossFlat(), metrics=accuracy)


@pytest.mark.parametrize("build", [folders, bears, pets, cats, from_table, several, hand_written])
def test_learners_from_files(build, folder, table):
    report = preflight(build(folder, table), epochs=5)
    assert set(report.findings) <= {"validation set", "steps"}, report
    assert set(ok(report).values()) <= {True, False}, report  # nothing left unchecked
    assert ok(report)["files"] and ok(report)["copies"] and ok(report)["one batch"]
    assert found(report, "task").startswith("several" if build is several else "one")


def numbers(n=80):
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(n, 10, generator=rng)
    return x, (x[:, 0] > 0).long() + (x[:, 1] > .5).long()


def test_tensors_without_files():
    x, y = numbers()
    dls = DataLoaders.from_dsets(TensorDataset(x[:60], y[:60]), TensorDataset(x[60:], y[60:]), bs=8, num_workers=0)
    report = preflight(Learner(dls, nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 3)), loss_func=F.cross_entropy), epochs=5)
    assert report.findings == ["validation set"]
    unseen = [check for check, fine in ok(report).items() if fine is None]
    assert unseen == ["augmentation", "files", "copies", "order of labels"]
    assert "do not come from files" in found(report, "files") and "no list of labels" in found(report, "order of labels")


@pytest.mark.parametrize("subset", [False, True])
def test_loaders_of_torch(subset):
    x, y = numbers()
    every = TensorDataset(x, y)
    train, valid = (Subset(every, range(60)), Subset(every, range(60, 80))) if subset else (TensorDataset(x[:60], y[:60]), TensorDataset(x[60:], y[60:]))
    dls = DataLoaders(TorchLoader(train, batch_size=8, shuffle=True), TorchLoader(valid, batch_size=16))
    report = preflight(Learner(dls, nn.Linear(10, 3), loss_func=nn.CrossEntropyLoss()), epochs=5)
    assert report.findings == ["validation set"]
    assert "8 steps an epoch, 40 in all" in found(report, "steps") and ok(report)["labels"] and ok(report)["one batch"]


def test_a_list_of_pairs_with_one_score():
    "fastbook 04: one score for two labels, a loss of one's own. What cannot be compared is said."
    x, y = numbers()
    pairs = list(zip(x, (y > 0).long()[:, None]))

    def mnist_loss(predictions, targets):
        predictions = predictions.sigmoid()
        return torch.where(targets == 1, 1 - predictions, predictions).mean()

    dls = DataLoaders(DataLoader(pairs[:60], batch_size=8), DataLoader(pairs[60:], batch_size=8))
    report = preflight(Learner(dls, nn.Linear(10, 1), opt_func=SGD, loss_func=mnist_loss), epochs=5)
    assert ok(report)["one batch"] and ok(report)["loss at the start"] is None
    assert "gives one score" in found(report, "loss at the start")


def test_log_probabilities_and_their_loss():
    "course22p2: log_softmax in the model, nll_loss; the know-nothing loss is in the same units."
    x, y = numbers()
    dls = DataLoaders.from_dsets(TensorDataset(x[:60], y[:60]), TensorDataset(x[60:], y[60:]), bs=8, num_workers=0)
    report = preflight(Learner(dls, nn.Sequential(nn.Linear(10, 3), nn.LogSoftmax(dim=1)), loss_func=nn.NLLLoss()))
    assert ok(report)["loss at the start"] and ok(report)["one batch"]


# Other kinds, in one line.

def regression(folder):
    dls = DataBlock((ImageBlock, RegressionBlock), get_items=get_image_files, get_y=lambda f: float(f.stem[-2:]), item_tfms=Resize(48)).dataloaders(folder, bs=8, num_workers=0)
    return vision_learner(dls, "test_resnet", pretrained=False, y_range=(0, 60))


def points(folder):
    dls = DataBlock((ImageBlock, PointBlock), get_items=get_image_files, get_y=lambda f: torch.tensor([[3., 4.]]), item_tfms=Resize(48)).dataloaders(folder, bs=8, num_workers=0)
    return vision_learner(dls, "test_resnet", pretrained=False)


def masks(folder):
    dls = SegmentationDataLoaders.from_label_func(folder, get_image_files(folder), label_func=lambda f: f, codes=["sky", "tree"], **SMALL)
    return unet_learner(dls, resnet18, pretrained=False, n_out=2)


def two_labels(folder):
    dls = DataBlock((ImageBlock, CategoryBlock, CategoryBlock), n_inp=1, get_items=get_image_files, get_y=[parent_label, parent_label], item_tfms=Resize(48)).dataloaders(folder, bs=8, num_workers=0)
    return Learner(dls, nn.Linear(3, 3), loss_func=CrossEntropyLossFlat())


def words(folder):
    x, y = torch.randint(0, 50, (40, 7)), torch.randint(0, 2, (40,))
    dls = DataLoaders.from_dsets(TensorDataset(x, y), TensorDataset(x, y), bs=8, num_workers=0)
    return Learner(dls, nn.Sequential(nn.Embedding(50, 4), nn.Flatten(), nn.Linear(28, 2)), loss_func=F.cross_entropy)


@pytest.mark.parametrize("build, said", [(regression, "regression"), (points, "regression"), (masks, "segmentation"), (two_labels, "3 parts"), (words, "words")])
def test_other_learners_are_refused_in_one_line(build, said, folder):
    with pytest.raises(NotAClassifier, match=said) as caught:
        preflight(build(folder))
    assert len(str(caught.value)) < 160 and "\n" not in str(caught.value)
    assert caught.value._render_traceback_() == [f"NotAClassifier: {caught.value}"]


# What is planted is found, and healthy learners are left alone.

def learner(files, cbs=FreezeBN, **changes): return pretrained_learner(from_block(None, L(files), **changes), cbs=cbs)


@pytest.fixture(scope="module")
def files(folder): return sorted(get_image_files(folder))


def test_healthy(files): assert preflight(learner(files), epochs=5).findings == ["validation set"]


@pytest.mark.parametrize("check, changes", [
    ("pixels", dict(batch_tfms=Normalize.from_stats([0] * 3, [1 / 255] * 3))),        # 0 to 255
    ("pixels", dict(batch_tfms=Normalize.from_stats([0] * 3, [1] * 3))),              # 0 to 1
    ("pixels", dict(batch_tfms=Normalize.from_stats([.75] * 3, [.25] * 3))),                    # as if scaled twice
    ("pixels", dict(batch_tfms=Normalize.from_stats([.5] * 3, [127.5] * 3))),         # as good as grey
    ("BatchNorm", dict(cbs=[])),
    ("augmentation", dict(item_tfms=RandomResizedCrop(48, min_scale=.002, max_scale=.005))),
    ("labels", dict(splitter=IndexSplitter(range(25)))),                               # the files are sorted by label
])
def test_planted(check, changes, files): assert check in preflight(learner(files, **changes), epochs=5).findings


def test_steps():
    x, y = numbers()
    def steps(n, bs, epochs=None, drop_last=True):
        loaders = [TorchLoader(TensorDataset(x[:n], y[:n]), batch_size=bs, drop_last=drop_last), TorchLoader(TensorDataset(x, y), batch_size=bs)]
        return check_steps(Learner(DataLoaders(*loaders), nn.Linear(10, 3), loss_func=F.cross_entropy), epochs)[:2]
    assert steps(80, 64) == (False, "80 photographs, batches of 64: 1 steps an epoch; 16 dropped each epoch")
    assert steps(80, 64, 50)[0] is False  # many steps, but a fifth of the photographs waits each time
    assert steps(80, 64, 50, drop_last=False) == (True, "80 photographs, batches of 64: 2 steps an epoch, 100 in all")
    assert steps(20, 64)[1].startswith("20 photographs, batches of 64: 0 steps")
    assert steps(80, 8) == (True, "80 photographs, batches of 8: 10 steps an epoch")
    assert steps(80, 8, 1)[0] is False


def test_files_and_copies_on_both_sides(files, tmp_path):
    import shutil
    mine, kept = [], {}
    for k, f in enumerate(files[::3]):
        kept[f.name] = tmp_path / f.parent.name / f.name
        kept[f.name].parent.mkdir(exist_ok=True)
        shutil.copy(f, kept[f.name])
        mine.append(kept[f.name])
    renamed = mine[0].with_name("another.png")
    shutil.copy(mine[0], renamed)
    mirrored = mine[1].with_name("mirrored.jpg")
    ImageOps.mirror(Image.open(mine[1])).resize((70, 56)).save(mirrored, quality=90)
    valid = [renamed, mirrored, *mine[2::2]]
    n = len(mine)
    report = preflight(learner([*mine, *valid], splitter=IndexSplitter(range(n, n + len(valid)))))
    assert found(report, "files") == f"{len(valid) - 1} of {len(valid)} validation files are in training, too"
    assert found(report, "copies").startswith(f"{len(valid)} of {len(valid)} ")
    few = preflight(learner([*mine, *valid], splitter=IndexSplitter(range(n, n + len(valid)))), most=10)
    assert ok(few)["copies"] is None and "more than most=10" in found(few, "copies")


def test_groups(table, folder):
    def report(group):
        block = DataBlock((ImageBlock, CategoryBlock), get_x=ColReader("name", pref=f"{folder}/"), get_y=ColReader("label"), splitter=split(), item_tfms=Resize(48))
        dls = block.dataloaders(table.assign(group=group), bs=8, num_workers=0)
        return preflight(vision_learner(dls, "test_resnet", pretrained=False), group_of=lambda row: row["group"])
    assert "groups" not in report(range(60)).findings
    assert "groups" in report([k // 2 for k in range(60)]).findings


def test_yesterdays_weights_with_another_list(files):
    x, y = numbers()
    def one(y, model):
        dls = DataLoaders.from_dsets(TensorDataset(x[:60], y[:60]), TensorDataset(x[60:], y[60:]), bs=8, num_workers=0)
        return Learner(dls, model, loss_func=F.cross_entropy)
    model = nn.Linear(10, 3)
    learn = one(y, model)
    with learn.no_bar(), learn.no_logging(): learn.fit(60, .05)
    assert check_start_loss(learn)[0]
    with torch.no_grad():
        model.weight *= 3  # sure of itself
    assert check_start_loss(learn)[0] and not check_start_loss(one((y + 1) % 3, model))[0]


def test_unsorted_labels(files):
    blocks = (ImageBlock, CategoryBlock(vocab=["red", "blue", "green"], sort=False))
    dls = DataBlock(blocks, get_y=parent_label, splitter=split(), item_tfms=Resize(48)).dataloaders(L(files), bs=8, num_workers=0)
    assert "order of labels" in preflight(pretrained_learner(dls)).findings


def test_numbers_sort_as_numbers(files):
    dls = from_block(None, L(files), get_y=lambda f: int(f.stem[-2:]) % 12)
    assert "order of labels" not in preflight(vision_learner(dls, "test_resnet", pretrained=False)).findings


@pytest.mark.parametrize("n_labels", [2, 3, 12])
def test_softmax_before_the_loss(n_labels, files):
    learn = learner(files, get_y=lambda f: int(f.stem[-2:]) % n_labels)
    assert "one batch" not in preflight(learn).findings
    learn.model.add_module("2", nn.Softmax(dim=1))
    assert "one batch" in preflight(learn).findings


def test_weights_that_the_optimiser_does_not_hold(files):
    learn = learner(files)
    assert check_trainable(learn)[:2] == (True, "3,843 of 3,374,851 may change")
    learn.model[1] = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 3))
    assert check_trainable(learn)[0] is False and "2 of 2 arrays" in check_trainable(learn)[1]
    learn.create_opt()
    assert check_trainable(learn)[0]
    for weight in learn.model[1].parameters():
        weight.requires_grad_(False)
    assert check_trainable(learn)[0] is False  # not one may change
    learn.unfreeze()
    for weight in learn.model[1].parameters():
        weight.requires_grad_(False)
    assert "last layer" in check_trainable(learn)[1]


@pytest.mark.parametrize("cbs, fine", [([], False), ([FreezeBN()], True), ([BnFreeze()], True)])
def test_batchnorm_as_the_callbacks_leave_it(cbs, fine, files):
    "fastai's BnFreeze holds the layers whose weights are frozen: all of them here, until the model is unfrozen."
    learn = learner(files, cbs=cbs)
    assert check_batchnorm(learn)[0] is fine
    moved = [layer.running_mean.clone() for layer in learn.model.modules() if isinstance(layer, nn.BatchNorm2d)]
    with learn.no_bar(), learn.no_logging(): learn.fit(1, 0.)
    now = [layer.running_mean for layer in learn.model.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert all(torch.equal(a, b) for a, b in zip(moved, now)) is fine  # what the check says is what happens
    learn.unfreeze()
    assert check_batchnorm(learn)[0] is (cbs != [] and isinstance(cbs[0], FreezeBN))


# It never crashes, and it leaves no trace.

def test_a_check_that_crashes_is_a_row(files):
    class Torn(nn.Module):
        def forward(self, x): raise RuntimeError("torn apart")
    report = preflight(Learner(from_block(None, L(files)), Torn(), loss_func=CrossEntropyLossFlat()))
    assert ok(report)["one batch"] is None and "torn apart" in found(report, "one batch")
    assert ok(report)["files"] and ok(report)["labels"]


def test_a_photograph_that_cannot_be_read(files, tmp_path):
    broken = tmp_path / "red" / "broken.png"
    broken.parent.mkdir()
    broken.write_bytes(b"no picture")
    dls = from_block(None, L(files[:24]), splitter=split(24))
    for side in dls.loaders:
        for part in side.dataset.tls:
            part.items = L([broken] * 8)
    report = preflight(Learner(dls, nn.Flatten(), loss_func=CrossEntropyLossFlat()))
    assert ok(report)["task"] is None and ok(report)["pixels"] is None and "files" in report.findings


def test_without_validation_photographs(files):
    dls = from_block(None, L(files), splitter=IndexSplitter([]))
    report = preflight(vision_learner(dls, "test_resnet", pretrained=False))
    assert "validation set" in report.findings and ok(report)["both sides"] is None


def seeds(k):
    random.seed(k)
    np.random.seed(k)
    torch.manual_seed(k)


@pytest.mark.parametrize("trained", [False, True])
def test_no_trace(files, trained):
    "Weights, modes, optimiser, recorder, random numbers and what training makes of them are the same with and without."
    after = []
    for look in (False, True):
        seeds(5)
        learn = learner(files, cbs=[], item_tfms=RandomResizedCrop(48, min_scale=.5), batch_tfms=aug_transforms())
        with learn.no_bar(), learn.no_logging():
            if trained: learn.fit(1)
            learn.model[0].train()
            modes = [layer.training for layer in learn.model.modules()]
            values, opt = list(learn.recorder.values) if trained else None, learn.opt
            kept = {k: v.clone() for k, v in learn.model.state_dict().items()}
            if look:
                preflight(learn, epochs=2)
                assert all(torch.equal(v, kept[k]) for k, v in learn.model.state_dict().items())
                assert modes == [layer.training for layer in learn.model.modules()]
                assert all(weight.grad is None for weight in learn.model[0].parameters() if not weight.requires_grad)
                assert learn.opt is opt and (not trained or learn.recorder.values == values)
            learn.fit(1)
        after.append((learn.model.state_dict(), learn.recorder.values[-1], random.random(), np.random.rand(), torch.rand(1)))
    first, second = after
    assert all(torch.equal(first[0][k], second[0][k]) for k in first[0])
    assert first[1] == second[1] and first[2:4] == second[2:4] and torch.equal(first[4], second[4])


def test_twice_the_same(files):
    learn = learner(files)
    assert repr(preflight(learn)) == repr(preflight(learn))


def test_how_it_is_shown(files):
    report = preflight(learner(files, cbs=[]), epochs=5)
    text, html = repr(report), report._repr_html_()
    assert "✗ BatchNorm: 49 of 49" in text and "→ hold them: cbs=FreezeBN" in text and "✓ files" in text
    assert html.count("<tr>") == len(report.table) and "→ hold them" in html
    assert list(report.table.columns) == ["check", "ok", "found", "remedy"]


def test_names_are_escaped_in_html():
    from mushroom_lib.preflight import Preflight
    assert "<script>" not in Preflight([("labels", False, "no photograph of <script>", "<b>")])._repr_html_()


def test_what_torchvisions_networks_expect(files):
    "vision_learner with pretrained weights adds ImageNet's scaling; without it, that is a finding. (No weights are downloaded here.)"
    for batch_tfms, fine in [(Normalize.from_stats(*imagenet_stats), True), ([], False)]:
        learn = vision_learner(from_block(None, L(files), batch_tfms=batch_tfms), resnet18, pretrained=False)
        assert check_pixels(learn)[0] and "not known" in check_pixels(learn)[1]
        learn.pretrained = True
        assert check_pixels(learn)[0] is fine and "expects -2.12 to 2.64" in check_pixels(learn)[1]


@pytest.mark.parametrize("loss_func", [LabelSmoothingCrossEntropy(), FocalLossFlat(), CrossEntropyLossFlat(weight=torch.tensor([1., 2., 3.]))])
def test_other_losses_for_one_label(loss_func, files, tmp_path):
    "The know-nothing loss is in the units of the learner's own loss; other callbacks are not called."
    dls = from_block(None, L(files))
    learn = vision_learner(dls, "test_resnet", pretrained=False, loss_func=loss_func, path=tmp_path, cbs=[MixUp(), CSVLogger(), SaveModelCallback()])
    report = preflight(learn.to_fp16(), epochs=5)
    assert report.findings == ["validation set"] and set(ok(report).values()) == {True, False}, report
    assert list(tmp_path.iterdir()) == []


def test_loaders_with_workers(files):
    dls = DataBlock((ImageBlock, CategoryBlock), get_y=parent_label, splitter=split(), item_tfms=Resize(48)).dataloaders(L(files), bs=8, num_workers=2)
    report = preflight(vision_learner(dls, "test_resnet", pretrained=False), epochs=5)
    assert set(ok(report).values()) == {True, False} and dls.train.fake_l.num_workers == 2
