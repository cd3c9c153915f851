"Intervals: agreement with scikit-learn and statsmodels, coverage by simulation, hostile inputs."
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, norm
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.weightstats import DescrStatsW
from worlds import two_models

from mushroom_lib.intervals import (bootstrap_ci, bootstrap_scores, count_votes, difference_ci, draw_test,
                                    intervals_of_means, middle_of)

few = settings(max_examples=40, deadline=None, derandomize=True)


def share(y, said):
    "Accuracy, many times faster than scikit-learn's, which checks its input."
    return np.mean(y == said)


def macro_f1(y, said):
    "Macro F1 of whole numbers, likewise."
    k = max(y.max(), said.max()) + 1
    hits = np.bincount(y[y == said], minlength=k)
    both = np.bincount(y, minlength=k) + np.bincount(said, minlength=k)
    return np.mean(2 * hits[both > 0] / both[both > 0])


@st.composite
def sittings(draw, most=40):
    "Labels, answers of two models and groups, with labels absent and groups of any size."
    n = draw(st.integers(2, most))
    columns = []
    for _ in range(3):
        columns.append(draw(st.lists(st.sampled_from("abcd"), min_size=n, max_size=n)))
    groups = draw(st.lists(st.integers(0, 6), min_size=n, max_size=n))
    groups[0] = 7   # never one group only
    groups[1] = 8
    return *(np.array(column) for column in columns), np.array(groups)


# agreement

@few
@given(sittings(), st.integers(0, 99))
def test_a_drawn_test_is_scikit_learns_score_with_groups_as_weights(sat, seed):
    "The weights are drawn here, not by `draw_test`; both models sit the same test."
    y, a, b, groups = sat
    codes = np.unique(groups, return_inverse=True)[1]
    n_groups = len(np.unique(groups))
    found = bootstrap_scores(accuracy_score, y, [a, b], groups, draws=4, seed=seed)
    rng = np.random.default_rng(seed)
    for scores in found:
        drawn = rng.integers(n_groups, size=n_groups).tolist()
        weights = [drawn.count(code) for code in codes]
        expected = [accuracy_score(y, said, sample_weight=weights) for said in (a, b)]
        assert scores == pytest.approx(expected, abs=1e-9)


@few
@given(sittings())
def test_each_interval_is_the_middle_of_its_scores(sat):
    y, a, b, groups = sat
    n_groups = len(np.unique(groups))
    scores = bootstrap_scores(share, y, [a, b], groups, draws=50, seed=3)
    for found, column in ((bootstrap_ci(share, y, a, groups, draws=50, seed=3), scores[:, 0]),
                          (difference_ci(share, y, a, b, groups, draws=50, seed=3),
                           scores[:, 1] - scores[:, 0])):
        assert found == pytest.approx(middle_of(column, n_groups), abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("n", [4, 20, 300])
def test_the_middle_is_students_interval_where_scores_are_a_bell(n):
    "What a bootstrap of a mean draws is close to a bell of the plain standard error."
    values = np.random.default_rng(n).normal(size=n)
    places = (np.arange(400_000) + .5) / 400_000
    bell = values.mean() + values.std() / np.sqrt(n) * norm.ppf(places)
    low, high = DescrStatsW(values).tconfint_mean()
    found = middle_of(bell, n)
    assert np.ptp(found) == pytest.approx(high - low, rel=.002)   # .006 would be without
    assert np.mean(found) == pytest.approx((low + high) / 2, abs=1e-6)


@pytest.mark.parametrize("n_groups", [2, 9, 60])
def test_many_at_once_are_the_intervals_of_each(n_groups):
    "Groups of three; the names sort as they come, so both draw the same groups."
    rng = np.random.default_rng(n_groups)
    a, b = rng.random((2, 5, 3 * n_groups)) < .7
    b[0] = a[0]   # here no draw differs
    names = np.repeat([f"{k:03}" for k in range(n_groups)], 3)
    leads = (b * 1. - a).reshape(5, n_groups, 3).mean(axis=2)
    for found, right_a, right_b in zip(intervals_of_means(leads, draws=80, seed=2), a, b):
        one = difference_ci(share, np.ones(3 * n_groups), right_a * 1., right_b * 1., names, draws=80, seed=2)
        assert found == pytest.approx(one, abs=1e-9, nan_ok=True)


@few
@given(sittings())
def test_groups_are_drawn_whole_and_as_many_as_there_are(sat):
    codes = np.unique(sat[-1], return_inverse=True)[1]
    sizes = np.bincount(codes)
    rows = draw_test(codes, np.random.default_rng(0))
    counts = np.bincount(codes[rows], minlength=len(sizes))
    assert (counts % sizes == 0).all() and (counts // sizes).sum() == len(sizes)


@few
@given(sittings())
def test_names_of_labels_and_groups_do_not_matter_and_a_swap_changes_the_sign(sat):
    y, a, b, groups = sat
    found = difference_ci(share, y, a, b, groups, draws=50)
    number = {letter: k for k, letter in enumerate("abcd")}
    other = [pd.Series(each).map(number).astype(float).tolist() for each in (y, a, b)]
    named = [f"find {group}" for group in groups]
    assert difference_ci(share, *other, named, draws=50) == pytest.approx(
        found, abs=1e-9, nan_ok=True)
    swapped = difference_ci(share, y, b, a, groups, draws=50)
    assert swapped == pytest.approx((-found[1], -found[0]), abs=1e-9, nan_ok=True)


def test_whole_numbers_floats_and_objects_are_the_same_labels():
    y = [0, 1, 2, 3] * 5
    said = np.array([0., 1, 2, 0] * 5)
    plain = bootstrap_ci(accuracy_score, y, said)
    assert plain == bootstrap_ci(accuracy_score, pd.Series(y, dtype=object), said)
    assert .4 < plain[0] < plain[1] <= 1


@few
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=60))
def test_the_votes_are_what_mcnemar_wants(pairs):
    a, b = np.array(pairs).T
    only_a, only_b = int(np.sum(a & ~b)), int(np.sum(b & ~a))
    for_a, for_b = count_votes(a, b)
    assert (for_a, for_b) == (only_a, only_b)
    whole = [[np.sum(a & b), only_a], [only_b, np.sum(~a & ~b)]]
    p = mcnemar([[0, for_a], [for_b, 0]], exact=True).pvalue
    assert p == pytest.approx(mcnemar(whole, exact=True).pvalue, abs=1e-9)
    if only_a + only_b:
        assert p == pytest.approx(binomtest(only_a, only_a + only_b).pvalue, abs=1e-9)


