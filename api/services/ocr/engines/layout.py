"""In what order the pieces of text on a page are read: rows, columns, headings across both."""

import numpy as np
from numpy.typing import NDArray

from api.services.ocr.engines.geometry import Points, boxes_of, skew, turned

Boxes = Points
Places = NDArray[np.intp]
LEFT, TOP, RIGHT, BOTTOM = range(4)
# Text stands in columns where so many pieces on either side of a gutter follow each other, and
# half of them are so many times wider than high. Prices, labels and numbers are narrower: they
# belong to the row that they stand in.
COLUMN_PIECES = 3
COLUMN_WIDTH = 5.5
# Pieces stand in one row if their middles are closer than this share of the lower one's height.
SAME_ROW = 0.4


def reading_order(corners: Points) -> list[list[int]]:
    """Rows from first to last, each from left to right, as places in what was given.

    Args:
        corners: (n, 4, 2), of each piece of text the corners from where it begins, clockwise, in
            pixels of a page that is upright but may be askew.
    """
    if not len(corners):
        return []
    boxes = boxes_of(turned(corners, skew(corners)))
    return [row.tolist() for row in _read(boxes, np.arange(len(boxes)))]


def _read(boxes: Boxes, these: Places) -> list[Places]:
    rows = _rows(boxes, these)
    gutter = _gutter(boxes, rows)
    if gutter is None:
        return rows
    found: list[Places] = []
    waiting = these[:0]
    for band in _bands(boxes, rows, gutter):
        if _columns(boxes[band], gutter):
            left = boxes[band, RIGHT] <= gutter
            found += _read(boxes, waiting) + _read(boxes, band[left]) + _read(boxes, band[~left])
            waiting = these[:0]
        else:
            waiting = np.concatenate([waiting, band])
    return found + _read(boxes, waiting)


def _gutter(boxes: Boxes, rows: list[Places]) -> float | None:
    """The x that has the most pieces in columns on its sides, or None."""
    best, most = None, 0
    for x in np.unique([edge for row in rows for edge in boxes[row, RIGHT]]):
        count = sum(_columns(boxes[band], x) for band in _bands(boxes, rows, x))
        if count > most:
            best, most = float(x), count
    return best


def _bands(boxes: Boxes, rows: list[Places], x: float) -> list[Places]:
    """From top to bottom, the rows in which something crosses x and those between them."""
    order = np.concatenate(rows)
    sizes = [len(row) for row in rows]
    crossing = (boxes[order, LEFT] < x) & (boxes[order, RIGHT] > x)
    row_starts = np.cumsum([0, *sizes[:-1]])
    crossed = np.repeat(np.logical_or.reduceat(crossing, row_starts), sizes)
    return np.split(order, np.flatnonzero(crossed[1:] != crossed[:-1]) + 1)


def _columns(band: Boxes, x: float) -> int:
    """How many pieces of the band stand in columns on both sides of x; 0 if it has none."""
    left, right = band[band[:, RIGHT] <= x], band[band[:, LEFT] >= x]
    if len(left) + len(right) < len(band):
        return 0
    return len(band) if _is_column(left) and _is_column(right) else 0


def _is_column(pieces: Boxes) -> bool:
    if len(pieces) < COLUMN_PIECES:
        return False
    widths = pieces[:, RIGHT] - pieces[:, LEFT]
    heights = pieces[:, BOTTOM] - pieces[:, TOP]
    return bool(np.median(widths / np.maximum(heights, 1)) >= COLUMN_WIDTH)


def _rows(boxes: Boxes, these: Places) -> list[Places]:
    """Groups of pieces on one height, from top to bottom, each from left to right."""
    rows: list[list[int]] = []
    for place in these[np.argsort(_middles(boxes[these]), kind="stable")].tolist():
        if rows and _one_row(boxes[rows[-1]], boxes[place]):
            rows[-1].append(place)
        else:
            rows.append([place])
    return [np.array(sorted(row, key=lambda n: float(boxes[n, LEFT]))) for row in rows]


def _one_row(row: Boxes, piece: Boxes) -> bool:
    nearest = row[np.argmin(np.abs(row[:, LEFT] - piece[LEFT]))]
    heights = (row[:, BOTTOM] - row[:, TOP]).min(), piece[BOTTOM] - piece[TOP]
    distance = abs(_middles(piece[np.newaxis])[0] - _middles(nearest[np.newaxis])[0])
    return bool(distance < SAME_ROW * min(heights))


def _middles(boxes: Boxes) -> Boxes:
    return (boxes[:, TOP] + boxes[:, BOTTOM]) / 2
