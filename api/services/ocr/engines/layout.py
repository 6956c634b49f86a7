"""In what order the pieces of text on a page are read: rows, columns, headings across both."""

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise

import numpy as np

from api.services.ocr.engines.columns import are_cells, are_columns, are_ruled_cells
from api.services.ocr.engines.geometry import Points, boxes_of, page_skew, turned
from api.services.ocr.engines.gutters import (
    Rows,
    bands,
    blocks,
    gaps,
    ruled_between,
    spaces_between,
)
from api.services.ocr.engines.rows import BOTTOM, TOP, Texts, rows_of

# A piece that stands alone on its height and is so many times higher than the others is a heading.
HEADING = 1.4
# The first and the last row belong to no column if they are so many heights apart from the others.
REMOTE = 2.0
# Gutters with fewer pieces in columns than this share of the most are of no importance yet.
MAIN = 0.5
# A column has at least so many pieces, and is at least so many heights wide.
LEAST, NARROWEST = 3, 4


def reading_order(
    corners: Points, words: Sequence[str], sources: Sequence[int], rules: Points
) -> list[list[int]]:
    """Return rows from first to last, each from left to right, as places in what was given.

    Args:
        corners: (n, 4, 2), of each piece of text the corners from where it begins, clockwise, in
            pixels of a page that is upright but may be askew.
        words: what each piece says; "" where that isn't known.
        sources: equal numbers for pieces that may be parts of one line.
        rules: (m, 2, 2), the ends of lines that are drawn across the page.
    """
    if not len(corners):
        return []
    slope = page_skew(corners)
    drawn = boxes_of(turned(rules.reshape(-1, 2, 2), slope))
    texts = Texts(boxes_of(turned(corners, slope)), tuple(words), np.array(sources), drawn)
    return [row.tolist() for row in _read(texts, rows_of(texts, np.arange(len(corners))))]


def _read(texts: Texts, rows: Rows) -> Rows:
    gutters = _gutters(texts, rows)
    if not gutters:
        return rows
    parts = _parts(texts, rows, gutters)
    if len(parts) > 1:
        return list(chain.from_iterable(_read(texts, part) for part in parts))
    return _read_beside(texts, rows, gutters[0])


def _read_beside(texts: Texts, rows: Rows, gutter: float) -> Rows:
    """Read what stands on both sides of a gutter, and the rows across it that surround it."""
    found: Rows = []
    waiting: Rows = []
    for band, parts in _judged(texts, rows, gutter):
        if parts:
            these = np.concatenate(band)
            left = texts.centres[these] <= gutter
            found += _read(texts, waiting)
            found += _read(texts, rows_of(texts, these[left]))
            found += _read(texts, rows_of(texts, these[~left]))
            waiting = []
        else:
            waiting += band
    return found + _read(texts, waiting)


def _gutters(texts: Texts, rows: Rows) -> list[float]:
    """Return every x that has columns on its sides, the one with the most pieces first."""
    if len(rows) < 2:
        return []
    weights = {}
    for x in gaps(texts, rows):
        columns = (band for band, parts in _judged(texts, rows, x) if parts)
        weights[x] = sum(len(row) for band in columns for row in band)
    found: list[float] = []
    most = max(weights.values(), default=0)
    for x in sorted((x for x in weights if weights[x]), key=lambda x: -weights[x]):
        if weights[x] >= MAIN * most and all(_text_between(texts, rows, x, y) for y in found):
            found.append(x)
    return found


def _text_between(texts: Texts, rows: Rows, one: float, other: float) -> bool:
    """Tell whether there is a column between two gutters, or they are the same one."""
    these = np.concatenate(rows)
    left, right = texts.cores[these].T
    between = (left > min(one, other)) & (right < max(one, other))
    wide = abs(one - other) >= NARROWEST * np.median(texts.heights[these])
    return bool(wide) and int(between.sum()) >= LEAST


def _judged(texts: Texts, rows: Rows, x: float) -> Iterator[tuple[Rows, bool]]:
    """From top to bottom, rows and whether they are columns on both sides of x."""
    for band, parts, ruled in bands(texts, rows, x):
        if not parts or (ruled and are_ruled_cells(texts, band, x)):
            yield band, parts
            continue
        apart = blocks(texts, band)
        if are_columns(texts, band, x) and not are_cells(texts, apart, x):
            yield band, True
        else:
            for block in apart:
                yield block, are_columns(texts, block, x)


def _parts(texts: Texts, rows: Rows, gutters: list[float]) -> list[Rows]:
    """Cut where the whole width ends: at headings that stand alone and at ruled lines."""
    alone = np.array([_stands_alone(texts, rows, n, gutters) for n in range(len(rows))])
    cut = alone[1:] | alone[:-1] | ruled_between(texts, rows, gutters)[1:-1]
    cut[[0, -1]] |= spaces_between(texts, rows)[[0, -1]] >= REMOTE
    cuts = (np.flatnonzero(cut) + 1).tolist()
    return [rows[one:other] for one, other in pairwise([0, *cuts, len(rows)])]


def _stands_alone(texts: Texts, rows: Rows, place: int, gutters: list[float]) -> bool:
    """Tell whether a row is one line, across a gutter or a heading, with nothing beside it."""
    row = rows[place]
    if len({*texts.sources[row]}) > 1:
        return False
    left, right = texts.cores[row].T
    across = any(((left < x) & (right > x)).any() for x in gutters)
    usual = np.median(texts.heights[np.concatenate(rows)])
    if not across and texts.heights[row].max() <= HEADING * usual:
        return False
    top, bottom = texts.boxes[row, TOP].min(), texts.boxes[row, BOTTOM].max()
    others = texts.middles[np.concatenate([r for n, r in enumerate(rows) if n != place])]
    return not ((others > top) & (others < bottom)).any()
