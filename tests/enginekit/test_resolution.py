"""How large the paper of an image was."""

import struct
import zlib

import pytest
from pages import file_of
from PIL import Image

from api.enginekit.resolution import dots_per_inch

LARGE, SMALL = (2480, 3508), (620, 877)
Dots = tuple[float, float]


def blank(size: tuple[int, int], kind: str, **more: object) -> bytes:
    return file_of(Image.new("1" if kind != "JPEG" else "L", size, 1), kind, **more)


def exif(x: float, y: float, unit: int | None, turn: int = 1) -> Image.Exif:
    found = Image.Exif()
    found[0x0112], found[0x011A], found[0x011B] = turn, x, y
    if unit:
        found[0x0128] = unit
    return found


def with_density(data: bytes, unit: int, x: int, y: int) -> bytes:
    """A JPEG file whose JFIF header says this."""
    at = data.index(b"JFIF\0") + 7
    return data[:at] + struct.pack(">BHH", unit, x, y) + data[at + 5 :]


def with_phys(data: bytes, x: int, y: int, unit: int) -> bytes:
    """A PNG file with this pHYs chunk."""
    chunk = b"pHYs" + struct.pack(">IIB", x, y, unit)
    return (
        data[:33] + struct.pack(">I", 9) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP"])
def test_headers(kind: str) -> None:
    """Each format that has a field for the resolution is asked for it, in both directions."""
    assert dots_per_inch(blank(LARGE, kind, dpi=(300, 300))) == pytest.approx((300, 300), abs=0.1)
    fax = blank((1728, 1143), kind, dpi=(204, 98))
    assert dots_per_inch(fax) == pytest.approx((204, 98), abs=0.1)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "HEIF"])
def test_exif(kind: str) -> None:
    """EXIF is asked where the format says nothing; in inches if it names no unit."""
    page = Image.new("L", SMALL, 255)
    for unit, factor in ((2, 1), (3, 2.54), (None, 1)):
        data = file_of(page, kind, exif=exif(59, 59, unit))
        assert dots_per_inch(data) == pytest.approx((59 * factor, 59 * factor), abs=0.1)


def test_units_of_tiff() -> None:
    """Centimetres are no inches; without a unit, only the shape of the pixels is known."""
    size = (864, 570)
    assert dots_per_inch(blank(size, "TIFF", tiffinfo={282: 80.0, 283: 40.0, 296: 3})) == (
        pytest.approx((203.2, 101.6))
    )
    across, down = dots_per_inch(blank(size, "TIFF", tiffinfo={282: 204.0, 283: 98.0, 296: 1}))
    assert across / down == pytest.approx(204 / 98)
    assert across * down == pytest.approx(200 * 200)


def test_units_of_jpeg() -> None:
    """Inches, centimetres, and unit 0, with which the density is only a ratio."""
    data = blank(LARGE, "JPEG")
    assert dots_per_inch(with_density(data, 1, 300, 300)) == (300, 300)
    assert dots_per_inch(with_density(data, 2, 118, 118)) == pytest.approx((299.7, 299.7), abs=0.1)
    assert dots_per_inch(with_density(data, 0, 600, 600)) == pytest.approx((300, 300), abs=1)
    across, down = dots_per_inch(with_density(data, 0, 2, 1))
    assert across == pytest.approx(2 * down)


def test_units_of_png() -> None:
    """Metres, and unit 0, with which the values are only a ratio."""
    data = blank(LARGE, "PNG")
    assert dots_per_inch(with_phys(data, 11811, 11811, 1)) == pytest.approx((300, 300), abs=0.1)
    across, down = dots_per_inch(with_phys(data, 4, 2, 0))
    assert across == pytest.approx(2 * down)


@pytest.mark.parametrize(
    "dots", [(1, 1), (72, 72), (96, 96), (65535, 65535), (300, 1), (5, 5), (10_000, 10_000)]
)
def test_what_cannot_be_true(dots: Dots) -> None:
    """An absurd value, or that of a screen on a large scan: the page is a sheet of A4."""
    found = dots_per_inch(with_density(blank(LARGE, "JPEG"), 1, *map(int, dots)))
    assert found == pytest.approx((300, 300), abs=1)


def test_exif_where_the_header_cannot_be_true() -> None:
    """Cameras write 72 into one of the two and the truth into the other."""
    data = blank(LARGE, "JPEG", exif=exif(300, 300, 2))
    assert dots_per_inch(with_density(data, 1, 72, 72)) == (300, 300)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((800, 600), 200), (LARGE, 300), ((4032, 3024), 355), ((60_000, 30), 300), ((1, 1), 200)],
)
def test_without_a_resolution(size: tuple[int, int], expected: float) -> None:
    """200 dots per inch, or more so that the page is no larger than A4 and fits a PDF file."""
    assert dots_per_inch(blank(size, "GIF")) == pytest.approx((expected, expected), abs=1)
    assert dots_per_inch(blank(size, "JPEG")) == pytest.approx((expected, expected), abs=1)


def test_small_images_of_screens() -> None:
    """The resolution of a screen is believed where the page is no larger than A3."""
    assert dots_per_inch(blank((1280, 720), "BMP", dpi=(96, 96))) == pytest.approx(
        (96, 96), abs=0.1
    )


@pytest.mark.parametrize("turn", range(1, 9))
def test_turned_by_exif(turn: int) -> None:
    """Both directions change places where the image is turned by a quarter."""
    found = dots_per_inch(blank((864, 570), "JPEG", exif=exif(204, 98, 2, turn)))
    assert found == pytest.approx((98, 204) if turn >= 5 else (204, 98))


def test_damaged_values() -> None:
    """Values that are no numbers are as good as none."""
    data = blank(SMALL, "TIFF", tiffinfo={282: 300.0, 283: 300.0, 296: 2})
    rational = struct.pack("<II", 300, 1)
    assert data.count(rational) == 2
    for numbers in ((0, 0), (300, 0), (0, 1), (1, 2**32 - 1)):
        assert dots_per_inch(data.replace(rational, struct.pack("<II", *numbers))) == (200, 200)
