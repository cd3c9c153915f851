# SPDX-License-Identifier: Apache-2.0
"The place a specimen grows in: ground, litter, plants, logs, trees behind. It knows nothing of the camera."

import numpy as np

from .mesh import batch_faces, grid_faces, merge, mesh
from .noise import TAU, blend, fbm, frame, linear, mix, noise, ring3, smooth, stack, unit

LITTER = {
    "beech": [
        [0.48, 0.34, 0.22],
        [0.55, 0.41, 0.27],
        [0.40, 0.29, 0.20],
        [0.58, 0.46, 0.33],
        [0.33, 0.25, 0.19],
        [0.56, 0.36, 0.18],
        [0.45, 0.37, 0.30],
        [0.50, 0.45, 0.24],
    ],
    "oak": [
        [0.52, 0.43, 0.31],
        [0.45, 0.36, 0.26],
        [0.57, 0.48, 0.36],
        [0.38, 0.30, 0.22],
        [0.32, 0.26, 0.2],
        [0.50, 0.36, 0.20],
    ],
    "birch": [
        [0.70, 0.60, 0.26],
        [0.58, 0.47, 0.26],
        [0.48, 0.37, 0.24],
        [0.42, 0.33, 0.23],
        [0.36, 0.30, 0.22],
        [0.64, 0.45, 0.2],
    ],
    "willow": [[0.5, 0.45, 0.2], [0.4, 0.32, 0.18]],
}
GREEN = [[0.25, 0.38, 0.10], [0.32, 0.45, 0.14], [0.20, 0.32, 0.10], [0.42, 0.50, 0.18]]
MEADOW = [[0.30, 0.44, 0.12], [0.38, 0.50, 0.16], [0.25, 0.38, 0.10], [0.46, 0.54, 0.22], [0.60, 0.56, 0.32]]
MOSS = [[0.42, 0.50, 0.12], [0.36, 0.46, 0.12], [0.54, 0.58, 0.18], [0.32, 0.42, 0.12]]
NEEDLES = [[0.50, 0.32, 0.17], [0.58, 0.38, 0.20], [0.40, 0.26, 0.15], [0.34, 0.24, 0.16]]
TWIGS = [[0.34, 0.26, 0.19], [0.44, 0.36, 0.28], [0.26, 0.19, 0.14], [0.5, 0.45, 0.38]]
BOARDS = [[0.72, 0.54, 0.36], [0.50, 0.34, 0.21], [0.80, 0.68, 0.52], [0.36, 0.25, 0.18], [0.86, 0.84, 0.80]]
OUTLINE = {
    "beech": (0.30, 0.9, 0.75),
    "oak": (0.26, 1.25, 0.7),
    "birch": (0.36, 0.62, 0.85),
    "willow": (0.12, 1.0, 0.8),
}  # width, skew, fullness
LEAF = dict(rough=0.55, trans=0.25, bump=0.1, bscale=25)
BLADE = dict(rough=0.5, trans=0.3)


def height(x, y, kind, S):
    "Height of the ground at x, y."
    x, y = np.asarray(x, float), np.asarray(y, float)
    if kind == "table":
        return 0 * x
    p = stack(x, y, 0.0)
    return 0.16 * fbm(p * 0.5, 3, S) + (0.12 if kind == "moss" else 0.05) * fbm(p * 1.7, 3, S + 1)


def scatter(rng, n, radius, dense=0.6):
    "`n` points in a disc; `dense` above .5 crowds them towards the middle."
    r, a = radius * rng.uniform(0, 1, n) ** dense, rng.uniform(0, TAU, n)
    return r * np.cos(a), r * np.sin(a)


def palette(rng, n, colours, spread=0.18):
    "`n` linear colours, varied."
    c = 1.55 * linear(np.array(colours))[rng.integers(0, len(colours), n)]
    return c * np.exp(rng.normal(0, spread, (n, 1))) * np.exp(rng.normal(0, spread * 0.35, (n, 3)))


