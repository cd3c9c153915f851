"`report` against scikit-learn, its intervals against tests drawn row by row, and input that is none. Its time: benchmarks/report.py."
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import (accuracy_score, balanced_accuracy_score, f1_score, log_loss,
                             precision_recall_fscore_support)

from mushroom_lib.calibration import ece, share_interval
from mushroom_lib.columns import group_codes
from mushroom_lib.intervals import bootstrap_scores
from mushroom_lib.report import drawn_scores, photo_losses, report, sums_by_group

KINDS = np.array(["amanita", "bolete", "morel", "oyster"])


def answers(seed, n=300, m=4, per_group=3, rare=False):
    "Labels, probabilities and groups of a model that knows something."
    rng = np.random.default_rng(seed)
    groups = np.arange(n) // per_group
    share = [.02, *[.98 / (m - 1)] * (m - 1)] if rare else None
    y = rng.choice(m, size=groups.max() + 1, p=share)[groups]
    z = rng.normal(size=(n, m)) + 1.5 * (y[:, None] == np.arange(m))
    p = np.exp(z)
    return y, p / p.sum(axis=1, keepdims=True), groups


@pytest.mark.parametrize("rare", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_values_are_scikit_learns(seed, rare):
    y, p, groups = answers(seed, rare=rare)
    said = p.argmax(axis=1)
    found = report(KINDS[y], pd.DataFrame(p, columns=KINDS), groups, draws=20)
    right = [accuracy_score(y, said), balanced_accuracy_score(y, said), f1_score(y, said, average="macro"),
             log_loss(y, p, labels=range(4)), np.mean(((np.eye(4)[y] - p)**2).sum(axis=1)), ece(y == said, p.max(axis=1))]
    np.testing.assert_allclose(found.scores["value"].iloc[:6], right, atol=1e-9)
    precision, recall, _, n = precision_recall_fscore_support(y, said, labels=range(4), zero_division=np.nan)
    np.testing.assert_allclose(found.labels["recall"], recall, atol=1e-9)
    np.testing.assert_allclose(found.labels["precision"], precision, atol=1e-9)
    assert found.labels["photos"].tolist() == n.tolist()
    for column, kind in enumerate(KINDS):
        here = y == column
        low, high = share_interval((said == column)[here], groups[here])
        np.testing.assert_allclose(found.labels.loc[kind, ["recall_low", "recall_high"]].tolist(), [low, high], atol=1e-9)


@pytest.mark.parametrize("per_group", [1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_drawn_tests_are_those_of_the_lesson(seed, per_group):
    "Sums of groups give, draw by draw, what lesson 24 gets from the drawn rows."
    y, p, groups = answers(seed, n=90, per_group=per_group, rare=True)
    said = p.argmax(axis=1)
    loss, squares = photo_losses(y, p)
    fast = drawn_scores(sums_by_group(y, p, group_codes(groups)), 4, draws=60, seed=seed)

    def labels_that_are_there(truth, answer):
        return f1_score(truth, answer, average="macro", labels=np.union1d(truth, answer))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")   # scikit-learn warns of labels that a drawn test lacks
        for column, metric in enumerate([balanced_accuracy_score, labels_that_are_there]):
            slow = bootstrap_scores(metric, y, [said], groups, draws=60, seed=seed)[:, 0]
            np.testing.assert_allclose(fast[:, column], slow, atol=1e-9)
    rows = np.arange(len(y))
    for column, values in [(2, loss), (3, squares)]:
        slow = bootstrap_scores(lambda drawn, _, v=values: v[drawn].mean(), rows, [rows], groups, draws=60, seed=seed)[:, 0]
        np.testing.assert_allclose(fast[:, column], slow, atol=1e-9)


@pytest.mark.parametrize("per_group", [1, 4])
def test_intervals_cover(per_group):
    "About 95 of 100 intervals hold the truth (of 120,000 photographs), with groups and without."
    names = ["accuracy", "mean recall", "cross-entropy", "Brier score"]
    truth = report(*answers(99, n=120_000, per_group=per_group), draws=2).scores["value"]
    held = pd.Series(0, index=names)
    for seed in range(120):
        scores = report(*answers(seed, n=240, per_group=per_group), draws=200).scores
        for name in names:
            held[name] += scores.loc[name, "low"] <= truth[name] <= scores.loc[name, "high"]
    assert (held >= 106).all() and (held <= 120).all(), held    # 95 % of 120 is 114; 106 is 3.4 standard errors below


def test_ungrouped_intervals_are_too_narrow_for_siblings():
    "The control: four answers alike in each group, counted as strangers."
    y, p, groups = answers(0, n=100, per_group=1)
    y, p, groups = y.repeat(4), p.repeat(4, axis=0), groups.repeat(4)
    width = [np.diff(report(y, p, g).scores[["low", "high"]].to_numpy(), axis=1)[:4, 0] for g in (None, groups)]
    assert (width[1] > 1.6 * width[0]).all()   # the square root of 4 is 2


def test_a_constant_answer_gets_no_interval():
    y, _, groups = answers(0)
    found = report(KINDS[y], [[.7, .1, .1, .1]] * len(y), groups, labels=KINDS)
    assert found.scores.loc["mean recall", "value"] == .25
    assert found.scores.loc["mean recall", ["low", "high"]].isna().all()
    assert found.labels.loc["morel", ["precision", "precision_low"]].isna().all()


def test_all_right_has_an_interval_below_one():
    y, _, groups = answers(0)
    found = report(y, np.eye(4)[y], groups)
    low, high = found.scores.loc["accuracy", ["low", "high"]]
    assert low < .99 and high == 1


def test_prints_and_draws():
    y, p, groups = answers(0)
    found = report(KINDS[y], p, groups)
    text = repr(found)
    assert "300 photographs in 100 groups" in text and "cross-entropy" in text and "oyster" in text
    ticks = [tick.get_text() for tick in found.draw().axes[0].get_yticklabels()]
    assert sorted(tick.split(" ")[0] for tick in ticks) == sorted(KINDS)


@pytest.mark.parametrize("change, words", [
    (lambda y, p, g: (y[:-1], p, g), "299 labels and 300 rows"),
    (lambda y, p, g: (y, p[:, :3] / p[:, :3].sum(axis=1, keepdims=True), g), "columns"),
    (lambda y, p, g: (y, p * 2, g), "sums to 2"),
    (lambda y, p, g: (y, np.log(p), g), "negative"),
    (lambda y, p, g: (y, p, g[:-1]), "299 groups"),
    (lambda y, p, g: (y, p, np.zeros(300)), "at least two"),
    (lambda y, p, g: (y, p, [None, *g[1:]]), "have no group"),
])
def test_one_line_for_what_is_no_answer(change, words):
    y, p, groups = answers(0)
    with pytest.raises(ValueError, match=words) as e:
        report(*change(KINDS[y], p, groups))
    assert "\n" not in str(e.value)
