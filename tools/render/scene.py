# SPDX-License-Identifier: Apache-2.0
"""A scene is data before it is a picture: `specimen` and `picture` sample facts (plain JSON values) from named random streams;
`place` and `camera` turn the same facts into meshes and a camera. Facts never depend on geometry."""

import numpy as np

from . import habitat, light, shapes
from .catalogue import LABELS, SEASONS, SETS, SPECIES, VIEWS
from .mesh import grid_faces, mesh
from .noise import Stream, linear, rot

TALL = {"grass": 0.34, "table": 0.12, "moss": 0.26}


def stream_of(facts):
    "The random streams of the specimen with these facts."
    return Stream(facts["seed"], facts["set"], facts["species"], facts["specimen"])


def day(rng, months):
    "A day of the year 2025 in one of the months, as an ISO date."
    return f"2025-{int(rng.choice(months)):02d}-{int(rng.integers(1, 29)):02d}"


def specimen(seed, species, number, name="lab"):
    "The facts of a specimen of the set `name` and of its place, which every shot of it shares."
    facts = dict(set=name, species=species, specimen=number, seed=seed)
    st, k = stream_of(facts), SPECIES[species] | SETS[name]
    rng = st.rng("where")
    kind = str(rng.choice(list(k["where"]), p=list(k["where"].values())))
    date = day(st.rng("date"), k["months"])
    picked = bool(rng.random() < k["picked"]) or kind == "table"
    on_wood = species == "pleurotus_ostreatus"
    count = int(st.rng("many").choice(k["many"]))
    individuals = []
    for i in range(count):
        scale = 1.0 if i == 0 else round(float(st.at(i).rng("scale").uniform(0.55, 0.95)), 3)
        individuals.append(shapes.traits(species, st.at(i), scale))
        individuals[i]["cap_colour"] = individuals[0]["cap_colour"]  # neighbours are one fungus
    facts |= dict(
        date=date,
        season=SEASONS[int(date[5:7])],
        habitat=kind,
        picked=picked and not on_wood,
        light=light.light_facts(st),
        modelled=individuals,
    )
    facts["wood"] = wood_facts(st.rng("wood"), kind, on_wood)
    layout = bracket_layout if on_wood else ground_layout
    for i, where in enumerate(layout(st, individuals, facts)):
        individuals[i]["placed"] = where
    return facts


def wood_facts(rng, kind, on_wood):
    "A lying trunk: the one a bracket grows on, or by chance one some way off; None where there is none."
    if on_wood:
        radius, heading = rng.uniform(0.3, 0.5) if kind == "table" else rng.uniform(0.5, 1.1), rng.uniform(0, 360)
        return dict(bearing_deg=round(float(heading), 1), away=0.0, radius_cm=round(10 * float(radius), 1))
    if kind in ("grass", "soil", "table") or rng.random() > 0.25:
        return None
    return dict(
        bearing_deg=round(float(rng.uniform(0, 360)), 1),
        away=round(float(rng.uniform(3.2, 6)), 2),
        radius_cm=round(10 * float(rng.uniform(0.6, 1.5)), 1),
    )


def ground_layout(st, individuals, facts):
    "Where each individual stands or lies (x, y in units of 10 cm; angles in radians)."
    placed = []
    for i, t in enumerate(individuals):
        rng = st.at(i).rng("layout")
        lies = bool(facts["picked"] and rng.random() < 0.85)
        width = t["cap_radius_cm"] / 5
        if lies:
            width = max(width, 0.75 * (t["stem_length_cm"] + t["cap_radius_cm"]) / 10)
        rests = np.arctan2(
            t["cap_radius_cm"] - t["stem_radius_cm"], t["stem_length_cm"]
        )  # on the rim and the stem's foot
        x = y = 0.0
        for attempt in range(60 if i else 0):
            r, a = (
                rng.uniform(0.3, 0.95 + 0.01 * attempt) * (width + placed[0]["width"]) * 0.75,
                rng.uniform(0, 2 * np.pi),
            )
            x, y = r * np.cos(a), r * np.sin(a)
            if all(np.hypot(x - p["x"], y - p["y"]) > (0.52 if lies else 0.42) * (width + p["width"]) for p in placed):
                break
        placed.append(
            dict(
                x=round(float(x), 3),
                y=round(float(y), 3),
                turn=round(float(rng.uniform(0, 2 * np.pi)), 3),
                lies=lies,
                fall=round(float(np.pi / 2 - rests + rng.normal(0, 0.07)), 3),
                spin=round(float(rng.uniform(0, 2 * np.pi)), 3),
                width=round(float(width), 3),
            )
        )
    return placed


