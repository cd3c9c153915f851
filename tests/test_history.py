"""Records of many trainers, each with what must be read, and what cannot be read with the one line that says so."""
import json
import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from mushroom_lib.history import CURVES, parse_name, read_history, undo_running

TRAIN, VALID, RIGHT = [.9, .6, .4, .3], [.8, .7, .6, .65], [.5, .6, .7, .68]
NAN = math.nan


def reads(record, epoch=(1, 2, 3, 4), train=TRAIN, valid=VALID, train_accuracy=None, right=RIGHT, **kw):
    "Whether exactly this is read."
    table = read_history(record, **kw)
    n = len(table)
    assert list(table.columns) == ["epoch", *CURVES]
    np.testing.assert_allclose(table["epoch"], epoch)
    for name, values in zip(CURVES, (train, valid, train_accuracy, right)):
        np.testing.assert_allclose(table[name].astype(float), np.full(n, np.nan) if values is None else values, err_msg=name)


def write(tmp_path, text, name="history.csv", **kw):
    path = tmp_path / name
    path.write_text(text, **kw)
    return path


def csv_of(names, rows, between=","):
    "The text of a table."
    lines = [between.join(names)]
    lines += [between.join("" if v is None else str(v) for v in row) for row in rows]
    return "\n".join(lines) + "\n"


# fastai

def test_fastai_csv_logger(tmp_path):
    rows = [(k, t, v, a, 1 - a, "00:01") for k, (t, v, a) in enumerate(zip(TRAIN, VALID, RIGHT))]
    reads(write(tmp_path, csv_of(["epoch", "train_loss", "valid_loss", "accuracy", "error_rate", "time"], rows)))


def test_fastai_with_error_rate_only(tmp_path):
    rows = [(k, t, v, 1 - a, "00:01") for k, (t, v, a) in enumerate(zip(TRAIN, VALID, RIGHT))]
    reads(write(tmp_path, csv_of(["epoch", "train_loss", "valid_loss", "error_rate", "time"], rows)))


def test_fastai_with_training_metrics_and_without_validation_in_an_epoch(tmp_path):
    text = "epoch,train_loss,train_accuracy,valid_loss,valid_accuracy,time\n0,0.9,0.4,0.8,0.5,00:01\n1,0.6,0.5,None,None,00:01\n2,0.4,0.6,0.7,0.6,00:01\n"
    reads(write(tmp_path, text), (1, 2, 3), [.9, .6, .4], [.8, NAN, .7], [.4, .5, .6], [.5, NAN, .6])


def test_fastai_csv_that_validate_overwrote(tmp_path):
    with pytest.raises(ValueError, match="overwritten"):
        read_history(write(tmp_path, "epoch,train_loss,valid_loss,accuracy,error_rate,time\n0,1.15,0.25,0.75,00:00\n"))


def test_fastai_append_of_two_fits(tmp_path):
    fit = "epoch,train_loss,valid_loss,accuracy,time\n0,1,1,.2,00:00\n1,.9,.9,.3,00:00\n"
    with pytest.raises(ValueError, match="header comes again.*two trainings"):
        read_history(write(tmp_path, fit + fit))


def learner(values, names=("epoch", "train_loss", "valid_loss", "accuracy", "time")):
    return SimpleNamespace(recorder=SimpleNamespace(metric_names=list(names), values=values))


def test_fastai_learner():
    reads(learner([list(row) for row in zip(TRAIN, VALID, RIGHT)]))


@pytest.mark.parametrize("values", [[[1.15, .25]], [[1.17], [1.16]], [[.5, .4, .3, .2]]])
def test_fastai_learner_whose_record_was_overwritten(values):
    with pytest.raises(ValueError, match="overwritten"):
        read_history(learner(values))


@pytest.mark.parametrize("recorder", [SimpleNamespace(), SimpleNamespace(metric_names=None, values=None), SimpleNamespace(metric_names=["epoch"], values=[])])
def test_fastai_learner_without_a_record(recorder):
    with pytest.raises(ValueError, match="no record"):
        read_history(SimpleNamespace(recorder=recorder))


