"""From places in the space of a page of a PDF file to pixels of its picture."""

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pypdfium2 import raw

from api.enginekit.pages import Polygon
from api.services.ocr.guest.letters import Box

Boxes = NDArray[np.float64]
# Places are asked for as whole numbers, of so many to the pixel.
FINE = 16


class Projection:
    """How a page becomes a picture of so many pixels; places outside move to its edge."""

    def __init__(self, page: Any, width: int, height: int):
        self.width, self.height = width, height
        long, high = page.get_size()
        origin, right, up = (self._place(page, *at) for at in ((0, 0), (long, 0), (0, high)))
        self._by = (
            *((right - origin) / long).tolist(),
            *((up - origin) / high).tolist(),
            *origin.tolist(),
        )

    def _place(self, page: Any, x: float, y: float) -> Boxes:
        at_x, at_y = ctypes.c_int(), ctypes.c_int()
        size = FINE * self.width, FINE * self.height
        raw.FPDF_PageToDevice(page, 0, 0, *size, 0, x, y, at_x, at_y)
        return np.array([at_x.value, at_y.value]) / FINE

    def around(self, boxes: list[Box]) -> Polygon:
        """Return the corners of the box around some in the space of the page."""
        lefts, bottoms, rights, tops = zip(*boxes, strict=True)
        one = self._pixel(min(lefts), max(tops))
        other = self._pixel(max(rights), min(bottoms))
        left, right = sorted((one[0], other[0]))
        top, bottom = sorted((one[1], other[1]))
        return (left, top), (right, top), (right, bottom), (left, bottom)

    def _pixel(self, x: float, y: float) -> tuple[float, float]:
        a, b, c, d, e, f = self._by
        at_x, at_y = a * x + c * y + e, b * x + d * y + f
        return (
            float(round(min(max(at_x, 0), self.width))),
            float(round(min(max(at_y, 0), self.height))),
        )

    def boxes(self, boxes: list[Box]) -> Boxes:
        """Return each of these boxes in pixels (n, 4): left, top, right, bottom."""
        a, b, c, d, e, f = self._by
        places = np.array(boxes, np.float64).reshape(-1, 2, 2)
        x, y = places[..., 0], places[..., 1]
        xs = np.clip(a * x + c * y + e, 0, self.width)
        ys = np.clip(b * x + d * y + f, 0, self.height)
        return np.stack([xs.min(1), ys.min(1), xs.max(1), ys.max(1)], axis=1)
