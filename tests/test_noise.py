"Planted noise and answers out of fold, on hostile inputs."
import numpy as np
import pandas as pd
import pytest

from mushroom_lib.noise import LOOKALIKE, flip_labels, predict_unseen
from mushroom_lib.probabilities import check_probabilities

LABELS = ["bolete", "morel", "oyster"]


# Out of fold

def test_no_photo_is_judged_by_its_own_group():
    "Each group is a cluster of its own with a label of its own: only who has seen the group could know it."
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(12), 4)
    X = np.eye(12)[groups] + rng.normal(0, .01, (48, 12))
    y = groups.astype(str)
    P = predict_unseen(X, y, groups)
    assert list(P.columns) == sorted(set(y)) and P.index.tolist() == list(range(48))
    own = P.to_numpy()[np.arange(48), check_probabilities(y, P)[0]]
    assert (own == 0).all()  # its label was not even known
    alone = predict_unseen(X, y, np.arange(48))  # every photo a group of its own: now its siblings give it away
    assert (alone.idxmax(axis=1) == y).mean() > .9


def test_rows_left_out_are_judged_but_not_learned():
    X = np.repeat(np.eye(2), 12, axis=0)
    y = np.repeat(["a", "b"], 12)
    spoiled = y.copy()
    spoiled[[0, 1, 12]] = ["b", "b", "a"]
    P = predict_unseen(X, spoiled, np.arange(24), left_out=[0, 1, 12])
    assert (P.idxmax(axis=1) == y).all() and np.allclose(P.sum(axis=1), 1)


def test_labels_that_are_numbers_name_the_columns():
    y = np.arange(36) % 12
    P = predict_unseen(np.eye(12)[y], y, np.arange(36))
    assert list(P.columns) == list(range(12)) and (P.idxmax(axis=1) == y).all()


@pytest.mark.parametrize("groups", [[1, 2, None], ["a", "b", np.nan], pd.Series(["a", pd.NA, "c"])])
def test_a_photo_without_a_group_is_refused(groups):
    with pytest.raises(ValueError, match="1 of 3 photographs have no group"):
        predict_unseen(np.eye(3), LABELS, groups)
    with pytest.raises(ValueError, match="1 of 3 photographs have no group"):
        flip_labels(LABELS, .5, groups=groups)


# Planting

@pytest.mark.parametrize("share", [0, .1, .5, 1])
@pytest.mark.parametrize("labels", [np.array(LABELS), np.arange(12), np.arange(12.)])
def test_as_many_labels_are_wrong_as_were_asked_for(share, labels):
    y = np.tile(labels, 20)
    noisy = flip_labels(y, share, seed=1)
    assert (noisy != y).sum() == round(share * len(y)) and set(noisy) <= set(labels)
    assert (flip_labels(y, share, seed=1) == noisy).all() and noisy.dtype == y.dtype
    lookalike = dict(zip(labels.tolist(), np.roll(labels, 1).tolist()))
    noisy = flip_labels(y, share, seed=1, lookalike=lookalike)
    changed = noisy != y
    assert changed.sum() == round(share * len(y))
    assert noisy[changed].tolist() == [lookalike[label] for label in y[changed].tolist()]


def test_whole_groups_go_wrong_together():
    y = np.repeat(LABELS, 30)
    groups = np.arange(90) // 3
    noisy = flip_labels(y, .2, groups=groups)
    wrong = (noisy != y).reshape(30, 3)
    assert wrong.any(axis=1).sum() == 6 and (wrong.all(axis=1) == wrong.any(axis=1)).all()


def test_what_cannot_be_planted_is_refused():
    with pytest.raises(ValueError, match="two labels"):
        flip_labels(["a", "a"], .5)
    for share in (-.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="0 to 1"):
            flip_labels(LABELS, share)
    for lookalike in ({}, dict(bolete="morel", morel="oyster"), dict(bolete="morel", morel="oyster", oyster="oyster"),
                      dict(bolete="morel", morel="oyster", oyster="an unknown label")):
        with pytest.raises(ValueError, match="another of the labels for"):
            flip_labels(LABELS, .5, lookalike=lookalike)


def test_the_lookalikes_of_the_collection_can_be_planted():
    y = sorted(LOOKALIKE)
    assert set(LOOKALIKE.values()) <= set(y)
    assert flip_labels(y, 1, lookalike=LOOKALIKE).tolist() == [LOOKALIKE[label] for label in y]
