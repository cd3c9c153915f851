"Splits and leaks: import time, ten thousand photos in bounded time and memory, tables that cannot be split."
import json
import os
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mushroom_lib.opening import PhotoError
from mushroom_lib.old_splits import HOWS, accuracy_interval, fingerprints, leaks, show_leaks, split


def table(groups=10, shots=3, labels=("bolete", "morel")):
    "A table of `groups` groups a label, `shots` photos each, a day between groups."
    n = groups * shots
    return pd.concat([pd.DataFrame(dict(label=l, group=[f"{l}{k // shots}" for k in range(n)], photographer=[f"P{k % shots}" for k in range(n)],
        observed_on=[f"2024-{1 + k // shots:02}-01" for k in range(n)], path="none.jpg")) for l in labels], ignore_index=True)


def run(code, **env):
    "What a fresh Python process prints, as JSON; two threads at most."
    r = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, env={**os.environ, "OMP_NUM_THREADS": "2", **env})
    assert r.returncode == 0, r.stderr[-2000:]
    return json.loads(r.stdout)


# importing

def test_import_takes_under_a_second_and_no_heavy_package():
    code = ("import json, sys, time; t = time.perf_counter(); import mushroom_lib.old_splits; s = time.perf_counter() - t; "
            "print(json.dumps([s, [m for m in ('torch', 'fastai', 'pandas', 'sklearn', 'scipy', 'PIL', 'matplotlib') if m in sys.modules]]))")
    tries = [run(code) for _ in range(3)]
    assert tries[0][1] == []
    assert min(s for s, _ in tries) < 1


def test_splitting_and_searching_need_no_torch(tmp_path):
    for k in range(12): Image.effect_noise((64, 64), 80).convert("RGB").save(tmp_path / f"{k % 11}.png")
    (tmp_path / "11.png").write_bytes((tmp_path / "0.png").read_bytes())
    code = f"""
import json, sys, pandas as pd
from mushroom_lib.old_splits import accuracy_interval, leaks, split
t = pd.DataFrame(dict(label=list("ab") * 6, group=range(12), path=[{str(tmp_path)!r} + f"/{{k}}.png" for k in range(12)]))
s = split(t, valid=.5)
n = len(leaks(t[:6], t[6:]))
accuracy_interval([1, 0, 1], [1, 2, 2])
print(json.dumps([n, "torch" in sys.modules or "fastai" in sys.modules]))"""
    assert run(code) == [1, False]


# ten thousand photos

SEARCH = """
import json, re, time, numpy as np, pandas as pd
from mushroom_lib.old_splits import PRINT, leaks
def peak():  # not getrusage: on Linux a child begins with its parent's peak
    try: return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
    except FileNotFoundError:
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes on macOS
n, share, same, width = {n}, {share}, {same}, 1280 if {features} else 2
rng = np.random.default_rng(0)
coarse = rng.integers(0, 255, (n, 6, 6)).repeat(6, 1).repeat(6, 2)[:, 2:34, 2:34].astype(np.uint8)
prints = np.zeros(n, PRINT)
prints["sha256"], prints["grey"] = ["same" if same else str(k) for k in range(n)], coarse
prints["hash"], prints["mirrored"] = rng.random((2, n, 64)) < .5
X = 1 + rng.standard_normal((n, width), np.float32)  # every cosine near one half: each neighbour is looked at as a crop
if same: prints["hash"], prints["grey"], X = prints["hash"][0], coarse[0], np.ones_like(X)
cut = n - int(n * share)
prints["hash"][cut:cut + 50], X[cut:cut + 50] = prints["hash"][:50], X[:50]
t = pd.DataFrame(dict(path=[f"{{k}}.jpg" for k in range(n)], author="one", observed_on="2024-10-26", group="one" if same else [str(k) for k in range(n)]))
start = time.perf_counter()
pairs = leaks(t[:cut], t[cut:], features=(X[:cut], X[cut:]) if {features} else None, prints=(prints[:cut], prints[cut:]))
print(json.dumps(dict(s=time.perf_counter() - start, mb=peak(),
    pairs=len(pairs), planted=int(pairs["reason"].str.startswith("hash").sum()))))
"""


@pytest.mark.parametrize("share", [.2, .5])
def test_ten_thousand_photos_are_searched_in_a_minute(share):
    "Given hashes and features; all of one author and day, so that a plain join would have millions of rows."
    got = run(SEARCH.format(n=10_000, share=share, same=False, features=True))
    assert got["planted"] == 50
    assert got["s"] < 60
    assert got["mb"] < 600  # of the whole process, the photos' features and libraries included
    assert got["pairs"] <= 10_000 * share * 4 * 5


def test_ten_thousand_copies_of_one_photo_do_not_make_a_million_pairs():
    got = run(SEARCH.format(n=10_000, share=.2, same=True, features=True))
    assert 2_000 <= got["pairs"] <= 2_000 * 6 * 5
    assert got["s"] < 60 and got["mb"] < 600


def test_memory_does_not_grow_with_the_number_of_pairs():
    "Twenty thousand against twenty thousand hashes: the distances of all pairs would be 1,600 MB even as float32."
    got = run(SEARCH.format(n=40_000, share=.5, same=False, features=False))
    assert got["planted"] == 50
    assert got["mb"] < 1000


