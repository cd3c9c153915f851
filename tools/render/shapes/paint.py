# SPDX-License-Identifier: Apache-2.0
"Colours and fine relief of caps and stems."

import numpy as np

from ..noise import TAU, blend, cells, fbm, linear, noise, ring3, smooth, stack

# per species: name -> sRGB of the cap's centre and of its margin
COLOURS = {
    "amanita_muscaria": {
        "red": ([0.80, 0.07, 0.04], [0.93, 0.42, 0.10]),
        "scarlet": ([0.84, 0.16, 0.05], [0.93, 0.48, 0.12]),
        "dark red": ([0.70, 0.05, 0.04], [0.88, 0.30, 0.08]),
        "orange": ([0.88, 0.36, 0.07], [0.94, 0.60, 0.20]),
        "yellow orange": ([0.92, 0.55, 0.14], [0.95, 0.74, 0.34]),
    },
    "amanita_phalloides": {
        "olive": ([0.44, 0.45, 0.12], [0.72, 0.71, 0.36]),
        "yellow green": ([0.57, 0.56, 0.17], [0.78, 0.76, 0.42]),
        "bronze": ([0.42, 0.37, 0.13], [0.70, 0.64, 0.34]),
        "straw": ([0.68, 0.66, 0.30], [0.86, 0.84, 0.60]),
        "white": ([0.86, 0.85, 0.74], [0.92, 0.91, 0.86]),
    },
    "boletus_edulis": {
        "brown": ([0.45, 0.26, 0.12], [0.80, 0.64, 0.42]),
        "dark brown": ([0.36, 0.20, 0.10], [0.66, 0.46, 0.28]),
        "tan": ([0.58, 0.38, 0.20], [0.84, 0.70, 0.48]),
        "chestnut": ([0.50, 0.30, 0.16], [0.78, 0.58, 0.38]),
    },
    "agaricus_campestris": {
        "white": ([0.84, 0.79, 0.70], [0.91, 0.88, 0.83]),
        "cream": ([0.80, 0.71, 0.57], [0.90, 0.85, 0.76]),
        "brownish": ([0.68, 0.56, 0.42], [0.86, 0.79, 0.68]),
    },
    "russula": {
        "red": ([0.74, 0.10, 0.10], [0.86, 0.28, 0.24]),
        "purple": ([0.36, 0.12, 0.22], [0.56, 0.24, 0.34]),
        "yellow": ([0.80, 0.66, 0.22], [0.88, 0.78, 0.40]),
        "green brown": ([0.46, 0.46, 0.26], [0.62, 0.60, 0.40]),
        "orange": ([0.84, 0.46, 0.14], [0.90, 0.64, 0.26]),
        "brown": ([0.50, 0.32, 0.22], [0.68, 0.50, 0.36]),
        "pink": ([0.80, 0.42, 0.42], [0.90, 0.66, 0.60]),
    },
    "lactarius_deliciosus": {
        "orange": ([0.88, 0.52, 0.22], [0.92, 0.62, 0.32]),
        "carrot": ([0.84, 0.42, 0.15], [0.90, 0.56, 0.26]),
        "pale": ([0.86, 0.62, 0.40], [0.92, 0.74, 0.54]),
    },
    "pleurotus_ostreatus": {
        "grey brown": ([0.47, 0.41, 0.36], [0.62, 0.56, 0.50]),
        "blue grey": ([0.36, 0.38, 0.42], [0.54, 0.55, 0.57]),
        "cream": ([0.74, 0.67, 0.57], [0.86, 0.81, 0.73]),
        "brown": ([0.48, 0.36, 0.27], [0.66, 0.54, 0.43]),
        "pale grey": ([0.66, 0.64, 0.61], [0.80, 0.78, 0.75]),
    },
}
LOOKALIKES = {
    "omphalotus_olearius": {
        "orange": ([0.86, 0.42, 0.08], [0.93, 0.55, 0.14]),
        "bright orange": ([0.92, 0.48, 0.09], [0.95, 0.60, 0.18]),
        "brownish orange": ([0.68, 0.34, 0.11], [0.86, 0.48, 0.15]),
    },
    "hygrophoropsis_aurantiaca": {
        "deep orange": ([0.82, 0.38, 0.09], [0.94, 0.56, 0.16]),
        "orange": ([0.90, 0.50, 0.16], [0.95, 0.66, 0.28]),
        "pale": ([0.90, 0.66, 0.36], [0.95, 0.80, 0.56]),
        "brownish": ([0.64, 0.36, 0.16], [0.88, 0.58, 0.28]),
    },
    "amanita_virosa": {
        "white": ([0.94, 0.93, 0.89], [0.95, 0.945, 0.92]),
        "ivory": ([0.90, 0.86, 0.74], [0.94, 0.93, 0.88]),
    },
}
COLOURS |= LOOKALIKES
WEIGHTS = {  # how often a colour comes, where not each as often
    "amanita_muscaria": (4, 3, 2.5, 1.5, 0.6),
    "amanita_phalloides": (3, 2.5, 1.5, 1.5, 1.2),
    "boletus_edulis": (3, 1.6, 1.6, 2),
    "agaricus_campestris": (3, 2, 1),
    "lactarius_deliciosus": (2, 1.6, 1),
    "pleurotus_ostreatus": (2, 1.3, 1.2, 1.2, 1.2),
    "amanita_virosa": (3, 1),
}
PALE = {
    "amanita_muscaria": [0.93, 0.66, 0.38],
    "amanita_phalloides": [0.86, 0.85, 0.68],
    "boletus_edulis": [0.82, 0.68, 0.50],
    "agaricus_campestris": [0.90, 0.87, 0.82],
    "russula": [0.92, 0.84, 0.76],
    "lactarius_deliciosus": [0.84, 0.68, 0.48],
    "pleurotus_ostreatus": [0.88, 0.85, 0.79],
    "omphalotus_olearius": [0.90, 0.66, 0.34],
    "hygrophoropsis_aurantiaca": [0.94, 0.80, 0.56],
    "amanita_virosa": [0.93, 0.90, 0.80],
}


