"Metrics: agreement with scikit-learn and statsmodels, hostile input, intervals that keep their promise, ten thousand photos in bounded time."
import json
import os
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from mushroom_lib import old_metrics as M
from mushroom_lib.old_metrics import (adjusted, bootstrap, brier_parts, check, ece, fit_temperature, mcnemar, one_label, paired_bootstrap,
                                  photos_needed, rate, reliability, report, seeds_interval, show_curves, slices, smallest_difference, wilson, with_share,
                                  with_temperature)

few = settings(max_examples=20, report_multiple_bugs=False, deadline=None, derandomize=True)
many = settings(max_examples=80, report_multiple_bugs=False, deadline=None, derandomize=True)


def exam(finds=60, shots=3, k=4, skill=2., seed=0):
    "Labels, probabilities and groups; the mistakes are shared by the photos of a group."
    rng = np.random.default_rng(seed)
    y, g = np.repeat(rng.integers(k, size=finds), shots), np.repeat(np.arange(finds), shots)
    z = skill * np.eye(k)[y] + np.repeat(rng.normal(size=(finds, k)), shots, axis=0) + .5 * rng.normal(size=(finds * shots, k))
    return y, np.exp(z) / np.exp(z).sum(1, keepdims=True), g


@st.composite
def exams(draw, most=30):
    "Small exams full of ties, of zeros, with labels absent, of one photo, all right or all wrong."
    n, k, kind = draw(st.integers(1, most)), draw(st.integers(2, 5)), draw(st.sampled_from(["any", "right", "wrong", "one label"]))
    parts = np.array(draw(st.lists(st.lists(st.integers(0, 3), min_size=k, max_size=k), min_size=n, max_size=n)), float)
    parts[parts.sum(1) == 0] = 1
    p = parts / parts.sum(1, keepdims=True)
    y = np.array(draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n)))
    if kind == "right": y = p.argmax(1)
    if kind == "wrong": y = (p.argmax(1) + 1) % k
    if kind == "one label": y = np.full(n, y[0])
    return y, p, np.array(draw(st.lists(st.integers(0, 6), min_size=n, max_size=n)))


