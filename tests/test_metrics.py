"Lesson 22's functions agree with scikit-learn and with counting by hand, and refuse what is no input."
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from mushroom_lib.metrics import count_alarms, recall_and_precision, show_threshold, threshold_for_recall
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


@pytest.mark.parametrize("call, said", [
    (lambda: count_alarms([], []), "0 photographs"),
    (lambda: count_alarms([True, "amanita"], [1, 0]), "row 1 is neither True nor False"),
    (lambda: recall_and_precision([True], [True, False]), "1 photographs and scores of shape"),
    (lambda: threshold_for_recall([True, False], [.5, np.nan], .9), "row 1 of the scores is no number"),
    (lambda: threshold_for_recall([True, False], [.5, .2], 90), "recall 90, 1 photographs"),
    (lambda: threshold_for_recall([True, False], [.5, .2], 0), "above 0"),
    (lambda: threshold_for_recall([False, False], [.5, .2], .9), "0 photographs of the label"),
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
