"""The letters that a page of a PDF file has in its text layer, with their places."""

import ctypes
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import groupby
from typing import Any, NamedTuple

from pypdfium2 import raw

from api.enginekit.memory import limited_to
from api.errors import TooLarge

HYPHENS = (0x02, 0xAD, 0xFFFE)
# A page of a newspaper has 40,000. They are counted before any of them is looked at; pdfium takes
# 120 bytes and half a microsecond for each until then.
MOST_LETTERS = 80_000
COUNTING_MB = 60

# left, bottom, right, top in the page's own space
Box = tuple[float, float, float, float]


class Letter(NamedTuple):
    """A sign and its box.

    `owner`: the number of the annotation that shows it, 0 for the page itself. `style`: see
    `style_of`; it is that of the first letter of the line.
    """

    sign: str
    box: Box
    owner: int = 0
    style: int = 0


def letters_of(page: Any, owners: dict[int, int] | None = None) -> list[Letter]:
    """Return the letters in the file's order. `owners`: annotations by the text objects they show.

    Raises:
        TooLarge: there are too many.
    """
    with _text(page) as text:
        return list(_letters(text, owners or {}))


def count_of(page: Any) -> int:
    """Return how many characters the page has. Raises TooLarge if they are too many."""
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


def _letters(text: Any, owners: dict[int, int]) -> Iterator[Letter]:
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    owner, style, loose = 0, 0, raw.FS_RECTF()
    for n in range(text.count_chars()):
        sign = _sign(raw.FPDFText_GetUnicode(text, n))
        if sign in "\r\n":
            style = 0
        elif not style and (first := raw.FPDFText_GetTextObject(text, n)):
            style = style_of(first)
        if owners and (shown_by := address(raw.FPDFText_GetTextObject(text, n))):
            owner = owners.get(shown_by, 0)  # signs that pdfium adds go with those before
        if owner:  # as high as its line, so that asterisks stand beside their label
            raw.FPDFText_GetLooseCharBox(text, n, loose)
            yield Letter(sign, (loose.left, loose.bottom, loose.right, loose.top), owner)
            continue
        raw.FPDFText_GetCharBox(text, n, left, right, bottom, top)
        yield Letter(sign, (left.value, bottom.value, right.value, top.value), 0, style)


def address(handle: Any) -> int:
    """Return what tells a page object from the others; 0 for none."""
    return ctypes.cast(handle, ctypes.c_void_p).value or 0


def style_of(text: Any) -> int:
    """Return what tells the font of a text object from others; odd if it cannot be seen."""
    mode = raw.FPDFTextObj_GetTextRenderMode(text)
    is_invisible = mode == raw.FPDF_TEXTRENDERMODE_INVISIBLE
    return 2 * address(raw.FPDFTextObj_GetFont(text)) + int(is_invisible)


def font_of(style: int) -> str:
    """Return the name of the font of a style; "" if it has none."""
    font = ctypes.cast(style // 2, raw.FPDF_FONT)
    size = raw.FPDFFont_GetBaseFontName(font, None, 0)
    name = ctypes.create_string_buffer(size)
    raw.FPDFFont_GetBaseFontName(font, name, size)
    return name.value.decode("utf-8", "replace")


def _sign(code: int) -> str:
    if code in HYPHENS:
        return "-"
    if 0xD800 <= code <= 0xDFFF:  # half of a sign beyond the basic plane; UTF-8 has no halves
        return "\ufffd"
    return chr(code) if code <= sys.maxunicode else ""


def spread(text: str, box: Box) -> list[Letter]:
    """Return the letters of a text that fills a box: lines one below the other, letters evenly."""
    left, bottom, right, top = box
    lines = text.splitlines()
    high, found = (top - bottom) / max(1, len(lines)), []
    for n, line in enumerate(lines):
        wide, under = (right - left) / max(1, len(line)), top - (n + 1) * high
        for place, sign in enumerate(line):
            start = left + place * wide
            found.append(Letter(sign, (start, under, start + wide, under + high)))
        found.append(Letter("\n", box))
    return found


def parts(letters: Iterable[Letter], between: str) -> Iterator[list[Letter]]:
    """Yield the letters that stand between these signs."""
    for apart, group in groupby(letters, lambda letter: letter.sign in between):
        if not apart:
            yield list(group)
