# SPDX-License-Identifier: Apache-2.0
"Indoors: the table's surface, the things that stand on it and the room round it. `p` is a `habitat.Place`."

import numpy as np

from .mesh import grid_faces
from .noise import TAU, blend, fbm, linear, noise, rot, smooth, stack
from .plants import BOX, CORNERS, blades, nuggets, palette

SURFACES = dict(boards=0.4, cloth=0.18, stone=0.12, board_cutting=0.14, paper=0.1, steel=0.06)
BOARDS = [[0.72, 0.54, 0.36], [0.50, 0.34, 0.21], [0.80, 0.68, 0.52], [0.36, 0.25, 0.18], [0.86, 0.84, 0.80]]
WALLS = [
    [0.80, 0.78, 0.72],
    [0.70, 0.72, 0.70],
    [0.62, 0.66, 0.60],
    [0.76, 0.70, 0.60],
    [0.56, 0.60, 0.66],
    [0.72, 0.62, 0.54],
    [0.45, 0.48, 0.46],
]
CLOTHS = [[0.62, 0.16, 0.15], [0.18, 0.28, 0.48], [0.30, 0.42, 0.28], [0.55, 0.50, 0.42], [0.25, 0.25, 0.28]]
GLAZES = [
    [0.82, 0.80, 0.76],
    [0.30, 0.40, 0.48],
    [0.62, 0.40, 0.26],
    [0.42, 0.46, 0.34],
    [0.72, 0.66, 0.54],
    [0.2, 0.2, 0.22],
]
SPINES = [[0.50, 0.18, 0.15], [0.20, 0.28, 0.40], [0.70, 0.64, 0.52], [0.24, 0.34, 0.24], [0.75, 0.60, 0.28]]


def build(p, surface=None):
    "The table with its `surface` (None: as the surface stream draws), what is on it, the room."
    drawn = str(p.stream.rng("surface").choice(list(SURFACES), p=list(SURFACES.values())))
    surface, rng = surface or drawn, p.stream.rng("table")
    if surface in ("stone", "steel"):
        PLAIN[surface](p, rng)
    else:
        sunk = {"cloth": 0.02, "paper": 0.012, "board_cutting": 0.16}.get(surface, 0.0)
        boards(p, rng, sunk)
        if surface != "boards":
            LAID[surface](p, rng, sunk)
    things(p, -0.14 if surface == "board_cutting" else 0.0)
    room(p)


def sheet(half_x, half_y, n=400, power=1.7):
    "Grids of x and y over a rectangle, finest in the middle."
    g = np.linspace(-1, 1, n)
    g = np.sign(g) * np.abs(g) ** power
    return np.meshgrid(g * half_x, g * half_y, indexing="ij")


def slab(p, X, Y, Z, colour, kind, turn=0.0, **material):
    "File a grid of heights as a mesh, turned about the middle."
    V = stack(X, Y, Z) @ rot([0, 0, 1], turn).T
    p.add(kind, (V, grid_faces(*X.shape, False), np.clip(colour, 0, 1)), **material)


def boards(p, rng, sunk=0.0):
    "A table of boards."
    X, Y = sheet(12, 10.5)
    width = rng.uniform(1.0, 2.4)
    k = np.floor(Y / width)
    grain = fbm(stack(X * 0.35 + k * 7.7, Y * 5, k * 3.1), 5, p.S)
    rings = np.sin(54 * fbm(stack(X * 0.16 + k * 9, Y * 1.1, 0.0), 2, p.S + 1) + Y * 6)
    colour = linear(BOARDS[rng.integers(len(BOARDS))]) * (1 + 0.35 * grain + 0.12 * rings)[..., None]
    colour = colour * (1 + 0.12 * noise(stack(k * 3.3, 0.0, 0.0), p.S + 2))[..., None]
    gap = smooth(0.04, 0.0, np.abs(Y / width - np.round(Y / width)) * width)
    shine = float(rng.uniform(0.3, 0.65))
    slab(p, X, Y, -0.02 * gap - sunk, colour * (1 - 0.8 * gap)[..., None], "table", rough=shine, bump=0.08, bscale=8)


