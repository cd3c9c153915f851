# SPDX-License-Identifier: Apache-2.0
"The place a specimen grows in: ground, litter, plants, logs, what is behind. It knows nothing of the camera."

import numpy as np

from . import backdrop, furniture
from .mesh import grid_faces, merge, mesh
from .noise import TAU, blend, fbm, frame, linear, noise, smooth, stack, unit
from .plants import CHIPS, LITTER, MOSS, NEEDLES, SEASONS, STONES
from .plants import annulus, blades, chips, fallen, hoar, leaves, nuggets, palette, pressed, scatter, twig

BLADE = dict(rough=0.5, trans=0.3)
FROSTY = ("leaf", "grass", "moss", "needles", "twig", "fern", "brush", "chips")
SOIL = {"soil": [0.46, 0.38, 0.29], "grass": [0.30, 0.28, 0.13], "moss": [0.27, 0.29, 0.10]}


def height(x, y, kind, S):
    "Height of the ground at x, y: some places are flat, some hummocky, some rise behind."
    x, y = np.asarray(x, float), np.asarray(y, float)
    if kind == "table":
        return 0 * x
    p, a, b = stack(x, y, 0.0), S % 97 / 96, S % 89 / 88
    near = (0.10 + 0.13 * a) * fbm(p * 0.5, 3, S) + (0.12 if kind == "moss" else 0.05) * fbm(p * 1.7, 3, S + 1)
    return near + smooth(4, 26, np.hypot(x, y)) * 5 * b**2 * (0.3 + fbm(p * 0.05, 2, S + 7))


