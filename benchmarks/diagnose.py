"""How many training runs with a planted trouble `diagnose` names rightly, by the kind of record.

    python -m benchmarks.diagnose [--seeds 5]    prints the tables of benchmarks/diagnose.md

Five runs a cause, planted as lesson 20 plants them. Our own loop records each run twice: both losses after
the epoch, and the training loss as its mean over the epoch (as Keras does). A real fastai Learner, with
other batches and other first weights, trains the same tasks: its file as it stands (a verdict that leaves
two causes open is counted apart), the same file with the number of batches, and the Learner itself.
"""
import argparse
import tempfile
import warnings
from pathlib import Path

import pandas as pd


def our_verdicts(cause, seed, lab):
    "A dictionary: kind of record, verdict; for a run of our own loop."
    from mushroom_lib.diagnose import diagnose
    from mushroom_lib.planted_runs import planted_run
    found = {}
    for name, lagging in [("own loop, both sides alike", False),
                          ("own loop, mean over the epoch", True)]:
        history, labels = planted_run(cause, seed, lab, lagging=lagging)
        found[name] = diagnose(history, labels).verdict
    return found


def fastai_verdicts(cause, seed, lab, folder):
    "A dictionary: kind of record, verdict; for a run of fastai."
    from mushroom_lib.diagnose import diagnose
    from mushroom_lib.planted_runs import planted_run, train_learner
    learn, labels = planted_run(cause, seed, lab, train=train_learner, folder=folder)
    file = Path(folder) / "history.csv"
    batches = learn.recorder.iters[0]
    return {"fastai, history.csv": diagnose(file, labels).verdict,
            "fastai, history.csv with batches": diagnose(file, labels, batches=batches).verdict,
            "fastai, Learner": diagnose(learn, labels).verdict}


def verdicts(seeds, lab):
    "A row for each run and kind of record: cause, seed, record, verdict."
    from mushroom_lib.planted_runs import PLANTED_CAUSES
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for cause in PLANTED_CAUSES:
            for seed in seeds:
                found = our_verdicts(cause, seed, lab) | fastai_verdicts(cause, seed, lab, folder)
                rows += [dict(cause=cause, seed=seed, record=name, verdict=verdict)
                         for name, verdict in found.items()]
    return pd.DataFrame(rows)


def tables(runs):
    "Two Markdown tables: how many are right, and what the others were called."
    lines = ["| record | right | left open | wrong |", "|---|---|---|---|"]
    missed = ["| record | planted | called | runs |", "|---|---|---|---|"]
    for name, mine in runs.groupby("record", sort=False):
        right = mine["verdict"] == mine["cause"]
        pairs = zip(mine["cause"], mine["verdict"])
        n_right = int(right.sum())
        n_open = sum(cause in verdict.split(" or ") for cause, verdict in pairs) - n_right
        n_wrong = len(mine) - n_right - n_open
        lines.append(f"| {name} | {n_right} of {len(mine)} | {n_open} | {n_wrong} |")
        for (cause, verdict), n in mine[~right].groupby(["cause", "verdict"]).size().items():
            missed.append(f"| {name} | {cause} | {verdict} | {n} |")
    return "\n".join([*lines, "", *missed])


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--seeds", type=int, default=5, help="runs a cause (default: 5)")
    n = p.parse_args().seeds
    warnings.filterwarnings("ignore")
    from mushroom_lib.planted_runs import PhotoFeatures
    from mushroom_lib.sources import photos
    print(tables(verdicts(range(n), PhotoFeatures(photos("lab")))))


if __name__ == "__main__":
    main()
