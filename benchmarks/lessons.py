"""Runs each lesson in a kernel of its own with an empty feature cache, and prints how long it took.

    python -m benchmarks.lessons
"""
import os
import tempfile
import time

from tools.execute import run
from tools.notebooks import lessons


def seconds(path):
    "Wall seconds, and CPU seconds of the kernel, for one lesson with nothing cached but the installed packages."
    before, start = os.times(), time.time()
    with tempfile.TemporaryDirectory() as cache: run(path, cache)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.time() - start, cpu


def main():
    print(f"{os.cpu_count()} processors, OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS', 'not set')}")
    print("| lesson | wall s | CPU s |\n|---|---|---|")
    for path in lessons(): print("| {} | {:.0f} | {:.0f} |".format(path.stem, *seconds(path)), flush=True)


if __name__ == "__main__": main()
