"""PDF files: what they are known by, how many pages they have, and each of them."""

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import pypdfium2
from pypdfium2 import raw

from api.enginekit.memory import limited_to
from api.errors import TooLarge, Unusable
from api.services.ocr.guest import annotations, images, pdfpage
from api.services.ocr.guest.annotations import Annotations
from api.services.ocr.guest.letters import count_of
from api.services.ocr.guest.pdfpage import Frame, Opened
from api.services.ocr.guest.sheet import Limits, Sheet, check_count, check_letters, scale_to_fit

DOTS_PER_POINT = 200 / 72
# What a page may take to be parsed: a detailed map has hundreds of thousands of lines.
PARSING_MB = 240
# Pages of text take a millisecond each to be counted; detailed maps take much longer.
COUNTING_S = 0.5
MAGIC = b"%PDF-"
# Viewers look for the beginning among so many bytes: printers and mail programs put theirs before.
LONGEST_PREFIX = 1024
IMAGES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def is_pdf(data: bytes) -> bool:
    """Return whether a PDF file begins within the first kilobyte of something that is no image."""
    head = data[: LONGEST_PREFIX + len(MAGIC)]
    return MAGIC in head and not head.startswith(IMAGES) and head[4:8] != b"ftyp"


def count(data: bytes, limits: Limits) -> int:
    """How many pages it has. Raises Unusable, TooLarge."""
    with document(data) as opened:
        pages = len(opened)
        check_count(pages, limits)
        if not pages:
            raise Unusable("The PDF file has no pages.", "pdf_unreadable")
        if not limits.force_ocr:
            _count_letters(opened, limits)
    return pages


def _count_letters(opened: Any, limits: Limits) -> None:
    """Refuse a document with too much text before any of it is read, if that is soon found."""
    letters, until = 0, time.process_time() + COUNTING_S
    for number in range(1, len(opened) + 1):
        with closing(_page(opened, number)) as page:
            letters += count_of(page)
        check_letters(letters, limits)
        if time.process_time() > until:
            return


def read(data: bytes, number: int, limits: Limits, *, distrust: bool = False) -> Sheet:
    """Return one page, numbered from 1: read where it has a text layer, rendered where not.

    Args:
        data: the file.
        number: the page.
        limits: what it must keep to.
        distrust: whether text that may not be what is shown is left out, rather than sampled.

    Raises:
        Unusable, TooLarge: it cannot be read, or is too large.
    """
    with document(data) as opened, _drawn(opened, number, limits) as (page, notes):
        # The other way round, a size that is no number would pass.
        if not page.get_width() * page.get_height() <= limits.max_pixels:
            raise TooLarge("A page of the PDF file is too large.", "page_too_large")
        width, height, scale = size(page)
        if not page.get_width() * page.get_height():
            return Sheet(width, height)  # the crop box lies outside of the page

        def check() -> None:
            images.check(data, page, limits.max_pixels)

        frame = Frame(width, height, scale)
        loaded = Opened(page, notes, frame, check, limits.trusted)
        if limits.force_ocr:
            return pdfpage.seen(loaded)
        return pdfpage.read_distrusting(loaded) if distrust else pdfpage.read(loaded)


@contextmanager
def _drawn(opened: Any, number: int, limits: Limits) -> Iterator[tuple[Any, Annotations]]:
    """Load a page with its form fields; unless all is read by sight, annotations are content."""
    with ExitStack() as stack:
        with limited_to(PARSING_MB):
            opened.init_forms()
        page = stack.enter_context(closing(_page(opened, number)))
        notes = None if limits.force_ocr else annotations.flatten(opened, page)
        if notes:
            stack.close()
            page = stack.enter_context(closing(_page(opened, number)))
        yield page, notes or Annotations()


def _page(opened: Any, number: int) -> Any:
    with limited_to(PARSING_MB):
        return opened[number - 1]


def size(page: Any) -> tuple[int, int, float]:
    """Width and height of the page's picture, and its pixels per point."""
    wide, high = page.get_size()
    scale = DOTS_PER_POINT * scale_to_fit(wide * DOTS_PER_POINT, high * DOTS_PER_POINT)
    return max(1, math.ceil(wide * scale)), max(1, math.ceil(high * scale)), scale


@contextmanager
def document(data: bytes) -> Iterator[Any]:
    """The opened file.

    Raises:
        Unusable: it is broken, or locked with a password.
    """
    try:
        with closing(pypdfium2.PdfDocument(data)) as opened:
            yield opened
    except pypdfium2.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise Unusable("The PDF file is protected with a password.", "pdf_locked") from None
        raise Unusable("The PDF file cannot be read.", "pdf_unreadable") from None
