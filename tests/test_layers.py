"The parts of lesson 14: how far a number sees, what excites a channel."
import numpy as np
import pytest
import torch
from torch import nn

from mushroom_lib.convolutions import small_cnn
from mushroom_lib.layers import activations, receptive_field, top_patches


def test_receptive_field_by_hand():
    pool = nn.MaxPool2d(2)
    assert receptive_field([]) == (1, 1)
    assert receptive_field([nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3)]) == (5, 1)
    assert receptive_field([nn.Conv2d(1, 1, 3, stride=2), nn.ReLU(), nn.Conv2d(1, 1, 3, dilation=2)]) == (11, 2)
    assert receptive_field(nn.Sequential(pool, nn.Sequential(pool))) == (4, 4)  # one object twice counts twice


def test_receptive_field_takes_the_longer_side():
    assert receptive_field([nn.Conv2d(1, 1, (1, 3)), nn.Conv2d(1, 1, (5, 1))]) == (7, 1)


@pytest.mark.parametrize("layer", [nn.Linear(2, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten()])
def test_receptive_field_refuses(layer):
    with pytest.raises(ValueError, match="whole picture"):
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
