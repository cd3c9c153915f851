"The training benchmark's tasks, its file of results, and the table made of it; nothing is trained here."
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import recipes, scale, training
from mushroom_lib.opening import open_photo
from mushroom_lib.sources import photos
from tools.notebooks import TOP

LAB = "lab, 60 a label"
COMMONS = "Commons, learned from Mushroom Observer"


def run(recipe, seed, right, task=LAB, cpu=3, **more):
    "A record as a run leaves it; two photographs an observation."
    groups = [f"{k // 2}" for k in range(len(right))]
    return dict(task=task, recipe=recipe, size=160, seed=seed, n_train=8, n_valid=len(right),
                steps=5, accuracy=float(np.mean(right)), mean_recall=.5, right=list(right),
                groups=groups, cpu_s=cpu, wall_s=2 * cpu, peak_mb=1000 + seed, threads=1,
                machine="A machine, 2 cores, Linux", python="3.11.7",
                versions=dict(torch="2.11", timm=None), at="2026-11-24T00:00:00Z") | more


def runs(task=LAB):
    "Two seeds of three recipes."
    out = []
    for seed in (0, 1):
        out.append(run("probe", seed, [1, 1, 0, 0], task))
        out.append(run("probe over views", seed, [1, 1, 0, seed], task))
        out.append(run("late blocks", seed, [1, 1, 1, seed], task, cpu=90))
    return out


def row_of(recipe, records, task=LAB):
    "The row of a recipe in a setting's summary."
    rows = training.summary(training.settings(records)[task, 160])
    return next(row for row in rows if row["recipe"] == recipe)


# the tasks

def test_the_lab_asks_for_whole_specimens_and_small_draws_are_parts_of_larger_ones():
    table, most, asked = recipes.TASKS["lab, 60 a label"](3)
    assert set(table["label"].iloc[most].value_counts()) == {60}
    assert set(table["label"].iloc[asked].value_counts()) == {21}
    assert not set(table["group"].iloc[most]) & set(table["group"].iloc[asked])
    before = set(most)
    for count in (40, 20, 10):
        _, fewer, same = recipes.TASKS[f"lab, {count} a label"](3)
        assert np.array_equal(same, asked) and len(fewer) == 8 * count
        assert set(fewer) < before
        before = set(fewer)
    assert not np.array_equal(recipes.TASKS["lab, 10 a label"](4)[2], asked)
    with pytest.raises(ValueError, match="'agaricus' has 60 photographs"):
        recipes.lab_task(0, 61)


@pytest.fixture
def field(monkeypatch):
    "Twelve observations of each label in each archive, two photographs each; one lacks a label."
    rows = []
    for label in ("a", "b", "c"):
        for archive in ("mo", "wm"):
            if (label, archive) != ("c", "mo"):
                for k in range(24):
                    rows.append(dict(label=label, group=f"{archive}|{label}{k // 2}", path="x"))
    table = pd.DataFrame(rows)
    monkeypatch.setattr("mushroom_lib.sources.photos", lambda name: table)
    return table


def test_the_field_asks_for_each_photograph_once(field):
    folds = [recipes.field_task(seed) for seed in range(recipes.FOLDS)]
    assert sorted(np.concatenate([valid for _, _, valid in folds])) == list(range(len(field)))
    for _, train, valid in folds:
        assert not set(field["group"].iloc[train]) & set(field["group"].iloc[valid])
    with pytest.raises(ValueError, match="there is no fold 5"):
        recipes.field_task(5)


@pytest.mark.parametrize("asked, learned", [("wm", "mo"), ("mo", "wm")])
def test_an_archive_is_asked_for_by_the_other_without_labels_that_one_lacks(field, asked, learned):
    table, train, valid = recipes.archive_task(0, asked)
    assert set(table["label"]) == {"a", "b"} and len(train) == len(valid) == 48
    assert set(table["group"].iloc[train].str[:2]) == {learned}
    assert set(table["group"].iloc[valid].str[:2]) == {asked}


def test_what_was_right_is_counted_and_other_shapes_are_refused():
    table = pd.DataFrame(dict(label=list("aaab"), group=list("ppqr")))
    answers = np.array([[1, 0], [0, 1], [1, 0], [0, 1]])
    judged = recipes.judge(table, [0, 1, 2, 3], answers)
    assert judged["right"] == [1, 0, 1, 1] and judged["accuracy"] == .75
    assert judged["mean_recall"] == pytest.approx((2 / 3 + 1) / 2)
    assert judged["groups"] == list("ppqr")
    for bad in (answers[:3], answers[:, :1], answers * np.nan):
        with pytest.raises(ValueError):
            recipes.judge(table, [0, 1, 2, 3], bad)


