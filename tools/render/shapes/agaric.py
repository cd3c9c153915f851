# SPDX-License-Identifier: Apache-2.0
"Mushrooms with a cap on a stem (or a bracket on wood): amanitas, field mushroom, cep, brittlegill, milkcap, oyster."

import numpy as np

from ..mesh import batch_faces, grid_faces, mesh
from ..noise import TAU, blend, fbm, frame, linear, mix, noise, ring3, rot, smooth, stack, unit
from .debris import debris
from .paint import choose_colour, paint_cap, paint_stem
from .stem import Stem, tube

# lengths in units of 10 cm: range of the cap's radius; its height over its radius when young and when old; power of its
# profile; ranges of the stem's length, its radius and its bulb (share added to the radius at the foot); how deep an old
# cap's centre sinks; range of the number of gills; for some: ranges of the umbo's height and of the margin's
# inward roll, over the cap's radius
FORMS = {
    "amanita_muscaria": dict(
        radius=(0.45, 0.85),
        dome=(0.95, 0.22),
        power=2.0,
        stem=(1.0, 1.7),
        thick=(0.085, 0.12),
        bulb=(0.7, 1.0),
        dip=0.3,
        gills=(55, 78),
    ),
    "amanita_phalloides": dict(
        radius=(0.38, 0.7),
        dome=(0.85, 0.2),
        power=2.0,
        stem=(0.8, 1.3),
        thick=(0.06, 0.09),
        bulb=(0.5, 0.9),
        dip=0.25,
        gills=(55, 78),
    ),
    "boletus_edulis": dict(
        radius=(0.5, 0.95),
        dome=(0.85, 0.45),
        power=2.3,
        stem=(0.7, 1.15),
        thick=(0.17, 0.26),
        bulb=(0.35, 0.9),
        dip=0.15,
        gills=(0, 1),
    ),
    "agaricus_campestris": dict(
        radius=(0.28, 0.52),
        dome=(0.9, 0.3),
        power=2.2,
        stem=(0.4, 0.65),
        thick=(0.065, 0.1),
        bulb=(-0.1, 0.15),
        dip=0.25,
        gills=(63, 88),
    ),
    "russula": dict(
        radius=(0.28, 0.58),
        dome=(0.8, 0.2),
        power=2.2,
        stem=(0.4, 0.75),
        thick=(0.07, 0.12),
        bulb=(-0.15, 0.1),
        dip=0.5,
        gills=(50, 70),
    ),
    "lactarius_deliciosus": dict(
        radius=(0.32, 0.66),
        dome=(0.6, 0.3),
        power=2.4,
        stem=(0.3, 0.55),
        thick=(0.08, 0.13),
        bulb=(-0.2, 0.05),
        dip=1.1,
        gills=(60, 82),
        inroll=(0.02, 0.14),
    ),
    "pleurotus_ostreatus": dict(
        radius=(0.36, 0.7),
        dome=(0.62, 0.34),
        power=2.3,
        stem=(0.1, 0.2),
        thick=(0.1, 0.15),
        bulb=(0.0, 0.1),
        dip=0.3,
        gills=(50, 70),
    ),
    "omphalotus_olearius": dict(
        radius=(0.28, 0.62),
        dome=(0.55, 0.24),
        power=2.0,
        stem=(0.6, 1.3),
        thick=(0.06, 0.11),
        bulb=(-0.45, -0.2),
        dip=0.9,
        gills=(75, 100),
        umbo=(0.0, 0.16),
        inroll=(0.03, 0.14),
    ),
    "hygrophoropsis_aurantiaca": dict(
        radius=(0.13, 0.36),
        dome=(0.5, 0.24),
        power=2.2,
        stem=(0.3, 0.55),
        thick=(0.025, 0.045),
        bulb=(-0.2, 0.15),
        dip=1.0,
        gills=(60, 84),
        umbo=(0.0, 0.02),
        inroll=(0.08, 0.24),
    ),
    "amanita_virosa": dict(
        radius=(0.28, 0.55),
        dome=(1.15, 0.28),
        power=1.7,
        stem=(0.95, 1.5),
        thick=(0.05, 0.08),
        bulb=(0.4, 0.8),
        dip=0.2,
        gills=(55, 78),
        umbo=(0.02, 0.12),
    ),
}
FLESH = {"boletus_edulis": 0.30, "pleurotus_ostreatus": 0.13}
# how far the gills run down the stem, over the cap's radius
DECURRENT = {"lactarius_deliciosus": 0.08, "omphalotus_olearius": 0.40, "hygrophoropsis_aurantiaca": 0.38}
RINGED = {"amanita_muscaria": 0.18, "amanita_phalloides": 0.18, "amanita_virosa": 0.18, "agaricus_campestris": 0.25}
RING_COLOUR = {
    "amanita_muscaria": [0.94, 0.92, 0.84],
    "amanita_phalloides": [0.92, 0.91, 0.80],
    "amanita_virosa": [0.94, 0.93, 0.89],
}
SACKED = ("amanita_phalloides", "amanita_virosa")  # with a volva
DULL = ("agaricus_campestris", "lactarius_deliciosus", "pleurotus_ostreatus", "hygrophoropsis_aurantiaca")


