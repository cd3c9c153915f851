"The parts of lesson 13: filters by hand, how far a number sees, what excites a channel."
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mushroom_lib.convolutions import activations, convolve, receptive_field, small_cnn, top_patches


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 3, 5])
def test_convolve_is_torchs(stride, size):
    rng = np.random.default_rng(0)
    picture = rng.normal(size=(11, 14))
    kernel = rng.normal(size=(size, size))
    theirs = F.conv2d(torch.tensor(picture)[None, None], torch.tensor(kernel)[None, None], stride=stride)
    assert np.allclose(convolve(picture, kernel, stride), theirs[0, 0].numpy())


def test_receptive_field_by_hand():
    pool = nn.MaxPool2d(2)
    assert receptive_field([]) == (1, 1)
    assert receptive_field([nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3)]) == (5, 1)
    assert receptive_field([nn.Conv2d(1, 1, 3, stride=2), nn.ReLU(), nn.Conv2d(1, 1, 3, dilation=2)]) == (11, 2)
    assert receptive_field(nn.Sequential(pool, nn.Sequential(pool))) == (4, 4)  # one object twice counts twice


@pytest.mark.parametrize("layer, why", [(nn.Linear(2, 2), "whole picture"), (nn.AdaptiveAvgPool2d(1), "whole picture"),
                                        (nn.Conv2d(1, 1, (1, 3)), "1 by 3")])
def test_receptive_field_refuses(layer, why):
    with pytest.raises(ValueError, match=why):
        receptive_field([layer])


@pytest.mark.parametrize("last, side", [(1, 3), (5, 13), (9, 33), (13, 73)])
def test_no_pixel_outside_the_receptive_field_matters(last, side):
    "The gradient says which pixels can change a number; many pictures, so that none is missed by chance."
    torch.manual_seed(0)
    layers = small_cnn(3, width=4)[:last].eval()
    x = torch.randn(200, 3, 160, 160, requires_grad=True)
    maps = layers(x)
    middle = maps.shape[2] // 2
    maps[:, :, middle, middle].sum().backward()
    touched = x.grad.abs().sum((0, 1)) > 0
    assert receptive_field(layers)[0] == side
    assert touched.any(0).sum() <= side and touched.any(1).sum() <= side
    if side < 40:
        assert touched.any(0).sum() == side


def test_small_cnn_gives_a_score_a_label():
    for size in [(32, 32), (48, 64)]:
        assert small_cnn(5)(torch.zeros(2, 3, *size)).shape == (2, 5)
    count = sum(p.numel() for p in small_cnn(8, width=2).parameters())
    filters = 2 * (27 + 1) + 4 * (18 + 1) + 8 * (36 + 1) + 16 * (72 + 1)
    assert count == filters + 2 * (2 + 4 + 8 + 16) + 16 * 8 + 8


def test_activations_are_the_layers_output_whatever_the_batch():
    torch.manual_seed(0)
    layers = small_cnn(3)[:9]
    x = torch.randn(5, 3, 48, 48)
    with torch.inference_mode():
        assert torch.allclose(activations(layers, x, at_once=2), layers.eval()(x), atol=1e-5)
    assert not layers.training


def test_top_patches_finds_the_spot_and_ranks():
    pictures = np.zeros((3, 40, 40, 3), np.uint8)
    maps = torch.zeros(3, 10, 10)
    for picture, (row, column, value) in enumerate([(2, 7, 1.), (5, 5, 3.), (7, 3, 2.)]):
        maps[picture, row, column] = value
        pictures[picture, 4 * row:4 * row + 4, 4 * column:4 * column + 4] = 50 * (picture + 1)
    patches, rows = top_patches(maps, pictures, width=4, n=3)
    assert rows == [1, 2, 0]
    assert [set(patch.ravel()) for patch in patches] == [{100}, {150}, {50}]


def test_top_patches_never_hang_over():
    maps = torch.zeros(1, 10, 10)
    maps[0, 0, 0] = 9.
    maps[0, 4, 6] = 1.
    picture = np.arange(40 * 40 * 3).reshape(1, 40, 40, 3) % 251
    patches, _ = top_patches(maps, picture.astype(np.uint8), width=20, n=1)
    assert patches.shape == (1, 20, 20, 3)
    assert (patches[0] == picture[0, 8:28, 16:36]).all()