def stone(p, rng):
    "A slab of grey stone or speckled granite."
    X, Y = sheet(12, 10.5)
    base = linear([[0.52, 0.52, 0.51], [0.36, 0.37, 0.38], [0.62, 0.60, 0.56], [0.24, 0.24, 0.25]][rng.integers(4)])
    cloud, speck = fbm(stack(X, Y, 0.0) * 0.8, 4, p.S), noise(stack(X, Y, 0.0) * 28, p.S + 1)
    vein = smooth(0.05, 0.0, np.abs(fbm(stack(X, Y, 5.0) * 0.35, 4, p.S + 2))) * rng.choice([0.0, 0.4])
    colour = base * (1 + 0.3 * cloud + 0.35 * speck * rng.choice([0.3, 1.0]) + vein)[..., None]
    slab(p, X, Y, 0 * X, colour, "stone", rough=float(rng.uniform(0.25, 0.6)), bump=0.1, bscale=14)


def steel(p, rng):
    "Brushed steel."
    X, Y = sheet(12, 10.5)
    brush = fbm(stack(X * 0.4, Y * 40, 0.0), 3, p.S)
    colour = linear([0.66, 0.67, 0.68]) * (1 + 0.16 * brush + 0.1 * fbm(stack(X, Y, 0.0) * 0.5, 3, p.S + 1))[..., None]
    slab(p, X, Y, 0 * X, colour, "steel", rough=0.3, coat=0.5, bump=0.03, bscale=30)


def cloth(p, rng, sunk):
    "A checked or striped tea towel with gentle folds; it lies flat under the mushrooms."
    big = rng.random() < 0.5
    half = (11.5, 10) if big else (rng.uniform(2.6, 4), rng.uniform(1.9, 2.8))
    X, Y = sheet(*half, 300, 1.4)
    away = smooth(p.clear + 0.1, p.clear + 1.4, np.hypot(X, Y))
    folds = np.abs(fbm(stack(X * 0.5, Y * 0.5, 0.0), 3, p.S)) * 0.28 + 0.03 * fbm(stack(X, Y, 0.0) * 2, 2, p.S + 1)
    edge = smooth(1, 0.985, np.maximum(np.abs(X) / half[0], np.abs(Y) / half[1]))
    ground = linear([[0.86, 0.84, 0.79], [0.78, 0.72, 0.62], [0.82, 0.83, 0.85]][rng.integers(3)])
    dye, pitch = linear(CLOTHS[rng.integers(len(CLOTHS))]), rng.uniform(0.35, 1.1)
    across, along = (smooth(-0.06, 0.06, np.sin(q * TAU / pitch) + rng.uniform(-0.1, 0.5)) for q in (X, Y))
    weight = [0.5 * (across + along), along, 0.15 * across * along][rng.integers(3)]
    weave = 1 + 0.1 * noise(stack(X * 30, Y * 30, 0.0), p.S + 2)
    colour = blend(ground * np.ones(X.shape + (1,)), dye, 0.9 * weight) * weave[..., None]
    Z = (folds - 0.02).clip(0) * away - (1 - edge) * sunk
    slab(p, X, Y, Z, colour, "cloth", rng.uniform(0, TAU), rough=0.9, bump=0.4, bscale=60)