def traits(species, stream, scale):
    "The facts of one individual; see `shapes.traits`."
    form, b = FORMS[species], stream.rng("body")
    age = round(float(b.beta(1.05, 1.0)), 3)
    t = dict(age=age, wet=round(float(np.clip(b.normal(0.35, 0.3), 0, 1)), 3), scale=scale)
    t["faded"] = round(float(b.uniform(0.25, 0.95)) if b.random() < 0.3 else 0.0, 3)
    t["tone"] = round(float(stream.rng("tone").uniform(0.86, 1.08)), 3)  # neighbours are not equally dark
    t |= cap_traits(species, form, age, scale, stream.rng("cap"))
    t |= outline_traits(species, form, age, stream.rng("profile"))
    t |= stem_traits(species, form, age, scale, stream.rng("stem"))
    t["hymenium"] = "pores" if species == "boletus_edulis" else "gills"
    t["gills"] = int(stream.rng("gills").uniform(*form["gills"]))
    t["ring"] = bool(age > RINGED.get(species, 2) and stream.rng("ring").random() < 0.9)
    t["volva"] = species in SACKED
    t["warts"] = wart_count(stream.rng("warts")) if species == "amanita_muscaria" else 0
    t["debris"] = int(stream.rng("debris").choice(5, p=[0.68, 0.17, 0.08, 0.04, 0.03]))
    if species == "amanita_muscaria":  # long rain bleaches the red and takes the warts off
        t["washed"] = bool(stream.rng("rain").random() < 0.1)
        t |= dict(faded=max(t["faded"], 0.7), warts=0) if t["washed"] else {}
    return t


def cap_traits(species, form, age, scale, c):
    "Facts of the cap's size, colour and wear."
    radius = c.uniform(*form["radius"]) * mix(0.55, 1.0, age)
    height = radius * mix(*form["dome"], age) * c.uniform(0.85, 1.15)
    t = dict(cap_radius_cm=round(10 * radius * scale, 2), cap_height_cm=round(10 * height * scale, 2))
    t["cap_colour"] = choose_colour(species, c)
    t["cap_tilt"] = round(float(c.uniform(-0.22, 0.22)), 3)
    t["margin_wave"] = round(float(c.uniform(0, 0.06) * (0.3 + 1.2 * age)), 4)
    t["margin_uplift"] = round(float(max(0, age - 0.65) * c.uniform(0, 0.95)), 4)
    sinks = max(0, age - (0.4 if form["dip"] > 0.4 else 0.6))
    t["depression"] = round(float(sinks * c.uniform(0.1, 1) * form["dip"]), 4)
    t["umbo"] = round(float(c.uniform(*form.get("umbo", (0, 0.06)))), 4)
    t["dirt"] = round(float(c.uniform(0, 0.6)), 3)
    t["bites"] = int(c.poisson(0.45))
    if species == "russula":
        t["peeled"] = round(float(c.uniform(0.3, 1)) if c.random() < 0.12 else 0.0, 3)
    if species == "lactarius_deliciosus":
        t["zones"] = round(float(c.uniform(3.5, 7)), 2)
        t["zone_contrast"] = round(float(c.uniform(0.08, 1)), 3)
        t["green_stains"] = round(float(c.uniform(0.7, 1) if c.random() < 0.2 else c.uniform(0, 1) * age), 3)
    return t


