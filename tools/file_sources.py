"""Files every image of the course in SOURCES.json.

    python -m tools.file_sources                          the rendered photos again, from the scenes.jsonl of each set
    python -m tools.file_sources --field photos.jsonl     and the field photos, from a list of facts
    python -m tools.file_sources --check                  exit status 1 if SOURCES.json is not what this would write

Records of rendered photos are made from the renderer's own lists and from the files; field records are taken over as they are filed
unless a new list is given.
"""
import argparse
import json
import sys
from pathlib import Path

from PIL import Image

from mushroom_lib.sources import (
    FIELDS, SHIPPED, author_problem, licence_url, load_sources, sha256, validate, write_sources)

TOP = Path(__file__).parent.parent
MADE = TOP / "m_mushrooms"
RENDERED = "Made by tools/render with Blender's Cycles; the truth about each is filed as its scene."
TITLES = {
    "lab": ("Rendered photographs", RENDERED),
    "lookalikes": ("Rendered species of no label", RENDERED),
    "confound": ("The same rendered photographs with and without a ruler", RENDERED),
    "drift": ("Rendered photographs of another season and another phone", RENDERED),
    "nearduplicates": ("Changed copies of lab photographs", "Made by tools.copies; each record names its original and the change."),
}
COLLECTIONS = {name: dict(folder=f"m_mushrooms/{name}", title=title, licence="CC0 1.0", note=note) for name, (title, note) in TITLES.items()}
COLLECTIONS["field"] = dict(folder="m_mushrooms/field", title="Photographs of the field", licence=None,
                            note="Each under its own licence; downloaded by `mushrooms photos`, never part of the repository.")
KINDS = dict(lookalikes="lookalike", nearduplicates="planted")
SCENE_LEFT_OUT = {"file", "label", "species", "specimen", "width", "height", "sha256", "mask", "mask_sha256"}


def rows(path):
    "The objects of a JSON-lines file."
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip()]


def rendered_record(row):
    "The SOURCES.json record of a rendered photo, from its row in scenes.jsonl and its file."
    name = row["set"]
    path = MADE / name / row["file"]
    with Image.open(path) as picture: width, height = picture.size
    rec = dict(file=row["file"], collection=name, label=row["label"], species=row["species"], kind=KINDS.get(name, "photo"),
               sha256=sha256(path), bytes=path.stat().st_size, width=width, height=height,
               author="The mushroom course authors", licence="CC0 1.0", licence_url=licence_url("CC0 1.0"),
               url=None, original_url=None, original_page=None, changes=None, specimen=row["specimen"], observed_on=None)
    if "mask" in row: rec["mask"] = dict(file=row["mask"], sha256=sha256(MADE / name / row["mask"]))
    return rec | dict(scene={k: v for k, v in row.items() if k not in SCENE_LEFT_OUT})


def field_record(row):
    "The SOURCES.json record of a field photo, from its row in the list of facts."
    webp = row["file"].endswith(".webp")
    changes = "re-encoded to WebP by the repository it is fetched from" if webp else None
    rec = {k: row[k] for k in FIELDS if k in row}
    rec |= dict(collection="field", changes=changes, licence_url=row["licence_url"] or licence_url(row["licence"]))
    if row["kind"] != "mislabelled": rec.pop("reject_reason", None)
    problem = author_problem(row["author"])
    if problem: rec["author_note"] = f"{problem} at the source"  # the name itself stays as it came
    return rec


def build(field=None):
    "The whole of SOURCES.json as a dictionary; `field` is a list of facts, or None to keep the field records filed."
    kept = [] if field else [r for r in load_sources(TOP / "SOURCES.json")["images"] if r["collection"] == "field"]
    made = [rendered_record(r) for name in SHIPPED if (MADE / name).is_dir() for r in rows(MADE / name / "scenes.jsonl")]
    images = made + (list(map(field_record, rows(field))) if field else kept)
    images.sort(key=lambda r: (r["collection"], r["file"]))
    return dict(version=1, collections=COLLECTIONS, images=images)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--field", help="JSON lines with the facts of the field photos")
    p.add_argument("--check", action="store_true", help="write nothing; exit status 1 on a difference")
    a = p.parse_args()
    new = build(a.field)
    problems = validate(new)
    if problems: sys.exit("\n".join(problems))
    if a.check: sys.exit(0 if new == load_sources(TOP / "SOURCES.json") else "SOURCES.json is stale: run `python -m tools.file_sources`")
    write_sources(new, TOP / "SOURCES.json")
    print(f"SOURCES.json: {len(new['images'])} records")


if __name__ == "__main__": main()
