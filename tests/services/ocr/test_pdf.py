"""PDF files: text layers are read, pages are recognised, and searchable files are written."""

import io
from collections.abc import Callable
from typing import Any

import pypdfium2
import pytest
from flask.testing import FlaskClient
from PIL import Image

from api.enginekit.pages import Line, Word
from api.services.ocr import guest
from api.services.ocr.guest import pdf as pages_of

PATH = "/api/v1/ocr"
LIMITS = guest.Limits(40_000_000, 50)
Person = dict[str, Any]
Maker = Callable[..., bytes]


def send(client: FlaskClient, person: Person, data: bytes, query: str = "", **headers: str) -> Any:
    """A document as the body itself."""
    headers = {**person["headers"], "Content-Type": "application/pdf", **headers}
    return client.post(PATH + query, data=data, headers=headers)


def texts(data: bytes) -> list[str]:
    """The text of each page of a PDF file."""
    document = pypdfium2.PdfDocument(data)
    found = [page.get_textpage().get_text_range().split() for page in document]
    document.close()
    return [" ".join(words) for words in found]


def scan(kind: str = "PDF", pages: int = 1) -> bytes:
    """A document of grey pictures."""
    out = io.BytesIO()
    grey = [Image.new("L", (400, 300), 100 + n) for n in range(pages)]
    grey[0].save(out, kind, save_all=True, append_images=grey[1:])
    return out.getvalue()


def line(text: str, *polygon: tuple[float, float]) -> Line:
    """A line of one word."""
    one, two, three, four = polygon
    return Line(text, 1.0, (one, two, three, four), (Word(text, 1.0, (one, two, three, four)),))


@pytest.mark.usefixtures("fake")
def test_text_layers_are_read(client: FlaskClient, ada: Person, pdf: Maker) -> None:
    """A page with text is read as it is, letter for letter, with places; `force_ocr` looks."""
    data = pdf(["¿Cuánto? Señor", "Total: 7,00"], ["Page two"])
    found = send(client, ada, data).get_json()
    assert found["text"] == "¿Cuánto? Señor\nTotal: 7,00\fPage two"
    page = found["pages"][0]
    assert (page["engine"], page["width"], page["height"]) == ("text_layer", 1112, 834)
    (left, top), _, (right, bottom), _ = page["lines"][1]["words"][0]["polygon"]
    # 12 points high at 36, 230 from the lower left corner, 200 dots per inch
    assert 95 <= left <= 105
    assert 834 - 240 * 200 / 72 <= top < bottom <= 834 - 228 * 200 / 72
    assert left < right < left + 110
    looked_at = send(client, ada, data, "?force_ocr=true").get_json()
    assert [page["engine"] for page in looked_at["pages"]] == ["rapidocr", "rapidocr"]
    assert "<1112x834>" in looked_at["text"]


def test_turned_pages(pdf: Maker) -> None:
    """Places are those on the page as it is shown, not as it was written."""
    sheet = pages_of.read(pdf(["Hello"], rotation=90), 1, LIMITS)
    assert (sheet.width, sheet.height) == (834, 1112)
    (left, top), _, (right, bottom), _ = sheet.lines[0].polygon
    assert bottom - top > right - left  # it runs downwards
    assert left > 834 / 2
    assert top < 1112 / 4


def test_pages_without_useful_text(pdf: Maker) -> None:
    """Signs that mean nothing are no text layer."""
    meaningless = line("\ue001\ue002", (9, 9), (90, 9), (90, 30), (9, 30))
    assert pages_of.read(guest.over_pdf(pdf([""]), {1: (meaningless,)}), 1, LIMITS).lines == ()
    assert pages_of.read(pdf([" "]), 1, LIMITS).pixels is not None


@pytest.mark.usefixtures("fake")
def test_searchable_from_pictures(client: FlaskClient, ada: Person) -> None:
    """`Accept: application/pdf` gets the pages of a TIFF file with their text."""
    headers = {"Content-Type": "image/tiff", "Accept": "application/pdf"}
    answer = send(client, ada, scan("TIFF", 2), **headers)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert texts(answer.get_data()) == [f"rapidocr <400x300> {n}/{n}/{n}" for n in (100, 101)]
    kept = client.get(f"{answer.headers['Content-Location']}/output", headers=ada["headers"])
    assert kept.get_data() == answer.get_data()
    shown = pypdfium2.PdfDocument(answer.get_data())[0].render().to_pil()
    assert shown.getextrema() == ((100, 100),) * 3  # nothing of the text can be seen


@pytest.mark.usefixtures("fake")
def test_searchable_from_a_pdf_file(client: FlaskClient, ada: Person, pdf: Maker) -> None:
    """Pages that were recognised get their text; those that had some stay as they are."""
    document = pypdfium2.PdfDocument.new()
    for part in (pdf(["As it was"]), scan()):
        document.import_pages(pypdfium2.PdfDocument(part))
    mixed = io.BytesIO()
    document.save(mixed)
    answer = send(client, ada, mixed.getvalue(), Accept="application/pdf")
    first, second = texts(answer.get_data())
    assert first == "As it was"
    assert second.startswith("rapidocr <")


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_invisible_text_is_where_it_was_read(pdf: Maker, rotation: int) -> None:
    """Any letters can be written, and are found again in their place on a page turned any way."""
    blank = pdf([""], rotation=rotation)
    place = ((100.0, 200.0), (400.0, 200.0), (400.0, 240.0), (100.0, 240.0))
    written = guest.over_pdf(blank, {1: (line("¿Qué?漢字Łódź", *place),)})
    assert texts(written) == ["¿Qué?漢字Łódź"]
    (found,) = pages_of.read(written, 1, LIMITS).lines
    middle = [sum(axis) / 4 for axis in zip(*found.polygon, strict=True)]
    assert middle == pytest.approx([250, 220], abs=12)


def test_a_bad_text_layer_is_replaced(pdf: Maker) -> None:
    """Invisible text makes room for what was read instead; visible text stays."""
    place = ((100.0, 200.0), (400.0, 200.0), (400.0, 240.0), (100.0, 240.0))
    once = guest.over_pdf(pdf(["Seen"]), {1: (line("Wr0ng", *place),)})
    assert texts(once) == ["Seen Wr0ng"]
    assert texts(guest.over_pdf(once, {1: (line("Right", *place),)})) == ["Seen Right"]


def test_a_modest_size(pdf: Maker) -> None:
    """The text costs a few kilobytes."""
    place = ((100.0, 200.0), (400.0, 200.0), (400.0, 240.0), (100.0, 240.0))
    blank = pdf([""])
    assert len(guest.over_pdf(blank, {1: (line("word", *place),)})) < len(blank) + 20_000
