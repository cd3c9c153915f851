"""Times `report`: every score of lessons 22 to 26 with its interval, for more and more photographs.

    python -m benchmarks.report                                      5,000 to 100,000 photographs, 10 and 100 labels
    python -m benchmarks.report --results benchmarks/report.md       the same, written there too

Each row is a process of its own, three times; the table has the middle one. Half of the rows have groups of three photographs.
"""
import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

SIZES = [(5_000, 10), (20_000, 10), (100_000, 10), (5_000, 100), (20_000, 100)]
HEAD = ("photographs", "labels", "groups", "wall s", "CPU s")


def one(n, m, per_group):
    "In this process: the seconds of one report, (wall, CPU)."
    import numpy as np
    from mushroom_lib.report import report
    rng = np.random.default_rng(0)
    groups = np.arange(n) // per_group
    y = rng.integers(m, size=groups.max() + 1)[groups]
    p = np.exp(rng.normal(size=(n, m)) + 2 * (y[:, None] == np.arange(m)))
    p /= p.sum(axis=1, keepdims=True)
    wall, cpu = time.perf_counter(), time.process_time()
    found = report(y, p, groups)
    assert found.n == n and found.scores["low"].notna().sum() == 5
    return time.perf_counter() - wall, time.process_time() - cpu


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--results", type=Path)
    p.add_argument("--one", nargs=3, type=int, help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.one:
        print(json.dumps(one(*a.one)))
        return
    from benchmarks.recipes import machine
    lines = [f"| {' | '.join(HEAD)} |", "|" + " ---: |" * len(HEAD)]
    for n, m in SIZES:
        for per_group in (1, 3):
            call = [sys.executable, "-m", "benchmarks.report", "--one", str(n), str(m), str(per_group)]
            times = []
            for _ in range(3):
                done = subprocess.run(call, check=True, capture_output=True, text=True)
                times.append(json.loads(done.stdout.splitlines()[-1]))
            wall, cpu = sorted(times)[1]
            lines.append(f"| {n:,} | {m} | {-(-n // per_group):,} | {wall:.1f} | {cpu:.1f} |")
            print(lines[-1], flush=True)
    text = f"# Seconds of a report\n\nPrinted by `python -m benchmarks.report` on {machine()}.\n\n" + "\n".join(lines) + "\n"
    if a.results:
        a.results.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
