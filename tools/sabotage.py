"""A mutation test of the claims: breaks the course on purpose and asks which claims notice.

    python -m tools.sabotage [LESSON ...]   run what is missing, for all lessons or those named
    python -m tools.sabotage --table        print the table of the runs that are there

Each lesson is run once as it is ("nothing" broken: every claim must hold) and once for each thing that
one of its claims `needs`. A claim that still holds when what it needs is broken says nothing. Runs are
kept in benchmarks/sabotage.jsonl with a digest of the lesson, so a second call goes on where the first
stopped, and a changed lesson is run anew. A lesson takes about its own running time per break: half a
minute to a minute. Afterwards: `python -m tools.claims`, which puts the table into CLAIMS.md.
"""
import argparse
import hashlib
import json
import os
import tempfile
import time
import zlib
from pathlib import Path

from tools.notebooks import NBS, TOP, lessons, read, source

RUNS = TOP / "benchmarks" / "sabotage.jsonl"
WHAT = {"nothing": "the lesson as it is",
        "labels": "labels shuffled among the photographs",
        "features": "features replaced by noise",
        "groups": "groups shuffled among the photographs",
        "order": "features given to other photographs",
        "pixels": "every opened picture replaced by noise",
        "validation": "the validation photographs copied into training"}


# What runs inside the lesson's kernel, before its first cell.

def _break_labels():
    "The table of photographs comes with its labels shuffled."
    _shuffle_column("label")


def _break_groups():
    "The table of photographs comes with its groups shuffled."
    _shuffle_column("group")


def _shuffle_column(column):
    "Replaces `sources.photos` by one that shuffles a column."
    import numpy as np
    from mushroom_lib import sources
    real = sources.photos

    def photos(*args, **kwargs):
        table = real(*args, **kwargs)
        rng = np.random.default_rng(0)
        return table.assign(**{column: rng.permutation(table[column].to_numpy())})

    sources.photos = photos


def _break_features():
    "Each file's features are noise of its own."
    import numpy as np
    from mushroom_lib import features
    real = features.extract_features

    def extract_features(files, *args, **kwargs):
        found = real(files, *args, **kwargs).copy()
        for row, file in zip(found, files):
            row[...] = np.random.default_rng(zlib.crc32(str(file).encode())).normal(size=row.shape)
        return found

    features.extract_features = extract_features


def _break_order():
    "Each photograph gets the features of the one a third of the table further on."
    import numpy as np
    from mushroom_lib import features
    real = features.extract_features

    def extract_features(files, *args, **kwargs):
        found = real(files, *args, **kwargs)
        return np.roll(found, len(found) // 3, axis=0)

    features.extract_features = extract_features


def _break_pixels():
    "Each time that a picture is opened, it is a new noise."
    import numpy as np
    from PIL import Image
    from mushroom_lib import opening
    rng = np.random.default_rng(0)
    real = opening.open_photo

    def open_photo(*args, **kwargs):
        size = real(*args, **kwargs).size
        return Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))

    opening.open_photo = open_photo


def _with_copies(pair):
    "A split (train, valid) whose training rows hold the validation rows, too."
    import numpy as np
    train, valid = pair
    return np.concatenate([train, valid]), valid


def _break_validation():
    "Every way of splitting rows puts the validation rows into training as well."
    from IPython import get_ipython
    from sklearn import model_selection
    from sklearn.model_selection import BaseCrossValidator, BaseShuffleSplit
    real = model_selection.train_test_split

    def train_test_split(*arrays, **kwargs):
        parts = real(*arrays, **kwargs)
        return _with_copies(parts) if len(arrays) == 1 else parts

    model_selection.train_test_split = train_test_split
    for base in (BaseCrossValidator, BaseShuffleSplit):
        for kind in [base, *_subclasses(base)]:
            if "split" in vars(kind):
                _leaky_splitter(kind)
    wrapped = {id(_leaky_split_groups())}
    shell = get_ipython()

    def wrap():  # what the lesson itself has just defined, or imported
        for name in ("split_groups", "split"):
            function = shell.user_ns.get(name)
            if callable(function) and id(function) not in wrapped:
                leaky = (lambda real: lambda *a, **k: _with_copies(real(*a, **k)))(function)
                wrapped.add(id(leaky))
                shell.user_ns[name] = leaky

    shell.events.register("post_execute", wrap)


def _leaky_split_groups():
    "The library's own modules split in the same way: returns what they will import."
    from mushroom_lib import splits
    real = splits.split_groups

    def split_groups(*args, **kwargs):
        return _with_copies(real(*args, **kwargs))

    splits.split_groups = split_groups
    return split_groups


def _subclasses(kind):
    "All classes below `kind`."
    found = []
    for child in kind.__subclasses__():
        found.extend([child, *_subclasses(child)])
    return found


def _leaky_splitter(kind):
    "Makes the `split` of a scikit-learn splitter leak."
    real = kind.split

    def split(self, *args, **kwargs):
        for pair in real(self, *args, **kwargs):
            yield _with_copies(pair)

    kind.split = split


