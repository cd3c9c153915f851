"""Runs that were really trained with a planted trouble: each verdict from the record of each trainer, what must not change it, hostile input."""
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from benchmarks.diagnose import tables
from mushroom_lib.diagnose import TRY_FIRST, LIMITS, RunReport, decide, diagnose, measure_signs, scale_losses
from mushroom_lib.history import read_history
from mushroom_lib.planted_runs import PLANTED_CAUSES, PhotoFeatures, draw_losses, planted_run, train_learner
from mushroom_lib.sources import photos

SEEDS = (0, 1)   # of the untouched block of lesson 20: no limit was chosen on them
SMALL = pd.DataFrame(dict(epoch=[1, 2, 3, 4], train_loss=[2, 1.2, .6, .3], valid_loss=[2, 1.4, 1., .9]))
EIGHT = list(range(8)) * 10


@pytest.fixture(scope="module")
def lab():
    return PhotoFeatures(photos("lab"))


@pytest.fixture(scope="module")
def trained(lab):
    "(history, labels) by cause and seed, recorded by our own loop with both sides alike."
    return {(cause, seed): planted_run(cause, seed, lab) for cause in PLANTED_CAUSES for seed in SEEDS}


@pytest.fixture(scope="module")
def trained_by_fastai(lab, tmp_path_factory):
    "(learner, labels, history.csv) by cause."
    runs = {}
    for cause in PLANTED_CAUSES:
        folder = tmp_path_factory.mktemp("fastai")
        runs[cause] = *planted_run(cause, 0, lab, train=train_learner, folder=folder), folder / "history.csv"
    return runs


@pytest.fixture(params=PLANTED_CAUSES)
def cause(request):
    return request.param


@pytest.fixture
def run(trained, cause):
    "A table with the columns of a record, the labels, and the verdict."
    history, labels = trained[cause, 0]
    return history, labels, diagnose(history, labels).verdict


def right(runs, **kw):
    "How many of a dictionary cause (or cause, seed) -> (record, labels, ...) get their verdict."
    causes = [key if isinstance(key, str) else key[0] for key in runs]
    return sum(diagnose(run[0], run[1], **kw).verdict == cause for cause, run in zip(causes, runs.values()))


def test_trained_runs_get_the_verdict_that_was_planted(trained):
    assert right(trained) >= 10, "of 12; two of them may be taken for their neighbour"


def test_with_a_mean_over_the_epoch_nearly_as_many_are_right(lab):
    runs = {(cause, seed): planted_run(cause, seed, lab, lagging=True) for cause in PLANTED_CAUSES for seed in SEEDS}
    assert right(runs) >= 9, "of 12"


def test_a_real_fastai_learner(trained_by_fastai):
    assert right(trained_by_fastai) >= 5, "of 6"


def test_fastais_file_says_what_its_running_loss_cannot_tell_apart_and_batches_mend_it(trained_by_fastai):
    for cause in ("overfitting", "noisy labels"):
        learn, labels, file = trained_by_fastai[cause]
        report = diagnose(file, labels)
        assert report.verdict == "overfitting or noisy labels" and "batches=" in report.try_first
        told = diagnose(file, labels, batches=learn.recorder.iters[0])
        assert told.verdict == diagnose(learn, labels).verdict != report.verdict
    for cause in ("underfitting", "leak"):
        _, labels, file = trained_by_fastai[cause]
        assert diagnose(file, labels).verdict == cause


def test_on_shuffled_verdicts_hardly_any_is_right(trained):
    "The score is none that anything would get."
    rng = np.random.default_rng(0)
    verdicts = rng.permutation([diagnose(*run).verdict for run in trained.values()])
    assert sum(verdict == cause for verdict, (cause, _) in zip(verdicts, trained)) <= 5


def test_the_benchmark_counts():
    runs = pd.DataFrame([("a", "leak", "leak"), ("a", "overfitting", "overfitting or noisy labels"), ("a", "leak", "nothing wrong")],
                        columns=["record", "cause", "verdict"])
    assert "| a | 1 of 3 | 1 | 1 |" in tables(runs) and "| a | leak | nothing wrong | 1 |" in tables(runs)


# The same run, as each trainer would have written it

