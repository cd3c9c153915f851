# SPDX-License-Identifier: Apache-2.0
"Meshes of quadrilaterals with a colour per vertex and a small material description."

from dataclasses import dataclass, field

import numpy as np

PARTS = ("cap", "hymenium", "stem", "ring", "volva", "warts")  # of a mushroom; hymenium: gills, pores or ridges


@dataclass
class Mesh:
    """Vertices `v` (n, 3), quads `f` (m, 4), linear colours `colour` (n, 3), a `kind` and the material's settings. `part` names
    the part of a mushroom that the mesh is, or, as an array (m,) of indices into `PARTS`, the part of each quad; None: no part."""

    v: np.ndarray
    f: np.ndarray
    colour: np.ndarray
    kind: str
    material: dict = field(default_factory=dict)
    part: object = None

    def moved(self, matrix, offset, scale=1.0):
        "The same mesh rotated by `matrix`, scaled and shifted."
        return Mesh(self.v @ matrix.T * scale + offset, self.f, self.colour, self.kind, self.material, self.part)


def mesh(v, f, colour, kind, part=None, **material):
    "A `Mesh` from grids or lists of vertices and colours of any leading shape."
    v = np.asarray(v, float).reshape(-1, 3)
    c = np.asarray(colour, float)
    c = c.reshape(-1, 3) if c.ndim > 1 else c
    return Mesh(v, np.asarray(f), np.clip(np.broadcast_to(c, v.shape), 0, 1), kind, material, part)


def merge(parts, kind, **material):
    "One `Mesh` from a list of (vertices, faces, colours)."
    vs, fs, cs, start = [], [], [], 0
    for v, f, c in parts:
        vs.append(np.asarray(v).reshape(-1, 3))
        fs.append(f + start)
        cs.append(np.broadcast_to(c, np.shape(v)).reshape(-1, 3))
        start += len(vs[-1])
    return mesh(np.concatenate(vs), np.concatenate(fs), np.concatenate(cs), kind, **material)


def grid_faces(n, m, wrap):
    "Quads of an n x m grid of vertices; `wrap` closes it along the second axis."
    i, j = np.meshgrid(np.arange(n - 1), np.arange(m if wrap else m - 1), indexing="ij")
    k = (j + 1) % m
    return np.stack([i * m + j, i * m + k, (i + 1) * m + k, (i + 1) * m + j], -1).reshape(-1, 4)


def batch_faces(count, faces, size):
    "The quads of `count` copies of a small mesh of `size` vertices."
    return (np.arange(count)[:, None, None] * size + faces[None]).reshape(-1, 4)