class Place:
    "Collects the meshes of one place; every layer has a random stream of its own."

    def __init__(self, kind, stream, feet, clear, season):
        self.kind, self.stream, self.feet, self.clear, self.season = kind, stream, feet, clear, season
        self.S, self.meshes, self.look = stream.seed("relief"), [], SEASONS[season]
        rng = stream.rng("character")
        self.fallen = rng.uniform(0.55, 1.2) * self.look["fallen"]  # how much litter
        self.wet = rng.uniform(0.4, 1) if rng.random() < self.look["wet"] else rng.uniform(0, 0.25)
        self.soil = np.exp(rng.normal(0, 0.18) + rng.normal(0, 0.07, 3))
        self.bare = rng.uniform(0.4, 1.3)  # how torn the wood behind is
        self.frost = season == "late" and kind != "table" and stream.rng("frost").random() < 0.33

    def z(self, x, y):
        "Height of the ground."
        return height(x, y, self.kind, self.S)

    def free(self, x, y, pad=0.0, clear=False):
        "Which points are off the stems (and, with `clear`, out of the trodden middle)."
        keep = np.hypot(x, y) > self.clear if clear else np.ones(len(x), bool)
        for fx, fy, r in self.feet:
            keep &= np.hypot(x - fx, y - fy) > r + pad
        return keep

    def from_feet(self, x, y):
        "Distance of points from the nearest stem."
        gaps = [np.hypot(x - fx, y - fy) - r for fx, fy, r in self.feet]
        return np.min(gaps, axis=0).clip(0) if gaps else np.full(np.shape(x), 9.0)

    def add(self, kind, part, **material):
        "File (vertices, faces, colours) as a mesh, frosted where there is frost."
        if len(part[1]):
            v, f, c = hoar(part, self.S + 40) if self.frost and kind in FROSTY else part
            self.meshes.append(mesh(v, f, c, kind, **material))

    def tidied(self, part, x, y):
        "The leaves of `part` pressed down, most near the middle: a photographer has tidied up."
        away, V, d = np.hypot(x, y), part[0], 0.2
        low, far = np.where(away < self.clear + 1.4, 0.16, 0.28), np.where(away < 6, 1, 1.5)
        z = self.z(x, y)
        gx, gy = ((self.z(x + d * i, y + d * (1 - i)) - z)[:, None, None] / d for i in (1, 0))
        ground = z[:, None, None] + gx * (V[..., 0] - x[:, None, None]) + gy * (V[..., 1] - y[:, None, None])
        return pressed(part, ground, low * far * (0.55 + 0.45 * np.abs(np.sin(91 * x + 57 * y))))

    def litter(self, name, n, kind, colours, radius, lift, size, tilt, pad=0.05, clear=False):
        "A layer of fallen leaves."
        rng = self.stream.rng(name)
        x, y = scatter(rng, int(n), radius, 0.62)
        k = self.free(x, y, pad, clear)
        x, y = x[k], y[k]
        z = self.z(x, y) + lift * rng.uniform(0, 1, len(x)) + 0.02
        part = self.tidied(leaves(rng, x, y, z, kind, colours, self.S, size, tilt), x, y)
        part = (*part[:2], part[2] * (1 - 0.35 * self.wet))
        self.add("leaf", part, rough=0.6 - 0.35 * self.wet, trans=0.25, bump=0.1, bscale=25)

    def grass(
        self,
        name,
        n,
        radius,
        length,
        width,
        colours,
        lean=None,
        curve=0.7,
        pad=0.0,
        clear=False,
        low=None,
        dense=0.6,
        bare=-0.7,
    ):
        "Clumps of grass, shorter by the stems; with `low` it is trodden down to that height in the middle."
        rng = self.stream.rng(name)
        x, y = scatter(rng, int(n), radius, dense)
        clump = fbm(stack(x, y, 0.0) * 1.3, 2, self.S + 20)
        k = self.free(x, y, pad, clear) & (rng.random(len(x)) < smooth(bare, bare + 0.95, clump))
        x, y, clump = x[k], y[k], clump[k]
        L = rng.uniform(*length, len(x)) * (1 + 0.5 * clump)
        if low is not None:
            cap = (low + 0.16 * np.clip(np.hypot(x, y) - self.clear, 0, 9)) * rng.uniform(0.5, 1.2, len(x))
            L = np.minimum(L, cap)
        L = np.minimum(L, (0.11 + 0.3 * self.from_feet(x, y)) * rng.uniform(0.7, 1.2, len(x)))
        w = width * rng.uniform(0.6, 1.3, len(x))
        lean = max(self.look["lean"], lean or 0)
        colour = palette(rng, len(x), colours, 0.22)
        part = blades(rng, x, y, self.z(x, y) - 0.02, L, w, lean, curve, colour, (0.45, 1.15))
        self.add("grass", part, **BLADE)

    def moss(self, name, n, radius, bare=-0.2):
        "Cushions of moss."
        rng = self.stream.rng(name)
        x, y = scatter(rng, n, radius)
        f = fbm(stack(x, y, 0.0) * 0.9, 3, self.S + 30)
        k = (f > bare) & self.free(x, y)
        x, y, f = x[k], y[k], f[k]
        sunk = 0.25 + 0.75 * smooth(0.05, 0.6, self.from_feet(x, y))
        hump = sunk * 0.10 * smooth(bare, bare + 0.5, f) * (1 + 0.6 * noise(stack(x, y, 0.0) * 5, self.S + 31))
        up = np.tile(np.linspace(0, 0.10, 7), len(x))
        tone = np.exp(self.stream.rng("moss tone").normal(0, 0.15, 3)) * (0.75 if self.season == "summer" else 1)
        colour = tone * np.repeat(palette(rng, len(x), MOSS, 0.25), 7, 0) * (0.40 + 8 * up[:, None])
        x, y, hump = (np.repeat(a, 7) for a in (x, y, hump))
        z = self.z(x, y) + hump + up - 0.03
        m = len(x)
        x, y = x + rng.normal(0, 0.006, m), y + rng.normal(0, 0.006, m)
        part = blades(
            rng, x, y, z, rng.uniform(0.04, 0.09, m), 0.010 * rng.uniform(0.7, 1.4, m), 1.3, 0.3, colour, (0.7, 1.2), 2
        )
        self.add("moss", part, rough=0.6, trans=0.3)

    def needles(self, name, n, radius):
        "Fallen conifer needles, lying flat."
        rng = self.stream.rng(name)
        x, y = scatter(rng, int(n), radius)
        k = self.free(x, y)
        x, y = x[k], y[k]
        m, z = len(x), self.z(x, y)
        width, up = 0.006 * rng.uniform(0.8, 1.4, m), z + rng.uniform(-0.01, 0.07, m)
        V, F, C = blades(
            rng, x, y, up, rng.uniform(0.12, 0.45, m), width, 0.0, 0.25, palette(rng, m, NEEDLES, 0.22), (0.9, 1.1), 3
        )
        o = stack(x, y, z)[:, None]
        d = V.reshape(m, -1, 3) - o
        tall = d[..., 2] - d[:, :1, 2]
        az, el = rng.uniform(0, TAU, m)[:, None], rng.normal(0, 0.18, m)[:, None]
        d[..., 0] += tall * np.cos(az)
        d[..., 1] += tall * np.sin(az)
        d[..., 2] = d[:, :1, 2] + np.abs(tall * np.sin(el))
        self.add("needles", (o + d, F, C), rough=0.6 - 0.3 * self.wet, trans=0.1)

    def twigs(self, name, n, radius, length=(0.5, 2.5), thick=(0.012, 0.05)):
        "Fallen twigs, lying along the ground."
        parts = []
        for k in range(n):
            rng = self.stream.rng(name, k)
            x, y = scatter(rng, 1, radius)
            if self.free(x, y, 0.2)[0]:
                parts.append(twig(rng, x[0], y[0], self.z, rng.uniform(*length), rng.uniform(*thick), self.S + k))
        if parts:
            m = merge(parts, "twig")
            self.add("twig", (m.v, m.f, m.colour), rough=0.85 - 0.3 * self.wet, bump=0.5, bscale=30)

    def pieces(self, name, n, radius, size, long, colours, rough=0.15, scales=0.0):
        "Pebbles, cones, nuts on the ground."
        rng = self.stream.rng(name)
        x, y = scatter(rng, n, radius)
        k = self.free(x, y, size[1] + 0.05)
        x, y = x[k], y[k]
        r = rng.uniform(*size, len(x))
        z = self.z(x, y) + 0.5 * r + 0.02
        colour = palette(rng, len(x), colours, 0.15)
        part = nuggets(rng, x, y, z, r, long, colour, self.S + 44, rough, scales)
        self.add("piece", part, rough=0.75 - 0.3 * self.wet, bump=0.3, bscale=25)

    def clover(self, name, n, radius):
        "Clover: three round leaflets on a stalk."
        rng = self.stream.rng(name)
        x, y = scatter(rng, n, radius)
        k = self.free(x, y, 0.1) & (noise(stack(x, y, 0.0) * 0.8, self.S + 45) > 0)
        x, y, n = x[k], y[k], int(k.sum())
        a = np.repeat(rng.uniform(0, TAU, n), 3) + np.tile(np.arange(3) * TAU / 3, n)
        up = np.repeat(self.z(x, y) + rng.uniform(0.05, 0.16, n), 3)
        cx, cy = np.repeat(x, 3) + 0.05 * np.cos(a), np.repeat(y, 3) + 0.05 * np.sin(a)
        part = leaves(rng, cx, cy, up, "round", self.look["green"], self.S, (0.08, 0.13), 0.25, (5, 3))
        self.add("leaf", part, **BLADE)

    def rosettes(self, name, n, radius, length=(0.12, 0.3), width=0.04, lift=0.0, colours=None, petals=11, lean=1.45):
        "Leaves (or petals) that spread from one point: dandelions, plantains, small flowers."
        rng = self.stream.rng(name)
        x, y = annulus(rng, n, 0.5, radius)
        k = self.free(x, y, 0.25)
        x, y, n = x[k], y[k], int(k.sum())
        up = self.z(x, y) + lift * rng.uniform(0.6, 1.1, n) + 0.02
        x, y, up = (np.repeat(q, petals) for q in (x, y, up))
        colour = palette(rng, len(x), colours or self.look["green"], 0.12)
        az = rng.uniform(0, TAU, len(x))
        L = rng.uniform(*length, len(x))
        part = blades(rng, x, y, up, L, np.full(len(x), width), lean, 0.15, colour, (0.8, 1.1), 5, az)
        self.add("leaf", part, **BLADE)

    def wood_chips(self, name, n, radius):
        "A mulch of wood chips."
        rng = self.stream.rng(name)
        x, y = scatter(rng, int(n), radius)
        k = self.free(x, y, 0.02)
        x, y = x[k], y[k]
        part = chips(
            rng,
            x,
            y,
            self.z(x, y) + rng.uniform(0, 0.06, len(x)),
            rng.uniform(0.08, 0.4, len(x)),
            palette(rng, len(x), CHIPS, 0.2),
        )
        self.add("chips", part, rough=0.85 - 0.3 * self.wet, bump=0.3, bscale=30)


