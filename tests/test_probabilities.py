"Labels and probabilities: read by name in any order, refused in one line, in whatever form they come."
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mushroom_lib.probabilities import check_probabilities, check_scores, check_shares

many = settings(max_examples=60, deadline=None)
NAMES = st.one_of(st.lists(st.integers(-50, 300), min_size=2, max_size=14, unique=True),
                  st.lists(st.text("abcxyz", min_size=1, max_size=4), min_size=2, max_size=14, unique=True))


def made_up(labels, n, seed):
    "Labels of n photographs and a table of probabilities with a column for each label."
    rng = np.random.default_rng(seed)
    y = [labels[k] for k in rng.integers(len(labels), size=n)]
    return y, pd.DataFrame(rng.dirichlet(np.ones(len(labels)), size=n), columns=labels)


@many
@given(NAMES, st.integers(1, 30), st.integers(0, 999))
def test_named_columns_may_come_in_any_order(labels, n, seed):
    y, table = made_up(labels, n, seed)
    shuffled = table[list(np.random.default_rng(seed).permutation(np.array(labels, dtype=object)))]
    for given_table, names in [(table, None), (shuffled, None), (shuffled.to_numpy(), shuffled.columns)]:
        codes, checked, found = check_probabilities(y, given_table, names)
        assert [found[code] for code in codes] == y
        assert np.abs(pd.DataFrame(checked, columns=found)[labels].to_numpy() - table.to_numpy()).max() < 1e-12


@many
@given(st.lists(st.integers(-50, 300), min_size=2, max_size=14, unique=True), st.sampled_from([int, float, np.int64, np.float32]))
def test_numbers_sort_as_numbers(numbers, kind):
    y = [kind(number) for number in numbers]
    codes, _, labels = check_probabilities(y, np.full((len(y), len(y)), 1 / len(y)))
    assert labels == sorted(numbers) and [labels[code] for code in codes] == numbers


def test_labels_come_in_many_forms():
    import torch
    y = np.array(["b", "a", "b"])
    table = pd.DataFrame([[.2, .8], [.9, .1], [.4, .6]], columns=["a", "b"], index=[7, 8, 9])
    for form in (y, list(y), tuple(y), pd.Series(y, index=[5, 3, 1]), pd.Categorical(y), pd.Series(y, dtype="string"), y.astype(object)):
        codes, checked, labels = check_probabilities(form, table)
        assert codes.tolist() == [1, 0, 1] and labels == ["a", "b"] and checked.dtype == np.float64
    assert check_probabilities(torch.tensor([1, 0]), torch.tensor([[.2, .8], [.9, .1]], requires_grad=True))[0].tolist() == [1, 0]
    assert check_probabilities([True, False], [[.1, .9]] * 2)[0].tolist() == [1, 0]
    half = np.float16(np.random.default_rng(0).dirichlet(np.ones(30), size=50))
    assert np.abs(check_probabilities(range(30), half[:30])[1].sum(axis=1) - 1).max() < 1e-12


def test_what_was_given_is_left_alone():
    table = np.array([[.2, .8001], [.9, .1]])
    before = table.copy()
    check_probabilities([0, 1], table)[1][:] = 0
    assert (table == before).all()


@many
@given(st.integers(0, 19), st.sampled_from(["sum", "negative", "nan", "inf", "label", "no label"]))
def test_a_bad_row_is_named(row, how):
    y, table = made_up(["a", "b", "c"], 20, row)
    y[:3] = ["a", "b", "c"]
    said = {"sum": "sums to 1.01, not to 1", "negative": "negative number: are these logits", "nan": "NaN", "inf": "infinity",
            "label": "has the label 'truffle', which no column has", "no label": "has no label"}[how]
    if how == "sum":
        table.iloc[row] *= 1.01
    if how == "negative":
        table.iloc[row] = [2, -1, 0]
    if how in ("nan", "inf"):
        table.iloc[row, 1] = float(how)
    if how == "label":
        y[row] = "truffle"
    if how == "no label":
        y[row] = [None, float("nan"), pd.NA, pd.NaT][row % 4]
    with pytest.raises(ValueError, match=rf"^row {row} .*{said}") as error:
        check_probabilities(y, table)
    assert "\n" not in str(error.value)


HALF = [[.5, .5]] * 2