def outline_traits(species, form, age, c):
    "Facts of the cap's outline: `profile` scales the power of its curve (below 1 a cone, above 1 a cushion)."
    t = dict(profile=round(float(c.uniform(0.8, 1.3)), 3))
    if age < 0.45 and c.random() < 0.25:
        t["profile"] = round(float(c.uniform(0.66, 0.8)), 3)
    t["margin_inroll"] = round(float(c.uniform(*form.get("inroll", (0, 0.02))) * (1 - 0.7 * age)), 4)
    t["margin_lobes"] = round(float(max(0, age - 0.4) * c.uniform(0, 0.28)), 4)
    t["margin_splits"] = int(c.poisson(6 * max(0, age - 0.65))) if c.random() < 0.6 else 0
    return t


def stem_traits(species, form, age, scale, s):
    "Facts of the stem."
    length = s.uniform(*form["stem"]) * mix(0.4, 1, age**0.7) * s.uniform(0.85, 1.2)
    t = dict(stem_length_cm=round(10 * length * scale, 2))
    t["stem_radius_cm"] = round(10 * s.uniform(*form["thick"]) * s.uniform(0.78, 1.25) * scale, 2)
    t["stem_bend"] = round(float(s.uniform(-0.12, 0.2)), 3)
    t["stem_lean"] = round(float(s.uniform(0, 0.12)), 3)
    bulb = s.uniform(*form["bulb"]) * (mix(1.4, 0.8, age) if species == "boletus_edulis" else 1)
    return t | dict(bulb=round(float(bulb), 3))


def wart_count(w):
    "How many flakes of veil are left on a fly agaric: usually many, sometimes few or none."
    count, left = int(w.uniform(35, 130)), w.random()
    return 0 if left < 0.07 else int(count * 0.1) if left < 0.2 else count


class Cap:
    "The cap's surfaces as functions of s (0 at the centre, 1 at the margin) and the angle."

    def __init__(self, species, t, stem, stream):
        form, k = FORMS[species], 10 * t["scale"]
        self.S = stream.seed("cap", "noise")
        self.R, self.H, self.rs = t["cap_radius_cm"] / k, t["cap_height_cm"] / k, t["stem_radius_cm"] / k
        self.t, self.power, self.flesh = t, form["power"] * t["profile"], FLESH.get(species, 0.22)
        self.wide_dip = 0.5 if form["dip"] > 0.4 else 0.35
        self.run = DECURRENT.get(species, 0)
        cuts = stream.rng("cap", "splits")
        self.splits = [
            (cuts.uniform(0, TAU), cuts.uniform(0.05, 0.12), cuts.uniform(0.06, 0.26))
            for _ in range(t["margin_splits"])
        ]
        self.bracket = species == "pleurotus_ostreatus"
        self.pores = species == "boletus_edulis"
        rng = stream.rng("cap", "pose")
        self.waves = int(rng.integers(2, 5))
        if self.bracket:
            self.turn, self.attach, self.off = np.eye(3), np.zeros(3), self.top(0.0) - 0.12 * self.R
            return
        a = rng.uniform(0, TAU)
        self.turn = (
            frame(stem.tangent(1.0))
            @ rot([np.cos(a), np.sin(a), 0], t["cap_tilt"])
            @ rot([0, 0, 1], rng.uniform(0, TAU))
        )
        self.attach, self.off = stem.spine(1.0), self.under(self.rs / self.R)

    def top(self, s):
        "Height of the upper surface."
        s, t = np.clip(s, 0, 1), self.t
        z = self.H * (1 - s**self.power) ** (1 / self.power)
        z = (
            z
            + t["umbo"] * self.R * np.exp(-((s / 0.25) ** 2))
            - t["depression"] * self.R * np.exp(-((s / self.wide_dip) ** 2))
            - t["margin_inroll"] * self.R * smooth(0.72, 1, s) ** 1.5
        )
        if self.bracket:
            z = z - 0.25 * self.H * np.exp(-((s / 0.3) ** 2))
        return z + t["margin_uplift"] * self.R * s**4

    def under(self, s):
        "Height of the flesh's lower surface, from which gills hang."
        s = np.clip(s, 0, 1)
        z = self.top(s) - self.R * mix(self.flesh, 0.02, s**0.7)
        z = z - self.run * self.R * np.exp(-np.clip(s - self.rs / self.R, 0, 1) / 0.17)
        if self.bracket:
            z = z - 0.34 * self.R * np.exp(-((s / 0.20) ** 2))
        return z

    def point(self, s, th, z):
        "Points of the cap, bent and waved, in the cap's own frame."
        s, th, z = np.broadcast_arrays(np.asarray(s, float), th, z)
        c, r, t = ring3(th, 0.3), s * self.R, self.t
        k = 1 + 0.05 * noise(c * 1.3, self.S) + 0.02 * noise(c * 3.0, self.S + 1)
        k = k + t["margin_lobes"] * noise(c * (self.waves * 0.8), self.S + 4) * s**3 - self.cut(th) * s**5
        wave = t["margin_wave"] * (1.8 if self.bracket else 1)
        z = z + wave * self.R * 2.2 * noise(c * (self.waves * 0.7), self.S + 2) * s**3
        flat = stack(r * np.cos(th), r * np.sin(th), 0 * r)
        z = z + 0.03 * self.R * noise(flat * (2.2 / self.R), self.S + 3)
        x, y = r * k * np.cos(th), r * k * np.sin(th)
        if self.bracket:  # rays start at the side instead of the centre
            x, y = x * 0.85 + 0.72 * r, y * 1.12 * (1 + 0.12 * noise(c * 2.1, self.S + 8))
        return stack(x, y, z)

    def cut(self, th):
        "How deep the margin is split at angle `th`, over the cap's radius."
        deep = 0 * np.asarray(th, float)
        for a, wide, depth in self.splits:
            off = np.abs((th - a + np.pi) % TAU - np.pi) / wide
            deep = np.maximum(deep, depth * np.clip(1 - off, 0, 1))
        return deep

    def place(self, p):
        "From the cap's frame to the mushroom's."
        return (p - np.array([0, 0, 1]) * self.off) @ self.turn.T + self.attach


