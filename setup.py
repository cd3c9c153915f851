"""Installs the course from settings.ini; the wheel carries the lessons, the rendered photos and SOURCES.json as package data."""
import shutil
import sys
from configparser import ConfigParser
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
CFG = ConfigParser(delimiters=["="])
CFG.read(HERE / "settings.ini", encoding="utf-8")
CFG = CFG["DEFAULT"]
MADE = ["lab", "lookalikes", "confound", "nearduplicates", "drift"]  # the rendered photos, each set with its masks
DATA = [
    "SOURCES.json",
    "SOURCES.schema.json",
    *(f"m_mushrooms/{name}/**/*.{kind}" for name in MADE for kind in ("jpg", "png")),
    "m_mushrooms/api_examples/*.json",
    "nbs/[0-9]*.ipynb",
    "nbs/exercises/*.ipynb",
    "nbs/solutions/*.ipynb",
    "benchmarks/training.jsonl",
    "benchmarks/field.json",
]
NBDEV_ALIAS = HERE / "tools" / "nbdev_alias"


def lines(key):
    "The lines of the multi-line setting `key`."
    return CFG[key].split()


def dev_requirements():
    """What the extra `dev` asks for: in a checkout also the command `nbdev_test`, from its folder.

    A wheel or sdist that is given away must not name a folder of this machine; neither has tools/.
    """
    needed = lines("dev_requirements")
    given_away = "sdist" in sys.argv or "bdist_wheel" in sys.argv
    if NBDEV_ALIAS.is_dir() and not given_away:
        needed.append(f"mushroom-lib-nbdev-alias @ {NBDEV_ALIAS.as_uri()}")
    return needed


def classifiers():
    "The package index's headings, one for each version of Python that is tested or lies between two that are."
    first, last = (int(CFG[key].split(".")[1]) for key in ("min_python", "max_python"))
    return [
        "Intended Audience :: Education",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(first, last + 1)),
        "Topic :: Scientific/Engineering :: Image Recognition",
    ]


class BuildWithPhotos(build_py):
    "Copies the course's data into mushroom_lib/_data of a wheel; an editable install reads it from the checkout."

    def data_files_(self):
        "Pairs of a file of the checkout and its place in the build."
        to = Path(self.build_lib) / CFG["lib_name"] / "_data"
        files = sorted(p for pattern in DATA for p in HERE.glob(pattern) if p.is_file())
        return [(p, to / p.relative_to(HERE)) for p in files]

    def run(self):
        super().run()
        if self.editable_mode:
            return
        for src, dst in self.data_files_():
            dst.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(src, dst)

    def get_outputs(self, include_bytecode=1):
        outputs = super().get_outputs(include_bytecode)
        if not self.editable_mode:
            outputs += [str(dst) for _, dst in self.data_files_()]
        return outputs


setup(
    name=CFG["title"],
    version=CFG["version"],
    description=CFG["description"],
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author=CFG["author"],
    keywords=CFG["keywords"].split(),
    classifiers=classifiers(),
    python_requires=f">={CFG['min_python']}",
    packages=[CFG["lib_name"], f"{CFG['lib_name']}.exercises"],
    install_requires=lines("requirements"),
    extras_require={"dev": dev_requirements()},
    entry_points={
        "console_scripts": lines("console_scripts"),
        "nbdev": [f"{CFG['lib_name']}={CFG['lib_name']}._modidx:d"],
    },
    cmdclass={"build_py": BuildWithPhotos},
)