def keras(t, folder):
    t = t.assign(epoch=t["epoch"] - 1).rename(columns=dict(train_loss="loss", train_accuracy="accuracy", valid_loss="val_loss", valid_accuracy="val_accuracy"))
    t[["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]].to_csv(folder / "log.csv", index=False)
    return folder / "log.csv"


def lightning(t, folder):
    rows = []
    for r in t.itertuples():
        rows.append(dict(epoch=r.epoch - 1, step=10 * r.epoch - 5, train_loss_step=r.train_loss + .3))
        rows.append(dict(epoch=r.epoch - 1, step=10 * r.epoch, val_loss_epoch=r.valid_loss, val_acc_epoch=r.valid_accuracy))
        rows.append(dict(epoch=r.epoch - 1, step=10 * r.epoch, train_loss_epoch=r.train_loss))
    rows.append(dict(epoch=len(t), step=10 * len(t), test_loss=.5))
    pd.DataFrame(rows).to_csv(folder / "metrics.csv", index=False)
    return folder / "metrics.csv"


def hugging_face(t, folder):
    log = []
    for r in t.itertuples():
        log.append(dict(epoch=r.epoch - .5, loss=r.train_loss + .01))
        log.append(dict(epoch=float(r.epoch), loss=r.train_loss - .01 if r.train_loss > .01 else r.train_loss))
        log.append(dict(epoch=float(r.epoch), eval_loss=r.valid_loss, eval_accuracy=r.valid_accuracy, eval_runtime=1.))
    log.append(dict(epoch=float(len(t)), train_loss=float(t["train_loss"].mean()), train_runtime=60.))
    (folder / "trainer_state.json").write_text(json.dumps(dict(global_step=9, log_history=log)))
    return folder / "trainer_state.json"


def ultralytics(t, folder):
    names = {"epoch": "epoch", "train_loss": "train/loss", "valid_accuracy": "metrics/accuracy_top1", "valid_loss": "val/loss"}
    t = t[list(names)].rename(columns=lambda name: names[name].rjust(23))
    t.to_csv(folder / "results.csv", index=False)
    return folder / "results.csv"


def timm(t, folder):
    t = t.assign(epoch=t["epoch"] - 1, eval_top1=100 * t["valid_accuracy"], eval_top5=99.).rename(columns=dict(valid_loss="eval_loss"))
    t[["epoch", "train_loss", "eval_loss", "eval_top1", "eval_top5"]].to_csv(folder / "summary.csv", index=False)
    return folder / "summary.csv"


@pytest.mark.parametrize("trainer", [keras, lightning, hugging_face, ultralytics, timm])
def test_the_verdict_is_the_same_whatever_trainer_wrote_the_run_down(trainer, run, tmp_path):
    history, labels, verdict = run
    assert diagnose(trainer(history, tmp_path), labels).verdict == verdict


def test_a_table_is_a_record_as_well(run):
    t, labels, verdict = run
    for record in (t, t.to_dict("records"), t.drop(columns="epoch").to_dict("list"), t.astype(str).to_dict("records"), t[t.columns[::-1]].rename(columns=str.upper)):
        assert diagnose(record, labels).verdict == verdict


def test_twice_the_epochs_with_the_same_curve_get_the_same_verdict(run):
    history, labels, verdict = run
    t = history.drop(columns="epoch")
    assert diagnose(t.loc[t.index.repeat(2)], labels).verdict == verdict


def test_epochs_without_validation_are_left_out(run):
    history, labels, _ = run
    t = history.copy()
    t.loc[t.index % 2 == 0, ["valid_loss", "valid_accuracy"]] = np.nan
    assert diagnose(t, labels).table["epoch"].tolist() == history["epoch"].tolist()[1::2]


def test_a_little_unrest_changes_hardly_any_verdict(trained):
    rng = np.random.default_rng(0)
    changed = 0
    for history, labels in trained.values():
        t = history.copy()
        for name in ("train_loss", "valid_loss"):
            t[name] = (t[name] + rng.normal(0, .01, len(t))).clip(lower=0)
        changed += diagnose(t, labels).verdict != diagnose(history, labels).verdict
    assert changed <= 1


# Hostile input, and signs by hand

@pytest.mark.parametrize("end", [math.nan, math.inf])
def test_a_loss_that_is_no_longer_a_number_is_too_high_a_learning_rate(end):
    t = SMALL.copy()
    t.loc[2:, ["train_loss", "valid_loss"]] = end
    report = diagnose(t, EIGHT)
    assert report.verdict == "learning rate too high" and "no number" in repr(report)


def test_losses_are_measured_against_the_labels_that_are_there():
    "The same losses: fine with a hundred labels, and nothing learned where one label has nine of ten photographs."
    t = pd.DataFrame(dict(train_loss=[.34, .33, .32, .31], valid_loss=[.34, .34, .33, .33]))
    assert diagnose(t, [0] * 9 + [1]).verdict == "underfitting"
    assert diagnose(t, list(range(100))).verdict == "leak"     # as good on both sides: an easy task, or copies
    scaled = scale_losses(read_history(t), [0] * 9 + [1])
    np.testing.assert_allclose(scaled["train"], t["train_loss"] / .32508, rtol=1e-4)


@pytest.mark.parametrize("labels", [None, 8, "eight", [], [1, 1, 1], np.ones((4, 2))])
def test_labels_are_needed(labels):
    with pytest.raises(ValueError, match="label of each training photograph") as error:
        diagnose(SMALL, labels)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("epochs", [1, 2])
def test_too_few_epochs_are_said(epochs):
    with pytest.raises(ValueError, match=f"{epochs} epochs"):
        diagnose(SMALL.head(epochs), EIGHT)


@pytest.mark.parametrize("column", ["train_loss", "valid_loss"])
def test_a_missing_loss_is_said(column):
    with pytest.raises(ValueError, match=f"no {column}"):
        diagnose(SMALL.drop(columns=column), EIGHT)


def test_the_record_is_not_changed():
    t = SMALL.copy()
    diagnose(t, EIGHT)
    pd.testing.assert_frame_equal(t, SMALL)


def test_signs_by_hand():
    table = pd.DataFrame(dict(train=[1, .5, .8, .2], valid=[.9, .6, .5, .7]))
    assert measure_signs(table) == pytest.approx(dict(rise=.3, left=.2, climb=.2, turn=.8, carried=.5 / .8))


@pytest.mark.parametrize("signs, verdict", [
    (dict(rise=.1), "learning rate too high"), (dict(rise=.09), "nothing wrong"), (dict(left=math.inf, climb=math.nan), "learning rate too high"),
    (dict(left=.5), "underfitting"), (dict(left=.49), "nothing wrong"), (dict(left=.6, climb=.05, turn=.6), "noisy labels"),
    (dict(climb=.05, turn=.09), "overfitting"), (dict(climb=.05, turn=.1), "noisy labels"), (dict(climb=.04, turn=.5), "nothing wrong"),
    (dict(carried=.75), "leak"), (dict(carried=.74), "nothing wrong"), (dict(carried=math.nan), "nothing wrong"), (dict(rise=.2, left=.6, climb=.2, carried=.9), "learning rate too high")])
def test_rules_by_hand(signs, verdict):
    assert decide(dict(rise=0, left=.1, climb=0, turn=0, carried=.5) | signs) == verdict


def test_report_says_why_and_what_next(trained, cause):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    report = diagnose(*trained[cause, 0])
    assert repr(report).startswith(report.verdict) and TRY_FIRST[report.verdict][1] in repr(report) and "limit" in report.why
    fig, ax = plt.subplots()
    draw_losses(ax, report.table, "run")
    np.testing.assert_allclose(ax.get_lines()[1].get_ydata(), report.table["valid"])
    plt.close(fig)


def test_other_limits_give_other_verdicts():
    verdicts = [diagnose(SMALL, EIGHT, dict(LIMITS, carried=limit)).verdict for limit in (.5, 2)]
    assert verdicts == ["leak", "nothing wrong"]


losses = st.floats(0, 50)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(losses, losses), min_size=3, max_size=30), st.integers(2, 50))
def test_any_possible_record_gets_a_verdict(rows, n_labels):
    report = diagnose(pd.DataFrame(rows, columns=["train_loss", "valid_loss"]), range(n_labels))
    assert isinstance(report, RunReport) and report.verdict in TRY_FIRST and report.verdict == decide(report.signs)
    assert report.why and "nan" not in repr(report)
