"""Bytes before and after a PDF file, which printers, scanners and mail programs leave there."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from flask.testing import FlaskClient
from PIL import Image, PngImagePlugin

from api.services.ocr import guest

PATH = "/api/v1/ocr"
Maker = Callable[..., bytes]
BEFORE = {
    "pjl": b'\x1b%-12345X@PJL JOB NAME="scan"\r\n@PJL ENTER LANGUAGE=PDF\r\n',
    "byte-order-mark": b"\xef\xbb\xbf",
    "mail": b"Content-Type: application/pdf\r\nContent-Disposition: attachment\r\n\r\n",
    "blank-lines": b"\r\n" * 400,
    "macbinary": bytes(128),
    "as-far-as-viewers-look": b"x" * 1024,
}


def send(client: FlaskClient, person: dict[str, Any], data: bytes, **headers: str) -> Any:
    """A document as a multipart field of no particular type."""
    form = {"image": (io.BytesIO(data), "x", "application/octet-stream")}
    return client.post(PATH, data=form, headers={**person["headers"], **headers})


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize("before", BEFORE.values(), ids=list(BEFORE))
def test_bytes_before_and_after(
    client: FlaskClient, ada: dict[str, Any], pdf: Maker, before: bytes
) -> None:
    """The text is read, the file is kept whole as a PDF, and a searchable one is written."""
    data = before + pdf(["Hello"]) + b"\r\n\x1b%-12345X" + bytes(9000)
    answer = send(client, ada, data).get_json()
    assert (answer["text"], answer["pages"][0]["engine"]) == ("Hello", "text_layer")
    kept = client.get(f"/api/v1/history/{answer['id']}/input", headers=ada["headers"])
    assert (kept.mimetype, kept.get_data()) == ("application/pdf", data)
    written = send(client, ada, data, Accept="application/pdf").get_data()
    assert written.startswith(b"%PDF-")
    assert pypdfium2.PdfDocument(written)[0].get_textpage().get_text_range() == "Hello"


@pytest.mark.usefixtures("fake")
def test_a_file_from_a_printer(client: FlaskClient, ada: dict[str, Any], shared: Path) -> None:
    """A job that was captured on its way to a printer is read."""
    data = (shared / "data" / "reports" / "pjl_header.pdf").read_bytes()
    answer = send(client, ada, data)
    assert (answer.status_code, answer.get_json()["pages"][0]["engine"]) == (200, "text_layer")


def test_what_begins_later_is_no_pdf_file(pdf: Maker) -> None:
    """Beyond the first kilobyte, and within an image, it is not looked for."""
    assert not guest.is_pdf(b"x" * 1025 + pdf(["Hello"]))
    note = PngImagePlugin.PngInfo()
    note.add_text("Comment", "made from %PDF-1.4")
    out = io.BytesIO()
    Image.new("L", (9, 9)).save(out, "PNG", pnginfo=note)
    assert b"%PDF-" in out.getvalue()[:1024]
    assert not guest.is_pdf(out.getvalue())