def by_hand(y, p):
    "Metrics by direct calls of scikit-learn on codes and probabilities, without a line of ours."
    said, k, out = p.argmax(1), p.shape[1], {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out["accuracy"], out["balanced accuracy"] = sk.accuracy_score(y, said), sk.balanced_accuracy_score(y, said)
        for average in ("macro", "micro", "weighted"):
            for name, f in (("precision", sk.precision_score), ("recall", sk.recall_score), ("F1", sk.f1_score)):
                out[f"{name} ({average})"] = f(y, said, average=average, zero_division=0)
        if k > 3: out["top-3"] = sk.top_k_accuracy_score(y, p, k=3, labels=range(k))
        out["log loss"] = sk.log_loss(y, p, labels=range(k))
        out["Brier score"] = sum(sk.brier_score_loss((y == c).astype(int), p[:, c], pos_label=1) for c in range(k))
        here = [c for c in range(k) if 0 < (y == c).sum() < len(y)]
        if here:
            out["ROC AUC"] = np.mean([sk.roc_auc_score(y == c, p[:, c]) for c in here])
            out["average precision"] = np.mean([sk.average_precision_score(y == c, p[:, c]) for c in here])
    return out


# importing

def run(code):
    "What a fresh Python process prints, as JSON."
    r = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert r.returncode == 0, r.stderr[-2000:]
    return json.loads(r.stdout)


def test_import_is_quick_and_light_and_a_report_needs_no_torch():
    code = ("import json, sys, time; t = time.process_time(); import mushroom_lib.old_metrics as M; s = time.process_time() - t; "
            "heavy = [m for m in ('torch', 'fastai', 'pandas', 'sklearn', 'scipy', 'PIL', 'matplotlib') if m in sys.modules]; "
            "r = M.report([0, 1, 0], [[.9, .1], [.2, .8], [.3, .7]], groups=[0, 1, 2]); r._repr_html_(); r.figure(); r.confusions(); "
            "print(json.dumps([s, heavy, 'torch' in sys.modules or 'fastai' in sys.modules]))")
    _, heavy, torch = run(code)
    assert heavy == [] and not torch


# agreement

@few
@given(exams())
def test_a_report_agrees_with_scikit_learn_on_any_exam(e):
    y, p, g = e
    theirs = by_hand(y, p)
    for groups in (None, g):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            r = report(y, p, labels=range(p.shape[1]), groups=groups, draws=100)
        for name, value in theirs.items(): assert abs(r.table["value"][name] - value) < 1e-9, name
        assert r.table["value"]["error rate"] == pytest.approx(1 - theirs["accuracy"], abs=1e-12)
        for t in (r.table, r.by_label):
            whole = t[t["low"].notna()]
            assert ((whole["low"] <= whole["value"] + 1e-9) | (whole.index == "log loss") | (whole.index == "Brier score")).all()
            assert ((whole["low"] >= 0) & (whole["low"] < whole["high"])).all()
            assert t.loc[t["low"].isna(), "how"].str.startswith("no ").all() and not whole["how"].str.startswith("no ").any()
        assert set(theirs) | {"error rate", "ECE"} <= set(r.table.index) | {"ROC AUC"} and "accuracy" in repr(r)
        said = p.argmax(1)
        for c in set(y.tolist()): assert r.by_label["value"][c, "recall"] == pytest.approx(sk.recall_score(y == c, said == c), abs=1e-9)
        for c in set(said.tolist()): assert r.by_label["value"][c, "precision"] == pytest.approx(sk.precision_score(y == c, said == c), abs=1e-9)
        for c in set(y.tolist()): assert r.by_label["value"][c, "F1"] == pytest.approx(sk.f1_score(y == c, said == c), abs=1e-9)


@few
@given(exams(), st.integers(0, 99))
def test_each_draw_is_an_exam_held_again(e, seed):
    "The vectorised draws against scikit-learn on photos that are really repeated, labels lost on the way included."
    y, p, g = e
    k, (codes, n) = p.shape[1], M._groups(g, len(y))
    drawn = M._metrics(bootstrap(lambda s: s, M._sums(y, p), g, 3, seed), k)
    drawn |= dict(zip(("ROC AUC", "average precision"), M._ranking(y, p, codes, n, 3, seed).T))
    for i, times in enumerate(next(M._drawn(n, 3, seed))):
        rows = np.repeat(np.arange(len(y)), times[codes].astype(int))
        theirs = by_hand(y[rows], p[rows])
        for name in theirs.keys() & drawn.keys(): assert drawn[name][i] == pytest.approx(theirs[name], abs=1e-9), name
        if "ROC AUC" not in theirs: assert np.isnan(drawn["ROC AUC"][i]) and np.isnan(drawn["average precision"][i])
        assert drawn["ECE"][i] == pytest.approx(slow_ece(y[rows], p[rows]), abs=1e-9)


def slow_ece(y, p, bins=15):
    "The expected calibration error, photo by photo and bin by bin."
    right, sure, total = p.argmax(1) == y, p.max(1), 0
    for b in range(bins):
        here = [i for i in range(len(y)) if np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], sure[i]) == b]
        if here: total += abs(np.mean(right[here]) - np.mean(sure[here])) * len(here) / len(y)
    return total


@many
@given(st.integers(0, 10**6), st.integers(1, 10**6), st.floats(.01, .999))
def test_wilson_agrees_with_statsmodels(k, n, level):
    from statsmodels.stats.proportion import proportion_confint
    k = min(k, n)
    value, low, high = wilson(k, n, level)
    assert value == k / n and 0 <= low <= value <= high <= 1
    theirs = proportion_confint(k, n, 1 - level, method="wilson")
    assert (low, high) == pytest.approx((max(0, theirs[0]), min(1, theirs[1])), abs=1e-9)


