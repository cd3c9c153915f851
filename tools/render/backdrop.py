# SPDX-License-Identifier: Apache-2.0
"What stands round a place: trees, bushes, hedges, ferns, stumps and stones. `p` is a `habitat.Place`."

import numpy as np

from .mesh import batch_faces, grid_faces, merge
from .noise import TAU, blend, fbm, linear, mix, noise, ring3, smooth, stack, unit
from .plants import MOSS, STONES, annulus, blades, fronds, leaves, nuggets, palette, ribbons

# how likely each far view is: hall: pillars of a high wood; mixed: trunks and bushes; spruce: dark conifers;
# meadow: open land and a hedge; thicket: bushes close by
FAR = {
    "beech": dict(hall=0.4, mixed=0.3, spruce=0.08, thicket=0.17, meadow=0.05),
    "oak": dict(hall=0.2, mixed=0.4, thicket=0.22, meadow=0.12, spruce=0.06),
    "birch": dict(mixed=0.4, hall=0.15, spruce=0.2, thicket=0.13, meadow=0.12),
    "conifer": dict(spruce=0.6, hall=0.22, mixed=0.18),
    "moss": dict(spruce=0.42, mixed=0.25, hall=0.2, thicket=0.13),
    "grass": dict(meadow=0.55, mixed=0.2, thicket=0.13, spruce=0.12),
    "soil": dict(thicket=0.34, mixed=0.33, meadow=0.33),
}
# chance of what stands nearer
NEAR = {
    "beech": dict(ferns=0.2, brambles=0.25, stump=0.2, stones=0.15),
    "oak": dict(ferns=0.3, brambles=0.35, stump=0.2, stones=0.1),
    "birch": dict(ferns=0.35, brambles=0.2, stump=0.15, stones=0.15),
    "conifer": dict(ferns=0.35, brambles=0.12, stump=0.25, stones=0.25),
    "moss": dict(ferns=0.4, brambles=0.1, stump=0.3, stones=0.35),
    "grass": dict(ferns=0.1, brambles=0.2, stump=0.05, stones=0.15),
    "soil": dict(ferns=0.1, brambles=0.4, stump=0.1, stones=0.25),
}
# bark: ground colour, colour of its patches
BARK = {
    "beech": ([0.44, 0.43, 0.39], [0.29, 0.33, 0.20]),
    "oak": ([0.33, 0.27, 0.21], [0.19, 0.16, 0.12]),
    "birch": ([0.78, 0.76, 0.72], [0.10, 0.09, 0.08]),
    "conifer": ([0.38, 0.26, 0.19], [0.22, 0.17, 0.13]),
    "grey": ([0.30, 0.24, 0.19], [0.28, 0.33, 0.14]),
}
TREES = {"beech": ["beech"], "oak": ["oak", "oak", "beech"], "birch": ["birch"], "conifer": ["conifer"]}
SPRUCE = [[0.12, 0.20, 0.10], [0.15, 0.24, 0.12], [0.10, 0.17, 0.10], [0.18, 0.26, 0.12]]
HAZE = np.array([0.30, 0.34, 0.32])


def build(p):
    "Everything round the place `p`, as its backdrop stream decides."
    rng, near = p.stream.rng("backdrop"), NEAR[p.kind]
    views = FAR[p.kind]
    view = str(rng.choice(list(views), p=list(views.values())))
    p.haze = rng.uniform(0.15, 0.6)
    VIEW[view](p, rng)
    for name, chance in near.items():
        if rng.random() < chance:
            CLOSE[name](p)


def hazy(p, colour, d):
    "`colour` (..., 3) with the haze of distance `d`, which lacks the last axis."
    return mix(colour, HAZE, (p.haze * (1 - np.exp(-d / 40)))[..., None])


def hall(p, rng):
    "A high wood: many trunks, little below, a dim wall behind."
    wall(p, rng.uniform(22, 44), 0.9, 62)
    trees(p, int(rng.integers(38, 70)), (13, 58))
    bushes(p, 0.35, (20, 55))


def mixed(p, rng):
    "Trunks and bushes at all distances."
    wall(p, rng.uniform(16, 40), 0.75, 66)
    trees(p, int(rng.integers(14, 40)), (14, 55))
    bushes(p, 1.0, (14, 60))


