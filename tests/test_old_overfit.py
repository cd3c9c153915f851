"Hostile training records, what must not change a verdict, and the same run told in every format."
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from mushroom_lib.old_overfit import CAUSES, COLUMNS, SIGNS, diagnose, history, recipe, signs, wrong_labels

T = np.arange(1, 25)
RUNS = {
    "nothing wrong": dict(train_loss=2 * .85 ** T, valid_loss=.7 + 1.2 * .8 ** T, train_accuracy=1 - .7 * .8 ** T, valid_accuracy=.75 - .5 * .7 ** T),
    "underfitting": dict(train_loss=2.05 - .01 * T, valid_loss=2.06 - .01 * T, train_accuracy=.15 + .005 * T, valid_accuracy=.14 + .005 * T),
    "overfitting": dict(train_loss=2 * .6 ** T, valid_loss=1 + .05 * T + .5 ** T, train_accuracy=1 - .01 * .5 ** T, valid_accuracy=.6 - .2 * .5 ** T),
    "learning rate too high": dict(train_loss=2 + np.sin(T), valid_loss=3 + np.cos(T), train_accuracy=.3 + 0 * T, valid_accuracy=.28 + 0 * T),
    "labels noisy": dict(train_loss=1.6 * .85 ** T, valid_loss=1.2 + .04 * T, train_accuracy=.4 + .025 * T, valid_accuracy=.6 - .005 * T),
    "validation suspicious": dict(train_loss=2 * .7 ** T, valid_loss=2 * .7 ** T, train_accuracy=1 - .5 * .7 ** T, valid_accuracy=1 - .5 * .7 ** T)}
TABLES = {cause: pd.DataFrame(run).assign(epoch=T) for cause, run in RUNS.items()}


@pytest.fixture(params=CAUSES)
def cause(request): return request.param


