"""Puts every recipe of `benchmarks.recipes` to the same tasks and prints what its accuracy costs.

    python -m benchmarks.training            run what is not in benchmarks/training.jsonl yet, then write
    python -m benchmarks.training --table    run nothing; write and print what is there
    python -m benchmarks.training --minutes 30 --tasks "lab, 60 a label" --recipes probe "late blocks"

Each run is a fresh process with an empty feature cache and one thread. All recipes of a seed come
before the next seed, so that they are paired and a machine that slows down hits all alike. A run is
filed as soon as it ends: stop the command whenever you like and start it again. Writes training.md,
training.png and crossing.png beside the results.
"""
import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# neither torch nor pandas: a child's peak memory starts from its parent's
from benchmarks.recipes import BOTH, RECIPES, TASKS
from tools.notebooks import TOP

RESULTS = TOP / "benchmarks" / "training.jsonl"
BASE = "probe over views"  # what the others are compared with: nothing trained, the same views
FAST = ["probe", "probe over views", "late blocks"]
OTHERS = [name for name in RECIPES if name not in (*FAST, BOTH, "fastai, tuned")]
SIZES = ["lab, 10 a label", "lab, 20 a label", "lab, 40 a label", "lab, 60 a label"]
ARCHIVES = ["Commons, learned from Mushroom Observer", "Mushroom Observer, learned from Commons"]


def plan():
    "All runs as (task, recipe, size, seed), the most telling first."
    stages = [
        (["lab, 60 a label", "lab, 10 a label"], [*FAST, "fastai, tuned"], 160, range(3)),
        (ARCHIVES, [*FAST, "fastai, tuned"], 224, range(3)),
        (["lab, 20 a label", "lab, 40 a label"], [*FAST, "fastai, tuned"], 160, range(3)),
        (["field"], [*FAST, "fastai, tuned"], 224, range(5)),
        (["field"], FAST, 288, range(5)),
        (["field"], FAST, 160, range(5)),
        (["lab, 60 a label"], [*FAST, "fastai, tuned"], 160, range(3, 5)),
        (["field"], OTHERS, 160, range(5)),
        (ARCHIVES, FAST, 288, range(3)),
    ]
    runs = []
    for tasks, recipes, size, seeds in stages:
        for seed in seeds:
            for task in tasks:
                for recipe in recipes:
                    runs.append((task, recipe, size, seed))
    return runs


def read_records(path):
    "The runs filed at `path`, a list of dictionaries; a line cut off by a crash is left out and named."
    if not path.exists():
        return []
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            print(f"{path.name}: line {number} is cut off and left out", file=sys.stderr)
    return records


def append(path, record):
    "Adds the record as one line, to the disk at once; after a cut-off line it starts a new one."
    with open(path, "a+b", buffering=0) as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 1))
        is_cut = file.read(1) not in (b"", b"\n")
        file.write(b"\n" * is_cut + json.dumps(record).encode() + b"\n")
        os.fsync(file.fileno())


def key(record):
    "What makes two records the same run: (task, recipe, size, seed)."
    return record["task"], record["recipe"], record["size"], record["seed"]


def to_do(runs, records):
    "Those of `runs` that are not filed yet, in their order."
    done = {key(record) for record in records}
    return [run for run in runs if run not in done]


def environment(threads, cache):
    "The variables of a run: so many threads, and an empty folder for the feature cache."
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(names, str(threads)), "MUSHROOMS_CACHE": str(cache)}


