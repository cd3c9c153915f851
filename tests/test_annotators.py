"One label out of several answers; Dawid and Skene's own data; gaps, rare labels, copies."
import krippendorff
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from mushroom_lib.annotators import count_answers, dawid_skene, majority
from mushroom_lib.labels import answer_table, cohen_kappa, percent_agreement
from mushroom_lib.team import TEAM, TEAM_KINDS, ask_people, own_answers, simulated_person

NOTHING = [None, float("nan"), np.nan, pd.NA, pd.NaT, "", "  ", "unsure"]


@pytest.mark.parametrize("nothing", NOTHING)
def test_no_answer_counts_nowhere(nothing):
    answers = pd.DataFrame(dict(ada=["x", "y", nothing, "y"], ben=["x", nothing, nothing, "x"]), dtype=object)
    labels, said = count_answers(answers)
    assert labels == ["x", "y"] and said.sum(axis=(0, 2)).tolist() == [2, 1, 0, 2]
    assert majority(answers).tolist()[:3] == ["x", "y", None]
    assert np.isfinite(dawid_skene(answers)[0].to_numpy()).all()


def test_an_answer_table_of_numbers_is_counted():
    "Neither a gap nor a nullable column makes 3 into 3.0 or into no answer."
    rows = pd.DataFrame([("a.jpg", "ada", 3), ("a.jpg", "ben", 0), ("b.jpg", "ben", 10)], columns=["file", "annotator", "label"])
    for kind in (object, "int64", "Int64"):
        assert count_answers(answer_table(rows.astype(dict(label=kind))))[0] == [0, 3, 10]


NUMBERS = [list, np.array, lambda v: [np.int64(x) for x in v], lambda v: np.array(v, float), lambda v: np.array(v, np.float32),
           lambda v: pd.array(v, "Int64")]


@pytest.mark.parametrize("made", NUMBERS)
def test_answers_that_are_numbers_are_answers(made):
    "The same table as numbers and as texts: the same agreement, alpha, majority and weights."
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 60)
    said = {name: np.where(rng.random(60) < skill, truth, rng.integers(0, 3, 60)) for name, skill in dict(a=.9, b=.7, c=.5).items()}
    numbers = pd.DataFrame({name: made([int(x) for x in column]) for name, column in said.items()})
    texts = pd.DataFrame({name: [str(x) for x in column] for name, column in said.items()}, dtype=object)
    assert percent_agreement(numbers["a"], numbers["b"]) == percent_agreement(texts["a"], texts["b"])
    assert np.isclose(cohen_kappa(numbers["a"], numbers["b"]), cohen_kappa_score(said["a"], said["b"]))
    alpha = krippendorff.alpha(value_counts=count_answers(numbers)[1].sum(axis=0), level_of_measurement="nominal")
    assert np.isclose(alpha, krippendorff.alpha(reliability_data=np.array(list(said.values())), level_of_measurement="nominal"))
    assert [str(int(x)) for x in majority(numbers)] == majority(texts).tolist()
    assert np.allclose(dawid_skene(numbers)[0], dawid_skene(texts)[0])


@pytest.mark.parametrize("made", [list, np.array, lambda v: [np.int64(x) for x in v], lambda v: np.array(v, float)])
def test_twelve_labels_sort_as_numbers(made):
    "Three people who are always right: every label is found, in columns 0 to 11."
    truth = np.arange(48) % 12
    answers = pd.DataFrame({name: made([int(x) for x in truth]) for name in "abc"})
    assert count_answers(answers)[0] == list(range(12))
    belief, confusions = dawid_skene(answers)
    assert belief.columns.tolist() == list(range(12)) and (belief.idxmax(axis=1) == truth).all()
    assert (majority(answers) == truth).all()
    assert confusions["b"].index.tolist() == list(range(12)) and np.allclose(confusions["b"], np.eye(12), atol=1e-4)


def test_a_mixture_of_numbers_and_texts_is_refused():
    with pytest.raises(ValueError, match="some answers are numbers and some are texts"):
        count_answers(pd.DataFrame(dict(a=[1, 2], b=["1", "2"])))


