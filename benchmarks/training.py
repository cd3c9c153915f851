"""Trains every recipe of `benchmarks.recipes` on the same exams and prints what its accuracy costs.

    python -m benchmarks.training                         run what is not in benchmarks/training.jsonl yet, then print and write the table
    python -m benchmarks.training --table                 run nothing; print and write what is there
    python -m benchmarks.training --collections field --recipes probe "stock fine_tune(3)" --seeds 5

Each run is a fresh process with an empty feature cache. Runs are interleaved, all recipes of a seed before the next seed, so that recipes
are paired and a machine that slows down hits all alike. A run is filed as soon as it ends: stop the command whenever you like and start
it again. Writes training.md and training.png beside the results.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.recipes import FLOORS, RECIPES, STOCK  # neither torch nor pandas: a child's peak memory starts from its parent's
from tools.notebooks import TOP

RESULTS = TOP / "benchmarks" / "training.jsonl"
COLLECTIONS = ("field", "lab")


def read_records(path):
    "The runs filed at `path`, a list of dictionaries; a line cut off by a crash is left out and said so. Empty where there is no file."
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    out = []
    for n, line in enumerate(lines, 1):
        try: out.append(json.loads(line))
        except json.JSONDecodeError: print(f"{path.name}: line {n} is cut off and left out", file=sys.stderr)
    return out


def append(path, record):
    "Adds the record to the file as one line, written at once and to the disk; after a line that a crash cut off it starts a new one."
    with open(path, "a+b", buffering=0) as f:
        f.seek(max(0, f.seek(0, os.SEEK_END) - 1))
        cut = f.read(1) not in (b"", b"\n")
        f.write(b"\n" * cut + json.dumps(record).encode() + b"\n")
        os.fsync(f.fileno())


def key(r):
    "What makes two records the same run: collection, recipe and seed."
    return r["collection"], r["recipe"], r["seed"]


def to_do(collections, recipes, seeds, records):
    "The runs that are not filed yet, as (collection, recipe, seed): all of a seed before the next."
    done = {key(r) for r in records}
    return [run for seed in range(seeds) for c in collections for name in recipes if (run := (c, name, seed)) not in done]


def environment(threads, cache):
    "The variables of a run: so many threads, and an empty folder for the feature cache."
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(names, str(threads)), "MUSHROOMS_CACHE": str(cache)}


def measured(command, env):
    """(output, errors, cost) of a command in a process of its own: `process_cpu_s`, `process_wall_s` and `peak_mb` with everything it imports.

    Raises RuntimeError with the last line of its errors where it fails.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        p = subprocess.Popen(command, cwd=TOP, env=env, stdout=out, stderr=err)
        _, status, used = os.wait4(p.pid, 0)
        wall, p.returncode = time.perf_counter() - start, os.waitstatus_to_exitcode(status)
        for f in (out, err): f.seek(0)
        texts = out.read(), err.read()
    if p.returncode: raise RuntimeError((texts[1].strip().splitlines() or [f"exit status {p.returncode}"])[-1])
    peak = used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return *texts, dict(process_cpu_s=round(used.ru_utime + used.ru_stime, 3), process_wall_s=round(wall, 3), peak_mb=round(peak))


def run(collection, recipe, seed, threads):
    "The record of one run in a fresh process with an empty cache; RuntimeError in one line where it fails."
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-m", "benchmarks.recipes", collection, recipe, str(seed)]
        out, _, cost = measured(command, environment(threads, cache))
    return json.loads(out.splitlines()[-1]) | cost


def run_all(runs, path, threads):
    "Does and files the runs, one after another; the number of those that failed."
    failed = 0
    for n, (collection, recipe, seed) in enumerate(runs, 1):
        name = f"{n}/{len(runs)} {collection}, {recipe}, seed {seed}"
        try: r = run(collection, recipe, seed, threads)
        except RuntimeError as e:
            failed += 1
            print(f"{name}: not run: {e}", file=sys.stderr, flush=True)
            continue
        append(path, r)
        right = "" if r["accuracy"] is None else f"accuracy {r['accuracy']:.3f}, "
        print(f"{name}: {right}{r['cpu_s']:.1f} CPU s, {r['wall_s']:.1f} s, {r['peak_mb']} MB", file=sys.stderr, flush=True)
    return failed


def mean(values):
    "The mean of a list of numbers."
    return sum(values) / len(values)