def blades(rng, x, y, z, length, width, lean, curve, colour, shade, segments=5):
    "Grass blades, moss shoots, needles: (vertices, faces, colours)."
    n, t = len(x), np.linspace(0, 1, segments + 1)
    az = rng.uniform(0, TAU, n)
    angle = (lean * rng.uniform(0.2, 1, n))[:, None] + (curve * rng.normal(0, 1, n))[:, None] * t
    step, start = (length / segments)[:, None], np.zeros((n, 1))
    out = np.concatenate([start, np.cumsum(np.sin(angle[:, 1:]) * step, 1)], 1)
    up = np.concatenate([start, np.cumsum(np.cos(angle[:, 1:]) * step, 1)], 1)
    P = stack(x[:, None] + np.cos(az)[:, None] * out, y[:, None] + np.sin(az)[:, None] * out, z[:, None] + up)
    side = ring3(az + np.pi / 2 + rng.normal(0, 0.5, n))
    w = width[:, None] * (1 - t**1.6) * (0.6 + 0.4 * np.minimum(t * 4, 1)) + 1e-4
    V = np.stack([P - side[:, None] * w[..., None], P + side[:, None] * w[..., None]], 2)
    k = np.arange(segments)
    quad = np.stack([2 * k, 2 * k + 1, 2 * k + 3, 2 * k + 2], -1)
    C = colour[:, None, None, :] * mix(shade[0], shade[1], t)[None, :, None, None] * np.ones((1, 1, 2, 1))
    return V, batch_faces(n, quad, (segments + 1) * 2), C


def tumble(rng, n, tilt):
    "`n` rotation matrices: any heading, tilted by about `tilt` radians."
    a, b, c = rng.uniform(0, TAU, n), rng.normal(0, tilt, n), rng.normal(0, tilt, n)
    R = np.zeros((3, n, 3, 3))
    R[:, :, range(3), range(3)] = 1
    for k, (angle, i, j) in enumerate(((a, 0, 1), (b, 1, 2), (c, 2, 0))):
        R[k, :, i, i] = R[k, :, j, j] = np.cos(angle)
        R[k, :, i, j], R[k, :, j, i] = -np.sin(angle), np.sin(angle)
    return R[0] @ R[1] @ R[2]


def leaves(rng, x, y, z, kind, colours, S, size=(0.35, 0.75), tilt=0.5, grid=(13, 5)):
    "Curled leaves: (vertices, faces, colours)."
    n, (rows, cols) = len(x), grid
    t, q = np.linspace(0, 1, rows), np.linspace(-1, 1, cols)
    L, (aspect, skew, full) = rng.uniform(*size, n), OUTLINE[kind]
    W = np.repeat(np.sin(np.pi * t**skew)[None].clip(0) ** full, n, 0)
    if kind == "oak":
        W = W * (1 + 0.42 * np.cos(t[None] * rng.uniform(24, 30, (n, 1)) + rng.uniform(0, 6, (n, 1))))
    W = W * (L * aspect * rng.uniform(0.85, 1.15, n))[:, None]
    fold, curl, cup = (rng.normal(m, s, n)[:, None, None] for m, s in ((0.15, 0.35), (0, 1.1), (0.2, 0.7)))
    T, Q, Lc = t[None, :, None], q[None, None], L[:, None, None]
    Y = Q * W[:, :, None]
    X = (T - 0.5) * Lc * np.sinc(curl * (T - 0.5) / np.pi) + 0 * Y
    Z = Lc * 0.5 * curl * (T - 0.5) ** 2 + fold * np.abs(Y) + cup * Y**2 / (Lc * 0.25 + 1e-6) * 0.8
    P = stack(X, Y, Z)
    P[..., 2] += 0.07 * Lc * noise(P * 7 + rng.uniform(0, 99, (n, 1, 1, 3)), S)
    P[..., 2] *= np.where(rng.random(n) < 0.5, 1, -1)[:, None, None]
    V = np.einsum("nij,nabj->nabi", tumble(rng, n, tilt), P) + stack(x, y, z)[:, None, None]
    C = palette(rng, n, colours)[:, None, None, :] * np.ones((1, rows, cols, 1))
    if rows > 6:
        vein = (np.abs(Q) < 0.2) * 0.3 + 0.16 * (np.cos((T * 9 - np.abs(Q) * 2.4) * TAU) > 0.6)
        blotch = fbm(P * 5 + rng.uniform(0, 99, (n, 1, 1, 3)), 3, S + 2)
        rot_ = smooth(0.2, 0.5, fbm(P * 9 + rng.uniform(0, 99, (n, 1, 1, 3)), 2, S + 4)) * 0.7
        C = blend(C * (1 + vein * 0.8)[..., None] * (1 + 0.5 * blotch)[..., None], linear([0.16, 0.11, 0.07]), rot_)
    return V, batch_faces(n, grid_faces(rows, cols, False), rows * cols), np.clip(C, 0, 1)