@pytest.fixture
def real_learner(tmp_path):
    "A function that makes a fastai learner with eleven batches an epoch, and a list that fills with the losses of its batches."
    torch = pytest.importorskip("torch")
    from fastai.vision.all import Callback, CrossEntropyLossFlat, CSVLogger, DataLoaders, Learner, accuracy
    from torch.utils.data import TensorDataset

    class Keep(Callback):
        def before_fit(self):
            losses.clear()

        def after_batch(self):
            if self.training:
                losses.append(self.loss.item())

    torch.manual_seed(0)
    x, y = torch.randn(120, 5), torch.randint(0, 3, (120,))
    sides = TensorDataset(x[:90], y[:90]), TensorDataset(x[90:], y[90:])
    dls = DataLoaders.from_dsets(*sides, bs=8, num_workers=0, device="cpu")
    learn, losses = Learner(dls, torch.nn.Linear(5, 3), loss_func=CrossEntropyLossFlat(), metrics=[accuracy], path=tmp_path, cbs=[CSVLogger(), Keep()]), []
    with learn.no_bar(), learn.no_logging():
        yield learn, losses


def test_a_real_learner_and_its_file(real_learner, tmp_path):
    learn, losses = real_learner
    learn.fit(3, .05)
    table, as_written = read_history(learn), read_history(tmp_path / "history.csv")
    pd.testing.assert_frame_equal(read_history(tmp_path / "history.csv", batches=11), table, rtol=1e-4)
    pd.testing.assert_frame_equal(as_written[["epoch", *CURVES[1:]]], table[["epoch", *CURVES[1:]]])
    assert (as_written["train_loss"] > table["train_loss"])[1:].all(), "what is written lags behind"
    assert as_written.attrs["running"] and not table.attrs["running"]
    assert table["train_accuracy"].isna().all() and table["valid_accuracy"].between(0, 1).all()


def test_a_learners_running_loss_is_undone(real_learner):
    learn, losses = real_learner
    learn.fit(4, .05)
    weights = .98 ** np.arange(10, -1, -1)
    true = [np.average(losses[k:k + 11], weights=weights) for k in range(0, 44, 11)]
    np.testing.assert_allclose(read_history(learn)["train_loss"], true, rtol=1e-3)


@pytest.mark.parametrize("after, file_too", [("validate", True), ("get_preds", False)])
def test_a_real_learner_whose_record_was_overwritten(real_learner, after, file_too, tmp_path):
    learn, _ = real_learner
    learn.fit(2)
    getattr(learn, after)()
    for record in [learn, tmp_path / "history.csv"][:1 + file_too]:
        with pytest.raises(ValueError, match="overwritten"):
            read_history(record)


@given(st.lists(st.floats(0, 5), min_size=1, max_size=20), st.integers(1, 300))
def test_a_running_loss_is_undone_whatever_it_was(epochs, batches):
    value, running = 0, []
    for k, loss in enumerate(epochs, start=1):
        for _ in range(batches):
            value = .98 * value + .02 * loss
        running.append(value / (1 - .98 ** (k * batches)))
    np.testing.assert_allclose(undo_running(running, batches), epochs, atol=1e-6)


def test_a_running_loss_that_was_no_number_is_infinite():
    assert undo_running([1, NAN, NAN], 5).tolist()[1:] == [math.inf, math.inf]
    assert undo_running([1, math.inf], 5).tolist() == [pytest.approx(1), math.inf]


@pytest.mark.parametrize("names, running", [("epoch,train_loss,valid_loss,time", True), ("epoch,time,train_loss,valid_loss", False), ("epoch,loss,val_loss", False)])
def test_only_fastais_file_has_a_running_loss(names, running, tmp_path):
    row = dict(epoch="1", train_loss="1", valid_loss="1", time="00:01", loss="1", val_loss="1")
    text = "\n".join([names, ",".join(row[name] for name in names.split(","))])
    assert read_history(write(tmp_path, text)).attrs["running"] == running


# Keras

KERAS = dict(loss=TRAIN, accuracy=[.4, .6, .8, .9], val_loss=VALID, val_accuracy=RIGHT)


@pytest.mark.parametrize("record", [
    KERAS, SimpleNamespace(history=KERAS, epoch=[0, 1, 2, 3]), dict(KERAS, learning_rate=[.1] * 4),
    {k.replace("accuracy", "sparse_categorical_accuracy"): v for k, v in KERAS.items()}, {k.replace("accuracy", "acc"): np.array(v) for k, v in KERAS.items()},
    dict(KERAS, top_k_categorical_accuracy=[.9] * 4, val_top_k_categorical_accuracy=[.95] * 4, head_loss=[.1] * 4, val_head_loss=[.1] * 4)])
