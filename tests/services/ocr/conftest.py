"""A server that only reads pages, with a reader that says what it was shown; PDF files."""

import ctypes
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdfium2 import raw

from api.config import Settings
from api.enginekit.pool import EnginePool
from api.services.ocr import engines

FAKES = dict.fromkeys(engines.ENGINES, "fake_reader:FakeReader")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A server that does nothing else, and takes documents of at most three pages."""
    services = ("accounts", "history", "ocr")
    return settings.model_copy(update={"services": services, "max_pages": 3})


@pytest.fixture
def fake(app: Flask) -> EnginePool:
    """The application's readers are fakes."""
    pool: EnginePool = app.extensions["pools"]["ocr"]
    made = EnginePool("ocr", FAKES, engines.chooser(app.config["SETTINGS"]), pool.store)
    app.extensions["pools"]["ocr"] = made
    return made


@pytest.fixture
def text_of_report(client: FlaskClient, ada: dict[str, Any], shared: Path) -> Callable[[str], str]:
    """Reads a PDF file that was made after a public bug report."""

    def read(name: str) -> str:
        data = (shared / "data" / "reports" / name).read_bytes()
        headers = {**ada["headers"], "Content-Type": "application/pdf"}
        answer = client.post("/api/v1/ocr", data=data, headers=headers)
        return str(answer.get_json()["text"])

    return read


@pytest.fixture
def pdf() -> Callable[..., bytes]:
    """Makes PDF files: a list of lines for each page, in visible Helvetica."""
    return make_pdf


def make_pdf(*pages: Sequence[str], rotation: int = 0, size: tuple[int, int] = (400, 300)) -> bytes:
    document = pypdfium2.PdfDocument.new()
    font = raw.FPDFText_LoadStandardFont(document, b"Helvetica")
    for lines in pages:
        page = document.new_page(*size)
        for n, line in enumerate(lines):
            text = raw.FPDFPageObj_CreateTextObj(document, font, 12.0)
            encoded = (line + "\0").encode("utf-16-le")
            raw.FPDFText_SetText(text, ctypes.cast(encoded, raw.FPDF_WIDESTRING))
            raw.FPDFPageObj_Transform(text, 1, 0, 0, 1, 36, size[1] - 50 - 20 * n)
            raw.FPDFPage_InsertObject(page, text)
        page.set_rotation(rotation)
        page.gen_content()
        page.close()
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()