@few
@given(sittings())
def test_a_specimen_votes_once(sat):
    y, a, b, groups = sat
    table = pd.DataFrame(dict(a=a == y, b=b == y, group=groups)).groupby("group").sum()
    expected = int((table["a"] > table["b"]).sum()), int((table["b"] > table["a"]).sum())
    assert count_votes(a == y, b == y, groups) == expected


def test_votes_of_three_specimens():
    a = [1, 1, 1, 0, 0, 0, 1, 0]
    b = [0, 0, 0, 1, 1, 0, 0, 1]
    assert count_votes(a, b, list("xxxyyyzz")) == (1, 1)


# coverage

def share_of_misses(each, told, tests=400):
    "How often the interval of a difference that is zero leaves zero out."
    misses = 0
    for seed in range(tests):
        a, b, groups = two_models(60 // each, each, seed)
        truth = np.ones(60)
        low, high = difference_ci(share, truth, a * 1., b * 1.,
                                  groups if told else None, draws=200, seed=seed)
        misses += not low <= 0 <= high
    return misses / tests


def test_coverage_where_photographs_are_strangers():
    assert .02 <= share_of_misses(1, told=False) <= .085


def test_coverage_where_groups_are_drawn_whole():
    assert .02 <= share_of_misses(2, told=True) <= .095


def test_siblings_taken_for_strangers_are_called_different_too_often():
    assert share_of_misses(4, told=False) > .15


def test_coverage_of_macro_f1_by_group():
    rng = np.random.default_rng(0)
    y = rng.choice(4, 400)
    wrong = np.repeat(rng.random(400) < .3, 3)
    y = np.repeat(y, 3)
    said = np.where(wrong, (y + 1 + rng.integers(3, size=1200)) % 4, y)
    truth = f1_score(y, said, average="macro")
    assert macro_f1(y, said) == pytest.approx(truth, abs=1e-9)
    hits = {True: 0, False: 0}
    for seed in range(200):
        drawn = np.random.default_rng(seed).integers(400, size=80)
        rows = (3 * drawn[:, None] + np.arange(3)).ravel()
        for told in hits:
            groups = np.repeat(np.arange(80), 3) if told else None
            low, high = bootstrap_ci(macro_f1, y[rows], said[rows], groups, draws=200)
            hits[told] += low <= truth <= high
    assert 180 <= hits[True] <= 198 and hits[False] <= 165


# what is refused, and what has no interval

@pytest.mark.parametrize("y, said, groups, words", [
    ([0, 1], [0], None, "every photograph"),
    ([0, 1], [[.5, .5], [.2, .8]], None, "not probabilities"),
    ([0, 1], [0, 1], ["a"], "each its group"),
    ([0, 1], [0, 1], ["a", None], "no group"),
    ([0, 1], [0, 1], ["a", "a"], "one group"),
    ([], [], None, "one group"),
    ([0, 1, np.nan], [0, 1, 1], None, "missing"),
    (["a", None, "b"], ["a", "b", "b"], None, "missing"),
])
def test_bad_input_is_one_clear_line(y, said, groups, words):
    with pytest.raises(ValueError, match=words) as problem:
        bootstrap_ci(accuracy_score, y, said, groups)
    assert "\n" not in str(problem.value)


def test_a_metric_without_a_number_is_refused():
    with pytest.raises(ValueError, match="no number"):
        bootstrap_ci(lambda y, said: np.nan, [0, 1], [0, 1])


def test_no_draw_differs_no_interval():
    assert np.isnan(bootstrap_ci(share, [0, 1, 1], [0, 1, 1])).all()
    assert np.isnan(difference_ci(share, [0, 1, 1], [0, 0, 1], [0, 0, 1])).all()


def test_a_constant_baseline_has_no_interval_of_its_balanced_accuracy():
    y = np.repeat(list("abcd"), 60)
    specimens = np.arange(240) // 3
    score = balanced_accuracy_score
    assert np.isnan(bootstrap_ci(score, y, np.repeat("a", 240), specimens, draws=50)).all()
    assert np.isfinite(bootstrap_ci(score, y, np.roll(y, 20), specimens, draws=50)).all()


def test_answers_are_not_taken_for_right_and_wrong():
    with pytest.raises(ValueError, match="0 or 1"):
        count_votes(["morel", "bolete"], ["morel", "oyster"])


def test_few_groups_make_it_wider():
    scores = np.random.default_rng(0).normal(size=4000)
    assert np.ptp(middle_of(scores, 4)) > np.ptp(middle_of(scores, 400))


def test_twenty_thousand_photographs_in_seconds():
    rng = np.random.default_rng(0)
    y = rng.choice(8, 20_000)
    said = np.where(rng.random(20_000) < .8, y, 0)
    began = time.process_time()
    low, high = bootstrap_ci(accuracy_score, y, said, np.arange(20_000) // 2)
    assert time.process_time() - began < 20   # three seconds where nothing else runs
    assert 0 < high - low < .03
