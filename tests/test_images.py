"Hostile files and addresses: one clear error that names the file, never a crash, never a hang."
import io
import os
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from mushroom_lib.images import PhotoError, open_photo

PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8))


def encoded(kind, **kwargs):
    out = io.BytesIO()
    PHOTO.save(out, kind, **kwargs)
    return out.getvalue()


def test_a_true_png_of_fifty_thousand_pixels_a_side_is_refused_at_once(tmp_path):
    "A valid file, whose pixels would need 2.5 GB as one byte each."
    side = 50_000
    def chunk(name, data): return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    z = zlib.compressobj(1)
    row = b"\0" + b"\0" * (side // 8)
    pixels = b"".join(z.compress(row * 500) for _ in range(side // 500)) + z.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    path = tmp_path / "huge.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))
    start = time.time()
    with pytest.raises(PhotoError, match=r"huge\.png.*pixels"): open_photo(path)
    assert time.time() - start < 5


def test_the_limit_on_pixels_is_the_arguments(tmp_path):
    PHOTO.save(tmp_path / "a.png")
    assert open_photo(tmp_path / "a.png", max_pixels=48 * 64).size == (64, 48)
    with pytest.raises(PhotoError, match="a.png"): open_photo(tmp_path / "a.png", max_pixels=48 * 64 - 1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_cut_anywhere_it_opens_or_says_why(kind):
    whole = encoded(kind)
    for n in [*range(0, 64, 3), *np.linspace(64, len(whole) - 1, 40).astype(int)]:
        try: assert open_photo(whole[:n], name="cut").mode == "RGB"
        except PhotoError as e: assert str(e).startswith("cut: ") and "\n" not in str(e)
    assert open_photo(whole).size == (64, 48)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF"])
def test_flipped_bytes_never_crash(kind):
    whole, rng = encoded(kind), np.random.default_rng(1)
    for _ in range(60):
        a = bytearray(whole)
        for k in rng.integers(0, len(a), 8): a[k] = rng.integers(256)
        try: assert open_photo(bytes(a), name="noise", max_pixels=10**6).mode == "RGB"
        except PhotoError as e: assert str(e).startswith("noise: ")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F", "I;16"])
def test_every_mode_of_tiff_or_png_becomes_rgb(mode, tmp_path):
    a = Image.fromarray(np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000) if mode == "I;16" else Image.new("L", (8, 8), 128).convert(mode)
    kind = "PNG" if mode in ("LA", "PA", "P", "RGBA", "1") else "TIFF"
    try: a.save(tmp_path / "a", kind)
    except (OSError, KeyError): a.convert("LA" if mode == "PA" else "RGB").save(tmp_path / "a", kind)
    assert open_photo(tmp_path / "a").mode == "RGB"


def test_adobe_cmyk_jpeg_keeps_its_colours():
    "A red that survives the way through four colours; an inverted reading would make it cyan."
    out = io.BytesIO()
    Image.new("RGB", (32, 32), (220, 30, 30)).convert("CMYK").save(out, "JPEG", quality=95)
    r, g, b = np.asarray(open_photo(out.getvalue())).mean((0, 1))
    assert r > 180 and g < 80 and b < 80


def test_all_eight_orientations_stand_upright(tmp_path):
    corner = Image.new("RGB", (40, 24), "white")
    corner.paste((255, 0, 0), (0, 0, 10, 10))
    turns = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
             5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}
    for orientation, turn in turns.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        (corner if turn is None else corner.transpose(turn)).save(tmp_path / "a.png", exif=exif)
        assert open_photo(tmp_path / "a.png").getpixel((2, 2)) == (255, 0, 0), orientation


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_or_a_folder_is_no_photo(tmp_path):
    "Opening a pipe that nobody writes to would wait for ever."
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        start = time.time()
        with pytest.raises(PhotoError, match=path.name): open_photo(path)
        assert time.time() - start < 2
