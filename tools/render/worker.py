# SPDX-License-Identifier: Apache-2.0
"What a worker process does: one specimen, all its missing shots."

import hashlib
import os
import tempfile
import time
from pathlib import Path

from . import scene, sets

SOURCE = sets.renderer_digest()  # of the code this process runs


def settle(counter):
    "In a new worker: keep to one core (Cycles' idle threads would burn a second one) and send Blender's chatter nowhere."
    with counter.get_lock():
        turn, counter.value = counter.value, counter.value + 1
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[turn % len(cores)]})
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def render(out, seed, species, number, shots, size, spp):
    "Render `shots` of one specimen below the folder `out`; the rows to file."
    from . import blender, develop

    start, facts, rows = time.process_time(), scene.specimen(seed, species, number), []
    groups = scene.individuals(facts)
    meshes = [m for g in groups for m in g] + scene.surroundings(facts)
    corners = scene.boxes(groups)
    blender.open_scene(meshes, scene.light.sun(facts["light"]), scene.sky(facts), size, spp)
    for shot in shots:
        r = sets.row(facts, shot, size, spp)
        to = Path(out) / r["file"]
        to.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as tmp:
            blender.shoot(scene.camera(facts, scene.picture(facts, shot), corners), Path(tmp) / "shot.png")
            grain = scene.stream_of(seed, species, number).rng("grain", shot)
            develop.develop(Path(tmp) / "shot.png", to, r["camera"], grain)
        end = time.process_time()
        sha = hashlib.sha256(to.read_bytes()).hexdigest()
        rows.append(
            r
            | dict(
                renderer=blender.RENDERER,
                renderer_sha256=SOURCE,
                sha256=sha,
                cpu_s=round(end - start, 1),
            )
        )
        start = end
    return rows
