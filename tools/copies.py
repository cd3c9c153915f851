"""Makes the planted set `nearduplicates`: changed copies of some lab photos.

    python -m tools.copies        writes m_mushrooms/nearduplicates/<label>/<name>_<change>.jpg and its list, scenes.jsonl

The copies are those of `mushroom_lib.planted.changed`; the same lab photos and Pillow give the same bytes.
"""
import json
import zlib
from pathlib import Path

import numpy as np

from mushroom_lib.planted import CHANGES, changed
from mushroom_lib.sources import sha256

TOP = Path(__file__).parent.parent / "m_mushrooms"
SPECIMENS = 3  # a label; the first shot of each


def originals(rows):
    "The rows of the lab photos that are copied: the first shot of the first specimens of each label."
    labels = sorted({r["label"] for r in rows})
    firsts = {label: [r for r in rows if r["label"] == label and r["shot"] == 0][:SPECIMENS] for label in labels}
    return [r for label in labels for r in firsts[label]]


def copy_of(row, how):
    "Writes one copy; its row for the list."
    from PIL import Image
    file = f"{row['file'].removesuffix('.jpg')}_{how}.jpg"
    path = TOP / "nearduplicates" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(zlib.crc32(file.encode()))
    im = changed(Image.open(TOP / "lab" / row["file"]).convert("RGB"), how, rng)
    im.save(path, "JPEG", quality=88, optimize=True)
    facts = {k: row[k] for k in ("label", "species", "specimen", "photographer", "taken")}
    return dict(file=file, **facts, set="nearduplicates", copy_of=row["file"], change=how, sha256=sha256(path))


def main():
    lab = [json.loads(line) for line in (TOP / "lab" / "scenes.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [copy_of(r, how) for r in originals(lab) for how in CHANGES]
    lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
    (TOP / "nearduplicates" / "scenes.jsonl").write_text(lines, encoding="utf-8")
    print(f"nearduplicates: {len(rows)} copies")


if __name__ == "__main__": main()
