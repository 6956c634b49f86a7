"""The parts of a page that images cover and the text layer does not: they must be read by sight."""

import ctypes
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pypdfium2 import raw

from api.services.ocr.guest.letters import Box, Letter
from api.services.ocr.guest.projection import Boxes, Projection

Mask = NDArray[np.bool_]
# Masks have a cell for so many pixels on a side.
CELL = 8
# What is no farther than this from text is read with it: margins of a page, gaps in a table.
FAR_POINTS = 54
# Less of a page, all in all, is a logo or a signature.
LEAST_SHARE = 0.05
# So many cells around an image or a letter that is drawn belong to it: lines stand close together.
BETWEEN = 2
# Most letters are drawn in so many steps; frames and lines in fewer.
LETTER_SEGMENTS = 8
# Forms may hold forms. pdfium goes no deeper itself.
DEEPEST = 30


def unread(
    drawn: list[Box], letters: Iterable[Letter], to_pixels: Projection, scale: float
) -> Mask | None:
    """Return which cells of the picture of a page images cover, if these letters leave some out.

    Args:
        drawn: where the page has images.
        letters: what is known of it.
        to_pixels: from its space to its picture.
        scale: the pixels per point of the picture.

    Returns:
        The cells; None if there are few that are far from the letters.
    """
    shape = cells(to_pixels)
    covered = _marked(to_pixels.boxes(drawn), shape, BETWEEN)
    least = LEAST_SHARE * covered.size
    if covered.sum() < least:
        return None
    known = to_pixels.boxes([letter.box for letter in letters if not letter.sign.isspace()])
    near = _marked(known, shape, round(FAR_POINTS * scale / CELL))
    return covered if (covered & ~near).sum() >= least else None


def cells(to_pixels: Projection) -> tuple[int, int]:
    """Return how many rows and columns of cells the picture of a page has."""
    return -(-to_pixels.height // CELL), -(-to_pixels.width // CELL)


def _marked(boxes: Boxes, shape: tuple[int, int], around: int = 0) -> Mask:
    """Return the cells under these boxes, and as many around them."""
    lefts, tops, rights, bottoms = (boxes // CELL).astype(np.intp).T
    high, wide = shape
    counts = np.zeros((high + 1, wide + 1), np.int32)
    upper, lower = np.clip(tops - around, 0, high), np.clip(bottoms + around + 1, 0, high)
    first, last = np.clip(lefts - around, 0, wide), np.clip(rights + around + 1, 0, wide)
    for rows, columns, sign in (
        (upper, first, 1), (lower, last, 1), (upper, last, -1), (lower, first, -1),
    ):  # fmt: skip
        np.add.at(counts, (rows, columns), sign)
    return np.asarray(counts.cumsum(axis=0).cumsum(axis=1)[:-1, :-1] > 0)


def places(page: Any, *, with_drawings: bool) -> list[Box]:
    """Return where the page has images, and drawings if they are wanted: they may be letters."""
    count = raw.FPDFPage_CountObjects(page)
    objects = (raw.FPDFPage_GetObject(page, n) for n in range(count))
    return list(_places(objects, with_drawings, DEEPEST))


def _places(objects: Iterable[Any], with_drawings: bool, deepest: int) -> Iterator[Box]:
    """Yield the places of images, those in forms among them, in the space of these objects."""
    for one in objects:
        kind = raw.FPDFPageObj_GetType(one)
        if kind == raw.FPDF_PAGEOBJ_IMAGE or (with_drawings and _is_drawing(one, kind)):
            yield _bounds(one)
        elif kind == raw.FPDF_PAGEOBJ_FORM and deepest:
            inner = (
                raw.FPDFFormObj_GetObject(one, n) for n in range(raw.FPDFFormObj_CountObjects(one))
            )
            matrix = raw.FS_MATRIX()
            raw.FPDFPageObj_GetMatrix(one, matrix)
            boxes = _places(inner, with_drawings, deepest - 1)
            yield from (_moved(box, matrix) for box in boxes)


def _is_drawing(one: Any, kind: int) -> bool:
    return kind == raw.FPDF_PAGEOBJ_PATH and int(raw.FPDFPath_CountSegments(one)) >= LETTER_SEGMENTS


def _bounds(one: Any) -> Box:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    raw.FPDFPageObj_GetBounds(one, left, bottom, right, top)
    return left.value, bottom.value, right.value, top.value


def _moved(box: Box, by: Any) -> Box:
    left, bottom, right, top = box
    corners = [(x, y) for x in (left, right) for y in (bottom, top)]
    xs = [by.a * x + by.c * y + by.e for x, y in corners]
    ys = [by.b * x + by.d * y + by.f for x, y in corners]
    return min(xs), min(ys), max(xs), max(ys)
