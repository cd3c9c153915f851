"""Collects what the lessons claim, from their saved outputs, into CLAIMS.md.

    python -m tools.claims            write CLAIMS.md
    python -m tools.claims --check    write nothing; exit status 1 if CLAIMS.md is stale
"""
import argparse
import sys

from mushroom_lib.claims import claims_in, table
from tools.notebooks import TOP, lessons, read, write

HEAD = """# What the lessons claim

Made by `python -m tools.claims` from the outputs saved in the lessons; do not edit. Each row is a cell that fails the lesson, and so the
test run, when the value leaves its band. A value from several runs is their mean; a negative control is the same computation where the
effect cannot be. Lesson 00 runs on the field photos where they are and on the lab photos elsewhere: its claims must hold on both, and the
values below are the field's.

"""


def page():
    "The text of CLAIMS.md; raises ValueError when two claims share an identifier."
    found = [(c, f"[{p.stem}](nbs/{p.name})") for p in lessons() for c in claims_in(read(p))]
    ids = [c["id"] for c, _ in found]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice: raise ValueError(f"claimed twice: {', '.join(twice)}; give each claim an identifier of its own")
    return HEAD + table(found)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--check", action="store_true", help="write nothing; exit status 1 if CLAIMS.md is stale")
    check, path, new = p.parse_args().check, TOP / "CLAIMS.md", page()
    if not check: write(path, new)
    elif not path.exists() or path.read_text(encoding="utf-8") != new: sys.exit("CLAIMS.md is stale: run `python -m tools.claims`")


if __name__ == "__main__": main()
