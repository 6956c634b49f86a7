"""Searchable PDF files: the picture of each page with its text over it, invisible."""

import io
import sys
from contextlib import closing
from typing import Any

import pypdfium2

from api.enginekit.image import read_image
from api.enginekit.pages import Line
from api.enginekit.resolution import dots_per_inch
from api.enginekit.transparency import over_contrast
from api.services.ocr.guest import pdf
from api.services.ocr.guest.invisible import Text, write_text

JPEG_QUALITY = 85
POINTS = 72  # in an inch


def over_picture(data: bytes, number: int, lines: tuple[Line, ...]) -> bytes:
    """A PDF file of one page, numbered from 1, of a picture that was read before."""
    picture = read_image(data, sys.maxsize, page=number - 1, over=over_contrast)
    dots = dots_per_inch(data, number - 1)
    picture.info.clear()  # a comment would be written too
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=JPEG_QUALITY)
    width, height = (POINTS * side / dots for side, dots in zip(picture.size, dots, strict=True))
    with closing(pypdfium2.PdfDocument.new()) as document:
        page = document.new_page(width, height)
        image = pypdfium2.PdfImage.new(document)
        image.load_jpeg(file, inline=True)
        image.set_matrix(pypdfium2.PdfMatrix().scale(width, height))
        page.insert_obj(image)
        write_text(document, [Text(page, picture.size, lines)])
        return _saved(document)


def over_pdf(
    data: bytes, texts: dict[int, tuple[Line, ...]], kept: frozenset[int] = frozenset()
) -> bytes:
    """Return the PDF file with text added to these pages, numbered from 1.

    Args:
        data: the file.
        texts: what to add to which page.
        kept: the pages whose invisible text stays; on the others it makes room.
    """
    with pdf.document(data) as document:
        pages = ((number, document[number - 1]) for number in texts)
        write_text(
            document,
            (Text(page, pdf.size(page)[:2], texts[n], n not in kept) for n, page in pages),
        )
        return _saved(document)


def joined(files: list[bytes]) -> bytes:
    """One PDF file with the pages of all of them."""
    with closing(pypdfium2.PdfDocument.new()) as document:
        for file in files:
            with pdf.document(file) as part:
                document.import_pages(part)
        return _saved(document)


def _saved(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
