"The matrix of buttons and its plain twin show the same photographs, for every cell, and refuse what does not fit."
import io

import numpy as np
import pytest
from PIL import Image

from mushroom_lib.confusions import confusion_browser, confusion_photos, show_confusion
from mushroom_lib.sources import photos


@pytest.fixture(scope="module")
def answered():
    "A few photographs of three labels, what was said, and how surely."
    lab = photos("lab")
    lab = lab[lab["label"].isin(["amanita", "bolete", "morel"])].iloc[::9].reset_index(drop=True)
    rng = np.random.default_rng(0)
    return lab, np.where(rng.random(len(lab)) < .7, lab["label"], rng.permutation(lab["label"])), rng.random(len(lab))


def buttons_of(box):
    "From a cell's tooltip to its button."
    found = {}
    for line in box.children[1:-2]:
        for button in line.children[1:]:
            found[button.tooltip] = button
    return found


def test_every_cell_opens_its_photographs(answered):
    lab, said, sure = answered
    box = confusion_browser(lab, said, sure)
    total = 0
    for tooltip, button in buttons_of(box).items():
        truth, answer = tooltip.split(", said ")
        rows = confusion_photos(lab, said, truth, answer, sure)
        assert button.description == (str(len(rows)) if len(rows) else "") and button.disabled == (len(rows) == 0)
        assert rows["sure"].is_monotonic_decreasing
        total += len(rows)
        if len(rows):
            button.click()
            assert f"{truth}, called {answer}: {len(rows)} photo" in box.children[-2].value
            shown = show_confusion(lab, said, truth, answer, confidence=sure).picture
            assert Image.open(io.BytesIO(box.children[-1].value)).size == shown.size
    assert total == len(lab)


def test_it_opens_with_the_most_frequent_mistake_or_what_is_right(answered):
    lab, _, _ = answered
    said = lab["label"].to_numpy().copy()
    assert "amanita, called amanita" in confusion_browser(lab, said).children[-2].value
    said[np.flatnonzero(said == "bolete")[:2]] = "morel"
    assert "bolete, called morel: 2 photographs" in confusion_browser(lab, said).children[-2].value


def test_wrong_ones_are_framed_and_labels_are_no_html(answered):
    lab, said, sure = answered
    odd = lab.assign(label=lab["label"].replace("bolete", "<b>&"))
    text = repr(show_confusion(odd, said, "<b>&", "bolete", confidence=sure))
    assert "wrong" in text and "said bolete" in text
    box = confusion_browser(odd, said, sure)
    assert "&lt;b&gt;&amp;" in box.children[-2].value or "<b>&" not in box.children[-2].value


def test_picture_of_itself(answered):
    lab, said, sure = answered
    draw = confusion_browser(lab, said, sure)._ipython_display_.args[1]
    assert draw(None).width > 300


@pytest.mark.parametrize("call, said", [
    (lambda t, s: show_confusion(t, s, "truffle", "bolete"), "'truffle' is none of the labels amanita, bolete, morel"),
    (lambda t, s: show_confusion(t, s[:-1], "bolete", "bolete"), "give the label that the model said for each"),
    (lambda t, s: confusion_browser(t, s, [.5]), "give one number for each"),
    (lambda t, s: confusion_browser(t.iloc[:0], s[:0]), "no photographs"),
])
def test_bad_input_is_one_clear_line(answered, call, said):
    with pytest.raises(ValueError, match=said) as error:
        call(*answered[:2])
    assert "\n" not in str(error.value)
