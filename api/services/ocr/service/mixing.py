"""What a text layer says and what was read by sight become the lines of one page."""

from collections.abc import Sequence

import numpy as np

from api.enginekit.pages import Line, around
from api.services.ocr.engines.layout import reading_order
from api.services.ocr.engines.lines import line_of
from api.services.ocr.guest import ENOUGH_LETTERS, Sheet, is_paper
from api.services.ocr.service.has_text import has_text

# The share of a page that a scan covers.
SCAN_SHARE = 0.5
# Lines drawn on a page are of no matter: those of the scan are not known.
NO_RULES = np.empty((0, 2, 2))


def is_to_be_read(sheet: Sheet) -> bool:
    """Return whether the picture of a page, or of a part of it, may show text."""
    if sheet.pixels is None:
        return False
    if sheet.area is None or has_text(sheet.pixels):
        return True
    left, top, right, bottom = sheet.area
    covers = (right - left) * (bottom - top) >= SCAN_SHARE * sheet.width * sheet.height
    is_stamped = letters_in(sheet.lines) < ENOUGH_LETTERS
    return covers and is_stamped and is_paper(sheet.pixels.mean(axis=2).astype(np.uint8))


def letters_in(lines: Sequence[Line]) -> int:
    """Return how many characters lines have, spaces aside."""
    return sum(len(word.text) for line in lines for word in line.words)


def in_order(known: Sequence[Line], read: Sequence[Line], rotation: int) -> tuple[Line, ...]:
    """Return the lines of a text layer and those that were read as one reads them.

    Each keeps its own order if there is nothing of the other, or if what was read is not upright.
    """
    lines = (*read, *known)
    if not known or not read or rotation:
        return lines
    corners = np.array([line.polygon for line in lines])
    words = [line.text for line in lines]
    rows = reading_order(corners, words, range(len(lines)), NO_RULES)
    return tuple(_row([lines[n] for n in row]) for row in rows)


def _row(lines: list[Line]) -> Line:
    if len(lines) == 1:
        return lines[0]
    words = tuple(word for line in lines for word in line.words)
    return line_of(words, around(*(line.polygon for line in lines)))