def test_keras_history(record):
    reads(record, train_accuracy=KERAS["accuracy"])


def test_keras_csv_logger(tmp_path):
    rows = [(k, a, t, b, v) for k, (t, a, v, b) in enumerate(zip(*KERAS.values()))]
    for between in ",;\t":
        text = csv_of(["epoch", "accuracy", "loss", "val_accuracy", "val_loss"], rows, between)
        reads(write(tmp_path, text, encoding="utf-8-sig"), train_accuracy=KERAS["accuracy"])


def test_keras_decimal_commas(tmp_path):
    text = csv_of(["epoch", "loss", "val_loss"], [("0", "0,9", "0,8"), ("1", "0,6", "0,7")], ";")
    reads(write(tmp_path, text), (1, 2), TRAIN[:2], VALID[:2], right=None)


def test_keras_validated_every_second_epoch():
    reads(dict(KERAS, val_loss=[.7, .65], val_accuracy=[.6, .68]), valid=[NAN, .7, NAN, .65], right=[NAN, .6, NAN, .68], train_accuracy=KERAS["accuracy"])


def test_keras_csv_with_na(tmp_path):
    reads(write(tmp_path, "epoch,loss,val_loss\n0,0.9,0.8\n1,0.6,NA\n2,0.4,0.6\n"), (1, 2, 3), TRAIN[:3], [.8, NAN, .6], right=None)


# Lightning

def lightning(suffix="_epoch", side="val", between="_", extra=()):
    rows = []
    for k, (t, v, a) in enumerate(zip(TRAIN, VALID, RIGHT)):
        rows.append({"epoch": k, "step": 10 * k + 4, f"train{between}loss_step": t + .3})
        rows.append({"epoch": k, "step": 10 * k + 9, f"{side}{between}loss{suffix}": v, f"{side}{between}acc{suffix}": a})
        rows.append({"epoch": k, "step": 10 * k + 9, f"train{between}loss_epoch": t})
    return pd.DataFrame([*rows, *extra])


@pytest.mark.parametrize("table", [lightning(), lightning(""), lightning("", "valid", "/"), lightning("_epoch", "val", "/"),
                                   lightning(extra=[dict(epoch=4, step=40, test_loss=.6, test_acc=.7)]),
                                   lightning("", extra=[dict(epoch=4, step=40, val_loss=.1, val_acc=.99)]), lightning("", extra=[dict(epoch=0, step=40, val_loss=.1, val_acc=.99)]),
                                   lightning("", extra=[dict(epoch=3, step=40, val_loss=.1, val_acc=.99)])])
def test_lightning(table, tmp_path):
    table.to_csv(tmp_path / "metrics.csv", index=False)
    for record in (table, tmp_path / "metrics.csv", table.to_dict("records")):
        reads(record)


def test_lightning_learning_rate_monitor_writes_rows_without_an_epoch():
    table = lightning()
    table.insert(0, "lr-Adam", np.nan)
    rows = [dict(step=k, **{"lr-Adam": .001}) for k in range(5)]
    reads(pd.concat([pd.DataFrame(rows), table], ignore_index=True))


def test_lightning_logs_training_less_often_than_validation():
    rows = [dict(epoch=0, val_loss=.9), dict(epoch=1, train_loss=.8), dict(epoch=1, val_loss=.7), dict(epoch=2, val_loss=.6), dict(epoch=3, train_loss=.5), dict(epoch=3, val_loss=.55)]
    table = read_history(rows)
    assert table["train_loss"].tolist()[0] == .8 and math.isnan(table["train_loss"][1]) and table["valid_loss"].tolist() == [.7, .6, .55]


def test_lightning_validates_several_times_an_epoch():
    rows = []
    for k in range(2):
        rows += [dict(epoch=k, train_loss_step=1.), dict(epoch=k, val_loss=.9), dict(epoch=k, train_loss_step=.8), dict(epoch=k, val_loss=VALID[k]), dict(epoch=k, train_loss_epoch=TRAIN[k])]
    reads(rows, (1, 2), TRAIN[:2], VALID[:2], right=None)


