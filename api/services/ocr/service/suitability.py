"""What kind of page it is: whether Tesseract, which is frugal and exact in print, can read it.

The figures are those of docs/decisions/017-ocr-engines.md; pages are far away from all of them.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from api.enginekit.pages import around
from api.services.ocr.engines import Picture, Reading

# Grey levels between the darkest and the lightest hundredth of the page; print has 110 and more.
LEAST_CONTRAST = 100
# Grey levels by which half of the pixels differ from those around them; on clean pages it is 0.
MOST_NOISE = 8
# How sure Tesseract is on average over the letters where it has read right.
LEAST_SURE = 0.9
# The share of all ink that may lie outside of the words found: photographs, stains, missed text.
MOST_MISSED = 0.45
MARGIN = 3


def is_plain(picture: Picture) -> bool:
    """Whether the page has contrast and no noise."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    dark, light = np.percentile(grey, (1, 99))
    if light - dark < LEAST_CONTRAST:
        return False
    noise = np.median(np.abs(cv2.Laplacian(grey, cv2.CV_16S)))
    return bool(noise < MOST_NOISE)


def is_convincing(picture: Picture, reading: Reading) -> bool:
    """Whether the reader was sure of the words, and has left out little that looks like text."""
    return reading.confidence >= LEAST_SURE and _missed(picture, reading) <= MOST_MISSED


def _missed(picture: Picture, reading: Reading) -> float:
    ink = _ink(picture)
    outside = ink.copy()
    for word in (word for line in reading.lines for word in line.words):
        (left, top), _, (right, bottom), _ = around(word.polygon)
        rows = slice(max(0, int(top) - MARGIN), int(bottom) + MARGIN)
        outside[rows, max(0, int(left) - MARGIN) : int(right) + MARGIN] = 0
    return float(outside.sum()) / max(1.0, float(ink.sum()))


def _ink(picture: Picture) -> NDArray[np.uint8]:
    """1 where a pixel is darker than what lies around it, else 0."""
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (3, 3), 0)
    return cv2.adaptiveThreshold(
        grey, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, blockSize=51, C=12
    ).astype(np.uint8, copy=False)
