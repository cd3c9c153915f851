"""Times the features of more and more photos, and measures the memory that they take.

    python -m benchmarks.scale                                           500, 1,000, 2,000 and 10,000 photos of 256 px
    python -m benchmarks.scale --results benchmarks/scale.md             the same, written there too

The photos are the lab's, each with a number added after its end, so that each has a digest and features of its own. Each size is done
twice, by fresh processes: with an empty cache and with the cache that this has left. Memory is what a process takes at most above
what it has once everything is imported, the network and the result included.
"""
import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.recipes import machine
from benchmarks.training import environment, measured
from tools.notebooks import TOP

SIZES = (500, 1000, 2000, 10000)
HEAD = ("photos", "cache", "CPU s", "ms a photo", "wall s", "MB above the imports")


def copies(files, n, folder):
    "Paths of n files made of `files`, over and over, no two with the same bytes."
    for k in range(n): (folder / f"{k:06d}.jpg").write_bytes(files[k % len(files)].read_bytes() + k.to_bytes(8, "big"))
    return sorted(folder.glob("*.jpg"))


def memory_now():
    "Bytes that this process has in memory, from Linux's /proc."
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def memory_most():
    "Bytes that this process has had in memory at most."
    import resource
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def one(folder, size):
    "In this process: features of all photos in `folder`; a dictionary of their number, seconds, and megabytes above the imports."
    import sklearn.linear_model, timm, torch, tqdm  # noqa: F401, before the clock
    from mushroom_lib.features import extract_features
    files, before, cpu, wall = sorted(folder.glob("*.jpg")), memory_now(), os.times(), time.perf_counter()
    X = extract_features(files, size, progress=False)
    after = os.times()
    assert X.shape[0] == len(files)
    cpu = after.user + after.system - cpu.user - cpu.system
    return dict(photos=len(files), cpu_s=cpu, wall_s=time.perf_counter() - wall, mb=(memory_most() - before) / 2**20)


def cells(r):
    "The cells of one row of the table, in the order of HEAD."
    return f"{r['photos']:,}", r["cache"], f"{r['cpu_s']:.1f}", f"{1000 * r['cpu_s'] / r['photos']:.2f}", f"{r['wall_s']:.1f}", f"{r['mb']:.0f}"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="numbers of photos")
    p.add_argument("--size", type=int, default=160, help="pixels a side that the network is shown")
    p.add_argument("--threads", type=int, default=1, help="of torch and BLAS")
    p.add_argument("--results", type=Path, help="a Markdown file for the table")
    p.add_argument("--one", type=Path, help=argparse.SUPPRESS)  # the folder, in a process of its own
    args = p.parse_args()
    if args.one: return print(json.dumps(one(args.one, args.size)))
    from mushroom_lib.sources import collection_dir
    photos = sorted(collection_dir("lab").glob("*/*.jpg"))
    lines = []

    def say(line):
        lines.append(line)
        print(line, flush=True)

    say(f"# Features of many photos\n\nPrinted by `python -m benchmarks.scale` on {machine()}, {args.threads} thread, at {args.size} px.\n")
    say("| " + " | ".join(HEAD) + " |\n| " + " | ".join(["---:"] * len(HEAD)) + " |")
    for n in args.sizes:
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as cache:
            copies(photos, n, Path(folder))
            for state in ("empty", "full"):
                command = [sys.executable, "-m", "benchmarks.scale", "--one", folder, "--size", str(args.size)]
                out, _, _ = measured(command, environment(args.threads, cache))
                say("| " + " | ".join(cells(json.loads(out.splitlines()[-1]) | dict(cache=state))) + " |")
    if args.results: (TOP / args.results).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__": main()