def test_a_table_without_an_answer_is_refused():
    for nothing in NOTHING:
        with pytest.raises(ValueError, match="no answer"): majority(pd.DataFrame(dict(a=[nothing]), dtype=object))


def test_ties_are_broken_by_the_seed():
    answers = pd.DataFrame(dict(a=["x"] * 200, b=["y"] * 200))
    first = majority(answers, seed=0)
    assert first.equals(majority(answers, seed=0)) and not first.equals(majority(answers, seed=1))
    assert 60 < (first == "x").sum() < 140


def test_a_copy_of_one_person_misleads():
    "The failure that lesson 04 shows: two who always agree look like two who are always right."
    truth = np.repeat(TEAM_KINDS, 80)
    said = ask_people(truth, TEAM)
    right = np.mean(dawid_skene(said)[0].idxmax(axis=1) == truth)
    copied = np.mean(dawid_skene(said.assign(Bea=said["Ben"]))[0].idxmax(axis=1) == truth)
    assert right > .9 and copied < right


def test_own_answers_say_what_is_wrong(tmp_path):
    photographs = pd.DataFrame(dict(file=["a.jpg", "b.jpg"], label=["milkcap", "chanterelle"]))
    log = tmp_path / "labels.jsonl"
    assert own_answers(photographs, "C ?", log)["label"].tolist() == ["chanterelle", "unsure"]
    assert own_answers(photographs, "", log)["annotator"].tolist() == ["stand-in"] * 2
    for typed in ("mx", "mmm"):
        with pytest.raises(ValueError, match="at most 2 letters"): own_answers(photographs, typed, log)
    assert np.allclose(simulated_person(.85, .6).sum(axis=1), 1)


# Dawid and Skene (1979), table 1: 45 patients; anaesthetist 1 three times, then anaesthetists 2 to 5.
PATIENTS = """1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343 1111111 2223212 1211111
1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111 2322222 1111111 1111111 1121121
1111111 3333233 1111111 2222222 2223232 4334343 2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222""".split()


def patients(columns): return pd.DataFrame([list(p) for p in PATIENTS], columns=list(columns), dtype=object)


def test_dawid_skene_gives_what_dawid_and_skene_published():
    "How frequent each class is, and how the first anaesthetist errs, to the two decimals of the paper."
    belief, confusions = dawid_skene(patients("1112345"), rounds=1000, least=1e-9)
    assert belief.mean().round(2).tolist() == [.40, .42, .11, .07]
    assert confusions["1"].to_numpy().round(2).tolist() == [[.89, .11, 0, 0], [.07, .88, .05, 0], [0, .34, .66, 0], [0, 0, .56, .44]]
    assert list(confusions) == list("12345")


def test_dawid_skene_agrees_with_crowd_kit():
    "The answer of crowd-kit 1.4.2 to the same table, its columns taken as seven people; they stop differently, so one doubtful patient may differ."
    crowd_kit = "142222132243121111222222112111131224233111212"
    answers = patients("abcdefg")
    ours = dawid_skene(answers, rounds=1000, least=1e-9)[0].idxmax(axis=1)
    assert sum(a != b for a, b in zip(ours, crowd_kit)) <= 1
    assert sum(a != b for a, b in zip(majority(answers), crowd_kit)) > 1


def test_many_annotators_do_not_drown_in_small_numbers():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 50)
    answers = pd.DataFrame({k: np.where(rng.random(50) < .5, truth, rng.integers(0, 3, 50)) for k in range(400)})
    belief, _ = dawid_skene(answers)
    assert np.isfinite(belief.to_numpy()).all() and (belief.idxmax(axis=1) == truth).all()


def test_gaps_and_a_person_who_answered_nothing():
    answers = pd.DataFrame(dict(a=["x", "y", None, "x"], b=["x", None, None, "y"], c=[None] * 4), dtype=object)
    belief, confusions = dawid_skene(answers)
    assert np.isfinite(belief.to_numpy()).all() and all(np.isfinite(c.to_numpy()).all() for c in confusions.values())
    assert belief.iloc[0].idxmax() == "x" and majority(answers).iloc[2] is None
