"""What the training benchmark compares: the task, and each recipe that is put to it.

    python -m benchmarks.recipes TASK RECIPE SIZE SEED    one run in this process; its records as JSON lines

A recipe is a function of a temporary folder and a size in pixels. It imports and prepares what it
needs, and returns a function of (files, y, train, valid, seed), which is what is timed: it reads the
photographs, learns from the rows `train` and returns a dictionary with the probabilities of the rows
`valid`, a column a label in sorted order, and the optimiser steps that were taken.
"""
import argparse
import json
import math
import os
import platform
import tempfile
import time
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("torch", "torchvision", "fastai", "timm", "scikit-learn", "numpy", "pillow")
VIEWS = 3            # random squares of a photograph beside the whole one, for learning and for asking
FOLDS = 5            # of the field: seeds go from 0 to 4, and each photograph is asked for once
BOTH = "late blocks and probe"
ASKED_SPECIMENS = 7  # of the lab's 27 a label, that are held out


def lab_task(seed, per_label):
    """(table, train, valid): of each label 7 specimens are held out and asked for (21 photographs).

    Of the photographs of the other 20 `per_label` are learned from, drawn at random; a smaller draw
    is a part of a larger one. All by `seed`.
    """
    import numpy as np
    from mushroom_lib.sources import photos
    table = photos("lab")
    rng = np.random.default_rng(seed)
    train = []
    valid = []
    for label in sorted(set(table["label"])):
        rows = np.flatnonzero(table["label"] == label)
        specimens = table["group"].to_numpy()[rows]
        held_out = rng.permutation(np.unique(specimens))[:ASKED_SPECIMENS]
        is_asked = np.isin(specimens, held_out)
        left = rng.permutation(rows[~is_asked])
        if len(left) < per_label:
            raise ValueError(f"label {label!r} has {len(left)} photographs to learn from, too few for "
                             f"{per_label}")
        valid.append(rows[is_asked])
        train.append(left[:per_label])
    return table, np.sort(np.concatenate(train)), np.sort(np.concatenate(valid))


def field_task(seed):
    "(table, train, valid): all real photographs, fold `seed` of five by observation."
    from mushroom_lib.sources import photos
    from sklearn.model_selection import StratifiedGroupKFold
    table = photos("field")
    if not 0 <= seed < FOLDS:
        raise ValueError(f"the field has {FOLDS} folds, numbered from 0: there is no fold {seed}")
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    pairs = list(folds.split(table, table["label"], table["group"]))
    return table, *pairs[seed]


def archive_task(seed, asked):
    """(table, train, valid): the real photographs of one archive are asked for, the other's learned.

    Other people, other places. `asked` is "mo" (Mushroom Observer) or "wm" (Wikimedia Commons); labels
    that one of the two lacks are left out. `seed` decides nothing here but the recipe's own draws.
    """
    import numpy as np
    from mushroom_lib.sources import photos
    table = photos("field")
    archive = table["group"].str.split("|").str[0]
    kept = set(table["label"])
    for name in ("mo", "wm"):
        kept &= set(table.loc[archive == name, "label"])
    here = table["label"].isin(kept)
    table = table[here].reset_index(drop=True)
    is_asked = (archive[here] == asked).to_numpy()
    return table, np.flatnonzero(~is_asked), np.flatnonzero(is_asked)


TASKS = {
    "lab, 10 a label": partial(lab_task, per_label=10),
    "lab, 20 a label": partial(lab_task, per_label=20),
    "lab, 40 a label": partial(lab_task, per_label=40),
    "lab, 60 a label": partial(lab_task, per_label=60),
    "field": field_task,
    "Commons, learned from Mushroom Observer": partial(archive_task, asked="wm"),
    "Mushroom Observer, learned from Commons": partial(archive_task, asked="mo"),
}


def probe(folder, size, views=0):
    "A linear classifier on the frozen network's features of the middle square."
    import sklearn.decomposition  # noqa: F401, before the clock starts
    import sklearn.linear_model   # noqa: F401
    import timm                   # noqa: F401
    from mushroom_lib.features import extract_features, make_probe

    def run(files, y, train, valid, seed):
        cache = Path(folder) / "features"
        X = extract_features(files, size, cache=cache, progress=False)[:, None]
        if views:
            import numpy as np
            more = extract_features(files, size, views=views, cache=cache, progress=False)
            X = np.concatenate([X, more], axis=1)
        return dict(probabilities=_probe_over_views(make_probe(), X, y, train, valid), steps=0)
    return run