def choose_colour(species, rng, colours=None, weights=None):
    "A name of the species' colours (or of `colours`), common ones more often."
    names = list(colours or COLOURS[species])
    p = np.array(weights or WEIGHTS.get(species, [1] * len(names)), float)
    return str(rng.choice(names, p=p / p.sum()))


def paint_cap(species, t, S, TH, cap, stream):
    "Linear colour (n, m, 3) and outward relief (n, m) of a cap's skin on the grid S, TH."
    n, rng = cap.S, stream.rng("cap", "paint")
    c3, c = stack(S * np.cos(TH), S * np.sin(TH), 0.0), ring3(TH)
    f1, f2 = fbm(c3 * 2.5, 4, n + 11), fbm(c3 * 9, 3, n + 12)
    fibres = fbm(stack(c[..., 0] * 14, c[..., 1] * 14, S * 2.5), 3, n + 13)
    centre, margin = (linear(x) for x in COLOURS[species][t["cap_colour"]])
    skin = dict(S=S, TH=TH, c=c, c3=c3, f1=f1, f2=f2, fibres=fibres, n=n, R=cap.R)
    colour, bump = PAINTERS[species](t, skin, centre, margin, rng)
    fade = (
        t["faded"]
        * (0.6 if species in ("lactarius_deliciosus", "hygrophoropsis_aurantiaca") else 1)
        * smooth(-0.5, 0.5, f1 + 0.5 * S)
    )
    colour = blend(colour, linear(PALE[species]), fade) * t["tone"]
    dirt = smooth(0.36, 0.62, fbm(c3 * 5 + 3, 4, n + 31)) * t["dirt"] * (0.4 if species == "amanita_virosa" else 1)
    colour = blend(colour, linear([0.22, 0.17, 0.11]), dirt * 0.6)
    flesh = linear([0.92, 0.88, 0.78] if species == "boletus_edulis" else [0.90, 0.84, 0.70])
    bite = bites(t["bites"], skin, stream.rng("cap", "bites"))
    return blend(colour, flesh * 0.6, bite * 0.85), bump - bite * 0.025 * cap.R


