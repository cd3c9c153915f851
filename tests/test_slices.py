"Slices against scipy and statsmodels, what is planted and what chance finds, and hostile inputs."
import gc

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, fisher_exact
from statsmodels.stats.multitest import multipletests

from mushroom_lib.sample_size import wilson_interval
from mushroom_lib.slices import check_table, find_slices, slice_p_value


def world(seed=0, n=600, bad=None, size=1):
    "A table with three columns, answers that are right for 80 %, and groups of `size` photographs."
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"camera": rng.choice(list("abcd"), n), "place": rng.choice(list("xyz"), n), "hour": rng.integers(5, 9, n)})
    right = np.repeat(rng.random(n // size) < .8, size)
    if bad is not None:
        right &= ~((table["camera"] == bad) & (rng.random(n) < .45)).to_numpy()
    return table, right, np.repeat(np.arange(n // size), size)


def test_p_of_strangers_is_fishers():
    table, right, groups = world()
    here = (table["camera"] == "a").to_numpy()
    counts = [[(right & side).sum(), (~right & side).sum()] for side in (here, ~here)]
    assert slice_p_value(right, here, groups) == pytest.approx(fisher_exact(counts).pvalue, abs=1e-9)
    assert slice_p_value(right, here, groups) == pytest.approx(slice_p_value(right, ~here, groups), abs=1e-9)
    assert slice_p_value(list(right), list(here), list(groups)) == slice_p_value(right, here, groups)


def test_siblings_count_for_less():
    right = np.repeat(np.r_[np.ones(10), np.zeros(10), np.ones(25), np.zeros(10)], 3).astype(bool)
    here = np.arange(len(right)) < 60
    groups = np.repeat(np.arange(55), 3)
    assert slice_p_value(right, here, groups) > 5 * slice_p_value(right, here, np.arange(len(right)))


def test_table_is_complete_and_holms():
    table, right, groups = world(bad="c")
    found = find_slices(table, right, ["camera", "place", "hour"], groups)
    assert len(found) == 11 and found["p"].is_monotonic_increasing and found["corrected"].is_monotonic_increasing
    np.testing.assert_allclose(found["corrected"], multipletests(found["p"], method="holm")[1], atol=1e-9)
    assert (found["corrected"] >= found["p"]).all() and found["corrected"].max() <= 1
    assert found.groupby("column")["photos"].sum().tolist() == [600] * 3
    for row in found.itertuples():
        here = (table[row.column] == row.value).to_numpy()
        assert row.right == pytest.approx(right[here].mean()) and row.rest == pytest.approx(right[~here].mean())
        assert (row.low, row.high) == pytest.approx(wilson_interval(right[here].sum(), here.sum()), abs=1e-9)


def test_what_is_planted_is_found_and_its_column_named():
    for seed in range(5):
        found = find_slices(*world(seed, bad="c")[:2], ["camera", "place"], np.arange(600))
        assert found["value"][0] == "c" and found["column"][0] == "camera" and found["corrected"][0] < .05


@pytest.fixture
def frozen():
    """What is in memory already is left out when garbage is collected.

    `multipletests` collects garbage at each call. That takes half a second where the whole course is
    imported, and made the eighty looks below take 46 seconds.
    """
    gc.freeze()
    yield
    gc.unfreeze()


def test_nothing_is_found_where_nothing_is(frozen):
    """With the correction in at most about one of twenty looks, without it in far more; with siblings as well.

    Holm keeps the chance of any false alarm in a look at or below 1 in 20. So of 40 looks more than 4
    have one with a chance below 5 % (binomial), and the seeds stay the same: no lottery at each run.
    """
    assert binom.sf(4, 40, .05) < .05
    for size in (1, 3):   # slices across siblings are tested cautiously: even fewer alarms
        plain, corrected = [], []
        for seed in range(40):
            table, right, groups = world(seed, 300, size=size)
            found = find_slices(table, right, ["camera", "place", "hour"], groups)
            plain.append(found["p"].min() < .05)
            corrected.append(found["corrected"].min() < .05)
        assert np.sum(corrected) <= 4
        if size == 1:
            assert np.mean(plain) > np.mean(corrected) + .1


def test_small_slices_get_no_p_and_cost_nothing():
    table, right, groups = world()
    table.loc[:3, "camera"] = "rare"
    found = find_slices(table, right, ["camera"], groups).set_index("value")
    assert np.isnan(found.loc["rare", "p"]) and np.isnan(found.loc["rare", "corrected"])
    assert found["p"].notna().sum() == 4
    np.testing.assert_allclose(found["corrected"].dropna(), multipletests(found["p"].dropna(), method="holm")[1])
    table["same"] = "all"
    one = find_slices(table, right, ["same"], groups)
    assert np.isnan(one["p"][0]) and np.isnan(one["rest"][0]) and one["photos"][0] == 600


def test_missing_facts_belong_to_no_slice_and_the_order_does_not_matter():
    table, right, groups = world()
    table.loc[::7, "place"] = None
    found = find_slices(table, right, ["place"], groups)
    assert found["photos"].sum() == table["place"].notna().sum()
    order = np.random.default_rng(0).permutation(600)
    again = find_slices(table.iloc[order], right[order], ["place"], groups[order])
    pd.testing.assert_frame_equal(found, again)


T = pd.DataFrame({"camera": list("aabb"), "empty": [None] * 4})


@pytest.mark.parametrize("call, said", [
    (lambda: find_slices(T, [1, 0, 1, 0], ["lens"], range(4)), "no column 'lens'; it has camera, empty"),
    (lambda: find_slices(T, [1, 0, 1, 0], [], range(4)), "give a list of names of columns"),
    (lambda: find_slices(T, [1, 0, 1, 0], "camera", range(4)), "give a list of names of columns"),
    (lambda: find_slices(T, [1, 0, 1, 0], ["empty"], range(4)), "'empty' is empty"),
    (lambda: find_slices(T, [1, 0, 1], ["camera"], range(4)), r"4 photographs and right \(3,\): give 1 or 0"),
    (lambda: find_slices(T, [1, 0, 1, 2], ["camera"], range(4)), "give 1 or 0 for each"),
    (lambda: find_slices(T, [1, 0, 1, np.nan], ["camera"], range(4)), "give 1 or 0 for each"),
    (lambda: find_slices(T, [1, 0, 1, 0], ["camera"], range(3)), "4 photographs and 3 groups"),
    (lambda: find_slices(T, [1, 0, 1, 0], ["camera"], [1, 2, None, 3]), "have no group"),
])
def test_bad_input_is_one_clear_line(call, said):
    with pytest.raises(ValueError, match=said) as error:
        call()
    assert "\n" not in str(error.value)


def test_checked_answers_are_numbers():
    right, groups = check_table(T, [True, False, True, True], ["camera"], list("pqpq"))
    assert right.tolist() == [1, 0, 1, 1] and groups[0] == groups[2] != groups[1]
