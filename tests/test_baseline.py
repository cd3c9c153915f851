"Lesson 17's module: what a probe gets when it gets the same views, and the comparison over splits."
import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from mushroom_lib.baseline import (ask_views, compare_split, compare_splits, few_of_each, fit_views, share_right,
                                   view_features)
from mushroom_lib.features import extract_features, make_probe
from mushroom_lib.sources import photos

SIZE = 32


@pytest.fixture(scope="module")
def lab():
    "Seventy-two photographs of three kinds: (paths, labels, specimens)."
    table = photos("lab")
    kinds = sorted(set(table["label"]))[:3]
    rows = np.concatenate([np.flatnonzero(table["label"] == kind)[:24] for kind in kinds])
    return table["path"].iloc[rows].tolist(), table["label"].to_numpy()[rows], table["group"].to_numpy()[rows]


@pytest.fixture
def made():
    "Features of thirty photographs of three labels, four views each, that a probe can tell apart."
    rng = np.random.default_rng(0)
    y = np.repeat(["a", "b", "c"], 10)
    centre = rng.normal(size=(3, 20))[np.repeat(range(3), 10)]
    return centre[:, None] + .5 * rng.normal(size=(30, 4, 20)), y


def test_the_views_are_those_of_extract_features(lab, tmp_path, monkeypatch):
    monkeypatch.setenv("MUSHROOMS_CACHE", str(tmp_path))
    files = lab[0][:5]
    X = view_features(files, SIZE, views=2)
    assert X.shape == (5, 3, 1280)
    assert (X[:, 0] == extract_features(files, SIZE)).all()
    assert (X[:, 1:] == extract_features(files, SIZE, views=2)).all()
    assert (view_features(files, SIZE, views=0) == X[:, :1]).all()


def test_with_one_view_it_is_the_plain_probe(made):
    X, y = made
    plain = make_probe().fit(X[:, 0], y)
    fair = fit_views(X[:, :1], y)
    assert np.allclose(ask_views(fair, X[:, :1]), plain.predict_proba(X[:, 0]))


def test_every_view_is_a_row_with_the_label_of_its_photograph(made):
    X, y = made
    by_hand = make_probe().fit(np.concatenate(list(X)), [name for name in y for _ in range(4)])
    assert np.allclose(ask_views(fit_views(X, y), X), ask_views(by_hand, X))
    assert fit_views(X, y).score(X[:, 3], y) > .9


def test_answers_are_probabilities_and_do_not_depend_on_the_order_of_the_views(made):
    X, y = made
    probe = fit_views(X, y)
    answers = ask_views(probe, X)
    assert np.allclose(answers.sum(axis=1), 1)
    assert np.allclose(answers, ask_views(probe, X[:, ::-1]))
    assert np.allclose(ask_views(probe, np.repeat(X[:, :1], 4, axis=1)), probe.predict_proba(X[:, 0]))


@pytest.mark.parametrize("seed", range(3))
def test_the_share_is_scikit_learns_accuracy(seed):
    rng = np.random.default_rng(seed)
    names = np.array(["x", "y", "z"])
    answers, y = rng.dirichlet([1, 1, 1], 40), names[rng.integers(0, 3, 40)]
    assert share_right(names, answers, y) == pytest.approx(accuracy_score(y, names[answers.argmax(axis=1)]))


@pytest.mark.parametrize("n, got", [(1, {"a": 1, "b": 1, "c": 1}), (3, {"a": 3, "b": 3, "c": 2}),
                                    (None, {"a": 5, "b": 4, "c": 2})])
def test_so_many_of_each_label_of_these_rows_only(n, got):
    y = np.array(list("aaaaabbbbccccccccc"))
    rows = np.arange(11)   # two of c are among them
    drawn = few_of_each(y, rows, n, seed=1)
    names, counts = np.unique(y[drawn], return_counts=True)
    assert dict(zip(names, counts)) == got
    assert set(drawn) <= set(rows) and len(set(drawn)) == len(drawn)
    assert (drawn == few_of_each(y, rows, n, seed=1)).all()


def test_a_seed_decides_which():
    y = np.repeat(["a", "b"], 50)
    assert set(few_of_each(y, np.arange(100), 5, 0)) != set(few_of_each(y, np.arange(100), 5, 1))


def test_a_split_is_compared_as_by_hand(lab, tmp_path, monkeypatch):
    monkeypatch.setenv("MUSHROOMS_CACHE", str(tmp_path))
    files, y, groups = lab
    train, valid = np.arange(0, 72, 2), np.arange(1, 72, 2)
    shares = compare_split(files, y.tolist(), train, valid, size=SIZE, epochs=1)
    X = view_features(files, SIZE)
    assert shares["plain probe"] == make_probe().fit(X[train, 0], y[train]).score(X[valid, 0], y[valid])
    fair = fit_views(X[train], y[train])
    assert shares["probe with views"] == share_right(fair.classes_, ask_views(fair, X[valid]), y[valid])
    assert 1 / 3 < shares["late blocks"] <= 1


def test_no_group_is_on_both_sides_and_the_draw_is_balanced(lab, monkeypatch):
    from mushroom_lib import baseline
    files, y, groups = lab
    seen = []
    monkeypatch.setattr(baseline, "compare_split",
                        lambda files, y, train, valid, seed, **kwargs: seen.append((train, valid, seed, kwargs)) or {})
    table = compare_splits(files, y.tolist(), groups, splits=3, of_each=4, size=SIZE)
    assert len(table) == 3 and [seed for _, _, seed, _ in seen] == [0, 1, 2]
    for train, valid, _, kwargs in seen:
        assert not set(groups[train]) & set(groups[valid])
        assert np.unique(y[train], return_counts=True)[1].tolist() == [4, 4, 4]
        assert kwargs == {"size": SIZE}


def test_the_table_is_the_same_in_the_next_run(lab, tmp_path, monkeypatch):
    monkeypatch.setenv("MUSHROOMS_CACHE", str(tmp_path))
    tables = [compare_splits(*lab, splits=2, of_each=6, size=SIZE, epochs=1) for _ in range(2)]
    assert (tables[0] == tables[1]).all(axis=None)
    assert tables[0].columns.tolist() == ["plain probe", "probe with views", "late blocks"]
