# SPDX-License-Identifier: Apache-2.0
"Palettes of the seasons and the small meshes that a place is strewn with: blades, leaves, fronds, twigs, cones, chips."

import numpy as np

from .mesh import batch_faces, grid_faces
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
BLEACHED = [[0.52, 0.46, 0.39], [0.46, 0.40, 0.34], [0.58, 0.53, 0.46], [0.38, 0.32, 0.27], [0.48, 0.40, 0.32]]
DRY = [
    [0.34, 0.26, 0.18],
    [0.42, 0.33, 0.23],
    [0.29, 0.22, 0.16],
    [0.46, 0.37, 0.27],
    [0.36, 0.27, 0.20],
    [0.28, 0.35, 0.14],
]
SODDEN = [[0.27, 0.19, 0.14], [0.33, 0.23, 0.16], [0.21, 0.16, 0.13], [0.39, 0.28, 0.18], [0.31, 0.25, 0.20]]
# green: shoots and tufts; meadow: long grass; foliage: bushes behind; litter: fallen leaves (None: as the kind has);
# fallen: how much of it; leafy: how much foliage; lean: how flat the grass lies; wet: chance that everything is wet
SEASONS = {
    "spring": dict(
        green=[[0.35, 0.47, 0.15], [0.41, 0.52, 0.19], [0.30, 0.42, 0.13], [0.48, 0.55, 0.24]],
        meadow=[[0.35, 0.47, 0.16], [0.41, 0.51, 0.19], [0.31, 0.43, 0.13], [0.48, 0.55, 0.26], [0.56, 0.52, 0.36]],
        foliage=[[0.38, 0.49, 0.17], [0.46, 0.56, 0.24], [0.32, 0.43, 0.15], [0.27, 0.37, 0.14]],
        litter=BLEACHED,
        fallen=0.75,
        leafy=0.75,
        lean=0.4,
        wet=0.3,
    ),
    "summer": dict(
        green=[[0.21, 0.35, 0.10], [0.27, 0.41, 0.12], [0.17, 0.29, 0.09], [0.34, 0.44, 0.15]],
        meadow=[[0.25, 0.40, 0.11], [0.31, 0.45, 0.14], [0.21, 0.34, 0.10], [0.58, 0.53, 0.31]],
        foliage=[[0.21, 0.34, 0.10], [0.27, 0.40, 0.13], [0.17, 0.28, 0.09], [0.33, 0.44, 0.16]],
        litter=DRY,
        fallen=0.45,
        leafy=1.2,
        lean=0.5,
        wet=0.15,
    ),
    "autumn": dict(
        green=[[0.25, 0.38, 0.10], [0.32, 0.45, 0.14], [0.20, 0.32, 0.10], [0.42, 0.50, 0.18]],
        meadow=[[0.30, 0.44, 0.12], [0.38, 0.50, 0.16], [0.25, 0.38, 0.10], [0.46, 0.54, 0.22], [0.60, 0.56, 0.32]],
        foliage=[[0.26, 0.37, 0.12], [0.38, 0.40, 0.14], [0.50, 0.44, 0.16], [0.46, 0.32, 0.14], [0.22, 0.31, 0.11]],
        litter=None,
        fallen=1.0,
        leafy=0.9,
        lean=0.5,
        wet=0.35,
    ),
    "late": dict(
        green=[[0.40, 0.39, 0.20], [0.48, 0.44, 0.26], [0.32, 0.35, 0.15], [0.44, 0.37, 0.22]],
        meadow=[[0.46, 0.44, 0.24], [0.54, 0.49, 0.31], [0.36, 0.39, 0.17], [0.44, 0.37, 0.22], [0.60, 0.54, 0.38]],
        foliage=[[0.33, 0.26, 0.19], [0.40, 0.31, 0.20], [0.28, 0.22, 0.17], [0.36, 0.33, 0.20]],
        litter=SODDEN,
        fallen=1.1,
        leafy=0.12,
        lean=1.15,
        wet=0.6,
    ),
}
MOSS = [[0.42, 0.50, 0.12], [0.36, 0.46, 0.12], [0.54, 0.58, 0.18], [0.32, 0.42, 0.12]]
NEEDLES = [[0.50, 0.32, 0.17], [0.58, 0.38, 0.20], [0.40, 0.26, 0.15], [0.34, 0.24, 0.16]]
TWIGS = [[0.34, 0.26, 0.19], [0.44, 0.36, 0.28], [0.26, 0.19, 0.14], [0.5, 0.45, 0.38]]
CHIPS = [[0.52, 0.38, 0.24], [0.62, 0.47, 0.30], [0.40, 0.29, 0.20], [0.34, 0.25, 0.19], [0.48, 0.40, 0.33]]
STONES = [[0.48, 0.46, 0.43], [0.38, 0.37, 0.35], [0.55, 0.50, 0.43], [0.42, 0.35, 0.29]]
OUTLINE = {
    "beech": (0.30, 0.9, 0.75),
    "oak": (0.26, 1.25, 0.7),
    "birch": (0.36, 0.62, 0.85),
    "willow": (0.12, 1.0, 0.8),
    "round": (0.46, 0.8, 0.5),
}  # width, skew, fullness