@many
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_mcnemar_agrees_with_statsmodels(pairs):
    from statsmodels.stats.contingency_tables import mcnemar as theirs
    a, b = np.array(pairs).T
    table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
    ours = mcnemar(a, b)
    assert (ours["only_a"], ours["only_b"]) == (table[0][1], table[1][0])
    assert ours["p"] == pytest.approx(theirs(table, exact=True).pvalue if table[0][1] + table[1][0] else 1, abs=1e-9)
    assert mcnemar(b, a)["p"] == ours["p"] == mcnemar(a, b, range(len(a)))["p"]


@many
@given(st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0, .01, .05, 1])), min_size=1, max_size=40))
def test_corrections_agree_with_statsmodels(p):
    from statsmodels.stats.multitest import multipletests
    for how, theirs in (("holm", "holm"), ("bh", "fdr_bh")): assert adjusted(p, how) == pytest.approx(multipletests(p, method=theirs)[1], abs=1e-9)


@many
@given(st.lists(st.floats(-10, 10), min_size=2, max_size=20), st.floats(.5, .99))
def test_seeds_interval_agrees_with_statsmodels(values, level):
    from statsmodels.stats.weightstats import DescrStatsW
    mean, low, high = seeds_interval(values, level)
    assert low <= mean <= high and (low, high) == pytest.approx(DescrStatsW(values).tconfint_mean(1 - level), abs=1e-9)


@many
@given(exams())
def test_calibration_agrees_with_scikit_learn_and_adds_up(e):
    from sklearn.calibration import calibration_curve
    y, p, g = e
    right, sure = p.argmax(1) == y, p.max(1)
    t = reliability(y, p, groups=g, bins=7, labels=range(p.shape[1]))
    accuracy, confidence = calibration_curve(right, sure, n_bins=7)
    assert t["accuracy"].to_numpy() == pytest.approx(accuracy, abs=1e-9) and t["confidence"].to_numpy() == pytest.approx(confidence, abs=1e-9)
    assert ((t["low"] <= t["accuracy"]) & (t["accuracy"] <= t["high"]) & (t["low"] < t["high"])).all() and t["photos"].sum() == len(y)
    brier = sum(sk.brier_score_loss((y == c).astype(int), p[:, c], pos_label=1) for c in range(p.shape[1]))
    for bins in (1, 4, None):
        b = brier_parts(y, p, bins=bins)
        assert b["brier"] == pytest.approx(brier, abs=1e-9)
        assert b["brier"] == pytest.approx(b["reliability"] - b["resolution"] + b["uncertainty"] + b["within"], abs=1e-9)
        assert min(b["reliability"], b["resolution"], b["uncertainty"]) >= 0 and (bins or abs(b["within"]) < 1e-9)
    c = ece(y, p, groups=g, draws=100)
    assert c["value"] == pytest.approx(slow_ece(y, p), abs=1e-9) and 0 < c["p"] <= 1
    assert np.isnan(c["low"]) or 0 <= c["low"] <= c["value"] + 1e-9 <= c["high"] + 2e-9 <= 1 + 3e-9


def test_slices_without_groups_are_fishers_test():
    from scipy.stats import fisher_exact
    rng = np.random.default_rng(0)
    t, right = pd.DataFrame(dict(light=rng.choice(["sun", "shade", "flash"], 90))), rng.random(90) < .7
    for r in slices(t, right, ["light"]).itertuples():
        here = t["light"] == r.value
        table = [[right[here].sum(), (~right[here]).sum()], [right[~here].sum(), (~right[~here]).sum()]]
        assert r.p == pytest.approx(fisher_exact(table).pvalue, abs=1e-12)
        assert (r.photos, r.accuracy, r.rest) == (here.sum(), right[here].mean(), right[~here].mean())


