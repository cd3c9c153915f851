"""Collects what the lessons claim, from their saved outputs, into CLAIMS.md.

    python -m tools.claims            write CLAIMS.md
    python -m tools.claims --check    write nothing; exit status 1 if CLAIMS.md is stale
"""
import argparse
import json
import sys

from mushroom_lib.claims import MIME
from tools import sabotage
from tools.notebooks import TOP, lessons, read, write

HEAD = """# What the lessons claim

Made by `python -m tools.claims` from the outputs saved in the lessons; do not edit. Each row is a cell that
fails the lesson, and so the test run, when it does not hold.

## With their controls

The mean of the effect lies in its band, the mean of the control does not, and the two lie further apart
than the runs explain. Intervals hold 95 %.

"""
BROKEN = """
## Which claims notice when the course is broken

Made by `python -m tools.sabotage`, which runs each lesson with one thing broken on purpose:
{what}. A claim fails when what it needs is broken, or it says nothing.

"""

def claims_in(nb):
    "The claims stored in the outputs of `nb` (a notebook's JSON), in order, without those named `demo.`"
    found = []
    for cell in nb["cells"]:
        for output in cell.get("outputs", []):
            c = output.get("data", {}).get(MIME)
            if isinstance(c, (str, list)):
                c = json.loads("".join(c))
            if c and not c["id"].startswith("demo."):
                found.append(c)
    return found


def band(c):
    "The band of a claim in words."
    number = "{:" + c["format"] + "}"
    if c["at_most"] is None:
        return "at least " + number.format(c["at_least"])
    if c["at_least"] is None:
        return "at most " + number.format(c["at_most"])
    return f"{number.format(c['at_least'])} to {number.format(c['at_most'])}"


def claims_table(found):
    "The Markdown table of (claim, link)."
    rows = ["| claim | what is claimed | runs | interval | needs to be | control | difference | lesson |",
            "|---|---|---|---|---|---|---|---|"]
    for c, link in found:
        number = "{:" + c["format"] + "}"
        interval = f"{number.format(c['low'])} to {number.format(c['high'])}" if len(c["runs"]) > 1 else ""
        apart = "{0} ({1} to {2})".format(*[number.format(v) for v in c["difference"]])
        filed = f" *(filed by {c['filed']})*" if c["filed"] else ""
        control = f"{c['control_is']}: {number.format(c['control_value'])}"
        rows.append(f"| `{c['id']}` | {c['sentence']}{filed} | {len(c['runs'])} | {interval} | {band(c)} "
                    f"| {control} | {apart} | {link} |")
    return "\n".join(rows) + "\n"


def page():
    "The text of CLAIMS.md; raises ValueError when two claims share an identifier."
    found = [(c, f"[{p.stem}](nbs/{p.name})") for p in lessons() for c in claims_in(read(p))]
    ids = [c["id"] for c, _ in found]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise ValueError(f"claimed twice: {', '.join(twice)}; give each claim an identifier of its own")
    what = "; ".join(words for name, words in sabotage.WHAT.items() if name != "nothing")
    return HEAD + claims_table(found) + BROKEN.format(what=what) + sabotage.table()


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--check", action="store_true", help="write nothing; exit status 1 if CLAIMS.md is stale")
    args = p.parse_args()
    path = TOP / "CLAIMS.md"
    new = page()
    if not args.check:
        write(path, new)
    elif not path.exists() or path.read_text(encoding="utf-8") != new:
        sys.exit("CLAIMS.md is stale: run `python -m tools.claims`")


if __name__ == "__main__":
    main()