def measured(command, env):
    """(output, errors, cost) of a command: `process_cpu_s`, `process_wall_s`, `peak_mb`, all included.

    Raises RuntimeError with the last line of its errors where it fails.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=TOP, env=env, stdout=out, stderr=err)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read())
    if process.returncode:
        lines = texts[1].strip().splitlines() or [f"exit status {process.returncode}"]
        raise RuntimeError(lines[-1])
    peak = used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    cost = dict(process_cpu_s=round(used.ru_utime + used.ru_stime, 3),
                process_wall_s=round(wall, 3), peak_mb=round(peak))
    return *texts, cost


def run(task, recipe, size, seed, threads=1):
    "The records of one run in a fresh process with an empty cache; RuntimeError where it fails."
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-m", "benchmarks.recipes", task, recipe, str(size), str(seed)]
        out, _, cost = measured(command, environment(threads, cache))
    return [json.loads(line) | cost for line in out.splitlines() if line.startswith("{")]


def run_all(runs, path, minutes=math.inf):
    "Does and files the runs one after another, while there is time; how many of them failed."
    failed = 0
    start = time.monotonic()
    for number, (task, recipe, size, seed) in enumerate(runs, 1):
        if time.monotonic() - start > 60 * minutes:
            print(f"{len(runs) - number + 1} runs are left for another time", file=sys.stderr)
            break
        name = f"{number}/{len(runs)} {task}, {recipe}, {size} px, seed {seed}"
        try:
            results = run(task, recipe, size, seed)
        except RuntimeError as error:
            failed += 1
            print(f"{name}: not run: {error}", file=sys.stderr, flush=True)
            continue
        for result in results:
            append(path, result)
        right = " and ".join(f"{result['accuracy']:.3f}" for result in results)
        print(f"{name}: accuracy {right}, {results[0]['cpu_s']:.0f} CPU s, {results[0]['steps']} "
              f"steps, {results[0]['peak_mb']} MB", file=sys.stderr, flush=True)
    return failed


def mean(values):
    "The mean of a list of numbers."
    return sum(values) / len(values)


def settings(records):
    "The runs as {(task, size): {recipe: {seed: record}}}, in the order of the tasks and recipes."
    out = {}
    order = [(task, size) for task in TASKS for size in (160, 224, 288)]
    latest = {key(record): record for record in records}   # the last of a run filed twice counts
    for task, size in order:
        recipes = {}
        for recipe in RECIPES:
            seeds = {}
            for record in latest.values():
                if (record["task"], record["size"], record["recipe"]) == (task, size, recipe):
                    seeds[record["seed"]] = record
            if seeds:
                recipes[recipe] = dict(sorted(seeds.items()))
        if recipes:
            out[task, size] = recipes
    return out


def points_above(runs, base):
    """(mean, low, high, differences) in points of accuracy from `base`, over the seeds that both have.

    Draws and folds of the same photographs: Student's t with Nadeau and Bengio's correction. One
    archive asked for by the other: the photographs are the same in every run, so the interval is over
    the observations (the mean of the seeds for each photograph). None where there are fewer than two
    seeds.
    """
    from mushroom_lib.claims import mean_interval
    both = sorted(runs.keys() & base.keys())
    if len(both) < 2:
        return None
    differences = []
    for seed in both:
        differences.append(100 * (runs[seed]["accuracy"] - base[seed]["accuracy"]))
    first = runs[both[0]]
    if first["task"] in ARCHIVES:
        changes = []
        for k in range(first["n_valid"]):
            changes.append(100 * mean([runs[s]["right"][k] - base[s]["right"][k] for s in both]))
        return *interval_by_group(changes, first["groups"]), differences
    share = 7 / 27 if first["task"].startswith("lab") else 1 / 5
    return *mean_interval(differences, valid_share=share), differences


def interval_by_group(values, groups):
    "(mean, low, high), 95 %, of numbers of which those of a group go together; Student's t."
    from scipy.stats import t
    middle = mean(values)
    sums = {}
    for value, group in zip(values, groups):
        sums[group] = sums.get(group, 0) + value - middle
    n_groups = len(sums)
    variance = n_groups / (n_groups - 1) * sum(s * s for s in sums.values()) / len(values) ** 2
    half = t.ppf(.975, n_groups - 1) * math.sqrt(variance)
    return middle, middle - half, middle + half


def summary(recipes):
    "A dictionary for each recipe of one setting: what the table and the figure show."
    rows = []
    base = recipes.get(BASE, {})
    for recipe, runs in recipes.items():
        records = list(runs.values())
        row = dict(recipe=recipe, seeds=len(records), is_base=recipe == BASE)
        for name in ("accuracy", "mean_recall", "steps", "cpu_s", "wall_s"):
            row[name] = mean([record[name] for record in records])
        row["peak_mb"] = max(record["peak_mb"] for record in records)
        row["points"] = None if recipe == BASE else points_above(runs, base)
        row["over_probe"] = None if recipe == "probe" else points_above(runs, recipes.get("probe", {}))
        rows.append(row)
    return rows


HEAD = ("recipe", "seeds", "accuracy", "mean recall", f"points above {BASE}", "above the probe",
        "steps", "CPU s", "wall s", "peak MB")


def _interval(points):
    "`+4.4 (-0.4 to +9.2)`, or an empty text."
    return "" if points is None else "{:+.1f} ({:+.1f} to {:+.1f})".format(*points[:3])


def table(rows):
    "The rows of `summary` as a Markdown table."
    lines = [HEAD, ["---"] + ["---:"] * (len(HEAD) - 1)]
    for row in rows:
        lines.append((row["recipe"], str(row["seeds"]), f"{row['accuracy']:.3f}",
                      f"{row['mean_recall']:.3f}", _interval(row["points"]),
                      _interval(row["over_probe"]), f"{row['steps']:,.0f}", f"{row['cpu_s']:,.0f}",
                      f"{row['wall_s']:,.0f}", f"{row['peak_mb']:,}"))
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


INTRO = """# What accuracy costs