def paper(p, rng, sunk):
    "A newspaper, or brown wrapping paper, a little crumpled."
    half = (rng.uniform(2.4, 3.4), rng.uniform(1.9, 2.6))
    X, Y = sheet(*half, 360, 1.0)
    away = smooth(p.clear, p.clear + 1.2, np.hypot(X, Y))
    Z = 0.12 * np.abs(fbm(stack(X, Y, 0.0) * 0.7, 3, p.S)) * away
    if rng.random() < 0.45:
        colour = (
            linear([0.62, 0.48, 0.33]) * (1 + 0.08 * np.sin(Y * 60) + 0.15 * fbm(stack(X, Y, 0.0), 3, p.S))[..., None]
        )
    else:
        column = np.floor(X / 0.62)
        word = noise(stack(X * 13, np.floor(Y / 0.042) * 3.3, 0.0), p.S + 1) > -0.45
        line = (np.mod(Y, 0.042) < 0.024) & (np.mod(X, 0.62) < 0.55) & word
        block = noise(stack(column * 2.7, np.floor(Y / 0.9) * 1.9, 0.0), p.S + 2)
        title = (block > 0.35) & (np.mod(Y, 0.9) < 0.16) & (noise(stack(X * 6, column, 1.0), p.S + 3) > -0.3)
        photo = (block < -0.55) & (np.mod(X, 0.62) < 0.55) & (np.mod(Y, 0.9) < 0.7)
        grey = 0.40 * line + 0.75 * title + photo * (0.5 + 0.4 * fbm(stack(X, Y, 0.0) * 5, 3, p.S + 4))
        colour = linear([0.80, 0.78, 0.72]) * (1 - grey.clip(0, 0.85))[..., None]
    slab(p, X, Y, Z, colour, "paper", rng.uniform(0, TAU), rough=0.85)


def board_cutting(p, rng, sunk):
    "A cutting board that lies on the table; its top is the ground."
    half = (p.clear + rng.uniform(0.6, 1.4), p.clear + rng.uniform(0.1, 0.5))
    X, Y = sheet(1, 1, 260, 1.0)
    corner = ((np.abs(X) ** 9 + np.abs(Y) ** 9) ** (1 / 9)).clip(1e-9)
    square = np.maximum(np.abs(X), np.abs(Y))
    U, W = X * square / corner * half[0], Y * square / corner * half[1]
    Z = -(sunk - 0.005) * smooth(0.975, 0.999, square)
    grain = fbm(stack(U * 0.5, W * 7, 1.0), 4, p.S + 7)
    cuts = smooth(0.02, 0, np.abs(fbm(stack(U * 0.8 + W, W * 0.8 - U, 0.0) * 1.2, 2, p.S + 8))) * 0.15
    shade = 1 + 0.35 * grain - cuts
    colour = linear([[0.74, 0.56, 0.38], [0.58, 0.40, 0.26], [0.82, 0.72, 0.56]][rng.integers(3)]) * shade[..., None]
    slab(p, U, W, Z, colour, "board", rng.uniform(0, TAU), rough=0.55, bump=0.08, bscale=10)


def lathe(profile, colour, n=32):
    "A turned body from (radius, height) pairs: (vertices, faces, colours)."
    r, z = np.array(profile, float).T
    th = np.linspace(0, TAU, n, endpoint=False)
    V = stack(r[:, None] * np.cos(th), r[:, None] * np.sin(th), z[:, None])
    return V, grid_faces(len(r), n, True), np.broadcast_to(colour, V.shape)


def box(size, colour, centre=(0, 0, 0), turn=0.0):
    "A box: (vertices, faces, colours)."
    V = CORNERS * np.array(size) @ rot([0, 0, 1], turn).T + np.array(centre)
    return V, BOX, np.broadcast_to(colour, V.shape)