def spruce(p, rng):
    "Dark conifers."
    wall(p, rng.uniform(20, 36), 0.5, 64, SPRUCE)
    trees(p, int(rng.integers(16, 40)), (12, 50), "conifer")
    conifers(p, int(rng.integers(45, 80)))


def meadow(p, rng):
    "Open land: a far hedge, some trees in it."
    wall(p, rng.uniform(8, 18), 0.35, 78)
    trees(p, int(rng.integers(0, 7)), (40, 70))
    bushes(p, 0.6, (44, 76), 2.2)


def thicket(p, rng):
    "Bushes close by, brushwood between them."
    wall(p, rng.uniform(14, 32), 0.7, 50)
    bushes(p, 1.3, (9.5, 34))
    trees(p, int(rng.integers(4, 16)), (14, 40))
    brush(p, 1400, (9.5, 30))


def wall(p, top, gaps, radius, colours=None):
    "The depth of a wood far away, all round: `top`: its height; `gaps`: how far the sky shows through."
    colours = p.look["foliage"] if colours is None else colours
    n, rows = 900, 44
    A, E = np.meshgrid(np.linspace(0, TAU, n, endpoint=False), np.linspace(0, 1, rows), indexing="ij")
    round_, up = ring3(A), E[..., None] * np.array([0, 0, 1.0])
    lump = fbm(round_ * 14 + up * 3, 3, p.S + 91)
    crown = fbm(round_ * 5, 2, p.S + 90) + 0.3 * fbm(round_ * 40, 3, p.S + 96) + 0.12 * fbm(round_ * 160, 2, p.S + 97)
    R = radius * (1 + 0.10 * lump)
    V = stack(R * np.cos(A), R * np.sin(A), 0.0)
    V[..., 2] = E * top * (0.8 + 0.5 * crown) - 2 + p.z(V[..., 0], V[..., 1])
    V[..., 2] += E * 0.02 * top * noise(stack(A * 300, E * 90, 1.0), p.S + 95)
    tint, pick = 1.3 * linear(np.array(colours)), fbm(round_ * 9 + up * 4 + 5, 2, p.S + 92)
    colour = blend(blend(tint[0], tint[-1], smooth(-0.3, 0.1, pick)), tint[1], smooth(0.0, 0.4, pick))
    grain = fbm(stack(A * 50, E * 12, 0.0), 3, p.S + 93)
    colour = colour * (0.2 + 0.45 * E)[..., None] * ((1 + 0.7 * lump) * (1 + 0.9 * grain)).clip(0.15)[..., None]
    torn = smooth(0.3, 1, E) * gaps * p.bare > 0.55 + 0.9 * fbm(stack(A * 36, E * 9, 3.0), 4, p.S + 94)
    V, colour, torn = (np.swapaxes(q, 0, 1) for q in (V, colour, torn))
    F = grid_faces(rows, n, True)
    F = F[~torn.reshape(-1)[F].all(1)]
    p.add("wall", (V, F, hazy(p, colour, np.full(torn.shape, float(radius)))), rough=0.9, shadow=0)


def trees(p, count, between, sort=None):
    "Trunks all round at distances `between`."
    rng, th, parts = p.stream.rng("trees"), np.linspace(0, TAU, 18, endpoint=False), []
    sorts = [sort] if sort else TREES.get(p.kind, [["beech"], ["birch", "grey"], ["conifer"], ["oak"]][p.S % 4])
    for k in range(count):
        a, d, r, slant = rng.uniform(0, TAU), rng.uniform(*between), rng.uniform(0.4, 2.0), rng.normal(0, 0.03)
        name = str(rng.choice(sorts)) if rng.random() < 0.85 else "grey"
        base, dark = (linear(c) for c in BARK[name])
        r = 0.6 * r if name == "birch" else r
        Z, TH = np.meshgrid(np.linspace(-2, 48, 44), th, indexing="ij")
        bark = fbm(ring3(TH) * 3 + Z[..., None] * np.array([0, 0, 0.5]), 3, p.S + k)
        rr = r * (1 - Z / 150) * (1 + 0.12 * bark + 0.5 * np.exp(-(Z + 2) / 1.2))
        V = stack(d * np.cos(a) + rr * np.cos(TH) + Z * slant, d * np.sin(a) + rr * np.sin(TH), Z)
        V[..., 2] += float(p.z(V[0, 0, 0], V[0, 0, 1]))
        tall = 1.6 if name == "birch" else 0.35
        patch = fbm(ring3(TH) * 1.5 + Z[..., None] * np.array([0, 0, tall]), 3, p.S + 70 + k)
        c = np.clip(base * (1 + 0.8 * bark[..., None]) * rng.uniform(0.7, 1.15), 0, 1)
        c = blend(c, dark, smooth(0.12, 0.35, patch) * 0.8)
        c = blend(c, linear([0.24, 0.29, 0.10]), smooth(9, -1, Z) * smooth(-0.2, 0.4, bark) * 0.7)
        parts.append((V, grid_faces(44, 18, True), hazy(p, c, np.full(c.shape[:2], d))))
    if parts:
        p.meshes.append(merge(parts, "trunk", rough=0.9, bump=0.8, bscale=6, shadow=0))