BREAKS = {"nothing": lambda: None, "labels": _break_labels, "features": _break_features,
          "groups": _break_groups, "order": _break_order, "pixels": _break_pixels,
          "validation": _break_validation}


def start(what, log):
    "Breaks `what` in this kernel; from now on claims are written to the file `log`, not insisted on."
    from mushroom_lib import claims

    def record(id, sentence, values, **kwargs):
        try:
            c = claims.make_claim(id, sentence, values, **kwargs)
            row = dict(id=id, holds=c["holds"], needs=c["needs"], text=claims.claim_text(c))
        except ValueError as problem:  # numbers that are none: the claim noticed
            row = dict(id=id, holds=False, needs=list(kwargs.get("needs", ())), text=str(problem))
        with open(log, "a", encoding="utf-8") as f:
            f.write(json.dumps(row) + "\n")

    claims.claim = record
    BREAKS[what]()


# What runs the lessons.

def digest(path):
    "Eight hexadecimal digits of a lesson's code: a lesson whose code changed is run anew."
    said = "\n".join(source(cell) for cell in read(path)["cells"] if cell["cell_type"] == "code")
    return hashlib.sha256(said.encode()).hexdigest()[:8]


def sabotage(path, what):
    "Runs a lesson with `what` broken: a list of claims as dictionaries, and the seconds it took."
    import nbformat
    from nbclient import NotebookClient
    nb = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "claims.jsonl"
        log.touch()
        first = f"from tools.sabotage import start; start({what!r}, {str(log)!r})"
        nb.cells.insert(0, nbformat.v4.new_code_cell(first))
        env = {**os.environ, "PYTHONPATH": str(TOP), "MUSHROOMS_CACHE": str(Path(folder) / "cache")}
        began = time.monotonic()
        client = NotebookClient(nb, timeout=900, kernel_name="python3", allow_errors=True,
                                resources={"metadata": {"path": str(NBS)}})
        client.execute(env=env)
        found = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return found, time.monotonic() - began


def rows():
    "The runs that are filed, as a list of dictionaries."
    if not RUNS.exists():
        return []
    return [json.loads(line) for line in RUNS.read_text(encoding="utf-8").splitlines()]


def run(path, what):
    "Runs a lesson unless this run is filed; files it. Returns its claims."
    for row in rows():
        if (row["lesson"], row["broken"], row["digest"]) == (path.stem, what, digest(path)):
            return row["claims"]
    found, seconds = sabotage(path, what)
    row = dict(lesson=path.stem, broken=what, digest=digest(path), seconds=round(seconds), claims=found)
    with open(RUNS, "a", encoding="utf-8") as f:
        f.write(json.dumps(row) + "\n")
    print(f"{path.stem}, {what} broken: {seconds:.0f} s, {len(found)} claims reached", flush=True)
    return found


def run_lesson(path):
    "Runs a lesson as it is, then with everything broken that its claims need."
    intact = run(path, "nothing")
    for what in sorted({need for c in intact for need in c["needs"]}):
        run(path, what)


def outcomes():
    "A list of dictionaries (lesson, id, needs, and for each broken thing: holds, fails or not reached)."
    filed = {(r["lesson"], r["broken"]): r for r in rows()}  # the last of each wins
    out = []
    for (lesson, broken), row in filed.items():
        if broken != "nothing":
            continue
        for c in row["claims"]:
            result = dict(lesson=lesson, id=c["id"], needs=c["needs"],
                          nothing="holds" if c["holds"] else "FAILS")
            for need in c["needs"]:
                other = filed.get((lesson, need))
                if other is None or other["digest"] != row["digest"]:
                    result[need] = "not run"
                    continue
                same = [k for k in other["claims"] if k["id"] == c["id"]]
                result[need] = "not reached"
                if same:
                    result[need] = "STILL HOLDS" if same[0]["holds"] else "fails"
            out.append(result)
    return out


def table():
    "The Markdown table of what was broken and which claims noticed, and a line that sums it up."
    found = outcomes()
    lines = ["| claim | lesson | what it needs, broken | with nothing broken |", "|---|---|---|---|"]
    noticed = pairs = 0
    for r in sorted(found, key=lambda r: (r["lesson"], r["id"])):
        results = [f"{need}: {r[need]}" for need in r["needs"]]
        noticed += sum(r[need] in ("fails", "not reached") for need in r["needs"])
        pairs += len(r["needs"])
        lines.append(f"| `{r['id']}` | {r['lesson']} | {', '.join(results)} | {r['nothing']} |")
    lines.append("")
    lines.append(f"{noticed} of {pairs} pairs of a claim and a thing that it needs were noticed.")
    return "\n".join(lines) + "\n"


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("lesson", nargs="*", type=Path, help="default: all")
    p.add_argument("--table", action="store_true", help="only print the table")
    args = p.parse_args()
    if not args.table:
        for path in args.lesson or lessons():
            run_lesson(path)
    print(table())


if __name__ == "__main__":
    main()
