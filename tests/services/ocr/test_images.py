"""Images as pages: square pixels for the engines, and PDF files as large as the paper."""

from typing import Any

import numpy as np
import pypdfium2
import pytest
from fake_reader import box
from pages import file_of
from PIL import Image, ImageDraw

from api.enginekit.pages import Line, Word
from api.services.ocr import guest

LIMITS = guest.Limits(40_000_000, 50)
A4 = (595, 842)
# Words of a page as dark boxes: left, top, right, bottom in thousandths of its sides.
WORDS = {"one": (100, 100, 300, 140), "two": (500, 120, 900, 160), "last": (100, 900, 400, 930)}


def page(size: tuple[int, int]) -> tuple[Image.Image, Line]:
    """An image with WORDS, and the line that says so."""
    image = Image.new("L", size, 255)
    words = []
    for text, place in WORDS.items():
        sides = np.multiply(place, [*size, *size]) / 1000
        ImageDraw.Draw(image).rectangle(tuple(sides.round().tolist()), fill=0)
        words.append(Word(text, 1.0, box(*sides.tolist())))
    return image, Line("one two last", 1.0, words[0].polygon, tuple(words))


def written(data: bytes, line: Line) -> Any:
    """The page of the searchable PDF file of an image."""
    return pypdfium2.PdfDocument(guest.over_picture(data, 1, (line,)))[0]


def places(found: Any) -> dict[str, tuple[float, float, float, float]]:
    """Where each word can be selected, in thousandths as WORDS has them."""
    text = found.get_textpage()
    width, height = found.get_size()
    boxes = {}
    for word in WORDS:
        at, count = text.search(word).get_next()
        left, bottom, _, top = text.get_charbox(at, loose=True)
        right = text.get_charbox(at + count - 1, loose=True)[2]
        shares = left / width, 1 - top / height, right / width, 1 - bottom / height
        boxes[word] = tuple(1000 * share for share in shares)
    return boxes


@pytest.mark.parametrize(
    ("size", "kind", "options", "expected"),
    [
        ((827, 1169), "PNG", {"dpi": (100, 100)}, A4),
        ((1654, 2339), "JPEG", {"dpi": (72, 72)}, A4),
        ((1654, 2339), "BMP", {}, A4),
        ((1240, 1754), "TIFF", {"dpi": (150, 150)}, A4),
        ((1728, 1143), "TIFF", {"dpi": (204, 98)}, (610, 840)),
        ((826, 1169), "WEBP", {}, (297, 421)),
    ],
)
def test_the_size_of_the_paper(
    size: tuple[int, int], kind: str, options: dict[str, Any], expected: tuple[int, int]
) -> None:
    """A scan becomes a page of its own size, and the text lies on the words."""
    image, line = page(size)
    found = written(file_of(image, kind, **options), line)
    assert found.get_size() == pytest.approx(expected, abs=1.5)
    for word, place in places(found).items():
        assert place == pytest.approx(WORDS[word], abs=12), word
    shown = found.render(scale=1, grayscale=True).to_numpy().squeeze()
    for left, top, right, bottom in WORDS.values():
        height, width = shown.shape
        x, y = (left + right) * width // 2000, (top + bottom) * height // 2000
        assert shown[y, x] < 100


@pytest.mark.parametrize("turn", [3, 6, 8])
def test_turned_by_exif(turn: int) -> None:
    """The resolution turns with the image where its pixels aren't square."""
    exif = Image.Exif()
    exif[0x0112] = turn
    image, line = page((864, 570))
    back = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}
    stored = image.transpose(back.get(turn, Image.Transpose.ROTATE_270))
    dpi = (102, 49) if turn == 3 else (49, 102)
    data = file_of(stored, "JPEG", dpi=dpi, exif=exif)
    found = written(data, line)
    assert found.get_size() == pytest.approx((864 / 102 * 72, 570 / 49 * 72), abs=1)
    for word, place in places(found).items():
        assert place == pytest.approx(WORDS[word], abs=12), word


def test_engines_see_square_pixels() -> None:
    """A coarse fax is stretched before it is read; its own size is what is told."""
    for dpi, seen in (((204, 98), (1728, 2379)), ((98, 204), (3597, 1143)), ((204, 204), None)):
        image, _ = page((1728, 1143))
        sheet = guest.page(file_of(image, "TIFF", dpi=dpi), 1, LIMITS)
        assert (sheet.width, sheet.height) == (1728, 1143)
        assert sheet.pixels is not None
        height, width = sheet.pixels.shape[:2]
        assert (width, height) == (seen or (1728, 1143))


def test_a_large_page_with_pixels_that_are_not_square() -> None:
    """It is stretched no further than pages may be large."""
    image, _ = page((3000, 2000))
    sheet = guest.page(file_of(image, "TIFF", dpi=(300, 150)), 1, LIMITS)
    assert sheet.pixels is not None
    height, width = sheet.pixels.shape[:2]
    assert width * height <= 8_010_000
    assert width / height == pytest.approx(3000 / 4000, abs=0.01)


def test_white_text_on_transparency_is_seen() -> None:
    """In what the engines get, and in the PDF file."""
    image, line = page((400, 300))
    white = Image.new("RGBA", image.size, "white")
    white.putalpha(image.point(lambda v: 255 - v))
    data = file_of(white)
    sheet = guest.page(data, 1, LIMITS)
    assert sheet.pixels is not None
    assert (sheet.pixels.min(), sheet.pixels.max()) == (0, 255)
    shown = written(data, line).render(scale=1, grayscale=True).to_numpy()
    assert shown.min() < 10
    assert shown.max() > 245


def test_reports(shared: Any) -> None:
    """A4 at 300 dots per inch is A4; a thumbnail is no page."""
    reports = shared / "data" / "reports"
    _, line = page((2480, 3508))
    found = written((reports / "a4_300dpi.png").read_bytes(), line)
    assert found.get_size() == pytest.approx(A4, abs=1)
    count, _ = guest.first((reports / "tiff_with_thumbnail.tif").read_bytes(), LIMITS)
    assert count == 1