def build(species, t, stream):
    "Meshes of one individual, at scale 1; see `shapes.build`."
    k = 10 * t["scale"]
    stem = Stem(t["stem_length_cm"] / k, t["stem_bend"], t["stem_lean"], stream.rng("stem", "axis"))
    cap = Cap(species, t, stem, stream)
    out = [cap_top(species, t, cap, stream)]
    out += pores(t, cap, stream) if cap.pores else gills(species, t, cap, stream)
    if t["warts"]:
        out.append(warts(t, cap, stream.rng("warts", "mesh")))
    if t["debris"]:
        out.append(debris(t, cap, stream.rng("debris", "mesh")))
    if cap.bracket:
        return out
    radius = stem_radius(species, t)
    out.append(stem_mesh(species, t, stem, radius, stream))
    if t["ring"]:
        out.append(ring(species, t, stem, radius, stream))
    if t["volva"]:
        out.append(volva(stem, radius, stream))
    return out


def cap_top(species, t, cap, stream):
    "The cap's upper skin."
    n, m = 110, 260
    s = np.sin(np.linspace(0.003, 1, n) * np.pi / 2)
    S, TH = np.meshgrid(s, np.linspace(0, TAU, m, endpoint=False), indexing="ij")
    colour, bump = paint_cap(species, t, S, TH, cap, stream)
    out = unit(stack(S * np.cos(TH) * cap.H, S * np.sin(TH) * cap.H, cap.R))
    bump = bump * (1 - 0.8 * smooth(0.82, 1, S))  # a dent at the thin margin would bare the gills
    P = cap.point(S, TH, cap.top(S)) + bump[..., None] * out
    dull, cep = species in DULL, species == "boletus_edulis"
    rough = mix(0.75, 0.45, t["wet"]) if dull else mix(0.65, 0.4, t["wet"]) if cep else mix(0.55, 0.2, t["wet"])
    tone = 0.84 if species in ("agaricus_campestris", "amanita_virosa") else 0.93
    return mesh(
        cap.place(P),
        grid_faces(n, m, True)[:, ::-1],
        colour * tone,
        "cap",
        "cap",
        rough=rough,
        sss=0.25,
        sssr=0.06,
        coat=t["wet"] * (0.06 if dull else 0.15 if cep else 0.5),
        bump=0.12,
        bscale=30,
    )


def gill_colour(species, t):
    "sRGB colour of the gills."
    age = t["age"]
    if species == "agaricus_campestris":
        young = mix(np.array([0.94, 0.77, 0.73]), np.array([0.83, 0.61, 0.55]), smooth(0.2, 0.6, age))
        return mix(young, np.array([0.54, 0.38, 0.32]), smooth(0.6, 1.0, age))
    if species == "lactarius_deliciosus":
        return mix(np.array([0.95, 0.70, 0.44]), np.array([0.92, 0.72, 0.52]), t["faded"])
    if species == "russula":
        return np.array([[0.96, 0.94, 0.90], [0.96, 0.92, 0.83]][int(age > 0.6)])
    if species == "omphalotus_olearius":
        return mix(np.array([0.97, 0.73, 0.28]), np.array([0.92, 0.62, 0.22]), age)
    if species == "hygrophoropsis_aurantiaca":
        return mix(np.array([0.97, 0.64, 0.26]), np.array([0.97, 0.74, 0.44]), t["faded"])
    return np.array([0.95, 0.93, 0.88])


