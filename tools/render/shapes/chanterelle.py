# SPDX-License-Identifier: Apache-2.0
"The chanterelle: one funnel whose outside carries blunt, forking, decurrent ridges."

import numpy as np

from ..mesh import PARTS, grid_faces, mesh
from ..noise import TAU, blend, fbm, linear, mix, noise, ring3, smooth, stack
from .paint import choose_colour
from .stem import Stem

COLOURS = {
    "egg yellow": [0.95, 0.68, 0.16],
    "apricot": [0.93, 0.61, 0.12],
    "pale yellow": [0.96, 0.75, 0.28],
    "ochre": [0.90, 0.60, 0.18],
    "cream": [0.93, 0.83, 0.60],
}
WEIGHTS = (3, 2.5, 1.8, 1.8, 1)
INNER, OUTER, AROUND = 80, 170, 420  # rows of the mesh inside and outside, columns


def traits(species, stream, scale):
    "The facts of one individual; see `shapes.traits`."
    b, c, s, r = (stream.rng(x) for x in ("body", "cap", "stem", "ridges"))
    age = round(float(b.beta(1.8, 1.5)), 3)
    t = dict(age=age, wet=round(float(np.clip(b.normal(0.3, 0.25), 0, 1)), 3), scale=scale)
    t["faded"] = round(float(b.uniform(0.25, 0.8)) if b.random() < 0.25 else 0.0, 3)
    t["cap_radius_cm"] = round(10 * c.uniform(0.22, 0.52) * mix(0.6, 1, age) * scale, 2)
    t["cap_colour"] = choose_colour(species, c, COLOURS, WEIGHTS)
    t["depression"] = round(float(mix(0.02, 0.85, age)), 3)
    t["margin_wave"] = round(float(mix(0.15, 0.75, age) * c.uniform(0.5, 1.0)), 3)
    t["stem_length_cm"] = round(10 * s.uniform(0.4, 0.75) * mix(0.8, 1, age) * scale, 2)
    t["stem_radius_cm"] = round(10 * s.uniform(0.055, 0.10) * scale, 2)
    t["stem_bend"] = round(float(s.uniform(-0.25, 0.25)), 3)
    t["stem_lean"] = round(float(s.uniform(0, 0.2)), 3)
    t["hymenium"] = "ridges"
    t["ridges"] = int(r.integers(30, 44))
    return t | dict(ring=False, volva=False, warts=0)


def profile(t, R, rs, h, power):
    "Radius, height, inside/outside flag and position along the outside of the funnel's outline."
    age, dip = t["age"], t["depression"] * R
    a, b = np.linspace(0.004, 1, INNER), np.linspace(0, 1, OUTER)
    z_in = h - dip * (1 - a**power) + 0.05 * R - 0.06 * R * smooth(0.85, 1, a)
    foot = np.sqrt(np.clip(1 - (np.clip(b - 0.94, 0, 1) / 0.06) ** 2, 1e-4, 1))
    r_out = (
        rs * mix(1.0, 0.75, smooth(0.5, 0, 1 - b)) + (R - rs) * np.clip(1 - b / 0.62, 0, 1) ** mix(1.7, 2.6, age)
    ) * foot
    z_out = h - 0.04 * R - (h + 0.06) * b**0.95
    side = np.concatenate([np.zeros(INNER), np.ones(OUTER)])
    return np.concatenate([R * a, r_out]), np.concatenate([z_in, z_out]), side, np.concatenate([0 * a, b])


