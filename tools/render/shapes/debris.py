# SPDX-License-Identifier: Apache-2.0
"What falls on a cap and sticks there: needles, small leaves, crumbs of soil. It is no part of the mushroom."

import numpy as np

from ..mesh import grid_faces, merge
from ..noise import TAU, linear, noise, stack

NEEDLES = ([0.42, 0.26, 0.12], [0.55, 0.36, 0.16], [0.30, 0.32, 0.12])
LEAVES = ([0.72, 0.54, 0.14], [0.46, 0.27, 0.11], [0.58, 0.33, 0.10], [0.44, 0.44, 0.15])
SOIL = ([0.17, 0.12, 0.08], [0.25, 0.18, 0.11])


def debris(t, cap, rng):
    "One mesh of `t['debris']` bits lying on the cap's skin."
    bits = [rng.choice([needle, leaf, crumb], p=[0.5, 0.25, 0.25])(t, cap, rng) for _ in range(t["debris"])]
    return merge(bits, "debris", rough=0.75)


def lay(cap, x, y, lift):
    "Points `lift` above the cap's skin at `x`, `y` in its plane (the cap's radius is 1)."
    s = np.hypot(x, y)
    z = cap.top(np.minimum(s, 0.97)) - np.maximum(s - 0.97, 0) * cap.R
    return cap.place(cap.point(s, np.arctan2(y, x), z + lift))


def spot(rng):
    "A place on the cap's upward side and a direction there."
    s, a = 0.8 * np.sqrt(rng.uniform(0.02, 1)), rng.uniform(0, TAU)
    return s * np.cos(a), s * np.sin(a), rng.uniform(0, TAU)


def across(x, y, turn, along, side):
    "A bit's own coordinates laid out at `x`, `y` in direction `turn`."
    c, s = np.cos(turn), np.sin(turn)
    return x + along * c - side * s, y + along * s + side * c


def needle(t, cap, rng):
    "A fallen needle, 2 to 5 cm long, its ends a little off the skin."
    x, y, turn = spot(rng)
    unit = 1 / (cap.R * t["scale"])
    u, w = np.meshgrid(np.linspace(-0.5, 0.5, 14), np.linspace(0, TAU, 6, endpoint=False), indexing="ij")
    long, thick, bow = min(rng.uniform(0.2, 0.5) * unit, 1.5), 0.004 * unit, rng.uniform(-0.12, 0.12)
    X, Y = across(x, y, turn, u * long, thick * np.cos(w) + bow * long * u * u)
    v = lay(cap, X, Y, (0.004 * np.sin(w) + 0.006 + 0.05 * u * u) / t["scale"])
    return v, grid_faces(14, 6, True), linear(NEEDLES[rng.integers(3)]) * rng.uniform(0.7, 1.2)


def leaf(t, cap, rng):
    "A small leaf, 1.5 to 3 cm long, gently curled."
    x, y, turn = spot(rng)
    unit, curl, S = 1 / (cap.R * t["scale"]), rng.uniform(0.05, 0.2), int(rng.integers(1000))
    u, w = np.meshgrid(np.linspace(0, 1, 16), np.linspace(-1, 1, 9), indexing="ij")
    long = min(rng.uniform(0.15, 0.3), 0.9 * cap.R * t["scale"])
    half = 0.36 * np.sin(np.pi * u**0.8) ** 0.9 * (1 + 0.12 * np.sin(u * 60)) + 0.015
    X, Y = across(x, y, turn, (u - 0.5) * long * unit, w * half * long * unit)
    bumpy = 0.1 * noise(stack(u * 4, w * 2, 0.0), S)
    v = lay(cap, X, Y, (0.012 + long * (curl * (w * w * half + (u - 0.5) ** 2) + bumpy * 0.3)) / t["scale"])
    vein = 1 - 0.3 * np.exp(-((w / 0.1) ** 2)) + 1.5 * bumpy
    return v, grid_faces(16, 9, False), linear(LEAVES[rng.integers(4)]) * vein[..., None] * rng.uniform(0.7, 1.1)


def crumb(t, cap, rng):
    "A crumb of soil, 2 to 6 mm."
    x, y, _ = spot(rng)
    unit, S, r = 1 / (cap.R * t["scale"]), int(rng.integers(1000)), rng.uniform(0.012, 0.032)
    u, w = np.meshgrid(np.linspace(0, 1, 7), np.linspace(0, TAU, 12, endpoint=False), indexing="ij")
    lumpy = 1 + 0.5 * noise(stack(np.cos(w) * u * 2, np.sin(w) * u * 2, u), S)
    out = np.sin(u * np.pi / 2) * r * lumpy
    X, Y = x + out * np.cos(w) * unit, y + out * np.sin(w) * unit
    v = lay(cap, X, Y, r * (np.cos(u * np.pi / 2) * lumpy - 0.15) / t["scale"])
    return v, grid_faces(7, 12, True), linear(SOIL[rng.integers(2)]) * rng.uniform(0.7, 1.3)
