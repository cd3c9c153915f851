# SPDX-License-Identifier: Apache-2.0
"A stem: a bent axis and a tube round it."

import numpy as np

from ..mesh import grid_faces
from ..noise import TAU, fbm, ring3, smooth, unit

FOOT = -0.1  # a stem's foot ends this far below the ground, in stem lengths


class Stem:
    "A curved axis of height `h` from the ground (t=0) to the cap (t=1)."

    def __init__(self, h, bend, lean, rng):
        self.h = h
        self.bend = bend * ring3(rng.uniform(0, TAU))
        self.lean = lean * ring3(rng.uniform(0, TAU))

    def spine(self, t):
        "Points of the axis at `t`."
        t = np.asarray(t, float)[..., None]
        return self.h * (np.array([0, 0, 1.0]) * t + self.lean * t + self.bend * t * t)

    def tangent(self, t=1.0):
        "Direction of the axis at `t`."
        return unit(self.spine(t) - self.spine(t - 0.05))


def tube(stem, profile, seed, around=96, along=120, rough=0.03):
    "Grid round `stem` with radius `profile(t)` and a rounded foot: (points, t, angle, faces)."
    t = FOOT + (1 - FOOT) * np.linspace(0, 1, along) ** 1.25
    T, TH = np.meshgrid(t, np.linspace(0, TAU, around, endpoint=False), indexing="ij")
    q = ring3(TH, T * 1.5)
    foot = np.sqrt(np.clip(1 - (np.clip(0.02 - T, 0, 1) / (0.02 - FOOT)) ** 2, 1e-4, 1))
    lumps = rough * 2 * fbm(q * 1.1, 3, seed) + rough * 0.5 * fbm(q * np.array([9, 9, 1.2]), 2, seed + 5)
    r = profile(T) * foot * (1 + lumps * smooth(0.05, 0.6, foot))
    P = stem.spine(T) + r[..., None] * ring3(TH)
    return P, T, TH, grid_faces(along, around, True)