def by_recipe(records, collection):
    "The runs of a collection as {recipe: {seed: record}}, the recipes in the benchmark's order and then any others; the last of a run filed twice counts."
    out = {}
    for r in records:
        if r["collection"] == collection: out.setdefault(r["recipe"], {})[r["seed"]] = r
    order = [*RECIPES, *sorted(out.keys() - RECIPES.keys())]
    return {name: out[name] for name in order if name in out}


def ratio(runs, base, field="cpu_s"):
    "How many times as much of `field` the runs took as `base`, both {seed: record}, over the seeds that both have; None where there is none."
    both = runs.keys() & base.keys()
    return mean([runs[s][field] for s in both]) / mean([base[s][field] for s in both]) if both else None


def accuracy(runs):
    "(accuracy, low, high) of {seed: record} over all their photos, the interval by find or specimen; None for a floor."
    from mushroom_lib.metrics import rate
    if any(r["right"] is None for r in runs.values()): return None
    return rate([o for r in runs.values() for o in r["right"]], [g for r in runs.values() for g in r["groups"]])[:3]


def points(runs, base):
    "(mean, low, high) of the difference in accuracy from `base`, in points, over the seeds that both have; None for fewer than two."
    from mushroom_lib.metrics import seeds_interval
    both = sorted(runs.keys() & base.keys())
    if len(both) < 2 or any(r["accuracy"] is None for o in (runs, base) for r in o.values()): return None
    return seeds_interval([100 * (runs[s]["accuracy"] - base[s]["accuracy"]) for s in both])


def cheapest(rows):
    "The floor that took fewer CPU seconds, as {seed: record}; empty where none was run."
    return min((rows[name] for name in FLOORS if name in rows), key=lambda runs: mean([r["cpu_s"] for r in runs.values()]), default={})


def summary(records, collection):
    "A list with a dictionary for each recipe of the collection: what the table and the figure show."
    rows, out = by_recipe(records, collection), []
    floor, stock = cheapest(rows), rows.get(STOCK, {})
    for name, runs in rows.items():
        costs = {k: mean([r[k] for r in runs.values()]) for k in ("cpu_s", "wall_s", "process_cpu_s")}
        out.append(dict(collection=collection, recipe=name, seeds=len(runs), accuracy=accuracy(runs), points=None if name == STOCK else points(runs, stock),
                        cpu_all=[r["cpu_s"] for r in runs.values()], peak_mb=max(r["peak_mb"] for r in runs.values()),
                        floors=ratio(runs, floor), stocks=ratio(runs, stock), **costs))
    return out


def _number(x, digits):
    "A number with so many significant digits and no exponent; an empty text for None."
    return "" if x is None else f"{float(f'{x:.{digits}g}'):,.6g}"


def _band(three, form):
    "`middle (low to high)`, or an empty text."
    return "" if three is None else "{} ({} to {})".format(*(format(v, form) for v in three))


HEAD = ("recipe", "seeds", "accuracy", f"points above {STOCK}", "CPU s", "x floor", f"x {STOCK}", "wall s", "CPU s with imports", "peak MB")


def cells(row):
    "The cells of one row of the table, in the order of HEAD."
    return (row["recipe"], str(row["seeds"]), _band(row["accuracy"], ".3f"), _band(row["points"], "+.1f"), _number(row["cpu_s"], 3), _number(row["floors"], 3),
            _number(row["stocks"], 2), _number(row["wall_s"], 3), _number(row["process_cpu_s"], 3), f"{row['peak_mb']:,}")