def earth(p):
    "The ground itself, finest in the middle."
    g, kind, S = np.linspace(-1, 1, 340), p.kind, p.S
    g = np.sign(g) * np.abs(g) ** 2.6 * 90
    X, Y = np.meshgrid(g, g, indexing="ij")
    away = np.hypot(X, Y)
    Z = height(X, Y, kind, S) + np.exp(-((away / 6) ** 2)) * 0.05 * fbm(stack(X, Y, 0.0) * 7, 4, S + 3) - 0.03
    P = stack(X, Y, Z)
    near = linear(SOIL.get(kind, [0.33, 0.25, 0.18])) * p.soil * (1 - 0.4 * p.wet)
    green, brown = np.mean(linear(p.look["meadow"]), 0), np.mean(linear(fallen(kind, p.season)), 0)
    a, b = {
        "grass": (0.45 * green, 0.75 * green),
        "moss": (linear([0.25, 0.30, 0.10]), 0.7 * brown),
        "soil": (0.8 * brown, 0.6 * green),
    }.get(kind, (0.75 * brown, 0.5 * brown))
    colour = near * (1 + 0.5 * fbm(P * 3, 4, S + 4))[..., None]
    colour = blend(colour, 1.4 * blend(a, b, smooth(-0.4, 0.4, fbm(P * 0.12, 3, S + 6))), smooth(4, 10, away))
    colour = colour * (1 + 0.35 * smooth(3, 9, away) * fbm(P * 1.3, 3, S + 8))[..., None]
    p.add("ground", (P, grid_faces(340, 340, False), colour), rough=0.95 - 0.45 * p.wet, bump=0.6, bscale=20)


