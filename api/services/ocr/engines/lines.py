"""Pieces of text that a detector found become lines of words in reading order."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from api.enginekit.pages import Line, Polygon, Word
from api.services.ocr.engines.geometry import Frame, Points, between, enclosing
from api.services.ocr.engines.layout import reading_order


@dataclass(frozen=True)
class Part:
    """A word in a piece: from which share of the piece's width to which."""

    text: str
    confidence: float
    begin: float
    end: float


@dataclass(frozen=True)
class Piece:
    """Text that was read in one go; corners (4, 2) from where it begins, clockwise.

    `blanks` are wide places without ink in it, as shares of its width.
    """

    corners: Points
    parts: tuple[Part, ...]
    blanks: tuple[tuple[float, float], ...] = ()


def arranged(pieces: list[Piece], frame: Frame, rules: Points) -> tuple[Line, ...]:
    """Return lines in reading order from the pieces in an image.

    The polygons are in pixels of its picture. `rules` (m, 2, 2) are lines drawn on the page.
    """
    cut = [(n, part) for n, piece in enumerate(pieces) for part in _cut(piece)]
    corners = np.array([part.corners for _, part in cut]).reshape(-1, 4, 2)
    words = [" ".join(part.text for part in piece.parts) for _, piece in cut]
    rows = reading_order(corners, words, [n for n, _ in cut], rules)
    return tuple(_line([cut[n][1] for n in row], frame) for row in rows)


def _cut(piece: Piece) -> Iterator[Piece]:
    """What stands between the blanks of a piece, which may go across two columns."""
    edges = [0.0, *((begin + end) / 2 for begin, end in piece.blanks), 1.0]
    for begin, end in pairwise(edges):
        parts = tuple(part for part in piece.parts if begin <= (part.begin + part.end) / 2 < end)
        if parts:
            # A blank ends where ink begins; the places of words are less exact.
            left = max((b for _, b in piece.blanks if b <= (begin + end) / 2), default=0.0)
            right = min((a for a, _ in piece.blanks if a >= (begin + end) / 2), default=1.0)
            yield Piece(between(piece.corners, left, right), _within(parts, left, right))


def _within(parts: tuple[Part, ...], left: float, right: float) -> tuple[Part, ...]:
    """Return the parts, with their places as shares of the width from left to right."""

    def share(x: float) -> float:
        return min(1.0, max(0.0, (x - left) / (right - left)))

    return tuple(replace(part, begin=share(part.begin), end=share(part.end)) for part in parts)


def _line(row: list[Piece], frame: Frame) -> Line:
    words = tuple(
        Word(
            part.text, part.confidence, frame.polygon(between(piece.corners, part.begin, part.end))
        )
        for piece in row
        for part in piece.parts
    )
    return line_of(words, frame.polygon(enclosing(np.array([piece.corners for piece in row]))))


def line_of(words: tuple[Word, ...], polygon: Polygon) -> Line:
    """A line of these words; it is as sure as they are, the longer ones counting for more."""
    sure = np.average(
        [word.confidence for word in words], weights=[len(word.text) for word in words]
    )
    return Line(" ".join(word.text for word in words), float(sure), polygon, words)
