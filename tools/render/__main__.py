# SPDX-License-Identifier: Apache-2.0
"`python -m tools.render --set lab --seed 7`: render a set of pictures, or go on where it stopped."

import argparse
import multiprocessing
import os
import signal
import sys
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path

from . import scene, sets, worker
from .catalogue import LABELS, SETS


def current(there, facts, shot, args):
    "Whether the filed row is of the scene that the facts give today."
    return there["scene_sha256"] == sets.row(facts, shot, there["optics"]["take"], args.size, args.spp)["scene_sha256"]


def missing(out, rows, args):
    "Jobs (species, specimen, shots) whose picture or row is not there yet, and the number of pictures that are."
    filed, jobs, done = {r["file"]: r for r in rows}, [], 0
    for species, number in sets.plan(args.set, args.only):
        facts, shots = scene.specimen(args.seed, species, number, args.set), []
        for shot in range(SETS[args.set]["shots"]):
            there = filed.get(sets.file_of(facts, shot))
            if there and current(there, facts, shot, args) and (out / there["file"]).exists() and (out / there["mask"]).exists():
                done += 1
            else:
                shots.append(shot)
        if shots:
            jobs.append((species, number, shots))
    return jobs[: args.limit], done


def options():
    "The command line."
    p = argparse.ArgumentParser(
        prog="python -m tools.render", description="Render a set of mushroom photographs; resumable."
    )
    p.add_argument("--set", default="lab", choices=sorted(SETS), help="which set")
    p.add_argument("--seed", type=int, default=7, help="seed of the whole set")
    p.add_argument("--out", help="folder for <label>/<name>.jpg and scenes.jsonl (default: m_mushrooms/ and the set's name)")
    p.add_argument("--only", choices=[*LABELS, "other"], help="render this label only")
    p.add_argument("--limit", type=int, help="stop after this many specimens")
    p.add_argument(
        "--workers", type=int, default=os.cpu_count(), help="processes, each of one thread (default: one per core)"
    )
    p.add_argument("--core", type=int, default=0, help="core of the first worker; the others take the next ones")
    p.add_argument("--size", type=int, default=256, help="pixels a side")
    p.add_argument("--spp", type=int, default=10, help="samples a pixel")
    return p.parse_args()


def work(jobs, args, out, table, rows, bar):
    "Render the jobs in worker processes and file each row as it arrives."
    context, queue, running = multiprocessing.get_context("spawn"), list(jobs), {}
    with ProcessPoolExecutor(args.workers, context, worker.settle, (context.Value("i", args.core),)) as pool:
        try:
            while queue or running:
                while queue and len(running) < args.workers:
                    species, number, shots = queue.pop(0)
                    running[
                        pool.submit(worker.render, str(out), args.set, args.seed, species, number, shots, args.size, args.spp)
                    ] = f"{species} {number}"
                for f in wait(running, return_when=FIRST_COMPLETED).done:
                    running.pop(f)
                    for r in f.result():
                        sets.append_row(table, r)
                        rows.append(r)
                        bar.update()
        except KeyboardInterrupt:
            for p in list(pool._processes.values()):
                p.terminate()
            raise


def main():
    "Render what is missing; the exit status."
    args = options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from tqdm import tqdm

    out = Path(args.out or Path("m_mushrooms") / args.set)
    out.mkdir(parents=True, exist_ok=True)
    for left in out.rglob(".part-*"):
        left.unlink()
    table = out / "scenes.jsonl"
    try:
        rows = sets.read_rows(table)
    except ValueError as e:
        print(f"tools.render: {e}", file=sys.stderr)
        return 1
    sets.rewrite(table, rows)
    jobs, done = missing(out, rows, args)
    other = {r["renderer_sha256"] for r in rows} - {sets.renderer_digest()}
    if other:
        print(
            "tools.render: some pictures filed here were made by another version of the renderer; they are kept",
            file=sys.stderr,
        )
    todo = sum(len(j[2]) for j in jobs)
    try:
        with tqdm(total=done + todo, initial=done, unit="picture") as bar:
            work(jobs, args, out, table, rows, bar)
    except KeyboardInterrupt:
        print("tools.render: interrupted; the same command goes on from here", file=sys.stderr)
        return 1
    sets.rewrite(table, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
