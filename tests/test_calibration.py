"The reliability table and the ECE against scikit-learn and by hand, its diagram, and hostile inputs."
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import calibration_curve

from mushroom_lib.calibration import (check_answers, draw_reliability, ece, ece_and_chance, ece_by_chance, mark_of, number_bins,
                                      reliability_table, share_interval)
from mushroom_lib.sample_size import wilson_interval


def answers(seed, n=400, honest=True):
    "Whether right, and how sure, of a model that is right as often as it says, or of one that is too sure."
    rng = np.random.default_rng(seed)
    confidence = rng.beta(4, 1.5, n)
    return rng.random(n) < (confidence if honest else confidence**3), confidence


@pytest.mark.parametrize("bins", [1, 2, 7, 10, 30])
@pytest.mark.parametrize("seed", range(3))
def test_table_is_scikit_learns(seed, bins):
    right, confidence = answers(seed)
    confidence[:3] = 0, 1, 1 / bins   # the edges
    table = reliability_table(right, confidence, np.arange(len(right)), bins)
    kept, promised = calibration_curve(right, confidence, n_bins=bins)
    np.testing.assert_allclose(table["right"], kept, atol=1e-9)
    np.testing.assert_allclose(table["promised"], promised, atol=1e-9)
    assert table["photos"].sum() == len(right)
    assert ((table["low"] <= table["right"] + 1e-12) & (table["right"] <= table["high"] + 1e-12)).all()


def test_intervals_of_strangers_are_wilsons_and_siblings_count_less():
    right = np.array([1, 1, 1, 0, 0, 0, 1, 1, 1] * 4)
    alone = share_interval(right, np.arange(36))
    np.testing.assert_allclose(alone, wilson_interval(right.sum(), 36), atol=1e-9)
    low, high = share_interval(right, np.repeat(np.arange(12), 3))
    assert low < alone[0] and high > alone[1]
    assert share_interval([1], ["a"]) == wilson_interval(1, 1)
    assert share_interval([1, 0], ["a", "a"]) == wilson_interval(.5, 1)


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_ece_is_the_weighted_gap(bins):
    right, confidence = answers(1, honest=False)
    kept, promised = calibration_curve(right, confidence, n_bins=bins)
    counts = np.bincount(number_bins(confidence, bins))
    by_hand = np.sum(counts[counts > 0] * np.abs(kept - promised)) / len(right)
    assert ece(right, confidence, bins) == pytest.approx(by_hand, abs=1e-9)
    order = np.random.default_rng(0).permutation(len(right))
    assert ece(right[order], confidence[order], bins) == pytest.approx(by_hand, abs=1e-9)


def test_ece_lies_between_the_mean_gap_and_one():
    for seed in range(20):
        right, confidence = answers(seed, 60, honest=seed % 2 == 0)
        assert abs(right.mean() - confidence.mean()) - 1e-12 <= ece(right, confidence) <= 1
    assert ece([1, 1], [1, 1]) == 0 and ece([0, 0], [1, 1]) == 1


def test_a_perfect_model_lies_within_its_bias_and_another_does_not():
    inside = []
    for seed in range(100):
        right, confidence = answers(seed, 150)
        inside.append(ece(right, confidence) <= np.quantile(ece_by_chance(confidence, seed=seed), .95))
    assert np.mean(inside) > .88
    right, confidence = answers(0, honest=False)
    assert ece(right, confidence) > ece_by_chance(confidence).max()


def test_bias_falls_with_the_number_of_photographs():
    means = [ece_by_chance(answers(0, n)[1]).mean() for n in (25, 100, 400, 1600)]
    assert means == sorted(means, reverse=True) and means[0] > 3 * means[-1]


@pytest.mark.parametrize("call, said", [
    (lambda: ece([1, 0], [.5]), "give one of each for every photograph"),
    (lambda: ece([], []), "give one of each"),
    (lambda: ece([[1]], [[.5]]), "give one of each"),
    (lambda: ece([1, 2], [.5, .5]), r"right\[1\] is 2.0: give 1"),
    (lambda: ece([1, np.nan], [.5, .5]), r"right\[1\] is nan"),
    (lambda: ece([1, 0], [.5, 1.5]), r"confidence\[1\] is 1.5: give probabilities from 0 to 1"),
    (lambda: ece([1, 0], [-.1, .5]), r"confidence\[0\] is -0.1"),
    (lambda: ece([1, 0], [np.nan, .5]), r"confidence\[0\] is nan"),
    (lambda: ece([1, 0], [.5, .5], bins=0), "bins=0: give a whole number"),
    (lambda: ece([1, 0], [.5, .5], bins=2.5), "bins=2.5"),
    (lambda: ece_by_chance([.5, 2]), r"confidence\[1\] is 2.0"),
    (lambda: reliability_table([1, 0], [.5, .6], ["a"]), "1 groups for 2 photographs"),
    (lambda: reliability_table([1, 0], [.55, .56], ["a", None]), "have no group"),
])
def test_bad_input_is_one_clear_line(call, said):
    with pytest.raises(ValueError, match=said) as error:
        call()
    assert "\n" not in str(error.value)


