"""Bytes become upright RGB pictures, or a refusal."""

import errno
import io
import struct
import time
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from api.enginekit import image
from api.enginekit.image import count_pages, read_image
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


def test_broken_exif_is_no_reason_to_refuse() -> None:
    """A picture whose EXIF makes no sense is taken for upright."""
    picture = Image.new("RGB", (40, 20), "red")
    exif = Image.Exif()
    exif[0x0112] = 6
    for broken in (
        exif.tobytes().replace(b"MM", b"??").replace(b"II", b"??"),
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        exif.tobytes()[:18],
        b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\2\0\0\0\4six\0\0\0\0\0",
    ):
        for kind in ("JPEG", "PNG", "WEBP"):
            assert read_image(saved(picture, kind, exif=broken), MOST).size == (40, 20)


@pytest.mark.parametrize("fault", [TypeError, AttributeError, OSError(errno.EMFILE, "too many")])
def test_a_fault_of_ours_is_not_the_files(fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library of another version, a mistake, a system without file handles: it is not told as
    a damaged picture."""
    monkeypatch.setattr(Image.Image, "convert", Mock(side_effect=fault))
    with pytest.raises(fault if isinstance(fault, type) else OSError):
        read_image(saved(Image.new("RGB", (8, 8)), "PNG"), MOST)


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


def tiff_of(pages: int) -> bytes:
    """A TIFF file of pages of one pixel, each 78 bytes long."""
    size = 78
    tags = [(256, 1), (257, 1), (258, 8), (262, 1), (273, 8), (279, 1)]
    rows = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    out = [b"II*\0" + struct.pack("<I", 8)]
    for n in range(pages):
        following = 8 + size * (n + 1) if n + 1 < pages else 0
        out.append(struct.pack("<H", len(tags)) + rows + struct.pack("<I", following))
    return b"".join(out)


def test_pages_are_counted_no_further_than_needed() -> None:
    """A file of a hundred thousand pages costs what the first ones cost."""
    assert count_pages(tiff_of(3), 51) == 3
    started = time.process_time()
    assert count_pages(tiff_of(100_000), 51) == 51
    assert time.process_time() - started < 0.5


def test_a_page_without_a_size() -> None:
    """It is a damaged file, whatever Pillow takes it for."""
    sent = bytearray(tiff_of(2))
    sent[8 + 78 + 2 : 8 + 78 + 4] = b"\xff\xfe"  # the width of the second page
    for read in (lambda data: read_image(data, MOST, page=1), lambda data: count_pages(data, 9)):
        with pytest.raises(Unusable):
            read(bytes(sent))


def test_every_value_of_sixteen_bits() -> None:
    """It becomes the nearest one of eight bits."""
    values = np.arange(0, 65536, dtype=np.uint16).reshape(256, 256)
    found = np.asarray(read_image(saved(Image.fromarray(values), "PNG"), MOST))[:, :, 0]
    assert (found == np.rint(values / 257)).all()


def test_heic_without_its_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without pillow-heif says so; other images, and AVIF, are read."""
    image._heif()
    heic, avif = (saved(Image.new("RGB", (32, 32), "teal"), kind) for kind in ("HEIF", "AVIF"))
    monkeypatch.setattr(image, "_heif", tuple)
    with pytest.raises(Unusable) as refusal:
        read_image(heic, 1_000_000)
    assert refusal.value.code == "decoder_not_installed"
    assert read_image(avif, 1_000_000).size == (32, 32)
