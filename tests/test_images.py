"What lesson 01 builds: what a licence allows, and the check of a folder."
import pytest

from mushroom_lib.images import check_photos, may_use
from mushroom_lib.opening import open_photo
from mushroom_lib.planted import broken_files
from mushroom_lib.sources import by_licence, photos, records

FILES = list(photos("lab")["path"].iloc[::90])


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


def test_the_check_of_a_folder(tmp_path):
    broken = list(broken_files(tmp_path, open_photo(FILES[1])))
    files = [*FILES[:4], *broken]
    table = check_photos(files, ["CC0 1.0", "CC BY 4.0", None, "CC BY-NC 4.0", *["CC0 1.0"] * 5])
    assert list(table["file"]) == [str(file) for file in files]
    problems = list(table["problem"])
    assert problems[:4] == ["", "", "not free: no licence is stated", "not free: CC BY-NC 4.0"]
    assert all(p.startswith("does not open: ") and str(tmp_path) not in p for p in problems[4:])
    assert len(check_photos([], [])) == 0


def test_what_a_collection_asks_for_can_be_said():
    licences = ["CC0 1.0", "CC BY-NC 4.0", "CC BY-ND 4.0", None]

    def passed(**asked): return list(check_photos(FILES[:4], licences, **asked)["problem"] == "")
    assert passed() == [True, False, False, False]
    assert passed(sell=False) == [True, True, False, False]
    assert passed(change=False) == [True, False, True, False]
    assert passed(sell=False, change=False) == [True, True, True, False], "no licence is never free"


def test_the_check_wants_a_licence_a_file():
    with pytest.raises(ValueError, match="shorter"): check_photos(FILES[:2], ["CC0 1.0"])
