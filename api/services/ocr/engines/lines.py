"""Pieces of text that a detector found become lines of words in reading order."""

from dataclasses import dataclass

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
    """Text that was read in one go; corners (4, 2) from where it begins, clockwise."""

    corners: Points
    parts: tuple[Part, ...]


def arranged(pieces: list[Piece], frame: Frame) -> tuple[Line, ...]:
    """Lines in reading order from the pieces in an image; polygons in pixels of its picture."""
    corners = np.array([piece.corners for piece in pieces]).reshape(-1, 4, 2)
    return tuple(_line([pieces[n] for n in row], frame) for row in reading_order(corners))


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