def test_every_recipe_says_what_it_does():
    assert all(recipe.__doc__ for recipe in recipes.RECIPES.values())


# the file of results

def test_what_is_filed_is_read_and_not_run_again(tmp_path):
    path = tmp_path / "r.jsonl"
    assert training.read_records(path) == []
    for record in runs()[:4]:
        training.append(path, record)
    assert training.read_records(path) == runs()[:4]
    left = training.to_do(training.plan(), training.read_records(path))
    assert len(training.plan()) - len(left) == 4
    assert (LAB, "probe", 160, 0) not in left and (LAB, "late blocks", 160, 1) in left


def test_the_plan_holds_no_run_twice_and_pairs_the_recipes():
    plan = training.plan()
    assert len(set(plan)) == len(plan)
    for task, recipe, size, seed in plan:
        if task in training.ARCHIVES or recipe in training.FAST:
            assert (task, training.BASE, size, seed) in plan
    # the mean with the probe is filed with each run of the late blocks
    assert {recipe for _, recipe, _, _ in plan} == set(recipes.RECIPES) - {recipes.BOTH}


def test_a_line_cut_off_by_a_crash_costs_only_that_run(tmp_path, capsys):
    path = tmp_path / "r.jsonl"
    for record in runs()[:2]:
        training.append(path, record)
    path.write_bytes(path.read_bytes()[:-20])
    training.append(path, runs()[2])
    assert training.read_records(path) == [runs()[0], runs()[2]]
    assert "line 2 is cut off" in capsys.readouterr().err
    assert path.read_bytes().endswith(b"\n")


def test_a_failed_run_is_said_and_not_filed(tmp_path, monkeypatch, capsys):
    def measured(command, env):
        raise RuntimeError("no such thing")

    monkeypatch.setattr(training, "measured", measured)
    path = tmp_path / "r.jsonl"
    assert training.run_all([("field", "probe", 160, 0)], path) == 1
    assert not path.exists()
    assert "field, probe, 160 px, seed 0: not run: no such thing" in capsys.readouterr().err


def test_no_run_is_begun_when_the_time_is_over(tmp_path, capsys):
    assert training.run_all([("field", "probe", 160, 0)] * 3, tmp_path / "r.jsonl", minutes=-1) == 0
    assert "3 runs are left" in capsys.readouterr().err


# a run's cost

def test_a_process_is_measured_and_its_failure_told():
    said = """import json, sys
from benchmarks import training
code = "x = bytes(range(256)) * 2**20; print(sum(range(10**7)))"
print(json.dumps(training.measured([sys.executable, "-c", code], training.environment(1, "x"))))"""
    small = subprocess.run([sys.executable, "-c", said], cwd=TOP, capture_output=True, text=True,
                           check=True)  # pytest itself may be large
    out, _, cost = json.loads(small.stdout)
    assert out == "49999995000000\n"
    assert 256 < cost["peak_mb"] < 400
    assert .1 < cost["process_cpu_s"] < 20 and cost["process_wall_s"] > .1
    with pytest.raises(RuntimeError, match="^no torch here$"):
        training.measured([sys.executable, "-c", "import sys; sys.exit('no torch here')"], None)


def test_a_run_has_its_threads_and_an_empty_cache():
    env = training.environment(3, "somewhere")
    assert env["OMP_NUM_THREADS"] == "3" and env["MUSHROOMS_CACHE"] == "somewhere"


def test_the_command_itself_stays_small():
    "A child's peak memory starts from its parent's, so the parent must import nothing heavy."
    code = """import sys; from benchmarks.training import measured
print([m for m in ('torch', 'fastai', 'pandas', 'sklearn', 'matplotlib') if m in sys.modules])
print(measured([sys.executable, '-c', 'pass'], None)[2]['peak_mb'] < 60)"""
    assert training.measured([sys.executable, "-c", code], None)[0] == "[]\nTrue\n"


# the table

def test_points_are_paired_over_the_seeds_that_both_have():
    more = [*runs(), run("late blocks", 2, [0, 0, 0, 0], cpu=9000)]
    few = row_of("late blocks", runs())
    assert few["points"][0] == 25 and few["points"][3] == [25, 25]
    assert row_of("late blocks", more)["points"] == few["points"]
    assert row_of("late blocks", more)["cpu_s"] > few["cpu_s"]
    assert row_of("probe over views", runs())["points"] is None
    assert row_of("probe over views", runs())["over_probe"][3] == [0, 25]


