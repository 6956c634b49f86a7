"""Searchable PDF files: the pages as they were, with their text to find and copy."""

from api.enginekit import guests
from api.errors import TooLarge
from api.services.ocr import guest
from api.services.ocr.service.document import TEXT_LAYER, Document

PAGE_S = 10.0
DOCUMENT_S = 30.0
MOST_BYTES = 200_000_000


def searchable(data: bytes, document: Document) -> bytes:
    """A PDF file: the one that was read with text on the pages that had none, or one of pictures.

    Raises:
        TooLarge: it takes too much time or memory to write.
    """
    lost = TooLarge("Writing the file takes too much time or memory.", "document_too_complex")
    if guest.is_pdf(data):
        texts = {p.number: p.lines for p in document.pages if p.engine != TEXT_LAYER}
        return guests.call(guest.over_pdf, data, texts, seconds=DOCUMENT_S, lost=lost)
    pages: list[bytes] = []
    for page in document.pages:
        args = data, page.number, page.lines
        pages.append(guests.call(guest.over_picture, *args, seconds=PAGE_S, lost=lost))
        if sum(map(len, pages)) > MOST_BYTES:
            raise lost
    return guests.call(guest.joined, pages, seconds=DOCUMENT_S, lost=lost)