def gills(species, t, cap, stream):
    "The roof between the gills and the gills themselves."
    n, m = 60, 260
    s = np.sin(np.linspace(1, 0.04, n) * np.pi / 2)
    S, TH = np.meshgrid(s, np.linspace(0, TAU, m, endpoint=False), indexing="ij")
    base = linear(gill_colour(species, t))
    roof = mesh(
        cap.place(cap.point(S, TH, cap.under(S))),
        grid_faces(n, m, True)[:, ::-1],
        np.broadcast_to(base, S.shape + (3,)),
        "gillroof",
        "hymenium",
        rough=0.8,
        sss=0.2,
        sssr=0.03,
    )
    rng, count = stream.rng("gills", "mesh"), t["gills"]
    free, decurrent = species == "agaricus_campestris", cap.run > 0
    deep = 0.10 if cap.bracket or cap.run > 0.1 else 0.14 if decurrent or species == "russula" else 0.15
    inner = 0.14 if cap.bracket else cap.rs / cap.R * (1.3 if free else 0.95)
    k = np.arange(2 * count)
    full = k % 2 == 0
    s0 = np.where(full, inner, rng.uniform(0.45, 0.85, len(k)))[:, None]
    ss = s0 + (0.98 - s0) * np.linspace(0, 1, 12)
    th = (TAU * k / len(k) + rng.uniform(-0.01, 0.01, len(k)))[:, None] + 0.02 * np.sin(ss * 7 + cap.S)
    if species == "hygrophoropsis_aurantiaca":  # every second gill branches off its neighbour
        th = th - ~full[:, None] * TAU / len(k) * (1 - smooth(0, 0.35, ss - s0))
    roof_z, along = cap.under(ss), (ss - s0) / (1 - s0)
    edge = roof_z - cap.R * deep * np.where(full, 1, 0.7)[:, None] * np.sin(np.pi * along**0.8).clip(0) ** 0.5 - 0.004
    if species == "lactarius_deliciosus":
        edge = edge - 0.16 * cap.R * full[:, None] * np.exp(-((along / 0.12) ** 2))
    elif not (cap.bracket or decurrent or deep == 0.14):
        edge = np.maximum(edge, mix(roof_z, cap.top(1.0) - 0.06 * cap.R, 0.9))
    edge = np.minimum(edge, roof_z - 0.003)
    sunk = np.minimum(0.01, 0.4 * (cap.top(ss) - roof_z))  # their backs in the flesh
    v = np.stack([cap.point(ss, th, roof_z + sunk), cap.point(ss, th, edge)], 1)
    colour = (
        base
        * (1 + 0.07 * rng.normal(size=len(k)))[:, None, None, None]
        * np.array([0.98, 1.15])[:, None, None]
        * np.ones(v.shape)
    )
    if "green_stains" in t:
        stain = linear([0.42, 0.52, 0.36])
        colour = blend(colour, stain, t["green_stains"] * 0.5 * smooth(0.2, 0.5, noise(v * 9, cap.S + 40)))
    faces = batch_faces(len(k), grid_faces(2, 12, False), 24)
    return [roof, mesh(cap.place(v), faces, colour, "gills", "hymenium", rough=0.75, trans=0.6)]


