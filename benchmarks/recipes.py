"""What the training benchmark compares: the exam, and each recipe that sits it.

    python -m benchmarks.recipes COLLECTION RECIPE SEED     one run in this process; prints its record as JSON on the last line

A recipe is a function of a temporary folder that imports and prepares what it needs, and returns a function of (table, train, valid,
seed), which is what is timed: it reads the photos, learns from the rows `train` and returns the probabilities of the rows `valid`, a column a label in sorted
order. A floor learns nothing, reads the photos of both sides and returns None.
"""
import argparse
import contextlib
import json
import os
import platform
import sys
import tempfile
import time
import warnings
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("torch", "torchvision", "fastai", "timm", "scikit-learn", "numpy", "pillow", "onnxruntime")
FOLDS = 5       # of the field: seeds go from 0 to 4, and each photo is in the exam once
PER_LABEL = 10  # photos of the lab that are learned from, and as many that are asked for


def exam(collection, seed):
    """(table, train, valid): the photos as a table and the rows to learn from and to be asked for; the same for all recipes of a seed.

    The field: all its photos, fold `seed` of five by find. The lab: for each label ten photos of specimens drawn by the seed are asked
    for, and ten of the other specimens learned from. Raises ValueError for a seed that the field has no fold for.
    """
    from mushroom_lib.sources import photos
    from mushroom_lib.old_splits import split
    table = photos(collection)
    if collection != "lab": return table, *split(table, "group", folds=FOLDS, fold=seed, seed=0)
    return table, *few(table, seed)


def few(table, seed, per_label=PER_LABEL):
    "(train, valid), sorted row numbers: so many photos of each label on either side, no specimen on both; ValueError where a label has too few."
    import numpy as np
    rng, train, valid = np.random.default_rng(seed), [], []
    for label, rows in table.assign(row=range(len(table))).groupby("label"):
        order = {name: k for k, name in enumerate(rng.permutation(sorted(set(rows["group"]))))}
        rows = rows.sort_values("group", key=lambda names: names.map(order), kind="stable")
        asked = rows["row"].to_numpy()[:per_label]
        rest = rows["row"][~rows["group"].isin(rows["group"].iloc[:per_label])]
        if len(rest) < per_label: raise ValueError(f"label {label!r} has {len(rows)} photos, too few for {per_label} on either side")
        valid += [*asked]
        train += [*rng.choice(rest, per_label, replace=False)]
    return np.sort(train), np.sort(valid)


def weights(folder):
    "Path of the packaged weights under timm's own names, written to `folder`; what timm and fastai load where there is no internet."
    import torch
    from mushroom_lib.features import imagenet_model
    path = Path(folder) / "tf_efficientnet_lite0.pth"
    torch.save(imagenet_model().state_dict(), path)
    return path


def pretrained(folder):
    "Arguments that make `timm.create_model` or `vision_learner` take the packaged weights instead of downloading the same."
    return dict(pretrained=True, pretrained_cfg_overlay=dict(file=str(weights(folder))))


def stock(epochs, folder):
    "`vision_learner(...).fine_tune(epochs)` with fastai's defaults: 224 px, `aug_transforms()`, batches of 64; only `num_workers=0` is set."
    from fastai.vision.all import (CategoryBlock, ColReader, DataBlock, ImageBlock, IndexSplitter, Resize, aug_transforms, set_seed,
                                   vision_learner)
    source = pretrained(folder)

    def run(table, train, valid, seed):
        set_seed(seed)
        asked = range(len(train), len(train) + len(valid))
        block = DataBlock((ImageBlock, CategoryBlock), get_x=ColReader("path"), get_y=ColReader("label"), splitter=IndexSplitter(asked),
                          item_tfms=Resize(224), batch_tfms=aug_transforms())
        dls = block.dataloaders(table.iloc[[*train, *valid]], num_workers=0)
        learn = vision_learner(dls, "tf_efficientnet_lite0", **source)
        with learn.no_bar(), learn.no_logging(): learn.fine_tune(epochs)
        with learn.no_bar(): return learn.get_preds()[0].numpy()
    return run


