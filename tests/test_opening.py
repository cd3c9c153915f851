"Hostile files and addresses: one clear error that names the file, never a crash, never a hang."
import io
import os
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import PIL
import pytest
from PIL import Image

from mushroom_lib import opening
from mushroom_lib.opening import PHOTO_SUFFIXES, PhotoError, open_photo

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
    with pytest.raises(PhotoError, match=r"huge\.png: 50000 x 50000 pixels are more"): open_photo(path)


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


def tiff(values, sample_format=1, order="<", photometric=1, extra=None):
    "A TIFF of one strip, written by hand: Pillow writes fewer kinds than cameras and microscopes do."
    values = np.asarray(values)
    values = values.astype(values.dtype.newbyteorder(order))
    height, width, *bands = values.shape
    samples = bands[0] if bands else 1
    data = values.tobytes()
    bits = values.dtype.itemsize * 8
    tags = [(256, 4, [width]), (257, 4, [height]), (258, 3, [bits] * samples), (259, 3, [1]), (262, 3, [photometric]),
            (273, 4, [0]), (277, 3, [samples]), (278, 4, [height]), (279, 4, [len(data)])]
    if extra is not None: tags.append((338, 3, [extra]))
    tags.append((339, 3, [sample_format] * samples))
    later = 8 + 2 + 12 * len(tags) + 4
    blocks, entries = b"", b""
    for tag, kind, numbers in tags:
        if tag == 273: numbers = [later + 8 * 8]  # where the pixels begin
        packed = struct.pack(f"{order}{len(numbers)}{'H' if kind == 3 else 'I'}", *numbers)
        if len(packed) > 4:
            place = struct.pack(f"{order}I", later + len(blocks))
            blocks += packed
        else: place = packed.ljust(4, b"\0")
        entries += struct.pack(f"{order}HHI", tag, kind, len(numbers)) + place
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(tags)) + entries + b"\0" * 4
    return head + blocks.ljust(8 * 8, b"\0") + data


PILLOW = int(PIL.__version__.split(".")[0])
new_pillow = pytest.mark.skipif(PILLOW < 12, reason="this Pillow cannot read it, and says so")


def grey(data): return np.asarray(open_photo(data))[0, :, 0].tolist()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("values, sample_format, right", [
    (np.array([[0, 257, 25700, 65535]], "uint16"), 1, [0, 1, 100, 255]),
    (np.array([[0, 257, 514]], "uint16"), 1, [0, 1, 2]),
    (np.array([[-1000, 0, 1000]], "int16"), 2, [0, 128, 255]),
    (np.array([[0, 100, 255]], "int16"), 2, [0, 100, 255]),
    (np.array([[0, 1]], "int32"), 2, [0, 255]),
    (np.array([[0, 100, 255]], "int32"), 2, [0, 100, 255]),
    (np.array([[3, 100, 200]], "int32"), 2, [3, 100, 200]),
    (np.array([[0, 2048, 4095]], "int32"), 2, [0, 128, 255]),
    (np.array([[0, 25700, 65535]], "int32"), 2, [0, 100, 255]),
    (np.array([[-2**31, 0, 2**31 - 1]], "int32"), 2, [0, 128, 255]),
    (np.array([[9, 9]], "int32"), 2, [9, 9]),
    (np.array([[10**6, 10**6]], "int32"), 2, [0, 0]),
    (np.array([[0, .2, .4, 1]], "float32"), 3, [0, 51, 102, 255]),
    (np.array([[0, 100.2, 255]], "float32"), 3, [0, 100, 255]),
    (np.array([[0, 25700, 65535]], "float32"), 3, [0, 100, 255]),
    (np.array([[-.002, .4, 1.003]], "float32"), 3, [0, 102, 255]),
    (np.array([[0, .4, 1.003]], "float32"), 3, [0, 102, 255]),
    (np.array([[0, 1e20, 2e20]], "float32"), 3, [0, 128, 255]),
    (np.array([[np.nan, 0, .4, np.inf, -np.inf]], "float32"), 3, [0, 0, 102, 255, 0]),
    (np.array([[np.nan, 0, 100, 255, np.inf]], "float32"), 3, [0, 0, 100, 255, 255]),
    (np.array([[0, 0]], "float32"), 3, [0, 0]),
    (np.array([[.4, .4]], "float32"), 3, [102, 102]),
    (np.array([[-5, -5]], "float32"), 3, [0, 0])])
def test_grey_values_of_any_range(values, sample_format, right, order):
    "Neither all black nor all white: by their kind, and where that says nothing from the smallest to the largest."
    assert grey(tiff(values, sample_format, order)) == right


def test_whole_numbers_of_32_bits_without_a_sign():
    assert grey(tiff(np.array([[0, 2**31, 2**32 - 1]], "uint32"))) == [0, 128, 255]
    assert grey(tiff(np.array([[0, 100, 255]], "uint32"))) == [0, 100, 255]


