"""Print that a detector misses because it is too fine, and lines too long to be read in one go."""

import math
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from api.services.ocr.engines.geometry import Picture, Points

# An edge is a pixel that differs so much from those around it.
EDGE = 100
# Longer lines, in heights, are cut into parts of about half of that: the memory of networks grows
# with the square of the length.
LONGEST_LINE = 100
# A cut is moved by so many heights at most to where nothing is written, so wide at least.
NEAR, GAP = 3, 0.25
# Of the width of a line of text, more than this is blank; otherwise it is a drawn line.
LEAST_BLANK = 0.03
# A column of pixels is blank if its contrast is less than this share of the usual.
BLANK = 0.3


def unseen(image: Picture, boxes: Points) -> float:
    """Return the share of an image that has edges, as letters have, outside of these boxes."""
    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_BGR2GRAY)
    edges = (np.abs(cv2.Laplacian(grey, cv2.CV_16S)) > EDGE).astype(np.uint8)
    for box in boxes:
        cv2.fillPoly(edges, [box.astype(np.int32)], 0)
    return float(edges.mean())


def parts_of(line: Picture) -> list[tuple[int, int]]:
    """Return from where to where to read the image of a line: all of it, unless it is too long.

    A drawn line has no parts.
    """
    height, width = line.shape[:2]
    if width <= LONGEST_LINE * height:
        return [(0, width)]
    blank = _blank(line)
    if blank.mean() < LEAST_BLANK:
        return []
    count = math.ceil(2 * width / (LONGEST_LINE * height))
    gap = cv2.blur(blank.astype(np.float32)[np.newaxis], (max(1, round(GAP * height)), 1))[0]
    cuts = [0]
    for middle in (n * width // count for n in range(1, count)):
        begin = max(cuts[-1] + 1, middle - NEAR * height)
        cuts.append(begin + int(gap[begin : middle + NEAR * height].argmax()))
    return list(pairwise([*cuts, width]))


def _blank(line: Picture) -> NDArray[np.bool_]:
    contrast = np.ptp(line.max(axis=2), axis=0)
    return np.asarray(contrast < BLANK * np.percentile(contrast, 90))