def bracket_layout(st, individuals, facts):
    "Where each bracket sits on its trunk: `along` it, `up` round it (radians), which way it points."
    placed, radius = [], facts["wood"]["radius_cm"] / 10
    for i, t in enumerate(individuals):
        rng = st.at(i).rng("layout")
        width = t["cap_radius_cm"] / 10
        along, up = 0.0, 0.5
        for _ in range(80 if i else 0):
            along, up = rng.normal(0, 0.28), rng.uniform(-0.1, 1.0)
            if all(
                np.hypot((along - p["along"]) / 1.15, (up - p["up"]) * radius * 2.2) > 0.34 * (width + p["width"])
                for p in placed
            ):
                break
        placed.append(
            dict(
                along=round(float(along), 3),
                up=round(float(up), 3),
                turn=round(float(0.35 * along + rng.normal(0, 0.22)), 3),
                pitch=round(float(rng.normal(0.06, 0.2)), 3),
                roll=round(float(rng.normal(0, 0.1)), 3),
                width=round(float(width), 3),
            )
        )
    return placed


def picture(facts, shot, take=0):
    """The facts of one shot of a specimen; a later `take` is the same photographer's, from elsewhere. In a set with a ruler the
    second shot differs from the first by the ruler alone."""
    wood, front, special = facts["wood"], None, SETS[facts["set"]]
    if wood:  # a bracket is seen from its own side of the trunk, anything else with the trunk behind it
        front = (wood["bearing_deg"] + 180, 60) if wood["away"] else (wood["bearing_deg"], 48)
    st, ruler = stream_of(facts), special.get("ruler", False)
    who = light.order(st, facts["habitat"], special.get("photographers"))
    views = special.get("views", VIEWS.get(facts["species"], (1, 1, 1, 1)))
    out = light.shot_facts(st, who, 0 if ruler else shot, take, facts["light"]["kind"], front, views)
    if "room" in special:
        out["room"] = special["room"]
    return out | dict(ruler=bool(ruler and shot))


def ground_height(facts):
    "The height of the specimen's ground, a function of x and y."
    S = stream_of(facts).at("habitat").seed("relief")
    return lambda x, y: habitat.height(x, y, facts["habitat"], S)


def trunk(facts):
    "(centre, axis, radius, length) of the scene's lying trunk, or None."
    w = facts["wood"]
    if w is None:
        return None
    r, towards = w["radius_cm"] / 10, light.direction(w["bearing_deg"], 0)
    axis = np.array([-towards[1], towards[0], 0.0])
    sunk = 1.0 if facts["habitat"] == "table" else 0.75
    if w["away"]:
        centre = towards * w["away"]
        axis = rot([0, 0, 1], 0.6 * (w["radius_cm"] % 1) - 0.3) @ axis
    else:
        centre = -towards * r * 0.8
    z = float(ground_height(facts)(centre[:1], centre[1:2])[0])
    return (
        centre * np.array([1, 1, 0]) + np.array([0, 0, z + sunk * r]),
        axis,
        r,
        3.0 if facts["habitat"] == "table" else 9.0,
    )


def stand(meshes, where, facts):
    "An individual's meshes, moved to where it stands or lies on the ground."
    z = float(ground_height(facts)(np.array([where["x"]]), np.array([where["y"]]))[0])
    soft = 0.04 if facts["habitat"] in ("moss", "grass") else 0.02
    turn, shift = (
        rot([0, 0, 1], where["turn"]),
        np.array([where["x"], where["y"], z + (0 if facts["habitat"] == "table" else soft) - 0.01]),
    )
    if facts["picked"]:
        if where["lies"]:
            turn = turn @ rot([1, 0, 0], where["fall"]) @ rot([0, 0, 1], where["spin"])
        points = np.concatenate([m.v @ turn.T for m in meshes])
        lo, hi = points.min(0), points.max(0)
        shift = shift - np.array(
            [(lo[0] + hi[0]) / 2, (lo[1] + hi[1]) / 2, lo[2] + (0.005 if facts["habitat"] == "table" else 0.03)]
        )
    return [m.moved(turn, shift) for m in meshes]


