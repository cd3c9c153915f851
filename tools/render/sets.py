# SPDX-License-Identifier: Apache-2.0
"Which pictures a set has, the row that describes each, and the file of rows (scenes.jsonl)."

import hashlib
import json
import os
from pathlib import Path

from . import scene

SPECIMENS, SHOTS = 12, 2  # specimens a label, shots a specimen
ROUNDS = {"lab": SPECIMENS}
RENDERER = "bpy 4.5.15, Cycles"
PARTS = (
    "noise",
    "mesh",
    "shapes/__init__",
    "shapes/agaric",
    "shapes/chanterelle",
    "shapes/morel",
    "shapes/paint",
    "shapes/stem",
    "habitat",
    "light",
    "scene",
    "develop",
    "blender",
)


def plan(name, only=None):
    "List of (species, specimen) of the set `name`, one of each label in turn, so that the first n rounds are a balanced set."
    out = []
    for k in range(ROUNDS[name]):
        for label in scene.LABELS:
            kinds = sorted(s for s, x in scene.SPECIES.items() if x["label"] == label)
            if only in (None, label):
                out.append((kinds[k % len(kinds)], k // len(kinds)))
    return out


def file_of(species, specimen, shot):
    "Path of a picture below the set's folder."
    return f"{scene.SPECIES[species]['label']}/{species}_{specimen:03d}_{shot}.jpg"


def digest(x):
    "sha256 of a JSON value."
    return hashlib.sha256(json.dumps(x, sort_keys=True).encode()).hexdigest()


def renderer_digest():
    "sha256 of the source files that decide what a picture looks like."
    here, h = Path(__file__).parent, hashlib.sha256()
    for part in PARTS:
        h.update((here / f"{part}.py").read_bytes())
    return h.hexdigest()


def row(facts, shot, size, spp):
    "What is filed of one picture. `modelled` tells what was built, not what the picture shows."
    s, species, number = scene.SPECIES[facts["species"]], facts["species"], facts["specimen"]
    p = scene.picture(facts, shot)
    out = dict(
        file=file_of(species, number, shot),
        label=s["label"],
        species=s["name"],
        common=s["common"],
        specimen=f"{species}_{number:03d}",
        shot=shot,
        seed=facts["seed"],
        habitat=facts["habitat"],
        view=p["view"],
        light=facts["light"]["kind"],
        camera=p["camera"],
        photographer=p["photographer"],
        individuals=len(facts["modelled"]),
        picked=facts["picked"],
        modelled=facts["modelled"],
        wood=facts["wood"],
        sun=facts["light"],
        optics={k: v for k, v in p.items() if k not in ("photographer", "camera", "view")},
        width=size,
        height=size,
        spp=spp,
        renderer=RENDERER,
    )
    return out | dict(scene_sha256=digest(out))


def read_rows(path):
    "The rows filed at `path`; a last line cut short by an interrupt is left out, any other bad line is an error."
    if not path.exists():
        return []
    lines, rows = path.read_text(encoding="utf-8").split("\n"), []
    for i, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError as e:
            if i < len(lines) - 1:
                raise ValueError(f"{path}, line {i + 1}: not JSON ({e}); delete the line and render again") from e
    return rows


def line_of(r):
    "A row as one line of JSON."
    return json.dumps(r, sort_keys=False, ensure_ascii=False)


def append_row(path, r):
    "File a row, flushed to the disk."
    with open(path, "a", encoding="utf-8") as f:
        f.write(line_of(r) + "\n")
        f.flush()
        os.fsync(f.fileno())


def rewrite(path, rows):
    "All rows again, the last of each file, sorted by file; whole or not at all."
    last = {r["file"]: r for r in rows}
    part = path.with_name(f".part-{path.name}")
    part.write_text("".join(line_of(last[k]) + "\n" for k in sorted(last)), encoding="utf-8")
    os.replace(part, path)