Made by `python -m benchmarks.training` from training.jsonl; do not edit. Each run is a process of its
own with an empty feature cache and one thread; all recipes of a seed have the same photographs. Lab: of
each label 7 of 27 specimens (21 photographs) are asked for, drawn by the seed, and 10 to 60 photographs
of the others are learned from. Field: five folds by observation. Archives: learned from one, asked for
the other, without the labels that one of them lacks. Points are mean differences in accuracy, run by
run, with their 95 % interval: Student's t with Nadeau and Bengio's correction for draws and folds, over
observations for the archives. Every recipe but stock and plain torch is asked for the mean over the
same kind of four views. CPU seconds are for reading, learning and answering, without imports.

![Points above the probe over views, for each recipe and task](training.png)

![Points above the probe over views against photographs a label](crossing.png)
"""


def describe():
    "A line for each recipe: its name and what it does, from its own docstring."
    return "".join(f"- **{name}**: {' '.join(recipe.__doc__.split())}\n"
                   for name, recipe in RECIPES.items())


def conditions(records):
    "One line for each machine, number of threads and set of versions among the records."
    lines = {}
    for record in records:
        versions = ", ".join(f"{name} {v}" for name, v in record["versions"].items() if v)
        threads = f"{record['threads']} thread" + "s" * (record["threads"] != 1)
        lines[f"{record['machine']}, {threads}; Python {record['python']}, {versions}"] = None
    return "".join(f"- {line}\n" for line in lines)


def page(records):
    "The text of training.md."
    parts = [INTRO]
    for (task, size), recipes in settings(records).items():
        parts.append(f"## {task[0].upper()}{task[1:]}, {size} px\n\n{table(summary(recipes))}")
    parts += ["## The recipes\n", describe(), "## Measured on\n", conditions(records)]
    return "\n".join(parts)


def draw_setting(ax, name, rows):
    "A row for each recipe: points above the base, a dot a seed, the interval, steps and cost."
    from mushroom_lib.style import PALETTE
    rows = sorted((row for row in rows if row["points"]), key=lambda row: row["points"][0])
    labels = []
    for height, row in enumerate(rows):
        middle, low, high, differences = row["points"]
        ax.plot([low, high], [height, height], color=PALETTE[0], linewidth=2, marker="")
        ax.plot(differences, [height] * len(differences), "o", color=PALETTE[0], alpha=.5)
        ax.plot(middle, height, "|", color="black", markersize=16, markeredgewidth=2.5)
        labels.append(f"{row['recipe']}\n{row['steps']:,.0f} steps, {row['cpu_s']:,.0f} CPU s")
    ax.axvline(0, color="#555555", linewidth=1.2)
    ax.set_yticks(range(len(rows)), labels)
    ax.set_ylim(-.6, len(rows) - .4)
    ax.set_title(name, loc="left", fontsize=11)
    return rows


def figure(records, path):
    "Writes the dot plot: a panel for each setting in which something was trained."
    import matplotlib
    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    from mushroom_lib.style import use_style
    use_style()
    panels = []
    for (task, size), recipes in settings(records).items():
        rows = [row for row in summary(recipes) if row["points"]]
        if task not in SIZES[:3] and any(row["steps"] for row in rows):
            panels.append((f"{task[0].upper()}{task[1:]}, {size} px", rows))
    if not panels:
        return
    heights = [len(rows) + .8 for _, rows in panels]
    fig, axes = plt.subplots(len(panels), 1, figsize=(8.5, .5 * sum(heights) + .6), sharex=True,
                             squeeze=False, height_ratios=heights)
    for ax, (name, rows) in zip(axes[:, 0], panels):
        draw_setting(ax, name, rows)
    dots = [dot for _, rows in panels for row in rows if row["points"] for dot in row["points"][3]]
    axes[-1, 0].set_xlim(min(dots) - 6, max(dots) + 6)   # two runs have an interval of a hundred points
    axes[-1, 0].set_xlabel("points of accuracy above the probe over the same views\n"
                           "(a dot a run; an interval that leaves the picture is of two or three)")
    fig.savefig(path, dpi=100)
    plt.close(fig)


def crossing(records, path):
    "Writes the curve over photographs a label: mean and dots of each trained recipe, from zero."
    import matplotlib
    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    from mushroom_lib.style import PALETTE, use_style
    use_style()
    of = settings(records)
    fig, ax = plt.subplots(figsize=(8, 3.8))
    for recipe, colour in [("late blocks", PALETTE[0]), ("fastai, tuned", PALETTE[1])]:
        xs = []
        ys = []
        for task in SIZES:
            runs = of.get((task, 160), {})
            points = points_above(runs.get(recipe, {}), runs.get(BASE, {}))
            if points:
                count = int(task.split()[1])
                shift = 1.02 if recipe == "late blocks" else .98
                xs.append(count * shift)
                ys.append(points[0])
                ax.plot([count * shift] * len(points[3]), points[3], "o", color=colour, alpha=.45)
        if xs:
            ax.plot(xs, ys, color=colour, marker="", linewidth=2)
            up = 6 if recipe == "late blocks" else -6
            ax.annotate(recipe, (xs[-1], ys[-1]), (10, up), textcoords="offset points",
                        color=colour, va="center")
    ax.axhline(0, color="#555555", linewidth=1.2)
    ax.text(9.3, .3, "probe over the same views", color="#555555", fontsize=10)
    ax.set_xscale("log")
    ax.set_xticks([10, 20, 40, 60], ["10", "20", "40", "60"])
    ax.minorticks_off()
    ax.set_xlim(9, 95)
    ax.set_xlabel("photographs a label to learn from")
    ax.set_ylabel("points of accuracy above it")
    fig.savefig(path, dpi=100)
    plt.close(fig)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=TASKS, metavar="TASK",
                        help="; ".join(TASKS))
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES), choices=RECIPES,
                        metavar="RECIPE", help="; ".join(RECIPES))
    parser.add_argument("--minutes", type=float, default=math.inf, help="start no run after these")
    parser.add_argument("--table", action="store_true", help="run nothing")
    parser.add_argument("--results", type=Path, default=RESULTS, help="one JSON line a run")
    args = parser.parse_args()
    runs = []
    for task, recipe, size, seed in to_do(plan(), read_records(args.results)):
        if task in args.tasks and recipe in args.recipes:
            runs.append((task, recipe, size, seed))
    failed = 0 if args.table else run_all(runs, args.results, args.minutes)
    records = read_records(args.results)
    if not records:
        sys.exit(f"no results in {args.results}")
    text = page(records)
    args.results.with_suffix(".md").write_text(text, encoding="utf-8")
    figure(records, args.results.with_suffix(".png"))
    crossing(records, args.results.with_name("crossing.png"))
    print(text)
    if failed:
        sys.exit(f"{failed} runs failed")


if __name__ == "__main__":
    main()
