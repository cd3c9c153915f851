"Comparison: agreement with statsmodels and with Connor's formula, power by simulation, what is refused."
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.api import OLS
from worlds import two_models

from mushroom_lib.comparison import design_effect_of, leads_by_training, photos_to_see

few = settings(max_examples=40, deadline=None, derandomize=True)


@st.composite
def answers(draw, most=40):
    "For each photograph -1, 0 or 1, as `leads_of_b` gives it, and groups of any size."
    n = draw(st.integers(2, most))
    values = draw(st.lists(st.sampled_from([-1., 0., 1.]), min_size=n, max_size=n))
    groups = draw(st.lists(st.integers(0, 6), min_size=n, max_size=n))
    groups[0] = 7   # never one group only
    groups[1] = 8
    return np.array(values), np.array(groups)


@few
@given(answers())
def test_the_design_effect_is_statsmodels_clustered_variance_over_the_plain_one(sat):
    values, groups = sat
    codes = np.unique(groups, return_inverse=True)[1]
    clusters = dict(groups=codes, use_correction=False)
    line = OLS(values, np.ones(len(values)))
    plain = values.var() / len(values)
    if plain < 1e-12:
        assert design_effect_of(values, codes) == 1
    else:
        clustered = line.fit(cov_type="cluster", cov_kwds=clusters).bse[0]**2
        assert design_effect_of(values, codes) == pytest.approx(
            max(1, clustered / plain), abs=1e-9)


def test_the_needed_photographs_show_the_difference_four_times_in_five():
    a, b, groups = two_models(3000, 3, seed=1, lead=.35)
    d = b.mean() - a.mean()
    n = photos_to_see(d, a, b, groups)
    lead = (b * 1. - a).reshape(3000, 3).mean(axis=1)
    drawn = lead[np.random.default_rng(0).integers(3000, size=(4000, round(n / 3)))]
    z = drawn.mean(axis=1) / (drawn.std(axis=1, ddof=1) / np.sqrt(drawn.shape[1]))
    assert .76 <= np.mean(z > 1.96) <= .84
    strangers = photos_to_see(d, a, b)
    assert strangers < .9 * n
    assert n == pytest.approx(strangers * design_effect_of(b * 1. - a, groups), abs=2)


@few
@given(st.floats(.01, .3), st.booleans(), st.floats(.3, .95), st.integers(0, 40), st.integers(0, 40))
def test_needed_photographs_are_connors_formula(difference, minus, power, only_a, only_b):
    "Written out here with scipy; of a hundred photographs one model alone is right about so many."
    right = np.zeros((2, 100))
    right[0, :only_a] = 1
    right[1, only_a:only_a + only_b] = 1
    losses = (only_b if minus else only_a) / 100
    disagree = 2 * losses + difference
    assume(disagree <= 1)
    reach = norm.ppf(.975) * disagree**.5 + norm.ppf(power) * (disagree - difference**2)**.5
    found = photos_to_see(-difference if minus else difference, *right, power=power)
    assert 0 <= found - max(reach, 0)**2 / difference**2 < 1 + 1e-9


def test_needed_photographs_in_closed_form_and_with_their_sign():
    "Connor (1987) for 15 % of disagreement and a difference of five points."
    right = np.zeros((2, 2000))
    right[0, :100] = 1      # A alone right for 5 %
    right[1, 100:300] = 1   # B for 10 %
    assert 465 <= photos_to_see(.05, *right) <= 475
    assert photos_to_see(-.05, *right) > photos_to_see(.05, *right)   # B loses less often
    assert photos_to_see(-.05, *right) == photos_to_see(.05, *right[::-1])
    assert photos_to_see(.025, *right) > 2.5 * photos_to_see(.05, *right)
    assert photos_to_see(.05, *right, power=.9) > photos_to_see(.05, *right)


def test_design_effect_of_copies_and_of_strangers():
    values = np.random.default_rng(0).normal(size=200)
    assert design_effect_of(np.repeat(values, 3), np.repeat(np.arange(200), 3)) == (
        pytest.approx(3))
    assert design_effect_of(values, np.arange(200)) == pytest.approx(1)
    assert design_effect_of(np.zeros(4), np.array([0, 0, 1, 1])) == 1


@pytest.mark.parametrize("difference, power", [(0, .8), (.9, .8), (np.nan, .8), (.1, 1),
                                               (.1, 0)])
def test_impossible_wishes_are_refused(difference, power):
    with pytest.raises(ValueError, match="power"):
        photos_to_see(difference, [0, 1, 1, 0], [1, 0, 1, 1], power=power)


def test_leads_by_training_pair_the_same_seed():
    "A is right about photograph `seed` only, B about the first two: the same seed goes to both."
    y = list("abcd")
    seeds = []

    def train_a(seed):
        seeds.append(("a", seed))
        return [label if k == seed else "x" for k, label in enumerate(y)]

    def train_b(seed):
        seeds.append(("b", seed))
        return np.array(["a", "b", "x", "x"])

    leads = leads_by_training(train_a, train_b, y, trainings=3)
    assert leads.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [1, 1, -1, 0]]
    assert seeds == [(model, seed) for seed in range(3) for model in "ab"]