class Place:
    "Collects the meshes of one place; every layer has a random stream of its own."

    def __init__(self, kind, stream, feet, clear):
        self.kind, self.stream, self.feet, self.clear = kind, stream, feet, clear
        self.S, self.meshes = stream.seed("relief"), []

    def z(self, x, y):
        "Height of the ground."
        return height(x, y, self.kind, self.S)

    def free(self, x, y, pad=0.0, clear=False):
        "Which points are off the stems (and, with `clear`, out of the trodden middle)."
        keep = np.hypot(x, y) > self.clear if clear else np.ones(len(x), bool)
        for fx, fy, r in self.feet:
            keep &= np.hypot(x - fx, y - fy) > r + pad
        return keep

    def add(self, kind, part, **material):
        "File (vertices, faces, colours) as a mesh."
        v, f, c = part
        if len(f):
            self.meshes.append(mesh(v, f, c, kind, **material))

    def litter(self, name, n, kind, colours, radius, lift, size, tilt, pad=0.05, clear=False):
        "A layer of fallen leaves."
        rng = self.stream.rng(name)
        x, y = scatter(rng, n, radius, 0.62)
        k = self.free(x, y, pad, clear)
        x, y = x[k], y[k]
        z = self.z(x, y) + lift * rng.uniform(0, 1, len(x)) + 0.02
        self.add("leaf", leaves(rng, x, y, z, kind, colours, self.S, size, tilt), **LEAF)

    def grass(
        self,
        name,
        n,
        radius,
        length,
        width,
        colours,
        lean=0.5,
        curve=0.7,
        pad=0.0,
        clear=False,
        low=None,
        dense=0.6,
        bare=-0.7,
    ):
        "Clumps of grass; with `low` it is trodden down to that height in the middle and grows back outwards."
        rng = self.stream.rng(name)
        x, y = scatter(rng, n, radius, dense)
        clump = fbm(stack(x, y, 0.0) * 1.3, 2, self.S + 20)
        k = self.free(x, y, pad, clear) & (rng.random(len(x)) < smooth(bare, bare + 0.95, clump))
        x, y, clump = x[k], y[k], clump[k]
        L = rng.uniform(*length, len(x)) * (1 + 0.5 * clump)
        if low is not None:
            cap = (low + 0.16 * np.clip(np.hypot(x, y) - self.clear, 0, 9)) * rng.uniform(0.5, 1.2, len(x))
            L = np.minimum(L, cap)
        w = width * rng.uniform(0.6, 1.3, len(x))
        self.add(
            "grass",
            blades(
                rng, x, y, self.z(x, y) - 0.02, L, w, lean, curve, palette(rng, len(x), colours, 0.22), (0.45, 1.15)
            ),
            **BLADE,
        )

    def moss(self, name, n, radius, bare=-0.2):
        "Cushions of moss."
        rng = self.stream.rng(name)
        x, y = scatter(rng, n, radius)
        f = fbm(stack(x, y, 0.0) * 0.9, 3, self.S + 30)
        k = (f > bare) & self.free(x, y)
        x, y, f = x[k], y[k], f[k]
        hump = 0.10 * smooth(bare, bare + 0.5, f) * (1 + 0.6 * noise(stack(x, y, 0.0) * 5, self.S + 31))
        up = np.tile(np.linspace(0, 0.10, 7), len(x))
        colour = np.repeat(palette(rng, len(x), MOSS, 0.25), 7, 0) * (0.40 + 8 * up[:, None])
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
        x, y = scatter(rng, n, radius)
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
        self.add("needles", (o + d, F, C), rough=0.6, trans=0.1)

    def twigs(self, name, n, radius, length=(0.5, 2.5), thick=(0.012, 0.05)):
        "Fallen twigs."
        parts = []
        for k in range(n):
            rng = self.stream.rng(name, k)
            x, y = scatter(rng, 1, radius)
            if self.free(x, y, 0.2)[0]:
                at = np.array([x[0], y[0], self.z(x, y)[0] + rng.uniform(0.02, 0.10)])
                parts.append(twig(rng, at, rng.uniform(*length), rng.uniform(*thick), self.S + k))
        if parts:
            self.meshes.append(merge(parts, "twig", rough=0.85, bump=0.5, bscale=30))