def log(rng, S, centre, axis, radius, length, mossy=0.5):
    "A lying trunk with bark, some moss on top and sawn ends."
    n, m = 420, 170
    A, TH = np.meshgrid(np.linspace(-0.5, 0.5, n) * length, np.linspace(0, TAU, m, endpoint=False), indexing="ij")
    axis = unit(np.asarray(axis, float))
    side = unit(np.cross([0, 0, 1.0], axis))
    up = np.cross(axis, side)
    q = stack(A * 0.8, np.cos(TH) * radius * 3, np.sin(TH) * radius * 3)
    furrow = np.abs(fbm(q * np.array([1.2, 2.6, 2.6]), 4, S + 1))
    r = radius * (1 + 0.08 * fbm(q * 0.35, 3, S)) + 0.14 * furrow + 0.02 * fbm(q * 7, 3, S + 2)
    V = (
        np.asarray(centre)
        + A[..., None] * axis
        + r[..., None] * (np.cos(TH)[..., None] * side + np.sin(TH)[..., None] * up)
    )
    bark = linear([[0.36, 0.30, 0.25], [0.30, 0.24, 0.20], [0.46, 0.42, 0.37], [0.52, 0.48, 0.42]][rng.integers(4)])
    colour = bark * (0.3 + 1.5 * smooth(0, 0.3, furrow))[..., None] * (1 + 0.5 * fbm(q * 5, 3, S + 3))[..., None]
    green = smooth(0.1, 0.9, np.sin(TH)) * smooth(-0.2, 0.3, fbm(q * 0.8, 3, S + 4)) * mossy
    colour = blend(colour, linear([0.30, 0.36, 0.12]), green)
    grey = smooth(0.2, 0.5, fbm(q * 1.1 + 5, 3, S + 5)) * 0.6
    colour = blend(colour, linear([0.55, 0.56, 0.50]), grey * (1 - green))
    parts = [(V, grid_faces(n, m, True), colour)]
    for end in (0, -1):
        f = np.linspace(1, 0.01, 24)[:, None, None]
        hub = V[end].mean(0)
        disc = hub + (V[end][None] - hub) * f
        rings = 0.75 + 0.25 * np.sin(f[..., 0] * 70 + 3 * noise(disc * 3, S))
        parts.append((disc, grid_faces(24, m, True), linear([0.62, 0.50, 0.36]) * rings[..., None]))
    return merge(parts, "log", rough=0.9, bump=0.7, bscale=22)


def undergrowth(p):
    "The layers that belong to the place's kind."
    dict(conifer=under_conifers, moss=under_moss, grass=in_grass, soil=on_soil).get(p.kind, under_leaves)(p)
    extras(p)


