# SPDX-License-Identifier: Apache-2.0
"Mushrooms with a cap on a stem (or a bracket on wood): amanitas, field mushroom, cep, brittlegill, milkcap, oyster."

import numpy as np

from ..mesh import batch_faces, grid_faces, mesh
from ..noise import TAU, blend, fbm, frame, linear, mix, noise, ring3, rot, smooth, stack, unit
from .paint import COLOURS, paint_cap, paint_stem
from .stem import Stem, tube

# lengths in units of 10 cm: range of the cap's radius; its height over its radius when young and when old; power of its
# profile; ranges of the stem's length, its radius and its bulb (share added to the radius at the foot); how deep an old
# cap's centre sinks; range of the number of gills
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
}
FLESH = {"boletus_edulis": 0.30, "pleurotus_ostreatus": 0.13}


def traits(species, stream, scale):
    "The facts of one individual; see `shapes.traits`."
    form = FORMS[species]
    b, c, s = stream.rng("body"), stream.rng("cap"), stream.rng("stem")
    age = round(float(b.beta(1.5, 1.4)), 3)
    t = dict(age=age, wet=round(float(np.clip(b.normal(0.35, 0.3), 0, 1)), 3), scale=scale)
    t["faded"] = round(float(b.uniform(0.25, 0.95)) if b.random() < 0.3 else 0.0, 3)
    radius = c.uniform(*form["radius"]) * mix(0.58, 1.0, age)
    height = radius * mix(*form["dome"], age) * c.uniform(0.9, 1.1)
    t["cap_radius_cm"] = round(10 * radius * scale, 2)
    t["cap_height_cm"] = round(10 * height * scale, 2)
    t["cap_colour"] = str(c.choice(list(COLOURS[species])))
    t["cap_tilt"] = round(float(c.uniform(-0.2, 0.2)), 3)
    t["margin_wave"] = round(float(c.uniform(0, 0.05) * (0.4 + age)), 4)
    t["margin_uplift"] = round(float(max(0, age - 0.7) * c.uniform(0, 0.6)), 4)
    t["depression"] = round(
        float(max(0, age - 0.4 if form["dip"] > 0.4 else age - 0.6) * c.uniform(0.1, 1) * form["dip"]), 4
    )
    t["umbo"] = round(float(c.uniform(0, 0.06)), 4)
    t["dirt"] = round(float(c.uniform(0, 0.6)), 3)
    t["bites"] = int(c.poisson(0.45))
    if species == "russula":
        t["peeled"] = round(float(c.uniform(0.3, 1)) if c.random() < 0.35 else 0.0, 3)
    if species == "lactarius_deliciosus":
        t["zones"] = round(float(c.uniform(3.5, 7)), 2)
        t["green_stains"] = round(float(c.uniform(0, 1) * age), 3)
    length = s.uniform(*form["stem"]) * mix(0.5, 1, age**0.7)
    t["stem_length_cm"] = round(10 * length * scale, 2)
    t["stem_radius_cm"] = round(10 * s.uniform(*form["thick"]) * scale, 2)
    t["stem_bend"] = round(float(s.uniform(-0.12, 0.2)), 3)
    t["stem_lean"] = round(float(s.uniform(0, 0.12)), 3)
    bulb = s.uniform(*form["bulb"]) * (mix(1.4, 0.8, age) if species == "boletus_edulis" else 1)
    t["bulb"] = round(float(bulb), 3)
    t["hymenium"] = "pores" if species == "boletus_edulis" else "gills"
    t["gills"] = int(stream.rng("gills").uniform(*form["gills"]))
    ringed = {"amanita_muscaria": 0.18, "amanita_phalloides": 0.18, "agaricus_campestris": 0.25}
    t["ring"] = bool(age > ringed.get(species, 2) and stream.rng("ring").random() < 0.9)
    t["volva"] = species == "amanita_phalloides"
    w = stream.rng("warts")
    count = int(w.uniform(35, 130) * (1 if w.random() > 0.15 else 0.1))
    t["warts"] = count if species == "amanita_muscaria" else 0
    return t