@pytest.mark.parametrize("values, sample_format", [(np.array([[0, 100, 255]], "uint8"), 1), (np.array([[0, 25700, 65535]], "uint16"), 1),
                                                   (np.array([[0, 100, 255]], "float32"), 3)])
def test_a_tiff_that_counts_from_white_to_black(values, sample_format):
    assert grey(tiff(values, sample_format, photometric=0)) == [255, 155, 0]


def test_pixels_without_a_number_are_said():
    with pytest.raises(PhotoError, match="the picture: cannot be read .none of its pixels is a number"):
        open_photo(tiff(np.full((1, 2), np.nan, "float32"), 3))


@pytest.mark.parametrize("values, sample_format", [(np.zeros((1, 2), "float64"), 3), (np.zeros((1, 2), "float16"), 3), (np.zeros((1, 2, 3), "float32"), 3)])
def test_a_tiff_that_pillow_cannot_read_says_what_to_do(values, sample_format):
    with pytest.raises(PhotoError, match="TIFF or raw file of a kind that cannot be read here; save it as JPEG"):
        open_photo(tiff(values, sample_format, photometric=2 if values.ndim == 3 else 1))


def saved(picture, kind, **kwargs):
    out = io.BytesIO()
    picture.save(out, kind, **kwargs)
    return out.getvalue()


def test_sixteen_bits_in_a_png_and_a_pgm():
    values = np.array([[0, 257, 25700, 65535]], "uint16")
    assert grey(saved(Image.fromarray(values), "PNG")) == [0, 1, 100, 255]
    assert grey(b"P5 4 1 65535\n" + values.astype(">u2").tobytes()) == [0, 1, 100, 255]
    assert grey(b"P5 3 1 1023\n" + np.array([0, 512, 1023], ">u2").tobytes()) == [0, 128, 255]


def test_sixteen_bits_turned_by_exif():
    turned = Image.Exif()
    turned[0x0112] = 3
    values = np.array([[0, 25700, 65535]], "uint16")
    for kind in ("PNG", "TIFF"): assert grey(saved(Image.fromarray(values), kind, exif=turned)) == [255, 100, 0], kind
    assert grey(saved(Image.fromarray(values.astype("float32")), "TIFF", exif=turned)) == [255, 100, 0]


@pytest.mark.skipif(PILLOW < 11, reason="this Pillow cannot write it")
def test_a_transparent_grey_of_sixteen_bits_is_white():
    values = np.array([[0, 25700, 257]], "uint16")
    assert grey(saved(Image.fromarray(values), "PNG", transparency=25700)) == [0, 255, 1]


def test_one_bit():
    two = Image.fromarray(np.array([[False, True]]))
    for kind in ("PNG", "TIFF", "BMP", "GIF"): assert grey(saved(two, kind)) == [0, 255], kind


@pytest.mark.parametrize("alpha, extra, right", [(255, 2, 100), (0, 2, 255), (128, 2, 177), pytest.param(128, 1, 227, marks=new_pillow)])
def test_grey_with_alpha_lies_on_white(alpha, extra, right):
    "Extra 2 stores the grey as it is, 1 multiplied by its alpha: then 100 of 128 is nearly white."
    pixel = np.array([[[100, alpha]]], "uint8")
    assert abs(grey(tiff(pixel, extra=extra))[0] - right) <= 1
    if extra == 2: assert abs(grey(saved(Image.fromarray(pixel, "LA"), "PNG"))[0] - right) <= 1


def test_palettes_with_and_without_transparency():
    few = Image.new("P", (2, 1))
    few.putpalette([200, 30, 40, 0, 90, 250])
    few.putpixel((1, 0), 1)
    for kind in ("PNG", "GIF", "TIFF", "BMP"):
        assert np.asarray(open_photo(saved(few, kind))).tolist() == [[[200, 30, 40], [0, 90, 250]]], kind
    for kind in ("PNG", "GIF"):
        assert np.asarray(open_photo(saved(few, kind, transparency=0))).tolist() == [[[255] * 3, [0, 90, 250]]], kind
    both = few.convert("PA")
    both.putalpha(Image.fromarray(np.array([[0, 255]], "uint8")))
    assert np.asarray(open_photo(saved(both, "TIFF"))).tolist() == [[[255] * 3, [0, 90, 250]]]


def test_colour_with_alpha_lies_on_white():
    pixel = np.array([[[200, 100, 50, 0], [200, 100, 50, 255], [200, 100, 50, 128]]], "uint8")
    right = np.array([[255] * 3, [200, 100, 50], [227, 177, 152]])
    for kind in ("PNG", "WEBP", "TIFF"):
        got = np.asarray(open_photo(saved(Image.fromarray(pixel), kind, **dict(lossless=True) if kind == "WEBP" else {})))[0].astype(int)
        assert abs(got - right).max() <= 1, kind
    flat = np.asarray(open_photo(tiff(np.array([[[100, 50, 25, 128]]], "uint8"), photometric=2, extra=1)))[0, 0].astype(int)
    assert abs(flat - [227, 177, 152]).max() <= 2, "colours that were multiplied by their alpha"