def test_the_case_of_the_issue():
    names = ["epoch", "step", "train_loss", "val_loss", "test_loss"]
    rows = [(0, 9, 1.3, 1.2, None), (1, 19, 1., 1., None), (2, 29, .6, .8, None), (3, 39, .3, .6, None), (4, 40, None, None, .6)]
    reads([dict(zip(names, row)) for row in rows], train=[1.3, 1., .6, .3], valid=[1.2, 1., .8, .6], right=None)


# Hugging Face

def hugging_face(per_epoch=2, extra=()):
    log = []
    for k, (t, v, a) in enumerate(zip(TRAIN, VALID, RIGHT), start=1):
        log += [dict(epoch=k - 1 + (j + 1) / per_epoch, loss=t + .01 * (j - (per_epoch - 1) / 2), learning_rate=1e-5, step=k * per_epoch + j) for j in range(per_epoch)]
        log.append(dict(epoch=float(k), eval_loss=v, eval_accuracy=a, eval_runtime=2., eval_samples_per_second=9., step=k * per_epoch))
    log.append(dict(epoch=4., train_loss=.55, train_runtime=99., total_flos=1e9, step=9))
    return [*log, *extra]


@pytest.mark.parametrize("per_epoch", [1, 2, 5])
@pytest.mark.parametrize("extra", [(), (dict(epoch=4., eval_loss=.1, eval_accuracy=.99),)])
def test_hugging_face(per_epoch, extra, tmp_path):
    log = hugging_face(per_epoch, extra)
    state = write(tmp_path, json.dumps(dict(best_metric=None, epoch=4., global_step=9, log_history=log)), "trainer_state.json")
    lines = write(tmp_path, "\n".join(map(json.dumps, log)), "log.jsonl")
    for record in (log, state, str(state), lines, SimpleNamespace(log_history=log), SimpleNamespace(state=SimpleNamespace(log_history=log)), pd.DataFrame(log)):
        reads(record)


def test_hugging_face_looks_before_the_start():
    reads([dict(epoch=0, eval_loss=2., eval_accuracy=.1), *hugging_face(1)])


def test_hugging_face_validates_by_steps():
    log = [dict(epoch=.2, loss=1.), dict(epoch=.4, loss=.8), dict(epoch=.4, eval_loss=.85), dict(epoch=.6, loss=.7), dict(epoch=.8, loss=.6), dict(epoch=.8, eval_loss=.75), dict(epoch=1., loss=.5)]
    reads(log, (.4, .8, 1.), [.9, .65, .5], [.85, .75, NAN], right=None)


def test_hugging_face_of_two_validation_sets():
    log = [dict(epoch=1., loss=1.), dict(epoch=1., eval_a_loss=.8, eval_b_loss=.9)]
    with pytest.raises(ValueError, match="part='a'"):
        read_history(log)


def test_the_other_case_of_the_issue():
    log = [dict(epoch=1., loss=1.2), dict(epoch=1., eval_loss=1.1), dict(epoch=2., loss=.9), dict(epoch=2., eval_loss=.8), dict(epoch=2., train_loss=1.)]
    reads(log, (1, 2), [1.2, .9], [1.1, .8], right=None)


# Ultralytics, timm and others

def test_ultralytics_classifier(tmp_path):
    names = [name.rjust(23) for name in ("epoch", "train/loss", "metrics/accuracy_top1", "metrics/accuracy_top5", "val/loss", "lr/pg0")]
    rows = [tuple(str(v).rjust(23) for v in (k, t, a, .99, v, .01)) for k, (t, v, a) in enumerate(zip(TRAIN, VALID, RIGHT), start=1)]
    reads(write(tmp_path, csv_of(names, rows), "results.csv"))


def test_ultralytics_detector(tmp_path):
    names = ["epoch", "time", " train/box_loss", " train/cls_loss", " train/dfl_loss", "metrics/precision(B)", "metrics/mAP50(B)", "val/box_loss", "val/cls_loss", "val/dfl_loss"]
    rows = [(k, 9.9, 2., t, 3., .5, .5, 4., v, 5.) for k, (t, v) in enumerate(zip(TRAIN, VALID), start=1)]
    path = write(tmp_path, csv_of(names, rows))
    with pytest.raises(ValueError, match="parts: box, cls, dfl"):
        read_history(path)
    reads(path, part="cls", right=None)
    with pytest.raises(ValueError, match="parts: box, cls, dfl"):
        read_history(path, part="head")


