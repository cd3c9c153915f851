"""Installs the course from settings.ini; the wheel carries the lessons, the rendered photos and SOURCES.json as package data."""
import shutil
from configparser import ConfigParser
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
CFG = ConfigParser(delimiters=["="])
CFG.read(HERE / "settings.ini", encoding="utf-8")
CFG = CFG["DEFAULT"]
MADE = ["lab", "lookalikes", "confound", "nearduplicates", "drift"]  # the rendered photos, each set with its masks
DATA = ["SOURCES.json", "SOURCES.schema.json", *(f"m_mushrooms/{name}/**/*.{kind}" for name in MADE for kind in ("jpg", "png")),
        "m_mushrooms/api_examples/*.json", "nbs/[0-9]*.ipynb", "benchmarks/training.jsonl"]


def lines(key):
    "The lines of the multi-line setting `key`."
    return CFG[key].split()


class BuildWithPhotos(build_py):
    "Copies the course's data into mushroom_lib/_data of a wheel; an editable install reads it from the checkout."

    def data_files_(self):
        "Pairs of a file of the checkout and its place in the build."
        to = Path(self.build_lib) / CFG["lib_name"] / "_data"
        files = sorted(p for pattern in DATA for p in HERE.glob(pattern) if p.is_file())
        return [(p, to / p.relative_to(HERE)) for p in files]

    def run(self):
        super().run()
        if self.editable_mode: return
        for src, dst in self.data_files_():
            dst.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(src, dst)

    def get_outputs(self, include_bytecode=1):
        return super().get_outputs(include_bytecode) + ([] if self.editable_mode else [str(d) for _, d in self.data_files_()])


setup(
    name=CFG["title"],
    version=CFG["version"],
    description=CFG["description"],
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author=CFG["author"],
    license=f"{CFG['license']} AND CC-BY-4.0 AND CC0-1.0",
    keywords=CFG["keywords"].split(),
    classifiers=["Intended Audience :: Education", "Programming Language :: Python :: 3",
                 "Topic :: Scientific/Engineering :: Image Recognition"],
    python_requires=f">={CFG['min_python']}",
    packages=[CFG["lib_name"]],
    install_requires=lines("requirements"),
    extras_require={"dev": lines("dev_requirements"), "collect": lines("collect_requirements")},
    entry_points={"console_scripts": lines("console_scripts"),
                  "nbdev": [f"{CFG['lib_name']}={CFG['lib_name']}._modidx:d"]},
    cmdclass={"build_py": BuildWithPhotos},
)