def test_sixteen_bits_a_colour():
    wide = np.array([[[0, 25700, 65535]]], "uint16")
    assert np.asarray(open_photo(tiff(wide, photometric=2))).tolist() == [[[0, 100, 255]]]


def test_adobe_cmyk_jpeg_keeps_its_colours():
    "A red that survives the way through four colours; an inverted reading would make it cyan."
    red = Image.new("RGB", (32, 32), (220, 30, 30)).convert("CMYK")
    for kind in (dict(format="JPEG", quality=95), dict(format="TIFF")):
        out = io.BytesIO()
        red.save(out, **kind)
        assert abs(np.asarray(open_photo(out.getvalue())).mean((0, 1)) - [220, 30, 30]).max() < 4, kind


@new_pillow
def test_ycbcr_in_a_tiff():
    colour = Image.new("RGB", (8, 8), (200, 90, 40))
    assert abs(np.asarray(open_photo(saved(colour.convert("YCbCr"), "TIFF")))[0, 0].astype(int) - [200, 90, 40]).max() <= 2


def test_ycbcr_and_lab():
    colour = Image.new("RGB", (8, 8), (200, 90, 40))
    assert abs(np.asarray(open_photo(saved(colour, "JPEG", quality=100, subsampling=0)))[0, 0].astype(int) - [200, 90, 40]).max() <= 2
    from PIL import ImageCms
    lab = ImageCms.profileToProfile(colour, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB")
    assert abs(np.asarray(open_photo(saved(lab, "TIFF")))[0, 0].astype(int) - [200, 90, 40]).max() <= 3


def test_of_several_pages_or_frames_the_first():
    pages = [Image.new("RGB", (8, 8), colour) for colour in ((200, 0, 0), (0, 200, 0))]
    for kind in ("TIFF", "GIF", "WEBP", "PNG"):
        several = saved(pages[0], kind, save_all=True, append_images=pages[1:], **dict(lossless=True) if kind == "WEBP" else {})
        assert np.asarray(open_photo(several))[0, 0].tolist() == [200, 0, 0], kind
    assert abs(np.asarray(open_photo(saved(pages[0], "MPO", save_all=True, append_images=pages[1:])))[0, 0].astype(int) - [200, 0, 0]).max() <= 2


@pytest.mark.parametrize("start, said", [
    (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC photo, which cannot be read here; save it as JPEG"),
    (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC photo"), (b"\0\0\0\x18ftypheix\0\0\0\0mif1", "HEIC photo"),
    (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "raw file, which cannot be read here"), (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "a film"),
    (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42", "a film"), (b"%PDF-1.7\n", "PDF document"), (b"<?xml version='1.0'?><svg>", "SVG drawing"),
    (b"\n<!DOCTYPE html>", "a web page"), (b"II*\0\x08\0\0\0", "TIFF or raw file"), (b"II*\0\x10\0\0\0CR\2\0", "TIFF or raw file"),
    (b"PK\3\4", "not a picture"), (b"%!PS-Adobe", "not a picture"), (b"", "the file is empty")])
def test_what_is_no_photo_is_called_by_its_name(start, said):
    with pytest.raises(PhotoError, match=said): open_photo(start + b"\0" * 40 if start else b"", name="x.jpg")


def test_every_ending_of_a_photo_is_one_that_pillow_reads():
    known = Image.registered_extensions()
    if PILLOW < 12: known.setdefault(".avif", "AVIF")
    assert [known[suffix] for suffix in PHOTO_SUFFIXES if known[suffix] not in opening._FORMATS] == []


def test_no_warning_and_no_filter_in_many_threads():
    "Large pictures in eight threads: the filters are the same list with the same entries, and nobody was warned."
    large = encoded_large(12_000, 9_000)
    before, entries, limit = warnings.filters, list(warnings.filters), Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        during = list(warnings.filters)
        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(refused, [large] * 40)) == [True] * 40
            assert list(threads.map(lambda d: open_photo(d, max_pixels=200_000_000).size, [large])) == [(12_000, 9_000)]
        assert warnings.filters == during
    assert warned == []
    assert warnings.filters is before and warnings.filters == entries and Image.MAX_IMAGE_PIXELS == limit


def encoded_large(width, height):
    "A PNG of one bit a pixel, larger than Pillow opens without a warning."
    def chunk(name, data): return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    pixels = zlib.compress((b"\0" * (1 + width // 8)) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def refused(data):
    try: open_photo(data)
    except PhotoError as e: return "12000 x 9000 pixels are more than" in str(e)


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
        with pytest.raises(PhotoError, match=f"{path.name}: this is no file"): open_photo(path)