@many
@given(exams(), st.integers(0, 4), st.sampled_from([0., .25, .5, 1.]))
def test_one_label_agrees_with_scikit_learn(e, c, threshold):
    y, p, _ = e
    c %= p.shape[1]
    one, said = y == c, p[:, c] >= threshold
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = one_label(one, p[:, c], threshold)
    assert ours["accuracy"] == pytest.approx(sk.accuracy_score(one, said), abs=1e-9) and ours["baseline"] == max(one.mean(), 1 - one.mean())
    for name, f in (("recall", sk.recall_score), ("precision", sk.precision_score), ("F1", sk.f1_score)):
        assert ours[name] == pytest.approx(f(one, said, zero_division=np.nan), abs=1e-9, nan_ok=True), name
    assert ours["Brier score"] == pytest.approx(sk.brier_score_loss(one.astype(int), p[:, c], pos_label=1), abs=1e-9)
    if one.all() or not one.any(): assert np.isnan(ours["ROC AUC"]) and np.isnan(ours["average precision"])
    else: assert (ours["ROC AUC"], ours["average precision"]) == pytest.approx((sk.roc_auc_score(one, p[:, c]), sk.average_precision_score(one, p[:, c])), abs=1e-9)


@many
@given(st.lists(st.booleans(), min_size=1, max_size=80), st.floats(.001, .999), st.integers(0, 99))
def test_an_exam_with_a_share_has_all_others_and_that_share(positive, share, seed):
    one = np.array(positive)
    n = round((~one).sum() * share / (1 - share))
    try: rows = with_share(positive, share, seed)
    except ValueError as e:
        assert not 1 <= n <= one.sum() and f"share={share}" in str(e)
        return
    assert (np.diff(rows) > 0).all() and set(np.flatnonzero(~one)) <= set(rows) and one[rows].sum() == n
    assert abs(one[rows].mean() - share) <= .5 / len(rows) + 1e-9


def test_curves_are_scikit_learns_and_top_k_counts_ties_as_right():
    y, p, _ = exam(20)
    panels = show_curves(y, p, [2]).axes
    assert panels[1].lines[0].get_xydata() == pytest.approx(np.column_stack(sk.roc_curve(y == 2, p[:, 2])[:2]), abs=1e-9)
    assert panels[2].lines[0].get_xydata() == pytest.approx(np.column_stack(sk.precision_recall_curve(y == 2, p[:, 2])[1::-1]), abs=1e-9)
    assert panels[0].lines[0].get_ydata()[:3] == pytest.approx([sk.top_k_accuracy_score(y, p, k=k) for k in (1, 2, 3)], abs=1e-9)
    assert panels[0].lines[0].get_ydata()[-1] == 1
    for bad_y, names in ((y, [9]), (y * 0, None), (y * 0, [0]), (y, [])):
        with pytest.raises(ValueError, match="no curve without"): show_curves(bad_y, p, names)


@pytest.mark.parametrize("f, says", [
    (lambda: one_label([], []), "one value a photo"), (lambda: one_label([[True]], [.5]), "one value a photo"), (lambda: one_label([0, 2], [.5, .5]), "row 1 is neither"),
    (lambda: one_label([0, 1], [.5]), "2 photos and probabilities of shape"), (lambda: one_label([0, 1], [.5, np.nan]), "row 1 of the probabilities"), (lambda: one_label([0, 1], [-1, .5]), "row 0 of the probabilities"),
    (lambda: with_share([0, 1], 0), "between 0 and 1"), (lambda: with_share([0, 0], .5), "there are 0"), (lambda: with_share([1, 1], .5), "at least one is needed"), (lambda: with_share([0, 1, None], .5), "row 2 is neither")])
def test_one_clear_line_for_what_cannot_be_detected(f, says):
    with pytest.raises(ValueError, match=says) as e: f()
    assert "\n" not in str(e.value)


# hostile input

@many
@given(exams(), st.integers(0, 29), st.sampled_from(["sum", "negative", "nan", "inf", "label"]))
def test_a_bad_row_is_named(e, row, how):
    y, p, _ = e
    row, y, p = row % len(y), y.copy(), p.copy()
    if how == "sum": p[row] *= 1.01
    if how == "negative": p[row, :2] += [-2, 2]
    if how == "nan": p[row, 0] = np.nan
    if how == "inf": p[row, -1] = np.inf
    if how == "label": y[row] = 9
    with pytest.raises(ValueError, match=rf"^row {row} (of probabilities (sums|holds)|has the label 9)"): report(y, p)
    with pytest.raises(ValueError, match=f"^row {row} "): ece(y, p)
    with pytest.raises(ValueError, match=f"^row {row} "): paired_bootstrap(y, p, p)