def pores(t, cap, stream):
    "The cushion of tubes under a bolete's cap."
    n, m = 60, 260
    s = np.sin(np.linspace(1, 0.04, n) * np.pi / 2)
    S, TH = np.meshgrid(s, np.linspace(0, TAU, m, endpoint=False), indexing="ij")
    z = mix(cap.under(S), np.minimum(cap.under(S), cap.top(1.0) + 0.05 * cap.R), 0.65)
    z = z - 0.10 * cap.R * np.sin(np.pi * np.clip((S - 0.25) / 0.75, 0, 1)) ** 0.6
    P = cap.point(S, TH, z)
    tint = stream.rng("pores").uniform(-0.12, 0.12) + t["age"]
    base = linear(
        mix(
            mix(np.array([0.93, 0.90, 0.80]), np.array([0.90, 0.83, 0.60]), smooth(0.25, 0.6, tint)),
            np.array([0.79, 0.74, 0.46]),
            smooth(0.7, 1, tint),
        )
    )
    grain = 1 + 0.18 * noise(stack(P[..., 0], P[..., 1], 0.0) * 60, cap.S)
    return [
        mesh(
            cap.place(P),
            grid_faces(n, m, True)[:, ::-1],
            base * grain[..., None],
            "pores",
            "hymenium",
            rough=0.8,
            sss=0.25,
            sssr=0.04,
            bump=0.5,
            bscale=70,
            cells=1,
        )
    ]


def warts(t, cap, rng):
    "White flakes of the veil, spread over the cap by the golden angle."
    n, big = t["warts"], rng.uniform(0.7, 1.3)
    s0 = np.sqrt((np.arange(n) + 0.5) / n) * 0.985
    a = np.arange(n) * 2.399963 + rng.uniform(0, 6) + rng.normal(0, 0.12, n) / np.maximum(s0, 0.2)
    s = np.clip(s0 + rng.normal(0, 0.03, n), 0.01, 0.985)

    def on_cap(s, a):
        return cap.point(s, a, cap.top(s))

    da = 0.01 / np.maximum(s, 0.1)
    up = unit(
        np.cross(on_cap(np.minimum(s + 0.01, 0.999), a) - on_cap(s - 0.01, a), on_cap(s, a + da) - on_cap(s, a - da))
    )
    up = np.where(((up[:, 2] > 0) | (s > 0.95))[:, None], up, -up)
    r = (cap.R * big * mix(0.085, 0.035, s) * rng.lognormal(0, 0.35, n))[:, None, None]
    tall = r * rng.uniform(0.35, 0.8, n)[:, None, None] * (1 - 0.4 * t["age"])
    Q, PA = np.meshgrid(np.linspace(0, 1, 7), np.linspace(0, TAU, 14, endpoint=False), indexing="ij")
    k = np.arange(n)[:, None, None]
    rr = r * (0.05 + 0.95 * Q) * (1 + 0.38 * noise(stack(np.cos(PA) * 1.2, np.sin(PA) * 1.2, k), cap.S))
    bumps = noise(stack(Q * 4 * np.cos(PA), Q * 4 * np.sin(PA), k * 6.2), cap.S)
    z = tall * (1 - Q**3.0) * (1 + 0.35 * bumps) - 0.3 * r * Q**8
    local = stack(rr * np.cos(PA), rr * np.sin(PA), z)
    turn = np.stack([frame(d) for d in up])
    v = on_cap(s, a)[:, None, None] + np.einsum("nij,nabj->nabi", turn, local)
    colour = (
        linear([0.93, 0.90, 0.82]) * rng.uniform(0.75, 1.02, n)[:, None, None, None] * (1 - 0.25 * Q[..., None] ** 3)
    )
    faces = batch_faces(n, grid_faces(7, 14, True), 7 * 14)
    return mesh(
        cap.place(v),
        faces,
        colour,
        "warts",
        "warts",
        rough=0.8,
        sss=0.35,
        sssr=0.04,
        coat=t["wet"] * 0.2,
        bump=0.4,
        bscale=50,
    )


def stem_radius(species, t):
    "The stem's radius as a function of the height along it."
    rs, bulb = t["stem_radius_cm"] / (10 * t["scale"]), t["bulb"]

    def radius(T):
        T = np.clip(T, -0.1, 1)
        if species == "boletus_edulis":
            return rs * (1 + bulb * (1 - smooth(-0.1, 0.85, T)) - 0.35 * smooth(0.05, -0.1, T))
        flare = 0.18 if species not in ("russula", "lactarius_deliciosus") else 0.1
        return rs * (
            mix(1.12, 0.88, np.clip(T, 0, 1)) + bulb * np.exp(-(((T - 0.04) / 0.11) ** 2)) + flare * smooth(0.93, 1, T)
        )

    return radius


def stem_mesh(species, t, stem, radius, stream):
    "The stem."
    P, T, TH, faces = tube(stem, radius, stream.seed("stem", "noise"), 110, 150, 0.025)
    colour, bump = paint_stem(species, t, T, TH, stem.h / radius(np.array(1.0)), stream)
    P = P + bump[..., None] * unit(P - stem.spine(T))
    tone = 0.80 if species != "lactarius_deliciosus" else 0.9
    return mesh(P, faces, colour * tone, "stem", "stem", rough=0.7, sss=0.3, sssr=0.05, bump=0.25, bscale=26)


