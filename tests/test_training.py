"""The training loop on what it is given in real use: few photographs, arrays and tensors, labels that do not fit."""
import numpy as np
import pytest
import torch
from torch import nn

from mushroom_lib.classifier import loss_of, scores_of
from mushroom_lib.history import read_history
from mushroom_lib.training import evaluate, gradient_of, on_device, train_epochs


def data(n=40, d=5, labels=3):
    "Photographs whose label is the largest of their first numbers."
    x = np.random.default_rng(0).normal(size=(n, d)).astype("float32")
    return x, x[:, :labels].argmax(axis=1)


def model(d=5, labels=3):
    torch.manual_seed(0)
    return nn.Linear(d, labels)


@pytest.mark.parametrize("n", [1, 5, 31])
def test_fewer_photographs_than_a_batch_are_learned_from_and_it_is_said(n, capsys):
    x, y = data(n)
    rows = train_epochs(model(), x, y, epochs=5, lr=.5, bs=32)
    assert np.isfinite([row["train_loss"] for row in rows]).all()
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and f"only {n} photographs" in said


def test_enough_photographs_say_nothing(capsys):
    train_epochs(model(), *data(32), epochs=1, bs=32)
    assert capsys.readouterr().out == ""


def test_no_batch_is_much_smaller_than_another():
    "So that a layer that needs several photographs, such as BatchNorm, gets them."
    net = nn.Sequential(nn.BatchNorm1d(5), nn.Linear(5, 3))
    rows = train_epochs(net, *data(33), epochs=2, bs=32)
    assert np.isfinite(rows[-1]["train_loss"])


def test_arrays_lists_and_tensors_give_the_same():
    x, y = data()
    losses = []
    for given in [(x, y), (torch.tensor(x), y), (x, torch.tensor(y)), (x.astype(float), list(y)), (x, y.astype(np.uint8))]:
        losses.append([row["train_loss"] for row in train_epochs(model(), *given, epochs=3)])
    assert np.allclose(losses, losses[0], atol=1e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_x_and_y_may_lie_on_different_devices():
    x, y = data()
    for given in [(torch.tensor(x).cuda(), y), (x, torch.tensor(y).cuda())]:
        for net in (model(), model().cuda()):
            rows = train_epochs(net, *given, epochs=3, valid=given)
            assert rows[-1]["train_loss"] < rows[0]["train_loss"]


def test_everything_goes_to_the_models_device():
    "torch's device `meta` stands in for a GPU: it holds no numbers, but has a place of its own."
    net = nn.Linear(5, 3, device="meta")
    x, y = data()
    for given in [x, torch.tensor(x)]:
        there = on_device(net, given, y)
        assert [part.device.type for part in there] == ["meta", "meta"]


@pytest.mark.parametrize("x, y, said", [
    (np.zeros((3, 5), np.float32), [0, 1], "3 photographs and 2 labels"),
    (np.zeros((0, 5), np.float32), [], "labels"),
    (np.zeros((2, 5), np.float32), ["cep", "morel"], "np.unique"),
    (np.zeros((2, 5), np.float32), [0., 1.], "whole numbers"),
    (np.zeros((2, 5), np.uint8), [0, 1], "scaled"),
    (np.zeros((2, 5), np.float32), [0, 3], "from 0 to 2"),
    (np.zeros((2, 5), np.float32), [-1, 0], "from 0 to 2"),
])
def test_what_does_not_fit_is_refused(x, y, said):
    with pytest.raises(ValueError, match=said):
        train_epochs(model(), x, y, epochs=1)


def test_a_loss_that_is_no_number_is_refused():
    x, y = data()
    x[0, 0] = np.nan
    with pytest.raises(ValueError, match="epoch 1"):
        train_epochs(model(), x, y)


def test_batches_of_nothing_are_refused():
    with pytest.raises(ValueError, match="batch"):
        train_epochs(model(), *data(), bs=0)


def test_looking_teaches_nothing():
    net = nn.Sequential(nn.BatchNorm1d(5), nn.Dropout(), nn.Linear(5, 3))
    x, y = map(torch.tensor, data())
    before = {name: value.clone() for name, value in net.state_dict().items()}
    assert evaluate(net, x, y) == evaluate(net, x, y)
    assert net.training
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name])


def test_the_seed_decides():
    def last(seed):
        return train_epochs(model(), *data(), epochs=2, seed=seed)[-1]["train_loss"]
    assert last(0) == last(0) != last(1)


def test_the_record_can_be_read_by_others():
    rows = train_epochs(model(), *data(), epochs=3, valid=data(12))
    table = read_history(rows)
    assert list(table["epoch"]) == [1, 2, 3]
    assert table[["train_loss", "valid_loss", "valid_accuracy"]].notna().all(axis=None)


def test_the_gradient_on_paper_is_torchs():
    x, y = data(labels=2)
    start = np.random.default_rng(1).normal(size=5)
    weights = torch.tensor(start, requires_grad=True)
    score = torch.tensor(x).double() @ weights
    loss = nn.functional.cross_entropy(torch.stack([0 * score, score], dim=1), torch.tensor(y))
    loss.backward()
    assert np.allclose(scores_of(x, start)[:, 1], score.detach().numpy())
    assert loss_of(x, y, start) == pytest.approx(loss.item())
    assert np.allclose(gradient_of(x, y, start), weights.grad.numpy())
