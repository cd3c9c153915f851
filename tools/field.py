"""Runs lessons on the field photos and files what their field parts say, for readers who do not have the photos.

    python -m tools.field [NOTEBOOK ...]    all lessons when none is named; the photos must be here (`mushrooms photos`)

Writes benchmarks/field.json: for each lesson the day and the lines that the cells printed. `mushroom_lib.sources.field_result` reads it.
"""
import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from tools.execute import run
from tools.notebooks import TOP, lessons, source

RESULTS = TOP / "benchmarks" / "field.json"
ASKS = 'is_downloaded("field")'  # a cell that has this is a field part


def said(nb):
    "What the field parts of an executed notebook printed, as one text."
    texts = []
    for cell in nb["cells"]:
        if cell["cell_type"] == "code" and ASKS in source(cell):
            for out in cell["outputs"]:
                if out["output_type"] == "stream" and out["name"] == "stdout":
                    texts.append("".join(out["text"]))
    return "".join(texts).strip()


def main():
    from mushroom_lib.sources import is_downloaded, write_atomic
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("notebook", nargs="*", type=Path, help="default: all lessons")
    chosen = p.parse_args().notebook or lessons()
    if not is_downloaded("field"):
        sys.exit("the field photos are not here: run `mushrooms photos` first")
    filed = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for path in chosen:
        with tempfile.TemporaryDirectory() as cache:
            text = said(run(path, cache))
        if text:
            filed[path.stem] = dict(at=time.strftime("%Y-%m-%d"), said=text)
        print(f"{path.name}: {text or 'no field part'}", flush=True)
        write_atomic(RESULTS, json.dumps(dict(sorted(filed.items())), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
