# SPDX-License-Identifier: Apache-2.0
"The morel: a hollow cap of pits and ribs on a pale, ribbed stem."

import numpy as np

from ..mesh import grid_faces, mesh
from ..noise import TAU, blend, cells, fbm, linear, mix, noise, ring3, smooth, stack, unit
from .paint import choose_colour
from .stem import Stem, tube

COLOURS = {
    "honey": ([0.80, 0.66, 0.42], [0.50, 0.36, 0.18]),
    "tan": ([0.70, 0.56, 0.36], [0.38, 0.28, 0.17]),
    "grey brown": ([0.62, 0.50, 0.36], [0.30, 0.22, 0.15]),
    "yellow": ([0.84, 0.70, 0.40], [0.62, 0.44, 0.18]),
    "dark": ([0.44, 0.36, 0.28], [0.20, 0.15, 0.11]),
    "pale": ([0.82, 0.74, 0.60], [0.58, 0.48, 0.36]),
}
WEIGHTS = (2.5, 2.5, 2, 1.5, 1, 0.8)
ROWS, AROUND = 230, 300


def traits(species, stream, scale):
    "The facts of one individual; see `shapes.traits`."
    b, c, s = (stream.rng(x) for x in ("body", "cap", "stem"))
    age = round(float(b.beta(1.6, 1.5)), 3)
    t = dict(age=age, wet=round(float(np.clip(b.normal(0.25, 0.25), 0, 1)), 3), scale=scale)
    height = c.uniform(0.42, 0.85) * mix(0.65, 1, age)
    radius = height * c.uniform(0.34, 0.56)
    t["cap_height_cm"] = round(10 * height * scale, 2)
    t["cap_radius_cm"] = round(10 * radius * scale, 2)
    t["conical"] = round(float(c.uniform()), 3)
    t["cap_colour"] = choose_colour(species, c, COLOURS, WEIGHTS)
    t["stem_length_cm"] = round(10 * s.uniform(0.3, 0.6) * scale, 2)
    t["stem_radius_cm"] = round(10 * radius * s.uniform(0.4, 0.6) * scale, 2)
    t["stem_bend"] = round(float(s.uniform(-0.15, 0.15)), 3)
    t["stem_lean"] = round(float(s.uniform(0, 0.15)), 3)
    t["hymenium"] = "pits"
    t["pits"] = int(stream.rng("pits").uniform(75, 150))
    return t | dict(ring=False, volva=False, warts=0)


def build(species, t, stream):
    "Cap and stem, at scale 1."
    k = 10 * t["scale"]
    stem = Stem(t["stem_length_cm"] / k, t["stem_bend"], t["stem_lean"], stream.rng("stem", "axis"))
    rs = t["stem_radius_cm"] / k
    return [cap_mesh(t, stem, rs, t["cap_radius_cm"] / k, t["cap_height_cm"] / k, stream), stem_mesh(stem, rs, stream)]


def outline(t, R, H, rs):
    "Radius and position of the cap's outline from the tip (0) to the stem (1)."
    at, cone = np.linspace(0, 1, ROWS) ** 1.35 * 0.992 + 1e-6, t["conical"]
    r = R * np.sin(np.pi * at ** mix(1.0, 0.72, 1 - cone)) ** mix(0.62, 0.8, cone)
    return at, np.maximum(r, 0) + rs * 0.9 * smooth(0.85, 1, at)


def cap_mesh(t, stem, rs, R, H, stream):
    "The pitted cap: a Voronoi pattern pressed into a cone or egg."
    S, rng, count = stream.seed("cap", "noise"), stream.rng("pits", "mesh"), t["pits"]
    at, r = outline(t, R, H, rs)
    T, TH = np.meshgrid(at, np.linspace(0, TAU, AROUND, endpoint=False), indexing="ij")
    c, Z = ring3(TH), stem.h + H * (1 - T) - 0.03
    rr = r[:, None] * (1 + 0.10 * noise(stack(c[..., 0] * 1.2, c[..., 1] * 1.2, Z * 2), S))
    V = stack(rr * np.cos(TH), rr * np.sin(TH), Z)
    warped = V + 0.1 * R * np.stack([fbm(V * 3.15 / R, 2, S + i) for i in (1, 2, 3)], -1)
    weight = np.cumsum(r + 0.02)
    row = np.searchsorted(weight / weight[-1], (np.arange(count) + 0.5) / count).clip(0, ROWS - 1)
    column = ((np.arange(count) * 0.618034 % 1) * AROUND).astype(int)
    seeds = V[row, column] + rng.normal(0, 0.05 * R, (count, 3))
    d1, d2, index = cells(warped.reshape(-1, 3), seeds, (1, 1, rng.uniform(0.55, 0.8)))
    edge = (d2 - d1).reshape(T.shape) / (np.sqrt(4 * R * H / count) * 1.1)
    size = np.sqrt(4 * R * H / count) * 1.1
    pit = smooth(0.05, 0.62, edge)
    deep = pit * smooth(0, 0.04, T) * smooth(1.0, 0.88, T) * size * rng.uniform(0.75, 1.1)
    V = V - deep[..., None] * unit(ring3(TH, 0.15)) * np.clip(rr / R * 1.3, 0.3, 1)[..., None]
    V = V + (0.006 * fbm(V * 30, 2, S + 4))[..., None]
    V = V + stem.spine(np.clip(V[..., 2] / stem.h, 0, 3)) * np.array([1, 1, 0])
    rib, floor = (linear(x) for x in COLOURS[t["cap_colour"]])
    floor = floor * rng.uniform(0.8, 1.2, count)[index].reshape(T.shape)[..., None]
    f1, f2 = fbm(V * 6, 4, S + 5), fbm(V * 28, 3, S + 6)
    colour = blend(rib, floor, pit**0.8) * (1 + 0.22 * f1 + 0.2 * f2)[..., None]
    colour = blend(colour, linear([0.42, 0.30, 0.18]), smooth(0.06, 0.0, edge) * rng.uniform(0, 0.5))
    return mesh(
        V,
        grid_faces(ROWS, AROUND, True),
        colour * 0.93,
        "morelcap",
        "cap",
        rough=mix(0.75, 0.45, t["wet"]),
        sss=0.2,
        sssr=0.04,
        coat=t["wet"] * 0.2,
        bump=0.2,
        bscale=36,
    )


def stem_mesh(stem, rs, stream):
    "The ribbed, mealy stem."
    S = stream.seed("stem", "noise")

    def radius(T):
        return rs * (1.02 + 0.28 * np.exp(-(((T - 0.02) / 0.2) ** 2)) - 0.06 * np.sin(np.pi * np.clip(T, 0, 1)))

    P, T, TH, faces = tube(stem, radius, S, 96, 110, 0.06)
    c = ring3(TH, T * 1.4)
    blotch, grain = fbm(c * 1.8, 4, S + 21), fbm(c * 14, 2, S + 22)
    rib = fbm(ring3(TH, T * 0.32) * 2.5, 3, S + 23)
    P = P + (0.03 * rib * smooth(0.7, 0.0, T) * smooth(-0.1, 0.05, T) + 0.004 * grain)[..., None] * unit(
        P - stem.spine(T)
    )
    colour = linear([0.90, 0.84, 0.71]) * (1 + 0.14 * blotch + 0.14 * grain)[..., None]
    colour = blend(colour, linear([0.45, 0.33, 0.2]), smooth(0.2, -0.02, T) * 0.6)
    return mesh(P, faces, colour * 0.8, "stem", "stem", rough=0.75, sss=0.3, sssr=0.05, bump=0.3, bscale=36)
