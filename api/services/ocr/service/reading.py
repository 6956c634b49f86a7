"""Opens files page by page in a guest, and reads each page."""

from collections.abc import Iterator

from api.enginekit import guests
from api.enginekit.pages import Line, Polygon, Word
from api.enginekit.stopwatch import Stopwatch
from api.errors import TooLarge
from api.services.ocr import guest
from api.services.ocr.guest import Limits, Sheet, check_letters
from api.services.ocr.service.choice import Readers
from api.services.ocr.service.document import TEXT_LAYER, Document, Page
from api.services.ocr.service.notes import unknown, with_notes
from api.storage import File

OPENING_S = 4.0
COPYING_S = 10.0


def read(data: bytes, limits: Limits, readers: Readers, watch: Stopwatch) -> Document:
    """All that is written in a picture or document.

    One page at a time is in memory, and readers are lent page by page, so that a long document
    keeps nobody waiting.

    Raises:
        Unusable, TooLarge: it cannot be read, or is too large.
    """
    pages: list[Page] = []
    letters = 0
    for number, (sheet, count) in enumerate(_sheets(data, limits, watch), 1):
        with watch.stage("infer"):
            pages.append(_page(number, sheet, readers))
        letters += sum(len(line.text) for line in pages[-1].lines)
        check_letters(letters, limits)
        watch.progress(number, count)
    return Document(tuple(pages), readers.language)


def copy(data: bytes, pages: int) -> File:
    """Return the file as it is to be kept: a picture without its metadata.

    Raises:
        TooLarge: that takes too much time or memory.
    """
    return guests.call(guest.copy, data, seconds=COPYING_S + pages, lost=_lost())


def _sheets(data: bytes, limits: Limits, watch: Stopwatch) -> Iterator[tuple[Sheet, int]]:
    """Each page, and how many there are."""
    with watch.stage("decode"):
        count, sheet = guests.call(guest.first, data, limits, seconds=OPENING_S, lost=_lost())
    yield sheet, count
    for number in range(2, count + 1):
        with watch.stage("decode"):
            sheet = guests.call(guest.page, data, number, limits, seconds=OPENING_S, lost=_lost())
        yield sheet, count


def _lost() -> TooLarge:
    return TooLarge("Reading the file takes too much time or memory.", "document_too_complex")


def _page(number: int, sheet: Sheet, readers: Readers) -> Page:
    if sheet.pixels is None:
        notes = unknown(sheet.notes, sheet.lines)
        lines = with_notes(sheet.lines, notes)
        return Page(number, sheet.width, sheet.height, 0, TEXT_LAYER, lines, notes)
    engine, reading = readers.read(sheet.pixels)
    scale = sheet.width / sheet.pixels.shape[1], sheet.height / sheet.pixels.shape[0]
    lines = tuple(_scaled(line, scale) for line in reading.lines)
    return Page(number, sheet.width, sheet.height, reading.rotation, engine, lines, lines)


def _scaled(line: Line, scale: tuple[float, float]) -> Line:
    """The line with polygons in pixels of the page as it was sent."""
    words = tuple(
        Word(word.text, round(word.confidence, 4), _grown(word.polygon, scale))
        for word in line.words
    )
    return Line(line.text, round(line.confidence, 4), _grown(line.polygon, scale), words)


def _grown(polygon: Polygon, scale: tuple[float, float]) -> Polygon:
    one, two, three, four = ((round(x * scale[0], 1), round(y * scale[1], 1)) for x, y in polygon)
    return one, two, three, four
