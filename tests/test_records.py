"Lesson 21: a limit of one's own, and a table of several runs of which some cannot be read."
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from mushroom_lib.diagnose import LIMITS, diagnose
from mushroom_lib.records import compare_records, own_limit

RUN = pd.DataFrame(dict(epoch=[1, 2, 3, 4], train_loss=[2, 1.2, .6, .3], valid_loss=[2, 1.4, 1., .9],
                        valid_accuracy=[.1, .5, .8, .7]))
EIGHT = list(range(8)) * 10


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=9))
def test_the_limit_lies_between_what_healthy_runs_carried_over_and_all(healthy):
    limit = own_limit(healthy)
    assert min(healthy) - .01 <= limit <= 1.01
    assert limit == own_limit(healthy[::-1])
    assert limit == pytest.approx((np.median(healthy) + 1) / 2, abs=.0051)


def test_one_number_or_several():
    assert own_limit(.6) == own_limit([.6]) == own_limit([.5, .6, .9]) == .8


@pytest.mark.parametrize("healthy", [np.nan, [.6, np.nan], np.inf])
def test_a_run_that_learned_too_little_gives_no_limit(healthy):
    with pytest.raises(ValueError, match="train it longer"):
        own_limit(healthy)


def test_a_table_of_runs_holds_verdict_and_best_accuracy_or_why_not(tmp_path):
    file = tmp_path / "history.csv"
    RUN.to_csv(file, index=False)
    twice = tmp_path / "twice.csv"
    twice.write_text(2 * file.read_text())
    table = compare_records({"table": (RUN, EIGHT), "file": (file, EIGHT), "twice": (twice, EIGHT), "short": (RUN.head(2), EIGHT)})
    assert table.index.tolist() == ["table", "file", "twice", "short"]
    assert table.loc["table"].equals(table.loc["file"])
    assert table["verdict"]["table"] == diagnose(RUN, EIGHT).verdict and table["best_accuracy"]["table"] == .8
    assert table["carried_over"]["table"] == diagnose(RUN, EIGHT).signs["carried"] and np.isnan(table["carried_over"]["twice"])
    assert table["verdict"]["twice"].startswith("refused: ") and "header comes again" in table["verdict"]["twice"]
    assert "2 epochs" in table["verdict"]["short"] and np.isnan(table["best_accuracy"]["short"])


def test_limits_are_passed_on():
    verdicts = [compare_records({"run": (RUN, EIGHT)}, dict(LIMITS, carried=limit))["verdict"]["run"] for limit in (.5, 2)]
    assert verdicts == ["leak", "nothing wrong"]


def test_losses_alone_are_enough():
    table = compare_records({"run": (RUN.drop(columns="valid_accuracy"), EIGHT)})
    assert table["verdict"]["run"] == diagnose(RUN, EIGHT).verdict and np.isnan(table["best_accuracy"]["run"])