def markdown(rows):
    "The rows of `summary` as a Markdown table."
    lines = [HEAD, ["---"] + ["---:"] * (len(HEAD) - 1), *map(cells, rows)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def conditions(records):
    "One line for each machine, number of threads and set of versions among the records."
    said = {f"{r['machine']}, {r['threads']} thread{'s' * (r['threads'] != 1)}, {r['device']}; Python {r['python']}, "
            + ", ".join(f"{k} {v}" for k, v in r["versions"].items() if v): None for r in records}
    return list(said)


INTRO = """# What accuracy costs

Made by `python -m benchmarks.training` from training.jsonl; do not edit. Each run is a process of its own with an empty feature cache.
The exam is the same for all recipes of a seed. Field: all {field} photos, five-fold by find, one fold a seed. Lab: ten photos a label
to learn from, ten of other specimens in the exam. Accuracy is over the photos of all seeds, its 95 % interval by find or specimen; the points
are the mean difference from seed to seed with its 95 % interval (Student's t). Seconds are for reading, training and answering, without
imports, means over the seeds; "x floor" compares with the cheaper floor, peak memory is the largest of the seeds, imports included.

![Accuracy against CPU seconds](training.png)
"""


def describe():
    "A line for each recipe: its name and what it does, from its own docstring."
    return "".join("- **{}**: {}\n".format(name, " ".join((getattr(f, "func", f).__doc__ or "").split()).replace("(epochs)", "(n)")) for name, f in RECIPES.items())


def page(records):
    "The text of training.md."
    of = {c: [r for r in records if r["collection"] == c] for c in dict.fromkeys(r["collection"] for r in records)}
    sizes = {c: rows[0]["n_train"] + rows[0]["n_valid"] for c, rows in of.items()}
    parts = [f"## {c.capitalize()}\n\n{markdown(summary(records, c))}" for c in sorted(of)]
    notes = "".join(f"- {line}\n" for line in conditions(records))
    return "\n".join([INTRO.format(field=sizes.get("field", "its")), *parts, "## The recipes\n", describe(), "## Measured on\n", notes])


def draw(ax, rows, order):
    "One panel of the figure; `order` decides a recipe's colour and marker."
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
    from mushroom_lib.style import MARKERS, PALETTE
    for row in rows:
        if not row["accuracy"]: continue
        k, x, (p, low, high) = order.index(row["recipe"]), row["cpu_s"], row["accuracy"]
        ends = [[x - min(row["cpu_all"])], [max(row["cpu_all"]) - x]]
        ax.errorbar(x, p, [[p - low], [high - p]], ends, color=PALETTE[k % 8], marker=MARKERS[(k + k // 8) % 8], linestyle="none", capsize=2, label=row["recipe"])
    floors = [row for row in rows if row["recipe"] in FLOORS]
    if floors: ax.axvline(min(row["cpu_s"] for row in floors), color="black", linestyle=":", marker="", label="the cheaper floor")
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set(title=f"{rows[0]['collection']}, {max(row['seeds'] for row in rows)} seeds", xlabel="CPU seconds to read, train and answer")


def figure(records, path):
    "Writes accuracy against CPU seconds, a panel a collection: bars are the 95 % interval by group, and the range over the seeds."
    import matplotlib
    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    from mushroom_lib.style import use_style
    use_style()
    panels = [rows for c in COLLECTIONS if (rows := summary(records, c))]
    order = list(dict.fromkeys(r["recipe"] for rows in panels for r in rows if r["accuracy"]))
    fig, axes = plt.subplots(1, len(panels), figsize=(4.5 * len(panels), 4.2), squeeze=False, sharey=True)
    for ax, rows in zip(axes[0], panels): draw(ax, rows, order)
    axes[0][0].set_ylabel("accuracy on other finds or specimens")
    labels = {name: handle for ax in axes[0] for handle, name in zip(*ax.get_legend_handles_labels())}
    fig.legend(labels.values(), labels.keys(), loc="outside lower center", ncols=2 * len(panels), fontsize=8)
    fig.savefig(path, dpi=100)
    plt.close(fig)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--collections", nargs="+", default=list(COLLECTIONS), choices=COLLECTIONS)
    p.add_argument("--recipes", nargs="+", default=list(RECIPES), choices=list(RECIPES), metavar="RECIPE", help="; ".join(RECIPES))
    p.add_argument("--seeds", type=int, default=5, help="how many, from 0 on; the field has five folds and so at most five")
    p.add_argument("--threads", type=int, default=1, help="of torch and BLAS in each run")
    p.add_argument("--table", action="store_true", help="run nothing")
    p.add_argument("--results", type=Path, default=RESULTS, help="the file of results, one JSON line a run")
    args = p.parse_args()
    runs = [] if args.table else to_do(args.collections, args.recipes, args.seeds, read_records(args.results))
    failed = run_all(runs, args.results, args.threads)
    records = read_records(args.results)
    if not records: sys.exit(f"no results in {args.results}")
    text = page(records)
    args.results.with_suffix(".md").write_text(text, encoding="utf-8")
    figure(records, args.results.with_suffix(".png"))
    print(text)
    if failed: sys.exit(f"{failed} of {len(runs)} runs failed")


if __name__ == "__main__": main()
