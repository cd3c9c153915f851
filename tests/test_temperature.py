"The temperature against a grid, scikit-learn's loss and a planted one, and hostile inputs."
import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss

from mushroom_lib.calibration import ece
from mushroom_lib.temperature import check_columns, fit_temperature, temperature_loss, with_temperature


def scores(seed, n=500, k=5, size=1.):
    "Scores, and labels drawn from their softmax: calibrated at temperature `size`."
    rng = np.random.default_rng(seed)
    z = 2 * rng.normal(size=(n, k))
    p = softmax(z, axis=1)
    return size * z, (rng.random((n, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(max=k - 1)


@pytest.mark.parametrize("temperature", [.05, .5, 1, 3, 80])
def test_temperature_keeps_the_order(temperature):
    z, _ = scores(0)
    p = with_temperature(z, temperature)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-12)
    assert (p.argmax(axis=1) == z.argmax(axis=1)).all()
    if temperature >= .5:
        assert (np.argsort(p, axis=1) == np.argsort(z, axis=1)).all()
    np.testing.assert_allclose(with_temperature(z + 100, temperature), p, atol=1e-9)   # only differences count


def test_one_is_softmax_and_more_is_more_modest():
    z, _ = scores(1)
    np.testing.assert_allclose(with_temperature(z, 1), softmax(z, axis=1), atol=1e-12)
    sure = [with_temperature(z, t).max(axis=1).mean() for t in (.5, 1, 2, 4, 1e9)]
    assert sure == sorted(sure, reverse=True) and sure[-1] == pytest.approx(1 / 5)
    assert np.isfinite(with_temperature(1e300 * z, .01)).all()


@pytest.mark.parametrize("size", [.2, 1, 5])
def test_fit_finds_the_temperature_that_was_planted(size):
    z, y = scores(2, n=4000, size=size)
    assert fit_temperature(z, y) == pytest.approx(size, rel=.1)
    assert fit_temperature(3 * z, y) == pytest.approx(3 * fit_temperature(z, y), rel=1e-4)
    assert fit_temperature(z + 50, y) == pytest.approx(fit_temperature(z, y), rel=1e-4)


def test_fit_is_the_least_loss_and_the_loss_is_scikit_learns():
    z, y = scores(3, size=4)
    best = fit_temperature(z, y)
    least = temperature_loss(z, y, best)
    for t in np.geomspace(.1, 50, 40):
        assert temperature_loss(z, y, t) >= least - 1e-12
        if t > 1:   # below, scikit-learn clips what is all but zero
            assert temperature_loss(z, y, t) == pytest.approx(log_loss(y, with_temperature(z, t), labels=range(5)), abs=1e-9)
    p = with_temperature(z, best)
    before = ece(z.argmax(axis=1) == y, softmax(z, axis=1).max(axis=1))
    assert ece(p.argmax(axis=1) == y, p.max(axis=1)) < before / 2


def test_logarithms_of_probabilities_serve_as_scores():
    z, y = scores(4, size=3)
    assert fit_temperature(np.log(with_temperature(z, 1)), y) == pytest.approx(fit_temperature(z, y), rel=1e-4)


GOOD = np.array([[2., 1, 0], [0, 1, 2], [1, 2, 0], [3, 0, 0]])


@pytest.mark.parametrize("call, said", [
    (lambda: with_temperature(GOOD, 0), "temperature=0: give a number above 0"),
    (lambda: with_temperature(GOOD, -1), "temperature=-1"),
    (lambda: with_temperature(GOOD, np.nan), "temperature=nan"),
    (lambda: with_temperature(GOOD, np.inf), "temperature=inf"),
    (lambda: with_temperature(GOOD[0], 1), r"scores \(3,\): give a table"),
    (lambda: with_temperature(np.log(np.zeros((2, 2)) + [0, 1]), 1), "finite numbers"),
    (lambda: fit_temperature(GOOD, [0, 2, 1, 0]), "all 4 photographs are right"),
    (lambda: fit_temperature(GOOD, [0, 2, 1]), "give the number of the right column"),
    (lambda: fit_temperature(GOOD, ["a", "b", "c", "d"]), "give the number of the right column"),
    (lambda: fit_temperature(GOOD, [0, 2, 1, 3]), "y holds 0 to 3: the columns are 0 to 2"),
    (lambda: fit_temperature(GOOD, [0, 2, 1, -1]), "y holds -1 to 2"),
    (lambda: fit_temperature(GOOD, [2, 0, 2, 1]), "no temperature from .01 to 100 is best"),
    (lambda: fit_temperature(np.zeros((0, 3)), np.zeros(0, int)), "give the number of the right column"),
])
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_bad_input_is_one_clear_line(call, said):
    with pytest.raises(ValueError, match=said) as error:
        call()
    assert "\n" not in str(error.value)


def test_columns_come_back_as_an_array():
    assert check_columns(GOOD, [0, 2, 1, 1]).tolist() == [0, 2, 1, 1]
