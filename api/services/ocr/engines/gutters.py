"""Where a page may be divided: gutters between columns, and what goes across them."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from api.services.ocr.engines.rows import BOTTOM, LEFT, RIGHT, TOP, Boxes, Places, Texts

Rows = list[Places]
Flags = NDArray[np.bool_]
# Words of a piece so many times higher than usual, a heading, part at a gutter by chance.
HIGH = 1.25
# If more than one in so many rows was found as one line across the gutter, it is only a gutter if
# so many rows leave a strip free that has so many heights. Spaces between words do so by chance.
FEW, CHANCE, STRIP = 4, 6, 0.3
# Rows that are so many heights further apart than usual belong to different blocks.
SPACE = 0.4
# So many places are tried as gutters; they are more than so many heights apart.
MOST, NEAR = 40, 0.25


class Band(NamedTuple):
    """Rows below each other, whether they part at a gutter, and if lines are drawn around them."""

    rows: Rows
    parts: bool
    ruled: bool


class _Rows(NamedTuple):
    """Rows as arrays: whether each has pieces on both sides of a gutter, which, and what is across.

    `left` and `right` are the pieces beside the gutter; they say nothing where `parted` is false.
    """

    left: Places
    right: Places
    parted: Flags
    crossed: Flags


def gaps(texts: Texts, rows: Rows) -> list[float]:
    """Return every x that few pieces cross, and fewer than cross the places beside it."""
    these = np.concatenate(rows)
    cores = texts.cores[these]
    edges = np.concatenate([cores[:, 0], cores[:, 1]])
    order = np.argsort(edges, kind="stable")
    ends = order >= len(cores)
    crossing = np.cumsum(np.where(ends, -1, 1))
    least = np.flatnonzero(ends[:-1] & ~ends[1:])
    near = NEAR * np.median(texts.heights[these])
    found: list[float] = []
    for n in least[np.argsort(crossing[least], kind="stable")]:
        x = float(edges[order[n]] + edges[order[n + 1]]) / 2
        if all(abs(x - other) > near for other in found):
            found.append(x)
        if len(found) == MOST:
            break
    return found


def bands(texts: Texts, rows: Rows, x: float) -> list[Band]:
    """Return, from top to bottom, the rows in which something crosses x and those between them."""
    at = _at(texts, rows, x)
    ruled = ruled_between(texts, rows, [x])
    cut = (at.crossed[1:] != at.crossed[:-1]) | ruled[1:-1]
    found = []
    for one, other in pairwise([0, *(np.flatnonzero(cut) + 1).tolist(), len(rows)]):
        here = np.flatnonzero(at.parted[one:other]) + one
        parts = not at.crossed[one] and _part(texts, at.left[here], at.right[here])
        found.append(Band(rows[one:other], parts, bool(ruled[one] and ruled[other])))
    return found


def _at(texts: Texts, rows: Rows, x: float) -> _Rows:
    these = np.concatenate(rows)
    sizes = np.array([len(row) for row in rows])
    starts = np.cumsum(sizes) - sizes
    count = np.add.reduceat((texts.centres[these] <= x).astype(np.intp), starts)
    parted = (count > 0) & (count < sizes)
    left = these[starts + count - 1]
    right = these[np.minimum(starts + count, len(these) - 1)]
    crossing = (texts.cores[these, 0] < x) & (texts.cores[these, 1] > x)
    crossed = np.logical_or.reduceat(crossing, starts)
    high = texts.heights[left] > HIGH * np.median(texts.heights[these])
    heading = parted & high & (texts.sources[left] == texts.sources[right])
    return _Rows(left, right, parted, crossed | heading)


def _part(texts: Texts, left: Places, right: Places) -> bool:
    """Tell whether it is no chance that there is space between these pieces."""
    merged = texts.sources[left] == texts.sources[right]
    if FEW * merged.sum() <= len(left):
        return len(left) > 0
    strip = texts.boxes[right[merged], LEFT].min() - texts.boxes[left[merged], RIGHT].max()
    return len(left) >= CHANCE and bool(strip >= STRIP * np.median(texts.heights[left]))


def ruled_between(texts: Texts, rows: Rows, gutters: list[float]) -> Flags:
    """Tell where a line is drawn across a gutter: above each row, and below the last one."""
    ruled = np.zeros(len(rows) + 1, np.bool_)
    if len(texts.rules):
        heights = np.array([texts.middles[row].mean() for row in rows])
        for left, top, right, _ in texts.rules:
            if any(left < x < right for x in gutters):
                ruled[np.searchsorted(heights, top)] = True
    return ruled


def blocks(texts: Texts, rows: Rows) -> list[Rows]:
    """Cut rows where there is more space between them than usual."""
    spaces = spaces_between(texts, rows)
    wide = spaces > SPACE + (np.median(spaces) if len(spaces) else 0)
    return [rows[a:b] for a, b in pairwise([0, *(np.flatnonzero(wide) + 1).tolist(), len(rows)])]


def spaces_between(texts: Texts, rows: Rows) -> Boxes:
    """Return how far each row is from the one before it, in heights of a line."""
    tops = np.array([texts.boxes[row, TOP].min() for row in rows])
    bottoms = np.array([texts.boxes[row, BOTTOM].max() for row in rows])
    height = np.median(texts.heights[np.concatenate(rows)])
    return np.asarray((tops[1:] - bottoms[:-1]) / height)
