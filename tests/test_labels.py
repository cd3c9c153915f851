"Tables of answers of every kind of cell; agreement, as scikit-learn has it."
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from mushroom_lib.labels import answer_labels, answer_table, answered_by_both, cohen_kappa, is_answer, percent_agreement
from mushroom_lib.widgets import LabelSession, label_table

LABELS = ["bolete", "morel", "oyster"]
NOTHING = [None, float("nan"), np.nan, pd.NA, pd.NaT, "", "  ", "unsure"]


def names(n): return [f"{k:05d}.jpg" for k in range(n)]


def log_of(rows): return pd.DataFrame(rows, columns=["file", "annotator", "label"])


def test_two_people_of_one_name_count_once(tmp_path):
    "Their answers make one column, the last word on each photo, and the overlap is reported."
    log = tmp_path / "labels.jsonl"
    one, other = (LabelSession(names(2), LABELS, log, "ada") for _ in range(2))
    one.decide(names(1)[0], "morel")
    other.decide(names(1)[0], "bolete")
    other.decide(other.next(), "bolete")
    assert len(other.problems) == 1 and one.next() is None
    answers = answer_table(label_table(log))
    assert answers.columns.tolist() == ["ada"] and answers["ada"].tolist() == ["bolete", "bolete"]


@pytest.mark.parametrize("second", ["morel", "bolete", "unsure", None])
def test_two_answers_of_one_annotator_are_named(second):
    with pytest.raises(ValueError, match="ben answered more than once for b.jpg"):
        answer_table(log_of([("a.jpg", "ada", "morel"), ("b.jpg", "ben", "morel"), ("b.jpg", "ada", "morel"), ("b.jpg", "ben", second)]))


@pytest.mark.parametrize("nothing", NOTHING)
def test_no_answer_is_none_in_the_table_and_counts_nowhere(nothing):
    table = answer_table(log_of([("a.jpg", "ada", "morel"), ("a.jpg", "ben", nothing), ("b.jpg", "ben", "bolete")]))
    assert table.to_numpy().tolist() == [["morel", None], [None, "bolete"]]
    answers = pd.DataFrame(dict(ada=["x", "y", nothing, "y"], ben=["x", nothing, nothing, "x"]), dtype=object)
    assert not is_answer(nothing)
    assert answered_by_both(answers["ada"], answers["ben"]).tolist() == [["x", "y"], ["x", "x"]]
    assert percent_agreement(answers["ada"], answers["ben"]) == .5


def test_an_answer_table_of_numbers_keeps_them():
    "Neither a gap nor a nullable column makes 3 into 3.0 or into no answer."
    rows = [("a.jpg", "ada", 3), ("a.jpg", "ben", 0), ("b.jpg", "ben", 10)]
    for kind in (object, "int64", "Int64"):
        table = answer_table(log_of(rows).astype(dict(label=kind)))
        assert table.to_numpy().tolist() == [[3, 0], [None, 10]]


def test_texts_sort_as_texts_and_a_mixture_is_refused():
    assert answer_labels([["b", "10"], ["2", None]]) == ["10", "2", "b"]
    with pytest.raises(ValueError, match="some answers are numbers and some are texts"): cohen_kappa([1, 2], ["1", "2"])


def test_two_people_without_a_common_photo_are_refused():
    with pytest.raises(ValueError, match="answered by both"): percent_agreement(["x", None], [None, "x"])


def test_answers_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="2 answers and 3"): percent_agreement(["x", "y"], ["x", "y", "x"])


def test_kappa():
    "1 for the same, 0 for luck and for somebody who always says one thing, less for contradiction, as scikit-learn has it."
    assert cohen_kappa(list("xxyy"), list("xxyy")) == 1
    assert cohen_kappa(list("xxxy"), list("xxxx")) == 0
    assert cohen_kappa(list("xy"), list("yx")) == -1
    assert np.isnan(cohen_kappa(list("xx"), list("xx"))) and percent_agreement(list("xx"), list("xx")) == 1
    rng = np.random.default_rng(0)
    for n_labels in (2, 5):
        a, b = rng.integers(0, n_labels, (2, 300))
        assert np.isclose(cohen_kappa(a, b), cohen_kappa_score(a, b))
        b[:200] = a[:200]
        assert np.isclose(cohen_kappa(a, b), cohen_kappa_score(a, b))