def test_timm(tmp_path):
    rows = [(k, t, v, 100 * a, 99.) for k, (t, v, a) in enumerate(zip(TRAIN, VALID, RIGHT))]
    reads(write(tmp_path, csv_of(["epoch", "train_loss", "eval_loss", "eval_top1", "eval_top5"], rows), "summary.csv"))


def test_timm_of_a_thousand_labels_that_is_hardly_ever_right(tmp_path):
    text = csv_of(["epoch", "train_loss", "eval_loss", "eval_top1", "eval_top5"], [(0, 6.9, 6.9, .1, .5), (1, 6.8, 6.8, .4, 1.9)])
    reads(write(tmp_path, text), (1, 2), [6.9, 6.8], [6.9, 6.8], right=[.001, .004])


def test_skorch():
    net = [dict(batches=[dict(train_loss=1.)], epoch=k, train_loss=t, train_loss_best=True, valid_loss=v, valid_loss_best=True, valid_acc=a, valid_acc_best=True, dur=.1)
           for k, (t, v, a) in enumerate(zip(TRAIN, VALID, RIGHT), start=1)]
    for record in (net, SimpleNamespace(history=net)):
        reads(record)


@pytest.mark.parametrize("names", [("train_loss", "test_loss", "test_acc"), ("Train Loss", "Val Loss", "Val Acc"), ("trainLoss", "valLoss", "valAccuracy"), ("loss/train", "loss/val", "accuracy/val"),
                                   ("training_loss", "validation_loss", "validation_accuracy"), ("train.loss", "dev.loss", "dev.accuracy"), ("TRAIN_LOSS", "VALID_LOSS", "VALID_ACCURACY"),
                                   ("trainloss", "valloss", "valacc"), ("train_cross_entropy", "val_cross_entropy", "val_MulticlassAccuracy")])
def test_other_names(names):
    reads([dict(zip(names, row)) for row in zip(TRAIN, VALID, RIGHT)])


def test_torch_scalars_and_texts():
    torch = pytest.importorskip("torch")
    rows = [dict(train_loss=torch.tensor(t, requires_grad=True), valid_loss=f"tensor({v}, device='cuda:0')", valid_acc=f"{100 * a:g} %") for t, v, a in zip(TRAIN, VALID, RIGHT)]
    table = read_history(rows)
    np.testing.assert_allclose(table[["train_loss", "valid_loss", "valid_accuracy"]].to_numpy(), np.array([TRAIN, VALID, RIGHT]).T, rtol=1e-6)


# Losses that are no number any more

@pytest.mark.parametrize("end", [math.nan, math.inf, "nan", "inf", "NaN"])
def test_a_run_that_blew_up(end, tmp_path):
    rows = [dict(epoch=k, train_loss=t, valid_loss=v, accuracy=.5) for k, (t, v) in enumerate(zip([.9, .6, end, end], [.8, .7, end, end]))]
    frame = pd.DataFrame(rows)
    frame.to_csv(tmp_path / "history.csv", index=False, na_rep="nan")
    for record in (rows, frame, tmp_path / "history.csv", frame.drop(columns="epoch").to_dict("list")):
        table = read_history(record)
        assert table["train_loss"].tolist() == [.9, .6, math.inf, math.inf] == [*table["train_loss"]]
        assert np.isinf(table["valid_loss"][2:]).all()


def test_a_lightning_run_that_blew_up(tmp_path):
    rows = []
    for k, loss in enumerate([.9, .6, "nan", "nan"]):
        rows += [dict(epoch=k, val_loss=loss), dict(epoch=k, train_loss_epoch=loss)]
    pd.DataFrame([*rows, dict(epoch=4, test_loss="nan")]).to_csv(tmp_path / "metrics.csv", index=False)
    assert read_history(tmp_path / "metrics.csv")["train_loss"].tolist() == [.9, .6, math.inf, math.inf]


# What is refused