def bushes(p, many, between, tall=1.0):
    "Clumps of foliage; their lower and inner leaves are darker. Bare brushwood where the season has no leaves."
    rng, leafy = p.stream.rng("bushes"), p.look["leafy"]
    clumps = max(3, int(46 * many))
    cx, cy = annulus(rng, clumps, *between)
    wide = rng.uniform(0.10, 0.26, clumps) * np.hypot(cx, cy).clip(8, 40)
    high = wide * rng.uniform(0.7, 1.6, clumps) * (tall if leafy > 0.3 else 0.4)
    n = int(34000 * min(many * leafy, 1))
    k = rng.choice(clumps, n, p=wide / wide.sum())
    u = unit(rng.normal(0, 1, (n, 3))) * rng.uniform(0.45, 1, (n, 1)) ** 0.5
    u = u * (1 + 0.35 * noise(u * 2.2 + k[:, None], p.S + 81))[:, None]
    x, y = cx[k] + wide[k] * u[:, 0], cy[k] + wide[k] * u[:, 1]
    z = p.z(x, y) + high[k] * (u[:, 2] + 0.75).clip(0.02)
    d = np.hypot(x, y)
    size = np.clip(d / 18, 0.8, 3)
    tone = np.exp(rng.normal(0, 0.2, (clumps, 1)) + rng.normal(0, 0.07, (clumps, 3)))
    V, F, C = leaves(rng, x, y, z, "birch", p.look["foliage"], p.S, (0.28 * size, 0.75 * size), 1.2, (4, 3))
    shade = 0.3 + 0.75 * smooth(-0.7, 0.9, u[:, 2]) * np.linalg.norm(u, axis=1)
    C = C * (shade[:, None] * tone[k])[:, None, None]
    far = d[:, None, None] * np.ones(C.shape[:3])
    p.add("bgleaf", (V, F, hazy(p, C, far)), rough=0.5, trans=0.35, shadow=0)
    if leafy > 0.3:
        cores(p, rng, cx, cy, wide, high, tone)
    brush(p, int(500 * many * (6 if leafy < 0.3 else 1)), between)


def cores(p, rng, x, y, wide, high, tone):
    "The dark inside of bushes, so that no sky shows through them."
    n, (rows, cols) = len(x), (14, 20)
    el, th = np.meshgrid(np.linspace(-1, 1, rows) * np.pi / 2, np.linspace(0, TAU, cols, endpoint=False), indexing="ij")
    ball = stack(np.cos(el) * np.cos(th), np.cos(el) * np.sin(th), np.sin(el))
    lump = 0.72 + 0.3 * fbm(ball * 2.2 + rng.uniform(0, 99, (n, 1, 1, 3)), 3, p.S + 82)
    size = stack(wide, wide, high)[:, None, None]
    V = ball * lump[..., None] * size + stack(x, y, p.z(x, y) + 0.7 * high)[:, None, None]
    dark = np.mean(linear(p.look["foliage"]), 0) * (0.35 + 0.35 * (np.sin(el) + 1) / 2)[..., None]
    C = dark * tone[:, None, None] * (1 + 1.2 * noise(V * 1.7, p.S + 83)).clip(0.3)[..., None]
    far = np.hypot(x, y)[:, None, None] * np.ones(C.shape[:3])
    p.add(
        "bgleaf", (V, batch_faces(n, grid_faces(rows, cols, True), rows * cols), hazy(p, C, far)), rough=0.9, shadow=0
    )