def test_answers_may_be_lists_or_booleans():
    right, confidence = check_answers([True, False], [1, .25])
    assert right.tolist() == [1, 0] and confidence.tolist() == [1, .25]


BINS = pd.DataFrame([   # promised, right, low, high, photos: one for each kind of dot
    (.15, .00, .00, .60, 2),     # the interval holds the promise, and almost anything else
    (.25, .02, .00, .20, 40),    # promises too much
    (.55, .50, .30, .70, 20),    # may mean what it says
    (.75, .95, .80, .99, 40),    # too modest
    (.85, .20, .02, .80, 3),     # wide, but below what was promised all the same
    (.05, .60, .20, .95, 3),     # wide, but above it
], columns=["promised", "right", "low", "high", "photos"])
RED, GREEN, GREY, BLUE = "#CC1111", "#00795A", "#767676", "#0072B2"


def test_a_dot_says_what_its_interval_says():
    assert [mark_of(row) for row in BINS.itertuples()] == [
        (GREY, "o"), (RED, "X"), (BLUE, "o"), (GREEN, "^"), (RED, "X"), (GREEN, "^")]


@pytest.mark.parametrize("promised, low, high, mark", [
    (.4, .25, .75, (BLUE, "o")),      # half of the scale can be told
    (.4, .25, .76, (GREY, "o")),      # a little more cannot
    (.25, .25, .5, (BLUE, "o")),      # on the end of the interval: held
    (.5, .25, .5, (BLUE, "o")),
    (.51, .25, .5, (RED, "X")),
    (.24, .25, .5, (GREEN, "^")),
])
def test_where_a_dot_changes(promised, low, high, mark):
    table = pd.DataFrame([dict(promised=promised, low=low, high=high)])
    assert mark_of(next(table.itertuples())) == mark


def drawn(axes):
    "The dots of a diagram: (x, y, colour, marker, colour inside) each."
    dots = []
    for line in axes.lines:
        if line.get_marker() in ("o", "X", "^"):
            x, y = line.get_xydata()[0].round(6)
            dots.append((x, y, line.get_color(), line.get_marker(), line.get_markerfacecolor()))
    return dots


def test_the_diagram_draws_the_table_and_only_what_cannot_tell_is_hollow():
    figure, axes = plt.subplots(2, 1)
    assert draw_reliability(BINS, [.15, .85, .85], axes) is axes
    above, below = axes
    dots = drawn(above)
    np.testing.assert_allclose([dot[:2] for dot in dots], 100 * BINS[["promised", "right"]], atol=1e-5)
    assert [dot[2:4] for dot in dots] == [mark_of(row) for row in BINS.itertuples()]
    assert [dot[4] == "white" for dot in dots] == [True, False, False, False, False, False]
    assert all(inside == colour for _, _, colour, _, inside in dots[1:])
    legend = {text.get_text()[2:]: text.get_color() for text in above.texts}
    assert legend["promises too much"] == RED and "cannot tell" in legend
    assert [bar.get_height() for bar in below.patches] == [0, 1, 0, 0, 0, 0, 0, 0, 2, 0]
    assert [text.get_text() for text in below.texts] == ["", "1", "", "", "", "", "", "", "2", ""]
    plt.close(figure)


@pytest.mark.parametrize("bins", [1, 5, 10, 30])
def test_the_bars_count_what_the_table_counts(bins):
    "Also on the edges, where people's own round numbers lie."
    confidence = np.array([0, .2, .4, .5, .6, .6, .8, .9, 1, 1])
    table = reliability_table(np.ones(10), confidence, np.arange(10), bins)
    above, below = draw_reliability(table, confidence, bins=bins)
    assert [bar.get_height() for bar in below.patches if bar.get_height()] == table["photos"].tolist()
    plt.close(above.figure)


def test_many_bins_carry_no_numbers():
    above, below = draw_reliability(BINS, [.15, .85, .85], bins=30)
    assert len(below.patches) == 30 and not below.texts
    plt.close(above.figure)


def test_one_of_each_group_is_asked_about():
    right, confidence = answers(0)
    found, perfect = ece_and_chance(right, confidence, np.arange(400), picks=3)
    np.testing.assert_allclose(found, ece(right, confidence))   # no siblings: every pick is all of them
    assert found.shape == (3,) and perfect.shape == (60,)
    thrice = [np.repeat(x, 3) for x in (right, confidence, np.arange(400))]
    found, perfect_thrice = ece_and_chance(*thrice, picks=3)
    np.testing.assert_allclose(found, ece(right, confidence))   # copies add nothing
    assert perfect_thrice.mean() == pytest.approx(perfect.mean(), rel=.15)


def test_only_the_model_that_is_too_sure_leaves_the_band():
    for honest in (True, False):
        found, perfect = ece_and_chance(*answers(1, honest=honest), np.arange(400))
        assert (found.mean() < np.quantile(perfect, .975)) == honest


def test_one_of_each_needs_a_group_for_each():
    with pytest.raises(ValueError, match="1 groups for 2 photographs"):
        ece_and_chance([1, 0], [.5, .6], ["a"])