def test_one_seed_gives_no_difference_and_the_last_of_two_equal_runs_counts():
    records = [*runs()[:3], run("late blocks", 0, [1, 0, 0, 0], cpu=7)]
    row = row_of("late blocks", records)
    assert row["points"] is None and row["seeds"] == 1 and row["cpu_s"] == 7


def test_the_correction_widens_the_interval_of_draws():
    "By hand: variance 312.5 of (25, 0), times 1/2 + (7/27)/(20/27), Student's t with one degree."
    _, low, high, _ = row_of("probe over views", runs())["over_probe"]
    assert high - low == pytest.approx(2 * 12.7062 * (312.5 * (.5 + 7 / 20)) ** .5, rel=1e-3)


def test_an_archives_interval_is_over_its_observations():
    "Equal copies of the photographs of an observation add nothing; as many observations do."
    def high(right, base, copies):
        records = []
        for seed in (0, 1):
            for recipe, values in (("late blocks", right), (training.BASE, base)):
                values = np.repeat(values, copies)
                groups = [f"{k // copies}" for k in range(len(values))]
                records.append(run(recipe, seed, values.tolist(), COMMONS, groups=groups))
        middle, _, end, _ = row_of("late blocks", records, COMMONS)["points"]
        return middle, end
    once = high([1, 1, 0, 1, 1, 1], [1, 0, 0, 0, 1, 1], 1)
    assert once[0] == pytest.approx(100 / 3) and once[1] > once[0]
    assert high([1, 1, 0, 1, 1, 1], [1, 0, 0, 0, 1, 1], 5) == pytest.approx(once)
    twice = high([1, 1, 0, 1, 1, 1] * 2, [1, 0, 0, 0, 1, 1] * 2, 1)
    assert twice[0] == pytest.approx(once[0]) and twice[1] < once[1]


def test_the_page_has_a_table_a_setting_and_names_machine_and_versions():
    text = training.page([*runs(), *runs(COMMONS)])
    assert "\n## Lab, 60 a label, 160 px\n" in text
    assert f"\n## {COMMONS}, 160 px\n" in text
    assert "A machine, 2 cores, Linux, 1 thread; Python 3.11.7, torch 2.11\n" in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines} == {len(training.HEAD) + 1}
    assert "| late blocks | 2 | 0.875 |" in text
    assert all(f"**{name}**" in text for name in recipes.RECIPES)


def test_the_figures_are_small(tmp_path):
    records = [*runs(), *runs("lab, 10 a label"), *runs(COMMONS)]
    training.figure(records, tmp_path / "f.png")
    training.crossing(records, tmp_path / "c.png")
    for name in ("f.png", "c.png"):
        assert 1000 < (tmp_path / name).stat().st_size < 100_000


# many photos

def test_copies_differ_in_bytes_and_not_in_picture(tmp_path):
    files = [Path(f) for f in photos("lab")["path"][:2]]
    own, made = [open_photo(f) for f in files], scale.copies(files, 5, tmp_path)
    assert len({f.read_bytes() for f in made}) == 5
    assert all(open_photo(f) == own[k % 2] for k, f in enumerate(made))


def test_a_row_of_the_scale_is_per_photo():
    assert scale.cells(dict(photos=2000, cache="full", cpu_s=5, wall_s=2.55, mb=120.4)) == ("2,000", "full", "5.0", "2.50", "2.5", "120")


@pytest.mark.skipif(sys.platform != "linux", reason="reads a process's memory from /proc")
def test_features_take_little_memory(tmp_path):
    "Batches of 32 took 340 MB above the imports, most of it for the network's layers."
    scale.copies([Path(f) for f in photos("lab")["path"]], 100, tmp_path)
    code = "import json, pathlib, sys; from benchmarks.scale import one; print(json.dumps(one(pathlib.Path(sys.argv[1]), 160)))"
    between = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"  # a small parent: pytest itself may be large
    command = [sys.executable, "-c", between, sys.executable, "-W", "ignore", "-c", code, str(tmp_path)]
    out = training.measured(command, training.environment(1, tmp_path / "cache"))[0]
    r = json.loads(out.splitlines()[-1])
    assert r["photos"] == 100 and 20 < r["mb"] < 200
