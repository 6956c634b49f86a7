"""The pieces of text on a page, and which of them stand on one height."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from api.services.ocr.engines.geometry import Points

Boxes = Points
Places = NDArray[np.intp]
LEFT, TOP, RIGHT, BOTTOM = range(4)
# Pieces stand in one row if their middles are closer than this share of the lower one's height.
SAME_ROW = 0.4
# Pieces of one size have heights that differ by less than this.
ALIKE = 1.6
# Detectors draw boxes wider than the text: by at most so many heights on each side.
MARGIN = 0.6


@dataclass(frozen=True)
class Texts:
    """Pieces of text on a page that isn't askew: their boxes (n, 4) and what they say.

    Pieces with the same source were found as one. `rules` (m, 4) are lines drawn across the page.
    """

    boxes: Boxes
    words: tuple[str, ...]
    sources: Places
    rules: Boxes

    @cached_property
    def middles(self) -> Boxes:
        """The middle height of each piece."""
        return (self.boxes[:, TOP] + self.boxes[:, BOTTOM]) / 2

    @cached_property
    def heights(self) -> Boxes:
        """The height of each piece."""
        return self.boxes[:, BOTTOM] - self.boxes[:, TOP]

    @cached_property
    def cores(self) -> Boxes:
        """Where each piece certainly has text: its left and its right (n, 2)."""
        widths = self.boxes[:, RIGHT] - self.boxes[:, LEFT]
        margins = np.minimum(MARGIN * self.heights, widths / 4)
        return np.stack([self.boxes[:, LEFT] + margins, self.boxes[:, RIGHT] - margins], axis=1)

    @cached_property
    def centres(self) -> Boxes:
        """The place of each piece between left and right."""
        return (self.boxes[:, LEFT] + self.boxes[:, RIGHT]) / 2


def rows_of(texts: Texts, these: Places) -> list[Places]:
    """Return groups of pieces on one height, from top to bottom, each from left to right."""
    rows: list[list[int]] = []
    middles = texts.middles
    for place in these[np.argsort(middles[these], kind="stable")].tolist():
        if rows and _one_row(texts, middles, np.array(rows[-1]), place):
            rows[-1].append(place)
        else:
            rows.append([place])
    return [np.array(sorted(row, key=lambda n: float(texts.boxes[n, LEFT]))) for row in rows]


def _one_row(texts: Texts, middles: Boxes, row: Places, piece: int) -> bool:
    lefts = texts.boxes[row, LEFT]
    nearest = row[np.argmin(np.abs(lefts - texts.boxes[piece, LEFT]))]
    low, high = sorted((texts.heights[row].min(), texts.heights[piece]))
    apart = abs(middles[piece] - middles[nearest])
    # Figures may hang below the line, and be no higher than its small letters.
    hanging = (high - low) / 2 if high <= ALIKE * low else 0.0
    return bool(apart < SAME_ROW * low + hanging)