def _probe_over_views(model, X, y, train, valid):
    "Learns from all views of a photograph, X (n, views, features); asks for all and takes the mean."
    n_views = X.shape[1]
    model.fit(X[train].reshape(len(train) * n_views, -1), y[train].repeat(n_views))
    answers = model.predict_proba(X[valid].reshape(len(valid) * n_views, -1))
    return answers.reshape(len(valid), n_views, -1).mean(axis=1)


def probe_over_views(folder, size):
    "The same on the middle square and three random ones, in learning and in asking: their mean."
    return probe(folder, size, views=VIEWS)


def late_blocks(folder, size):
    """Ours (lesson 16): the frozen early blocks' activations of the same four views, computed once; the
    late blocks trained on them, with a head that starts as the probe; the mean over the views."""
    import fastai.vision.all  # noqa: F401, before the clock starts
    import sklearn.linear_model  # noqa: F401
    from mushroom_lib.late_blocks import finetune, predict_probe, predict_views

    def run(files, y, train, valid, seed):
        learn = finetune(files, y, train, valid, size=size, views=VIEWS, seed=seed)
        network = predict_views(learn, valid)
        both = (network + predict_probe(learn, valid)) / 2
        return dict(probabilities=network, steps=_steps_of(learn), also={BOTH: both})
    return run


def late_blocks_and_probe(folder, size):
    """The mean of what the late blocks answer and what the probe answers that they started from; filed with
    each run of the late blocks, at the same cost."""
    recipe = late_blocks(folder, size)

    def run(files, y, train, valid, seed):
        result = recipe(files, y, train, valid, seed)
        return dict(probabilities=result["also"][BOTH], steps=result["steps"])
    return run


def _steps_of(learn):
    "The steps of the last `fit` of a Learner."
    return learn.n_epoch * len(learn.dls.train)


def _fastai_loaders(files, y, train, valid, batch, item_tfms, batch_tfms):
    "DataLoaders of fastai's data block: the rows `train` with labels, and the rows `valid`."
    from fastai.vision.all import CategoryBlock, ColReader, DataBlock, ImageBlock, IndexSplitter
    import pandas as pd
    rows = [*train, *valid]
    table = pd.DataFrame(dict(path=[files[row] for row in rows], label=y[rows]))
    block = DataBlock((ImageBlock, CategoryBlock), get_x=ColReader("path"), get_y=ColReader("label"),
                      splitter=IndexSplitter(range(len(train), len(rows))), item_tfms=item_tfms,
                      batch_tfms=batch_tfms)
    return block.dataloaders(table, bs=batch, num_workers=0)


def _ask_over_views(learn, files, size):
    "The mean of a Learner's answers over the same four views that the other recipes get."
    import torch
    from mushroom_lib.cached import as_pixels, photo_views
    learn.model.eval()
    answers = []
    with torch.inference_mode():
        for file in files:
            x = as_pixels(photo_views(file, size, VIEWS)).to(learn.dls.device)
            answers.append(learn.model(x).softmax(1).mean(0).cpu())
    return torch.stack(answers).numpy()


def fastai_tuned(folder, size, epochs=6, least_steps=150):
    """fastai as a careful user runs it: batches of 16, BatchNorm held, a linear head alone, then everything
    for six epochs (more where that makes fewer than 150 steps) with a learning rate that grows from the
    early blocks to the head; random squares, mirrored and lit otherwise; asked over the same views."""
    from fastai.vision.all import (Brightness, Contrast, FlipItem, LabelSmoothingCrossEntropy,
                                   RandomResizedCrop, set_seed)
    from mushroom_lib.finetune import pretrained_learner

    def run(files, y, train, valid, seed):
        set_seed(seed)
        squares = RandomResizedCrop(size, min_scale=.36, ratio=(.9, 1.1), val_xtra=0)
        light = [Brightness(.2, .75), Contrast(.2, .75)]
        dls = _fastai_loaders(files, y, train, valid, 16, [squares, FlipItem()], light)
        learn = pretrained_learner(dls, loss_func=LabelSmoothingCrossEntropy())
        together = max(epochs, math.ceil(least_steps / len(learn.dls.train)))
        with learn.no_bar(), learn.no_logging():
            learn.fit_one_cycle(math.ceil(together / 3), 5e-3)
            steps = _steps_of(learn)
            learn.unfreeze()
            learn.fit_one_cycle(together, slice(1e-4, 1e-3))
        steps += _steps_of(learn)
        asked = [files[row] for row in valid]
        return dict(probabilities=_ask_over_views(learn, asked, size), steps=steps)
    return run