@pytest.mark.parametrize("y, p, more, says", [
    ([], [], {}, "must be a table"), ([], np.empty((0, 3)), {}, "no rows"), ([0], [[1.]], {}, "at least two labels"), ([0], [.5, .5], {}, "must be a table"),
    ([0, 1], [[.5, .5]], {}, "2 labels and 1 rows"), ([0], [[.5, .5]], dict(labels=["a", "a"]), "twice"), ([0], [[.5, .5]], dict(labels=["a"]), "2 columns of probabilities and 1 labels"),
    (["a", None], [[.5, .5]] * 2, dict(labels=["a", "b"]), "row 1 has the label None"), ([0, 1], [[.5, .5]] * 2, dict(groups=["a"]), "2 photos and 1 groups"),
    ([0, 1], [[.5, .5]] * 2, dict(groups=["a", float("nan")]), "row 1 has no group"), ([0], [[.5, .5]], dict(level=95), "between 0 and 1"), ([0], [[.5, .5]], dict(draws=1), "at least 100")])
def test_one_clear_line_for_what_cannot_be_reported(y, p, more, says):
    with pytest.raises(ValueError, match=says) as e: report(y, p, **more)
    assert "\n" not in str(e.value)


def test_labels_come_as_names_columns_or_numbers():
    y, p, _ = exam(12)
    names = np.array(["a", "b", "c", "d"])
    frame = pd.DataFrame(p, columns=names, index=range(100, 136))
    for labels, probabilities, given_labels in ((names[y], p, None), (pd.Series(names[y], index=range(7, 43)), frame[["d", "a", "c", "b"]], None),
                                                (pd.Categorical(names[y]), p, list(names)), (list(names[y]), p.astype(np.float32), names)):
        codes, q, found = check(labels, probabilities, given_labels)
        assert sorted(found) == list(names) and [found[c] for c in codes] == list(names[y])
        assert q[:, [found.index(o) for o in names]] == pytest.approx(p, abs=1e-6)
    assert check(y, p)[2] == [0, 1, 2, 3] and check([True, False], [[.1, .9]] * 2)[0].tolist() == [1, 0]


def test_reports_on_the_edge_say_what_they_do_not_know():
    y, p, g = exam(40)
    sure = np.eye(4)[y] * .96 + .01
    right, wrong = report(y, sure, groups=g), report((y + 1) % 4, sure, groups=g)
    assert right.table["value"]["accuracy"] == 1 and .8 < right.table["low"]["accuracy"] < .97
    assert wrong.table["value"]["accuracy"] == 0 and .03 < wrong.table["high"]["accuracy"] < .2
    assert right.table["how"]["log loss"] == "no interval: every resample gives the same" and len(right.confusions()) == 0
    assert wrong.table["how"]["ECE"].startswith("no interval")
    alone = report(y[y == 2], p[y == 2])
    assert "no photo of 0, 1, 3" in repr(alone) and alone.table["how"]["ROC AUC"].startswith("no value")
    rare = np.r_[y[y < 3], 3]
    said = repr(report(rare, np.r_[p[y < 3], p[:1]]))
    assert "of the resamples a label had no photo" in said
    assert "intervals from 4 finds are themselves uncertain" in repr(report(y[:12], p[:12], groups=g[:12], unit="finds"))
    assert report(y[:3], p[:3], groups=["one"] * 3).table["how"]["accuracy"] == "Wilson, one group counted as one photo"


