"""Carries settings.ini into the Colab badges, the set-up cells, the README's lesson table and pyproject.toml.

    python -m tools.badges            write what differs
    python -m tools.badges --stay     the same, but leave owner and repository as they are
    python -m tools.badges --check    write nothing; name what differs from settings.ini, exit status 1

Owner and repository come from git's remote `origin` where that is on GitHub: they are written into settings.ini first. So one
command makes the links of a fork point to the fork. Whoever sends a change back to the course says `--stay`.
"""
import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

from tools.notebooks import NBS, TOP, exercises, lessons, lines, notebooks, read, settings, source, text, write

BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
BADGE_LINE = re.compile(r"^(BADGE|\[!\[Open in Colab\]\(.*\)\]\(.*\))$", re.M)
EXERCISE_LINE = re.compile(r"^\*\*Exercises:\*\*.*$", re.M)
WORDS_LINE = re.compile(r"^\*\*Words:\*\*.*$", re.M)
SETUP_START = ("# SETUP", "import importlib.util, os, subprocess, sys")
GITHUB = re.compile(
    r"(?:(?:https?|ssh|git)://(?:[^/@]+@)?(?:www\.|ssh\.)?github\.com(?::\d+)?/|(?:[^/@:]+@)?github\.com:/?)"
    r"(?P<user>[A-Za-z0-9-]+)/(?P<repo>[\w.-]+?)(?:\.git)?/?", re.I)

NO_HOME = """The course has no public home yet: the address above and the badges below come alive when it has one. Whoever puts it on GitHub
runs `python -m tools.badges` there once, and every link points to that place. On the package index we have published nothing: what may
stand there under our name is not ours."""


def owner_and_repository(address):
    "The two names in the address of a GitHub repository, as git keeps it; None for another address."
    found = GITHUB.fullmatch(address.strip())
    if found is None:
        return None
    return found["user"], found["repo"]


def git(*args, folder):
    "What git prints, or None where there is no git, no repository or no answer."
    try:
        r = subprocess.run(["git", *args], cwd=folder, capture_output=True, text=True)
    except OSError:
        return None
    return r.stdout.strip() if r.returncode == 0 else None


def origin(folder):
    "Owner and repository of the checkout `folder` by its remote `origin`; None where that says nothing of GitHub."
    top = git("rev-parse", "--show-toplevel", folder=folder)
    if top is None or Path(top).resolve() != Path(folder).resolve():
        return None  # no checkout of its own: unpacked from an archive, perhaps inside another repository
    address = git("remote", "get-url", "origin", folder=folder)
    return owner_and_repository(address) if address else None


def settings_text(user, repo):
    "settings.ini with this owner and repository."
    s = (TOP / "settings.ini").read_text(encoding="utf-8")
    s = re.sub(r"^user *=.*$", f"user = {user}", s, flags=re.M)
    return re.sub(r"^repo *=.*$", f"repo = {repo}", s, flags=re.M)


def home():
    "The address of the repository."
    s = settings()
    return f"https://github.com/{s['user']}/{s['repo']}"


def badge(path):
    "The Markdown of the badge that opens the notebook at `path` in Colab; for a solution, its exercise."
    s = settings()
    place = path.relative_to(NBS).as_posix().replace("solutions/", "exercises/")
    return f"[![Open in Colab]({BADGE})](https://colab.research.google.com/github/{s['user']}/{s['repo']}/blob/{s['branch']}/nbs/{place})"


def setup_cell():
    "The first code cell of every lesson: installs the course where it is missing, as on Colab."
    s = settings()
    return "\n".join([
        "import importlib.util, os, subprocess, sys",
        f'if importlib.util.find_spec("{s["lib_name"]}") is None:  # on Colab: install the course',
        f'    home = "{home()}"',
        f'    course = os.environ.get("MUSHROOM_LIB", f"{s["title"]} @ git+{{home}}@{s["branch"]}")',
        '    subprocess.run([sys.executable, "-m", "pip", "install", "-q", course], check=True)',
        f"from {s['lib_name']}.style import use_style",
        "use_style()",
    ])


def exercise_line(path):
    "The line of a lesson that leads to its exercises, or None where there are none yet."
    if path.parent != NBS or not (NBS / "solutions" / path.name).exists():
        return None
    exercise = NBS / "exercises" / path.name
    return f"**Exercises:** [{card(path)[0]}, the exercises](exercises/{path.name}) {badge(exercise)}"