def under_leaves(p):
    "Beech, oak, birch: leaf litter, some grass, sometimes moss, now and then leaves of another tree."
    rng, kind, colours = p.stream.rng("choice"), p.kind, fallen(p.kind, p.season)
    other = str(rng.choice([k for k in ("beech", "oak", "birch") if k != kind]))
    share, size = rng.choice([0, 0.1, 0.3]), {"birch": (0.2, 0.45)}
    p.litter("leaves", 2300 * p.fallen * (1 - share), kind, colours, 7, 0.13, size.get(kind, (0.3, 0.62)), 0.3)
    p.litter("others", 2300 * p.fallen * share, other, fallen(other, p.season), 7, 0.14, (0.2, 0.5), 0.3)
    p.litter("loose", 40 * p.fallen, kind, colours, 4, 0.1, (0.3, 0.6), 0.4, clear=True)
    p.twigs("twigs", 18, 4)
    lush = dict(spring=2.2, summer=2.6, autumn=1, late=0.7)[p.season] * rng.uniform(0.4, 1.3)
    p.grass(
        "grass", (1000 if kind == "birch" else 250) * lush, 6, (0.3, 0.9), 0.012, p.look["green"], pad=0.05, low=0.2
    )
    if rng.random() < 0.5:
        p.moss("moss", 3500, 4, 0.15)
    if kind == "beech":
        p.pieces("husks", 50, 4, (0.05, 0.09), 1.3, [[0.40, 0.29, 0.19], [0.50, 0.38, 0.25]], 0.5, 0.08)
    if kind == "oak":
        p.pieces(
            "acorns", 30, 4, (0.055, 0.08), 1.6, [[0.50, 0.38, 0.20], [0.44, 0.30, 0.17], [0.45, 0.45, 0.22]], 0.03
        )


def under_conifers(p):
    "A carpet of needles with cones, moss and twigs."
    rng = p.stream.rng("choice")
    p.needles("needles", rng.uniform(14000, 24000), 6)
    p.moss("moss", int(rng.uniform(1500, 8000)), 4.5, 0.08)
    p.twigs("twigs", int(rng.integers(12, 34)), 4)
    long, size = ((1.5, (0.12, 0.17)), (3.2, (0.12, 0.15)))[rng.integers(2)]  # of pine, of spruce
    cones = [[0.42, 0.30, 0.21], [0.34, 0.25, 0.18], [0.50, 0.38, 0.27]]
    p.pieces("cones", int(rng.integers(0, 14)), 4, size, long, cones, 0.1, 0.12)
    p.litter("leaves", rng.integers(5, 70) * p.fallen, "birch", fallen("birch", p.season), 4, 0.08, (0.2, 0.45), 0.3)
    p.grass("grass", rng.uniform(40, 500), 5, (0.3, 0.8), 0.01, p.look["green"], clear=True, low=0.2)


def under_moss(p):
    "A carpet of moss."
    rng = p.stream.rng("choice")
    p.moss("moss", 20000, 6.0, float(rng.uniform(-0.85, -0.3)))
    p.needles("needles", rng.uniform(300, 5000), 5)
    p.twigs("twigs", 10, 4)
    kind = str(rng.choice(["beech", "birch", "oak"]))
    p.litter("leaves", rng.integers(5, 90) * p.fallen, kind, fallen(kind, p.season), 4, 0.12, (0.25, 0.55), 0.35)
    p.grass("grass", rng.uniform(50, 400), 5, (0.3, 0.9), 0.01, p.look["green"], clear=True, low=0.2)


def in_grass(p):
    "A meadow or a lawn."
    rng, late = p.stream.rng("choice"), p.season == "late"
    tall, meadow = (0.8 if late else rng.uniform(0.55, 1.1)), p.look["meadow"]
    p.grass("tall", 24000, 9, (0.3 * tall, 0.8 * tall), 0.013, meadow, pad=0.01, low=0.26 * tall, dense=0.75)
    p.grass("short", 16000, 4.5, (0.1, 0.32), 0.011, p.look["green"] + meadow[-2:], lean=1.1, bare=-1.4)
    p.litter("leaves", rng.integers(0, 45) * p.fallen, "birch", fallen("birch", p.season), 4, 0.15, (0.15, 0.35), 0.4)
    if not late and rng.random() < 0.6:
        p.clover("clover", 500, 4.5)
    if rng.random() < 0.4:
        p.rosettes("rosettes", 9, 4)


def on_soil(p):
    "Open soil, or a bed of wood chips."
    rng = p.stream.rng("choice")
    p.wood_chips("chips", 5000 if rng.random() < 0.55 else rng.uniform(50, 500), 5.5)
    p.litter("leaves", 260 * p.fallen, "willow", LITTER["willow"] + fallen("oak", p.season), 6, 0.08, (0.3, 0.6), 0.3)
    p.twigs("twigs", int(rng.integers(8, 34)), 4, thick=(0.008, 0.03))
    p.grass("grass", rng.uniform(500, 3500), 7, (0.15, 0.6), 0.011, p.look["green"], low=0.16, dense=0.8)
    p.needles("needles", 1500, 5)
    if rng.random() < 0.4:
        p.rosettes("rosettes", 7, 4)