def keras(t, path, **kw):
    "Writes what Keras' CSVLogger writes."
    names = dict(train_loss="loss", valid_loss="val_loss", train_accuracy="accuracy", valid_accuracy="val_accuracy")
    t = t.rename(columns=names).assign(epoch=lambda t: t["epoch"] - 1)
    t[["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]].to_csv(path, index=False, **kw)
    return path


def lightning(t, path):
    "Writes what Lightning's CSVLogger writes: steps, validation and training in rows of their own."
    rows = []
    for r in t.itertuples():
        rows.append(dict(epoch=r.epoch - 1, step=10 * r.epoch - 5, train_loss_step=r.train_loss + .3))
        rows.append(dict(epoch=r.epoch - 1, step=10 * r.epoch, val_loss=r.valid_loss, val_acc=r.valid_accuracy))
        rows.append(dict(epoch=r.epoch - 1, step=10 * r.epoch, train_loss_epoch=r.train_loss, train_acc=r.train_accuracy))
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


class Recorder:
    def __init__(self, t):
        self.metric_names = ["epoch", "train_loss", "train_accuracy", "valid_loss", "valid_accuracy", "time"]
        self.values = t[["train_loss", "train_accuracy", "valid_loss", "valid_accuracy"]].to_numpy().tolist()


class Learner:
    "As much of fastai's as `history` looks at."
    def __init__(self, t): self.recorder = Recorder(t)


class Keras:
    "What Keras' model.fit returns."
    def __init__(self, t): self.history = dict(loss=t["train_loss"].tolist(), val_loss=t["valid_loss"].tolist(), accuracy=t["train_accuracy"].tolist(), val_accuracy=t["valid_accuracy"].tolist())


def test_each_curve_has_its_verdict(cause): assert diagnose(TABLES[cause], 8).verdict == cause


def test_every_format_tells_the_same(cause, tmp_path):
    t = TABLES[cause]
    told = [t, t.to_dict("records"), t[list(COLUMNS)].to_dict("list"), keras(t, tmp_path / "k.csv"), str(keras(t, tmp_path / "s.csv", sep=";")),
            Keras(t), keras(t, tmp_path / "bom.csv", encoding="utf-8-sig"), lightning(t, tmp_path / "l.csv"), Learner(t)]
    for record in told:
        np.testing.assert_allclose(history(record).to_numpy(), t[["epoch", *COLUMNS]].to_numpy(), atol=1e-9)
        assert diagnose(record, 8).verdict == cause


def test_the_order_and_case_of_columns_do_not_matter(cause):
    t = TABLES[cause]
    mixed = t[t.columns[::-1]].rename(columns=str.upper).assign(lr=.1, note="x")
    assert diagnose(mixed, 8).verdict == cause


def test_twice_the_epochs_with_the_same_curve_get_the_same_verdict(cause):
    "Each epoch twice: nothing that happened was different, only more often written down."
    t = TABLES[cause].drop(columns="epoch")
    assert diagnose(t.loc[t.index.repeat(2)], 8).verdict == cause


def test_numbers_as_text_are_numbers(cause): assert diagnose(TABLES[cause].astype(str).to_dict("records"), 8).verdict == cause


def test_epochs_without_validation_are_left_out():
    t = TABLES["overfitting"].copy()
    t.loc[t.index % 2 == 0, ["valid_loss", "valid_accuracy"]] = np.nan
    assert diagnose(t, 8).verdict == "overfitting"


@pytest.mark.parametrize("end", [math.nan, math.inf])
def test_a_loss_that_is_no_longer_a_number_is_too_high_a_learning_rate(end, tmp_path):
    t = TABLES["nothing wrong"].copy()
    t.loc[20:, ["train_loss", "valid_loss"]] = end
    assert diagnose(t, 8).verdict == diagnose(keras(t, tmp_path / "k.csv", na_rep="nan"), 8).verdict == "learning rate too high"


BAD = [("https://x.example/log.csv", "an address"), ([], "empty"), (pd.DataFrame(), "empty"), ({}, "empty"), (None, "type NoneType"), (7, "type int"), ([1, 2], "type list"), ([dict(loss=1), 2], "type list"), (np.ones((3, 2)), "type ndarray"),
       ([dict(accuracy=.5)], "no loss"), (dict(loss=[1, 2], val_loss=[1]), "do not fit together"), ([dict(loss=[1, 2])], "not a number"), ([dict(loss="n/a")], "'n/a'"), ([dict(loss=-.1)], "negative"),
       ([dict(loss=1, accuracy=71.5)], "per cent"), ([dict(loss=math.nan, val_loss=math.nan)], "no loss"), ([dict(epoch=1, loss=1), dict(epoch=None, loss=1)], "row 1 has no epoch"),
       ([dict(epoch=3, loss=1), dict(epoch=0, loss=1)], "go back in row 1")]


@pytest.mark.parametrize("record, why", BAD, ids=[w for _, w in BAD])
def test_what_is_no_record_is_refused_in_one_line(record, why):
    with pytest.raises(ValueError, match=why) as e: history(record)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("content, why", [(b"", "not a table"), (b"\x00\xff\xfe\x00", "not a table|no loss|not a number"), (b"epoch,loss\n0,low\n", "'low'"), (b"epoch,loss\n", "empty"), (b"<html>404</html>", "no loss|not a table|empty")])
def test_what_is_no_csv_is_refused(content, why, tmp_path):
    (path := tmp_path / "log.csv").write_bytes(content)
    with pytest.raises(ValueError, match=why): history(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(ValueError, match="cannot be read"): history(path)


@pytest.mark.parametrize("epochs", [1, 2])
def test_too_few_epochs_are_said(epochs):
    assert len(history(TABLES["overfitting"].head(epochs))) == epochs
    with pytest.raises(ValueError, match=f"{epochs} epochs"): diagnose(TABLES["overfitting"].head(epochs), 8)


@pytest.mark.parametrize("column", ["train_loss", "valid_loss"])
def test_a_missing_loss_is_said(column):
    with pytest.raises(ValueError, match=f"no {column}"): diagnose(TABLES["overfitting"].drop(columns=column), 8)


@pytest.mark.parametrize("n", [None, 1, 0, 2.5, "eight"])
def test_the_number_of_labels_is_needed(n):
    with pytest.raises(ValueError, match="n_classes"): diagnose(TABLES["overfitting"], n)


def test_the_record_is_not_changed():
    t = TABLES["labels noisy"].copy()
    diagnose(t, 8).figure()
    pd.testing.assert_frame_equal(t, TABLES["labels noisy"])


def title(diagnosis):
    "The title of its figure's first part; where it stands depends on the style in use."
    ax = diagnosis.figure().axes[0]
    return ax.get_title("left") or ax.get_title()


def test_figure_and_text_of_every_verdict(cause):
    d = diagnose(TABLES[cause], 8)
    assert title(d) == cause
    assert repr(d).startswith(cause) and d.advice in repr(d)


def test_a_figure_of_a_run_that_blew_up():
    t = TABLES["nothing wrong"].assign(train_loss=[1., 2, 3] + [math.inf] * 21)
    assert title(diagnose(t, 8)) == "learning rate too high"


losses, shares = st.floats(0, 50), st.floats(0, 1)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(losses, losses, shares, shares), min_size=3, max_size=30), st.integers(2, 1000), st.integers(1, 10 ** 6))
def test_any_possible_record_gets_a_verdict_that_its_evidence_supports(rows, n_classes, n_valid):
    t = pd.DataFrame(rows, columns=COLUMNS)
    d = diagnose(t, n_classes, n_valid)
    assert d.verdict in CAUSES and 1 <= d.best <= len(t)
    assert list(d.evidence.index) == list(SIGNS) and d.evidence["value"].notna().all()
    if d.verdict != "nothing wrong": assert d.evidence.loc[d.evidence["speaks for"] == d.verdict, "there"].any()
    assert t["valid_loss"].iloc[d.best - 1] == t["valid_loss"].min()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10 ** 6), st.sampled_from(CAUSES))
def test_recipes_can_be_trained(seed, cause):
    r = recipe(cause, seed)
    assert r == recipe(cause, seed)
    assert r["n"] >= 16 and r["epochs"] >= 3 and r["width"] >= 1 and 0 < r["lr"] <= 1 and 0 <= r["dropout"] < 1 and r["weight_decay"] >= 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.floats(0, 1), st.integers(0, 99))
def test_so_many_labels_are_wrong_as_were_asked_for(y, share, seed):
    spoiled = wrong_labels(y, share, 5, seed)
    assert (spoiled != np.array(y)).sum() == round(share * len(y)) and set(spoiled) <= set(range(5))


def test_signs_by_hand():
    t = pd.DataFrame(dict(train_loss=[2., 1, 1.5, .5], valid_loss=[2., 1, 1.2, 1.5], train_accuracy=[.2, .5, .6, .9], valid_accuracy=[.2, .5, .55, .5]))
    s = signs(t, n_classes=4, n_valid=75)
    nothing = math.log(4)
    expect = {"peak": 2 / nothing, "rough": .5 / nothing, "high": .5 / nothing, "left": .5 / nothing, "above guessing": (.55 - .25) / .05, "too good": .5,
              "twin": .4, "climb": .5, "gap": .4, "late": .4, "gained": 0, "best": 2}
    assert s == pytest.approx(expect)
