"""The loss, and what it is compared with, against torch's formulas and at their edges."""
import numpy as np
import pytest
import torch
from PIL import Image

from mushroom_lib.classifier import cross_entropy, know_nothing_loss, scores_of, softmax, warmth_and_brightness


def test_the_formulas_are_torchs():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(40, 3))
    y = rng.integers(0, 3, size=40)
    loss = torch.nn.functional.cross_entropy(torch.tensor(scores), torch.tensor(y))
    assert np.allclose(softmax(scores), torch.tensor(scores).softmax(dim=1).numpy())
    assert cross_entropy(softmax(scores), y) == pytest.approx(loss.item())


def test_knowing_nothing_is_the_entropy_of_the_shares():
    assert know_nothing_loss(["a", "b", "c", "d"]) == pytest.approx(np.log(4))
    shares = [.9, .1]
    always = np.tile(shares, (10, 1))
    y = np.array([0] * 9 + [1])
    assert know_nothing_loss(y) == pytest.approx(cross_entropy(always, y))
    assert know_nothing_loss(torch.tensor(y)) == know_nothing_loss(y)
    assert know_nothing_loss([7, 7]) == 0
    with pytest.raises(ValueError):
        know_nothing_loss([])


def test_softmax_of_large_scores():
    assert np.allclose(softmax(np.array([[1e4, 0., -1e4]])), [[1, 0, 0]])


def test_size_of_the_weights_changes_no_answer():
    x = np.random.default_rng(0).normal(size=(30, 2))
    small = scores_of(x, [1, -.6])
    large = scores_of(x, [8, -4.8])
    assert (small.argmax(axis=1) == large.argmax(axis=1)).all()
    assert (softmax(large).max(axis=1) >= softmax(small).max(axis=1)).all()


def test_warmth_is_red_minus_blue(tmp_path):
    files = []
    for name, colour in [("orange", (255, 128, 0)), ("blue", (0, 0, 255)), ("white", (255, 255, 255))]:
        files.append(tmp_path / f"{name}.png")
        Image.new("RGB", (64, 64), colour).save(files[-1])
    assert np.allclose(warmth_and_brightness(files), [[1, .5], [-1, 1 / 3], [0, 1]], atol=.01)
