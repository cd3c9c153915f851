# SPDX-License-Identifier: Apache-2.0
"What a worker process does: one specimen, all its missing shots."

import hashlib
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from . import scene, sets
from .mesh import PARTS

TAKES, ENOUGH = 3, 0.025  # a shot that shows less than this share of mushroom is taken again, from elsewhere
SOURCE = sets.renderer_digest()  # of the code this process runs


def settle(counter):
    "In a new worker: keep to one core (Cycles' idle threads would burn a second one) and send Blender's chatter nowhere."
    with counter.get_lock():
        turn, counter.value = counter.value, counter.value + 1
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[turn % len(cores)]})
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def tally(individual, part):
    "What of the mushrooms a picture shows: pixels of each part, and of each individual."
    visible = {name: int((part == k + 1).sum()) for k, name in enumerate(PARTS)}
    return dict(
        visible={k: n for k, n in visible.items() if n},
        visible_individuals=[int(n) for n in np.bincount(individual.ravel())[1:]],
    )


def take_shot(facts, shot, size, spp, groups, folder):
    "Photograph until enough of the mushrooms shows, at most `TAKES` times: (row, individual and part of each pixel)."
    from . import blender

    corners, with_ruler = scene.boxes(groups), scene.SETS[facts["set"]].get("ruler")
    for take in range(TAKES):
        p = scene.picture(facts, shot, take)
        ruler = scene.ruler(facts, p["azimuth_deg"], corners) if with_ruler else None
        individual, part = blender.shoot(scene.camera(facts, p, corners, ruler), folder, [ruler] if p["ruler"] else [])
        if with_ruler or (individual > 0).mean() >= ENOUGH:  # with and without the ruler must stay the same picture
            break
    return sets.row(facts, shot, take, size, spp), p, individual, part


def render(out, name, seed, species, number, shots, size, spp):
    "Render `shots` of one specimen of the set `name` below the folder `out`; the rows to file."
    from . import blender, develop

    start, facts, rows, out = time.process_time(), scene.specimen(seed, species, number, name), [], Path(out)
    groups = scene.individuals(facts)
    sun, sky = scene.light.sun(facts["light"]), scene.sky(facts)
    blender.open_scene(groups, scene.surroundings(facts), sun, sky, size, spp)
    for shot in shots:
        with tempfile.TemporaryDirectory() as tmp:
            r, p, individual, part = take_shot(facts, shot, size, spp, groups, tmp)
            to, mask = out / r["file"], out / sets.mask_of(r["file"])
            develop.develop(Path(tmp) / "shot.png", to, p, scene.stream_of(facts).rng("grain", shot))
            develop.save_mask(individual > 0, mask)
        end = time.process_time()
        made = dict(renderer=blender.RENDERER, renderer_sha256=SOURCE, mask=sets.mask_of(r["file"]), mask_sha256=sha256(mask))
        rows.append(r | tally(individual, part) | made | dict(sha256=sha256(to), cpu_s=round(end - start, 1)))
        start = end
    return rows


def sha256(path):
    "sha256 of a file."
    return hashlib.sha256(path.read_bytes()).hexdigest()