class Cap:
    "The cap's surfaces as functions of s (0 at the centre, 1 at the margin) and the angle."

    def __init__(self, species, t, stem, stream):
        form, k = FORMS[species], 10 * t["scale"]
        self.S = stream.seed("cap", "noise")
        self.R, self.H, self.rs = t["cap_radius_cm"] / k, t["cap_height_cm"] / k, t["stem_radius_cm"] / k
        self.t, self.power, self.flesh = t, form["power"], FLESH.get(species, 0.22)
        self.wide_dip = 0.5 if form["dip"] > 0.4 else 0.35
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
        )
        if self.bracket:
            z = z - 0.25 * self.H * np.exp(-((s / 0.3) ** 2))
        return z + t["margin_uplift"] * self.R * s**4

    def under(self, s):
        "Height of the flesh's lower surface, from which gills hang."
        s = np.clip(s, 0, 1)
        z = self.top(s) - self.R * mix(self.flesh, 0.02, s**0.7)
        if self.bracket:
            z = z - 0.34 * self.R * np.exp(-((s / 0.20) ** 2))
        return z

    def point(self, s, th, z):
        "Points of the cap, bent and waved, in the cap's own frame."
        s, th, z = np.broadcast_arrays(np.asarray(s, float), th, z)
        c, r, t = ring3(th, 0.3), s * self.R, self.t
        k = 1 + 0.05 * noise(c * 1.3, self.S) + 0.02 * noise(c * 3.0, self.S + 1)
        wave = t["margin_wave"] * (1.8 if self.bracket else 1)
        z = z + wave * self.R * 2.2 * noise(c * (self.waves * 0.7), self.S + 2) * s**3
        flat = stack(r * np.cos(th), r * np.sin(th), 0 * r)
        z = z + 0.03 * self.R * noise(flat * (2.2 / self.R), self.S + 3)
        x, y = r * k * np.cos(th), r * k * np.sin(th)
        if self.bracket:  # rays start at the side instead of the centre
            x, y = x * 0.85 + 0.72 * r, y * 1.12 * (1 + 0.12 * noise(c * 2.1, self.S + 8))
        return stack(x, y, z)

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
    if cap.bracket:
        return out
    radius = stem_radius(species, t)
    out.append(stem_mesh(species, t, stem, radius, stream))
    if t["ring"]:
        out.append(ring(species, stem, radius, stream))
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
    P = cap.point(S, TH, cap.top(S)) + bump[..., None] * out
    dull = species in ("agaricus_campestris", "lactarius_deliciosus", "pleurotus_ostreatus")
    rough = mix(0.75, 0.45, t["wet"]) if dull else mix(0.55, 0.16, t["wet"])
    tone = 0.84 if species == "agaricus_campestris" else 0.93
    return mesh(
        cap.place(P),
        grid_faces(n, m, True)[:, ::-1],
        colour * tone,
        "cap",
        rough=rough,
        sss=0.25,
        sssr=0.06,
        coat=t["wet"] * (0.15 if dull else 0.6),
        bump=0.12,
        bscale=30,
    )


def gill_colour(species, t):
    "sRGB colour of the gills."
    age = t["age"]
    if species == "agaricus_campestris":
        young = mix(np.array([0.90, 0.68, 0.66]), np.array([0.70, 0.47, 0.42]), smooth(0.2, 0.6, age))
        return mix(young, np.array([0.36, 0.24, 0.20]), smooth(0.6, 1.0, age))
    if species == "lactarius_deliciosus":
        return mix(np.array([0.93, 0.62, 0.34]), np.array([0.86, 0.60, 0.40]), t["faded"])
    if species == "russula":
        return np.array([[0.95, 0.93, 0.87], [0.95, 0.90, 0.76]][int(age > 0.6)])
    return np.array([0.94, 0.92, 0.86])


