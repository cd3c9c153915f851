"""Draws the README's picture of the lab set, and whole sheets to look at.

    python -m tools.contact_sheet                             m_mushrooms/contact_sheet.jpg: ten specimens of each label, a row a label
    python -m tools.contact_sheet --set drift --out s.png     every photo of a set (with --label, of one label)
"""
import argparse
from pathlib import Path

from PIL import Image

from mushroom_lib.sources import collection_dir, records

TOP = Path(__file__).parent.parent


def sheet(files, ncol, side):
    "The pictures in rows of `ncol`, each `side` pixels wide."
    out = Image.new("RGB", (ncol * side, -(-len(files) // ncol) * side), "white")
    for k, file in enumerate(files):
        with Image.open(file) as im: out.paste(im.convert("RGB").resize((side, side), Image.Resampling.LANCZOS), (k % ncol * side, k // ncol * side))
    return out


def chosen(recs, n):
    "The first shot of the first n specimens of each label, a label after the other."
    labels = sorted({r["label"] for r in recs})
    return [r for label in labels for r in [r for r in recs if r["label"] == label and r["scene"]["shot"] == 0][:n]]


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--set", help="draw all of this set instead")
    p.add_argument("--label", help="only this label")
    p.add_argument("--out", default=str(TOP / "m_mushrooms" / "contact_sheet.jpg"), help="the file to write")
    a = p.parse_args()
    recs = [r for r in records(a.set or "lab") if a.label in (None, r["label"])]
    recs = recs if a.set else chosen(recs, 10)
    files = [collection_dir(a.set or "lab") / r["file"] for r in recs]
    im = sheet(files, 12 if a.set else 10, 128 if a.set else 96)
    im.save(a.out, quality=82, optimize=True)
    print(f"{a.out}: {len(files)} pictures, {im.width} x {im.height} pixels")


if __name__ == "__main__": main()
