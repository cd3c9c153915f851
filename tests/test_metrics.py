"Lesson 22's functions agree with scikit-learn and with counting by hand, and refuse what is no input."
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from mushroom_lib.metrics import (correct_prior, count_alarms, micro_and_macro, recall_and_precision, show_threshold,
                                  threshold_for_recall)
from mushroom_lib.style import use_style

matplotlib.use("Agg")
many = settings(max_examples=80, deadline=None)
PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)
SCORED = st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=1, max_size=60).filter(lambda rows: any(r[0] for r in rows))


@many
@given(PAIRS)
def test_blocks_and_shares_are_those_of_counting_and_of_scikit_learn(pairs):
    truth, alarm = np.array(pairs).T
    counts = count_alarms(truth, alarm)
    found = sum(t and a for t, a in pairs)
    assert counts == dict(found=found, missed=sum(truth) - found, false_alarms=sum(alarm) - found, no_alarm=sum(~truth & ~alarm))
    recall, precision = recall_and_precision(truth, alarm)
    assert np.isnan(recall) if not truth.any() else abs(recall - sk.recall_score(truth, alarm)) < 1e-9
    assert np.isnan(precision) if not alarm.any() else abs(precision - sk.precision_score(truth, alarm)) < 1e-9
    if truth.any():
        assert abs(recall - found / truth.sum()) < 1e-9
    if alarm.any():
        assert abs(precision - found / alarm.sum()) < 1e-9


@many
@given(SCORED, st.floats(.01, 1))
def test_the_threshold_reaches_the_recall_and_none_higher_does(rows, wanted):
    truth, scores = np.array([r[0] for r in rows]), np.array([r[1] for r in rows]) / 20
    limit = threshold_for_recall(truth, scores, wanted)
    assert sk.recall_score(truth, scores >= limit) >= wanted - 1e-9
    higher = scores[scores > limit]
    if len(higher):
        assert sk.recall_score(truth, scores >= higher.min()) < wanted
    assert limit in scores


@many
@given(st.integers(2, 6), st.integers(0, 9999))
def test_the_corrected_prior_is_bayes_by_counting(m, seed):
    "A made-up world whose probabilities are known exactly: 20 appearances, each with its chance in each label."
    rng = np.random.default_rng(seed)
    appearance = rng.dirichlet(np.ones(20), size=m)     # of each label, its appearances
    trained, real = rng.dirichlet(np.ones(m), size=2)
    answer = (appearance * trained[:, None]).T
    truth = (appearance * real[:, None]).T
    answer /= answer.sum(axis=1, keepdims=True)
    truth /= truth.sum(axis=1, keepdims=True)
    corrected = correct_prior(answer, trained, real)
    assert np.abs(corrected.to_numpy() - truth).max() < 1e-9
    assert np.abs(correct_prior(corrected, real, trained).to_numpy() - answer).max() < 1e-7     # and back
    assert np.abs(correct_prior(answer, trained, trained).to_numpy() - answer).max() < 1e-12    # nothing to do
    names = [f"kind {k}" for k in range(m)]
    named = correct_prior(pd.DataFrame(answer, columns=names)[names[::-1]], dict(zip(names, trained)), pd.Series(real, names))
    assert list(named.columns) == names[::-1] and np.abs(named[names].to_numpy() - truth).max() < 1e-9


def test_a_corrected_prior_keeps_the_order_of_one_label_against_the_rest():
    p = np.random.default_rng(0).random(500)
    q = correct_prior(pd.DataFrame({"amanita": p, "other": 1 - p}), {"amanita": .125, "other": .875}, {"amanita": .02, "other": .98})["amanita"]
    truth = np.random.default_rng(1).random(500) < p
    assert (np.argsort(p) == np.argsort(q)).all() and abs(sk.roc_auc_score(truth, p) - sk.roc_auc_score(truth, q)) < 1e-12
    assert (q < p).all()


@many
@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), min_size=1, max_size=80), st.booleans())
def test_micro_and_macro_are_accuracy_and_the_mean_of_recalls(pairs, as_text):
    y, answers = [list(map(str, part)) if as_text else list(part) for part in zip(*pairs)]
    micro, macro = micro_and_macro(y, answers)
    assert abs(micro - sk.accuracy_score(y, answers)) < 1e-9
    recalls = [np.mean([a == label for t, a in zip(y, answers) if t == label]) for label in set(y)]
    assert abs(macro - np.mean(recalls)) < 1e-9


@pytest.mark.parametrize("call, said", [
    (lambda: count_alarms([], []), "0 photographs"),
    (lambda: count_alarms([True, "amanita"], [1, 0]), "row 1 is neither True nor False"),
    (lambda: recall_and_precision([True], [True, False]), "1 photographs and scores of shape"),
    (lambda: threshold_for_recall([True, False], [.5, np.nan], .9), "row 1 of the scores is no number"),
    (lambda: threshold_for_recall([True, False], [.5, .2], 90), "recall 90, 1 photographs"),
    (lambda: threshold_for_recall([True, False], [.5, .2], 0), "above 0"),
    (lambda: threshold_for_recall([False, False], [.5, .2], .9), "0 photographs of the label"),
    (lambda: correct_prior([[.5, .5]], [.5, .5], [.5, .4]), "sum to 0.9"),
    (lambda: correct_prior([[.5, .5]], [1, 0], [.5, .5]), "no prior to correct"),
    (lambda: correct_prior([[.5, .5]], {"a": 1}, [.5, .5]), "has none for 0"),
    (lambda: correct_prior([[2., -1.]], [.5, .5], [.5, .5]), "negative number"),
    (lambda: correct_prior([[.5, .6]], [.5, .5], [.5, .5]), "sums to 1.1"),
    (lambda: correct_prior([[1., 0.]], [.5, .5], [0, 1]), "no label left"),
    (lambda: micro_and_macro([], []), "0 labels"),
    (lambda: micro_and_macro(["a"], ["a", "b"]), "1 labels and 2 answers"),
    (lambda: show_threshold([True, False], [.5], .5), "2 photographs and scores of shape"),
])
def test_one_clear_line_for_what_is_no_input(call, said):
    with pytest.raises(ValueError, match=said) as error:
        call()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("threshold", [0, .3, 1, 1.1])
def test_the_picture_of_a_threshold_tells_the_counts(threshold):
    rng = np.random.default_rng(0)
    truth, p = rng.random(80) < .2, rng.random(80)
    use_style()
    show_threshold(truth, p, threshold, name="morel")
    dots, bars = plt.gcf().axes
    counts = count_alarms(truth, p >= threshold)
    assert dots.get_title(loc="left") == f"{counts['missed']} missed, {counts['false_alarms']} false alarms"
    assert f"{counts['found']} of {truth.sum()}" in {text.get_text() for text in bars.texts}
    plt.close("all")