def plain(folder, head_epochs=1, epochs=5, batch=32):
    "timm and torch, by the textbook: 224 px, timm's transforms, AdamW; the head alone for an epoch, then all for five, one of warm-up, then cosine."
    import timm, torch
    from mushroom_lib.features import device
    source, where = pretrained(folder), device()

    def run(table, train, valid, seed):
        torch.manual_seed(seed)
        y = table["label"].astype("category")
        model = timm.create_model("tf_efficientnet_lite0", num_classes=len(y.cat.categories), **source).to(where)
        cfg = timm.data.resolve_model_data_config(model)
        learned = Photos(table["path"].iloc[train], y.cat.codes.iloc[train], timm.data.create_transform(**cfg, is_training=True, scale=(.5, 1)))
        asked = Photos(table["path"].iloc[valid], y.cat.codes.iloc[valid], timm.data.create_transform(**cfg))
        train_dl = torch.utils.data.DataLoader(learned, batch, shuffle=True, drop_last=len(train) > batch)
        head = list(model.get_classifier().parameters())
        model.requires_grad_(False)
        for p in head: p.requires_grad_(True)
        _epochs(model, train_dl, torch.optim.AdamW(head, lr=1e-3, weight_decay=.01), head_epochs, 0, where)
        model.requires_grad_(True)
        _epochs(model, train_dl, torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=.01), epochs, 1, where)
        model.eval()
        with torch.inference_mode():
            return torch.cat([model(x.to(where)).softmax(1).cpu() for x, _ in torch.utils.data.DataLoader(asked, batch)]).numpy()
    return run


class Photos:
    "A torch data set: pairs of a transformed picture and its label's number."

    def __init__(self, files, codes, transform): self.files, self.codes, self.transform = list(files), [int(c) for c in codes], transform

    def __len__(self): return len(self.files)

    def __getitem__(self, k):
        from mushroom_lib.opening import open_photo
        return self.transform(open_photo(self.files[k])), self.codes[k]


def _epochs(model, dl, opt, epochs, warm, where):
    "Trains for `epochs` epochs, step by step: a linear warm-up of `warm` epochs, then a cosine down to nothing."
    import numpy as np
    import torch
    steps, first = epochs * len(dl), warm * len(dl)
    rate = lambda k: (k + 1) / first if k < first else (1 + np.cos(np.pi * (k - first) / max(1, steps - first))) / 2
    schedule = torch.optim.lr_scheduler.LambdaLR(opt, rate)
    model.train()
    for _ in range(epochs):
        for x, y in dl:
            torch.nn.functional.cross_entropy(model(x.to(where)), y.to(where)).backward()
            opt.step()
            opt.zero_grad()
            schedule.step()


def sklearn(folder, batch=32):
    "scikit-learn on features of plain timm: 224 px, timm's transforms, batches of 32; standardised, logistic regression with its defaults."
    import timm, torch
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from mushroom_lib.features import device
    source, where = pretrained(folder), device()

    def run(table, train, valid, seed):
        model = timm.create_model("tf_efficientnet_lite0", num_classes=0, **source).to(where).eval()
        transform, rows = timm.data.create_transform(**timm.data.resolve_model_data_config(model)), [*train, *valid]
        photos = Photos(table["path"].iloc[rows], range(len(rows)), transform)
        with torch.inference_mode():
            X = torch.cat([model(x.to(where)).cpu() for x, _ in torch.utils.data.DataLoader(photos, batch)]).numpy()
        head = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, random_state=seed))
        return head.fit(X[:len(train)], table["label"].iloc[train]).predict_proba(X[len(train):])
    return run


def probe(folder, size=160):
    "Ours: `make_probe` on `extract_features` (160 px unless another size is named), computed afresh."
    import sklearn.decomposition, sklearn.linear_model, sklearn.pipeline, timm, torch, tqdm  # noqa: F401, before the clock
    from mushroom_lib.features import extract_features, make_probe

    def run(table, train, valid, seed):
        X = extract_features(table["path"].iloc[[*train, *valid]], size, cache=Path(folder) / "features", progress=False)
        return make_probe().fit(X[:len(train)], table["label"].iloc[train]).predict_proba(X[len(train):])
    return run


def finetune(folder):
    "Ours: `mushroom_lib.finetune.finetune` with its defaults, then `probabilities` with its: trained at 160 px, asked at 224 px, six views averaged."
    import fastai.vision.all, sklearn.decomposition, sklearn.linear_model, sklearn.pipeline, timm  # noqa: F401, before the clock
    from mushroom_lib.finetune import finetune, probabilities
    from mushroom_lib.old_splits import Split

    def run(table, train, valid, seed):
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            learn = finetune(table, Split(table, train, valid, "benchmark", None), seed=seed)
        return probabilities(learn, table["path"].iloc[valid])
    return run


def both(folder):
    "Ours: the mean of what `finetune` and a probe at 288 px say."
    parts = finetune(folder), probe(folder, 288)
    return lambda *exam: sum(run(*exam) for run in parts) / len(parts)


def _square(file, size):
    "The middle square of a photo as uint8, (3, size, size), by the cheapest decoding that Pillow has."
    import numpy as np
    from PIL import Image
    with Image.open(file) as im:
        im.draft("RGB", (size, size))
        side, (w, h) = min(im.size), im.size
        box = ((w - side) / 2, (h - side) / 2, (w + side) / 2, (h + side) / 2)
        return np.asarray(im.convert("RGB").resize((size, size), Image.Resampling.BILINEAR, box=box, reducing_gap=2)).transpose(2, 0, 1)


