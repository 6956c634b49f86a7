"""Pages that are images in part: text layers are kept, and the rest is read by sight, once."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pypdfium2
import pytest
import scanned_pdf
from flask.testing import FlaskClient
from pages import drawn, error_rate
from PIL import Image
from scanned_pdf import HEIGHT, WHOLE, WIDTH, text

from api.services.ocr import guest
from api.services.ocr.guest import Sheet, pdf
from api.services.ocr.service.has_text import has_text
from api.services.ocr.service.mixing import is_to_be_read

LIMITS = guest.Limits(40_000_000, 50)
STAMP = b"Envelope ID: 8A7B6C5D-1234-4ABC-9DEF-0123456789AB, page 1 of 1"
BODY = ["The tenant moves in on the first of April", "and pays nine hundred pounds", "a month"]
# In pixels of the page: where the second of these lines is, which are 96 pixels apart.
A4 = (1240, 1754)
PER_PIXEL = WIDTH / A4[0]


def scan() -> Image.Image:
    """A sheet of paper with three lines."""
    return drawn(BODY * 6, A4, (150, 300))


def read(data: bytes) -> Sheet:
    """The only page of a file."""
    return pdf.read(data, 1, LIMITS)


def ink(sheet: Sheet, top: float, bottom: float) -> int:
    """How many pixels are dark between two heights of the page, in points from its foot."""
    assert sheet.pixels is not None
    assert sheet.area is not None
    rows = (int((HEIGHT - y) * 200 / 72) - sheet.area[1] for y in (top, bottom))
    return int((sheet.pixels[slice(*rows)] < 100).sum())


def on_line(n: int) -> float:
    """The height of the baseline of a line of the scan, in points from the foot of the page."""
    return HEIGHT - (300 + 48 * n + 30) * PER_PIXEL


def split(image: Image.Image, rows: int, columns: int) -> list[tuple[Image.Image, Any]]:
    """The image in parts that fill a page together."""
    wide, high = image.width / columns, image.height / rows
    places = [(n * wide, m * high) for m in range(rows) for n in range(columns)]
    return [
        (
            image.crop((round(x), round(y), round(x + wide), round(y + high))),
            (x * PER_PIXEL, HEIGHT - (y + high) * PER_PIXEL, wide * PER_PIXEL, high * PER_PIXEL),
        )
        for x, y in places
    ]


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (40, 1), (7, 5)])
def test_stamped_scans(rows: int, columns: int) -> None:
    """Whole, in strips or in tiles, a scan is read although a stamp is text, which is kept."""
    sheet = read(scanned_pdf.page(split(scan(), rows, columns), text(STAMP, 40, 815, 9)))
    assert [line.text for line in sheet.lines] == [STAMP.decode()]
    assert is_to_be_read(sheet)
    assert ink(sheet, 840, 800) == 0  # the stamp itself is not drawn
    assert ink(sheet, on_line(1) + 12, on_line(1)) > 500


def test_a_watermark() -> None:
    """What lies under large letters across the page is seen without them."""
    across = b"0.8 g BT /F1 80 Tf 0.6 0.8 -0.8 0.6 120 200 Tm (CONFIDENTIAL) Tj ET"
    plain, marked = (read(scanned_pdf.page([(scan(), WHOLE)], over)) for over in (b"0 g", across))
    assert marked.lines[0].text == "CONFIDENTIAL"
    assert marked.pixels is not None
    assert plain.pixels is not None
    difference = np.abs(marked.pixels.astype(np.int16) - plain.pixels)
    assert difference.max() < 8


@pytest.mark.parametrize("hidden", ["invisible", "under the image"])
def test_text_for_a_part(hidden: str) -> None:
    """Where text that cannot be seen says what is printed, only the rest is read by sight."""
    known = b"".join(
        text(BODY[n % 3].encode(), 150 * PER_PIXEL, on_line(n), 11, 3 * (hidden == "invisible"))
        for n in range(9)
    )
    parts = {"over": known} if hidden == "invisible" else {"under": known}
    sheet = read(scanned_pdf.page([(scan(), WHOLE)], **parts))
    assert [line.text for line in sheet.lines] == BODY * 3
    assert is_to_be_read(sheet)
    assert ink(sheet, on_line(0) + 12, on_line(8)) == 0
    assert ink(sheet, on_line(9) + 12, on_line(17)) > 5000


def test_text_for_all() -> None:
    """A scan whose text is known is not read again."""
    known = b"".join(
        text(BODY[n % 3].encode(), 150 * PER_PIXEL, on_line(n), 11, 3) for n in range(18)
    )
    sheet = read(scanned_pdf.page([(scan(), WHOLE)], known))
    assert [line.text for line in sheet.lines] == BODY * 6
    assert not is_to_be_read(sheet)


def test_a_scan_on_a_written_page() -> None:
    """Of a page with text and a scan, the scan is shown alone, where it is."""
    around = text(b"The letter is shown below.", 60, 780) + text(b"End of the letter.", 60, 40)
    image = drawn(BODY, (900, 500))
    sheet = read(scanned_pdf.page([(image, (72, 200, 450, 250))], around * 2))
    assert is_to_be_read(sheet)
    assert sheet.area is not None
    left, top, right, bottom = (side * 72 / 200 for side in sheet.area)
    assert (left, HEIGHT - top) == (pytest.approx(72, abs=8), pytest.approx(450, abs=8))
    assert (right, HEIGHT - bottom) == (pytest.approx(522, abs=8), pytest.approx(200, abs=8))


def photograph(size: tuple[int, int]) -> Image.Image:
    """Shapes of all shades, as a photograph has them."""
    shades = np.random.default_rng(0).integers(0, 255, (size[1] // 40, size[0] // 40), np.uint8)
    return Image.fromarray(shades).resize(size, Image.Resampling.BICUBIC)


@pytest.mark.parametrize(("place", "lines"), [((72, 60, 450, 330), 3), (WHOLE, 1), (WHOLE, 20)])
def test_photographs(place: Any, lines: int) -> None:
    """A photograph is not read, beside text or under it."""
    content = b"".join(text(STAMP, 60, 780 - 16 * n) for n in range(lines))
    sheet = read(scanned_pdf.page([(photograph((1200, 800)), place)], content))
    assert len(sheet.lines) == lines
    assert not is_to_be_read(sheet)


def letters_as_drawings(lines: int) -> bytes:
    """Rows of shapes with nine corners, as programs write letters that are outlines."""
    corners = ((0, 0), (5, 0), (5, 2), (2, 2), (2, 4), (5, 4), (5, 8), (3, 6), (0, 8))
    rows = [(60 + 8 * n, 700 - 20 * line) for line in range(lines) for n in range(50)]
    shapes = ([f"{x + right} {y + up}" for right, up in corners] for x, y in rows)
    return "".join(f"{start} m {' l '.join(more)} l f\n" for start, *more in shapes).encode()


def test_letters_that_are_drawings() -> None:
    """A stamp does not hide letters that are outlines; under written text nobody looks for them."""
    drawing = letters_as_drawings(12)
    sheet = read(scanned_pdf.page([], drawing + text(STAMP, 40, 40)))
    assert is_to_be_read(sheet)
    written = b"".join(text(STAMP, 60, 400 - 16 * n) for n in range(5))
    assert read(scanned_pdf.page([], drawing + written)).pixels is None


def test_logos() -> None:
    """A logo is not even looked at."""
    logo = drawn(["The Harbour Company"], (400, 120), (20, 30))
    sheet = read(scanned_pdf.page([(logo, (60, 760, 150, 45))], text(STAMP, 60, 700)))
    assert sheet.pixels is None


def test_rows_of_letters() -> None:
    """Printed lines are told from other shapes: dark, light, sideways."""
    pages = [np.asarray(scan()), 255 - np.asarray(scan()), np.rot90(np.asarray(scan()))]
    assert [has_text(np.ascontiguousarray(page)) for page in pages] == [True] * 3
    assert not has_text(np.asarray(photograph((1200, 800)).convert("RGB")))
    assert not has_text(np.full((500, 500, 3), 255, np.uint8))


@pytest.mark.usefixtures("fake")
def test_one_page_of_both(client: FlaskClient, ada: dict[str, Any]) -> None:
    """The answer has each once, with the engine; so has a searchable file."""
    data = scanned_pdf.page([(scan(), WHOLE)], text(STAMP, 40, 815, 9))
    headers = {**ada["headers"], "Content-Type": "application/pdf"}
    page = client.post("/api/v1/ocr", data=data, headers=headers).get_json()["pages"][0]
    assert page["engine"] == "rapidocr"
    stamp, seen = sorted(line["text"] for line in page["lines"])
    assert (stamp.encode(), seen.split()[0]) == (STAMP, "rapidocr")
    headers["Accept"] = "application/pdf"
    written = client.post("/api/v1/ocr", data=data, headers=headers).get_data()
    words = pypdfium2.PdfDocument(written)[0].get_textpage().get_text_range().split()
    assert words == [*STAMP.decode().split(), *seen.split()]


@pytest.mark.slow
def test_a_stamped_scan(text_of_report: Callable[[str], str]) -> None:
    """A scan with the id of an electronic signature over it is read whole, each line once."""
    found = text_of_report("scan_envelope_stamp.pdf")
    expected = (
        "DocuSign Envelope ID: 8A7B6C5D-1234-4ABC-9DEF-0123456789AB\n"
        "Rental agreement for the house at Mill Lane 4.\n"
        "The tenant pays 850 euros on the first day of each month.\n"
        "Notice must be given three months before leaving.\n"
        "Both parties have read and understood every page.\n"
        "Signed in Bristol on the ninth of March."
    )
    assert error_rate(found, expected) < 0.02
