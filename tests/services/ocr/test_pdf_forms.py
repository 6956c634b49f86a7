"""Values of form fields, comments and stamps are read where viewers show them."""

from pathlib import Path
from typing import Any

import hostile_pdf
import pypdfium2
import pytest
from flask.testing import FlaskClient

from api.enginekit.stopwatch import Stopwatch
from api.services.ocr import guest, service
from api.services.ocr.guest import pdf

LIMITS = guest.Limits(40_000_000, 50)
SIGHT = guest.Limits(40_000_000, 50, force_ocr=True)
FIELD = b"<</Type/Annot/Subtype/Widget/F 4/DA(/F1 12 Tf 0 g)/Rect[200 %d 400 %d]%s>>"
NOTE = b"<</Type/Annot/Subtype/%s/F %d/DA(/F1 12 Tf 0 g)/Contents(%s)/Rect[60 600 300 620]%s>>"
LABELS = b"BT /F1 12 Tf 50 700 Td (%s) Tj 0 -40 Td (%s) Tj 0 -40 Td (%s) Tj ET"


def field(row: int, rest: bytes) -> bytes:
    """A form field beside one of the labels, without an appearance."""
    return FIELD % (696 - 40 * row, 714 - 40 * row, rest)


def page(
    *annotations: bytes, labels: tuple[bytes, bytes, bytes], more: tuple[bytes, ...] = ()
) -> bytes:
    """A page with three labels one below the other."""
    count = len(annotations)
    listed = b" ".join(b"%d 0 R" % (6 + n) for n in range(count))
    form = b"/AcroForm<</Fields[%s]/NeedAppearances true/DR<</Font<</F1 3 0 R>>>>>>" % listed
    return hostile_pdf.file_of(
        b"<</Type/Catalog/Pages 2 0 R%s>>" % (form if b"/Widget" in annotations[0] else b""),
        b"<</Type/Pages/Count 1/Kids[5 0 R]>>",
        hostile_pdf.HELVETICA,
        hostile_pdf.stream(LABELS % labels),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1 3 0 R>>>>/Annots[%s]>>" % listed,
        *annotations,
        *more,
    )


def read(data: bytes) -> service.Document:
    """The document, of which no page has to be read by sight."""
    return service.read(data, LIMITS, service.Readers({}, None), Stopwatch())


def drawn_text(text: bytes) -> bytes:
    """An appearance that shows a text."""
    return hostile_pdf.stream(
        b"BT /F1 12 Tf 2 5 Td (%s) Tj ET" % text,
        b"/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</F1 3 0 R>>>>",
    )


CHOICE = b"/FT/Ch/Ff 131072/T(c)/V(ab)/Opt[[(ab)(Aberystwyth)][(ba)(Bangor)]]"
SECRET = b"/FT/Tx/Ff 8192/T(p)/V(hunter2)"
CHECKED = b"/FT/Btn/T(y)/V/Yes/AS/Yes/MK<</CA(4)>>"


def test_fields_without_appearance() -> None:
    """Text and choices stand beside their labels; a password stays secret."""
    fields = [field(0, b"/FT/Tx/T(n)/V(Okonkwo)"), field(1, CHOICE), field(2, SECRET)]
    data = page(*fields, labels=(b"Surname", b"City", b"Password"))
    assert read(data).text == "Surname Okonkwo\nCity Aberystwyth\nPassword *******"


def test_marks_and_several_lines() -> None:
    """Boxes that are checked have a mark, others none; lines of a value follow each other."""
    lines = b"/FT/Tx/Ff 4096/T(m)/V(First line\\rSecond line)"
    off = CHECKED.replace(b"/Yes", b"/Off").replace(b"(y)", b"(z)")
    tall = field(2, lines).replace(b"[200 616", b"[200 586")
    data = page(field(0, CHECKED), field(1, off), tall, labels=(b"Agree", b"Refuse", b"Notes"))
    assert read(data).text == "Agree ☑\nRefuse\nNotes First line\nSecond line"


