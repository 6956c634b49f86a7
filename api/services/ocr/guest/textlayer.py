"""The text that a page of a PDF file already has, with the places of its words."""

import ctypes
import string
from collections.abc import Callable, Iterable
from typing import Any

from pypdfium2 import raw

from api.enginekit.pages import Line, Point, Polygon, Word
from api.services.ocr.guest.letters import Box, Letter, parts

# Fewer letters than this on a scan are a stamp or a page number that some program has put there.
STAMP_LETTERS = 50
SCAN_SHARE = 0.5
# Fonts that do not tell their letters give signs without a meaning.
MOST_MEANINGLESS = 0.2
PRIVATE = range(0xE000, 0xF900)

Projection = Callable[[list[Box]], Polygon]


def lines_of(letters: Iterable[Letter], to_pixels: Projection) -> tuple[Line, ...]:
    """Return the lines in the order of their letters."""
    lines = (_line(group, to_pixels) for group in parts(letters, "\r\n"))
    return tuple(line for line in lines if line)


def is_useful(letters: list[Letter], page: Any) -> bool:
    """Return whether there is text that means something and is more than a stamp on a scan."""
    signs = [letter.sign for letter in letters if not letter.sign.isspace()]
    meaningless = sum(1 for sign in signs if not _means_something(sign))
    if not signs or meaningless > MOST_MEANINGLESS * len(signs):
        return False
    return len(signs) >= STAMP_LETTERS or not _is_scan(page)


def _means_something(sign: str) -> bool:
    return sign.isprintable() and sign != "\ufffd" and ord(sign) not in PRIVATE


def _is_scan(page: Any) -> bool:
    """Whether one picture covers most of the page."""
    width, height = page.get_size()
    for picture in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]):
        left, bottom, right, top = picture.get_bounds()
        if (right - left) * (top - bottom) > SCAN_SHARE * width * height:
            return True
    return False


def _line(letters: list[Letter], to_pixels: Projection) -> Line | None:
    groups = parts(letters, string.whitespace + "\xa0")
    words = tuple(word for group in groups if (word := _word(group, to_pixels)))
    if not words:
        return None
    box = to_pixels([letter.box for letter in letters if not letter.sign.isspace()])
    return Line(" ".join(word.text for word in words), 1.0, box, words)


def _word(letters: list[Letter], to_pixels: Projection) -> Word | None:
    # What is no character by itself (half of a pair, a control sign) cannot be told in JSON.
    joined = "".join(letter.sign for letter in letters).encode("utf-16", "surrogatepass")
    text = "".join(sign for sign in joined.decode("utf-16", "ignore") if sign.isprintable())
    return Word(text, 1.0, to_pixels([letter.box for letter in letters])) if text else None


def projection(page: Any, width: int, height: int) -> Projection:
    """Return what turns boxes in the page's space into the polygon around them in its pixels."""

    def pixel(x: float, y: float) -> Point:
        at_x, at_y = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page, 0, 0, width, height, 0, x, y, at_x, at_y)
        return float(min(max(at_x.value, 0), width)), float(min(max(at_y.value, 0), height))

    def polygon(boxes: list[Box]) -> Polygon:
        lefts, bottoms, rights, tops = zip(*boxes, strict=True)
        one, other = pixel(min(lefts), max(tops)), pixel(max(rights), min(bottoms))
        left, right = sorted((one[0], other[0]))
        top, bottom = sorted((one[1], other[1]))
        return (left, top), (right, top), (right, bottom), (left, bottom)

    return polygon
