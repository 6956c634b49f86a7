"""The picture of a page without the text that is known already."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pypdfium2 import raw

from api.enginekit.pages import Line
from api.services.ocr.guest.unread import CELL, Mask

Pixels = NDArray[np.uint8]
Area = tuple[int, int, int, int]
# Grey levels by which a pixel differs where text can be seen.
VISIBLE = 24
# By which share of its height a line is painted over on each side.
AROUND = 0.25
# A line in print goes on for as long as there is no gap of so many heights.
GAP = 1.5
WHITE = 255
# The longer side of a thumbnail in pixels.
THUMBNAIL = 200


def render(page: Any, scale: float) -> Pixels:
    """Return the picture of a page: (height, width, 3), red, green, blue."""
    bitmap = page.render(scale=scale, rev_byteorder=True)
    return np.ascontiguousarray(bitmap.to_numpy()[:, :, :3])


def thumbnail(page: Any, part: Mask) -> Pixels:
    """Return the grey pixels of a part of the page in a small picture of it.

    That costs little more than to decode its images.
    """
    bitmap = page.render(scale=THUMBNAIL / max(page.get_size()), grayscale=True)
    grey = bitmap.to_numpy().reshape(bitmap.height, bitmap.width)
    rows, columns = (np.arange(n) * of // n for n, of in zip(grey.shape, part.shape, strict=True))
    return np.asarray(grey[part[np.ix_(rows, columns)]])


def hide(page: Any, is_known: Callable[[Any], bool]) -> None:
    """Draw text objects no more that are known."""
    count = raw.FPDFPage_CountObjects(page)
    for one in texts(raw.FPDFPage_GetObject(page, n) for n in range(count)):
        if is_known(one):
            raw.FPDFPageObj_SetIsActive(one, False)


def texts(objects: Iterable[Any]) -> Iterator[Any]:
    """Yield the text objects among these and in the forms among them."""
    for one in objects:
        kind = raw.FPDFPageObj_GetType(one)
        if kind == raw.FPDF_PAGEOBJ_TEXT:
            yield one
        elif kind == raw.FPDF_PAGEOBJ_FORM:
            count = raw.FPDFFormObj_CountObjects(one)
            yield from texts(raw.FPDFFormObj_GetObject(one, n) for n in range(count))


def rest(
    page: Any,
    lines: Iterable[Line],
    scale: float,
    unread: Mask,
    is_known: Callable[[Any], bool] = lambda _: True,
) -> tuple[Pixels, Area]:
    """Return the picture of what is unread, and where it is: left, top, right, bottom.

    Text that can be seen is not drawn, if its object is known. Where it cannot be seen, the
    picture shows what it says, so that is painted over.
    """
    over = [line for line in lines if _lies_on(unread, line)]
    bare = whole = render(page, scale)
    if over:
        hide(page, is_known)
        bare = render(page, scale)
    for line in over:
        _paint_over(bare, whole, line)
    rows, columns = np.flatnonzero(unread.any(axis=1)), np.flatnonzero(unread.any(axis=0))
    (top, bottom), (left, right) = (rows[0], rows[-1] + 1), (columns[0], columns[-1] + 1)
    cells = unread[top:bottom, left:right]
    part = bare[CELL * top : CELL * bottom, CELL * left : CELL * right]
    height, width = part.shape[:2]
    if not cells.all():
        part[~cells.repeat(CELL, axis=0).repeat(CELL, axis=1)[:height, :width]] = WHITE
    left, top = CELL * int(left), CELL * int(top)
    return np.ascontiguousarray(part), (left, top, left + width, top + height)


def _lies_on(cells: Mask, line: Line) -> bool:
    (left, top), _, (right, bottom), _ = ((int(x) // CELL, int(y) // CELL) for x, y in line.polygon)
    return bool(cells[top : bottom + 1, left : right + 1].any())


def _paint_over(bare: Pixels, whole: Pixels, line: Line) -> None:
    """Paint over what is printed where this line is, unless the line itself was seen there."""
    (left, top), _, (right, bottom), _ = ((round(x), round(y)) for x, y in line.polygon)
    margin = round(AROUND * (bottom - top)) + 1
    rows = slice(max(0, top - margin), bottom + margin + 1)
    here, seen = bare[rows, left : right + 1], whole[rows, left : right + 1]
    if not here.size or np.abs(here.astype(np.int16) - seen).max() >= VISIBLE:
        return
    band = bare[rows]
    paper = np.median(here, axis=(0, 1))
    ink = (np.abs(band - paper).max(axis=2) >= VISIBLE).any(axis=0)
    first, last = _printed(ink, left, right, GAP * (bottom - top))
    band[:, max(0, first - margin) : last + margin] = paper


def _printed(ink: NDArray[np.bool_], left: int, right: int, gap: float) -> tuple[int, int]:
    """Return from where to where there is ink without a wide gap, from this part on."""
    columns = np.flatnonzero(ink)
    columns = np.union1d(columns, [left, right])
    ends = np.flatnonzero(np.diff(columns) > gap)
    first, last = np.searchsorted(columns, left), np.searchsorted(columns, right)
    before, after = ends[ends < first], ends[ends >= last]
    begin = columns[before[-1] + 1] if len(before) else columns[0]
    end = columns[after[0]] if len(after) else columns[-1]
    return int(begin), int(end) + 1