def twig(rng, at, length, r, S):
    "One crooked twig: (vertices, faces, colours)."
    T, TH = np.meshgrid(np.linspace(0, 1, 24), np.linspace(0, TAU, 8, endpoint=False), indexing="ij")
    d = unit(np.array([*rng.normal(0, 1, 2), rng.normal(0, 0.06)]))
    crook = np.stack([noise(stack(T * 3, k, S % 97), S) for k in range(3)], -1) * np.array([1, 1, 0.25])
    B = frame(d)
    rr = r * (1 - 0.5 * T) * (1 + 0.2 * noise(stack(T * 14, np.cos(TH), np.sin(TH)), S))
    V = (
        at
        + d * (T[..., None] - 0.5) * length
        + 0.06 * length * crook
        + rr[..., None] * (np.cos(TH)[..., None] * B[:, 0] + np.sin(TH)[..., None] * B[:, 1])
    )
    return (
        V,
        grid_faces(24, 8, True),
        np.clip(palette(rng, 1, TWIGS)[0] * (1 + 0.5 * noise(V * 25, S)[..., None]), 0, 1),
    )


def earth(kind, S):
    "The ground itself, finest in the middle."
    g = np.linspace(-1, 1, 340)
    g = np.sign(g) * np.abs(g) ** 2.6 * 90
    X, Y = np.meshgrid(g, g, indexing="ij")
    away = np.hypot(X, Y)
    Z = height(X, Y, kind, S) + np.exp(-((away / 6) ** 2)) * 0.05 * fbm(stack(X, Y, 0.0) * 7, 4, S + 3) - 0.03
    P = stack(X, Y, Z)
    near = {"soil": [0.46, 0.38, 0.29], "grass": [0.30, 0.28, 0.13], "moss": [0.27, 0.29, 0.10]}.get(
        kind, [0.33, 0.25, 0.18]
    )
    far = {
        "grass": ([0.30, 0.40, 0.14], [0.42, 0.45, 0.20]),
        "moss": ([0.25, 0.30, 0.10], [0.30, 0.25, 0.14]),
        "soil": ([0.36, 0.30, 0.22], [0.34, 0.36, 0.18]),
    }
    a, b = (linear(c) for c in far.get(kind, ([0.34, 0.24, 0.14], [0.26, 0.22, 0.12])))
    colour = linear(near) * (1 + 0.5 * fbm(P * 3, 4, S + 4))[..., None]
    colour = blend(colour, 1.5 * blend(a, b, smooth(-0.4, 0.4, fbm(P * 0.12, 3, S + 6))), smooth(4, 10, away))
    return mesh(P, grid_faces(340, 340, False), colour, "ground", rough=0.95, bump=0.6, bscale=20)