def lesson_text(path, content=None):
    "The notebook at `path` as it should be stored; `content` is what stands there now, if it is not in the file."
    nb = json.loads(content) if content else read(path)
    leads_to = exercise_line(path)
    missing = leads_to and not any(EXERCISE_LINE.search(source(cell)) for cell in nb["cells"])
    for cell in nb["cells"]:
        s = source(cell)
        if cell["cell_type"] == "markdown":
            if missing:
                s = WORDS_LINE.sub(lambda m: f"{m[0]}\n\n{leads_to}", s)
            if leads_to:
                s = EXERCISE_LINE.sub(lambda m: leads_to, s)
            s = BADGE_LINE.sub(lambda m: badge(path), s)
        elif s.startswith(SETUP_START): s = setup_cell()
        cell["source"] = lines(s)
    return text(nb)


def card(path):
    "Number and title of a lesson, and its question, read from its first cell."
    first = source(read(path)["cells"][0]).splitlines()
    return first[0].lstrip("# "), next(l.strip("*") for l in first[1:] if l.startswith("**"))


def lesson_table():
    "The README's table of lessons."
    made = {p.name: badge(p) for p in exercises()}
    rows = []
    for p in lessons():
        title, question = card(p)
        rows.append(f"| [{title}](nbs/{p.name}) | {question} | {badge(p)} | {made.get(p.name, '')} |")
    return "\n".join(["| lesson | the question it answers | lesson | exercises |", "|---|---|---|---|", *rows])


def museum_table():
    "The README's table of the museum's pieces."
    rows = []
    for p in exercises():
        if p.name.startswith("museum_"):
            title, question = card(p)
            rows.append(f"| [{title.removeprefix('Museum: ')}](nbs/exercises/{p.name}) | {question} | {badge(p)} |")
    return "\n".join(["| piece | it says | open it |", "|---|---|---|", *rows])


def between(s, name, new):
    "The text `s` with what stands between the comments `name` and `/name` replaced."
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.S)
    if not pattern.search(s): raise ValueError(f"README.md has no place marked <!-- {name} --> ... <!-- /{name} -->")
    return pattern.sub(lambda m: m[1] + (new + "\n" if new else "") + m[2], s)


def readme_text():
    "README.md as it should be stored."
    s = (TOP / "README.md").read_text(encoding="utf-8")
    s = between(s, "lessons", lesson_table())
    s = between(s, "museum", museum_table())
    s = between(s, "home", NO_HOME if settings()["user"].startswith("_") else "")
    return re.sub(r"git clone \S+\ncd \S+", f"git clone {home()}\ncd {settings()['repo']}", s)


def pyproject_text():
    "pyproject.toml with name, Python version, licence, branch and addresses as in settings.ini."
    s = (TOP / "pyproject.toml").read_text(encoding="utf-8")
    cfg = settings()
    for key, value in {
        "name": cfg["title"],
        "requires-python": f">={cfg['min_python']}",
        "license": cfg["license"],
        "Repository": home(),
        "Issues": f"{home()}/issues",
        "lib_path": cfg["lib_name"],
        "branch": cfg["branch"],
    }.items():
        s = re.sub(rf'^{key} = "[^"]*"', f'{key} = "{value}"', s, flags=re.M)
    return s


def init_text():
    "The package's `__init__.py` with the version of settings.ini."
    path = TOP / settings()["lib_name"] / "__init__.py"
    return re.sub(r'__version__ = "[^"]*"', f'__version__ = "{settings()["version"]}"', path.read_text(encoding="utf-8"))


def index_text():
    "nbdev's index of the package with the address and the branch that the next `nbdev-export` would write."
    s = (TOP / settings()["lib_name"] / "_modidx.py").read_text(encoding="utf-8")
    for key, value in {"git_url": home(), "branch": settings()["branch"]}.items():
        s = re.sub(rf"'{key}': '[^']*'", f"'{key}': '{value}'", s, count=1)
    return s


def wanted():
    "Pairs of a path and the text it should hold."
    package = TOP / settings()["lib_name"]
    return [
        *((p, lesson_text(p)) for p in notebooks() + exercises()),
        (TOP / "README.md", readme_text()),
        (TOP / "pyproject.toml", pyproject_text()),
        (package / "__init__.py", init_text()),
        (package / "_modidx.py", index_text()),
    ]


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--check", action="store_true", help="write nothing; exit status 1 if something differs from settings.ini")
    p.add_argument("--stay", action="store_true", help="leave owner and repository as they stand in settings.ini")
    args = p.parse_args()
    found = None if args.check or args.stay else origin(TOP)
    if found and found != (settings()["user"], settings()["repo"]):
        write(TOP / "settings.ini", settings_text(*found))
        print(f"settings.ini: the course is now at {home()}, as the remote `origin` says")
    stale = [(path, new) for path, new in wanted() if path.read_text(encoding="utf-8") != new]
    for path, new in stale:
        print(f"{path.relative_to(TOP)}: {'differs from settings.ini' if args.check else 'written'}")
        if not args.check:
            write(path, new)
    sys.exit(1 if args.check and stale else 0)


if __name__ == "__main__": main()
