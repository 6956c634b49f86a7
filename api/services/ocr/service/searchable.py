"""Searchable PDF files: the pages as they were, with their text to find and copy."""

from api.enginekit import guests
from api.errors import TooLarge
from api.services.ocr import guest
from api.services.ocr.service.document import Document

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
        kept = frozenset(p.number for p in document.pages if p.keeps_text)
        pages = [page for page in document.pages if page.added or page.number not in kept]
        texts = {page.number: page.added for page in pages}
        return guests.call(guest.over_pdf, data, texts, kept, seconds=DOCUMENT_S, lost=lost)
    files: list[bytes] = []
    for page in document.pages:
        args = data, page.number, page.lines
        files.append(guests.call(guest.over_picture, *args, seconds=PAGE_S, lost=lost))
        if sum(map(len, files)) > MOST_BYTES:
            raise lost
    return guests.call(guest.joined, files, seconds=DOCUMENT_S, lost=lost)