def _floor(forward, size, batch):
    "The timed part of a floor: reads the photos of the exam and sends them through `forward`, (n, 3, size, size) float32 in -1..1."
    import numpy as np

    def run(table, train, valid, seed):
        files = list(table["path"].iloc[[*train, *valid]])
        for k in range(0, len(files), batch): forward(np.stack([_square(f, size) for f in files[k:k + batch]]).astype(np.float32) / 127.5 - 1)
    return run


def floor_torch(folder, size=160, batch=4):
    "The least that can be done with torch: each photo decoded and sent once through the body, BatchNorm folded in, channels last, 160 px."
    import torch
    from mushroom_lib.features import backbone, device
    net = backbone()

    def forward(x):
        with torch.inference_mode(): return net(torch.from_numpy(x).to(device()).contiguous(memory_format=torch.channels_last)).cpu()
    return _floor(forward, size, batch)


def floor_onnx(folder, size=160, batch=4):
    "The same with onnxruntime on the CPU; making its file is not timed."
    missing = [name for name in ("onnx", "onnxruntime") if not _version(name)]
    if missing: sys.exit(f"{' and '.join(missing)} not installed: `pip install onnx onnxruntime` for this row")
    import onnxruntime, torch
    from mushroom_lib.features import backbone
    path, one = Path(folder) / "body.onnx", torch.zeros(1, 3, size, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that this way of exporting will go one day
        torch.onnx.export(backbone("cpu"), (one,), path, dynamo=False, input_names=["x"], dynamic_axes=dict(x={0: "n"}))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return _floor(lambda x: session.run(None, dict(x=x))[0], size, batch)


FLOORS = {"floor, torch": floor_torch, "floor, onnxruntime": floor_onnx}
STOCK = "stock fine_tune(3)"  # what the others are compared with
RECIPES = {**FLOORS, "probe": probe, "probe, 224 px": partial(probe, size=224), "probe, 288 px": partial(probe, size=288),
           "scikit-learn on timm features": sklearn, "finetune": finetune, "finetune and probe, mean": both, STOCK: partial(stock, 3),
           "stock fine_tune(10)": partial(stock, 10), "plain torch": plain}


def _version(package):
    "The version of an installed package, or None."
    try: return version(package)
    except PackageNotFoundError: return None


def machine():
    "The processor's name and how many of them there are, in words."
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return f"{(names or [platform.processor() or platform.machine()])[0]}, {os.cpu_count()} cores, {platform.system()}"


def _cpu():
    "CPU seconds of this process so far, user and system."
    t = os.times()
    return t.user + t.system


def record(collection, recipe, seed):
    "The dictionary of one run in this process: accuracy, each photo's right or wrong and group, seconds, versions, machine; no peak memory yet."
    import numpy as np
    table, train, valid = exam(collection, seed)
    with tempfile.TemporaryDirectory() as folder:
        begun, run = _cpu(), RECIPES[recipe](folder)
        cpu, wall = _cpu(), time.perf_counter()
        p = run(table, train, valid, seed)
        spent = dict(cpu_s=round(_cpu() - cpu, 3), wall_s=round(time.perf_counter() - wall, 3), ready_cpu_s=round(cpu - begun, 3))
    out = dict(collection=collection, recipe=recipe, seed=seed, n_train=len(train), n_valid=len(valid), accuracy=None, right=None, groups=None)
    if p is not None: out |= graded(table, valid, np.asarray(p))
    import torch
    from mushroom_lib.features import device
    return out | spent | dict(threads=torch.get_num_threads(), device=str(device()), machine=machine(), python=platform.python_version(),
                              versions={k: _version(k) for k in PACKAGES}, at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))


def graded(table, valid, p):
    "`accuracy`, `right` (0 or 1) and `groups` of the rows `valid`, from probabilities (n, k), a column a label in sorted order."
    import numpy as np
    labels, asked = np.array(sorted(set(table["label"]))), table.iloc[valid]
    if p.shape != (len(valid), len(labels)): raise ValueError(f"probabilities of shape {p.shape} for {len(valid)} photos and {len(labels)} labels")
    if not np.isfinite(p).all(): raise ValueError("some probabilities are not finite numbers")
    right = labels[p.argmax(1)] == asked["label"].to_numpy()
    return dict(accuracy=float(right.mean()), right=right.astype(int).tolist(), groups=asked["group"].tolist())


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("collection")
    p.add_argument("recipe", choices=list(RECIPES))
    p.add_argument("seed", type=int)
    args = p.parse_args()
    print(json.dumps(record(args.collection, args.recipe, args.seed)))


if __name__ == "__main__": main()