def bites(count, k, rng):
    "How deep slugs have eaten, 0 to 1."
    bite = np.zeros_like(k["S"])
    for _ in range(count):
        s, a, r = rng.uniform(0.2, 1.0), rng.uniform(0, TAU), rng.uniform(0.03, 0.12)
        d = np.hypot(k["c3"][..., 0] - s * np.cos(a), k["c3"][..., 1] - s * np.sin(a)) / r
        d = d * (1 + 0.8 * k["f2"] + 0.6 * noise(k["c3"] * 6, k["n"] + 77))
        bite = np.maximum(bite, 1 - smooth(0.7, 1.0, d))
    return bite


def striate(t, k, from_=0.86, count=110):
    "Furrows at the margin of old caps, 0 to 1."
    return (
        t["age"]
        * 0.35
        * smooth(from_, 0.99, k["S"])
        * (0.5 + 0.5 * np.cos(k["TH"] * count + 3 * noise(k["c"] * 4, k["n"])))
    )


def fly_agaric(t, k, centre, margin, rng):
    "Red to orange, paler outwards, margin striate."
    w = smooth(0.35, 1.15, k["S"] + 0.25 * k["f1"]) * rng.uniform(0.25, 0.85)
    furrow = striate(t, k)
    colour = blend(centre, margin, w) * (1 + 0.16 * k["f2"] + 0.10 * k["fibres"])[..., None]
    return colour * (1 - furrow * 0.5)[..., None], -furrow * 0.012 * k["R"]


def death_cap(t, k, centre, margin, rng):
    "Innate radial fibres, sometimes a patch of veil."
    w = smooth(0.2, 1.1, k["S"] + 0.2 * k["f1"]) * 0.75
    colour = blend(centre, margin, w) * (1 + 0.28 * k["fibres"] * smooth(0.1, 0.4, k["S"]) + 0.08 * k["f2"])[..., None]
    if rng.random() > 0.3:
        return colour, 0 * k["S"]
    patch = smooth(0.28, 0.36, fbm(k["c3"] * 2.1, 3, k["n"] + 44))
    return blend(colour, linear([0.86, 0.85, 0.78]), patch), patch * 0.012


def cep(t, k, centre, margin, rng):
    "Bun brown with a pale rim."
    w = smooth(0.55, 1.08, k["S"] + 0.18 * k["f1"]) * 0.8
    colour = blend(centre, margin, w) * (1 + 0.22 * k["f1"] + 0.10 * k["f2"])[..., None]
    return blend(colour, linear([0.9, 0.84, 0.72]), smooth(0.965, 1, k["S"]) * 0.8), (
        0.015 * k["f2"] + 0.02 * k["f1"]
    ) * k["R"]


