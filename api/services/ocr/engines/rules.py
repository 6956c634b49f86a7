"""Lines that are drawn across a page, as in tables and forms."""

import cv2
import numpy as np
from numpy.typing import NDArray

from api.services.ocr.engines.geometry import Picture, Points

# The page is looked at in so many pixels; there, a drawn line is at least so long.
LONGEST_SIDE, SHORTEST_LINE = 1280, 40
# It is darker than what is around it, by so many grey levels.
WINDOW, DARKER = 15, 12
# It is so much longer than high, counting how far it slopes.
FLAT = 8


def rules_in(page: Picture) -> Points:
    """Return the ends (m, 2, 2), left and right, of the drawn lines that run across a page."""
    scale = float(max(1.0, max(page.shape[:2]) / LONGEST_SIDE))
    grey = cv2.cvtColor(np.ascontiguousarray(page), cv2.COLOR_BGR2GRAY)
    if scale > 1:
        grey = cv2.resize(grey, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA)
    mean, inverse = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV
    ink = cv2.adaptiveThreshold(grey, 255, mean, inverse, WINDOW, DARKER)
    runs = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, SHORTEST_LINE), np.uint8))
    # The steps of a line that slopes touch each other at their corners only.
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        cv2.dilate(runs, np.ones((3, 3), np.uint8)), connectivity=8
    )
    marks: NDArray[np.intp] = np.asarray(labels, np.intp)
    found = [_ends(marks, label, box) for label, box in enumerate(stats[1:, :4].tolist(), 1)
             if box[2] > FLAT * box[3]]  # fmt: skip
    return scale * np.array(found, np.float64).reshape(-1, 2, 2)


def _ends(labels: NDArray[np.intp], label: int, box: list[int]) -> list[list[float]]:
    left, top, width, height = box
    part = labels[top : top + height, left : left + width] == label
    heights = [top + float(np.flatnonzero(part[:, x]).mean()) for x in (0, -1)]
    return [[left, heights[0]], [left + width, heights[1]]]
