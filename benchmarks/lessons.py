"""Runs each lesson in a kernel of its own with an empty feature cache, and prints how long it took.

    python -m benchmarks.lessons [NOTEBOOK ...]    all lessons when none is named

This is where the minutes on the lessons' cards come from. No test asserts a time: a busy machine would fail it.
"""
import argparse
import os
import tempfile
import time
from pathlib import Path

from tools.execute import run
from tools.notebooks import lessons


def seconds(path):
    "Wall seconds, and CPU seconds of the kernel, for one lesson with nothing cached but the installed packages."
    before = os.times()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as cache:
        run(path, cache)
    wall = time.perf_counter() - start
    after = os.times()
    cpu_before = before.children_user + before.children_system
    cpu_after = after.children_user + after.children_system
    return wall, cpu_after - cpu_before


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("notebook", nargs="*", type=Path, help="default: all lessons")
    print(f"{os.cpu_count()} processors, OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'not set')}")
    print("| lesson | wall s | CPU s |\n|---|---|---|")
    for path in p.parse_args().notebook or lessons():
        wall, cpu = seconds(path)
        print(f"| {path.stem} | {wall:.0f} | {cpu:.0f} |", flush=True)


if __name__ == "__main__":
    main()
