"""Runs notebooks cell by cell, each in a process of its own, where nothing but the course is installed: no nbdev, no Jupyter.

    python runner.py NOTEBOOK ...    prints what the cells print; exit status 1 when a notebook fails
"""
import json
import os
import subprocess
import sys
from pathlib import Path


def run_cells(path):
    "Runs the code cells of the notebook at `path` in its folder, but for those that nbdev-test skips too."
    from IPython.core.interactiveshell import InteractiveShell
    shell = InteractiveShell.instance()
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    os.chdir(path.parent)
    for cell in cells:
        source = "".join(cell["source"])
        skipped = "#| eval: false" in source or "#| notest" in source
        if cell["cell_type"] == "code" and not skipped:
            shell.run_cell(source).raise_error()


def main():
    if sys.argv[1] == "--one":
        run_cells(Path(sys.argv[2]).resolve())
        return
    failed = []
    for name in sys.argv[1:]:
        print(f"+ {name}", flush=True)
        if subprocess.run([sys.executable, __file__, "--one", name]).returncode:
            failed.append(name)
    print(f"{len(sys.argv) - 1 - len(failed)} passed, {len(failed)} failed", *failed)
    sys.exit(1 if failed else 0)


if __name__ == "__main__": main()