def test_a_report_shows_itself():
    y, p, g = exam(30)
    r = report(np.array(["<b>", "c", "d", "e"])[y], p, ["<b>", "c", "d", "e"], g)
    page = r._repr_html_()
    assert "&lt;b&gt;" in page and "<b>" not in page and "ROC AUC" in page
    texts = {t.get_text() for t in r.figure().axes[0].texts}
    top = r.confusion.loc["c", "c"]
    assert f"{top}\n{M._short(top / r.confusion.loc['c'].sum())}" in texts
    table = pd.DataFrame(dict(path=[f"{k}.jpg" for k in range(90)]), index=range(500, 590))
    for m in r.confusions().itertuples():
        rows = r.photos(table, m.truth, m.said)
        assert len(rows) == m.photos and set(rows["truth"]) == {m.truth} and set(rows["said"]) == {m.said} and m.low < m.rate < m.high
    assert r.photos(table)["loss"].is_monotonic_decreasing and len(r.photos(table)) == 90


def test_order_and_names_change_nothing():
    y, p, g = exam(30)
    a = report(y, p, groups=g)
    mixed = np.random.default_rng(0).permutation(90)
    b = report(y[mixed], p[mixed], groups=[f"find {k:03}" for k in g[mixed]])
    assert b.table[["value", "low", "high"]].drop("ECE").to_numpy() == pytest.approx(a.table[["value", "low", "high"]].drop("ECE").to_numpy(), abs=1e-9)
    assert report(y, p, groups=g, seed=1).table["low"]["F1 (macro)"] != a.table["low"]["F1 (macro)"] == report(y, p, groups=g).table["low"]["F1 (macro)"]
    turned = report(y, p[:, ::-1], labels=[3, 2, 1, 0], groups=g)
    assert turned.table["value"].drop("top-3").to_numpy() == pytest.approx(a.table["value"].drop("top-3").to_numpy(), abs=1e-9)


# intervals that keep their promise

SHARES = ["F1 (macro)", "balanced accuracy", "ROC AUC", "average precision"]


def intervals(y, p, groups, seed):
    "Intervals of accuracy, of SHARES and of LOSSES, made as a report makes them."
    (codes, n), sums = M._groups(groups, len(y)), M._sums(y, p)
    drawn = M._metrics(bootstrap(lambda s: s, sums, groups, 200, seed), p.shape[1])
    drawn |= dict(zip(("ROC AUC", "average precision"), M._ranking(y, p, codes, n, 200, seed).T))
    once = np.array([M._ranked(M._steps(p[:, c], y == c, codes, n), np.ones((1, n))) for c in range(p.shape[1])]).mean(0)[:, 0]
    value = M._metrics(sums.sum(0), p.shape[1]) | dict(zip(("ROC AUC", "average precision"), once))
    return [rate(p.argmax(1) == y, groups)[1:3], *(M.logit_interval(value[m], drawn[m], n) for m in SHARES), *(M.interval(drawn[m], n) for m in M.LOSSES)]


def test_intervals_by_group_hold_the_truth_as_often_as_they_say():
    truth, names, hits = by_hand(*exam(20_000, seed=99_999)[:2]), ["accuracy", *SHARES, *M.LOSSES], []
    for s in range(250):
        y, p, g = exam(80, seed=s)
        hits.append([[low <= truth[m] <= high for m, (low, high) in zip(names, intervals(y, p, groups, s))] for groups in (g, None)])
    by_group, by_photo = np.mean(hits, axis=0)
    assert ((.92 <= by_group) & (by_group <= .98)).all(), dict(zip(names, by_group))
    assert .93 <= by_group.mean() <= .97
    assert (by_photo < by_group - .05).all() and (by_photo < .91).all(), dict(zip(names, by_photo))
    r = report(y, p, groups=g, draws=200, seed=s).table
    for m, (low, high) in zip(names, intervals(y, p, g, s)): assert (r["low"][m], r["high"][m]) == pytest.approx((low, high), abs=1e-9)


