"""A page of a PDF file: its text where it has some, and a picture of what that does not say."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from api.errors import TooLarge
from api.services.ocr.guest import annotations, bare, textlayer
from api.services.ocr.guest.annotations import Annotations
from api.services.ocr.guest.letters import letters_of
from api.services.ocr.guest.paper import is_paper
from api.services.ocr.guest.projection import Projection
from api.services.ocr.guest.sheet import Sheet
from api.services.ocr.guest.unread import unread

# A page with so many letters is worth reading without its photographs, and without images that
# are too large. One with fewer may be a scan with a stamp.
ENOUGH_LETTERS = 200


class Frame(NamedTuple):
    """The size of a page's picture, and its pixels per point."""

    width: int
    height: int
    scale: float


def seen(page: Any, frame: Frame) -> Sheet:
    """Return the picture of the whole page."""
    return Sheet(frame.width, frame.height, bare.render(page, frame.scale))


def read(page: Any, notes: Annotations, frame: Frame, check_images: Callable[[], None]) -> Sheet:
    """Return the text of the page, and a picture of what is not in its text layer.

    Raises:
        TooLarge: there is too much of it, or `check_images` says so of what must be looked at.
    """
    owners = annotations.owners(page) if notes.drawn else {}
    letters = letters_of(page, owners)
    content = [letter for letter in letters if not letter.owner]
    to_pixels = Projection(page, frame.width, frame.height)
    lines = textlayer.lines_of(content, to_pixels) if textlayer.means_something(content) else ()
    text = Sheet(
        frame.width, frame.height, lines=lines, notes=annotations.lines(letters, notes, to_pixels)
    )
    mask = unread(page, letters, to_pixels, frame.scale) if lines else None
    if lines and mask is None:
        return text
    try:
        check_images()
    except TooLarge:
        if lines and len(content) >= ENOUGH_LETTERS:
            return text
        raise
    if mask is None:
        bare.hide(page, owners)
        return replace(text, pixels=bare.render(page, frame.scale))
    if len(content) >= ENOUGH_LETTERS and not is_paper(bare.thumbnail(page, mask)):
        return text
    pixels, area = bare.rest(page, lines + text.notes, frame.scale, mask)
    return replace(text, pixels=pixels, area=area)