def field_mushroom(t, k, centre, margin, rng):
    "White silk with brownish fibres and scales towards the middle, veil shreds at the margin."
    w = smooth(0.0, 0.8, k["S"] + 0.15 * k["f1"])
    streaks = smooth(-0.05, 0.4, k["fibres"]) * smooth(0.08, 0.35, k["S"]) * rng.uniform(0.15, 0.6)
    scales = smooth(0.10, 0.34, fbm(k["c3"] * 11, 3, k["n"] + 21)) * rng.uniform(0.1, 0.7) * (1 - 0.6 * k["S"])
    colour = blend(centre, margin, w) * (1 + 0.12 * k["f1"] - 0.08 * np.abs(k["f2"]))[..., None]
    colour = blend(colour, linear([0.62, 0.48, 0.34]), np.clip(streaks * 0.55 + scales * 0.7, 0, 1))
    edge = smooth(0.95, 1, k["S"] + 0.03 * k["f2"])
    bruise = smooth(0.3, 0.6, fbm(k["c3"] * 2.6 + 5, 3, k["n"] + 26)) * max(0, rng.uniform(-0.5, 0.6))
    colour = blend(colour, linear([0.72, 0.50, 0.44]), bruise)
    return blend(colour, linear([0.80, 0.66, 0.58]), edge * 0.35), 0.008 * k["R"] * k["f2"] + 0.012 * k["R"] * k[
        "f1"
    ] + scales * 0.008


def brittlegill(t, k, centre, margin, rng):
    "Bright or dull skin with paler blotches, furrowed margin, sometimes peeled from the rim."
    w = smooth(0.25, 1.1, k["S"] + 0.35 * k["f1"]) * rng.uniform(0.4, 1)
    colour = blend(centre, margin, w) * (1 + 0.20 * k["f2"] + 0.08 * k["fibres"])[..., None]
    blotch = smooth(0.12, 0.5, fbm(k["c3"] * 3 + 7, 4, k["n"] + 23)) * rng.uniform(0, 0.7)
    colour = blend(colour, linear([0.90, 0.76, 0.60]), blotch * 0.6)
    dark = smooth(0.45, 0, k["S"] + 0.2 * k["f1"]) * rng.uniform(0, 0.6)
    colour = blend(colour, centre * 0.45, dark)
    furrow = striate(t, k, 0.82, 80) * 1.6
    colour = colour * (1 - furrow * 0.4)[..., None]
    a, wide = rng.uniform(0, TAU), 0.5 + 1.2 * t["peeled"]
    turn = np.abs((k["TH"] - a + np.pi) % TAU - np.pi)
    peel = (
        smooth(1, 0.9, turn / wide + 0.35 * k["f2"] + 0.2 * k["f1"])
        * smooth(0.55, 0.63, k["S"] + 0.12 * k["f1"])
        * (t["peeled"] > 0)
    )
    return blend(colour, linear([0.93, 0.88, 0.83]), peel), -furrow * 0.014 * k["R"] - peel * 0.006 + 0.008 * k[
        "R"
    ] * k["f1"]


def milkcap(t, k, centre, margin, rng):
    "Concentric zones of darker orange, greenish stains with age."
    colour = blend(centre, margin, smooth(0.1, 1.0, k["S"]))
    band = np.sin(TAU * (k["S"] ** 0.85 * t["zones"] + 0.22 * k["f1"] + 0.08 * k["f2"])) * 0.5 + 0.5
    spots = smooth(-0.6, 0.15, fbm(k["c3"] * 14, 2, k["n"] + 24))
    colour = blend(
        colour,
        centre * np.array([0.70, 0.50, 0.40]),
        smooth(0.35, 0.9, band) * spots * t["zone_contrast"] * 0.95 * smooth(0.04, 0.2, k["S"]),
    )
    green = smooth(0.0, 0.45, fbm(k["c3"] * 3.2 + 9, 4, k["n"] + 25)) * t["green_stains"]
    colour = blend(colour, linear([0.38, 0.50, 0.30]), green * 0.8)
    return colour * (1 + 0.14 * k["f2"])[..., None], (
        0.010 * k["f2"] + 0.015 * k["f1"] - 0.006 * t["zone_contrast"] * band
    ) * k["R"]