@pytest.mark.parametrize("record, why", [
    ("https://x.example/log.csv", "an address"), ([], "empty"), (pd.DataFrame(), "empty"), ({}, "empty"), (None, "type NoneType"), (7, "type int"), ([1, 2], "type list"), (np.ones((3, 2)), "type ndarray"),
    ([dict(accuracy=.5)], "no loss"), (dict(loss=[1, 2, 3], val_loss=[1, 2]), "do not fit together"), (dict(loss=[1, 2, 3], lr=[1]), "do not fit together"), (dict(train=dict(loss=[1])), "give a list"),
    ([dict(loss=[1, 2])], "not a number"), ([dict(loss="low")], "'low'"), ([dict(loss=-.1)], "negative"), ([dict(loss=1, val_loss=1, val_acc=171.5)], "up to 100"),
    ([dict(loss=math.nan, val_loss=math.nan)], "no loss"), ([dict(epoch=1, loss=1), dict(epoch=None, loss=1)], "row 1 has no epoch"), ([dict(epoch=3, loss=1), dict(epoch=0, loss=1)], "go back after row 0"),
    ([dict(epoch="1/10", loss=1)], "'1/10'"), ([dict(loss=1, val_loss=1, accuracy=.5)], "whose is the column 'accuracy'")])
def test_what_is_no_record_is_refused_in_one_line(record, why):
    with pytest.raises(ValueError, match=why) as error:
        read_history(record)
    assert "\n" not in str(error.value) and len(str(error.value)) < 250


@pytest.mark.parametrize("content, why", [
    (b"", "is empty"), (b"\x00\xff\xfe\x00", "cannot be read as text"), (b"epoch,loss\n0,low\n", "'low'"), (b"epoch,loss\n", "empty"), (b"<html>404</html>", "empty|no loss"), (b"{", "JSON"),
    (b"Wall time,Step,Value\n1,2,3\n", "no loss"), (b"epoch,loss,val_loss\n0,1,1\n1,.9\n", "row 2 has 2 values")])
def test_what_is_no_file_of_a_record_is_refused(content, why, tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=why) as error:
        read_history(path)
    assert "\n" not in str(error.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(ValueError, match="cannot be read"):
            read_history(path)


# Properties

numbers = st.floats(0, 50)
tables = st.lists(st.tuples(numbers, numbers, st.floats(0, 1)), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(tables)
def test_any_table_comes_back_from_any_format(rows):
    frame = pd.DataFrame(rows, columns=["train_loss", "valid_loss", "valid_accuracy"])
    sparse = []
    for k, (train, valid, right) in enumerate(rows):
        sparse += [dict(epoch=k, step=k, val_loss_epoch=valid, val_acc_epoch=right), dict(epoch=k, step=k, train_loss_epoch=train)]
    keras = dict(loss=[row[0] for row in rows], val_loss=[row[1] for row in rows], val_accuracy=[row[2] for row in rows])
    for record in (frame, frame.to_dict("records"), sparse, pd.DataFrame(sparse), keras, learner([list(row) for row in rows])):
        got = read_history(record)
        np.testing.assert_allclose(got[list(frame)].to_numpy(), frame.to_numpy(), rtol=1e-9)
        assert got["epoch"].tolist() == list(range(1, len(rows) + 1))


def test_a_table_that_was_read_is_read_again():
    table = read_history(lightning())
    pd.testing.assert_frame_equal(read_history(table), table, check_dtype=False)


@pytest.mark.parametrize("rows", [hugging_face(1)[:-1], lightning(), lightning("")])
def test_rows_of_their_own_for_each_side_without_a_column_of_epochs(rows):
    table = pd.DataFrame(rows).drop(columns="epoch")
    if "train_loss_step" in table:
        table = table[table["train_loss_step"].isna()]
    assert read_history(table.to_dict("records"))["epoch"].tolist()[:4] == [1, 2, 3, 4]


@pytest.mark.parametrize("name", ["state", "history", "log_history", "recorder_"])
def test_a_column_that_is_called_like_an_attribute_is_a_column(name):
    rows = [dict(zip(["train_loss", "valid_loss", "valid_acc"], row), **{name: "x"}) for row in zip(TRAIN, VALID, RIGHT)]
    reads(pd.DataFrame(rows))
    reads(rows)


def test_the_record_is_not_changed():
    frame = lightning()
    before = frame.copy()
    read_history(frame)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("name", ["lr", "time", "epoch", "step", "lr-Adam", "eval_top5", "val_f1", "grad_norm", "best_val_loss", "train_runtime", "train_samples_per_second", "", 3, None])
def test_columns_of_another_meaning(name):
    assert parse_name(name) is None
