"""Points on a page: (..., 2) with x to the right and y downwards, in pixels."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from api.enginekit.pages import Polygon

Points = NDArray[np.float64]
# (height, width, 3)
Picture = NDArray[np.uint8]
# Detectors are lost where text fills the whole picture, and on strips.
LEAST_SIDE = 320
LONGEST_TO_SHORTEST = 8
# The ends of a piece may lie wrong by so many of its heights; so many slopes are tried.
INEXACT, SLOPES = 0.12, 21


def skew(corners: Points) -> float:
    """By how many radians text (n, 4, 2) slopes downwards: the median over its length."""
    edges = corners[:, 1] - corners[:, 0]
    lengths = np.hypot(edges[:, 0], edges[:, 1])
    angles = np.arctan2(edges[:, 1], edges[:, 0])
    order = np.argsort(angles)
    half = np.searchsorted(np.cumsum(lengths[order]), lengths.sum() / 2)
    return float(angles[order][min(int(half), len(order) - 1)])


def page_skew(corners: Points) -> float:
    """Return by how many radians a page (n, 4, 2) slopes downwards.

    The slope of short pieces is inexact. Among the slopes that theirs may stand for, the one is
    taken that brings most of them onto the same heights.
    """
    slope = skew(corners)
    left, right = corners[:, [0, 3]].mean(axis=1), corners[:, [1, 2]].mean(axis=1)
    lengths = np.hypot(*(right - left).T)
    height = np.median(np.hypot(*(corners[:, 3] - corners[:, 0]).T))
    doubt = INEXACT * height / np.average(lengths, weights=lengths)
    tried = slope + np.linspace(-doubt, doubt, SLOPES)
    ends = np.concatenate([left, right])
    scores = [_heights_shared(turned(ends, s)[:, 1] / height, np.tile(lengths, 2)) for s in tried]
    return float(tried[max(range(SLOPES), key=lambda n: (scores[n], -abs(n - SLOPES // 2)))])


def _heights_shared(heights: Points, weights: Points) -> float:
    """Return how much stands on the same heights, in quarters of a line."""
    places = np.round(4 * (heights - heights.min())).astype(np.intp)
    counts = np.convolve(np.bincount(places, weights), (0.5, 1, 0.5))
    return float((counts**2).sum())


def turned(points: Points, radians: float) -> Points:
    """The points turned about the origin, anticlockwise as one sees them."""
    cos, sin = np.cos(radians), np.sin(radians)
    return np.asarray(points @ np.array([[cos, -sin], [sin, cos]]))


def boxes_of(corners: Points) -> Points:
    """Of polygons (n, k, 2) the boxes (n, 4): left, top, right, bottom."""
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)


def enclosing(corners: Points) -> Points:
    """The corners (4, 2) of the smallest box, as askew as these (n, 4, 2), that holds them."""
    slope = skew(corners)
    ((left, top, right, bottom),) = boxes_of(turned(corners, slope).reshape(1, -1, 2))
    box = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    return turned(box, -slope)


def between(corners: Points, begin: float, end: float) -> Points:
    """The part of a box (4, 2) from one share of its width to another."""
    top, bottom = corners[1] - corners[0], corners[2] - corners[3]
    return np.stack(
        [
            corners[0] + begin * top,
            corners[0] + end * top,
            corners[3] + end * bottom,
            corners[3] + begin * bottom,
        ]
    )


@dataclass(frozen=True)
class Frame:
    """How the image that a reader looks at came from a picture of width x height pixels.

    A margin was added on each side, and all of it turned anticlockwise by quarters.
    """

    width: int
    height: int
    margin_x: int = 0
    margin_y: int = 0
    quarters: int = 0

    @property
    def rotation(self) -> int:
        """Degrees to turn the picture clockwise: 0, 90, 180 or 270."""
        return -90 * self.quarters % 360

    def upright(self, places: Points) -> Points:
        """Where places (n, 2) in a picture without a margin are once it is turned."""
        x, y = places[:, 0], places[:, 1]
        wide, high = self.width, self.height
        turned_by = ((x, y), (y, wide - x), (wide - x, high - y), (high - y, x))
        return np.stack(turned_by[self.quarters % 4], axis=-1)

    def whole(self) -> Points:
        """The corners of the picture in the image before it is turned: (1, 4, 2)."""
        left, top = self.margin_x, self.margin_y
        right, bottom = left + self.width, top + self.height
        return np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], np.float64)

    def polygon(self, corners: Points) -> Polygon:
        """Corners (4, 2) in the image as places in the picture."""
        wide, high = self.width + 2 * self.margin_x, self.height + 2 * self.margin_y
        x, y = corners[:, 0], corners[:, 1]
        back = ((x, y), (wide - y, x), (wide - x, high - y), (y, high - x))[self.quarters % 4]
        places = np.stack(back, axis=-1) - (self.margin_x, self.margin_y)
        one, two, three, four = np.clip(places, 0, (self.width, self.height)).round(1).tolist()
        return tuple(one), tuple(two), tuple(three), tuple(four)


def framed(picture: Picture) -> tuple[Picture, Frame]:
    """The picture, with a margin of its edge's colour where it is tiny or a strip."""
    height, width = picture.shape[:2]
    least = max(LEAST_SIDE, max(height, width) // LONGEST_TO_SHORTEST)
    x, y = max(0, least - width + 1) // 2, max(0, least - height + 1) // 2
    if x or y:
        edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
        colour = np.median(edge, axis=0).tolist()
        picture = cv2.copyMakeBorder(picture, y, y, x, x, cv2.BORDER_CONSTANT, value=colour)  # type: ignore[assignment]
    return picture, Frame(width, height, x, y)