def test_a_difference_is_found_as_often_as_promised_and_none_where_none_is():
    found, alarms = [], []
    for s in range(120):
        y, p, g = exam(50, seed=s)
        rng = np.random.default_rng(s)
        noise = [np.repeat(rng.normal(size=(50, 4)), 3, axis=0) for _ in range(2)]
        a, b = (with_temperature(np.log(p) + z, 1) for z in noise)
        d = paired_bootstrap(y, a, b, g, draws=300, seed=s)
        alarms.append([d["low"][m] > 0 or d["high"][m] < 0 for m in d.index])
        d = paired_bootstrap(y, a, with_temperature(np.log(a) + .8 * np.eye(4)[y], 1), g, draws=300, seed=s)
        found.append((d["low"]["accuracy"] > 0, d["high"]["log loss"] < 0))
    assert (np.mean(alarms, axis=0) < .1).all() and np.mean(alarms) > .01 and np.mean(found) > .9


def test_calibration_error_is_not_taken_for_one_where_there_is_none():
    "Groups of three that are right or wrong together: without groups, chance is taken for an error far too often."
    def told(seed, gap):
        rng = np.random.default_rng(seed)
        sure = np.repeat(rng.uniform(.55, .99, 50), 3)
        return (np.repeat(rng.random(50), 3) < sure - gap).astype(int), np.column_stack([1 - sure, sure]), np.repeat(np.arange(50), 3)
    calm, plain, bold = [], [], []
    for s in range(100):
        y, p, g = told(s, 0)
        calm.append(ece(y, p, groups=g, draws=200)["low"] == 0)
        plain.append(ece(y, p, draws=200)["low"] == 0)
        y, p, g = told(s, .2)
        c = ece(y, p, groups=g, draws=200)
        bold.append(c["low"] <= .2 <= c["high"])
    assert np.mean(calm) > .93 and np.mean(bold) > .93 and np.mean(plain) < .85


@pytest.mark.parametrize("difference, disagree", [(.05, .1), (.1, .3)])
def test_so_many_photos_find_the_difference_as_often_as_promised(difference, disagree):
    from scipy.stats import binom
    n, rng = photos_needed(difference, disagree), np.random.default_rng(0)
    counts = rng.multinomial(n, [(disagree + difference) / 2, (disagree - difference) / 2, 1 - disagree], size=4000)[:, :2]
    p = 2 * binom.cdf(counts.min(1), counts.sum(1), .5)
    assert mcnemar([1] * counts[0, 0] + [0] * counts[0, 1], [0] * counts[0, 0] + [1] * counts[0, 1])["p"] == pytest.approx(min(1, p[0]), abs=1e-9)
    assert .72 < (p < .05).mean() < .84
    assert smallest_difference(n, disagree) == pytest.approx(difference, rel=.01)


@many
@given(st.integers(2, 10**5), st.floats(.01, 1), st.floats(1, 5))
def test_difference_and_photos_are_one_equation(n, disagree, design):
    try: d = smallest_difference(n, disagree, design=design)
    except ValueError as e:
        assert "cannot show any difference" in str(e)
        return
    assert 0 < d <= disagree and abs(photos_needed(min(d, 1 - 1e-12), disagree, design=design) - n) <= 1


def test_looking_at_many_slices_gives_few_false_alarms_and_finds_the_planted_one():
    alarms, raw, found = [], [], []
    for s in range(60):
        y, p, g = exam(60, seed=s)
        rng = np.random.default_rng(s)
        t = pd.DataFrame({f"c{k}": np.repeat(rng.choice(list("abcd"), 60), 3) for k in range(5)})
        right = p.argmax(1) == y
        calm = slices(t, right, t.columns, g)
        alarms.append((calm["adjusted"] < .05).any())
        raw.append((calm["p"] < .05).any())
        bad = slices(t, right & ~((t["c2"] == "b").to_numpy() & np.repeat(rng.random(60) < .8, 3)), t.columns, g)
        found.append((bad["column"][0], bad["value"][0], bad["adjusted"][0] < .05) == ("c2", "b", True))
    assert np.mean(alarms) < .1 and np.mean(raw) > .2 and np.mean(found) > .8


