# SPDX-License-Identifier: Apache-2.0
"Light, photographers and their cameras: facts first, then a sky and a camera pose."

import numpy as np

from .noise import TAU, blend, fbm, smooth, stack

# chance; sun: elevation range in degrees, strength range, colour, apparent size in degrees; sky strength; exposure
LIGHTS = {
    "overcast": dict(chance=0.30, up=(40, 75), sun=(0.5, 0.5), colour=(1, 1, 1), size=50, sky=1.15, ev=0.15),
    "sunny": dict(chance=0.18, up=(30, 60), sun=(3.6, 3.6), colour=(1, 0.95, 0.86), size=0.6, sky=0.9, ev=-0.1),
    "forest": dict(chance=0.29, up=(35, 65), sun=(0.4, 3.2), colour=(1, 0.96, 0.84), size=3, sky=1.0, ev=0.45),
    "golden": dict(chance=0.14, up=(10, 24), sun=(3.2, 3.2), colour=(1, 0.74, 0.45), size=1.0, sky=0.55, ev=0.25),
    "dusk": dict(chance=0.09, up=(1, 6), sun=(0.05, 0.25), colour=(1, 0.62, 0.42), size=20, sky=0.32, ev=1.3),
}
FLASH = {"dusk": 0.5, "forest": 0.08}  # chance that the flash goes off
GAIN = {"dusk": 2.6, "forest": 1.3, "golden": 1.2}  # how much noisier than by daylight
# lens in mm (36 mm sensor), f-number, white balance, saturation, sharpening, grain, vignette, JPEG quality
CAMERAS = {
    "phone_a": dict(lens=(27, 30), f=(9, 14), wb=(1.03, 1, 0.97), sat=1.0, sharp=0.8, grain=0.008, vignette=0.10, jpeg=84),
    "phone_b": dict(lens=(30, 52), f=(10, 16), wb=(0.97, 1, 1.05), sat=0.9, sharp=1.1, grain=0.010, vignette=0.05, jpeg=84),
    "dslr_macro": dict(lens=(85, 105), f=(3.5, 8), wb=(1, 1, 1), sat=0.9, sharp=0.3, grain=0.004, vignette=0.15, jpeg=88),
    "compact": dict(lens=(35, 60), f=(6, 10), wb=(1.05, 1.0, 0.92), sat=0.95, sharp=0.6, grain=0.011, vignette=0.2, jpeg=80),
    "phone_c": dict(lens=(23, 26), f=(8, 11), wb=(1.08, 1.0, 0.86), sat=1.2, sharp=1.8, grain=0.018, vignette=0.28, jpeg=62),
}
# camera, chances of the views side / three-quarter / top / low, how much room is left round the subject, and where they like to be
PHOTOGRAPHERS = {
    "P1": dict(camera="phone_a", views=(0.30, 0.48, 0.17, 0.05), room=(1.1, 1.7), haunts=dict(beech=3, oak=3, grass=2)),
    "P2": dict(camera="phone_b", views=(0.40, 0.45, 0.10, 0.05), room=(1.0, 1.5), haunts=dict(table=3, soil=3, grass=3)),
    "P3": dict(camera="dslr_macro", views=(0.48, 0.30, 0.04, 0.18), room=(1.0, 1.35), haunts=dict(moss=4, conifer=3)),
    "P4": dict(camera="compact", views=(0.36, 0.44, 0.10, 0.10), room=(1.05, 1.65), haunts=dict(birch=3, table=3, conifer=2)),
    "P5": dict(camera="phone_c", views=(0.25, 0.50, 0.20, 0.05), room=(1.1, 1.9), haunts={}),
}
USUAL = ("P1", "P2", "P3", "P4")
HOURS = {"golden": (16, 18), "dusk": (18, 20)}
VIEWS = {"side": (7, 18), "threequarter": (20, 48), "top": (56, 78), "low": (1, 6)}