def fallen(kind, season):
    "Colours of the leaves on the ground below trees of `kind`."
    own = LITTER.get(kind, LITTER["beech"])
    late = SEASONS[season]["litter"]
    return own if late is None else late + own[2:3]


def scatter(rng, n, radius, dense=0.6):
    "`n` points in a disc; `dense` above .5 crowds them towards the middle."
    r, a = radius * rng.uniform(0, 1, n) ** dense, rng.uniform(0, TAU, n)
    return r * np.cos(a), r * np.sin(a)


def annulus(rng, n, near, far):
    "`n` points at distances between `near` and `far`."
    a, d = rng.uniform(0, TAU, n), rng.uniform(near, far, n)
    return d * np.cos(a), d * np.sin(a)


def palette(rng, n, colours, spread=0.18):
    "`n` linear colours, varied."
    c = 1.55 * linear(np.array(colours))[rng.integers(0, len(colours), n)]
    return c * np.exp(rng.normal(0, spread, (n, 1))) * np.exp(rng.normal(0, spread * 0.35, (n, 3)))


def blades(rng, x, y, z, length, width, lean, curve, colour, shade, segments=5, az=None):
    "Grass blades, moss shoots, needles: (vertices, faces, colours)."
    n, t = len(x), np.linspace(0, 1, segments + 1)
    az = rng.uniform(0, TAU, n) if az is None else az
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
    if rows > 6:
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


def pressed(part, ground, limit):
    "The leaves of `part` squashed where one rises above `ground` (n, rows, cols) by more than its `limit` (n,)."
    V, F, C = part
    rise = V[..., 2] - ground
    flat = np.minimum(1, limit / np.maximum(rise.max((1, 2)), 1e-6))[:, None, None]
    return np.concatenate([V[..., :2], (ground + rise * flat)[..., None]], -1), F, C


def ribbons(x, y, z, az, length, width, rise, droop, colour, segments=4):
    "Boughs that leave (x, y, z) towards `az`, rise and droop: (vertices, faces, colours)."
    t = np.linspace(0, 1, segments + 1)
    out = length[:, None] * t
    P = stack(
        x[:, None] + np.cos(az)[:, None] * out,
        y[:, None] + np.sin(az)[:, None] * out,
        z[:, None] + rise[:, None] * out - droop[:, None] * length[:, None] * t**2,
    )
    w = (width * length)[:, None] * (np.sin(np.pi * t**0.7) * 0.9 + 0.1)
    side = ring3(az + np.pi / 2)[:, None] * w[..., None]
    dip = np.array([0, 0, 1.0]) * 0.4 * w[..., None]
    V = np.stack([P - side - dip, P + 0.25 * dip, P + side - dip], 2)
    C = colour[:, None, None, :] * (0.55 + 0.6 * t)[None, :, None, None] * np.ones((1, 1, 3, 1))
    return V, batch_faces(len(x), grid_faces(segments + 1, 3, False), 3 * (segments + 1)), C