def oyster(t, k, centre, margin, rng):
    "Smooth grey brown shell with fine fibres running outwards."
    w = smooth(0.3, 1.05, k["S"] + 0.25 * k["f1"]) * rng.uniform(0.5, 1)
    colour = blend(centre, margin, w) * (1 + 0.18 * k["fibres"] * smooth(0.1, 0.5, k["S"]) + 0.08 * k["f2"])[..., None]
    bloom = smooth(0.35, 0.0, k["S"] + 0.2 * k["f1"]) * rng.uniform(0.2, 0.8)
    return blend(colour, linear([0.85, 0.82, 0.77]), bloom * 0.6), (0.02 * k["f1"] + 0.008 * k["fibres"] * k["S"]) * k[
        "R"
    ]


def jack_o_lantern(t, k, centre, margin, rng):
    "Smooth orange with darker innate fibres, older caps stained brown."
    w = smooth(0.1, 1.1, k["S"] + 0.3 * k["f1"])
    colour = blend(centre, margin, w) * (1 + 0.2 * k["fibres"] * smooth(0.05, 0.4, k["S"]) + 0.12 * k["f2"])[..., None]
    brown = smooth(0.1, 0.5, fbm(k["c3"] * 2.4 + 4, 4, k["n"] + 27)) * rng.uniform(0, 0.6) * (0.3 + 0.7 * t["age"])
    return blend(colour, linear([0.46, 0.22, 0.08]), brown), (0.02 * k["f1"] + 0.006 * k["fibres"]) * k["R"]


def false_chanterelle(t, k, centre, margin, rng):
    "Downy orange, darker in the middle, paler at the rolled margin."
    w = smooth(0.05, 0.95, k["S"] + 0.3 * k["f1"])
    colour = blend(centre, margin, w) * (1 + 0.14 * k["f1"] + 0.14 * k["f2"])[..., None]
    down = smooth(-0.3, 0.4, fbm(k["c3"] * 26, 2, k["n"] + 28))
    colour = blend(colour, centre * 0.7, down * smooth(0.7, 0.1, k["S"]) * rng.uniform(0.1, 0.5))
    return colour, (0.03 * k["f1"] + 0.006 * k["f2"]) * k["R"] + 0.0012 * down


def destroying_angel(t, k, centre, margin, rng):
    "White silk, ivory in the middle; old caps spotted a little."
    w = smooth(0.0, 0.7, k["S"] + 0.15 * k["f1"])
    colour = blend(centre, margin, w) * (1 + 0.05 * k["fibres"] + 0.04 * k["f2"])[..., None]
    spots = smooth(0.25, 0.55, fbm(k["c3"] * 6 + 2, 3, k["n"] + 29)) * rng.uniform(0, 0.4) * t["age"]
    return blend(colour, linear([0.78, 0.68, 0.52]), spots), 0.01 * k["R"] * k["f1"]


PAINTERS = {
    "omphalotus_olearius": jack_o_lantern,
    "hygrophoropsis_aurantiaca": false_chanterelle,
    "amanita_virosa": destroying_angel,
    "amanita_muscaria": fly_agaric,
    "amanita_phalloides": death_cap,
    "boletus_edulis": cep,
    "agaricus_campestris": field_mushroom,
    "russula": brittlegill,
    "lactarius_deliciosus": milkcap,
    "pleurotus_ostreatus": oyster,
}
STEMS = {
    "amanita_muscaria": [0.93, 0.90, 0.83],
    "amanita_phalloides": [0.91, 0.90, 0.80],
    "boletus_edulis": [0.86, 0.76, 0.60],
    "agaricus_campestris": [0.91, 0.87, 0.81],
    "russula": [0.94, 0.92, 0.88],
    "lactarius_deliciosus": [0.89, 0.64, 0.40],
    "omphalotus_olearius": [0.88, 0.58, 0.20],
    "hygrophoropsis_aurantiaca": [0.90, 0.54, 0.18],
    "amanita_virosa": [0.94, 0.93, 0.89],
}


