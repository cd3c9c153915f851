"Lesson 23's functions agree with scikit-learn and with counting by hand, and refuse what is no input."
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from mushroom_lib.rare import correct_prior, micro_and_macro, precision_at_share

many = settings(max_examples=80, deadline=None)


@many
@given(*[st.integers(0, 60)] * 4)
def test_precision_at_the_share_where_it_was_measured_is_that_of_scikit_learn(found, missed, false_alarms, no_alarm):
    truth = np.repeat([True, True, False, False], [found, missed, false_alarms, no_alarm])
    alarm = np.repeat([True, False, True, False], [found, missed, false_alarms, no_alarm])
    if not truth.any() or truth.all():
        return
    there = precision_at_share(truth.mean(), alarm[truth].mean(), alarm[~truth].mean())
    assert math.isnan(there) if not alarm.any() else abs(there - sk.precision_score(truth, alarm)) < 1e-9


@many
@given(*[st.integers(1, 40)] * 4, st.integers(2, 9))
def test_precision_elsewhere_is_that_of_counting_each_other_photograph_several_times(found, missed, false_alarms, no_alarm, times):
    "A place with the same photographs, but each without the label there `times` times."
    amanitas, others = found + missed, times * (false_alarms + no_alarm)
    there = precision_at_share(amanitas / (amanitas + others), found / amanitas, false_alarms / (false_alarms + no_alarm))
    assert abs(there - found / (found + times * false_alarms)) < 1e-9


def test_precision_where_all_or_none_show_the_label():
    assert precision_at_share(1, .7, .1) == 1 and precision_at_share(0, .7, .1) == 0
    assert precision_at_share(.3, 1, 0) == 1 and math.isnan(precision_at_share(.3, 0, 0))


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
    (lambda: correct_prior([[.5, .5]], [.5, .5], [.5, .4]), "sum to 0.9"),
    (lambda: correct_prior([[.5, .5]], [1, 0], [.5, .5]), "no prior to correct"),
    (lambda: correct_prior([[.5, .5]], {"a": 1}, [.5, .5]), "has none for 0"),
    (lambda: correct_prior([[2., -1.]], [.5, .5], [.5, .5]), "negative number"),
    (lambda: correct_prior([[.5, .6]], [.5, .5], [.5, .5]), "sums to 1.1"),
    (lambda: correct_prior([[1., 0.]], [.5, .5], [0, 1]), "no label left"),
    (lambda: micro_and_macro([], []), "0 labels"),
    (lambda: micro_and_macro(["a"], ["a", "b"]), "1 labels and 2 answers"),
    (lambda: precision_at_share(1.5, .5, .5), "1.5 is no share"),
    (lambda: precision_at_share(.5, -.1, .5), "-0.1 is no share"),
    (lambda: precision_at_share(.5, .5, math.nan), "nan is no share"),
])
def test_one_clear_line_for_what_is_no_input(call, said):
    with pytest.raises(ValueError, match=said) as error:
        call()
    assert "\n" not in str(error.value)
