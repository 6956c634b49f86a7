"""A page of a PDF file: its text where it has some, and a picture of what that does not say."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from api.enginekit.pages import Line
from api.errors import TooLarge
from api.services.ocr.guest import annotations, bare, textlayer
from api.services.ocr.guest.annotations import Annotations
from api.services.ocr.guest.doubt import doubtful, sample_of
from api.services.ocr.guest.letters import Letter, address, letters_of, style_of
from api.services.ocr.guest.paper import is_paper
from api.services.ocr.guest.projection import Projection
from api.services.ocr.guest.sheet import Sheet
from api.services.ocr.guest.unread import cells, places, unread

# A page with so many letters is worth reading without its photographs, and without images that
# are too large. One with fewer may be a scan with a stamp.
ENOUGH_LETTERS = 200


class Frame(NamedTuple):
    """The size of a page's picture, and its pixels per point."""

    width: int
    height: int
    scale: float


class Opened(NamedTuple):
    """A page that is loaded.

    Attributes:
        page: pdfium's page.
        notes: what its annotations say.
        frame: its size.
        check_images: raises TooLarge if one of its images cannot be looked at.
        trusted: the fonts whose letters are what is shown, even if they make no words.
    """

    page: Any
    notes: Annotations
    frame: Frame
    check_images: Callable[[], None]
    trusted: frozenset[str] = frozenset()


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


def seen(opened: Opened) -> Sheet:
    """Return the picture of the whole page. Raises TooLarge."""
    opened.check_images()
    page, frame = opened.page, opened.frame
    return Sheet(frame.width, frame.height, bare.render(page, frame.scale))


def read(opened: Opened) -> Sheet:
    """Return the text of the page, and a picture of what is not in its text layer.

    Raises:
        TooLarge: there is too much text, or an image is too large that must be looked at.
    """
    text = _text(opened)
    if not textlayer.means_something(text.content):
        return _by_sight(opened, text)
    sheet = text.lines(text.content)
    is_long = len(text.content) >= ENOUGH_LETTERS
    drawn = places(opened.page, with_drawings=not is_long)
    part = unread(drawn, text.letters, text.to_pixels, opened.frame.scale)
    doubted = doubtful(text.content, opened.trusted)
    if part is None and not doubted:
        return sheet
    try:
        opened.check_images()
    except TooLarge:
        if is_long:
            return sheet
        raise
    if doubted:
        lines = text.lines(letter for letter in text.content if letter.style in {0, *doubted}).lines
        whole = bare.render(opened.page, opened.frame.scale)
        sheet = replace(sheet, sample=sample_of(lines, whole, doubted))
    if part is None or (is_long and not is_paper(bare.thumbnail(opened.page, part))):
        return sheet
    pixels, area = bare.rest(opened.page, _known(sheet), opened.frame.scale, part)
    return replace(sheet, pixels=pixels, area=area)


def read_distrusting(opened: Opened) -> Sheet:
    """Return the page as `read` does, without text that may not be what is shown."""
    text = _text(opened)
    doubted = doubtful(text.content, opened.trusted)
    right = [letter for letter in text.content if letter.style not in doubted]
    if all(letter.sign.isspace() for letter in right):
        return _by_sight(opened, text)
    opened.check_images()
    sheet = text.lines(right)
    pixels, _ = bare.rest(
        opened.page,
        _known(sheet),
        opened.frame.scale,
        np.ones(cells(text.to_pixels), np.bool_),
        lambda one: address(one) in text.owners or style_of(one) not in doubted,
    )
    return replace(sheet, pixels=pixels)


def _text(opened: Opened) -> _Text:
    page, notes, (width, height, _) = opened.page, opened.notes, opened.frame
    owners = annotations.owners(page) if notes.drawn else {}
    letters = letters_of(page, owners)
    to_pixels = Projection(page, width, height)
    known = annotations.lines(letters, notes, to_pixels)
    return _Text(letters, owners, to_pixels, Sheet(width, height, notes=known))


def _known(sheet: Sheet) -> tuple[Line, ...]:
    return (*sheet.lines, *(line for note in sheet.notes for line in note))


def _by_sight(opened: Opened, text: _Text) -> Sheet:
    opened.check_images()
    bare.hide(opened.page, lambda one: address(one) in text.owners)
    return replace(text.sheet, pixels=bare.render(opened.page, opened.frame.scale))
