"""A page of a PDF file: its text where it has some, and a picture of what that does not say."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from api.errors import TooLarge
from api.services.ocr.guest import annotations, bare, textlayer
from api.services.ocr.guest.annotations import Annotations
from api.services.ocr.guest.doubt import doubtful, sample_of
from api.services.ocr.guest.letters import Letter, address, letters_of, style_of
from api.services.ocr.guest.paper import is_paper
from api.services.ocr.guest.projection import Projection
from api.services.ocr.guest.sheet import Sheet
from api.services.ocr.guest.unread import cells, unread

# A page with so many letters is worth reading without its photographs, and without images that
# are too large. One with fewer may be a scan with a stamp.
ENOUGH_LETTERS = 200
# With a smaller share of trusted letters, a page is read by sight as a whole.
LEAST_TRUSTED = 0.3
Check = Callable[[], None]


class Frame(NamedTuple):
    """The size of a page's picture, and its pixels per point."""

    width: int
    height: int
    scale: float


class _Text(NamedTuple):
    """The letters of a page, and the text objects of its annotations; what these say is known."""

    letters: list[Letter]
    owners: dict[int, int]
    to_pixels: Projection
    sheet: Sheet

    @property
    def content(self) -> list[Letter]:
        return [letter for letter in self.letters if not letter.owner]

    def lines(self, letters: Iterable[Letter]) -> Sheet:
        return replace(self.sheet, lines=textlayer.lines_of(letters, self.to_pixels))


def seen(page: Any, frame: Frame) -> Sheet:
    """Return the picture of the whole page."""
    return Sheet(frame.width, frame.height, bare.render(page, frame.scale))


def read(
    page: Any,
    notes: Annotations,
    frame: Frame,
    check_images: Check,
    trusted: frozenset[str] = frozenset(),
) -> Sheet:
    """Return the text of the page, and a picture of what is not in its text layer.

    Args:
        page: the page.
        notes: what its annotations say.
        frame: its size.
        check_images: raises TooLarge if one cannot be looked at.
        trusted: the fonts of which no sample is wanted.

    Raises:
        TooLarge: there is too much of it, or `check_images` says so of what must be looked at.
    """
    text = _text(page, notes, frame)
    if not textlayer.means_something(text.content):
        check_images()
        return _by_sight(page, text, frame)
    sheet = text.lines(text.content)
    part = unread(page, text.letters, text.to_pixels, frame.scale)
    doubted = doubtful(text.content, trusted)
    if part is None and not doubted:
        return sheet
    is_long = len(text.content) >= ENOUGH_LETTERS
    try:
        check_images()
    except TooLarge:
        if is_long:
            return sheet
        raise
    if doubted:
        lines = text.lines(letter for letter in text.content if letter.style in {0, *doubted}).lines
        sheet = replace(sheet, sample=sample_of(lines, bare.render(page, frame.scale), doubted))
    if part is None or (is_long and not is_paper(bare.thumbnail(page, part))):
        return sheet
    pixels, area = bare.rest(page, sheet.lines + sheet.notes, frame.scale, part)
    return replace(sheet, pixels=pixels, area=area)


def read_distrusting(
    page: Any,
    notes: Annotations,
    frame: Frame,
    check_images: Check,
    trusted: frozenset[str] = frozenset(),
) -> Sheet:
    """Return the page as `read` does, without text that may not be what is shown."""
    text = _text(page, notes, frame)
    check_images()
    doubted = doubtful(text.content, trusted)
    right = [letter for letter in text.content if letter.style not in doubted]
    if len(right) < LEAST_TRUSTED * len(text.content):
        return _by_sight(page, text, frame)
    sheet = text.lines(right)
    everything = np.ones(cells(text.to_pixels), np.bool_)
    pixels, _ = bare.rest(
        page,
        sheet.lines + sheet.notes,
        frame.scale,
        everything,
        lambda one: address(one) in text.owners or style_of(one) not in doubted,
    )
    return replace(sheet, pixels=pixels)


def _text(page: Any, notes: Annotations, frame: Frame) -> _Text:
    owners = annotations.owners(page) if notes.drawn else {}
    letters = letters_of(page, owners)
    to_pixels = Projection(page, frame.width, frame.height)
    known = annotations.lines(letters, notes, to_pixels)
    return _Text(letters, owners, to_pixels, Sheet(frame.width, frame.height, notes=known))


def _by_sight(page: Any, text: _Text, frame: Frame) -> Sheet:
    bare.hide(page, lambda one: address(one) in text.owners)
    return replace(text.sheet, pixels=bare.render(page, frame.scale))
