"The course's notebooks as dictionaries, and settings.ini."
import json
import os
from configparser import ConfigParser
from pathlib import Path

TOP = Path(__file__).parent.parent
NBS = TOP / "nbs"


def settings():
    "The settings of settings.ini as a mapping from name to text."
    cfg = ConfigParser(delimiters=["="])
    cfg.read(TOP / "settings.ini", encoding="utf-8")
    return cfg["DEFAULT"]


def lessons():
    "The paths of the lessons, in order."
    return sorted(NBS.glob("[0-9]*.ipynb"))


def numbered_and_museum(folder):
    "The paths of the notebooks in a folder: by lesson, then the museum's pieces."
    return sorted(folder.glob("[0-9]*.ipynb")) + sorted(folder.glob("museum_*.ipynb"))


def solutions():
    "The paths of the notebooks that hold tasks, solutions and checks, in order."
    return numbered_and_museum(NBS / "solutions")


def exercises():
    "The paths of the notebooks that a student opens for the exercises, in order."
    return numbered_and_museum(NBS / "exercises")


def subject(path):
    "The name that a notebook's exercises have: splits for 07_splits, museum_soil for museum_soil."
    return path.stem.lstrip("0123456789").lstrip("_")


def notebooks():
    "The paths of the notebooks that are written by hand and run as tests, lessons first."
    return lessons() + sorted(NBS.glob("lib_*.ipynb")) + solutions()


def read(path):
    "The notebook at `path` as a dictionary."
    return json.loads(Path(path).read_text(encoding="utf-8"))


def text(nb):
    "The notebook as it is stored: one space of indentation, as nbdev writes it."
    return json.dumps(nb, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def write(path, content):
    "Replaces the file at `path` at once with a text."
    part = Path(path).with_suffix(".part")
    part.write_text(content, encoding="utf-8")
    os.replace(part, path)


def source(cell):
    "The source of a cell as one text."
    return "".join(cell["source"])


def lines(s):
    "A text as a notebook stores it: a list of lines with their ends."
    return s.splitlines(keepends=True)