def gills(species, t, cap, stream):
    "The roof between the gills and the gills themselves."
    n, m = 60, 260
    s = np.sin(np.linspace(1, 0.04, n) * np.pi / 2)
    S, TH = np.meshgrid(s, np.linspace(0, TAU, m, endpoint=False), indexing="ij")
    base = linear(gill_colour(species, t))
    roof = mesh(
        cap.place(cap.point(S, TH, cap.under(S))),
        grid_faces(n, m, True)[:, ::-1],
        np.broadcast_to(base * 0.9, S.shape + (3,)),
        "gillroof",
        rough=0.8,
        sss=0.2,
        sssr=0.03,
    )
    rng, count = stream.rng("gills", "mesh"), t["gills"]
    free, decurrent = species == "agaricus_campestris", species == "lactarius_deliciosus"
    deep = 0.10 if cap.bracket else 0.14 if decurrent or species == "russula" else 0.17
    inner = 0.14 if cap.bracket else cap.rs / cap.R * (1.3 if free else 0.95)
    k = np.arange(2 * count)
    full = k % 2 == 0
    s0 = np.where(full, inner, rng.uniform(0.45, 0.85, len(k)))[:, None]
    ss = s0 + (0.985 - s0) * np.linspace(0, 1, 12)
    th = (TAU * k / len(k) + rng.uniform(-0.01, 0.01, len(k)))[:, None] + 0.02 * np.sin(ss * 7 + cap.S)
    roof_z, along = cap.under(ss), (ss - s0) / (1 - s0)
    edge = roof_z - cap.R * deep * np.where(full, 1, 0.7)[:, None] * np.sin(np.pi * along**0.8).clip(0) ** 0.5 - 0.004
    if decurrent:
        edge = edge - 0.16 * cap.R * full[:, None] * np.exp(-((along / 0.12) ** 2))
    elif not (cap.bracket or deep == 0.14):
        edge = np.maximum(edge, mix(roof_z, cap.top(1.0) - 0.06 * cap.R, 0.9))
    edge = np.minimum(edge, roof_z - 0.003)
    v = np.stack([cap.point(ss, th, roof_z + 0.01), cap.point(ss, th, edge)], 1)
    colour = (
        base
        * (1 + 0.07 * rng.normal(size=len(k)))[:, None, None, None]
        * np.array([0.86, 1.05])[:, None, None]
        * np.ones(v.shape)
    )
    if decurrent:
        stain = linear([0.42, 0.52, 0.36])
        colour = blend(colour, stain, t["green_stains"] * 0.5 * smooth(0.2, 0.5, noise(v * 9, cap.S + 40)))
    faces = batch_faces(len(k), grid_faces(2, 12, False), 24)
    return [roof, mesh(cap.place(v), faces, colour, "gills", rough=0.75, trans=0.5)]


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
            np.array([0.76, 0.69, 0.42]),
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
        cap.place(v), faces, colour, "warts", rough=0.8, sss=0.35, sssr=0.04, coat=t["wet"] * 0.2, bump=0.4, bscale=50
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
    return mesh(P, faces, colour * tone, "stem", rough=0.7, sss=0.3, sssr=0.05, bump=0.25, bscale=26)


def ring(species, stem, radius, stream):
    "The skirt that the torn veil leaves on the stem."
    rng, S = stream.rng("ring", "mesh"), stream.seed("ring", "noise")
    small = species == "agaricus_campestris"
    at, length = (
        (rng.uniform(0.55, 0.7), rng.uniform(0.05, 0.09))
        if small
        else (rng.uniform(0.68, 0.82), rng.uniform(0.16, 0.30))
    )
    flare, wave, folds = rng.uniform(0.25, 0.75), rng.uniform(0.1, 0.35), int(rng.integers(5, 9))
    Q, TH = np.meshgrid(np.linspace(0, 1, 22), np.linspace(0, TAU, 160, endpoint=False), indexing="ij")
    c = ring3(TH)
    ragged = 1 + 0.35 * noise(c * 2.2, S) + 0.15 * noise(c * 9, S + 1)
    r = (
        radius(np.array(at)) * 1.03
        + length * flare * np.sin(Q * 1.3) * (1 + wave * np.sin(TH * folds + S) * Q)
        + 0.004 * np.sin(TH * 70) * Q
    )
    T = at - length * Q * ragged * (1.15 - 0.5 * flare) / stem.h + 0.02 * np.sin(Q * 3) / stem.h
    base = {"amanita_muscaria": [0.94, 0.92, 0.84], "amanita_phalloides": [0.92, 0.91, 0.80]}.get(
        species, [0.90, 0.86, 0.80]
    )
    shade = 1 + 0.08 * np.sin(TH * 70) * Q + 0.1 * noise(c * 4 + Q[..., None], S)
    return mesh(
        stem.spine(T) + r[..., None] * c,
        grid_faces(22, 160, True),
        linear(base) * shade[..., None] * 0.82,
        "ring",
        rough=0.7,
        trans=0.35,
        bump=0.1,
        bscale=40,
    )


def volva(stem, radius, stream):
    "The sack round a death cap's foot: it hugs the bulb below and stands off a little at its lobed rim."
    rng, S = stream.rng("volva", "mesh"), stream.seed("volva", "noise")
    Q, TH = np.meshgrid(np.linspace(0, 1, 34), np.linspace(0, TAU, 140, endpoint=False), indexing="ij")
    c, tall, flare = ring3(TH), rng.uniform(0.2, 0.34), rng.uniform(0.12, 0.5)
    lobes = 1 + 0.28 * noise(c * 1.5, S) + 0.10 * noise(c * 5, S + 1)
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
        rough=0.75,
        trans=0.3,
        bump=0.25,
        bscale=25,
    )