def ring(species, t, stem, radius, stream):
    "The membrane that the torn veil leaves on the stem: it hangs in soft folds and its hem turns in."
    rng, S = stream.rng("ring", "mesh"), stream.seed("ring", "noise")
    small = species == "agaricus_campestris"
    at = rng.uniform(0.55, 0.7) if small else rng.uniform(0.7, 0.84)
    length = rng.uniform(0.03, 0.06) if small else min(rng.uniform(0.08, 0.17), 0.22 * stem.h)
    flare, fold, folds = rng.uniform(0.2, 0.75), rng.uniform(0.03, 0.12), rng.uniform(2.5, 5)
    Q, TH = np.meshgrid(np.linspace(0, 1, 30), np.linspace(0, TAU, 180, endpoint=False), indexing="ij")
    c, hang = ring3(TH), np.minimum(Q / 0.88, 1)
    hem = 1 + 0.22 * noise(c * 1.3, S) + 0.06 * noise(c * 5, S + 1)
    soft = noise(c * folds, S + 2) + 0.5 * noise(c * folds * 2.1, S + 3)
    out = flare * np.sin(hang * 1.4) + fold * soft * hang**1.5 - 0.06 * smooth(0.88, 1, Q)
    pleats = 0.0012 * np.sin(TH * 64 + 2 * noise(c * 3, S + 4)) * hang
    r = radius(np.array(at)) * 1.03 + length * out + pleats
    r = np.maximum(r, radius(np.array(at)) * 1.02)
    drop = hang**1.15 * hem * (1.12 - 0.45 * flare) - 0.05 * smooth(0.88, 1, Q) - 0.08 * np.sin(hang * 3)
    base = linear(RING_COLOUR.get(species, [0.90, 0.86, 0.80]))
    shade = 1 + 0.05 * np.sin(TH * 64) * hang + 0.1 * noise(c * 4 + Q[..., None], S)
    rim = smooth(0.8, 0.95, Q) * (0.25 if small or species == "amanita_muscaria" else 0.05)
    colour = blend(base * shade[..., None], linear([0.80, 0.68, 0.42]), rim * (0.5 + 0.5 * t["age"]))
    return mesh(
        stem.spine(at - length * drop / stem.h) + r[..., None] * c,
        grid_faces(30, 180, True),
        colour * 0.84,
        "ring",
        "ring",
        rough=0.7,
        trans=0.35,
        bump=0.1,
        bscale=40,
    )


def volva(stem, radius, stream):
    "The sack round an amanita's foot: it hugs the bulb below and stands off a little at its lobed rim."
    rng, S = stream.rng("volva", "mesh"), stream.seed("volva", "noise")
    Q, TH = np.meshgrid(np.linspace(0, 1, 34), np.linspace(0, TAU, 140, endpoint=False), indexing="ij")
    c, tall, flare = ring3(TH), rng.uniform(0.2, 0.34), rng.uniform(0.12, 0.5)
    lobes = 1 + 0.22 * noise(c * 1.4, S) + 0.04 * noise(c * 4, S + 1)
    T = mix(-0.09, tall * lobes, Q)
    r = radius(np.clip(T, 0.04, 1)) * 1.1 + radius(np.array(1.0)) * (
        0.25 + flare * Q**2.5 * (1 + 0.6 * noise(c * 1.8, S + 2))
    )
    foot = np.sqrt(np.clip(1 - (np.clip(0.06 - T, 0, 1) / 0.15) ** 2, 1e-4, 1))
    r = r * foot * (1 + 0.05 * fbm(c * 4 + Q[..., None] * 2, 3, S + 3))
    soil = smooth(0.1, 0.6, fbm(c * 2.5 + Q[..., None] * 2, 4, S + 4)) * 0.3 + smooth(0.3, 0.0, Q) * 0.35
    colour = blend(linear([0.92, 0.90, 0.84]), linear([0.40, 0.32, 0.2]), soil)
    return mesh(
        stem.spine(T) + r[..., None] * c,
        grid_faces(34, 140, True),
        colour * 0.85,
        "volva",
        "volva",
        rough=0.75,
        trans=0.3,
        bump=0.25,
        bscale=25,
    )