def test_fingerprints_of_many_files_take_milliseconds_each(tmp_path):
    "Reading, decoding, SHA-256 and both hashes of 256-pixel JPEGs, no features."
    rng = np.random.default_rng(0)
    for k in range(300): Image.fromarray(rng.integers(0, 255, (8, 8, 3)).astype(np.uint8)).resize((256, 256)).save(tmp_path / f"{k}.jpg")
    files = sorted(tmp_path.glob("*.jpg"))
    start = time.perf_counter()
    assert len(set(fingerprints(files)["sha256"])) == 300
    assert (time.perf_counter() - start) / 300 < .02


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
    ("time", dict(folds=40), "10 different dates"),
    ("time", dict(by="label"), "dates must be written like"),
])
def test_the_impossible_is_refused_in_one_line(how, kwargs, said):
    with pytest.raises(ValueError, match=said) as e: split(table(), how, **kwargs)
    assert "\n" not in str(e.value)


def test_missing_groups_labels_and_dates_are_named():
    t = table()
    for how, column in (("group", "group"), ("random", "label"), ("time", "observed_on"), ("photographer", "photographer")):
        gaps = t.copy()
        gaps.loc[[4, 7], column] = None
        with pytest.raises(ValueError, match=f"2 of 60 photos have no '{column}', the first in row 4"): split(gaps, how)
    assert split(t.assign(group=None), "random").shared("group") == []


def test_a_label_of_one_group_is_named():
    t = pd.concat([table(), pd.DataFrame(dict(label=["rare"] * 9, group="only", photographer="P9", observed_on="2025-01-01", path="none.jpg"))])
    with pytest.raises(ValueError, match="'rare' has 1 values of 'group', and 2 folds need 2"): split(t)
    assert "being in validation only: rare" in repr(split(t, "photographer", fold=3))
    assert "rare" in repr(split(t, "time"))


def test_an_empty_side_is_refused():
    t = table()
    with pytest.raises(ValueError, match="the validation side would be empty"): split(t, "photographer") & split(t, "photographer", fold=1)
    with pytest.raises(ValueError, match="one value only"): split(t.assign(photographer="P0"), "photographer")
    with pytest.raises(ValueError, match="1 different dates"): split(t.assign(observed_on="2024"), "time")


@pytest.mark.parametrize("how, kwargs", [("random", {}), ("stratified", {}), ("group", {}), ("time", {}), ("photographer", {}),
    ("random", dict(folds=4, fold=1)), ("stratified", dict(folds=4, fold=1)), ("group", dict(folds=4, fold=1)), ("time", dict(folds=4, fold=1))])
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


def test_training_comes_before_validation():
    t = table().sample(frac=1, random_state=0)
    for s in (split(t, "time"), *(split(t, "time", folds=4, fold=k) for k in range(4))):
        assert t["observed_on"].iloc[s.train].max() < t["observed_on"].iloc[s.valid].min()
    real = split(t.assign(observed_on=pd.to_datetime(t["observed_on"])), "time")
    assert real.valid.tolist() == split(t, "time").valid.tolist()


def test_fastai_takes_the_split():
    from fastai.data.transforms import IndexSplitter
    s = split(table(), seed=1)
    train, valid = IndexSplitter(s.valid)(range(60))
    assert sorted(train) == s.train.tolist() and list(valid) == s.valid.tolist()
    assert s(range(60)) == (s.train.tolist(), s.valid.tolist())


# leaks

def test_leaks_on_no_photo_one_photo_and_lost_files(tmp_path):
    Image.effect_noise((64, 48), 90).convert("RGB").save(tmp_path / "a.png")
    one = pd.DataFrame(dict(path=[str(tmp_path / "a.png")], label="morel", author=None, licence="CC0 1.0", group=None))
    none = one.head(0)
    for a, b in ((one, none), (none, one), (none, none)): assert leaks(a, b).columns.tolist() == ["train", "valid", "reason", "differ", "similarity"]
    both = leaks(one, one, features=(np.ones((1, 8)), np.ones((1, 8))))
    assert len(both) == 1 and both["reason"][0].startswith("same bytes, hash, features")
    assert len(show_leaks(both, one, one).captions) == 2
    assert show_leaks(both.head(0), one, one).captions == []
    with pytest.raises(PhotoError, match="gone.jpg"): leaks(one, one.assign(path=str(tmp_path / "gone.jpg")))


def test_missing_metadata_is_no_leak(tmp_path):
    for k in range(4): Image.effect_noise((64, 64), 90).convert("RGB").save(tmp_path / f"{k}.png")
    t = pd.DataFrame(dict(path=[str(tmp_path / f"{k}.png") for k in range(4)], author=["Ada", None, "Ada", "Ada"], observed_on=["2024", "2024", None, "2024"]))
    assert leaks(t[:2], t[2:])["reason"].tolist() == ["same author and observed_on"]
    assert len(leaks(t[:2], t[2:], same=["author"])) == 2


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


def test_a_hundred_thousand_answers_take_a_second():
    right, start = np.random.default_rng(0).random(100_000) < .7, time.perf_counter()
    mean, low, high = accuracy_interval(right, np.arange(100_000) // 2)
    assert low < mean < high < low + .02 and time.perf_counter() - start < 3
