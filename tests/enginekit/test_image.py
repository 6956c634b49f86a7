"""Bytes become upright RGB pictures, or a refusal."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from api.enginekit.image import read_image
from api.errors import TooLarge, Unusable

MOST = 40_000_000


def saved(picture: Image.Image, kind: str, **more: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **more)  # type: ignore[arg-type]
    return out.getvalue()


def mean(picture: Image.Image) -> list[int]:
    return [round(float(v)) for v in np.asarray(picture).mean(axis=(0, 1))]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIF", "AVIF"])
def test_every_allowed_format(kind: str) -> None:
    """Each format that the contract names is read, with about the colour that went in."""
    found = read_image(saved(Image.new("RGB", (40, 30), (200, 30, 90)), kind), MOST)
    assert (found.mode, found.size) == ("RGB", (40, 30))
    assert np.abs(np.array(mean(found)) - (200, 30, 90)).max() < 8


@pytest.mark.parametrize("kind", ["ICO", "PPM", "PCX", "TGA", "EPS", "PDF", "ICNS", "SGI"])
def test_no_other_format(kind: str) -> None:
    """Formats that are not on the list are refused, whatever Pillow could do with them."""
    with pytest.raises(Unusable):
        read_image(saved(Image.new("RGB", (32, 32)), kind), MOST)


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("L", 100, [100, 100, 100]),
        ("1", 1, [255, 255, 255]),
        ("I;16", 65535, [255, 255, 255]),
        ("I;16", 32768, [128, 128, 128]),
        ("RGBA", (255, 0, 0, 0), [255, 255, 255]),
        ("RGBA", (255, 0, 0, 255), [255, 0, 0]),
        ("LA", (0, 0), [255, 255, 255]),
    ],
)
def test_every_mode_becomes_rgb(mode: str, colour: object, expected: list[int]) -> None:
    """Grey, bilevel, 16 bit and transparency (over white) come out as 8-bit RGB."""
    data = saved(Image.new(mode, (8, 8), colour), "PNG")  # type: ignore[arg-type]
    assert mean(read_image(data, MOST)) == expected


def test_cmyk_and_float_tiff() -> None:
    """CMYK and float pixels, NaN among them, come out as RGB."""
    cmyk = saved(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG")
    assert mean(read_image(cmyk, MOST))[0] > 200
    numbers = Image.fromarray(np.array([[np.nan, 1.0], [0.0, np.inf]], np.float32))
    assert read_image(saved(numbers, "TIFF"), MOST).mode == "RGB"


def test_transparent_palette() -> None:
    """A transparent colour of a palette becomes white."""
    picture = Image.new("P", (8, 8), 0)
    picture.putpalette([255, 0, 0] * 256)
    assert mean(read_image(saved(picture, "PNG", transparency=0), MOST)) == [255, 255, 255]


@pytest.mark.parametrize("turn", range(1, 9))
def test_exif_orientation(turn: int) -> None:
    """A picture that a camera stored turned or mirrored comes out upright."""
    exif = Image.Exif()
    exif[0x0112] = turn
    data = saved(Image.new("RGB", (40, 20), "red"), "JPEG", exif=exif)
    assert read_image(data, MOST).size == ((20, 40) if turn >= 5 else (40, 20))


def test_first_frame_of_an_animation() -> None:
    """Of an animation the first frame counts."""
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert mean(read_image(data, MOST)) == [255, 0, 0]


def test_reduced_decoding_of_jpeg() -> None:
    """A large JPEG is decoded no larger than needed, and never smaller."""
    data = saved(Image.new("RGB", (2000, 1600)), "JPEG")
    assert 256 <= min(read_image(data, MOST, at_least=256).size) < 512


def test_size_is_checked_before_decoding() -> None:
    """A header that announces too many pixels is refused."""
    with pytest.raises(TooLarge):
        read_image(saved(Image.new("1", (6400, 6400)), "PNG"), MOST)


def test_many_scans_are_refused() -> None:
    """A JPEG of hundreds of scans costs no time: it is refused unread."""
    data = saved(Image.new("RGB", (64, 64)), "JPEG", progressive=True)
    with pytest.raises(Unusable):
        read_image(data + b"\xff\xda" * 200, MOST)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIF", "AVIF"])
def test_truncation_is_refused(kind: str) -> None:
    """A file that breaks off in the middle is refused, not filled up."""
    noise = np.random.default_rng(1).integers(0, 255, (120, 160, 3), np.uint8)
    data = saved(Image.fromarray(noise), kind)
    with pytest.raises(Unusable):
        read_image(data[: len(data) // 2], MOST)


def turned(folder: Path) -> list[Path]:
    return sorted((folder / "data" / "odd").glob("exif_landscape_*.jpg"))


def test_eight_orientations_are_one_picture(shared: Path) -> None:
    """A photograph stored in all eight EXIF orientations is the same picture eight times."""
    first, *others = [
        np.asarray(read_image(f.read_bytes(), MOST).resize((64, 64)), np.int16)
        for f in turned(shared)
    ]
    assert len(others) == 7
    assert max(np.abs(first - other).mean() for other in others) < 3
