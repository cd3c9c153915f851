"What lesson 02 builds: fingerprints, copies and oddness."
import imagehash
import numpy as np
import pytest
from PIL import Image, ImageOps

from mushroom_lib.copies import near_duplicates, oddness, perceptual_hash
from mushroom_lib.opening import PhotoError, open_photo
from mushroom_lib.planted import planted_duplicates
from mushroom_lib.sources import photos

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
    turned = near_duplicates([*FILES, *copies], mirrored=True)
    assert {*turned["a"], *turned["b"]} == {FILES[0], *whole, mirror} and len(turned) == 10
    assert set(turned[turned["b"] == mirror]["a"]) | set(turned[turned["a"] == mirror]["b"]) == {FILES[0], *whole}


@pytest.mark.parametrize("files", [[], FILES[:1]])
def test_no_pair_in_few_files(files):
    assert len(near_duplicates(files)) == 0


def test_the_odd_one_is_odd():
    assert oddness(np.array([[1., 0], [1, 0], [0, 2]])).argmax() == 2
