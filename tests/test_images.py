"What lesson 01 builds: licences, fingerprints, copies, oddness, and the check at the door."
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageOps

from mushroom_lib.images import check_photos, may_use, near_duplicates, oddness, perceptual_hash
from mushroom_lib.opening import PhotoError, open_photo
from mushroom_lib.planted import broken_files, planted_duplicates
from mushroom_lib.sources import by_licence, photos, records

FILES = list(photos("lab")["path"].iloc[::90])


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_hash_is_that_of_imagehash(mirrored):
    for file in FILES:
        photo = open_photo(file, size=64)
        photo = ImageOps.mirror(photo) if mirrored else photo
        assert (perceptual_hash(file, mirrored) == imagehash.phash(photo).hash.ravel()).all()


@pytest.mark.parametrize("colour", ["white", "black", (13, 90, 201)])
def test_the_hash_of_a_flat_picture(tmp_path, colour):
    for size in ((64, 64), (5, 300), (1, 1)):
        flat = Image.new("RGB", size, colour)
        flat.save(tmp_path / "flat.png")
        hashed = perceptual_hash(tmp_path / "flat.png")
        assert hashed.shape == (64,) and (hashed == imagehash.phash(flat).hash.ravel()).all()


def test_a_file_that_is_no_picture_is_named(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"<html>")
    with pytest.raises(PhotoError, match="a.jpg: this is a web page"): perceptual_hash(tmp_path / "a.jpg")


def test_copies_are_found_closest_first(tmp_path):
    copies = {str(c): how for c, (_, how) in planted_duplicates([FILES[0]] * 5, tmp_path).items()}
    whole = [c for c, how in copies.items() if how not in ("cropped", "mirrored")]
    pairs = near_duplicates([*FILES, *copies])
    assert {*pairs["a"], *pairs["b"]} == {FILES[0], *whole} and len(pairs) == 6
    assert pairs["differ"].is_monotonic_increasing and pairs["differ"].max() <= 8
    assert list(pairs.columns) == ["a", "b", "differ"]
    mirror = next(c for c, how in copies.items() if how == "mirrored")
    assert (perceptual_hash(mirror, mirrored=True) != perceptual_hash(FILES[0])).sum() <= 8
    assert (perceptual_hash(mirror) != perceptual_hash(FILES[0])).sum() > 16


@pytest.mark.parametrize("files", [[], FILES[:1]])
def test_no_pair_in_few_files(files):
    assert len(near_duplicates(files)) == 0


def test_the_odd_one_is_odd():
    assert oddness(np.array([[1., 0], [1, 0], [0, 2]])).argmax() == 2


@pytest.mark.parametrize("licence, plain, sell, change, nameless", [
    ("CC0 1.0", 1, 1, 1, 1), ("Public domain", 1, 1, 1, 1), ("CC BY 4.0", 1, 1, 1, 0), ("CC BY-SA 3.0 nl", 1, 1, 1, 0),
    ("CC BY-NC 4.0", 1, 0, 1, 0), ("CC BY-ND 2.0", 1, 1, 0, 0), ("CC BY-NC-SA 4.0", 1, 0, 1, 0), ("CC BY-NC-ND 4.0", 1, 0, 0, 0),
    ("CC BY on request", 0, 0, 0, 0), ("all rights reserved", 0, 0, 0, 0), ("", 0, 0, 0, 0), (None, 0, 0, 0, 0), (float("nan"), 0, 0, 0, 0)])
def test_what_a_licence_allows(licence, plain, sell, change, nameless):
    assert may_use(licence) == plain
    assert may_use(licence, sell=True) == sell
    assert may_use(licence, change=True) == change
    assert may_use(licence, nameless=True) == nameless
    assert may_use(licence, sell=True, change=True) == bool(by_licence([dict(licence=licence)])), "the rule of the library"


def test_the_course_holds_only_what_may_be_sold_and_changed():
    assert all(may_use(r["licence"], sell=True, change=True) for r in records())


def test_the_check_at_the_door(tmp_path):
    broken = list(broken_files(tmp_path, open_photo(FILES[1])))
    copy = next(iter(planted_duplicates([FILES[2]], tmp_path / "copies")))
    files = [FILES[0], FILES[1], FILES[2], *broken, copy]
    table = check_photos(files, ["CC0 1.0", "CC BY 4.0", None, *["CC0 1.0"] * 6])
    assert list(table["file"]) == [str(file) for file in files]
    problems = list(table["problem"])
    assert problems[:3] == ["", "", "not free: no licence is stated"]
    assert all(p.startswith("does not open: ") and str(tmp_path) not in p for p in problems[3:8])
    assert problems[8] == f"copy: of {Path(FILES[2]).name}", "a copy of a closed picture stays closed"
    assert len(check_photos([], [])) == 0


def test_the_check_wants_a_licence_a_file():
    with pytest.raises(ValueError, match="shorter"): check_photos(FILES[:2], ["CC0 1.0"])
