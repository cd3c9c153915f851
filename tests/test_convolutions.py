"The parts of lesson 13: filters by hand, and a small network of them."
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mushroom_lib.convolutions import convolve, small_cnn


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 3, 5])
def test_convolve_is_torchs(stride, size):
    rng = np.random.default_rng(0)
    picture = rng.normal(size=(11, 14))
    kernel = rng.normal(size=(size, size))
    theirs = F.conv2d(torch.tensor(picture)[None, None], torch.tensor(kernel)[None, None], stride=stride)
    assert np.allclose(convolve(picture, kernel, stride), theirs[0, 0].numpy())


def test_small_cnn_gives_a_score_a_label():
    for size in [(32, 32), (48, 64)]:
        assert small_cnn(5)(torch.zeros(2, 3, *size)).shape == (2, 5)
    count = sum(p.numel() for p in small_cnn(8, width=2).parameters())
    filters = 2 * (27 + 1) + 4 * (18 + 1) + 8 * (36 + 1) + 16 * (72 + 1)
    assert count == filters + 2 * (2 + 4 + 8 + 16) + 16 * 8 + 8
