"""The sizes of the pictures within a PDF file, told before one of them is decoded."""

import ctypes
import re
import struct
from collections.abc import Iterator
from typing import Any

from pypdfium2 import raw

from api.enginekit import jpeg
from api.enginekit.image import check_size

Size = tuple[int, int]
STREAM = re.compile(rb">>\s*stream\r?\n")
WIDTH, HEIGHT = (re.compile(rb"/%s\s+(\d{1,9})" % name) for name in (b"Width", b"Height"))
# The dictionary of a picture is shorter than this.
DICTIONARY = 4096
# The beginning of a JPEG 2000 codestream; what its header says counts, not the dictionary.
JPEG_2000 = re.compile(rb"\xff\x4f\xff\x51\0...(.{16})", re.DOTALL)
# Forms may hold forms. pdfium goes no deeper itself.
DEEPEST = 30


def check(data: bytes, page: Any, max_pixels: int) -> None:
    """Refuse a page that may show a picture of too many pixels.

    Raises:
        TooLarge: there is such a picture on the page, or among those of the file.
    """
    for wide, high in (*_on_page(page), *_in_file(data)):
        if wide * high > max_pixels:
            check_size((wide, high), max_pixels)


def _on_page(page: Any) -> Iterator[Size]:
    """Yield the sizes of pictures on the page and in its forms, those within the text of the page
    among them."""
    count = raw.FPDFPage_CountObjects(page)
    yield from _among((raw.FPDFPage_GetObject(page, n) for n in range(count)), DEEPEST)


def _among(objects: Iterator[Any], deepest: int) -> Iterator[Size]:
    wide, high = ctypes.c_uint(), ctypes.c_uint()
    for one in objects:
        kind = raw.FPDFPageObj_GetType(one)
        if kind == raw.FPDF_PAGEOBJ_IMAGE:
            raw.FPDFImageObj_GetImagePixelSize(one, wide, high)
            yield wide.value, high.value
        elif kind == raw.FPDF_PAGEOBJ_FORM and deepest:
            count = raw.FPDFFormObj_CountObjects(one)
            inner = (raw.FPDFFormObj_GetObject(one, n) for n in range(count))
            yield from _among(inner, deepest - 1)


def _in_file(data: bytes) -> Iterator[Size]:
    """Yield the sizes of all pictures that are objects of their own: masks and those in patterns
    and glyphs cannot be found through the page."""
    for found in STREAM.finditer(data):
        head = data[max(0, found.start() - DICTIONARY) : found.start()].rpartition(b" obj")[2]
        if (wide := WIDTH.search(head)) and (high := HEIGHT.search(head)):
            yield int(wide[1]), int(high[1])
            if data.startswith(jpeg.START, found.end()):
                yield jpeg.size(data, found.end())
    for found in JPEG_2000.finditer(data):
        right, bottom, left, top = struct.unpack(">4I", found[1])
        yield right - left, bottom - top
