# SPDX-License-Identifier: Apache-2.0
"Which pictures a set has, the row that describes each, and the file of rows (scenes.jsonl)."

import hashlib
import json
import os
from pathlib import Path

from . import scene
from .catalogue import SETS, SPECIES, species_of

RENDERER = "bpy 4.5.15, Cycles"
NOT_LOOKS = ("__init__.py", "__main__.py", "sets.py")  # source files that do not decide what a picture looks like


def plan(name, only=None):
    "List of (species, specimen) of the set `name`, one of each group in turn, so that the first n rounds are a balanced set."
    out = []
    for k in range(SETS[name]["specimens"]):
        for group in SETS[name]["groups"]:
            kinds = species_of(group)
            species = kinds[k % len(kinds)]
            if only in (None, SPECIES[species]["label"]):
                out.append((species, k // len(kinds)))
    return out


def specimen_name(facts):
    "The name of a specimen, which no other set has."
    name = f"{facts['species']}_{facts['specimen']:03d}"
    return name if facts["set"] == "lab" else f"{facts['set']}_{name}"


def file_of(facts, shot):
    "Path of a picture below the set's folder."
    return f"{SPECIES[facts['species']]['label']}/{facts['species']}_{facts['specimen']:03d}_{shot}.jpg"


def mask_of(file):
    "Path of a picture's mask below the set's folder."
    return f"masks/{file.removesuffix('.jpg')}.png"


def digest(x):
    "sha256 of a JSON value."
    return hashlib.sha256(json.dumps(x, sort_keys=True).encode()).hexdigest()


def renderer_digest():
    "sha256 of the source files that decide what a picture looks like."
    here, h = Path(__file__).parent, hashlib.sha256()
    for path in sorted(p for p in here.rglob("*.py") if p.name not in NOT_LOOKS or p.parent.name == "shapes"):
        h.update(path.read_bytes())
    return h.hexdigest()


def row(facts, shot, take, size, spp):
    "What is filed of one picture before it is rendered. `modelled` tells what was built, not what the picture shows."
    s, p = SPECIES[facts["species"]], scene.picture(facts, shot, take)
    out = dict(
        file=file_of(facts, shot),
        label=s["label"],
        species=s["name"],
        common=s["common"],
        set=facts["set"],
        specimen=specimen_name(facts),
        shot=shot,
        seed=facts["seed"],
        habitat=facts["habitat"],
        season=facts["season"],
        taken=f"{facts['date']}T{p['time']}",
        view=p["view"],
        light=facts["light"]["kind"],
        camera=p["camera"],
        photographer=p["photographer"],
        individuals=len(facts["modelled"]),
        picked=facts["picked"],
        modelled=facts["modelled"],
        wood=facts["wood"],
        sun=facts["light"],
        optics={k: v for k, v in p.items() if k not in ("photographer", "camera", "view", "time", "ruler")},
        width=size,
        height=size,
        spp=spp,
        renderer=RENDERER,
    )
    out |= dict(resembles=s["resembles"]) if "resembles" in s else {}
    out |= dict(ruler=p["ruler"]) if SETS[facts["set"]].get("ruler") else {}
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