def basket(rng):
    "A wicker basket with a handle."
    r, h = rng.uniform(0.9, 1.5), rng.uniform(0.7, 1.2)
    E, TH = np.meshgrid(np.linspace(0, 1, 26), np.linspace(0, TAU, 96, endpoint=False), indexing="ij")
    weave = np.cos(TH * 24 + np.pi * np.floor(E * 13)) * np.sin(E * 13 * np.pi) ** 2
    R = r * (0.78 + 0.22 * E) + 0.03 * weave
    V = stack(R * np.cos(TH), R * np.sin(TH), h * E)
    tint = linear([[0.62, 0.45, 0.26], [0.48, 0.33, 0.20], [0.70, 0.56, 0.36]][rng.integers(3)])
    body = V, grid_faces(26, 96, True), tint * (0.75 + 0.4 * weave)[..., None]
    A, B = np.meshgrid(np.linspace(0, np.pi, 26), np.linspace(0, TAU, 8, endpoint=False), indexing="ij")
    ring = r + 0.07 * np.cos(B)
    handle = stack(ring * np.cos(A), 0.07 * np.sin(B), h * 0.9 + ring * np.sin(A) * 0.9)
    inside = lathe([(0.01, 0.1), (r * 0.8, 0.1)], 0.4 * tint)
    return [body, (handle, grid_faces(26, 8, True), tint * np.ones(3)), inside], dict(rough=0.8)


def bowl(rng):
    "A bowl, or a plate."
    r, h, glaze = rng.uniform(0.6, 1.2), rng.uniform(0.15, 0.7), linear(GLAZES[rng.integers(len(GLAZES))])
    profile = [
        (0.01, 0),
        (0.45 * r, 0),
        (0.5 * r, 0.06),
        (0.8 * r, 0.5 * h),
        (r, h),
        (0.96 * r, h),
        (0.7 * r, 0.45 * h),
        (0.01, 0.12),
    ]
    return [lathe(profile, glaze)], dict(rough=0.25, coat=0.4)


def jar(rng):
    "A jar with something in it, and a lid."
    r, h = rng.uniform(0.35, 0.5), rng.uniform(0.8, 1.4)
    inside = linear([[0.45, 0.20, 0.12], [0.60, 0.42, 0.16], [0.35, 0.30, 0.16], [0.62, 0.60, 0.50]][rng.integers(4)])
    lid = linear([[0.6, 0.6, 0.58], [0.55, 0.15, 0.12], [0.65, 0.55, 0.3]][rng.integers(3)])
    body = lathe([(0.01, 0), (r, 0.02), (r, 0.8 * h), (0.8 * r, 0.9 * h)], inside)
    return [body, lathe([(0.86 * r, 0.9 * h), (0.86 * r, h), (0.01, h)], lid)], dict(rough=0.15, coat=0.8)


def bottle(rng):
    "A bottle."
    r, h = rng.uniform(0.3, 0.42), rng.uniform(2.2, 3.2)
    glass = linear([[0.12, 0.20, 0.10], [0.22, 0.14, 0.08], [0.45, 0.50, 0.46], [0.50, 0.42, 0.14]][rng.integers(4)])
    profile = [(0.01, 0), (r, 0.02), (r, 0.58 * h), (0.8 * r, 0.68 * h), (0.32 * r, 0.78 * h), (0.32 * r, h), (0.01, h)]
    label = linear([0.75, 0.72, 0.62]) * rng.uniform(0.5, 1)
    return [lathe(profile, glass), lathe([(r * 1.01, 0.15 * h), (r * 1.01, 0.45 * h)], label)], dict(
        rough=0.12, coat=0.8
    )


def books(rng):
    "A pile of books."
    parts, z = [], 0.0
    for _ in range(rng.integers(1, 5)):
        t, size, turn = rng.uniform(0.15, 0.4), rng.uniform(0.85, 1.1), rng.normal(0, 0.15)
        cover = linear(SPINES[rng.integers(len(SPINES))])
        parts.append(box((2.0 * size, 1.4 * size, t), cover, (0, 0, z + t / 2), turn))
        pages = (1.96 * size, 1.42 * size, t * 0.72)
        parts.append(box(pages, linear([0.80, 0.77, 0.68]), (0.03, 0.03, z + t / 2), turn))
        z += t
    return parts, dict(rough=0.6)


