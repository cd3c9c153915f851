"""How like photographs the rendered ones are, and how hard: the lab's figures beside the field's.

    python -m benchmarks.realism

Prints a table a question. The field photos have to be here (`mushrooms photos`).
"""
import argparse
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.stats import binomtest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mushroom_lib.features import MEAN, STD, extract_features, center_crop, imagenet_model, make_probe
from mushroom_lib.opening import open_photo
from mushroom_lib.sources import load_mask, photos
from mushroom_lib.style import thumbnails

FUNGI = (947, 991, 992, 993, 994, 995, 996, 997)  # mushroom, coral fungus, agaric, gyromitra, stinkhorn, earthstar, hen-of-the-woods, bolete
SEEDS = range(10)


def with_interval(hits):
    "`share (low-high)`, Wilson's 95 % interval, of an array of hits."
    low, high = binomtest(int(np.sum(hits)), len(hits)).proportion_ci(method="wilson")
    return f"{np.mean(hits):.2f} ({low:.2f}-{high:.2f})"


def in_top_five(files):
    "For each photo, whether one of ImageNet's fungi is among the network's first five answers."
    net, hits = imagenet_model(), []
    for file in files:
        x = torch.from_numpy(center_crop(open_photo(file, size=448), 224).copy()).permute(2, 0, 1)[None].float()
        with torch.inference_mode(): top = net((x / 255 - MEAN) / STD).topk(5).indices[0]
        hits.append(any(int(i) in FUNGI for i in top))
    return np.array(hits)


def probe(X, y):
    "The course's probe, fitted."
    return make_probe().fit(X, y)


def by_group(X, y, groups, seed=0, model=probe, k=5):
    "Out-of-fold hits of `model`; no group is on both sides."
    hits = np.zeros(len(y), bool)
    for train, valid in StratifiedGroupKFold(k, shuffle=True, random_state=seed).split(X, y, groups):
        hits[valid] = model(X[train], y[train]).predict(X[valid]) == y[valid]
    return hits


def plain(X, y):
    "A classifier of flattened pixels: standardised, 60 principal components, logistic regression."
    return make_pipeline(StandardScaler(), PCA(min(60, len(X) - 1), random_state=0), LogisticRegression(C=0.1, max_iter=2000)).fit(X, y)


def few(X, y, groups, seed, per_label=20, share=.5):
    """Accuracy with `per_label` photos a label to learn from, on photos of other specimens and, with as many photos, of the same.

    Half of each label's specimens are for learning. `honest` is tested on the other half; `flattered` learns from any photos and is
    tested on photos that it did not see of the specimens that it saw.
    """
    rng, train, valid, same = np.random.default_rng(seed), [], [], []
    for label in np.unique(y):
        own = rng.permutation(np.unique(groups[y == label]))
        known = own[:round(len(own) * share)]
        mine = rng.permutation(np.flatnonzero((y == label) & np.isin(groups, known)))
        train += list(mine[:per_label])
        seen = np.unique(groups[mine[:per_label]])
        same += [i for i in mine[per_label:] if groups[i] in seen]
        valid += list(np.flatnonzero((y == label) & ~np.isin(groups, known)))
    model = probe(X[train], y[train])
    return np.mean(model.predict(X[valid]) == y[valid]), np.mean(model.predict(X[same]) == y[same])


def band(values):
    "`mean (lowest-highest)`."
    return f"{np.mean(values):.2f} ({np.min(values):.2f}-{np.max(values):.2f})"


def background(photo, folder, box):
    "A copy of a lab photo with its mushrooms painted grey, or with `box` the rectangle round them, so that their outline is gone too."
    from PIL import ImageFilter
    im, seen = open_photo(photo["path"]), Image.fromarray(load_mask(photo)).convert("L").filter(ImageFilter.MaxFilter(9))
    im.paste((128, 128, 128), seen.getbbox() if box else None, None if box else seen)
    to = folder / photo["file"].replace("/", "_")
    im.save(to, quality=92)
    return to


def backgrounds(table, folder, box):
    "Paths of the photos of `table` without their mushrooms."
    folder.mkdir()
    return [background(row, folder, box) for row in table.to_dict("records")]


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--size", type=int, default=160, help="pixels a side that the network is shown")
    args = p.parse_args()
    warnings.filterwarnings("ignore", message=".*photos are missing.*")
    sets = {c: photos(c) for c in ("lab", "field")}
    X = {c: extract_features(t["path"], size=args.size) for c, t in sets.items()}
    y = {c: t["label"].to_numpy() for c, t in sets.items()}
    g = {c: t["group"].to_numpy() for c, t in sets.items()}
    print("| question | lab | field |\n|---|---|---|")

    def row(question, *cells): print(f"| {question} | " + " | ".join(cells) + " |", flush=True)

    row("photos (specimens or finds)", *(f"{len(y[c])} ({len(set(g[c]))})" for c in sets))
    row("a fungus in ImageNet's top five", *(with_interval(in_top_five(t["path"])) for t in sets.values()))
    row("probe, trained on the same collection, by specimen", *(with_interval(by_group(X[c], y[c], g[c])) for c in sets))
    row("probe, trained on the other collection", *(with_interval(probe(X[b], y[b]).predict(X[a]) == y[a]) for a, b in (("lab", "field"), ("field", "lab"))))
    row("commonest label", *(f"{max(np.mean(y[c] == v) for v in set(y[c])):.2f}" for c in sets))
    small = {c: thumbnails(t["path"], 8).reshape(len(t), -1) / 255 for c, t in sets.items()}
    row("8 x 8 pixels, logistic regression, by specimen", *(with_interval(by_group(small[c], y[c], g[c], model=plain)) for c in sets))
    means = {c: s.reshape(len(s), -1, 3).mean(1) for c, s in small.items()}
    row("mean colour, by specimen", *(with_interval(by_group(means[c], y[c], g[c], model=lambda a, b: make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(a, b))) for c in sets))
    with tempfile.TemporaryDirectory() as tmp:
        for box, what in ((False, "mushroom painted over"), (True, "its rectangle painted over")):
            files = backgrounds(sets["lab"], Path(tmp) / str(box), box)
            tiny = thumbnails(files, 8).reshape(len(files), -1) / 255
            row(f"{what}: 8 x 8 pixels, by specimen", with_interval(by_group(tiny, y["lab"], g["lab"], model=plain)), "no masks")
            row(f"{what}: probe, by specimen", with_interval(by_group(extract_features(files, args.size), y["lab"], g["lab"])), "no masks")
    both, which = np.concatenate(list(X.values())), np.repeat(list(sets), [len(v) for v in y.values()])
    told = by_group(both, which, np.concatenate(list(g.values())))
    row("told from the other collection by a probe", *(with_interval(told[which == c]) for c in sets))
    runs = np.array([few(X["lab"], y["lab"], g["lab"], s) for s in SEEDS])
    row("20 photos a label: tested on other specimens", band(runs[:, 0]), "")
    row("20 photos a label: tested on the same specimens", band(runs[:, 1]), "")
    row("so much does the second flatter", band(runs[:, 1] - runs[:, 0]), "")


if __name__ == "__main__": main()
