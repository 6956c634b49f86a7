"""A page as it leaves the child process, and what it must keep to."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from api.enginekit.pages import Line
from api.errors import TooMuchAtOnce

# Finer pages are made coarser before they are read: it costs time and no letter is read better.
MOST_PIXELS = 8_000_000
LONGEST_SIDE = 8192
# What a dense page of A4 has; a document may have so many for each page that it may have.
LETTERS_PER_PAGE = 6_000
MOST_LETTERS = 2_000_000


@dataclass(frozen=True)
class Limits:
    """The largest page in pixels, the most pages; whether text layers are to be ignored.

    `trusted`: the fonts whose letters are what is shown, even if they make no words.
    """

    max_pixels: int
    max_pages: int
    force_ocr: bool = False
    trusted: frozenset[str] = frozenset()

    @property
    def max_letters(self) -> int:
        """The most characters of a document: each of them costs memory and room in the answer."""
        return min(LETTERS_PER_PAGE * self.max_pages, MOST_LETTERS)


@dataclass(frozen=True)
class Sample:
    """What lines of a text layer say, a picture of them, and the names of their fonts."""

    text: str
    pixels: NDArray[np.uint8]
    fonts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Sheet:
    """A page of so many pixels: its text layer, and a picture of what that does not say.

    Attributes:
        width: pixels of the page.
        height: the same.
        pixels: the picture (height, width, 3: red, green, blue), which may be coarser.
        area: what part of the page the picture shows: left, top, right, bottom. None: all.
        lines: the lines of the text layer.
        notes: the lines of each value of a form field, or comment, which the layer does not have.
        sample: lines of the layer that may not say what the page shows.
    """

    width: int
    height: int
    pixels: NDArray[np.uint8] | None = None
    area: tuple[int, int, int, int] | None = None
    lines: tuple[Line, ...] = ()
    notes: tuple[tuple[Line, ...], ...] = ()
    sample: Sample | None = None


def check_count(pages: int, limits: Limits) -> None:
    """Raises TooMuchAtOnce where there are too many pages."""
    if pages > limits.max_pages:
        raise TooMuchAtOnce(
            "The document has more than %(limit)s pages.",
            "too_many_pages",
            limit=limits.max_pages,
        )


def check_letters(letters: int, limits: Limits) -> None:
    """Raises TooMuchAtOnce where a document has too many of them."""
    if letters > limits.max_letters:
        raise TooMuchAtOnce(
            "The document has more than %(limit)s characters.",
            "too_much_text",
            limit=limits.max_letters,
        )


def scale_to_fit(width: float, height: float) -> float:
    """What to multiply the sides with so that the page is no finer than is of use; at most 1."""
    area = math.sqrt(MOST_PIXELS / max(1.0, width * height))
    return min(1.0, area, LONGEST_SIDE / max(1.0, width, height))