def light_facts(stream):
    "The light of a place: kind, where the sun stands, how strong it is."
    rng = stream.rng("light")
    kind = str(rng.choice(list(LIGHTS), p=[x["chance"] for x in LIGHTS.values()]))
    k = LIGHTS[kind]
    return dict(
        kind=kind,
        sun_azimuth_deg=round(float(rng.uniform(0, 360)), 1),
        sun_elevation_deg=round(float(rng.uniform(*k["up"])), 1),
        sun_strength=round(float(rng.uniform(*k["sun"])), 3),
    )


def order(stream, habitat, who=None):
    "The photographers in the order in which they take pictures of a specimen; those who like its habitat tend to come first."
    who = who or USUAL
    weight = np.array([PHOTOGRAPHERS[p]["haunts"].get(habitat, 1) for p in who], float)
    return [str(p) for p in stream.rng("photographers").choice(who, len(who), replace=False, p=weight / weight.sum())]


def clock(stream, shot, light_kind):
    "The time of a shot, HH:MM: the first at an hour that suits the light, each later one some minutes on."
    rng = stream.rng("clock")
    start = int(rng.uniform(*HOURS.get(light_kind, (9, 16))) * 60)
    now = start + int(rng.integers(1, 9, 8)[:shot].sum())
    return f"{now // 60:02d}:{now % 60:02d}"


def slips(rng, light_kind, flash):
    "What goes wrong: share by which the focus misses, pixels (of 256) and direction of a shake, how noisy the picture is."
    dim = light_kind == "dusk" and not flash
    miss = rng.choice([-1, 1]) * rng.uniform(0.07, 0.2) if rng.random() < 0.1 else rng.uniform(-0.02, 0.03)
    shake = rng.uniform(1.2, 4) if rng.random() < (0.45 if dim else 0.08) else 0
    return dict(
        focus_error=round(float(1 + miss), 4),
        shake_px=round(float(shake), 2),
        shake_deg=round(float(rng.uniform(0, 180)), 1),
        gain=round(float(rng.uniform(0.7, 1.5) * (1 if flash else GAIN.get(light_kind, 1))), 3),
    )


def framing(rng, room):
    "How much room is left: as the photographer likes it, at times far too much or too little."
    u = rng.random()
    return round(float(rng.uniform(1.7, 2.6) if u < 0.07 else rng.uniform(0.72, 0.95) if u < 0.15 else rng.uniform(*room)), 3)


def shot_facts(stream, who, shot, take, light_kind, front=None, weights=(1, 1, 1, 1)):
    """Photographer, camera and view of one shot. `who`: photographers in their order; `front`: (azimuth, spread) in degrees to
    photograph from, else any; `weights`: how much likelier than usual each of the `VIEWS` is."""
    name = who[shot % len(who)]
    p, rng = PHOTOGRAPHERS[name], stream.rng("camera", shot, take)
    chance = np.array(p["views"]) * np.array(weights)
    view = str(rng.choice(list(VIEWS), p=chance / chance.sum()))
    c = CAMERAS[p["camera"]]
    azimuth = rng.uniform(0, 360) if front is None else front[0] + front[1] * rng.uniform(-1, 1)
    flash = bool(stream.rng("flash", shot).random() < FLASH.get(light_kind, 0.02))
    return dict(
        photographer=name,
        camera=p["camera"],
        view=view,
        take=take,
        time=clock(stream, shot, light_kind),
        flash=flash,
        lens_mm=round(float(rng.uniform(*c["lens"])), 1),
        f_number=round(float(rng.uniform(*c["f"])), 1),
        azimuth_deg=round(float(azimuth % 360), 1),
        elevation_deg=round(float(rng.uniform(*VIEWS[view])), 1),
        room=framing(rng, p["room"]),
        exposure_ev=round(float(rng.uniform(0.35, 1.2)), 3),
        roll=round(float(rng.normal(0, 0.05)), 4),
        aim=[round(float(x), 4) for x in rng.normal(0, 0.1, 3)],
    ) | slips(stream.rng("slips", shot, take), light_kind, flash)


def direction(azimuth_deg, elevation_deg):
    "Unit vector that points at an azimuth and elevation."
    a, e = np.radians(azimuth_deg), np.radians(elevation_deg)
    return np.array([np.cos(a) * np.cos(e), np.sin(a) * np.cos(e), np.sin(e)])


