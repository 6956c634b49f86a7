"""Pages with text in several directions: most of it in one, notes at the margin in others."""

from dataclasses import replace

import numpy as np

from api.enginekit.pages import Line
from api.services.ocr.engines import Picture, Reading
from api.services.ocr.engines.geometry import Frame
from api.services.ocr.engines.lines import Piece, arranged
from api.services.ocr.engines.rules import rules_in

NO_RULES = np.empty((0, 2, 2))
# By how many quarters the picture is turned anticlockwise; places are in the picture turned so.
Directions = dict[int, list[Piece]]


def reading_of(pieces: Directions, frame: Frame, image: Picture) -> Reading:
    """Return the lines of each direction in reading order; the direction with most letters is the
    page's and comes first.

    Args:
        pieces: what was read in the image.
        frame: how the image came from the picture before it was turned.
        image: it may have drawn lines, which keep text apart.
    """
    order = sorted(pieces, key=lambda quarters: -sum(map(_letters, pieces[quarters])))
    lines: list[Line] = []
    for quarters in order:
        rules = NO_RULES if lines else rules_in(np.rot90(image, quarters))
        lines += arranged(pieces[quarters], replace(frame, quarters=quarters), rules)
    rotation = replace(frame, quarters=order[0]).rotation if order else 0
    return Reading(rotation, tuple(lines))


def _letters(piece: Piece) -> int:
    return sum(len(part.text) for part in piece.parts)