def pot(rng):
    "A plant in a pot."
    r, h = rng.uniform(0.5, 0.8), rng.uniform(0.8, 1.2)
    clay = linear([[0.62, 0.34, 0.22], [0.75, 0.73, 0.68], [0.36, 0.38, 0.38]][rng.integers(3)])
    body = lathe(
        [(0.01, 0), (0.7 * r, 0), (0.95 * r, 0.85 * h), (1.05 * r, 0.85 * h), (1.05 * r, h), (0.01, 0.9 * h)], clay
    )
    n = int(rng.integers(60, 200))
    x, y, z = rng.normal(0, 0.25 * r, n), rng.normal(0, 0.25 * r, n), np.full(n, 0.9 * h)
    length, width = rng.uniform(0.6, 1.9, n), rng.uniform(0.03, 0.12) * rng.uniform(0.7, 1.3, n)
    green = palette(rng, n, [[0.22, 0.38, 0.14], [0.32, 0.46, 0.18], [0.18, 0.30, 0.13]])
    V, F, C = blades(rng, x, y, z, length, width, 0.8, 0.6, green, (0.6, 1.1))
    return [body, (V.reshape(-1, 3), F, C.reshape(-1, 3))], dict(rough=0.6)


def fruit(rng):
    "A few apples, onions or potatoes."
    n = int(rng.integers(2, 7))
    tints = [[[0.62, 0.18, 0.12], [0.55, 0.55, 0.18]], [[0.66, 0.42, 0.18], [0.72, 0.52, 0.28]], [[0.62, 0.50, 0.34]]]
    size = np.full(n, rng.uniform(0.28, 0.42)) * rng.uniform(0.85, 1.1, n)
    x, y = rng.uniform(-0.9, 0.9, n), rng.uniform(-0.9, 0.9, n)
    return [nuggets(rng, x, y, 0.82 * size, size, 1.05, palette(rng, n, tints[rng.integers(3)], 0.12), 5, 0.1)], dict(
        rough=0.4
    )


def knife(rng):
    "A kitchen knife with a wooden or black handle."
    t = np.linspace(0, 1, 14)
    edge = -0.16 * np.sqrt((1 - t**3).clip(0))
    V = stack(t[:, None] * 1.5, np.stack([edge, 0 * t, 0.0 * t], 1) + 0.05, np.array([0.02, 0.035, 0.02]))
    blade = V, grid_faces(14, 3, False), np.full(V.shape, 0.55) * (0.9 + 0.2 * rng.random((14, 1, 1)))
    wood = linear([[0.30, 0.19, 0.12], [0.08, 0.08, 0.08], [0.50, 0.34, 0.20]][rng.integers(3)])
    return [box((1.1, 0.17, 0.11), wood, (-0.55, 0, 0.06)), blade], dict(rough=0.3, coat=0.3)


THINGS = dict(basket=basket, bowl=bowl, jar=jar, bottle=bottle, books=books, pot=pot, fruit=fruit)
LOW = ("bowl", "fruit", "books")
LAID, PLAIN = dict(cloth=cloth, paper=paper, board_cutting=board_cutting), dict(stone=stone, steel=steel)


def put(p, made, x, y, z, turn):
    "File the parts of a thing at x, y, z."
    parts, material = made
    for V, F, C in parts:
        V = np.reshape(V, (-1, 3)) @ rot([0, 0, 1], turn).T + np.array([x, y, z])
        p.add(
            "thing", (V, F, np.reshape(np.broadcast_to(C, (len(V), 3)) if np.ndim(C) < 2 else C, (-1, 3))), **material
        )