def test_the_appearance_counts() -> None:
    """What is shown is read, not what is stored; the letters of a comb are one word."""
    shown = field(0, b"/FT/Tx/T(a)/V(1234.5)/AP<</N 8 0 R>>")
    comb = field(1, b"/FT/Tx/Ff 16777216/MaxLen 8/T(b)/V(QX77193)")
    data = page(shown, comb, labels=(b"Sum", b"Code", b"End"), more=(drawn_text(b"1,234.50 GBP"),))
    data = data.replace(b"/NeedAppearances true", b"/NeedAppearances null")
    assert read(data).text == "Sum 1,234.50 GBP\nCode QX77193\nEnd"


def test_two_fields_in_a_row() -> None:
    """Each value stands behind its own label, although both labels are one line."""
    name = field(0, b"/FT/Tx/T(n)/V(Ada)").replace(b"[200", b"[100").replace(b" 400 ", b" 200 ")
    day = field(0, b"/FT/Tx/T(d)/V(3 May)").replace(b"[200", b"[300")
    row = b"Name) Tj 200 0 Td (Date) Tj -200 0 Td ("
    assert read(page(name, day, labels=(row, b"", b"End"))).text == "Name Ada Date 3 May\nEnd"


def test_a_comment_of_many_lines() -> None:
    """Its lines stay together, wherever it is."""
    note = NOTE % (b"FreeText", 4, b"See page 2\rand page 3", b"")
    data = page(note.replace(b"[60 600 300 620]", b"[200 690 400 714]"), labels=(b"A", b"B", b"C"))
    assert "See page 2\nand page 3" in read(data).text


@pytest.mark.parametrize("kind", [b"FreeText", b"Stamp"])
@pytest.mark.parametrize("appearance", [b"", b"/AP<</N 7 0 R>>"], ids=["without", "with"])
def test_comments_on_the_page(kind: bytes, appearance: bytes) -> None:
    """Free text and stamps are read, with and without an appearance."""
    note = NOTE % (kind, 4, b"Checked by Ruth", appearance)
    data = page(note, labels=(b"One", b"Two", b"Three"), more=(drawn_text(b"Checked by Ruth"),))
    assert read(data).text == "One\nTwo\nThree\nChecked by Ruth"


@pytest.mark.parametrize(
    ("kind", "flags"),
    [(b"FreeText", 2), (b"FreeText", 32), (b"Text", 4), (b"Popup", 4), (b"Highlight", 4)],
)
def test_comments_that_are_not_on_the_page(kind: bytes, flags: int) -> None:
    """Hidden comments, and those that viewers show in a window, are no text of the page."""
    note = NOTE % (kind, flags, b"Secret", b"/QuadPoints[60 620 300 620 60 600 300 600]")
    assert read(page(note, labels=(b"One", b"Two", b"Three"))).text == "One\nTwo\nThree"


def test_forms_are_drawn() -> None:
    """`force_ocr` sees the values too: there is ink where the field is."""
    data = page(field(0, b"/FT/Tx/T(n)/V(Okonkwo)"), labels=(b"", b"", b""))
    pixels = pdf.read(data, 1, SIGHT).pixels
    assert pixels is not None
    rows, columns = (pixels.min(axis=2) < 128).nonzero()
    left, top = columns.min() * 72 / 200, 842 - rows.min() * 72 / 200
    assert (200 < left < 210, 700 < top < 714) == (True, True)


@pytest.mark.usefixtures("fake")
def test_searchable(client: FlaskClient, ada: dict[str, Any]) -> None:
    """Values can be found in a searchable file, once, and the form can still be filled in."""
    data = page(field(0, b"/FT/Tx/T(n)/V(Okonkwo)"), labels=(b"Surname", b"City", b"End"))
    headers = {**ada["headers"], "Content-Type": "application/pdf", "Accept": "application/pdf"}
    written = client.post("/api/v1/ocr", data=data, headers=headers).get_data()
    document = pypdfium2.PdfDocument(written)
    words = document[0].get_textpage().get_text_range().split()
    assert words == ["Surname", "City", "End", "Okonkwo"]
    assert document.get_formtype() == pypdfium2.raw.FORMTYPE_ACRO_FORM
    assert read(written).text.count("Okonkwo") == 1


def test_a_filled_form(shared: Path) -> None:
    """A form that a library wrote is read with its values."""
    found = read((shared / "data" / "reports" / "acroform_filled.pdf").read_bytes())
    lines = found.text.splitlines()
    assert {"Surname Okonkwo-Lindqvist", "City Aberystwyth", "Reference QX-77193"} <= set(lines)
