"""What is read from a page: lines of words, each with its place and how sure the reader is."""

from dataclasses import dataclass

Point = tuple[float, float]
# From the corner where the text begins, clockwise as one reads: x to the right, y downwards.
Polygon = tuple[Point, Point, Point, Point]


def around(*polygons: Polygon) -> Polygon:
    """Return the upright box around these."""
    xs, ys = zip(*(point for polygon in polygons for point in polygon), strict=True)
    left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
    return (left, top), (right, top), (right, bottom), (left, bottom)


@dataclass(frozen=True, slots=True)
class Word:
    """What stands between two spaces; confidence 0 to 1, polygon in pixels of its page."""

    text: str
    confidence: float
    polygon: Polygon


@dataclass(frozen=True, slots=True)
class Line:
    """Words that are read one after the other."""

    text: str
    confidence: float
    polygon: Polygon
    words: tuple[Word, ...]
