"""Each verdict from the record of each trainer, what must not change a verdict, hostile input, and signs by hand."""
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from mushroom_lib.diagnose import LIMITS, TRY_FIRST, RunReport, decide, diagnose, draw_report, measure_signs, scale_losses

LABELS = list(range(8)) * 10
T = np.arange(1, 25)
RUNS = {   # losses of eight equally frequent labels: knowing nothing costs 2.08
    "nothing wrong": dict(train_loss=2 * .9 ** T, valid_loss=.9 + 1.2 * .8 ** T, valid_accuracy=.75 - .5 * .7 ** T),
    "underfitting": dict(train_loss=2.05 - .01 * T, valid_loss=2.06 - .01 * T, valid_accuracy=.14 + .005 * T),
    "overfitting": dict(train_loss=2 * .3 ** T, valid_loss=1 + .05 * T + .5 ** T, valid_accuracy=.6 - .2 * .5 ** T),
    "learning rate too high": dict(train_loss=2 + np.sin(T), valid_loss=3 + np.cos(T), valid_accuracy=.28 + 0 * T),
    "noisy labels": dict(train_loss=1.6 * .85 ** T, valid_loss=1.2 + .04 * T, valid_accuracy=.6 - .005 * T),
    "leak": dict(train_loss=2 * .7 ** T, valid_loss=.15 + 2 * .7 ** T, valid_accuracy=1 - .5 * .7 ** T)}
TABLES = {cause: pd.DataFrame(run).assign(epoch=T) for cause, run in RUNS.items()}


@pytest.fixture(params=RUNS)
def cause(request):
    return request.param


def fastai(t, folder):
    t = t.assign(epoch=t["epoch"] - 1, time="00:01").rename(columns=dict(valid_accuracy="accuracy"))
    t[["epoch", "train_loss", "valid_loss", "accuracy", "time"]].to_csv(folder / "history.csv", index=False)
    return folder / "history.csv"


def keras(t, folder):
    t = t.assign(epoch=t["epoch"] - 1, accuracy=.5).rename(columns=dict(train_loss="loss", valid_loss="val_loss", valid_accuracy="val_accuracy"))
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


@pytest.mark.parametrize("trainer", [fastai, keras, lightning, hugging_face, ultralytics, timm])
def test_each_trouble_has_its_verdict_whatever_trainer_wrote_it(trainer, cause, tmp_path):
    assert diagnose(trainer(TABLES[cause], tmp_path), LABELS).verdict == cause


def test_a_table_is_a_record_as_well(cause):
    t = TABLES[cause]
    for record in (t, t.to_dict("records"), t.drop(columns="epoch").to_dict("list"), t.astype(str).to_dict("records"), t[t.columns[::-1]].rename(columns=str.upper)):
        assert diagnose(record, LABELS).verdict == cause


def test_twice_the_epochs_with_the_same_curve_get_the_same_verdict(cause):
    t = TABLES[cause].drop(columns="epoch")
    assert diagnose(t.loc[t.index.repeat(2)], LABELS).verdict == cause


def test_epochs_without_validation_are_left_out(cause):
    t = TABLES[cause].copy()
    t.loc[t.index % 2 == 0, ["valid_loss", "valid_accuracy"]] = np.nan
    assert diagnose(t, LABELS).verdict == cause


@pytest.mark.parametrize("seed", range(5))
def test_a_little_unrest_changes_no_verdict(cause, seed):
    t = TABLES[cause].copy()
    rng = np.random.default_rng(seed)
    for name in ("train_loss", "valid_loss"):
        t[name] = (t[name] + rng.normal(0, .01, len(t))).clip(lower=0)
    assert diagnose(t, LABELS).verdict == cause


@pytest.mark.parametrize("end", [math.nan, math.inf])
def test_a_loss_that_is_no_longer_a_number_is_too_high_a_learning_rate(end):
    t = TABLES["nothing wrong"].copy()
    t.loc[20:, ["train_loss", "valid_loss"]] = end
    report = diagnose(t, LABELS)
    assert report.verdict == "learning rate too high" and "no number" in repr(report)


def test_losses_are_measured_against_the_labels_that_are_there():
    "The same losses: fine with a hundred labels, and nothing learned where one label has nine of ten photographs."
    t = pd.DataFrame(dict(train_loss=[.34, .33, .32, .31], valid_loss=[.34, .34, .33, .33]))
    assert diagnose(t, [0] * 9 + [1]).verdict == "underfitting"
    assert diagnose(t, list(range(100))).verdict == "leak"     # as good on both sides: an easy task, or copies
    scaled = scale_losses(t, [0] * 9 + [1])
    np.testing.assert_allclose(scaled["train"], t["train_loss"] / .32508, rtol=1e-4)


@pytest.mark.parametrize("labels", [None, 8, "eight", [], [1, 1, 1], np.ones((4, 2))])
def test_labels_are_needed(labels):
    with pytest.raises(ValueError, match="label of each training photograph") as error:
        diagnose(TABLES["leak"], labels)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("epochs", [1, 2])
def test_too_few_epochs_are_said(epochs):
    with pytest.raises(ValueError, match=f"{epochs} epochs"):
        diagnose(TABLES["leak"].head(epochs), LABELS)


@pytest.mark.parametrize("column", ["train_loss", "valid_loss"])
def test_a_missing_loss_is_said(column):
    with pytest.raises(ValueError, match=f"no {column}"):
        diagnose(TABLES["leak"].drop(columns=column), LABELS)


def test_the_record_is_not_changed():
    t = TABLES["leak"].copy()
    diagnose(t, LABELS)
    pd.testing.assert_frame_equal(t, TABLES["leak"])


def test_signs_by_hand():
    table = pd.DataFrame(dict(train=[1, .5, .8, .2], valid=[.9, .6, .5, .7]))
    assert measure_signs(table) == pytest.approx(dict(rise=.3, left=.2, climb=.2, turn=.8, carried=.5 / .8))


def test_report_says_why_and_what_next(cause):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    report = diagnose(TABLES[cause], LABELS)
    assert repr(report).startswith(cause) and TRY_FIRST[cause] in repr(report) and report.reasons
    fig, ax = plt.subplots()
    draw_report(ax, report, "run")
    plt.close(fig)


def test_other_limits_give_other_verdicts():
    assert diagnose(TABLES["leak"], LABELS, dict(LIMITS, carried=2)).verdict == "nothing wrong"


losses = st.floats(0, 50)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(losses, losses), min_size=3, max_size=30), st.integers(2, 50))
def test_any_possible_record_gets_a_verdict(rows, n_labels):
    report = diagnose(pd.DataFrame(rows, columns=["train_loss", "valid_loss"]), range(n_labels))
    assert isinstance(report, RunReport) and report.verdict in TRY_FIRST and report.verdict == decide(report.signs)
    assert report.reasons and "nan" not in repr(report)
