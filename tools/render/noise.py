# SPDX-License-Identifier: Apache-2.0
"Random streams, lattice noise, colour and small vector helpers. Pure numpy; one unit of length is 10 cm, z is up."

import hashlib

import numpy as np

TAU = 2 * np.pi


class Stream:
    "A place in the tree of random streams: `Stream(7, 'boletus_edulis', 3).at(0)`; each named part below it has its own."

    def __init__(self, *path):
        self.path = tuple(str(p) for p in path)

    def at(self, *more):
        "The stream's child at `more`."
        return Stream(*self.path, *more)

    def _words(self, part):
        digest = hashlib.sha256("/".join(self.path + tuple(str(p) for p in part)).encode()).digest()
        return [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4)]

    def rng(self, *part):
        "A fresh numpy generator for `part`; the same path gives the same numbers, whatever was drawn elsewhere."
        return np.random.default_rng(self._words(part))

    def seed(self, *part):
        "An integer in [0, 1000000) for `part`, to seed lattice noise with."
        return self._words(part)[0] % 1_000_000


def linear(colour):
    "sRGB values in [0, 1] as linear light."
    c = np.asarray(colour, float)
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def smooth(a, b, x):
    "Smooth step from 0 at `a` to 1 at `b` (`a` may exceed `b`)."
    t = np.clip((x - a) / (b - a + 1e-9), 0, 1)
    return t * t * (3 - 2 * t)


def mix(a, b, t):
    "`a` where `t` is 0, `b` where it is 1."
    return a + (b - a) * t


def blend(a, b, t):
    "`mix` for colours: `t` lacks the last axis."
    return mix(a, b, np.asarray(t)[..., None])


def unit(v):
    "Vectors along the last axis, scaled to length 1."
    return v / (np.linalg.norm(v, axis=-1, keepdims=True) + 1e-12)


def stack(*xs):
    "Broadcast arrays stacked along a new last axis."
    return np.stack(np.broadcast_arrays(*xs), -1)


def ring3(th, z=0.0):
    "Points on the unit circle at angles `th`, height `z`."
    return stack(np.cos(th), np.sin(th), z + 0 * np.asarray(th, float))


def rot(axis, angle):
    "3x3 matrix of a rotation by `angle` radians about `axis`."
    x, y, z = np.asarray(axis, float) / np.linalg.norm(axis)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


def frame(d):
    "3x3 matrix whose third column is the direction `d`."
    d = unit(np.asarray(d, float))
    a = np.array([1.0, 0, 0]) if abs(d[0]) < 0.8 else np.array([0, 1.0, 0])
    x = unit(np.cross(a, d))
    return np.stack([x, np.cross(d, x), d], 1)


def _hash(x, y, z, s):
    "Lattice points hashed to [0, 1)."
    u = np.uint32
    with np.errstate(over="ignore"):
        h = (x.astype(u) * u(374761393)) ^ (y.astype(u) * u(668265263)) ^ (z.astype(u) * u(2147483647))
        h = h ^ u((int(s) * 2654435761) & 0xFFFFFFFF)
        h = (h ^ (h >> u(13))) * u(1274126177)
        h = (h ^ (h >> u(16))) * u(2246822519)
        return (h ^ (h >> u(15))).astype(float) / 4294967295.0


def noise(p, s=0):
    "Smooth value noise in [-1, 1] at points `p` (..., 3), seed `s`."
    p = np.asarray(p, float)
    i = np.floor(p).astype(np.int64)
    f = p - i
    u = f * f * f * (f * (f * 6 - 15) + 10)
    x, y, z = i[..., 0], i[..., 1], i[..., 2]
    total = 0
    for a in (0, 1):
        wx = u[..., 0] if a else 1 - u[..., 0]
        for b in (0, 1):
            wy = u[..., 1] if b else 1 - u[..., 1]
            for c in (0, 1):
                wz = u[..., 2] if c else 1 - u[..., 2]
                total = total + wx * wy * wz * _hash(x + a, y + b, z + c, s)
    return 2 * total - 1


def fbm(p, octaves=4, s=0, gain=0.5):
    "Fractal sum of `octaves` of noise, in about [-1, 1]."
    p = np.asarray(p, float)
    total, amp, weight = 0, 1, 0
    for k in range(octaves):
        total = total + amp * noise(p * 2**k + 17.3 * k, s + k)
        weight += amp
        amp *= gain
    return total / weight


def cells(p, seeds, scale=(1, 1, 1)):
    "Distances from `p` (n, 3) to the nearest and second nearest of `seeds`, and the index of the nearest."
    p, q = p * np.array(scale), seeds * np.array(scale)
    near = np.empty((len(p), 2))
    index = np.empty(len(p), int)
    for a in range(0, len(p), 4000):
        d = np.linalg.norm(p[a : a + 4000, None] - q[None], axis=-1)
        two = np.take_along_axis(d, np.argpartition(d, 1, axis=1)[:, :2], 1)
        two.sort(1)
        near[a : a + 4000] = two
        index[a : a + 4000] = d.argmin(1)
    return near[:, 0], near[:, 1], index
