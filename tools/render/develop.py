# SPDX-License-Identifier: Apache-2.0
"What a camera does after the light has fallen in: white balance, saturation, vignette, sharpening, grain, JPEG."

import os

import numpy as np
from PIL import Image, ImageFilter

from .light import CAMERAS


def shaken(a, px, degrees):
    "The picture `a` (h, w, 3), moved during the exposure by `px` pixels in a direction."
    steps = max(2, int(np.ceil(px * 2)))
    moved = [shifted(a, t * px * np.cos(np.radians(degrees)), t * px * np.sin(np.radians(degrees))) for t in np.linspace(-0.5, 0.5, steps)]
    return np.mean(moved, 0)


def shifted(a, dx, dy):
    "The picture `a` shifted by a fraction of pixels, its edge repeated."
    y, x = np.mgrid[: a.shape[0], : a.shape[1]].astype(float)
    y, x = np.clip(y - dy, 0, a.shape[0] - 1.001), np.clip(x - dx, 0, a.shape[1] - 1.001)
    i, j = y.astype(int), x.astype(int)
    v, u = (y - i)[..., None], (x - j)[..., None]
    return (a[i, j] * (1 - u) + a[i, j + 1] * u) * (1 - v) + (a[i + 1, j] * (1 - u) + a[i + 1, j + 1] * u) * v


def develop(png, jpg, shot, rng):
    "The rendered `png` as a photograph with the facts `shot`, at `jpg`; the file gets its name only when it is whole."
    c = CAMERAS[shot["camera"]]
    a = np.asarray(Image.open(png).convert("RGB")).astype(np.float32) / 255
    h, w = a.shape[:2]
    if shot["shake_px"]:
        a = shaken(a, shot["shake_px"] * w / 256, shot["shake_deg"])
    a = a * np.array(c["wb"])
    grey = a.mean(-1, keepdims=True)
    a = grey + (a - grey) * c["sat"]
    y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
    a = a * (1 - c["vignette"] * (x * x + y * y) / 2)[..., None]
    sharp = Image.fromarray((np.clip(a, 0, 1) * 255).astype(np.uint8)).filter(
        ImageFilter.UnsharpMask(1.0, int(80 * c["sharp"]), 2)
    )
    a, noisy = np.asarray(sharp).astype(np.float32) / 255, c["grain"] * shot["gain"]
    grain = rng.normal(0, noisy, (h, w, 1)) + rng.normal(0, noisy * 0.5, (h, w, 3))
    save(Image.fromarray((np.clip(a + grain, 0, 1) * 255).astype(np.uint8)), jpg, format="JPEG", quality=c["jpeg"], optimize=True)


def save(im, path, **how):
    "The picture `im` at `path`, which gets its name only when it is whole."
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".part-{path.name}")
    im.save(part, **how)
    os.replace(part, path)


def save_mask(seen, path):
    "A mask (h, w) of booleans as a PNG of one bit a pixel; single pixels that differ from their eight neighbours are smoothed away."
    grey = Image.fromarray(seen.astype(np.uint8) * 255).filter(ImageFilter.MedianFilter(3))
    save(grey.convert("1", dither=Image.Dither.NONE), path, format="PNG", optimize=True)
