"Wrong labels: ranking, looking, and applying corrections, on hostile inputs."
import random

import numpy as np
import pandas as pd
import pytest

from mushroom_lib.corrections import check_corrections
from mushroom_lib.label_errors import apply_corrections, confident_learning, rank_label_errors, recall_at
from mushroom_lib.probabilities import check_probabilities

LABELS = ["bolete", "morel", "oyster"]
REMOVE = "remove"


def believed(y, labels, wrong=()):
    "Probabilities of a model that is sure and right, but sure of the next label where a row is `wrong`."
    labels = list(labels)
    P = np.full((len(y), len(labels)), .1 / (len(labels) - 1))
    for row, label in enumerate(y):
        column = (labels.index(label) + (row in wrong)) % len(labels)
        P[row, column] = .9
    return P


# A probability column for a label that no photo has (cleanlab#288).

def test_a_label_that_no_photo_has_is_named_or_refused():
    y = LABELS * 10
    known = ["amanita", *LABELS]  # the model knows one more, which sorts first
    P = believed(y, known, wrong=[7])
    for call in (rank_label_errors, confident_learning):
        with pytest.raises(ValueError, match="4 columns of probabilities, but 3 labels in y: name every column"):
            call(y, P)
    assert rank_label_errors(y, P, known)[0] == 7
    assert rank_label_errors(y, pd.DataFrame(P, columns=known))[0] == 7
    assert confident_learning(y, P, known).tolist() == [7]
    assert confident_learning(y, pd.DataFrame(P, columns=known)).tolist() == [7]


def test_a_label_without_a_column_is_named():
    for call in (rank_label_errors, confident_learning):
        with pytest.raises(ValueError, match="row 1 has the label 'truffle', which no column has"):
            call(["morel", "truffle"], np.eye(2), ["bolete", "morel"])
    with pytest.raises(ValueError, match="two columns are named 'morel'"):
        rank_label_errors(["morel"], [[.5, .5]], ["morel", "morel"])


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_probability_that_is_no_number_is_refused(number):
    with pytest.raises(ValueError, match="row 1 of probabilities holds NaN or infinity"):
        rank_label_errors(["a", "b"], [[.5, .5], [number, 1]])


# Labels 0 to 11 sort as numbers, not as text.

@pytest.mark.parametrize("kind", [int, float, np.int64, np.int8, np.float32])
def test_labels_that_are_numbers_sort_as_numbers(kind):
    y = [kind(k % 12) for k in range(60)]
    P = believed(y, range(12), wrong=[25])
    assert check_probabilities(y, P)[0].tolist() == [k % 12 for k in range(60)]
    assert rank_label_errors(y, P)[0] == 25
    assert confident_learning(y, P).tolist() == [25]


def test_cleanlab_may_find_nothing_and_knows_a_single_label():
    y = LABELS * 10
    assert len(confident_learning(y, believed(y, LABELS))) == 0
    assert len(confident_learning(["a"] * 5, np.ones((5, 1)))) == 0


# Looking

def test_recall_counts_the_wrong_ones_among_the_first():
    wrong = [True, False, True, False]
    order = [2, 1, 0, 3]
    assert [recall_at(order, wrong, k) for k in range(5)] == [0, .5, .5, 1, 1]
    with pytest.raises(ValueError, match="no label is wrong"):
        recall_at(order, [False] * 4, 2)


# Correcting

def table_of(labels):
    return pd.DataFrame(dict(file=[f"{k}.jpg" for k in range(len(labels))], label=labels, other=range(len(labels))))


def test_corrections_are_applied_or_refused_never_guessed():
    "Whatever is drawn: a row changes what it says, or is refused; nothing else moves, and a second time nothing moves."
    rng = random.Random(0)
    for _ in range(300):
        table = table_of([rng.choice(LABELS) for _ in range(6)])
        rows = []
        for _ in range(5):
            rows.append(dict(file=rng.choice([*table["file"], "lost.jpg"]), old=rng.choice([*LABELS, ""]),
                             new=rng.choice([*LABELS, REMOVE, "Morel", "", "morell"])))
        before = table.copy()
        corrections = pd.DataFrame(rows)
        new, refused = apply_corrections(table, corrections, LABELS)
        assert table.equals(before) and set(new["label"]) <= set(LABELS)
        now = dict(zip(new["file"], new["label"]))
        was = dict(zip(table["file"], table["label"]))
        fitting = corrections.drop(refused.index)
        wanted = dict(zip(fitting["file"], fitting["new"]))
        assert now == {f: wanted.get(f, label) for f, label in was.items() if wanted.get(f, label) != REMOVE}
        for row in fitting.to_dict("records"):
            assert row["old"] == was[row["file"]] or row["new"] == was[row["file"]]
        assert len(refused) == 0 or refused["problem"].str.len().min() > 0
        again, _ = apply_corrections(new, fitting[fitting["file"].isin(new["file"])], LABELS)
        assert again.equals(new)


def test_two_answers_for_one_photo_are_both_refused():
    table = table_of(["morel", "morel"])
    corrections = pd.DataFrame(dict(file=["0.jpg", "0.jpg"], old=["morel"] * 2, new=["bolete", "oyster"]))
    new, refused = apply_corrections(table, corrections, LABELS)
    assert new.equals(table) and refused["problem"].tolist() == ["0.jpg: corrected to bolete and to oyster"] * 2


def test_somebody_was_faster():
    corrections = pd.DataFrame(dict(file=["0.jpg"], old=["morel"], new=["bolete"]))
    problem = apply_corrections(table_of(["oyster"]), corrections, LABELS)[1]["problem"].item()
    assert problem == "0.jpg: it says 'oyster' now, and the correction expects 'morel'"


def test_a_file_that_is_filed_twice_is_named():
    table = table_of(["morel", "morel"]).assign(file="a.jpg")
    with pytest.raises(ValueError, match="a.jpg is in the table twice"):
        apply_corrections(table, pd.DataFrame(dict(file=["a.jpg"], old=["morel"], new=["bolete"])), LABELS)


def test_labels_that_are_numbers_come_back_from_a_file_of_texts():
    table = table_of([0, 3, 11])
    corrections = pd.DataFrame(dict(file=["1.jpg", "2.jpg"], old=["3", "11"], new=["11", "12"]))
    new, refused = apply_corrections(table, corrections)
    assert new["label"].tolist() == [0, 11, 11] and refused["problem"].tolist() == ["2.jpg: '12' is none of 0, 3, 11, remove"]


def test_a_table_from_a_file_may_have_a_very_long_cell(tmp_path):
    "Python's own csv module stops at 131,072 characters."
    (tmp_path / "c.csv").write_text(f"file,old,new,why\n0.jpg,morel,bolete,{'x' * 200_000}\n1.jpg,morel,{'y' * 200_000},\n")
    corrections = pd.read_csv(tmp_path / "c.csv", dtype=str)
    new, refused = apply_corrections(table_of(["morel", "morel", "bolete"]), corrections)
    assert new["label"].tolist() == ["bolete", "morel", "bolete"] and refused["file"].tolist() == ["1.jpg"]


def test_no_corrections_change_nothing():
    table = table_of(LABELS)
    new, refused = apply_corrections(table, pd.DataFrame(columns=["file", "old", "new", "why", "who"]))
    assert new.equals(table) and len(refused) == 0
    assert list(check_corrections(table, pd.DataFrame(columns=["file", "old", "new"])).columns)[-1] == "problem"