def hang(meshes, where, wood, bearing):
    "A bracket's meshes, moved to its seat on the trunk."
    centre, axis, r, _ = wood
    out = light.direction(bearing, 0)
    seat = (
        centre
        + axis * where["along"]
        + (r * 0.97 + 0.02) * (np.cos(where["up"]) * out + np.array([0, 0, np.sin(where["up"])]))
    )
    turn = (
        rot([0, 0, 1], np.radians(bearing) + where["turn"])
        @ rot([0, 1, 0], -where["pitch"] - 0.2 * where["up"])
        @ rot([1, 0, 0], where["roll"])
    )
    return [m.moved(turn, seat) for m in meshes]


def individuals(facts):
    "A list of meshes for each individual of the specimen, where it belongs."
    st, species = stream_of(facts), facts["species"]
    out = []
    for i, t in enumerate(facts["modelled"]):
        meshes = shapes.build(species, t, st.at(i))
        if species == "pleurotus_ostreatus":
            out.append(hang(meshes, t["placed"], trunk(facts), facts["wood"]["bearing_deg"]))
        else:
            out.append(stand(meshes, t["placed"], facts))
    return out


def surroundings(facts):
    "Meshes of everything but the mushrooms: ground, litter, wood, trees. No fact of any shot enters."
    st, wood, feet = stream_of(facts), trunk(facts), []
    reach = 0.6
    for t in facts["modelled"]:
        w = t["placed"]
        if "x" in w:
            feet.append((w["x"], w["y"], 0.3 * w["width"] if w["lies"] else t["stem_radius_cm"] / 10))
            reach = max(reach, np.hypot(w["x"], w["y"]) + w["width"] / 2 + 0.35)
    if wood and not facts["wood"]["away"]:
        reach = wood[2] + 0.9
    meshes = habitat.build(facts["habitat"], st.at("habitat"), feet, reach, [wood] if wood else [], season=facts["season"])
    if facts["light"]["kind"] == "forest":
        meshes.append(habitat.canopy(st.at("habitat"), light.sun(facts["light"])["towards"], facts["season"]))
    return meshes


def ruler(facts, azimuth_deg, boxes):
    "A wooden ruler of 10 cm, lying before the specimen on the side of the azimuth."
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, 401), np.linspace(-0.1, 0.1, 15), indexing="ij")
    at = (x + 0.5) / 0.1 - 0.25  # in cm from the first tick
    long = np.where(np.round(at) % 5 == 0, -0.04, 0.02)
    tick = (np.abs(at - np.round(at)) < 0.07) & (y > long)
    colour = np.where(tick[..., None], linear([0.08, 0.07, 0.06]), linear([0.80, 0.64, 0.38]))
    towards, lo, hi = light.direction(azimuth_deg, 0), boxes[:, 0].min(0), boxes[:, 1].max(0)
    foot = (lo + hi) / 2 + (0.35 * np.hypot(*(hi - lo)[:2]) + 0.2) * towards
    turn = rot([0, 0, 1], 0.5 * ((azimuth_deg * 7) % 1) - 0.25)
    side, back = turn @ np.array([towards[1], -towards[0], 0.0]), turn @ -towards
    ground = [float(ground_height(facts)(foot[:1] + d * side[0], foot[1:2] + d * side[1])[0]) for d in (-0.45, 0, 0.45)]
    z = max(ground) + (0.01 if facts["habitat"] == "table" else 0.15)
    p = foot * [1, 1, 0] + [0, 0, z] + x[..., None] * -side + y[..., None] * (0.92 * back + [0, 0, 0.39]) + [0, 0, 0.04]
    return mesh(p, grid_faces(401, 15, False), colour, "ruler", rough=0.5)


def sky(facts):
    "The sky's picture and strength."
    return light.sky(facts["light"]["kind"], stream_of(facts).seed("sky"))


def boxes(groups):
    "Lowest and highest corner of each individual's meshes, (n, 2, 3)."
    points = [np.concatenate([m.v for m in g]) for g in groups]
    return np.array([[p.min(0), p.max(0)] for p in points])


def camera(facts, shot, corners, beside=None):
    "Pose and settings of the camera for a shot's facts; `beside`: a mesh that has to be in the picture too."
    tall, box = TALL.get(facts["habitat"], 0.30), None if beside is None else np.array([beside.v.min(0), beside.v.max(0)])
    return light.pose(shot, facts["light"]["kind"], corners, ground_height(facts), tall, box)
