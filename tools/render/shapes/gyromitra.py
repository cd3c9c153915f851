# SPDX-License-Identifier: Apache-2.0
"The false morel: a cap folded like a brain on a short, pale, stout stem. It stands beside the morels and has no label."

import numpy as np

from ..mesh import grid_faces, mesh
from ..noise import TAU, blend, fbm, linear, mix, noise, ring3, smooth, stack, unit
from .paint import choose_colour
from .stem import Stem, tube

COLOURS = {
    "reddish brown": ([0.54, 0.25, 0.14], [0.30, 0.12, 0.07]),
    "chestnut": ([0.48, 0.26, 0.14], [0.26, 0.13, 0.08]),
    "dark brown": ([0.33, 0.19, 0.12], [0.16, 0.09, 0.07]),
    "yellow brown": ([0.62, 0.40, 0.20], [0.36, 0.20, 0.10]),
}
WEIGHTS = (3, 2.5, 1.5, 1)
ROWS, AROUND = 230, 340


def traits(species, stream, scale):
    "The facts of one individual; see `shapes.traits`."
    b, c, s = (stream.rng(x) for x in ("body", "cap", "stem"))
    age = round(float(b.beta(1.4, 1.3)), 3)
    t = dict(age=age, wet=round(float(np.clip(b.normal(0.35, 0.25), 0, 1)), 3), scale=scale)
    radius = c.uniform(0.26, 0.5) * mix(0.7, 1, age)
    t["cap_radius_cm"] = round(10 * radius * scale, 2)
    t["cap_height_cm"] = round(10 * radius * c.uniform(0.95, 1.5) * scale, 2)
    t["cap_colour"] = choose_colour(species, c, COLOURS, WEIGHTS)
    t["cap_tilt"] = round(float(c.uniform(-0.25, 0.25)), 3)
    t["lobes"] = round(float(c.uniform(0.15, 0.45)), 3)
    t["stem_length_cm"] = round(10 * s.uniform(0.22, 0.5) * scale, 2)
    t["stem_radius_cm"] = round(10 * radius * s.uniform(0.3, 0.48) * scale, 2)
    t["stem_bend"] = round(float(s.uniform(-0.15, 0.15)), 3)
    t["stem_lean"] = round(float(s.uniform(0, 0.15)), 3)
    t["hymenium"] = "folds"
    t["folds"] = round(float(stream.rng("folds").uniform(1.2, 2.1)), 3)
    return t | dict(ring=False, volva=False, warts=0)


def build(species, t, stream):
    "Cap and stem, at scale 1."
    k = 10 * t["scale"]
    stem = Stem(t["stem_length_cm"] / k, t["stem_bend"], t["stem_lean"], stream.rng("stem", "axis"))
    rs = t["stem_radius_cm"] / k
    return [cap_mesh(t, stem, t["cap_radius_cm"] / k, t["cap_height_cm"] / k, stream), stem_mesh(stem, rs, stream)]


def folds(d, many, S):
    "Height of the winding folds (0 in a furrow, 1 on a crest) in the directions `d`: contour bands of smooth noise."
    warp = d + 0.35 * np.stack([noise(d * 1.9, S + i) for i in (1, 2, 3)], -1)
    level = noise(warp * 1.5, S + 4) + 0.55 * noise(warp * 3.1, S + 5) + 0.15 * noise(warp * 7, S + 6)
    return np.abs(np.sin(np.pi * many * level)) ** 0.6


def cap_mesh(t, stem, R, H, stream):
    "A lumpy ball, lobed, pressed into folds and drawn in round the stem."
    S = stream.seed("cap", "noise")
    at = np.linspace(0, 1, ROWS) ** 0.9 * 0.985 + 0.002
    T, TH = np.meshgrid(at * np.pi, np.linspace(0, TAU, AROUND, endpoint=False), indexing="ij")
    d = stack(np.sin(T) * np.cos(TH), np.sin(T) * np.sin(TH), np.cos(T))
    lobe = noise(d * 1.3, S) + 0.5 * noise(d * 2.6, S + 9)
    crest = folds(d, t["folds"], S + 20)
    size = 0.9 + t["lobes"] * lobe + 0.2 * (crest - 0.7) + 0.02 * fbm(d * 9, 3, S + 30)
    under = smooth(2.0, 3.1, T)  # the lower side turns up towards the stem
    z = np.cos(T) * H / 2 * size + 0.32 * H * under
    ball = stack(np.sin(T) * np.cos(TH) * R * size, np.sin(T) * np.sin(TH) * R * size, z)
    tilt = t["cap_tilt"] * ball[..., :1] * np.array([0, 0, 1.0])
    V = stem.spine(1.0) + ball + tilt + np.array([0, 0, 0.26 * H])
    ridge, furrow = (linear(x) for x in COLOURS[t["cap_colour"]])
    f1, f2 = fbm(V * 6, 4, S + 40), fbm(V * 26, 3, S + 41)
    colour = blend(furrow, ridge, smooth(0.1, 1.0, crest + 0.25 * f1)) * (1 + 0.35 * f1 + 0.28 * f2)[..., None]
    colour = blend(colour, linear([0.72, 0.58, 0.44]), smooth(2.3, 2.9, T) * 0.7)
    rough = mix(0.68, 0.42, t["wet"])
    return mesh(
        V,
        grid_faces(ROWS, AROUND, True),
        colour,
        "gyromitracap",
        "cap",
        rough=rough,
        sss=0.15,
        sssr=0.04,
        coat=t["wet"] * 0.2,
        bump=0.2,
        bscale=36,
    )


def stem_mesh(stem, rs, stream):
    "The pale stem with its long, shallow grooves."
    S = stream.seed("stem", "noise")
    P, T, TH, faces = tube(stem, lambda T: rs * (1.08 - 0.12 * np.clip(T, 0, 1)), S, 120, 110, 0.08)
    c = ring3(TH, T * 0.5)
    groove = fbm(c * np.array([2.2, 2.2, 1.0]), 3, S + 21)
    P = P + (0.35 * rs * groove)[..., None] * unit(P - stem.spine(T))
    blotch, grain = fbm(ring3(TH, T) * 2, 4, S + 22), fbm(ring3(TH, T) * 14, 2, S + 23)
    colour = linear([0.88, 0.80, 0.70]) * (1 + 0.14 * blotch + 0.10 * grain + 0.25 * groove)[..., None]
    colour = blend(colour, linear([0.70, 0.50, 0.42]), smooth(0.1, 0.6, blotch) * 0.35)
    colour = blend(colour, linear([0.40, 0.30, 0.2]), smooth(0.2, -0.02, T) * 0.6)
    return mesh(P, faces, colour * 0.8, "stem", "stem", rough=0.75, sss=0.3, sssr=0.05, bump=0.25, bscale=36)