def build(species, t, stream):
    "The whole mushroom as one mesh, at scale 1."
    k, S, rng = 10 * t["scale"], stream.seed("cap", "noise"), stream.rng("cap", "mesh")
    R, h, rs = t["cap_radius_cm"] / k, t["stem_length_cm"] / k, t["stem_radius_cm"] / k
    stem = Stem(h, t["stem_bend"], t["stem_lean"], stream.rng("stem", "axis"))
    columns = profile(t, R, rs, h, mix(1.3, 2.4, rng.uniform()))
    r, TH = np.meshgrid(columns[0], np.linspace(0, TAU, AROUND, endpoint=False), indexing="ij")
    Z, OUT, B = (np.repeat(x[:, None], AROUND, 1) for x in columns[1:])
    s, c, wave = np.clip(r / R, 0, 1), ring3(TH), t["margin_wave"]
    rise = wave * R * 0.55 * (noise(c * 1.5, S) + 0.5 * noise(c * 3.1, S + 1) + 0.2 * noise(c * 6, S + 2))
    lobes = 1 + 0.28 * wave * (noise(c * 1.2 + 5, S + 3) + 0.6 * noise(c * 3.0 + 5, S + 4))
    ridge = ridges(t["ridges"], TH, c, B, OUT, stream.seed("ridges", "noise"))
    swell = 1 + 0.05 * fbm(stack(c[..., 0] * 1.2, c[..., 1] * 1.2, Z * 3), 3, S + 6)
    rr = r * mix(1, lobes, s**1.5) * swell + ridge * 0.022 * mix(0.5, 1, s)
    zz = Z + rise * s**3 - ridge * 0.012 * s + 0.012 * fbm(stack(r * np.cos(TH), r * np.sin(TH), Z) * 9, 3, S + 7)
    V = stack(rr * np.cos(TH), rr * np.sin(TH), zz) + stem.spine(np.clip(zz / h, -0.2, 1.3)) * np.array([1, 1, 0])
    colour = paint(t, V, s, B, OUT, ridge, zz / h, S)
    return [
        mesh(
            V,
            grid_faces(INNER + OUTER, AROUND, True),
            colour * 0.93,
            "chanterelle",
            part_of_faces(columns[3]),
            rough=mix(0.7, 0.4, t["wet"]),
            sss=0.3,
            sssr=0.05,
            coat=t["wet"] * 0.2,
            bump=0.2,
            bscale=30,
        )
    ]


def part_of_faces(b):
    "The part of each quad: inside of the funnel, ridged outside (as far down as ridges reach), stem."
    low = b[:-1] > 0.64
    rows = np.where(np.arange(len(low)) < INNER, PARTS.index("cap"), PARTS.index("hymenium"))
    return np.repeat(np.where(low, PARTS.index("stem"), rows), AROUND)


def ridges(count, TH, c, B, OUT, S):
    "Height of the ridges, 0 to 1: they fork towards the margin and fade on the stem."
    phase = TH * count / 2 + 0.5 * noise(stack(c[..., 0] * 3, c[..., 1] * 3, B * 2), S)
    single = np.abs(np.cos(phase))
    forked = np.maximum(single, 0.8 * np.abs(np.sin(phase + 0.4)))
    r = mix(single**3, forked**4, smooth(0.25, 0.02, B))
    return r * OUT * smooth(0.75, 0.5, B + 0.15 * noise(c * 3, S + 1)) * smooth(0, 0.05, B)


def paint(t, V, s, B, OUT, ridge, up, S):
    "Linear colour of the funnel's vertices."
    f1, f2 = fbm(V * 5, 4, S + 9), fbm(V * 22, 3, S + 10)
    colour = linear(COLOURS[t["cap_colour"]]) * (1 + 0.22 * f1 + 0.14 * f2)[..., None]
    colour = blend(colour, linear([0.97, 0.82, 0.45]), OUT * 0.35 + OUT * smooth(0.5, 1, B) * 0.35)
    colour = colour * (1 - 0.35 * OUT * smooth(0.7, 0.45, B) * (1 - ridge))[..., None]
    colour = blend(colour, linear([0.80, 0.45, 0.10]), smooth(0.25, 0.6, f1) * 0.4)
    colour = blend(colour, linear([0.93, 0.86, 0.66]), t["faded"] * smooth(-0.4, 0.4, f1) * 0.8)
    colour = blend(colour, linear([0.35, 0.24, 0.12]), smooth(0.12, 0, up) * 0.5)
    return blend(colour, linear([0.70, 0.42, 0.10]), (1 - OUT) * smooth(0.93, 1.0, s) * 0.35 * t["age"])