def table(rng, S):
    "A table of boards."
    g = np.linspace(-1, 1, 400)
    g = np.sign(g) * np.abs(g) ** 1.7 * 14
    X, Y = np.meshgrid(g, g, indexing="ij")
    width = rng.uniform(1.0, 2.4)
    k = np.floor(Y / width)
    grain = fbm(stack(X * 0.35 + k * 7.7, Y * 5, k * 3.1), 5, S)
    rings = np.sin(54 * fbm(stack(X * 0.16 + k * 9, Y * 1.1, 0.0), 2, S + 1) + Y * 6)
    colour = linear(BOARDS[rng.integers(len(BOARDS))]) * (1 + 0.35 * grain + 0.12 * rings)[..., None]
    colour = colour * (1 + 0.12 * noise(stack(k * 3.3, 0.0, 0.0), S + 2))[..., None]
    gap = smooth(0.04, 0.0, np.abs(Y / width - np.round(Y / width)) * width)
    return mesh(
        stack(X, Y, -0.02 * gap),
        grid_faces(400, 400, False),
        colour * (1 - 0.8 * gap)[..., None],
        "table",
        rough=float(rng.uniform(0.3, 0.65)),
        bump=0.08,
        bscale=8,
    )


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
    rng, kind = p.stream.rng("choice"), p.kind
    some = int(rng.integers(5, 80))
    mossy = rng.random() < 0.5
    if kind in ("beech", "oak", "birch"):
        p.litter("leaves", 2300, kind, LITTER[kind], 7, 0.13, (0.2, 0.45) if kind == "birch" else (0.3, 0.62), 0.3)
        p.litter("loose", 40, kind, LITTER[kind], 4, 0.16, (0.3, 0.6), 0.6, clear=True)
        p.twigs("twigs", 18, 4)
        p.grass("grass", 1000 if kind == "birch" else 250, 6, (0.3, 0.9), 0.012, GREEN, pad=0.05, low=0.2)
        if mossy:
            p.moss("moss", 3500, 4, 0.15)
    if kind == "conifer":
        p.needles("needles", 14000, 6)
        p.moss("moss", 5500, 4.5, 0.08)
        p.twigs("twigs", 26, 4)
        p.litter("leaves", some, "birch", LITTER["birch"], 4, 0.12, (0.2, 0.45), 0.4)
        p.grass("grass", 120, 5, (0.3, 0.8), 0.01, GREEN, clear=True, low=0.2)
    if kind == "moss":
        p.moss("moss", 22000, 6.0, -0.75)
        p.needles("needles", 1800, 5)
        p.twigs("twigs", 10, 4)
        p.litter("leaves", some, str(rng.choice(["beech", "birch", "oak"])), LITTER["beech"], 4, 0.15, (0.25, 0.6), 0.4)
        p.grass("grass", 100, 5, (0.3, 0.9), 0.01, GREEN, clear=True, low=0.2)
    if kind == "grass":
        p.grass("tall", 24000, 9, (0.3, 0.8), 0.013, MEADOW, pad=0.01, low=0.26, dense=0.75)
        p.grass("short", 16000, 4.5, (0.1, 0.32), 0.011, GREEN + MEADOW[3:], lean=1.1, bare=-1.4)
        p.litter("leaves", some // 2, "birch", LITTER["birch"] + [[0.4, 0.5, 0.2]], 4, 0.15, (0.15, 0.35), 0.5)
    if kind == "soil":
        p.litter("leaves", 260, "willow", LITTER["willow"] + LITTER["oak"], 6, 0.08, (0.3, 0.6), 0.3)
        p.twigs("twigs", 30, 4, thick=(0.008, 0.03))
        p.grass("grass", 2500, 7, (0.15, 0.6), 0.011, GREEN, low=0.16, dense=0.8)
        p.needles("needles", 1500, 5)


def far_ground(p):
    "Coarse litter and tufts further off, so that the ground does not turn into a lawn."
    rng, kind = p.stream.rng("far"), p.kind
    a, d = rng.uniform(0, TAU, 2200), rng.uniform(4.5, 26, 2200)
    x, y = d * np.cos(a), d * np.sin(a)
    colours = LITTER.get(kind, LITTER["beech"]) + ([[0.3, 0.36, 0.12]] * 5 if kind == "moss" else [])
    p.add(
        "leaf",
        leaves(rng, x, y, p.z(x, y) + 0.08, "birch", colours, p.S, (0.4, 0.9), 0.3, (6, 4)),
        rough=0.6,
        trans=0.2,
    )
    n = 9000
    a, d = rng.uniform(0, TAU, n), rng.uniform(4.0, 24, n)
    x, y = d * np.cos(a), d * np.sin(a)
    colour = palette(rng, n, GREEN if kind == "moss" else GREEN + [[0.4, 0.3, 0.2], [0.45, 0.36, 0.22]], 0.25)
    part = blades(
        rng,
        x,
        y,
        p.z(x, y) - 0.02,
        rng.uniform(0.1, 0.36, n),
        0.02 * rng.uniform(0.6, 1.6, n),
        1.0,
        0.6,
        colour,
        (0.5, 1.1),
        2,
    )
    p.add("grass", part, rough=0.6, trans=0.3)


def trees(p):
    "Trunks all round, beyond where a camera stands."
    rng, th, parts = p.stream.rng("trees"), np.linspace(0, TAU, 24, endpoint=False), []
    count = 0 if p.kind == "grass" and rng.random() < 0.6 else int(rng.integers(18, 42))
    haze = np.array([0.40, 0.44, 0.42])
    for k in range(count):
        a, d, r, slant = rng.uniform(0, TAU), rng.uniform(14, 55), rng.uniform(0.5, 2.2), rng.normal(0, 0.03)
        Z, TH = np.meshgrid(np.linspace(-1, 60, 50), th, indexing="ij")
        bark = fbm(ring3(TH) * 3 + Z[..., None] * np.array([0, 0, 0.5]), 4, p.S + k)
        rr = r * (1 - Z / 150) * (1 + 0.15 * bark)
        V = stack(d * np.cos(a) + rr * np.cos(TH) + Z * slant, d * np.sin(a) + rr * np.sin(TH), Z)
        birch = p.kind == "birch"
        c = np.clip(linear([0.78, 0.76, 0.72] if birch else [0.30, 0.24, 0.19]) * (1 + 0.9 * bark[..., None]), 0, 1)
        patch = fbm(ring3(TH) * 1.5 + Z[..., None] * np.array([0, 0, 1.2 if birch else 0.4]), 3, p.S + 70 + k)
        c = blend(c, linear([0.10, 0.09, 0.08] if birch else [0.28, 0.33, 0.14]), smooth(0.15, 0.4, patch) * 0.7)
        parts.append((V, grid_faces(50, 24, True), mix(c, haze, 0.75 * (1 - np.exp(-d / 45)))))
    if parts:
        p.meshes.append(merge(parts, "trunk", rough=0.9, bump=0.8, bscale=6, shadow=0))


def shrubs(p):
    "Foliage in the distance, all round."
    rng, n = p.stream.rng("shrubs"), 22000
    a, d = rng.uniform(0, TAU, n), 15 + 57 * rng.random(n)
    x, y = d * np.cos(a), d * np.sin(a)
    clump = fbm(stack(x, y, 0.0) * 0.12, 2, p.S + 80)
    top = np.clip(0.5 + d * 0.38 * smooth(-0.3, 0.4, clump), 0.2, 26)
    k = rng.random(n) < smooth(-0.45, 0.2, clump)
    x, y, z = x[k], y[k], (top * rng.random(n) ** 1.2)[k]
    tints = GREEN + ([[0.5, 0.52, 0.26]] if p.kind == "grass" else [[0.45, 0.48, 0.16], [0.55, 0.45, 0.16]])
    V, F, C = leaves(rng, x, y, z, "birch", tints, p.S, (0.4, 1.2), 1.2, (6, 4))
    C = mix(C, np.array([0.42, 0.46, 0.42]), 0.6 * (1 - np.exp(-np.hypot(x, y) / 50))[:, None, None, None])
    p.add("bgleaf", (V, F, C), rough=0.5, trans=0.4, shadow=0)


def build(kind, stream, feet, clear, logs=()):
    """Meshes of a place. `kind`: beech, oak, birch, conifer, moss, grass, soil or table; `feet`: (x, y, radius) of what stands there;
    `clear`: radius of the trodden middle; `logs`: (centre, axis, radius, length) of lying trunks."""
    p = Place(kind, stream, feet, clear)
    for k, (centre, axis, radius, length) in enumerate(logs):
        p.meshes.append(
            log(
                stream.rng("log", k),
                stream.seed("log", k),
                centre,
                axis,
                radius,
                length,
                0.0 if kind == "table" else 0.7,
            )
        )
    if kind == "table":
        p.meshes.append(table(stream.rng("table"), p.S))
        p.needles("needles", 40, 2.5)
        p.litter(
            "leaves",
            int(stream.rng("choice").integers(0, 4)),
            "beech",
            LITTER["beech"],
            2.5,
            0.02,
            (0.3, 0.5),
            0.2,
            pad=0.3,
        )
        return p.meshes
    p.meshes.append(earth(kind, p.S))
    undergrowth(p)
    if kind != "grass":
        far_ground(p)
    trees(p)
    shrubs(p)
    return p.meshes


def canopy(stream, sun):
    "Leaves high up towards the sun, which dapple the light."
    rng = stream.rng("canopy")
    c = sun * 45 + rng.uniform(-22, 22, (700, 2)) @ frame(sun)[:, :2].T
    return mesh(
        *leaves(rng, c[:, 0], c[:, 1], c[:, 2], "beech", GREEN, stream.seed("canopy"), (1.2, 4.5), 1.0, (8, 5)),
        "canopy",
        rough=0.5,
        trans=0.4,
    )
