"""The text that a page of a PDF file already has, with the places of its words."""

import ctypes
import string
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import groupby
from typing import Any, NamedTuple

from pypdfium2 import raw

from api.enginekit.memory import limited_to
from api.enginekit.pages import Line, Point, Polygon, Word
from api.errors import TooLarge

# Fewer letters than this on a scan are a stamp or a page number that some program has put there.
STAMP_LETTERS = 50
SCAN_SHARE = 0.5
# Fonts that do not tell their letters give signs without a meaning.
MOST_MEANINGLESS = 0.2
PRIVATE = range(0xE000, 0xF900)
HYPHENS = (0x02, 0xAD, 0xFFFE)
# A page of a newspaper has 40,000. They are counted before any of them is looked at; pdfium takes
# 120 bytes and half a microsecond for each until then.
MOST_LETTERS = 80_000
COUNTING_MB = 60

Box = tuple[float, float, float, float]
Projection = Callable[[list[Box]], Polygon]


class _Letter(NamedTuple):
    """A sign and its box in the page's own space: left, bottom, right, top."""

    sign: str
    box: Box


def lines_of(page: Any, width: int, height: int) -> tuple[Line, ...]:
    """Return the lines in the file's order, with polygons in pixels of a picture of this size.

    Empty where the text is of no use: none, only signs without a meaning, a stamp on a scan.

    Raises:
        TooLarge: there is too much of it.
    """
    with _text(page) as text:
        letters = list(_letters(text))
    if not _useful(letters, page):
        return ()
    to_pixels = _projection(page, width, height)
    lines = (_line(group, to_pixels) for group in _groups(letters, "\r\n"))
    return tuple(line for line in lines if line)


def count_of(page: Any) -> int:
    """Return how many characters the page has. Raises TooLarge where they are too many."""
    with _text(page) as text:
        return int(text.count_chars())


@contextmanager
def _text(page: Any) -> Iterator[Any]:
    with limited_to(COUNTING_MB), closing(page.get_textpage()) as text:
        if text.count_chars() > MOST_LETTERS:
            raise TooLarge(
                "A page of the document has more than %(limit)s characters.",
                "too_much_text",
                limit=MOST_LETTERS,
            )
        yield text


def _letters(text: Any) -> Iterator[_Letter]:
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    for n in range(text.count_chars()):
        sign = _sign(raw.FPDFText_GetUnicode(text, n))
        raw.FPDFText_GetCharBox(text, n, left, right, bottom, top)
        yield _Letter(sign, (left.value, bottom.value, right.value, top.value))


def _sign(code: int) -> str:
    if code in HYPHENS:
        return "-"
    if 0xD800 <= code <= 0xDFFF:  # half of a sign beyond the basic plane; UTF-8 has no halves
        return "\ufffd"
    return chr(code) if code <= sys.maxunicode else ""


def _useful(letters: list[_Letter], page: Any) -> bool:
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


def _groups(letters: Iterable[_Letter], between: str) -> Iterator[list[_Letter]]:
    """The letters that stand between these signs."""
    for apart, group in groupby(letters, lambda letter: letter.sign in between):
        if not apart:
            yield list(group)


def _line(letters: list[_Letter], to_pixels: Projection) -> Line | None:
    groups = _groups(letters, string.whitespace + "\xa0")
    words = tuple(word for group in groups if (word := _word(group, to_pixels)))
    if not words:
        return None
    box = to_pixels([letter.box for letter in letters if not letter.sign.isspace()])
    return Line(" ".join(word.text for word in words), 1.0, box, words)


def _word(letters: list[_Letter], to_pixels: Projection) -> Word | None:
    # What is no character by itself (half of a pair, a control sign) cannot be told in JSON.
    joined = "".join(letter.sign for letter in letters).encode("utf-16", "surrogatepass")
    text = "".join(sign for sign in joined.decode("utf-16", "ignore") if sign.isprintable())
    return Word(text, 1.0, to_pixels([letter.box for letter in letters])) if text else None


def _projection(page: Any, width: int, height: int) -> Projection:
    """From boxes in the page's space to the polygon around them in pixels of its picture."""

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