def brush(p, n, between):
    "Thin bare stems."
    rng = p.stream.rng("brush", n)
    cx, cy = annulus(rng, 60, *between)
    k = rng.integers(0, 60, n)
    spread = 0.06 * np.hypot(cx, cy)[k]
    x, y = cx[k] + rng.normal(0, 1, n) * spread, cy[k] + rng.normal(0, 1, n) * spread
    away = np.hypot(x, y)
    x, y, away = (q[away > between[0]] for q in (x, y, away))
    colour = palette(rng, len(x), [[0.26, 0.20, 0.16], [0.34, 0.27, 0.22], [0.30, 0.27, 0.20]], 0.2)
    length = rng.uniform(1.5, 7, len(x)) * np.sqrt(away / 20)
    width = rng.uniform(0.015, 0.06, len(x)) * np.clip(away / 18, 0.8, 3)
    part = blades(rng, x, y, p.z(x, y) - 0.1, length, width, 0.45, 0.4, hazy(p, colour, away), (0.8, 1), 4)
    p.add("brush", part, rough=0.9, shadow=0)


def conifers(p, count):
    "Spruces with drooping boughs, young ones nearer."
    rng = p.stream.rng("conifers")
    x, y = annulus(rng, count, 11, 50)
    d = np.hypot(x, y)
    high = rng.uniform(0.25, 0.9, count) * (d + 4)
    n = 150
    up = rng.random((count, n)) ** 1.3
    length = (0.34 * high[:, None] * (1 - up) * rng.uniform(0.6, 1.15, (count, n)) + 0.25).ravel()
    k = np.repeat(np.arange(count), n)
    z = p.z(x, y)[k] + 0.04 * high[k] + (up * high[:, None]).ravel()
    az, m = rng.uniform(0, TAU, count * n), count * n
    tone = np.exp(rng.normal(0, 0.25, count))[k, None]
    colour = hazy(p, palette(rng, m, SPRUCE, 0.2) * tone, d[k])
    rise, droop, wide = rng.uniform(0, 0.4, m), rng.uniform(0.4, 0.9, m), rng.uniform(0.16, 0.3, m)
    p.add("bough", ribbons(x[k], y[k], z, az, length, wide, rise, droop, colour), rough=0.8, trans=0.1, shadow=0)


def clumps(p, name, count, between, spread, each):
    "Points of `count` clumps in a few sides of the place, so that some sides stay open."
    rng = p.stream.rng(name)
    sides = rng.uniform(0, TAU, 3)[rng.integers(0, 3, count)] + rng.normal(0, 0.3, count)
    d = rng.uniform(*between, count)
    k = np.repeat(np.arange(count), each)
    x = (d * np.cos(sides))[k] + rng.normal(0, spread, count * each)
    y = (d * np.sin(sides))[k] + rng.normal(0, spread, count * each)
    return rng, x, y, k


def ferns(p):
    "Ferns at some distance; brown late in the year, dying in autumn."
    count = int(p.stream.rng("fern count").integers(6, 22))
    rng, x, y, k = clumps(p, "ferns", count, (5.5, 12), 0.06, 9)
    bronze = [[0.44, 0.33, 0.16], [0.50, 0.40, 0.20], [0.36, 0.25, 0.15]]
    autumn = p.look["green"] + ([[0.46, 0.42, 0.18]] + bronze[:1] if rng.random() < 0.6 else [])
    colours = {"late": bronze, "autumn": autumn}.get(p.season, p.look["green"])
    low = 0.5 if p.season == "late" else 1.0
    length = rng.uniform(0.7, 1.9, count)[k] * rng.uniform(0.7, 1.1, len(k)) * low
    p.add("fern", fronds(rng, x, y, p.z(x, y), length, palette(rng, len(k), colours, 0.15)), rough=0.6, trans=0.3)


