# SPDX-License-Identifier: Apache-2.0
"What a camera does after the light has fallen in: white balance, saturation, vignette, sharpening, grain, JPEG."

import os

import numpy as np
from PIL import Image, ImageFilter

from .light import CAMERAS

QUALITY = 85


def develop(png, jpg, camera, rng):
    "The rendered `png` as a photograph of the named camera, at `jpg`; the file gets its name only when it is whole."
    c = CAMERAS[camera]
    a = np.asarray(Image.open(png).convert("RGB")).astype(np.float32) / 255
    h, w = a.shape[:2]
    a = a * np.array(c["wb"])
    grey = a.mean(-1, keepdims=True)
    a = grey + (a - grey) * c["sat"]
    y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
    a = a * (1 - c["vignette"] * (x * x + y * y) / 2)[..., None]
    sharp = Image.fromarray((np.clip(a, 0, 1) * 255).astype(np.uint8)).filter(
        ImageFilter.UnsharpMask(1.0, int(80 * c["sharp"]), 2)
    )
    a = np.asarray(sharp).astype(np.float32) / 255
    grain = rng.normal(0, c["grain"], (h, w, 1)) + rng.normal(0, c["grain"] * 0.5, (h, w, 3))
    part = jpg.with_name(f".part-{jpg.name}")
    Image.fromarray((np.clip(a + grain, 0, 1) * 255).astype(np.uint8)).save(
        part, format="JPEG", quality=QUALITY, optimize=True
    )
    os.replace(part, jpg)