@pytest.mark.parametrize("y, table, labels, said", [
    (["a"], HALF, None, "1 labels and 2 rows"),
    (["a", "b", "c"], HALF, None, "3 labels and 2 rows"),
    ([], [], None, "their shape is"),
    ([], np.empty((0, 2)), None, "their shape is"),
    ([0, 1], [.5, .5], None, r"their shape is \(2,\)"),
    ([0, 1], np.full((2, 2, 2), .5), None, r"their shape is \(2, 2, 2\)"),
    ([0, 1], [[.5, .5], [1]], None, "must be numbers"),
    ([0, 1], [["half", .5]] * 2, None, "must be numbers"),
    (["a", "b"], [[.2, .3, .5]] * 2, None, "3 columns of probabilities, but 2 labels in y"),  # cleanlab#288
    (["a", "a"], HALF, None, "2 columns of probabilities, but 1 labels in y"),
    (["a", "b"], HALF, ["a"], "2 columns of probabilities, but 1 labels in labels="),
    (["a", "b"], HALF, ["a", "a"], "two columns are named 'a'"),
    (["a", "b"], pd.DataFrame(HALF, columns=["a", "a"]), None, "two columns are named 'a'"),
    ([1, "3a"], HALF, None, "of different types"),
    ([1, 2], pd.DataFrame(HALF, columns=["1", "2"]), None, "row 0 has the label 1, which no column has; columns: '1', '2'"),
    ([str(k) for k in range(12)], np.eye(12), None, "numbers written as texts"),
])
def test_one_clear_line_for_what_cannot_be_used(y, table, labels, said):
    with pytest.raises(ValueError, match=said) as error:
        check_probabilities(y, table, labels)
    assert "\n" not in str(error.value)


def test_numbers_as_texts_are_fine_where_both_orders_agree_or_names_are_given():
    assert check_probabilities(["2", "1"], np.eye(2))[2] == ["1", "2"]
    texts = [str(k) for k in range(12)]
    assert check_probabilities(texts, np.eye(12), texts)[0].tolist() == list(range(12))


@pytest.mark.parametrize("is_label, scores, said", [
    ([], [], "0 photographs"), ([True], [.5, .5], "1 photographs and scores of shape"), ([True, False], HALF, "one number a photograph"),
    ([True, 2], [.5, .5], "row 1 is neither"), ([True, None], [.5, .5], "row 1 is neither"), (["yes", "no"], [.5, .5], "row 0 is neither .*2 such rows"),
    ([True, False], [.5, np.nan], "row 1 of the scores"), ([True, False], [.5, "high"], "must be numbers")])
def test_scores_are_refused_in_one_line(is_label, scores, said):
    with pytest.raises(ValueError, match=said) as error:
        check_scores(is_label, scores)
    assert "\n" not in str(error.value)


def test_yes_and_no_come_in_many_forms():
    for form in ([True, False], [1, 0], [1., 0.], np.array([True, False]), pd.Series([True, False], index=[3, 1]), pd.Series([True, False], dtype="boolean")):
        found, scores = check_scores(form, pd.Series([.2, .7]))
        assert found.dtype == bool and found.tolist() == [True, False] and scores.tolist() == [.2, .7]


@many
@given(st.lists(st.integers(0, 50), min_size=1, max_size=9).filter(sum), st.integers(0, 99))
def test_shares_by_name_and_by_place_are_the_same(counts, seed):
    labels = [f"kind {k}" for k in range(len(counts))]
    shares = pd.Series(np.array(counts) / sum(counts), labels)
    turned = shares.sample(frac=1, random_state=seed)
    for form in (shares.to_numpy(), list(shares), dict(turned), turned):
        assert np.abs(check_shares(form, labels) - shares.to_numpy()).max() < 1e-12


@pytest.mark.parametrize("shares, said", [
    ({"a": 1}, "has none for 'b'"), ({"a": .5, "b": .3, "c": .2}, "labels that no column has"), ([1], "one a label"), ([.5, .4], "sum to 0.9"),
    ([1.5, -.5], "0 or more"), ([np.nan, 1], "0 or more"), (["half", "half"], "must be numbers"), (.5, "one a label")])
def test_shares_are_refused_in_one_line(shares, said):
    with pytest.raises(ValueError, match=said) as error:
        check_shares(shares, ["a", "b"])
    assert "\n" not in str(error.value)