def paint_stem(species, t, T, TH, slender, stream):
    "Linear colour and outward relief of a stem on the grid T, TH; `slender` is its length over its radius."
    n, rng = stream.seed("stem", "paint"), stream.rng("stem", "paint")
    c = ring3(TH, T * slender / 6)
    fibres, blotch = fbm(c * np.array([7, 7, 1.2]), 3, n + 1), fbm(c * np.array([1.3, 1.3, 3]), 4, n + 2)
    colour, bump = linear(STEMS[species]) * (1 + 0.10 * blotch + 0.10 * fibres)[..., None], 0 * T
    if species == "boletus_edulis":
        colour = blend(
            linear([0.90, 0.85, 0.74]),
            linear([0.70, 0.52, 0.33]),
            smooth(-0.4, 0.5, blotch) * (1 - 0.5 * T) * rng.uniform(0.4, 1.0),
        )
        net = stack(rng.uniform(-np.pi, 3 * np.pi, 520), rng.uniform(-0.1, 1.05, 520), 0.0)
        d1, d2, _ = cells(stack(TH, T, 0.0).reshape(-1, 3), net, (1, 5.5, 1))
        mesh_ = (1 - smooth(0, 0.10, d2 - d1)).reshape(T.shape) * smooth(0.15, 0.6, T) * 0.8
        colour, bump = blend(colour, linear([0.95, 0.92, 0.85]), mesh_), mesh_ * 0.006
    if species == "amanita_phalloides":
        snake = smooth(0.1, 0.45, noise(stack(c[..., 0] * 1.6, c[..., 1] * 1.6, T * 26 + 0.6 * np.sin(TH * 5)), n + 3))
        colour = blend(colour, linear([0.72, 0.72, 0.50]), snake * rng.uniform(0.1, 0.55))
    if species == "amanita_virosa":  # torn, shaggy fibres
        shag = smooth(0.0, 0.45, fbm(stack(c[..., 0] * 4, c[..., 1] * 4, T * 9), 3, n + 7)) * smooth(0.95, 0.7, T)
        colour, bump = colour * (1 - 0.12 * shag)[..., None], shag * 0.01
    if species in ("omphalotus_olearius", "hygrophoropsis_aurantiaca"):
        dark = [0.52, 0.28, 0.10] if species == "omphalotus_olearius" else [0.46, 0.22, 0.08]
        foot = smooth(0.75, 0.0, T + 0.3 * blotch) * rng.uniform(0.3, 0.8)
        colour, bump = blend(colour, linear(dark), foot), 0.004 * fibres
    if species == "amanita_muscaria":
        girdle = np.exp(-(((T - 0.1) / 0.09) ** 2)) * np.clip(np.sin(T * 150 + 2 * blotch), 0, 1)
        girdle = girdle * (0.5 + 0.5 * np.clip(fbm(c * 5, 2, n + 4) * 2 + 0.3, 0, 1))
        colour, bump = blend(colour, linear([0.9, 0.86, 0.72]), girdle), girdle * 0.02
    if species == "lactarius_deliciosus":
        q = ring3(TH, T * slender * 0.6)
        pit = smooth(0.28, 0.5, noise(q * 2.6, n + 5)) * smooth(0.02, 0.2, T)
        colour, bump = blend(colour, linear([0.74, 0.36, 0.14]), pit * 0.8), -pit * 0.008
        green = smooth(0.1, 0.5, noise(q * 1.4, n + 6)) * t["green_stains"]
        colour = blend(colour, linear([0.38, 0.52, 0.33]), green * 0.6)
    if species == "russula" and t["cap_colour"] in ("red", "purple", "pink") and rng.random() < 0.3:
        colour = blend(colour, linear([0.90, 0.68, 0.66]), smooth(-0.2, 0.5, blotch) * 0.5)
    earth = (
        smooth(0.14, -0.03, T)
        * (0.7 if species not in ("amanita_phalloides", "amanita_virosa") else 0.2)
        * np.clip(0.7 + blotch, 0, 1)
    )
    return blend(colour, linear([0.25, 0.19, 0.12]), earth), bump
