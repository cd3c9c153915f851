"The training benchmark's exam, its file of results, and the table made of it; nothing is trained here."
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


def table(per_label=45, shots=3, labels=("a", "b", "c")):
    "Photos of three labels, three a specimen."
    return pd.DataFrame([dict(label=o, group=f"{o}{k // shots}", path=f"{o}{k}.jpg") for o in labels for k in range(per_label)])


def run(recipe, seed, cpu, right=None, collection="field"):
    "A record as a run leaves it."
    right = None if right is None else list(right)
    return dict(collection=collection, recipe=recipe, seed=seed, n_train=8, n_valid=4, accuracy=right and float(np.mean(right)), right=right,
                groups=right and [f"{seed}-{k // 2}" for k in range(len(right))], cpu_s=cpu, wall_s=2 * cpu, process_cpu_s=cpu + 9,
                process_wall_s=2 * cpu + 9, peak_mb=1000 + seed, ready_cpu_s=.1, threads=1, device="cpu", machine="A machine, 2 cores, Linux", python="3.11.7",
                versions=dict(torch="2.11", onnxruntime=None), at="2026-11-24T00:00:00Z")


def runs():
    "Two seeds of a floor, the stock recipe and the probe."
    return [r for s in (0, 1) for r in (run("floor, torch", s, 1 + s), run("floor, onnxruntime", s, 5), run(training.STOCK, s, 60 + 30 * s, [1, 1, 0, 0]),
                                        run("probe", s, 3, [1, 1, 1, s]))]


# the exam

@pytest.mark.parametrize("seed", range(5))
def test_the_lab_exam_is_balanced_and_shares_no_specimen(seed):
    t, train, valid = recipes.exam("lab", seed)
    for rows in (train, valid): assert set(t["label"].iloc[rows].value_counts()) == {recipes.PER_LABEL}
    assert not set(t["group"].iloc[train]) & set(t["group"].iloc[valid])
    assert len(set(train)) == len(train) and len(set(valid)) == len(valid)


def test_the_exam_is_the_same_for_a_seed_and_another_for_another():
    a, b, c = (recipes.exam("lab", s)[1:] for s in (3, 3, 4))
    assert all(np.array_equal(x, y) for x, y in zip(a, b))
    assert not np.array_equal(a[0], c[0]) and not np.array_equal(a[1], c[1])


def test_the_field_exam_asks_for_each_photo_once(monkeypatch):
    t = table(60).assign(path="x")
    monkeypatch.setattr("mushroom_lib.sources.photos", lambda collection: t)
    exams = [recipes.exam("field", s) for s in range(recipes.FOLDS)]
    assert sorted(np.concatenate([valid for _, _, valid in exams])) == list(range(len(t)))
    for _, train, valid in exams:
        assert not set(t["group"].iloc[train]) & set(t["group"].iloc[valid])
        assert len(train) + len(valid) == len(t)
    with pytest.raises(ValueError, match="from 0 to 4"): recipes.exam("field", 5)


def test_too_few_photos_of_a_label_are_named():
    with pytest.raises(ValueError, match="'b' has 30 photos"): recipes.few(pd.concat([table(), table(30, labels="b").assign(group="one")]).query("label != 'b' or group == 'one'"), 0)


def test_graded_counts_what_was_right_and_refuses_other_shapes():
    t = table(4)
    p = np.eye(3)[[0, 1, 2, 0]]
    assert recipes.graded(t, [0, 4, 8, 9], p) == dict(accuracy=.75, right=[1, 1, 1, 0], groups=["a0", "b0", "c0", "c0"])
    for bad in (p[:3], p[:, :2], p * np.nan):
        with pytest.raises(ValueError): recipes.graded(t, [0, 4, 8, 9], bad)


def test_every_recipe_says_what_it_does(): assert all(getattr(f, "func", f).__doc__ for f in recipes.RECIPES.values())


# the file of results

def test_what_is_filed_is_read_and_not_run_again(tmp_path):
    path = tmp_path / "r.jsonl"
    assert training.read_records(path) == []
    for r in runs()[:5]: training.append(path, r)
    assert training.read_records(path) == runs()[:5]
    names = ["floor, torch", "floor, onnxruntime", training.STOCK, "probe"]
    left = training.to_do(["field", "lab"], names, 2, training.read_records(path))
    assert left == [("lab", n, 0) for n in names] + [("field", n, 1) for n in names[1:]] + [("lab", n, 1) for n in names]


def test_all_recipes_of_a_seed_come_before_the_next():
    seeds = [s for _, _, s in training.to_do(["field", "lab"], list(recipes.RECIPES), 5, [])]
    assert seeds == sorted(seeds) and len(seeds) == 5 * 2 * len(recipes.RECIPES)


def test_a_line_cut_off_by_a_crash_costs_only_that_run(tmp_path, capsys):
    path = tmp_path / "r.jsonl"
    for r in runs()[:2]: training.append(path, r)
    path.write_bytes(path.read_bytes()[:-20])
    training.append(path, runs()[2])
    assert training.read_records(path) == [runs()[0], runs()[2]]
    assert "line 2 is cut off" in capsys.readouterr().err
    assert path.read_bytes().endswith(b"\n")


def test_a_failed_run_is_said_and_not_filed(tmp_path, monkeypatch, capsys):
    def measured(command, env): raise RuntimeError("no such thing")
    monkeypatch.setattr(training, "measured", measured)
    assert training.run_all([("field", "probe", 0)], tmp_path / "r.jsonl", 1) == 1
    assert not (tmp_path / "r.jsonl").exists() and "field, probe, seed 0: not run: no such thing" in capsys.readouterr().err