def fronds(rng, x, y, z, length, colour, pairs=15):
    "Fern fronds that arch outwards: (vertices, faces, colours)."
    n, az = len(x), rng.uniform(0, TAU, len(x))
    steep, t = rng.uniform(0.7, 1.25, n)[:, None], np.linspace(0.12, 1, pairs)
    out = length[:, None] * t * np.cos(steep * (1 - 0.45 * t))
    up = length[:, None] * (t * np.sin(steep) - 0.45 * t**2.2)
    P = stack(x[:, None] + np.cos(az)[:, None] * out, y[:, None] + np.sin(az)[:, None] * out, z[:, None] + up)
    reach = 0.26 * length[:, None] * np.sin(np.pi * (0.12 + 0.88 * t) ** 0.8).clip(0) + 0.01 * length[:, None]
    ahead = ring3(az)[:, None]
    across = ring3(az + np.pi / 2)[:, None]
    half = (0.45 * length / pairs)[:, None, None]
    parts = []
    for s in (-1, 1):
        tip = P + s * across * reach[..., None] + ahead * 0.35 * reach[..., None] - stack(0, 0, 0.2 * reach)
        middle = mix(P, tip, 0.6)
        parts.append(np.stack([P - ahead * half, P + ahead * half, middle + ahead * half, middle - ahead * half], 2))
        parts.append(np.stack([middle - ahead * half, middle + ahead * half, tip, tip - ahead * half * 0.3], 2))
    V = np.stack(parts, 2).reshape(n, -1, 4, 3)
    C = colour[:, None, None, :] * rng.uniform(0.8, 1.2, (n, V.shape[1], 1, 1)) * np.ones((1, 1, 4, 1))
    return V, np.arange(V.size // 3).reshape(-1, 4), C


def nuggets(rng, x, y, z, size, long, colour, S, rough=0.15, scales=0.0):
    "Lying ellipsoids, `long` times as long as wide, with the `scales` of a cone: (vertices, faces, colours)."
    n, rows, cols = len(x), 10, 10
    el, th = np.meshgrid(np.linspace(-1, 1, rows) * np.pi / 2, np.linspace(0, TAU, cols, endpoint=False), indexing="ij")
    ball = stack(np.sin(el), np.cos(el) * np.cos(th), np.cos(el) * np.sin(th))
    lump = 1 + rough * noise(ball * 2 + rng.uniform(0, 99, (n, 1, 1, 3)), S)
    lump = lump * (1 + scales * np.cos(el * 14) * np.cos(th * 5))
    P = ball * lump[..., None] * size[:, None, None, None] * np.array([long, 1, 0.85])
    V = np.einsum("nij,nabj->nabi", tumble(rng, n, 0.2), P) + stack(x, y, z)[:, None, None]
    shade = (1 + 0.4 * noise(ball * 3 + rng.uniform(0, 99, (n, 1, 1, 3)), S + 1)) * (1 + 3 * scales * np.cos(el * 14))
    return (
        V,
        batch_faces(n, grid_faces(rows, cols, True), rows * cols),
        np.clip(colour[:, None, None] * shade[..., None], 0, 1),
    )


BOX = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])
CORNERS = np.array([[i, j, k] for i in (-0.5, 0.5) for j in (-0.5, 0.5) for k in (-0.5, 0.5)])


def chips(rng, x, y, z, size, colour, tilt=0.35):
    "Flat splinters of wood: (vertices, faces, colours)."
    n = len(x)
    shape = stack(size, size * rng.uniform(0.2, 0.6, n), size * rng.uniform(0.06, 0.16, n))
    P = (CORNERS[None] + 0.12 * rng.normal(0, 1, (n, 8, 3))) * shape[:, None]
    V = np.einsum("nij,naj->nai", tumble(rng, n, tilt), P) + stack(x, y, z)[:, None]
    return V, batch_faces(n, BOX, 8), np.repeat(colour[:, None], 8, 1)


def twig(rng, x, y, ground, length, r, S):
    "One crooked twig that follows the `ground`: (vertices, faces, colours)."
    T, TH = np.meshgrid(np.linspace(0, 1, 24), np.linspace(0, TAU, 8, endpoint=False), indexing="ij")
    d = unit(np.array([*rng.normal(0, 1, 2), 0.0]))
    crook = np.stack([noise(stack(T * 3, k, S % 97), S) for k in range(3)], -1) * np.array([1, 1, 0.15])
    B = frame(d)
    rr = r * (1 - 0.5 * T) * (1 + 0.2 * noise(stack(T * 14, np.cos(TH), np.sin(TH)), S))
    line = np.array([x, y, 0.0]) + d * (T[..., None] - 0.5) * length + 0.06 * length * crook
    line[..., 2] = line[..., 2].clip(0, 0.05) + ground(line[..., 0], line[..., 1]) + rng.uniform(0.02, 0.07)
    V = line + rr[..., None] * (np.cos(TH)[..., None] * B[:, 0] + np.sin(TH)[..., None] * B[:, 1])
    return (
        V,
        grid_faces(24, 8, True),
        np.clip(palette(rng, 1, TWIGS)[0] * (1 + 0.5 * noise(V * 25, S)[..., None]), 0, 1),
    )


def hoar(part, S):
    "Colours of `part` whitened by frost where its faces look up (or down: a leaf has two sides)."
    V, F, C = part
    v, c = np.reshape(V, (-1, 3)), np.reshape(C, (-1, 3))
    up = np.abs(unit(np.cross(v[F[:, 2]] - v[F[:, 0]], v[F[:, 3]] - v[F[:, 1]]))[:, 2])
    weight = np.bincount(F.ravel(), minlength=len(v)).clip(1)
    up = np.bincount(F.ravel(), np.repeat(up, 4), len(v)) / weight
    patch = smooth(-0.5, 0.4, noise(v * 15, S)) * smooth(-0.6, 0.2, noise(v * 0.7, S + 1))
    return v, F, blend(c, np.array([0.80, 0.83, 0.87]), (0.2 + 0.55 * up) * (0.15 + 0.85 * patch))
