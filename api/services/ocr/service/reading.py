"""Opens files page by page in a guest, and reads each page."""

from collections.abc import Iterator
from dataclasses import replace

from api.enginekit import guests
from api.enginekit.pages import Line, Polygon, Word
from api.enginekit.stopwatch import Stopwatch
from api.errors import TooLarge
from api.services.ocr import guest
from api.services.ocr.engines import Picture
from api.services.ocr.guest import Limits, Sheet, check_letters
from api.services.ocr.service.choice import Readers
from api.services.ocr.service.document import TEXT_LAYER, Document, Page
from api.services.ocr.service.mixing import in_order, is_to_be_read, letters_in
from api.services.ocr.service.notes import unknown, with_notes
from api.services.ocr.service.trust import is_wrong
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
    for number, (sheet, count) in enumerate(_sheets(data, limits, readers, watch), 1):
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


def _sheets(
    data: bytes, limits: Limits, readers: Readers, watch: Stopwatch
) -> Iterator[tuple[Sheet, int]]:
    """Each page, and how many there are."""
    with watch.stage("decode"):
        count, sheet = guests.call(guest.first, data, limits, seconds=OPENING_S, lost=_lost())
    for number in range(1, count + 1):
        args = data, number, limits
        if number > 1:
            with watch.stage("decode"):
                sheet = guests.call(guest.page, *args, seconds=OPENING_S, lost=_lost())
        if sample := sheet.sample:
            with watch.stage("infer"):
                wrong = is_wrong(sample, readers)
            if wrong:
                with watch.stage("decode"):
                    sheet = guests.call(guest.distrusted, *args, seconds=OPENING_S, lost=_lost())
            else:
                limits = replace(limits, trusted=limits.trusted | sample.fonts)
        yield sheet, count


def _lost() -> TooLarge:
    return TooLarge("Reading the file takes too much time or memory.", "document_too_complex")


def _page(number: int, sheet: Sheet, readers: Readers) -> Page:
    engine, rotation = TEXT_LAYER, 0
    read: tuple[Line, ...] = ()
    if sheet.pixels is not None and is_to_be_read(sheet):
        engine, reading = readers.read(sheet.pixels)
        read = _placed(reading.lines, sheet, sheet.pixels)
        rotation = reading.rotation
    if letters_in(read) < letters_in(sheet.lines):
        engine, rotation = engine if read else TEXT_LAYER, 0
    notes = unknown(sheet.notes, sheet.lines)
    lines = with_notes(in_order(sheet.lines, read, rotation), notes)
    added = (*read, *(line for note in notes for line in note))
    return Page(number, sheet.width, sheet.height, rotation, engine, lines, added)


def _placed(lines: tuple[Line, ...], sheet: Sheet, picture: Picture) -> tuple[Line, ...]:
    """Return lines of a picture with polygons in pixels of the page as it was sent."""
    left, top, right, bottom = sheet.area or (0, 0, sheet.width, sheet.height)
    height, width = picture.shape[:2]
    grown = (right - left) / width, (bottom - top) / height

    def moved(polygon: Polygon) -> Polygon:
        one, two, three, four = (
            (round(left + x * grown[0], 1), round(top + y * grown[1], 1)) for x, y in polygon
        )
        return one, two, three, four

    def placed(word: Word) -> Word:
        return Word(word.text, round(word.confidence, 4), moved(word.polygon))

    return tuple(
        Line(
            line.text,
            round(line.confidence, 4),
            moved(line.polygon),
            tuple(placed(word) for word in line.words),
        )
        for line in lines
    )