def test_a_slice_that_takes_a_photo_of_each_find_is_judged_by_its_photos():
    "Each find is photographed by three people; one of them fails. Photos of a find share their luck, and that is on both sides."
    alarms, found, coarse = [], [], []
    for s in range(60):
        y, p, g = exam(60, seed=s)
        rng = np.random.default_rng(s)
        t, right = pd.DataFrame(dict(who=np.concatenate([rng.permutation(list("abc")) for _ in range(60)]))), p.argmax(1) == y
        alarms.append((slices(t, right, ["who"], g)["adjusted"] < .05).any())
        bad = right & ~((t["who"] == "a").to_numpy() & (rng.random(180) < .22))
        found.append((slices(t, bad, ["who"], g).set_index("value")["p"]["a"] < .05))
        here = (t["who"] == "a").to_numpy()
        coarse.append(M._fisher(bad[here], bad[~here], M.design_effect(bad, g)) < .05)
    assert np.mean(alarms) < .08 and np.mean(found) > np.mean(coarse) + .15


@many
@given(st.lists(st.integers(0, 5), min_size=2, max_size=40), st.data())
def test_the_design_of_a_comparison_is_its_variance_among_alike_photos(groups, data):
    here = np.array(data.draw(st.lists(st.booleans(), min_size=len(groups), max_size=len(groups))))
    if here.all() or not here.any(): return
    alike, g = data.draw(st.floats(0, 1)), np.array(groups)
    weight = np.where(here, 1 / here.sum(), -1 / (~here).sum())
    correlation = np.where(g[:, None] == g, alike, 0) + (1 - alike) * np.eye(len(g))
    assert M._design(here, g, alike) == pytest.approx(max(1, weight @ correlation @ weight / (weight @ weight)), abs=1e-9)


# temperature

@many
@given(st.integers(0, 10**6), st.floats(.2, 5))
def test_temperature_is_where_the_loss_is_least(seed, scale):
    y, p, _ = exam(40, seed=seed % 50)
    z = np.log(p) * scale
    T = fit_temperature(z, y)
    loss = lambda t: sk.log_loss(y, with_temperature(z, t))
    assert loss(T) <= min(loss(T * 1.01), loss(T / 1.01), loss(1)) + 1e-9
    q = with_temperature(z, T)
    assert (z * q).sum(1).mean() == pytest.approx(z[np.arange(len(y)), y].mean(), abs=1e-4)  # where the derivative is zero
    assert (q.argmax(1) == p.argmax(1)).all()


def test_temperature_refuses_hopeless_photos():
    y, p, _ = exam(20)
    z = np.log(p)
    for bad_z, bad_y, says in ((z * np.nan, y, "row 0 of scores holds NaN"), (z[:3], y, "60 labels and 3 rows"), (z[:, :1], y, "at least two labels"), (z, y + 9, "row 0 has the label"),
                               (np.eye(4)[y], y, "all 60 photos are right"), (0 * z, y, "all 60 photos are right|tell nothing"), (-z, y, "tell nothing"), (np.full((2, 2), -np.inf), [0, 1], "no finite largest")):
        with pytest.raises(ValueError, match=says): fit_temperature(bad_z, bad_y)
    for t in (0, -1, np.inf, np.nan):
        with pytest.raises(ValueError, match="give a number above 0"): with_temperature(z, t)
    far = fit_temperature(np.vstack([z * 2, [[-np.inf, 0, 0, 0]]]), [*y, 1])
    assert .5 < far < 3


# ten thousand photos

def test_two_thousand_resamples_of_ten_thousand_photos_are_narrow():
    y, p, _ = exam(10_000, shots=1, k=8)
    drawn = M._metrics(bootstrap(lambda s: s, M._sums(y, p), None, 2000), 8)
    assert {"accuracy", "F1 (macro)", "log loss", "Brier score", "ECE"} <= set(drawn) and drawn["F1 (macro)"].shape == (2000,)
    r = report(y, p)
    assert 0 < r.table["high"]["ROC AUC"] - r.table["low"]["ROC AUC"] < .01


def test_rate_is_what_lesson_03_gives():
    from mushroom_lib.old_splits import accuracy_interval
    y, p, g = exam(30)
    assert rate(p.argmax(1) == y, g)[:3] == pytest.approx(accuracy_interval(p.argmax(1) == y, g), abs=1e-12)
