"""The images of lines that a network reads, cut out of a page by the boxes of a detector."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from api.services.ocr.engines import Picture
from api.services.ocr.engines.fineprint import parts_of
from api.services.ocr.engines.geometry import Frame, Points, between

# A box that is so many times higher than wide holds a line that runs up or down; unless it is no
# higher than ONE_LETTER lines: then it is a figure one, or an l. Up to FEW_LETTERS, it may be both.
TALL, ONE_LETTER, FEW_LETTERS = 1.5, 1.3, 3


class Crop(NamedTuple):
    """A line to read: its corners from where it begins, in the image turned anticlockwise by so
    many quarters; its pixels."""

    quarters: int
    corners: Points
    pixels: Picture


def ways(boxes: Points, crops: list[Picture], image: Frame) -> Iterator[list[Crop]]:
    """Yield for each box of an image how it may be read: a tall one up, down, or as it is."""
    highs, wides = _sides(boxes)
    along = wides > highs
    letter = ONE_LETTER * np.median(highs[along]) if along.any() else 0
    for box, crop, high, wide in zip(boxes.astype(np.float64), crops, highs, wides, strict=True):
        if high <= wide or crop.shape[0] > crop.shape[1]:  # the library has not turned it
            yield [Crop(0, box, crop)]
            continue
        upright = Crop(0, box, np.rot90(crop, -1))
        down, up = replace(image, quarters=1), replace(image, quarters=3)
        sideways = [
            Crop(1, down.upright(np.roll(box, -1, axis=0)), crop),
            Crop(3, up.upright(np.roll(box, 1, axis=0)), np.rot90(crop, 2)),
        ]
        if high <= letter:
            yield [upright]
        else:
            yield sideways if high > FEW_LETTERS * wide else [upright, *sideways]


def parts(crop: Crop) -> list[Crop]:
    """Return what to read one after the other: all of a line, or the parts of a long one."""
    width = crop.pixels.shape[1]
    return [
        Crop(crop.quarters, between(crop.corners, a / width, b / width), crop.pixels[:, a:b])
        for a, b in parts_of(crop.pixels)
    ]


def mostly_tall(boxes: Points) -> bool:
    """Return whether most text in the boxes (n, 4, 2) runs up or down."""
    high, wide = _sides(boxes)
    # Boxes that are nearly square hold a number or a sign, and may run either way.
    return bool(high[high >= TALL * wide].sum() > wide[wide >= TALL * high].sum())


def _sides(boxes: Points) -> tuple[Points, Points]:
    """The heights and the widths of (n, 4, 2)."""
    left, top, right, bottom = np.linalg.norm(boxes - np.roll(boxes, 1, axis=1), axis=2).T
    return np.maximum(left, right), np.maximum(top, bottom)
