"""Text that is there for searching and copying, and cannot be seen.

Every character is the same glyph of a font with a table that says what it stands for, so that any
language can be written with a font of a few kilobytes.
"""

import ctypes
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont
from pypdfium2 import raw

from api.enginekit.pages import Line, Point, Word

# A glyph of Pillow's own font (Aileron, public domain) that is not empty.
GLYPH = 36
ADVANCE = 0.639  # from one to the next, as a share of the size
# The baseline lies so far up in a word's box; above it are its letters.
BASELINE = 0.2
# Places are handed over as whole numbers, of so many to the pixel.
FINE = 8
# The most entries in a block of a character map.
BLOCK = 100
BEGIN = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
"""
END = "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"


class Text(NamedTuple):
    """Lines for a page, with the size in pixels in which they are placed.

    `replaces`: whether invisible text that is there already makes room.
    """

    page: Any
    size: tuple[int, int]
    lines: tuple[Line, ...]
    replaces: bool = True


def write_text(document: Any, texts: Iterable[Text]) -> None:
    """Write lines on their pages, and close these."""
    font = _font(document)
    try:
        for text in texts:
            if text.replaces:
                _remove_invisible(text.page)
            for word in (word for line in text.lines for word in line.words):
                _write(document, font, text, word)
            text.page.gen_content()
            text.page.close()
    finally:
        raw.FPDFFont_Close(font)


def _remove_invisible(page: Any) -> None:
    for old in list(page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=1)):
        if raw.FPDFTextObj_GetTextRenderMode(old) == raw.FPDF_TEXTRENDERMODE_INVISIBLE:
            page.remove_obj(old)


def _font(document: Any) -> Any:
    font: Any = ImageFont.load_default(10)
    data = font.path.getvalue()
    glyphs = np.full(0x10000, GLYPH, ">u2").tobytes()
    return raw.FPDFText_LoadCidType2Font(
        document, _array(data), len(data), _meanings(), _array(glyphs), len(glyphs)
    )


def _array(data: bytes) -> Any:
    return (ctypes.c_ubyte * len(data)).from_buffer_copy(data)


@cache
def _meanings() -> bytes:
    """A character map in which every code of 16 bits stands for its Unicode character."""
    rows = [
        f"<{high:02X}00> <{high:02X}FF> <{high:02X}00>"
        for high in (*range(0xD8), *range(0xE0, 0x100))
    ]
    blocks = (rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK))
    written = (f"{len(block)} beginbfrange\n" + "\n".join(block) for block in blocks)
    return (BEGIN + "\nendbfrange\n".join(written) + "\nendbfrange\n" + END).encode()


def _write(document: Any, font: Any, on: Text, word: Word) -> None:
    # The space keeps words apart for programs that go by characters alone.
    codes = [min(ord(sign), 0xFFFD) for sign in f"{word.text} "]
    text = raw.FPDFPageObj_CreateTextObj(document, font, 1.0)
    raw.FPDFText_SetCharcodes(text, (ctypes.c_uint * len(codes))(*codes), len(codes))
    raw.FPDFTextObj_SetTextRenderMode(text, raw.FPDF_TEXTRENDERMODE_INVISIBLE)
    top, _, end, foot = (_place(on.page, on.size, corner) for corner in word.polygon)
    along = (end - foot) / ((len(codes) - 1) * ADVANCE)
    up = (1 - BASELINE) * (top - foot)
    origin = foot + BASELINE * (top - foot)
    raw.FPDFPageObj_SetMatrix(text, raw.FS_MATRIX(*along, *up, *origin))
    raw.FPDFPage_InsertObject(on.page, text)


def _place(page: Any, size: tuple[int, int], corner: Point) -> NDArray[np.float64]:
    """A point in pixels of the page's picture, in the page's own space."""
    x, y = ctypes.c_double(), ctypes.c_double()
    fine = (FINE * side for side in size)
    at = (round(FINE * part) for part in corner)
    raw.FPDF_DeviceToPage(page, 0, 0, *fine, 0, *at, x, y)
    return np.array([x.value, y.value])
