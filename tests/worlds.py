"Small worlds that several tests share."
import numpy as np


def two_models(n_groups, each, seed, lead=0.):
    "Right answers of two models: groups share how hard they are, and who is better there."
    rng = np.random.default_rng(seed)
    hard = rng.normal(size=(n_groups, 1))
    own = rng.normal(size=(n_groups, 1))
    a = hard + own + rng.normal(size=(n_groups, each)) < .8
    b = hard - own + rng.normal(size=(n_groups, each)) < .8 + lead
    return a.ravel(), b.ravel(), np.repeat(np.arange(n_groups), each)