def brambles(p):
    "Brambles or nettles: stems in leaf."
    count = int(p.stream.rng("bramble count").integers(5, 16))
    rng, x, y, _ = clumps(p, "brambles", count, (5.5, 12), 0.35, int(70 * max(p.look["leafy"], 0.3)))
    d = np.hypot(x, y)
    x, y = x[d > 4.8], y[d > 4.8]
    z = p.z(x, y) + rng.uniform(0.02, 1, len(x)) * rng.uniform(0.3, 1.1)
    colours = [[0.34, 0.20, 0.15], [0.30, 0.30, 0.14]] if p.season == "late" else p.look["green"] + [[0.30, 0.24, 0.12]]
    p.add("leaf", leaves(rng, x, y, z, "birch", colours, p.S, (0.2, 0.5), 0.6, (6, 4)), rough=0.45, trans=0.25)
    n = 12 * count
    sx, sy = x[rng.integers(0, len(x), n)], y[rng.integers(0, len(x), n)]
    stem = blades(
        rng,
        sx,
        sy,
        p.z(sx, sy),
        rng.uniform(0.5, 1.6, n),
        np.full(n, 0.018),
        0.7,
        0.8,
        palette(rng, n, [[0.36, 0.22, 0.17], [0.30, 0.30, 0.15]]),
        (0.9, 1),
    )
    p.add("brush", stem, rough=0.8)


def stump(p):
    "The mossy stump of a felled tree."
    rng = p.stream.rng("stump")
    a, d, r, high = rng.uniform(0, TAU), rng.uniform(5, 8.5), rng.uniform(0.5, 1.1), rng.uniform(0.4, 1.2)
    x, y = d * np.cos(a), d * np.sin(a)
    E, TH = np.meshgrid(np.linspace(0, 1, 34), np.linspace(0, TAU, 72, endpoint=False), indexing="ij")
    side = ring3(TH)
    furrow = np.abs(fbm(side * 5 * r + E[..., None] * np.array([0, 0, 0.8]), 3, p.S + 60))
    roots = 0.5 * np.exp(-E * 5) * (0.6 + noise(side * 1.6, p.S + 61)).clip(0)
    R = r * (1 + roots) + 0.12 * furrow
    Z = p.z(x, y) - 0.3 + (high + 0.3) * E * (1 + 0.12 * noise(side * 2, p.S + 62))
    V = stack(x + R * np.cos(TH), y + R * np.sin(TH), Z)
    bark = linear([0.34, 0.28, 0.22]) * (0.4 + 1.6 * smooth(0, 0.3, furrow))[..., None]
    green = smooth(-0.3, 0.2, fbm(V * 1.1, 3, p.S + 63)) * (1 - 0.5 * E) * rng.uniform(0.4, 1)
    parts = [(V, grid_faces(34, 72, True), blend(bark, linear([0.30, 0.36, 0.12]), green))]
    f = np.linspace(1, 0.01, 16)[:, None, None]
    disc = V[-1].mean(0) + (V[-1][None] - V[-1].mean(0)) * f
    rings = 0.6 + 0.25 * np.sin(f[..., 0] * 60 + 3 * noise(disc * 3, p.S))
    wood = blend(linear([0.46, 0.38, 0.29]) * rings[..., None], linear([0.28, 0.33, 0.12]), 0.6 * green[-1])
    parts.append((disc, grid_faces(16, 72, True), wood))
    p.meshes.append(merge(parts, "log", rough=0.9, bump=0.7, bscale=22))


def stones(p):
    "Stones, low where a camera may stand, with moss on top."
    rng = p.stream.rng("stones")
    n = int(rng.integers(3, 12))
    x, y = annulus(rng, n, 2.5, 9)
    k = p.free(x, y, 0.6, clear=True)
    x, y = x[k], y[k]
    size = rng.uniform(0.12, 0.3, len(x)) * np.where(np.hypot(x, y) > 5.5, rng.uniform(1, 3.2, len(x)), 1)
    colour = palette(rng, len(x), STONES[:2] + [STONES[rng.integers(len(STONES))]], 0.15)
    V, F, C = nuggets(rng, x, y, p.z(x, y) + 0.2 * size, size, 1.4, colour, p.S + 50, 0.5)
    moss = smooth(0.3, 1, (V[..., 2] - p.z(x, y)[:, None, None]) / size[:, None, None]) * rng.uniform(0, 1)
    p.add("stone", (V, F, blend(C, linear(MOSS[1]), moss)), rough=0.85, bump=0.6, bscale=9)


VIEW = dict(hall=hall, mixed=mixed, spruce=spruce, meadow=meadow, thicket=thicket)
CLOSE = dict(ferns=ferns, brambles=brambles, stump=stump, stones=stones)