# a run's cost

def test_a_process_is_measured_and_its_failure_told():
    said = """import json, sys
from benchmarks import training
print(json.dumps(training.measured([sys.executable, "-c", "x = bytes(range(256)) * 2**20; print(sum(range(10**7)))"], training.environment(1, "x"))))"""
    small = subprocess.run([sys.executable, "-c", said], cwd=TOP, capture_output=True, text=True, check=True)  # pytest itself may be large
    out, _, cost = json.loads(small.stdout)
    assert out == "49999995000000\n"
    assert 256 < cost["peak_mb"] < 400 and .1 < cost["process_cpu_s"] < 20 and cost["process_wall_s"] > .1
    with pytest.raises(RuntimeError, match="^no onnx here$"): training.measured([sys.executable, "-c", "import sys; sys.exit('no onnx here')"], None)


def test_a_run_has_its_threads_and_an_empty_cache():
    env = training.environment(3, "somewhere")
    assert env["OMP_NUM_THREADS"] == "3" and env["MUSHROOMS_CACHE"] == "somewhere"


def test_the_command_itself_stays_small():
    "A child's peak memory starts from its parent's, so the parent must import nothing heavy."
    code = """import sys; from benchmarks.training import measured
print([m for m in ('torch', 'fastai', 'pandas', 'sklearn', 'matplotlib') if m in sys.modules], measured([sys.executable, '-c', 'pass'], None)[2]['peak_mb'] < 60)"""
    assert training.measured([sys.executable, "-c", code], None)[0] == "[] True\n"


# the table

def test_costs_are_relative_to_the_cheaper_floor_and_to_stock():
    rows = {r["recipe"]: r for r in training.summary(runs(), "field")}
    assert rows["probe"]["cpu_s"] == 3 and rows["probe"]["floors"] == 2 and rows["probe"]["stocks"] == pytest.approx(3 / 75)
    assert rows["floor, torch"]["floors"] == 1 and rows["floor, onnxruntime"]["floors"] == pytest.approx(5 / 1.5)
    assert rows["probe"]["peak_mb"] == 1001 and rows["probe"]["cpu_all"] == [3, 3]


def test_only_seeds_that_both_have_are_compared():
    "Seed 2 of the probe is ten times as dear and always wrong; stock has no seed 2."
    more = [*runs(), run("probe", 2, 300, [0, 0, 0, 0])]
    few, all_ = (next(r for r in training.summary(rs, "field") if r["recipe"] == "probe") for rs in (runs(), more))
    assert all_["stocks"] == few["stocks"] and all_["points"] == few["points"] and all_["cpu_s"] > few["cpu_s"]


def test_accuracy_is_over_the_photos_of_all_seeds_and_its_interval_by_group():
    rows = {r["recipe"]: r for r in training.summary(runs(), "field")}
    assert rows["floor, torch"]["accuracy"] is None and rows["floor, torch"]["points"] is None
    p, low, high = rows["probe"]["accuracy"]
    assert p == 7 / 8 and low < p < high
    assert rows["probe"]["points"][0] == pytest.approx(37.5)
    pairs = [dict(r, groups=r["groups"] and [g for g in r["groups"] for _ in range(8)], right=r["right"] and [o for o in r["right"] for _ in range(8)]) for r in runs()]
    same = {r["recipe"]: r for r in training.summary(pairs, "field")}["probe"]["accuracy"]
    assert same[2] - same[1] > .5 * (high - low), "eight copies of each photo must not narrow the interval much"


def test_one_seed_gives_no_difference_and_the_last_of_two_equal_runs_counts():
    rows = {r["recipe"]: r for r in training.summary([*runs()[:4], run("probe", 0, 7, [1, 0, 0, 0])], "field")}
    assert rows["probe"]["points"] is None and rows["probe"]["seeds"] == 1 and rows["probe"]["cpu_s"] == 7


def test_a_recipe_no_longer_known_keeps_its_row():
    assert [r["recipe"] for r in training.summary([*runs(), run("old", 0, 3, [1, 0, 1, 0])], "field")][-1] == "old"


def test_the_page_has_a_table_a_collection_and_names_machine_and_versions():
    text = training.page([*runs(), run("probe", 0, 4, [1, 1, 0, 1], "lab")])
    assert "\n## Field\n" in text and "\n## Lab\n" in text
    assert "A machine, 2 cores, Linux, 1 thread, cpu; Python 3.11.7, torch 2.11\n" in text
    lines = [o for o in text.splitlines() if o.startswith("|")]
    assert {o.count("|") for o in lines} == {len(training.HEAD) + 1}
    assert f"| probe | 2 | 0.875 (" in text and all(f"**{n}**" in text for n in recipes.RECIPES)


@pytest.mark.parametrize("x, digits, text", [(None, 3, ""), (1234.5, 3, "1,230"), (.0341, 2, "0.034"), (7.456, 3, "7.46"), (102394, 3, "102,000"), (1, 3, "1")])
def test_numbers_have_few_digits_and_no_exponent(x, digits, text): assert training._number(x, digits) == text


def test_the_figure_is_small(tmp_path):
    training.figure([*runs(), *(dict(r, collection="lab") for r in runs())], tmp_path / "f.png")
    assert 1000 < (tmp_path / "f.png").stat().st_size < 100_000


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
