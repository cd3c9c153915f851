# SPDX-License-Identifier: Apache-2.0
"The species: for each, `traits` (facts drawn from named streams) and `build` (facts to meshes)."

import numpy as np

from . import agaric, chanterelle, gyromitra, morel

MODULES = {"cantharellus_cibarius": chanterelle, "morchella_esculenta": morel, "gyromitra_esculenta": gyromitra}


def traits(species, stream, scale):
    "What one individual is like: a flat dict of numbers, strings and booleans; lengths in cm, `scale` already applied."
    return MODULES.get(species, agaric).traits(species, stream, scale)


def build(species, t, stream):
    "Meshes of an individual with traits `t`, its foot at the origin (a bracket: its attachment, growing along +x)."
    meshes = MODULES.get(species, agaric).build(species, t, stream)
    return [m.moved(np.eye(3), np.zeros(3), t["scale"]) for m in meshes]
