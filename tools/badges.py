"""Carries settings.ini into the Colab badges, the set-up cells, the README's lesson table and pyproject.toml.

    python -m tools.badges            write what differs
    python -m tools.badges --check    write nothing; name what differs, exit status 1
"""
import argparse
import re
import sys

from tools.notebooks import TOP, lessons, lines, notebooks, read, settings, source, text, write

BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
BADGE_LINE = re.compile(r"^(BADGE|\[!\[Open in Colab\]\(.*\)\]\(.*\))$", re.M)
SETUP_START = ("# SETUP", "import importlib.util, os, subprocess, sys")


def home():
    "The address of the repository."
    s = settings()
    return f"https://github.com/{s['user']}/{s['repo']}"


def badge(name):
    "The Markdown of the badge that opens `nbs/name` in Colab."
    s = settings()
    return f"[![Open in Colab]({BADGE})](https://colab.research.google.com/github/{s['user']}/{s['repo']}/blob/{s['branch']}/nbs/{name})"


def setup_cell():
    "The first code cell of every lesson: installs the course where it is missing, as on Colab."
    s = settings()
    return "\n".join([
        "import importlib.util, os, subprocess, sys",
        'if importlib.util.find_spec("mushroom_lib") is None:  # on Colab: install the course, its photos included',
        f'    course = os.environ.get("MUSHROOM_LIB", "{s["title"]} @ git+{home()}@{s["branch"]}")',
        '    subprocess.run([sys.executable, "-m", "pip", "install", "-q", course], check=True)',
        f"from {s['lib_name']}.style import use_style",
        "use_style()"])


def lesson_text(path):
    "The lesson at `path` as it should be stored."
    nb = read(path)
    for cell in nb["cells"]:
        s = source(cell)
        if cell["cell_type"] == "markdown": s = BADGE_LINE.sub(lambda m: badge(path.name), s)
        elif s.startswith(SETUP_START): s = setup_cell()
        cell["source"] = lines(s)
    return text(nb)


def card(path):
    "Number and title of a lesson, and its question, read from its first cell."
    first = source(read(path)["cells"][0]).splitlines()
    return first[0].lstrip("# "), next(l.strip("*") for l in first[1:] if l.startswith("**"))


def lesson_table():
    "The README's table of lessons."
    rows = [f"| [{title}](nbs/{p.name}) | {question} | {badge(p.name)} |" for p in lessons() for title, question in [card(p)]]
    return "\n".join(["| lesson | the question it answers | |", "|---|---|---|", *rows])


def between(s, name, new):
    "The text `s` with what stands between the comments `name` and `/name` replaced."
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)", re.S)
    if not pattern.search(s): raise ValueError(f"README.md has no place marked <!-- {name} --> ... <!-- /{name} -->")
    return pattern.sub(lambda m: m[1] + new + m[2], s)


def readme_text():
    "README.md as it should be stored."
    s = (TOP / "README.md").read_text(encoding="utf-8")
    s = between(s, "lessons", lesson_table())
    return re.sub(r"git clone \S+", f"git clone {home()}", s)


def pyproject_text():
    "pyproject.toml with name, Python version, branch and address as in settings.ini."
    s, cfg = (TOP / "pyproject.toml").read_text(encoding="utf-8"), settings()
    for key, value in [("name", cfg["title"]), ("requires-python", f">={cfg['min_python']}"), ("branch", cfg["branch"]),
                       ("Repository", home()), ("lib_path", cfg["lib_name"])]:
        s = re.sub(rf'^{key} = "[^"]*"', f'{key} = "{value}"', s, flags=re.M)
    return s


def init_text():
    "The package's `__init__.py` with the version of settings.ini."
    path = TOP / settings()["lib_name"] / "__init__.py"
    return re.sub(r'__version__ = "[^"]*"', f'__version__ = "{settings()["version"]}"', path.read_text(encoding="utf-8"))


def wanted():
    "Pairs of a path and the text it should hold."
    return [*((p, lesson_text(p)) for p in notebooks()), (TOP / "README.md", readme_text()), (TOP / "pyproject.toml", pyproject_text()),
            (TOP / settings()["lib_name"] / "__init__.py", init_text())]


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--check", action="store_true", help="write nothing; exit status 1 if something differs")
    check = p.parse_args().check
    stale = [(path, new) for path, new in wanted() if path.read_text(encoding="utf-8") != new]
    for path, new in stale:
        print(f"{path.relative_to(TOP)}: {'differs from settings.ini' if check else 'written'}")
        if not check: write(path, new)
    sys.exit(1 if check and stale else 0)


if __name__ == "__main__": main()
