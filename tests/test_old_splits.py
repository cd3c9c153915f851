"Splits of the first edition: tables that cannot be split, and intervals that hold."
import numpy as np
import pandas as pd
import pytest

from mushroom_lib.old_splits import HOWS, accuracy_interval, split


def table(groups=10, shots=3, labels=("bolete", "morel")):
    "A table of `groups` groups a label, `shots` photos each, a day between groups."
    n = groups * shots
    return pd.concat([pd.DataFrame(dict(label=l, group=[f"{l}{k // shots}" for k in range(n)], photographer=[f"P{k % shots}" for k in range(n)],
        observed_on=[f"2024-{1 + k // shots:02}-01" for k in range(n)], path="none.jpg")) for l in labels], ignore_index=True)


# tables that cannot be split

@pytest.mark.parametrize("how", [*HOWS, "photographer"])
@pytest.mark.parametrize("n", [0, 1])
def test_no_photo_and_one_photo(how, n):
    with pytest.raises(ValueError, match=f"^{n} photos cannot be split"): split(table().head(n), how)


@pytest.mark.parametrize("how, kwargs, said", [
    ("group", dict(folds=11), "'bolete' has 10 values of 'group', and 11 folds need 11"),
    ("stratified", dict(folds=31), "'bolete' has 30 photos, and 31 folds need 31"),
    ("random", dict(folds=61), "60 photos cannot be split like this"),
    ("group", dict(valid=.01), "a label with 10 groups cannot give this share"),
    ("group", dict(valid=1.2), "between 0 and 1"),
    ("group", dict(folds=1), "a whole number from 2 on"),
    ("group", dict(folds=5, fold=5), "from 0 to 4"),
    ("group", dict(by="finder"), "no column 'finder'"),
    ("photographer", dict(fold=3), "from 0 to 2"),
    ("photographer", dict(folds=3), "choose it with fold="),
    ("weather", dict(), "how='weather' is neither"),
])
def test_the_impossible_is_refused_in_one_line(how, kwargs, said):
    with pytest.raises(ValueError, match=said) as e: split(table(), how, **kwargs)
    assert "\n" not in str(e.value)


def test_missing_groups_and_labels_are_named():
    t = table()
    for how, column in (("group", "group"), ("random", "label"), ("photographer", "photographer")):
        gaps = t.copy()
        gaps.loc[[4, 7], column] = None
        with pytest.raises(ValueError, match=f"2 of 60 photos have no '{column}', the first in row 4"): split(gaps, how)
    assert split(t.assign(group=None), "random").shared("group") == []


def test_a_label_of_one_group_is_named():
    t = pd.concat([table(), pd.DataFrame(dict(label=["rare"] * 9, group="only", photographer="P9", observed_on="2025-01-01", path="none.jpg"))])
    with pytest.raises(ValueError, match="'rare' has 1 values of 'group', and 2 folds need 2"): split(t)
    assert "being in validation only: rare" in repr(split(t, "photographer", fold=3))


def test_an_empty_side_is_refused():
    t = table()
    with pytest.raises(ValueError, match="one value only"): split(t.assign(photographer="P0"), "photographer")


@pytest.mark.parametrize("how, kwargs", [("random", {}), ("stratified", {}), ("group", {}), ("photographer", {}),
    ("random", dict(folds=4, fold=1)), ("stratified", dict(folds=4, fold=1)), ("group", dict(folds=4, fold=1))])
def test_row_numbers_do_not_depend_on_the_index(how, kwargs):
    "A table put together from several has an index with duplicates; row numbers count from 0 all the same."
    t = table()
    doubled = t.set_index(np.arange(len(t)) % 7)
    a, b = split(t, how, seed=3, **kwargs), split(doubled, how, seed=3, **kwargs)
    assert a.train.tolist() == b.train.tolist() and a.valid.tolist() == b.valid.tolist()
    assert not set(a.train) & set(a.valid)
    assert max(*a.train, *a.valid) < len(t)
    assert a.what in repr(b)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("valid", [.1, .2, .3, .5])
def test_groups_are_never_shared_and_labels_stay_even(seed, valid):
    t = pd.concat([table(20, 2), table(12, 5, ("oyster",))], ignore_index=True).sample(frac=1, random_state=seed)
    s = split(t, valid=valid, seed=seed)
    assert s.shared("group") == [] and len(s.train) + len(s.valid) == len(t)
    for label, part in t.groupby("label"): assert abs((t.iloc[s.valid]["label"] == label).sum() / len(part) - valid) < .17  # scikit-learn 1.6 deals less evenly than 1.9
    assert split(t, valid=valid, seed=seed).valid.tolist() == s.valid.tolist()


def test_fastai_takes_the_split():
    from fastai.data.transforms import IndexSplitter
    s = split(table(), seed=1)
    train, valid = IndexSplitter(s.valid)(range(60))
    assert sorted(train) == s.train.tolist() and list(valid) == s.valid.tolist()
    assert s(range(60)) == (s.train.tolist(), s.valid.tolist())


# intervals

def test_hostile_answers():
    for right, groups in (([], None), ([1], None), ([1, 1, 0], ["a", "a", "a"])):
        with pytest.raises(ValueError, match="at least two are needed"): accuracy_interval(right, groups)
    with pytest.raises(ValueError, match="3 answers and 2 groups"): accuracy_interval([1, 0, 1], ["a", "b"])
    with pytest.raises(ValueError, match="2 of 3 answers have no group"): accuracy_interval([1, 0, 1], ["a", None, float("nan")])
    for right in ([1] * 20, [0] * 20):
        mean, low, high = accuracy_interval(right, list(range(10)) * 2)
        assert mean == right[0] and high - low > .2 and 0 <= low <= mean <= high <= 1


@pytest.mark.parametrize("p", [.7, .95])
@pytest.mark.parametrize("n, shots", [(20, 3), (40, 10)])
def test_intervals_by_group_hold_the_truth_as_often_as_they_say(p, n, shots):
    "Groups whose photos are right or wrong together: by photo the interval fails, by group it keeps its promise."
    rng, hits = np.random.default_rng(0), []
    for _ in range(400):
        easy = rng.beta(1.5 * p, 1.5 * (1 - p), n)
        right, who = (rng.random((n, shots)) < easy[:, None]).ravel(), np.repeat(np.arange(n), shots)
        hits.append([low <= p <= high for _, low, high in (accuracy_interval(right, who), accuracy_interval(right))])
    by_group, by_photo = np.mean(hits, axis=0)
    assert .89 <= by_group <= .99  # lowest where an easy exam has few, large groups
    assert by_photo < by_group


def test_a_hundred_thousand_answers_give_a_narrow_interval():
    right = np.random.default_rng(0).random(100_000) < .7
    mean, low, high = accuracy_interval(right, np.arange(100_000) // 2)
    assert low < mean < high < low + .02
