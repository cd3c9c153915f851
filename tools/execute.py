"""Runs notebooks, stores their outputs and cleans away what only this run on this machine would show.

    python -m tools.execute [NOTEBOOK ...]    all notebooks when none is named

Each runs in a kernel of its own with an empty feature cache. Afterwards: `python -m tools.claims`.
"""
import argparse
import os
import re
import tempfile
import time
from pathlib import Path

from tools.notebooks import NBS, TOP, lines, notebooks, source, text, write

KEEP = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}, "language_info": {"name": "python"}}
KEPT_METADATA = {"cellView", "jupyter", "tags"}  # what folds a cell in Colab, JupyterLab and on a page
WIDGET = "application/vnd.jupyter.widget-view+json"


def run(path, cache):
    "The notebook at `path` as a dictionary, with fresh outputs."
    import nbformat
    from nbclient import NotebookClient
    nb = nbformat.read(path, as_version=4)
    os.environ["MUSHROOMS_CACHE"] = str(cache)
    NotebookClient(nb, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(NBS)}}).execute()
    return nb


def plain(value):
    "An output's text without this machine's folders."
    if isinstance(value, list): return [plain(v) for v in value]
    if not isinstance(value, str): return value
    value = value.replace(str(TOP), "...").replace(str(Path.home()), "~")
    return re.sub(r"(/tmp|/var/folders|[A-Z]:\\\\?Users)[\w./\\~-]*?(tmp\w+|$)", "...", value)


def clean_output(out):
    "The output as it is stored, or None for one that is dropped: progress bars, warnings, empty tables."
    if out.get("output_type") == "stream":
        return None if out["name"] == "stderr" else {**out, "text": lines(plain(out["text"]))}
    data = out.get("data", {})
    html = "".join(data.get("text/html", "-"))
    if "<progress" in html or re.fullmatch(r"\s*(<style>[^<]*</style>|<div></div>)?\s*", html): return None
    if WIDGET in data:  # its picture stays, if it brings one (`mushroom_lib.widgets.pictured`)
        data = {**{k: v for k, v in data.items() if k.startswith("image/")}, "text/plain": "(a widget: run the cell to use it)"}
    if not any("".join(v) if isinstance(v, (str, list)) else v for v in data.values()): return None
    pictures = {k: v for k, v in data.items() if k.startswith("image/")}
    kept = {k: (v if k in pictures else plain(v)) for k, v in data.items()}
    return {**out, "data": kept, "metadata": {}, **({"execution_count": None} if "execution_count" in out else {})}


def clean(nb):
    "The notebook without counters, timings, widget states and noise in its outputs."
    for cell in nb["cells"]:
        cell["metadata"] = {k: v for k, v in cell["metadata"].items() if k in KEPT_METADATA}
        cell["source"] = lines(source(cell))
        if cell["cell_type"] != "code": continue
        cell["execution_count"] = None
        cell["outputs"] = [o for o in map(clean_output, cell["outputs"]) if o]
    nb["metadata"] = KEEP
    return nb


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("notebook", nargs="*", type=Path, help="default: all")
    for path in p.parse_args().notebook or notebooks():
        with tempfile.TemporaryDirectory() as cache:
            start = time.time()
            write(path, text(clean(run(path, cache))))
        print(f"{path.name}: {time.time() - start:.0f} s, {path.stat().st_size // 1000} kB", flush=True)


if __name__ == "__main__": main()