def stock(folder, size, batch=64, hold_batchnorm=False):
    "`vision_learner(...).fine_tune(3)` with fastai's defaults, batches of 64, BatchNorm free."
    from fastai.vision.all import Resize, aug_transforms, set_seed, vision_learner
    from mushroom_lib.features import ARCH, imagenet_model
    from mushroom_lib.finetune import FreezeBN
    import torch
    weights = Path(folder) / "weights.pth"   # the packaged ones, under timm's own names
    torch.save(imagenet_model().state_dict(), weights)

    def run(files, y, train, valid, seed):
        set_seed(seed)
        transforms = aug_transforms(size=size, min_scale=.6)   # squares, turned and lit otherwise
        dls = _fastai_loaders(files, y, train, valid, batch, Resize(size * 5 // 4), transforms)
        callbacks = [FreezeBN()] if hold_batchnorm else []
        learn = vision_learner(dls, ARCH, pretrained_cfg_overlay=dict(file=str(weights)),
                               cbs=callbacks)
        with learn.no_bar(), learn.no_logging():
            learn.fine_tune(3)
        with learn.no_bar():
            answers = learn.get_preds()[0].numpy()
        steps = 4 * len(dls.train)   # one epoch of the head, three of everything
        return dict(probabilities=answers, steps=steps)
    return run


def stock_small_batches(folder, size):
    "The same with batches of 16, so with four times the steps."
    return stock(folder, size, batch=16)


def stock_held(folder, size):
    "The same with batches of 64 and BatchNorm held."
    return stock(folder, size, hold_batchnorm=True)


def stock_small_batches_held(folder, size):
    "The same with batches of 16 and BatchNorm held."
    return stock(folder, size, batch=16, hold_batchnorm=True)


class Photos:
    "A torch data set: pairs of a transformed photograph and its label's number."

    def __init__(self, files, codes, transform):
        self.files = list(files)
        self.codes = [int(code) for code in codes]
        self.transform = transform

    def __len__(self):
        return len(self.files)

    def __getitem__(self, k):
        from mushroom_lib.opening import open_photo
        return self.transform(open_photo(self.files[k])), self.codes[k]


def plain_torch(folder, size, head_epochs=1, epochs=8, batch=16):
    """timm and torch by the textbook: timm's transforms, AdamW, BatchNorm free, the head for one epoch,
    then everything for eight, one of them warm-up, then a cosine; asked for the middle square."""
    import timm
    import torch
    from mushroom_lib.features import ARCH, MEAN, STD, imagenet_model
    weights = imagenet_model().state_dict()
    normal = dict(mean=[MEAN] * 3, std=[STD] * 3, input_size=(3, size, size))

    def run(files, y, train, valid, seed):
        import numpy as np
        torch.manual_seed(seed)
        names, codes = np.unique(y, return_inverse=True)
        model = timm.create_model(ARCH, pretrained=False)
        model.load_state_dict(weights)
        model.reset_classifier(len(names))
        learned = Photos([files[row] for row in train], codes[train], timm.data.create_transform(
            **normal, is_training=True, scale=(.5, 1)))
        asked = Photos([files[row] for row in valid], codes[valid], timm.data.create_transform(
            **normal, crop_pct=1))
        batches = torch.utils.data.DataLoader(learned, batch, shuffle=True,
                                              drop_last=len(train) > batch)
        model.requires_grad_(False)
        head = list(model.get_classifier().parameters())
        for parameter in head:
            parameter.requires_grad_(True)
        optimiser = torch.optim.AdamW(head, lr=1e-3, weight_decay=.01)
        _train_epochs(model, batches, optimiser, head_epochs, warm=0)
        model.requires_grad_(True)
        optimiser = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=.01)
        _train_epochs(model, batches, optimiser, epochs, warm=1)
        model.eval()
        answers = []
        with torch.inference_mode():
            for x, _ in torch.utils.data.DataLoader(asked, batch):
                answers.append(model(x).softmax(1))
        steps = (head_epochs + epochs) * len(batches)
        return dict(probabilities=torch.cat(answers).numpy(), steps=steps)
    return run


def _train_epochs(model, batches, optimiser, epochs, warm):
    "Trains step by step: a linear warm-up of `warm` epochs, then a cosine down to nothing."
    import numpy as np
    import torch
    n_steps = epochs * len(batches)
    n_warm = warm * len(batches)

    def rate(step):
        if step < n_warm:
            return (step + 1) / n_warm
        return (1 + np.cos(np.pi * (step - n_warm) / max(1, n_steps - n_warm))) / 2

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
    model.train()
    for _ in range(epochs):
        for x, y in batches:
            torch.nn.functional.cross_entropy(model(x), y).backward()
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()


RECIPES = {
    "probe": probe,
    "probe over views": probe_over_views,
    "late blocks": late_blocks,
    BOTH: late_blocks_and_probe,
    "fastai, tuned": fastai_tuned,
    "fine_tune(3)": stock,
    "fine_tune(3), batches of 16": stock_small_batches,
    "fine_tune(3), BatchNorm held": stock_held,
    "fine_tune(3), batches of 16, BatchNorm held": stock_small_batches_held,
    "plain torch": plain_torch,
}


def _version(package):
    "The version of an installed package, or None."
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def machine():
    "The processor's name and how many of them there are, in words."
    info = Path("/proc/cpuinfo")
    names = [platform.processor() or platform.machine()]
    if info.exists():
        lines = info.read_text().splitlines()
        names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {os.cpu_count()} cores, {platform.system()}"


def _cpu():
    "CPU seconds of this process so far, user and system."
    times = os.times()
    return times.user + times.system


def judge(table, valid, probabilities):
    """`accuracy`, `mean_recall`, `right` (0 or 1) and `groups` of the rows `valid`.

    From probabilities (n, k), a column a label in sorted order; ValueError for any other shape, and
    for numbers that are not finite.
    """
    import numpy as np
    labels = np.array(sorted(set(table["label"])))
    asked = table.iloc[valid]
    probabilities = np.asarray(probabilities)
    if probabilities.shape != (len(valid), len(labels)):
        raise ValueError(f"probabilities of shape {probabilities.shape} for {len(valid)} photographs "
                         f"and {len(labels)} labels")
    if not np.isfinite(probabilities).all():
        raise ValueError("some probabilities are not finite numbers")
    truth = asked["label"].to_numpy()
    right = labels[probabilities.argmax(1)] == truth
    recalls = [right[truth == label].mean() for label in np.unique(truth)]
    return dict(accuracy=float(right.mean()), mean_recall=float(np.mean(recalls)),
                right=right.astype(int).tolist(), groups=asked["group"].tolist())


def records(task, recipe, size, seed):
    """One run in this process, a list of dictionaries: what was right, seconds, steps, versions, machine.

    The first is of the recipe; one more for whatever it answered on the side (`also`). `cpu_s` and `wall_s` are of reading, learning and answering, without imports. ValueError for a task
    of which there are no photographs here.
    """
    import contextlib
    import numpy as np
    import torch
    table, train, valid = TASKS[task](seed)
    table = table.iloc[[*train, *valid]].reset_index(drop=True)   # a recipe sees no other photograph
    train = np.arange(len(train))
    valid = np.arange(len(train), len(table))
    files = table["path"].tolist()
    y = table["label"].to_numpy()
    with tempfile.TemporaryDirectory() as folder:
        run = RECIPES[recipe](folder, size)
        cpu = _cpu()
        wall = time.perf_counter()
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            result = run(files, y, train, valid, seed)
        spent = dict(cpu_s=round(_cpu() - cpu, 3), wall_s=round(time.perf_counter() - wall, 3))
    versions = {package: _version(package) for package in PACKAGES}
    out = []
    for name, answers in {recipe: result["probabilities"], **result.get("also", {})}.items():
        out.append(dict(
            task=task, recipe=name, size=size, seed=seed, n_train=len(train), n_valid=len(valid),
            steps=result["steps"], **judge(table, valid, answers), **spent,
            threads=torch.get_num_threads(), machine=machine(), python=platform.python_version(),
            versions=versions, at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=list(TASKS))
    parser.add_argument("recipe", choices=list(RECIPES))
    parser.add_argument("size", type=int)
    parser.add_argument("seed", type=int)
    args = parser.parse_args()
    for record in records(args.task, args.recipe, args.size, args.seed):
        print(json.dumps(record))


if __name__ == "__main__":
    main()