def extras(p):
    "Small things that any place may have: pebbles, and in spring flowers and shoots."
    rng = p.stream.rng("extras")
    if rng.random() < {"soil": 0.7, "grass": 0.0}.get(p.kind, 0.15):
        p.pieces("pebbles", int(rng.integers(6, 60)), 4.5, (0.03, 0.13), 1.3, STONES, 0.4)
    if p.season == "spring" and rng.random() < 0.5:
        petals = [[[0.86, 0.86, 0.84]], [[0.88, 0.74, 0.12]], [[0.52, 0.42, 0.70]]][rng.integers(3)]
        p.rosettes("flowers", 14, 5.5, (0.06, 0.09), 0.03, 0.2, petals, 7, 1.3)
        p.rosettes("flower leaves", 30, 5.5, (0.15, 0.3), 0.05, 0.0, None, 6, 1.1)


def far_ground(p):
    "Coarse litter and tufts further off, so that the ground does not turn into a lawn."
    rng, kind = p.stream.rng("far"), p.kind
    x, y = annulus(rng, int(2200 * min(p.fallen, 1) * dict(conifer=0.3, grass=0.02).get(kind, 1)), 4.5, 26)
    colours = fallen(kind, p.season) + ([[0.3, 0.36, 0.12]] * 5 if kind == "moss" else [])
    part = leaves(rng, x, y, p.z(x, y) + 0.06, "birch", colours, p.S, (0.4, 0.9), 0.3, (5, 3))
    p.add("leaf", p.tidied(part, x, y), rough=0.6, trans=0.2)
    n, open_ = int(9000 * rng.uniform(0.4, 1)), kind == "grass"
    n = 12000 if open_ else n
    x, y = annulus(rng, n, 5.0 if open_ else 4.0, 40 if open_ else 24)
    green = p.look["meadow" if open_ else "green"]
    dry = [] if kind in ("moss", "grass") else [[0.4, 0.3, 0.2], [0.45, 0.36, 0.22]]
    colour = palette(rng, n, green + dry, 0.25)
    length, width = (
        rng.uniform(0.1, 0.36, n) * (2 if open_ else 1),
        (0.05 if open_ else 0.02) * rng.uniform(0.6, 1.6, n),
    )
    p.add("grass", blades(rng, x, y, p.z(x, y) - 0.02, length, width, 1.0, 0.6, colour, (0.5, 1.1), 2), **BLADE)


def build(kind, stream, feet, clear, logs=(), season="autumn", surface=None):
    """Meshes of a place. `kind`: beech, oak, birch, conifer, moss, grass, soil or table; `feet`: (x, y, radius) of what
    stands there; `clear`: radius of the trodden middle; `logs`: (centre, axis, radius, length) of lying trunks;
    `season`: spring, summer, autumn or late; `surface` of a table: boards, cloth, stone, board_cutting, paper or steel,
    None: drawn."""
    p = Place(kind, stream, feet, clear, season)
    for k, wood in enumerate(logs):
        p.meshes.append(log(stream.rng("log", k), stream.seed("log", k), *wood, 0.0 if kind == "table" else 0.7))
    if kind == "table":
        furniture.build(p, surface)
        p.needles("needles", 40, 2.5)
        few = int(stream.rng("choice").integers(0, 4))
        p.litter("leaves", few, "beech", LITTER["beech"], 2.5, 0.02, (0.3, 0.5), 0.2, pad=0.3)
        return p.meshes
    earth(p)
    undergrowth(p)
    far_ground(p)
    backdrop.build(p)
    return p.meshes


def canopy(stream, sun, season="autumn"):
    "Leaves high up towards the sun, which dapple the light; few of them late in the year."
    rng, look = stream.rng("canopy"), SEASONS[season]
    c = sun * 45 + rng.uniform(-22, 22, (250 if season == "late" else 700, 2)) @ frame(sun)[:, :2].T
    x, y, z = c.T
    part = leaves(rng, x, y, z, "beech", look["green"], stream.seed("canopy"), (1.2, 4.5), 1.0, (8, 5))
    return mesh(*part, "canopy", rough=0.5, trans=0.4)