def sun(facts):
    "The sun as a lamp: direction towards it, strength, colour, size in radians."
    k = LIGHTS[facts["kind"]]
    return dict(
        towards=direction(facts["sun_azimuth_deg"], facts["sun_elevation_deg"]),
        strength=facts["sun_strength"],
        colour=k["colour"],
        size=np.radians(k["size"]),
    )


def sky(kind, S):
    "A sky of 256 x 512 linear RGB values and its strength."
    el, az = np.meshgrid(
        np.linspace(np.pi / 2, -np.pi / 2, 256), np.linspace(0, TAU, 512, endpoint=False), indexing="ij"
    )
    d = stack(np.cos(el) * np.cos(az), np.cos(el) * np.sin(az), np.sin(el))
    z = d[..., 2]
    zenith = {
        "overcast": [0.95, 1.0, 1.06],
        "sunny": [0.42, 0.62, 1.0],
        "forest": [0.75, 0.92, 0.72],
        "golden": [0.75, 0.75, 0.85],
        "dusk": [0.42, 0.52, 0.85],
    }[kind]
    horizon = {
        "overcast": [0.8, 0.84, 0.86],
        "sunny": [0.85, 0.9, 0.95],
        "forest": [0.30, 0.36, 0.22],
        "golden": [1.1, 0.80, 0.5],
        "dusk": [0.85, 0.62, 0.60],
    }[kind]
    c = blend(np.array(horizon), np.array(zenith), smooth(0, 0.8, z)) * (1 + 0.25 * fbm(d * 3, 4, S))[..., None]
    if kind == "forest":
        gaps = smooth(0, 0.45, fbm(d * 7, 4, S + 3) + 0.25 * z) * smooth(0, 0.25, z) * 0.8
        c = blend(c * 0.35, np.array([1.6, 1.75, 1.6]), gaps)
    c = np.where(z[..., None] < 0, c * 0.25 * np.array([0.8, 0.75, 0.5]), c)
    return np.clip(c, 0, 20), LIGHTS[kind]["sky"]


def pose(shot, light_kind, boxes, ground, tall, beside=None):
    """Where the camera of `shot` stands and how it is set. `boxes`: (n, 2, 3) lowest and highest corner of each individual;
    `ground`: function of x, y giving the height; `tall`: height of the plants a camera has to look over; `beside`: (2, 3)
    corners of what has to be in the picture too."""
    framed = boxes if beside is None else np.concatenate([boxes, beside[None]])
    lo, hi = framed[:, 0], framed[:, 1]
    size = hi - lo
    weight = size.max(1)
    target = np.average((lo + hi) / 2, axis=0, weights=weight)
    spread = np.maximum(np.abs(lo - target), np.abs(hi - target)).max(0)
    extent = max(size[:, 2].max(), np.hypot(*spread[:2]) * 1.35, spread[2] * 2) * shot["room"]
    towards = direction(shot["azimuth_deg"], shot["elevation_deg"])
    distance = extent * shot["lens_mm"] / 36 + extent * 0.3
    at = target + towards * distance
    floor = float(ground(at[:1], at[1:2])[0])
    at[2] = max(at[2], floor + tall + 0.05 * distance)
    centre = boxes.mean(1)
    first = np.argmin(np.linalg.norm(centre - at, axis=1))
    nearest, near_size = centre[first], boxes[first, 1] - boxes[first, 0]
    focus = np.linalg.norm(at - nearest - np.array([0, 0, 0.1 * near_size[2]])) - 0.22 * max(near_size[0], near_size[1])
    look = target + np.array(shot["aim"]) * extent
    return dict(
        at=at,
        look=look,
        lens=shot["lens_mm"],
        f=shot["f_number"],
        focus=max(focus, 0.1) * shot["focus_error"],
        roll=shot["roll"],
        exposure=shot["exposure_ev"] + (0.0 if shot["flash"] else LIGHTS[light_kind]["ev"]),
        flash=2.5 * float(np.linalg.norm(at - nearest)) ** 2 * 4 * np.pi if shot["flash"] else 0.0,
    )