def things(p, z):
    "What stands about on the table; tall things stand far off, and each has a side to itself."
    rng = p.stream.rng("things")
    n = int(rng.integers(5, 11))
    sides = (np.arange(n) + rng.uniform(-0.3, 0.3, n)) * TAU / n + rng.uniform(0, TAU)
    for k, side in enumerate(sides):
        own = p.stream.rng("thing", k)
        name = str(own.choice(list(THINGS)))
        d = own.uniform(max(4.0, p.clear + 2.5), 8) if name in LOW else own.uniform(5.6, 9)
        put(p, THINGS[name](own), d * np.cos(side), d * np.sin(side), z, own.uniform(0, TAU))
    if rng.random() < 0.35:
        a, d = rng.uniform(0, TAU), p.clear + rng.uniform(0.9, 1.5)
        put(p, knife(rng), d * np.cos(a), d * np.sin(a), z + 0.01, a + np.pi / 2 + rng.normal(0, 0.4))


def room(p):
    "The room: a painted or tiled wall all round, a floor, some cupboards; open to the sky, which lights it."
    rng = p.stream.rng("room")
    radius, paint = rng.uniform(17, 21), linear(WALLS[rng.integers(len(WALLS))]) * rng.uniform(0.55, 1.0)
    A, Z = np.meshgrid(np.linspace(0, TAU, 480, endpoint=False), np.linspace(-7.5, 20, 110), indexing="ij")
    tone = 1 + 0.12 * fbm(stack(np.cos(A) * 3, np.sin(A) * 3, Z * 0.15), 3, p.S)
    colour = paint * tone[..., None]
    if rng.random() < 0.35:  # tiles up to the height of a shelf
        joint = np.maximum(np.cos(A * 80), np.cos((Z + 7.5) * TAU / 1.5)) > 0.96
        tile = linear([[0.84, 0.84, 0.82], [0.60, 0.68, 0.66], [0.70, 0.62, 0.50]][rng.integers(3)])
        colour = blend(colour, tile * (1 - 0.35 * joint)[..., None] * tone[..., None], smooth(5.2, 5.0, Z))
    elif rng.random() < 0.5:
        colour = blend(colour, linear(WALLS[rng.integers(len(WALLS))]) * 0.6, smooth(-0.1, 0.1, rng.uniform(-1, 3) - Z))
    V = stack(radius * np.cos(A), radius * np.sin(A), Z)
    V, colour = np.moveaxis(V, 0, 1), np.moveaxis(colour, 0, 1)
    p.add("wall", (V, grid_faces(110, 480, True), np.clip(colour, 0, 1)), rough=0.8, shadow=0)
    p.add("floor", box((46, 46, 0.1), linear(BOARDS[rng.integers(4)]) * 0.6, (0, 0, -7.5)), rough=0.6, shadow=0)
    for _ in range(rng.integers(4, 9)):
        cupboard(p, rng, radius)


def cupboard(p, rng, radius):
    "A cupboard, a shelf of jars, or a picture by the wall."
    a, wide = rng.uniform(0, TAU), rng.uniform(2.5, 7)
    tint = linear(
        [[0.78, 0.75, 0.68], [0.40, 0.27, 0.18], [0.24, 0.22, 0.21], [0.55, 0.42, 0.28], [0.36, 0.42, 0.40]][
            rng.integers(5)
        ]
    )
    towards = np.array([np.cos(a), np.sin(a), 0.0])
    low, high = [(-7.5, rng.uniform(0, 10)), (rng.uniform(3, 5), rng.uniform(6, 11))][rng.integers(2)]
    size = (rng.uniform(0.5, 2.5), wide, high - low)
    p.add("thing", box(size, tint, towards * (radius - 1.6) + [0, 0, (low + high) / 2], a), rough=0.5, shadow=0)
    door = (0.1, wide / 2 - 0.2, 0.92 * (high - low))
    for side in (-1, 1):
        at = towards * (radius - 1.6 - size[0] / 2) + side * wide / 4 * np.array([-np.sin(a), np.cos(a), 0])
        p.add("thing", box(door, 0.8 * tint, at + [0, 0, (low + high) / 2], a), rough=0.4, shadow=0)
